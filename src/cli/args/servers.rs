//! What is asked of servers on the command line: which ones, commands and logs.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;

use super::Confirmation;
use crate::logs::Level;

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

fn at_least_one(text: &str) -> Result<usize, String> {
    text.parse().ok().filter(|number| *number > 0).ok_or_else(|| "a number from 1 on is needed".into())
}

fn level(text: &str) -> Result<Level, String> {
    let words = Level::ALL.map(Level::word).join(", ");
    Level::of_word(text).ok_or_else(|| format!("known levels are {words}"))
}

/// `90s`, `10m`, `1h30m`.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let parsed = text.parse::<jiff::SignedDuration>().ok().and_then(|span| Duration::try_from(span).ok());
    let fits = |span: &Duration| !span.is_zero() && *span <= Duration::from_secs(7 * 24 * 3600);
    parsed.filter(fits).ok_or_else(|| "a time such as 90s, 10m or 1h30m is needed, at most 168h".into())
}

/// What `fetch-backup` takes.
#[derive(Args, Clone, Debug)]
pub struct FetchOptions {
    /// The environment
    pub environment: String,
    /// The backup's path on the server, as backup-database tells it
    pub backup: String,
    /// The database server, by its instance id, name or address; without it, the first that has the backup
    #[arg(long, value_name = "S")]
    pub server: Option<String>,
    /// The file that it becomes here; without it, one of the same name in this directory
    #[arg(long, value_name = "FILE")]
    pub to: Option<PathBuf>,
    #[command(flatten)]
    pub confirmation: Confirmation,
}
