//! What a repository has that nobody has cloned yet, and where a clone comes from.

use std::path::Path;
use std::time::Duration;

use super::{LOCAL, run};
use crate::fleet::text::one_line;
use crate::repo::RepoError;

/// How long somebody who is asked a question waits for it.
const PATIENCE: Duration = Duration::from_secs(15);
/// The most branches that are told.
const MOST: usize = 500;

/// Branches of a repository: the one that a clone begins with, and all of them, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Heads {
    /// The one that a clone begins with.
    pub head: Option<String>,
    /// All of them.
    pub names: Vec<String>,
}

/// Asks a repository for its branches, as `git ls-remote` does, with the operator's own keys.
///
/// # Errors
/// When it does not answer, or there is none.
pub fn heads(directory: &Path, address: &str) -> Result<Heads, RepoError> {
    let asked = ["ls-remote", "--quiet", "--symref", "--end-of-options", address, "HEAD", "refs/heads/*"];
    run(directory, &asked, PATIENCE).map(|said| parse(&said))
}

/// Where the clone that this directory belongs to comes from; none where it is no clone, or comes from nowhere.
#[must_use]
pub fn origin(directory: &Path) -> Option<String> {
    let said = run(directory, &["remote", "get-url", "origin"], LOCAL).ok()?;
    Some(one_line(said.trim())).filter(|address| !address.is_empty())
}

fn parse(said: &str) -> Heads {
    let mut heads = Heads::default();
    for line in said.lines() {
        let Some((what, name)) = line.split_once('\t') else { continue };
        let branch = |name: &str| name.strip_prefix("refs/heads/").map(one_line);
        if let Some(reference) = what.strip_prefix("ref: ").filter(|_| name == "HEAD") {
            heads.head = branch(reference);
        } else if let Some(name) = branch(name).filter(|_| heads.names.len() < MOST) {
            heads.names.push(name);
        }
    }
    heads
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn branches_and_the_usual_one_are_told_and_nothing_else() {
        let said = "ref: refs/heads/trunk\tHEAD\nabc\tHEAD\nabc\trefs/heads/trunk\ndef\trefs/heads/dev\nx\n";
        let heads = parse(said);
        assert_eq!((heads.head.as_deref(), heads.names), (Some("trunk"), vec!["trunk".into(), "dev".into()]));
    }

    #[test]
    fn a_repository_that_is_not_there_is_told_with_its_reason() {
        let dir = tempfile::tempdir().unwrap();
        let missing = dir.path().join("none.git");
        assert!(heads(dir.path(), &missing.display().to_string()).is_err());
        assert_eq!(origin(dir.path()), None);
    }
}
