//! One list of all sources, nothing in it twice.

use jiff::SignedDuration;

use super::kit::{Kit, id, kit};
use crate::fleet::lock::{Grip, Holder};
use crate::fleet::sample::epoch;
use crate::fleet::{Activity, HealthState, Lock, LockKind, Power, Reading, Severity, Source};
use crate::timeline::{About, Happening, Ran, Sources, markdown, timeline};
use crate::triage::Memory;

fn at(seconds: i64) -> jiff::Timestamp {
    epoch() + SignedDuration::from_secs(seconds)
}

fn ran() -> Ran {
    Ran {
        id: "2026-11-22-1".into(),
        operation: "deploy-serial".into(),
        what: "deploy serial a1b2c3d".into(),
        who: "jane@laptop".into(),
        at: at(60),
        finished: Some(at(300)),
        word: "failed",
        severity: Severity::Down,
        turned: Some((at(200), "i-1 is not healthy".into())),
        steps: vec![(at(90), "suspend AZRebalance: done".into())],
        left: Vec::new(),
        lock: Some((LockKind::Environment, 7)),
    }
}

fn lock(number: u64) -> Lock {
    let holder = Holder {
        who: "jane@laptop".into(),
        identity: "ops/jane".into(),
        run: "2026-11-22-1".into(),
        operation: "deploy-serial".into(),
        step: "replace web".into(),
        since: at(61),
        ended: None,
    };
    Lock {
        kind: LockKind::Environment,
        number,
        grip: Grip::Held,
        holder: Some(holder),
        seen: None,
        to_put_back: Vec::new(),
        unreadable: false,
    }
}

fn locked(kit: &mut Kit, seven: bool) {
    kit.spoil = if seven { |snapshot| hold(snapshot, 7) } else { |snapshot| hold(snapshot, 8) };
}

fn hold(snapshot: &mut crate::fleet::Snapshot, number: u64) {
    let at = snapshot.servers.read_at().unwrap();
    let locks = [("production".into(), vec![lock(number)])].into();
    snapshot.locks = Reading::taken(Source::SsmGetParametersByPath, locks, at);
}

#[test]
fn a_run_of_this_machine_is_told_by_its_journal_and_one_of_another_by_its_lock() {
    for (seven, wanted) in [(true, 3), (false, 5)] {
        let mut kit = kit(2);
        kit.look();
        locked(&mut kit, seven);
        kit.watch(240, 60);
        kit.spoil = |_| {};
        kit.watch(120, 60);
        let told = kit.timeline(&Memory::default(), &[ran()]);
        let runs: Vec<&str> =
            told.entries.iter().filter(|e| e.happening == Happening::Run).map(|e| e.title.as_str()).collect();
        assert_eq!(runs.len(), wanted, "{runs:#?}");
        assert!(
            runs.contains(&"deploy-serial failed after 4 min") || runs.iter().any(|r| r.contains("failed"))
        );
    }
}

#[test]
fn the_same_on_several_servers_is_one_entry_that_names_them() {
    let mut kit = kit(4);
    kit.look();
    kit.wait(30);
    for web in ["web0", "web1"] {
        kit.health(
            web,
            HealthState::OutOfService,
            "Instance has failed at least the UnhealthyThreshold number",
        );
    }
    kit.look();
    kit.wait(30);
    kit.health(
        "web2",
        HealthState::OutOfService,
        "Instance has failed at least the UnhealthyThreshold number",
    );
    kit.look();
    let told = kit.timeline(&Memory::default(), &[]);
    let entries: Vec<_> = told.entries.iter().filter(|e| e.happening == Happening::State).collect();
    assert_eq!(entries.len(), 1, "{entries:#?}");
    assert_eq!(entries[0].servers, [id("web0"), id("web1"), id("web2")]);
    assert_eq!(entries[0].about, About::LoadBalancer("production-lb".into()));
    assert!(entries[0].evidence.iter().any(|text| text.contains("03:01:00")), "{entries:#?}");
}

