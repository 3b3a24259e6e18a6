//! The machine, its disks, its upkeep.

use super::{Line, Subject};
use crate::fleet::measured::{Disks, Machine, Upkeep};
use crate::fleet::thresholds::judge;
use crate::fleet::{Gauge, Severity, words};

impl Subject<'_> {
    pub(super) fn machine(&self, machine: &Machine) -> Vec<Line> {
        let limits = self.state.preferences.thresholds;
        let [one, five, fifteen] = machine.load;
        let cores = words::count(u64::from(machine.cores), "core");
        let load = Line::judged("load", judge(machine.load_per_core(), limits.load), format!("{one:.1}"))
            .and([format!("{five:.1} in 5 min"), format!("{fifteen:.1} in 15 min"), cores])
            .drawn(self.bars(Gauge::Load, Some(limits.load), None));
        let memory = machine.memory_percent().map(|percent| {
            Line::judged("memory", judge(percent, limits.memory), format!("{percent:.0}%"))
                .and([format!("of {}", words::bytes(machine.memory_total))])
                .drawn(self.bars(Gauge::Memory, Some(limits.memory), Some(100.0)))
        });
        let swap = if machine.swap_total == 0 {
            Line::plain("swap", "none")
        } else {
            let total = words::bytes(machine.swap_total);
            Line::plain("swap", words::bytes(machine.swap_used)).and([format!("of {total}")])
        };
        let up = words::seconds(std::time::Duration::from_secs(machine.up_seconds).as_secs_f64());
        let mut lines = vec![load];
        lines.extend(memory);
        lines.push(swap);
        lines.push(self.clock(machine));
        lines.push(Line::plain("up", up));
        lines
    }

    fn clock(&self, machine: &Machine) -> Line {
        let synchronised = match machine.clock_synchronised {
            Some(true) => "synchronised",
            Some(false) => "not synchronised",
            None => "does not say whether it is synchronised",
        };
        let Some(ahead) = machine.clock_ahead_ms else {
            return Line::judged("clock", Severity::Unknown, "?").and([synchronised]);
        };
        #[allow(clippy::cast_precision_loss)] // milliseconds
        let off = ahead.unsigned_abs() as f64;
        let words = match ahead {
            0 => "right".to_owned(),
            1..1_000 => format!("{ahead} ms ahead"),
            -999..0 => format!("{} ms behind", -ahead),
            1_000.. => format!("{} ahead", words::seconds(off / 1_000.0)),
            _ => format!("{} behind", words::seconds(off / 1_000.0)),
        };
        Line::judged("clock", judge(off, self.state.preferences.thresholds.clock_ms), words)
            .and([synchronised])
    }

    pub(super) fn disks(&self, disks: &Disks) -> Vec<Line> {
        let limits = self.state.preferences.thresholds.disk;
        let lines = disks.mounts.iter().map(|mount| {
            let inodes = mount.inodes_percent.unwrap_or(0);
            let mut severity = judge(f64::from(mount.percent().max(inodes)), limits);
            if mount.read_only {
                severity = if mount.path == "/" { Severity::Down } else { Severity::Idle };
            }
            let free = format!("{} free of {}", words::bytes(mount.available), words::bytes(mount.size));
            let inodes = mount.inodes_percent.map(|percent| format!("inodes {percent}%"));
            let read_only = mount.read_only.then(|| "read-only".to_owned());
            let rest = [Some(free), inodes, Some(mount.device.clone()), read_only];
            Line::judged(mount.path.as_str(), severity, format!("{}%", mount.percent()))
                .and(rest.into_iter().flatten())
        });
        lines.collect()
    }
}

pub(super) fn upkeep(upkeep: &Upkeep) -> Vec<Line> {
    let reboot = if upkeep.reboot_required {
        Line::judged("reboot", Severity::Warn, "required").and(["for what was upgraded"])
    } else {
        Line::judged("reboot", Severity::Ok, "not required")
    };
    let upgrades = match (upkeep.upgrades, upkeep.security) {
        (Some(0), _) => Line::plain("upgrades", "none"),
        (Some(all), security) => Line::plain("upgrades", words::count(u64::from(all), "package"))
            .and(security.map(|security| format!("{security} of them for security"))),
        (None, _) => Line::judged("upgrades", Severity::Unknown, "?").and(["the package tool does not say"]),
    };
    let mut lines = vec![reboot, upgrades];
    lines.extend(upkeep.system.as_ref().map(|system| Line::plain("system", system.as_str())));
    lines
}
