//! State changes are exact, and how it stood at any moment comes back.

use jiff::SignedDuration;
use proptest::prelude::*;

use super::kit::{id, kit};
use crate::fleet::sample::{epoch, server};
use crate::fleet::{HealthState, Power, Severity};
use crate::timeline::{Kind, Line, Recorder, State, Thing};

fn turns(lines: &[Line]) -> usize {
    lines.iter().filter(|line| matches!(line, Line::Turned { .. })).count()
}

#[test]
fn the_first_look_is_how_it_stands_and_no_change() {
    let mut kit = kit(2);
    let lines = kit.look();
    assert!(matches!(lines[0], Line::Head { .. }), "{lines:?}");
    assert_eq!(turns(&lines), 0);
    assert!(kit.told().is_empty(), "{:?}", kit.told());
    kit.wait(10);
    assert_eq!(kit.look(), [], "nothing has turned, and a minute is not over");
}

#[test]
fn what_becomes_known_later_is_no_change_either() {
    let mut kit = kit(2);
    kit.look();
    kit.wait(10);
    kit.unit("web0", "nginx", "active", None);
    assert_eq!(turns(&kit.look()), 0);
    kit.wait(10);
    kit.unit("web0", "nginx", "failed", None);
    assert_eq!(turns(&kit.look()), 1);
    assert_eq!(kit.told(), [(20, "nginx failed on i-produc (was active)".to_owned())]);
}

#[test]
fn everything_that_turns_is_told_once_with_its_moment() {
    let mut kit = kit(3);
    kit.unit("web0", "nginx", "active", None);
    kit.look();
    kit.wait(30);
    kit.health(
        "web0",
        HealthState::OutOfService,
        "Instance has failed at least the UnhealthyThreshold number",
    );
    kit.unit("web0", "nginx", "failed", Some(epoch() + SignedDuration::from_secs(22)));
    kit.parts.groups[0].desired = 4;
    kit.look();
    kit.wait(30);
    kit.look();
    kit.parts.servers.push(server("i-production-web9", "production", "web"));
    kit.parts.servers[0].power = Power::Stopping;
    kit.wait(30);
    kit.look();
    assert_eq!(
        kit.told(),
        [
            (22, "nginx failed on i-produc (was active)".to_owned()),
            (30, "The group wants 4 of 1–200 (was 3 of 1–200)".to_owned()),
            (30, "i-produc OutOfService at production-lb: fails its health check".to_owned()),
            (90, "New: i-produc (web, 1a, c5.large), running".to_owned()),
            (90, "i-produc stopping (was running)".to_owned()),
        ]
    );
}

#[test]
fn what_cannot_be_read_has_not_turned() {
    let mut kit = kit(2);
    kit.unit("web0", "nginx", "active", None);
    kit.look();
    kit.wait(30);
    kit.measured.clear();
    kit.spoil = |snapshot| {
        snapshot.health.clear();
        snapshot.groups = crate::fleet::Reading::never(crate::fleet::Source::AutoScalingDescribeGroups);
    };
    assert_eq!(kit.look(), []);
    let latest = kit.recording().latest();
    assert!(latest.contains_key(&Thing::on(Kind::Unit, &id("web0"), "nginx")), "the last that was known");
}

#[test]
fn a_server_that_is_gone_takes_its_services_along_without_a_word_about_each() {
    let mut kit = kit(2);
    kit.unit("web0", "nginx", "active", None);
    kit.look();
    kit.wait(30);
    kit.parts.servers[0].power = Power::Terminated;
    kit.measured.clear();
    kit.look();
    assert_eq!(kit.told(), [(30, "Gone: i-produc (web)".to_owned())]);
    let of_it = |thing: &Thing| thing.server.as_ref() == Some(&id("web0")) && thing.kind != Kind::Member;
    assert!(!kit.recording().latest().keys().any(of_it));
    // Nor does it come back with the next segment.
    kit.wait(30);
    kit.look_with(true);
    assert!(!kit.recording().latest().keys().any(of_it));
}

#[test]
fn who_goes_on_after_a_gap_tells_what_has_turned_in_it_and_since_when_it_may_have() {
    let mut kit = kit(2);
    kit.look();
    kit.watch(120, 60);
    let stopped = kit.now;
    kit.wait(3_600);
    kit.parts.groups[0].desired = 5;
    kit.recorder = Recorder::resume(&kit.recording());
    kit.look_with(true);
    let recording = kit.recording();
    assert_eq!(recording.gaps(), [(stopped, kit.now)]);
    let change = recording.changes().next().unwrap();
    assert_eq!((change.at, change.after), (kit.now, Some(stopped)));
    assert_eq!(recording.changes().count(), 1, "everything else is as it was");
}

#[test]
fn a_finding_reaches_back_to_when_it_began_also_over_the_beginning_of_a_segment() {
    let mut kit = kit(2);
    kit.look();
    kit.watch(120, 30);
    kit.find("web-out/production-lb", Severity::Down, epoch() + SignedDuration::from_secs(60));
    kit.wait(30);
    kit.look_with(true);
    let finding = Thing::of(Kind::Finding, "web-out/production-lb");
    assert!(kit.recording().latest().contains_key(&finding));
    // It is over a while before triage tells it no more.
    kit.wait(30);
    kit.found[0].clearing = true;
    kit.look();
    kit.wait(60);
    kit.found.clear();
    kit.look();
    assert!(!kit.recording().latest().contains_key(&finding));
    let (began, over) =
        ("Something is wrong: web-out/production-lb", "Over: Something is wrong: web-out/production-lb");
    assert_eq!(kit.told(), [(60, began.to_owned()), (180, over.to_owned())]);
}

proptest! {
    /// However things turn, and wherever segments begin: what was so at each look comes back.
    #[test]
    fn how_it_stood_at_each_look_comes_back(
        steps in prop::collection::vec((0_usize..3, prop::bool::ANY, prop::bool::ANY, 1_i64..400), 1..40)
    ) {
        let mut kit = kit(3);
        kit.look();
        let mut stood = Vec::new();
        for (which, up, begins, seconds) in steps {
            kit.wait(seconds);
            let state = if up { HealthState::InService } else { HealthState::OutOfService };
            kit.health(&format!("web{which}"), state, "Instance has failed at least the UnhealthyThreshold");
            kit.look_with(begins);
            let members = kit.parts.health.values().flatten().map(|m| (m.instance.clone(), m.word().to_owned()));
            stood.push((kit.now, members.collect::<Vec<_>>()));
        }
        // As it comes from disk.
        let written: Vec<String> = kit.lines.iter().map(|line| serde_json::to_string(line).unwrap()).collect();
        kit.lines = written.iter().map(|line| serde_json::from_str(line).unwrap()).collect();
        let recording = kit.recording();
        for (at, members) in stood {
            let states = recording.at(at);
            for (instance, word) in members {
                let state: &State = &states[&Thing::on(Kind::Member, &instance, "production-lb")];
                prop_assert_eq!(&state.word, &word);
            }
        }
        // In the list nothing is twice, and its order is that of time.
        let told = kit.told();
        prop_assert!(told.windows(2).all(|pair| pair[0].0 <= pair[1].0));
        let mut once = told.clone();
        once.dedup();
        prop_assert_eq!(once, told);
    }
}
