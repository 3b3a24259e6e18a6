//! One environment at a glance, spoiled in every way that matters.

use super::*;
use crate::fleet::sample::{Parts, configuration, epoch, server};
use crate::fleet::{HealthState, MemberHealth, SuspendedProcess};

const NAME: &str = "production";

fn good(web: usize) -> (Parts, EnvironmentPlace) {
    let mut parts = Parts::default();
    let place = parts.add(NAME, web);
    (parts, place)
}

fn seen(snapshot: &Snapshot, place: &EnvironmentPlace) -> Overview {
    let topology = Topology {
        deployment: "myproject".into(),
        region: "us-east-1".into(),
        environments: vec![place.clone()],
        ssh_address: crate::fleet::AddressChoice::Private,
    };
    overviews(snapshot, &topology, &Yardstick::at(epoch())).remove(0)
}

fn texts(row: &Overview) -> Vec<&str> {
    row.notes.iter().map(|n| n.text.as_str()).collect()
}

fn has(row: &Overview, severity: Severity, part: &str) -> bool {
    row.notes.iter().any(|n| n.severity == severity && n.text.contains(part))
}

fn spoil(parts: &mut Parts, n: usize, state: HealthState, code: &str, words: &str) {
    let members = parts.health.get_mut("production-lb").unwrap();
    let instance = members[n].instance.clone();
    members[n] =
        MemberHealth { instance, state, reason_code: Some(code.into()), description: Some(words.into()) };
}

#[test]
fn an_environment_as_it_should_be_is_ok_and_needs_no_words() {
    let (parts, place) = good(4);
    let row = seen(&parts.snapshot(), &place);
    assert_eq!((row.severity, texts(&row)), (Severity::Ok, vec![]));
    assert_eq!(row.web_in_service(), Some((4, 4)));
    assert_eq!(row.web, RoleCount { running: Some(4), total: 4, pending: 0, severity: Severity::Ok });
    let group = row.group.unwrap();
    assert_eq!((group.in_service, group.sizes, group.behind), (4, (1, 4, 200), 0));
    assert_eq!(row.release.changeset.unwrap().as_str(), "a1b2c3d4");
    assert_eq!(row.oldest, Some(epoch()));
}

#[test]
fn what_was_never_read_is_unknown_and_not_down() {
    let (_, place) = good(4);
    let row = seen(&Snapshot::default(), &place);
    assert_eq!((row.severity, texts(&row)), (Severity::Unknown, vec![]));
    assert_eq!(row.worker.running, None);
    assert_eq!(row.web_in_service(), None);
    assert_eq!(row.oldest, None);
}

#[test]
fn a_read_that_always_failed_is_unknown_whatever_the_reason_and_never_down() {
    let (parts, place) = good(4);
    for kind in [
        FailureKind::Denied,
        FailureKind::Credentials,
        FailureKind::Throttled,
        FailureKind::Unreachable,
        FailureKind::Other,
    ] {
        let full = parts.snapshot();
        let mut cases = [full.clone(), full.clone(), full.clone(), full.clone()];
        cases[0].servers = Reading::never(full.servers.source());
        cases[0].servers.fail(kind, "no", epoch());
        cases[1].groups = Reading::never(full.groups.source());
        cases[1].groups.fail(kind, "no", epoch());
        cases[2].load_balancers = Reading::never(full.load_balancers.source());
        cases[2].load_balancers.fail(kind, "no", epoch());
        let health = cases[3].health.get_mut("production-lb").unwrap();
        *health = Reading::never(health.source());
        health.fail(kind, "no", epoch());
        for (n, snapshot) in cases.iter().enumerate() {
            let row = seen(snapshot, &place);
            assert_eq!(row.severity, Severity::Unknown, "case {n}, {kind:?}: {:?}", row.notes);
        }
        assert_eq!(seen(&cases[1], &place).group_failure, Some(kind));
        assert_eq!(seen(&cases[3], &place).balancers[0].failure, Some(kind));
        let text = format!("Health at production-lb is not known: {}", kind.word());
        assert!(has(&seen(&cases[3], &place), Severity::Unknown, &text), "{kind:?}");
        let text = format!("is not known: {}", kind.word());
        assert!(has(&seen(&cases[1], &place), Severity::Unknown, &text), "{kind:?}");
    }
}

