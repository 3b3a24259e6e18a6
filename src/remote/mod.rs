//! The remote port: what the console asks of servers, in our own words.
//!
//! Adapter: [`openssh`], over the user's own `ssh`. The port is split: whoever only reads runs rows of a compiled
//! table and follows logs; commands, uploads, durable jobs and shells are changes, and with read-only nothing
//! that can make them is ever constructed. Everything a server prints comes through [`clean_text`]. Every call
//! ends, at the latest with its deadline, and what cannot be known is called unknown.

pub mod clean_text;
pub mod host_keys;
mod job;
pub mod openssh;
mod outcome;
mod request;
mod script;
mod target;

use async_trait::async_trait;
use jiff::Timestamp;

pub use job::{Canceller, Ending, Job, JobEnd, Line, Stream};
pub use outcome::{Ended, Outcome, Refusal, Signal};
pub use request::{Command, CommandLine, Content, DurableJob, Follow, Input, JobName, Seen, Upload};
pub use script::{SCRIPTS, Script, ScriptId};
pub use target::{BadTarget, Target};

use crate::probe::{HeldQuestion, Request};
use host_keys::{HostKey, Pin, Trust};

/// The reading half. Jobs begin at once and are tied: they end on the server when they are cancelled or dropped,
/// when the connection breaks, and with their deadline. To be called inside a Tokio runtime.
#[async_trait]
pub trait RemoteRead: Send + Sync {
    /// The clock that lines are stamped with.
    fn now(&self) -> Timestamp;

    /// Runs a row of the table.
    fn probe(&self, target: &Target, script: ScriptId) -> Job;

    /// Measures: runs a request's script. The lines are for [`Request::read`](crate::probe::Request::read).
    fn measure(&self, target: &Target, request: &Request) -> Job;

    /// Asks how secrets stand in the server's settings. The lines are for
    /// [`read_held`](crate::probe::read_held). Servers of which nobody knows that say so.
    fn held(&self, target: &Target, _: &HeldQuestion) -> Job {
        let (job, end) = Job::new();
        let detail = "it has no settings that could be read".to_owned();
        let outcome = Outcome::NotStarted(Refusal::Failed { server: target.to_string(), detail });
        end.end(Ending { outcome, started: None, at: self.now(), before: Vec::new() });
        job
    }

    /// Follows logs until it is cancelled. It has no deadline.
    fn follow(&self, target: &Target, logs: &Follow) -> Job;

    /// Reads a durable job's output from where it was left, up to its end. The job's outcome is the durable
    /// job's; [`Outcome::Lost`] says that nobody knows it: the connection broke (attach again), or the server
    /// lost the unit, as in a reboot. Cancelling leaves the durable job alone.
    fn attach(&self, target: &Target, name: &JobName, seen: Seen) -> Job;

    /// The host key that the server presents now, without logging in.
    ///
    /// # Errors
    /// When it cannot be reached.
    async fn presented_key(&self, target: &Target) -> Result<HostKey, Refusal>;

    /// The keys that are pinned for the server; none on first contact.
    ///
    /// # Errors
    /// When the store cannot be read.
    fn pins(&self, target: &Target) -> Result<Vec<Pin>, Refusal>;

    /// Pins the server's host key, on this machine. Nothing is changed on the server.
    ///
    /// # Errors
    /// [`Refusal::ChangedHostKey`] when other keys are pinned and `word` does not replace them; any other
    /// when the server cannot be asked or presents another key than the operator saw. Then nothing is pinned.
    async fn trust(&self, target: &Target, word: Trust) -> Result<Vec<Pin>, Refusal>;
}

/// The changing half.
#[async_trait]
pub trait RemoteChange: Send + Sync {
    /// Runs a command, tied.
    fn exec(&self, target: &Target, command: Command) -> Job;

    /// Writes a file. On exit code 1 the lines say why, and whatever was there before is still there.
    fn upload(&self, target: &Target, upload: Upload) -> Job;

    /// Starts a durable job; done with code 0 when it runs or was started before. [`RemoteRead::attach`] reads it.
    fn start(&self, target: &Target, job: DurableJob) -> Job;

    /// Stops a durable job with everything it started; done with code 0 when it is gone, also when it had
    /// ended before.
    fn stop(&self, target: &Target, name: &JobName) -> Job;

    /// Forgets a durable job that has ended: its output and its exit status.
    fn forget(&self, target: &Target, name: &JobName) -> Job;

    /// The command line of an interactive shell, on a connection of its own.
    fn shell(&self, target: &Target) -> CommandLine;
}
