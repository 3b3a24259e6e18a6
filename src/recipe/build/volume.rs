//! The data volume: a disk with a file system of its own, and the directories that lie on it.

use super::{Part, Plot, installing, script};
use crate::fleet::{Layout, Role};
use crate::plan::typed::PASSPHRASE;

/// Where it is attached, as FabulAWS has it.
pub const DEVICE: &str = "/dev/sdf";

/// File systems that can be made; the first is made where the config names none.
pub const FILE_SYSTEMS: [&str; 4] = ["ext4", "ext3", "xfs", "btrfs"];

/// The part, where the config wants a volume and says where it is mounted.
pub(super) fn part(role: &Role, plot: &Plot<'_>) -> Option<Part> {
    let gb = plot.build.role(role).volume_gb?;
    let root = plot.build.volume_root.as_deref()?;
    let title = if plot.build.fs_encrypt {
        "lock the data volume with the passphrase, mount it, and bind directories to it"
    } else {
        "mount the data volume, and bind directories to it"
    };
    let text = installing("volume", title)
        .told("device", DEVICE)
        .told("gb", &gb.to_string())
        .told("fs_type", plot.build.fs_type.as_deref().unwrap_or(FILE_SYSTEMS[0]))
        .told("mount_at", root)
        .told("locks", if plot.build.fs_encrypt { "yes" } else { "" })
        .told("directories", &directories(role, plot.layout).join(" "))
        .then(include_str!("scripts/volume.sh"))
        .text();
    let secrets: &'static [&'static str] = if plot.build.fs_encrypt { &[PASSPHRASE] } else { &[] };
    Some(Part { secrets, ..super::part("volume", title, text, 1_800) })
}

/// The part that opens it after a boot, where it is locked, mounts it, and starts what needs it.
pub(super) fn unlock(role: &Role) -> Part {
    let title = "open the data volume, mount it, and start what needs it";
    let services = match role {
        Role::DbPrimary | Role::DbReplica => "postgresql",
        Role::Cache => "redis-server rabbitmq-server",
        Role::Combo => "postgresql supervisor nginx",
        Role::Web => "supervisor nginx",
        _ => "supervisor",
    };
    let script = script("unlock", title).told("services", services).then(include_str!("scripts/unlock.sh"));
    super::part("unlock", title, script.text(), 900)
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
