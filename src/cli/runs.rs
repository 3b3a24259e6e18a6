//! `runs`: what was run, by whom, and what came of it.

use std::collections::BTreeSet;
use std::io::Write;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::args::{Globals, RunsCommand};
use super::columns::align;
use super::exec::{Prefix, put, runs_dir};
use super::exit::{Exit, Stop};
use super::operate::show::state;
use super::{paint, text};
use crate::engine::run::{Again, Story};
use crate::engine::store::{Began, OutputLine, Past, Unreadable, read_output};
use crate::engine::{RunId, Store, Verdict};
use crate::fleet::text::one_line;

/// The shape's version.
const VERSION: u32 = 1;

/// The longest command that the list shows.
const COMMAND: usize = 60;

/// Lists or shows.
pub(crate) fn run(globals: &Globals, command: &RunsCommand, out: &mut dyn Write) -> Result<Exit, Stop> {
    let store = Store::new(&runs_dir(globals)?, Arc::new(Timestamp::now));
    match command {
        RunsCommand::List => list(&store, globals.json, out)?,
        RunsCommand::Resume(_) | RunsCommand::Undo(_) => {
            return Err(Stop::Usage("A run is taken up again where its servers can be reached".into()));
        }
        RunsCommand::Export { id } => export(&store, &find(&store, id)?, out)?,
        RunsCommand::Show { id, output } => show(&store, &find(&store, id)?, *output, globals.json, out)?,
    }
    out.flush()?;
    Ok(Exit::Done)
}

/// The run of this id.
fn find(store: &Store, id: &str) -> Result<Past, Stop> {
    let known = || {
        let runs = store.runs().unwrap_or_default();
        let latest: Vec<String> = runs.iter().take(5).map(|run| run.began.id.to_string()).collect();
        latest.join(", ")
    };
    let absent = || {
        let known = known();
        let known = if known.is_empty() { "There are none yet.".into() } else { format!("Latest: {known}.") };
        Stop::Usage(format!("There is no run “{}”. {known}", one_line(id)))
    };
    let id = RunId::parse(id).ok_or_else(absent)?;
    match store.run(&id) {
        Ok(past) => Ok(past),
        Err(Unreadable::Absent(_)) => Err(absent()),
        Err(error) => Err(Stop::Failed(error.to_string())),
    }
}

/// The run's journal as it is: one record a line, nothing in it that is secret.
fn export(store: &Store, past: &Past, out: &mut dyn Write) -> Result<(), Stop> {
    let journal = store.record(&past.began.id).map_err(|error| Stop::Failed(error.to_string()))?;
    out.write_all(&journal)?;
    Ok(())
}

fn list(store: &Store, json: bool, out: &mut dyn Write) -> Result<(), Stop> {
    let runs = store.runs().map_err(|error| Stop::Failed(format!("{}: {error}", store.dir().display())))?;
    if json {
        return text::write_json(out, &runs.iter().map(document).collect::<Vec<_>>());
    }
    if runs.is_empty() {
        writeln!(out, "Nothing was run yet.")?;
        return Ok(());
    }
    // Environments of several fleets may have one name.
    let fleets: BTreeSet<_> = runs.iter().map(|past| past.began.fleet.as_deref()).collect();
    let place = |began: &Began| match &began.fleet {
        Some(fleet) if fleets.len() > 1 => one_line(&format!("{} ({fleet})", began.environment)),
        _ => one_line(&began.environment),
    };
    let rows: Vec<_> = runs
        .iter()
        .map(|past| {
            let began = &past.began;
            let done = past.ends.iter().filter(|end| end.verdict == Verdict::Done).count();
            let mut command = one_line(&began.command);
            if let Some((end, _)) = command.char_indices().nth(COMMAND) {
                command.truncate(end);
                command.push('…');
            }
            [
                began.id.to_string(),
                format!("{:.0}", began.at),
                one_line(&began.who),
                place(began),
                past.state.word().to_owned(),
                done_of(past, done),
                command,
            ]
        })
        .collect();
    for line in align(["RUN", "BEGAN", "WHO", "ENVIRONMENT", "STATE", "DONE", "COMMAND"], &rows) {
        writeln!(out, "{line}")?;
    }
    Ok(())
}

/// How much of it is done: servers of a command, steps of a plan.
fn done_of(past: &Past, done: usize) -> String {
    match &past.story {
        Some(story) => {
            let ended =
                story.steps.iter().filter(|step| step.ended.as_ref().is_some_and(|(_, end)| end.is_good()));
            format!("{}/{}", ended.count(), story.steps.len())
        }
        None => format!("{done}/{}", past.began.servers.len()),
    }
}

/// How it ended on each server, in the order of the request.
fn ends(past: &Past) -> Vec<(&'static str, String)> {
    let of = |server: usize| {
        if let Some(end) = past.ends.iter().find(|end| end.server == server) {
            return (end.verdict.word(), end.words.clone());
        }
        if let Some((_, why)) = past.skipped.iter().find(|(other, _)| *other == server) {
            return ("skipped", why.clone());
        }
        match (past.open.contains(&server), past.finished.is_none() && is_running(past)) {
            (true, true) => ("running", "it runs".into()),
            (true, false) => ("unknown", "it was asked, and nobody saw its end".into()),
            (false, true) => ("waiting", "it has not begun".into()),
            (false, false) => ("skipped", "it never began".into()),
        }
    };
    (0..past.began.servers.len()).map(of).collect()
}

