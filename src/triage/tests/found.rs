//! Each kind of thing that goes wrong is found, in plain words, with its evidence.

use jiff::SignedDuration;

use super::kit::{causes, find, id, kit, programs, replica};
use crate::fleet::measured::{Fact, Queue, RabbitMq};
use crate::fleet::{Activity, FailureKind, Power, Reading, Severity, Source, SuspendedProcess, TroubleKind};
use crate::triage::Kind;

#[test]
fn all_is_well_where_nothing_is_wrong() {
    let mut kit = kit();
    let triage = kit.look();
    assert_eq!((triage.findings.len(), triage.watched.len()), (0, 0), "{triage:#?}");
    assert!(triage.facts > 15 && triage.unknown.len() == 1, "{:?}", triage.unknown);
    assert_eq!(triage.unknown, ["locks"]);
}

#[test]
fn one_web_server_of_four_that_answers_500_is_told_with_what_speaks_against_the_release() {
    let mut kit = kit();
    kit.answers(2, 500);
    let triage = kit.look();
    let finding = find(&triage, Kind::WebOut);
    assert_eq!(finding.title, "One of 4 web servers answers its health check with 500");
    assert_eq!((finding.severity, &finding.servers), (Severity::Down, &vec![id("web2")]));
    assert!(
        finding.against[0].text.contains("3 others are healthy, on the same release a1b2c3d"),
        "{finding:#?}"
    );
    assert!(finding.users.as_ref().unwrap().starts_with("3 of 4 still answer"));
    assert_eq!(triage.causes().count(), 1);
}

#[test]
fn members_out_for_other_reasons_are_told_in_their_own_words() {
    for (words, title) in [
        ("Instance is in stopped state.", "One of 4 web servers is registered but does not run"),
        (
            "Instance is in EC2 Availability Zone for which LoadBalancer is not configured to route traffic to.",
            "One of 4 web servers is in a zone that is not served",
        ),
        ("Something new.", "One of 4 web servers is out of service"),
    ] {
        let mut kit = kit();
        kit.out(1, words);
        let triage = kit.look();
        assert_eq!(find(&triage, Kind::WebOut).title, title);
        assert!(find(&triage, Kind::WebOut).because[0].text.contains(words));
    }
}

#[test]
fn r1_with_no_member_left_the_first_thing_is_to_stop_the_group_from_ending_them() {
    let mut kit = kit();
    (0..4).for_each(|n| kit.answers(n, 401));
    let triage = kit.look();
    let finding = find(&triage, Kind::NoMember);
    assert_eq!(
        finding.title,
        "No web server is in service at production-lb: answer their health check with 401"
    );
    let words = finding.runbook[0].remedy.words(&kit.place).unwrap().join(" ");
    assert_eq!(words, "plan suspend-processes production --processes HealthCheck,ReplaceUnhealthy");
    assert!(finding.runbook.iter().any(|step| step.words.contains("basic auth")), "{finding:#?}");
}

#[test]
fn a_primary_whose_postgresql_stopped_is_the_first_finding_with_its_replicas_positions() {
    let mut kit = kit();
    kit.stop("db-primary", "postgresql@15-main", 14);
    (0..4).for_each(|n| kit.answers(n, 500));
    kit.fact(&id("db-replica"), Fact::Postgres(Box::new(replica(None))));
    kit.look();
    kit.later(60);
    let triage = kit.look();
    assert_eq!(
        causes(&triage),
        [Kind::PrimaryDown],
        "{:#?}",
        triage.findings.iter().map(|f| (&f.key, &f.under)).collect::<Vec<_>>()
    );
    let finding = &triage.findings[0];
    assert_eq!(
        finding.title,
        "PostgreSQL does not run on the primary i-production-db-primary"
            .replace("i-production-db-primary", id("db-primary").short())
    );
    assert!(finding.since.turned);
    assert_eq!(kit.now.duration_since(finding.since.at), SignedDuration::from_mins(15));
    assert!(finding.against[0].text.contains("received 0/5000148, replayed 0/5000148"));
    assert!(finding.runbook[0].remedy.words(&kit.place).unwrap().contains(&"begin-upgrade".to_owned()));
    let folded: Vec<Kind> = triage.consequences(&finding.key).map(|f| f.key.kind).collect();
    assert!(folded.contains(&Kind::NoMember) && folded.contains(&Kind::ReplicaCut), "{folded:?}");
}

