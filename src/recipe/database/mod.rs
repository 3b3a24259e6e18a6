//! Copies of databases: dumped into a file, loaded beside the database that is in use, and put into its place by its name.
//!
//! Nothing here changes the database that is in use but [`swap`], which gives it another name and keeps it.

use super::script::{Script, quoted};
use crate::fleet::Layout;
use crate::plan::{InstanceRef, Relay};

/// Where copies are kept on database servers: on the disk of the databases, and nobody else's.
pub const BACKUPS: &str = "/var/lib/postgresql/backups";

/// So many seconds a replica may be behind for what is dumped there.
pub const MOST_BEHIND_S: u32 = 300;

/// What is dumped, and where to.
#[derive(Clone, Copy, Debug)]
pub struct Dump<'a> {
    /// The directory.
    pub to: &'a str,
    /// The file in it.
    pub name: &'a str,
    /// The fingerprint of the key that it is encrypted for; empty where it is not.
    pub key: &'a str,
    /// How many seconds a replica may be behind; none where that does not count.
    pub most_behind: Option<u32>,
    /// Whether the room that is left does not count.
    pub tight: bool,
    /// How many dumps of the database are kept in the directory, this one included; none is all.
    pub keep: Option<u32>,
}

/// Dumps the database into a file, which appears under its name whole and read to its end, with its sha256 beside it.
#[must_use]
pub fn dump(layout: &Layout, dump: &Dump<'_>) -> String {
    begun(layout, "dump", &format!("dump {}", layout.database))
        .told("to", dump.to)
        .told("name", dump.name)
        .told("key", dump.key)
        .told("most_behind", &dump.most_behind.map(|most| most.to_string()).unwrap_or_default())
        .told("tight", yes(dump.tight))
        .told("keep", &dump.keep.map(|keep| keep.to_string()).unwrap_or_default())
        .then(include_str!("scripts/dump.sh"))
        .text()
}

/// Deletes a dump, also half of one.
#[must_use]
pub fn forget(layout: &Layout, file: &str) -> String {
    begun(layout, "forget", "delete the copy")
        .told("file", file)
        .then(include_str!("scripts/forget.sh"))
        .text()
}

/// Sees that there is room for a file in a directory and for what it is loaded into, and makes the directory.
#[must_use]
pub fn room(layout: &Layout, to: &str, megabytes: u64, tight: bool) -> String {
    begun(layout, "room", "see that there is room")
        .told("to", to)
        .told("needed", &megabytes.to_string())
        .told("tight", yes(tight))
        .then(include_str!("scripts/room.sh"))
        .text()
}

/// A dump goes to another server, over the operator's machine, in pieces. Each is a short script of its own.
#[must_use]
pub fn relay(layout: &Layout, from: InstanceRef, to: InstanceRef, file: &str) -> Relay {
    let of = |verb: &str, script: &str| {
        begun(layout, verb, "bring a copy to another server").told("file", file).then(script).text()
    };
    Relay {
        from,
        to,
        file: file.to_owned(),
        told: of("told", include_str!("scripts/piece_told.sh")),
        read: of("piece", include_str!("scripts/piece_read.sh")),
        have: of("have", include_str!("scripts/piece_have.sh")),
        write: of("take", include_str!("scripts/piece_write.sh")),
        whole: of("whole", include_str!("scripts/piece_whole.sh")),
        back: forget(layout, file),
    }
}

/// What is loaded, and into what.
#[derive(Clone, Copy, Debug)]
pub struct Load<'a> {
    /// The file.
    pub file: &'a str,
    /// The database that is made of it.
    pub incoming: &'a str,
    /// Whether everything belongs to the application's role, rather than to whom it belonged.
    pub disown: bool,
    /// Whether the room that is left does not count.
    pub tight: bool,
}

/// Loads a dump into a database of its own, beside the one that is in use.
#[must_use]
pub fn load(layout: &Layout, load: &Load<'_>) -> String {
    // The words that pg_restore is told besides.
    let owners = if load.disown {
        format!("set -- -O -x {}\n", quoted(&format!("--role={}", layout.database_user)))
    } else {
        "set --\n".to_owned()
    };
    begun(layout, "load", &format!("load {}", load.incoming))
        .told("file", load.file)
        .told("incoming", load.incoming)
        .told("tight", yes(load.tight))
        .then(&owners)
        .then(include_str!("scripts/load.sh"))
        .text()
}

