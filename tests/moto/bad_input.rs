//! An endpoint, credentials or a region that are not as they should be.

use std::collections::BTreeSet;

use crate::kit::{Described, Endpoint, Project, closed_port};

fn staging(endpoint: &Endpoint) -> Project {
    Project::new(endpoint, "myproject", &["staging"])
}

fn failure<'a>(described: &'a Described, about: &str) -> (&'a str, &'a str) {
    let failures = described.failures();
    let found = failures.iter().find(|(_, message)| message.contains(about));
    *found.unwrap_or_else(|| panic!("nothing about {about} in {failures:?}"))
}

#[test]
fn throttled_health_is_unknown_and_never_down_and_the_rest_works() {
    let (endpoint, _) = Endpoint::seeded(&[]);
    endpoint.faults(&[("DescribeInstanceHealth", "Throttling", -1)]);
    let described = staging(&endpoint).describe();
    let (kind, message) = failure(&described, "elasticloadbalancing:DescribeInstanceHealth");
    assert_eq!(kind, "throttled");
    assert!(message.contains("fewer requests"), "{message}");
    let environment = described.environment("staging");
    assert_ne!(environment["severity"], "down");
    assert_eq!(environment["load_balancers"][0]["in_service"], serde_json::Value::Null);
    assert_eq!(described.servers("staging", "web").len(), 2);
    assert_eq!(environment["group"]["in_service"], 2);
    assert_eq!(described.code(), 1);
}

#[test]
fn throttling_that_passes_is_not_noticed() {
    let (endpoint, _) = Endpoint::seeded(&[]);
    endpoint.faults(&[("DescribeInstances", "RequestLimitExceeded", 1)]);
    assert_eq!(staging(&endpoint).describe().code(), 0);
}

#[test]
fn a_missing_permission_names_the_iam_action_and_the_rest_works() {
    let (endpoint, _) = Endpoint::seeded(&[]);
    endpoint.faults(&[
        ("DescribeAutoScalingGroups", "AccessDenied", -1),
        ("DescribeInstances", "UnauthorizedOperation", -1),
    ]);
    let described = staging(&endpoint).describe();
    assert_eq!(failure(&described, "may not autoscaling:DescribeAutoScalingGroups").0, "denied");
    assert_eq!(failure(&described, "may not ec2:DescribeInstances").0, "denied");
    assert_eq!(described.environment("staging")["load_balancers"][0]["in_service"], 2);
}

#[test]
fn answers_that_are_none_are_told_apart_and_never_hold_the_program_up() {
    let (endpoint, _) = Endpoint::seeded(&[]);
    let project = staging(&endpoint);
    for (fault, kind, words) in [
        ("html", "other", "web page (HTTP 502)"),
        ("page", "other", "web page (HTTP 200)"),
        ("garbage", "other", "makes no sense"),
        ("half", "unreachable", "broke off in the middle"),
        ("drop", "unreachable", "broke off in the middle"),
        ("ExpiredToken", "credentials", "have expired"),
        ("InvalidClientTokenId", "credentials", "does not accept these credentials"),
        ("RequestExpired", "credentials", "credentials have expired, or"),
        ("InternalError", "other", "trouble of its own"),
    ] {
        endpoint.faults(&[("DescribeInstances", fault, -1)]);
        let described = project.describe();
        let (found, message) = failure(&described, "ec2:DescribeInstances");
        assert_eq!(found, kind, "{fault}: {message}");
        assert!(message.contains(words), "{fault}: {message}");
        assert_eq!(described.code(), 1, "{fault}");
        assert_eq!(described.environment("staging")["group"]["in_service"], 2, "{fault}");
    }
}

#[test]
fn an_endpoint_that_hangs_is_given_up() {
    let (endpoint, _) = Endpoint::seeded(&[]);
    endpoint.faults(&[("DescribeInstances", "hang", -1)]);
    let described = staging(&endpoint).describe();
    let (kind, message) = failure(&described, "ec2:DescribeInstances");
    assert_eq!(kind, "unreachable");
    assert!(message.contains("no answer in time") && message.contains(&endpoint.url()), "{message}");
    assert_eq!(described.environment("staging")["group"]["in_service"], 2);
}

#[test]
fn an_endpoint_that_refuses_says_where_and_what_to_check() {
    let url = format!("http://127.0.0.1:{}", closed_port());
    let output = Project::at(&url, "myproject", &["staging"]).program().arg("describe").output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(said.contains(&url) && said.contains("check --endpoint-url"), "{said}");
}

#[test]
fn no_credentials_say_how_to_get_some() {
    let url = format!("http://127.0.0.1:{}", closed_port());
    let project = Project::at(&url, "myproject", &["staging"]);
    let mut program = project.program();
    program.arg("describe").env_remove("AWS_ACCESS_KEY_ID").env_remove("AWS_SECRET_ACCESS_KEY");
    let output = program.output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("no AWS credentials were found") && said.contains("--profile"), "{said}");
}

#[test]
fn a_profile_that_is_not_there_is_named() {
    let url = format!("http://127.0.0.1:{}", closed_port());
    let project = Project::at(&url, "myproject", &["staging"]);
    let output = project.program().args(["describe", "--profile", "nobody"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("nobody") && said.contains("~/.aws/config"), "{said}");
}

#[test]
fn a_profile_that_is_given_wins_over_credentials_of_the_environment() {
    let (endpoint, _) = Endpoint::seeded(&[]);
    let project = staging(&endpoint);
    let text = "[ops]\naws_access_key_id = OPS\naws_secret_access_key = secret\n";
    std::fs::write(project.dir.path().join("aws-credentials"), text).unwrap();
    let signed_by = |options: &[&str]| {
        let before = endpoint.log().len();
        let mut program = project.program();
        program.env("AWS_ACCESS_KEY_ID", "ENVIRONMENT").env("AWS_SECRET_ACCESS_KEY", "other");
        let output = program.args(["describe", "--json", "--no-hosts"]).args(options).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        let json: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        let keys: BTreeSet<String> =
            endpoint.log()[before..].iter().map(|r| r["key"].as_str().unwrap().to_owned()).collect();
        (json["profile"].as_str().map(str::to_owned), keys)
    };
    let only = |key: &str| BTreeSet::from([key.to_owned()]);
    assert_eq!(signed_by(&["--profile", "ops"]), (Some("ops".into()), only("OPS")));
    assert_eq!(
        signed_by(&[]),
        (None, only("ENVIRONMENT")),
        "without a profile the environment's keys are used"
    );
}

#[test]
fn a_zone_given_as_a_region_is_refused_with_its_region() {
    let url = format!("http://127.0.0.1:{}", closed_port());
    let project = Project::at(&url, "myproject", &["staging"]);
    let output = project.program().args(["describe", "--region", "us-east-1a"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("its region is us-east-1"), "{said}");
}
