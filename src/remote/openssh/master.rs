//! One multiplexed connection to one server: opened on demand, shared with other consoles of the same user,
//! reopened when it died.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::time::Duration;

use openssh::Session;
use tokio::process::Command;
use tokio::sync::Mutex;
use tokio::time::{sleep, timeout};

use super::Inner;
use super::complaint::{Complaint, understand};
use super::options::{self, Manner, path_value};
use crate::remote::clean_text::clean_lines;
use crate::remote::host_keys::HostKey;
use crate::remote::{Refusal, Target};

/// How long a local question to a master may take.
const LOCAL: Duration = Duration::from_secs(2);

/// What goes beyond ssh's own connect timeout: logging in.
const LOGIN: Duration = Duration::from_secs(10);

/// Pause between looks at a lock that another console holds.
const LOCK_PAUSE: Duration = Duration::from_millis(20);

/// The most of ssh's words that are shown.
const MOST_WORDS: usize = 600;

/// A connection, open or not.
#[derive(Debug)]
pub(super) struct Master {
    socket: PathBuf,
    /// Whether it was open when last looked at; held while one is being opened.
    open: Mutex<bool>,
}

impl Master {
    pub(super) fn new(socket: PathBuf) -> Self {
        Self { socket, open: Mutex::new(false) }
    }

    /// A handle on the connection, opening it if there is none.
    pub(super) async fn session(&self, inner: &Inner, target: &Target) -> Result<Arc<Session>, Refusal> {
        let mut open = self.open.lock().await;
        if !*open {
            self.connect(inner, target).await?;
            *open = true;
        }
        Ok(Arc::new(self.handle()))
    }

    fn handle(&self) -> Session {
        Session::resume_mux(self.socket.clone().into_boxed_path(), None)
    }

    /// It did not answer: the next one asks again.
    pub(super) async fn suspect(&self) {
        *self.open.lock().await = false;
    }

    /// Whether somebody listens behind the socket.
    pub(super) async fn is_alive(&self) -> bool {
        matches!(timeout(LOCAL, self.handle().check()).await, Ok(Ok(())))
    }

    /// Takes no more work; ssh ends when what runs has ended.
    pub(super) async fn close(&self) {
        let mut open = self.open.lock().await;
        if std::mem::take(&mut *open) {
            let _ = timeout(LOCAL, self.handle().close()).await;
        }
    }

    async fn connect(&self, inner: &Inner, target: &Target) -> Result<(), Refusal> {
        let failed = |error: io::Error| {
            failed(
                target,
                format!("the connection could not be set up in {}: {error}", self.socket.display()),
            )
        };
        // Two consoles must not open the same socket: the later ssh would go on without one, for ever.
        let lock =
            fs::OpenOptions::new().create(true).append(true).open(self.beside("lock")).map_err(failed)?;
        let limit = inner.options.connect + LOGIN;
        let locked = async {
            while rustix::fs::flock(&lock, rustix::fs::FlockOperation::NonBlockingLockExclusive).is_err() {
                sleep(LOCK_PAUSE).await;
            }
        };
        timeout(limit, locked).await.map_err(|_| Refusal::TimedOut {
            server: target.to_string(),
            detail: "another console has been connecting for too long".into(),
        })?;
        if self.is_alive().await {
            return Ok(());
        }
        let _ = fs::remove_file(&self.socket);
        self.launch(inner, target, limit).await
    }

    async fn launch(&self, inner: &Inner, target: &Target, limit: Duration) -> Result<(), Refusal> {
        let log = self.beside("log");
        let _ = fs::remove_file(&log);
        let mut ssh = ssh(inner, target, Manner::QUIET);
        ssh.args(["-M", "-N", "-f", "-S"]).arg(&self.socket).arg("-E").arg(&log);
        ssh.arg("-o").arg(format!("ControlPersist={}", inner.options.keep.as_secs().max(1)));
        ssh.arg("--").arg(target.address());
        ssh.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let status = match timeout(limit, ssh.status()).await {
            Err(_) => {
                return Err(Refusal::TimedOut {
                    server: target.to_string(),
                    detail: format!("logging in took more than {} s", limit.as_secs()),
                });
            }
            Ok(Err(error)) => return Err(no_ssh(target, &error)),
            Ok(Ok(status)) => status,
        };
        if status.success() {
            return Ok(());
        }
        let mut text = fs::read(&log).unwrap_or_default();
        if text.trim_ascii().is_empty() {
            text = format!("ssh said nothing and ended with {status}").into_bytes();
        }
        Err(inner.refusal(target, &text).await)
    }

    fn beside(&self, ending: &str) -> PathBuf {
        let mut path = self.socket.clone().into_os_string();
        path.push(".");
        path.push(ending);
        path.into()
    }
}

/// An ssh that neither asks nor is reached by the keys pressed in our terminal.
pub(super) fn ssh(inner: &Inner, target: &Target, manner: Manner) -> Command {
    let mut ssh = Command::new("ssh");
    ssh.args(options::arguments(&inner.options, &inner.keys, target, manner));
    // A jump host's ssh does not know BatchMode: this keeps it from asking on the terminal.
    ssh.env("SSH_ASKPASS", "/bin/false").env("SSH_ASKPASS_REQUIRE", "force");
    ssh.process_group(0).kill_on_drop(true);
    ssh
}

fn failed(target: &Target, detail: String) -> Refusal {
    Refusal::Failed { server: target.to_string(), detail }
}