#[test]
fn a_stopped_primary_is_down_and_one_that_only_ssh_does_not_reach_is_unknown() {
    let mut kit = kit();
    let primary = kit.parts.servers.iter_mut().find(|s| s.id == id("db-primary")).unwrap();
    primary.power = Power::Stopped;
    assert_eq!(causes(&kit.look()), [Kind::PrimaryDown]);

    let mut kit = super::kit::kit();
    let failing = kit.measured.get_mut(&id("db-primary")).unwrap();
    failing.unreachable = Some(crate::fleet::Failure {
        since: kit.now - SignedDuration::from_mins(3),
        kind: FailureKind::Unreachable,
        message: "no route".into(),
    });
    let triage = kit.look();
    let finding = find(&triage, Kind::Unreachable);
    assert_eq!((finding.severity, causes(&triage)), (Severity::Unknown, vec![Kind::Unreachable]));

    // That a replica hears nothing either makes it more than unknown.
    kit.fact(&id("db-replica"), Fact::Postgres(Box::new(replica(None))));
    let triage = kit.look();
    let finding = find(&triage, Kind::PrimaryUnreachable);
    assert_eq!(finding.severity, Severity::Down);
    assert!(finding.unknown[0].contains("a cut network looks like a dead server"));
    assert!(finding.against[0].text.contains("EC2 says"), "{finding:#?}");
}

#[test]
fn two_databases_that_take_writes_come_before_everything_else() {
    let mut kit = kit();
    let writable = crate::fleet::measured::Postgres { timeline: Some(2), ..Default::default() };
    kit.fact(&id("db-replica"), Fact::Postgres(Box::new(writable)));
    (0..4).for_each(|n| kit.answers(n, 500));
    let triage = kit.look();
    assert_eq!(triage.findings[0].key.kind, Kind::TwoPrimaries, "{triage:#?}");
    assert!(triage.findings[0].title.starts_with("Two databases take writes"));
}

#[test]
fn a_group_that_ends_servers_again_and_again_is_told_before_the_servers_that_fail() {
    let mut kit = kit();
    kit.answers(0, 404);
    kit.spoil.push(|snapshot| {
        let now = crate::fleet::sample::epoch();
        let activity = |n: i64| Activity {
            id: format!("a{n}"),
            description: format!("Terminating EC2 instance: i-{n}"),
            cause: "At 2026-11-22T02:50:00Z an instance was taken out of service in response to an ELB system health check failure.".into(),
            started_at: Some(now - SignedDuration::from_mins(n * 8)),
            ended_at: None,
            status: "Successful".into(),
            status_message: None,
            progress: 100,
        };
        let reading = Reading::taken(Source::AutoScalingDescribeActivities, (1..4).map(activity).collect(), now);
        snapshot.activities.insert("production-ag".into(), reading);
    });
    let triage = kit.look();
    assert_eq!(causes(&triage), [Kind::Churn]);
    assert_eq!(triage.findings[0].title, "Web servers are ended and launched again and again: 3 in 24 min");
    assert_eq!(triage.findings[0].runbook[0].words, "stop the group from ending servers");
    // Once it is stopped there is no churn, and what fails is the cause again.
    kit.parts.groups[0].suspended = vec![SuspendedProcess {
        process: "ReplaceUnhealthy".into(),
        reason: "User suspended at 2026-11-22T02:58:00Z".into(),
    }];
    kit.later(700);
    let triage = kit.look();
    assert!(!causes(&triage).contains(&Kind::Churn), "{:?}", causes(&triage));
    assert!(causes(&triage).contains(&Kind::WebOut));
}

