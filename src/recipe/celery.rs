//! Celery on a worker, under Supervisor.

use super::script::Script;
use crate::fleet::Layout;

/// For so long Supervisor lets running tasks end before it kills them: FabulAWS's `stopwaitsecs`.
pub const STOP_WAIT_S: u32 = 600;

/// For so long what is to be killed may end its tasks by itself.
pub const KILL_AFTER_S: u32 = 30;

/// Stops beat and the camera, then the workers, which end their running tasks first.
#[must_use]
pub fn stop(layout: &Layout) -> String {
    ends(layout, "celery stop", "")
}

/// Stops what makes tasks by itself, beat and the camera; the workers go on.
#[must_use]
pub fn quiet(layout: &Layout) -> String {
    celery(layout, "celery quiet").then(include_str!("scripts/celery_quiet.sh")).text()
}

/// The same as [`stop`]; what has not ended after [`KILL_AFTER_S`] is killed with its children, whether it hears signals or not.
#[must_use]
pub fn kill(layout: &Layout) -> String {
    ends(layout, "celery kill", &KILL_AFTER_S.to_string())
}

fn ends(layout: &Layout, verb: &str, kill_after: &str) -> String {
    celery(layout, verb)
        .django(layout)
        .told("celery_app", &layout.celery_app)
        .told("kill_after", kill_after)
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
