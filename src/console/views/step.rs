//! All there is to know of a plan or a run, and of the selected step.

use crate::console::state::State;
use crate::console::table::{Piece, RowId};
use crate::console::tables::{cells, left_words, step_state};
use crate::console::theme::Scope;
use crate::console::views::plan as plan_view;
use crate::console::widgets::message::wrap;
use crate::console::work::{Sheet, Work};
use crate::engine::run::{Mutation, MutationEnd, Story};
use crate::fleet::text::{one_line, sentences};
use crate::fleet::words::seconds;
use crate::fleet::{Rule, Severity};
use crate::plan::{Action, Plan, Repeat, SecretsTo, Step, StepId};

/// The widest it gets.
pub const WIDEST: u16 = 112;
/// Cells of the words before each line.
const LABEL: usize = 14;

/// A growing list of lines.
struct Page {
    lines: Vec<Vec<Piece>>,
    /// Scripts, which stand last: they are long, and few want to read them.
    scripts: Vec<Vec<Piece>>,
    room: u16,
}

impl Page {
    fn heading(&mut self, text: &str) {
        if !self.lines.is_empty() {
            self.lines.push(Vec::new());
        }
        for line in wrap(&one_line(text), self.room) {
            self.lines.push(vec![Piece::new(line, Scope::Title)]);
        }
    }

    fn fact(&mut self, label: &str, text: &str, scope: Scope) {
        if text.is_empty() {
            return;
        }
        let room = self.room.saturating_sub(u16::try_from(LABEL).unwrap_or(0) + 1);
        for (n, line) in wrap(&sentences(text), room).into_iter().enumerate() {
            let label = if n == 0 { label } else { "" };
            self.lines
                .push(vec![Piece::new(format!("{label:<LABEL$}"), Scope::TextDim), Piece::new(line, scope)]);
        }
    }

    fn script(&mut self, text: &str) {
        for line in text.lines() {
            self.scripts.push(vec![Piece::new(format!("    {}", one_line(line)), Scope::TextDim)]);
        }
    }
}

/// The lines, in so many columns; none where there is neither plan nor run.
#[must_use]
pub fn lines(state: &State, width: u16) -> Vec<Vec<Piece>> {
    let room = width.saturating_sub(8).min(WIDEST - 4);
    if super::triage::selected(state).is_some() {
        return super::triage::lines(state, room);
    }
    if super::timeline::selected(state).is_some() {
        return super::timeline::lines(state, room);
    }
    let mut page = Page { lines: Vec::new(), scripts: Vec::new(), room };
    let selected = selected(state);
    if let Some(plan) = state.sheet().and_then(Sheet::plan) {
        if let Some(step) = selected.and_then(|id| plan.step(id)) {
            of_step(&mut page, plan, step);
        }
        of_plan(&mut page, state, plan);
    } else if let Some((work, story)) = state.work().and_then(|work| Some((work, work.story()?))) {
        if let Some(step) = selected.and_then(|id| story.plan.step(id)) {
            of_step(&mut page, &story.plan, step);
            of_outcome(&mut page, work, story, step);
        }
        of_plan(&mut page, state, &story.plan);
    }
    if !page.scripts.is_empty() {
        page.heading("What that step runs");
        page.lines.append(&mut page.scripts);
    }
    page.lines
}

fn selected(state: &State) -> Option<StepId> {
    let cursor = state.views.get(state.screen())?.cursor.clone()?;
    let RowId::Line(id) = cursor else { return None };
    id.parse().ok().map(StepId)
}

fn of_step(page: &mut Page, plan: &Plan, step: &Step) {
    page.heading(&format!("Step {} of {}: {}", step.id, plan.steps.len(), step.title));
    page.fact("on", &step.target, Scope::Text);
    page.fact(
        "changes",
        &step.change().unwrap_or_else(|| "nothing that has a value".into()),
        Scope::TextStrong,
    );
    page.fact("way back", &step.way_back(), Scope::Text);
    page.fact("users notice", step.noticed.as_deref().unwrap_or("nothing"), Scope::Text);
    let after: Vec<String> = step.after.iter().map(ToString::to_string).collect();
    page.fact("lane", &step.lane, Scope::Text);
    page.fact("after", &after.join(", "), Scope::Text);
    let repeat = match step.repeat {
        Repeat::Repeatable => "done again: that does no harm",
        Repeat::Check => "looked at first, whether it happened",
        Repeat::Ask => "asked about: only a person can tell",
    };
    page.fact("if unknown", repeat, Scope::Text);
    page.fact("at most", &seconds(f64::from(step.deadline_s)), Scope::Text);
    if step.destructive {
        let words = "what the plan assumes is read again right before: it takes something away";
        page.fact("takes away", words, Scope::Severity(Severity::Warn));
    }
    if step.soft {
        page.fact("if it fails", "the run goes on, and says so", Scope::Text);
    }
    of_action(page, &step.action);
}