#[test]
fn a_read_that_fails_later_keeps_what_was_known() {
    let (parts, place) = good(4);
    let mut snapshot = parts.snapshot();
    snapshot.servers.fail(FailureKind::Throttled, "slow down", epoch());
    snapshot.groups.fail(FailureKind::Unreachable, "gone", epoch());
    snapshot.health.get_mut("production-lb").unwrap().fail(FailureKind::Throttled, "slow", epoch());
    let row = seen(&snapshot, &place);
    assert_eq!((row.severity, row.web_in_service()), (Severity::Ok, Some((4, 4))));
    assert_eq!((row.group_failure, row.balancers[0].failure), (None, None));
}

#[test]
fn one_of_four_out_of_service_is_down_and_the_note_names_server_and_reason() {
    let (mut parts, place) = good(4);
    let words = "Instance has failed at least the UnhealthyThreshold number of health checks consecutively.";
    spoil(&mut parts, 2, HealthState::OutOfService, "Instance", words);
    let row = seen(&parts.snapshot(), &place);
    assert_eq!((row.severity, row.web_in_service()), (Severity::Down, Some((3, 4))));
    let text = "i-production-web2 fails its health check at production-lb";
    assert!(has(&row, Severity::Down, text), "{:?}", row.notes);
}

#[test]
fn a_server_out_of_service_for_no_stated_reason_is_named_all_the_same() {
    let (mut parts, place) = good(2);
    spoil(&mut parts, 0, HealthState::OutOfService, "N/A", "N/A");
    let row = seen(&parts.snapshot(), &place);
    assert!(has(&row, Severity::Down, "production-lb, no reason given"), "{:?}", row.notes);
}

#[test]
fn a_server_that_registers_is_changing_and_not_down() {
    let (mut parts, place) = good(4);
    spoil(&mut parts, 1, HealthState::OutOfService, "ELB", "Instance registration is still in progress.");
    let row = seen(&parts.snapshot(), &place);
    assert_eq!((row.severity, texts(&row)), (Severity::Changing, vec![]));
    assert_eq!(row.web_in_service(), Some((3, 4)));
}

#[test]
fn a_member_whose_state_the_load_balancer_does_not_know_is_unknown() {
    let (mut parts, place) = good(4);
    spoil(&mut parts, 1, HealthState::Unknown, "ELB", "A transient error occurred. Please try again later.");
    let row = seen(&parts.snapshot(), &place);
    assert_eq!((row.severity, texts(&row)), (Severity::Unknown, vec![]));
}

#[test]
fn suspended_processes_are_a_warning_that_names_them() {
    let (mut parts, place) = good(2);
    let suspend = |p: &str| SuspendedProcess { process: p.into(), reason: "jane".into() };
    parts.groups[0].suspended = vec![suspend("Launch"), suspend("AZRebalance")];
    let row = seen(&parts.snapshot(), &place);
    assert_eq!(row.severity, Severity::Warn);
    assert_eq!(texts(&row), ["Group processes suspended: Launch, AZRebalance"]);
}

#[test]
fn a_group_that_launches_is_changing() {
    let (mut parts, place) = good(2);
    parts.groups[0].desired = 3;
    assert_eq!(seen(&parts.snapshot(), &place).severity, Severity::Changing);
    parts.groups[0].desired = 2;
    parts.groups[0].members[0].lifecycle = "Pending:Wait".into();
    let row = seen(&parts.snapshot(), &place);
    assert_eq!((row.severity, row.group.unwrap().in_service), (Severity::Changing, 1));
}

#[test]
fn two_primaries_are_a_warning() {
    let (mut parts, place) = good(2);
    parts.servers.push(server("i-second", NAME, "db-master"));
    let row = seen(&parts.snapshot(), &place);
    assert_eq!(row.severity, Severity::Warn);
    assert_eq!(texts(&row), ["There are 2 servers tagged db-primary"]);
}

