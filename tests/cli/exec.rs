//! `exec`, `logs` and `runs` on servers of the sandbox.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};

use crate::run::{Done, Here, json};

/// What stands after two dashes is the command: options of the test come first.
fn command(here: &Here, line: &[&str]) -> Command {
    let state = here.state();
    here.bare(&[&["--state-dir", state.to_str().unwrap()], line].concat())
}

fn exec(here: &Here, line: &[&str]) -> Done {
    let output = command(here, &[&["exec"], line].concat()).output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Done { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

fn objects(text: &str) -> Vec<serde_json::Value> {
    text.lines().map(json).collect()
}

#[test]
fn a_command_runs_on_a_role_with_names_before_its_lines_and_is_in_the_history() {
    let here = Here::new();
    let done = exec(&here, &["staging", "--role", "web", "--sandbox", "--", "echo", "it's  here"]);
    assert_eq!(done.code, Some(0), "{}", done.err);
    assert_eq!(done.out.lines().count(), 2, "{}", done.out);
    assert!(done.out.lines().all(|line| line.starts_with("web i-") && line.ends_with(" | it's  here")));
    assert!(done.err.contains(r"$ echo 'it'\''s  here'") && done.err.contains("2 done"), "{}", done.err);

    let list = json(&here.run(&["runs", "list", "--sandbox", "--json"]).out);
    assert_eq!((&list[0]["state"], list.as_array().unwrap().len()), (&"done".into(), 1));
    let id = list[0]["id"].as_str().unwrap();
    let shown = here.run(&["runs", "show", id, "--output", "--sandbox"]);
    assert!(
        shown.out.contains("done  staging") && shown.out.matches(" | it's  here").count() == 2,
        "{}",
        shown.out
    );
    assert!(here.run(&["runs", "list"]).out.contains("Nothing was run"), "the sandbox's runs are apart");
    let wrong = here.run(&["runs", "show", "2020-01-01-0001", "--sandbox"]);
    assert!(wrong.code == Some(2) && wrong.err.contains(id), "{}", wrong.err);
}

#[test]
fn any_other_end_than_0_is_1_and_json_has_the_servers_own() {
    let here = Here::new();
    let done = exec(&here, &["staging", "--role", "web", "--sandbox", "--json", "--", "exit 3"]);
    assert_eq!(done.code, Some(1));
    let objects = objects(&done.out);
    let of = |event: &str| objects.iter().filter(|object| object["event"] == event).collect::<Vec<_>>();
    assert_eq!((of("run").len(), of("end").len(), of("finished").len()), (1, 2, 1));
    assert_eq!((&objects[0]["event"], &objects[0]["version"]), (&"run".into(), &1.into()));
    assert!(of("end").iter().all(|end| end["code"] == 3 && end["verdict"] == "failed"));
    assert_eq!((&of("finished")[0]["failed"], &of("finished")[0]["state"]), (&2.into(), &"failed".into()));
}

#[test]
fn a_failure_stops_what_has_not_begun_when_asked() {
    let here = Here::new();
    let line = ["staging", "--all", "--sandbox", "--serial", "--stop-on-failure", "--json", "--", "false"];
    let done = exec(&here, &line);
    assert_eq!(done.code, Some(1));
    let finished = objects(&done.out).pop().unwrap();
    assert_eq!(finished["failed"], 1);
    assert!(finished["skipped"].as_u64().unwrap() > 1, "{finished}");
}

#[test]
fn equal_output_is_printed_once() {
    let here = Here::new();
    let done = exec(&here, &["staging", "--role", "web", "--sandbox", "--group", "--", "echo same"]);
    assert_eq!(done.code, Some(0));
    assert!(done.out.starts_with("── the same output on 2 of 2 (done): web i-"), "{}", done.out);
    assert_eq!(done.out.matches("same\n").count(), 1, "{}", done.out);
}

#[test]
fn production_and_read_only_are_refused_before_anything_runs() {
    let here = Here::new();
    let line = ["production", "--role", "web", "--sandbox", "--yes", "--", "echo", "a b"];
    let refused = exec(&here, &line);
    assert_eq!((refused.code, refused.out.as_str()), (Some(3), ""));
    assert!(refused.err.contains("--confirm production"), "{}", refused.err);
    let other = exec(&here, &["production", "--all", "--confirm", "staging", "--sandbox", "--", "true"]);
    assert_eq!(other.code, Some(3));
    let read_only = exec(&here, &["staging", "--all", "--read-only", "--sandbox", "--", "true"]);
    assert!(read_only.code == Some(3) && read_only.err.contains("--read-only"), "{}", read_only.err);
    assert!(here.run(&["runs", "list", "--sandbox"]).out.contains("Nothing was run"));
    let confirmed =
        exec(&here, &["production", "--all", "--confirm", "production", "--sandbox", "--", "true"]);
    assert_eq!(confirmed.code, Some(0), "{}", confirmed.err);
}

#[test]
fn wrong_names_say_what_there_is() {
    let here = Here::new();
    for (line, words) in [
        (&["stagin", "--all"][..], "Did you mean “staging”?"),
        (&["staging", "--role", "wbe"], "worker"),
        (&["staging", "--server", "i-nope"], "i-0"),
    ] {
        let done = exec(&here, &[line, &["--sandbox", "--", "true"]].concat());
        assert_eq!(done.code, Some(2), "{}", done.err);
        assert!(done.err.contains(words), "{line:?}: {}", done.err);
    }
    let logs = here.run(&["logs", "staging", "--role", "web", "--log", "nginx-acess", "--sandbox"]);
    assert!(logs.code == Some(2) && logs.err.contains("nginx-access"), "{}", logs.err);
}

#[test]
fn a_signal_cancels_on_the_servers_and_says_whether_it_ended() {
    let here = Here::new();
    let line = ["exec", "staging", "--role", "web", "--sandbox", "--json", "--", "yes"];
    let mut child = command(&here, &line).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.by_ref().any(|line| line.unwrap().contains(r#""event":"line""#)));
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    let last = lines.map(Result::unwrap).last().unwrap();
    assert_eq!(
        (&json(&last)["state"], &json(&last)["cancelled"]),
        (&"cancelled".into(), &2.into()),
        "{last}"
    );
    let done = child.wait_with_output().unwrap();
    assert_eq!(done.status.code(), Some(4), "{}", String::from_utf8_lossy(&done.stderr));
}

#[test]
fn a_reader_that_goes_away_ends_it_on_the_servers() {
    let here = Here::new();
    let line = ["exec", "staging", "--role", "web", "--sandbox", "--", "yes"];
    let mut child = command(&here, &line).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.next().unwrap().unwrap().ends_with("| y"));
    drop(lines);
    let done = child.wait_with_output().unwrap();
    let err = String::from_utf8_lossy(&done.stderr);
    assert!(done.status.code() == Some(0) && err.contains("2 cancelled"), "{err}");
}

#[test]
fn logs_come_merged_by_time_with_level_and_text_filters() {
    let here = Here::new();
    let done = here.run(&["logs", "staging", "--role", "web", "--lines", "20", "--sandbox", "--json"]);
    assert_eq!(done.code, Some(0), "{}", done.err);
    let lines = objects(&done.out);
    let times: Vec<&str> = lines.iter().map(|line| line["time"].as_str().unwrap()).collect();
    let times: Vec<jiff::Timestamp> = times.iter().map(|time| time.parse().unwrap()).collect();
    assert!(lines.len() > 20 && times.is_sorted());
    let mut logs: Vec<&str> = lines.iter().map(|line| line["log"].as_str().unwrap()).collect();
    logs.sort_unstable();
    logs.dedup();
    assert!(logs.contains(&"nginx-access") && logs.len() > 1, "{logs:?}");
    let mut servers: Vec<&str> = lines.iter().map(|line| line["server"].as_str().unwrap()).collect();
    servers.sort_unstable();
    servers.dedup();
    assert_eq!(servers.len(), 2);

    let line = ["logs", "staging", "--role", "web", "--log", "nginx-access", "--grep", "GET", "--sandbox"];
    let access = here.run(&line);
    assert!(access.code == Some(0) && access.out.lines().count() > 0, "{}", access.err);
    assert!(
        access.out.lines().all(|line| line.contains("nginx-access") && line.to_lowercase().contains("get"))
    );
}

#[test]
fn followed_logs_go_on_until_somebody_stops_looking() {
    let here = Here::new();
    let line = [
        "logs",
        "staging",
        "--role",
        "web",
        "--log",
        "nginx",
        "--follow",
        "-n",
        "0",
        "--sandbox",
        "--speed",
        "60",
    ];
    let mut child = command(&here, &line).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    assert!(lines.next().unwrap().unwrap().contains("nginx-"));
    let pid = rustix::process::Pid::from_child(&child);
    rustix::process::kill_process(pid, rustix::process::Signal::INT).unwrap();
    assert!(lines.all(|line| line.is_ok()));
    assert_eq!(child.wait_with_output().unwrap().status.code(), Some(0));
}
