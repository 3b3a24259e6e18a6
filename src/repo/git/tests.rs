use std::fs;

use tempfile::TempDir;

use super::*;

fn git(directory: &Path, arguments: &[&str]) -> String {
    let output = Command::new("git")
        .args([
            "-c",
            "user.name=Ana",
            "-c",
            "user.email=ana@example.com",
            "-c",
            "init.defaultBranch=main",
            "-C",
        ])
        .arg(directory)
        .args(arguments)
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

fn write(directory: &Path, name: &str, text: &str) {
    let path = directory.join(name);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn save(directory: &Path, subject: &str) -> Changeset {
    git(directory, &["add", "-A"]);
    git(directory, &["commit", "-qm", subject]);
    Changeset::new(git(directory, &["rev-parse", "HEAD"]))
}

/// A project, and a clone of it.
fn project() -> (TempDir, PathBuf, PathBuf) {
    let place = tempfile::tempdir().unwrap();
    let (origin, clone) = (place.path().join("origin"), place.path().join("clone"));
    fs::create_dir_all(&origin).unwrap();
    git(&origin, &["init", "-q"]);
    write(&origin, "site/exports/migrations/__init__.py", "");
    write(&origin, "site/exports/migrations/0001_initial.py", "operations = []");
    save(&origin, "Begin");
    git(&origin, &["clone", "-q", ".", clone.to_str().unwrap()]);
    (place, origin, clone)
}

#[test]
fn what_lies_between_two_changesets_is_told_both_ways() {
    let (_place, origin, directory) = project();
    let old = Changeset::new(git(&origin, &["rev-parse", "HEAD"]));
    let drop = "operations = [migrations.RemoveField('export', 'path')]";
    write(&origin, "site/exports/migrations/0002_drop.py", drop);
    write(&origin, "site/exports/migrations/helper/x.py", "");
    let new = save(&origin, "Drop\tthe path\u{1b}[31m");
    git(&directory, &["fetch", "-q"]);
    let clone = Clone::at(directory.join("site"));
    assert_eq!(clone.head("main"), Ok(new.clone()));
    let told = clone.commit(&Changeset::new(new.short())).unwrap();
    assert_eq!((told.subject.as_str(), told.author.as_str()), ("Drop·the path·[31m", "Ana"));
    assert!(told.at.is_some());
    let there = clone.between(&Changeset::new(old.short()), &new).unwrap();
    assert_eq!((there.commits.len(), there.lost.len()), (1, 0));
    assert_eq!(there.gained[0].name, "exports.0002_drop");
    assert_eq!(there.gained[0].dangers[0].words(), "drops column exports.export.path");
    let back = clone.between(&new, &old).unwrap();
    assert_eq!((back.commits.len(), back.gained.len(), back.lost), (0, 0, there.gained));
}

#[test]
fn what_is_not_there_is_told_with_what_to_do() {
    let (place, origin, directory) = project();
    let new = save_more(&origin);
    let clone = Clone::at(&directory);
    let unknown = clone.commit(&new).unwrap_err();
    assert!(matches!(&unknown, RepoError::Absent(text) if text.contains("git fetch")), "{unknown}");
    let branch = clone.head("no-such").unwrap_err();
    assert!(matches!(&branch, RepoError::Absent(text) if text.contains("no branch `no-such`")), "{branch}");
    assert!(matches!(clone.commit(&Changeset::new("--help")), Err(RepoError::Absent(_))));
    let elsewhere = Clone::at(place.path());
    assert!(matches!(elsewhere.commit(&new), Err(RepoError::NoClone(_))), "{:?}", elsewhere.commit(&new));
    let head = elsewhere.head("main");
    assert!(matches!(head, Err(RepoError::NoClone(_))), "the directory origin is not meant: {head:?}");
    let nowhere = Clone::at(place.path().join("nowhere"));
    assert!(matches!(nowhere.head("main"), Err(RepoError::NoClone(_))));
}

fn save_more(origin: &Path) -> Changeset {
    write(origin, "more", "");
    save(origin, "More")
}

#[test]
fn a_git_that_hangs_is_given_up_and_ended() {
    let (_place, _origin, directory) = project();
    let alias = ["-c", "alias.hang=!sleep 60", "hang"];
    let slow = run(&directory, &alias, Duration::from_millis(300)).unwrap_err();
    assert!(matches!(slow, RepoError::Slow(_)), "{slow}");
}
