//! `timeline`: what happened in an environment, from what was recorded, journals, and what AWS still tells.

mod json;
mod text;

#[cfg(test)]
mod tests;

use std::io::Write;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::args::{Globals, TimelineOptions};
use super::describe::{Paint, only};
use super::exit::{Exit, Stop};
use super::secrets::Hide;
use super::target::Target;
use super::whereabouts::Whereabouts;
use super::{complain, place};
use crate::console::work::ran;
use crate::engine::Store;
use crate::fleet::{EnvironmentPlace, Interest, Thresholds};
use crate::history::History;
use crate::refresh;
use crate::timeline::{Ran, Recording, Sources, Window, markdown, timeline};
use crate::triage::Memory;

/// What to print and how.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) options: TimelineOptions,
    pub(crate) json: bool,
    pub(crate) paint: Paint,
    /// Whether the terminal shows more than ASCII.
    pub(crate) utf8: bool,
    /// From where on numbers warn.
    pub(crate) thresholds: Thresholds,
    /// Masks secrets.
    pub(crate) hide: Hide,
}

/// Puts the environment's timeline together and prints it.
pub(crate) async fn run(
    globals: &Globals,
    target: Target,
    request: &Request,
    out: &mut dyn Write,
) -> Result<Exit, Stop> {
    if request.json && request.options.markdown {
        return Err(Stop::Usage(
            "--json and --markdown are two ways to print: leave out one of them.".into(),
        ));
    }
    let topology = Arc::new(only(&target.topology, &request.options.environment)?);
    let Some(place) = topology.environments.first() else { return Ok(Exit::Done) };
    let interest = Interest { environments: [place.name.clone()].into(), ..Interest::default() };
    // Activities and numbers of the last hour; what is measured on servers tells nothing of the time before.
    let limits = refresh::Limits::ONCE;
    let snapshot =
        refresh::once_looking(Arc::clone(&target.cloud), None, Arc::clone(&topology), limits, interest).await;
    let (endpoint, now) = (target.cloud.endpoint().clone(), target.cloud.now());
    let since = now.checked_sub(SignedDuration::from_hours(i64::from(request.options.hours)));
    let window = Window {
        environment: place.name.clone(),
        since: since.unwrap_or(Timestamp::MIN),
        until: now,
        thresholds: request.thresholds,
        pace: target.speed,
    };
    let state = place::state_dir(globals);
    let history = state.as_deref().map(|dir| History::new(dir, &endpoint, &target.topology));
    let (mut recording, memory) = kept(history, place, &window);
    recording.read(&snapshot, place);
    let store = super::exec::store(globals, &target).ok();
    let runs = store.map(|store| runs(&store, place, &window, &request.hide)).unwrap_or_default();
    let sources = Sources { recording: &recording, memory: &memory, runs: &runs };
    let told = timeline(&sources, &window).hidden(|text| request.hide.hidden(text));
    let whereabouts = Whereabouts::new(&topology, place, &endpoint, now);
    if request.json {
        super::text::write_json(out, &json::document(whereabouts, &told))?;
    } else if request.options.markdown {
        write!(out, "{}", markdown::document(&told, &whereabouts.line("SANDBOX")))?;
    } else {
        for line in text::lines(&whereabouts, &told, request) {
            writeln!(out, "{line}")?;
        }
    }
    out.flush()?;
    Ok(Exit::Done)
}

/// What is on disk. What cannot be read is told, and the rest goes on without it.
fn kept(history: Option<History>, place: &EnvironmentPlace, window: &Window) -> (Recording, Memory) {
    let Some(history) = history else { return (Recording::default(), Memory::default()) };
    let or_complain = |error: crate::history::HistoryError| complain(&format!("quarterdeck: {error}"));
    let recording = history.recording(&place.name, window.since, window.until).map_err(or_complain);
    let memory = history.memory(&place.name).map_err(or_complain);
    (recording.unwrap_or_default(), memory.unwrap_or_default())
}

/// Runs of this machine in the environment, within the window.
fn runs(store: &Store, place: &EnvironmentPlace, window: &Window, hide: &Hide) -> Vec<Ran> {
    let all = store.runs().map_err(|error| {
        complain(&format!(
            "quarterdeck: runs are left out, {} cannot be read: {error}",
            store.dir().display()
        ));
    });
    let ours = all
        .unwrap_or_default()
        .into_iter()
        .filter(|past| past.began.environment == place.name.as_str() && store.is_of(&past.began));
    let recent = ours.filter(|past| {
        past.began.at <= window.until && past.finished.unwrap_or(window.until) >= window.since
    });
    // Hidden before anything is cut: half a secret is not found any more.
    recent.map(|past| ran(&past)).map(|ran| Ran { what: hide.hidden(&ran.what), ..ran }).collect()
}