#[test]
fn a_launch_that_fails_is_told_in_fewer_words_than_aws_has() {
    let mut kit = kit();
    kit.spoil.push(|snapshot| {
        let now = crate::fleet::sample::epoch();
        let activity = Activity {
            id: "a".into(),
            description: "Launching a new EC2 instance.  Status Reason: …".into(),
            cause: "At … an instance was launched in response to a difference between desired and actual capacity.".into(),
            started_at: Some(now),
            ended_at: Some(now),
            status: "Failed".into(),
            status_message: Some("We currently do not have sufficient c5.large capacity in the Availability Zone you requested (us-east-1a). Launching EC2 instance failed.".into()),
            progress: 100,
        };
        let reading = Reading::taken(Source::AutoScalingDescribeActivities, vec![activity], now);
        snapshot.activities.insert("production-ag".into(), reading);
    });
    let triage = kit.look();
    let title = &find(&triage, Kind::LaunchFails).title;
    assert_eq!(title, "The group cannot launch web servers: the zone has no servers of this type left");
}

#[test]
fn an_image_that_is_gone_and_a_group_that_launches_nothing_are_found_before_anybody_needs_them() {
    let mut kit = kit();
    kit.parts.images.clear();
    assert!(find(&kit.look(), Kind::LaunchMissing).title.contains("ami-1 does not exist any more"));
    let mut kit = super::kit::kit();
    kit.parts.launch.clear();
    assert!(find(&kit.look(), Kind::LaunchMissing).title.contains("does not exist"));
}

#[test]
fn suspended_processes_are_told_with_since_when_once_they_have_lasted() {
    let mut kit = kit();
    kit.parts.groups[0].suspended = vec![SuspendedProcess {
        process: "Launch".into(),
        reason: "User suspended at 2026-11-22T02:41:00Z".into(),
    }];
    let triage = kit.look();
    let finding = find(&triage, Kind::Suspended);
    assert_eq!(finding.title, "Dead web servers are not replaced: suspended is Launch");
    assert_eq!(kit.now.duration_since(finding.since.at), SignedDuration::from_mins(19));
    let steps = |triage: &crate::triage::Triage| {
        let steps = find(triage, Kind::Suspended).runbook.clone();
        let plans = steps.into_iter().filter_map(|step| match step.remedy {
            crate::triage::Remedy::Plan { operation, .. } => Some(operation),
            _ => None,
        });
        plans.collect::<Vec<_>>()
    };
    assert_eq!(steps(&triage), ["resume-processes"]);
    // R8: after a promotion nothing is launched that knows the old primary.
    let primary = kit.parts.servers.iter_mut().find(|server| server.id == id("db-primary")).unwrap();
    primary.tags.insert(crate::fleet::ROLE_TAG.into(), kit.now.to_string());
    assert_eq!(steps(&kit.look()), ["create-release", "deploy-serial", "resume-processes"]);
}

#[test]
fn a_cache_service_that_stopped_is_the_cause_of_what_web_servers_answer() {
    let mut kit = kit();
    kit.stop("cache", "redis-server", 2);
    (0..4).for_each(|n| kit.answers(n, 500));
    let triage = kit.look();
    assert_eq!(causes(&triage), [Kind::CacheDown], "{triage:#?}");
    assert!(triage.findings[0].users.as_ref().unwrap().contains("logged out"));
    let steps: Vec<&str> = triage.findings[0].runbook.iter().map(|step| step.words.as_str()).collect();
    assert_eq!(
        steps[..2],
        ["hold the group still and put the maintenance page up", "start redis-server again"],
        "R1"
    );
}

#[test]
fn r17_two_beats_and_none_are_found() {
    let mut kit = kit();
    let mut other = kit.parts.servers.iter().find(|s| s.id == id("worker")).unwrap().clone();
    other.id = id("worker2");
    kit.parts.servers.push(other);
    kit.fact(&id("worker2"), Fact::Supervisor(programs(&["production-celerybeat"])));
    kit.look();
    kit.later(60);
    let triage = kit.look();
    assert_eq!(find(&triage, Kind::TwoBeats).servers.len(), 2);
    let mut kit = super::kit::kit();
    let mut stopped = programs(&["production-celerybeat"]);
    stopped.programs[0].state = "STOPPED".into();
    kit.fact(&id("worker"), Fact::Supervisor(stopped));
    kit.look();
    kit.later(200);
    assert_eq!(find(&kit.look(), Kind::NoBeat).severity, Severity::Down);
}

