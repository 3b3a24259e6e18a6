//! Changes a config in its text: one value at its place, or a key that is missing. Comments, order, indentation and
//! every other line stay as they are, byte for byte. What cannot be changed so is refused, never guessed.

mod list;
mod spots;

#[cfg(test)]
mod tests;

use std::path::Path;

use super::problem::Problems;
use super::tree::{Node, Scalar, Value};
use super::yaml;
use spots::{Kind, Spot, spots};

/// A value as it should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Text; quotes are put around it where YAML wants them.
    Text(String),
    /// A number, `true` or `false`.
    Plain(String),
    /// A list of texts.
    List(Vec<String>),
}

/// Why a text is left as it is.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EditError {
    /// The text is no YAML.
    #[error("the file is no YAML that can be changed: mend it first, `quarterdeck config check` says where")]
    NoYaml,
    /// It is written in a way that cannot be changed without harm.
    #[error("`{path}` {what}: change it by hand")]
    Shape {
        /// The key.
        path: String,
        /// How it is written.
        what: &'static str,
    },
}

/// A word as YAML would have to hold it.
#[must_use]
pub fn word(text: &str) -> String {
    let first = text.chars().next();
    let plain = |c: char| c.is_alphanumeric() || "_-./:@+ ()=%".contains(c);
    let scalar = Scalar { text: text.to_owned(), plain: true };
    let safe = first.is_some_and(|c| c.is_alphanumeric() || "_/.".contains(c) || c == '-')
        && !text.starts_with("- ")
        && text != "-"
        && !text.starts_with("---")
        && !text.starts_with("...")
        && text.chars().all(plain)
        && !text.contains(": ")
        && !text.ends_with([':', ' '])
        && !scalar.is_null()
        && scalar.flag().is_none()
        && scalar.number().is_none()
        // Dates and times to the minute are values of their own in YAML 1.1.
        && !text.chars().all(|c| c.is_ascii_digit() || "-:. ".contains(c));
    if safe { text.to_owned() } else { format!("'{}'", text.replace('\'', "''")) }
}

/// A list in brackets.
#[must_use]
pub fn bracketed(items: &[String]) -> String {
    let items: Vec<String> = items.iter().map(|item| flow_word(item)).collect();
    format!("[{}]", items.join(", "))
}

fn flow_word(text: &str) -> String {
    if text.contains([',', '[', ']', '{', '}']) {
        format!("'{}'", text.replace('\'', "''"))
    } else {
        word(text)
    }
}

impl Wanted {
    fn written(&self) -> String {
        match self {
            Self::Text(text) => flow_word(text),
            Self::Plain(text) => text.clone(),
            Self::List(items) => bracketed(items),
        }
    }

    fn is(&self, node: Option<&Node>) -> bool {
        let same = |node: &Node, text: &str| node.scalar().is_some_and(|scalar| scalar.text == text);
        match (self, node) {
            (_, None) => false,
            (Self::Text(text) | Self::Plain(text), Some(node)) => same(node, text),
            (Self::List(texts), Some(node)) => node.items().is_some_and(|items| {
                items.len() == texts.len() && items.iter().zip(texts).all(|(item, text)| same(item, text))
            }),
        }
    }
}

/// The text with the value of the key at `path` changed, or the key added where it belongs.
///
/// # Errors
/// The value is written in a way that cannot be changed without harm to something else.
pub fn set(text: &str, path: &[&str], wanted: &Wanted) -> Result<String, EditError> {
    let before = tree(text).ok_or(EditError::NoYaml)?;
    if wanted.is(at(&before, path)) {
        return Ok(text.to_owned());
    }
    let mut editor = Editor::new(text, path);
    let root = spots(&editor.text);
    editor.change(root.as_ref(), wanted)?;
    let changed = editor.finish();
    let after = tree(&changed).ok_or_else(|| shape(path, "stands among what cannot be changed"))?;
    if !wanted.is(at(&after, path)) {
        return Err(shape(path, "is written in a way that is not understood"));
    }
    if !same_but(&before, &after, path) {
        return Err(shape(path, "is shared with another place by an anchor"));
    }
    Ok(changed)
}

