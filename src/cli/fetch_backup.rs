//! `fetch-backup`: a backup on a database server comes into a file here, to be loaded into a database of one's own.
//!
//! It comes in pieces over the operator's own ssh: one that broke off goes on where it was, and what came is compared with
//! the digest that was taken as it was written. Nothing is changed on the server.

use std::fmt::Write as _;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::args::{Choice, FetchOptions, Globals};
use super::exec::{confirmed, refuse_read_only};
use super::exit::{Exit, Stop};
use super::target::Target;
use super::{complain, servers, signals};
use crate::engine::Host;
use crate::fleet::text::{one_line, shell_word};
use crate::fleet::{EnvironmentPlace, Role, words};
use crate::plan::{InstanceRef, Relay};
use crate::recipe::database;
use crate::remote::host_keys::decode_base64;
use crate::remote::{Command, RemoteChange};

/// A piece, in bytes.
const PIECE: u64 = 4 * 1024 * 1024;
/// How long a piece may be on its way.
const PATIENCE: Duration = Duration::from_secs(180);
/// How often a piece is asked for before it is given up.
const TRIES: u32 = 5;
/// The most lines that a piece has.
const MOST_LINES: usize = 20_000;
/// Progress is told each time that so many bytes more have come.
const TOLD_EVERY: u64 = 256 * 1024 * 1024;

/// What is printed in the end; `docs/fetch-backup-json.md` has the shape.
#[derive(Debug, Serialize)]
struct Document {
    version: u32,
    environment: String,
    server: String,
    backup: String,
    file: String,
    bytes: u64,
    sha256: String,
}

/// Fetches it. Production wants its name.
pub(crate) async fn run(globals: &Globals, target: Target, options: &FetchOptions) -> Result<Exit, Stop> {
    let place = servers::environment(&target.topology, &options.environment)?.clone();
    refuse_read_only(globals)?;
    let again: Vec<String> = std::env::args().skip(1).map(|word| shell_word(&word)).collect();
    let again = format!("quarterdeck {} --confirm {}", again.join(" "), place.name);
    confirmed(&place, &options.confirmation, &again)?;
    let Some(change) = target.change.clone() else {
        return Err(Stop::Failed(target.no_remote.unwrap_or_else(|| "Servers cannot be asked".into())));
    };
    let to = here(options)?;
    let document = signals::unless_interrupted(async {
        let choice = Choice {
            role: Vec::new(),
            server: options.server.iter().cloned().collect(),
            all: options.server.is_none(),
        };
        let mut hosts = servers::choose(&target, &place, &choice).await?.hosts;
        hosts.retain(|host| matches!(host.role, Role::DbPrimary | Role::DbReplica | Role::Combo));
        if let Some(remote) = &target.remote {
            servers::meet(&target.cloud, remote, &hosts).await;
        }
        let source = Source::find(change, &place, hosts, &options.backup).await?;
        source.fetch(&place, &to).await
    })
    .await?;
    let mut out = io::stdout().lock();
    if globals.json {
        serde_json::to_writer_pretty(&mut out, &document).map_err(io::Error::from)?;
        writeln!(out)?;
    } else {
        let file = shell_word(&document.file);
        writeln!(
            out,
            "{}: {} from {}, compared by its sha256.\nIt holds what the database held: keep it where only you read it. Into a database of your own:\n  \
             createdb {name} && pg_restore -O -x -d {name} {file}",
            document.file,
            words::bytes(document.bytes),
            document.server,
            name = shell_word(&place.layout.database),
        )?;
    }
    Ok(Exit::Done)
}