#[test]
fn a_server_whose_coming_an_activity_tells_is_not_told_twice() {
    let mut kit = kit(2);
    kit.look();
    kit.wait(120);
    kit.parts.servers[0].power = Power::Terminated;
    kit.look();
    let activity = Activity {
        id: "a-1".into(),
        description: "Terminating EC2 instance: i-production-web0".into(),
        cause: "At 2026-11-22T03:01:10Z an instance was taken out of service".into(),
        started_at: Some(at(70)),
        ended_at: Some(at(100)),
        status: "Successful".into(),
        status_message: None,
        progress: 100,
    };
    let mut snapshot = kit.snapshot();
    let group = kit.place.group.clone().unwrap();
    let titles = |snapshot: &crate::fleet::Snapshot| -> Vec<String> {
        let (mut recording, memory) = (kit.recording(), Memory::default());
        recording.read(snapshot, &kit.place);
        let told = timeline(&Sources { recording: &recording, memory: &memory, runs: &[] }, &kit.window());
        told.entries.into_iter().filter(|e| e.happening != Happening::Gap).map(|e| e.title).collect()
    };
    assert_eq!(titles(&snapshot), ["Gone: i-produc (web)"]);
    let read = Reading::taken(Source::AutoScalingDescribeActivities, vec![activity], kit.now);
    snapshot.activities.insert(group, read);
    assert_eq!(titles(&snapshot), ["Terminating EC2 instance: i-production-web0"]);
}

#[test]
fn gaps_are_shown_as_gaps_at_both_ends_and_between() {
    let mut kit = kit(2);
    kit.wait(1_200);
    kit.look();
    kit.watch(120, 60);
    kit.wait(1_800);
    kit.look();
    kit.wait(900);
    let told = kit.timeline(&Memory::default(), &[]);
    let gaps: Vec<_> = told.gaps().map(|(from, to)| to.duration_since(from).as_secs() / 60).collect();
    assert_eq!(gaps, [21, 30, 15]);
    assert_eq!(told.recorded, Some(at(1_200)));
}

#[test]
fn where_nothing_was_recorded_all_of_it_is_a_gap_and_the_rest_is_told() {
    let mut kit = kit(2);
    kit.wait(3_600);
    let told = kit.timeline(&Memory::default(), &[ran()]);
    assert_eq!(told.recorded, None);
    assert_eq!(told.gaps().count(), 1);
    assert_eq!(told.entries.iter().filter(|e| e.happening == Happening::Run).count(), 3);
}

#[test]
fn the_post_mortem_reads_well_and_hides_what_is_secret() {
    let mut kit = kit(2);
    kit.look();
    kit.watch(60, 30);
    kit.find("web-out/production-lb", Severity::Down, at(60));
    kit.health(
        "web0",
        HealthState::OutOfService,
        "Instance has failed at least the UnhealthyThreshold number",
    );
    kit.watch(240, 30);
    kit.wait(1_800);
    kit.found.clear();
    kit.look();
    let run = Ran { what: "psql 'password=s3cr3t_*' | head".into(), ..ran() };
    let told = kit.timeline(&Memory::default(), &[run]).hidden(|text| text.replace("s3cr3t_*", "•••"));
    let text = markdown::document(&told, "myproject  production  PRODUCTION  us-east-1");
    assert!(!text.contains("s3cr3t") && text.contains("password=•••"), "{text}");
    insta::assert_snapshot!("post-mortem", text);
}

#[test]
fn how_it_stood_at_a_moment_is_told_in_a_few_lines_and_not_in_a_gap() {
    let mut kit = kit(3);
    kit.unit("web0", "nginx", "active", None);
    kit.look();
    kit.watch(120, 30);
    kit.health(
        "web0",
        HealthState::OutOfService,
        "Instance has failed at least the UnhealthyThreshold number",
    );
    kit.unit("web0", "nginx", "failed", None);
    kit.find("web-out/production-lb", Severity::Down, at(150));
    kit.watch(120, 30);
    let recording = kit.recording();
    let texts = |seconds| -> Vec<String> {
        crate::timeline::stood(&recording, at(seconds)).into_iter().map(|(_, text)| text).collect()
    };
    assert_eq!(texts(60), ["3 of 3 in service at production-lb", "group 3 of 1–200 · launches a1b2c3d"]);
    assert_eq!(
        texts(200),
        [
            "2 of 3 in service at production-lb, not i-produc",
            "group 3 of 1–200 · launches a1b2c3d",
            "nginx failed on i-produc",
            "Something is wrong: web-out/production-lb",
        ]
    );
    assert_eq!(texts(3_600), Vec::<String>::new());
    assert_eq!(texts(-60), Vec::<String>::new());
}
