//! PostgreSQL: a primary with the project's roles and database, or a replica of one.

use super::{Part, Plot, installing, method, part, script, settings};
use crate::fleet::Role;
use crate::plan::Address;
use crate::recipe::script::Script;

/// What the distribution calls its PostgreSQL.
const PACKAGE: &str = "postgresql";

pub(super) fn primary(plot: &Plot<'_>) -> Vec<Part> {
    let title = "make the roles and the database";
    let roles = script("roles", title)
        .told("database", &plot.layout.database)
        .told("database_user", &plot.layout.database_user)
        .then(include_str!("scripts/primary.sh"));
    let roles = Part { secrets: &["database_password"], ..part("roles", title, roles.text(), 600) };
    vec![postgres(plot), roles, check(&Role::DbPrimary, "see that PostgreSQL answers as a primary")]
}

pub(super) fn replica(plot: &Plot<'_>) -> Vec<Part> {
    let title = "copy the primary, and stream from it by a slot of its own";
    // An address that is not known yet comes in the variable of the same name.
    let known = plot.primary.and_then(Address::known);
    let later = plot.primary.filter(|address| address.known().is_none());
    let of_replica = |script: Script| {
        known
            .into_iter()
            .fold(script, |script, address| script.told("primary", address))
            .told("database_user", &plot.layout.database_user)
            .then(include_str!("scripts/replica.sh"))
    };
    let copy = of_replica(script("copy", title)).then(include_str!("scripts/replica_copy.sh"));
    let back = of_replica(script("slot", "drop the slot")).then(include_str!("scripts/replica_back.sh"));
    let copy = Part {
        secrets: &["database_password"],
        addresses: later.map(|address| ("primary", address.clone())).into_iter().collect(),
        back: Some(back.text()),
        // A large database takes its time.
        ..part("copy", title, copy.text(), 24 * 3_600)
    };
    vec![postgres(plot), copy, check(&Role::DbReplica, "see that PostgreSQL streams")]
}

/// Stops PostgreSQL, and masks it: nothing is written any more, also after a reboot (R11).
#[must_use]
pub fn stop_for_good() -> String {
    script("stop", "stop PostgreSQL for good").then(include_str!("scripts/postgres_stop.sh")).text()
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
