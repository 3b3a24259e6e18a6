//! A replica that becomes the primary, and what that takes on the other database servers.

use super::script;
use crate::fleet::Layout;

/// Looks whether a replica can be the primary; changes nothing. What the primary's `max_connections` is, where that is
/// known; how many replicas will follow; whether it has to stream still.
#[must_use]
pub fn candidate(layout: &Layout, most: Option<u32>, followers: usize, planned: bool) -> String {
    script("candidate", "see whether it can be the primary")
        .told("database", &layout.database)
        .told("database_user", &layout.database_user)
        .told("most", &most.map(|most| most.to_string()).unwrap_or_default())
        .told("followers", &followers.to_string())
        .told("planned", yes(planned))
        .then(include_str!("scripts/promote_candidate.sh"))
        .text()
}

/// Sees that a server reaches `PostgreSQL` at the address in the variable `primary`.
#[must_use]
pub fn reach_database() -> String {
    script("reach", "see that it reaches the primary to be")
        .then(include_str!("scripts/reach_database.sh"))
        .text()
}

/// Waits until everything that was received is replayed; where the primary was stopped cleanly, sees that this is everything
/// there ever was.
#[must_use]
pub fn received(planned: bool) -> String {
    script("received", "see that everything has come")
        .told("planned", yes(planned))
        .then(include_str!("scripts/promote_received.sh"))
        .text()
}

/// Makes a replica a primary that takes writes.
#[must_use]
pub fn promote() -> String {
    script("promote", "promote it").then(include_str!("scripts/promote.sh")).text()
}

/// Makes the slots that replicas at these addresses read from.
#[must_use]
pub fn slots<'a>(replicas: impl IntoIterator<Item = &'a str>) -> String {
    let slots: Vec<String> = replicas.into_iter().map(slot).collect();
    script("slots", "make the replicas' slots")
        .told("slots", &slots.join(" "))
        .then(include_str!("scripts/promote_slots.sh"))
        .text()
}

/// The same for replicas whose addresses come along in these variables.
#[must_use]
pub fn slots_told(variables: &[String]) -> String {
    let addresses: Vec<String> = variables.iter().map(|variable| format!("\"${variable}\"")).collect();
    let each = format!(
        "slots=\nfor address in {}; do slots=\"$slots replica_$(printf %s \"$address\" | tr . _)\"; done\n",
        addresses.join(" ")
    );
    script("slots", "make the replicas' slots")
        .then(&each)
        .then(include_str!("scripts/promote_slots.sh"))
        .text()
}

/// Has a replica follow the primary at this address, or at the one that comes along in the variable `primary`.
#[must_use]
pub fn follow(layout: &Layout, primary: Option<&str>) -> String {
    primary
        .into_iter()
        .fold(script("follow", "follow the new primary"), |script, address| script.told("primary", address))
        .told("database_user", &layout.database_user)
        .then(include_str!("scripts/replica.sh"))
        .then(include_str!("scripts/promote_follow.sh"))
        .text()
}

/// Takes [`stop_for_good`](super::stop_for_good) back.
#[must_use]
pub fn start_again() -> String {
    script("start", "start PostgreSQL again").then(include_str!("scripts/postgres_start.sh")).text()
}

/// As `replica.sh` names it.
fn slot(address: &str) -> String {
    format!("replica_{}", address.replace('.', "_"))
}

const fn yes(flag: bool) -> &'static str {
    if flag { "yes" } else { "no" }
}
