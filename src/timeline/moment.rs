//! How an environment stood at a moment, in a few lines: what serves, what the group wanted, and what was not as it should be.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::recording::Recording;
use super::thing::{Kind, State, Thing};
use super::words::named;
use crate::fleet::{InstanceId, Severity};

/// The lines, with how bad each is. Nothing where nobody looked then.
#[must_use]
pub fn stood(recording: &Recording, at: Timestamp) -> Vec<(Severity, String)> {
    if !recording.watched(at) {
        return Vec::new();
    }
    let states = recording.at(at);
    let mut lines = Vec::new();
    members(&states, &mut lines);
    group(&states, &mut lines);
    let wrong = |kind: Kind| {
        matches!(
            kind,
            Kind::Server
                | Kind::Reach
                | Kind::Unit
                | Kind::Program
                | Kind::Page
                | Kind::Override
                | Kind::Receiver
        )
    };
    let mut alike: BTreeMap<(Kind, &str, &State), Vec<InstanceId>> = BTreeMap::new();
    for (thing, state) in &states {
        if wrong(thing.kind) && !matches!(state.severity, Severity::Ok | Severity::Idle) {
            let key = (thing.kind, thing.name.as_str(), state);
            alike.entry(key).or_default().extend(thing.server.clone());
        }
    }
    for ((kind, name, state), servers) in alike {
        lines.push((state.severity, told(kind, name, state, &named(&servers))));
    }
    let findings = states.iter().filter(|(thing, _)| thing.kind == Kind::Finding);
    lines.extend(findings.map(|(_, state)| (state.severity, state.says.clone())));
    lines
}

fn told(kind: Kind, name: &str, state: &State, who: &str) -> String {
    match kind {
        Kind::Reach => format!("{who} unreachable over ssh"),
        Kind::Page => format!("maintenance page up on {who}"),
        Kind::Override => format!("health check answered by a file on {who}"),
        Kind::Receiver => format!("{who} heard nothing from its primary"),
        Kind::Server => format!("{who} {}", state.word),
        _ => format!("{name} {} on {who}", state.word),
    }
}

/// Each load balancer: who served, and who did not.
fn members(states: &BTreeMap<Thing, State>, lines: &mut Vec<(Severity, String)>) {
    let mut all: BTreeMap<&str, Vec<(&InstanceId, &State)>> = BTreeMap::new();
    for (thing, state) in states.iter().filter(|(thing, _)| thing.kind == Kind::Member) {
        all.entry(&thing.name).or_default().extend(thing.server.as_ref().map(|id| (id, state)));
    }
    for (balancer, members) in all {
        let serving = members.iter().filter(|(_, state)| state.severity == Severity::Ok).count();
        let worst = members.iter().map(|(_, state)| state.severity).max().unwrap_or(Severity::Warn);
        let out: Vec<InstanceId> = members
            .iter()
            .filter(|(_, state)| state.severity != Severity::Ok)
            .map(|(id, _)| (*id).clone())
            .collect();
        let out = if out.is_empty() { String::new() } else { format!(", not {}", named(&out)) };
        lines.push((worst, format!("{serving} of {} in service at {balancer}{out}", members.len())));
    }
}

fn group(states: &BTreeMap<Thing, State>, lines: &mut Vec<(Severity, String)>) {
    let of = |kind: Kind| states.iter().filter(move |(thing, _)| thing.kind == kind);
    let mut words: Vec<String> = of(Kind::Sizes).map(|(_, state)| format!("group {}", state.word)).collect();
    words.extend(of(Kind::Launch).map(|(_, state)| {
        format!("launches {}", if state.says.is_empty() { &state.word } else { &state.says })
    }));
    let suspended: Vec<&str> = of(Kind::Process).map(|(thing, _)| thing.name.as_str()).collect();
    let severity = if suspended.is_empty() { Severity::Ok } else { Severity::Warn };
    if !suspended.is_empty() {
        words.push(format!("{} suspended", suspended.join(", ")));
    }
    if !words.is_empty() {
        lines.push((severity, words.join(" · ")));
    }
    lines.extend(
        of(Kind::Lock).map(|(_, state)| (Severity::Changing, format!("{} by {}", state.word, state.says))),
    );
}
