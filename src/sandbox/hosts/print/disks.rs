//! File systems, as `df -B1 --output=…` lists them.

use std::fmt::Write;

use super::Section;
use crate::sandbox::hosts::server::Host;
use crate::sandbox::hosts::truth::{disk, size};
use crate::sandbox::read::View;
use crate::sandbox::waves::whole;

pub(super) fn print(view: &View<'_>, host: &Host) -> Section {
    let mut out =
        "Type         1B-blocks         Used        Avail IUse% Filesystem      Mounted on\n".to_owned();
    let memory = whole(size(host).memory * 1_024.0) / 2;
    for mount in disk::mounts(view, host) {
        let inodes = mount.inodes.map_or_else(|| "-".to_owned(), |percent| format!("{percent}%"));
        let _ = writeln!(
            out,
            "{:<8} {:>13} {:>12} {:>12} {inodes:>5} {:<15} {}",
            mount.kind, mount.size, mount.used, mount.available, mount.device, mount.path
        );
    }
    let _ = writeln!(out, "tmpfs    {memory:>13} {:>12} {memory:>12}    1% {:<15} /dev/shm", 0, "tmpfs");
    Section::of(out)
}
