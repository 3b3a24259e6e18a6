//! A cache server whose place another one takes: queues are emptied, what is left in them is copied, and Redis goes over.
//!
//! Nothing here changes what the old server holds, so that until the others use the new one the old one can be used on.

use super::script::Script;
use crate::fleet::Layout;
use crate::plan::{InstanceRef, Relay};

/// For so long workers may empty the queues, in seconds.
pub const DRAIN_S: u32 = 900;

/// For so long it is waited where nothing moves in them, in seconds: tasks for later are never taken away.
const STILL_S: u32 = 60;

/// The variable in which scripts find the address of the new server.
pub const ADDRESS: &str = "cache";

/// Where copies are on both servers: nobody's but root's, for sessions are in them.
const COPIES: &str = "/var/lib/quarterdeck/cache";

/// The file that Redis goes over in.
#[must_use]
pub fn copy_of(note: &str) -> String {
    format!("{COPIES}/redis-{note}.rdb")
}

/// Looks what is in the old server, and whether that can be brought over; changes nothing.
#[must_use]
pub fn look(layout: &Layout) -> String {
    redis("look", "see what is in it")
        .told("vhost", &layout.vhost)
        .then(include_str!("scripts/look.sh"))
        .text()
}

/// Sees that a server reaches the new one, whose address is in the variable [`ADDRESS`].
#[must_use]
pub fn reach() -> String {
    begun("reach", "see that it reaches the new server").then(include_str!("scripts/reach.sh")).text()
}

/// Waits until workers have emptied the queues, until nothing moves in them any more, or until the time is over.
#[must_use]
pub fn drain(layout: &Layout) -> String {
    begun("drain", "wait until the queues are empty")
        .told("vhost", &layout.vhost)
        .told("most", &DRAIN_S.to_string())
        .told("still", &STILL_S.to_string())
        .then(include_str!("scripts/drain.sh"))
        .text()
}

/// Copies what is left in queues from the server at an address to the one whose address is in [`ADDRESS`], by what the
/// project's own settings log in with. The queues are those of the application, and those that are named.
#[must_use]
pub fn tasks<'q>(layout: &Layout, old: &str, queues: impl IntoIterator<Item = &'q str>) -> String {
    let queues: Vec<&str> = queues.into_iter().collect();
    begun("tasks", "copy the tasks that are left")
        .django(layout)
        .told("celery_app", &layout.celery_app)
        .told("old", old)
        .told("queues", &queues.join("\n"))
        .then(include_str!("scripts/tasks.sh"))
        .text()
}

/// Writes what Redis holds now into a file; of one that does not answer, where that is `allowed`, what it wrote last.
#[must_use]
pub fn dump(file: &str, allowed: bool) -> String {
    redis("dump", "write what Redis holds into a file")
        .told("file", file)
        .told("stale", if allowed { "yes" } else { "no" })
        .then(include_str!("scripts/dump.sh"))
        .text()
}

/// The file goes to the new server, over the operator's machine, in pieces. Each is a short script of its own.
#[must_use]
pub fn relay(from: InstanceRef, to: InstanceRef, file: &str) -> Relay {
    let of = |verb: &str, script: &str| {
        begun(verb, "bring what Redis holds to another server").told("file", file).then(script).text()
    };
    Relay {
        from,
        to,
        file: file.to_owned(),
        told: of("told", include_str!("scripts/piece_told.sh")),
        read: of("piece", include_str!("../database/scripts/piece_read.sh")),
        have: of("have", include_str!("../database/scripts/piece_have.sh")),
        write: of(
            "take",
            concat!(
                include_str!("scripts/piece_place.sh"),
                include_str!("../database/scripts/piece_write.sh")
            ),
        ),
        whole: of("whole", include_str!("scripts/piece_whole.sh")),
        back: forget(file),
    }
}

/// Has the new server's Redis begin with what came over, and sees that it is all there.
#[must_use]
pub fn load(file: &str) -> String {
    redis("load", "begin with what came over").told("file", file).then(include_str!("scripts/load.sh")).text()
}

/// Deletes the file, also half of it.
#[must_use]
pub fn forget(file: &str) -> String {
    begun("forget", "delete the copy of Redis")
        .told("file", file)
        .then(include_str!("../database/scripts/forget.sh"))
        .text()
}

fn redis(verb: &str, what: &str) -> Script {
    begun(verb, what).then(include_str!("scripts/redis.sh"))
}

/// A script that does nothing on another server than the one that is meant.
fn begun(verb: &str, what: &str) -> Script {
    Script::new(&format!("cache {verb}")).told("what", what).then(include_str!("../build/scripts/lib.sh"))
}
