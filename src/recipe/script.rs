//! Puts a script together.

use std::fmt::Write as _;

use crate::fleet::Layout;

/// A script while it is put together.
pub(super) struct Script {
    text: String,
}

impl Script {
    /// A script that does what the verb says, for simulated servers.
    pub(super) fn new(verb: &str) -> Self {
        // A verb is one line, whatever a parameter holds.
        let verb: String = verb.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        Self { text: format!("# sandbox: {verb}\n{}", spoken(include_str!("scripts/prelude.sh"))) }
    }

    /// Tells the script a value.
    pub(super) fn told(mut self, name: &str, value: &str) -> Self {
        let _ = writeln!(self.text, "{name}={}", quoted(value));
        self
    }

    /// Tells the script whom Django's commands run as, and by which settings.
    pub(super) fn django(self, layout: &Layout) -> Self {
        let run_as =
            if layout.webserver_user.is_empty() { &layout.deploy_user } else { &layout.webserver_user };
        self.told("run_as", run_as)
            .told("settings_module", &layout.settings_module)
            .told("code_root", &layout.code_root)
            .told("virtualenv", &layout.virtualenv)
    }

    /// Adds what is to be done.
    pub(super) fn then(mut self, body: &str) -> Self {
        self.text.push_str(&spoken(body));
        self
    }

    pub(super) fn text(self) -> String {
        self.text
    }
}

/// A script without its comments: people read them here, not on the way.
pub(super) fn spoken(script: &str) -> String {
    let lines = script.lines().filter(|line| !line.starts_with('#'));
    lines.fold(String::new(), |text, line| text + line + "\n")
}

/// A value as one word for `sh`.
pub(super) fn quoted(word: &str) -> String {
    format!("'{}'", word.replace('\'', r"'\''"))
}
