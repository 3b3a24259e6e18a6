//! What a screen says when it has no rows: loading, failed, forbidden, or really empty; and what to do.

use crate::console::age;
use crate::console::state::State;
use crate::fleet::{Failure, FailureKind, Reading, Source};

/// Nothing of the cloud was ever read.
pub fn nothing_read(state: &State) -> bool {
    let s = &state.snapshot;
    s.servers.value().is_none() && s.groups.value().is_none() && s.load_balancers.value().is_none()
}

/// Why there is nothing to show of a reading.
pub fn reading<T>(state: &State, reading: &Reading<T>, empty: &str) -> String {
    match (reading.value(), reading.failure()) {
        (Some(_), _) => empty.to_owned(),
        (None, Some(failure)) => failed(state, reading.source(), failure),
        (None, None) => loading(state, reading.source().action()),
    }
}

fn loading(state: &State, what: &str) -> String {
    format!("◌ Reading {what} from {} …", state.endpoint.region)
}

/// What happened, since when, and what to do.
fn failed(state: &State, source: Source, failure: &Failure) -> String {
    let action = source.action();
    let since = match age::since(failure.since, state.now).as_str() {
        "now" => "just now".to_owned(),
        word => format!("since {word}"),
    };
    let (what, advice) = match failure.kind {
        FailureKind::Denied => (
            format!("◌ Forbidden: these credentials may not use {action}"),
            "Ask for that action to be allowed. Everything else goes on without it.",
        ),
        FailureKind::Credentials => (
            format!("▲ No credentials for {action}, {since}"),
            "Log in again, or choose another profile with --profile. The console keeps trying.",
        ),
        FailureKind::Throttled => (
            format!("◌ AWS asks for fewer requests ({action}), {since}"),
            "Nothing to do: the console slows down and tries again.",
        ),
        FailureKind::Unreachable => (
            format!("▲ No answer to {action}, {since}"),
            "Check the network, --region and --endpoint-url. The console keeps trying.",
        ),
        FailureKind::Absent => (format!("◌ {action} found nothing"), "Check the names in the config."),
        FailureKind::Other => {
            (format!("▲ {action} failed, {since}"), "The console keeps trying; the log has the details.")
        }
    };
    format!("{what}.\n{}\n{advice}", failure.message)
}

/// The fleet without rows.
pub fn fleet(state: &State) -> String {
    if state.topology.environments.is_empty() {
        return format!(
            "· The deployment {} has no environment.\nAdd one under `environments` in fabulaws-config.yml; \
             `quarterdeck config check` says what else it needs.",
            state.topology.deployment
        );
    }
    let s = &state.snapshot;
    let failures = [
        (s.servers.source(), s.servers.failure()),
        (s.groups.source(), s.groups.failure()),
        (s.load_balancers.source(), s.load_balancers.failure()),
    ];
    match failures.into_iter().find_map(|(source, failure)| Some((source, failure?))) {
        Some((source, failure)) => failed(state, source, failure),
        None => loading(state, "servers, groups and load balancers"),
    }
}
