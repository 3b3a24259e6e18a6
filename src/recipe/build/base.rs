//! What every server has: packages, people, whom the code belongs to, a guard at the door, swap.

use std::fmt::Write as _;

use super::{Part, Plot, installing, part, script, volume};
use crate::fleet::Role;
use crate::recipe::script::quoted;

/// Groups whose members may do everything, as FabulAWS has it.
const SUDO: [&str; 2] = ["sudo", "admin"];

/// The parts, in their order.
pub(super) fn parts(role: &Role, plot: &Plot<'_>) -> Vec<Part> {
    let mut all = vec![packages(plot, plot.build.upgrades)];
    // Before there is anything that its directories could hold.
    all.extend(volume::part(role, plot));
    all.extend(everybody(plot));
    all.extend([guard(), swap(role, plot)]);
    all.extend(kernel(role));
    all
}

/// Who may log in, and as whom: also of a server that there is.
pub(super) fn everybody(plot: &Plot<'_>) -> Vec<Part> {
    vec![people(plot), leavers(plot), sudoers(plot)]
}

/// The lists of packages, and all that is newer in them where that is wanted.
pub(super) fn packages(plot: &Plot<'_>, upgrade: bool) -> Part {
    let title = if upgrade { "upgrade the packages" } else { "read the lists of packages" };
    let script = installing("packages", title)
        .told("mirror", plot.build.mirror.as_deref().unwrap_or_default())
        .told("upgrade", if upgrade { "yes" } else { "no" })
        .then(include_str!("scripts/packages.sh"));
    part("packages", title, script.text(), 3_600)
}

/// Users, groups and keys; the code's owner has everybody's keys.
fn people(plot: &Plot<'_>) -> Part {
    let title = "make users with their keys, and the owner of the code";
    let mut each = String::new();
    for person in plot.people {
        let keys = quoted(&person.keys.join("\n"));
        let _ = writeln!(each, "person {} {} {keys}", quoted(&person.user), quoted(&person.full_name));
    }
    let all: Vec<&str> = plot.people.iter().flat_map(|one| &one.keys).map(String::as_str).collect();
    let script = script("people", title)
        .told("groups", &plot.build.admin_groups.join(" "))
        .told("deploy_user", &plot.layout.deploy_user)
        .told("home", &plot.layout.home)
        .told("deploy_keys", &all.join("\n"))
        .then(include_str!("scripts/people.sh"))
        .then(&each)
        .then(include_str!("scripts/deployer.sh"))
        .then("finish\n");
    part("people", title, script.text(), 300)
}

/// R23: whoever has left goes, with both files of keys.
fn leavers(plot: &Plot<'_>) -> Part {
    let title = "remove users who have left";
    let wanted: Vec<&str> = plot.people.iter().map(|one| one.user.as_str()).collect();
    let script = script("leavers", title)
        .told("wanted", &wanted.join(" "))
        .told("groups", &plot.build.admin_groups.join(" "))
        .told("deploy_user", &plot.layout.deploy_user)
        .told("webserver_user", &plot.layout.webserver_user)
        .then(include_str!("scripts/leavers.sh"));
    part("leavers", title, script.text(), 300)
}

/// Whoever has the key of the first contact comes in by it no more, once somebody of the project does.
pub(super) fn image_user(plot: &Plot<'_>) -> Part {
    let title = "lock the image's own user, once somebody of the project comes in";
    let wanted: Vec<&str> = plot.people.iter().map(|one| one.user.as_str()).collect();
    let script = script("image-user", title)
        .told("wanted", &wanted.join(" "))
        .told("deploy_user", &plot.layout.deploy_user)
        .told("webserver_user", &plot.layout.webserver_user)
        .then(include_str!("scripts/image_user.sh"));
    part("image-user", title, script.text(), 120)
}

/// What the kernel is told for the sake of what runs on it.
fn kernel(role: &Role) -> Option<Part> {
    let (lines, shared): (&[&str], bool) = match role {
        // A backend that is killed for want of memory takes all others with it: rather an error in time.
        Role::DbPrimary | Role::DbReplica => (
            &[
                "vm.overcommit_ratio = 90",
                "vm.overcommit_memory = 2",
                "vm.swappiness = 10",
                "vm.dirty_background_bytes = 67108864",
                "vm.dirty_bytes = 536870912",
            ],
            true,
        ),
        // Beside Python, which promises itself more than it uses.
        Role::Combo => (
            &["vm.swappiness = 10", "vm.dirty_background_bytes = 67108864", "vm.dirty_bytes = 536870912"],
            true,
        ),
        // Redis writes its file from a copy of itself, which is promised as much memory again.
        Role::Cache => {
            (&["vm.overcommit_memory = 1", "vm.swappiness = 10", "net.core.somaxconn = 4096"], false)
        }
        _ => return None,
    };
    let title = "tell the kernel how to deal with memory";
    let script = script("kernel", title)
        .told("lines", &lines.join("\n"))
        .told("shared", if shared { "yes" } else { "" })
        .then(include_str!("scripts/kernel.sh"));
    Some(part("kernel", title, script.text(), 120))
}

fn sudoers(plot: &Plot<'_>) -> Part {
    let title = "let administrators use sudo";
    let groups: Vec<&str> =
        plot.build.admin_groups.iter().map(String::as_str).filter(|group| SUDO.contains(group)).collect();
    let script = script("sudoers", title)
        .told("sudo_groups", &groups.join(" "))
        .then(include_str!("scripts/sudoers.sh"));
    part("sudoers", title, script.text(), 120)
}

fn guard() -> Part {
    let title = "install fail2ban, security updates and a clock";
    let script = installing("guard", title).then(include_str!("scripts/guard.sh"));
    part("guard", title, script.text(), 1_800)
}

fn swap(role: &Role, plot: &Plot<'_>) -> Part {
    let title = "make swap";
    // What was in memory is not to be read from the disk beside the one that is locked.
    let locked = plot
        .build
        .volume_root
        .as_ref()
        .filter(|_| plot.build.fs_encrypt && plot.build.role(role).volume_gb.is_some());
    let script = script("swap", title)
        .told("file", &locked.map_or_else(|| "/swapfile".to_owned(), |root| format!("{root}/swapfile")))
        .told("options", if locked.is_some() { "sw,noauto,nofail" } else { "sw" })
        .told("percent", &plot.build.swap_percent.to_string())
        .then(include_str!("scripts/swap.sh"));
    part("swap", title, script.text(), 600)
}
