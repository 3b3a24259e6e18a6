//! What a refresh costs.

use serde_json::json;

use crate::kit::{Endpoint, Project};

#[test]
fn a_refresh_costs_the_same_few_requests_with_2_20_and_100_web_servers() {
    let endpoint = Endpoint::start();
    let mut costs = Vec::new();
    for web in ["2", "20", "100"] {
        let deployment = format!("with{web}");
        endpoint.seed(&["--deployment", &deployment, "--envs", "production", "--web", web]);
        let project = Project::new(&endpoint, &deployment, &["production"]);
        let (cost, described) = endpoint.counted(|| project.describe());
        assert_eq!(described.code(), 0, "{:?}", described.output);
        assert_eq!(described.servers("production", "web").len().to_string(), web);
        assert_eq!(described.environment("production")["load_balancers"][0]["in_service"].to_string(), web);
        costs.push(cost);
    }
    assert_eq!(costs[0], costs[1]);
    assert_eq!(costs[0], costs[2]);
    assert!(costs[0].values().sum::<usize>() <= 8, "{:?}", costs[0]);
}

#[test]
fn five_thousand_instances_of_somebody_else_cost_nothing_and_are_not_shown() {
    let (endpoint, made) = Endpoint::seeded(&["--foreign", "1"]);
    let like = made["foreign"][0].as_str().unwrap();
    let crowd = endpoint.own("POST", "/_test/crowd", &json!({ like: 4_999 }).to_string());
    let foreign: Vec<String> = serde_json::from_str(&crowd).unwrap();
    // They are really there.
    let filters = json!([
        { "Name": "tag:deployment", "Values": ["theirs"] },
        { "Name": "instance-id", "Values": [foreign[4_998]] },
    ]);
    let found = endpoint.call("ec2", "describe_instances", &json!({ "Filters": filters }));
    assert_eq!(found["Reservations"][0]["Instances"][0]["InstanceId"], foreign[4_998].as_str());
    let project = Project::new(&endpoint, "myproject", &["staging"]);
    let (cost, described) = endpoint.counted(|| project.describe());
    assert_eq!((described.code(), cost["DescribeInstances"]), (0, 1));
    let said = String::from_utf8(described.output.stdout).unwrap();
    assert!(said.contains("web") && !foreign.iter().any(|id| said.contains(id)));
}
