//! Endpoints that do not answer as AWS does.

use std::net::TcpListener;

use super::run::{CONFIG, Here, json};

fn against(here: &Here, port: u16, line: &[&str]) -> std::process::Output {
    let url = format!("http://127.0.0.1:{port}");
    here.command(line)
        .args(["--endpoint-url", &url])
        .env("AWS_ACCESS_KEY_ID", "AKIATESTTESTTESTTEST")
        .env("AWS_SECRET_ACCESS_KEY", "verysecretverysecret")
        .output()
        .unwrap()
}

#[test]
fn an_endpoint_that_refuses_leaves_everything_unknown_and_ends_with_1() {
    let here = Here::new();
    here.write_config(CONFIG);
    let port = {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().port()
    };
    let output = against(&here, port, &["describe", "--json"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let document = json(&String::from_utf8(output.stdout).unwrap());
    assert_eq!(document["environments"][0]["servers"], serde_json::Value::Null);
    assert_eq!(document["environments"][0]["severity"], "unknown");
    assert!(document["failures"].as_array().unwrap().len() >= 4);
    assert_eq!(document["failures"][0]["kind"], "unreachable");

    let output = against(&here, port, &["describe", "production"]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("production  unknown") && text.contains("Could not be read"), "{text}");
    assert!(!text.contains("down"), "{text}");
    for log in std::fs::read_dir(here.state().join("log")).unwrap() {
        let log = std::fs::read_to_string(log.unwrap().path()).unwrap();
        assert!(log.contains("ec2:DescribeInstances"), "{log}");
        assert!(!log.contains("verysecret") && !log.contains('\u{1b}'), "{log}");
    }
}

#[test]
fn without_credentials_every_failure_says_so() {
    let here = Here::new();
    here.write_config(CONFIG);
    let output = here.command(&["describe", "--json"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let document = json(&String::from_utf8(output.stdout).unwrap());
    assert_eq!(document["identity"], serde_json::Value::Null);
    for failure in document["failures"].as_array().unwrap() {
        assert_eq!(failure["kind"], "credentials", "{failure}");
    }
}

#[test]
fn a_read_only_home_stops_only_the_log() {
    let here = Here::new();
    here.write_config(CONFIG);
    let file = here.project().join("file");
    std::fs::write(&file, "").unwrap();
    let output = here.bare(&["describe"]).env("HOME", &file).output().unwrap();
    let err = String::from_utf8_lossy(&output.stderr);
    assert_eq!(err.matches("No log: ").count(), 1, "{err}");
    assert!(String::from_utf8_lossy(&output.stdout).contains("production  unknown"), "{output:?}");
}
