//! replace-certificate.

use serde_json::{Value, json};

use crate::deploying::{Site, place};

/// A certificate of ACM for a name.
fn issued(site: &Site, name: &str) -> String {
    let made = site.wire.call("acm", "request_certificate", &json!({ "DomainName": name }));
    made["CertificateArn"].as_str().unwrap().to_owned()
}

/// What the listeners of the environment's load balancer serve, by port.
fn served(site: &Site) -> Vec<(u64, Value)> {
    let asked = json!({ "LoadBalancerNames": [site.name("load_balancer")] });
    let told = site.wire.call("elb", "describe_load_balancers", &asked);
    let listeners = told["LoadBalancerDescriptions"][0]["ListenerDescriptions"].as_array().unwrap().iter();
    let of = |one: &Value| one["Listener"].clone();
    let mut all: Vec<(u64, Value)> = listeners
        .map(of)
        .map(|one| (one["LoadBalancerPort"].as_u64().unwrap(), one["SSLCertificateId"].clone()))
        .collect();
    all.sort_by_key(|(port, _)| *port);
    all
}

/// An environment whose load balancer serves HTTPS, with the first certificate of the two.
fn https(name: &str, body: impl FnOnce(&Site, &str, &str)) {
    place(&format!("operations::certificates::{name}"), &[], |site| {
        site.topology.environments[0].domains = vec!["staging.example.com".into()];
        let (old, new) = (issued(site, "staging.example.com"), issued(site, "*.example.com"));
        let balancer = site.name("load_balancer").to_owned();
        let ports = json!({ "LoadBalancerName": balancer, "LoadBalancerPorts": [443] });
        site.change("elb", "delete_load_balancer_listeners", &ports);
        let listener = json!({ "Protocol": "HTTPS", "LoadBalancerPort": 443, "InstanceProtocol": "HTTPS",
                               "InstancePort": 443, "SSLCertificateId": old });
        let made = json!({ "LoadBalancerName": balancer, "Listeners": [listener] });
        site.change("elb", "create_load_balancer_listeners", &made);
        assert_eq!(served(site)[1], (443, old.as_str().into()));
        body(site, &old, &new);
    });
}

#[test]
fn the_load_balancer_serves_another_certificate_and_undo_the_one_before() {
    https("the_load_balancer_serves_another_certificate_and_undo_the_one_before", |site, old, new| {
        let run = site.apply(&format!("replace-certificate --certificate {new}"));
        assert_eq!(served(site)[1], (443, new.into()));
        let refused = site.refused(&format!("replace-certificate --certificate {new}"));
        assert!(refused.contains("is served already: nothing to do"), "{refused}");
        site.undo(&run);
        assert_eq!(served(site)[1], (443, old.into()));
    });
}

#[test]
fn what_acm_does_not_have_or_is_for_other_names_is_refused() {
    https("what_acm_does_not_have_or_is_for_other_names_is_refused", |site, old, _| {
        let unknown = format!("{}0000", &old[..old.len() - 4]);
        let refused = site.refused(&format!("replace-certificate --certificate {unknown}"));
        assert!(refused.contains("there is no certificate"), "{refused}");
        let other = issued(site, "www.example.org");
        let refused = site.refused(&format!("replace-certificate --certificate {other}"));
        assert!(refused.contains("www.example.org, and not for"), "{refused}");
        assert_eq!(served(site)[1], (443, old.into()));
    });
}
