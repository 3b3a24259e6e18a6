//! What caches hold.

use super::{MINUTE, size};
use crate::sandbox::hosts::server::Host;
use crate::sandbox::read::View;
use crate::sandbox::waves::{daily, fraction, wave, whole};

/// Redis, as far as it depends on the world.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::sandbox) struct Redis {
    pub(in crate::sandbox) used: u64,
    pub(in crate::sandbox) most: u64,
    pub(in crate::sandbox) clients: u64,
    pub(in crate::sandbox) blocked: u64,
    pub(in crate::sandbox) keys: u64,
    pub(in crate::sandbox) unsaved: u64,
    pub(in crate::sandbox) commands: u64,
}

pub(in crate::sandbox) fn redis(view: &View<'_>, host: &Host, clients: usize) -> Redis {
    let usually = whole(size(host).memory * 1_024.0 * 0.5) / 1_048_576 * 1_048_576;
    let most = host.trouble("redis-limit").map_or(usually, |given| whole(given.amount));
    let entity = format!("redis {}", host.id);
    let day = daily(view.now.div_euclid(MINUTE));
    let usual = 0.22 + 0.2 * day + 0.04 * wave(view.dice, &entity, view.now, 5 * MINUTE);
    // From its usual share to the one that it has had for a while; then a little more every hour.
    let share = host.trouble("redis-full").map_or(usual, |trouble| {
        let age = view.now - trouble.since;
        let risen = fraction(age, 60 * MINUTE).clamp(0.0, 1.0);
        let more = 0.01 * fraction(age - 120 * MINUTE, 60 * MINUTE).max(0.0);
        (usual + (trouble.amount - usual) * risen + more).min(0.998)
    });
    #[allow(clippy::cast_precision_loss, reason = "bytes of a memory")]
    let used = whole(usually as f64 * share).min(most);
    let since_save = view.now.rem_euclid(5 * MINUTE);
    Redis {
        used,
        most,
        clients: 6 + 11 * clients as u64 + view.dice.draw(&entity, (view.now / 30_000).cast_unsigned()) % 4,
        blocked: 0,
        keys: used / 5_200,
        unsaved: whole(fraction(since_save, 1_000) * (2.0 + host.load * day * 0.4)),
        commands: whole(fraction(view.now - host.booted_at(), 1_000) * (4.0 + host.load * 5.0)),
    }
}

/// Memcached, as far as it depends on the world.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::sandbox) struct Memcached {
    pub(in crate::sandbox) bytes: u64,
    pub(in crate::sandbox) most: u64,
    pub(in crate::sandbox) connections: u64,
    pub(in crate::sandbox) hits: u64,
    pub(in crate::sandbox) misses: u64,
    pub(in crate::sandbox) evictions: u64,
    pub(in crate::sandbox) items: u64,
}

pub(in crate::sandbox) fn memcached(view: &View<'_>, host: &Host, clients: usize, since: i64) -> Memcached {
    let most: u64 = 256 * 1_048_576;
    let entity = format!("memcached {}", host.id);
    let seconds = fraction(view.now - since, 1_000).max(0.0);
    let gets = whole(seconds * (1.0 + host.load * 2.5));
    let warm = (seconds / 7_200.0).min(1.0);
    let share = warm * (0.68 + 0.2 * wave(view.dice, &entity, view.now, 11 * MINUTE));
    #[allow(clippy::cast_precision_loss, reason = "bytes of a memory")]
    let bytes = whole(most as f64 * share);
    Memcached {
        bytes,
        most,
        connections: 10 + 4 * clients as u64,
        hits: gets / 100 * 93,
        misses: gets - gets / 100 * 93,
        evictions: 0,
        items: bytes / 1_900,
    }
}
