//! Opens an address in the operator's browser, where there is one.

use std::process::Stdio;

use tokio::process::Command;

/// Hands an address to the desktop, and gives the program's name. `None` where there is no desktop, as in a
/// session over ssh: then the address is only copied.
pub(super) fn open(address: &str) -> Option<&'static str> {
    let program = program(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))?;
    let mut command = Command::new(program);
    command.arg(address).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    // A session of its own signals: ctrl-c here is not meant for the browser.
    command.process_group(0).kill_on_drop(false);
    command.spawn().is_ok().then_some(program)
}

fn program(has: impl Fn(&str) -> bool) -> Option<&'static str> {
    let over_ssh = has("SSH_CONNECTION") || has("SSH_TTY");
    if cfg!(target_os = "macos") {
        (!over_ssh).then_some("open")
    } else if has("WSL_DISTRO_NAME") {
        Some("wslview")
    } else {
        (has("DISPLAY") || has("WAYLAND_DISPLAY")).then_some("xdg-open")
    }
}

#[cfg(test)]
mod tests {
    use super::program;

    #[cfg(target_os = "linux")]
    #[test]
    fn a_browser_is_asked_only_where_there_is_a_desktop() {
        assert_eq!(program(|_| false), None);
        assert_eq!(program(|name| name == "WAYLAND_DISPLAY"), Some("xdg-open"));
        assert_eq!(program(|name| name == "SSH_CONNECTION"), None);
        assert_eq!(program(|name| name == "WSL_DISTRO_NAME"), Some("wslview"));
    }
}
