//! Celery on a worker, under Supervisor.

use super::script::Script;
use crate::fleet::Layout;

/// For so long Supervisor lets running tasks end before it kills them: FabulAWS's `stopwaitsecs`.
pub const STOP_WAIT_S: u32 = 600;

/// Stops beat and the camera, then the workers, which end their running tasks first.
#[must_use]
pub fn stop(layout: &Layout) -> String {
    celery(layout, "celery stop")
        .django(layout)
        .told("celery_app", &layout.celery_app)
        .then(include_str!("scripts/celery_stop.sh"))
        .text()
}

/// Starts the workers; beat and the camera too where this is the one worker that has them, and stops those elsewhere.
#[must_use]
pub fn start(layout: &Layout, beat: bool) -> String {
    // Its configuration counts as it is now: until then there may be no such group.
    let fresh = Script::new("celery start")
        .told("environment", &layout.code.environment)
        .told("what", "celery")
        .then(include_str!("scripts/supervisor_update.sh"));
    fresh
        .then(include_str!("scripts/celery.sh"))
        .told("beat", if beat { "yes" } else { "no" })
        .then(include_str!("scripts/celery_start.sh"))
        .text()
}

fn celery(layout: &Layout, verb: &str) -> Script {
    Script::new(verb).told("environment", &layout.code.environment).then(include_str!("scripts/celery.sh"))
}
