//! The command line: the same engine without the screen.

mod args;
mod certificates;
mod columns;
mod config;
mod console;
mod describe;
mod doctor;
mod drill;
mod exec;
mod exit;
mod fetch_backup;
mod log;
mod logs;
mod looks;
mod manual;
mod operate;
mod operation_options;
mod place;
mod recipes;
mod runs;
pub mod screenshots;
mod secrets;
mod servers;
mod setup;
mod signals;
mod ssh;
mod stream;
mod target;
mod text;
mod timeline;
mod triage;
mod trust;
mod whereabouts;

use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use clap::error::ErrorKind;

use crate::config::ProblemSeverity;
use crate::console::terminal;
use args::{Command, CommandLine, ConfigCommand, Globals, Headless, SecretsCommand};
use describe::Paint;
pub use exit::{Exit, Stop};

/// The program: reads the command line, does what it says, and gives the exit code.
#[must_use]
pub fn main() -> ExitCode {
    let line = match CommandLine::try_parse() {
        Ok(line) => line,
        Err(error) => {
            // Help and version go to standard output; a reader that has gone away is no failure.
            let _ = error.print();
            let good = matches!(error.kind(), ErrorKind::DisplayHelp | ErrorKind::DisplayVersion);
            return if good { Exit::Done } else { Exit::Usage }.into();
        }
    };
    match run(line) {
        Ok(exit) => exit.into(),
        Err(stop) => {
            if !matches!(stop, Stop::Closed | Stop::Ended) {
                complain(&format!("quarterdeck: {stop}"));
            }
            stop.exit().into()
        }
    }
}

/// A line on standard error; whether anybody reads it changes nothing, and a reader that has stalled must not
/// keep the program.
fn complain(text: &str) {
    terminal::say_within(text, Duration::from_secs(2));
}

fn run(line: CommandLine) -> Result<Exit, Stop> {
    let CommandLine { command, mut globals } = line;
    globals.sandbox |= matches!(command, Some(Command::Sandbox { .. } | Command::Drill(_)));
    check(&globals)?;
    let of_the_file = |c: &ConfigCommand| !matches!(c, ConfigCommand::Show { defaults: true });
    if globals.sandbox && matches!(&command, Some(Command::Headless(Headless::Config(c))) if of_the_file(c)) {
        return Err(Stop::Usage(
            "The sandbox has no config file: its fleet is made up, so there is nothing to check or show. Leave \
             out --sandbox to look at the project's config."
                .into(),
        ));
    }
    let command = match command {
        None if setup::is_wanted(&globals) => return setup::run(&globals),
        None => return open_console(&globals, false),
        Some(Command::Setup) => return setup::run(&globals),
        Some(Command::Drill(command)) => return drill::run(&globals, &command, &mut io::stdout()),
        Some(Command::Sandbox { fresh }) => return open_console(&globals, fresh),
        Some(Command::Headless(command)) => command,
    };
    // Not locked here: `describe` prints from another thread.
    let mut out = BufWriter::new(io::stdout());
    match command {
        Headless::Describe { environment, no_hosts } => {
            let thresholds = console::places(&globals).preferences().0.thresholds;
            let (hosts, json) = (!no_hosts, globals.json);
            let request = describe::Request { environment, hosts, json, paint: paint(), thresholds };
            on_target(&globals, async |target, text| {
                if let Some(why) = target.no_remote.as_ref().filter(|_| request.hosts) {
                    complain(&format!("quarterdeck: {why}"));
                }
                describe::run(target, &request, text).await
            })
        }
        Headless::Doctor { environment, all } => run_doctor(&globals, environment, all),
        Headless::Triage(options) => run_triage(&globals, options),
        Headless::Timeline(options) => run_timeline(&globals, options),
        Headless::Certificates { environment } => {
            let thresholds = console::places(&globals).preferences().0.thresholds;
            let request =
                certificates::Request { environment, json: globals.json, paint: paint(), thresholds };
            on_target(&globals, async |target, text| certificates::run(target, &request, text).await)
        }
        Headless::Trust { server, fingerprint, yes, replace } => {
            let words = console::words(&globals);
            let request =
                trust::Request { server, fingerprint, yes, replace, json: globals.json, globals: words };
            on_target(&globals, async |target, text| trust::run(target, &request, text).await)
        }
        Headless::Secrets(command) => run_secrets(&globals, command),
        Headless::Exec(options) => on_servers(&globals, |target| exec::run(&globals, target, &options)),
        Headless::FetchBackup(options) => {
            on_servers(&globals, |target| fetch_backup::run(&globals, target, &options))
        }
        Headless::Logs(options) => on_servers(&globals, |target| logs::run(&globals, target, &options)),
        Headless::Plan(options) => on_servers(&globals, |target| operate::plan(&globals, target, &options)),
        Headless::Apply(options) => on_servers(&globals, |target| operate::apply(&globals, target, &options)),
        Headless::Lock(command) => on_servers(&globals, |target| operate::lock(&globals, target, &command)),
        Headless::Runs(command) if operate::is_again(&command) => {
            on_servers(&globals, |target| operate::again(&globals, target, &command))
        }
        Headless::Runs(command) => runs::run(&globals, &command, &mut out),
        Headless::Config(ConfigCommand::Check) => config::check(&globals, &mut out),
        Headless::Config(ConfigCommand::Show { defaults: false }) => config::show(&globals, &mut out),
        Headless::Config(ConfigCommand::Show { defaults: true }) => config::show_defaults(&mut out),
        Headless::Keys => looks::keys(&globals, &mut out),
        Headless::Themes => looks::themes(&globals, &mut out),
        Headless::Completions { shell } => manual::completions(shell, &mut out),
        Headless::Man => manual::man(&mut out),
        Headless::Screenshots { out: directory } => screenshots(&directory, &mut out),
    }
}