fn of_action(page: &mut Page, action: &Action) {
    match action {
        Action::Set { settings } => {
            for one in settings {
                page.fact("sets", &format!("{} to {}", one.setting, one.to), Scope::Text);
            }
        }
        Action::Keep { settings } => {
            for one in settings {
                page.fact("notes", &one.to_string(), Scope::Text);
            }
        }
        Action::Restore { steps } => {
            let steps: Vec<String> = steps.iter().map(ToString::to_string).collect();
            page.fact("puts back", &format!("steps {}", steps.join(", ")), Scope::Text);
        }
        Action::Job(job) => {
            let whom = job.user.as_deref().unwrap_or("root");
            page.fact(
                "runs",
                &format!("{} as {whom}, as a job that outlives the connection", job.name),
                Scope::Text,
            );
            page.script(&job.script);
        }
        Action::Relay(relay) => {
            let way = "over this machine, in pieces, with its sha256 compared in the end";
            page.fact("copies", &format!("{} {way}", relay.file), Scope::Text);
        }
        Action::Converge(converge) => {
            let words = format!(
                "{} at a time, {} in the end, never fewer than {} in service; a new one may take {}",
                converge.batch,
                converge.count,
                converge.at_least,
                seconds(f64::from(converge.patience_s))
            );
            page.fact("servers", &words, Scope::Text);
            if let Some(check) = &converge.check {
                page.fact(
                    "each answers",
                    "what stands last here, on its own port, before it counts",
                    Scope::Text,
                );
                page.script(check);
            }
        }
        Action::Make { thing, .. } => page.fact("makes", &thing.thing().to_string(), Scope::Text),
        Action::Open { openings, .. } => {
            for one in openings {
                page.fact("lets in", &one.to_string(), Scope::Text);
            }
        }
        _ => {}
    }
}

/// What came of the step: each change with its outcome, beside what was planned.
fn of_outcome(page: &mut Page, work: &Work, story: &Story, step: &Step) {
    let Some(told) = story.of(step.id) else { return };
    page.heading("What came of it");
    let (severity, words) = step_state(work, step, told);
    page.fact("state", words, cells::said(severity));
    let moment = |at: &jiff::Timestamp| at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string();
    page.fact("began", &told.began.as_ref().map(moment).unwrap_or_default(), Scope::Text);
    if let Some((at, end)) = &told.ended {
        page.fact("ended", &moment(at), Scope::Text);
        for line in end.why().unwrap_or_default().lines() {
            page.fact("because", line, Scope::Text);
        }
    }
    for intent in story.intents.iter().filter(|intent| intent.step == step.id) {
        let (words, scope) = match &intent.end {
            Some(MutationEnd::Done) => ("done".to_owned(), Scope::Text),
            Some(MutationEnd::NotDone(why)) => (format!("not done: {why}"), Scope::TextDim),
            Some(MutationEnd::Unknown(why)) => {
                (format!("unknown: {why}"), Scope::Severity(Severity::Unknown))
            }
            None => ("begun".to_owned(), Scope::Severity(Severity::Changing)),
        };
        let label = if intent.back { "put back" } else { "changed" };
        page.fact(label, &format!("{}: {words}", mutation(&intent.mutation)), scope);
    }
    for (warning, text) in &told.said {
        let scope = if *warning { Scope::Severity(Severity::Warn) } else { Scope::Text };
        text.lines().for_each(|line| page.fact("said", line, scope));
    }
    for left in told.undone.iter().flat_map(|(_, left)| left) {
        let (severity, words) = left_words(left);
        page.fact("left", &words, Scope::Severity(severity));
        page.fact("cure", &left.cure, Scope::Text);
    }
}

fn mutation(mutation: &Mutation) -> String {
    match mutation {
        Mutation::Set { setting, from, to } => format!("{setting}: {from} → {to}"),
        Mutation::TerminateMember { instance, .. } => format!("terminate {instance}"),
        Mutation::Job { instance, job } => format!("job {job} on {instance}"),
        Mutation::Relay { from, to, file } => format!("{file} of {from} to {to}"),
        Mutation::Secrets { names, to } => {
            let what = match to {
                SecretsTo::New => "new values of",
                SecretsTo::Before => "the old values of",
                SecretsTo::Forgotten => "forget the old values of",
            };
            format!("{what} {}", names.join(", "))
        }
        Mutation::Launch { .. } => "launch a server".into(),
        Mutation::Tag { instance, tags } => {
            let all: Vec<String> = tags.iter().map(|(key, value)| format!("{key}={value}")).collect();
            format!("tag {instance} {}", all.join(", "))
        }
        Mutation::Image { name } => format!("image {name}"),
        Mutation::Release { name } => format!("release {name}"),
        Mutation::Terminate { instances } => {
            let all: Vec<&str> = instances.iter().map(crate::fleet::InstanceId::as_str).collect();
            format!("terminate {}", all.join(", "))
        }
        Mutation::Reboot { instance, .. } => format!("reboot {instance}"),
        Mutation::Stop { instance } => format!("stop {instance}"),
        Mutation::DeleteLaunch { launch } => format!("delete {}", launch.label()),
        Mutation::Invalidate { distribution, .. } => format!("invalidate {distribution}"),
        Mutation::DeleteImage { image } => format!("delete {image}"),
        Mutation::Make { thing } => format!("make {thing}"),
        Mutation::Unmake { thing } => format!("delete {thing}"),
        Mutation::Configure { balancer } => format!("health check of {balancer}"),
        Mutation::Authorize { group, rules } => format!("let into {group}: {}", listed(rules)),
        Mutation::Revoke { group, rules } => format!("close in {group}: {}", listed(rules)),
    }
}

fn listed(rules: &[Rule]) -> String {
    rules.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn of_plan(page: &mut Page, state: &State, plan: &Plan) {
    page.heading(&plan.title);
    let room = page.room;
    page.lines.extend(plan_view::lines(state, plan, room));
    page.fact("command", &plan.command, Scope::Text);
    let span = |seconds_: u64| seconds(f64::from(u32::try_from(seconds_).unwrap_or(u32::MAX)));
    page.fact("at most", &span(plan.deadline_s()), Scope::Text);
    if !plan.assumes.is_empty() {
        page.heading("Taken for granted, and read again before anything is changed");
    }
    for one in &plan.assumes {
        let old = crate::console::age::since(one.read_at, state.now);
        page.fact(&old, &format!("{}: {}", one.fact, one.value), Scope::Text);
    }
}
