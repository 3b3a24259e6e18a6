//! Opens the console: on AWS, or on a simulated fleet.

use std::path::PathBuf;
use std::sync::Arc;

use super::args::Globals;
use super::exit::{Exit, Stop};
use super::target::{self, Target};
use super::{complain, log, operate, place, runtime};
use crate::config::{self, Intervals, Problem, ProblemSeverity};
use crate::console::runtime::{Clock, Places, PortsOf};
use crate::console::{self, ConsoleError, Setup, terminal};
use crate::refresh::{self, Pace};

/// Runs the console until the operator leaves.
pub(crate) fn run(globals: &Globals, fresh: bool) -> Result<Exit, Stop> {
    // Asked first: without a terminal nothing is made and nobody is called.
    terminal::check().map_err(|what| of_console(&ConsoleError::NotATerminal(what)))?;
    let log = super::log(globals);
    let runtime = runtime()?;
    let result = runtime.block_on(async {
        let target = target::open(globals, fresh).await?;
        let (setup, pace) = setup(globals, &target, &log);
        let hosts = target.remote.filter(|_| setup.preferences.ssh.measure);
        let handle = refresh::start(target.cloud, hosts, target.topology, pace);
        console::run(setup, handle).await.map_err(|error| of_console(&error))
    });
    runtime.shutdown_background();
    drop(log);
    result.map(|()| Exit::Done)
}

fn setup(globals: &Globals, target: &Target, log: &log::Log) -> (Setup, Pace) {
    let environments = target.topology.environments.iter().map(|e| e.name.clone()).collect();
    let places = Places { environments, ..places(globals) };
    let (preferences, more) = places.preferences();
    let mut problems = target.problems.clone();
    problems.retain(|problem| problem.severity != ProblemSeverity::Note);
    problems.extend(more);
    problems.extend(log.problems.iter().map(|what| Problem {
        severity: ProblemSeverity::Warning,
        file: place::state_dir(globals).map_or_else(PathBuf::new, |dir| dir.join("log")),
        line: 1,
        column: 1,
        what: what.clone(),
        suggestion: None,
    }));
    problems.extend(target.no_remote.iter().map(|what| Problem {
        severity: ProblemSeverity::Warning,
        file: place::state_dir(globals).unwrap_or_default(),
        line: 1,
        column: 1,
        what: what.clone(),
        suggestion: None,
    }));
    let Intervals { fast, normal, idle, metrics, hosts } = preferences.intervals;
    let cloud = Arc::clone(&target.cloud);
    let setup = Setup {
        topology: Arc::clone(&target.topology),
        endpoint: target.cloud.endpoint().clone(),
        clock: Clock { now: Arc::new(move || cloud.now()), speed: target.speed },
        preferences,
        remote: target.remote.clone(),
        change: target.change.clone(),
        ports: target.cloud_change.is_some().then(|| ports_of(target)),
        repo: operate::asking(target),
        templates: target.templates.clone(),
        secrets: target.templates.is_some().then(|| super::secrets::ways(target)),
        state_dir: place::state_dir(globals),
        runs: super::exec::store(globals, target).ok(),
        who: place::who(),
        read_only: globals.read_only,
        problems,
        places,
        globals: words(globals),
    };
    (setup, Pace { fast, normal, idle, metrics, hosts, ..Pace::default() })
}

/// What runs of plans read and change, environment by environment.
fn ports_of(target: &Target) -> PortsOf {
    let target = target.clone();
    Arc::new(move |place| operate::ports(&target, place).map_err(|stop| stop.to_string()))
}

/// Where preferences, keymaps and themes are: beside the config, and in the operator's own directory.
pub(crate) fn places(globals: &Globals) -> Places {
    let project = config::config_path(globals.config.as_deref(), std::path::Path::new("."));
    Places {
        project_dir: Some(config::project_dir(&project)),
        config_dir: config::user_dir(),
        environments: Vec::new(),
        ascii: !place::utf8_locale(),
    }
}

/// The global options that another command needs to look at the same fleet, with the same keys and records.
pub(crate) fn words(globals: &Globals) -> Vec<String> {
    let path = |path: &Option<PathBuf>| path.as_ref().map(|p| p.display().to_string());
    let mut words: Vec<String> = Vec::new();
    for (option, value) in [
        ("--config", path(&globals.config)),
        ("--deployment", globals.deployment.clone()),
        ("--profile", globals.profile.clone()),
        ("--region", globals.region.clone()),
        ("--endpoint-url", globals.endpoint_url.clone()),
        ("--ssh-config", path(&globals.ssh_config)),
        ("--user", globals.user.clone()),
        ("--identity", path(&globals.identity)),
        ("--state-dir", path(&globals.state_dir)),
    ] {
        words.extend(value.into_iter().flat_map(|value| [option.to_owned(), value]));
    }
    if globals.sandbox {
        words.push("--sandbox".into());
    }
    words
}

pub(super) fn of_console(error: &ConsoleError) -> Stop {
    match error.exit_code() {
        2 => Stop::Usage(error.to_string()),
        4 => {
            complain(&format!("quarterdeck: {error}"));
            Stop::Ended
        }
        _ => Stop::Failed(error.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::args::CommandLine;

    #[test]
    fn a_copied_command_looks_at_the_same_fleet() {
        let globals = |line: &[&str]| CommandLine::parse_from(line).globals;
        let line = ["quarterdeck", "--profile", "ops", "--region", "eu-west-1", "--state-dir", "/x"];
        assert_eq!(words(&globals(&line)), line[1..], "keys and records lie in the state directory");
        let line = ["quarterdeck", "--sandbox", "--state-dir", "/x", "--seed", "3"];
        assert_eq!(words(&globals(&line)), ["--state-dir", "/x", "--sandbox"]);
    }
}
