//! Where things are kept on this machine.

use std::path::PathBuf;

use etcetera::BaseStrategy;

use super::args::Globals;

/// `--state-dir`, else `$XDG_STATE_HOME/quarterdeck`, else `~/.local/state/quarterdeck`; `None` without a
/// home directory.
pub(crate) fn state_dir(globals: &Globals) -> Option<PathBuf> {
    if let Some(dir) = &globals.state_dir {
        return Some(dir.clone());
    }
    Some(etcetera::choose_base_strategy().ok()?.state_dir()?.join("quarterdeck"))
}

/// Whether the locale can show more than ASCII. Only a locale that says otherwise counts: many containers have
/// none at all in a terminal that can.
pub(crate) fn utf8_locale() -> bool {
    is_utf8(["LC_ALL", "LC_CTYPE", "LANG"].map(|name| std::env::var(name).ok()))
}

/// The first of them that is not empty decides.
fn is_utf8(values: [Option<String>; 3]) -> bool {
    values.into_iter().flatten().find(|value| !value.is_empty()).is_none_or(|value| {
        let value = value.to_lowercase();
        value.contains("utf-8") || value.contains("utf8")
    })
}

/// Who works here, for records that others read: `jane@laptop`.
pub(crate) fn who() -> String {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let user = variable("USER").or_else(|| variable("LOGNAME")).unwrap_or_else(|| "somebody".into());
    let host = std::fs::read_to_string("/proc/sys/kernel/hostname").ok().or_else(|| variable("HOSTNAME"));
    let host = host.map(|host| host.trim().to_owned()).filter(|host| !host.is_empty());
    let who = host.map_or_else(|| user.clone(), |host| format!("{user}@{host}"));
    crate::fleet::text::one_line(&who)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_locale_without_utf8_is_told_from_none() {
        let locale = |values: [&str; 3]| is_utf8(values.map(|v| Some(v.to_owned())));
        assert!(is_utf8([None, None, None]) && locale(["", "", ""]));
        assert!(locale(["", "C.UTF-8", "C"]) && locale(["", "", "de_DE.utf8"]));
        assert!(!locale(["C", "", "en_US.UTF-8"]) && !locale(["", "", "en_US.ISO-8859-1"]));
    }
}
