//! The values of `quarterdeck.toml`: how each kind is read and written.

use std::path::{Path, PathBuf};
use std::time::Duration;

use toml::de::DeValue;

use super::preferences::Notify;
use crate::fleet::EnvironmentName;

pub(super) fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

pub(super) fn seconds(duration: Duration) -> String {
    let seconds = duration.as_secs();
    let unit = [(3600, "h"), (60, "m")]
        .into_iter()
        .find(|(size, _)| seconds > *size && seconds.is_multiple_of(*size));
    match unit {
        Some((size, unit)) => format!("\"{}{unit}\"", seconds / size),
        None => format!("\"{seconds}s\""),
    }
}

pub(super) fn numbers((warn, down): (f64, f64)) -> String {
    format!("[{warn}, {down}]")
}

pub(super) fn put<T>(place: &mut T, value: Result<T, String>) -> Result<(), String> {
    value.map(|value| *place = value)
}

pub(super) fn name(value: &DeValue<'_>) -> Result<String, String> {
    match value.as_str() {
        Some(name) if !name.trim().is_empty() => Ok(name.to_owned()),
        _ => Err("a name in quotes".into()),
    }
}

pub(super) fn names(value: &DeValue<'_>) -> Result<Vec<EnvironmentName>, String> {
    let wanted = "a list of names in quotes";
    let items = value.as_array().ok_or(wanted)?;
    items
        .iter()
        .map(|item| name(item.get_ref()).map(EnvironmentName::new).map_err(|_| wanted.to_owned()))
        .collect()
}

/// How the terminal tells something.
pub(super) fn notify(value: &DeValue<'_>) -> Result<Notify, String> {
    let word = value.as_str().unwrap_or_default();
    let known = Notify::ALL.into_iter().find(|notify| notify.word() == word);
    known.ok_or_else(|| "\"bell\", \"osc\" or \"none\"".to_owned())
}

/// A command for a shell; nothing in the quotes is none.
pub(super) fn command(value: &DeValue<'_>) -> Result<String, String> {
    let fits = |text: &&str| text.lines().count() <= 1 && text.chars().count() <= 4_000;
    let text = value.as_str().filter(fits);
    text.map(|text| text.trim().to_owned()).ok_or_else(|| "a command in quotes, on one line".to_owned())
}

/// A file by its whole path; nothing in the quotes is none.
pub(super) fn file(value: &DeValue<'_>) -> Result<Option<PathBuf>, String> {
    match value.as_str() {
        Some("") => Ok(None),
        Some(path) if path.starts_with('/') || path.starts_with("~/") => Ok(Some(PathBuf::from(path))),
        _ => Err("a path in quotes that begins with / or ~/".into()),
    }
}

pub(super) fn path_text(path: Option<&Path>) -> String {
    quoted(&path.map(|path| path.display().to_string()).unwrap_or_default())
}

/// A login name; nothing in the quotes is none.
pub(super) fn user(value: &DeValue<'_>) -> Result<Option<String>, String> {
    let fits = |c: char| c.is_ascii_alphanumeric() || "-._@\\".contains(c);
    match value.as_str() {
        Some("") => Ok(None),
        Some(name) if !name.starts_with(['-', '.']) && name.len() <= 255 && name.chars().all(fits) => {
            Ok(Some(name.to_owned()))
        }
        _ => Err("a login name in quotes".into()),
    }
}

pub(super) fn flag(value: &DeValue<'_>) -> Result<bool, String> {
    value.as_bool().ok_or_else(|| "true or false".into())
}

pub(super) fn number(value: &DeValue<'_>) -> Option<f64> {
    match value {
        DeValue::Integer(whole) if whole.radix() == 10 => whole.as_str().replace('_', "").parse().ok(),
        DeValue::Float(float) => float.as_str().replace('_', "").parse().ok(),
        _ => None,
    }
    .filter(|number: &f64| number.is_finite())
}

/// Whole seconds, or text with a unit.
pub(super) fn duration(value: &DeValue<'_>, least: u64, most: u64) -> Result<Duration, String> {
    let seconds = match value {
        DeValue::Integer(whole) if whole.radix() == 10 => whole.as_str().parse().ok(),
        DeValue::String(text) => {
            let text = text.trim();
            let units = [("s", 1), ("m", 60), ("h", 3600)];
            units.iter().find_map(|(unit, factor)| {
                let digits = text.strip_suffix(unit)?.trim_end();
                digits.parse::<u64>().ok()?.checked_mul(*factor)
            })
        }
        _ => None,
    };
    seconds
        .filter(|seconds| (least..=most).contains(seconds))
        .map(Duration::from_secs)
        .ok_or_else(|| format!("whole seconds from {least} to {most}, or text such as \"{least}s\""))
}

/// `[warn, down]` of what is the worse the smaller it is.
pub(super) fn falling(value: &DeValue<'_>, most: f64) -> Result<(f64, f64), String> {
    let numbers =
        value.as_array().map(|items| items.iter().map(|item| number(item.get_ref())).collect::<Vec<_>>());
    match numbers.as_deref() {
        Some([Some(warn), Some(down)]) if (0.0..=*warn).contains(down) && *warn <= most => Ok((*warn, *down)),
        _ => Err(format!("[warn, down], from 0 to {most}, the first not below the second")),
    }
}

/// `[warn, down]`, neither above `most`.
pub(super) fn pair(value: &DeValue<'_>, most: f64) -> Result<(f64, f64), String> {
    let numbers =
        value.as_array().map(|items| items.iter().map(|item| number(item.get_ref())).collect::<Vec<_>>());
    match numbers.as_deref() {
        Some([Some(warn), Some(down)]) if (0.0..=*down).contains(warn) && *down <= most => Ok((*warn, *down)),
        _ => Err(format!("[warn, down], from 0 to {most}, the first not above the second")),
    }
}
