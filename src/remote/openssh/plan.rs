//! Everything that is asked of a server, as one thing that can be driven.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use sha2::{Digest, Sha256};
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncWrite, AsyncWriteExt};

use super::hex;
use super::host::Lane;
use super::script;
use crate::probe::{HeldQuestion, Request};
use crate::remote::{Command, Content, DurableJob, Follow, Input, JobName, Script, Seen, Upload};

/// The server's own limit comes after ours: it only counts when we are gone.
const MARGIN: Duration = Duration::from_secs(10);

/// Short work on a durable job.
const SHORT: Duration = Duration::from_secs(60);

/// What goes to standard input before it is only held open.
#[derive(Debug)]
pub(super) enum Payload {
    Nothing,
    Bytes(Input),
    /// A file's bytes, so many of them, then a line with their digest.
    File(PathBuf, u64),
    /// Bytes, then a line with their digest.
    Summed(Input),
}

/// What kind of job it is, where that makes a difference to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Command,
    /// What tail's headers begin with, and the files.
    Follow(String, Vec<String>),
    Durable(JobName),
}

/// A job before it runs.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) nonce: String,
    /// The first line of standard input.
    pub(super) greeting: String,
    pub(super) words: String,
    pub(super) lane: Lane,
    pub(super) payload: Payload,
    pub(super) kind: Kind,
    pub(super) sudo: bool,
    pub(super) agent: bool,
    pub(super) deadline: Option<Duration>,
}

fn seconds(deadline: Duration) -> u64 {
    (deadline + MARGIN).as_secs()
}

impl Plan {
    pub(super) fn probe(nonce: String, script: &Script) -> Self {
        let words = script::tied(script.sudo, seconds(script.deadline), 0, script.text);
        Self::plain(nonce, words, Lane::Probe, script.sudo, Some(script.deadline))
    }

    pub(super) fn measure(nonce: String, request: &Request) -> Self {
        let words = script::tied(false, seconds(request.deadline()), 0, &request.script());
        Self::plain(nonce, words, Lane::Probe, false, Some(request.deadline())).told(request.nonce())
    }

    pub(super) fn held(nonce: String, question: &HeldQuestion) -> Self {
        let (input, deadline) = (Input::new(question.input()), question.deadline());
        let words = script::tied(false, seconds(deadline), input.bytes().len(), &question.script());
        let plain = Self::plain(nonce, words, Lane::Probe, false, Some(deadline));
        Self { payload: Payload::Bytes(input), ..plain }
    }

    pub(super) fn exec(nonce: String, command: Command) -> Self {
        let size = command.input.as_ref().map_or(0, |input| input.bytes().len());
        let words = script::tied(command.sudo, seconds(command.deadline), size, &command.text);
        let lane = if command.bulk { Lane::Bulk } else { Lane::Run };
        Self {
            payload: command.input.map_or(Payload::Nothing, Payload::Bytes),
            agent: command.agent,
            ..Self::plain(nonce, words, lane, command.sudo, Some(command.deadline))
        }
    }

    /// # Errors
    /// What is wrong with the request.
    pub(super) fn follow(nonce: String, logs: &Follow) -> Result<Self, String> {
        if let Some(file) = logs.files.iter().find(|file| !file.starts_with('/') || file.contains('\n')) {
            return Err(format!("{file:?} cannot be followed: an absolute path is needed"));
        }
        let fits = |c: char| c.is_ascii_alphanumeric() || "@._:\\-*".contains(c);
        if let Some(unit) = logs.units.iter().find(|unit| unit.is_empty() || !unit.chars().all(fits)) {
            return Err(format!("{unit:?} is no unit of the journal"));
        }
        let header = derived(&nonce, "header");
        let command = script::follow(&header, logs);
        // timeout takes 0 as no limit.
        let words = script::tied(logs.sudo, 0, 0, &command);
        let plain = Self::plain(nonce, words, Lane::Logs, logs.sudo, None);
        Ok(Self { kind: Kind::Follow(header, logs.files.clone()), ..plain })
    }

