//! Into the past, from change to change, and back to now. The past is read by the runtime; until it comes nothing changes.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::{filter, refresh, toast};
use crate::console::action::Action;
use crate::console::event::Effect;
use crate::console::past::{AsOf, Live, contexts};
use crate::console::state::State;
use crate::console::views::timeline::selected;
use crate::fleet::{EnvironmentName, Severity, Snapshot, Yardstick, overview};
use crate::timeline::Past;

/// How long a message stays, and how often the clock of now is looked at.
const PAUSE: SignedDuration = SignedDuration::from_secs(5);

/// An action as it is in the past, or on the way there. `None`: it is as it is now.
pub fn act(state: &mut State, action: Action) -> Option<Vec<Effect>> {
    match action {
        Action::AsOf => return Some(enter(state)),
        Action::Earlier => return Some(step(state, false)),
        Action::Later => return Some(step(state, true)),
        Action::Now if !state.view().filter.is_empty() => {
            filter::drop(state);
            return Some(Vec::new());
        }
        Action::Now => {
            leave(state);
            return Some(Vec::new());
        }
        _ => {}
    }
    let as_of = state.past.as_ref()?;
    if action.is_of_now() {
        let at = as_of.past.at.strftime("%H:%M:%S");
        let words =
            format!("This is as of {at}: {} is possible only now; esc leads back", action.row().title);
        toast::show(state, words, Severity::Unknown);
        return Some(Vec::new());
    }
    None
}

/// To the moment of the selected entry.
fn enter(state: &mut State) -> Vec<Effect> {
    let (Some((_, entry)), Some(environment)) = (selected(state), state.environment()) else {
        return Vec::new();
    };
    let (environment, at) = (environment.clone(), entry.at);
    state.overlay = None;
    ask(state, environment, at)
}

fn ask(state: &mut State, environment: EnvironmentName, at: Timestamp) -> Vec<Effect> {
    state.wants_past = Some((environment, at));
    vec![Effect::Past(at)]
}

/// To the change before the moment that is shown, or the one after it.
fn step(state: &mut State, later: bool) -> Vec<Effect> {
    let Some(as_of) = &state.past else { return Vec::new() };
    // Who presses faster than the disk answers goes on from where they are going.
    let here = state.wants_past.as_ref().map_or(as_of.past.at, |(_, at)| *at);
    let environment = as_of.environment.clone();
    let moments = moments(state, &environment);
    let next = if later {
        moments.range((std::ops::Bound::Excluded(here), std::ops::Bound::Unbounded)).next()
    } else {
        moments.range(..here).next_back()
    };
    if let Some(at) = next.copied() {
        return ask(state, environment, at);
    }
    let words =
        if later { "Nothing has turned since: esc leads back to now" } else { "Nothing older is kept" };
    toast::show(state, words, Severity::Idle);
    Vec::new()
}

/// When something began or ended in an environment.
fn moments(state: &State, environment: &EnvironmentName) -> BTreeSet<Timestamp> {
    let Some(Ok(chronicle)) = state.chronicles.of(environment) else { return BTreeSet::new() };
    let timeline = &chronicle.timeline;
    let ends = |until: &Timestamp| *until < timeline.until;
    timeline.entries.iter().flat_map(|entry| [Some(entry.at), entry.until.filter(ends)]).flatten().collect()
}

/// It was read, or why not. An answer that nobody waits for any more changes nothing.
pub fn told(state: &mut State, at: Timestamp, told: Result<Arc<Past>, String>) -> Vec<Effect> {
    if state.wants_past.as_ref().is_none_or(|(_, wanted)| *wanted != at) {
        return Vec::new();
    }
    let Some((environment, _)) = state.wants_past.take() else { return Vec::new() };
    if state.overlay.is_some() {
        // What is answered or typed there is of now.
        toast::show(
            state,
            "Not shown as it was then, for something else was opened meanwhile",
            Severity::Unknown,
        );
        return Vec::new();
    }
    let past = match told {
        Ok(past) => past,
        Err(why) => {
            toast::show(state, why, Severity::Down);
            return Vec::new();
        }
    };
    let live = match state.past.take() {
        Some(before) => before.live,
        None => Live {
            snapshot: Arc::clone(&state.snapshot),
            overviews: std::mem::take(&mut state.overviews),
            now: state.now,
        },
    };
    state.snapshot = Arc::clone(&past.snapshot);
    (state.now, state.held_until) = (at, at);
    let yardstick = state.yardstick();
    state.overviews = past.rows(&state.topology, &yardstick);
    let mut as_of = AsOf { environment, past, live, told_at: None, ago: String::new() };
    as_of.ago = as_of.words();
    state.past = Some(Box::new(as_of));
    state.toast = None;
    state.pending.clear();
    state.dirty = true;
    state.touched();
    refresh::rebuild(state);
    Vec::new()
}

/// Back to now.
pub fn leave(state: &mut State) {
    state.wants_past = None;
    let Some(as_of) = state.past.take() else { return };
    state.snapshot = as_of.live.snapshot;
    state.overviews = as_of.live.overviews;
    (state.now, state.held_until) = (as_of.live.now, as_of.live.now);
    state.toast = None;
    state.dirty = true;
    state.touched();
    refresh::rebuild(state);
}

/// A screen that is of now only is not shown as of then.
pub fn settle(state: &mut State) {
    if state.past.is_some() && contexts(state.screen()).is_none() {
        leave(state);
        toast::show(state, "Back to now: this is not of the past", Severity::Idle);
    }
}

/// The clock of now goes on. Nothing is drawn for it but how long ago it is, and that a message goes away.
pub fn clock(state: &mut State, now: Timestamp) -> bool {
    let Some(as_of) = &mut state.past else { return false };
    as_of.live.now = now;
    let words = as_of.words();
    if words != as_of.ago {
        as_of.ago = words;
        state.dirty = true;
    }
    let told_at = state.toast.as_ref().map(|_| as_of.told_at.unwrap_or(now));
    as_of.told_at = told_at;
    if told_at.is_some_and(|at| now.duration_since(at) >= PAUSE) {
        (state.toast, as_of.told_at) = (None, None);
        state.dirty = true;
    }
    state.next_change = now.checked_add(PAUSE).ok();
    true
}

/// When the clock of now has to be looked at again.
pub fn wake(state: &State) -> Option<Timestamp> {
    state.past.as_ref()?.live.now.checked_add(PAUSE).ok()
}

/// New facts are judged and remembered as ever, and not shown.
pub fn snapshot(state: &mut State, snapshot: Arc<Snapshot>) -> Vec<Effect> {
    let yardstick = state.yardstick();
    let Some(as_of) = &mut state.past else { return Vec::new() };
    let live = &mut as_of.live;
    let yardstick = Yardstick { now: live.now, ..yardstick };
    live.overviews = overview::overviews(&snapshot, &state.topology, &yardstick);
    let effects = state.findings.look(&snapshot, &state.topology, &live.overviews, &yardstick, None);
    live.snapshot = snapshot;
    effects
}
