//! Configuration: the project's `fabulaws-config.yml` and the console's own preferences.
//!
//! Loading is kind: what is wrong is reported and left at its default. Checking is sharp.

mod build;
mod check;
mod derived;
pub mod edit;
mod mapping;
pub mod people;
mod preference_file;
mod preference_keys;
mod preference_values;
pub mod preferences;
mod problem;
mod project;
mod read_project;
pub mod secrets;
mod section;
mod source;
mod topology;
mod tree;
mod yaml;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use etcetera::BaseStrategy as _;

pub use check::{
    CheckOptions, HOOKS, HOOKS_DIR, Hook, HookPlace, Report, check, hook_place, hooks, project_dir, rules,
};
pub use mapping::{Cell, Mapping};
pub use preferences::{Intervals, Notify, Preferences, Ssh};
pub use problem::{Position, Problem, ProblemSeverity, Problems};
pub use project::{Aws, DatabaseSettings, InstanceSettings, LogFile, Names, Places, Project, Servers};
pub use section::{At, Table};
pub use tree::{Entry, Node, Scalar, Value};

pub use crate::fleet::words::nearest;

/// The name of a FabulAWS project's file.
pub const CONFIG_FILE: &str = "fabulaws-config.yml";

/// The user's own directory: `$XDG_CONFIG_HOME/quarterdeck`, usually `~/.config/quarterdeck`, with
/// `quarterdeck.toml`, `keymaps/` and `themes/`. Nothing when there is no home.
#[must_use]
pub fn user_dir() -> Option<PathBuf> {
    let strategy = etcetera::choose_base_strategy().ok()?;
    Some(strategy.config_dir().join("quarterdeck"))
}

/// Names of the user's own keymaps or themes: the `.toml` files in `keymaps` or `themes` of [`user_dir`], sorted.
/// At most 200 are looked at; a directory that cannot be read holds none.
#[must_use]
pub fn user_files(user_dir: &Path, kind: &str) -> Vec<String> {
    const MOST: usize = 200;
    let Ok(entries) = std::fs::read_dir(user_dir.join(kind)) else { return Vec::new() };
    let mut names: Vec<String> = entries
        .take(MOST)
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "toml"))
        .filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned()))
        .collect();
    names.sort();
    names
}

/// A project's file, as far as it could be read.
#[derive(Clone, Debug)]
pub struct Loaded {
    /// The file that was read, or looked for.
    pub path: PathBuf,
    /// The project; nothing only when the file cannot be parsed at all.
    pub project: Option<Project>,
    /// What is wrong with it, in its order.
    pub problems: Vec<Problem>,
}

/// Loads `config_file`, or `fabulaws-config.yml` in `dir`.
#[must_use]
pub fn load(config_file: Option<&Path>, dir: &Path) -> Loaded {
    let path = config_path(config_file, dir);
    let mut problems = Problems::of(&path);
    let project = read_project(config_file.is_none(), &mut problems);
    Loaded { path, project, problems: problems.into_sorted() }
}

/// The file `load` reads.
#[must_use]
pub fn config_path(config_file: Option<&Path>, dir: &Path) -> PathBuf {
    match config_file {
        Some(file) => file.to_owned(),
        None if dir == Path::new(".") => PathBuf::from(CONFIG_FILE),
        None => dir.join(CONFIG_FILE),
    }
}

fn read_project(looked_for: bool, problems: &mut Problems) -> Option<Project> {
    let path = problems.file().to_owned();
    if looked_for && !path.exists() && path.symlink_metadata().is_err() {
        let other = path.with_extension("yaml");
        problems.error(
            Position::START,
            if other.exists() {
                format!("not found, but `{}` is; rename it, or give it with --config", other.display())
            } else {
                "not found; start quarterdeck in the project's directory, give the file with --config, or look \
                 around with `quarterdeck sandbox`"
                    .to_owned()
            },
        );
        return None;
    }
    let text = source::read(&path, problems)?;
    parse_project(&text, problems)
}

fn parse_project(text: &str, problems: &mut Problems) -> Option<Project> {
    let tree = yaml::parse(text, problems)?;
    if tree.is_null() {
        problems.error(
            Position::START,
            "this file is empty; a FabulAWS config begins with `project:` and `environments:`",
        );
        return None;
    }
    if tree.entries().is_none() {
        let kind = tree.kind();
        problems.error(
            tree.at,
            format!("a config is a mapping of keys and values, but this is {kind}; is it the right file?"),
        );
        return None;
    }
    Some(Project::read(&tree, problems))
}
