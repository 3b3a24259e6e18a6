//! create-foundation by the program, on an account where there is nothing.

use std::io::Write as _;

use serde_json::{Value, json};

use crate::kit::{Endpoint, Project};

const CONFIG: &str = "avail_zones: [a, b]
valid_roles: [web, worker, cache, db-primary, db-replica]
security_groups:
  web: [myproject-sg, myproject-web-sg]
  worker: [myproject-sg, myproject-worker-sg]
  cache: [myproject-sg, myproject-cache-sg]
  db-primary: [myproject-sg, myproject-db-sg]
  db-replica: [myproject-sg, myproject-db-sg]
";
const PUBLIC: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl ana@laptop";

fn project(endpoint: &Endpoint) -> Project {
    let project = Project::new(endpoint, "myproject", &["staging", "production"]);
    let path = project.dir.path().join("fabulaws-config.yml");
    let mut config = std::fs::OpenOptions::new().append(true).open(path).unwrap();
    config.write_all(CONFIG.as_bytes()).unwrap();
    project
}

fn run(project: &Project, arguments: &[&str]) -> (i32, String) {
    let output = project.program().args(arguments).output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status.code().unwrap(), String::from_utf8(said).unwrap())
}

fn document(project: &Project, arguments: &[&str]) -> Value {
    let output = project.program().args(arguments).output().unwrap();
    serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:?}"))
}

/// The security groups of the account by name, those of the VPC itself apart.
fn groups(endpoint: &Endpoint) -> Vec<Value> {
    let all = endpoint.call("ec2", "describe_security_groups", &json!({}));
    let mut all: Vec<Value> = all["SecurityGroups"].as_array().unwrap().clone();
    all.retain(|group| group["GroupName"] != "default");
    all.sort_by_key(|group| group["GroupName"].as_str().unwrap().to_owned());
    all
}

/// What a group lets in: port, and from where.
fn lets_in(endpoint: &Endpoint, name: &str) -> Vec<String> {
    let all = groups(endpoint);
    let named = |id: &Value| all.iter().find(|group| group["GroupId"] == *id).unwrap()["GroupName"].clone();
    let group = all.iter().find(|group| group["GroupName"] == name).unwrap_or_else(|| panic!("no {name}"));
    let mut rules = Vec::new();
    for permission in group["IpPermissions"].as_array().unwrap() {
        let port = &permission["FromPort"];
        let networks = permission["IpRanges"].as_array().unwrap().iter().map(|range| range["CidrIp"].clone());
        let pairs = permission["UserIdGroupPairs"].as_array().unwrap();
        let from = networks.chain(pairs.iter().map(|pair| named(&pair["GroupId"])));
        rules.extend(from.map(|from| format!("{port} from {}", from.as_str().unwrap())));
    }
    rules.sort();
    rules
}