#[test]
fn a_missing_role_is_a_warning_and_a_missing_replica_is_not() {
    for role in ["worker", "cache", "db-primary"] {
        let (mut parts, place) = good(2);
        parts.servers.retain(|s| s.role.role.word() != role);
        let row = seen(&parts.snapshot(), &place);
        assert_eq!(row.severity, Severity::Warn);
        assert_eq!(texts(&row), [format!("There is no {role} server")]);
    }
    let (mut parts, place) = good(2);
    parts.servers.retain(|s| s.role.role != Role::DbReplica);
    let row = seen(&parts.snapshot(), &place);
    assert_eq!((row.severity, row.replica.severity), (Severity::Ok, Severity::Idle));
}

#[test]
fn a_stopped_server_is_down_when_it_is_the_last_of_its_role_and_else_a_warning() {
    let (mut parts, place) = good(2);
    for s in &mut parts.servers {
        if s.role.role == Role::Worker {
            s.power = Power::Stopped;
        }
    }
    let row = seen(&parts.snapshot(), &place);
    assert_eq!(row.severity, Severity::Down);
    assert_eq!(texts(&row), ["No worker server is running (1 stopped)"]);

    parts.servers.push(server("i-worker2", NAME, "worker"));
    let row = seen(&parts.snapshot(), &place);
    assert_eq!(row.severity, Severity::Warn);
    assert_eq!(texts(&row), ["1 of 2 worker servers is not running"]);
}

#[test]
fn a_server_that_boots_is_changing_and_one_of_unknown_state_is_unknown() {
    let (mut parts, place) = good(2);
    for (power, severity) in [(Power::Pending, Severity::Changing), (Power::Unknown, Severity::Unknown)] {
        for s in parts.servers.iter_mut().filter(|s| s.role.role == Role::Worker) {
            s.power = power;
        }
        assert_eq!(seen(&parts.snapshot(), &place).worker.severity, severity);
    }
}

#[test]
fn a_combo_server_is_web_worker_and_primary_at_once() {
    let (mut parts, mut place) = good(0);
    parts.servers = vec![server("i-all", NAME, "combo")];
    parts.groups.clear();
    parts.load_balancers.clear();
    parts.health.clear();
    place.group = None;
    place.load_balancers.clear();
    let row = seen(&parts.snapshot(), &place);
    assert_eq!((row.severity, texts(&row)), (Severity::Ok, vec![]));
    assert_eq!((row.web.running, row.worker.running, row.primary.running), (Some(1), Some(1), Some(1)));
    assert_eq!(row.cache.total, 0);

    parts.servers[0].power = Power::Stopped;
    assert_eq!(seen(&parts.snapshot(), &place).severity, Severity::Down);
}

#[test]
fn every_load_balancer_counts_and_the_worst_decides() {
    let (mut parts, mut place) = good(4);
    let mut second = parts.load_balancers[0].clone();
    second.name = "api-lb".into();
    parts.load_balancers.push(second);
    let mut members = parts.health["production-lb"].clone();
    members.pop();
    members[0].state = HealthState::OutOfService;
    parts.health.insert("api-lb".into(), members);
    place.load_balancers.push("api-lb".into());
    let row = seen(&parts.snapshot(), &place);
    let counts: Vec<_> = row.balancers.iter().map(|b| (b.in_service, b.registered, b.severity)).collect();
    assert_eq!(
        counts,
        [(Some(4), Some(4), Severity::Ok), (Some(2), Some(3), Severity::Down)],
        "each on its own"
    );
    assert_eq!(row.web_in_service(), Some((2, 4)));
    assert_eq!(row.severity, Severity::Down);

    let mut snapshot = parts.snapshot();
    snapshot.health.remove("api-lb");
    let row = seen(&snapshot, &place);
    assert_eq!((row.web_in_service(), row.severity), (None, Severity::Unknown), "half known is not known");
}

