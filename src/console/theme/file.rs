//! One theme file: TOML with `inherits`, `[palette]` and `[scopes]`; every mistake collected with its position.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Range;
use std::path::PathBuf;

use ratatui::style::{Color, Modifier, Style};
use toml::de::{DeTable, DeValue};

use super::Scope;
use crate::config::{Problem, ProblemSeverity};
use crate::fleet::text::one_line;

/// A mistake in a theme file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ThemeProblem {
    /// The file as the operator knows it.
    pub file: String,
    /// From 1; 0 when it is about the whole file.
    pub line: usize,
    /// From 1, in characters; 0 when it is about the whole file.
    pub column: usize,
    /// What is wrong.
    pub what: String,
    /// The nearest right name.
    pub suggestion: Option<String>,
}

impl fmt::Display for ThemeProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}:{}: error: {}", self.file, self.line, self.column, self.what)?;
        match &self.suggestion {
            Some(name) => write!(f, "; did you mean “{name}”?"),
            None => Ok(()),
        }
    }
}

impl From<ThemeProblem> for Problem {
    fn from(mistake: ThemeProblem) -> Self {
        let ThemeProblem { file, line, column, what, suggestion } = mistake;
        let (file, line, column) = (PathBuf::from(file), line.max(1), column.max(1));
        Self { severity: ProblemSeverity::Error, file, line, column, what: one_line(&what), suggestion }
    }
}

/// A value and where it stands, as file number and offset, for mistakes found after files were merged.
pub(super) type Place = Range<usize>;

/// A colour as written: a name still to be looked up in the palette.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct RawStyle {
    pub fg: Option<(String, Place)>,
    pub bg: Option<(String, Place)>,
    pub modifiers: Modifier,
}

/// What one file says.
#[derive(Clone, Debug, Default)]
pub(super) struct RawTheme {
    pub inherits: Option<(String, Place)>,
    pub palette: BTreeMap<String, Color>,
    pub scopes: BTreeMap<String, RawStyle>,
}

/// Reads one file; collects its mistakes as it goes.
pub(super) struct Reader<'a> {
    file: &'a str,
    text: &'a str,
    problems: Vec<ThemeProblem>,
}

const ATTRIBUTES: [(&str, Modifier); 5] = [
    ("bold", Modifier::BOLD),
    ("dim", Modifier::DIM),
    ("italic", Modifier::ITALIC),
    ("underline", Modifier::UNDERLINED),
    ("reverse", Modifier::REVERSED),
];

const COLOR_NAMES: [&str; 17] = [
    "default",
    "black",
    "red",
    "green",
    "yellow",
    "blue",
    "magenta",
    "cyan",
    "gray",
    "dark-gray",
    "light-red",
    "light-green",
    "light-yellow",
    "light-blue",
    "light-magenta",
    "light-cyan",
    "white",
];

impl<'a> Reader<'a> {
    /// A reader of `text`, which the operator knows as `file`.
    pub fn new(file: &'a str, text: &'a str) -> Self {
        Self { file, text, problems: Vec::new() }
    }

    /// Notes a mistake at a place.
    pub fn problem(&mut self, at: &Place, what: impl Into<String>, suggestion: Option<String>) {
        let start = (0..=at.start.min(self.text.len())).rev().find(|n| self.text.is_char_boundary(*n));
        let before = &self.text[..start.unwrap_or(0)];
        let line_start = before.rfind('\n').map_or(0, |n| n + 1);
        self.problems.push(ThemeProblem {
            file: self.file.to_owned(),
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
            what: what.into(),
            suggestion,
        });
    }

    /// The mistakes, in the file's order.
    pub fn finish(mut self) -> Vec<ThemeProblem> {
        self.problems.sort_by_key(|p| (p.line, p.column));
        self.problems
    }

    /// Reads everything that can be read.
    pub fn read(&mut self) -> RawTheme {
        let (document, errors) = DeTable::parse_recoverable(self.text);
        for error in errors {
            let message = error.message().split_whitespace().collect::<Vec<_>>().join(" ");
            self.problem(&error.span().unwrap_or(0..0), message, None);
        }
        let mut theme = RawTheme::default();
        let tops = ["inherits", "palette", "scopes"];
        for (key, value) in document.get_ref() {
            match (key.get_ref().as_ref(), value.get_ref()) {
                ("inherits", DeValue::String(name)) => {
                    theme.inherits = Some((name.to_string(), value.span()));
                }
                ("inherits", _) => self.problem(&value.span(), "`inherits` wants a theme's name", None),
                ("palette", DeValue::Table(table)) => self.palette(table, &mut theme),
                ("scopes", DeValue::Table(table)) => self.scopes(table, "", &mut theme),
                ("palette" | "scopes", _) => {
                    self.problem(&value.span(), format!("`{}` wants a table", key.get_ref()), None);
                }
                (other, _) => {
                    self.problem(&key.span(), format!("unknown key `{other}`"), nearest(other, tops));
                }
            }
        }
        theme
    }

