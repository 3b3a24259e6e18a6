//! Locks that somebody on another machine holds or held, as this one shows them.

use quarterdeck::engine::lock::Outstanding;
use quarterdeck::fleet::Process;
use quarterdeck::plan::{self, Setting};
use serde_json::{Value, json};

use crate::kit::{Described, Endpoint, Project, Wire};

/// That Launch of staging's group is to be active again.
fn values() -> String {
    let setting = Setting::Process { group: "myproject-staging-ag".into(), process: Process::Launch };
    json!([Outstanding { setting, value: plan::Value::Active, ours: vec![plan::Value::Suspended] }])
        .to_string()
}

/// Somebody else writes a note.
fn put(wire: &Wire, name: &str, text: &str) {
    let name = format!("/quarterdeck/myproject/{name}");
    wire.call("ssm", "put_parameter", &json!({ "Name": name, "Value": text, "Type": "String" }));
}

fn note(who: &str, released: Option<&str>) -> String {
    let mut note = json!({
        "who": who, "identity": "arn:aws:iam::123456789012:user/jane", "token": "t", "run": "2026-11-22-0003",
        "operation": "deploy-serial", "step": "step 4/13 migrate", "since": "2026-11-22T03:00:00Z",
        "seen": "2026-11-22T03:10:00Z",
    });
    if let Some(at) = released {
        note["released"] = at.into();
    }
    note.to_string()
}

fn locks<'a>(described: &'a Described, environment: &str) -> Vec<&'a Value> {
    described.environment(environment)["locks"].as_array().expect("locks were read").iter().collect()
}

#[test]
fn locks_of_other_machines_are_shown_and_what_they_have_left_is_red_at_no_cost_per_environment() {
    let (endpoint, _) = Endpoint::seeded(&["--envs", "staging,production"]);
    let project = Project::new(&endpoint, "myproject", &["staging", "production"]);
    let (free, described) = endpoint.counted(|| project.describe());
    assert_eq!(free["GetParametersByPath"], 1, "for both environments");
    assert!(locks(&described, "staging").is_empty() && locks(&described, "production").is_empty());

    put(&endpoint, "production/lock/00000012", &note("jane@laptop", None));
    put(&endpoint, "production/lock-restore/00000012/0000", &values());
    put(&endpoint, "staging/lock/00000007", &note("kim@desk", Some("2026-11-22T03:20:00Z")));
    put(&endpoint, "staging/lock-restore/00000007/0000", &values());
    put(&endpoint, "staging/release/00000001", "{nonsense");
    let (cost, described) = endpoint.counted(|| project.describe());
    assert_eq!(cost, free);
    assert_eq!(described.code(), 0, "{:?}", described.output);
    let [held] = locks(&described, "production")[..] else { panic!("{}", described.json) };
    assert_eq!(
        (&held["state"], &held["number"], &held["who"]),
        (&"held".into(), &12.into(), &"jane@laptop".into())
    );
    assert_eq!((&held["step"], &held["silent"]), (&"step 4/13 migrate".into(), &false.into()));
    assert_eq!(described.environment("production")["severity"], "changing", "at work");
    let [left, nonsense] = locks(&described, "staging")[..] else { panic!("{}", described.json) };
    assert_eq!(
        (&left["state"], &left["to_put_back"][0]),
        (&"released".into(), &"Launch of myproject-staging-ag to active".into())
    );
    assert_eq!(
        (&nonsense["kind"], &nonsense["readable"], &nonsense["who"]),
        (&"release".into(), &false.into(), &Value::Null)
    );
    let staging = described.environment("staging");
    assert_eq!(staging["severity"], "down");
    let text = staging["notes"][0]["text"].as_str().unwrap();
    assert!(text.starts_with("1 value left: quarterdeck lock put-back staging --take-over 7"), "{text}");
    let shown = project.program().args(["lock", "show", "staging"]).output().unwrap();
    let shown = String::from_utf8(shown.stdout).unwrap();
    assert!(
        shown.contains("nobody holds the lock") && shown.contains("put-back staging --take-over 7"),
        "{shown}"
    );

    // The command that is shown does it, and then nothing is left.
    let launch = json!({ "AutoScalingGroupName": "myproject-staging-ag", "ScalingProcesses": ["Launch"] });
    endpoint.call("autoscaling", "suspend_processes", &launch);
    let put_back = ["lock", "put-back", "staging", "--take-over", "7", "--yes", "--state-dir", "state"];
    let done = project.program().args(put_back).output().unwrap();
    assert!(done.status.success(), "{done:?}");
    let described = project.describe();
    assert_eq!(described.environment("staging")["group"]["suspended"], json!([]));
    let kinds: Vec<&Value> = locks(&described, "staging").into_iter().map(|lock| &lock["kind"]).collect();
    assert_eq!(kinds, ["release"]);
}

#[test]
fn locks_that_may_not_be_read_are_not_known_and_the_rest_works() {
    let (endpoint, _) = Endpoint::seeded(&[]);
    put(&endpoint, "staging/lock/00000012", &note("jane@laptop", None));
    endpoint.faults(&[("GetParametersByPath", "AccessDeniedException", -1)]);
    let described = Project::new(&endpoint, "myproject", &["staging"]).describe();
    let staging = described.environment("staging");
    assert_eq!(staging["locks"], Value::Null, "not: none");
    assert_eq!(staging["severity"], "ok", "that says nothing of the servers");
    let text = "Whether it is locked is not known: ssm:GetParametersByPath forbidden";
    assert_eq!(staging["notes"], json!([{ "severity": "unknown", "text": text }]));
    let (kind, message) = described.failures()[0];
    assert!(kind == "denied" && message.contains("ssm:GetParametersByPath"), "{message}");
    assert_eq!(described.code(), 1);
}
