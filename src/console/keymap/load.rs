//! Reads keymap files. Every mistake is collected with its place and the nearest right name; good rows stay.

use std::collections::BTreeSet;
use std::ops::Range;
use std::path::{Path, PathBuf};

use crokey::KeyCombination;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{BUILTIN, Binding, Keymap};
use crate::config::{Position, Problem, ProblemSeverity, Problems, nearest};
use crate::console::action::{Action, Context, TABLE};
use crate::console::chord;

/// The text of a keymap that is built in.
#[must_use]
pub fn builtin_text(name: &str) -> Option<&'static str> {
    match name {
        "default" => Some(include_str!("../../../keymaps/default.toml")),
        "vim" => Some(include_str!("../../../keymaps/vim.toml")),
        _ => None,
    }
}

/// Loads the keymap of this name. `read` gives the user's file of a name, if there is one; `asked_in` is the
/// file that names the keymap. Whatever is wrong, the keymap that comes back can be worked with.
#[must_use]
pub fn load(
    name: &str,
    asked_in: &Path,
    read: &dyn Fn(&str) -> Option<(PathBuf, String)>,
) -> (Keymap, Vec<Problem>) {
    let mut loader = Loader { read, seen: BTreeSet::new(), problems: Vec::new() };
    let mut keymap = loader.layer(name).unwrap_or_else(|| {
        let mut problems = Problems::of(asked_in);
        problems.add(
            ProblemSeverity::Error,
            Position::START,
            &format!("there is no keymap `{name}`; `default` is used"),
            nearest(name, BUILTIN).map(str::to_owned),
        );
        loader.problems.extend(problems.into_sorted());
        loader.layer(BUILTIN[0]).unwrap_or_default()
    });
    name.clone_into(&mut keymap.name);
    keep_the_way_out(&mut keymap);
    (keymap, loader.problems)
}

/// Whatever a file unbinds, one can always leave, and finish or drop what one types.
fn keep_the_way_out(keymap: &mut Keymap) {
    for (context, word, action) in [
        (Context::Everywhere, "ctrl-c", Action::Quit),
        (Context::Everywhere, "esc", Action::Close),
        (Context::Input, "ctrl-c", Action::Quit),
        (Context::Input, "esc", Action::Close),
        (Context::Input, "enter", Action::Open),
    ] {
        if keymap.keys_for(context, action).next().is_none()
            && let Some(key) = chord::parse(word)
        {
            let rows = keymap.bindings.entry(context).or_default();
            rows.retain(|row| row.keys.first() != Some(&key));
            rows.push(Binding { keys: vec![key], action });
        }
    }
}

struct Loader<'a> {
    read: &'a dyn Fn(&str) -> Option<(PathBuf, String)>,
    seen: BTreeSet<String>,
    problems: Vec<Problem>,
}

impl Loader<'_> {
    /// The keymap of this name with all it inherits. A user's file may inherit the built-in one of its own name.
    fn layer(&mut self, name: &str) -> Option<Keymap> {
        if self.seen.insert(name.to_owned())
            && let Some((path, text)) = (self.read)(name)
        {
            let base = if BUILTIN.contains(&name) { name } else { BUILTIN[0] };
            return Some(self.file(&path, &text, Some(base)));
        }
        let text = builtin_text(name)?;
        Some(self.file(Path::new(&format!("keymaps/{name}.toml")), text, None))
    }

    fn file(&mut self, path: &Path, text: &str, base: Option<&str>) -> Keymap {
        let mut file = File { text, problems: Problems::of(path) };
        let (document, errors) = DeTable::parse_recoverable(text);
        for error in errors {
            let at = file.position(&error.span().unwrap_or(0..0));
            file.problems.error(at, error.message());
        }
        let inherits = file.inherits(document.get_ref());
        let mut keymap = Keymap::default();
        if let Some(name) = inherits.as_ref().map(|(name, _)| name.as_str()).or(base) {
            keymap = self.layer(name).unwrap_or_else(|| {
                let at = inherits.as_ref().map_or(Position::START, |(_, span)| file.position(span));
                let nearest = nearest(name, BUILTIN).map(str::to_owned);
                let what = format!("there is no other keymap `{name}` to inherit; `default` is used");
                file.problems.add(ProblemSeverity::Error, at, &what, nearest);
                self.layer(BUILTIN[0]).unwrap_or_default()
            });
        }
        for (context, rows) in file.sections(document.get_ref()) {
            file.apply(&mut keymap, context, &rows);
        }
        self.problems.extend(file.problems.into_sorted());
        keymap
    }
}

/// A row of a file: its keys, what they should do (`None` unbinds), and where it stands.
struct FileRow {
    keys: Vec<KeyCombination>,
    action: Option<Action>,
    span: Range<usize>,
}

struct File<'t> {
    text: &'t str,
    problems: Problems,
}

