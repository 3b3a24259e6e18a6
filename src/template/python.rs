//! How a value is written where Jinja2 would write it: as Python's `str` does, for it is Python that reads it.

use std::fmt::{self, Write};

use minijinja::Value;
use minijinja::value::ValueKind;

/// Writes a value at the top: text as it is, everything else as Python writes it.
pub(super) fn written(out: &mut impl Write, value: &Value) -> fmt::Result {
    if value.is_undefined() {
        return Ok(());
    }
    match value.as_str() {
        Some(text) => out.write_str(text),
        None => literal(out, value),
    }
}

/// Writes a value as a literal, as in a list.
fn literal(out: &mut impl Write, value: &Value) -> fmt::Result {
    if let Some(text) = value.as_str() {
        return quoted(out, text);
    }
    match value.kind() {
        ValueKind::Undefined | ValueKind::None => out.write_str("None"),
        ValueKind::Bool => out.write_str(if value.is_true() { "True" } else { "False" }),
        ValueKind::Seq | ValueKind::Iterable => {
            out.write_char('[')?;
            for (n, item) in value.try_iter().into_iter().flatten().enumerate() {
                if n > 0 {
                    out.write_str(", ")?;
                }
                literal(out, &item)?;
            }
            out.write_char(']')
        }
        ValueKind::Map => {
            out.write_char('{')?;
            for (n, key) in value.try_iter().into_iter().flatten().enumerate() {
                if n > 0 {
                    out.write_str(", ")?;
                }
                literal(out, &key)?;
                out.write_str(": ")?;
                literal(out, &value.get_item(&key).unwrap_or_default())?;
            }
            out.write_char('}')
        }
        _ => write!(out, "{value}"),
    }
}

/// As Python's `repr`: in single quotes, or in double ones where only single ones are in it.
fn quoted(out: &mut impl Write, text: &str) -> fmt::Result {
    let quote = if text.contains('\'') && !text.contains('"') { '"' } else { '\'' };
    out.write_char(quote)?;
    for c in text.chars() {
        match c {
            '\\' => out.write_str("\\\\")?,
            '\n' => out.write_str("\\n")?,
            '\r' => out.write_str("\\r")?,
            '\t' => out.write_str("\\t")?,
            c if c == quote => write!(out, "\\{c}")?,
            c if c.is_control() && u32::from(c) < 0x100 => write!(out, "\\x{:02x}", u32::from(c))?,
            c => out.write_char(c)?,
        }
    }
    out.write_char(quote)
}
