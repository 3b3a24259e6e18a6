//! The machine itself.

use serde::Serialize;

/// Load, memory, swap, clock.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Machine {
    /// Cores.
    pub cores: u32,
    /// Load of the last 1, 5 and 15 minutes.
    pub load: [f64; 3],
    /// Memory in bytes.
    pub memory_total: u64,
    /// Memory that could be had without swapping, in bytes.
    pub memory_available: u64,
    /// Swap in bytes; 0 is none.
    pub swap_total: u64,
    /// Swap in use, in bytes.
    pub swap_used: u64,
    /// Seconds since it booted.
    pub up_seconds: u64,
    /// How far its clock is ahead of ours, in milliseconds; negative is behind. As exact as the way there is quick.
    pub clock_ahead_ms: Option<i64>,
    /// Whether it says that its clock is synchronised.
    pub clock_synchronised: Option<bool>,
}

impl Machine {
    /// Memory in use in percent.
    #[must_use]
    #[allow(clippy::cast_precision_loss)] // bytes as percent
    pub fn memory_percent(&self) -> Option<f64> {
        let used = self.memory_total.checked_sub(self.memory_available)?;
        (self.memory_total > 0).then(|| used as f64 * 100.0 / self.memory_total as f64)
    }

    /// Swap in use in percent; none without swap.
    #[must_use]
    #[allow(clippy::cast_precision_loss)] // bytes as percent
    pub fn swap_percent(&self) -> Option<f64> {
        (self.swap_total > 0).then(|| self.swap_used as f64 * 100.0 / self.swap_total as f64)
    }

    /// Load of the last minute per core.
    #[must_use]
    pub fn load_per_core(&self) -> f64 {
        self.load[0] / f64::from(self.cores.max(1))
    }
}

/// File systems.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Disks {
    /// By mount point.
    pub mounts: Vec<Mount>,
}

/// One file system.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Mount {
    /// Where it is mounted.
    pub path: String,
    /// What is mounted.
    pub device: String,
    /// Size in bytes.
    pub size: u64,
    /// In use, in bytes.
    pub used: u64,
    /// What an ordinary user may still write, in bytes.
    pub available: u64,
    /// Inodes in use, in percent; none where the file system does not count them.
    pub inodes_percent: Option<u8>,
    /// Mounted read-only.
    pub read_only: bool,
}

impl Mount {
    /// In use in percent, as `df` counts: of what an ordinary user may use.
    #[must_use]
    pub fn percent(&self) -> u8 {
        let usable = u128::from(self.used) + u128::from(self.available);
        let percent = (u128::from(self.used) * 100).div_ceil(usable.max(1));
        u8::try_from(percent).unwrap_or(100)
    }
}

/// What wants attention at some time.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Upkeep {
    /// A reboot is needed for what was upgraded.
    pub reboot_required: bool,
    /// Packages that can be upgraded; none where the package tool did not say.
    pub upgrades: Option<u32>,
    /// Those of them that are security updates.
    pub security: Option<u32>,
    /// The operating system, as it names itself.
    pub system: Option<String>,
}