#[test]
fn on_an_empty_account_everything_is_made_once_more_that_is_open_is_told_and_undone_nothing_is_left() {
    let endpoint = Endpoint::start();
    let project = project(&endpoint);
    let certificate =
        endpoint.call("acm", "request_certificate", &json!({"DomainName": "staging.example.com"}));
    let certificate = certificate["CertificateArn"].as_str().unwrap();
    let found = ["create-foundation", "staging", "--ssh-from", "203.0.113.0/24"];
    let told = ["--certificate", certificate, "--public-key", PUBLIC];

    let (code, said) = run(&project, &[&["plan"], found.as_slice(), &told].concat());
    assert_eq!(code, 0, "{said}");
    assert!(groups(&endpoint).is_empty(), "a plan makes nothing");
    let (code, said) = run(&project, &[&["apply"], found.as_slice(), &told, &["--yes"]].concat());
    assert_eq!(code, 0, "{said}");
    let names: Vec<String> =
        groups(&endpoint).iter().map(|one| one["GroupName"].as_str().unwrap().to_owned()).collect();
    assert_eq!(
        names,
        [
            "myproject-cache-sg",
            "myproject-db-sg",
            "myproject-sg",
            "myproject-staging-lb-sg",
            "myproject-web-sg",
            "myproject-worker-sg"
        ]
    );
    assert_eq!(lets_in(&endpoint, "myproject-sg"), ["22 from 203.0.113.0/24"]);
    assert_eq!(
        lets_in(&endpoint, "myproject-db-sg"),
        ["5432 from myproject-db-sg", "5432 from myproject-web-sg", "5432 from myproject-worker-sg"]
    );
    assert_eq!(lets_in(&endpoint, "myproject-cache-sg").len(), 6);
    assert_eq!(
        lets_in(&endpoint, "myproject-web-sg"),
        ["443 from myproject-staging-lb-sg", "80 from myproject-staging-lb-sg"]
    );
    let balancers = endpoint.call("elb", "describe_load_balancers", &json!({}));
    let balancer = &balancers["LoadBalancerDescriptions"][0];
    assert_eq!(balancer["HealthCheck"]["Target"], "HTTPS:443/healthcheck.html");
    assert_eq!(balancer["Subnets"].as_array().unwrap().len(), 2);
    let listeners = balancer["ListenerDescriptions"].as_array().unwrap();
    let served = listeners.iter().find(|one| one["Listener"]["LoadBalancerPort"] == 443).unwrap();
    assert_eq!(served["Listener"]["SSLCertificateId"], certificate);
    let keys = endpoint.call("ec2", "describe_key_pairs", &json!({}));
    assert_eq!(keys["KeyPairs"][0]["KeyName"], "myproject");

    let (code, said) = run(&project, &[&["plan"], found.as_slice()].concat());
    assert!(code == 3 && said.contains("nothing is to be made"), "{said}");
    let database = groups(&endpoint)[1]["GroupId"].clone();
    let open = json!({"GroupId": database, "IpProtocol": "tcp", "FromPort": 5432, "ToPort": 5432,
                      "CidrIp": "0.0.0.0/0"});
    endpoint.call("ec2", "authorize_security_group_ingress", &open);
    let (code, said) = run(&project, &[&["plan"], found.as_slice()].concat());
    assert!(code == 3 && said.contains("the database (5432) is open to everybody (0.0.0.0/0)"), "{said}");
    assert!(lets_in(&endpoint, "myproject-db-sg").contains(&"5432 from 0.0.0.0/0".to_owned()), "it is left");
    let doctor = document(&project, &["doctor", "staging", "--json"]);
    let checks = doctor["checks"].as_array().unwrap();
    let severity = |name: &str| &checks.iter().find(|check| check["name"] == name).unwrap()["severity"];
    assert_eq!(
        ["security-groups", "ways", "ssh-open", "inner-ports"].map(severity),
        ["good", "good", "good", "bad"],
        "{doctor}"
    );

    let listed = document(&project, &["runs", "list", "--json"]);
    let id = listed[0]["id"].as_str().unwrap_or_else(|| panic!("{listed}"));
    let (code, said) = run(&project, &["runs", "undo", id, "--yes"]);
    assert_eq!(code, 0, "{said}");
    assert!(groups(&endpoint).is_empty(), "{:?}", groups(&endpoint));
    let balancers = endpoint.call("elb", "describe_load_balancers", &json!({}));
    assert_eq!(balancers["LoadBalancerDescriptions"], json!([]));
    assert_eq!(endpoint.call("ec2", "describe_key_pairs", &json!({}))["KeyPairs"], json!([]));
}

#[test]
fn a_read_that_is_denied_is_named_and_nothing_is_planned() {
    let endpoint = Endpoint::start();
    let project = project(&endpoint);
    let made = endpoint.call("acm", "request_certificate", &json!({"DomainName": "staging.example.com"}));
    let arn = made["CertificateArn"].as_str().unwrap();
    for action in ["DescribeSecurityGroups", "DescribeVpcs", "DescribeSubnets", "DescribeKeyPairs"] {
        endpoint.faults(&[(action, "UnauthorizedOperation", -1)]);
        let asked = ["plan", "create-foundation", "staging", "--ssh-from", "203.0.113.0/24", "--certificate"];
        let (code, said) = run(&project, &[asked.as_slice(), &[arn]].concat());
        assert_eq!(code, 3, "{action}: {said}");
        assert!(said.contains(&format!("may not ec2:{action}")), "{action}: {said}");
    }
}
