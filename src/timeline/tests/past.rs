//! How it stood at a moment, as facts that screens draw: what was recorded is there, and nothing else.

use jiff::SignedDuration;

use super::kit::{id, kit};
use crate::fleet::{AddressChoice, HealthState, Severity, Standing, Topology, Yardstick};
use crate::timeline::{Past, Recording};
use crate::triage::Kind;

/// An environment whose first web server is out for five minutes, with nginx stopped and a finding that says so.
fn broken() -> (super::kit::Kit, Topology, Recording) {
    let mut kit = kit(2);
    kit.parts.servers[1].role.standing = Standing::Pending;
    let topology = Topology {
        deployment: "myproject".into(),
        region: "us-east-1".into(),
        environments: vec![kit.place.clone()],
        ssh_address: AddressChoice::Private,
    };
    kit.unit("web0", "nginx", "active", None);
    kit.look_with(true);
    kit.wait(60);
    kit.health(
        "web0",
        HealthState::OutOfService,
        "Instance has failed at least the UnhealthyThreshold number",
    );
    kit.unit("web0", "nginx", "failed", None);
    let now = kit.now;
    kit.find("web-out/production-lb", Severity::Down, now);
    kit.look();
    kit.wait(240);
    kit.health("web0", HealthState::InService, "N/A");
    kit.unit("web0", "nginx", "active", None);
    kit.found.clear();
    kit.look();
    let recording = kit.recording();
    (kit, topology, recording)
}

#[test]
fn servers_members_services_findings_and_rows_are_as_they_were_and_the_rest_is_unknown() {
    let (kit, topology, recording) = broken();
    let name = &kit.place.name;
    let all = [(name.clone(), recording)].into();
    let then = |ago: i64| Past::of(&all, &topology, kit.now - SignedDuration::from_secs(ago));
    let bad = then(200);
    let server = bad.snapshot.server(&id("web0")).unwrap();
    assert_eq!((server.zone.as_str(), server.instance_type.as_str()), ("us-east-1a", "c5.large"));
    assert_eq!((server.private_address.as_deref(), server.launched_at), (None, None), "nobody records that");
    assert_eq!(bad.snapshot.server(&id("web1")).unwrap().role.standing, Standing::Pending);
    let units = bad.snapshot.measured(&id("web0")).unwrap().units().unwrap();
    assert_eq!(units.units[0].active, "failed");
    let triage = bad.triage(name).unwrap();
    let finding = &triage.findings[0];
    assert_eq!((finding.key.kind, finding.key.about.as_str()), (Kind::WebOut, "production-lb"));
    assert_eq!(finding.because[0].text, "it is so (ssh)");
    assert!(finding.runbook.is_empty(), "nobody can do anything any more");
    let row = &bad.rows(&topology, &Yardstick::at(bad.at))[0];
    assert_eq!((row.severity, row.web_in_service()), (Severity::Down, Some((1, 2))));
    assert_eq!(row.group.as_ref().map(|group| group.sizes), Some((1, 2, 200)));
    assert_eq!(row.release.changeset.as_ref().unwrap().short(), "a1b2c3d");
    assert_eq!(row.queues.depth, None, "nobody measured that");
    assert!(bad.snapshot.groups.value().is_none() && bad.snapshot.images.value().is_none());
    // Before and after all was well.
    for good in [then(290), then(0)] {
        let row = &good.rows(&topology, &Yardstick::at(good.at))[0];
        assert_eq!((row.severity, row.notes.len()), (Severity::Ok, 0), "{row:#?}");
        assert!(good.triage(name).unwrap().findings.is_empty());
    }
}

#[test]
fn where_nobody_looked_nothing_is_known_and_nothing_is_down() {
    let (kit, topology, recording) = broken();
    let all = [(kit.place.name.clone(), recording)].into();
    for ago in [86_400, -7_200] {
        let past = Past::of(&all, &topology, kit.now - SignedDuration::from_secs(ago));
        assert!(!past.is_known(&kit.place.name) && past.triage(&kit.place.name).is_none());
        let row = &past.rows(&topology, &Yardstick::at(past.at))[0];
        assert_eq!(row.severity, Severity::Unknown);
        assert_eq!((row.web.running, past.snapshot.servers.value()), (None, None));
    }
}
