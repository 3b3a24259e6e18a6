//! What was measured on servers, as `describe` says it to people.

use jiff::Timestamp;

use super::json::Subject;
use super::text::{NONE, UNKNOWN, age};
use crate::fleet::overview::{Gap, Witness};
use crate::fleet::{EnvironmentPlace, Overview, Reading, Server, Trouble, words};

/// The most troubles named in the table.
const TROUBLES: usize = 2;

/// The load of the last minute, with the number of cores.
pub(super) fn load(subject: &Subject<'_>, server: &Server) -> String {
    let machine = subject.snapshot.measured(&server.id).and_then(|measured| measured.machine());
    machine.map_or(NONE.into(), |m| format!("{:.1}/{}", m.load[0], m.cores))
}

/// The worst of what was measured on a server, or that all is well, with the age; or why nothing was measured.
pub(super) fn summary(subject: &Subject<'_>, place: Option<&EnvironmentPlace>, server: &Server) -> String {
    let Some(measured) = subject.snapshot.measured(&server.id) else { return NONE.into() };
    let overview = place.and_then(|place| subject.overviews.iter().find(|o| o.name == place.name));
    let troubles: &[Trouble] = overview.and_then(|o| o.troubles.get(&server.id)).map_or(&[], Vec::as_slice);
    let mut said: Vec<&str> = troubles.iter().take(TROUBLES).map(|t| t.short.as_str()).collect();
    let more = troubles.len().saturating_sub(TROUBLES);
    let more_words = format!("{more} more");
    if more > 0 {
        said.push(&more_words);
    }
    let oldest = measured.facts.values().filter_map(Reading::read_at).min();
    let when = oldest.map_or(String::new(), |at| format!(" ({})", age(subject.now, at)));
    match (said.is_empty(), oldest) {
        (false, _) => format!("{}{when}", said.join(", ")),
        (true, Some(_)) => format!("ok{when}"),
        (true, None) => UNKNOWN.into(),
    }
}

/// Lines on queues, the primary and the replicas of an environment; none where nothing was measured.
pub(super) fn lines(now: Timestamp, overview: &Overview) -> Vec<String> {
    let Overview { queues, connections, lag, .. } = overview;
    let when = |at: Option<Timestamp>| at.map_or(String::new(), |at| format!("  ({} ago)", age(now, at)));
    let why = |gap: Option<Gap>| gap.map_or(String::new(), |gap| format!(" ({})", gap.word()));
    let silent = |gap: Option<Gap>| matches!(gap, Some(Gap::NoServer | Gap::NotYet));
    let mut lines = Vec::new();
    if !silent(queues.gap) {
        let waiting = queues.depth.map_or(UNKNOWN.into(), |depth| words::count(depth, "message"));
        let rate = queues.per_minute.filter(|rate| rate.abs() >= 1.0);
        let rate = rate.map_or(String::new(), |rate| format!(", {rate:+.0}/min"));
        let rest = format!("{}{}", why(queues.gap), when(queues.read_at));
        lines.push(format!("  queue           {waiting} waiting{rate}{rest}"));
    }
    if !silent(connections.gap) {
        let used = connections.used.map_or(UNKNOWN.into(), |used| used.to_string());
        let most = connections.most.map_or(String::new(), |most| format!(" of {most}"));
        let rest = format!("{}{}", why(connections.gap), when(connections.read_at));
        lines.push(format!("  primary         {used}{most} connections{rest}"));
    }
    if !silent(lag.gap) {
        let seconds = lag.seconds.map_or(UNKNOWN.into(), words::seconds);
        let hindered = lag.word.map_or(String::new(), |word| format!(", {word}"));
        let server = lag.server.as_ref().map_or(String::new(), |id| format!("{id} "));
        let teller = if lag.witness == Witness::Primary { ", as its primary sees it" } else { "" };
        let rest = format!("{}{}", why(lag.gap), when(lag.read_at));
        lines.push(format!("  replica         {server}{seconds} behind{hindered}{teller}{rest}"));
    }
    lines
}
