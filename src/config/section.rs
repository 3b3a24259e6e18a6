//! Takes typed values out of a mapping: a wrong one is reported and left out, so that its default holds.

use std::ops::Deref;

use super::problem::{Position, ProblemSeverity, Problems};
use super::tree::{Node, Value};
use crate::fleet::text::{is_printable, one_line};
use crate::fleet::words::nearest;

/// A value and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct At<T> {
    /// The value.
    pub value: T,
    /// Where it stands.
    pub at: Position,
}

impl<T> At<T> {
    /// The value, standing there.
    pub fn new(value: T, at: Position) -> Self {
        Self { value, at }
    }
}

impl<T> Deref for At<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.value
    }
}

/// Keys and values in their order, each key once.
pub type Table<T> = Vec<(At<String>, T)>;

/// How a value of one kind is read: the value, or what was wanted instead, in words.
pub type Read<T> = fn(&Node, &mut Problems) -> Result<T, &'static str>;

/// One mapping while it is read. Every key that is asked for is known; the others are notes.
pub struct Section<'tree, 'out> {
    name: String,
    node: Option<&'tree Node>,
    asked: Vec<&'static str>,
    /// What is wrong.
    pub problems: &'out mut Problems,
}

impl<'tree, 'out> Section<'tree, 'out> {
    /// The mapping `node`, called `name` in messages; the whole file when it is empty.
    pub fn new(name: &str, node: Option<&'tree Node>, problems: &'out mut Problems) -> Self {
        Self { name: name.to_owned(), node, asked: Vec::new(), problems }
    }

    /// The value of a key as it stands; nothing when it is absent or empty.
    pub fn node(&mut self, key: &'static str) -> Option<&'tree Node> {
        self.asked.push(key);
        self.node?.get(key).filter(|node| !node.is_null())
    }

    /// Whether the key is there, be it empty.
    pub fn has(&self, key: &str) -> bool {
        self.node.is_some_and(|node| node.entry(key).is_some())
    }

    /// The value of a key, read by `read`.
    pub fn take<T>(&mut self, key: &'static str, read: Read<T>) -> Option<T> {
        let node = self.node(key)?;
        match read(node, self.problems) {
            Ok(value) => Some(value),
            Err(wanted) => {
                let (name, kind) = (self.full_name(key), node.kind());
                self.problems
                    .error(node.at, format!("`{name}` wants {wanted}, not {kind}; the default is used"));
                None
            }
        }
    }

    /// The same with its position.
    pub fn take_at<T>(&mut self, key: &'static str, read: Read<T>) -> Option<At<T>> {
        let at = self.node?.get(key)?.at;
        self.take(key, read).map(|value| At::new(value, at))
    }

    /// A mapping within this one; reported when it is something else.
    pub fn inner(&mut self, key: &'static str) -> Section<'tree, '_> {
        let node = self.node(key);
        let name = self.full_name(key);
        if let Some(node) = node
            && node.entries().is_none()
        {
            let kind = node.kind();
            self.problems
                .error(node.at, format!("`{name}` wants a mapping, not {kind}; its defaults are used"));
        }
        Section::new(&name, node.filter(|node| node.entries().is_some()), self.problems)
    }

    /// Notes every key nobody asked for, with the nearest known one; `elsewhere` are keys of the file's top.
    pub fn finish(self, elsewhere: &[&str]) -> Vec<&'static str> {
        for entry in self.node.and_then(Node::entries).unwrap_or_default() {
            let key = entry.key.as_str();
            if self.asked.contains(&key) {
                continue;
            }
            if elsewhere.contains(&key) {
                let what = format!(
                    "`{key}` belongs to the top of the file, not into `{}`; indent it less",
                    self.name
                );
                self.problems.error(entry.at, what);
                continue;
            }
            let what = match self.name.as_str() {
                "" => format!("unknown key `{key}`; templates see it, nothing else does"),
                name => format!("unknown key `{key}` in `{name}`; nothing uses it"),
            };
            if self.problems.is_full() {
                self.problems.note(entry.at, what);
                continue;
            }
            let right = nearest(key, self.asked.iter().copied().filter(|known| !self.has(known)));
            self.problems.add(ProblemSeverity::Note, entry.at, &what, right.map(str::to_owned));
        }
        self.asked
    }

    fn full_name(&self, key: &str) -> String {
        if self.name.is_empty() { key.to_owned() } else { format!("{}.{key}", self.name) }
    }
}

/// Text. A word that YAML takes for something else is used as it is written, and noted.
pub fn text(node: &Node, problems: &mut Problems) -> Result<String, &'static str> {
    let scalar = node.scalar().filter(|scalar| !scalar.is_null()).ok_or("text")?;
    let word = &scalar.text;
    if let Some(flag) = scalar.flag()
        && !matches!(word.as_str(), "true" | "false")
    {
        problems.warning(node.at, format!("YAML reads `{word}` as {flag}; put quotes around it"));
    } else if let Some(number) = scalar.number()
        && number.to_string() != *word
    {
        problems
            .warning(node.at, format!("YAML reads `{word}` as the number {number}; put quotes around it"));
    }
    Ok(word.clone())
}

