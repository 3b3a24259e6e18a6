//! The real binary without its screen: exit codes, output, and what it says when it cannot go on.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

#[cfg(feature = "aws")]
#[path = "cli/aws.rs"]
mod aws;
#[path = "cli/exec.rs"]
mod exec;
#[path = "cli/operate.rs"]
mod operate;
#[path = "cli/run.rs"]
mod run;

use std::io::{BufRead, BufReader};
use std::process::Stdio;

use run::{Here, json};

#[test]
fn describe_ends_with_0_and_names_every_server() {
    let here = Here::new();
    let done = here.run(&["describe", "--sandbox"]);
    assert_eq!((done.code, done.err.as_str()), (Some(0), ""));
    for word in ["production  ok  PRODUCTION", "staging", "testing", "db-primary", "InService", "SANDBOX"] {
        assert!(done.out.contains(word), "{word}:\n{}", done.out);
    }
    assert!(!done.out.contains('\u{1b}'), "plain when piped");
}

#[test]
fn describe_of_one_environment_leaves_out_the_others() {
    let here = Here::new();
    let done = here.run(&["describe", "testing", "--sandbox"]);
    assert_eq!(done.code, Some(0));
    assert!(done.out.contains("testing  ok") && !done.out.contains("staging"), "{}", done.out);
}

#[test]
fn doctor_ends_with_0_where_nothing_is_bad_and_with_1_where_something_is() {
    let here = Here::new();
    let calm = here.run(&["doctor", "production", "--sandbox"]);
    assert_eq!((calm.code, calm.err.as_str()), (Some(0), ""), "{}", calm.out);
    assert!(calm.out.contains("good") && !calm.out.contains('\u{1b}'), "{}", calm.out);
    let here = Here::new();
    let incident = here.run(&["doctor", "production", "--sandbox", "--scenario", "incident", "--json"]);
    assert_eq!(incident.code, Some(1), "{}", incident.err);
    let document = json(&incident.out);
    assert_eq!((&document["version"], &document["severity"]), (&1.into(), &"bad".into()));
    assert_eq!(here.run(&["doctor", "--sandbox"]).code, Some(2));
    assert_eq!(here.run(&["doctor", "prodution", "--sandbox"]).code, Some(2));
}

#[test]
fn the_columns_of_servers_stand_under_each_other() {
    let here = Here::new();
    let done = here.run(&["describe", "testing", "--sandbox"]);
    let lines: Vec<&str> = done.out.lines().collect();
    let head = lines.iter().position(|l| l.starts_with("  ROLE")).unwrap();
    let column = lines[head].find("ZONE").unwrap();
    let rows: Vec<_> = lines[head + 1..].iter().take_while(|l| l.contains(" i-")).collect();
    assert_eq!(rows.len(), 5);
    for row in rows {
        assert!(row[column..].starts_with("us-east-1"), "{row}");
        assert!(row[..column].ends_with("  "), "{row}");
    }
}

#[test]
fn a_worker_that_no_group_launched_shows_the_code_it_runs() {
    let out = Here::new().run(&["describe", "testing", "--sandbox"]).out;
    let lines: Vec<&str> = out.lines().collect();
    let titles = lines.iter().find(|line| line.contains("RELEASE")).unwrap();
    let at = titles.find("RELEASE").unwrap();
    let release = |role: &str| {
        let line = lines.iter().find(|line| line.trim_start().starts_with(role)).unwrap();
        line.chars().skip(at).take(7).collect::<String>()
    };
    assert_eq!(release("worker "), release("web "), "{out}");
}

