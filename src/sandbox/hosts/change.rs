//! What changes servers of a world.

use std::time::Duration;

use async_trait::async_trait;

use super::server::Host;
use super::session::Play;
use super::{SandboxCloud, SandboxHosts, exec, kept, script};
use crate::remote::{
    Command, CommandLine, DurableJob, Job, JobName, Outcome, Refusal, RemoteChange, Target, Upload,
};
use crate::sandbox::read::View;

/// Short work on a durable job.
const SHORT: Duration = Duration::from_secs(60);

/// Who one logs in as, unless the target says otherwise.
const LOGIN: &str = "ubuntu";

/// The servers of a world, for whoever may change them.
#[derive(Clone, Debug)]
pub struct SandboxHostsChange {
    hosts: SandboxHosts,
}

impl SandboxCloud {
    /// The world's servers, to be changed.
    #[must_use]
    pub fn hosts_change(&self) -> SandboxHostsChange {
        SandboxHostsChange { hosts: self.hosts() }
    }
}

impl SandboxHostsChange {
    fn run<F>(&self, action: &'static str, target: &Target, deadline: Option<Duration>, play: F) -> Job
    where
        F: FnOnce(View<'_>, &Host) -> rusqlite::Result<Play> + Send + 'static,
    {
        let (job, session) = self.hosts.session(action, target, deadline);
        tokio::spawn(session.changing().run(play));
        job
    }
}

#[async_trait]
impl RemoteChange for SandboxHostsChange {
    fn exec(&self, target: &Target, command: Command) -> Job {
        let user = if command.sudo { "root" } else { target.user().unwrap_or(LOGIN) }.to_owned();
        let cloud = self.hosts.cloud.clone();
        self.run("host:exec", target, Some(command.deadline), move |view, host| {
            match script::words(&command.text) {
                Some(words) => Ok(script::play(cloud, view, host, words)),
                None => exec::play(view, host, &command.text, &user),
            }
        })
    }

    fn upload(&self, target: &Target, upload: Upload) -> Job {
        let server = target.to_string();
        let size = kept::size(&upload);
        self.run("host:upload", target, Some(upload.deadline), move |view, host| match size {
            Ok(size) => kept::upload(&view, host, &upload, size),
            Err(detail) => Ok(Play::ending(Outcome::NotStarted(Refusal::Failed { server, detail }))),
        })
    }

    fn start(&self, target: &Target, job: DurableJob) -> Job {
        let user = job.user.clone().or_else(|| target.user().map(ToOwned::to_owned));
        let user = user.unwrap_or_else(|| LOGIN.to_owned());
        let cloud = self.hosts.cloud.clone();
        self.run("host:start", target, Some(SHORT), move |view, host| {
            kept::start(&cloud, view, host, &job, &user)
        })
    }

    fn stop(&self, target: &Target, name: &JobName) -> Job {
        let (server, name) = (target.to_string(), name.clone());
        self.run("host:stop", target, Some(SHORT), move |view, host| kept::stop(&view, host, &server, &name))
    }

    fn forget(&self, target: &Target, name: &JobName) -> Job {
        let (server, name) = (target.to_string(), name.clone());
        self.run("host:forget", target, Some(SHORT), move |view, host| {
            kept::forget(&view, host, &server, &name)
        })
    }

    /// There is nothing to log in to: says so, and what to do in its place.
    fn shell(&self, target: &Target) -> CommandLine {
        let text = format!(
            "{} is simulated and has no shell. Press x in the console to run a command on it. Enter goes back.",
            target.instance()
        );
        let words = ["sh", "-c", "echo \"$0\"; read -r _", &text];
        CommandLine { words: words.map(ToOwned::to_owned).to_vec() }
    }
}
