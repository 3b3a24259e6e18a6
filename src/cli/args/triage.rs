//! What `triage` takes.

use std::time::Duration;

use clap::Args;

/// What `triage` takes.
#[derive(Args, Clone, Debug)]
#[command(
    after_help = "Exit codes: 0 nothing is down or wants a look, 1 something is or does, unless somebody has acknowledged it.\n\
                  What has not lasted long enough yet is listed as watched, and is no finding."
)]
pub struct TriageOptions {
    /// The environment
    pub environment: String,
    /// As it was then, from what consoles have recorded: 2h (ago), 03:12 or 03:12:40 (UTC), or a whole date and time
    #[arg(long, value_name = "TIME", value_parser = super::moment::parse, conflicts_with_all = ["acknowledge", "unacknowledge", "note"])]
    pub at: Option<super::moment::Moment>,
    /// Say that a finding was seen, by its name: it is quiet until it is over or gets worse
    #[arg(long, value_name = "FINDING")]
    pub acknowledge: Option<String>,
    /// Quiet for this long only: 30m, 2h
    #[arg(long = "for", value_name = "TIME", value_parser = super::servers::duration, requires = "acknowledge")]
    pub quiet_for: Option<Duration>,
    /// Take an acknowledgement back
    #[arg(long, value_name = "FINDING", conflicts_with = "acknowledge")]
    pub unacknowledge: Option<String>,
    /// Note something on a finding, by its name; with --words
    #[arg(long, value_name = "FINDING", requires = "words")]
    pub note: Option<String>,
    /// What is noted; nothing takes a note away
    #[arg(long, value_name = "TEXT", requires = "note")]
    pub words: Option<String>,
}
