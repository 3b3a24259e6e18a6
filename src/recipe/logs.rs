//! The last lines of a server's logs, for whoever wonders why it is not healthy.

use super::script::Script;
use crate::fleet::Layout;

/// Of Gunicorn's log and Nginx' errors.
#[must_use]
pub fn of_web(layout: &Layout) -> String {
    last_lines(layout, "gunicorn error")
}

/// Of Celery's workers and beat.
#[must_use]
pub fn of_worker(layout: &Layout) -> String {
    let names = layout.celery_workers.iter().map(|name| format!("celeryd-{name}"));
    let logs: Vec<String> = names.chain(["celerybeat".to_owned()]).collect();
    last_lines(layout, &logs.join(" "))
}

fn last_lines(layout: &Layout, logs: &str) -> String {
    Script::new("logs")
        .told("log_dir", &layout.log_dir)
        .told("logs", logs)
        .then(include_str!("scripts/last_lines.sh"))
        .text()
}
