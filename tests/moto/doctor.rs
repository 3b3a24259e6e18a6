//! What the doctor finds out about permissions.

use serde_json::{Value, json};

use crate::kit::{Endpoint, Project};

/// What a check has found, without the screen.
fn found(project: &Project, check: &str, more: &[&str]) -> Vec<Value> {
    let mut program = project.program();
    let output = program.args(["doctor", "staging", "--json"]).args(more).output().unwrap();
    let document: Value =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"));
    let checks = document["checks"].as_array().unwrap();
    let one = checks.iter().find(|one| one["name"] == check).unwrap();
    one["findings"].as_array().unwrap().clone()
}

fn instances(endpoint: &Endpoint) -> usize {
    let told = endpoint.call("ec2", "describe_instances", &json!({}));
    let reservations = told["Reservations"].as_array().unwrap().iter();
    reservations.map(|one| one["Instances"].as_array().unwrap().len()).sum()
}

#[test]
fn where_iam_does_not_say_what_is_allowed_ec2_is_asked_what_it_would_do_and_nothing_happens() {
    let (endpoint, _) = Endpoint::seeded(&["--launch", "lt"]);
    let project = Project::new(&endpoint, "myproject", &["staging"]);
    let before = instances(&endpoint);
    let (cost, changes) = endpoint.counted(|| found(&project, "changes", &[]));
    assert_eq!(changes.len(), 1, "{changes:#?}");
    assert_eq!(changes[0]["severity"], "unknown");
    assert!(changes[0]["cure"].as_str().unwrap().contains("iam:SimulatePrincipalPolicy"), "{changes:#?}");
    assert_eq!((cost["RunInstances"], cost["CreateTags"]), (1, 1), "{cost:?}");
    assert_eq!(instances(&endpoint), before);

    endpoint.faults(&[("RunInstances", "UnauthorizedOperation", -1)]);
    let changes = found(&project, "changes", &[]);
    assert_eq!(changes[0]["severity"], "warning", "{changes:#?}");
    assert!(
        changes[0]["what"].as_str().unwrap().starts_with("ec2:RunInstances is not allowed"),
        "{changes:#?}"
    );

    let (cost, _) = endpoint.counted(|| found(&project, "changes", &["--read-only"]));
    assert!(!cost.contains_key("RunInstances"), "who may only look tries nothing: {cost:?}");
}

#[test]
fn a_console_that_may_not_be_read_is_unknown_and_names_its_permission() {
    let (endpoint, _) = Endpoint::seeded(&[]);
    let project = Project::new(&endpoint, "myproject", &["staging"]);
    endpoint.faults(&[("GetConsoleOutput", "UnauthorizedOperation", -1)]);
    let console = found(&project, "console", &[]);
    assert_eq!(console[0]["severity"], "unknown", "{console:#?}");
    assert!(console[0]["evidence"][0].as_str().unwrap().contains("ec2:GetConsoleOutput"), "{console:#?}");
}
