//! Tells New Relic of a deploy, where the project has a key for it. A deploy is none the worse when that fails.

use super::super::Facts;
use super::super::code::Code;
use super::super::draft::{Draft, step};
use crate::fleet::Server;
use crate::plan::{Action, HostJob, InstanceRef, JobFile, Step, StepId, TextOf};
use crate::recipe::new_relic;
use crate::template::NEW_RELIC;

/// The last step, on a worker: from there the way out is known to work.
pub(super) fn tell(
    draft: &mut Draft<'_>,
    facts: &Facts<'_>,
    code: &Code,
    worker: Option<&Server>,
    after: &[StepId],
) {
    let Some(worker) = worker.filter(|_| facts.site.is_some_and(|site| site.tells_new_relic)) else { return };
    let environment = facts.place.name.clone();
    let script = new_relic::told(
        &facts.place.layout,
        facts.topology.deployment.as_str(),
        environment.as_str(),
        &code.changeset,
    );
    let of = TextOf::Secret { name: NEW_RELIC.into() };
    let job = HostJob {
        server: InstanceRef::Known(worker.id.clone()),
        name: "new-relic".into(),
        script,
        user: None,
        files: vec![JobFile { of, variable: new_relic::KEY.into(), environment }],
        back: None,
        names_server: false,
    };
    draft.add(Step {
        after: after.to_vec(),
        soft: true,
        deadline_s: 120,
        ..step("worker", "tell New Relic of the deploy", worker.id.as_str(), Action::Job(Box::new(job)))
    });
}
