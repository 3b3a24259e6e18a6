//! The files of Supervisor, `PgBouncer`, Stunnel and Nginx on a server, and its own addresses in them.

use super::script::{Script, quoted, spoken};
use crate::fleet::{FileAccess, Layout, Role, ServiceFile};

/// So long a server asks EC2 for its addresses when it boots, in seconds.
const PATIENCE_S: u32 = 60;

/// The template of a file where the project has none of its own.
#[must_use]
pub const fn template(file: ServiceFile) -> &'static str {
    match file {
        ServiceFile::Entrypoint => include_str!("templates/gunicorn-entrypoint.sh"),
        ServiceFile::Supervisor => include_str!("templates/supervisor.conf"),
        ServiceFile::NewRelicWeb | ServiceFile::NewRelicCelery => include_str!("templates/newrelic.ini"),
        ServiceFile::PgBouncerUsers => include_str!("templates/pgbouncer-users.txt"),
        ServiceFile::PgBouncer => include_str!("templates/pgbouncer.ini"),
        ServiceFile::Stunnel => include_str!("templates/stunnel.conf"),
        ServiceFile::NginxPassword => include_str!("templates/nginx.passwd"),
        ServiceFile::Nginx => include_str!("templates/nginx.conf"),
        ServiceFile::OwnAddresses => include_str!("templates/own-addresses"),
    }
}

/// What a template may write where the number of Gunicorn's workers stands: the server itself knows its processors.
pub const WORKERS: &str = "@quarterdeck-workers@";

/// The server that files are written on.
#[derive(Clone, Copy, Debug)]
pub struct On<'a> {
    /// Its role.
    pub role: &'a Role,
    /// Whether beat and the camera run on it (R17).
    pub beat: bool,
    /// What old files are kept under, in letters and digits; nothing old is left without it.
    pub note: Option<&'a str>,
}

/// Writes files whose texts are in variables, tries them, and lets `PgBouncer`, Stunnel and Nginx read them. What does not
/// pass is taken back at once. Gunicorn and Celery read theirs when they are started next.
#[must_use]
pub fn written(layout: &Layout, on: &On<'_>, files: &[ServiceFile]) -> String {
    written_below(layout, "/", on, files)
}

/// The same below another directory than the root.
pub(super) fn written_below(layout: &Layout, root: &str, on: &On<'_>, files: &[ServiceFile]) -> String {
    let boots = files.contains(&ServiceFile::OwnAddresses);
    let script = told(layout, root, on, boots)
        .told("beat", if on.beat { "yes" } else { "no" })
        .told("multiplier", &layout.code.gunicorn_multiplier.to_string())
        .told("boot_script", &if boots { own_addresses_below(layout, root) } else { String::new() })
        .told("boot_unit", include_str!("templates/own-addresses.service").trim_end())
        .then(include_str!("scripts/services_write.sh"));
    let stage = |script: Script, file: &ServiceFile| {
        let access = match file.access() {
            FileAccess::Open => "open",
            FileAccess::Run => "run",
            FileAccess::Deploy => "deploy",
            FileAccess::Site => "site",
            FileAccess::Root => "root",
            FileAccess::Nginx => "nginx",
        };
        let path = quoted(&path(layout, root, *file));
        script.then(&format!("stage {} {path} {access}", file.variable()))
    };
    files.iter().fold(script, stage).then(include_str!("scripts/services_apply.sh")).text()
}

/// Puts back the files that were kept under a note. Where none were, none were written either.
#[must_use]
pub fn back(layout: &Layout, on: &On<'_>, files: &[ServiceFile]) -> String {
    back_below(layout, "/", on, files)
}

/// The same below another directory than the root.
pub(super) fn back_below(layout: &Layout, root: &str, on: &On<'_>, files: &[ServiceFile]) -> String {
    let script = told(layout, root, on, files.contains(&ServiceFile::Nginx));
    let script = script.then("back_here() { path=$1; back; }");
    let one = |script: Script, file: &ServiceFile| {
        script.then(&format!("back_here {}", quoted(&path(layout, root, *file))))
    };
    files.iter().fold(script, one).then(include_str!("scripts/services_back.sh")).text()
}

/// Removes what is kept of a server's settings and files of services from before.
#[must_use]
pub fn forgotten(layout: &Layout, role: &Role) -> String {
    let files = ServiceFile::ALL.into_iter().filter(|file| file.is_for(role)).map(|file| file.path(layout));
    let all: Vec<String> =
        std::iter::once(layout.code.local_settings.clone()).chain(files).map(|path| quoted(&path)).collect();
    Script::new("settings")
        .then(&format!("set -- {}", all.join(" ")))
        .then(include_str!("scripts/files_forget.sh"))
        .text()
}

fn told(layout: &Layout, root: &str, on: &On<'_>, site: bool) -> Script {
    Script::new("services")
        .told("root", root)
        .told("deploy_user", &layout.deploy_user)
        .told("webserver_user", &layout.webserver_user)
        .told("services", &layout.services)
        .told("environment", &layout.code.environment)
        .told("project", &layout.code.project)
        .told("site", if site { "yes" } else { "no" })
        .told("note", on.note.unwrap_or_default())
        .then(include_str!("scripts/service_files.sh"))
}

/// Files below the home are where the config says; the others are the system's.
fn path(layout: &Layout, root: &str, file: ServiceFile) -> String {
    let path = file.path(layout);
    if path.starts_with(&layout.services) { path } else { format!("{}{path}", root.trim_end_matches('/')) }
}

/// What a server does on each boot (R9), before Nginx and Supervisor start.
fn own_addresses_below(layout: &Layout, root: &str) -> String {
    let file = |file| quoted(&path(layout, root, file));
    format!(
        "#!/bin/sh\nset -eu\nknown={}\npatience={PATIENCE_S}\nset -- {} {}\n{}",
        file(ServiceFile::OwnAddresses),
        quoted(&layout.code.local_settings),
        file(ServiceFile::Nginx),
        spoken(include_str!("scripts/own_addresses.sh")).trim_end()
    )
}
