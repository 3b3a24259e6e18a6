//! A command line that runs on a server, as streams: over a shared connection, or by an ssh of its own.

use std::error::Error as _;
use std::fmt;
use std::process::Stdio as Plain;
use std::sync::Arc;
use std::time::Duration;

use openssh::{Error, Session, Stdio};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;

use super::Inner;
use super::master::{no_ssh, ssh};
use super::options::Manner;
use crate::remote::{Refusal, Target};

/// How long a session may take to say how it ended once its streams have.
const LAST_WORD: Duration = Duration::from_secs(1);

type Reader = Box<dyn AsyncRead + Send + Unpin>;
type Writer = Box<dyn AsyncWrite + Send + Unpin>;

/// What tells how the session ended.
enum Handle {
    Shared(openssh::Child<Arc<Session>>),
    Own(tokio::process::Child),
}

/// Streams to and from a server. Dropping it ends its standard input there.
pub(super) struct Channel {
    pub(super) input: Option<Writer>,
    pub(super) out: Reader,
    pub(super) err: Reader,
    handle: Handle,
}

impl fmt::Debug for Channel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Channel")
    }
}

impl Channel {
    /// In a session of a shared connection.
    pub(super) async fn over(session: Arc<Session>, line: &str) -> Result<Self, Error> {
        let mut command = Session::to_raw_command(session, line);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().await?;
        let missing = || Error::ChildIo(std::io::Error::other("a stream is missing"));
        let input = child.stdin().take().ok_or_else(missing)?;
        let out = child.stdout().take().ok_or_else(missing)?;
        let err = child.stderr().take().ok_or_else(missing)?;
        Ok(Self {
            input: Some(Box::new(input)),
            out: Box::new(out),
            err: Box::new(err),
            handle: Handle::Shared(child),
        })
    }

    /// By an ssh of its own that forwards the agent.
    pub(super) fn with_agent(inner: &Inner, target: &Target, line: &str) -> Result<Self, Refusal> {
        let mut ssh = ssh(inner, target, Manner { interactive: false, agent: true });
        ssh.args(["-S", "none", "-T", "--"]).arg(target.address()).arg(line);
        ssh.stdin(Plain::piped()).stdout(Plain::piped()).stderr(Plain::piped());
        let mut child = ssh.spawn().map_err(|error| no_ssh(target, &error))?;
        let streams = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (Some(input), Some(out), Some(err)) = streams else {
            return Err(no_ssh(target, &std::io::Error::other("a stream is missing")));
        };
        Ok(Self {
            input: Some(Box::new(input)),
            out: Box::new(out),
            err: Box::new(err),
            handle: Handle::Own(child),
        })
    }

    /// The exit code, once both streams have ended; none if there is none or it does not come.
    pub(super) async fn code(self) -> Option<i32> {
        let Self { handle, .. } = self;
        let code = async {
            match handle {
                Handle::Shared(child) => match child.wait().await {
                    Ok(status) => status.code(),
                    // The crate's word for exit code 127.
                    Err(Error::Remote(error)) if error.kind() == std::io::ErrorKind::NotFound => Some(127),
                    Err(_) => None,
                },
                Handle::Own(mut child) => child.wait().await.ok().and_then(|status| status.code()),
            }
        };
        timeout(LAST_WORD, code).await.ok().flatten()
    }
}

/// Whether the server opened no further session on a connection that is otherwise fine.
pub(super) fn is_refused_session(error: &Error) -> bool {
    matches!(error, Error::SshMux(_)) && describe(error).contains("refused by peer")
}

/// The error with what caused it.
pub(super) fn describe(error: &Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        text.push_str(": ");
        text.push_str(&next.to_string());
        cause = next.source();
    }
    text
}
