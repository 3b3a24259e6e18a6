//! A plan: it is asked for, shown, agreed to, and begun.

use super::{hidden, navigation, operate, toast, work};
use crate::console::action::Action;
use crate::console::dialogs::{Asks, Choice, Question, Then};
use crate::console::event::Effect;
use crate::console::line::{LineInput, LineKind};
use crate::console::panes::{Kept, Ticket};
use crate::console::screen::Screen;
use crate::console::state::{Overlay, State};
use crate::console::tables::cells;
use crate::console::work::{NoPlan, Obstacle, PlanWish, Sheet, Stage, Start, StartWish, Usual};
use crate::console::{age, views};
use crate::engine::lock::Held;
use crate::engine::run::Grip;
use crate::fleet::text::{one_line, sentences};
use crate::fleet::{Severity, words};
use crate::plan::Plan;
use crate::plan::typed::Typed;

/// What is typed to go on without a lock.
pub const ALONE: &str = "nobody else is at work";

/// What is typed to take a lock over.
pub const TAKE_OVER: &str = "take over";

/// Asks for a plan, and goes to its screen.
pub fn ask(state: &mut State, wish: PlanWish) -> Vec<Effect> {
    let ticket = wish.ticket;
    state.desk.add_sheet(Sheet::new(wish.clone(), state.now));
    navigation::visit(state, Screen::Plan(ticket));
    vec![Effect::Plan(Box::new(wish))]
}

/// It was made, or not. What was shown before stays until then.
pub fn planned(state: &mut State, ticket: Ticket, plan: Result<Box<Plan>, NoPlan>) -> Vec<Effect> {
    // What was shown, and may have been agreed to, is not replaced by an answer that nobody waits for any more.
    let waits = |sheet: &&mut Sheet| sheet.stage == Stage::Planning && !sheet.beginning;
    let Some(sheet) = state.desk.sheet_mut(ticket).filter(waits) else { return Vec::new() };
    sheet.stage = match plan {
        Ok(plan) => Stage::Ready(plan),
        Err(no) => Stage::Refused(NoPlan { words: sentences(&no.words), ..no }),
    };
    state.dirty = true;
    if *state.screen() == Screen::Plan(ticket) {
        super::refresh::rebuild(state);
        if state.overlay.is_none() {
            hidden::ask_missing(state);
        }
    }
    Vec::new()
}

/// An action on the screen of a plan. `None`: it is as on every screen.
pub fn act(state: &mut State, action: Action) -> Option<Vec<Effect>> {
    let ticket = match state.screen() {
        Screen::Plan(ticket) => *ticket,
        _ => return None,
    };
    match action {
        Action::Begin | Action::Open => ask_begin(state),
        Action::PlanAgain => return Some(again(state, ticket, None)),
        Action::Detail => detail(state),
        Action::Save => save(state),
        _ => return None,
    }
    Some(Vec::new())
}

/// Everything about the plan, to be read.
pub fn detail(state: &mut State) {
    if !views::step::lines(state, state.size.0).is_empty() {
        state.overlay = Some(Overlay::Detail { top: 0 });
    }
}

fn save(state: &mut State) {
    if let Some(plan) = state.sheet().and_then(Sheet::plan) {
        let name =
            format!("{}-{}-{}.json", plan.environment, plan.operation, state.now.strftime("%Y%m%d-%H%M%S"));
        state.overlay = Some(Overlay::Line(LineInput::new(LineKind::SavePlan, name)));
    }
}

/// Writes the plan as it is shown.
pub fn saved_as(state: &State, path: &str) -> Vec<Effect> {
    let plan = state.sheet().and_then(Sheet::plan).filter(|_| !path.is_empty());
    let text = plan.and_then(|plan| serde_json::to_string_pretty(plan).ok());
    text.map(|text| Effect::Save { path: path.to_owned(), lines: Kept::Here(text + "\n") })
        .into_iter()
        .collect()
}

