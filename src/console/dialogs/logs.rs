//! The dialog that asks which logs to follow, and whose.

use std::collections::BTreeSet;

use super::scope::{Picked, Scope};
use crate::fleet::text::shell_word;
use crate::fleet::{EnvironmentName, Layout};
use crate::logs::{Log, LogId, logs_of};

/// What is asked before logs are followed.
#[derive(Clone, Debug)]
pub struct LogsDialog {
    /// Of which environment.
    pub environment: EnvironmentName,
    /// The scopes to choose from.
    pub scopes: Vec<Scope>,
    /// The chosen one.
    pub scope: usize,
    /// Its servers.
    pub picked: Picked,
    /// Every log that these servers may have, and whether it is usual.
    pub logs: Vec<(LogId, bool)>,
    /// Those to be followed.
    pub chosen: BTreeSet<LogId>,
    /// Through `sudo -n`.
    pub sudo: bool,
    /// Where the keys go: the scope, then the logs, then sudo.
    pub cursor: usize,
}

impl LogsDialog {
    /// The chosen scope.
    #[must_use]
    pub fn scope(&self) -> Option<&Scope> {
        self.scopes.get(self.scope)
    }

    /// The place of the last row: sudo.
    #[must_use]
    pub const fn last(&self) -> usize {
        self.logs.len() + 1
    }

    /// Other servers: the usual logs of theirs are chosen.
    pub fn pick(&mut self, picked: Picked, layout: &Layout) {
        self.logs.clear();
        for log in picked.hosts.iter().flat_map(|host| logs_of(&host.role, layout)) {
            if !self.logs.iter().any(|(known, _)| *known == log.id) {
                self.logs.push((log.id, log.usual));
            }
        }
        self.chosen = self.logs.iter().filter(|(_, usual)| *usual).map(|(id, _)| id.clone()).collect();
        if self.chosen.is_empty() {
            self.chosen = self.logs.iter().take(1).map(|(id, _)| id.clone()).collect();
        }
        self.picked = picked;
        self.cursor = self.cursor.min(self.last());
    }

    /// Takes a log in, or leaves it out.
    pub fn toggle(&mut self, id: &LogId) {
        if !self.chosen.remove(id) {
            self.chosen.insert(id.clone());
        }
    }

    /// The chosen logs of each server; servers without any are left out.
    #[must_use]
    pub fn hosts(&self, layout: &Layout) -> Vec<(crate::engine::Host, Vec<Log>)> {
        let each = self.picked.hosts.iter().map(|host| {
            let logs = logs_of(&host.role, layout).into_iter().filter(|log| self.chosen.contains(&log.id));
            (host.clone(), logs.collect::<Vec<_>>())
        });
        each.filter(|(_, logs)| !logs.is_empty()).collect()
    }

    /// The command that does the same without a screen.
    #[must_use]
    pub fn headless(&self, globals: &[String]) -> String {
        let mut words = vec!["quarterdeck".to_owned()];
        words.extend(globals.iter().map(|word| shell_word(word)));
        words.extend(["logs".to_owned(), shell_word(self.environment.as_str())]);
        words.extend(self.scope().into_iter().flat_map(Scope::options).filter(|word| word != "--all"));
        let usual = self.logs.iter().filter(|(_, usual)| *usual).map(|(id, _)| id).collect::<BTreeSet<_>>();
        if self.chosen.iter().collect::<BTreeSet<_>>() != usual {
            words.extend(self.chosen.iter().map(|id| format!("--log {}", shell_word(&id.name()))));
        }
        if !self.sudo {
            words.push("--no-sudo".into());
        }
        words.push("--follow".into());
        words.join(" ")
    }
}
