//! The way to simulated servers, with another answer for some commands.

use crate::remote::{
    Command, CommandLine, DurableJob, Ending, Job, JobName, Outcome, Refusal, RemoteChange, Target, Upload,
};
use crate::sandbox::SandboxHostsChange;

/// Says instead of the server how a command, or the start of a job, goes; none: the server does.
pub(super) type Instead = Box<dyn Fn(&Target, Option<&Command>) -> Option<Job> + Send + Sync>;

/// Is told the script of every job that is started.
pub(super) type Started = Box<dyn Fn(&str) + Send + Sync>;

/// Hands everything on but commands that somebody else answers.
pub(super) struct Relay {
    pub(super) act: SandboxHostsChange,
    pub(super) instead: Instead,
    pub(super) started: Option<Started>,
}

impl Relay {
    pub(super) fn new(act: SandboxHostsChange, instead: Instead) -> Self {
        Self { act, instead, started: None }
    }
}

impl RemoteChange for Relay {
    fn exec(&self, target: &Target, command: Command) -> Job {
        (self.instead)(target, Some(&command)).unwrap_or_else(|| self.act.exec(target, command))
    }
    fn upload(&self, target: &Target, upload: Upload) -> Job {
        self.act.upload(target, upload)
    }
    fn start(&self, target: &Target, job: DurableJob) -> Job {
        if let Some(started) = &self.started {
            started(&String::from_utf8_lossy(job.script.bytes()));
        }
        (self.instead)(target, None).unwrap_or_else(|| self.act.start(target, job))
    }
    fn stop(&self, target: &Target, name: &JobName) -> Job {
        self.act.stop(target, name)
    }
    fn forget(&self, target: &Target, name: &JobName) -> Job {
        self.act.forget(target, name)
    }
    fn shell(&self, target: &Target) -> CommandLine {
        self.act.shell(target)
    }
}

/// How a command ends on a server that does not answer.
pub(super) fn no_answer(target: &Target, at: jiff::Timestamp) -> Ending {
    let (server, detail) = (target.to_string(), "connection timed out".to_owned());
    let outcome = Outcome::NotStarted(Refusal::TimedOut { server, detail });
    Ending { outcome, started: None, at, before: Vec::new() }
}