/// The text with those of the keys of the top that only `other` has, with the comment above each, at its end. Keys of
/// mappings that both have are not looked into.
#[must_use]
pub fn add_missing(text: &str, other: &str, keys: &[&str]) -> String {
    let (own, theirs): (Vec<char>, Vec<char>) = (text.chars().collect(), other.chars().collect());
    let (own_root, their_root) = (spots(&own), spots(&theirs));
    let Some(Spot { kind: Kind::Map { entries, .. }, .. }) = &their_root else { return text.to_owned() };
    let column = own_root.as_ref().map_or(0, |root| match &root.kind {
        Kind::Map { entries, .. } => entries.first().map_or(0, |(key, _)| column(&own, key.start)),
        _ => 0,
    });
    if matches!(&own_root, Some(Spot { kind: Kind::Map { flow: true, .. }, .. })) {
        return text.to_owned();
    }
    let mut out = text.to_owned();
    let mut last_end = 0;
    for (key, value) in entries {
        let Kind::Scalar { text: name, .. } = &key.kind else { continue };
        let from = last_end;
        last_end = line_end(&theirs, value.end);
        let known = own_root.as_ref().is_some_and(|root| root.entry(name).is_some());
        if known || !keys.contains(&name.as_str()) {
            continue;
        }
        let block: String = theirs[from..last_end].iter().collect();
        if !out.is_empty() && !out.ends_with('\n') {
            out.push('\n');
        }
        for line in block.trim_matches('\n').lines() {
            let indent = if line.is_empty() { 0 } else { column };
            out.push_str(&" ".repeat(indent));
            out.push_str(line);
            out.push('\n');
        }
    }
    out
}

/// Whether a text is YAML that can be read.
#[must_use]
pub fn is_config(text: &str) -> bool {
    tree(text).is_some()
}

fn tree(text: &str) -> Option<std::sync::Arc<Node>> {
    yaml::parse(text, &mut Problems::of(Path::new("")))
}

fn at<'n>(node: &'n Node, path: &[&str]) -> Option<&'n Node> {
    path.iter().try_fold(node, |node, key| node.get(key))
}

/// Whether nothing differs but what is at `path`.
fn same_but(before: &Node, after: &Node, path: &[&str]) -> bool {
    let Some((first, rest)) = path.split_first() else { return true };
    let nothing = |node: &Node| node.is_null() || node.entries().is_some();
    if !nothing(before) || !nothing(after) {
        return false;
    }
    let keys = |node: &Node| -> Vec<String> {
        node.entries().unwrap_or_default().iter().map(|entry| entry.key.clone()).collect()
    };
    let all: std::collections::BTreeSet<String> = keys(before).into_iter().chain(keys(after)).collect();
    all.iter().all(|key| match (before.get(key), after.get(key)) {
        (Some(one), Some(other)) if key == first => rest.is_empty() || same_but(one, other, rest),
        (None, Some(_)) => key == first,
        (Some(one), Some(other)) => equal(one, other),
        _ => false,
    })
}

/// The same values, wherever they stand.
fn equal(one: &Node, other: &Node) -> bool {
    match (&one.value, &other.value) {
        (Value::Scalar(one), Value::Scalar(other)) => one == other,
        (Value::List(one), Value::List(other)) => {
            one.len() == other.len() && one.iter().zip(other).all(|(one, other)| equal(one, other))
        }
        (Value::Map(one), Value::Map(other)) => {
            one.len() == other.len()
                && one
                    .iter()
                    .zip(other)
                    .all(|(one, other)| one.key == other.key && equal(&one.value, &other.value))
        }
        _ => false,
    }
}

fn shape(path: &[&str], what: &'static str) -> EditError {
    EditError::Shape { path: path.join("."), what }
}

/// How far a character is from the beginning of its line.
fn column(text: &[char], at: usize) -> usize {
    text[..at].iter().rev().take_while(|c| **c != '\n').count()
}

/// The end of the line that a character is in, before its break.
fn line_end(text: &[char], at: usize) -> usize {
    let end = text[at..].iter().position(|c| *c == '\n').map_or(text.len(), |offset| at + offset);
    if end > at && text[end - 1] == '\r' { end - 1 } else { end }
}

struct Editor<'p> {
    text: Vec<char>,
    path: &'p [&'p str],
    line_break: &'static str,
    /// From, to, and what comes instead; none overlaps another.
    cuts: Vec<(usize, usize, String)>,
}

