//! Which code is meant: a release's, a changeset's, or the head of a branch.

use super::release::{Launchable, choose, fits, named, releases, shown};
use super::{Facts, Options, Refused};
use crate::fleet::Changeset;
use crate::fleet::text::one_line;
use crate::repo::Commit;

/// Code that is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Code {
    /// Its changeset.
    pub(super) changeset: Changeset,
    /// What the repository tells of it.
    pub(super) commit: Option<Commit>,
}

impl Code {
    /// The code of a changeset, with what is known of it.
    pub(super) fn of(facts: &Facts<'_>, changeset: Changeset) -> Self {
        let commit = facts.repo.and_then(|repo| repo.commit(&changeset)).cloned();
        Self { changeset, commit }
    }

    /// `a1b2c3d “Fix export”`, as far as that is known.
    pub(super) fn named(&self) -> String {
        named(&self.changeset, self.commit.as_ref())
    }
}

impl From<&Launchable> for Code {
    fn from(release: &Launchable) -> Self {
        Self { changeset: release.changeset.clone(), commit: release.commit.clone() }
    }
}

/// The head of a branch, as the repository told it before; `instead` is what else can be said.
pub(super) fn head(facts: &Facts<'_>, branch: &str, instead: &str) -> Result<Code, Refused> {
    let written = one_line(branch);
    let Some(told) = facts.repo.and_then(|repo| repo.head(branch)) else {
        return Err(Refused::Facts(format!(
            "there is no clone of the project to ask for the head of branch `{written}`: start in the project's clone, \
             or {instead}"
        )));
    };
    match &told.changeset {
        Ok(changeset) => Ok(Code::of(facts, changeset.clone())),
        Err(why) => {
            Err(Refused::State(format!("the head of branch `{written}` is not known: {why}; or {instead}")))
        }
    }
}

/// The code that is meant where there need be no release: the changeset that was named, or the head of the branch.
pub(super) fn meant(facts: &Facts<'_>, options: &Options) -> Result<Code, Refused> {
    if options.branch.is_some() && options.changeset.is_some() {
        return Err(Refused::Usage(
            "--branch and --changeset both say which code is meant: leave one of them out".into(),
        ));
    }
    if let Some(changeset) = &options.changeset {
        return Ok(Code::of(facts, changeset.clone()));
    }
    let Some(branch) = options.branch.as_deref().or(facts.place.branch.as_deref()) else {
        let (deployment, environment) = (&facts.topology.deployment, &facts.place.name);
        return Err(Refused::Usage(format!(
            "the config names no branch for {environment}: say --branch or --changeset, or name it in \
             fabulaws-config.yml under `branches`, `{deployment}`, `{environment}`"
        )));
    };
    head(facts, branch, "name the changeset with --changeset")
}

/// What can be said in place of a branch where a release is meant.
pub(super) const A_RELEASE: &str = "name a release with --release";

/// The release that is meant: the one that is named, or the newest one of a branch's head.
pub(super) fn release(facts: &Facts<'_>, options: &Options) -> Result<Launchable, Refused> {
    let group = facts.group()?;
    let Some(branch) = branch(options)? else { return choose(facts, group, options.release.as_deref()) };
    let code = head(facts, branch, A_RELEASE)?;
    let all = releases(facts);
    let found = all.iter().find(|one| one.changeset.is_same(&code.changeset)).cloned();
    let found = found.ok_or_else(|| {
        let environment = &facts.place.name;
        let written = one_line(branch);
        Refused::State(format!(
            "branch `{written}` is at {}, of which {environment} has no release: make one with `quarterdeck apply \
             create-release {environment} --branch {written}`, or name another with --release: {}",
            code.named(),
            shown(&all)
        ))
    })?;
    fits(group, found)
}

/// The code that is meant: a release's, or the head of a branch, of which there need be no release.
pub(super) fn choose_code(facts: &Facts<'_>, options: &Options) -> Result<Code, Refused> {
    match branch(options)? {
        Some(branch) => head(facts, branch, A_RELEASE),
        None => choose(facts, facts.group()?, options.release.as_deref()).map(|found| Code::from(&found)),
    }
}

/// The branch that was named in place of a release.
fn branch(options: &Options) -> Result<Option<&str>, Refused> {
    if options.branch.is_some() && options.release.is_some() {
        return Err(Refused::Usage(
            "--branch and --release both say which code is meant: leave one of them out".into(),
        ));
    }
    Ok(options.branch.as_deref())
}
