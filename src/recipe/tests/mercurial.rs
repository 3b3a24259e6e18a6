//! A project whose code is Mercurial's (`vcs_cmd: hg`), where that is installed.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::{Server, building, text};
use crate::fleet::{AppPlace, BuildPlace, Changeset, Layout, Role};
use crate::recipe::{build, code};

/// Runs Mercurial; none where there is none, and says so.
fn hg(dir: &Path, words: &[&str]) -> Option<String> {
    let Ok(output) = Command::new("hg").current_dir(dir).env("HGUSER", "ana").args(words).output() else {
        eprintln!("left out: there is no hg here");
        return None;
    };
    assert!(output.status.success(), "{}", text(&output.stderr));
    Some(text(&output.stdout).trim().to_owned())
}

#[test]
fn mercurials_code_is_cloned_goes_forward_by_pulling_and_back_without() {
    let server = Server::new();
    let origin = server.at("origin");
    fs::create_dir_all(&origin).unwrap();
    if hg(&origin, &["init"]).is_none() {
        return;
    }
    let commit = |name: &str| {
        fs::write(origin.join("file"), name).unwrap();
        hg(&origin, &["commit", "-q", "-A", "-m", name]).unwrap();
        Changeset::new(hg(&origin, &["log", "-r", ".", "-T", "{node}"]).unwrap())
    };
    let old = commit("old");
    let layout = Layout {
        vcs: "hg".into(),
        code_root: server.at("hg code").display().to_string(),
        ..server.layout.clone()
    };
    let build = BuildPlace {
        app: AppPlace { repo: Some(origin.display().to_string()), ..AppPlace::default() },
        ..BuildPlace::default()
    };
    let parts = build::parts(&Role::Worker, &building::plot_of(&layout, &build, &[]));
    let part = parts.iter().find(|part| part.name == "repository").unwrap();
    let here = server.directory.path().display().to_string();
    let user = "me=$(id -un); as_user() { shift; \"$@\"; }";
    let script = format!("{user}\n{}", building::unguarded(&part.script, &here));
    assert!(server.good(&script).contains("done: clone the project's repository"));
    assert!(server.good(&script).contains("already so: "));
    let new = commit("new");
    let short = Changeset::new(new.short());
    assert_eq!(server.good(&code::checkout(&layout, &short)), format!("fetching\nchangeset={new}\n"));
    fs::remove_dir_all(&origin).unwrap();
    assert_eq!(server.good(&code::checkout(&layout, &old)), format!("changeset={old}\n"));
    assert_eq!(fs::read_to_string(server.at("hg code/file")).unwrap(), "old");
    let unknown = server.bad(&code::checkout(&layout, &Changeset::new("0123456789")));
    assert!(unknown.contains("0123456789 is not in the checkout and cannot be fetched"), "{unknown}");
}
