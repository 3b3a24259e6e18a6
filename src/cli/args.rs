//! The grammar of the command line.

use std::path::PathBuf;
use std::time::Duration;

use clap::builder::{PossibleValue, PossibleValuesParser};
use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;

use super::operation_options::OperationOptions;
use crate::logs::Level;
use crate::sandbox::Scenario;

/// The whole command line.
#[derive(Debug, Parser)]
#[command(
    name = "quarterdeck",
    version,
    about = "A full-screen console for the classic web stack on AWS",
    long_about = "A full-screen console for the classic web stack on AWS.\n\nWithout a command it opens the \
                  console on the FabulAWS project in the current directory.",
    after_help = "Exit codes: 0 done, 1 failed or problems found, 2 usage, 3 refused, 4 interrupted.",
    disable_help_subcommand = true
)]
pub struct CommandLine {
    /// What to do; the console when nothing is said.
    #[command(subcommand)]
    pub command: Option<Command>,
    /// Options of every command.
    #[command(flatten)]
    pub globals: Globals,
}

/// Options of every command.
#[derive(Args, Clone, Debug)]
#[command(next_help_heading = "Options everywhere")]
pub struct Globals {
    /// The project's config instead of fabulaws-config.yml in the current directory
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// The deployment instead of the config's default
    #[arg(long, global = true, value_name = "NAME")]
    pub deployment: Option<String>,
    /// The AWS profile, as for the AWS CLI
    #[arg(long, global = true, value_name = "P")]
    pub profile: Option<String>,
    /// The AWS region instead of the config's
    #[arg(long, global = true, value_name = "R")]
    pub region: Option<String>,
    /// Another address than AWS's own
    #[arg(long, global = true, value_name = "URL")]
    pub endpoint_url: Option<String>,
    /// ssh's own config file instead of ~/.ssh/config
    #[arg(long, global = true, value_name = "FILE")]
    pub ssh_config: Option<PathBuf>,
    /// Who logs in on servers, instead of whom ssh's config names
    #[arg(long, global = true, value_name = "U")]
    pub user: Option<String>,
    /// The private key to log in with, instead of the agent's and ssh's config's
    #[arg(long, global = true, value_name = "FILE")]
    pub identity: Option<PathBuf>,
    /// Look, change nothing
    #[arg(long, global = true)]
    pub read_only: bool,
    /// Where logs and sandbox worlds are kept, instead of the XDG state directory
    #[arg(long, global = true, value_name = "DIR")]
    pub state_dir: Option<PathBuf>,
    /// Print JSON
    #[arg(long, global = true)]
    pub json: bool,
    /// A simulated fleet instead of AWS
    #[arg(long, global = true)]
    pub sandbox: bool,
    /// What the simulated fleet is going through
    #[arg(long, global = true, value_name = "NAME", value_parser = scenarios())]
    pub scenario: Option<String>,
    /// Repeats a simulated fleet exactly
    #[arg(long, global = true, value_name = "N")]
    pub seed: Option<u64>,
    /// How fast simulated time goes
    #[arg(long, global = true, value_name = "X", allow_negative_numbers = true)]
    pub speed: Option<f64>,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Open the console on a simulated fleet
    Sandbox {
        /// Make a new world in place of the old one
        #[arg(long)]
        fresh: bool,
    },
    /// A command that prints and ends.
    #[command(flatten)]
    Headless(Headless),
}

/// What prints and ends.
#[derive(Debug, Subcommand)]
pub enum Headless {
    /// Print environments: servers, load balancers, groups, releases
    Describe {
        /// Only this environment
        environment: Option<String>,
        /// Ask AWS only, measure nothing on servers
        #[arg(long)]
        no_hosts: bool,
    },
    /// Pin a server's host key, after comparing its fingerprint
    Trust {
        /// Its instance id, the beginning of one, or its name
        server: String,
        /// The fingerprint that you know to be right; any other is refused
        #[arg(long, value_name = "SHA256:…")]
        fingerprint: Option<String>,
        /// Pin whatever the server presents now
        #[arg(long)]
        yes: bool,
        /// Pin it in the place of the keys that were pinned before
        #[arg(long)]
        replace: bool,
    },
    /// Print what an operation would do, and do nothing
    Plan(PlanOptions),
    /// Do an operation: plan it, and execute the plan once it is confirmed
    Apply(ApplyOptions),
    /// Run a command on servers
    Exec(ExecOptions),
    /// Print what servers log, merged by time
    Logs(LogsOptions),
    /// What was run, by whom, and what came of it
    #[command(subcommand)]
    Runs(RunsCommand),
    /// Who holds an environment's lock, and what a holder who is gone has left
    #[command(subcommand)]
    Lock(LockCommand),
    /// The project's config and the console's preferences
    #[command(subcommand)]
    Config(ConfigCommand),
    /// Print the console's keys
    Keys,
    /// Print the console's themes
    Themes,
    /// Print completions for a shell
    Completions {
        /// Which shell
        shell: Shell,
    },
    /// Print the manual page
    Man,
    /// Draw the documentation's pictures
    #[command(hide = true)]
    Screenshots {
        /// Where to
        #[arg(long, value_name = "DIR", default_value = "screenshots")]
        out: PathBuf,
    },
}

