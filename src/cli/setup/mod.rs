//! `quarterdeck setup`: leads from an empty directory to a config that can be used, or changes the one that is there.

mod facts;
mod keep;
mod world;
mod write;

use std::io::{self, BufRead as _, IsTerminal as _, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::args::Globals;
use super::exit::{Exit, Stop};
use super::{complain, console, place, runtime};
use crate::config::{self, ProblemSeverity};
use crate::console::runtime::setup;
use crate::console::terminal;
use crate::fleet::text::one_line;
use crate::setup::{Place, Wizard};

/// Asks until the files are written, then looks at what was made of them.
pub(crate) fn run(globals: &Globals) -> Result<Exit, Stop> {
    if globals.read_only {
        return Err(Stop::Refused("The setup writes files: leave out --read-only.".into()));
    }
    if globals.json {
        return Err(Stop::Usage("The setup asks questions on the screen, and prints no JSON.".into()));
    }
    if let Err(what) = terminal::check() {
        let why = format!(
            "{what} is not a terminal, and the setup asks questions on one; `quarterdeck config check` works without"
        );
        return Err(Stop::Usage(why));
    }
    let dir = project_dir(globals)?;
    let facts = facts::gather(globals, &dir)?;
    let log = super::log(globals);
    let runtime = runtime()?;
    let ended = runtime.block_on(async {
        let keeper = keep::Keeper::new(place::state_dir(globals), &dir);
        let kept = keeper.load();
        let (wizard, effects) = Wizard::new(facts, kept);
        let world = Arc::new(world::RealWorld::new(globals.clone(), dir.clone(), keeper));
        setup::run((wizard, effects), world, &console::places(globals)).await
    });
    runtime.shutdown_background();
    drop(log);
    let ended = ended.map_err(|error| console::of_console(&error))?;
    if let Some(why) = &ended.not_kept {
        complain(&format!("quarterdeck: the answers could not be kept: {}", one_line(why)));
    }
    if *ended.wizard.place() == Place::Written {
        return afterwards(globals, &ended.wizard);
    }
    let kept = !ended.wizard.ground().answers.is_empty() && ended.not_kept.is_none();
    let kept = if kept { " The answers are kept: `quarterdeck setup` goes on." } else { "" };
    println_out(&format!("Nothing was written.{kept}"))?;
    Ok(Exit::Done)
}

/// What is wrong with the files, and what comes next.
fn afterwards(globals: &Globals, wizard: &Wizard) -> Result<Exit, Stop> {
    let ground = wizard.ground();
    let plan = wizard.plan().cloned().unwrap_or_default();
    for file in plan.to_write() {
        println_out(&format!("{:<8} {}", file.change.word(), one_line(&file.path)))?;
    }
    for note in &plan.notes {
        println_out(&format!("note     {}", one_line(note)))?;
    }
    println_out("")?;
    let loaded = super::config::report(globals);
    let bad = loaded.problems.iter().filter(|problem| problem.severity != ProblemSeverity::Note).count();
    if bad == 0 {
        println_out("quarterdeck config check: no problems")?;
    } else {
        println_out(&format!("quarterdeck config check:\n{loaded}"))?;
    }
    let environments = ground.environments();
    let first = environments.iter().find(|name| !ground.is_production(name)).or(environments.first());
    let Some(environment) = first else { return Ok(Exit::Done) };
    if ground.facts.sandbox {
        println_out(
            "The ids in these files are made up: answer again without --sandbox before they are used.",
        )?;
        return Ok(Exit::Done);
    }
    println_out(&format!("\nquarterdeck doctor {environment}:"))?;
    match super::run_doctor(globals, environment.clone(), false) {
        // What does not exist yet is no failure of the setup.
        Ok(_) | Err(Stop::Closed) => {}
        Err(stop) => println_out(&format!("It could not look: {stop}"))?,
    }
    println_out(&format!(
        "\nNext, and nothing is made before you have seen it and said yes:\n  \
         `quarterdeck plan create-foundation {environment}`   security groups, key pair, load balancer\n  \
         `quarterdeck plan create-environment {environment}`  servers, release and group"
    ))?;
    Ok(Exit::Done)
}

fn println_out(text: &str) -> Result<(), Stop> {
    let mut out = io::stdout().lock();
    writeln!(out, "{text}")?;
    out.flush()?;
    Ok(())
}

/// The directory that the files go into.
fn project_dir(globals: &Globals) -> Result<PathBuf, Stop> {
    let dir = match &globals.config {
        None => PathBuf::from("."),
        Some(file) if file.file_name().is_some_and(|name| name == config::CONFIG_FILE) => {
            config::project_dir(file)
        }
        Some(file) => {
            return Err(Stop::Usage(format!(
                "The setup writes {}, and --config names {}: start it in the project's directory.",
                config::CONFIG_FILE,
                file.display()
            )));
        }
    };
    if dir.is_dir() { Ok(dir) } else { Err(Stop::Failed(format!("{} is no directory", dir.display()))) }
}

/// Whether somebody at a terminal, in a directory without a config, wants to be led through the setup.
pub(crate) fn is_wanted(globals: &Globals) -> bool {
    let here = globals.config.is_none() && !globals.sandbox && !globals.read_only && !globals.json;
    let missing = !Path::new(config::CONFIG_FILE).exists()
        && !Path::new(config::CONFIG_FILE).with_extension("yaml").exists();
    if !here || !missing || terminal::check().is_err() || !io::stderr().is_terminal() {
        return false;
    }
    let dir = std::env::current_dir().map_or_else(|_| ".".into(), |dir| dir.display().to_string());
    let asked = format!(
        "There is no {} in {}.\nSet a project up here, one question at a time? Nothing is written before you have \
         seen it. [y/N] ",
        config::CONFIG_FILE,
        one_line(&dir)
    );
    if io::stderr().write_all(asked.as_bytes()).and_then(|()| io::stderr().flush()).is_err() {
        return false;
    }
    let mut answer = String::new();
    let read = io::stdin().lock().read_line(&mut answer).is_ok();
    read && matches!(answer.trim().to_lowercase().as_str(), "y" | "yes")
}
