//! The project's secrets get new values and their old ones back, as a step of a plan says. What a secret was before is kept
//! in a file beside the file of secrets for as long as somebody may want it back.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use crate::config::secrets::{
    NEXT, ProjectSecrets, Secret, files, keep, load, made, read, values, with, without,
};
use crate::plan::{SecretsChange, SecretsTo};

/// Where secrets from before are kept. The name is one that git leaves alone, as it does the file's own.
#[must_use]
pub(super) fn kept(project_dir: &Path, environment: &str, note: &str) -> PathBuf {
    project_dir.join(format!("fabsecrets_{environment}.before-{note}.py"))
}

/// A secret as it was before a change.
///
/// # Errors
/// When it is kept no more.
pub(super) fn before(
    project_dir: &Path,
    environment: &str,
    note: &str,
    name: &str,
) -> Result<Secret, String> {
    let path = kept(project_dir, environment, note);
    let text = read(&path)
        .map_err(|error| format!("what {name} was before cannot be read from {}: {error}", path.display()))?;
    let found = values(&text).remove(name);
    found.ok_or_else(|| format!("{} has no {name}, which it should have kept", path.display()))
}

/// Changes secrets as a step says. Done again it changes nothing more.
///
/// # Errors
/// Why it was not changed, without a value.
pub(super) fn change(project_dir: &Path, change: &SecretsChange) -> Result<(), String> {
    let environment = change.environment.as_str();
    if environment.contains(['/', '\0']) || !change.note.chars().all(|c| c.is_ascii_alphanumeric()) {
        return Err(format!("`{environment}` or the note of the change is no part of a file's name"));
    }
    let kept = kept(project_dir, environment, &change.note);
    let [own, _] = files(project_dir, environment);
    match change.to {
        SecretsTo::New => anew(project_dir, &kept, &own, change),
        SecretsTo::Before => back(&kept, &own, change),
        SecretsTo::Forgotten => match fs::remove_file(&kept) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(format!("{} cannot be removed: {error}", kept.display()))
            }
            _ => Ok(()),
        },
    }
}

/// Writes values that come from elsewhere. Where that changes some that are there, what was is kept beside it. Everything
/// else stays as it is written.
///
/// # Errors
/// Why nothing was written, without a value.
pub(super) fn put(
    project_dir: &Path,
    environment: &str,
    new: &BTreeMap<String, Secret>,
    note: &str,
) -> Result<Option<PathBuf>, String> {
    let is_word = |word: &str| word.chars().all(|c| c.is_alphanumeric() || c == '_');
    if environment.contains(['/', '\0']) || !is_word(note) {
        return Err(format!("`{environment}` or the note of the change is no part of a file's name"));
    }
    let is_name = |name: &&String| is_word(name) && !name.starts_with(|c: char| c.is_ascii_digit());
    if let Some(name) = new.keys().find(|name| name.is_empty() || !is_name(name)) {
        return Err(format!("`{}` is no name that Python could give", crate::fleet::text::one_line(name)));
    }
    let [own, _] = files(project_dir, environment);
    // R22: what other environments share stays theirs; this one has a file of its own from now on.
    let found = load(project_dir, environment);
    let text = match &found.file {
        Some(file) => read(file).map_err(|error| format!("{} cannot be read: {error}", file.display()))?,
        None => String::new(),
    };
    let changed = with(&text, new)?;
    let replaces = new.iter().any(|(name, value)| found.values.get(name).is_some_and(|old| old != value));
    let kept = replaces.then(|| kept(project_dir, environment, note));
    if let Some(kept) = &kept {
        keep(kept, &text)?;
    }
    keep(&own, &changed)?;
    Ok(kept)
}

