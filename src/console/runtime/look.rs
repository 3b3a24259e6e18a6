//! Reads the operator's own keymap, themes and preferences from disk.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use crate::config::preferences::{self, Known, PREFERENCES_FILE};
use crate::config::{Preferences, Problem};
use crate::console::keymap::{self, Keymap};
use crate::console::state::Look;
use crate::console::theme::{self, Depth, UserTheme};
use crate::fleet::EnvironmentName;

/// The largest file that is read.
const LARGEST: u64 = 1 << 20;
/// The most of the operator's own themes that are read.
const MOST: usize = 100;

/// Where the operator's own files are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Places {
    /// The project's directory: `quarterdeck.toml` may stand there.
    pub project_dir: Option<PathBuf>,
    /// The operator's directory, `~/.config/quarterdeck`: `quarterdeck.toml`, `keymaps/` and `themes/`.
    pub config_dir: Option<PathBuf>,
    /// The project's environments, to find misspelt ones; empty when they are not known.
    pub environments: Vec<EnvironmentName>,
    /// The terminal's locale has no more than ASCII, whatever the preferences say.
    pub ascii: bool,
}

impl Places {
    /// The preferences as the files have them now, and what is wrong with them.
    #[must_use]
    pub fn preferences(&self) -> (Preferences, Vec<Problem>) {
        let known = Known { environments: self.environments.clone(), ..Known::default() };
        let (mut preferences, problems) = match &self.project_dir {
            Some(dir) => preferences::load_for(dir, self.config_dir.as_deref(), &known),
            // Without a project the operator's own file is read as if it stood beside one.
            None => preferences::load(&self.config_dir.clone().unwrap_or_default(), None),
        };
        preferences.ascii |= self.ascii;
        (preferences, problems)
    }

    /// A user's file `kind/name.toml`. A name cannot lead out of the directory.
    fn file(&self, kind: &str, name: &str) -> Option<PathBuf> {
        let plain = !name.is_empty() && !name.starts_with('.') && !name.contains(['/', '\\', '\0']);
        let dir = self.config_dir.as_ref().filter(|_| plain)?;
        Some(dir.join(kind).join(format!("{name}.toml")))
    }
}

/// Reads a text file of bounded size. What is not UTF-8 is replaced, so that its lines keep their numbers.
fn read(path: &Path) -> Option<String> {
    std::fs::metadata(path).ok().filter(|m| m.is_file() && m.len() <= LARGEST)?;
    std::fs::read(path).ok().map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}

/// Every file `kind/*.toml` of the operator, by name; a bounded number of them.
fn read_all(places: &Places, kind: &str) -> BTreeMap<String, UserTheme> {
    let dir = places.config_dir.as_ref().map(|dir| dir.join(kind));
    let entries = dir.and_then(|dir| std::fs::read_dir(dir).ok()).into_iter().flatten().flatten();
    let paths = entries.map(|entry| entry.path()).filter(|p| p.extension().is_some_and(|e| e == "toml"));
    paths
        .take(MOST)
        .filter_map(|path| {
            let name = path.file_stem()?.to_str()?.to_owned();
            Some((name, UserTheme { file: path.display().to_string(), text: read(&path)? }))
        })
        .collect()
}

/// Loads the keymap that the preferences name, and tells what is wrong with it.
fn load_keymap(places: &Places, preferences: &Preferences) -> (Keymap, Vec<Problem>) {
    let user = |name: &str| {
        let path = places.file("keymaps", name)?;
        let text = read(&path)?;
        Some((path, text))
    };
    keymap::load(&preferences.keymap, Path::new(PREFERENCES_FILE), &user)
}

/// What is wrong with the files of the keymap and the theme that the preferences name.
#[must_use]
pub fn check_look(places: &Places, preferences: &Preferences) -> Vec<Problem> {
    let mut problems = load_keymap(places, preferences).1;
    let (_, mistakes) = theme::load(&preferences.theme, &read_all(places, "themes"), Depth::True);
    problems.extend(mistakes.into_iter().map(Problem::from));
    problems
}

/// Loads themes and keymap as the preferences name them, and tells what is wrong with anything.
#[must_use]
pub fn load_look(places: &Places, preferences: &Preferences, problems: &[Problem]) -> Look {
    let (keymap, keymap_problems) = load_keymap(places, preferences);
    let depth = Depth::detect(|name| std::env::var(name).ok());
    let own = read_all(places, "themes");
    let (theme, theme_problems) = theme::load(&preferences.theme, &own, depth);
    let themes = theme::names(&own).iter().map(|name| theme::load(name, &own, depth).0).collect();
    let files = problems.iter().chain(&keymap_problems).map(ToString::to_string);
    let problems = files.chain(theme_problems.iter().map(ToString::to_string)).collect();
    Look { theme, themes, keymap, depth, problems }
}
