//! A YAML document as a tree that remembers where everything stood.

use std::sync::Arc;

use super::problem::Position;

/// A value and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Where it begins.
    pub at: Position,
    /// What it is.
    pub value: Value,
    /// Nodes in it, itself included, with aliases counted as often as they are used.
    pub(super) size: usize,
    /// Levels in it, itself included.
    pub(super) depth: usize,
}

/// What a node is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A word, number, text, or nothing.
    Scalar(Scalar),
    /// A list.
    List(Vec<Arc<Node>>),
    /// Keys and values in their order, duplicates included: the last one counts.
    Map(Vec<Entry>),
}

/// A scalar as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scalar {
    /// Its text.
    pub text: String,
    /// Whether it stood without quotes, so that `yes` is a boolean and `8000` a number.
    pub plain: bool,
}

/// A key and its value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The key.
    pub key: String,
    /// Where the key stands.
    pub at: Position,
    /// The value.
    pub value: Arc<Node>,
}

impl Node {
    /// A node of this value; size and depth follow from it.
    #[must_use]
    pub fn new(at: Position, value: Value) -> Self {
        let (mut size, mut depth) = (1_usize, 0);
        let mut count = |node: &Self| {
            size = size.saturating_add(node.size);
            depth = depth.max(node.depth);
        };
        match &value {
            Value::Scalar(_) => {}
            Value::List(items) => items.iter().for_each(|item| count(item)),
            Value::Map(entries) => entries.iter().for_each(|entry| count(&entry.value)),
        }
        Self { at, value, size, depth: depth + 1 }
    }

    /// Keys and values, when it is a map.
    #[must_use]
    pub fn entries(&self) -> Option<&[Entry]> {
        match &self.value {
            Value::Map(entries) => Some(entries),
            _ => None,
        }
    }

    /// Its items, when it is a list.
    #[must_use]
    pub fn items(&self) -> Option<&[Arc<Self>]> {
        match &self.value {
            Value::List(items) => Some(items),
            _ => None,
        }
    }

    /// The scalar, when it is one.
    #[must_use]
    pub fn scalar(&self) -> Option<&Scalar> {
        match &self.value {
            Value::Scalar(scalar) => Some(scalar),
            _ => None,
        }
    }

    /// The value of a key; of duplicates the last one, as FabulAWS reads them.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.entry(key).map(|entry| entry.value.as_ref())
    }

    /// The key and its value; of duplicates the last one.
    #[must_use]
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries()?.iter().rev().find(|entry| entry.key == key)
    }

    /// Whether nothing was written: a key without a value, `~` or `null`.
    #[must_use]
    pub fn is_null(&self) -> bool {
        self.scalar().is_some_and(Scalar::is_null)
    }

    /// What it is, in words for messages.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match &self.value {
            Value::List(_) => "a list",
            Value::Map(_) => "a mapping",
            Value::Scalar(scalar) if scalar.is_null() => "nothing",
            Value::Scalar(scalar) if scalar.flag().is_some() => "true or false",
            Value::Scalar(scalar) if scalar.number().is_some() => "a number",
            Value::Scalar(_) => "text",
        }
    }
}

/// Booleans, numbers and nothing are those of YAML 1.1, which FabulAWS reads.
impl Scalar {
    /// Whether it is nothing.
    #[must_use]
    pub fn is_null(&self) -> bool {
        self.plain && matches!(self.text.as_str(), "" | "~" | "null" | "Null" | "NULL")
    }

    /// The boolean: `yes`, `no`, `on`, `off`, `true`, `false`.
    #[must_use]
    pub fn flag(&self) -> Option<bool> {
        let word = self.text.as_str();
        let lower = word.to_ascii_lowercase();
        let cased = word == lower || word == word.to_ascii_uppercase() || is_capitalized(word);
        if !self.plain || !cased {
            return None;
        }
        match lower.as_str() {
            "yes" | "true" | "on" => Some(true),
            "no" | "false" | "off" => Some(false),
            _ => None,
        }
    }