/// Drops what was made beside the database that is in use.
#[must_use]
pub fn drop(layout: &Layout, incoming: &str) -> String {
    begun(layout, "drop", &format!("drop {incoming}"))
        .told("incoming", incoming)
        .then(include_str!("scripts/drop.sh"))
        .text()
}

/// Gives the database that is in use the name `aside`, and the one named `comes` its own, at once. As a way back it finds
/// the names changed or not.
#[must_use]
pub fn swap(layout: &Layout, aside: &str, comes: &str, back: bool) -> String {
    let verb = if back { "back" } else { "swap" };
    renamed(
        begun(layout, verb, &format!("put {comes} into the place of {}", layout.database)),
        aside,
        comes,
        back,
    )
    .then(include_str!("scripts/swap.sh"))
    .text()
}

/// Cuts connections of a replica that still read what was renamed.
#[must_use]
pub fn cut(layout: &Layout, aside: &str, comes: &str, back: bool) -> String {
    renamed(begun(layout, "cut", "cut connections that read what was there before"), aside, comes, back)
        .then(include_str!("scripts/cut.sh"))
        .text()
}

/// Sees that a replica replays what its primary does.
#[must_use]
pub fn follows(layout: &Layout) -> String {
    begun(layout, "follows", "see that the replica follows").then(include_str!("scripts/follows.sh")).text()
}

/// Gives the first site of the loaded database the environment's domain.
#[must_use]
pub fn site(layout: &Layout, incoming: &str) -> String {
    let domain = layout.site.trim_start_matches('*').trim_start_matches('.');
    begun(layout, "site", &format!("set the site to {domain}"))
        .told("incoming", incoming)
        .told("domain", domain)
        .then(include_str!("scripts/site.sh"))
        .text()
}

/// Empties the queues of the environment, its sessions and its cache.
#[must_use]
pub fn purge(layout: &Layout) -> String {
    begun(layout, "purge", "empty queues, sessions and cache")
        .told("vhost", &layout.vhost)
        .then(include_str!("scripts/purge.sh"))
        .text()
}

/// Migrates the loaded database; the primary is at this address. `database_password` may come along.
#[must_use]
pub fn migrate(layout: &Layout, host: &str, incoming: &str) -> String {
    django(layout, "migrate", &format!("migrate {incoming}"), host, incoming)
        .then(include_str!("scripts/migrate.sh"))
        .text()
}

/// Runs an executable of the project, whose text comes along in the variable `hook`, on the loaded database.
#[must_use]
pub fn hook(layout: &Layout, name: &str, path: &str, host: &str, incoming: &str) -> String {
    django(layout, "hook", &format!("run {path}"), host, incoming)
        .told("name", name)
        .told("path", path)
        .told("project", &layout.code.project)
        .told("environment", &layout.code.environment)
        .told("home", &layout.home)
        .told("deploy_user", &layout.deploy_user)
        .told("root", &layout.root)
        .told("log_dir", &layout.log_dir)
        .then(include_str!("scripts/hook.sh"))
        .text()
}

fn django(layout: &Layout, verb: &str, what: &str, host: &str, incoming: &str) -> Script {
    begun(layout, verb, what)
        .django(layout)
        .told("host", host)
        .told("incoming", incoming)
        .told("database_user", &layout.database_user)
        .then(include_str!("scripts/django.sh"))
}

fn renamed(script: Script, aside: &str, comes: &str, back: bool) -> Script {
    script.told("aside", aside).told("comes", comes).told("back", yes(back))
}

/// A script that does nothing on another server than the one that is meant.
fn begun(layout: &Layout, verb: &str, what: &str) -> Script {
    Script::new(&format!("database {verb}"))
        .told("what", what)
        .then(include_str!("../build/scripts/lib.sh"))
        .told("database", &layout.database)
        .then(include_str!("scripts/sql.sh"))
}

const fn yes(flag: bool) -> &'static str {
    if flag { "yes" } else { "no" }
}
