//! The console itself, in a terminal of its own, on the cloud that others wrote.

use serde_json::{Value, json};

use crate::kit::{Endpoint, Project};
use crate::terminal::{Modes, Start, Terminal};

const ENTER: &str = "\r";
const REFRESH: &str = "\x12";

/// The console on the project. Nothing is read again within a test unless somebody asks for it.
fn open(project: &Project) -> Terminal {
    let slow = "[ssh]\nmeasure = false\n[intervals]\nfast = \"60s\"\nnormal = \"10m\"\nidle = \"1h\"\nmetrics = \"1h\"\n";
    std::fs::write(project.dir.path().join("quarterdeck.toml"), slow).unwrap();
    Terminal::start(Start {
        arguments: Some(Vec::new()),
        directory: Some(project.dir.path().to_owned()),
        variables: project.environment(),
        size: Some((160, 45)),
        ..Start::default()
    })
}

fn seeded(arguments: &[&str]) -> (Endpoint, Project, Value) {
    let (endpoint, made) = Endpoint::seeded(arguments);
    let project = Project::new(&endpoint, "myproject", &["staging"]);
    (endpoint, project, made["envs"]["staging"].clone())
}

/// Waits for a line with all of these in this order.
fn line(console: Terminal, parts: &[&str]) -> Terminal {
    let has = |line: &str| parts.iter().try_fold(line, |rest, part| Some(rest.split_once(part)?.1)).is_some();
    console.wait(&format!("a line with {parts:?}"), |t| t.text().lines().any(has));
    console
}

fn quit(console: Terminal) {
    assert_eq!(console.modes(), Modes::TAKEN);
    let (code, after) = console.press("F").until("ENVIRONMENT").press("q").ended();
    assert_eq!((code, after.trim()), (0, ""));
}

#[test]
fn every_page_shows_what_the_cloud_holds() {
    let (_endpoint, project, made) = seeded(&["--metrics", "--web", "3"]);
    let id = |role: &str| made["servers"][role][0].as_str().unwrap();
    let (balancer, group) = (made["load_balancer"].as_str().unwrap(), made["group"].as_str().unwrap());

    let console =
        open(&project).until("myproject  us-east-1 · 123456789012 as moto").until("CUSTOM ENDPOINT");
    let row = [" staging", "0123456", "● 3/3", "● 1", "● 1", "● 1", "3/1–6 ●", "● 1"];
    let console = line(console, &row).press(ENTER);

    let mut console = console.until("4.0% of the answers at");
    for role in ["worker", "cache", "db-primary", "db-replica"] {
        console = line(console, &[role, id(role)]);
    }
    for web in made["servers"]["web"].as_array().unwrap() {
        console =
            line(console, &["web", "t3.medium", "● InService", "0123456", "running", web.as_str().unwrap()]);
    }
    let console = line(console, &["web", "77% ▆▆", id("web")]);
    let console = line(console, &["requests 10/s", "latency 310 ms", "5xx 4.0%", "surge queue 7"]);

    let console = line(console.press("2"), &["shape", balancer, "internet-facing"]);
    let console = line(console, &["listener 80", "● as it should be", "80 HTTP → 80 HTTP"]);
    let console = line(console, &["listener 443", "● accepted", "443 TCP → 443 TCP"]);
    let console = line(console, &["health check", "● as it should be", "HTTPS:443/healthcheck.html"]);
    let console = line(console, &["● ", &id("web")[..6], "web", "InService"]);

    let console = line(console.press("3"), &["group", group, "● 3 in service", "min 1 · desired 3 · max 6"]);
    let console = line(console, &["launches", "myproject_staging_lc_2026.11.20-08.30.05_0123456789abcdef"]);
    let console = line(console, &["processes", "all", "● active"]);
    let console = line(console, &["● Successful", "Launching a new EC2 instance", id("web")]);

    let console = line(console.press("6"), &["requests  10/s", "latency  310 ms"]);
    let console = line(console, &["5xx  4.0%", "surge queue  7"]).until("cpu  42%");

    let console = console.press("1").until("t3.medium").press("\x1b[H").press(ENTER).until("security groups");
    let console = line(console, &["balancer", balancer, "● InService"]);
    let console = line(console, &["changeset", "0123456789abcdef0123456789abcdef01234567"]);
    let console = line(console, &["is", "● what its group launches now"]);
    let console = line(console, &["image", made["image"].as_str().unwrap()]);
    let console = line(console, &["launched by", group]);
    quit(line(console, &["security groups", "myproject-sg · myproject-web-sg"]));
}

#[test]
fn what_others_change_is_on_screen_after_a_refresh_by_hand() {
    let (endpoint, project, made) = seeded(&["--web", "3"]);
    let web: Vec<&str> =
        made["servers"]["web"].as_array().unwrap().iter().map(|w| w.as_str().unwrap()).collect();
    let console = line(open(&project), &["● staging", "● 3/3", "3/1–6 ●"]);

    let group = json!({ "AutoScalingGroupName": made["group"], "ScalingProcesses": ["Launch"] });
    endpoint.call("autoscaling", "suspend_processes", &group);
    endpoint.call("ec2", "terminate_instances", &json!({ "InstanceIds": [web[0]] }));
    // The cloud itself takes a moment; a server that shuts down would be on screen until the next read.
    console.wait("the group to miss its member", |_| {
        let described = project.describe();
        let staging = described.environment("staging");
        staging["group"]["in_service"] == 2
            && staging["load_balancers"][0]["in_service"] == 2
            && !staging["servers"].to_string().contains(web[0])
    });
    assert!(console.text().contains("● 3/3"), "nobody asked yet:\n{}", console.text());
    let console = line(console.press(REFRESH), &["▲ staging", "● 2/2", "2/1–6 want 3 ▲ Launch off"]);
    let console =
        console.until("▲ Group processes suspended: Launch").press(ENTER).until(web[1]).until(web[2]);
    // Servers and health are read side by side: the row may outlive the membership by one read.
    let console = console.until_gone(web[0]);
    let console = line(console.press("3"), &["◐ 2 in service", "min 1 · desired 3 · max 6"]);
    let console = line(console, &["Launch", "▲ suspended"]);

    endpoint.call("autoscaling", "resume_processes", &group);
    quit(line(console.press(REFRESH), &["processes", "all", "● active"]));
}

#[test]
fn throttled_health_is_unknown_on_screen_and_never_down() {
    let (endpoint, project, made) = seeded(&[]);
    let web = made["servers"]["web"][0].as_str().unwrap();
    endpoint.faults(&[("DescribeInstanceHealth", "Throttling", -1)]);
    let console = line(open(&project), &["◌ staging", "0123456", "◌ ? throttled", "● 1", "2/1–4 ●"]);
    let console = console.until("◌ throttled, retry in").press(ENTER);
    let console = line(console, &["● ", "web", "t3.medium", "?", "running", web]).press("2");
    let console = line(console, &["members", "◌ throttled", "DescribeInstanceHealth"]).press("F");

    // Known, and then throttled again: the old value stays.
    endpoint.faults(&[]);
    let console = line(console.press(REFRESH), &["● staging", "● 2/2", "2/1–4 ●"]).until("● live");
    endpoint.faults(&[("DescribeInstanceHealth", "Throttling", -1)]);
    let console = console.press(REFRESH).until("◌ throttled, retry in");
    let console = line(console, &["staging", "2/2", "2/1–4 ●"]);
    let raw = console.raw();
    for word in ["✖", "down", "OutOfService", "out of service"] {
        assert!(!raw.contains(word), "{word:?} was on screen");
    }
    quit(console);
}