#[test]
fn servers_being_built_and_old_ones_are_not_counted() {
    let (mut parts, place) = good(2);
    for (id, role) in [("i-p", "worker-PENDING"), ("i-o", "worker-OLD"), ("i-m", "db-master-OLD")] {
        parts.servers.push(server(id, NAME, role));
    }
    parts.servers.iter_mut().find(|s| s.id.as_str() == "i-o").unwrap().power = Power::Stopped;
    let row = seen(&parts.snapshot(), &place);
    assert_eq!((row.severity, texts(&row)), (Severity::Ok, vec![]));
    assert_eq!(row.worker, RoleCount { running: Some(1), total: 1, pending: 1, severity: Severity::Ok });
    assert_eq!(row.primary.total, 1);
}

#[test]
fn a_role_of_which_only_a_server_being_built_exists_is_changing() {
    let (mut parts, place) = good(2);
    parts.servers.retain(|s| s.role.role != Role::Worker);
    parts.servers.push(server("i-p", NAME, "worker-PENDING"));
    let row = seen(&parts.snapshot(), &place);
    assert_eq!((row.worker.severity, texts(&row)), (Severity::Changing, vec![]));
}

#[test]
fn servers_that_are_gone_are_not_counted() {
    let (mut parts, place) = good(2);
    for (id, power) in [("i-t", Power::Terminated), ("i-s", Power::ShuttingDown)] {
        let mut gone = server(id, NAME, "db-primary");
        gone.power = power;
        parts.servers.push(gone);
    }
    let row = seen(&parts.snapshot(), &place);
    assert_eq!((row.severity, row.primary.total), (Severity::Ok, 1));
}

#[test]
fn an_environment_of_which_nothing_exists_is_idle_and_says_where_to_look() {
    let (_, place) = good(2);
    let row = seen(&Parts::default().snapshot(), &place);
    assert_eq!(row.severity, Severity::Idle);
    assert!(has(&row, Severity::Idle, "Nothing of it exists here"), "{:?}", row.notes);
}

#[test]
fn an_environment_that_may_exist_for_all_we_know_is_not_idle() {
    let (_, place) = good(2);
    for part in ["groups", "load balancers"] {
        let mut snapshot = Parts::default().snapshot();
        match part {
            "groups" => snapshot.groups = Reading::never(snapshot.groups.source()),
            _ => snapshot.load_balancers = Reading::never(snapshot.load_balancers.source()),
        }
        let row = seen(&snapshot, &place);
        assert_eq!((row.severity, texts(&row)), (Severity::Unknown, vec![]), "{part}");
    }
}

#[test]
fn a_group_or_load_balancer_that_does_not_exist_is_down_where_the_rest_exists() {
    let (mut parts, place) = good(2);
    parts.groups.clear();
    let row = seen(&parts.snapshot(), &place);
    assert!(has(&row, Severity::Down, "Group production-ag does not exist"));
    assert_eq!(row.group_failure, Some(FailureKind::Absent));

    let (mut parts, place) = good(2);
    parts.load_balancers.clear();
    let mut snapshot = parts.snapshot();
    snapshot.health.clear();
    let row = seen(&snapshot, &place);
    assert!(has(&row, Severity::Down, "Load balancer production-lb does not exist"));
}

#[test]
fn a_load_balancer_without_members_is_down() {
    let (mut parts, place) = good(2);
    parts.health.get_mut("production-lb").unwrap().clear();
    let row = seen(&parts.snapshot(), &place);
    assert!(has(&row, Severity::Down, "Load balancer production-lb has no members"));
}

#[test]
fn servers_of_another_release_than_the_groups_are_counted() {
    let (mut parts, place) = good(4);
    let old = configuration(NAME, "0ld0ld0");
    parts.groups[0].members[1].launch = Some(old.clone());
    let row = seen(&parts.snapshot(), &place);
    assert_eq!((row.severity, row.group.as_ref().unwrap().behind), (Severity::Changing, 1));
    assert_eq!(texts(&row), ["1 web server runs another release than the group launches"]);
    parts.groups[0].members[2].launch = Some(old);
    parts.groups[0].members[3].launch = None;
    let row = seen(&parts.snapshot(), &place);
    assert_eq!(texts(&row), ["3 web servers run another release than the group launches"]);
}