/// A name, fit for one line of a screen: characters that cannot be seen are reported and become `·`.
pub fn name(node: &Node, problems: &mut Problems) -> Result<String, &'static str> {
    text(node, problems).map(|word| seen(word, node.at, problems))
}

/// A list of names with their positions.
pub fn names(node: &Node, problems: &mut Problems) -> Result<Vec<At<String>>, &'static str> {
    let names = texts(node, problems)?;
    Ok(names.into_iter().map(|name| At::new(seen(name.value, name.at, problems), name.at)).collect())
}

fn seen(word: String, at: Position, problems: &mut Problems) -> String {
    if word.chars().all(is_printable) {
        return word;
    }
    let what =
        format!("the name `{word}` has control or invisible characters, here each a `·`; take them out");
    problems.error(at, what);
    one_line(&word)
}

/// Text, or nothing for `false`.
pub fn text_or_off(node: &Node, problems: &mut Problems) -> Result<Option<String>, &'static str> {
    match node.scalar().and_then(super::tree::Scalar::flag) {
        Some(false) => Ok(None),
        Some(true) => Err("text or false"),
        None => text(node, problems).map(Some),
    }
}

/// Text in which a number is as good as quoted digits: options and settings.
pub fn loose_text(node: &Node, _: &mut Problems) -> Result<String, &'static str> {
    let scalar = node.scalar().ok_or("text")?;
    Ok(if scalar.is_null() { String::new() } else { scalar.text.clone() })
}

/// True or false.
pub fn flag(node: &Node, _: &mut Problems) -> Result<bool, &'static str> {
    node.scalar().and_then(super::tree::Scalar::flag).ok_or("true or false without quotes")
}

/// A whole number from 0 up; digits in quotes will do.
pub fn count(node: &Node, _: &mut Problems) -> Result<u64, &'static str> {
    whole(node).and_then(|number| u64::try_from(number).ok()).ok_or("a whole number from 0 up")
}

/// A port.
pub fn port(node: &Node, _: &mut Problems) -> Result<u16, &'static str> {
    whole(node)
        .and_then(|number| u16::try_from(number).ok())
        .filter(|port| *port > 0)
        .ok_or("a port from 1 to 65535")
}

/// A size of a disk in GB.
pub fn gigabytes(node: &Node, _: &mut Problems) -> Result<u32, &'static str> {
    whole(node)
        .and_then(|number| u32::try_from(number).ok())
        .filter(|size| (1..=65_536).contains(size))
        .ok_or("a size from 1 to 65536 GB")
}

/// A number, whole or not, from 0 up.
pub fn number(node: &Node, _: &mut Problems) -> Result<f64, &'static str> {
    node.scalar()
        .and_then(super::tree::Scalar::number)
        .filter(|number| *number >= 0.0)
        .ok_or("a number from 0 up")
}

fn whole(node: &Node) -> Option<i64> {
    let scalar = node.scalar()?;
    scalar.integer().or_else(|| scalar.text.parse().ok())
}

/// A list of texts with their positions; items of another kind are reported and left out.
pub fn texts(node: &Node, problems: &mut Problems) -> Result<Vec<At<String>>, &'static str> {
    match &node.value {
        Value::List(items) => {
            let mut texts = Vec::new();
            for item in items {
                match text(item, problems) {
                    Ok(value) => texts.push(At::new(value, item.at)),
                    Err(wanted) => {
                        let kind = item.kind();
                        problems
                            .error(item.at, format!("this item wants {wanted}, not {kind}; it is left out"));
                    }
                }
            }
            Ok(texts)
        }
        Value::Scalar(scalar) if !scalar.is_null() => {
            let word = text(node, problems)?;
            problems.warning(
                node.at,
                format!(
                    "a list is wanted here, so write `[{word}]`; FabulAWS takes this apart letter by letter"
                ),
            );
            Ok(vec![At::new(word, node.at)])
        }
        _ => Err("a list of texts"),
    }
}

/// Keys and values with their positions, in their order, each key once; wrong values are reported and left out.
pub fn table<T>(node: &Node, problems: &mut Problems, read: Read<T>) -> Result<Table<T>, &'static str> {
    let entries = node.entries().ok_or("a mapping")?;
    let mut rows: Table<T> = Vec::new();
    for entry in entries {
        match read(&entry.value, problems) {
            Ok(value) => {
                rows.retain(|(key, _)| key.value != entry.key);
                rows.push((At::new(entry.key.clone(), entry.at), value));
            }
            Err(_) if entry.value.is_null() => {}
            Err(wanted) => {
                let (key, kind) = (&entry.key, entry.value.kind());
                problems.error(entry.value.at, format!("`{key}` wants {wanted}, not {kind}; it is left out"));
            }
        }
    }
    Ok(rows)
}

/// A list of texts, or one text.
pub fn texts_or_one(node: &Node, problems: &mut Problems) -> Result<Vec<At<String>>, &'static str> {
    match &node.value {
        Value::Scalar(scalar) if !scalar.is_null() => Ok(vec![At::new(text(node, problems)?, node.at)]),
        _ => texts(node, problems),
    }
}
