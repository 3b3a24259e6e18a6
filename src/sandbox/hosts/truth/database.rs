//! PostgreSQL: positions in the WAL, who is behind, who is connected.

use super::MINUTE;
use crate::sandbox::hosts::server::{self, Host};
use crate::sandbox::marks;
use crate::sandbox::read::View;
use crate::sandbox::waves::{daily, fraction, wave, whole};

/// 2025-06-01T00:00:00Z: when the WAL began.
const BEGAN: i64 = 1_748_736_000_000;
const DAY: f64 = 86_400_000.0;

/// The position in an environment's WAL at a moment: what was written up to then, in bytes.
pub(in crate::sandbox) fn position(load: f64, at: i64) -> u64 {
    // The integral of what is written per millisecond, which follows the time of the day.
    let rate = 0.012 + load * 0.0009;
    let swing = |at: i64| {
        let turn = (fraction(at, 1) - 17.0 * 3_600_000.0) / DAY * std::f64::consts::TAU;
        0.375 * DAY / std::f64::consts::TAU * turn.sin()
    };
    let elapsed = fraction(at - BEGAN, 1);
    whole(1_000.0 * rate * (0.625 * elapsed + swing(at) - swing(BEGAN)))
}

/// `9E/3A40C1D8`.
pub(in crate::sandbox) fn spelled(position: u64) -> String {
    format!("{:X}/{:X}", position >> 32, position & 0xffff_ffff)
}

/// How far a replica's replay is behind, in milliseconds.
pub(in crate::sandbox) fn lag(view: &View<'_>, replica: &Host) -> i64 {
    let height = wave(view.dice, &format!("lag {}", replica.id), view.now, 9_000);
    let usual = whole(((height - 0.45).max(0.0) / 0.55).powi(2) * 300.0).cast_signed();
    let lagging = replica
        .trouble("replica-lagging")
        .map_or(0, |trouble| whole(fraction(view.now - trouble.since, 1) * trouble.amount).cast_signed());
    // What is paused stays where it was.
    let paused = replica.trouble("replica-paused").map_or(0, |trouble| (view.now - trouble.since).max(0));
    usual + lagging + paused
}

/// A query that holds a replica's replay back.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::sandbox) struct Holding {
    pub(in crate::sandbox) pid: u32,
    pub(in crate::sandbox) since: i64,
}

pub(in crate::sandbox) fn holding(replica: &Host) -> Option<Holding> {
    let trouble = replica.trouble("replica-lagging")?;
    Some(Holding { pid: 8_123, since: trouble.since - 2 * MINUTE })
}

/// Queries that were cancelled because they stood in the replay's way.
pub(in crate::sandbox) fn conflicts(view: &View<'_>, replica: &Host) -> u64 {
    let usual = view.dice.draw(&format!("conflicts {}", replica.id), 0) % 4;
    let lagging = replica
        .trouble("replica-lagging")
        .map_or(0, |trouble| ((view.now - trouble.since) / (7 * MINUTE)).max(0).cast_unsigned());
    usual + lagging
}

/// Connections of one pool: in use, at rest.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(in crate::sandbox) struct Pool {
    pub(in crate::sandbox) active: u64,
    pub(in crate::sandbox) idle: u64,
}

/// `max_connections` for so many web servers and workers.
pub(in crate::sandbox) fn most_connections(clients: usize) -> u64 {
    if clients < 7 { 80 } else { (clients as u64 * 5).next_multiple_of(100) }
}

/// What a web server's or worker's pool holds open to the primary.
pub(in crate::sandbox) fn pool(view: &View<'_>, id: &str, load: f64, clients: usize) -> Pool {
    let share = most_connections(clients) * 4 / 5 / (clients as u64).max(1);
    let entity = format!("pool {id}");
    let busy = load_share(load)
        * daily(view.now.div_euclid(MINUTE))
        * (0.4 + 0.6 * wave(view.dice, &entity, view.now, 20_000));
    let own = view.dice.draw(&entity, 0) % 2;
    #[allow(clippy::cast_precision_loss, reason = "a few connections")]
    let largest = (share.min(14) - own.min(share)) as f64;
    let open = whole(largest * (0.35 + 0.65 * load_share(load))).max(1);
    let active = whole(largest * 0.4 * busy).min(open);
    Pool { active, idle: open - active }
}

/// How much of a server's capacity a site of this load needs.
fn load_share(load: f64) -> f64 {
    (load / 300.0).clamp(0.05, 1.0)
}

/// The web servers and workers of an environment: whoever has a pool.
pub(in crate::sandbox) fn clients(view: &View<'_>, host: &Host) -> rusqlite::Result<Vec<server::Peer>> {
    let mut all = server::peers(view, &host.environment, "web")?;
    all.extend(server::peers(view, &host.environment, "worker")?);
    Ok(all)
}

/// How many they are.
pub(in crate::sandbox) fn count_clients(view: &View<'_>, host: &Host) -> rusqlite::Result<usize> {
    let count = |role| server::count(view, &host.environment, role);
    Ok(count("web")? + count("worker")?)
}

/// The size of an environment's database in bytes.
pub(in crate::sandbox) fn size(view: &View<'_>, host: &Host) -> u64 {
    let other =
        marks::get(view.c, &host.id, marks::DATABASE).is_ok_and(|which| which.as_deref() == Some("other"));
    // What was put into its place has been packed anew.
    let packed = if other { 0.8 } else { 1.0 };
    whole((4.0 + host.load * 0.42) * packed * 1_073_741_824.0) + position(host.load, view.now) / 90_000
}
