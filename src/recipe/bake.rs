//! What is done on a server before an image is made of it (R9).

use super::script::Script;
use crate::fleet::Layout;

/// Removes what must not be shared by all who boot the image: host keys, machine-id, pid files, shell history, temporary
/// credentials.
///
/// It must be told which server is meant (`QUARTERDECK_SERVER`, as
/// [`HostJob::names_server`](crate::plan::HostJob::names_server) does), and touches nothing unless EC2's own metadata say
/// that it runs there.
#[must_use]
pub fn clean(layout: &Layout) -> String {
    clean_below(layout, "/")
}

/// The same below another directory than the root. Every path that is touched begins with it.
pub(super) fn clean_below(layout: &Layout, root: &str) -> String {
    Script::new("clean")
        .told("root", root)
        .told("home", &layout.home)
        .told("services", &layout.services)
        .told("site_root", &layout.root)
        .told("log_dir", &layout.log_dir)
        .then(include_str!("scripts/bake_clean.sh"))
        .text()
}
