//! The releases of an environment as somebody chooses among them: whose code they are, and what lies between each and
//! what is in use.

use jiff::Timestamp;

use super::Facts;
use super::release::{Launchable, releases};
use crate::fleet::{Changeset, LaunchSource};
use crate::repo::Question;

/// About so many the repository is asked; who goes back further has its log.
const ASKED: usize = 12;

/// A release to choose.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// What the group would launch.
    pub launch: LaunchSource,
    /// The code in it.
    pub changeset: Changeset,
    /// When it was made.
    pub made_at: Timestamp,
    /// The group launches it now.
    pub is_current: bool,
    /// What its newest changeset says of itself, and who wrote that, where the repository knows it.
    pub commit: Option<(String, String)>,
    /// Migrations that lie between it and what the group launches; none where nobody knows.
    pub migrations: Option<Vec<String>>,
}

/// What the repository is to be asked about them.
#[must_use]
pub fn questions(facts: &Facts<'_>) -> Vec<Question> {
    let all = releases(facts);
    let current = all.iter().find(|one| one.is_current);
    let mut asked: Vec<Question> =
        all.iter().take(ASKED).map(|one| Question::Commit(one.changeset.clone())).collect();
    let others = all.iter().take(ASKED).filter(|one| !one.is_current);
    asked.extend(others.filter_map(|one| {
        let (from, to) = in_order(one, current?);
        (!from.changeset.is_same(&to.changeset))
            .then(|| Question::Between(from.changeset.clone(), to.changeset.clone()))
    }));
    asked
}

/// All of them, newest first.
#[must_use]
pub fn offers(facts: &Facts<'_>) -> Vec<Offer> {
    let all = releases(facts);
    let current = all.iter().find(|one| one.is_current).cloned();
    let between = |one: &Launchable| {
        let (from, to) = in_order(one, current.as_ref()?);
        let told = facts.repo?.between(&from.changeset, &to.changeset)?;
        Some(told.gained.iter().map(|migration| migration.name.clone()).collect())
    };
    let offer = |one: &Launchable| Offer {
        launch: one.launch.clone(),
        changeset: one.changeset.clone(),
        made_at: one.made_at,
        is_current: one.is_current,
        commit: one.commit.as_ref().map(|commit| (commit.subject.clone(), commit.author.clone())),
        migrations: between(one),
    };
    all.iter().map(offer).collect()
}

/// The older first.
fn in_order<'a>(one: &'a Launchable, other: &'a Launchable) -> (&'a Launchable, &'a Launchable) {
    if one.made_at <= other.made_at { (one, other) } else { (other, one) }
}