#[test]
fn json_has_its_version_every_environment_and_no_failures() {
    let here = Here::new();
    let done = here.run(&["--json", "describe", "--sandbox"]);
    assert_eq!(done.code, Some(0));
    let document = json(&done.out);
    assert_eq!((&document["version"], &document["sandbox"]), (&1.into(), &true.into()));
    assert_eq!(document["failures"], serde_json::json!([]));
    let names: Vec<_> = document["environments"].as_array().unwrap().iter().map(|e| &e["name"]).collect();
    assert_eq!(names, ["production", "staging", "testing"]);
    let servers = document["environments"][0]["servers"].as_array().unwrap();
    let web = servers.iter().filter(|s| s["role"] == "web").count();
    assert_eq!(web, 4);
    let time: jiff::Timestamp = document["time"].as_str().unwrap().parse().unwrap();
    assert!(time > "2026-01-01T00:00:00Z".parse().unwrap());
}

#[test]
fn an_incident_shows_the_server_and_the_load_balancers_reason_and_is_no_failure_of_describe() {
    let here = Here::new();
    let done = here.run(&["describe", "production", "--sandbox", "--scenario", "incident"]);
    assert_eq!(done.code, Some(0));
    assert!(done.out.contains("production  down") && done.out.contains("OutOfService: "), "{}", done.out);
}

#[test]
fn an_empty_cloud_is_idle_and_says_where_to_look() {
    let here = Here::new();
    let done = here.run(&["describe", "--sandbox", "--scenario", "empty"]);
    assert_eq!(done.code, Some(0));
    assert!(
        done.out.contains("production  idle") && done.out.contains("Nothing of it exists"),
        "{}",
        done.out
    );
}

#[test]
fn a_second_process_sees_the_same_world() {
    let here = Here::new();
    let ids = |text: &str| -> Vec<String> {
        text.split_whitespace().filter(|w| w.starts_with("i-0")).map(str::to_owned).collect()
    };
    let first = here.run(&["describe", "--sandbox", "--seed", "7"]);
    let second = here.run(&["describe", "--sandbox"]);
    assert!(ids(&first.out).len() > 15);
    assert_eq!(ids(&first.out), ids(&second.out));
}

#[test]
fn an_unknown_environment_gives_the_nearest_right_name_and_ends_with_2() {
    let here = Here::new();
    let done = here.run(&["describe", "prodution", "--sandbox"]);
    assert_eq!((done.code, done.out.as_str()), (Some(2), ""));
    assert!(done.err.contains("“prodution”. Did you mean “production”?"), "{}", done.err);
    assert!(done.err.contains("Known: production, staging, testing"), "{}", done.err);
}

#[test]
fn a_command_line_that_makes_no_sense_ends_with_2_and_says_why() {
    let here = Here::new();
    for (line, says) in [
        (&["descibe"][..], "'describe'"),
        (&["describe", "--sandbx"], "--sandbox"),
        (&["describe", "--seed", "3"], "add --sandbox"),
        (&["describe", "--sandbox", "--region", "us-east-1"], "--region is for AWS"),
        (&["describe", "--sandbox", "--scenario", "clam"], "calm"),
        (&["describe", "--sandbox", "--seed", "x"], "--seed"),
        (&["describe", "--sandbox", "--speed", "-1"], "speed -1"),
        (&["describe", "--sandbox", "--speed", "9999999"], "speed"),
        (&["completions", "csh"], "fish"),
        (&["sandbox", "--json"], "describe --json"),
        (&["sandbox", "--profile", "ops"], "--profile is for AWS"),
        (&["--sandbox", "config", "check"], "The sandbox has no config file"),
        (&["config", "show", "--sandbox"], "The sandbox has no config file"),
        (&["sandbox"], "not a terminal"),
        (&[], "not a terminal"),
    ] {
        let done = here.run(line);
        assert_eq!((done.code, done.out.as_str()), (Some(2), ""), "{line:?}: {}", done.err);
        assert!(done.err.contains(says), "{line:?}: {}", done.err);
    }
}

#[test]
fn a_world_made_with_another_seed_is_refused_with_3() {
    let here = Here::new();
    assert_eq!(here.run(&["describe", "--sandbox", "--seed", "1"]).code, Some(0));
    let done = here.run(&["describe", "--sandbox", "--seed", "2"]);
    assert_eq!((done.code, done.out.as_str()), (Some(3), ""));
    assert!(done.err.contains("--fresh"), "{}", done.err);
}

