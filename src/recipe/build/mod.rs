//! How servers are built: each role as a list of parts, and each part as a script that changes what is not so yet and says
//! in the end whether there was anything to change. So one that broke off is taken up again, and a second time changes
//! nothing. Ubuntu 22.04 and 24.04, Debian 12, with systemd.

mod app;
mod base;
mod cache;
mod database;
mod hook;
mod logs;
mod promote;
mod replica;
mod repository;
pub mod rotate;
mod settings;
mod volume;

use super::script::Script;
use crate::fleet::{BuildPlace, Layout, Person, Role};
use crate::plan::Address;

pub use database::stop_for_good;
pub use logs::AWSLOGS_SECRET;
pub use promote::{candidate, follow, promote, reach_database, received, slots, slots_told, start_again};
pub use replica::{Resync, can_copy, copy_beside, sound, use_copy};
pub use repository::{Access, access};
pub use settings::{Judged, method, settings};
pub use volume::{DEVICE, FILE_SYSTEMS, directories};

/// Something that is brought about on a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Its name: letters and digits.
    pub name: &'static str,
    /// What is done, beginning with a verb.
    pub title: &'static str,
    /// How, for `sh`, as root. It must be told which server is meant, and does nothing on another one.
    pub script: String,
    /// Secrets that the script finds in variables of their names.
    pub secrets: &'static [&'static str],
    /// Variables in which the script finds addresses of servers that are launched on the way.
    pub addresses: Vec<(&'static str, Address)>,
    /// What takes it back beyond the server itself.
    pub back: Option<String>,
    /// How long it may take, in seconds.
    pub deadline_s: u32,
}

/// What a server is built with.
#[derive(Clone, Copy, Debug)]
pub struct Plot<'a> {
    /// Where things are.
    pub layout: &'a Layout,
    /// What the config says.
    pub build: &'a BuildPlace,
    /// Who works on it.
    pub people: &'a [Person],
    /// The private address of the primary, for a replica.
    pub primary: Option<&'a Address>,
    /// Keys of hosts that the repository may be on, lines as of ssh; none where the first one shown is believed.
    pub known_hosts: &'a str,
    /// Whether there is a key among the secrets that may read the repository.
    pub has_key: bool,
}

/// The secret that is a private key, which may read the project's repository.
pub const REPOSITORY_KEY: &str = "repository_key";

/// Roles that are built.
pub const ROLES: [Role; 6] =
    [Role::Cache, Role::DbPrimary, Role::DbReplica, Role::Worker, Role::Web, Role::Combo];

/// Whether servers of this role run the project's code.
#[must_use]
pub const fn runs_code(role: &Role) -> bool {
    matches!(role, Role::Worker | Role::Web | Role::Combo)
}

/// The parts of a server of this role, in their order, those apart that need the code; none of one that is not built.
#[must_use]
pub fn parts(role: &Role, plot: &Plot<'_>) -> Vec<Part> {
    let own = match role {
        Role::Cache => cache::parts(plot),
        Role::DbPrimary => database::primary(plot),
        Role::DbReplica => database::replica(plot),
        Role::Worker | Role::Web => app::parts(role, plot),
        // R22: primary, web server and worker on one server.
        Role::Combo => database::primary(plot).into_iter().chain(app::parts(role, plot)).collect(),
        Role::Other(_) | Role::Untagged => return Vec::new(),
    };
    base::parts(role, plot).into_iter().chain(own).collect()
}

/// The parts that ship the logs of a server of this role, where the config has it.
#[must_use]
pub fn logs(role: &Role, plot: &Plot<'_>) -> Vec<Part> {
    logs::parts(role, plot)
}

/// The part that locks the user whom the image came with, once somebody of the project is known to come in.
#[must_use]
pub fn image_user(plot: &Plot<'_>) -> Part {
    base::image_user(plot)
}

/// The part that runs an executable of the project, whose text it finds in the variable `hook`.
#[must_use]
pub fn hook(name: &'static str, path: &str, role: &Role, plot: &Plot<'_>) -> Part {
    hook::part_of(name, path, role, plot)
}

/// The parts by which the people of a server that there is become those of the project.
#[must_use]
pub fn people(plot: &Plot<'_>) -> Vec<Part> {
    base::everybody(plot).into_iter().chain([image_user(plot)]).collect()
}

/// The part by which every package of a server that there is becomes the newest.
#[must_use]
pub fn packages(plot: &Plot<'_>) -> Part {
    base::packages(plot, true)
}

/// The part by which a server that boots locked gets its data again, and what needs them starts.
#[must_use]
pub fn unlock(role: &Role) -> Part {
    volume::unlock(role)
}

/// Sees that what others need of a server of this role works, as after a boot; none for one that nobody needs so.
#[must_use]
pub fn works(role: &Role) -> Option<String> {
    match role {
        Role::Cache => Some(cache::works()),
        Role::DbPrimary | Role::DbReplica | Role::Combo => Some(database::works(role)),
        _ => None,
    }
}

/// What is installed for the code that is checked out by then, before anything is made of it.
#[must_use]
pub fn for_code(plot: &Plot<'_>) -> Part {
    app::of_code(plot)
}

/// What comes last on a server that runs code: what lets users in, and what shows that it works.
#[must_use]
pub fn serving(role: &Role, plot: &Plot<'_>) -> Vec<Part> {
    let web = if matches!(role, Role::Web | Role::Combo) { app::web(plot) } else { Vec::new() };
    let worker = matches!(role, Role::Worker | Role::Combo).then(|| app::worker(plot));
    worker.into_iter().chain(web).collect()
}

/// The secrets that a server of this role is built with.
#[must_use]
pub const fn secrets(role: &Role) -> &'static [&'static str] {
    match role {
        Role::Cache => &["broker_password"],
        Role::DbPrimary | Role::DbReplica | Role::Combo => &["database_password"],
        _ => &[],
    }
}

/// A script of a part, with what all of them share.
fn script(name: &str, title: &str) -> Script {
    Script::new(&format!("build {name}")).told("what", title).then(include_str!("scripts/lib.sh"))
}

/// The same, which can install packages.
fn installing(name: &str, title: &str) -> Script {
    script(name, title).then(include_str!("scripts/apt.sh"))
}

/// A part without anything special.
const fn part(name: &'static str, title: &'static str, script: String, deadline_s: u32) -> Part {
    Part { name, title, script, secrets: &[], addresses: Vec::new(), back: None, deadline_s }
}