    /// # Errors
    /// What is wrong with the request, or the local file.
    pub(super) fn upload(nonce: String, upload: Upload) -> Result<Self, String> {
        if !upload.path.starts_with('/') || upload.path.ends_with('/') {
            return Err(format!("{:?} is no absolute path of a file", upload.path));
        }
        let owner = upload.owner.unwrap_or_default();
        if owner.starts_with('-') {
            return Err(format!("{owner:?} is no owner"));
        }
        let (payload, size) = match upload.content {
            Content::Bytes(input) => {
                let size = input.bytes().len() as u64;
                (Payload::Summed(input), size)
            }
            Content::File(path) => {
                let found = std::fs::metadata(&path).and_then(|found| {
                    if found.is_file() { Ok(found) } else { Err(io::Error::other("it is no file")) }
                });
                let size =
                    found.map_err(|error| format!("{} cannot be read: {error}", path.display()))?.len();
                (Payload::File(path, size), size)
            }
        };
        let words = script::upload(upload.sudo, size, upload.mode & 0o7777, &owner, &upload.path);
        Ok(Self { payload, ..Self::plain(nonce, words, Lane::Tools, upload.sudo, Some(upload.deadline)) })
    }

    /// # Errors
    /// What is wrong with the request.
    pub(super) fn start(nonce: String, job: &DurableJob) -> Result<Self, String> {
        let user = job.user.as_deref().unwrap_or_default();
        if user.starts_with('-') || user.contains(char::is_whitespace) {
            return Err(format!("{user:?} is no user"));
        }
        let limit = job.limit.as_secs().max(1).to_string();
        let command = script::durable(&["start", job.name.as_str(), user, &limit]);
        let words = script::tied(true, seconds(SHORT), job.script.bytes().len(), &command);
        let plain = Self::plain(nonce, words, Lane::Tools, true, Some(SHORT));
        Ok(Self { payload: Payload::Bytes(job.script.clone()), ..plain })
    }

    pub(super) fn attach(nonce: String, name: &JobName, seen: Seen) -> Self {
        let (out, err) = (seen.out.to_string(), seen.err.to_string());
        let command = script::durable(&["attach", name.as_str(), &out, &err]);
        let words = script::tied(true, 0, 0, &command);
        let kind = Kind::Durable(name.clone());
        let line = nonce.clone();
        Self { kind, ..Self::plain(nonce, words, Lane::Bulk, true, None).told(&line) }
    }

    /// `stop` or `forget`.
    pub(super) fn durable(nonce: String, what: &str, name: &JobName) -> Self {
        let words = script::tied(true, seconds(SHORT), 0, &script::durable(&[what, name.as_str()]));
        let kind = Kind::Durable(name.clone());
        let line = nonce.clone();
        Self { kind, ..Self::plain(nonce, words, Lane::Tools, true, Some(SHORT)).told(&line) }
    }

    fn plain(nonce: String, words: String, lane: Lane, sudo: bool, deadline: Option<Duration>) -> Self {
        let (payload, kind) = (Payload::Nothing, Kind::Command);
        let greeting = format!("{nonce} {}", derived(&nonce, "job"));
        Self { nonce, greeting, words, lane, payload, kind, sudo, agent: false, deadline }
    }

    /// With a line of input for one of our own scripts.
    fn told(mut self, line: &str) -> Self {
        self.greeting = format!("{} {line}", self.greeting);
        self
    }
}

impl Payload {
    /// Writes it.
    pub(super) async fn write(self, to: &mut (impl AsyncWrite + Unpin)) -> io::Result<()> {
        match self {
            Self::Nothing => {}
            Self::Bytes(input) => to.write_all(input.bytes()).await?,
            Self::Summed(input) => {
                to.write_all(input.bytes()).await?;
                to.write_all(sum_line(Sha256::new_with_prefix(input.bytes())).as_bytes()).await?;
            }
            Self::File(path, size) => {
                let mut file = File::open(path).await?.take(size);
                let mut digest = Sha256::new();
                let mut piece = vec![0; 64 * 1024];
                loop {
                    let read = file.read(&mut piece).await?;
                    if read == 0 {
                        break;
                    }
                    digest.update(&piece[..read]);
                    to.write_all(&piece[..read]).await?;
                }
                if file.limit() > 0 {
                    return Err(io::Error::other("the file became shorter"));
                }
                to.write_all(sum_line(digest).as_bytes()).await?;
            }
        }
        to.flush().await
    }
}

/// A word that whoever knows it cannot find the nonce from.
fn derived(nonce: &str, what: &str) -> String {
    let digest = Sha256::new_with_prefix(what).chain_update(nonce).finalize();
    hex(&digest[..16])
}

fn sum_line(digest: Sha256) -> String {
    format!("{}\n", hex(&digest.finalize()))
}
