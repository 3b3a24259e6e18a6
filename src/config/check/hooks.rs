//! Hooks of the project: fabfile tasks that FabulAWS calls, and the executables that replace them here.
//!
//! The fabfile is only read, never run.

use std::fs;
use std::path::{Path, PathBuf};

use super::super::problem::{Position, ProblemSeverity, Problems};
use super::super::source;
use super::Context;
use crate::fleet::words::nearest;

/// The tasks FabulAWS calls when a fabfile has them.
pub const HOOKS: [&str; 3] = ["post_bootstrap", "pre_install_rsyslog", "post_reload_production_db"];

/// Where executables that replace them lie, from the project's directory.
pub const HOOKS_DIR: &str = "deployment/hooks";

/// The most files of a fabfile package that are read.
const MOST_FILES: usize = 50;

/// A task that FabulAWS would call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hook {
    /// Its name.
    pub name: &'static str,
    /// The file of the fabfile it stands in.
    pub file: PathBuf,
    /// Where.
    pub at: Position,
    /// What replaces it.
    pub place: HookPlace,
}

/// What there is at `deployment/hooks/<name>`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HookPlace {
    /// Nothing: operations that need it refuse until told to go on without.
    Nothing,
    /// A file that may not be executed.
    NotExecutable,
    /// An executable.
    Executable,
}

/// The hooks of the fabfile in `dir`, in its order.
#[must_use]
pub fn hooks(dir: &Path) -> Vec<Hook> {
    let mut hooks: Vec<Hook> = Vec::new();
    for file in fabfiles(dir) {
        // What cannot be read cannot be searched; FabulAWS would fail on it too.
        let Some(text) = source::read(&file, &mut Problems::of(&file)) else { continue };
        for (name, at) in tasks(&text) {
            if hooks.iter().all(|hook| hook.name != name) {
                let place = place(&dir.join(HOOKS_DIR).join(name));
                hooks.push(Hook { name, file: file.clone(), at, place });
            }
        }
    }
    hooks
}

fn fabfiles(dir: &Path) -> Vec<PathBuf> {
    let beside = |name: &str| if dir == Path::new(".") { PathBuf::from(name) } else { dir.join(name) };
    let (single, package) = (beside("fabfile.py"), beside("fabfile"));
    let mut files: Vec<PathBuf> = single.is_file().then_some(single).into_iter().collect();
    if let Ok(entries) = fs::read_dir(&package) {
        let mut inner: Vec<PathBuf> = entries
            .take(MOST_FILES)
            .filter_map(|entry| Some(entry.ok()?.path()))
            .filter(|path| path.extension().is_some_and(|extension| extension == "py"))
            .collect();
        inner.sort();
        files.append(&mut inner);
    }
    files
}

/// What there is in the place of a hook, below a project's directory.
#[must_use]
pub fn hook_place(dir: &Path, name: &str) -> HookPlace {
    place(&dir.join(HOOKS_DIR).join(name))
}

fn place(path: &Path) -> HookPlace {
    match fs::metadata(path) {
        Ok(facts) if facts.is_file() && is_executable(&facts) => HookPlace::Executable,
        Ok(_) => HookPlace::NotExecutable,
        Err(_) => HookPlace::Nothing,
    }
}

#[cfg(unix)]
fn is_executable(facts: &fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt as _;
    facts.permissions().mode() & 0o111 != 0
}

#[cfg(not(unix))]
fn is_executable(_: &fs::Metadata) -> bool {
    true
}

