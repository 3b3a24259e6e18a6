//! What was measured on a server, in one cell: the worst thing first, then what runs.

use super::cells::{glyph, said};
use crate::console::age;
use crate::console::state::State;
use crate::console::table::{Cell, Piece, SortKey};
use crate::console::theme::Scope;
use crate::fleet::measured::{Celery, Measured, Postgres, Program, Unit};
use crate::fleet::overview::Gap;
use crate::fleet::{
    Power, Role, Server, Severity, Standing, Thresholds, Topic, Trouble, TroubleKind, thresholds, words,
};

/// The most troubles named in the cell.
const TROUBLES: usize = 3;
/// The most services named in the cell.
const SERVICES: usize = 5;

/// What is wrong with a server, worst first.
pub fn troubles<'a>(state: &'a State, server: &Server) -> &'a [Trouble] {
    let overview = server.environment.as_ref().and_then(|name| state.overview(name));
    overview.and_then(|overview| overview.troubles.get(&server.id)).map_or(&[], Vec::as_slice)
}

/// The load of the last minute, in colour by core; an old one is unknown with its age.
pub fn load(state: &State, server: &Server) -> Cell {
    let measured = state.snapshot.measured(&server.id);
    let Some((measured, machine)) = measured.and_then(|m| Some((m, m.machine()?))) else {
        return Cell { pieces: vec![Piece::new("–", Scope::TextDim)], key: SortKey::Unknown };
    };
    if Gap::of(Some(measured), Topic::Machine, &state.yardstick()).is_some() {
        let at = measured.reading(Topic::Machine).and_then(crate::fleet::Reading::read_at);
        let age = at.map_or("?".to_owned(), |at| format!("? {}", age::since(at, state.now)));
        return Cell { pieces: vec![Piece::new(age, Scope::TextDim)], key: SortKey::Unknown };
    }
    let severity = thresholds::judge(machine.load_per_core(), state.preferences.thresholds.load);
    let load = machine.load[0];
    Cell { pieces: vec![Piece::new(format!("{load:.1}"), said(severity))], key: SortKey::Number(load) }
}

/// The cell.
pub fn cell(state: &State, server: &Server) -> Cell {
    let takes_part = server.power == Power::Running && server.role.standing == Standing::Active;
    let Some(measured) = state.snapshot.measured(&server.id).filter(|_| takes_part) else {
        return Cell { pieces: vec![Piece::new("–", Scope::TextDim)], key: SortKey::Unknown };
    };
    // Load and code have columns of their own.
    let own = |t: &&Trouble| !matches!(t.kind, TroubleKind::Load | TroubleKind::Code);
    let found: Vec<&Trouble> = troubles(state, server).iter().filter(own).collect();
    let services = services(server, measured, &state.preferences.thresholds);
    let worst = found
        .first()
        .map_or(if services.is_empty() { Severity::Idle } else { Severity::Ok }, |trouble| trouble.severity);
    let mut pieces = vec![glyph(worst)];
    for (n, trouble) in found.iter().take(TROUBLES).enumerate() {
        if n > 0 {
            pieces.push(Piece::new(" · ", Scope::TextDim));
        }
        pieces.push(Piece::new(trouble.short.as_str(), said(trouble.severity)));
        if let (Some(since), TroubleKind::Unreachable) = (trouble.since, trouble.kind) {
            pieces.push(Piece::new(format!(" {}", age::since(since.at, state.now)), Scope::TextDim));
        }
    }
    let more = found.len().saturating_sub(TROUBLES);
    if more > 0 {
        pieces.push(Piece::new(format!(" · {more} more"), Scope::TextDim));
    }
    let unreached = measured.unreachable.is_some() || measured.host_key.is_some();
    if found.is_empty() && services.is_empty() {
        let words = if state.past.is_some() { "not recorded" } else { "nothing measured yet" };
        pieces.push(Piece::new(words, Scope::TextDim));
    } else if !unreached && !services.is_empty() {
        let gap = if found.is_empty() { "" } else { "  " };
        let scope = if found.is_empty() { Scope::Text } else { Scope::TextDim };
        pieces.push(Piece::new(format!("{gap}{}", services.join("  ")), scope));
    }
    let rank = Severity::ALL.iter().position(|s| *s == worst).unwrap_or(0);
    let words: String = pieces.iter().map(|piece| piece.text.as_str()).collect();
    Cell { pieces, key: SortKey::Text(format!("{rank}{words}")) }
}

/// A unit's name as people say it; the names of scaffolding say nothing.
fn spoken(name: &str) -> Option<&str> {
    match name {
        "rabbitmq-server" => Some("rabbit"),
        "redis-server" | "redis" => Some("redis"),
        "pgbouncer" => Some("pgb"),
        "stunnel4" | "stunnel" | "supervisor" | "supervisord" | "postgresql" | "ssh" | "sshd" | "cron"
        | "chrony" | "chronyd" | "ntp" | "ntpsec" | "systemd-timesyncd" | "rsyslog" => None,
        name if name.starts_with("stunnel@") || name.starts_with("postgresql@") => None,
        name => Some(name),
    }
}

/// What runs, in a few words.
fn services(server: &Server, measured: &Measured, limits: &Thresholds) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    let mut add = |name: String| {
        if names.len() < SERVICES && !names.contains(&name) {
            names.push(name);
        }
    };
    if let Some(postgres) = measured.postgres() {
        postgres_words(server, postgres, limits.lag_seconds).into_iter().for_each(&mut add);
    }
    let units = measured.units().into_iter().flat_map(|all| &all.units).filter(|unit| Unit::is_up(unit));
    units.filter_map(|unit| spoken(&unit.name)).map(words::name).for_each(&mut add);
    let celery = measured.celery();
    celery.into_iter().flat_map(celery_words).for_each(&mut add);
    let runs = |program: &&Program| program.state == "RUNNING";
    let programs = measured.supervisor().into_iter().flat_map(|all| &all.programs).filter(runs);
    for program in programs {
        let name = program.name.rsplit(['-', ':', '_']).next().unwrap_or(&program.name);
        let counted =
            celery.is_some_and(|c| c.workers.iter().any(|w| w.name.split('@').next() == Some(name)));
        if !counted {
            add(words::name(name));
        }
    }
    names
}

/// `15.6`, `61 conn`; of a replica `replay 0.1s`, where that is not said already.
fn postgres_words(server: &Server, postgres: &Postgres, lag: thresholds::Pair) -> Vec<String> {
    let mut said = vec![postgres.version.clone()];
    match &postgres.replica {
        Some(replica) if server.role.role == Role::DbReplica => {
            let told = |delay: &f64| *delay < lag.0;
            said.extend(
                replica.delay.filter(told).map(|delay| format!("replay {}", words::short_seconds(delay))),
            );
        }
        _ => said.push(format!("{} conn", postgres.connections.total())),
    }
    said
}

/// `main 2/10`: tasks that run, and how many could.
fn celery_words(celery: &Celery) -> Vec<String> {
    let words = celery.workers.iter().map(|worker| {
        let name = words::name(worker.name.split('@').next().unwrap_or(&worker.name));
        let slots = worker.slots.map_or("?".to_owned(), |slots| slots.to_string());
        format!("{name} {}/{slots}", worker.running.len())
    });
    words.collect()
}
