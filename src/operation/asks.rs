//! What a planner wants to know of the repository. It is asked before, for planners read nothing themselves.

use super::code::{A_RELEASE, head};
use super::deploy::schema_of;
use super::new_server::{self, Wanted};
use super::release::choose;
use super::{Facts, Operation, Opt, Options};
use crate::repo::{Asking, Question, RepoFacts};

impl Operation {
    /// What the repository is to be asked before this is planned, as far as that can be told. What it answers may lead
    /// to more questions.
    #[must_use]
    pub fn asks(&self, facts: &Facts<'_>, options: &Options) -> Vec<Question> {
        // A server is built of what runs already, or of nothing of the repository.
        if self.takes.contains(&Opt::Role) {
            match new_server::wanted(facts, options) {
                Wanted::Nothing => return Vec::new(),
                Wanted::InUse(changeset) => return vec![Question::Commit(changeset)],
                Wanted::Named => {}
            }
        }
        let makes_release = self.takes.contains(&Opt::Changeset);
        let branch = match &options.branch {
            None if makes_release && options.changeset.is_none() => facts.place.branch.as_deref(),
            named => named.as_deref(),
        };
        if let Some(branch) = branch
            && facts.repo.and_then(|repo| repo.head(branch)).is_none()
        {
            return vec![Question::Head(branch.to_owned())];
        }
        let to = match (branch, &options.changeset) {
            (Some(branch), _) => head(facts, branch, A_RELEASE).map(|code| code.changeset),
            (None, Some(changeset)) => Ok(changeset.clone()),
            (None, None) if self.takes.contains(&Opt::Release) => facts
                .group()
                .and_then(|group| choose(facts, group, options.release.as_deref()))
                .map(|one| one.changeset),
            (None, None) => return Vec::new(),
        };
        let Ok(to) = to else { return Vec::new() };
        let from = if makes_release { None } else { schema_of(facts) };
        let between = from.filter(|from| !from.is_same(&to)).map(|from| Question::Between(from, to.clone()));
        [Question::Commit(to)].into_iter().chain(between).collect()
    }

    /// What the repository tells of whatever this wants to know before it is planned; none where it is not asked. Waits
    /// for it.
    pub async fn informed(
        &self,
        facts: &Facts<'_>,
        options: &Options,
        ask: Option<&Asking>,
    ) -> Option<RepoFacts> {
        let ask = ask?;
        let (mut told, mut asked) = (RepoFacts::default(), Vec::new());
        loop {
            let known = Facts { repo: Some(&told), ..*facts };
            let mut new = self.asks(&known, options);
            // What was not answered once is not asked again.
            new.retain(|question| !asked.contains(question));
            if new.is_empty() {
                return (!asked.is_empty()).then_some(told);
            }
            asked.extend(new.iter().cloned());
            told = ask(new, told).await;
        }
    }
}
