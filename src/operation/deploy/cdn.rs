//! What CloudFront has kept of the old static files.

use super::super::Facts;
use super::super::draft::{Draft, step};
use crate::plan::{Action, Step, StepId};

/// Asks every distribution of the environment to forget them, once the new ones are there. The site works without it, as
/// files get new names when they change: no step waits for it, and none fails with it.
pub(super) fn forget(draft: &mut Draft<'_>, facts: &Facts<'_>, after: StepId) {
    for distribution in &facts.place.distributions {
        draft.add(Step {
            after: vec![after],
            becomes: Some("fetched anew when somebody asks".into()),
            soft: true,
            deadline_s: 300,
            ..step(
                "worker",
                "ask CloudFront to forget old static files",
                distribution.as_str(),
                Action::Invalidate { distribution: distribution.clone(), paths: vec!["/*".into()] },
            )
        });
    }
}