impl<'p> Editor<'p> {
    fn new(text: &str, path: &'p [&'p str]) -> Self {
        let line_break = if text.contains("\r\n") { "\r\n" } else { "\n" };
        Self { text: text.chars().collect(), path, line_break, cuts: Vec::new() }
    }

    fn shape<T>(&self, what: &'static str) -> Result<T, EditError> {
        Err(shape(self.path, what))
    }

    fn cut(&mut self, from: usize, to: usize, instead: impl Into<String>) {
        self.cuts.push((from, to, instead.into()));
    }

    fn finish(mut self) -> String {
        self.cuts.sort_by_key(|(from, to, _)| (*from, *to));
        let (mut out, mut at) = (String::new(), 0);
        for (from, to, instead) in &self.cuts {
            out.extend(&self.text[at.min(*from)..*from]);
            out.push_str(instead);
            at = *to;
        }
        out.extend(&self.text[at..]);
        out
    }

    fn change(&mut self, root: Option<&Spot>, wanted: &Wanted) -> Result<(), EditError> {
        let Some(root) = root.filter(|root| !root.is_absent()) else {
            let end = self.text.len();
            let broken = self.text.last().is_none_or(|c| *c == '\n');
            let text = self.nested(self.path, 0, wanted);
            let lead = if broken { "" } else { self.line_break };
            self.cut(end, end, format!("{lead}{text}{}", self.line_break));
            return Ok(());
        };
        let (mut spot, mut rest) = (root, self.path);
        let mut parent: Option<&(Spot, Spot)> = None;
        while let Some((key, below)) = rest.split_first() {
            if spot.anchored {
                return self.shape("is shared with another place by an anchor");
            }
            match &spot.kind {
                Kind::Alias => return self.shape("refers to another place"),
                Kind::Map { entries, flow } => match spot.entry(key) {
                    Some(entry) => {
                        (spot, rest, parent) = (&entry.1, below, Some(entry));
                    }
                    None if *flow => return self.add_to_flow(spot, entries, rest, wanted),
                    None => {
                        let Some((first, _)) = entries.first() else {
                            return self.shape("has no place to stand");
                        };
                        let (indent, end) = (column(&self.text, first.start), spot.end);
                        self.add_line(end, rest, indent, wanted);
                        return Ok(());
                    }
                },
                Kind::Scalar { absent: true, .. } => {
                    let Some((key, value)) = parent else { return self.shape("has no place to stand") };
                    let (indent, end) = (column(&self.text, key.start) + 4, value.end);
                    self.add_line(end, rest, indent, wanted);
                    return Ok(());
                }
                _ => return self.shape("stands where no mapping is"),
            }
        }
        self.replace(spot, wanted)
    }

    fn replace(&mut self, spot: &Spot, wanted: &Wanted) -> Result<(), EditError> {
        if spot.anchored {
            return self.shape("is shared with another place by an anchor");
        }
        match (&spot.kind, wanted) {
            (Kind::Alias, _) => self.shape("refers to another place"),
            (Kind::Scalar { block: true, .. }, _) => self.shape("is written over several lines"),
            (Kind::Scalar { absent: true, .. }, _) => {
                self.cut(spot.start, spot.start, format!(" {}", wanted.written()));
                Ok(())
            }
            (Kind::Scalar { .. }, _) => {
                let quote = self.text.get(spot.start).copied().filter(|c| matches!(c, '\'' | '"'));
                let text = match (quote, wanted) {
                    // Quotes that were there stay.
                    (Some('\''), Wanted::Text(text)) => format!("'{}'", text.replace('\'', "''")),
                    (Some('"'), Wanted::Text(text)) if !text.contains(['\\', '"']) => format!("\"{text}\""),
                    _ => wanted.written(),
                };
                self.cut(spot.start, spot.end, text);
                Ok(())
            }
            (Kind::List { flow: true, .. }, Wanted::List(_)) => {
                if self.text[spot.start..spot.end].contains(&'#') {
                    return self.shape("holds comments between brackets");
                }
                self.cut(spot.start, spot.end, wanted.written());
                Ok(())
            }
            (Kind::List { items, flow: false }, Wanted::List(texts)) => {
                let items = items.clone();
                self.replace_lines(&items, texts)
            }
            (Kind::List { .. }, _) => self.shape("is a list"),
            (Kind::Map { .. }, _) => self.shape("is a mapping"),
        }
    }

    fn add_to_flow(
        &mut self,
        spot: &Spot,
        entries: &[(Spot, Spot)],
        rest: &[&str],
        wanted: &Wanted,
    ) -> Result<(), EditError> {
        let [key] = rest else { return self.shape("would stand between brackets") };
        let text = format!("{}: {}", flow_word(key), wanted.written());
        match entries.last() {
            Some((_, value)) => self.cut(value.end, value.end, format!(", {text}")),
            None => self.cut(spot.start + 1, spot.start + 1, text),
        }
        Ok(())
    }

    /// A key on a line of its own, below the line that `after` is in.
    fn add_line(&mut self, after: usize, path: &[&str], indent: usize, wanted: &Wanted) {
        let end = line_end(&self.text, after);
        let text = self.nested(path, indent, wanted);
        let lead = self.line_break;
        self.cut(end, end, format!("{lead}{text}"));
    }

    fn nested(&self, path: &[&str], indent: usize, wanted: &Wanted) -> String {
        let mut out = String::new();
        for (depth, key) in path.iter().enumerate() {
            if depth > 0 {
                out.push_str(self.line_break);
            }
            out.push_str(&" ".repeat(indent + 4 * depth));
            out.push_str(&word(key));
            out.push(':');
        }
        out.push(' ');
        out.push_str(&wanted.written());
        out
    }
}
