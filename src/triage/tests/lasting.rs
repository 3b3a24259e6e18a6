//! Nothing flaps: what has not lasted is not told, what plays around a limit stays told, what is over is told a while.

use jiff::SignedDuration;

use super::kit::{causes, find, id, kit, replica};
use crate::fleet::Severity;
use crate::fleet::measured::{Disks, Fact, Mount};
use crate::triage::{Key, Kind};

fn disk(percent: u64) -> Fact {
    let mount =
        Mount { path: "/".into(), size: 100, used: percent, available: 100 - percent, ..Mount::default() };
    Fact::Disks(Disks { mounts: vec![mount] })
}

fn cut() -> Fact {
    Fact::Postgres(Box::new(replica(None)))
}

#[test]
fn what_has_not_lasted_is_watched_and_told_once_it_has() {
    let mut kit = kit();
    kit.fact(&id("db-replica"), cut());
    let triage = kit.look();
    assert_eq!((triage.findings.len(), triage.watched[0].key.kind), (0, Kind::ReplicaCut));
    kit.later(15);
    assert!(kit.look().findings.is_empty());
    kit.later(15);
    let triage = kit.look();
    let finding = find(&triage, Kind::ReplicaCut);
    assert_eq!(kit.now.duration_since(finding.since.at), SignedDuration::from_secs(30));
}

#[test]
fn a_first_look_knows_only_since_at_least_and_a_later_one_sees_it_turn() {
    let mut kit = kit();
    kit.fact(&id("web0"), disk(99));
    assert!(!find(&kit.look(), Kind::DiskFull).since.turned, "nobody looked before");
    let mut kit = super::kit::kit();
    kit.look();
    kit.later(30);
    kit.fact(&id("web0"), disk(99));
    let triage = kit.look();
    assert!(find(&triage, Kind::DiskFull).since.turned);
    assert_eq!(find(&triage, Kind::DiskFull).since.at, kit.now);
    // After a night without a console nobody knows when it began.
    let mut kit = super::kit::kit();
    kit.look();
    kit.later(8 * 3600);
    kit.fact(&id("web0"), disk(99));
    assert!(!find(&kit.look(), Kind::DiskFull).since.turned);
}

#[test]
fn a_number_that_plays_around_its_limit_does_not_flap() {
    let mut kit = kit();
    kit.fact(&id("web0"), disk(86));
    assert_eq!(causes(&kit.look()), [Kind::DiskFull]);
    for (percent, told) in [(84, true), (86, true), (83, true), (75, true), (75, true)] {
        kit.later(15);
        kit.fact(&id("web0"), disk(percent));
        let triage = kit.look();
        assert_eq!(triage.findings.len() == 1, told, "{percent}");
        assert_eq!(triage.findings[0].clearing, percent == 75, "clearly better, for a moment only");
    }
    kit.later(120);
    assert!(kit.look().findings.is_empty());
    kit.fact(&id("web0"), disk(84));
    assert!(kit.look().findings.is_empty(), "below its limit it is not told anew");
}

#[test]
fn what_comes_back_within_its_time_is_the_same_finding() {
    let mut kit = kit();
    kit.fact(&id("web0"), disk(99));
    let first = find(&kit.look(), Kind::DiskFull).since;
    kit.later(15);
    kit.fact(&id("web0"), disk(40));
    assert!(find(&kit.look(), Kind::DiskFull).clearing);
    kit.later(15);
    kit.fact(&id("web0"), disk(99));
    let triage = kit.look();
    assert_eq!((find(&triage, Kind::DiskFull).since, find(&triage, Kind::DiskFull).clearing), (first, false));
}

#[test]
fn what_was_seen_is_quiet_until_it_gets_worse_or_its_time_has_come() {
    let mut kit = kit();
    kit.fact(&id("web0"), disk(90));
    let triage = kit.look();
    assert_eq!(triage.count(Severity::Warn), 1);
    kit.memory.acknowledge(&triage.findings[0], "jane@laptop", kit.now, None);
    kit.later(15);
    let triage = kit.look();
    assert_eq!((triage.count(Severity::Warn), triage.worst()), (0, None));
    assert_eq!(triage.findings[0].acknowledged.as_ref().unwrap().by, "jane@laptop");
    kit.later(15);
    kit.fact(&id("web0"), disk(99));
    let triage = kit.look();
    assert_eq!((triage.count(Severity::Down), triage.worst()), (1, Some(Severity::Down)), "it got worse");
    let until = kit.now + SignedDuration::from_mins(30);
    kit.memory.acknowledge(&triage.findings[0], "jane@laptop", kit.now, Some(until));
    kit.later(15);
    assert_eq!(kit.look().count(Severity::Down), 0);
    kit.later(1800);
    assert_eq!(kit.look().count(Severity::Down), 1);
}

#[test]
fn a_note_stays_with_its_finding_and_two_consoles_do_not_lose_each_others_words() {
    let mut kit = kit();
    kit.fact(&id("web0"), disk(90));
    let triage = kit.look();
    let key = triage.findings[0].key.clone();
    kit.memory.note(&key, "asked ana", "jane@laptop", kit.now);
    assert_eq!(kit.look().findings[0].noted.as_ref().unwrap().words, "asked ana");
    let mut other = kit.memory.clone();
    other.note(&key, "", "bob@desk", kit.now + SignedDuration::from_secs(1));
    other.acknowledge(&triage.findings[0], "bob@desk", kit.now, None);
    let merged = kit.memory.with_words_of(&other);
    assert_eq!(merged.noted(&key), None, "taken back later");
    assert_eq!(merged.entry(&key).unwrap().acknowledged.as_ref().unwrap().by, "bob@desk");
    assert_eq!(
        other.with_words_of(&kit.memory).entry(&key).unwrap().acknowledged.as_ref().unwrap().by,
        "bob@desk"
    );
}

#[test]
fn a_clock_that_was_set_back_makes_the_memory_worth_nothing() {
    let mut kit = kit();
    kit.fact(&id("web0"), disk(99));
    kit.look();
    kit.later(-3600);
    let triage = kit.look();
    assert_eq!(find(&triage, Kind::DiskFull).since.at, kit.now);
    assert!(kit.memory.entry(&Key::new(Kind::DiskFull, "web//")).is_some());
}
