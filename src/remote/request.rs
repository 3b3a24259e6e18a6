//! What is asked of a server.

use std::fmt;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;

use crate::fleet::text::shell_word;

/// Bytes that go to a server on its standard input, never on a command line. Prints only their number.
#[derive(Clone)]
pub struct Input(Arc<[u8]>);

impl Input {
    /// Wraps the bytes.
    pub fn new(bytes: impl Into<Arc<[u8]>>) -> Self {
        Self(bytes.into())
    }

    /// The bytes.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Input {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Input({} bytes)", self.0.len())
    }
}

/// A command that dies with the connection.
#[derive(Clone, Debug)]
pub struct Command {
    /// For the login user's shell; it stands on the server's process list, so it holds no secret.
    pub text: String,
    /// Its standard input, at most a few MB: it is complete on the server before the command begins.
    pub input: Option<Input>,
    /// Through `sudo -n`.
    pub sudo: bool,
    /// With the operator's ssh agent: on a connection of its own, by plain `ssh -A`.
    pub agent: bool,
    /// Much output is expected: it goes over the second connection, so that the first stays quick.
    pub bulk: bool,
    /// From asking to the end; then it is ended on the server.
    pub deadline: Duration,
}

impl Command {
    /// A plain command with a deadline.
    pub fn new(text: impl Into<String>, deadline: Duration) -> Self {
        Self { text: text.into(), input: None, sudo: false, agent: false, bulk: false, deadline }
    }

    /// With input.
    #[must_use]
    pub fn input(mut self, input: Input) -> Self {
        self.input = Some(input);
        self
    }

    /// Through `sudo -n`, or not.
    #[must_use]
    pub const fn sudo(mut self, sudo: bool) -> Self {
        self.sudo = sudo;
        self
    }

    /// With the operator's agent, or not.
    #[must_use]
    pub const fn agent(mut self, agent: bool) -> Self {
        self.agent = agent;
        self
    }

    /// Over the second connection, or not.
    #[must_use]
    pub const fn bulk(mut self, bulk: bool) -> Self {
        self.bulk = bulk;
        self
    }
}

/// What a file on a server is to hold.
#[derive(Clone, Debug)]
pub enum Content {
    /// These bytes.
    Bytes(Input),
    /// What this local file holds, in the length it has at the beginning.
    File(PathBuf),
}

/// A file for a server. It appears under its name complete or not at all.
#[derive(Clone, Debug)]
pub struct Upload {
    /// Where, as an absolute path; the directory must be there.
    pub path: String,
    /// What it holds.
    pub content: Content,
    /// Its permissions, `0o640`.
    pub mode: u32,
    /// `user`, `user:group` or `:group`; otherwise whoever writes it.
    pub owner: Option<String>,
    /// Through `sudo -n`.
    pub sudo: bool,
    /// From asking to the end.
    pub deadline: Duration,
}

/// The name of a durable job: at most 100 lower-case letters, digits and dashes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct JobName(String);

impl JobName {
    /// The name, if it is one.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Option<Self> {
        let name = name.into();
        let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        (!name.is_empty() && name.len() <= 100 && !name.starts_with('-') && name.chars().all(fits))
            .then_some(Self(name))
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for JobName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// A job that neither a broken connection nor a closed laptop touches: a transient systemd unit, its output and
/// exit status kept on the server. Starting it takes root (`sudo -n`).
#[derive(Clone, Debug)]
pub struct DurableJob {
    /// Its name; one that was started is never started again.
    pub name: JobName,
    /// A shell script of any length. It travels on stdin and lies on the server readable by its user only.
    pub script: Input,
    /// As whom it runs; none is the login user.
    pub user: Option<String>,
    /// Then systemd ends it.
    pub limit: Duration,
}

/// How much of a durable job's output is already here, in bytes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Seen {
    /// Of its standard output.
    pub out: u64,
    /// Of its standard error.
    pub err: u64,
}

/// Logs to follow, all of them over one session.
#[derive(Clone, Debug, Default)]
pub struct Follow {
    /// Files by absolute path; they may not exist yet and may be rotated. A line's `source` is the place here. A
    /// `*` in the path stands for what is not known, such as a version: the newest match at the beginning is meant.
    pub files: Vec<String>,
    /// Units of the journal, `*` for all; their lines have the place after the last file as `source`.
    pub units: Vec<String>,
    /// How many lines of the past of each.
    pub past: u32,
    /// Through `sudo -n`: most logs are root's.
    pub sudo: bool,
    /// Only the past: then it ends by itself.
    pub once: bool,
}

/// A command line to run here, in the operator's terminal, word by word.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CommandLine {
    /// The program and its arguments.
    pub words: Vec<String>,
}

impl fmt::Display for CommandLine {
    /// As it can be pasted into a shell.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (n, word) in self.words.iter().enumerate() {
            let gap = if n == 0 { "" } else { " " };
            write!(f, "{gap}{}", shell_word(word))?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_line_can_be_pasted() {
        let words = ["ssh", "-o", "A=b", "", "it's $HOME"].map(str::to_owned).to_vec();
        assert_eq!(CommandLine { words }.to_string(), r"ssh -o A=b '' 'it'\''s $HOME'");
    }

    #[test]
    fn names_of_jobs_are_safe_everywhere() {
        for name in ["", "-a", "a b", "../a", "A", "a.b", &"a".repeat(101)] {
            assert_eq!(JobName::new(name), None, "{name:?}");
        }
        assert!(JobName::new("2026-11-22-0007-migrate").is_some());
    }

    #[test]
    fn input_does_not_print_itself() {
        assert_eq!(format!("{:?}", Input::new(*b"secret")), "Input(6 bytes)");
    }
}
