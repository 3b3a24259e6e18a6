//! Disks by mount.

use std::collections::BTreeSet;

use super::Unread;
use super::reading::{bounded, complaint, name};
use super::request::Body;
use crate::fleet::measured::{Disks, Mount};
use crate::fleet::{Fact, Layout};

#[cfg(test)]
mod tests;

/// The script.
pub(super) const SCRIPT: &str = include_str!("script.sh");

/// Not disks: memory, images that are full by nature, and containers' views of a disk that is listed anyway.
const NO_DISKS: &[&str] =
    &["tmpfs", "devtmpfs", "ramfs", "squashfs", "overlay", "efivarfs", "iso9660", "fuse.lxcfs", "nsfs"];

/// What df says of what it may not look at: a user's own mount, whose disk is not ours.
const HIDDEN: &[&str] = &["ermission denied", "ot permitted"];

/// Reads what it printed. df ends with 1 when it could not look at something, and that is whole only when it may not.
pub(super) fn read(body: &Body<'_>, _: &Layout) -> Result<Fact, Unread> {
    let read_only: BTreeSet<String> =
        body.lines.iter().filter_map(|line| line.strip_prefix("ro ")).map(plain).collect();
    let mounts: Vec<Mount> = body.lines.iter().filter_map(|line| mount(line, &read_only)).collect();
    let hidden = |line: &&str| !line.starts_with("df: ") || HIDDEN.iter().any(|words| line.contains(words));
    let whole = body.code == 0 || (body.code == 1 && body.errors.iter().all(hidden));
    if mounts.is_empty() || !whole {
        return Err(complaint(body, "df", "it"));
    }
    Ok(Fact::Disks(Disks { mounts: bounded(mounts) }))
}

/// One line of df; none for its header and for what is no disk. Whatever `/` is, it counts.
fn mount(line: &str, read_only: &BTreeSet<String>) -> Option<Mount> {
    let mut rest = line;
    let mut word = || {
        let text = rest.trim_start();
        let end = text.find(' ')?;
        rest = &text[end..];
        Some(&text[..end])
    };
    let (kind, size, used, available, inodes) = (word()?, word()?, word()?, word()?, word()?);
    let (size, used) = (size.parse().ok()?, used.parse().ok()?);
    let available = available.parse().ok()?;
    // The mount point is last and may have blanks; so may a device, but then no mount point begins inside it.
    let rest = rest.trim();
    let (device, path) = rest.find(' ').map(|end| rest.split_at(end))?;
    let path = path.find(" /").map_or(path, |start| &path[start..]).trim();
    // Below /dev stand devices, in a container by mounts of their own.
    if path != "/" && (NO_DISKS.contains(&kind) || size == 0 || path.starts_with("/dev/")) {
        return None;
    }
    Some(Mount {
        path: name(path),
        device: name(device),
        size,
        used,
        available,
        inodes_percent: inodes.strip_suffix('%').and_then(|percent| percent.parse().ok()),
        read_only: read_only.contains(path),
    })
}

/// A path as the kernel lists it, with `\040` for a blank.
fn plain(path: &str) -> String {
    path.replace("\\040", " ").replace("\\011", "\t").replace("\\134", "\\")
}