#[test]
fn whether_members_are_behind_is_not_known_where_instance_types_have_their_own_templates() {
    let (mut parts, place) = good(4);
    let other = configuration(NAME, "0ld0ld0");
    parts.groups[0].overrides.push(other.clone());
    parts.groups[0].members[1].launch = Some(other);
    let snapshot = parts.snapshot();
    let behind: Vec<_> = parts.servers.iter().take(3).map(|s| snapshot.is_behind(s)).collect();
    assert_eq!(behind, [Some(false), None, Some(false)]);
    let group = &parts.groups[0];
    assert_eq!(snapshot.is_member_behind(group, &group.members[1]), None);
    let row = seen(&snapshot, &place);
    assert_eq!((row.severity, row.group.as_ref().unwrap().behind), (Severity::Ok, 0));
}

#[test]
fn a_web_server_outside_the_group_is_a_warning() {
    let (mut parts, place) = good(2);
    parts.servers.push(Server { group: None, ..server("i-stray", NAME, "web") });
    let row = seen(&parts.snapshot(), &place);
    assert_eq!(texts(&row), ["1 web server does not belong to the group"]);
}

#[test]
fn a_server_that_the_group_has_just_launched_is_no_stray() {
    let (mut parts, place) = good(2);
    parts.servers.push(Server { group: place.group.clone(), ..server("i-new", NAME, "web") });
    assert!(texts(&seen(&parts.snapshot(), &place)).is_empty());
}

#[test]
fn when_every_member_is_only_on_its_way_in_nobody_answers_and_that_is_down() {
    let (mut parts, place) = good(2);
    for n in 0..2 {
        spoil(&mut parts, n, HealthState::OutOfService, "ELB", "Instance registration is still in progress.");
    }
    let row = seen(&parts.snapshot(), &place);
    assert!(has(&row, Severity::Down, "No member of production-lb is in service"), "{:?}", row.notes);
}

#[test]
fn members_that_were_read_count_although_the_load_balancer_itself_may_not_be_read() {
    let (mut parts, place) = good(4);
    spoil(&mut parts, 2, HealthState::OutOfService, "Instance", "broken");
    let mut snapshot = parts.snapshot();
    snapshot.load_balancers = Reading::never(snapshot.load_balancers.source());
    snapshot.load_balancers.fail(FailureKind::Denied, "no", epoch());
    let row = seen(&snapshot, &place);
    assert_eq!((row.severity, row.web_in_service()), (Severity::Down, Some((3, 4))));
    assert!(has(&row, Severity::Unknown, "Load balancers are not known: forbidden"), "{:?}", row.notes);
}

#[test]
fn a_role_that_the_project_does_not_have_is_not_missed() {
    let (mut parts, place) = good(2);
    parts.servers.retain(|s| s.role.role != Role::Cache);
    assert!(has(&seen(&parts.snapshot(), &place), Severity::Warn, "There is no cache server"));
    let place = EnvironmentPlace { roles: vec![Role::Web, Role::Worker, Role::DbPrimary], ..place };
    assert_eq!(seen(&parts.snapshot(), &place).severity, Severity::Ok);
}

#[test]
fn members_on_standby_are_not_on_their_way_anywhere() {
    let (mut parts, place) = good(3);
    parts.groups[0].members[0].lifecycle = "Standby".into();
    parts.groups[0].desired = 2;
    let row = seen(&parts.snapshot(), &place);
    assert_eq!(row.group.unwrap().severity, Severity::Ok);
}

#[test]
fn the_worst_note_stands_first() {
    let (mut parts, place) = good(4);
    parts.groups[0].members[1].launch = Some(configuration(NAME, "0ld0ld0"));
    parts.servers.retain(|s| s.role.role != Role::Cache);
    spoil(&mut parts, 0, HealthState::OutOfService, "Instance", "failed at least once");
    let row = seen(&parts.snapshot(), &place);
    let order: Vec<Severity> = row.notes.iter().map(|n| n.severity).collect();
    assert_eq!(order, [Severity::Down, Severity::Warn, Severity::Changing]);
}
