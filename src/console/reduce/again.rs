//! A run is to be taken up again, or taken back: what that would do is told before it is agreed to.

use super::{operate, plan, toast, work};
use crate::console::dialogs::Question;
use crate::console::panes::Ticket;
use crate::console::state::{Overlay, State};
use crate::console::tables::cells;
use crate::console::work::{Body, Work};
use crate::engine::run::{Again, Way};
use crate::engine::store::RunState;
use crate::fleet::Severity;
use crate::fleet::text::one_line;

/// The most steps that a question names one by one.
const MOST_STEPS: usize = 8;

/// Asks whether really.
pub fn ask(state: &mut State, ticket: Ticket, undo: bool) {
    // Which way is asked for is known to the one that is just being taken up.
    let Some(work) = state.desk.work_mut(ticket) else { return };
    if work.beginning {
        return toast::show(state, "It is being taken up already", Severity::Changing);
    }
    work.wants_undo = undo;
    let Some(work) = state.desk.work(ticket) else { return };
    let again = work.again(undo);
    let nothing = match &again {
        _ if work.goes_on() => Some("This run goes on"),
        _ if matches!(work.body, Body::Unread) => Some("This run is still being read"),
        Again::Nothing if undo => Some("Nothing of this run is left to undo"),
        Again::Nothing => Some("Nothing of this run is left to do"),
        Again::Sealed => Some("There is no way back any more: undoing would take away what serves"),
        Again::Forward | Again::Back(_) => None,
    };
    let obstacle = nothing.map(ToOwned::to_owned).or_else(|| operate::obstacle(state, &work.environment));
    if let Some(why) = obstacle {
        toast::show(state, why, Severity::Unknown);
        return;
    }
    let (verb, words) = if undo { ("Undo", "undo it") } else { ("Resume", "resume it") };
    let (title, lines) = (format!("{verb} run {}?", work.id), lines(work, &again, undo));
    let Some(wish) = work::wish_of(state, ticket) else { return };
    let question = Question::new(title, lines, plan::agreement(state, wish, words));
    state.overlay = Some(Overlay::Question(Box::new(question)));
}

fn lines(work: &Work, again: &Again, undo: bool) -> Vec<(Severity, String)> {
    let (done, all) = work.progress();
    let stands = format!(
        "{} in {}: {} of {all} steps done, {}",
        work.operation(),
        work.environment,
        done,
        work.words()
    );
    let mut lines = vec![(Severity::Warn, stands)];
    lines.extend(work.left().into_iter().map(|left| {
        let text = format!("{} should be {}: {}", left.what, left.wanted, left.why);
        (Severity::Down, one_line(&text))
    }));
    let Some(story) = work.story() else { return lines };
    let words = story.again_words(again, work.state, undo);
    lines.push((Severity::Idle, words.what.to_owned()));
    lines.extend(first_ones(&words.back).map(|step| (Severity::Idle, format!("↩ {step}"))));
    lines.extend(first_ones(&words.stays).map(|step| (Severity::Warn, format!("stays: {step}"))));
    lines
}

/// As many as a question holds, and how many more there are.
fn first_ones(all: &[String]) -> impl Iterator<Item = String> {
    let more = all.len().saturating_sub(MOST_STEPS);
    let more = (more > 0).then(|| format!("and {} more", cells::count(more, "step")));
    all.iter().take(MOST_STEPS).cloned().chain(more)
}

/// What is taken back when the run stops now, and what undoing takes back beside that.
pub fn goes_back_when_stopped(work: &Work) -> Vec<(Severity, String)> {
    let Some(mut story) = work.story().cloned() else { return Vec::new() };
    let mut back = |way| {
        story.way = way;
        let back = Again::Back(story.to_put_back());
        story.again_words(&back, RunState::Cancelled, false).back
    };
    let (stopped, undone) = (back(Way::Stop), back(Way::Undo));
    let also: Vec<String> = undone.into_iter().filter(|step| !stopped.contains(step)).collect();
    let mut lines = Vec::new();
    for (steps, words) in [
        (stopped, "Either way, what these steps changed is put back to what was found before:"),
        (also, "Undoing takes back what these did, too; else it stays:"),
    ] {
        if !steps.is_empty() {
            lines.push((Severity::Idle, words.to_owned()));
            lines.extend(first_ones(&steps).map(|step| (Severity::Idle, format!("↩ {step}"))));
        }
    }
    lines
}
