//! R26: what EC2 and CloudWatch tell of the machines below servers becomes findings, in plain words and with its evidence.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::kit::{Kit, causes, find, id, kit};
use crate::fleet::sample::epoch;
use crate::fleet::{
    CheckState, EventKind, FailureKind, InstanceId, MachineStatus, Measure, MetricKey, PlannedEvent, Reading,
    Series, Severity, Snapshot, Source, StatusCheck, Subject,
};
use crate::triage::{Kind, Remedy, Triage};

const BROKEN: StatusCheck = StatusCheck { state: CheckState::Impaired, since: None };

fn minutes(n: i64) -> SignedDuration {
    SignedDuration::from_mins(n)
}

fn says(snapshot: &mut Snapshot, server: &str, status: MachineStatus) {
    let all = [(id(server), status)].into();
    snapshot.checks = Reading::taken(Source::Ec2InstanceStatus, all, epoch());
}

fn event(kind: EventKind, from: Timestamp, words: &str) -> MachineStatus {
    let event = PlannedEvent { kind, from: Some(from), until: None, words: words.into() };
    MachineStatus { events: vec![event], ..MachineStatus::default() }
}

/// What is left, a number every five minutes, the last one now.
fn left(snapshot: &mut Snapshot, subject: Subject, measure: Measure, values: &[f64]) {
    let at = |n: usize| epoch() - minutes(5) * i32::try_from(values.len() - 1 - n).unwrap();
    let points = values.iter().enumerate().map(|(n, value)| (at(n), *value)).collect();
    let series = Series { period: Duration::from_secs(300), points };
    let reading = Reading::taken(Source::CloudWatchGetMetricData, series, epoch());
    snapshot.balances.insert(MetricKey { subject, measure }, reading);
}

fn commands(triage: &Triage, kind: Kind, kit: &Kit) -> Vec<String> {
    let steps = &find(triage, kind).runbook;
    steps.iter().filter_map(|step| Some(step.remedy.words(&kit.place)?.join(" "))).collect()
}

#[test]
fn r26_broken_hardware_is_told_with_since_when_and_explains_what_does_not_answer_on_it() {
    let mut kit = kit();
    kit.spoil.push(|snapshot| {
        let since = Some(epoch() - minutes(14));
        let system = StatusCheck { since, ..BROKEN };
        says(snapshot, "web2", MachineStatus { system, instance: system, ..MachineStatus::default() });
    });
    kit.out(2, "Instance has failed at least the UnhealthyThreshold number of health checks consecutively.");
    let triage = kit.look();
    assert_eq!(causes(&triage), [Kind::StatusCheck], "{:#?}", triage.findings);
    let finding = find(&triage, Kind::StatusCheck);
    assert_eq!(
        finding.title,
        format!(
            "The web server {} fails EC2's system status check: the hardware below it, or its network, is broken",
            id("web2").short()
        )
    );
    assert_eq!((finding.severity, &finding.servers), (Severity::Down, &vec![id("web2")]));
    assert_eq!((finding.since.at, finding.since.turned), (epoch() - minutes(14), true));
    assert_eq!(finding.because[0].source, "ec2:DescribeInstanceStatus");
    assert!(finding.users.is_some(), "what users notice of what follows is what they notice of it");
    let told = commands(&triage, Kind::StatusCheck, &kit);
    assert_eq!(told[0], format!("plan remove-from-load-balancer production --servers {}", id("web2")));
    assert_eq!(told[1], format!("plan terminate-server production --servers {}", id("web2")));
}

#[test]
fn r26_a_system_that_does_not_answer_is_rebooted_and_a_primary_holds_the_group_still_first() {
    let mut kit = kit();
    kit.spoil.push(|snapshot| {
        says(snapshot, "db-primary", MachineStatus { instance: BROKEN, ..MachineStatus::default() });
    });
    let triage = kit.look();
    let told = commands(&triage, Kind::StatusCheck, &kit);
    assert!(told[0].starts_with("plan begin-upgrade production --hold-group"), "{told:?}");
    assert!(told[1].starts_with("plan reboot-server production"), "{told:?}");
    assert!(told[2].starts_with("plan promote-replica production"), "{told:?}");
}