/// The scenarios by name, with what each is.
fn scenarios() -> PossibleValuesParser {
    Scenario::ALL.map(|s| PossibleValue::new(s.name()).help(s.summary())).into()
}

/// What to do with the config.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Subcommand)]
pub enum ConfigCommand {
    /// Report every problem at once
    Check,
    /// Print how the config and the preferences are understood
    Show {
        /// Print a commented quarterdeck.toml with every preference at its default instead
        #[arg(long)]
        defaults: bool,
    },
}

/// Which servers of an environment.
#[derive(Args, Clone, Debug)]
#[group(required = true, multiple = true)]
pub struct Choice {
    /// All servers of this role; may be given several times
    #[arg(long, value_name = "R")]
    pub role: Vec<String>,
    /// This server, by its instance id, name or address; may be given several times
    #[arg(long, value_name = "S")]
    pub server: Vec<String>,
    /// Every server of the environment
    #[arg(long, conflicts_with_all = ["role", "server"])]
    pub all: bool,
}

/// That it is meant.
#[derive(Args, Clone, Debug)]
pub struct Confirmation {
    /// The environment's name once more: production is not touched without it
    #[arg(long, value_name = "ENV")]
    pub confirm: Option<String>,
    /// Go on without asking, as far as that is allowed: production wants --confirm
    #[arg(long)]
    pub yes: bool,
}

/// What `exec` takes.
#[derive(Args, Clone, Debug)]
#[command(
    after_help = "One word after -- is a line for the login user's shell, as it stands: -- 'cd /tmp && ls *.log'\n\
                  Several words are one command, and arrive as they are: -- ls -l 'my file'\n\
                  The command is kept in the history and stands on the servers' process lists: no secrets in it."
)]
#[allow(clippy::struct_excessive_bools, reason = "each is an option of its own")]
pub struct ExecOptions {
    /// The environment
    pub environment: String,
    /// Which servers.
    #[command(flatten)]
    pub choice: Choice,
    /// Through sudo -n
    #[arg(long)]
    pub sudo: bool,
    /// So many servers at a time, instead of all at once
    #[arg(long, value_name = "N", value_parser = at_least_one, conflicts_with = "serial")]
    pub limit: Option<usize>,
    /// One server after another
    #[arg(long)]
    pub serial: bool,
    /// Once it did not end well on one server, begin on no other
    #[arg(long)]
    pub stop_on_failure: bool,
    /// How long it may take on each server; then it is ended there
    #[arg(long, value_name = "TIME", default_value = "10m", value_parser = duration)]
    pub timeout: Duration,
    /// Print equal output once, in the end
    #[arg(long, conflicts_with = "json")]
    pub group: bool,
    /// That it is meant.
    #[command(flatten)]
    pub confirmation: Confirmation,
    /// The command
    #[arg(last = true, required = true, value_name = "COMMAND")]
    pub command: Vec<String>,
}

/// What `logs` takes.
#[derive(Args, Clone, Debug)]
pub struct LogsOptions {
    /// The environment
    pub environment: String,
    /// Of all servers of this role; may be given several times. Without it and --server: of every server
    #[arg(long, value_name = "R")]
    pub role: Vec<String>,
    /// Of this server, by its instance id, name or address; may be given several times
    #[arg(long, value_name = "S")]
    pub server: Vec<String>,
    /// This log or family of logs (nginx, celery-main, …); may be given several times. Without it: the usual ones
    #[arg(long, value_name = "NAME")]
    pub log: Vec<String>,
    /// Go on with what comes
    #[arg(long, short)]
    pub follow: bool,
    /// So many lines of the past of each log
    #[arg(long, short = 'n', value_name = "N", value_parser = clap::value_parser!(u32).range(0..=100_000))]
    pub lines: Option<u32>,
    /// Only what is not older
    #[arg(long, value_name = "TIME", value_parser = duration)]
    pub since: Option<Duration>,
    /// At least so serious: debug, info, warning, error, critical
    #[arg(long, value_name = "LEVEL", value_parser = level)]
    pub level: Option<Level>,
    /// Only lines with this text; without a capital letter, capitals make no difference
    #[arg(long, value_name = "TEXT")]
    pub grep: Option<String>,
    /// Not through sudo -n: only logs that the login user may read
    #[arg(long)]
    pub no_sudo: bool,
}

impl LogsOptions {
    /// Whose logs.
    #[must_use]
    pub fn choice(&self) -> Choice {
        let all = self.role.is_empty() && self.server.is_empty();
        Choice { role: self.role.clone(), server: self.server.clone(), all }
    }
}

