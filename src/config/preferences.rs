//! What `quarterdeck.toml` says about the console itself.
//!
//! The file stands beside the project's config, in the user's own directory (`~/.config/quarterdeck`), or in
//! both: then the project's file wins key by key, but an environment that either calls read-only is read-only.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::problem::{Problem, ProblemSeverity};
use super::{preference_file, preference_keys};
use crate::fleet::{EnvironmentName, Thresholds};

/// The name of the preferences' file.
pub const PREFERENCES_FILE: &str = "quarterdeck.toml";

/// The files [`load`] reads when they exist: the user's first, then the project's, which wins.
#[must_use]
pub fn files(project_dir: &Path, user_dir: Option<&Path>) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = user_dir.map(|dir| dir.join(PREFERENCES_FILE)).into_iter().collect();
    let beside = if project_dir == Path::new(".") {
        PathBuf::from(PREFERENCES_FILE)
    } else {
        project_dir.join(PREFERENCES_FILE)
    };
    if !files.contains(&beside) {
        files.push(beside);
    }
    files
}

/// Names that exist. Of a kind of which none is given, every name will do.
#[derive(Clone, Debug, Default)]
pub struct Known {
    /// The project's environments.
    pub environments: Vec<EnvironmentName>,
    /// Keymaps, shipped and the user's.
    pub keymaps: Vec<String>,
    /// Themes, shipped and the user's.
    pub themes: Vec<String>,
}

/// Loads the preferences from beside the config and from `user_dir`, the directory that also holds the user's
/// keymaps and themes. A wrong value is reported and left at its default; a missing file is fine.
#[must_use]
pub fn load(project_dir: &Path, user_dir: Option<&Path>) -> (Preferences, Vec<Problem>) {
    load_for(project_dir, user_dir, &Known::default())
}

/// The same with the names that exist: others are reported with the nearest right one. A read-only environment
/// that does not exist, in the file beside the config, makes the nearest one read-only.
#[must_use]
pub fn load_for(project_dir: &Path, user_dir: Option<&Path>, known: &Known) -> (Preferences, Vec<Problem>) {
    let mut preferences = Preferences::default();
    let mut problems = Vec::new();
    let files = files(project_dir, user_dir);
    for (n, file) in files.iter().enumerate() {
        // The user's file serves many projects: only the project's own names are looked up.
        let environments = if n + 1 == files.len() { known.environments.clone() } else { Vec::new() };
        let known = Known { environments, ..known.clone() };
        let mine = (preferences.hook.clone(), preferences.secrets_command.clone());
        problems.extend(preference_file::apply(file, &known, &mut preferences));
        // A repository that somebody has cloned must not run commands of its own.
        if files.len() > 1 && n + 1 == files.len() {
            let only_mine = |name: &str| Problem {
                severity: ProblemSeverity::Error,
                file: file.clone(),
                line: 1,
                column: 1,
                what: format!(
                    "`{name}` runs a command on your machine: it only counts in your own quarterdeck.toml, not in the \
                     project's"
                ),
                suggestion: None,
            };
            let (hook, command) = mine;
            problems.extend((preferences.hook != hook).then(|| only_mine("hook")));
            problems.extend((preferences.secrets_command != command).then(|| only_mine("command")));
            (preferences.hook, preferences.secrets_command) = (hook, command);
        }
    }
    (preferences, problems)
}

/// A commented `quarterdeck.toml` with every key at its default.
#[must_use]
pub fn default_text() -> String {
    preference_keys::default_text()
}

impl fmt::Display for Preferences {
    /// As a file would say them, with every key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&preference_keys::text(self))
    }
}

/// How often things are read, in `[intervals]`: whole seconds, or text such as `"3s"`, `"2m"`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Intervals {
    /// `fast`: while something changes; 1 s to 1 minute, 3 s when not given.
    pub fast: Duration,
    /// `normal`: ordinarily; 2 s to 10 minutes, 10 s when not given.
    pub normal: Duration,
    /// `idle`: when nothing changed and no key was pressed for a while; 5 s to 1 hour, 30 s when not given.
    pub idle: Duration,
    /// `metrics`: CloudWatch, which is billed by the request; 60 s to 1 hour, 60 s when not given.
    pub metrics: Duration,
    /// `hosts`: what moves on servers; 5 s to 1 hour, 15 s when not given.
    pub hosts: Duration,
}

impl Default for Intervals {
    fn default() -> Self {
        Self {
            fast: Duration::from_secs(3),
            normal: Duration::from_secs(10),
            idle: Duration::from_secs(30),
            metrics: Duration::from_secs(60),
            hosts: Duration::from_secs(15),
        }
    }
}

