//! Changing the text of a file of secrets, and writing it: whole or not at all, on disk when it is said to be, and nobody
//! else's.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::{self, File, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use super::Secret;
use super::literal::{self, assigned};

/// The values of a text, by name.
#[must_use]
pub fn values(text: &str) -> BTreeMap<String, Secret> {
    let all = literal::statements(text).into_iter().filter_map(Result::ok);
    all.map(|(name, value)| (name, Secret::new(value))).collect()
}

/// The text with these values: in their places where there are some, else in lines of their own at the end. Everything else
/// stays as it is written.
///
/// # Errors
/// When it would not be read as it should.
pub fn with(text: &str, new: &BTreeMap<String, Secret>) -> Result<String, String> {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut out = text.to_owned();
    let there = assigned(text);
    for one in there.iter().rev() {
        if let Some(value) = new.get(&one.name) {
            out.replace_range(one.value.clone(), &literal::written(value.expose()));
        }
    }
    for (name, value) in new.iter().filter(|(name, _)| !there.iter().any(|one| one.name == **name)) {
        if !out.is_empty() && !out.ends_with('\n') {
            out.push('\n');
        }
        let _ = writeln!(out, "{name} = {}", literal::written(value.expose()));
    }
    let mut wanted = values(text);
    wanted.extend(new.iter().map(|(name, value)| (name.clone(), value.clone())));
    if values(&out) == wanted {
        Ok(out)
    } else {
        Err("the file of secrets is written in a way in which no value can be changed: write plain lines such as \
             `name = 'text'`"
            .into())
    }
}

/// The text without the lines of these names.
#[must_use]
pub fn without(text: &str, names: &[String]) -> String {
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut out = text.to_owned();
    for one in assigned(text).iter().rev().filter(|one| names.contains(&one.name)) {
        let rest = &text[one.whole.end..];
        let line = rest.strip_prefix("\r\n").or_else(|| rest.strip_prefix('\n')).unwrap_or(rest);
        out.replace_range(one.whole.start..text.len() - line.len(), "");
    }
    out
}

/// Writes a file beside its place and moves it there: nobody ever sees half of it, and nobody else may read it. When this
/// returns, a power cut does not lose it.
///
/// # Errors
/// Why it was not written.
pub fn keep(path: &Path, text: &str) -> Result<(), String> {
    let failed = |error: io::Error| format!("{} cannot be written: {error}", path.display());
    // A link stays one: what it leads to is written.
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let mut file = tempfile::NamedTempFile::new_in(dir).map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(failed)?;
    file.as_file().set_permissions(Permissions::from_mode(0o600)).map_err(failed)?;
    file.as_file().sync_all().map_err(failed)?;
    file.persist(&path).map_err(|error| failed(error.error))?;
    File::open(dir).and_then(|dir| dir.sync_all()).map_err(failed)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn any_value_comes_to_stand_in_any_file_and_the_rest_of_it_stays(
            value in any::<String>(),
            lines in proptest::collection::vec("[a-c] = ('[^'\\\\\n]{0,6}'|\"x\"|5|None|\\('a'\n 'b'\\))( # c)?", 0..6),
        ) {
            let text = lines.join("\n");
            let new = BTreeMap::from([("b".to_owned(), Secret::new(value.clone()))]);
            let out = with(&text, &new).unwrap();
            let mut wanted = values(&text);
            wanted.insert("b".into(), Secret::new(value));
            prop_assert_eq!(values(&out), wanted);
            prop_assert_eq!(with(&out, &new).unwrap(), out.clone());
            let gone = without(&out, &["b".to_owned()]);
            prop_assert!(!values(&gone).contains_key("b"));
        }
    }
}