    fn palette(&mut self, table: &DeTable<'_>, theme: &mut RawTheme) {
        for (key, value) in table {
            let name = key.get_ref();
            match value.get_ref() {
                DeValue::String(text) => match parse_color(text) {
                    Some(color) => {
                        theme.palette.insert(name.to_string(), color);
                    }
                    None => self.problem(
                        &value.span(),
                        format!("`{text}` is no colour: write #rrggbb, a number to 255 or a name"),
                        nearest(text, COLOR_NAMES),
                    ),
                },
                _ => self.problem(&value.span(), format!("the colour `{name}` wants a text"), None),
            }
        }
    }

    fn scopes(&mut self, table: &DeTable<'_>, prefix: &str, theme: &mut RawTheme) {
        for (key, value) in table {
            let name = if prefix.is_empty() {
                key.get_ref().to_string()
            } else {
                format!("{prefix}.{}", key.get_ref())
            };
            if !Scope::is_name(&name) {
                self.problem(&key.span(), format!("unknown scope `{name}`"), nearest(&name, Scope::names()));
                continue;
            }
            match value.get_ref() {
                DeValue::String(color) => {
                    let fg = Some((color.to_string(), value.span()));
                    theme.scopes.insert(name, RawStyle { fg, bg: None, modifiers: Modifier::empty() });
                }
                DeValue::Table(attributes) => self.style(attributes, &name, theme),
                _ => self.problem(&value.span(), format!("`{name}` wants a colour or a table"), None),
            }
        }
    }

    /// A table is a style, or holds deeper scopes (`severity.down` without quotes), or both.
    fn style(&mut self, table: &DeTable<'_>, name: &str, theme: &mut RawTheme) {
        let mut style = RawStyle { fg: None, bg: None, modifiers: Modifier::empty() };
        let mut is_style = table.is_empty();
        let mut deeper = DeTable::new();
        for (key, value) in table {
            let word = key.get_ref().as_ref();
            let modifier = ATTRIBUTES.iter().find(|(a, _)| *a == word).map(|(_, m)| *m);
            match (word, modifier, value.get_ref()) {
                ("fg" | "bg", _, DeValue::String(color)) => {
                    let color = Some((color.to_string(), value.span()));
                    *(if word == "fg" { &mut style.fg } else { &mut style.bg }) = color;
                    is_style = true;
                }
                ("fg" | "bg", ..) => {
                    self.problem(&value.span(), format!("`{word}` wants a colour"), None);
                }
                (_, Some(modifier), DeValue::Boolean(on)) => {
                    style.modifiers.set(modifier, *on);
                    is_style = true;
                }
                (_, Some(_), _) => {
                    self.problem(&value.span(), format!("`{word}` wants true or false"), None);
                }
                _ if Scope::is_name(&format!("{name}.{word}")) => {
                    deeper.insert(key.clone(), value.clone());
                }
                _ => {
                    let known = ATTRIBUTES.iter().map(|(a, _)| *a).chain(["fg", "bg"]);
                    self.problem(&key.span(), format!("unknown attribute `{word}`"), nearest(word, known));
                }
            }
        }
        if is_style {
            theme.scopes.insert(name.to_owned(), style);
        }
        self.scopes(&deeper, name, theme);
    }

    /// The style with its colours looked up; unknown ones are left out and noted.
    pub fn resolve(&mut self, raw: &RawStyle, palette: &BTreeMap<String, Color>) -> Style {
        let mut color = |named: &Option<(String, Place)>| {
            let (name, place) = named.as_ref()?;
            let found = palette.get(name).copied().or_else(|| parse_color(name));
            if found.is_none() {
                let known = palette.keys().map(String::as_str).chain(COLOR_NAMES);
                self.problem(place, format!("unknown colour `{name}`"), nearest(name, known));
            }
            found
        };
        let (fg, bg) = (color(&raw.fg), color(&raw.bg));
        Style { fg, bg, ..Style::default() }.add_modifier(raw.modifiers)
    }
}

/// A colour as themes write it: `#rrggbb`, `#rgb`, a number of the palette of 256, or a name.
fn parse_color(text: &str) -> Option<Color> {
    if let Some(hex) = text.strip_prefix('#') {
        if !hex.is_ascii() {
            return None;
        }
        let wide: String =
            if hex.len() == 3 { hex.chars().flat_map(|c| [c, c]).collect() } else { hex.to_owned() };
        if wide.len() != 6 {
            return None;
        }
        let part = |n: usize| u8::from_str_radix(&wide[n..n + 2], 16).ok();
        return Some(Color::Rgb(part(0)?, part(2)?, part(4)?));
    }
    if text == "default" {
        return Some(Color::Reset);
    }
    text.parse().ok()
}

/// The nearest right name, if one is near at all.
pub(super) fn nearest<'n>(wrong: &str, names: impl IntoIterator<Item = &'n str>) -> Option<String> {
    names
        .into_iter()
        .map(|name| (strsim::damerau_levenshtein(wrong, name), name))
        .filter(|(distance, name)| *distance <= 1 + name.len().min(wrong.len()) / 3)
        .min()
        .map(|(_, name)| name.to_owned())
}
