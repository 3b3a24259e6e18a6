//! Commands that simulated servers know: a small table, honest about being one.

mod code;
mod database;
mod files;
mod packages;
mod plain;
mod services;
mod system;
mod words;

use super::server::Host;
use super::session::{Play, Step};
use crate::sandbox::read::View;
pub(super) use services::supervised;
use words::{Joint, Part};

/// Where a command runs.
pub(super) struct Scene<'a> {
    pub(super) view: View<'a>,
    pub(super) host: &'a Host,
    /// As whom.
    pub(super) user: &'a str,
}

type Steps = Box<dyn Iterator<Item = Step> + Send>;

/// What a command does with its arguments.
enum Run {
    /// It follows from the server as it is.
    Plain(fn(&Scene<'_>, &[String]) -> Steps),
    /// It looks into the world, or changes it.
    World(fn(&Scene<'_>, &[String]) -> rusqlite::Result<Steps>),
}

use Run::{Plain, World};

const TABLE: &[(&str, Run)] = &[
    ("apt-get", Plain(packages::apt)),
    ("cat", World(files::cat)),
    ("chronyc", Plain(system::chronyc)),
    ("date", Plain(system::date)),
    ("df", Plain(system::df)),
    ("du", Plain(system::du)),
    ("echo", Plain(plain::echo)),
    ("exit", Plain(plain::exit)),
    ("false", Plain(|_, _| steps([Step::Exit(1)]))),
    ("free", Plain(system::free)),
    ("git", Plain(code::git)),
    ("hostname", Plain(system::hostname)),
    ("journalctl", World(services::journalctl)),
    ("ls", World(files::ls)),
    ("pip", Plain(packages::pip)),
    ("ps", Plain(system::ps)),
    ("rabbitmqctl", World(services::rabbitmqctl)),
    ("redis-cli", World(database::redis_cli)),
    ("runuser", World(database::runuser)),
    ("seq", Plain(plain::seq)),
    ("sleep", Plain(plain::sleep)),
    ("supervisorctl", World(services::supervisorctl)),
    ("systemctl", World(services::systemctl)),
    ("tail", World(files::tail)),
    ("true", Plain(|_, _| steps([]))),
    ("uptime", World(system::uptime)),
    ("whoami", Plain(system::whoami)),
    ("yes", Plain(plain::yes)),
];

/// Steps that are known beforehand.
fn steps<const N: usize>(all: [Step; N]) -> Steps {
    Box::new(all.into_iter())
}

/// One text on standard output.
fn out(text: String) -> Steps {
    steps([Step::Out(text)])
}

/// A complaint and an exit code.
fn failed(text: String, code: u8) -> Steps {
    steps([Step::Err(text), Step::Exit(code)])
}

/// What a shell makes of a command line.
pub(super) fn play(view: View<'_>, host: &Host, line: &str, user: &str) -> rusqlite::Result<Play> {
    match words::split(line) {
        Ok(parts) => part(view, host, parts.into(), user, 0),
        Err(complaint) => {
            Ok(Play::of(failed(format!("sh: 1: {complaint} (this is a simulated server)\n"), 2)))
        }
    }
}

/// The first part that is to be run after this exit code, and then the rest.
fn part(
    view: View<'_>,
    host: &Host,
    mut rest: std::collections::VecDeque<Part>,
    user: &str,
    code: u8,
) -> rusqlite::Result<Play> {
    while let Some(Part { joint, words }) = rest.pop_front() {
        let wanted = match joint {
            Joint::Always => true,
            Joint::Success => code == 0,
            Joint::Failure => code != 0,
        };
        if !wanted {
            continue;
        }
        let play = Play::of(command(&Scene { view, host, user }, &words)?);
        if rest.is_empty() || words.first().is_some_and(|word| word == "exit") {
            return Ok(play);
        }
        let user = user.to_owned();
        return Ok(play.then(move |view, host, code| part(view, host, rest, &user, code)));
    }
    Ok(Play::of(steps([Step::Exit(code)])))
}

fn command(scene: &Scene<'_>, words: &[String]) -> rusqlite::Result<Steps> {
    let Some((name, arguments)) = words.split_first() else { return Ok(steps([])) };
    if name == "sudo" {
        let rest = arguments.iter().position(|word| !word.starts_with('-')).unwrap_or(arguments.len());
        return command(&Scene { user: "root", ..*scene }, &arguments[rest..]);
    }
    let word = name.rsplit('/').next().unwrap_or(name);
    match TABLE.iter().find(|(known, _)| *known == word) {
        Some((_, Plain(run))) => Ok(run(scene, arguments)),
        Some((_, World(run))) => run(scene, arguments),
        None => Ok(unknown(name)),
    }
}

fn unknown(name: &str) -> Steps {
    let all: Vec<&str> = TABLE.iter().map(|(known, _)| *known).collect();
    let all = all.join(", ");
    let text = format!("sh: 1: {name}: not found\nThis is a simulated server. It knows only: {all}.\n");
    failed(text, 127)
}
