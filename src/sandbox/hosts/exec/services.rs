//! `systemctl`, `supervisorctl` and `journalctl`: they look at services, and change them in the world.

use rusqlite::params;

use super::{Scene, Steps, failed, out, steps};
use crate::sandbox::clock::timestamp;
use crate::sandbox::hosts::session::Step;
use crate::sandbox::hosts::truth::disk;
use crate::sandbox::hosts::truth::services::{self, Program, State, Unit};
use crate::sandbox::needs;
use crate::sandbox::rows::{Event, schedule};
use crate::sandbox::waves::{fraction, whole};

/// A service that somebody stops and starts takes so long, in milliseconds.
const TURN: i64 = 1_400;

/// Leaves a service up or down.
fn touch(scene: &Scene<'_>, name: &str, up: bool) -> rusqlite::Result<()> {
    scene
        .view
        .c
        .prepare_cached("INSERT OR REPLACE INTO units (instance, unit, up, since) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![scene.host.id, name, up, scene.view.now])?;
    // Others may work by it, or no longer.
    needs::recheck(scene.view.c, &scene.host.environment, scene.view.now)
}

/// Troubles that are over once a service was started anew.
const MENDED: &[(&str, &[&str])] = &[
    ("postgresql", &["connections-full", "long-transaction", "receiver-lost"]),
    ("rabbitmq-server", &["rabbit-alarm"]),
    ("redis-server", &["redis-full", "redis-limit"]),
    ("chrony", &["clock-off"]),
    ("nginx", &["check-401", "check-404"]),
    ("pgbouncer", &["pool-full"]),
];

/// Ends what a new start of this service ends.
fn mended(scene: &Scene<'_>, name: &str) -> rusqlite::Result<()> {
    let ended = MENDED.iter().filter(|(service, _)| name.starts_with(service) || name.ends_with(service));
    for kind in ended.flat_map(|(_, kinds)| *kinds) {
        if scene.host.trouble(kind).is_some() {
            end_troubles(scene, kind)?;
        }
    }
    Ok(())
}

/// The application works again, unless it has no room.
fn mend(scene: &Scene<'_>) -> rusqlite::Result<()> {
    if scene.host.trouble("unhealthy").is_none() || disk::is_full(&scene.view, scene.host) {
        return Ok(());
    }
    end_troubles(scene, "unhealthy")
}

pub(super) fn end_troubles(scene: &Scene<'_>, kind: &str) -> rusqlite::Result<()> {
    scene
        .view
        .c
        .prepare_cached("UPDATE troubles SET until = ?3 WHERE subject = ?1 AND kind = ?2 AND until IS NULL")?
        .execute(params![scene.host.id, kind, scene.view.now])?;
    needs::recheck(scene.view.c, &scene.host.environment, scene.view.now)?;
    schedule(scene.view.c, scene.view.now + 20_000, Event::Checked, &scene.host.id)
}

/// `rabbitmqctl set_vm_memory_high_watermark SHARE` alone: with more room its memory alarm is over.
pub(super) fn rabbitmqctl(scene: &Scene<'_>, arguments: &[String]) -> rusqlite::Result<Steps> {
    let Some(unit) = services::find(&scene.view, scene.host, "rabbitmq-server") else {
        return Ok(super::unknown("rabbitmqctl"));
    };
    let [verb, share] = arguments else {
        let text = "The simulated server knows only `rabbitmqctl set_vm_memory_high_watermark SHARE`.\n";
        return Ok(failed(text.to_owned(), 64));
    };
    let node = format!("rabbit@{}", scene.host.hostname());
    if !unit.up {
        let text = format!(
            "Error: unable to perform an operation on node '{node}'. Please see diagnostics information.\n"
        );
        return Ok(failed(text, 69));
    }
    if verb != "set_vm_memory_high_watermark" || !share.parse::<f64>().is_ok_and(|share| share > 0.0) {
        return Ok(failed(format!("Error (argument validation): not understood: {verb} {share}\n"), 64));
    }
    end_troubles(scene, "rabbit-alarm")?;
    Ok(out(format!("Setting memory threshold on {node} to {share} ...\n")))
}

pub(super) fn systemctl(scene: &Scene<'_>, arguments: &[String]) -> rusqlite::Result<Steps> {
    let words: Vec<&str> = arguments
        .iter()
        .map(String::as_str)
        .filter(|word| !word.starts_with("--") && *word != "-n")
        .collect();
    let Some((verb, names)) = words.split_first() else {
        let failing = services::units(&scene.view, scene.host);
        let lines: Vec<String> = failing.iter().map(listed).collect();
        return Ok(out(format!("  UNIT                       LOAD   ACTIVE   SUB\n{}", lines.concat())));
    };
    let mut found = Vec::new();
    for name in names {
        match services::find(&scene.view, scene.host, name) {
            Some(unit) => found.push(unit),
            None => return Ok(unknown(verb, name)),
        }
    }
    match *verb {
        "is-active" => {
            let words = found.iter().map(|unit| if unit.up { "active\n" } else { "inactive\n" }).collect();
            let code = if found.iter().all(|unit| unit.up) { 0 } else { 3 };
            Ok(steps([Step::Out(words), Step::Exit(code)]))
        }
        "list-units" => {
            let lines: Vec<String> = services::units(&scene.view, scene.host).iter().map(listed).collect();
            Ok(out(lines.concat()))
        }
        "status" => {
            let pages: Vec<String> = found.iter().map(|unit| status(scene, unit)).collect();
            let code = if found.iter().all(|unit| unit.up) { 0 } else { 3 };
            Ok(steps([Step::Out(pages.join("\n")), Step::Exit(code)]))
        }
        "restart" | "start" | "stop" | "reload" => change(scene, verb, &found),
        _ => Ok(failed(
            format!(
                "systemctl: the simulated server knows only is-active, list-units, reload, restart, start, status and stop, not {verb}\n"
            ),
            1,
        )),
    }
}

fn unknown(verb: &str, name: &str) -> Steps {
    match verb {
        "is-active" => steps([Step::Out("inactive\n".to_owned()), Step::Exit(4)]),
        "status" => failed(format!("Unit {name}.service could not be found.\n"), 4),
        _ => failed(format!("Failed to {verb} {name}.service: Unit {name}.service not found.\n"), 5),
    }
}

fn change(scene: &Scene<'_>, verb: &str, units: &[Unit]) -> rusqlite::Result<Steps> {
    if scene.user != "root" {
        let name = units.first().map_or("", |unit| unit.name);
        let text = format!(
            "Failed to {verb} {name}.service: Interactive authentication required.\nSee system logs and 'systemctl \
             status {name}.service' for details.\n"
        );
        return Ok(failed(text, 1));
    }
    for unit in units {
        match verb {
            "stop" if unit.up => touch(scene, unit.name, false)?,
            "start" if !unit.up => touch(scene, unit.name, true)?,
            "restart" => touch(scene, unit.name, true)?,
            _ => continue,
        }
        mended(scene, unit.name)?;
        if verb == "restart" && unit.name == "supervisor" {
            mend(scene)?;
        }
    }
    Ok(steps([Step::Wait(if verb == "reload" { 300 } else { TURN })]))
}

fn listed(unit: &Unit) -> String {
    let (active, sub) = if unit.up { ("active", "running") } else { ("inactive", "dead") };
    format!("  {:<26} loaded {active:<8} {sub}\n", format!("{}.service", unit.name))
}

/// `2 days ago`, as systemd says it.
fn ago(milliseconds: i64) -> String {
    let seconds = milliseconds.max(0) / 1_000;
    match (seconds / 86_400, seconds / 3_600, seconds / 60) {
        (0, 0, 0) => format!("{seconds}s ago"),
        (0, 0, minutes) => format!("{minutes}min {}s ago", seconds % 60),
        (0, hours, minutes) => format!("{hours}h {}min ago", minutes % 60),
        (1, ..) => "1 day ago".to_owned(),
        (days, ..) => format!("{days} days ago"),
    }
}

fn status(scene: &Scene<'_>, unit: &Unit) -> String {
    let since = timestamp(unit.since).strftime("%a %Y-%m-%d %H:%M:%S UTC").to_string();
    let (mark, active) = if unit.up {
        ("\x1b[0;1;32m●\x1b[0m", "\x1b[0;1;32mactive (running)\x1b[0m")
    } else {
        ("○", "inactive (dead)")
    };
    let age = ago(scene.view.now - unit.since);
    let process =
        if unit.up { format!("   Main PID: {} ({})\n", unit.pid, unit.name) } else { String::new() };
    format!(
        "{mark} {name}.service - {}\n     Loaded: loaded (/usr/lib/systemd/system/{name}.service; enabled; preset: \
         enabled)\n     Active: {active} since {since}; {age}\n{process}     CGroup: /system.slice/{name}.service\n",
        unit.description,
        name = unit.name,
    )
}

pub(super) fn supervisorctl(scene: &Scene<'_>, arguments: &[String]) -> rusqlite::Result<Steps> {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    if services::find(&scene.view, scene.host, "supervisor").is_none() {
        return Ok(super::unknown("supervisorctl"));
    }
    if scene.user != "root" {
        let text = "error: <class 'PermissionError'>, [Errno 13] Permission denied: file: /usr/lib/python3.12/socket.py line: 865\n";
        return Ok(failed(text.to_owned(), 1));
    }
    let Some(programs) = services::programs(&scene.view, scene.host) else {
        return Ok(failed("unix:///var/run/supervisor.sock no such file\n".to_owned(), 4));
    };
    let (verb, names) = words.split_first().map_or(("status", &[][..]), |(verb, names)| (*verb, names));
    let is_meant = |program: &&Program| {
        names.iter().any(|name| {
            *name == "all"
                || *name == program.full_name()
                || name.strip_suffix(":*").or_else(|| name.strip_suffix(':')) == Some(program.group.as_str())
        })
    };
    let meant: Vec<&Program> = programs.iter().filter(is_meant).collect();
    match verb {
        "status" => {
            let shown: Vec<&Program> = if names.is_empty() { programs.iter().collect() } else { meant };
            let lines: Vec<String> =
                shown.iter().map(|program| supervised(scene.view.now, program)).collect();
            let code = if shown.iter().all(|program| matches!(program.state, State::Running { .. })) {
                0
            } else {
                3
            };
            Ok(steps([Step::Out(lines.concat()), Step::Exit(code)]))
        }
        "start" | "stop" | "restart" if meant.is_empty() => {
            let name = names.first().copied().unwrap_or_default();
            Ok(failed(format!("{name}: ERROR (no such process)\n"), 1))
        }
        "start" | "stop" | "restart" => {
            let mut said = Vec::new();
            for program in meant {
                touch(scene, &format!("program {}", program.name), verb != "stop")?;
                let name = program.full_name();
                said.push(Step::Wait(TURN));
                if verb != "start" {
                    said.push(Step::Out(format!("{name}: stopped\n")));
                }
                if verb != "stop" {
                    said.push(Step::Wait(TURN));
                    said.push(Step::Out(format!("{name}: started\n")));
                }
                if verb == "restart" {
                    mended(scene, &program.name)?;
                }
                if verb == "restart" && program.name.ends_with("-server") {
                    mend(scene)?;
                }
            }
            Ok(Box::new(said.into_iter()))
        }
        _ => Ok(failed(
            format!(
                "supervisorctl: the simulated server knows only restart, start, status and stop, not {verb}\n"
            ),
            2,
        )),
    }
}

