//! Hooks: what a project does itself on a server that is built, in the place of FabulAWS's tasks (R20).

use super::{Part, Plot, part};
use crate::fleet::Role;
use crate::recipe::script::Script;

/// The part. Its text comes along in the variable `hook`.
pub(super) fn part_of(name: &'static str, path: &str, role: &Role, plot: &Plot<'_>) -> Part {
    let title = "run a hook of the project";
    let layout = plot.layout;
    let script = Script::new(&format!("hook {name}"))
        .told("what", &format!("run {path}"))
        .then(include_str!("scripts/lib.sh"))
        .told("name", name)
        .told("path", path)
        .told("project", &layout.code.project)
        .told("environment", &layout.code.environment)
        .told("current_role", role.word())
        .told("home", &layout.home)
        .told("deploy_user", &layout.deploy_user)
        .told("code_root", &layout.code_root)
        .told("virtualenv_root", &layout.virtualenv)
        .told("root", &layout.root)
        .told("log_dir", &layout.log_dir)
        .then(include_str!("scripts/hook.sh"));
    part(name, title, script.text(), 3_600)
}
