//! Supervisor's groups and Nginx.

use super::script::Script;
use crate::fleet::Layout;

/// A group of Supervisor's programs, as FabulAWS names them: `<environment>-<group>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Group {
    /// Gunicorn.
    Web,
    /// Celery's workers, beat and the camera.
    Celery,
    /// `PgBouncer` and Stunnel.
    PgBouncer,
}

impl Group {
    /// Its name after the environment's.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Web => "web",
            Self::Celery => "celery",
            Self::PgBouncer => "pgbouncer",
        }
    }
}

/// Restarts a group, and sees that it runs.
#[must_use]
pub fn restart(layout: &Layout, group: Group) -> String {
    then_restart(Script::new(&format!("supervisor restart {}", group.word())), layout, group).text()
}

/// Stops a group, and sees that nothing of it runs.
#[must_use]
pub fn stop(layout: &Layout, group: Group) -> String {
    named("stop", layout, group).then(include_str!("scripts/stop.sh")).text()
}

/// Starts a group, and sees that it runs.
#[must_use]
pub fn start(layout: &Layout, group: Group) -> String {
    named("start", layout, group).then(include_str!("scripts/start.sh")).text()
}

fn named(verb: &str, layout: &Layout, group: Group) -> Script {
    Script::new(&format!("supervisor {verb} {}", group.word()))
        .told("environment", &layout.code.environment)
        .told("what", group.word())
}

/// A restart after something else.
pub(super) fn then_restart(script: Script, layout: &Layout, group: Group) -> Script {
    script
        .told("environment", &layout.code.environment)
        .told("what", group.word())
        .then(include_str!("scripts/supervisor_update.sh"))
        .then(include_str!("scripts/restart.sh"))
}

/// Lets Nginx read its configuration again, if that makes sense.
#[must_use]
pub fn reload_nginx(_: &Layout) -> String {
    Script::new("nginx reload").then(include_str!("scripts/nginx_reload.sh")).text()
}
