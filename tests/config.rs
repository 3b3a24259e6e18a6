//! `quarterdeck config check` and `config show`, as the real program on real files.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

fn quarterdeck(dir: &Path, arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_quarterdeck"))
        .args(arguments)
        .current_dir(dir)
        .env("HOME", dir)
        .env_remove("XDG_CONFIG_HOME")
        .env_remove("XDG_STATE_HOME")
        .output()
        .unwrap()
}

fn fixture() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/project")
}

fn project_with(from: &str, to: &str) -> tempfile::TempDir {
    let dir = tempfile::tempdir().unwrap();
    let text = fs::read_to_string(fixture().join("fabulaws-config.yml")).unwrap();
    assert!(text.contains(from));
    fs::write(dir.path().join("fabulaws-config.yml"), text.replace(from, to)).unwrap();
    dir
}

fn out(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[test]
fn notes_alone_exit_with_0() {
    let output = quarterdeck(&fixture(), &["config", "check"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(out(&output).contains("fabfile.py:8:5: note: "), "{}", out(&output));
}

#[test]
fn a_misspelt_production_environment_exits_with_1_and_says_where() {
    let dir = project_with(
        "production_environments:\n    - production",
        "production_environments:\n    - prodution",
    );
    let output = quarterdeck(dir.path(), &["config", "check"]);
    assert_eq!(output.status.code(), Some(1));
    let line = out(&output).lines().find(|line| line.contains("error")).unwrap().to_owned();
    assert!(
        line.starts_with("fabulaws-config.yml:90:7: error: `production_environments` names `prodution`"),
        "{line}"
    );
    assert!(line.ends_with("did you mean `production`?"), "{line}");
}

#[test]
fn the_json_names_each_problem_with_its_place() {
    let dir = project_with("region: us-east-1", "region: us-est-1");
    let output = quarterdeck(dir.path(), &["config", "check", "--json"]);
    assert_eq!(output.status.code(), Some(1));
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(json["version"], 1);
    let problems = json["problems"].as_array().unwrap();
    let region = problems.iter().find(|problem| problem["suggestion"] == "us-east-1").unwrap();
    assert_eq!(region["severity"], "warning");
    assert!(region["line"].as_u64().unwrap() > 90 && region["column"] == 13, "{region}");
}

#[test]
fn a_project_that_is_not_there_is_named_with_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    let output = quarterdeck(dir.path(), &["config", "check"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        out(&output).contains("--config") && out(&output).contains("quarterdeck sandbox"),
        "{}",
        out(&output)
    );
}

#[test]
fn preferences_beside_the_config_are_checked_and_shown() {
    let dir = project_with("region: us-east-1", "region: us-east-1");
    fs::write(
        dir.path().join("quarterdeck.toml"),
        "theme = \"dark\"\n[intervals]\nfast = \"5s\"\nslow = 1\n",
    )
    .unwrap();
    let output = quarterdeck(dir.path(), &["config", "check"]);
    assert!(
        out(&output).contains("quarterdeck.toml:4:1: error: unknown key `intervals.slow`"),
        "{}",
        out(&output)
    );
    let shown = out(&quarterdeck(dir.path(), &["config", "show"]));
    assert!(
        shown.contains("fast = \"5s\"") && shown.contains("# preferences from quarterdeck.toml"),
        "{shown}"
    );
}

#[test]
fn a_theme_of_the_users_own_is_known_and_any_other_is_not() {
    let dir = project_with("region: us-east-1", "region: us-east-1");
    let themes = dir.path().join(".config/quarterdeck/themes");
    fs::create_dir_all(&themes).unwrap();
    fs::write(themes.join("harbour.toml"), "").unwrap();
    let check = |theme: &str| {
        fs::write(dir.path().join("quarterdeck.toml"), format!("theme = \"{theme}\"\n")).unwrap();
        out(&quarterdeck(dir.path(), &["config", "check"]))
    };
    assert!(!check("harbour").contains("quarterdeck.toml"));
    let shown = check("habour");
    assert!(shown.contains("quarterdeck.toml:1:9: error: there is no theme `habour`"), "{shown}");
    assert!(shown.contains("did you mean `harbour`?"), "{shown}");
}

#[test]
fn a_keymap_of_the_users_own_is_known_and_any_other_is_not() {
    let dir = project_with("region: us-east-1", "region: us-east-1");
    let keymaps = dir.path().join(".config/quarterdeck/keymaps");
    fs::create_dir_all(&keymaps).unwrap();
    fs::write(keymaps.join("harbour.toml"), "").unwrap();
    let check = |keymap: &str| {
        fs::write(dir.path().join("quarterdeck.toml"), format!("keymap = \"{keymap}\"\n")).unwrap();
        out(&quarterdeck(dir.path(), &["config", "check"]))
    };
    for known in ["default", "vim", "harbour"] {
        assert!(!check(known).contains("quarterdeck.toml"), "{known}");
    }
    for (wrong, right) in [("habour", "harbour"), ("vmi", "vim")] {
        let shown = check(wrong);
        let expected = format!(
            "quarterdeck.toml:1:10: error: there is no keymap `{wrong}`; `default` is used; did you mean `{right}`?"
        );
        assert!(shown.contains(&expected), "{shown}");
        assert_eq!(shown.matches(wrong).count(), 1, "told once:\n{shown}");
    }
}

#[test]
fn mistakes_in_the_keymap_and_theme_in_use_are_reported_with_their_places() {
    let dir = project_with("region: us-east-1", "region: us-east-1");
    let own = dir.path().join(".config/quarterdeck");
    for (kind, mistake) in
        [("keymaps", "[table]\n\"x\" = \"dwon\"\n"), ("themes", "[palette]\nsea = \"#12\"\n")]
    {
        fs::create_dir_all(own.join(kind)).unwrap();
        for name in ["mine", "unused"] {
            fs::write(own.join(kind).join(format!("{name}.toml")), mistake).unwrap();
        }
    }
    let clean = quarterdeck(dir.path(), &["config", "check", "--json"]);
    fs::write(dir.path().join("quarterdeck.toml"), "keymap = \"mine\"\ntheme = \"mine\"\n").unwrap();
    let output = quarterdeck(dir.path(), &["config", "check"]);
    assert_eq!(output.status.code(), Some(1));
    let shown = out(&output);
    assert!(
        shown.contains("keymaps/mine.toml:2:7: error: there is no action `dwon`; did you mean `down`?"),
        "{shown}"
    );
    assert!(shown.contains("themes/mine.toml:2:7: error: "), "{shown}");
    assert!(!shown.contains("unused") && !out(&clean).contains("mine.toml"), "{shown}");
}

#[test]
fn the_default_preferences_are_a_file_without_problems() {
    let dir = project_with("region: us-east-1", "region: us-east-1");
    let defaults = quarterdeck(dir.path(), &["config", "show", "--defaults"]);
    assert_eq!(defaults.status.code(), Some(0));
    fs::write(dir.path().join("quarterdeck.toml"), &defaults.stdout).unwrap();
    let output = quarterdeck(dir.path(), &["config", "check"]);
    assert!(!out(&output).contains("quarterdeck.toml"), "{}", out(&output));
}
