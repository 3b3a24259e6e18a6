//! How full disks are.

use super::MINUTE;
use crate::sandbox::hosts::server::Host;
use crate::sandbox::read::View;
use crate::sandbox::waves::{fraction, whole};

const GIBIBYTE: f64 = 1_073_741_824.0;
const DAY: i64 = 1_440 * MINUTE;
/// A disk that fills up is full after so long.
const FILLING: i64 = 46 * MINUTE;

/// A file system.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::sandbox) struct Mount {
    pub(in crate::sandbox) path: &'static str,
    pub(in crate::sandbox) device: &'static str,
    pub(in crate::sandbox) kind: &'static str,
    /// In bytes.
    pub(in crate::sandbox) size: u64,
    pub(in crate::sandbox) used: u64,
    /// What an ordinary user may still write.
    pub(in crate::sandbox) available: u64,
    /// In percent; none where the file system does not count them.
    pub(in crate::sandbox) inodes: Option<u8>,
}

impl Mount {
    /// As `df` counts.
    pub(in crate::sandbox) fn percent(&self) -> u64 {
        (self.used * 100).div_ceil((self.used + self.available).max(1))
    }
}

/// Whether nothing more can be written to the root file system.
pub(in crate::sandbox) fn is_full(view: &View<'_>, host: &Host) -> bool {
    host.trouble("disk-full").is_some_and(|trouble| view.now - trouble.since >= FILLING)
}

pub(in crate::sandbox) fn mounts(view: &View<'_>, host: &Host) -> Vec<Mount> {
    let root = match host.role.word() {
        "worker" => 30.0,
        "web" => 24.0,
        _ => 16.0,
    };
    let mut mounts = vec![
        mount(view, host, "/", "/dev/root", root),
        Mount {
            path: "/boot/efi",
            device: "/dev/nvme0n1p15",
            kind: "vfat",
            size: 109_395_456,
            used: 6_390_272,
            available: 103_005_184,
            inodes: None,
        },
    ];
    let data = match host.role.word() {
        "db-primary" | "db-replica" => 40.0 + host.load,
        "cache" => 40.0,
        _ => 0.0,
    };
    if data > 0.0 {
        mounts.push(mount(view, host, "/mnt/secure", "/dev/nvme1n1", data.round()));
    }
    mounts
}

fn mount(view: &View<'_>, host: &Host, path: &'static str, device: &'static str, gibibytes: f64) -> Mount {
    let entity = format!("disk {path} {}", host.id);
    // Databases of one environment are the same size everywhere.
    let like =
        if path == "/mnt/secure" { format!("disk {path} {}", host.environment) } else { entity.clone() };
    let usual = 0.42 + 0.2 * view.dice.unit(&like, 0);
    // Logs grow through the day and are rotated at midnight.
    let today = 0.035 * fraction(view.now.rem_euclid(DAY), DAY) * view.dice.unit(&entity, 1);
    let mut share = usual + today;
    if let Some(trouble) = host.trouble("disk-full").filter(|_| path == "/") {
        let filled = fraction(view.now - trouble.since, FILLING).clamp(0.0, 1.0);
        share = trouble.amount + (1.0 - trouble.amount) * filled;
    }
    let size = gibibytes * GIBIBYTE * 0.983;
    // The file system keeps five percent for root.
    let usable = size * 0.95;
    let used = whole(usable * share.min(1.0)) / 4_096 * 4_096;
    let usable = whole(usable) / 4_096 * 4_096;
    let full = share >= 1.0;
    Mount {
        path,
        device,
        kind: "ext4",
        size: whole(size) / 4_096 * 4_096,
        used: if full { usable } else { used },
        available: if full { 0 } else { usable - used },
        inodes: Some(u8::try_from(3 + view.dice.draw(&entity, 2) % 14).unwrap_or(3)),
    }
}
