//! The data volume that a new server comes with: what it is, and what the config must say of it.

use super::super::draft::Draft;
use super::super::{Facts, Refused};
use crate::fleet::text::one_line;
use crate::fleet::{BuildPlace, NewVolume, Role};
use crate::plan::typed::PASSPHRASE;
use crate::recipe::build::{DEVICE, FILE_SYSTEMS, directories};

/// Types whose price and speed the config cannot say.
const PROVISIONED: [&str; 2] = ["io1", "io2"];

/// Directories that a volume would hide, or that it must not be below.
const SYSTEM: [&str; 11] =
    ["/bin", "/boot", "/dev", "/etc", "/lib", "/proc", "/root", "/run", "/sbin", "/sys", "/usr"];

/// Directories that hold more than a project's.
const SHARED: [&str; 7] = ["/", "/home", "/opt", "/srv", "/tmp", "/var", "/var/lib"];

/// The volumes of a server of this role. It comes with the launch, so that there is none without its server.
pub(super) fn volumes(build: &BuildPlace, role: &Role) -> Vec<NewVolume> {
    let place = build.role(role);
    let volume = place.volume_gb.map(|gb| NewVolume {
        device: DEVICE.to_owned(),
        gb,
        kind: place.volume_type,
        encrypted: build.ebs_encrypt,
        keeps: keeps(role),
    });
    volume.into_iter().collect()
}

/// R15: whoever terminates a database does not delete its data with the same word.
const fn keeps(role: &Role) -> bool {
    matches!(role, Role::DbPrimary | Role::DbReplica | Role::Combo)
}

/// Refused where the config wants a volume, and what it says of it is not enough or makes no sense.
pub(in super::super) fn judge(draft: &mut Draft<'_>, facts: &Facts<'_>, role: &Role) -> Result<(), Refused> {
    judged(draft, facts, role, false)
}

/// The same of a server that an image is made of, which a group launches.
pub(in super::super) fn judge_of_group(
    draft: &mut Draft<'_>,
    facts: &Facts<'_>,
    role: &Role,
) -> Result<(), Refused> {
    judged(draft, facts, role, true)
}

fn judged(draft: &mut Draft<'_>, facts: &Facts<'_>, role: &Role, of_group: bool) -> Result<(), Refused> {
    let build = &facts.place.build;
    let place = build.role(role);
    let Some(size) = place.volume_gb else { return Ok(()) };
    let wants = format!("the config wants a data volume of {size} GB for a {role} server");
    if build.fs_encrypt && of_group {
        return Err(Refused::State(format!(
            "{wants}, locked with a passphrase (fs_encrypt), and what a group launches boots locked, fails its check and is \
             ended, again and again (R10). Take `fs_encrypt` out of `instance_settings` in fabulaws-config.yml, and write \
             `ebs_encrypt: true` there: EBS encrypts it, and it needs no passphrase"
        )));
    }
    let Some(root) = &build.volume_root else {
        return Err(Refused::State(format!(
            "{wants}, and does not say where it is mounted: write `app_root` into fabulaws-config.yml, under \
             `instance_settings`, such as /srv/app"
        )));
    };
    if !is_mount_point(root) {
        return Err(Refused::State(format!(
            "{wants}, and `{}` is no directory that it can be mounted at: `app_root` is the project's own, such as \
             /srv/app, of letters, digits, dots, - and _. Mend `instance_settings` in fabulaws-config.yml",
            one_line(root)
        )));
    }
    let layout = &facts.place.layout;
    if let Some(odd) = directories(role, layout).into_iter().find(|directory| !is_mount_point(directory)) {
        return Err(Refused::State(format!(
            "{wants}, and `{}` cannot be bound to it: a directory of its own, such as /home/myproject, of letters, digits, \
             dots, - and _. Mend `home` in fabulaws-config.yml",
            one_line(odd)
        )));
    }
    if let Some(kind) = build.fs_type.as_deref().filter(|kind| !FILE_SYSTEMS.contains(kind)) {
        return Err(Refused::State(format!(
            "{wants}, and `{}` is no file system that is made on it: `fs_type` is one of {}. Mend `instance_settings` in \
             fabulaws-config.yml",
            one_line(kind),
            FILE_SYSTEMS.join(", ")
        )));
    }
    if let Some(kind) = place.volume_type.as_deref().filter(|kind| PROVISIONED.contains(kind)) {
        return Err(Refused::State(format!(
            "{wants}, of the type {kind}, and AWS wants to be told how fast that is to be, which the config cannot say: \
             write gp3 under `volume_types` in fabulaws-config.yml"
        )));
    }
    if build.fs_encrypt {
        draft.note(format!(
            "The data volume is locked with {PASSPHRASE}: {}. After each boot `quarterdeck apply unlock-and-mount {}` opens it; \
             who has lost the passphrase has lost the data. `ebs_encrypt: true` encrypts it without one.",
            match facts.site.filter(|site| site.ground.secrets.contains(PASSPHRASE)) {
                Some(known) => format!("its value is in {}", known.secrets_file),
                None => "it is asked for before this begins, twice, and kept nowhere".to_owned(),
            },
            facts.place.name
        ));
    }
    if keeps(role) {
        draft.note(format!(
            "The data volume of the {role} server stays when that server is terminated, also by an undo (R15): delete it in \
             EC2 once nobody needs it."
        ));
    }
    Ok(())
}

fn is_mount_point(root: &str) -> bool {
    let Some(below) = root.strip_prefix('/') else { return false };
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    let is_name = |name: &str| !name.is_empty() && ![".", ".."].contains(&name) && name.bytes().all(fits);
    let is_system = SYSTEM
        .into_iter()
        .any(|one| root.strip_prefix(one).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')));
    below.split('/').all(is_name) && !SHARED.contains(&root) && !is_system
}
