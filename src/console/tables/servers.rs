//! An environment's servers by role.

use std::cmp::Reverse;

use super::cells::{
    dim, glyph, known, left, nothing, now_of, number, right, said, sorted, state as stated, text, unknown,
};
use super::state_of::severity_of;
use super::{empty, services};
use crate::console::age;
use crate::console::state::State;
use crate::console::table::{Cell, Column, Piece, Row, RowId, SortKey, Table};
use crate::console::theme::Scope;
use crate::console::widgets::spark;
use crate::fleet::{
    Changeset, EnvironmentName, EnvironmentPlace, LoadBalancerName, Measure, Measured, MemberHealth,
    MetricKey, Power, Role, Server, Severity, Standing, Subject, TroubleKind,
};

/// The title of the column whose numbers are asked for server by server.
pub const CPU: &str = "CPU";

const COLUMNS: [Column; 13] = [
    left("SERVER", 21, 30, 0),
    left("ADDRESS", 15, 28, 5),
    left("ZONE", 4, 8, 8),
    left("TYPE", 11, 13, 7),
    right("UP", 4, 4, 6),
    right("LOAD", 4, 6, 3),
    left("LB", 14, 24, 2),
    left("SERVICES", 22, 60, 1),
    left("RELEASE", 10, 20, 4),
    left(CPU, 13, 13, 9),
    left("STATE", 9, 24, 10),
    left("ID", 19, 19, 11),
    left("NAME", 16, 40, 12),
];

/// Bars of a server's CPU.
const BARS: usize = 8;

/// The section a role stands in, and the section's place.
fn section(role: &Role) -> (u8, &'static str) {
    match role {
        Role::Web => (0, "web"),
        Role::Worker => (1, "worker"),
        Role::Cache => (2, "cache"),
        Role::DbPrimary | Role::DbReplica => (3, "db"),
        Role::Combo => (4, "combo"),
        Role::Other(_) | Role::Untagged => (5, "other"),
    }
}

/// Rows for every server that AWS has not wiped yet; within a role what is wrong comes first.
pub fn build(state: &State, environment: &EnvironmentName) -> Table {
    let place = state.topology.environment(environment);
    let snapshot = &state.snapshot;
    let mut servers: Vec<(&Server, Severity)> = snapshot
        .servers_of(environment)
        .into_iter()
        .map(|server| (server, severity_of(state, server)))
        .collect();
    servers.sort_by_key(|(server, severity)| {
        let trouble = Reverse(Some(*severity).filter(|s| *s >= Severity::Warn));
        (section(&server.role.role).0, server.role.standing, server.is_gone(), trouble, &server.role.role)
    });
    let nothing = format!(
        "· No server is tagged environment={environment}.\nIf it does not exist yet: o, then create-foundation, \
         then create-environment. If it does, its servers carry other tags: `quarterdeck describe` lists what is there."
    );
    Table {
        columns: COLUMNS.to_vec(),
        rows: servers.into_iter().map(|(server, severity)| row(state, place, server, severity)).collect(),
        empty: empty::reading(state, &snapshot.servers, &nothing),
        ..Table::default()
    }
}

fn row(state: &State, place: Option<&EnvironmentPlace>, server: &Server, severity: Severity) -> Row {
    let up = server.launched_at.filter(|_| server.power == Power::Running);
    Row {
        id: RowId::Server(server.id.clone()),
        severity,
        cells: vec![
            name(server, severity),
            address(server),
            sorted(dim(server.zone.short()), SortKey::Text(server.zone.to_string())),
            dim(server.instance_type.as_str()),
            up.map_or_else(nothing, |at| {
                sorted(dim(age::since(at, state.now)), number(Some(-at.as_second())))
            }),
            services::load(state, server),
            balancers(state, place, server),
            services::cell(state, server),
            release(state, server),
            cpu(state, server),
            power(server),
            dim(server.id.as_str()),
            server.name.as_deref().map_or_else(unknown, dim),
        ],
        details: why(state, place, server),
        dimmed: server.role.standing != Standing::Active || server.is_gone(),
        section: Some(section(&server.role.role).1.to_owned()),
    }
}

/// The address, sorted as a number where it is one: `10.2.8.9` before `10.2.8.14`.
fn address(server: &Server) -> Cell {
    let cell = known(server.address());
    match server.address().and_then(address_number) {
        Some(at) => sorted(cell, number(Some(at))),
        None => cell,
    }
}

/// An IPv4 address as a number; `None` for a DNS name.
fn address_number(address: &str) -> Option<i64> {
    let parts: Vec<u8> = address.split('.').map(|part| part.parse().ok()).collect::<Option<_>>()?;
    let four: [u8; 4] = parts.try_into().ok()?;
    Some(i64::from(u32::from_be_bytes(four)))
}

/// Glyph, short id, role as tagged.
fn name(server: &Server, severity: Severity) -> Cell {
    let mut pieces = vec![
        glyph(severity),
        Piece::new(server.id.short(), Scope::TextStrong),
        Piece::new(format!(" {}", server.role.role), Scope::Text),
    ];
    match server.role.standing {
        Standing::Active => {}
        Standing::Pending => pieces.push(Piece::new(" PENDING", Scope::Severity(Severity::Changing))),
        Standing::Old => pieces.push(Piece::new(" OLD", Scope::TextDim)),
    }
    Cell { pieces, key: SortKey::Text(format!("{} {}", server.role.role, server.id)) }
}

fn said_of<'a>(
    state: &'a State,
    place: Option<&'a EnvironmentPlace>,
    server: &'a Server,
) -> impl Iterator<Item = (&'a LoadBalancerName, &'a MemberHealth)> {
    let names = place.map_or(&[][..], |p| p.load_balancers.as_slice());
    names.iter().filter_map(|b| Some((b, state.snapshot.health_of(b, &server.id)?)))
}