#[test]
fn a_queue_that_grows_says_how_much_waits_where_and_for_whom() {
    let mut kit = kit();
    let queue =
        |name: &str, ready, consumers| Queue { name: name.into(), ready, consumers, ..Queue::default() };
    let queues = vec![queue("celery", 80, 4), queue("exports", 12_400, 1)];
    kit.fact(&id("cache"), Fact::RabbitMq(RabbitMq { queues, ..RabbitMq::default() }));
    kit.look();
    kit.later(90);
    let triage = kit.look();
    let finding = find(&triage, Kind::QueueGrows);
    assert!(finding.title.starts_with("12,480 messages waiting, most in “exports”"), "{}", finding.title);
    assert!(finding.because[0].text.contains("12,400 ready, 0 handed out, 1 consumer"));
    assert!(finding.unknown[0].contains("what Celery does"));
    assert!(finding.unknown[1].contains("tasks Celery begins"), "{:?}", finding.unknown);
}

#[test]
fn a_queue_that_grows_says_how_much_comes_in_and_how_much_goes_out() {
    let mut kit = kit();
    for minute in 0..8_u64 {
        let ready = 12_000 + 300 * minute;
        let queue = Queue { name: "celery".into(), ready, consumers: 2, ..Queue::default() };
        kit.fact_that_moves(
            &id("cache"),
            Fact::RabbitMq(RabbitMq { queues: vec![queue], ..RabbitMq::default() }),
        );
        let worker = crate::fleet::measured::CeleryWorker {
            slots: Some(2),
            begun: Some(500 + 40 * minute),
            ..Default::default()
        };
        kit.fact_that_moves(
            &id("worker"),
            Fact::Celery(crate::fleet::measured::Celery { workers: vec![worker] }),
        );
        kit.look();
        kit.later(60);
    }
    let triage = kit.look();
    let finding = find(&triage, Kind::QueueGrows);
    let texts: Vec<&str> = finding.because.iter().map(|one| one.text.as_str()).collect();
    assert!(finding.title.contains("grows 300/min"), "{}", finding.title);
    assert!(texts.contains(&"about 340/min come in, and Celery begins 40/min"), "{texts:?}");
}

#[test]
fn what_workers_have_taken_and_do_not_acknowledge_is_told_with_what_they_run() {
    let mut kit = kit();
    let queue = |name: &str, unacknowledged| Queue {
        name: name.into(),
        unacknowledged,
        consumers: 2,
        ..Queue::default()
    };
    let queues = vec![queue("celery", 12), queue("exports", 1_900)];
    kit.fact(&id("cache"), Fact::RabbitMq(RabbitMq { queues, ..RabbitMq::default() }));
    let running = vec![crate::fleet::measured::Task::default(); 2];
    let worker = crate::fleet::measured::CeleryWorker { slots: Some(2), running, ..Default::default() };
    kit.fact(&id("worker"), Fact::Celery(crate::fleet::measured::Celery { workers: vec![worker] }));
    kit.look();
    kit.later(90);
    let triage = kit.look();
    let finding = find(&triage, Kind::Unacknowledged);
    assert_eq!(finding.title, "1,912 messages taken and not acknowledged, most of “exports”");
    assert_eq!(finding.because[0].text, "“exports” has 1,900 handed out to 2 consumers");
    assert!(finding.because[1].text.contains("runs 2 of 2 tasks at once"), "{:?}", finding.because);
    let steps: Vec<&str> = finding.runbook.iter().map(|step| step.words.as_str()).collect();
    assert!(steps[0].contains("what the workers run") && steps.contains(&"start Celery again"), "{steps:?}");
}

#[test]
fn swap_that_is_nearly_full_is_told_and_explains_the_load() {
    let mut kit = kit();
    let machine = crate::fleet::measured::Machine {
        cores: 2,
        load: [9.0, 0.0, 0.0],
        memory_total: 100,
        memory_available: 40,
        swap_total: 100,
        swap_used: 90,
        ..Default::default()
    };
    kit.fact(&id("worker"), Fact::Machine(machine));
    kit.look();
    kit.later(400);
    let triage = kit.look();
    let finding = find(&triage, Kind::Swap);
    assert!(finding.title.ends_with("has 90% of its swap in use"), "{}", finding.title);
    assert_eq!(find(&triage, Kind::Load).under.as_ref(), Some(&finding.key));
}

