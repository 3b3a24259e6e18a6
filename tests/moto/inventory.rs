//! What is there: releases, who is behind, strange tags, missing things.

use quarterdeck::fleet::text::is_printable;
use serde_json::Value;

use crate::kit::{Endpoint, Project};

const NEW: &str = "89abcdef0123456789abcdef0123456789abcdef";
const OLD: &str = "0123456789abcdef0123456789abcdef01234567";

fn releases_and_who_is_behind(launch: &str) {
    let (endpoint, made) = Endpoint::seeded(&["--web", "3", "--behind", "1", "--launch", launch]);
    let described = Project::new(&endpoint, "myproject", &["staging"]).describe();
    assert_eq!(described.code(), 0, "{:?}", described.output);
    let release = &described.environment("staging")["release"];
    assert_eq!(release["changeset"], NEW);
    assert_eq!(release["made_at"], "2026-11-21T10:00:00Z");
    assert_eq!(release["image"], made["envs"]["staging"]["image"]);
    let web = described.servers("staging", "web");
    let behind: Vec<&&Value> = web.iter().filter(|s| s["behind"] == true).collect();
    assert_eq!((web.len(), behind.len()), (3, 1));
    assert_eq!(behind[0]["release"]["changeset"], OLD);
    assert!(web.iter().all(|s| s["behind"] == true || s["release"]["changeset"] == NEW));
    for role in ["db-primary", "db-replica", "cache", "worker"] {
        assert_eq!(described.servers("staging", role).len(), 1, "{role}");
    }
}

#[test]
fn a_group_with_launch_configurations_shows_its_release_and_who_is_behind() {
    releases_and_who_is_behind("lc");
}

#[test]
fn a_group_that_follows_the_latest_template_version_shows_its_release_and_who_is_behind() {
    releases_and_who_is_behind("lt");
}

#[test]
fn strange_tags_are_listed_and_nothing_of_them_reaches_the_terminal() {
    let (endpoint, made) = Endpoint::seeded(&["--hostile"]);
    let project = Project::new(&endpoint, "myproject", &["staging"]);
    let described = project.describe();
    assert_eq!(described.code(), 0, "{:?}", described.output);
    let said = String::from_utf8(described.output.stdout.clone()).unwrap();
    for (name, id) in made["hostile"].as_object().unwrap() {
        assert!(said.contains(id.as_str().unwrap()), "{name} is not listed");
    }
    assert_eq!(described.servers("staging", "web,worker").len(), 1);
    assert_eq!(described.servers("staging", "worker·[31m")[0]["name"], "red·[2J·evil·");
    let plain = project.program().args(["describe", "--no-hosts"]).output().unwrap();
    for text in [said, String::from_utf8(plain.stdout).unwrap()] {
        assert!(text.chars().all(|c| c == '\n' || is_printable(c)), "{text:?}");
    }
}

#[test]
fn a_missing_load_balancer_and_a_missing_group_leave_the_others_alone() {
    let (endpoint, _) = Endpoint::seeded(&[]);
    let project = Project::new(&endpoint, "myproject", &["staging", "production"]);
    let (cost, described) = endpoint.counted(|| project.describe());
    let staging = described.environment("staging");
    assert_eq!(
        (&staging["load_balancers"][0]["in_service"], &staging["group"]["exists"]),
        (&2.into(), &true.into())
    );
    let production = described.environment("production");
    assert_eq!(production["load_balancers"][0]["exists"], false);
    assert_eq!(production["group"]["exists"], false);
    assert_eq!(cost["DescribeLoadBalancers"], 2, "by name, and then all of them once");
}

#[test]
fn what_the_load_balancer_says_of_a_member_is_passed_on() {
    let (endpoint, made) = Endpoint::seeded(&[]);
    let web = &made["envs"]["staging"]["servers"]["web"];
    endpoint.health(web[0].as_str().unwrap(), "OutOfService");
    endpoint.health(web[1].as_str().unwrap(), "Registering");
    let described = Project::new(&endpoint, "myproject", &["staging"]).describe();
    assert_eq!(described.environment("staging")["severity"], "down");
    let said = String::from_utf8(described.output.stdout).unwrap();
    assert!(said.contains("failed at least the UnhealthyThreshold number of health checks"), "{said}");
    assert!(said.contains("registration is still in progress"), "{said}");
}

#[test]
fn another_region_is_an_empty_one_and_not_an_error() {
    let (endpoint, _) = Endpoint::seeded(&[]);
    let project = Project::new(&endpoint, "myproject", &["staging"]);
    let output = project.program().args(["describe", "--json", "--region", "eu-west-1"]).output().unwrap();
    let json: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(json["region"], "eu-west-1");
    assert_eq!(json["environments"][0]["group"]["exists"], false);
    assert_eq!(json["environments"][0]["servers"], Value::Array(vec![]));
}

#[test]
fn servers_that_cannot_be_reached_are_failures_and_the_cloud_is_described_all_the_same() {
    let (endpoint, _) = Endpoint::seeded(&[]);
    let project = Project::new(&endpoint, "myproject", &["staging"]);
    let output = project.program().args(["describe", "--json"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(document["environments"][0]["servers"].as_array().unwrap().len(), 6);
    let failures = document["failures"].as_array().unwrap();
    assert_eq!(failures.len(), 6, "{failures:#?}");
    for failure in failures {
        assert_eq!(failure["kind"], "unreachable", "{failure}");
        assert!(failure["message"].as_str().unwrap().contains("refused the connection"), "{failure}");
    }
}