/// One line of `supervisorctl status`.
pub(in crate::sandbox) fn supervised(now: i64, program: &Program) -> String {
    let name = program.full_name();
    let seconds = (now - program.since).max(0) / 1_000;
    let (state, detail) = match program.state {
        State::Running { pid } => {
            let clock = format!("{}:{:02}:{:02}", seconds / 3_600 % 24, seconds / 60 % 60, seconds % 60);
            let days = match seconds / 86_400 {
                0 => String::new(),
                1 => "1 day, ".to_owned(),
                days => format!("{days} days, "),
            };
            ("RUNNING", format!("pid {pid}, uptime {days}{clock}"))
        }
        State::Starting => ("STARTING", String::new()),
        State::Backoff => ("BACKOFF", "Exited too quickly (process log may have details)".to_owned()),
        State::Stopped => ("STOPPED", timestamp(program.since).strftime("%b %d %I:%M %p").to_string()),
    };
    format!("{:<60}", format!("{name:<40} {state:<9} {detail}")).trim_end().to_owned() + "\n"
}

pub(super) fn journalctl(scene: &Scene<'_>, arguments: &[String]) -> rusqlite::Result<Steps> {
    if !arguments.iter().any(|word| word.starts_with("--vacuum-")) {
        return super::files::journal(scene, arguments);
    }
    if scene.user != "root" {
        return Ok(failed("Failed to vacuum /var/log/journal: Permission denied\n".to_owned(), 1));
    }
    let full = disk::mounts(&scene.view, scene.host).into_iter().find(|mount| mount.path == "/");
    let freed = scene.host.trouble("disk-full").map_or(0.1, |trouble| {
        let used = full.as_ref().map_or(0.0, |mount| fraction(mount.used.cast_signed(), 1 << 30));
        (used * (1.0 - trouble.amount)).max(0.1)
    });
    end_troubles(scene, "disk-full")?;
    end_troubles(scene, "unhealthy")?;
    let digits = scene.view.dice.hex(&format!("machine {}", scene.host.id), 0, 32);
    let files = whole(freed * 8.0).max(1);
    Ok(steps([
        Step::Wait(900),
        Step::Err(format!("Deleted {files} archived journals below /var/log/journal/{digits}.\n")),
        Step::Err(format!(
            "Vacuuming done, freed {freed:.1}G of archived journals from /var/log/journal/{digits}.\n"
        )),
    ]))
}
