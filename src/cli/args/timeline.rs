//! What `timeline` takes.

use clap::Args;

/// What `timeline` takes.
#[derive(Args, Clone, Debug)]
#[command(
    after_help = "What the console has recorded while it was open, runs of this machine, findings, scaling activities, \
                  and what CloudWatch keeps. Where nobody looked, it says so."
)]
pub struct TimelineOptions {
    /// The environment
    pub environment: String,
    /// So many hours back; what is recorded is kept for 24
    #[arg(long, value_name = "N", default_value_t = 24, value_parser = clap::value_parser!(u32).range(1..=24))]
    pub hours: u32,
    /// As Markdown, for the post-mortem
    #[arg(long)]
    pub markdown: bool,
}