/// The file that it becomes: the one that was named, or one of the same name in this directory. Never one that is there.
fn here(options: &FetchOptions) -> Result<PathBuf, Stop> {
    let name = options.backup.rsplit('/').next().unwrap_or_default();
    if !options.backup.starts_with('/') || name.is_empty() {
        return Err(Stop::Usage(format!(
            "{} is no path of a backup on a server: it begins with /, as backup-database tells it",
            one_line(&options.backup)
        )));
    }
    let to = options.to.clone().unwrap_or_else(|| PathBuf::from(name));
    if to.symlink_metadata().is_ok() {
        return Err(Stop::Refused(format!("{} is there already: name another file with --to", to.display())));
    }
    Ok(to)
}

/// A server that has the backup.
struct Source {
    change: Arc<dyn RemoteChange>,
    host: Host,
    relay: Relay,
    bytes: u64,
    sha256: String,
}

impl Source {
    /// The first of these servers that has it.
    async fn find(
        change: Arc<dyn RemoteChange>,
        place: &EnvironmentPlace,
        hosts: Vec<Host>,
        backup: &str,
    ) -> Result<Self, Stop> {
        let mut said = Vec::new();
        for host in hosts {
            let server = InstanceRef::Known(host.target.instance().clone());
            let relay = database::relay(&place.layout, server.clone(), server, backup);
            match ask(&*change, &host, &relay.told, &[]).await {
                Ok(lines) => {
                    let bytes = word(&lines, "bytes").and_then(|bytes| bytes.parse().ok());
                    let sha256 = word(&lines, "sha256").filter(|digest| digest.len() == 64);
                    if let (Some(bytes), Some(sha256)) = (bytes, sha256.map(str::to_owned)) {
                        return Ok(Self { change, host, relay, bytes, sha256 });
                    }
                    said.push(format!("{} did not say how large it is, and what its sha256 is", host.name));
                }
                Err(why) => said.push(format!("{}: {why}", host.name)),
            }
        }
        if said.is_empty() {
            said.push("no database server of it runs".to_owned());
        }
        Err(Stop::Failed(format!(
            "No database server of {} tells of {}: {}. `quarterdeck apply backup-database {}` makes one, and names its file.",
            place.name,
            one_line(backup),
            said.join("; "),
            place.name
        )))
    }

    /// Brings it, and gives it its name once it is whole.
    async fn fetch(&self, place: &EnvironmentPlace, to: &Path) -> Result<Document, Stop> {
        let part = part_of(to);
        let failed =
            |error: io::Error| Stop::Failed(format!("{} cannot be written: {error}", part.display()));
        // Nobody else reads what was a database.
        let mut file =
            OpenOptions::new().append(true).create(true).mode(0o600).open(&part).map_err(failed)?;
        let mut have = file.metadata().map_err(failed)?.len();
        if have > self.bytes {
            file.set_len(0).map_err(failed)?;
            have = 0;
        }
        let mut told = have;
        while have < self.bytes {
            if have >= told {
                complain(&format!("{} of {}", words::bytes(have), words::bytes(self.bytes)));
                told = have + TOLD_EVERY;
            }
            let piece = self.piece(have, PIECE.min(self.bytes - have)).await?;
            file.write_all(&piece).map_err(failed)?;
            have += piece.len() as u64;
        }
        file.sync_all().map_err(failed)?;
        let whole = part.clone();
        let digest = tokio::task::spawn_blocking(move || digest(&whole)).await;
        let digest = digest.map_err(|error| Stop::Failed(error.to_string()))?.map_err(failed)?;
        if digest != self.sha256 {
            fs::remove_file(&part).map_err(failed)?;
            return Err(Stop::Failed(format!(
                "What came of {} is not what {} has: their sha256 differ. What had come is deleted; fetch it once more.",
                self.relay.file, self.host.name
            )));
        }
        // Refuses where a file of this name has come meanwhile.
        fs::hard_link(&part, to).and_then(|()| fs::remove_file(&part)).map_err(|error| {
            Stop::Failed(format!(
                "{} is whole, and cannot be called {}: {error}",
                part.display(),
                to.display()
            ))
        })?;
        Ok(Document {
            version: 1,
            environment: place.name.to_string(),
            server: self.host.target.instance().to_string(),
            backup: self.relay.file.clone(),
            file: to.display().to_string(),
            bytes: self.bytes,
            sha256: self.sha256.clone(),
        })
    }

