//! The grammar of the command line.

mod moment;
mod runs;
mod secrets;
mod servers;
mod timeline;
mod triage;

use std::path::PathBuf;

use clap::builder::{PossibleValue, PossibleValuesParser};
use clap::{Args, Parser, Subcommand};
use clap_complete::Shell;

pub use runs::{AgainOptions, ApplyOptions, Confirmation, LockCommand, PlanOptions, RunsCommand};
pub use secrets::{PullOptions, SecretsCommand};
pub use servers::{Choice, ExecOptions, FetchOptions, LogsOptions};
pub use timeline::TimelineOptions;
pub use triage::TriageOptions;

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
    /// Practice incidents on a simulated fleet
    #[command(subcommand)]
    Drill(DrillCommand),
    /// Set a project up, or change its config, one question at a time
    Setup,
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
    /// Check every precondition for running an environment, with the cure of what is not good
    Doctor {
        /// The environment
        environment: String,
        /// List what is good, too
        #[arg(long)]
        all: bool,
    },
    /// Print what is wrong, why, and what is safe to do about it
    Triage(TriageOptions),
    /// Print what happened: findings, runs, deploys, scaling activities, what turned
    Timeline(TimelineOptions),
    /// List the certificates that load balancers can serve: names, days left, and who serves them
    Certificates {
        /// Only those that this environment serves or could serve
        environment: Option<String>,
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
    /// Secrets here and on servers: tell them apart, fetch them, write them into their file
    #[command(subcommand)]
    Secrets(SecretsCommand),
    /// Print what an operation would do, and do nothing
    Plan(PlanOptions),
    /// Do an operation: plan it, and execute the plan once it is confirmed
    Apply(ApplyOptions),
    /// Run a command on servers
    Exec(ExecOptions),
    /// Bring a backup of the database into a file here, for a database of one's own
    FetchBackup(FetchOptions),
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

/// What to do with drills.
#[derive(Clone, Debug, PartialEq, Eq, Subcommand)]
pub enum DrillCommand {
    /// List the drills by what the pager says; --json
    List,
    /// Play one: the console opens on an incident, and its end tells how it went
    Start {
        /// Its name
        name: String,
    },
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

#[cfg(test)]
mod tests {
    use std::time::Duration;

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