/// Makes it anew, with another word that overrides a refusal.
pub fn again(state: &mut State, ticket: Ticket, word: Option<&str>) -> Vec<Effect> {
    let now = state.now;
    // One answer is waited for at a time.
    let is_idle = |sheet: &&mut Sheet| !sheet.beginning && sheet.stage != Stage::Planning;
    let Some(sheet) = state.desk.sheet_mut(ticket).filter(is_idle) else { return Vec::new() };
    if let Some(word) = word.filter(|word| !sheet.wish.options.overrides(word)) {
        sheet.wish.options.overrides.push(word.to_owned());
    }
    *sheet = Sheet::new(sheet.wish.clone(), now);
    let wish = sheet.wish.clone();
    super::refresh::rebuild(state);
    vec![Effect::Plan(Box::new(wish))]
}

/// Asks whether really. A refusal that can be overridden asks for its word.
fn ask_begin(state: &mut State) {
    let Some(sheet) = state.sheet().cloned() else { return };
    let environment = &sheet.wish.environment;
    if let Some(why) = operate::obstacle(state, environment) {
        toast::show(state, why, Severity::Unknown);
        return;
    }
    let question = match &sheet.stage {
        Stage::Planning => return toast::show(state, "The plan is being made", Severity::Changing),
        _ if sheet.beginning => return toast::show(state, "The run is being begun", Severity::Changing),
        Stage::Refused(NoPlan { word: None, lacks, .. }) if !lacks.is_empty() => {
            return hidden::ask_missing(state);
        }
        Stage::Refused(NoPlan { word: None, .. }) => {
            return toast::show(state, "There is no plan to begin; esc goes back", Severity::Unknown);
        }
        Stage::Refused(NoPlan { words, word: Some(word), .. }) => {
            let asks = Asks::Word {
                word: (*word).to_owned(),
                what: "To plan it all the same, type the word",
                then: Then::Override(sheet.ticket, word),
            };
            Question::new("Plan it all the same?", vec![(Severity::Warn, words.clone())], asks)
        }
        Stage::Ready(plan) => {
            let usual = state.desk.usual(&plan.operation, environment, None);
            let lines = summary(state, &sheet, plan, &usual);
            let wish = StartWish {
                ticket: sheet.ticket,
                environment: environment.clone(),
                start: Start::Begin(plan.clone()),
                grip: Grip::Take,
                typed: Typed::default(),
            };
            let title = format!("{} in {environment}?", plan.operation);
            Question::new(title, lines, agreement(state, wish, "begin"))
        }
    };
    state.overlay = Some(Overlay::Question(Box::new(question)));
}

/// Production is typed; elsewhere a key will do.
pub fn agreement(state: &State, wish: StartWish, words: &str) -> Asks {
    let production = state.topology.environment(&wish.environment).is_none_or(|place| place.production)
        || match &wish.start {
            Start::Begin(plan) => plan.production || plan.by_name,
            Start::TakeUp { id, .. } => {
                let plan = state.desk.by_id(id).and_then(|work| work.story()).map(|story| &story.plan);
                plan.is_some_and(|plan| plan.production || plan.by_name)
            }
        };
    let word = wish.environment.as_str().to_owned();
    let then = Then::Start(Box::new(wish));
    if production {
        Asks::Word { word, what: "To go on, type the environment's name", then }
    } else {
        Asks::Key(vec![Choice { key: 'y', words: words.to_owned(), then }])
    }
}

