//! The servers of a world behind the remote port.
//!
//! What a server says is a pure function of the world's seed, its rows and the simulated time, so that two consoles
//! that look at once see the same and a run repeats with its seed. Only changes are written. Where things are:
//! `server` reads the rows, `truth` says how a server fares, `print` puts that into the words of the tools that
//! probes run, `session` plays it out over simulated time.

mod change;
pub(super) mod console;
pub(super) mod effect;
mod exec;
mod kept;
mod logs;
mod output;
mod print;
mod script;
mod server;
mod session;
mod truth;

pub use change::SandboxHostsChange;

use std::time::Duration;

use async_trait::async_trait;
use jiff::Timestamp;

use super::SandboxCloud;
use super::read::View;
use crate::cloud::CloudError;
use crate::probe::Request;
use crate::remote::host_keys::{HostKey, Origin, Pin, Trust};
use crate::remote::{Follow, Job, JobName, Refusal, RemoteRead, ScriptId, Seen, Target};
use server::Host;
use session::{Play, Session};

/// The code on a server.
pub(super) fn changeset(view: &View<'_>, id: &str) -> rusqlite::Result<Option<String>> {
    Ok(server::host(view, id)?.and_then(|host| host.changeset))
}

/// The servers of a world, for whoever only reads.
#[derive(Clone, Debug)]
pub struct SandboxHosts {
    cloud: SandboxCloud,
}

impl SandboxCloud {
    /// The world's servers, to be read.
    #[must_use]
    pub fn hosts(&self) -> SandboxHosts {
        SandboxHosts { cloud: self.clone() }
    }
}

impl SandboxHosts {
    /// Starts a job: the server is reached, and then `play` says what happens on it.
    fn run<F>(&self, action: &'static str, target: &Target, deadline: Option<Duration>, play: F) -> Job
    where
        F: FnOnce(super::read::View<'_>, &Host) -> rusqlite::Result<Play> + Send + 'static,
    {
        let (job, session) = self.session(action, target, deadline);
        tokio::spawn(session.run(play));
        job
    }

    fn key(&self, target: &Target) -> HostKey {
        server::host_key(self.cloud.dice(), target.instance().as_str())
    }

    fn session(&self, action: &'static str, target: &Target, deadline: Option<Duration>) -> (Job, Session) {
        let (job, end) = Job::new();
        (job, Session::new(&self.cloud, action, target, deadline, end))
    }
}

/// What the world could not tell, as a refusal.
fn refused(server: String, error: &CloudError) -> Refusal {
    Refusal::Failed { server, detail: error.to_string() }
}

#[async_trait]
impl RemoteRead for SandboxHosts {
    fn now(&self) -> Timestamp {
        self.cloud.time()
    }

    fn probe(&self, target: &Target, script: ScriptId) -> Job {
        self.run("host:probe", target, Some(script.script().deadline), move |view, host| {
            Ok(Play::of(print::script(&view, host, script)))
        })
    }

    fn measure(&self, target: &Target, request: &Request) -> Job {
        let request = request.clone();
        self.run("host:measure", target, Some(request.deadline()), move |view, host| {
            Ok(Play::of(print::request(&view, host, &request)?))
        })
    }

    fn follow(&self, target: &Target, follow: &Follow) -> Job {
        let (follow, step) = (follow.clone(), logs::step(self.cloud.anchor_speed()));
        self.run("host:follow", target, None, move |view, host| logs::follow(view, host, &follow, step))
    }

    fn attach(&self, target: &Target, name: &JobName, seen: Seen) -> Job {
        let (server, name) = (target.to_string(), name.clone());
        self.run("host:attach", target, None, move |view, host| {
            kept::attach(view, host, &server, &name, seen)
        })
    }

    async fn presented_key(&self, target: &Target) -> Result<HostKey, Refusal> {
        let (_job, session) = self.session("host:key", target, None);
        session.reach().await?;
        Ok(self.key(target))
    }

    /// A simulated server's key is known from its console, for as long as it lives.
    fn pins(&self, target: &Target) -> Result<Vec<Pin>, Refusal> {
        Ok(vec![Pin { key: self.key(target), origin: Origin::Console, at: None }])
    }

    async fn trust(&self, target: &Target, word: Trust) -> Result<Vec<Pin>, Refusal> {
        let presented = self.presented_key(target).await?;
        let pinned = match word {
            Trust::Console(keys) if keys.contains(&presented) => return self.pins(target),
            Trust::Operator(seen) | Trust::Replace(seen) if is_seen(&seen, &presented) => {
                return self.pins(target);
            }
            Trust::Console(keys) => keys,
            Trust::Operator(_) | Trust::Replace(_) => vec![self.key(target)],
        };
        let presented = Some(presented);
        Err(Refusal::ChangedHostKey { server: target.to_string(), pinned, presented })
    }
}

/// Whether a fingerprint, with or without its type, is the key's.
fn is_seen(seen: &str, key: &HostKey) -> bool {
    seen.split(' ').next_back() == Some(key.fingerprint().as_str())
}
