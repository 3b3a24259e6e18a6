//! What turned, in plain words.

use super::recording::Change;
use super::thing::{Kind, State};
use crate::fleet::{InstanceId, Severity};

/// Servers as a sentence names them.
pub(super) fn named(ids: &[InstanceId]) -> String {
    match ids {
        [] => "a server".into(),
        [one] => one.short().into(),
        [one, other] => format!("{} and {}", one.short(), other.short()),
        [one, rest @ ..] => format!("{} and {} more", one.short(), rest.len()),
    }
}

/// A change of one thing, or of the same thing on several servers.
pub(super) fn title(change: &Change, servers: &[InstanceId]) -> String {
    let who = named(servers);
    let word = |state: &Option<State>| state.as_ref().map_or_else(String::new, |state| state.word.clone());
    let says = |state: &Option<State>| state.as_ref().map_or_else(String::new, |state| state.says.clone());
    let (from, to, name) = (word(&change.from), word(&change.to), change.thing.name.as_str());
    let was = if from.is_empty() { String::new() } else { format!(" (was {from})") };
    let why = match says(&change.to) {
        says if says.is_empty() => String::new(),
        says => format!(": {says}"),
    };
    match (change.thing.kind, &change.from, &change.to) {
        (Kind::Server, None, Some(state)) => format!("New: {who} ({}), {to}", state.says),
        (Kind::Server, _, Some(_)) => format!("{who} {to}{was}"),
        (Kind::Server, from, None) => {
            let role = from.as_ref().map_or("", |from| from.says.split(',').next().unwrap_or_default());
            format!("Gone: {who}{}", if role.is_empty() { String::new() } else { format!(" ({role})") })
        }
        (Kind::Member, None, Some(_)) => format!("{who} joined {name}, {to}{why}"),
        (Kind::Member, _, Some(_)) => format!("{who} {to} at {name}{why}"),
        (Kind::Member, _, None) => format!("{who} left {name}"),
        (Kind::Reach, _, Some(state)) if state.severity == Severity::Ok => {
            format!("{who} answers over ssh")
        }
        (Kind::Reach, _, Some(_)) => format!("{who} cannot be reached over ssh{why}"),
        (Kind::Unit | Kind::Program, _, Some(_)) => format!("{name} {to} on {who}{was}"),
        (Kind::Unit | Kind::Program, _, None) => format!("{name} no longer there on {who}{was}"),
        (Kind::Code, _, _) => format!("Code {to} on {who}{was}"),
        (Kind::Page, _, Some(_)) if to == "up" => format!("Maintenance page up on {who}"),
        (Kind::Page, _, _) => format!("Maintenance page off on {who}"),
        (Kind::Override, _, Some(_)) if to == "up" => format!("Health check answered by a file on {who}"),
        (Kind::Override, _, _) => format!("Health check asked for real again on {who}"),
        (Kind::Database, _, Some(_)) if to == "primary" => format!("{who} takes writes{was}"),
        (Kind::Database, _, _) => format!("{who} is a replica{was}"),
        (Kind::Receiver, _, _) if to == "none" || to.is_empty() => {
            format!("{who} hears nothing from its primary")
        }
        (Kind::Receiver, _, _) => format!("{who} {to} from its primary{was}"),
        (Kind::Sizes, _, Some(_)) => format!("The group wants {to}{was}"),
        (Kind::Sizes, _, None) => format!("The group {name} is gone"),
        (Kind::Process, _, Some(_)) => format!("{name} suspended{why}"),
        (Kind::Process, _, None) => format!("{name} resumed"),
        (Kind::Launch, _, _) => launch(change),
        (Kind::Lock, _, Some(state)) => format!("{} began {to}", state.says),
        (Kind::Lock, from, None) => {
            let who = from.as_ref().map_or("", |from| from.says.as_str());
            format!("{} of {who} is over", word(from))
        }
        (Kind::Finding, None, Some(state)) => state.says.clone(),
        (Kind::Finding, _, Some(state)) => format!("{} ({to}, was {from})", state.says),
        (Kind::Finding, _, None) => format!("Over: {}", says(&change.from)),
        (Kind::Reach | Kind::Other, _, _) => format!("{name} {to}{was}"),
    }
}

fn launch(change: &Change) -> String {
    let told = |state: &State| if state.says.is_empty() { state.word.clone() } else { state.says.clone() };
    match (&change.from, &change.to) {
        (Some(from), Some(to)) if told(from) != told(to) => {
            format!("The group launches {} (was {})", told(to), told(from))
        }
        (_, Some(to)) => format!("The group launches {} by {}", told(to), to.word),
        (_, None) => "The group launches nothing that is known".into(),
    }
}