impl File<'_> {
    fn position(&self, span: &Range<usize>) -> Position {
        let before = self.text.get(..span.start).unwrap_or(self.text);
        let line = before.matches('\n').count() + 1;
        let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
        Position { line, column }
    }

    fn add(&mut self, span: &Range<usize>, what: &str, suggestion: Option<&str>) {
        let at = self.position(span);
        self.problems.add(ProblemSeverity::Error, at, what, suggestion.map(str::to_owned));
    }

    fn inherits(&mut self, document: &DeTable<'_>) -> Option<(String, Range<usize>)> {
        let value = document.get("inherits")?;
        if let Some(name) = value.get_ref().as_str() {
            return Some((name.to_owned(), value.span()));
        }
        self.add(&value.span(), "`inherits` wants the name of a keymap in quotes", None);
        None
    }

    /// The file's rows by context, in the order of the file.
    fn sections(&mut self, document: &DeTable<'_>) -> Vec<(Context, Vec<FileRow>)> {
        let mut sections = Vec::new();
        for (key, value) in document.iter().filter(|(key, _)| key.get_ref() != "inherits") {
            let name: &str = key.get_ref();
            let Some(context) = Context::parse(name) else {
                let names = Context::ALL.map(Context::name).into_iter().chain(["inherits"]);
                self.add(&key.span(), &format!("there is no section `{name}`"), nearest(name, names));
                continue;
            };
            let Some(table) = value.get_ref().as_table() else {
                self.add(&value.span(), &format!("`{name}` is a section: write it as [{name}]"), None);
                continue;
            };
            let mut rows: Vec<FileRow> =
                table.iter().filter_map(|(keys, value)| self.row(context, keys, value)).collect();
            rows.sort_by_key(|row| row.span.start);
            sections.push((context, rows));
        }
        sections
    }

    fn row(
        &mut self,
        context: Context,
        keys: &Spanned<std::borrow::Cow<'_, str>>,
        value: &Spanned<DeValue<'_>>,
    ) -> Option<FileRow> {
        let sequence = match chord::parse_sequence(keys.get_ref()) {
            Ok(sequence) => Some(sequence),
            Err(word) if word.is_empty() => {
                self.add(&keys.span(), "no key is named; write for example \"g g\" or \"ctrl-d\"", None);
                None
            }
            Err(word) => {
                let what = format!("`{word}` is no key; write for example g, G, ctrl-d, pageup, esc or f5");
                self.add(&keys.span(), &what, nearest(&word, KEY_NAMES));
                None
            }
        };
        let Some(name) = value.get_ref().as_str() else {
            self.add(&value.span(), "a key wants the name of an action in quotes, or \"none\"", None);
            return None;
        };
        let span = keys.span();
        if name == "none" {
            return Some(FileRow { keys: sequence?, action: None, span });
        }
        let Some(action) = Action::parse(name) else {
            let names = TABLE.iter().map(|row| row.name).chain(["none"]);
            self.add(&value.span(), &format!("there is no action `{name}`"), nearest(name, names));
            return None;
        };
        if !action.row().contexts.contains(&context) {
            let places: Vec<_> = action.row().contexts.iter().map(|c| format!("[{c}]")).collect();
            let what = format!("`{name}` does nothing in [{context}]; bind it in {}", places.join(" or "));
            self.add(&value.span(), &what, None);
            return None;
        }
        let sequence = sequence?;
        if context == Context::Input && sequence.first().is_some_and(|key| chord::types_text(*key)) {
            let what = "this key could no longer be typed in filter and palette; use it with ctrl or alt";
            self.add(&keys.span(), what, None);
            return None;
        }
        Some(FileRow { keys: sequence, action: Some(action), span })
    }

    /// Lays a section over what was inherited.
    fn apply(&mut self, keymap: &mut Keymap, context: Context, rows: &[FileRow]) {
        let inherited = keymap.bindings.remove(&context).unwrap_or_default();
        let mut kept: Vec<Binding> = Vec::new();
        let unbound: Vec<&FileRow> = rows.iter().filter(|row| row.action.is_none()).collect();
        for row in &unbound {
            if !inherited.iter().any(|old| old.keys == row.keys) {
                let at = self.position(&row.span);
                let what = format!("`{}` is not bound in [{context}]", chord::show_sequence(&row.keys));
                self.problems.note(at, what);
            }
        }
        let still: Vec<Binding> =
            inherited.into_iter().filter(|old| !unbound.iter().any(|row| row.keys == old.keys)).collect();
        for row in rows {
            let Some(action) = row.action else { continue };
            let written = chord::show_sequence(&row.keys);
            if let Some(twice) = kept.iter().find(|other| other.keys == row.keys) {
                self.add(
                    &row.span,
                    &format!("`{written}` is bound twice here; `{}` stays", twice.action),
                    None,
                );
                continue;
            }
            let hides =
                |other: &Binding| other.keys.len() < row.keys.len() && row.keys.starts_with(&other.keys);
            let first = rows
                .iter()
                .filter_map(|other| Some(Binding { keys: other.keys.clone(), action: other.action? }))
                .chain(still.iter().cloned())
                .find(hides);
            if let Some(first) = first {
                let short = chord::show_sequence(&first.keys);
                let what = format!(
                    "`{written}` can never be reached: `{short}` runs `{}` first; unbind that with \"{short}\" = \"none\"",
                    first.action
                );
                self.add(&row.span, &what, None);
                continue;
            }
            kept.push(Binding { keys: row.keys.clone(), action });
        }
        for old in still {
            if kept.iter().any(|new| new.keys == old.keys) {
                continue;
            }
            if let Some(row) = rows.iter().find(|row| row.action.is_some() && old.keys.starts_with(&row.keys))
            {
                let at = self.position(&row.span);
                let (short, long) = (chord::show_sequence(&row.keys), chord::show_sequence(&old.keys));
                self.problems.note(at, format!("`{short}` hides `{long}`, which was `{}`", old.action));
                continue;
            }
            kept.push(old);
        }
        keymap.bindings.insert(context, kept);
    }
}

/// Keys with names, for suggestions.
const KEY_NAMES: [&str; 18] = [
    "esc",
    "enter",
    "left",
    "right",
    "up",
    "down",
    "home",
    "end",
    "pageup",
    "pagedown",
    "tab",
    "backtab",
    "backspace",
    "delete",
    "insert",
    "space",
    "minus",
    "f1",
];
