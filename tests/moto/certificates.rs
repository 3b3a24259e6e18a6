//! Certificates of ACM and IAM, as the program tells of them.

use serde_json::{Value, json};

use crate::kit::{Endpoint, Project};

/// A self-signed certificate and its key, for IAM: moto looks at neither.
const PEM: &str = "-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----";

/// Has the load balancer of staging serve a certificate by HTTPS.
fn https(endpoint: &Endpoint, arn: &str) {
    let balancer = "myproject-staging-lb";
    let ports = json!({ "LoadBalancerName": balancer, "LoadBalancerPorts": [443] });
    endpoint.call("elb", "delete_load_balancer_listeners", &ports);
    let listener = json!({ "Protocol": "HTTPS", "LoadBalancerPort": 443, "InstanceProtocol": "HTTPS",
                           "InstancePort": 443, "SSLCertificateId": arn });
    let made = json!({ "LoadBalancerName": balancer, "Listeners": [listener] });
    endpoint.call("elb", "create_load_balancer_listeners", &made);
}

fn of_acm(endpoint: &Endpoint, names: &[&str]) -> String {
    let asked = json!({ "DomainName": names[0], "SubjectAlternativeNames": names });
    let made = endpoint.call("acm", "request_certificate", &asked);
    made["CertificateArn"].as_str().unwrap().to_owned()
}

fn of_iam(endpoint: &Endpoint, name: &str) -> String {
    let asked = json!({ "ServerCertificateName": name, "CertificateBody": PEM, "PrivateKey": "key" });
    let made = endpoint.call("iam", "upload_server_certificate", &asked);
    made["ServerCertificateMetadata"]["Arn"].as_str().unwrap().to_owned()
}

fn served(described: &Value) -> Value {
    let listeners = described["load_balancers"][0]["listeners"].as_array().unwrap();
    listeners.iter().find(|listener| listener["port"] == 443).unwrap()["served"].clone()
}

#[test]
fn the_certificate_of_a_listener_is_told_with_its_names_and_days() {
    let (endpoint, _) = Endpoint::seeded(&[]);
    let arn = of_acm(&endpoint, &["staging.example.com", "www.staging.example.com"]);
    of_acm(&endpoint, &["other.example.com"]);
    https(&endpoint, &arn);
    let project = Project::new(&endpoint, "myproject", &["staging"]);
    let (cost, described) = endpoint.counted(|| project.describe());
    assert_eq!(described.code(), 0, "{:?}", described.output);
    let served = served(described.environment("staging"));
    assert_eq!((&served["arn"], &served["status"]), (&arn.as_str().into(), &"ISSUED".into()));
    let mut names: Vec<&str> =
        served["names"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
    names.sort_unstable();
    assert_eq!(names, ["staging.example.com", "www.staging.example.com"]);
    let days = served["days_left"].as_i64().unwrap();
    assert!((363..=365).contains(&days), "{days}");
    assert_eq!((cost["ListCertificates"], cost["DescribeCertificate"]), (1, 1), "{cost:?}");
    assert!(!cost.contains_key("ListServerCertificates"), "none of IAM is served: {cost:?}");
}

#[test]
fn the_names_of_a_certificate_that_was_uploaded_are_read_from_itself_where_a_load_balancer_serves_it() {
    let (endpoint, _) = Endpoint::seeded(&[]);
    let body = include_str!("../fixtures/served/certificate.pem");
    let asked = json!({ "ServerCertificateName": "site-2026", "CertificateBody": body, "PrivateKey": "key" });
    let made = endpoint.call("iam", "upload_server_certificate", &asked);
    https(&endpoint, made["ServerCertificateMetadata"]["Arn"].as_str().unwrap());
    let project = Project::new(&endpoint, "myproject", &["staging"]);
    let (cost, described) = endpoint.counted(|| project.describe());
    let served = served(described.environment("staging"));
    assert_eq!(served["names"], json!(["staging.example.com", "*.example.org"]));
    assert_eq!((cost["ListServerCertificates"], cost["GetServerCertificate"]), (1, 1), "{cost:?}");
    endpoint.faults(&[("GetServerCertificate", "AccessDenied", -1)]);
    let described = project.describe();
    let served = self::served(described.environment("staging"));
    assert_eq!(served["names"], Value::Null, "not known, and everything else is");
}

#[test]
fn certificates_are_listed_of_both_sources_with_who_serves_them() {
    let (endpoint, _) = Endpoint::seeded(&[]);
    let arn = of_acm(&endpoint, &["staging.example.com"]);
    let uploaded = of_iam(&endpoint, "site-2026");
    https(&endpoint, &arn);
    let project = Project::new(&endpoint, "myproject", &["staging"]);
    let output = project.program().args(["certificates", "--json"]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    let all = document["certificates"].as_array().unwrap();
    let of = |arn: &str| all.iter().find(|one| one["arn"] == arn).unwrap();
    assert_eq!(of(&arn)["load_balancers"], json!(["myproject-staging-lb"]));
    assert_eq!((&of(&uploaded)["source"], &of(&uploaded)["names"]), (&"iam".into(), &Value::Null));

    endpoint.faults(&[("ListServerCertificates", "AccessDenied", -1)]);
    let output = project.program().args(["certificates", "staging"]).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains(&arn) && said.contains("may not iam:ListServerCertificates"), "{said}");
}

#[test]
fn a_certificate_that_may_not_be_read_is_unknown_and_one_that_is_gone_is_down() {
    let (endpoint, _) = Endpoint::seeded(&[]);
    let arn = of_acm(&endpoint, &["staging.example.com"]);
    https(&endpoint, &arn);
    let project = Project::new(&endpoint, "myproject", &["staging"]);
    endpoint.faults(&[("ListCertificates", "AccessDenied", -1)]);
    let described = project.describe();
    assert_eq!(described.code(), 1, "{:?}", described.output);
    assert_eq!(served(described.environment("staging")), Value::Null);
    let said = String::from_utf8(described.output.stdout.clone()).unwrap();
    assert!(said.contains("acm:ListCertificates") && !said.contains("expired"), "{said}");

    endpoint.faults(&[("DescribeCertificate", "ResourceNotFoundException", -1)]);
    let described = project.describe();
    let said = String::from_utf8(described.output.stdout.clone()).unwrap();
    assert!(said.contains("does not exist any more"), "{said}");
    assert_eq!(described.environment("staging")["severity"], "down");
}
