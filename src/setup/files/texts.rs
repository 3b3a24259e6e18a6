//! The other files: secrets, what git is to leave alone, templates, and a person's key.

use std::collections::BTreeMap;

use super::diff::{Shown, ShownKind};
use crate::config::secrets::Secret;
use crate::setup::ground::Ground;

pub(super) const SETTINGS: &str = "deployment/templates/local_settings.py";
pub(super) const PAGE: &str = "deployment/templates/html/503.html";
pub(super) const HEALTH: &str = "deployment/templates/html/healthcheck.html";

/// What comes of an environment's secrets.
pub(super) struct Made {
    /// The file's text and what of it is shown; none where nothing would be in it.
    pub(super) file: Option<(Secret, Vec<Shown>)>,
    /// Names that stay without a value.
    pub(super) missing: Vec<String>,
}

/// An environment's file of secrets: what is there stays as it is, and what it lacks is added.
pub(super) fn secrets(
    ground: &Ground<'_>,
    environment: &str,
    there: Option<&Secret>,
    values: &BTreeMap<String, Secret>,
) -> Made {
    let mut text = there.map_or_else(
        || format!("# Secrets of {environment}. Read as they stand, never executed; keep them out of git.\n"),
        |there| there.expose().to_owned(),
    );
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    let mut shown = Vec::new();
    if there.is_some() {
        shown.push(Shown::new(ShownKind::Gap, "… what is there stays as it is, and is not shown"));
    } else {
        shown.extend(text.lines().map(|line| Shown::new(ShownKind::Added, line)));
    }
    let (mut missing, mut any) = (Vec::new(), there.is_some());
    for name in ground.secret_names() {
        let item = format!("{environment}/{name}");
        if ground.has_secret(&item) {
            continue;
        }
        // A file of its own would hide the one that all share (R22).
        let hides = there.is_none() && ground.facts.shares_secrets;
        let Some(value) = values.get(&item).filter(|_| !hides) else {
            missing.push(name);
            continue;
        };
        any = true;
        text.extend([&name, " = '", &quoted(value.expose()), "'\n"]);
        let length = value.expose().chars().count();
        let line = format!("{name} = '…'   # {length} characters, not shown");
        shown.push(Shown::new(ShownKind::Added, line));
    }
    Made { file: any.then(|| (Secret::new(text), shown)), missing }
}

/// A text between Python's single quotes.
fn quoted(value: &str) -> String {
    value.replace('\\', "\\\\").replace('\'', "\\'")
}

/// What git is to leave alone: files of secrets, if they are not named yet.
pub(super) fn ignored(there: Option<&str>) -> String {
    let mut text = there.unwrap_or_default().to_owned();
    let has =
        |text: &str, wanted: &str| text.lines().any(|line| line.trim().trim_start_matches('/') == wanted);
    let all = has(&text, "fabsecrets*.py") || has(&text, "fabsecrets*");
    let wanted: Vec<&str> =
        ["fabsecrets.py", "fabsecrets_*.py"].into_iter().filter(|name| !all && !has(&text, name)).collect();
    if wanted.is_empty() {
        return text;
    }
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    text.push_str("# Secrets of quarterdeck and FabulAWS\n");
    for name in wanted {
        text.push_str(name);
        text.push('\n');
    }
    text
}

/// The template of Django's settings on servers.
pub(super) fn settings(ground: &Ground<'_>) -> String {
    let text = include_str!("templates/local_settings.py");
    let mut own = String::new();
    for name in ground.list("secret_names", "") {
        own.extend([&name.to_uppercase(), " = '{{ ", &name, " }}'\n"]);
    }
    text.replace("PROJECT", &ground.get("project")).replace("# OWN SECRETS\n", &own)
}

pub(super) fn page() -> String {
    include_str!("templates/503.html").to_owned()
}

pub(super) fn health() -> String {
    include_str!("templates/healthcheck.html").to_owned()
}

/// The line of the key that was chosen.
pub(super) fn person(ground: &Ground<'_>) -> String {
    let answer = ground.get("key");
    let key = ground.facts.keys.iter().find(|key| key.file == answer);
    format!("{}\n", key.map_or(answer.as_str(), |key| key.line.as_str()).trim())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn git_is_told_of_secrets_once_and_what_it_knows_stays() {
        let first = ignored(None);
        assert_eq!(first, "# Secrets of quarterdeck and FabulAWS\nfabsecrets.py\nfabsecrets_*.py\n");
        assert_eq!(ignored(Some(&first)), first);
        assert_eq!(ignored(Some("a\n/fabsecrets*.py\n")), "a\n/fabsecrets*.py\n");
        let half = ignored(Some("*.pyc\nfabsecrets.py"));
        assert_eq!(half, "*.pyc\nfabsecrets.py\n# Secrets of quarterdeck and FabulAWS\nfabsecrets_*.py\n");
    }

    #[test]
    fn a_value_comes_back_from_between_quotes() {
        for value in ["a", "it's", "a\\b", "\\'"] {
            let text = format!("x = '{}'\n", quoted(value));
            let dir = tempfile::tempdir().unwrap();
            std::fs::write(dir.path().join("fabsecrets.py"), text).unwrap();
            let read = crate::config::secrets::load(dir.path(), "any");
            assert_eq!(read.values["x"].expose(), value);
        }
    }
}
