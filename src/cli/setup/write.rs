//! Writes files whole: nobody ever sees half of one, and one with secrets is nobody else's from its first byte on.

use std::fs::{self, Permissions};
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use crate::config::CONFIG_FILE;
use crate::setup::{Body, PlannedFile};

/// Writes all of them below `dir`, the config last: what broke off is taken up by running it again.
pub(super) fn all(dir: &Path, files: &[PlannedFile]) -> Result<(), String> {
    for file in files {
        let now = read(&dir.join(&file.path))?;
        if now.as_deref() != file.before.as_ref().map(crate::config::secrets::Secret::expose) {
            return Err(format!(
                "{} was changed by somebody else meanwhile; look at it once more",
                file.path
            ));
        }
    }
    // Git is told of secrets before there are any.
    let rank = |file: &&PlannedFile| match file.path.as_str() {
        ".gitignore" => 0,
        CONFIG_FILE => 2,
        _ => 1,
    };
    let mut files: Vec<&PlannedFile> = files.iter().collect();
    files.sort_by_key(rank);
    for file in files {
        let private = matches!(file.body, Body::Private(_));
        whole(&dir.join(&file.path), file.body.text(), private)?;
    }
    Ok(())
}

/// A file's text; none where there is no file.
pub(super) fn read(path: &Path) -> Result<Option<String>, String> {
    match fs::read_to_string(path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(format!("{} cannot be read: {error}", path.display())),
    }
}

/// Writes one file beside its place and moves it there.
pub(super) fn whole(path: &Path, text: &str, private: bool) -> Result<(), String> {
    let failed = |error: std::io::Error| format!("{} cannot be written: {error}", path.display());
    // A link stays one: what it leads to is written.
    let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let dir = path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new("."));
    fs::create_dir_all(dir).map_err(failed)?;
    let before = fs::metadata(&path).ok().map(|facts| facts.permissions().mode() & 0o777);
    // It begins with mode 600.
    let mut file = tempfile::NamedTempFile::new_in(dir).map_err(failed)?;
    file.write_all(text.as_bytes()).map_err(failed)?;
    let mode = if private { 0o600 } else { before.unwrap_or(0o644) };
    file.as_file().set_permissions(Permissions::from_mode(mode)).map_err(failed)?;
    file.as_file().sync_all().map_err(failed)?;
    file.persist(&path).map_err(|error| failed(error.error))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::secrets::Secret;
    use crate::setup::Change;

    fn planned(path: &str, body: Body, before: Option<&str>) -> PlannedFile {
        let before = before.map(|text| Secret::new(text.into()));
        PlannedFile { path: path.into(), body, before, change: Change::New, shown: Vec::new() }
    }

    #[test]
    fn secrets_are_nobody_elses_and_other_files_keep_their_modes() {
        let dir = tempfile::tempdir().unwrap();
        let mode = |name: &str| fs::metadata(dir.path().join(name)).unwrap().permissions().mode() & 0o777;
        fs::write(dir.path().join("a.sh"), "old").unwrap();
        fs::set_permissions(dir.path().join("a.sh"), Permissions::from_mode(0o755)).unwrap();
        let files = [
            planned("a.sh", Body::Plain("new".into()), Some("old")),
            planned("deep/er/b", Body::Plain("b".into()), None),
            planned("s.py", Body::Private(Secret::new("x = 'y'\n".into())), None),
        ];
        all(dir.path(), &files).unwrap();
        assert_eq!((mode("a.sh"), mode("deep/er/b"), mode("s.py")), (0o755, 0o644, 0o600));
        assert_eq!(fs::read_to_string(dir.path().join("a.sh")).unwrap(), "new");
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 3, "nothing is left beside them");
    }

    #[test]
    fn what_somebody_else_has_changed_meanwhile_is_not_written_over() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("a"), "theirs").unwrap();
        let files = [
            planned("b", Body::Plain("b".into()), None),
            planned("a", Body::Plain("mine".into()), Some("before")),
        ];
        assert!(all(dir.path(), &files).unwrap_err().contains("somebody else"));
        assert!(!dir.path().join("b").exists(), "nothing is written then");
        assert_eq!(fs::read_to_string(dir.path().join("a")).unwrap(), "theirs");
    }
}