#[test]
fn r26_old_or_missing_checks_are_unknown_and_no_server_is_down_for_them() {
    let mut kit = kit();
    kit.spoil.push(|snapshot| {
        says(snapshot, "worker", MachineStatus { system: BROKEN, ..MachineStatus::default() });
        snapshot.checks.fail(FailureKind::Throttled, "slow down", epoch());
    });
    kit.later(600);
    let triage = kit.look();
    let finding = find(&triage, Kind::StatusCheck);
    assert_eq!(finding.severity, Severity::Unknown);
    assert!(finding.title.contains("(as of 03:00 UTC)"), "{}", finding.title);
    assert!(find(&triage, Kind::Unread).title.starts_with("ec2:DescribeInstanceStatus is throttled"));
    let mut kit = super::kit::kit();
    kit.spoil.push(|snapshot| {
        let starting = StatusCheck { state: CheckState::Initializing, since: None };
        says(snapshot, "worker", MachineStatus { system: starting, ..MachineStatus::default() });
    });
    assert_eq!(causes(&kit.look()), []);
}

#[test]
fn r26_a_retirement_is_told_with_its_date_and_is_down_on_its_last_day() {
    let told = |hours: i64| {
        let mut kit = kit();
        kit.spoil.push(match hours {
            300 => |snapshot| {
                let from = epoch() + SignedDuration::from_hours(300);
                says(snapshot, "db-primary", event(EventKind::Retirement, from, "degraded hardware"));
            },
            _ => |snapshot| {
                let from = epoch() + SignedDuration::from_hours(20);
                says(snapshot, "db-primary", event(EventKind::Retirement, from, "degraded hardware"));
            },
        });
        let triage = kit.look();
        let finding = find(&triage, Kind::Retirement).clone();
        assert!(
            matches!(finding.runbook[0].remedy, Remedy::Look { .. }),
            "nothing is urgent before the date"
        );
        assert!(finding.runbook.iter().any(|step| step.words.contains("moves it to other hardware")));
        (finding.severity, finding.title)
    };
    let (severity, title) = told(300);
    assert_eq!(severity, Severity::Warn);
    let server = id("db-primary");
    let means = "is on hardware that AWS takes out of service from 4 Dec 2026 15:00 UTC";
    assert_eq!(title, format!("The db-primary server {} {means}", server.short()));
    assert_eq!(told(20).0, Severity::Down);
}

#[test]
fn r26_planned_work_is_a_warning_and_what_was_canceled_is_none() {
    let mut kit = kit();
    kit.spoil.push(|snapshot| {
        let from = epoch() + SignedDuration::from_hours(5);
        says(snapshot, "cache", event(EventKind::Reboot, from, "scheduled reboot"));
    });
    let triage = kit.look();
    assert_eq!(find(&triage, Kind::PlannedWork).severity, Severity::Warn);
    assert!(
        find(&triage, Kind::PlannedWork).title.contains("is to be rebooted by AWS from 22 Nov 2026 08:00")
    );
    let mut kit = super::kit::kit();
    kit.spoil.push(|snapshot| {
        let from = epoch() + SignedDuration::from_hours(5);
        says(snapshot, "cache", event(EventKind::Reboot, from, "[Canceled] scheduled reboot"));
    });
    assert_eq!(causes(&kit.look()), []);
}

#[test]
fn r26_cpu_credits_rise_when_few_are_left_and_fall_only_when_there_are_clearly_more() {
    let credits = |kit: &mut Kit, spoil: fn(&mut Snapshot)| {
        kit.spoil = vec![spoil];
    };
    let mut kit = kit();
    credits(&mut kit, |snapshot| {
        left(snapshot, Subject::Server(id("cache")), Measure::Credits, &[90.0, 40.0, 19.0, 18.0, 12.0]);
    });
    let triage = kit.look();
    let finding = find(&triage, Kind::CreditsLow);
    assert_eq!(finding.severity, Severity::Warn);
    assert!(finding.title.contains("has 12 CPU credits left"), "{}", finding.title);
    assert_eq!((finding.since.at, finding.since.turned), (epoch() - minutes(10), true));
    assert_eq!(finding.because[0].source, "cloudwatch:GetMetricData");
    assert!(finding.because[0].text.ends_with("(c5.large)"), "{:?}", finding.because);
    assert!(finding.runbook[0].words.contains("who uses its cores"));
    credits(&mut kit, |snapshot| {
        left(snapshot, Subject::Server(id("cache")), Measure::Credits, &[12.0, 19.0, 21.0]);
    });
    assert_eq!(causes(&kit.look()), [Kind::CreditsLow], "it plays around its limit");
    credits(&mut kit, |snapshot| {
        left(snapshot, Subject::Server(id("cache")), Measure::Credits, &[12.0, 19.0, 60.0]);
    });
    assert!(find(&kit.look(), Kind::CreditsLow).clearing);
    // What CloudWatch has not told for long says nothing.
    let mut kit = super::kit::kit();
    credits(&mut kit, |snapshot| {
        left(snapshot, Subject::Server(id("cache")), Measure::Credits, &[90.0, 0.0]);
    });
    kit.later(3_600);
    assert_eq!(causes(&kit.look()), []);
}