fn summary(state: &State, sheet: &Sheet, plan: &Plan, usual: &Usual) -> Vec<(Severity, String)> {
    let mut lines = vec![(Severity::Changing, one_line(&plan.title))];
    lines.push(match &plan.noticed {
        Some(noticed) => (Severity::Warn, format!("users notice: {}", sentences(noticed))),
        None => (Severity::Ok, "users notice nothing".into()),
    });
    let cannot = |text: &String| (Severity::Down, format!("cannot be undone: {}", sentences(text)));
    lines.extend(plan.cannot_undo.iter().map(cannot));
    let overridden = |text: &String| (Severity::Warn, format!("overridden: {}", sentences(text)));
    lines.extend(plan.overrides.iter().map(overridden));
    lines.extend(took_before(usual).map(|words| (Severity::Idle, words)));
    let read_at = sheet.read_at().unwrap_or(plan.made_at);
    let old = age::since(read_at, state.now);
    let facts = if old == "now" { "just now".to_owned() } else { format!("{old} ago") };
    lines.push((
        Severity::Idle,
        format!("{}, from facts read {facts}; they are read again before it begins", steps(plan)),
    ));
    lines
}

fn steps(plan: &Plan) -> String {
    cells::count(plan.steps.len(), "step")
}

/// How long such runs took before, in words.
#[must_use]
pub fn took_before(usual: &Usual) -> Option<String> {
    #[allow(clippy::cast_precision_loss, reason = "seconds of a run")]
    let span = |seconds: u64| words::seconds(seconds as f64);
    let (least, most) = usual.range()?;
    let about = span(usual.time()?);
    Some(match usual.runs.len() {
        1 => format!("took {about} last time"),
        n => format!("takes about {about} (last {n}: {} to {})", span(least), span(most)),
    })
}

/// It is to be done, once what it wants is typed. Nothing is shown as begun before it is.
pub fn start(state: &mut State, wish: StartWish) -> Vec<Effect> {
    if let Some(hidden) = hidden::next(state, &wish) {
        hidden::ask(state, hidden);
        return Vec::new();
    }
    state.desk.set_beginning(wish.ticket, true);
    toast::show(state, "What it rests on is read again…", Severity::Changing);
    vec![Effect::Start(Box::new(wish))]
}

/// Something came between: nothing was changed. Whoever looks elsewhere, or is asked or types something just then, is told,
/// and asked once he is back.
pub fn not_begun(state: &mut State, ticket: Ticket, wish: Option<StartWish>, why: Obstacle) -> Vec<Effect> {
    state.desk.set_beginning(ticket, false);
    state.toast = None;
    state.dirty = true;
    let title = title_of(&why);
    let notice = work::notice_of(state, ticket, "refused", title);
    if !is_seen(state, ticket) {
        let what = wish.as_ref().map(what_of).unwrap_or_default();
        toast::show(state, format!("Not begun: {what}. Its screen asks what to do"), Severity::Warn);
    }
    state.desk.keep_obstacle(ticket, wish, why);
    ask_waiting(state);
    notice.into_iter().collect()
}

/// The operation that was to be begun, and where.
fn what_of(wish: &StartWish) -> String {
    let operation = match &wish.start {
        Start::Begin(plan) => plan.operation.clone(),
        Start::TakeUp { id, .. } => format!("run {id}"),
    };
    one_line(&format!("{operation} in {}", wish.environment))
}

/// Whether the plan or the run is on the screen, and nothing over it.
fn is_seen(state: &State, ticket: Ticket) -> bool {
    state.overlay.is_none() && matches!(state.screen(), Screen::Plan(t) | Screen::Work(t) if *t == ticket)
}

/// Asks what to do about what came between, where its plan or run is seen.
pub fn ask_waiting(state: &mut State) {
    let Some(place) = state.desk.obstacles.iter().position(|(ticket, ..)| is_seen(state, *ticket)) else {
        return;
    };
    let (ticket, wish, why) = state.desk.obstacles.remove(place);
    state.dirty = true;
    ask_about(state, ticket, wish, &why);
}

const fn title_of(why: &Obstacle) -> &'static str {
    match why {
        Obstacle::Changed { .. } => "Something has changed meanwhile",
        Obstacle::Held(_) => "Somebody else is at work",
        Obstacle::Denied(_) => "The lock cannot be used",
        Obstacle::Other(_) => "Not begun",
    }
}