fn run_doctor(globals: &Globals, environment: String, all: bool) -> Result<Exit, Stop> {
    let thresholds = console::places(globals).preferences().0.thresholds;
    let (json, utf8) = (globals.json, place::utf8_locale());
    let request = doctor::Request { environment, all, json, paint: paint(), utf8, thresholds };
    on_target(globals, async |target, text| doctor::run(globals, target, &request, text).await)
}

fn run_secrets(globals: &Globals, command: SecretsCommand) -> Result<Exit, Stop> {
    match command {
        SecretsCommand::Check { environment } => on_target(globals, async |target, text| {
            secrets::check(target, &environment, globals.json, text).await
        }),
        SecretsCommand::Pull(options) => {
            on_target(globals, async |target, text| secrets::pull(globals, target, &options, text).await)
        }
        SecretsCommand::Set { environment, secret } => {
            let runtime = runtime()?;
            let result = runtime.block_on(secrets::set(globals, &environment, &secret, &mut io::stdout()));
            // Whoever waits for a line of standard input holds nobody up.
            runtime.shutdown_background();
            result
        }
    }
}

fn run_triage(globals: &Globals, options: args::TriageOptions) -> Result<Exit, Stop> {
    let thresholds = console::places(globals).preferences().0.thresholds;
    let (json, utf8, words) = (globals.json, place::utf8_locale(), console::words(globals));
    let request = triage::Request { options, json, paint: paint(), utf8, thresholds, globals: words };
    on_target(globals, async |target, text| triage::run(globals, target, &request, text).await)
}

fn run_timeline(globals: &Globals, options: args::TimelineOptions) -> Result<Exit, Stop> {
    let thresholds = console::places(globals).preferences().0.thresholds;
    let (json, utf8, hide) = (globals.json, place::utf8_locale(), secrets::Hide::of(globals));
    let request = timeline::Request { options, json, paint: paint(), utf8, thresholds, hide };
    on_target(globals, async |target, text| timeline::run(globals, target, &request, text).await)
}

/// Standard output is not locked here: other threads must reach the terminal when something goes wrong.
fn open_console(globals: &Globals, fresh: bool) -> Result<Exit, Stop> {
    if globals.json {
        return Err(Stop::Usage("The console prints no JSON; `quarterdeck describe --json` does.".into()));
    }
    console::run(globals, fresh)
}

