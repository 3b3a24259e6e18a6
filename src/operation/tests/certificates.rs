//! replace-certificate, and what is known of a certificate before a load balancer serves it.

use std::collections::BTreeMap;

use insta::assert_snapshot;
use jiff::SignedDuration;

use super::*;
use crate::fleet::sample::certificate;
use crate::fleet::{Certificate, CertificateSource, Ground, Listener};

const OLD: &str = "arn:aws:acm:us-east-1:123456789012:certificate/1f3a7c2e-90ab-4cde";
const NEW: &str = "arn:aws:acm:us-east-1:123456789012:certificate/2f3a7c2e-90ab-4cde";
const UPLOADED: &str = "arn:aws:iam::123456789012:server-certificate/site-2026";

/// An environment that serves HTTPS, and the certificates there are.
fn serving(new: Certificate) -> World {
    let mut world = World::new(2);
    let listener = |protocol: &str, port, certificate: Option<&str>| Listener {
        protocol: protocol.into(),
        port,
        instance_protocol: protocol.into(),
        instance_port: port,
        certificate: certificate.map(str::to_owned),
    };
    world.parts.load_balancers[0].listeners =
        vec![listener("HTTP", 80, None), listener("HTTPS", 443, Some(OLD))];
    let uploaded = Certificate { names: None, ..certificate(UPLOADED, &["site-2026"]) };
    let of_acm = vec![certificate(OLD, &["staging.example.com"]), new];
    world.ground = Some(Ground {
        vpcs: Ok(Vec::new()),
        subnets: Ok(Vec::new()),
        security_groups: Ok(Vec::new()),
        keys: Ok(Vec::new()),
        balancers: Ok(Vec::new()),
        certificates: BTreeMap::from([
            (CertificateSource::Acm, Ok(of_acm)),
            (CertificateSource::Iam, Ok(vec![uploaded])),
        ]),
    });
    world
}

fn new() -> Certificate {
    certificate(NEW, &["staging.example.com"])
}

const NAMED: &[(Opt, &str)] = &[(Opt::Certificate, NEW)];

#[test]
fn the_certificate_is_replaced_on_every_https_listener_and_put_back_by_undoing() {
    let plan = serving(new()).plan("replace-certificate", NAMED).unwrap();
    assert_snapshot!(show(&plan));
    let crate::plan::Action::Set { settings } = &plan.steps[0].action else { panic!("{:?}", plan.steps) };
    let port = 443;
    let balancer = "staging-lb".into();
    assert_eq!(settings[0].setting, crate::plan::Setting::Certificate { balancer, port });
}

#[test]
fn what_cannot_be_served_is_refused() {
    let refused =
        |new: Certificate, options: &[(Opt, &str)]| serving(new).refused("replace-certificate", options);
    assert!(refused(new(), &[]).contains("quarterdeck certificates staging"));
    assert!(refused(new(), &[(Opt::Certificate, OLD)]).contains("is served already: nothing to do"));
    let unknown = NEW.replace("2f3a", "3f3a");
    assert!(refused(new(), &[(Opt::Certificate, &unknown)]).contains("there is no certificate"));
    let expired = Certificate {
        expires_at: Some(crate::fleet::sample::epoch() - SignedDuration::from_hours(49)),
        ..new()
    };
    assert!(refused(expired, NAMED).contains("expired 2 days ago"));
    let waiting = Certificate { status: Some("PENDING_VALIDATION".into()), ..new() };
    assert!(refused(waiting, NAMED).contains("PENDING_VALIDATION, not ISSUED"));
    let mut passing = serving(new());
    passing.parts.load_balancers[0].listeners.remove(1);
    assert!(passing.refused("replace-certificate", NAMED).contains("has an HTTPS listener"));
}

#[test]
fn another_name_than_the_sites_is_typed_first() {
    let world = serving(certificate(NEW, &["www.example.org"]));
    let refused = world.plan("replace-certificate", NAMED).unwrap_err();
    assert_eq!(refused.word(), Some("other-names"));
    assert!(refused.to_string().contains("www.example.org, and not for staging.example.com"), "{refused}");
    let typed = [NAMED[0], (Opt::Override, "other-names")];
    assert!(world.plan("replace-certificate", &typed).unwrap().overrides[0].starts_with("other-names: "));
    let wildcard = serving(certificate(NEW, &["*.example.com"]));
    assert!(wildcard.plan("replace-certificate", NAMED).is_ok());
}

#[test]
fn what_is_not_known_of_a_certificate_is_no_reason_to_call_it_wrong() {
    let uploaded = serving(new()).plan("replace-certificate", &[(Opt::Certificate, UPLOADED)]).unwrap();
    assert!(uploaded.notes.iter().any(|note| note.contains("IAM does not tell")), "{:?}", uploaded.notes);
    let mut denied = serving(new());
    let why = "ask for acm:ListCertificates".to_owned();
    denied.ground.as_mut().unwrap().certificates.insert(CertificateSource::Acm, Err(why));
    let refused = denied.plan("replace-certificate", NAMED).unwrap_err();
    assert_eq!(refused.word(), Some("unread-certificate"));
    assert!(refused.to_string().contains("ask for acm:ListCertificates"), "{refused}");
}

#[test]
fn the_certificates_that_count_are_looked_at_closely() {
    let world = serving(new());
    let asked = world.ground_question("replace-certificate", NAMED).unwrap();
    assert_eq!(asked.certificates, Some(vec![OLD.to_owned(), NEW.to_owned()]));
    assert_eq!(world.ground_question("set-sizes", &[]), None);
}