/// Which operation, where, and how.
#[derive(Args, Clone, Debug)]
#[command(after_help = super::operation_options::table())]
pub struct PlanOptions {
    /// The operation, such as deploy-serial
    pub operation: String,
    /// The environment
    pub environment: String,
    /// What the operation is told.
    #[command(flatten)]
    pub options: OperationOptions,
}

/// What is done, and that it is meant.
#[derive(Args, Clone, Debug)]
pub struct ApplyOptions {
    /// Which operation, where, and how.
    #[command(flatten)]
    pub plan: PlanOptions,
    /// That it is meant.
    #[command(flatten)]
    pub confirmation: Confirmation,
    /// Take the lock from whoever holds it under this number: they change nothing more
    #[arg(long, value_name = "N")]
    pub take_over: Option<u64>,
    /// Go on without a lock: nobody else is at work, you say
    #[arg(long, conflicts_with = "take_over")]
    pub without_lock: bool,
}

/// Which run is taken up again.
#[derive(Args, Clone, Debug)]
pub struct AgainOptions {
    /// Its id, such as 2026-11-22-0007
    pub id: String,
    /// That it is meant.
    #[command(flatten)]
    pub confirmation: Confirmation,
    /// Take the lock from whoever holds it under this number: they change nothing more
    #[arg(long, value_name = "N")]
    pub take_over: Option<u64>,
    /// Go on without a lock: nobody else is at work, you say
    #[arg(long, conflicts_with = "take_over")]
    pub without_lock: bool,
}

/// What to do about a lock.
#[derive(Clone, Debug, Subcommand)]
pub enum LockCommand {
    /// Who holds it, since when, for what, and what is to be put back
    Show {
        /// The environment
        environment: String,
    },
    /// Take the lock over and put back what its holder changed for the time being
    PutBack {
        /// The environment
        environment: String,
        /// The number of the lock that is taken over
        #[arg(long, value_name = "N")]
        take_over: u64,
        /// That it is meant.
        #[command(flatten)]
        confirmation: Confirmation,
    },
}

/// What to do with the history.
#[derive(Clone, Debug, Subcommand)]
pub enum RunsCommand {
    /// Every run that is kept, latest first
    List,
    /// One run: what was asked for, and how it ended on each server
    Show {
        /// Its id, such as 2026-11-22-0007
        id: String,
        /// And everything that the servers printed
        #[arg(long)]
        output: bool,
    },
    /// Take up a run of a plan that was interrupted
    Resume(AgainOptions),
    /// Take a run of a plan back, as far as that is possible
    Undo(AgainOptions),
    /// Print a run's whole journal
    Export {
        /// Its id, such as 2026-11-22-0007
        id: String,
    },
}

fn at_least_one(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|number| *number > 0).ok_or_else(|| "a number from 1 on is needed".into())
}

fn level(text: &str) -> Result<Level, String> {
    let words = Level::ALL.map(Level::word).join(", ");
    Level::of_word(text).ok_or_else(|| format!("known levels are {words}"))
}

/// `90s`, `10m`, `1h30m`.
fn duration(text: &str) -> Result<Duration, String> {
    let parsed = text.parse::<jiff::SignedDuration>().ok().and_then(|span| Duration::try_from(span).ok());
    let fits = |span: &Duration| !span.is_zero() && *span <= Duration::from_secs(7 * 24 * 3600);
    parsed.filter(fits).ok_or_else(|| "a time such as 90s, 10m or 1h30m is needed, at most 168h".into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn the_grammar_is_sound() {
        CommandLine::command().debug_assert();
    }

    #[test]
    fn options_everywhere_stand_before_or_after_the_command() {
        for line in [["quarterdeck", "--json", "describe"], ["quarterdeck", "describe", "--json"]] {
            assert!(CommandLine::parse_from(line).globals.json);
        }
    }

    #[test]
    fn exec_wants_servers_and_a_command_after_two_dashes() {
        let parse = |line: &str| CommandLine::try_parse_from(line.split(' '));
        for good in [
            "q exec staging --role web --role worker -- uptime",
            "q exec staging --server i-1 --serial --stop-on-failure -- ls -l --all",
            "q exec staging --all --limit 3 --timeout 90s --sudo --json -- true",
        ] {
            assert!(parse(good).is_ok(), "{good}");
        }
        for bad in [
            "q exec staging -- uptime",
            "q exec staging --all",
            "q exec staging --all uptime",
            "q exec staging --all --role web -- x",
            "q exec staging --all --serial --limit 2 -- x",
            "q exec staging --all --limit 0 -- x",
            "q exec staging --all --timeout 0s -- x",
            "q exec staging --all --timeout soon -- x",
            "q logs staging --level loud",
        ] {
            assert!(parse(bad).is_err(), "{bad}");
        }
        let Ok(CommandLine { command: Some(Command::Headless(Headless::Exec(options))), .. }) =
            parse("q exec staging --all -- ls --all")
        else {
            panic!()
        };
        assert_eq!(
            (options.command, options.timeout),
            (vec!["ls".into(), "--all".into()], Duration::from_secs(600))
        );
    }
}