/// Keeps what is there, and then writes new values. What broke off in between has changed nothing, and is done again.
fn anew(project_dir: &Path, kept: &Path, own: &Path, change: &SecretsChange) -> Result<(), String> {
    let environment = change.environment.as_str();
    let ProjectSecrets { file: Some(file), values: now, .. } = load(project_dir, environment) else {
        return Err(format!("there is no file of secrets any more: {}", own.display()));
    };
    if let Some(name) = change.names.iter().find(|name| !now.contains_key(*name)) {
        return Err(format!("{} has no {name} any more", file.display()));
    }
    if let Ok(text) = read(kept) {
        let before = values(&text);
        if change.names.iter().all(|name| now.get(name) != before.get(name)) {
            return Ok(());
        }
    }
    let text = read(&file).map_err(|error| format!("{} cannot be read: {error}", file.display()))?;
    keep(kept, &text)?;
    let mut new = BTreeMap::new();
    for name in &change.names {
        let chosen = now.get(&format!("{name}{NEXT}")).cloned();
        new.insert(name.clone(), chosen.map_or_else(made, Ok)?);
    }
    let chosen: Vec<String> = change.names.iter().map(|name| format!("{name}{NEXT}")).collect();
    // R22: what other environments share stays theirs; this one has a file of its own from now on.
    keep(own, &with(&without(&text, &chosen), &new)?)
}

