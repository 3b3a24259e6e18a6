//! `drill`: practice incidents on a simulated fleet, and how they went.

use std::fs::OpenOptions;
use std::io::{IsTerminal, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;

use jiff::Timestamp;

use super::args::{DrillCommand, Globals};
use super::exec::runs_dir;
use super::exit::{Exit, Stop};
use super::{columns, complain, console, place, runtime};
use crate::cloud::CloudRead;
use crate::console::terminal;
use crate::drill::{self, DRILLS, Debrief, Deed, Doing, Drill, ENVIRONMENT};
use crate::engine::Store;
use crate::engine::store::{OPERATION, Past};
use crate::fleet::{EnvironmentName, Interest, Topology, Yardstick};
use crate::history::History;
use crate::refresh;
use crate::sandbox::{self, SandboxCloud};
use crate::timeline::{self, Thing};
use crate::triage::{Kind, Memory, Triage};

/// Lists drills, or plays one.
pub(crate) fn run(globals: &Globals, command: &DrillCommand, out: &mut dyn Write) -> Result<Exit, Stop> {
    match command {
        DrillCommand::List => list(globals.json, out),
        DrillCommand::Start { name } => start(globals, name, out),
    }
}

fn list(json: bool, out: &mut dyn Write) -> Result<Exit, Stop> {
    if json {
        let all: Vec<_> =
            DRILLS.iter().map(|d| serde_json::json!({"name": d.name, "page": d.page})).collect();
        super::text::write_json(out, &all)?;
        return Ok(Exit::Done);
    }
    // What is wrong is not told: that is to be found out.
    let rows: Vec<[String; 2]> =
        DRILLS.iter().map(|drill| [drill.name.to_owned(), drill.page.to_owned()]).collect();
    for line in columns::align(["DRILL", "THE PAGER SAYS"], &rows) {
        writeln!(out, "{line}")?;
    }
    Ok(Exit::Done)
}

/// A new world, in which something breaks as the console opens.
fn start(globals: &Globals, name: &str, out: &mut dyn Write) -> Result<Exit, Stop> {
    let Some(drill) = drill::find(name) else {
        let known: Vec<&str> = DRILLS.iter().map(|drill| drill.name).collect();
        return Err(Stop::Usage(super::text::no_such("drill", name, &known)));
    };
    if globals.json {
        return Err(Stop::Usage(
            "A drill is played on the screen: leave out --json; `drill list --json` prints them.".into(),
        ));
    }
    terminal::check()
        .map_err(|what| console::of_console(&crate::console::ConsoleError::NotATerminal(what)))?;
    let state = place::state_dir(globals).ok_or_else(|| {
        Stop::Failed("There is no home directory to keep the drill in; name a place with --state-dir".into())
    })?;
    let dir = state.join("drills").join(drill.name);
    if let Err(error) = std::fs::remove_dir_all(&dir)
        && error.kind() != std::io::ErrorKind::NotFound
    {
        return Err(Stop::Failed(format!("{} cannot be made anew: {error}", dir.display())));
    }
    let globals = Globals {
        state_dir: Some(dir.clone()),
        sandbox: true,
        scenario: Some("calm".into()),
        ..globals.clone()
    };
    let cloud = world(&globals, &dir)?;
    drill.begin(&cloud).map_err(|error| Stop::Failed(error.to_string()))?;
    let began_at = cloud.now();
    drop(cloud);
    complain(&format!("The pager says: {} ({ENVIRONMENT}, {began_at:.0})", drill.page));
    let globals = Globals { scenario: None, seed: None, speed: None, ..globals };
    let ended = console::run(&globals, false);
    let debrief = judged(&globals, &dir, drill, began_at)?;
    let mut text = String::new();
    for line in debrief.lines() {
        text.push_str(&line);
        text.push('\n');
    }
    out.write_all(text.as_bytes())?;
    note(&state.join("drills").join("results.jsonl"), &debrief);
    if std::io::stdout().is_terminal() {
        out.flush()?;
    }
    ended
}

fn world(globals: &Globals, dir: &Path) -> Result<SandboxCloud, Stop> {
    let options = sandbox::Options {
        state_dir: dir.to_owned(),
        seed: globals.seed,
        speed: globals.speed,
        scenario: Some(sandbox::Scenario::Calm),
        fresh: true,
    };
    sandbox::open(&options).map_err(|error| match error {
        sandbox::SandboxError::Speed { .. } => Stop::Usage(error.to_string()),
        _ => Stop::Failed(error.to_string()),
    })
}

/// Whether it is a finding of this kind.
fn is_cause(thing: &Thing, cause: Kind) -> bool {
    let kind = thing.name.split('/').next().unwrap_or_default();
    thing.kind == timeline::Kind::Finding && kind == cause.name()
}

/// What was done, from the records that the console has left.
fn judged(globals: &Globals, dir: &Path, drill: &Drill, began_at: Timestamp) -> Result<Debrief, Stop> {
    let options = sandbox::Options { state_dir: dir.to_owned(), ..sandbox::Options::default() };
    let cloud = sandbox::open(&options).map_err(|error| Stop::Failed(error.to_string()))?;
    let history = History::new(dir, cloud.endpoint(), &cloud.topology());
    let name: EnvironmentName = ENVIRONMENT.into();
    let memory = history.memory(&name).map_err(|error| Stop::Failed(error.to_string()))?;
    let entries = memory.entries().filter(|entry| entry.key.kind == drill.cause);
    let (mut seen_at, mut last) = (None, None);
    for entry in entries {
        seen_at = seen_at.into_iter().chain(entry.read_at).min();
        last = last.into_iter().chain(Some(entry.last)).max();
    }
    let clock = cloud.clone();
    let store = Store::new(&runs_dir(globals)?, Arc::new(move || clock.now()));
    let deeds: Vec<Deed> = store.runs().unwrap_or_default().iter().map(deed).collect();
    let now = runtime()?.block_on(look(globals, &cloud, &name));
    let still = now.findings.iter().any(|finding| finding.key.kind == drill.cause && !finding.clearing);
    // Recorded as it turned. Whoever leaves at once has seen no more than that it was no longer so after what was done.
    let over = history.recording(&name, began_at, cloud.now()).unwrap_or_default();
    let over = over.changes().filter(|change| change.to.is_none() && is_cause(&change.thing, drill.cause));
    let done = deeds.iter().map(|deed| deed.at).max();
    // What nobody has seen was not seen to end, either.
    let recovered = over
        .map(|change| change.at)
        .max()
        .or_else(|| last.map(|last| done.map_or(last, |done| last.max(done))));
    let recovered = recovered.filter(|_| !still);
    let held = [Kind::Suspended, Kind::Maintenance, Kind::HealthOverride, Kind::LeftBehind];
    let left = now
        .findings
        .iter()
        .filter(|finding| held.contains(&finding.key.kind) && finding.key.kind != drill.cause);
    let left = left.map(|finding| finding.title.clone()).collect();
    Ok(drill::debrief(drill, cloud.seed(), began_at, seen_at, &deeds, (recovered, left)))
}

fn deed(past: &Past) -> Deed {
    let began = &past.began;
    let doing = if began.kind == OPERATION {
        // `quarterdeck … apply NAME ENV …`
        let mut words = began.command.split_whitespace().skip_while(|word| *word != "apply");
        Doing::Operation(words.nth(1).unwrap_or(&began.command).to_owned())
    } else {
        Doing::Command(began.command.clone())
    };
    Deed { at: began.at, doing }
}

async fn look(globals: &Globals, cloud: &SandboxCloud, name: &EnvironmentName) -> Triage {
    let topology = Arc::new(Topology {
        environments: cloud.topology().environments.into_iter().filter(|e| e.name == *name).collect(),
        ..cloud.topology()
    });
    let interest = Interest { environments: [name.clone()].into(), ..Interest::default() };
    let reads: Arc<dyn CloudRead> = Arc::new(cloud.clone());
    let limits = refresh::Limits::ONCE;
    let snapshot =
        refresh::once_looking(reads, Some(Arc::new(cloud.hosts())), Arc::clone(&topology), limits, interest)
            .await;
    let thresholds = console::places(globals).preferences().0.thresholds;
    let yardstick = Yardstick { thresholds, speed: cloud.speed(), ..Yardstick::at(cloud.now()) };
    let Some(place) = topology.environments.first() else { return Triage::default() };
    // Without a memory everything is told that is so now, whether or not it has lasted.
    let mut triage = crate::triage::look(&snapshot, place, &yardstick, &mut Memory::default());
    triage.findings.append(&mut triage.watched);
    triage
}

/// Adds a line for a team to compare. A drill is worth something without it.
fn note(place: &Path, debrief: &Debrief) {
    let written = serde_json::to_string(debrief).map_err(std::io::Error::from).and_then(|line| {
        let mut file = OpenOptions::new().create(true).append(true).mode(0o600).open(place)?;
        writeln!(file, "{line}")
    });
    if let Err(error) = written {
        complain(&format!("quarterdeck: {} cannot be written: {error}", place.display()));
    }
}