#[test]
fn a_certificate_that_ends_or_is_for_other_names_is_told() {
    let told = |days: i64, names: &[&str]| {
        let mut kit = kit();
        let arn = "arn:aws:acm:us-east-1:1:certificate/a";
        let mut certificate = crate::fleet::sample::certificate(arn, names);
        certificate.expires_at = Some(kit.now + SignedDuration::from_hours(24 * days));
        kit.parts.load_balancers[0].listeners = vec![crate::fleet::Listener {
            protocol: "HTTPS".into(),
            port: 443,
            instance_protocol: "HTTPS".into(),
            instance_port: 443,
            certificate: Some(arn.into()),
        }];
        kit.parts.certificates.push(certificate);
        let triage = kit.look();
        triage.findings.first().map(|finding| (finding.severity, finding.title.clone()))
    };
    assert_eq!(told(90, &["production.example.com"]), None);
    let (severity, title) = told(20, &["production.example.com"]).unwrap();
    assert_eq!(
        (severity, title.as_str()),
        (Severity::Warn, "The certificate of production-lb for production.example.com: 20 days left")
    );
    assert_eq!(told(-2, &["production.example.com"]).unwrap().0, Severity::Down);
    assert!(told(90, &["shop.example.org"]).unwrap().1.contains("is not good for production.example.com"));
}

#[test]
fn reads_that_fail_are_unknown_and_never_down() {
    let mut kit = kit();
    kit.spoil.push(|snapshot| {
        let at = crate::fleet::sample::epoch();
        snapshot.groups.fail(FailureKind::Throttled, "slow down", at);
        snapshot.launch.fail(FailureKind::Denied, "not you", at);
    });
    kit.look();
    kit.later(120);
    let triage = kit.look();
    assert!(
        triage.findings.iter().all(|f| f.severity == Severity::Unknown && f.key.kind == Kind::Unread),
        "{triage:#?}"
    );
    assert_eq!(triage.findings.len(), 2);
    let denied = triage.findings.iter().find(|f| f.title.contains("may not be asked")).unwrap();
    assert!(denied.key.about.contains("autoscaling:DescribeLaunchConfigurations"));
}

#[test]
fn nothing_read_finds_nothing() {
    let mut kit = kit();
    kit.spoil.push(|snapshot| *snapshot = crate::fleet::Snapshot::default());
    let triage = kit.look();
    assert_eq!((triage.findings.len(), triage.facts), (0, 0));
}

/// Every kind of trouble that servers have becomes a finding, by its own rule or by another.
#[test]
fn no_trouble_of_a_server_is_lost() {
    let told_elsewhere =
        [TroubleKind::DatabaseRole, TroubleKind::Queue, TroubleKind::Unheard, TroubleKind::Unread];
    let source = include_str!("../rules/troubles.rs");
    for kind in [
        TroubleKind::HostKeyChanged,
        TroubleKind::HostKeyUnknown,
        TroubleKind::Unreachable,
        TroubleKind::Unread,
        TroubleKind::StatusCheck,
        TroubleKind::Retirement,
        TroubleKind::Planned,
        TroubleKind::Credits,
        TroubleKind::Burst,
        TroubleKind::HealthCheck,
        TroubleKind::HealthOverride,
        TroubleKind::Maintenance,
        TroubleKind::Unit,
        TroubleKind::Silent,
        TroubleKind::Program,
        TroubleKind::Restarts,
        TroubleKind::Celery,
        TroubleKind::Task,
        TroubleKind::DatabaseRole,
        TroubleKind::Receiver,
        TroubleKind::Timeline,
        TroubleKind::Paused,
        TroubleKind::Lag,
        TroubleKind::Connections,
        TroubleKind::Transaction,
        TroubleKind::Slot,
        TroubleKind::PgBouncer,
        TroubleKind::Alarm,
        TroubleKind::Queue,
        TroubleKind::Unheard,
        TroubleKind::Redis,
        TroubleKind::Disk,
        TroubleKind::Memory,
        TroubleKind::Load,
        TroubleKind::Clock,
        TroubleKind::Code,
    ] {
        let row = source.contains(&format!("(TroubleKind::{kind:?}, Kind::"));
        assert!(row != told_elsewhere.contains(&kind), "{kind:?}");
    }
}
