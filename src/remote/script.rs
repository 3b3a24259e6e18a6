//! The read-only scripts that may run on servers: a compiled table, run by id.
//!
//! Whoever only reads can run these and nothing else. None changes anything on the server.

use std::time::Duration;

/// Names a row of the table.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ScriptId {
    /// Does nothing: shows that the server can be reached and how long that takes.
    Reach,
    /// Which system this is, and since when it runs: `key=value` lines.
    System,
}

/// One row.
#[derive(Debug)]
pub struct Script {
    /// Its name.
    pub id: ScriptId,
    /// POSIX shell.
    pub text: &'static str,
    /// Whether it needs root to read what it reads.
    pub sudo: bool,
    /// How long it may take.
    pub deadline: Duration,
}

/// The table.
pub const SCRIPTS: &[Script] = &[
    Script { id: ScriptId::Reach, text: ":", sudo: false, deadline: Duration::from_secs(20) },
    Script {
        id: ScriptId::System,
        text: "echo \"host=$(cat /proc/sys/kernel/hostname)\"; echo \"kernel=$(uname -r)\"\n\
               echo \"boot=$(cat /proc/sys/kernel/random/boot_id)\"; echo \"user=$(id -un)\"\n\
               sed -n 's/^ID=/system=/p; s/^VERSION_ID=/version=/p' /etc/os-release | tr -d '\"'",
        sudo: false,
        deadline: Duration::from_secs(20),
    },
];

impl ScriptId {
    /// Its row.
    #[must_use]
    pub fn script(self) -> &'static Script {
        // A test proves that every id has a row.
        SCRIPTS.iter().find(|script| script.id == self).unwrap_or(&SCRIPTS[0])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_id_has_its_row() {
        for id in [ScriptId::Reach, ScriptId::System] {
            assert_eq!(id.script().id, id);
        }
    }
}
