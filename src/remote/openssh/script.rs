//! The shell scripts that run on servers, and the command lines that start them.

use std::sync::LazyLock;

use crate::fleet::text::shell_word;
use crate::remote::request::Follow;

/// What goes over the wire: without comments and indentation.
fn short(text: &str) -> String {
    let lines = text.lines().filter(|line| !line.trim_start().starts_with('#'));
    lines.collect::<Vec<_>>().join("\n")
}

static TIED: LazyLock<String> = LazyLock::new(|| short(include_str!("scripts/tied.sh")));
static UPLOAD: LazyLock<String> = LazyLock::new(|| short(include_str!("scripts/upload.sh")));
static FOLLOW: LazyLock<String> = LazyLock::new(|| short(include_str!("scripts/follow.sh")));
static DURABLE: LazyLock<String> = LazyLock::new(|| short(include_str!("scripts/durable.sh")));

/// Root needs no sudo, and may have none.
const SUDO: &str = r#"if [ "$(id -u)" = 0 ]; then exec "$@"; else exec env LC_ALL=C sudo -n -- "$@"; fi"#;

/// A longer command line is refused by Linux, and with a message that helps nobody.
pub(super) const LONGEST: usize = 100 * 1024;

/// `exec`, so that the login shell does not stand between sshd and the script.
fn line(sudo: bool, script: &str, arguments: &[&str]) -> String {
    let mut line = String::from("exec /bin/sh -c ");
    if sudo {
        line.push_str(&shell_word(SUDO));
        line.push_str(" sudo /bin/sh -c ");
    }
    line.push_str(&shell_word(script));
    line.push_str(" quarterdeck");
    for argument in arguments {
        line.push(' ');
        line.push_str(&shell_word(argument));
    }
    line
}

/// The command line of a tied command.
pub(super) fn tied(sudo: bool, limit: u64, input: usize, command: &str) -> String {
    line(sudo, &TIED, &[&limit.to_string(), &input.to_string(), command])
}

/// The command line of an upload.
pub(super) fn upload(sudo: bool, size: u64, mode: u32, owner: &str, path: &str) -> String {
    line(sudo, &UPLOAD, &[&size.to_string(), &format!("{mode:04o}"), owner, path])
}

/// The command that follows logs, to be run tied. tail's headers name the files by `header`.
pub(super) fn follow(header: &str, logs: &Follow) -> String {
    let units = logs.units.iter().fold(String::new(), |text, unit| text + "-u " + unit + " ");
    let past = logs.past.to_string();
    let mut arguments = vec![header, &past, if logs.once { "once" } else { "" }, units.trim_end()];
    arguments.extend(logs.files.iter().map(String::as_str));
    line(false, &FOLLOW, &arguments)
}

/// The command that does something with a durable job, to be run tied.
pub(super) fn durable(arguments: &[&str]) -> String {
    line(false, &DURABLE, arguments)
}
