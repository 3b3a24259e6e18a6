//! Django's own commands.

use super::script::Script;
use crate::fleet::Layout;

/// Migrates the database. What was migrated is not migrated again.
#[must_use]
pub fn migrate(layout: &Layout) -> String {
    manage(layout, "migrate").then("manage migrate --noinput\n").text()
}

/// Collects static files.
#[must_use]
pub fn collectstatic(layout: &Layout) -> String {
    manage(layout, "collectstatic").then("manage collectstatic --noinput\n").text()
}

/// Compresses static files where the project does that.
#[must_use]
pub fn compress(layout: &Layout) -> String {
    manage(layout, "compress").then(include_str!("scripts/compress.sh")).text()
}

fn manage(layout: &Layout, verb: &str) -> Script {
    Script::new(verb).django(layout).then(include_str!("scripts/manage.sh"))
}
