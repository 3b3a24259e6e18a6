//! The data volume: a disk with a file system of its own, and the directories that lie on it.

use super::{Part, Plot, installing};
use crate::fleet::{Layout, Role};

/// Where it is attached, as FabulAWS has it.
pub const DEVICE: &str = "/dev/sdf";

/// File systems that can be made; the first is made where the config names none.
pub const FILE_SYSTEMS: [&str; 4] = ["ext4", "ext3", "xfs", "btrfs"];

/// The part, where the config wants a volume and says where it is mounted.
pub(super) fn part(role: &Role, plot: &Plot<'_>) -> Option<Part> {
    let gb = plot.build.role(role).volume_gb?;
    let root = plot.build.volume_root.as_deref()?;
    let title = "mount the data volume, and bind directories to it";
    let script = installing("volume", title)
        .told("device", DEVICE)
        .told("gb", &gb.to_string())
        .told("fs_type", plot.build.fs_type.as_deref().unwrap_or(FILE_SYSTEMS[0]))
        .told("mount_at", root)
        .told("directories", &directories(role, plot.layout).join(" "))
        .then(include_str!("scripts/volume.sh"));
    Some(super::part("volume", title, script.text(), 1_800))
}

/// What lies on it: the data of the role's services, else the home with the code.
#[must_use]
pub fn directories<'l>(role: &Role, layout: &'l Layout) -> Vec<&'l str> {
    match role {
        Role::Cache => vec!["/var/lib/redis", "/var/lib/rabbitmq"],
        Role::DbPrimary | Role::DbReplica => vec!["/var/lib/postgresql"],
        Role::Combo => vec!["/var/lib/postgresql", &layout.home],
        _ => vec![&layout.home],
    }
}