/// Where a hook is defined or imported at the outermost level, outside of strings and comments.
fn tasks(text: &str) -> Vec<(&'static str, Position)> {
    let mut found = Vec::new();
    let (mut quote, mut importing): (Option<&str>, bool) = (None, false);
    for (n, line) in text.lines().enumerate() {
        let inside = quote.is_some();
        quote = quote_after(line, quote);
        if inside {
            continue;
        }
        let code = line.split('#').next().unwrap_or_default();
        let import = importing || code.starts_with("from ") || code.starts_with("import ");
        importing = import && (importing || code.contains('(')) && !code.contains(')');
        let defined = code
            .strip_prefix("def ")
            .or_else(|| code.strip_prefix("async def "))
            .map(|rest| rest.split('(').next().unwrap_or_default().trim())
            .or_else(|| {
                code.split_once('=')
                    .map(|(name, _)| name)
                    .filter(|name| !name.starts_with(' '))
                    .map(str::trim)
            });
        for hook in HOOKS {
            let imported =
                import && code.split(|c: char| !c.is_alphanumeric() && c != '_').any(|word| word == hook);
            if imported || defined == Some(hook) {
                let column = code.find(hook).map_or(1, |offset| code[..offset].chars().count() + 1);
                found.push((hook, Position { line: n + 1, column }));
            }
        }
    }
    found
}

/// Which triple quote is open after a line.
fn quote_after<'q>(line: &str, open: Option<&'q str>) -> Option<&'q str> {
    const QUOTES: [&str; 2] = ["\"\"\"", "'''"];
    let (mut rest, mut open) = (line, open);
    loop {
        if let Some(quote) = open {
            let Some((_, after)) = rest.split_once(quote) else { return open };
            (rest, open) = (after, None);
        } else {
            let (offset, quote) =
                QUOTES.iter().filter_map(|quote| Some((rest.find(quote)?, *quote))).min()?;
            if rest[..offset].contains('#') {
                return None;
            }
            (rest, open) = (&rest[offset + 3..], Some(quote));
        }
    }
}

/// Lists every hook: replaced ones as notes, the others as warnings. Unknown files among the hooks are reported.
pub fn unreplaced(context: &Context<'_>, out: &mut Problems) {
    for hook in hooks(context.dir) {
        let (name, path) = (hook.name, format!("{HOOKS_DIR}/{}", hook.name));
        let (severity, what) = match hook.place {
            HookPlace::Executable => {
                (ProblemSeverity::Note, format!("the task `{name}` is not run; `{path}` takes its place"))
            }
            HookPlace::NotExecutable => (
                ProblemSeverity::Error,
                format!("`{path}` replaces the task `{name}`, but is not executable; chmod +x it"),
            ),
            HookPlace::Nothing => (
                ProblemSeverity::Warning,
                format!(
                    "FabulAWS runs the task `{name}`, and nothing replaces it here; write an executable `{path}`"
                ),
            ),
        };
        out.add_in(&hook.file, severity, hook.at, &what, None);
    }
    let dir = context.dir.join(HOOKS_DIR);
    let Ok(entries) = fs::read_dir(&dir) else { return };
    let mut names: Vec<String> =
        entries.take(MOST_FILES).filter_map(|entry| entry.ok()?.file_name().into_string().ok()).collect();
    names.sort();
    for name in names.iter().filter(|name| !HOOKS.contains(&name.as_str()) && !name.starts_with('.')) {
        if let Some(right) = nearest(name, HOOKS) {
            let what = format!("`{name}` is no hook, so it is never run; there are {}", HOOKS.join(", "));
            let severity = if names.iter().any(|other| other == right) {
                ProblemSeverity::Note
            } else {
                ProblemSeverity::Warning
            };
            out.add_in(&dir.join(name), severity, Position::START, &what, Some(right.to_owned()));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hooks_are_found_as_text_where_python_would_define_them() {
        let text = "from fabric.api import *\n\"\"\"\ndef post_bootstrap():\n\"\"\"\n# def post_bootstrap():\n\
                    def helper():\n    def pre_install_rsyslog():\n        pass\n\
                    from tasks import (\n    other,\n    post_reload_production_db,\n)\n\
                    x = '''def post_bootstrap():'''\nasync def post_bootstrap (): pass\n";
        let found: Vec<_> = tasks(text).into_iter().map(|(name, at)| (name, at.line, at.column)).collect();
        assert_eq!(found, [("post_reload_production_db", 11, 5), ("post_bootstrap", 14, 11)]);
    }
}
