//! The machine and its disks.

use super::{Look, TroubleKind};
use crate::fleet::measured::Mount;
use crate::fleet::thresholds::judge;
use crate::fleet::{Severity, Topic, words};

impl Look<'_> {
    pub(super) fn machine(&mut self) {
        let Some(machine) = self.measured.machine() else { return };
        self.about(Topic::Machine);
        let limits = self.yardstick.thresholds;
        if let Some(percent) = machine.memory_percent() {
            let text = format!("has {percent:.0}% of its memory in use");
            let short = format!("memory {percent:.0}%");
            self.add(judge(percent, limits.memory), TroubleKind::Memory, short, text);
        }
        if let Some(percent) = machine.swap_percent() {
            let text = format!("has {percent:.0}% of its swap in use");
            let short = format!("swap {percent:.0}%");
            self.add(judge(percent, limits.swap), TroubleKind::Swap, short, text);
        }
        let (load, cores) = (machine.load[0], machine.cores.max(1));
        let severity = judge(machine.load_per_core(), limits.load);
        let text = format!("has a load of {load:.1} on {}", words::count(u64::from(cores), "core"));
        self.add(severity, TroubleKind::Load, format!("load {load:.1}"), text);
        if let Some(ahead) = machine.clock_ahead_ms {
            #[allow(clippy::cast_precision_loss)] // milliseconds
            let off = ahead.unsigned_abs() as f64;
            let way = if ahead > 0 { "ahead" } else { "behind" };
            let by = words::seconds(off / 1_000.0);
            let text = format!("has its clock {by} {way}");
            self.add(judge(off, limits.clock_ms), TroubleKind::Clock, format!("clock {by} {way}"), text);
        }
    }

    pub(super) fn disks(&mut self) {
        let Some(disks) = self.measured.disks() else { return };
        self.about(Topic::Disks);
        let limits = self.yardstick.thresholds.disk;
        // A directory that is bound elsewhere is full there, too: a file system counts once, where its path is shortest.
        let twice = |mount: &Mount| {
            let same = |other: &&Mount| !mount.device.is_empty() && other.device == mount.device;
            let first = disks.mounts.iter().filter(same).min_by_key(|one| (one.path.len(), &one.path));
            first.is_some_and(|first| first.path != mount.path)
        };
        for mount in disks.mounts.iter().filter(|mount| !twice(mount)) {
            let path = words::name(&mount.path);
            if mount.read_only {
                // Images and media are meant to be so; the root is not.
                if mount.path == "/" {
                    let text = "has its root file system mounted read-only";
                    self.add_about(Some("/"), Severity::Down, TroubleKind::Disk, "/ read-only", text);
                }
                continue;
            }
            let percent = mount.percent();
            let severity = judge(f64::from(percent), limits);
            let text = format!("has its disk {path} {percent}% full");
            let short = format!("{path} {percent}%");
            self.add_about(Some(&mount.path), severity, TroubleKind::Disk, short, text);
            let inodes = mount.inodes_percent.unwrap_or(0);
            let text = format!("has {inodes}% of the inodes of {path} in use");
            let severity = judge(f64::from(inodes), limits);
            let short = format!("{path} inodes {inodes}%");
            self.add_about(Some(&mount.path), severity, TroubleKind::Disk, short, text);
        }
    }
}
