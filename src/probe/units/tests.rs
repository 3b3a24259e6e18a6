use super::*;
use crate::fleet::FailureKind;
use crate::probe::testing::{body, failure, layout};

fn units(lines: &str) -> Vec<Unit> {
    match read(&body(lines, "", 0), &layout()) {
        Ok(Fact::Units(units)) => units.units,
        other => panic!("{other:?}"),
    }
}

fn names(units: &[Unit]) -> Vec<&str> {
    units.iter().map(|unit| unit.name.as_str()).collect()
}

#[test]
fn the_roles_units_come_in_the_roles_order() {
    let cache = units(include_str!("fixtures/cache.txt"));
    assert_eq!(names(&cache), ["redis-server", "rabbitmq-server", "memcached"]);
    assert!(cache[0].is_up());
    assert_eq!(cache[0].since, "2026-11-22T22:17:19Z".parse().ok());
    assert_eq!((cache[1].active.as_str(), cache[1].sub.as_str()), ("activating", "start"));
    assert_eq!(cache[1].since, "2026-11-22T22:17:18Z".parse().ok());
}

#[test]
fn units_that_supervisor_replaces_are_not_told_as_down() {
    assert_eq!(names(&units(include_str!("fixtures/web.txt"))), ["nginx", "supervisor"]);
}

#[test]
fn a_cluster_stands_for_debians_umbrella() {
    let database = units(include_str!("fixtures/database.txt"));
    assert_eq!(names(&database), ["postgresql@15-main"]);
    assert_eq!(database[0].sub, "running");
}

#[test]
fn a_unit_that_is_missing_masked_or_restarted_says_so() {
    let shown = units(
        "wanted=nginx.service supervisor.service redis-server.service\n\
         Id=nginx.service\nNames=nginx.service\nLoadState=not-found\nActiveState=inactive\nSubState=dead\n\n\
         Id=supervisor.service\nLoadState=masked\nActiveState=inactive\nSubState=dead\nNRestarts=0\n\n\
         Id=redis.service\nNames=redis-server.service redis.service\nLoadState=loaded\nActiveState=activating\n\
         SubState=auto-restart\nNRestarts=17\nStateChangeTimestamp=Sun 2026-11-22 21:58:32 UTC\n\n\
         Id=chrony.service\nLoadState=loaded\nActiveState=failed\nSubState=failed\n",
    );
    let told: Vec<_> =
        shown.iter().map(|unit| (unit.name.as_str(), unit.active.as_str(), unit.sub.as_str())).collect();
    assert_eq!(
        told,
        [
            ("nginx", "not-found", "dead"),
            ("supervisor", "inactive", "masked"),
            ("redis", "activating", "auto-restart"),
            ("chrony", "failed", "failed"),
        ]
    );
    assert_eq!(shown[2].restarts, 17);
}

#[test]
fn a_server_without_systemd_is_a_failure() {
    let (kind, message) =
        failure(read(&body("wanted=nginx.service", "sh: 1: systemctl: not found", 127), &layout()));
    assert_eq!(
        (kind, message.as_str()),
        (FailureKind::Absent, "systemctl is not there: systemd is not installed")
    );
    let (_, message) = failure(read(
        &body("", "System has not been booted with systemd as init system (PID 1). Can't operate.", 1),
        &layout(),
    ));
    assert!(message.contains("not been booted with systemd"), "{message}");
}

#[test]
fn units_told_before_systemctl_failed_are_no_reading() {
    let errors = "Failed to get properties: Connection timed out";
    let (kind, message) = failure(read(&body(include_str!("fixtures/web.txt"), errors, 1), &layout()));
    assert_eq!(kind, FailureKind::Unreachable, "{message}");
}

#[test]
fn every_role_knows_its_units() {
    assert_eq!(of(&Role::DbReplica).0, "postgresql.service");
    assert_eq!(of(&Role::Combo).0, "postgresql.service nginx.service supervisor.service");
    let (wanted, welcome) = of(&Role::Other("search".into()));
    assert!(
        wanted.is_empty() && welcome.contains("redis-server.service") && welcome.contains("nginx.service")
    );
}