    /// A piece; asked for again where the connection broke, and with blanks in it where something in it looks like a secret.
    async fn piece(&self, offset: u64, length: u64) -> Result<Vec<u8>, Stop> {
        let mut why = String::new();
        for attempt in 0..TRIES {
            let apart = if attempt % 2 == 0 { "no" } else { "yes" };
            let told =
                [("OFFSET", offset.to_string()), ("LENGTH", length.to_string()), ("APART", apart.to_owned())];
            match ask(&*self.change, &self.host, &self.relay.read, &told).await {
                Ok(lines) => {
                    let text: String = lines.concat().split_whitespace().collect();
                    match decode_base64(&text).filter(|piece| piece.len() as u64 == length) {
                        Some(piece) => return Ok(piece),
                        None => "a piece did not come as it is".clone_into(&mut why),
                    }
                }
                Err(error) => why = error,
            }
        }
        Err(Stop::Failed(format!(
            "{} told {} no further than {}: {why}. What has come stays: the same command goes on there.",
            self.host.name,
            self.relay.file,
            words::bytes(offset)
        )))
    }
}

/// What has come so far.
fn part_of(to: &Path) -> PathBuf {
    let mut name = to.as_os_str().to_owned();
    name.push(".part");
    PathBuf::from(name)
}

fn digest(path: &Path) -> io::Result<String> {
    let (mut file, mut hasher, mut buffer) = (File::open(path)?, Sha256::new(), vec![0; 1 << 20]);
    loop {
        let read = file.read(&mut buffer)?;
        if read == 0 {
            let mut text = String::new();
            for byte in hasher.finalize() {
                let _ = write!(text, "{byte:02x}");
            }
            return Ok(text);
        }
        hasher.update(buffer.get(..read).unwrap_or_default());
    }
}

/// What a short script prints, as root.
async fn ask(
    change: &dyn RemoteChange,
    host: &Host,
    script: &str,
    told: &[(&str, String)],
) -> Result<Vec<String>, String> {
    let mut text = format!("export QUARTERDECK_SERVER={}\n", shell_word(host.target.instance().as_str()));
    for (name, value) in told {
        text = format!("{text}export QUARTERDECK_{name}={}\n", shell_word(value));
    }
    let job = change.exec(&host.target, Command::new(text + script, PATIENCE).sudo(true).bulk(true));
    servers::printed(job, MOST_LINES).await
}

/// The value of a name that was printed.
fn word<'l>(lines: &'l [String], name: &str) -> Option<&'l str> {
    lines.iter().find_map(|line| line.trim().strip_prefix(name)?.strip_prefix('='))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(backup: &str, to: Option<PathBuf>) -> FetchOptions {
        let confirmation = crate::cli::args::Confirmation { confirm: None, yes: false };
        FetchOptions { environment: "staging".into(), backup: backup.into(), server: None, to, confirmation }
    }

    #[test]
    fn a_backup_gets_its_own_name_here_and_never_that_of_a_file_that_is_there() {
        let named = here(&options("/var/lib/postgresql/backups/a.dump", None)).unwrap();
        assert_eq!(named, PathBuf::from("a.dump"));
        assert!(matches!(here(&options("a.dump", None)), Err(Stop::Usage(_))));
        let dir = tempfile::tempdir().unwrap();
        let there = dir.path().join("a.dump");
        fs::write(&there, "x").unwrap();
        assert!(matches!(here(&options("/a.dump", Some(there.clone()))), Err(Stop::Refused(_))));
        assert_eq!(part_of(&there), dir.path().join("a.dump.part"));
    }

    #[test]
    fn a_digest_is_that_of_the_whole_file() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("abc");
        fs::write(&file, "abc").unwrap();
        let known = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(digest(&file).unwrap(), known);
    }
}
