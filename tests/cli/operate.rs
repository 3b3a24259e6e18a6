//! `plan`, `apply`, `runs` and `lock` on the sandbox.

use std::io::Write as _;
use std::process::Stdio;

use crate::run::{Done, Here, json};

/// On a world whose time goes sixty times as fast.
fn sandbox(here: &Here, line: &[&str]) -> Done {
    here.run(&[line, &["--sandbox", "--speed", "60", "--scenario", "calm"]].concat())
}

fn suspended(here: &Here, environment: &str) -> Vec<String> {
    let described = json(&sandbox(here, &["describe", environment, "--no-hosts", "--json"]).out);
    let all = described["environments"][0]["group"]["suspended"].as_array().unwrap().clone();
    all.iter().map(|one| one["process"].as_str().unwrap_or_default().to_owned()).collect()
}

#[test]
fn a_plan_says_what_changes_from_what_to_what_and_changes_nothing() {
    let here = Here::new();
    let done = sandbox(&here, &["plan", "suspend-processes", "staging", "--processes", "Launch"]);
    assert_eq!(done.code, Some(0), "{}", done.err);
    assert!(done.out.contains("suspend Launch") && done.out.contains("active → suspended"), "{}", done.out);
    assert_eq!(suspended(&here, "staging"), Vec::<String>::new());
    let plan = json(
        &sandbox(&here, &["plan", "suspend-processes", "staging", "--processes", "Launch", "--json"]).out,
    );
    assert_eq!(plan["steps"].as_array().unwrap().len(), 1);
    assert_eq!(plan["command"], "quarterdeck apply suspend-processes staging --processes Launch");
}

#[test]
fn what_is_not_meant_is_refused_and_nothing_happens() {
    let here = Here::new();
    let launch = ["--processes", "Launch"];
    for (line, code, words) in [
        (vec!["apply", "suspend-processes", "staging"], 3, "--yes"),
        (vec!["apply", "suspend-processes", "production", "--yes"], 3, "--confirm production"),
        (vec!["apply", "suspend-processes", "production", "--confirm", "staging"], 3, "--confirm production"),
        (vec!["apply", "suspend-processes", "staging", "--yes", "--read-only"], 3, "--read-only"),
        (vec!["apply", "suspend-proceses", "staging", "--yes"], 2, "suspend-processes"),
        (vec!["apply", "suspend-processes", "stagin", "--yes"], 2, "staging"),
        (vec!["plan", "suspend-processes", "staging", "--batch", "2"], 2, "batch"),
    ] {
        let done = sandbox(&here, &[&line[..], &launch].concat());
        assert_eq!(done.code, Some(code), "{line:?}: {}", done.err);
        assert!(done.err.contains(words), "{line:?}: {}", done.err);
    }
    assert_eq!(suspended(&here, "staging"), Vec::<String>::new());
    assert!(sandbox(&here, &["runs", "list"]).out.contains("Nothing was run"));
}

#[test]
fn a_run_is_watched_is_in_the_history_and_can_be_undone() {
    let here = Here::new();
    let done = sandbox(
        &here,
        &["apply", "suspend-processes", "production", "--processes", "Launch", "--confirm", "production"],
    );
    assert_eq!(done.code, Some(0), "{}", done.err);
    assert!(done.out.contains("●   1 suspend Launch"), "{}", done.out);
    assert_eq!(suspended(&here, "production"), ["Launch"]);
    let list = json(&sandbox(&here, &["runs", "list", "--json"]).out);
    let id = list[0]["id"].as_str().unwrap().to_owned();
    assert_eq!((&list[0]["state"], &list[0]["kind"]), (&"done".into(), &"operation".into()));
    let shown = sandbox(&here, &["runs", "show", &id]);
    assert!(shown.out.contains("suspend Launch") && shown.out.contains("done"), "{}", shown.out);
    let exported = sandbox(&here, &["runs", "export", &id]);
    assert!(exported.out.lines().count() >= 5, "{}", exported.out);
    assert!(exported.out.lines().all(|line| json(line)["record"].is_string()));
    assert!(
        sandbox(&here, &["lock", "show", "production"]).out.contains("nobody holds the lock of production")
    );

    // What would be taken back is told before it is agreed to, and nothing is asked for where nothing would be.
    let asked = sandbox(&here, &["runs", "undo", &id]);
    assert!(asked.code == Some(3) && asked.err.contains("\n  1 suspend Launch on "), "{}", asked.err);
    assert!(asked.err.contains(&format!("quarterdeck runs undo {id} --confirm production")), "{}", asked.err);
    let idle = sandbox(&here, &["runs", "resume", &id]);
    assert!(idle.code == Some(1) && idle.err.contains("nothing of it is left to do"), "{}", idle.err);
    assert_eq!(suspended(&here, "production"), ["Launch"]);
    let again = sandbox(&here, &["runs", "resume", &id, "--confirm", "production"]);
    assert!(again.code == Some(1) && again.err.contains("nothing of it is left to do"), "{}", again.err);
    let undone = sandbox(&here, &["runs", "undo", &id, "--confirm", "production"]);
    assert!(undone.out.contains("↩   1 suspend Launch"), "{}{}", undone.out, undone.err);
    assert_eq!(undone.code, Some(0), "{}", undone.err);
    assert_eq!(json(&sandbox(&here, &["runs", "list", "--json"]).out)[0]["state"], "cancelled");
    assert_eq!(suspended(&here, "production"), Vec::<String>::new());
}

