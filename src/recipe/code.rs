//! New code on a server: the checkout, the packages it wants, the settings.

use super::script::Script;
use super::services::{Group, then_restart};
use crate::fleet::{Changeset, Layout};

/// Fetches a changeset if it is not there, and checks it out.
#[must_use]
pub fn checkout(layout: &Layout, changeset: &Changeset) -> String {
    checkout_script(layout, changeset).text()
}

/// The same, and notes on the server what was checked out before. A note is letters and digits, and is made once: done
/// again after half of it, it still says what was found.
#[must_use]
pub fn checkout_noting(layout: &Layout, changeset: &Changeset, note: &str) -> String {
    let script = Script::new(&format!("code checkout {changeset} note {note}"));
    checkout_by(user(script, layout).told("note", note), layout, changeset).text()
}

/// Goes back to what was noted and to the packages that it wants, and restarts what runs by it. Where nothing was noted,
/// nothing was checked out either.
#[must_use]
pub fn back_to_note(layout: &Layout, note: &str, restarted: Option<Group>) -> String {
    let script = user(Script::new(&format!("code back {note}")), layout)
        .told("note", note)
        .told("vcs", &layout.vcs)
        .then(include_str!("scripts/noted.sh"))
        .then(include_str!("scripts/checkout.sh"));
    let script = told(script, layout).then(include_str!("scripts/requirements.sh"));
    match restarted {
        Some(group) => then_restart(script, layout, group).text(),
        None => script.text(),
    }
}

/// Installs what the checkout's requirements name.
#[must_use]
pub fn requirements(layout: &Layout) -> String {
    told(user(Script::new("requirements"), layout), layout)
        .then(include_str!("scripts/requirements.sh"))
        .text()
}

/// Sees that the server's own settings are there. They stay as they are.
#[must_use]
pub fn settings(layout: &Layout) -> String {
    Script::new("settings")
        .told("deploy_user", &layout.deploy_user)
        .told("local_settings", &layout.code.local_settings)
        .then(include_str!("scripts/settings.sh"))
        .text()
}

/// The variable in which [`settings_written`] finds its text.
pub const SETTINGS_TEXT: &str = "settings";

/// Writes the server's settings, whose text is in a variable, and keeps what was there under a note: letters and digits.
/// Without a note nothing old is left.
#[must_use]
pub fn settings_written(layout: &Layout, note: Option<&str>) -> String {
    of_settings(Script::new("settings"), layout, note.unwrap_or_default())
        .told("virtualenv", &layout.virtualenv)
        .told("webserver_user", &layout.webserver_user)
        .then(include_str!("scripts/settings_write.sh"))
        .text()
}

/// Puts back the settings that were kept under a note. Where none were, none were written either.
#[must_use]
pub fn settings_back(layout: &Layout, note: &str) -> String {
    of_settings(Script::new("settings"), layout, note).then(include_str!("scripts/settings_back.sh")).text()
}

/// The same, and restarts what runs by them.
#[must_use]
pub fn settings_back_restarting(layout: &Layout, note: &str, group: Group) -> String {
    let back =
        of_settings(Script::new("settings"), layout, note).then(include_str!("scripts/settings_back.sh"));
    then_restart(back, layout, group).text()
}

/// Sees that this changeset is checked out.
#[must_use]
pub fn is_checked_out(layout: &Layout, changeset: &Changeset) -> String {
    user(Script::new("code show"), layout)
        .told("vcs", &layout.vcs)
        .told("changeset", changeset.as_str())
        .then(include_str!("scripts/checked_out.sh"))
        .text()
}

fn of_settings(script: Script, layout: &Layout, note: &str) -> Script {
    script
        .told("deploy_user", &layout.deploy_user)
        .told("local_settings", &layout.code.local_settings)
        .told("note", note)
}

fn checkout_script(layout: &Layout, changeset: &Changeset) -> Script {
    checkout_by(user(Script::new(&format!("code checkout {changeset}")), layout), layout, changeset)
}

fn checkout_by(script: Script, layout: &Layout, changeset: &Changeset) -> Script {
    script
        .told("vcs", &layout.vcs)
        .told("changeset", changeset.as_str())
        .then(include_str!("scripts/checkout.sh"))
}

fn user(script: Script, layout: &Layout) -> Script {
    script
        .told("deploy_user", &layout.deploy_user)
        .told("home", &layout.home)
        .told("code_root", &layout.code_root)
}

fn told(script: Script, layout: &Layout) -> Script {
    script
        .told("virtualenv", &layout.virtualenv)
        .told("requirements", &layout.code.requirements)
        .told("sdists", &layout.code.sdists)
}
