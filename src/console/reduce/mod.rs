//! What every event does to the state, and what it asks of the runtime. Pure.

mod actions;
mod again;
mod dialog;
mod filter;
mod hidden;
mod keys;
mod line;
mod lines;
mod logs;
mod mouse;
mod navigation;
mod news;
mod operate;
mod overlay;
mod past;
mod plan;
mod question;
mod refresh;
mod run;
mod shell;
mod sort;
mod timeline;
mod toast;
mod triage;
mod work;

pub use dialog::about;
pub use plan::took_before;
pub use refresh::rebuild;
pub use shell::key_question;

use super::event::{Effect, Event};
use super::state::State;
use crate::fleet::Severity;

/// Takes in one event. Sets `state.dirty` when the screen has to be drawn.
pub fn reduce(state: &mut State, event: Event) -> Vec<Effect> {
    let by_hand = matches!(
        event,
        Event::Key(_) | Event::Paste(_) | Event::Mouse(_) | Event::Resize(..) | Event::Resumed
    );
    if by_hand && state.touched() {
        state.dirty = true;
        refresh::rebuild(state);
    }
    let mut effects = match event {
        Event::Key(key) => keys::key(state, key),
        Event::Paste(text) => keys::paste(state, &text),
        Event::Mouse(mouse) => mouse::mouse(state, mouse),
        Event::Resize(columns, lines) => refresh::resize(state, (columns, lines)),
        Event::Snapshot(snapshot) => refresh::snapshot(state, snapshot),
        Event::Pulse(pulse) => refresh::pulse(state, pulse),
        Event::Clock(now) => refresh::clock(state, now),
        Event::Reloaded(look, preferences) => refresh::reloaded(state, *look, *preferences),
        Event::RunBegan(ticket, begun) => news::began(state, ticket, begun),
        Event::NotFollowed(ticket, why) => logs::refused(state, ticket, &why),
        Event::News(news) => news::news(state, news),
        Event::Planned(ticket, plan) => plan::planned(state, ticket, plan),
        Event::SecretsKept(ticket, kept) => hidden::kept(state, ticket, kept),
        Event::Releases(environment, releases) => operate::releases(state, &environment, releases),
        Event::Begun(ticket, begun) => work::begun(state, ticket, begun),
        Event::Told(news) => work::told(state, news),
        Event::History(read) => work::history(state, read),
        Event::Opened(ticket, opened) => work::opened(state, ticket, opened),
        Event::Read(newest, all) => lines::read(state, &newest, all),
        Event::Timeline(name, told) => timeline::told(state, name, told),
        Event::Past(at, told) => past::told(state, at, told),
        Event::Done(what) => {
            toast::show(state, what, Severity::Ok);
            Vec::new()
        }
        Event::Failed(what) => {
            toast::show(state, what, Severity::Down);
            Vec::new()
        }
        Event::Resumed => {
            state.dirty = true;
            vec![Effect::Redraw]
        }
    };
    past::settle(state);
    plan::ask_waiting(state);
    effects.extend(logs::settle(state));
    let interest = refresh::interest(state);
    // What is looked at in the past is not asked for.
    if state.past.is_none() && interest != state.interest {
        state.interest = interest.clone();
        effects.push(Effect::Look(interest));
    }
    effects
}

#[cfg(test)]
mod again_tests;
#[cfg(test)]
mod navigation_tests;
#[cfg(test)]
pub(crate) mod past_tests;
#[cfg(test)]
mod rest_tests;
#[cfg(test)]
mod run_tests;
#[cfg(test)]
mod script;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod timeline_tests;
#[cfg(test)]
mod triage_tests;
#[cfg(test)]
mod work_tests;
