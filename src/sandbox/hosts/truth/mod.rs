//! How a server fares at a moment, as pure functions of the world's seed, its rows and the time. What several tools
//! on several servers tell about (a lag, a queue, a pool) is told from here, so that they agree.

pub(super) mod database;
pub(super) mod disk;
pub(super) mod memory;
pub(super) mod queue;
pub(super) mod services;
pub(super) mod site;

use super::server::Host;
use crate::fleet::InstanceId;
use crate::sandbox::metrics;
use crate::sandbox::read::View;
use crate::sandbox::waves::wave;

pub(super) const MINUTE: i64 = 60_000;

/// Cores and memory in GiB by instance type.
const TYPES: &[(&str, u32, f64)] = &[
    ("c6i.large", 2, 4.0),
    ("m5.large", 2, 8.0),
    ("m6i.large", 2, 8.0),
    ("m6i.xlarge", 4, 16.0),
    ("m6i.4xlarge", 16, 64.0),
    ("r6i.large", 2, 16.0),
    ("t3.small", 2, 2.0),
    ("t3.medium", 2, 4.0),
    ("t3.large", 2, 8.0),
];

/// A server's size.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Size {
    pub(super) cores: u32,
    /// Memory that Linux sees, in KiB.
    pub(super) memory: f64,
}

pub(super) fn size(host: &Host) -> Size {
    let known = TYPES.iter().find(|(name, ..)| *name == host.instance_type);
    let (cores, gibibytes) = known.map_or((2, 4.0), |(_, cores, gibibytes)| (*cores, *gibibytes));
    // The kernel and the firmware keep a little for themselves.
    Size { cores, memory: gibibytes * 1_048_576.0 * 0.965 }
}

/// The load of the last 1, 5 and 15 minutes.
pub(super) fn load(view: &View<'_>, host: &Host) -> rusqlite::Result<[f64; 3]> {
    let mut load = [0.0; 3];
    let cores = f64::from(size(host).cores);
    for (slot, minutes) in load.iter_mut().zip([1, 5, 15]) {
        let then = View { now: view.now - minutes * MINUTE / 2, ..*view };
        let busy = metrics::cpu(&then, &InstanceId::new(&host.id))? / 100.0;
        let entity = format!("load {}", host.id);
        let own = wave(view.dice, &entity, then.now, 20_000 * minutes);
        // Those who wait for a full disk or a lock count, too.
        let waiting = match (host.trouble("unhealthy"), host.trouble("busy")) {
            (Some(_), _) => 5.6,
            (_, Some(_)) => 1.4,
            _ => 0.0,
        };
        *slot = busy * cores * (0.85 + 0.3 * own) + waiting * (0.9 + 0.2 * own);
    }
    Ok(load)
}

/// The share of memory that is in use.
pub(super) fn memory_share(view: &View<'_>, host: &Host) -> f64 {
    let usual = match host.role.word() {
        "web" => 0.52,
        "worker" => 0.58,
        "cache" => 0.44,
        "db-primary" => 0.63,
        "db-replica" => 0.57,
        _ => 0.3,
    };
    let entity = format!("memory {}", host.id);
    let own = view.dice.unit(&entity, 0) - 0.5;
    (usual + 0.06 * own + 0.05 * wave(view.dice, &entity, view.now, 7 * MINUTE)).clamp(0.05, 0.97)
}

/// The changeset checked out, in full; none on a server without code.
pub(super) fn changeset(view: &View<'_>, host: &Host) -> Option<String> {
    let code = matches!(host.role.word(), "web" | "worker" | "combo");
    let short = host.changeset.as_deref().filter(|_| code)?;
    Some(format!(
        "{short}{}",
        view.dice.hex(&format!("changeset {short}"), 0, 40_usize.saturating_sub(short.len()))
    ))
}

/// Packages that can be upgraded, those of them that are security updates, and whether a reboot is needed for what
/// was upgraded before.
pub(super) fn upgrades(view: &View<'_>, host: &Host) -> (u64, u64, bool) {
    let days = ((view.now - host.launched_at) / (1_440 * MINUTE)).max(0).cast_unsigned();
    // Security updates install themselves; the rest waits.
    let own = view.dice.draw(&format!("upgrades {}", host.id), 0);
    let all = days.min(60) / 2 + own % 4;
    (all, (own % 2).min(all), days > 30 && !own.is_multiple_of(3))
}
