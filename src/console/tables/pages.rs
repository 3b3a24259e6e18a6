//! Pages of what was measured: a panel for every server of some roles, a line for every fact.

use super::cells::{dim, left, right};
use super::facts::{Fact, plain_text, server_name};
use super::measured::{Line, Subject};
use super::services::troubles;
use crate::console::age;
use crate::console::state::State;
use crate::console::table::{Cell, Column, Piece, Row, SortKey};
use crate::console::theme::Scope;
use crate::fleet::{EnvironmentName, Power, Role, Server, Severity, Topic};

/// What, how it is, the details, and how old that is.
pub const COLUMNS: [Column; 4] =
    [left("WHAT", 18, 28, 0), left("STATE", 14, 24, 0), left("DETAIL", 14, 160, 1), right("AGE", 4, 4, 2)];

/// The lines of every server of these roles that takes part, on these topics.
pub fn rows(state: &State, environment: &EnvironmentName, roles: &[Role], topics: &[Topic]) -> Vec<Row> {
    let mut rows = Vec::new();
    let servers = state.snapshot.servers_of(environment);
    for role in roles {
        let of_role = servers.iter().filter(|s| s.role.role == *role && s.is_target());
        for (n, server) in of_role.enumerate() {
            // Two servers of a role are two sections.
            let number = if n == 0 { String::new() } else { format!(" {}", n + 1) };
            let section = format!("{}{number}", spoken(role));
            rows.extend(panel(state, server, &section, topics).into_iter().map(Fact::row));
        }
    }
    rows
}

fn panel(state: &State, server: &Server, section: &str, topics: &[Topic]) -> Vec<Fact> {
    let age = |at: Option<jiff::Timestamp>, old: bool| {
        let words = at.map_or("?".to_owned(), |at| age::since(at, state.now));
        super::cells::text(words, if old { Scope::AgeStale } else { Scope::TextDim })
    };
    let mut facts = vec![heading(state, server, section, topics)];
    let Some(measured) = state.snapshot.measured(&server.id) else { return facts };
    let subject = Subject { state, server, measured };
    let add = |n: usize, line: &Line, age: Cell| {
        let details = Cell { pieces: line.details.clone(), key: SortKey::Unknown };
        let cells = vec![plain_text(&line.what), line.state(), details, age];
        Fact::new(section, &format!("{n}/{}", line.what), cells).with(line.severity)
    };
    for (n, line) in subject.reach().iter().enumerate() {
        facts.push(add(n, line, dim("")));
    }
    for (topic, n) in topics.iter().zip(1..) {
        let Some(reading) = measured.reading(*topic) else { continue };
        for (place, line) in subject.lines(*topic).iter().enumerate() {
            facts.push(add(n * 1_000 + place, line, age(reading.read_at(), subject.is_old(*topic))));
        }
    }
    facts
}

/// The role in a word that fits a section's name.
fn spoken(role: &Role) -> &str {
    match role {
        Role::DbPrimary => "primary",
        Role::DbReplica => "replica",
        role => role.word(),
    }
}

/// The server, which can be opened, with how it fares in what this page is about.
fn heading(state: &State, server: &Server, section: &str, topics: &[Topic]) -> Fact {
    let about = |topic: Option<Topic>| topic.is_none_or(|topic| topics.contains(&topic));
    let worst = troubles(state, server).iter().filter(|t| about(t.topic)).map(|t| t.severity).max();
    let measured = state.snapshot.measured(&server.id);
    let known = measured.is_some_and(|m| topics.iter().any(|t| m.reading(*t).is_some()));
    let severity = match (server.power, worst) {
        (Power::Running, Some(worst)) => worst,
        (Power::Running, None) if known => Severity::Ok,
        (Power::Running, None) => Severity::Unknown,
        _ => super::state_of::power_severity(server),
    };
    let words = match (server.power, known || worst.is_some()) {
        (Power::Running, true) => Piece::new("", Scope::Text),
        (Power::Running, false) => Piece::new("not measured yet", Scope::TextDim),
        (power, _) => Piece::new(power.word(), super::cells::said(severity)),
    };
    let place = [server.address().unwrap_or("?"), server.zone.short(), server.instance_type.as_str()];
    let cells = vec![
        server_name(&state.snapshot, &server.id, severity),
        Cell { pieces: vec![words], key: SortKey::Unknown },
        dim(place.join(" · ")),
        dim(""),
    ];
    Fact::new(section, server.id.as_str(), cells).of_server(&server.id).with(severity)
}
