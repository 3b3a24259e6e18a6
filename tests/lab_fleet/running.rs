//! `exec` and `logs` without a screen, on whole roles of real servers.

use std::collections::BTreeSet;
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use crate::fleet::Fleet;
use crate::lab::within;

/// The program with a way to log in; what stands after `--` comes last.
fn program(fleet: &Fleet, arguments: &[&str]) -> Command {
    let mut command = fleet.program();
    command.args(fleet.login()).args(arguments);
    command
}

/// What it did and the objects that it printed, one per line.
fn objects(output: &Output) -> Vec<Value> {
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|_| panic!("{output:?}"))).collect()
}

fn of<'a>(objects: &'a [Value], event: &str) -> Vec<&'a Value> {
    objects.iter().filter(|object| object["event"] == event).collect()
}

#[test]
fn a_command_runs_on_every_server_of_a_role_and_is_kept() {
    let Some(fleet) = Fleet::take() else { return };
    let output = program(
        &fleet,
        &[
            "exec",
            "staging",
            "--role",
            "web",
            "--json",
            "--",
            "hostname; hostname >&2; cat /home/myproject/www/staging/code_root/.git/refs/heads/main",
        ],
    )
    .output()
    .unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let said = objects(&output);
    for host in ["web1", "web2"] {
        let name = format!("ip-{}", fleet.address(host).replace('.', "-"));
        let lines: BTreeSet<(&str, &str)> = of(&said, "line")
            .iter()
            .filter(|line| line["server"] == fleet.instance(host))
            .map(|line| (line["stream"].as_str().unwrap(), line["text"].as_str().unwrap()))
            .collect();
        assert_eq!(
            lines,
            [("out", name.as_str()), ("err", &name), ("out", fleet.changeset())].into(),
            "{host}"
        );
    }
    assert_eq!(of(&said, "finished")[0]["done"], 2);
    let id = of(&said, "run")[0]["id"].as_str().unwrap();
    let kept = program(&fleet, &["runs", "show", id, "--json"]).output().unwrap();
    let kept: Value = serde_json::from_slice(&kept.stdout).unwrap();
    assert_eq!((&kept["state"], kept["servers"].as_array().map(Vec::len)), (&"done".into(), Some(2)));
}

#[test]
fn root_by_sudo_on_all_servers_and_the_one_that_fails_is_named() {
    let Some(fleet) = Fleet::take() else { return };
    let command = "id -un; test -d /var/lib/rabbitmq || exit 7";
    let output =
        program(&fleet, &["exec", "staging", "--all", "--sudo", "--json", "--", command]).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let said = objects(&output);
    assert_eq!(of(&said, "line").iter().filter(|line| line["text"] == "root").count(), 6);
    for end in of(&said, "end") {
        let code = if end["server"] == fleet.instance("cache") { 0 } else { 7 };
        assert_eq!(end["code"], code, "{end}");
    }
    assert_eq!(
        (&of(&said, "finished")[0]["done"], &of(&said, "finished")[0]["failed"]),
        (&1.into(), &5.into())
    );
}

#[test]
fn a_frozen_server_of_a_role_is_unknown_and_the_other_is_done() {
    let Some(fleet) = Fleet::take() else { return };
    fleet.afterwards(|fleet| {
        fleet.tell("thaw", "web2");
    });
    fleet.tell("freeze", "web2");
    let output =
        program(&fleet, &["exec", "staging", "--role", "web", "--json", "--timeout", "20s", "--", "true"])
            .output()
            .unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let said = objects(&output);
    let verdict = |host: &str| {
        let id = fleet.instance(host);
        of(&said, "end").into_iter().find(|end| end["server"] == id).map(|end| end["verdict"].clone())
    };
    assert_eq!(verdict("web1"), Some("done".into()));
    assert_ne!(verdict("web2"), Some("done".into()));
}

#[test]
fn ten_commands_at_once_with_two_sessions_all_run() {
    let Some(fleet) = Fleet::take() else { return };
    fleet.disturb(
        "cache",
        "cp /etc/ssh/sshd_config /root/sshd_config; echo 'MaxSessions 2' >>/etc/ssh/sshd_config; systemctl reload ssh",
        "cp /root/sshd_config /etc/ssh/sshd_config; systemctl reload ssh",
    );
    let start = |number: u32| {
        let command = format!("sleep 1; echo number {number}");
        program(&fleet, &["exec", "staging", "--role", "cache", "--", &command])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    };
    let all: Vec<_> = (0..10).map(start).collect();
    for (number, one) in all.into_iter().enumerate() {
        let output = one.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        assert!(String::from_utf8_lossy(&output.stdout).contains(&format!("number {number}")), "{output:?}");
    }
}

#[test]
fn logs_of_a_whole_role_are_merged() {
    let Some(fleet) = Fleet::take() else { return };
    for host in ["web1", "web2", "web1"] {
        let url = format!("https://{}/seen-on-{host}", fleet.address(host));
        let asked =
            Command::new("curl").args(["-sk", "--noproxy", "*", "-o", "/dev/null", &url]).status().unwrap();
        assert!(asked.success());
    }
    let output = program(
        &fleet,
        &["logs", "staging", "--role", "web", "--log", "nginx", "--grep", "seen-on", "--json"],
    )
    .output()
    .unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let said = objects(&output);
    let from = |host: &str| said.iter().filter(|line| line["server"] == fleet.instance(host)).count();
    assert!(from("web1") >= 2 && from("web2") >= 1, "{output:?}");
    for line in &said {
        assert!(line["text"].as_str().unwrap().contains("seen-on"), "{line}");
    }
    let times: Vec<&str> = said.iter().map(|line| line["time"].as_str().unwrap()).collect();
    assert!(times.is_sorted(), "{times:?}");
}

#[test]
fn celery_and_rabbitmq_say_in_their_logs_what_was_done() {
    let Some(fleet) = Fleet::take() else { return };
    fleet.python("export.delay(4711).get(timeout=60)");
    // Whoever asked has the result before the worker has written its line.
    let celery =
        ["logs", "staging", "--role", "worker", "--log", "celery", "--grep", "tasks.export", "--json"];
    within(30, "Celery's log says that it succeeded", || {
        let output = program(&fleet, &celery).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        let said = objects(&output);
        said.iter().any(|line| line["text"].as_str().unwrap().contains("succeeded")).then_some(())
    });
    let output = program(&fleet, &["logs", "staging", "--role", "cache", "--log", "rabbitmq", "--json"])
        .output()
        .unwrap();
    assert!(!objects(&output).is_empty(), "{output:?}");
}