/// How servers are reached, in `[ssh]`. The command line's `--ssh-config`, `--user` and `--identity` win.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ssh {
    /// `config`: ssh's own config file; `~/.ssh/config` when not given. It may begin with `~/`.
    pub config: Option<PathBuf>,
    /// `user`: who logs in; left to ssh's config when not given.
    pub user: Option<String>,
    /// `identity`: the private key; left to the agent and ssh's config when not given. It may begin with `~/`.
    pub identity: Option<PathBuf>,
    /// `check_host_keys`: off only counts together with `disable_known_hosts` in the project's config; on when
    /// not given.
    pub check_host_keys: bool,
    /// `measure`: whether the console measures servers; on when not given.
    pub measure: bool,
}

impl Default for Ssh {
    fn default() -> Self {
        Self { config: None, user: None, identity: None, check_host_keys: true, measure: true }
    }
}

/// `notify`: how the terminal tells of a run that ended, or that needs an answer.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Notify {
    /// `bell`: it rings; what it does when not given.
    #[default]
    Bell,
    /// `osc`: a notification of the desktop (OSC 9, or OSC 777 where the terminal is known to want that).
    Osc,
    /// `none`: not at all.
    None,
}

impl Notify {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Bell, Self::Osc, Self::None];

    /// Its name in the file.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Bell => "bell",
            Self::Osc => "osc",
            Self::None => "none",
        }
    }
}

/// The console's preferences, defaults where the file is silent.
#[derive(Clone, Debug, PartialEq)]
pub struct Preferences {
    /// `keymap`: name of the keymap; `default` when not given. `quarterdeck keys` lists them.
    pub keymap: String,
    /// `theme`: name of the theme; `dark` when not given. `quarterdeck themes` lists them.
    pub theme: String,
    /// `ascii`: plain ASCII instead of glyphs; off when not given.
    pub ascii: bool,
    /// `mouse`: whether the mouse is used; on when not given.
    pub mouse: bool,
    /// `notify`: how the terminal tells of a run that ended, or that needs an answer.
    pub notify: Notify,
    /// `hook`: a command for `sh` that is told the same in its environment; nothing when not given.
    pub hook: String,
    /// `[intervals]`: how often things are read.
    pub intervals: Intervals,
    /// `[thresholds]`: from where on numbers warn.
    pub thresholds: Thresholds,
    /// `read_only_environments`: environments nothing may be changed in from this console; none when not given.
    pub read_only_environments: BTreeSet<EnvironmentName>,
    /// `[ssh]`: how servers are reached.
    pub ssh: Ssh,
    /// `command` in `[secrets]`: what prints a secret that the file of secrets has not; nothing when not given.
    pub secrets_command: String,
    /// `[snippets]`: commands to run on servers, by name; none when not given. The project's win by name.
    pub snippets: BTreeMap<String, String>,
}

impl Default for Preferences {
    fn default() -> Self {
        Self {
            keymap: "default".into(),
            theme: "dark".into(),
            ascii: false,
            mouse: true,
            notify: Notify::default(),
            hook: String::new(),
            intervals: Intervals::default(),
            thresholds: Thresholds::default(),
            read_only_environments: BTreeSet::new(),
            ssh: Ssh::default(),
            secrets_command: String::new(),
            snippets: BTreeMap::new(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_projects_file_wins_key_by_key_but_read_only_adds_up() {
        let dir = tempfile::tempdir().unwrap();
        let (user, project) = (dir.path().join("user"), dir.path().join("project"));
        for (dir, text) in [
            (&user, "theme = \"light\"\nkeymap = \"vim\"\nread_only_environments = [\"elsewhere\"]\n"),
            (&project, "theme = \"mono\"\nread_only_environments = [\"production\"]\n"),
        ] {
            std::fs::create_dir(dir).unwrap();
            std::fs::write(dir.join(PREFERENCES_FILE), text).unwrap();
        }
        let known = Known { environments: vec!["production".into()], ..Known::default() };
        let (preferences, problems) = load_for(&project, Some(&user), &known);
        assert_eq!(problems, []);
        assert_eq!((preferences.theme.as_str(), preferences.keymap.as_str()), ("mono", "vim"));
        assert_eq!(preferences.read_only_environments.len(), 2);
    }

    #[test]
    fn no_file_means_defaults_and_a_directory_in_its_place_is_a_problem() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(load(dir.path(), None), (Preferences::default(), vec![]));
        std::fs::create_dir(dir.path().join(PREFERENCES_FILE)).unwrap();
        let (preferences, problems) = load(dir.path(), None);
        assert_eq!(preferences, Preferences::default());
        assert!(problems[0].what.contains("directory"), "{problems:?}");
    }
}
