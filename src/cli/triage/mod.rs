//! `triage`: what is wrong in an environment, why, and what is safe to do, judged from one read and what is remembered.

mod json;
mod text;

#[cfg(test)]
mod tests;

use std::io::Write;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::args::{Globals, TriageOptions};
use super::describe::{Paint, only};
use super::exit::{Exit, Stop};
use super::target::Target;
use super::whereabouts::Whereabouts;
use super::{complain, place};
use crate::fleet::{Endpoint, EnvironmentPlace, Severity, Thresholds, Topology, Yardstick};
use crate::history::History;
use crate::triage::{Finding, Memory, Triage, look};

/// What to print and how.
#[derive(Debug)]
pub(crate) struct Request {
    pub(crate) options: TriageOptions,
    pub(crate) json: bool,
    pub(crate) paint: Paint,
    /// Whether the terminal shows more than ASCII.
    pub(crate) utf8: bool,
    /// From where on numbers warn.
    pub(crate) thresholds: Thresholds,
    /// Global options that another command needs to look at the same fleet.
    pub(crate) globals: Vec<String>,
}

/// Who is looked at, as the output names it.
pub(crate) struct Subject<'a> {
    pub(crate) topology: &'a Topology,
    pub(crate) place: &'a EnvironmentPlace,
    pub(crate) endpoint: &'a Endpoint,
    pub(crate) triage: &'a Triage,
    pub(crate) now: Timestamp,
    pub(crate) globals: &'a [String],
}

impl Subject<'_> {
    /// The head of what is printed.
    fn whereabouts(&self) -> Whereabouts {
        Whereabouts::new(self.topology, self.place, self.endpoint, self.now)
    }
}

/// Reads the environment, judges it, and prints it. Ends with [`Exit::Failed`] when something is down or wants a look
/// and nobody has acknowledged it.
pub(crate) async fn run(
    globals: &Globals,
    target: Target,
    request: &Request,
    out: &mut dyn Write,
) -> Result<Exit, Stop> {
    let topology = Arc::new(only(&target.topology, &request.options.environment)?);
    let Some(place) = topology.environments.first() else { return Ok(Exit::Done) };
    if let Some(moment) = request.options.at {
        let at = moment.before(target.cloud.now());
        return then(globals, &target, &topology, place, request, at, out);
    }
    let snapshot = target.looked_at(&topology, place).await;
    if let Some(why) = &target.no_remote {
        complain(&format!("quarterdeck: {why}"));
    }
    let history =
        place::state_dir(globals).map(|dir| History::new(&dir, target.cloud.endpoint(), &target.topology));
    let mut memory = remembered(history.as_ref(), place);
    let yardstick = Yardstick {
        thresholds: request.thresholds,
        speed: target.speed,
        ..Yardstick::at(target.cloud.now())
    };
    let judge = |memory: &mut Memory| look(&snapshot, place, &yardstick, memory);
    let triage = judge(&mut memory);
    let triage = if told(&request.options, &triage, &mut memory, yardstick.now)? {
        judge(&mut memory)
    } else {
        triage
    };
    if let Some(Err(error)) = history.map(|history| history.keep(&place.name, &memory)) {
        complain(&format!("quarterdeck: {error}"));
    }
    let (endpoint, now) = (target.cloud.endpoint(), yardstick.now);
    let subject =
        Subject { topology: &topology, place, endpoint, triage: &triage, now, globals: &request.globals };
    print(&subject, request, out)
}

/// What was found then, from what consoles on this machine have recorded.
fn then(
    globals: &Globals,
    target: &Target,
    topology: &Topology,
    place: &EnvironmentPlace,
    request: &Request,
    at: Timestamp,
    out: &mut dyn Write,
) -> Result<Exit, Stop> {
    let nothing = "Nothing is recorded: there is no state directory; give --state-dir DIR.";
    let dir = place::state_dir(globals).ok_or_else(|| Stop::Failed(nothing.into()))?;
    let history = History::new(&dir, target.cloud.endpoint(), &target.topology);
    let past = history.past(topology, at, target.speed).map_err(|error| Stop::Failed(error.to_string()))?;
    let Some(triage) = past.triage(&place.name) else {
        let name = &place.name;
        let when = at.strftime("%Y-%m-%d %H:%M:%S UTC");
        let words = format!(
            "How {name} stood at {when} is not known: no console of this machine looked at it then. \
             `quarterdeck timeline {name}` tells since when something is recorded."
        );
        return Err(Stop::Failed(words));
    };
    let endpoint = target.cloud.endpoint();
    let subject = Subject { topology, place, endpoint, triage, now: at, globals: &request.globals };
    print(&subject, request, out)
}

/// Prints it. Ends with [`Exit::Failed`] when something is down or wants a look.
fn print(subject: &Subject<'_>, request: &Request, out: &mut dyn Write) -> Result<Exit, Stop> {
    if request.json {
        super::text::write_json(out, &json::document(subject))?;
    } else {
        for line in text::lines(subject, request) {
            writeln!(out, "{line}")?;
        }
    }
    out.flush()?;
    let triage = subject.triage;
    let wants = triage.count(Severity::Down) + triage.count(Severity::Warn) > 0;
    Ok(if wants { Exit::Failed } else { Exit::Done })
}

/// What earlier looks have left. Without it, things are so "since at least" now; that is told.
fn remembered(history: Option<&History>, place: &EnvironmentPlace) -> Memory {
    let read = history.map_or_else(|| Ok(Memory::default()), |history| history.memory(&place.name));
    read.unwrap_or_else(|error| {
        complain(&format!("quarterdeck: {error}"));
        Memory::default()
    })
}

/// Takes in what somebody has to say of a finding; whether anything was said.
fn told(options: &TriageOptions, triage: &Triage, memory: &mut Memory, now: Timestamp) -> Result<bool, Stop> {
    let who = place::who();
    if let Some(name) = &options.acknowledge {
        let until =
            options.quiet_for.map(|quiet| SignedDuration::try_from(quiet).unwrap_or(SignedDuration::MAX));
        let until = until.map(|quiet| now.checked_add(quiet).unwrap_or(Timestamp::MAX));
        memory.acknowledge(finding(triage, name)?, &who, now, until);
    }
    if let Some(name) = &options.unacknowledge {
        memory.forget(&finding(triage, name)?.key);
    }
    if let (Some(name), Some(words)) = (&options.note, &options.words) {
        memory.note(&finding(triage, name)?.key, &crate::fleet::text::one_line(words), &who, now);
    }
    Ok(options.acknowledge.is_some() || options.unacknowledge.is_some() || options.note.is_some())
}

fn finding<'a>(triage: &'a Triage, name: &str) -> Result<&'a Finding, Stop> {
    let all = || triage.findings.iter().chain(&triage.watched);
    let found = all().find(|finding| finding.key.to_string() == name);
    found.ok_or_else(|| {
        let names: Vec<String> = all().map(|finding| finding.key.to_string()).collect();
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        Stop::Usage(super::text::no_such("finding", name, &names))
    })
}
