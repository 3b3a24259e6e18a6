//! The files that come of the answers, as text beside what is there now. Nothing is written here.

mod config;
mod diff;
mod texts;

use std::collections::BTreeMap;

use super::ground::Ground;
use crate::config::CONFIG_FILE;
use crate::config::secrets::Secret;

pub use diff::{Shown, ShownKind};

/// A file's text: one that may be seen, or one that holds secrets.
#[derive(Clone, Debug)]
pub enum Body {
    /// May be seen.
    Plain(String),
    /// Holds secrets.
    Private(Secret),
}

impl Body {
    /// The text, for the file itself.
    #[must_use]
    pub fn text(&self) -> &str {
        match self {
            Self::Plain(text) => text,
            Self::Private(secret) => secret.expose(),
        }
    }
}

/// What becomes of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It is made.
    New,
    /// It is changed.
    Changed,
    /// It is as it should be.
    Same,
}

impl Change {
    /// In a word.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::New => "new",
            Self::Changed => "changed",
            Self::Same => "as it is",
        }
    }
}

/// A file to be written.
#[derive(Clone, Debug)]
pub struct PlannedFile {
    /// Its path from the project's directory.
    pub path: String,
    /// Its text; one with secrets is written so that nobody else can read it.
    pub body: Body,
    /// The text that it was made from; another one by then means that somebody else has changed it.
    pub before: Option<Secret>,
    /// What becomes of it.
    pub change: Change,
    /// Its lines as they are shown: secrets are not among them.
    pub shown: Vec<Shown>,
}

/// All files, and what is to be done by hand.
#[derive(Clone, Debug, Default)]
pub struct Plan {
    /// The files, the config first.
    pub files: Vec<PlannedFile>,
    /// What could not be done here, for people.
    pub notes: Vec<String>,
}

impl Plan {
    /// Those that are not as they should be.
    #[must_use]
    pub fn to_write(&self) -> Vec<PlannedFile> {
        self.files.iter().filter(|file| file.change != Change::Same).cloned().collect()
    }
}

/// Where the keys of people lie; as the config has it.
fn users(ground: &Ground<'_>) -> String {
    let there = ground.facts.config.as_ref().and_then(|(_, project)| project.names.ssh_keys.clone());
    there.unwrap_or_else(|| "deployment/users/".into()).trim_end_matches('/').to_owned()
}

/// Templates and pages, where the config names them: made where they are not there yet.
fn kept_texts(ground: &Ground<'_>) -> Vec<(String, String)> {
    let names = ground.facts.config.as_ref().map(|(_, project)| &project.names);
    let or_ours = |there: Option<&String>, ours: &str| there.map_or_else(|| ours.to_owned(), Clone::clone);
    let settings = or_ours(names.and_then(|names| names.localsettings_template.as_ref()), texts::SETTINGS);
    let mut all = vec![(settings, texts::settings(ground))];
    let (page, health) = match names {
        None => (Some(texts::PAGE.to_owned()), Some(texts::HEALTH.to_owned())),
        Some(names) => (names.upgrade_message.clone(), names.healthcheck_override.clone()),
    };
    all.extend(page.map(|path| (path, texts::page())));
    all.extend(health.map(|path| (path, texts::health())));
    all
}

fn secrets_path(environment: &str) -> String {
    format!("fabsecrets_{environment}.py")
}

/// Every file that is looked at.
pub(super) fn paths(ground: &Ground<'_>) -> Vec<String> {
    let mut paths = vec![CONFIG_FILE.to_owned(), ".gitignore".into()];
    paths.extend(ground.environments().iter().map(|name| secrets_path(name)));
    paths.extend(kept_texts(ground).into_iter().map(|(path, _)| path));
    if ground.facts.people.is_empty() {
        paths.push(format!("{}/{}", users(ground), ground.get("person")));
    }
    paths
}

/// Makes every file from answers, what is there, and the values of secrets by `environment/name`.
pub(super) fn plan(
    ground: &Ground<'_>,
    there: &BTreeMap<String, Secret>,
    secrets: &BTreeMap<String, Secret>,
    problems: Vec<String>,
) -> Plan {
    let mut plan = Plan { notes: problems, ..Plan::default() };
    let before = |path: &str| there.get(path);
    let text_of = |path: &str| before(path).map(|text| text.expose().to_owned());
    let config = config::text(ground, text_of(CONFIG_FILE).as_deref(), &mut plan.notes);
    plan.files.push(plain(CONFIG_FILE.into(), config, before(CONFIG_FILE)));
    for environment in ground.environments() {
        let path = secrets_path(&environment);
        let made = texts::secrets(ground, &environment, before(&path), secrets);
        plan.notes.extend(made.missing.iter().map(|name| {
            let file =
                if ground.facts.shares_secrets && before(&path).is_none() { "fabsecrets.py" } else { &path };
            format!("{file} has no {name} yet: deploys to {environment} name it as missing until it does")
        }));
        if let Some((body, shown)) = made.file {
            let change = change(body.expose(), before(&path));
            let before = before(&path).cloned();
            plan.files.push(PlannedFile { path, body: Body::Private(body), before, change, shown });
        }
    }
    let ignored = texts::ignored(text_of(".gitignore").as_deref());
    plan.files.push(plain(".gitignore".into(), ignored, before(".gitignore")));
    // What the project has of these is its own.
    for (path, text) in kept_texts(ground) {
        let text = text_of(&path).unwrap_or(text);
        let before = before(&path);
        plan.files.push(plain(path, text, before));
    }
    if ground.facts.people.is_empty() {
        let path = format!("{}/{}", users(ground), ground.get("person"));
        let before = before(&path);
        plan.files.push(plain(path, texts::person(ground), before));
    }
    plan
}

fn change(text: &str, before: Option<&Secret>) -> Change {
    match before {
        None => Change::New,
        Some(before) if before.expose() == text => Change::Same,
        Some(_) => Change::Changed,
    }
}

fn plain(path: String, text: String, before: Option<&Secret>) -> PlannedFile {
    let change = change(&text, before);
    let shown = diff::lines(before.map(Secret::expose), &text);
    PlannedFile { path, body: Body::Plain(text), before: before.cloned(), change, shown }
}