/// ssh itself could not be started.
pub(super) fn no_ssh(target: &Target, error: &io::Error) -> Refusal {
    failed(target, format!("the program ssh could not be started: {error}"))
}

/// ssh's words on one line.
pub(super) fn words(bytes: &[u8]) -> String {
    let lines = clean_lines(bytes);
    // The banner around a changed key only shouts.
    let lines = lines
        .iter()
        .map(|line| line.as_str().trim())
        .filter(|line| !line.is_empty() && !line.contains("@@@"));
    let text = lines.collect::<Vec<_>>().join("; ");
    match text.char_indices().nth(MOST_WORDS) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

impl Inner {
    /// What ssh's complaint means.
    pub(super) async fn refusal(&self, target: &Target, text: &[u8]) -> Refusal {
        let detail = words(text);
        match understand(&detail) {
            Complaint::HostKey => self.key_refusal(target, detail).await,
            // A shared connection does not hand on what a jump host's ssh says; the other way to ask does.
            Complaint::Closed => match self.presented(target).await {
                Err(refusal) => refusal,
                Ok(_) => plain_refusal(target, Complaint::Closed, detail),
            },
            complaint => plain_refusal(target, complaint, detail),
        }
    }

    async fn key_refusal(&self, target: &Target, detail: String) -> Refusal {
        let server = target.to_string();
        let pinned = match self.keys.pinned(target.instance()) {
            Ok(pins) => pins.into_iter().map(|pin| pin.key).collect::<Vec<_>>(),
            Err(error) => return Refusal::Failed { server, detail: error.to_string() },
        };
        match (pinned.is_empty(), self.presented(target).await) {
            // It presents what is pinned: the complaint was about a jump host on the way.
            (_, Ok(presented)) if pinned.contains(&presented) => Refusal::Failed { server, detail },
            (false, Ok(presented)) => Refusal::ChangedHostKey { server, pinned, presented: Some(presented) },
            (true, Ok(presented)) => Refusal::UnknownHostKey { server, presented },
            // ssh names the server by its alias, a jump host by its own name.
            (false, Err(_)) if detail.contains(target.instance().as_str()) => {
                Refusal::ChangedHostKey { server, pinned, presented: None }
            }
            (_, Err(_)) => Refusal::Failed { server, detail },
        }
    }

    /// The key the server presents now, if it is the one with this fingerprint.
    pub(super) async fn recognised(&self, target: &Target, fingerprint: &str) -> Result<HostKey, Refusal> {
        let key = self.presented(target).await?;
        if key.has_fingerprint(fingerprint) {
            return Ok(key);
        }
        let detail = format!("it presents {key} now, which is not {fingerprint}; nothing was pinned");
        Err(failed(target, detail))
    }

    /// Asks for the key the server presents, the way a connection would go, and leaves before logging in.
    pub(super) async fn presented(&self, target: &Target) -> Result<HostKey, Refusal> {
        let failed =
            |error: io::Error| failed(target, format!("its host key could not be asked for: {error}"));
        let scratch = tempfile::Builder::new().suffix(".key").tempfile_in(&self.control).map_err(failed)?;
        let mut ssh = Command::new("ssh");
        for option in [
            format!("UserKnownHostsFile={}", path_value(scratch.path())),
            "StrictHostKeyChecking=accept-new".into(),
            "HashKnownHosts=no".into(),
            "PreferredAuthentications=none".into(),
        ] {
            ssh.arg("-o").arg(option);
        }
        // ssh keeps what it is told first: this comes before what an ordinary connection is told.
        ssh.args(options::arguments(&self.options, &self.keys, target, Manner::QUIET));
        ssh.args(["-S", "none", "-T", "--"]).arg(target.address()).arg("exit");
        ssh.env("SSH_ASKPASS", "/bin/false").env("SSH_ASKPASS_REQUIRE", "force");
        ssh.stdin(Stdio::null()).process_group(0).kill_on_drop(true);
        let limit = self.options.connect + LOGIN;
        let output = timeout(limit, ssh.output()).await.map_err(|_| Refusal::TimedOut {
            server: target.to_string(),
            detail: "it did not present a host key".into(),
        })?;
        let output = output.map_err(|error| no_ssh(target, &error))?;
        let known = fs::read_to_string(scratch.path()).map_err(failed)?;
        let key = known.lines().find_map(|line| HostKey::parse(line.split_once(' ')?.1));
        key.ok_or_else(|| {
            let detail = words(&output.stderr);
            plain_refusal(target, understand(&detail), detail)
        })
    }
}

/// What a complaint means that is not about host keys.
fn plain_refusal(target: &Target, complaint: Complaint, detail: String) -> Refusal {
    let server = target.to_string();
    match complaint {
        Complaint::Refused => Refusal::Refused { server, detail },
        Complaint::TimedOut => Refusal::TimedOut { server, detail },
        Complaint::Unreachable => Refusal::Unreachable { server, detail },
        Complaint::Permission => Refusal::PermissionDenied { server, detail },
        Complaint::Closed => Refusal::Busy { server, detail },
        Complaint::HostKey | Complaint::Other => Refusal::Failed { server, detail },
    }
}

/// Names the socket of a lane.
pub(super) fn socket(directory: &Path, digest: &str, lane: &str) -> PathBuf {
    directory.join(format!("{digest}.{lane}"))
}
