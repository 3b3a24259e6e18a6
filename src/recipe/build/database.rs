//! PostgreSQL: a primary with the project's roles and database, or a replica of one.

use super::{Part, Plot, installing, method, part, script, settings};
use crate::fleet::Role;

/// What the distribution calls its PostgreSQL.
const PACKAGE: &str = "postgresql";

pub(super) fn primary(plot: &Plot<'_>) -> Vec<Part> {
    let title = "make the roles and the database";
    let roles = script("roles", title)
        .told("database", &plot.layout.database)
        .told("database_user", &plot.layout.database_user)
        .then(include_str!("scripts/roles.sh"))
        .then(include_str!("scripts/primary.sh"));
    let roles = Part { secrets: &["database_password"], ..part("roles", title, roles.text(), 600) };
    vec![postgres(plot), roles, check(&Role::DbPrimary, "see that PostgreSQL answers as a primary")]
}

pub(super) fn replica(plot: &Plot<'_>) -> Vec<Part> {
    vec![postgres(plot), super::replica::copied(plot), check(&Role::DbReplica, "see that PostgreSQL streams")]
}

/// Stops PostgreSQL, and masks it: nothing is written any more, also after a reboot (R11).
#[must_use]
pub fn stop_for_good() -> String {
    script("stop", "stop PostgreSQL for good").then(include_str!("scripts/postgres_stop.sh")).text()
}

/// Sees that PostgreSQL works in its role, as after a boot.
pub(super) fn works(role: &Role) -> String {
    script("works", "see that PostgreSQL works")
        .told("role", role.word())
        .then(include_str!("scripts/db_up.sh"))
        .text()
}

fn postgres(plot: &Plot<'_>) -> Part {
    let title = "install PostgreSQL with the project's settings";
    let database = &plot.build.database;
    let packages =
        if database.packages.is_empty() { PACKAGE.to_owned() } else { database.packages.join(" ") };
    let written = settings(&database.settings);
    let lines: Vec<String> = written.settings.iter().map(|(name, value)| line(name, value)).collect();
    let script = installing("postgres", title)
        .told("packages", &packages)
        .told("settings", &lines.join("\n"))
        .told("networks", &database.networks.join(" "))
        .told("method", method(&database.settings))
        .then(include_str!("scripts/postgres.sh"));
    part("postgres", title, script.text(), 2_400)
}

/// A line of `postgresql.conf`.
fn line(name: &str, value: &str) -> String {
    format!("{name} = '{}'", value.replace('\'', "''"))
}

fn check(role: &Role, title: &'static str) -> Part {
    let script = script("check", title).told("role", role.word()).then(include_str!("scripts/db_check.sh"));
    part("check", title, script.text(), 300)
}