#[test]
#[cfg(unix)]
fn a_signal_during_headless_work_ends_it_with_4() {
    for signal in [rustix::process::Signal::INT, rustix::process::Signal::TERM] {
        let here = Here::new();
        assert_eq!(here.run(&["describe", "--sandbox"]).code, Some(0));
        // Somebody holds the world, so that the command waits.
        let world = rusqlite::Connection::open(here.state().join("sandbox/world.sqlite")).unwrap();
        world.execute_batch("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE").unwrap();
        let mut command = here.command(&["describe", "--sandbox"]);
        let child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        run::wait_for_signal_handlers(child.id());
        let pid = rustix::process::Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
        rustix::process::kill_process(pid, signal).unwrap();
        let output = child.wait_with_output().unwrap();
        assert_eq!(output.status.code(), Some(4), "{signal:?}: {output:?}");
        assert!(String::from_utf8_lossy(&output.stderr).contains("Interrupted"), "{output:?}");
    }
}

#[test]
#[cfg(unix)]
fn a_signal_is_heard_while_the_reader_of_the_output_has_stalled() {
    use std::io::Read;
    let here = Here::new();
    // More than a pipe holds.
    let line = ["describe", "--sandbox", "--json", "--no-hosts", "--scenario", "large"];
    assert!(here.run(&line).out.len() > 200_000);
    let mut child = here.command(&line).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut out = child.stdout.take().unwrap();
    // Once the first byte is here, it prints.
    out.read_exact(&mut [0]).unwrap();
    let pid = rustix::process::Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::TERM).unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(4));
    drop(out);
}

#[test]
fn a_reader_that_goes_away_is_no_failure() {
    let here = Here::new();
    for line in [
        &["describe", "--sandbox", "--json", "--no-hosts", "--scenario", "large"][..],
        &["completions", "bash"],
        &["man"],
        &["--help"],
    ] {
        let mut child = here.command(line).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut first = String::new();
        BufReader::with_capacity(16, child.stdout.take().unwrap()).read_line(&mut first).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(!first.is_empty());
        assert_eq!(output.status.code(), Some(0), "{line:?}");
        assert_eq!(String::from_utf8_lossy(&output.stderr), "", "{line:?}");
    }
}

#[test]
fn without_a_config_it_says_where_it_looked_and_the_two_ways_on() {
    let here = Here::new();
    for line in [&["describe"][..], &["config", "show"]] {
        let done = here.run(line);
        assert_eq!((done.code, done.out.as_str()), (Some(1), ""));
        let place = here.project().canonicalize().unwrap().display().to_string();
        for part in ["fabulaws-config.yml", place.as_str(), "--config", "quarterdeck sandbox"] {
            assert!(done.err.contains(part), "{part}: {}", done.err);
        }
    }
}

#[test]
fn a_config_that_cannot_be_parsed_is_told_with_its_line() {
    let here = Here::new();
    std::fs::write(here.project().join("fabulaws-config.yml"), "project: x\n  broken: [\n").unwrap();
    for line in [&["describe"][..], &["config", "show"]] {
        let done = here.run(line);
        assert_eq!((done.code, done.out.as_str()), (Some(1), ""));
        assert!(done.err.contains("fabulaws-config.yml:2:"), "{}", done.err);
        assert!(done.err.contains("config check"), "{}", done.err);
    }
    let done = here.run(&["config", "check", "--json"]);
    assert_eq!(done.code, Some(1));
    assert_eq!(json(&done.out)["problems"][0]["line"], 2);
}

