//! A replica: its data are a copy of the primary's, made beside what is there, and in their place only once it is whole. What
//! was there is kept until the copy streams, and goes before it only where that was agreed to.

use super::{Part, Plot, part, script};
use crate::fleet::Layout;
use crate::plan::Address;
use crate::recipe::script::Script;

/// A large database takes its time.
const COPYING_S: u32 = 24 * 3_600;

/// How a broken replica is made one again.
#[derive(Clone, Copy, Debug)]
pub struct Resync<'a> {
    /// The private address of the primary.
    pub primary: &'a str,
    /// A name of this attempt's own: what is left of another one does not count.
    pub note: &'a str,
    /// Whether the old data may go before the copy is there, where both have no room.
    pub tight: bool,
    /// Whether the old data may go although they have something that the primary has not.
    pub may_lose: bool,
}

/// The part of building a replica that copies the primary.
pub(super) fn copied(plot: &Plot<'_>) -> Part {
    let title = "copy the primary, and stream from it by a slot of its own";
    // An address that is not known yet comes in the variable of the same name.
    let known = plot.primary.and_then(Address::known);
    let later = plot.primary.filter(|address| address.known().is_none());
    let cramped = ": take a larger one";
    let copy = of_replica(script("copy", title), known, plot.layout)
        .told("note", "build")
        .then(include_str!("scripts/replica_prove.sh"))
        .then(include_str!("scripts/replica_pass.sh"))
        .then(include_str!("scripts/replica_new.sh"))
        .then_room(false, cramped)
        .then(include_str!("scripts/replica_copy.sh"))
        .then(include_str!("scripts/replica_swap.sh"));
    let back = of_replica(script("slot", "drop the slot"), known, plot.layout)
        .then(include_str!("scripts/replica_back.sh"));
    Part {
        secrets: &["database_password"],
        addresses: later.map(|address| ("primary", address.clone())).into_iter().collect(),
        back: Some(back.text()),
        ..part("copy", title, copy.text(), COPYING_S)
    }
}

/// Sees that the primary is one that can be copied: what is deleted elsewhere for its sake is only to be had from it then.
/// Changes nothing.
#[must_use]
pub fn sound() -> String {
    script("sound", "see that the primary is good").then(include_str!("scripts/replica_sound.sh")).text()
}

/// Sees that the primary can be copied to this server, that there is room, and that nothing is only here. Changes nothing.
#[must_use]
pub fn can_copy(layout: &Layout, how: &Resync<'_>) -> Part {
    let title = "see that the primary can be copied, that there is room, and that nothing is only here";
    let script = resync("can-copy", title, layout, how)
        .then(include_str!("scripts/replica_prove.sh"))
        .told("may_lose", yes(how.may_lose))
        .then(include_str!("scripts/replica_own.sh"))
        .then_room(how.tight, RESYNC_CRAMPED)
        .text();
    Part { secrets: &["database_password"], ..part("can-copy", title, script + "exit 0\n", 300) }
}

/// Copies the primary beside the data that are here.
#[must_use]
pub fn copy_beside(layout: &Layout, how: &Resync<'_>) -> Part {
    let title = if how.tight {
        "copy the primary, deleting its old data first where both have no room"
    } else {
        "copy the primary beside its old data"
    };
    let script = resync("copy", title, layout, how)
        .then(include_str!("scripts/replica_prove.sh"))
        .then(include_str!("scripts/replica_cured.sh"))
        .told("may_lose", yes(how.may_lose))
        .then(include_str!("scripts/replica_own.sh"))
        .then_room(how.tight, RESYNC_CRAMPED)
        .then(include_str!("scripts/replica_pass.sh"))
        .then(include_str!("scripts/replica_copy.sh"))
        .then("finish\n");
    let back =
        resync("uncopy", "remove the copy", layout, how).then(include_str!("scripts/replica_uncopy.sh"));
    Part {
        secrets: &["database_password"],
        back: Some(back.text()),
        ..part("copy", title, script.text(), COPYING_S)
    }
}

/// Puts the copy into the place of the old data, and removes those once it streams.
#[must_use]
pub fn use_copy(layout: &Layout, how: &Resync<'_>) -> Part {
    let title = "put the copy into the place of its data, and see that it streams";
    let script = resync("use-copy", title, layout, how)
        .then(include_str!("scripts/replica_cured.sh"))
        .then(include_str!("scripts/replica_swap.sh"));
    let back = resync("unuse-copy", "put the data from before into their place", layout, how)
        .then(include_str!("scripts/replica_unswap.sh"));
    Part { back: Some(back.text()), ..part("use-copy", title, script.text(), 4 * 3_600) }
}

/// What is said where there is no room for both.
const RESYNC_CRAMPED: &str = " beside the data that are here: make room, or take a larger volume. --override little-room has \
                              them deleted before the copy is there";

fn resync(verb: &str, title: &str, layout: &Layout, how: &Resync<'_>) -> Script {
    of_replica(script(verb, title), Some(how.primary), layout).told("note", how.note)
}

fn of_replica(script: Script, primary: Option<&str>, layout: &Layout) -> Script {
    primary
        .into_iter()
        .fold(script, |script, address| script.told("primary", address))
        .told("database_user", &layout.database_user)
        .then(include_str!("scripts/replica.sh"))
        .then(include_str!("scripts/replica_streams.sh"))
}

impl Script {
    /// Looks whether there is room for the copy.
    fn then_room(self, tight: bool, cramped: &str) -> Self {
        self.told("tight", yes(tight)).told("cramped", cramped).then(include_str!("scripts/replica_room.sh"))
    }
}

const fn yes(flag: bool) -> &'static str {
    if flag { "yes" } else { "no" }
}