fn is_running(past: &Past) -> bool {
    past.state == crate::engine::store::RunState::Running
}

fn document(past: &Past) -> Value {
    let began = &past.began;
    let servers =
        began.servers.iter().zip(ends(past)).enumerate().map(|(n, (server, (verdict, message)))| {
            let end = past.ends.iter().find(|end| end.server == n);
            json!({
                "id": server.instance, "name": server.name, "role": server.role, "address": server.address,
                "verdict": verdict, "message": message, "time": end.map(|end| end.at),
                "outcome": end.map(|end| &end.outcome), "code": end.and_then(|end| end.code),
                "ended": end.and_then(|end| end.ended), "lines": end.map(|end| end.lines),
                "stderr_lines": end.map(|end| end.errors), "bytes": end.map(|end| end.bytes),
                "digest": end.map(|end| &end.digest),
            })
        });
    json!({
        "version": VERSION, "id": began.id.as_str(), "kind": began.kind, "state": past.state.word(),
        "began": began.at, "finished": past.finished, "who": began.who, "environment": began.environment,
        "command": began.command, "sudo": began.sudo, "at_once": began.at_once,
        "stop_on_failure": began.stop_on_failure, "deadline_s": began.deadline,
        "fleet": began.fleet, "output_incomplete": past.unrecorded, "servers": servers.collect::<Vec<_>>(),
        "operation": past.story.as_ref().map(|story| operation(past, story)),
    })
}

/// A plan's run: each step with how it stands, and what is left.
fn operation(past: &Past, story: &Story) -> Value {
    let steps = story.each().map(|(step, told)| {
        json!({
            "step": step.id, "title": step.title, "target": step.target, "state": state(step, told),
            "began": told.began, "ended": told.ended.as_ref().map(|(at, _)| at),
            "why": told.ended.as_ref().and_then(|(_, end)| end.why()),
        })
    });
    json!({
        "plan": *story.plan, "steps": steps.collect::<Vec<_>>(), "left": story.left(),
        "stopped": story.turned.as_ref().map(|(_, why)| why), "can_be_undone": matches!(past.again(true), Again::Back(steps) if !steps.is_empty()),
    })
}

fn show(store: &Store, past: &Past, output: bool, json: bool, out: &mut dyn Write) -> Result<(), Stop> {
    let began = &past.began;
    if json {
        if !output {
            return text::write_json(out, &document(past));
        }
        let mut bytes = Vec::new();
        put(&document(past), &mut bytes);
        out.write_all(&bytes)?;
    } else {
        head(store, past, out)?;
    }
    if !output {
        return Ok(());
    }
    let names = began.servers.iter().map(|server| one_line(&server.name)).collect();
    let prefix = Prefix::new(names, paint().colours);
    for (n, server) in began.servers.iter().enumerate() {
        read_output(&store.output(&began.id, &server.instance), |OutputLine { at, stream, text }| {
            let mut bytes = Vec::new();
            if json {
                let line = json!({ "event": "line", "server": server.instance, "time": at, "stream": stream, "text": text });
                put(&line, &mut bytes);
            } else {
                prefix.line(n, stream, &text, &mut bytes);
            }
            out.write_all(&bytes)
        })?;
    }
    Ok(())
}

fn head(store: &Store, past: &Past, out: &mut dyn Write) -> Result<(), Stop> {
    let began = &past.began;
    let sudo = if began.sudo { " with sudo" } else { "" };
    writeln!(
        out,
        "{}  {}  {}  {}",
        began.id,
        past.state.word(),
        one_line(&began.environment),
        one_line(&began.who)
    )?;
    let took = past.finished.map(|end| format!(", took {:.1} s", end.duration_since(began.at).as_secs_f64()));
    let fleet = began.fleet.as_ref().map(|fleet| format!(" on {}", one_line(fleet)));
    writeln!(out, "began {:.0}{}{}{sudo}", began.at, fleet.unwrap_or_default(), took.unwrap_or_default())?;
    for line in began.command.lines() {
        writeln!(out, "$ {}", one_line(line))?;
    }
    if let Some(why) = &past.unrecorded {
        writeln!(out, "not all output is here: {}", one_line(why))?;
    }
    if let Some(story) = &past.story {
        writeln!(out)?;
        let end = past.finished.unwrap_or_else(|| store.now());
        for line in super::operate::show::run(story, end) {
            writeln!(out, "{line}")?;
        }
        writeln!(out, "\noutput: {}", store.dir().join(began.id.as_str()).display())?;
        return Ok(());
    }
    let rows: Vec<_> = began
        .servers
        .iter()
        .zip(ends(past))
        .enumerate()
        .map(|(n, (server, (verdict, message)))| {
            let end = past.ends.iter().find(|end| end.server == n);
            let lines = end.map_or_else(|| "–".to_owned(), |end| end.lines.to_string());
            [one_line(&server.name), server.instance.clone(), verdict.to_owned(), lines, one_line(&message)]
        })
        .collect();
    writeln!(out)?;
    for line in align(["SERVER", "INSTANCE", "END", "LINES", "IN WORDS"], &rows) {
        writeln!(out, "{line}")?;
    }
    writeln!(out, "\noutput: {}", store.dir().join(began.id.as_str()).display())?;
    Ok(())
}