#[test]
fn config_show_prints_what_should_exist_as_text_and_as_json() {
    let here = Here::new();
    here.write_config(run::CONFIG);
    let done = here.run(&["config", "show"]);
    assert_eq!(done.code, Some(0), "{}", done.err);
    assert!(done.out.contains("production   yes         production-ag"), "{}", done.out);
    let document = json(&here.run(&["config", "show", "--json", "--region", "eu-west-1"]).out);
    assert_eq!((&document["version"], &document["region"]), (&1.into(), &"eu-west-1".into()));
    assert_eq!(document["environments"][1]["load_balancers"], serde_json::json!(["production-lb"]));
}

#[test]
fn an_unknown_deployment_is_told_with_the_known_ones() {
    let here = Here::new();
    here.write_config(run::CONFIG);
    let done = here.run(&["config", "show", "--deployment", "myprojct"]);
    assert_eq!(done.code, Some(2));
    assert!(done.err.contains("did you mean `myproject`?"), "{}", done.err);
}

#[test]
fn without_a_home_to_write_to_the_sandbox_says_what_to_do_and_nothing_panics() {
    let here = Here::new();
    let nowhere = here.project().join("file");
    std::fs::write(&nowhere, "").unwrap();
    let output = here
        .bare(&["describe", "--sandbox"])
        .env("HOME", &nowhere)
        .env_remove("XDG_STATE_HOME")
        .output()
        .unwrap();
    let err = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{err}");
    assert!(err.contains("--state-dir") && !err.contains("panicked"), "{err}");
    assert_eq!(err.matches("No log").count(), 1, "{err}");
}

#[test]
fn a_log_is_kept_under_the_state_directory_and_holds_no_colours() {
    let here = Here::new();
    let output = here.command(&["describe", "--sandbox"]).env("QUARTERDECK_LOG", "loud").output().unwrap();
    assert_eq!(output.status.code(), Some(0));
    assert!(String::from_utf8_lossy(&output.stderr).contains("QUARTERDECK_LOG is “loud”"));
    let logs: Vec<_> = std::fs::read_dir(here.state().join("log")).unwrap().collect();
    assert_eq!(logs.len(), 1);
    let name = logs[0].as_ref().unwrap().file_name().into_string().unwrap();
    let day = name.strip_prefix("quarterdeck.").and_then(|n| n.strip_suffix(".log")).unwrap();
    assert!(day.parse::<jiff::civil::Date>().is_ok(), "{name}");
}

#[test]
fn the_help_is_as_written_down() {
    let here = Here::new();
    insta::assert_snapshot!("help", here.run(&["-h"]).out);
    insta::assert_snapshot!("help_describe", here.run(&["describe", "-h"]).out);
}

#[test]
fn keys_are_printed_as_the_operators_own_keymap_has_them() {
    let here = Here::new();
    let done = here.run(&["keys"]);
    assert_eq!((done.code, done.err.as_str()), (Some(0), ""));
    assert!(
        done.out.starts_with("keymap  default\n") && done.out.contains("Open the selected"),
        "{}",
        done.out
    );
    assert!(here.run(&["keys", "--json"]).out.contains("\"keymap\": \"default\""));

    std::fs::write(here.project().join("quarterdeck.toml"), "keymap = \"vim\"\n").unwrap();
    let document = json(&here.run(&["keys", "--json"]).out);
    assert_eq!((&document["version"], &document["keymap"]), (&1.into(), &"vim".into()));
    assert!(document["keys"].as_array().unwrap().len() > 30);

    std::fs::write(here.project().join("quarterdeck.toml"), "keymap = \"vmi\"\n").unwrap();
    let done = here.run(&["keys"]);
    assert_eq!(done.code, Some(0));
    assert!(done.err.contains("`vmi`"), "{}", done.err);
}

#[test]
fn themes_are_printed_with_the_one_in_use_marked() {
    let here = Here::new();
    let done = here.run(&["themes"]);
    assert_eq!((done.code, done.err.as_str()), (Some(0), ""));
    assert!(done.out.contains("*  dark "), "{}", done.out);
    let document = json(&here.run(&["themes", "--json"]).out);
    let names: Vec<_> = document["themes"].as_array().unwrap().iter().map(|t| &t["name"]).collect();
    for name in ["dark", "light", "high-contrast", "mono"] {
        assert!(names.iter().any(|n| *n == name), "{name} of {names:?}");
    }
}

