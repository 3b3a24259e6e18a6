//! A thousand servers make no more findings than one: those that have the same trouble are one.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::fleet::measured::{Fact, HttpAnswer, Measured, Site};
use crate::fleet::sample::{Parts, epoch};
use crate::fleet::{Reading, Source, Topic, Yardstick};
use crate::triage::{Kind, Memory, look};

#[test]
fn a_thousand_servers_with_one_trouble_are_a_handful_of_findings() {
    let mut parts = Parts::default();
    let place = parts.add("production", 1_000);
    let mut snapshot = parts.snapshot();
    let answer = || Some(HttpAnswer { status: 500, milliseconds: 1, problem: None });
    let site = Fact::Site(Site { nginx: answer(), gunicorn: answer(), ..Site::default() });
    let facts = BTreeMap::from([(Topic::Site, Reading::taken(Source::Probe(Topic::Site), site, epoch()))]);
    let measured = Arc::new(Measured { facts, ..Measured::default() });
    let web = parts.servers.iter().filter(|server| server.role.role == crate::fleet::Role::Web);
    snapshot.measured = web.map(|server| (server.id.clone(), Arc::clone(&measured))).collect();
    let triage = look(&snapshot, &place, &Yardstick::at(epoch()), &mut Memory::default());
    let all = triage.findings.len() + triage.watched.len();
    assert!(all <= 3, "{all}");
    let fails = triage.watched.iter().find(|f| f.key.kind == Kind::WebFails).unwrap();
    assert_eq!(fails.servers.len(), 1_000);
    assert!(fails.because.len() <= 5, "what is said of them stays readable");
}
