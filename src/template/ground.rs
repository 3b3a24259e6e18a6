//! What servers are built with beside the config: secrets, of which no value is told, and people with their keys.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Read as _;
use std::path::Path;

use crate::config::secrets::ProjectSecrets;
use crate::config::{Project, people};
use crate::fleet::Person;

/// What was found in the project's directory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ground {
    /// Secrets that have a value.
    pub secrets: BTreeSet<String>,
    /// Secrets whose value cannot be a password everywhere, and why.
    pub unfit: Vec<(String, &'static str)>,
    /// Secrets of letters, digits and `-_.~+` only: they stand in addresses and in every file as they are.
    pub plain: BTreeSet<String>,
    /// Secrets that a program tells, and which one.
    pub commanded: BTreeMap<String, String>,
    /// Who works on the servers, or what is wrong with their keys; none where the config names no `ssh_keys`.
    pub people: Option<Result<Vec<Person>, String>>,
    /// Keys of hosts that the repository may be on, lines as of ssh, or why they cannot be read; none where the project has
    /// no such file.
    pub known_hosts: Option<Result<String, String>>,
}

/// Where the keys of the repository's host stand, from the project's directory.
pub const KNOWN_HOSTS: &str = "deployment/known_hosts";

/// No file of hosts is larger, in bytes.
const LARGEST: u64 = 64 * 1024;

impl Ground {
    /// Reads the people's keys, and judges the secrets.
    pub(super) fn read(project: &Project, dir: &Path, found: &ProjectSecrets) -> Self {
        let unfit =
            found.values.iter().filter_map(|(name, secret)| Some((name.clone(), unfit(secret.expose())?)));
        let plain = found.values.iter().filter(|(_, secret)| is_plain(secret.expose()));
        let people = project.names.ssh_keys.as_deref().map(|keys| people::load(&dir.join(keys)));
        Self {
            secrets: found.values.keys().cloned().collect(),
            unfit: unfit.collect(),
            plain: plain.map(|(name, _)| name.clone()).collect(),
            commanded: BTreeMap::new(),
            people,
            known_hosts: known_hosts(&dir.join(KNOWN_HOSTS)),
        }
    }
}

fn known_hosts(path: &Path) -> Option<Result<String, String>> {
    let wrong = |why: &dyn std::fmt::Display| Some(Err(format!("{} cannot be used: {why}", path.display())));
    let file = match std::fs::File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return None,
        Err(error) => return wrong(&error),
    };
    let mut text = String::new();
    match file.take(LARGEST + 1).read_to_string(&mut text) {
        Err(error) => wrong(&error),
        Ok(length) if length as u64 > LARGEST => wrong(&"it is larger than 64 KB"),
        Ok(_) if text.contains(|c: char| c.is_control() && !"\n\r\t".contains(c)) => {
            wrong(&"it has a control character in it")
        }
        Ok(_) => Some(Ok(text.replace('\r', ""))),
    }
}

fn is_plain(value: &str) -> bool {
    value.chars().all(|c| c.is_ascii_alphanumeric() || "-_.~+".contains(c))
}

/// Why a value is no password that every service takes: RabbitMQ reads a line and strips it, PostgreSQL's password files
/// hold lines.
fn unfit(value: &str) -> Option<&'static str> {
    if value.is_empty() {
        return Some("is empty");
    }
    if value.chars().any(char::is_control) {
        return Some("has a line break or another control character in it");
    }
    if value.trim() != value {
        return Some("begins or ends with a blank, which RabbitMQ strips");
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_with_quotes_dollars_and_letters_of_other_alphabets_fits_and_one_with_a_line_break_does_not()
    {
        for good in ["a", "it's \"$x\" `y` \\ :%", "pässwörd ключ"] {
            assert_eq!(unfit(good), None, "{good}");
        }
        for bad in ["", "a\nb", "a\0", " a", "a\u{a0}"] {
            assert!(unfit(bad).is_some(), "{bad:?}");
        }
    }
}