#[test]
fn completions_and_manual_are_made_from_the_grammar() {
    let here = Here::new();
    for shell in ["bash", "zsh", "fish"] {
        let done = here.run(&["completions", shell]);
        assert!(done.code == Some(0) && done.out.contains("describe") && done.out.contains("endpoint-url"));
    }
    let man = here.run(&["man"]);
    assert_eq!(man.code, Some(0));
    for part in [".TH quarterdeck 1", "COMMAND DESCRIBE", "endpoint\\-url", "Exit codes: 0 done"] {
        assert!(man.out.contains(part), "{part}");
    }
}

#[test]
fn stdin_and_stdout_may_be_closed() {
    let here = Here::new();
    let script = "exec 0<&- 1>&- 2>&-; exec \"$0\" \"$@\"";
    let status = std::process::Command::new("sh")
        .args(["-c", script, env!("CARGO_BIN_EXE_quarterdeck"), "describe", "--sandbox", "--state-dir"])
        .arg(here.state())
        .status()
        .unwrap();
    assert!(status.code().is_some_and(|code| code <= 1), "{status:?}");
}

/// A project whose `smtp_password` has no value.
fn lacking() -> Here {
    let here = Here::new();
    here.write_config(&format!("{}password_names: [smtp_password, api_key]\n", run::CONFIG));
    std::fs::write(here.project().join("fabsecrets_staging.py"), "api_key = 'old-1'  # theirs\n").unwrap();
    here
}

#[cfg(unix)]
#[test]
fn secrets_are_set_from_standard_input_into_their_file_and_nowhere_else() {
    use std::io::Write as _;
    use std::os::unix::fs::PermissionsExt as _;
    let here = lacking();
    let set = |line: &[&str], input: &str| {
        let mut child = here
            .command(line)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        let said = [output.stdout, output.stderr].concat();
        (output.status.code(), String::from_utf8(said).unwrap())
    };
    let both = ["secrets", "set", "staging", "--secret", "smtp_password", "--secret", "api_key"];
    let (code, said) = set(&both, "mail's-1\nkey-2\n");
    assert_eq!(code, Some(0), "{said}");
    assert!(!said.contains("mail's-1") && !said.contains("key-2"), "{said}");
    let file = here.project().join("fabsecrets_staging.py");
    let text = std::fs::read_to_string(&file).unwrap();
    assert_eq!(text, "api_key = 'key-2'  # theirs\nsmtp_password = 'mail\\'s-1'\n");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    let kept: Vec<_> = std::fs::read_dir(here.project())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.contains(".before-"))
        .collect();
    assert_eq!(kept.len(), 1, "what was replaced is kept: {kept:?}");

    for (line, input, code, why) in [
        (&["secrets", "set", "staging", "--secret", "api_key"][..], "", 2, "standard input has no line"),
        (&["secrets", "set", "staging", "--secret", "api_keys"], "x\n", 2, "Did you mean “api_key”?"),
        (&["secrets", "set", "stagin", "--secret", "api_key"], "x\n", 2, "staging"),
        (&["secrets", "set", "staging", "--secret", "api_key", "--read-only"], "x\n", 3, "--read-only"),
        (&["secrets", "set", "testing", "--secret", "api_key", "--sandbox"], "x\n", 3, "leave out --sandbox"),
        (&["secrets", "check", "testing", "--sandbox"], "", 3, "leave out --sandbox"),
    ] {
        let (ended, said) = set(line, input);
        assert!(ended == Some(code) && said.contains(why), "{line:?}: {ended:?} {said}");
    }
    assert_eq!(std::fs::read_to_string(&file).unwrap(), text);
}
