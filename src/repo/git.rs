//! The operator's own clone, asked by their own git. Nothing in it is changed, and no hook of it is run.

use std::io::Read;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use jiff::Timestamp;

mod remote;

pub use remote::{Heads, heads, origin};

use super::migration;
use super::{Between, Commit, Migration, Repo, RepoError};
use crate::fleet::Changeset;
use crate::fleet::text::one_line;

/// How long git may take for what is on this machine.
const LOCAL: Duration = Duration::from_secs(20);
/// How long it may take to ask where everybody pushes to.
const REMOTE: Duration = Duration::from_secs(40);
/// The most that is read of what it prints.
const MOST_BYTES: u64 = 8 * 1024 * 1024;
/// The most commits between two changesets.
const MOST_COMMITS: &str = "200";
/// The most migrations that are read.
const MOST_MIGRATIONS: usize = 200;

/// A clone.
#[derive(Clone, Debug)]
pub struct Clone {
    directory: PathBuf,
}

impl Clone {
    /// The clone that this directory belongs to.
    #[must_use]
    pub fn at(directory: impl Into<PathBuf>) -> Self {
        Self { directory: directory.into() }
    }

    fn git(&self, arguments: &[&str], deadline: Duration) -> Result<String, RepoError> {
        run(&self.directory, arguments, deadline)
    }

    /// The changeset in full.
    fn full(&self, changeset: &Changeset) -> Result<Changeset, RepoError> {
        let revision = format!("{changeset}^{{commit}}");
        let asked = ["rev-parse", "--verify", "--quiet", "--end-of-options", &revision];
        match self.git(&asked, LOCAL) {
            Ok(hash) => Ok(Changeset::new(hash.trim())),
            Err(RepoError::Other(_)) => {
                // Quiet says nothing where there is no such commit: that git works at all is asked with something that is.
                self.git(&["rev-parse", "--git-dir"], LOCAL)?;
                let place = self.directory.display();
                let changeset = one_line(changeset.as_str());
                Err(RepoError::Absent(format!(
                    "the clone in {place} has no changeset {changeset}: `git fetch` may bring it"
                )))
            }
            Err(other) => Err(other),
        }
    }

    /// Migrations that come or go, with their texts as of a changeset.
    fn migrations(&self, at: &Changeset, files: &[&str]) -> Result<Vec<Migration>, RepoError> {
        let mut found = Vec::new();
        for file in files.iter().take(MOST_MIGRATIONS) {
            let Some((app, name)) = parts(file) else { continue };
            let text = self.git(&["show", "--end-of-options", &format!("{at}:{file}")], LOCAL)?;
            found.push(migration::read(&one_line(app), &one_line(name), &text));
        }
        found.sort();
        Ok(found)
    }
}

impl Repo for Clone {
    fn head(&self, branch: &str) -> Result<Changeset, RepoError> {
        // Outside of a clone git would take `origin` for a directory.
        self.git(&["rev-parse", "--git-dir"], LOCAL)?;
        let short = branch.strip_prefix("origin/").unwrap_or(branch);
        let reference = format!("refs/heads/{short}");
        let said = self.git(&["ls-remote", "--quiet", "--end-of-options", "origin", &reference], REMOTE)?;
        let hash = said.lines().find_map(|line| {
            let (hash, name) = line.split_once('\t')?;
            (name == reference).then_some(hash)
        });
        hash.map(Changeset::new).ok_or_else(|| {
            let short = one_line(short);
            RepoError::Absent(format!("there is no branch `{short}` at origin: push it, or mend `branches`"))
        })
    }

    fn commit(&self, changeset: &Changeset) -> Result<Commit, RepoError> {
        let full = self.full(changeset)?;
        let said = self.git(&["log", "-1", FORMAT, full.as_str(), "--"], LOCAL)?;
        said.lines().find_map(commit).ok_or_else(|| RepoError::Other("git log said nothing".into()))
    }