/// Gives secrets the values that were kept. What somebody has given another value meanwhile has it back as well: servers
/// have what was kept.
fn back(kept: &Path, own: &Path, change: &SecretsChange) -> Result<(), String> {
    let text = match read(kept) {
        Ok(text) => text,
        // Nothing was begun, or it was taken back before.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(format!("{} cannot be read: {error}", kept.display())),
    };
    let mut old = values(&text);
    old.retain(|name, _| change.names.contains(name));
    match read(own) {
        Ok(now) => keep(own, &with(&now, &old)?)?,
        // It was not written yet.
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(format!("{} cannot be read: {error}", own.display())),
    }
    fs::remove_file(kept).map_err(|error| format!("{} cannot be removed: {error}", kept.display()))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;
    use crate::config::secrets::LENGTH;
    use crate::fleet::EnvironmentName;

    const TEXT: &str =
        "# ours\ndatabase_password = 'old'  # since 2019\nbroker_password = ('a'\n    'b')\nother = 'stays'";

    fn asked(names: &[&str], to: SecretsTo) -> SecretsChange {
        SecretsChange {
            environment: EnvironmentName::new("staging"),
            names: names.iter().map(|name| (*name).to_owned()).collect(),
            note: "20261129T010203".into(),
            to,
        }
    }

    fn project(file: &str, text: &str) -> tempfile::TempDir {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(file), text).unwrap();
        dir
    }

    fn value(dir: &Path, name: &str) -> String {
        load(dir, "staging").values[name].expose().to_owned()
    }

    #[test]
    fn new_values_stand_where_the_old_ones_did_the_old_ones_are_kept_and_come_back() {
        let dir = project("fabsecrets_staging.py", TEXT);
        let (dir, file) = (dir.path(), dir.path().join("fabsecrets_staging.py"));
        let both = ["database_password", "broker_password"];
        change(dir, &asked(&both, SecretsTo::New)).unwrap();
        let (first, written) = (value(dir, "database_password"), fs::read_to_string(&file).unwrap());
        assert_eq!((first.len(), value(dir, "other").as_str()), (LENGTH, "stays"));
        assert!(written.starts_with("# ours\n") && written.contains("'  # since 2019\n"), "comments stay");
        assert_eq!(before(dir, "staging", "20261129T010203", "broker_password").unwrap().expose(), "ab");
        for path in [&file, &kept(dir, "staging", "20261129T010203")] {
            assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
        }
        change(dir, &asked(&both, SecretsTo::New)).unwrap();
        assert_eq!(value(dir, "database_password"), first, "done again it is the same");
        change(dir, &asked(&both, SecretsTo::Before)).unwrap();
        assert_eq!(
            (value(dir, "database_password"), value(dir, "broker_password")),
            ("old".into(), "ab".into())
        );
        assert!(!kept(dir, "staging", "20261129T010203").exists());
        change(dir, &asked(&both, SecretsTo::Before)).unwrap();
        assert_eq!(value(dir, "database_password"), "old", "nothing is kept: nothing to take back");
    }

    #[test]
    fn what_broke_off_before_the_file_was_written_is_done_again_or_taken_back() {
        for to in [SecretsTo::New, SecretsTo::Before] {
            let dir = project("fabsecrets_staging.py", TEXT);
            keep(&kept(dir.path(), "staging", "20261129T010203"), TEXT).unwrap();
            change(dir.path(), &asked(&["database_password"], to)).unwrap();
            assert_eq!(value(dir.path(), "database_password") == "old", to == SecretsTo::Before);
        }
    }

    #[test]
    fn a_value_that_somebody_chose_is_taken_and_its_line_goes() {
        let dir = project("fabsecrets_staging.py", &format!("{TEXT}\ndatabase_password_next = 'it\\'s'\n"));
        change(dir.path(), &asked(&["database_password"], SecretsTo::New)).unwrap();
        assert_eq!(value(dir.path(), "database_password"), "it's");
        assert!(!load(dir.path(), "staging").values.contains_key("database_password_next"));
        change(dir.path(), &asked(&["database_password"], SecretsTo::Forgotten)).unwrap();
        change(dir.path(), &asked(&["database_password"], SecretsTo::Forgotten)).unwrap();
        assert!(before(dir.path(), "staging", "20261129T010203", "database_password").is_err());
    }

    #[test]
    fn r22_secrets_that_environments_share_stay_those_of_the_others() {
        let dir = project("fabsecrets.py", TEXT);
        change(dir.path(), &asked(&["database_password"], SecretsTo::New)).unwrap();
        assert_ne!(value(dir.path(), "database_password"), "old");
        assert_eq!(
            (
                value(dir.path(), "other").as_str(),
                load(dir.path(), "testing").values["database_password"].expose()
            ),
            ("stays", "old")
        );
    }

    #[test]
    fn values_from_elsewhere_stand_where_the_old_ones_did_and_what_they_replace_is_kept() {
        let dir = project("fabsecrets_staging.py", TEXT);
        let (dir, file) = (dir.path(), dir.path().join("fabsecrets_staging.py"));
        let new = |name: &str, value: &str| BTreeMap::from([(name.to_owned(), Secret::new(value.into()))]);
        assert_eq!(put(dir, "staging", &new("smtp_password", "it's"), "n1"), Ok(None), "nothing was lost");
        assert_eq!((value(dir, "smtp_password").as_str(), value(dir, "other").as_str()), ("it's", "stays"));
        let beside = put(dir, "staging", &new("database_password", "theirs"), "n2").unwrap().unwrap();
        assert_eq!(value(dir, "database_password"), "theirs");
        let text = fs::read_to_string(&file).unwrap();
        assert!(text.starts_with("# ours\n") && text.contains("'theirs'  # since 2019\n"), "{text}");
        assert_eq!(values(&read(&beside).unwrap())["database_password"].expose(), "old");
        for path in [&file, &beside] {
            assert_eq!(fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600);
        }
        for bad in ["", "a b", "1a", "a='x'\nb"] {
            assert!(put(dir, "staging", &new(bad, "x"), "n3").is_err(), "{bad:?}");
        }
        assert!(
            put(dir, "../x", &new("a", "x"), "n3").is_err() && put(dir, "x", &new("a", "x"), "/").is_err()
        );
    }

    #[test]
    fn r22_without_a_file_one_is_made_and_a_shared_one_stays_as_it_is() {
        let dir = tempfile::tempdir().unwrap();
        let new = BTreeMap::from([("a".to_owned(), Secret::new("x".into()))]);
        assert_eq!(put(dir.path(), "staging", &new, "n1"), Ok(None));
        assert_eq!(fs::read_to_string(dir.path().join("fabsecrets_staging.py")).unwrap(), "a = 'x'\n");
        fs::write(dir.path().join("fabsecrets.py"), "b = 'y'\n").unwrap();
        assert_eq!(put(dir.path(), "testing", &new, "n1"), Ok(None));
        assert_eq!(
            fs::read_to_string(dir.path().join("fabsecrets_testing.py")).unwrap(),
            "b = 'y'\na = 'x'\n"
        );
        assert_eq!(fs::read_to_string(dir.path().join("fabsecrets.py")).unwrap(), "b = 'y'\n");
    }

    #[test]
    fn a_name_is_never_a_path() {
        let dir = project("fabsecrets.py", TEXT);
        let bad =
            SecretsChange { environment: EnvironmentName::new("../x"), ..asked(&["other"], SecretsTo::New) };
        assert!(change(dir.path(), &bad).is_err());
        let bad = SecretsChange { note: "../x".into(), ..asked(&["other"], SecretsTo::New) };
        assert!(change(dir.path(), &bad).is_err());
    }
}
