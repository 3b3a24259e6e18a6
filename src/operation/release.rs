//! Which releases there are, and which one is meant.

use std::cmp::Reverse;

use jiff::Timestamp;

use super::refused::listed;
use super::{Facts, Refused};
use crate::fleet::{Changeset, Group, ImageId, LaunchSettings, LaunchSource, release};
use crate::repo::Commit;

/// A release that can be launched: made for this environment, by its name.
#[derive(Clone, Debug, PartialEq)]
pub struct Launchable {
    /// What a group is pointed at; a version is a number.
    pub launch: LaunchSource,
    /// Its image.
    pub image: Option<ImageId>,
    /// The code in it.
    pub changeset: Changeset,
    /// When it was made.
    pub made_at: Timestamp,
    /// The group launches it now.
    pub is_current: bool,
    /// What the repository tells of it.
    pub commit: Option<Commit>,
}

impl Launchable {
    /// `a1b2c3d “Fix export”`, as far as that is known.
    #[must_use]
    pub fn named(&self) -> String {
        named(&self.changeset, self.commit.as_ref())
    }
}

/// A changeset with its subject, where that is known.
pub(super) fn named(changeset: &Changeset, commit: Option<&Commit>) -> String {
    let short = changeset.short();
    commit.map_or_else(|| short.to_owned(), |commit| format!("{short} “{}”", commit.subject))
}

/// The releases made for this environment, newest first.
#[must_use]
pub fn releases(facts: &Facts<'_>) -> Vec<Launchable> {
    let current = facts.group().ok().and_then(|group| facts.snapshot.current_launch(group));
    let prefix = prefix(facts);
    let mut found: Vec<Launchable> = facts
        .releases
        .iter()
        .filter_map(|settings| launchable(facts, settings, &prefix, current.as_ref()))
        .collect();
    found.sort_by_key(|one| Reverse(one.made_at));
    found
}

/// What names of this environment's releases begin with.
pub(super) fn prefix(facts: &Facts<'_>) -> String {
    format!("{}_{}_lc_", facts.topology.deployment, facts.place.name)
}

fn name(settings: &LaunchSettings) -> Option<&str> {
    match &settings.resolved {
        LaunchSource::Configuration { name } => Some(name),
        LaunchSource::Template { .. } => settings.description.as_deref(),
    }
}

fn launchable(
    facts: &Facts<'_>,
    settings: &LaunchSettings,
    prefix: &str,
    current: Option<&LaunchSource>,
) -> Option<Launchable> {
    let name = name(settings)?.strip_prefix(prefix)?;
    let (made_at, changeset) = release::parse_name(name)?;
    let launch = settings.resolved.clone();
    let commit = facts.repo.and_then(|repo| repo.commit(&changeset)).cloned();
    let is_current = current == Some(&launch);
    (!launch.is_floating()).then(|| Launchable {
        launch,
        image: settings.image.clone(),
        changeset,
        made_at,
        is_current,
        commit,
    })
}

/// The release that is meant.
pub(super) fn choose(facts: &Facts<'_>, group: &Group, word: Option<&str>) -> Result<Launchable, Refused> {
    let all = releases(facts);
    let Some(word) = word else {
        return Err(Refused::Usage(format!("say which release, with --release: {}", shown(&all))));
    };
    fits(group, find(facts, &all, word)?)
}

/// The release, if the group launches what it is.
pub(super) fn fits(group: &Group, found: Launchable) -> Result<Launchable, Refused> {
    if let (LaunchSource::Template { id, name, .. }, Some(now)) = (&found.launch, &group.launch)
        && !matches!(now, LaunchSource::Template { id: other, .. } if other == id)
    {
        return Err(Refused::State(format!(
            "{} launches from {}, and the release is a version of template {name}: make one of its own kind with \
             create-release",
            group.name,
            now.label()
        )));
    }
    Ok(found)
}

fn find(facts: &Facts<'_>, all: &[Launchable], word: &str) -> Result<Launchable, Refused> {
    let environment = &facts.place.name;
    if word == "latest" {
        return all.first().cloned().ok_or_else(|| {
            Refused::State(format!("{environment} has no release: make one with create-release"))
        });
    }
    let exact = all.iter().find(|one| is_called(&one.launch, word));
    if let Some(found) = exact {
        return Ok(found.clone());
    }
    if let Some(foreign) = facts.releases.iter().find(|settings| is_called(&settings.resolved, word)) {
        let name = name(foreign).unwrap_or(word);
        return Err(Refused::State(format!(
            "`{name}` was not made for {environment}: its releases are called {}<time>_<changeset>",
            prefix(facts)
        )));
    }
    let matching: Vec<&Launchable> =
        all.iter().filter(|one| word.len() >= 4 && one.changeset.as_str().starts_with(word)).collect();
    match matching.as_slice() {
        [] => Err(Refused::Usage(format!(
            "{environment} has no release `{}`; there {}",
            crate::fleet::text::one_line(word),
            listed(all.iter().map(|one| one.changeset.short()))
        ))),
        [first, rest @ ..] if rest.iter().all(|one| one.changeset == first.changeset) => Ok((*first).clone()),
        several => Err(Refused::Usage(format!(
            "`{word}` can be several releases: there {}; write more of the changeset",
            listed(several.iter().map(|one| &one.changeset))
        ))),
    }
}

/// `v42`, `42`, a configuration's name, or `name v42`.
fn is_called(launch: &LaunchSource, word: &str) -> bool {
    let version = match launch {
        LaunchSource::Template { version, .. } => word.strip_prefix('v').unwrap_or(word) == version,
        LaunchSource::Configuration { .. } => false,
    };
    version || launch.label() == word
}

/// `latest is a1b2c3d “Fix export”; earlier …`.
pub(super) fn shown(all: &[Launchable]) -> String {
    const MOST: usize = 5;
    let Some((first, rest)) = all.split_first() else {
        return "there are none yet; create-release makes one".into();
    };
    let mut text = format!("latest is {}", first.named());
    if !rest.is_empty() {
        let earlier: Vec<String> = rest.iter().take(MOST).map(Launchable::named).collect();
        text = format!("{text}; before it {}", earlier.join(", "));
    }
    if rest.len() > MOST { format!("{text} and {} more", rest.len() - MOST) } else { text }
}