#[test]
fn a_run_of_another_fleet_is_neither_undone_nor_taken_up_here_though_names_are_the_same() {
    let here = Here::new();
    let line = ["apply", "suspend-processes", "staging", "--processes", "Launch", "--yes"];
    assert_eq!(sandbox(&here, &line).code, Some(0));
    let list = json(&sandbox(&here, &["runs", "list", "--json"]).out);
    let (id, fleet) = (list[0]["id"].as_str().unwrap(), list[0]["fleet"].as_str().unwrap());
    assert!(fleet.starts_with("sandbox ") && fleet.ends_with(" myproject"), "{fleet}");
    assert_eq!(list[0]["operation"]["can_be_undone"], true);
    let journal = here.state().join("sandbox/runs").join(id).join("run.jsonl");
    let text = std::fs::read_to_string(&journal).unwrap();
    std::fs::write(&journal, text.replacen(fleet, "aws ops eu-west-1 myproject", 1)).unwrap();
    for word in ["undo", "resume"] {
        let refused = sandbox(&here, &["runs", word, id, "--yes"]);
        assert_eq!(refused.code, Some(1), "{}", refused.err);
        let words = format!("begun on another fleet (aws ops eu-west-1 myproject) than this one ({fleet})");
        assert!(refused.err.contains(&words), "{}", refused.err);
    }
    assert_eq!(suspended(&here, "staging"), ["Launch"]);
    let line = ["apply", "suspend-processes", "testing", "--processes", "Launch", "--yes"];
    assert_eq!(sandbox(&here, &line).code, Some(0));
    let list = sandbox(&here, &["runs", "list"]).out;
    assert!(list.contains("staging (aws ops eu-west-1 myproject)"), "{list}");
    assert!(list.contains(&format!("testing ({fleet})")), "{list}");
    let told = sandbox(&here, &["timeline", "staging"]).out;
    assert!(!told.contains(id), "{told}");
}

#[test]
fn a_run_prints_one_object_a_line_for_programs() {
    let here = Here::new();
    let done =
        sandbox(&here, &["apply", "set-sizes", "testing", "--min", "1", "--max", "5", "--yes", "--json"]);
    assert_eq!(done.code, Some(0), "{}", done.err);
    let objects: Vec<serde_json::Value> = done.out.lines().map(json).collect();
    assert_eq!((&objects[0]["event"], &objects[0]["version"]), (&"run".into(), &1.into()));
    let last = objects.last().unwrap();
    assert_eq!((&last["event"], &last["state"]), (&"finished".into(), &"done".into()));
    assert!(objects.iter().any(|one| one["event"] == "entry" && one["entry"] == "intent"));
}

#[test]
fn a_release_is_made_of_a_changeset_can_be_deployed_and_is_gone_once_it_is_undone() {
    let here = Here::new();
    let head = sandbox(&here, &["plan", "create-release", "testing"]);
    assert!(head.code == Some(3) && head.err.contains("no clone of the project"), "{}", head.err);
    let wrong = sandbox(&here, &["plan", "create-release", "testing", "--changeset", "main"]);
    assert!(wrong.code == Some(2) && wrong.err.contains("a changeset's hash"), "{}", wrong.err);
    let code = ["--changeset", "5e6f7081928374655647382910fedcba01234567"];
    let plan =
        json(&sandbox(&here, &[&["plan", "create-release", "testing", "--json"][..], &code].concat()).out);
    assert_eq!((&plan["lock"], &plan["noticed"]), (&"release".into(), &serde_json::Value::Null));
    let done = sandbox(&here, &[&["apply", "create-release", "testing", "--yes"][..], &code].concat());
    assert_eq!(done.code, Some(0), "{}{}", done.out, done.err);
    assert!(done.out.contains("terminate the builder"), "{}", done.out);
    let again = sandbox(&here, &[&["apply", "create-release", "testing", "--yes"][..], &code].concat());
    assert!(again.code == Some(3) && again.err.contains("--override again"), "{}", again.err);
    let latest =
        json(&sandbox(&here, &["plan", "deploy-serial", "testing", "--release", "latest", "--json"]).out);
    assert!(latest["title"].as_str().unwrap().contains("5e6f708"), "{latest}");
    let list = json(&sandbox(&here, &["runs", "list", "--json"]).out);
    let id = list[0]["id"].as_str().unwrap().to_owned();
    let undone = sandbox(&here, &["runs", "undo", &id, "--yes"]);
    assert_eq!(undone.code, Some(0), "{}{}", undone.out, undone.err);
    let gone = sandbox(&here, &["plan", "deploy-serial", "testing", "--release", "5e6f708"]);
    assert!(gone.code == Some(2) && gone.err.contains("has no release `5e6f708`"), "{}", gone.err);
}

#[test]
fn a_passphrase_is_read_from_standard_input_and_neither_shown_nor_kept() {
    let here = Here::new();
    let described = json(&sandbox(&here, &["describe", "staging", "--no-hosts", "--json"]).out);
    let all = described["environments"][0]["servers"].as_array().unwrap().clone();
    let cache =
        all.iter().find(|server| server["role"] == "cache").unwrap()["id"].as_str().unwrap().to_owned();
    let line = ["apply", "unlock-and-mount", "staging", "--servers", &cache, "--yes"];
    let none = sandbox(&here, &line);
    assert_eq!(none.code, Some(2), "{}", none.err);
    assert!(
        none.err.contains("luks_passphrase is asked for, and standard input has no line for it"),
        "{}",
        none.err
    );
    let mut child = here
        .command(&[&line[..], &["--sandbox", "--speed", "60", "--scenario", "calm"]].concat())
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(b"correct horse\n").unwrap();
    let output = child.wait_with_output().unwrap();
    let said =
        String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    assert!(said.contains("open the data volume") && !said.contains("correct horse"), "{said}");
    let found =
        std::process::Command::new("grep").args(["-rl", "correct horse"]).arg(here.state()).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&found.stdout), "");
}