    fn between(&self, from: &Changeset, to: &Changeset) -> Result<Between, RepoError> {
        let (from, to) = (self.full(from)?, self.full(to)?);
        let range = format!("{from}..{to}");
        let log = self.git(&["log", "-n", MOST_COMMITS, FORMAT, &range, "--"], LOCAL)?;
        let files = self.git(
            &[
                "diff-tree",
                "-r",
                "-z",
                "--no-renames",
                "--diff-filter=AD",
                "--name-status",
                from.as_str(),
                to.as_str(),
                "--",
                ":(top,glob)**/migrations/*.py",
            ],
            LOCAL,
        )?;
        let fields: Vec<&str> = files.split('\0').collect();
        let of = |kind: &str| -> Vec<&str> {
            fields.chunks_exact(2).filter(|pair| pair[0] == kind).map(|pair| pair[1]).collect()
        };
        Ok(Between {
            commits: log.lines().filter_map(commit).collect(),
            gained: self.migrations(&to, &of("A"))?,
            lost: self.migrations(&from, &of("D"))?,
            from,
            to,
        })
    }
}

/// Hash, seconds, author, subject.
const FORMAT: &str = "--format=%H%x09%ct%x09%an%x09%s";

fn commit(line: &str) -> Option<Commit> {
    let mut parts = line.splitn(4, '\t');
    let changeset = Changeset::new(parts.next()?);
    let seconds: i64 = parts.next()?.parse().ok()?;
    let author = one_line(parts.next()?);
    let subject = one_line(parts.next()?);
    Some(Commit { changeset, subject, author, at: Timestamp::from_second(seconds).ok() })
}

/// App and name of a migration's file; none for others in the same place.
fn parts(file: &str) -> Option<(&str, &str)> {
    let (directory, file) = file.rsplit_once('/')?;
    let app = directory.strip_suffix("/migrations")?;
    let app = app.rsplit_once('/').map_or(app, |(_, app)| app);
    let name = file.strip_suffix(".py")?;
    (name != "__init__").then_some((app, name))
}

/// Runs git and gives what it printed.
fn run(directory: &Path, arguments: &[&str], deadline: Duration) -> Result<String, RepoError> {
    let place = directory.display();
    let child = Command::new("git")
        .args(["--no-pager", "-c", "core.fsmonitor=false", "-c", "core.quotePath=false", "-C"])
        .arg(directory)
        .args(arguments)
        .env("LC_ALL", "C.UTF-8")
        .env("GIT_TERMINAL_PROMPT", "0")
        // Nobody is there to answer: a key with a passphrase must be with an agent.
        .env("GIT_ASKPASS", "/bin/false")
        .env("SSH_ASKPASS", "/bin/false")
        .env("SSH_ASKPASS_REQUIRE", "force")
        .env("GIT_OPTIONAL_LOCKS", "0")
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        // Of its own, so that what it starts can be ended with it.
        .process_group(0)
        .spawn();
    let mut child =
        child.map_err(|error| RepoError::NoClone(format!("git cannot be run: {error}; install git")))?;
    let printed = child.stdout.take().map(read);
    let complained = child.stderr.take().map(read);
    let what = arguments.first().copied().unwrap_or_default();
    let take = |of: Option<mpsc::Receiver<Vec<u8>>>| match of {
        Some(of) => of.recv_timeout(deadline).map_err(|_| ()),
        None => Ok(Vec::new()),
    };
    let Ok(printed) = take(printed) else {
        end(&mut child);
        let seconds = deadline.as_secs();
        return Err(RepoError::Slow(format!("git {what} in {place} did not answer within {seconds} s")));
    };
    let complained = take(complained).unwrap_or_default();
    let status = child.wait().map_err(|error| RepoError::Other(format!("git {what}: {error}")))?;
    if status.success() {
        return Ok(String::from_utf8_lossy(&printed).into_owned());
    }
    let said = String::from_utf8_lossy(&complained).into_owned();
    let said = one_line(said.lines().next().unwrap_or("it said nothing"));
    if said.contains("not a git repository") || said.contains("cannot change to") {
        return Err(RepoError::NoClone(format!("{place} is no git clone of the project: {said}")));
    }
    Err(RepoError::Other(format!("git {what} in {place}: {said}")))
}

/// Reads to the end elsewhere, so that a git that hangs can be given up.
fn read(from: impl Read + Send + 'static) -> mpsc::Receiver<Vec<u8>> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        let mut all = Vec::new();
        let _ = from.take(MOST_BYTES).read_to_end(&mut all);
        let _ = sender.send(all);
    });
    receiver
}

/// Ends a git and whatever it has started.
fn end(child: &mut Child) {
    let group = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw);
    if let Some(group) = group {
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
    let _ = child.kill();
    let _ = child.wait();
}

#[cfg(test)]
mod tests;
