//! Django's own health check, on Gunicorn's local port (R2).

use super::script::Script;
use crate::fleet::Layout;

/// Asks once: ends with 0 when Gunicorn answers with 200, else says its answer.
#[must_use]
pub fn ask(layout: &Layout) -> String {
    wait(layout, 0)
}

/// Asks until Gunicorn answers with 200, for so many seconds.
#[must_use]
pub fn wait(layout: &Layout, seconds: u32) -> String {
    Script::new("health")
        .told("site", &layout.site)
        .told("gunicorn_port", &layout.gunicorn_port.to_string())
        .told("health_path", &layout.health_path)
        .told("patience", &seconds.to_string())
        .then(include_str!("scripts/health.sh"))
        .text()
}