/// What the load balancers say; the worst one when they disagree.
fn balancers(state: &State, place: Option<&EnvironmentPlace>, server: &Server) -> Cell {
    let names = place.map_or(&[][..], |p| p.load_balancers.as_slice());
    let takes_requests = matches!(server.role.role, Role::Web | Role::Combo);
    let Some((_, worst)) = said_of(state, place, server).max_by_key(|(_, m)| m.severity()) else {
        let read = names.iter().all(|b| state.snapshot.health.get(b).is_some_and(|h| h.value().is_some()));
        return match (takes_requests && server.is_target() && !names.is_empty(), read) {
            (false, _) => nothing(),
            (true, true) => stated(Severity::Idle, "not a member"),
            (true, false) => unknown(),
        };
    };
    stated(worst.severity(), worst.word())
}

/// Since when and why it is not in service, in the load balancer's own words, and why it does not run, in EC2's.
fn why(state: &State, place: Option<&EnvironmentPlace>, server: &Server) -> Vec<Vec<Piece>> {
    let mut lines = Vec::new();
    for (balancer, health) in said_of(state, place, server) {
        let severity = health.severity();
        let words = health.description.as_deref().filter(|d| !d.is_empty() && *d != "N/A");
        if severity <= Severity::Ok {
            continue;
        }
        let since = state.snapshot.since(balancer, &server.id);
        let since = since.and_then(|since| age::held(since, state.now));
        let told = match (since, words) {
            (None, None) => continue,
            (Some(since), None) => format!("{} {since}", health.word()),
            (None, Some(words)) => words.to_owned(),
            (Some(since), Some(words)) => format!("{since}: {words}"),
        };
        lines.push(vec![
            Piece::new(told, said(severity)),
            Piece::new(format!("  {balancer}"), Scope::TextDim),
        ]);
    }
    if let (Power::Stopped | Power::Stopping, Standing::Active, Some(reason)) =
        (server.power, server.role.standing, &server.power_reason)
    {
        lines.push(vec![Piece::new(reason.as_str(), Scope::TextDim)]);
    }
    lines
}

/// The release it was launched with, or else what was seen checked out; and whether the two differ.
fn release(state: &State, server: &Server) -> Cell {
    let has_code = matches!(server.role.role, Role::Web | Role::Worker | Role::Combo);
    if !has_code {
        return nothing();
    }
    let release = state.snapshot.release_of_server(server);
    let measured = state.snapshot.measured(&server.id);
    let code = measured.and_then(Measured::code);
    let troubles = services::troubles(state, server);
    let differs = troubles.iter().any(|t| t.kind == TroubleKind::Code && t.severity > Severity::Unknown);
    let (mut cell, made) = match (&release.changeset, code) {
        (Some(changeset), _) if server.group.is_some() => {
            (text(changeset.short(), Scope::Text), release.made_at)
        }
        (_, Some(code)) => (text(Changeset::new(code.changeset.as_str()).short(), Scope::Text), None),
        (Some(changeset), None) => (text(changeset.short(), Scope::Text), release.made_at),
        (None, None) if server.role.role == Role::Worker => return sorted(dim("–"), SortKey::Unknown),
        (None, None) => return unknown(),
    };
    // The glyph stands first: it is seen where there is no room for the word.
    let behind = state.snapshot.is_behind(server) == Some(true);
    let words: Vec<_> =
        [(behind, " behind"), (differs, " differs")].into_iter().filter(|(is, _)| *is).collect();
    if !words.is_empty() {
        cell.pieces.insert(0, glyph(Severity::Changing));
        let changing = Scope::Severity(Severity::Changing);
        cell.pieces.extend(words.into_iter().map(|(_, word)| Piece::new(word, changing)));
    }
    sorted(cell, number(made.map(jiff::Timestamp::as_second)))
}

/// CPU as a number and bars, where it was read.
fn cpu(state: &State, server: &Server) -> Cell {
    let key = MetricKey { subject: Subject::Server(server.id.clone()), measure: Measure::Cpu };
    let reading = state.snapshot.metrics.get(&key);
    let (last, series) = (now_of(state, reading), reading.and_then(|r| r.value()));
    let failing = reading.is_some_and(|r| r.failure().is_some());
    let Some(series) = series.filter(|s| !s.points.is_empty()) else {
        // Without agent, just launched or stopped, a server has no numbers.
        return match last {
            Err(why) if failing => Cell { pieces: vec![why], key: SortKey::Unknown },
            _ => sorted(dim("–"), SortKey::Unknown),
        };
    };
    let limits = Some(state.preferences.thresholds.cpu);
    let (now, key) = match last {
        Ok(last) => {
            (Piece::new(format!("{last:>3.0}% "), said(spark::judge(last, limits))), SortKey::Number(last))
        }
        Err(instead) => (Piece::new(format!("{} ", instead.text), instead.scope), SortKey::Unknown),
    };
    let mut pieces = vec![now];
    let missing = series.missing(state.now, state.between_metrics());
    pieces.extend(spark::bars(series, BARS, missing, limits, Measure::Cpu.full()));
    Cell { pieces, key }
}

fn power(server: &Server) -> Cell {
    match server.power {
        Power::Running => dim("running"),
        _ => stated(super::state_of::power_severity(server), server.power.word()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_sort_as_numbers_and_names_as_names() {
        assert!(address_number("10.2.8.9") < address_number("10.2.8.14"));
        assert_eq!(address_number("0.0.1.2"), Some(258));
        for name in ["ip-10-2-8-9.ec2.internal", "10.2.8", "10.2.8.256", "1.2.3.4.5", ""] {
            assert_eq!(address_number(name), None, "{name}");
        }
    }
}