fn ask_about(state: &mut State, ticket: Ticket, wish: Option<StartWish>, why: &Obstacle) {
    let nothing = (Severity::Ok, "Nothing was changed".to_owned());
    let mut choices = Vec::new();
    let is_plan = state.desk.sheet(ticket).is_some();
    let again =
        Choice { key: 'p', words: "plan again from what is so now".into(), then: Then::PlanAgain(ticket) };
    let mut lines = match why {
        Obstacle::Changed { fact, was, is } => {
            vec![
                (Severity::Warn, one_line(fact)),
                (Severity::Idle, format!("in the plan   {}", one_line(was))),
                (Severity::Down, format!("now           {}", one_line(is))),
            ]
        }
        Obstacle::Held(held) => {
            if let Some(wish) = wish {
                let then = Then::AskTakeOver(Box::new(wish), held.clone());
                choices.push(Choice { key: 't', words: "take the lock over…".into(), then });
            }
            of_holder(state, held)
        }
        Obstacle::Denied(words) => {
            if let Some(wish) = wish {
                let then = Then::AskWithout(Box::new(wish));
                choices.push(Choice { key: 'w', words: "go on without a lock…".into(), then });
            }
            vec![(Severity::Warn, sentences(words))]
        }
        Obstacle::Other(words) => vec![(Severity::Down, sentences(words))],
    };
    lines.push(nothing);
    if is_plan {
        choices.push(again);
    }
    let question = Question::new(title_of(why), lines, Asks::Key(choices));
    state.overlay = Some(Overlay::Question(Box::new(question)));
}

fn of_holder(state: &State, held: &Held) -> Vec<(Severity, String)> {
    let Some(note) = &held.note else {
        return vec![(
            Severity::Warn,
            format!(
                "The lock (number {}) is held, and its note makes no sense: find out who is at work",
                held.number
            ),
        )];
    };
    let since = |at| age::ago(at, state.now);
    vec![
        (Severity::Warn, format!("{} holds the lock (number {})", held.who(), held.number)),
        (Severity::Idle, format!("for           {}, run {}", one_line(&note.operation), one_line(&note.run))),
        (Severity::Idle, format!("at            {}", one_line(&note.step))),
        (Severity::Idle, format!("since         {}", since(note.since))),
        (Severity::Idle, format!("last seen     {}", since(note.seen))),
        (
            Severity::Idle,
            "Wait until it is given back. Only if that machine is gone, or its operator says so, take it over".into(),
        ),
    ]
}

/// A second question before a lock is taken from somebody.
pub fn ask_take_over(state: &mut State, wish: StartWish, held: &Held) {
    let mut lines = of_holder(state, held);
    lines.pop();
    lines.push((
        Severity::Down,
        "They change nothing more from then on, wherever their run is. What it left half done is yours"
            .into(),
    ));
    let wish = StartWish { grip: Grip::TakeOver(held.number), ..wish };
    let asks = Asks::Word {
        word: TAKE_OVER.into(),
        what: "To take the lock over, type",
        then: Then::Start(Box::new(wish)),
    };
    let question = Question::new(format!("Take the lock from {}?", held.who()), lines, asks);
    state.overlay = Some(Overlay::Question(Box::new(question)));
}

/// A second question before going on without a lock.
pub fn ask_without(state: &mut State, wish: StartWish) {
    let lines = vec![(
        Severity::Down,
        "Without a lock nobody else is kept from changing the same things at the same time, and nobody can take \
         over from you"
            .to_owned(),
    )];
    let wish = StartWish { grip: Grip::Without, ..wish };
    let asks = Asks::Word {
        word: ALONE.into(),
        what: "To go on without a lock, type the sentence",
        then: Then::Start(Box::new(wish)),
    };
    state.overlay = Some(Overlay::Question(Box::new(Question::new("Without a lock?", lines, asks))));
}