#[test]
fn r26_a_disk_whose_bursts_run_out_is_told_by_its_device_and_volume() {
    let mut kit = kit();
    let server = kit.parts.servers.iter_mut().find(|s| s.id == id("db-primary")).unwrap();
    server.volumes = [("/dev/sda1", "vol-root"), ("/dev/sdf", "vol-data")]
        .map(|(device, volume)| (device.to_owned(), volume.to_owned()))
        .into();
    kit.spoil.push(|snapshot| {
        left(snapshot, Subject::Volume("vol-data".into()), Measure::Burst, &[60.0, 19.0, 1.0, 0.0]);
        left(snapshot, Subject::Volume("vol-root".into()), Measure::Burst, &[]);
    });
    let triage = kit.look();
    let finding = find(&triage, Kind::BurstsLow);
    assert_eq!((finding.severity, finding.key.about.as_str()), (Severity::Down, "db-primary//dev/sdf"));
    assert!(finding.title.contains("has 0% of the bursts of its disk /dev/sdf left"), "{}", finding.title);
    assert!(finding.because[0].text.ends_with("(vol-data)"));
    assert!(finding.runbook.iter().any(|step| step.words.contains("gp3")));
    assert_eq!(triage.findings.len(), 1, "of a disk without bursts nothing is told");
}

#[test]
fn a_broken_worker_is_why_tasks_wait_and_another_servers_trouble_is_its_own() {
    let mut kit = kit();
    kit.spoil.push(|snapshot| {
        says(snapshot, "worker", MachineStatus { system: BROKEN, ..MachineStatus::default() });
    });
    for (server, failing) in [("worker", true), ("cache", true)] {
        let measured = kit.measured.get_mut(&id(server)).unwrap();
        measured.unreachable = failing.then(|| crate::fleet::Failure {
            since: epoch() - minutes(5),
            kind: FailureKind::Unreachable,
            message: "timed out".into(),
        });
    }
    let triage = kit.look();
    let under: Vec<(&InstanceId, bool)> = triage
        .findings
        .iter()
        .filter(|finding| finding.key.kind == Kind::Unreachable)
        .map(|finding| (&finding.servers[0], finding.under.is_some()))
        .collect();
    assert!(under.contains(&(&id("worker"), true)) && under.contains(&(&id("cache"), false)), "{under:?}");
}

fn drains(snapshot: &mut Snapshot, draining: Option<u32>) {
    let all = snapshot.load_balancers.value().unwrap().keys().map(|name| (name.clone(), draining)).collect();
    snapshot.draining = Reading::taken(Source::ElbAttributes, all, epoch());
}

#[test]
fn r26_a_load_balancer_that_does_not_drain_is_told_and_one_of_which_nothing_is_known_is_not() {
    let mut kit = kit();
    assert!(kit.look().findings.is_empty(), "nothing is known");
    kit.spoil.push(|snapshot| drains(snapshot, Some(60)));
    assert!(kit.look().findings.is_empty());
    kit.spoil.push(|snapshot| drains(snapshot, None));
    let triage = kit.look();
    let finding = find(&triage, Kind::DrainingOff);
    assert_eq!((finding.severity, triage.findings.len()), (Severity::Warn, 1));
    assert!(finding.users.as_ref().unwrap().contains("break off"), "{:?}", finding.users);
    assert_eq!(finding.because[0].source, "elasticloadbalancing:DescribeLoadBalancerAttributes");
}