    /// The whole number: decimal, `0o17` and `017` (both octal), `0x1f`, `0b11`, `1_000`, and `1:30` (sexagesimal).
    #[must_use]
    pub fn integer(&self) -> Option<i64> {
        if !self.plain {
            return None;
        }
        let (sign, digits) = match self.text.strip_prefix('-') {
            Some(rest) => (-1, rest),
            None => (1, self.text.strip_prefix('+').unwrap_or(&self.text)),
        };
        if !digits.starts_with(|c: char| c.is_ascii_digit()) {
            return None;
        }
        let digits = digits.replace('_', "");
        let radix = |rest: &str, radix| {
            let plain = rest.starts_with(|c: char| c.is_ascii_alphanumeric());
            plain.then(|| i64::from_str_radix(rest, radix).ok()).flatten()
        };
        let number = if let Some(rest) = digits.strip_prefix("0x") {
            radix(rest, 16)
        } else if let Some(rest) = digits.strip_prefix("0b") {
            radix(rest, 2)
        } else if let Some(rest) = digits.strip_prefix("0o") {
            radix(rest, 8)
        } else if digits.contains(':') {
            sexagesimal(&digits)
        } else if digits.len() > 1 && digits.starts_with('0') {
            radix(&digits[1..], 8)
        } else {
            digits.parse().ok()
        };
        number.map(|number: i64| sign * number)
    }

    /// The number, whole or not.
    #[must_use]
    pub fn number(&self) -> Option<f64> {
        if !self.plain {
            return None;
        }
        if let Some(whole) = self.integer() {
            #[allow(clippy::cast_precision_loss)] // configured numbers are small
            return Some(whole as f64);
        }
        let digits = self.text.replace('_', "");
        let looks =
            digits.contains('.') && digits.starts_with(|c: char| c.is_ascii_digit() || "+-.".contains(c));
        looks.then(|| digits.parse::<f64>().ok()).flatten().filter(|number| number.is_finite())
    }
}

fn is_capitalized(word: &str) -> bool {
    let mut letters = word.chars();
    letters.next().is_some_and(|c| c.is_ascii_uppercase()) && letters.all(|c| c.is_ascii_lowercase())
}

fn sexagesimal(digits: &str) -> Option<i64> {
    let mut total: i64 = 0;
    for (n, part) in digits.split(':').enumerate() {
        let value: i64 = part.parse().ok()?;
        if n > 0 && value > 59 || n == 0 && part.starts_with('0') {
            return None;
        }
        total = total.checked_mul(60)?.checked_add(value)?;
    }
    Some(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(text: &str) -> Scalar {
        Scalar { text: text.into(), plain: true }
    }

    #[test]
    fn booleans_of_old_files_are_understood() {
        for word in ["yes", "Yes", "YES", "on", "true", "True"] {
            assert_eq!(plain(word).flag(), Some(true), "{word}");
        }
        for word in ["no", "NO", "Off", "false"] {
            assert_eq!(plain(word).flag(), Some(false), "{word}");
        }
        assert_eq!(plain("yEs").flag(), None);
        assert_eq!(Scalar { text: "yes".into(), plain: false }.flag(), None);
    }

    #[test]
    fn numbers_of_old_files_are_understood() {
        let cases = [
            ("8000", 8000),
            ("0777", 511),
            ("0x1F", 31),
            ("1_000", 1000),
            ("1:30", 90),
            ("-5", -5),
            ("0", 0),
            ("0b11", 3),
        ];
        for (text, number) in cases {
            assert_eq!(plain(text).integer(), Some(number), "{text}");
        }
        for text in ["", "-", "0x", "089", "1:99", "99999999999999999999", "a1", "0x-1", "00-7"] {
            assert_eq!(plain(text).integer(), None, "{text}");
        }
        assert_eq!(plain("0.5").number(), Some(0.5));
        assert_eq!(plain("2.5.3").number(), None);
    }
}