/// What the grammar alone cannot say.
fn check(globals: &Globals) -> Result<(), Stop> {
    if globals.sandbox {
        let given = [
            ("--config", globals.config.is_some()),
            ("--deployment", globals.deployment.is_some()),
            ("--profile", globals.profile.is_some()),
            ("--region", globals.region.is_some()),
            ("--endpoint-url", globals.endpoint_url.is_some()),
            ("--ssh-config", globals.ssh_config.is_some()),
            ("--user", globals.user.is_some()),
            ("--identity", globals.identity.is_some()),
        ];
        if let Some((option, _)) = given.into_iter().find(|(_, given)| *given) {
            return Err(Stop::Usage(format!(
                "{option} is for AWS and its servers, and the sandbox is a simulated fleet: leave out one of them."
            )));
        }
    } else {
        let given = [
            ("--scenario", globals.scenario.is_some()),
            ("--seed", globals.seed.is_some()),
            ("--speed", globals.speed.is_some()),
        ];
        if let Some((option, _)) = given.into_iter().find(|(_, given)| *given) {
            return Err(Stop::Usage(format!("{option} is for the simulated fleet: add --sandbox.")));
        }
    }
    Ok(())
}

/// Colours only for people: a terminal that has them, and nobody asked for none.
fn paint() -> Paint {
    let said_no = std::env::var_os("NO_COLOR").is_some_and(|v| !v.is_empty())
        || std::env::var_os("TERM").is_some_and(|t| t == "dumb");
    Paint { colours: io::stdout().is_terminal() && !said_no }
}

/// Two workers at most: one waits for answers while the other takes them in.
fn runtime() -> Result<tokio::runtime::Runtime, Stop> {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(|e| Stop::Failed(format!("Cannot start: the system gives no threads or timers ({e})")))
}

fn screenshots(directory: &Path, out: &mut dyn Write) -> Result<Exit, Stop> {
    let written = runtime()?.block_on(screenshots::write(directory));
    for file in written.map_err(|error| Stop::Failed(error.to_string()))? {
        writeln!(out, "{}", file.display())?;
    }
    Ok(Exit::Done)
}

fn log(globals: &Globals) -> log::Log {
    let level = std::env::var_os(log::VARIABLE);
    let level = level.as_ref().map(|l| l.to_string_lossy());
    let log = log::start(place::state_dir(globals).as_deref(), level.as_deref());
    let version = env!("CARGO_PKG_VERSION");
    tracing::info!(version, sandbox = globals.sandbox, read_only = globals.read_only, "started");
    log
}

/// Opens what the globals name, lets `command` work on it, and prints what it wrote.
fn on_target(
    globals: &Globals,
    command: impl AsyncFnOnce(target::Target, &mut Vec<u8>) -> Result<Exit, Stop>,
) -> Result<Exit, Stop> {
    let log = log(globals);
    for problem in &log.problems {
        complain(&format!("quarterdeck: {problem}"));
    }
    let runtime = runtime()?;
    let work = async {
        let target = target::open(globals, false).await?;
        let errors = target.problems.iter().filter(|p| p.severity == ProblemSeverity::Error).count();
        if errors > 0 {
            complain(&format!(
                "quarterdeck: errors in the config: {errors}; `quarterdeck config check` lists them"
            ));
        }
        let mut text = Vec::new();
        let exit = command(target, &mut text).await?;
        // A reader may stall for as long as it likes, and a signal must still be heard.
        let printed = tokio::task::spawn_blocking(move || print(&text)).await;
        printed.map_err(|e| Stop::Failed(format!("Cannot write the output: {e}")))??;
        Ok(exit)
    };
    let result = runtime.block_on(signals::unless_interrupted(work));
    // A call that hangs, a name look-up above all, must not hold the end back.
    runtime.shutdown_background();
    result
}

/// Runs what streams from servers. It listens to signals itself, once the target is known.
fn on_servers<W>(globals: &Globals, work: impl FnOnce(target::Target) -> W) -> Result<Exit, Stop>
where
    W: Future<Output = Result<Exit, Stop>>,
{
    let log = log(globals);
    for problem in &log.problems {
        complain(&format!("quarterdeck: {problem}"));
    }
    let runtime = runtime()?;
    let result = runtime.block_on(async {
        let target = Box::pin(signals::unless_interrupted(target::open(globals, false))).await?;
        work(target).await
    });
    runtime.shutdown_background();
    result
}

fn print(text: &[u8]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    out.write_all(text)?;
    out.flush()
}
