//! What the setup looks at: repositories, files, names, the region, and a command that prints secrets.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Duration;

use async_trait::async_trait;
use tokio::process::Command;
use tokio::time::timeout;

use super::keep::Keeper;
use super::write;
use crate::cli::args::Globals;
use crate::cli::{doctor, target};
use crate::config::secrets::Secret;
use crate::console::runtime::setup::World;
use crate::doctor::Named;
use crate::fleet::RegionOffers;
use crate::fleet::text::one_line;
use crate::repo::git;
use crate::setup::{Branches, Effect, Found, Gathered, Kept, LENGTH, PlannedFile, Probe, fits, of_bytes};

/// Somebody waits for it at a question.
const PATIENCE: Duration = Duration::from_secs(20);
/// The largest file that is looked into, in bytes.
const LARGEST: u64 = 1024 * 1024;
/// The longest secret that a command prints, in bytes.
const LONGEST: usize = 64 * 1024;

pub(super) struct RealWorld {
    globals: Globals,
    dir: PathBuf,
    keeper: Keeper,
}

impl RealWorld {
    pub(super) const fn new(globals: Globals, dir: PathBuf, keeper: Keeper) -> Self {
        Self { globals, dir, keeper }
    }
}

/// Files and git wait for disks and networks: not where answers are awaited.
async fn aside<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, String> + Send + 'static,
) -> Result<T, String> {
    match timeout(PATIENCE, tokio::task::spawn_blocking(work)).await {
        Err(_) => Err(format!("no answer within {} s", PATIENCE.as_secs())),
        Ok(Err(error)) => Err(one_line(&error.to_string())),
        Ok(Ok(found)) => found,
    }
}

#[async_trait]
impl World for RealWorld {
    async fn look(&self, probe: Probe) -> Found {
        let dir = self.dir.clone();
        match probe {
            Probe::Repository(address) => {
                let asked = move || {
                    let heads = git::heads(&dir, &address).map_err(|error| error.to_string())?;
                    Ok(Branches { head: heads.head, names: heads.names })
                };
                Found::Repository(aside(asked).await)
            }
            Probe::Text(path) => Found::Text(aside(move || text(&dir.join(path))).await),
            Probe::Domain(name) => Found::Domain(match doctor::look_up(name).await {
                Named::Addresses(addresses) => Ok(addresses),
                Named::Nothing => Ok(Vec::new()),
                Named::Unknown(why) => Err(why),
            }),
        }
    }

    async fn offers(&self, region: &str) -> Result<RegionOffers, String> {
        let globals = Globals { region: Some(region.to_owned()), ..self.globals.clone() };
        let asked = async {
            let cloud = target::cloud(&globals).await.map_err(|stop| stop.to_string())?;
            cloud.offers().await.map_err(|error| error.to_string())
        };
        let found = timeout(PATIENCE, asked).await;
        found.unwrap_or_else(|_| Err(format!("no answer from AWS within {} s", PATIENCE.as_secs())))
    }

    async fn keep(&self, kept: Option<Kept>) -> Result<(), String> {
        let keeper = self.keeper.clone();
        aside(move || keeper.keep(kept.as_ref())).await
    }

    async fn gather(&self, effect: Effect) -> Gathered {
        let Effect::Gather { files, secrets, command, project } = effect else { return Gathered::default() };
        let dir = self.dir.clone();
        let there = aside(move || {
            let mut there = BTreeMap::new();
            for path in files {
                if let Some(text) = write::read(&dir.join(&path))? {
                    there.insert(path, Secret::new(text));
                }
            }
            Ok(there)
        });
        let mut gathered = Gathered::default();
        match there.await {
            Ok(files) => gathered.files = files,
            Err(why) => gathered.problems.push(why),
        }
        for item in secrets {
            let made = match &command {
                None => random(),
                Some(command) => printed(&self.dir, command, &project, &item).await,
            };
            match made {
                Ok(secret) => drop(gathered.secrets.insert(item, secret)),
                Err(why) => gathered.problems.push(format!("{item}: {why}")),
            }
        }
        gathered
    }

    async fn write(&self, files: Vec<PlannedFile>) -> Result<(), String> {
        let dir = self.dir.clone();
        aside(move || write::all(&dir, &files)).await
    }
}

fn text(path: &Path) -> Result<Option<String>, String> {
    match std::fs::metadata(path) {
        Ok(facts) if facts.len() > LARGEST => Ok(Some(String::new())),
        _ => write::read(path),
    }
}

/// From the system's random source.
fn random() -> Result<Secret, String> {
    let mut bytes = [0_u8; 4 * LENGTH];
    // Of four times as many bytes there are enough that may be used.
    for _ in 0..8 {
        getrandom::fill(&mut bytes).map_err(|error| format!("the system gives no random bytes: {error}"))?;
        if let Some(secret) = of_bytes(&bytes) {
            return Ok(secret);
        }
    }
    Err("the system's random bytes are not random".into())
}

/// The first line that the operator's command prints. What else it says is not told: it might be the secret.
async fn printed(dir: &Path, command: &str, project: &str, item: &str) -> Result<Secret, String> {
    let (environment, name) = item.split_once('/').unwrap_or(("", item));
    let put_in = |word: &str| {
        word.replace("{project}", project).replace("{environment}", environment).replace("{name}", name)
    };
    let words: Vec<String> = command.split_whitespace().map(put_in).collect();
    let Some((program, arguments)) = words.split_first() else { return Err("there is no command".into()) };
    let mut command = Command::new(program);
    command.args(arguments).current_dir(dir).stdin(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    let output = timeout(PATIENCE, command.output())
        .await
        .map_err(|_| format!("`{program}` did not end within {} s", PATIENCE.as_secs()))?
        .map_err(|error| format!("`{program}` cannot be run: {error}"))?;
    if !output.status.success() {
        return Err(format!("`{program}` ended with {}: run it by hand to see why", output.status));
    }
    let text = String::from_utf8(output.stdout).map_err(|_| format!("`{program}` printed no text"))?;
    let value = text.lines().next().unwrap_or_default().trim();
    if value.is_empty() || text.len() > LONGEST {
        return Err(format!("`{program}` printed no secret"));
    }
    fits(name, value).map_err(|why| format!("what `{program}` printed {why}"))?;
    Ok(Secret::new(value.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_secrets_differ() {
        let (one, other) = (random().unwrap(), random().unwrap());
        assert_ne!(one.expose(), other.expose());
        assert_eq!(one.expose().len(), LENGTH);
    }

    #[tokio::test]
    async fn a_command_prints_a_secret_or_says_why_not_without_telling_any() {
        let dir = tempfile::tempdir().unwrap();
        let run = async |command: &str| printed(dir.path(), command, "shop", "staging/smtp_password").await;
        let good = run("printf %s\\nmore {project}-{environment}-{name}").await.unwrap();
        assert_eq!(good.expose(), "shop-staging-smtp_password");
        assert!(run("false {name}").await.unwrap_err().contains("ended with"));
        assert!(run("true {name}").await.unwrap_err().contains("printed no secret"));
        assert!(run("/no/such/program {name}").await.unwrap_err().contains("cannot be run"));
    }
}
