//! Each kind has something to do, and what changes nothing or loses least comes first.

use super::super::patient::Patient;
use super::super::rules::Symptom;
use super::super::{Kind, Remedy, runbook};
use super::kit::{find, id, kit};
use crate::fleet::measured::{Fact, HttpAnswer, Site};
use crate::fleet::overview::overviews;
use crate::fleet::{AddressChoice, Role, Server, Severity, SuspendedProcess, Topology, Yardstick};

/// Every step of every runbook, for whoever opens them.
pub(crate) fn every_step() -> Vec<runbook::Step> {
    let all = std::cell::RefCell::new(Vec::new());
    each(|_, _, steps| all.borrow_mut().extend(steps));
    all.into_inner()
}

fn each(check: impl Fn(Kind, &str, Vec<runbook::Step>)) {
    let kit = kit();
    let snapshot = kit.parts.snapshot();
    let topology = Topology {
        deployment: "myproject".into(),
        region: "us-east-1".into(),
        environments: vec![kit.place.clone()],
        ssh_address: AddressChoice::Private,
    };
    let yardstick = Yardstick::at(kit.now);
    let row = overviews(&snapshot, &topology, &yardstick).remove(0);
    let servers: Vec<&Server> = snapshot.servers_of(&kit.place.name);
    let patient = Patient {
        snapshot: &snapshot,
        place: &kit.place,
        row: &row,
        servers: &servers,
        yardstick: &yardstick,
    };
    for kind in Kind::ALL {
        for role in [Role::Web, Role::Worker, Role::Cache, Role::DbPrimary, Role::DbReplica] {
            let ids = patient.of_role(&role).map(|server| server.id.clone());
            let symptom = Symptom::new(*kind, role.word(), Severity::Down, "x").on(ids);
            check(*kind, role.word(), runbook::steps(&patient, &symptom));
        }
    }
}

#[test]
fn every_kind_has_something_to_do_and_a_command_for_what_quarterdeck_does() {
    let kit = kit();
    each(|kind, role, steps| {
        assert!(!steps.is_empty() && steps.len() <= 9, "{kind:?} of {role}: {}", steps.len());
        for step in &steps {
            assert!(step.words.chars().next().is_some_and(char::is_lowercase), "{kind:?}: {}", step.words);
            let people = matches!(step.remedy, Remedy::People | Remedy::Shell { .. });
            assert_eq!(step.remedy.words(&kit.place).is_none(), people, "{kind:?}: {}", step.words);
        }
    });
}

#[test]
fn nothing_that_ends_a_server_comes_first() {
    each(|kind, _, steps| {
        let ends = |remedy: &Remedy| matches!(remedy, Remedy::Plan { operation, .. } if operation.contains("terminate"));
        assert!(!ends(&steps[0].remedy), "{kind:?}");
        let promotes = |remedy: &Remedy| matches!(remedy, Remedy::Plan { operation: "promote-replica", .. });
        assert!(!promotes(&steps[0].remedy), "{kind:?}: R1 holds the group still first");
    });
}

#[test]
fn a_step_that_is_done_stays_so_that_no_number_comes_to_mean_something_else() {
    let mut kit = kit();
    kit.stop("db-primary", "postgresql@15-main", 15);
    let steps = |triage: &crate::triage::Triage| find(triage, Kind::PrimaryDown).runbook.clone();
    let before = steps(&kit.look());
    assert!(before.iter().all(|step| !step.done));
    let process = "ReplaceUnhealthy".to_owned();
    kit.parts.groups[0].suspended = vec![SuspendedProcess { process, reason: String::new() }];
    assert_eq!(steps(&kit.look()), before, "half of it is not all of it");
    for n in 0..4 {
        kit.fact(&id(&format!("web{n}")), Fact::Site(Site { maintenance: true, ..Site::default() }));
    }
    let after = steps(&kit.look());
    assert!(after[0].done && after[0].says() == "done");
    let words = |steps: &[runbook::Step]| steps.iter().map(|step| step.words.clone()).collect::<Vec<_>>();
    assert_eq!(words(&after), words(&before));
    assert!(after[1..].iter().all(|step| !step.done));
}

#[test]
fn what_keeps_servers_from_being_ended_is_not_resumed_while_most_of_them_fail() {
    let mut kit = kit();
    let process = "ReplaceUnhealthy".to_owned();
    kit.parts.groups[0].suspended = vec![SuspendedProcess { process, reason: String::new() }];
    let resumes = |triage: &crate::triage::Triage| {
        let all = triage.findings.iter().chain(&triage.watched);
        let steps = all.filter(|f| f.key.kind == Kind::Suspended).flat_map(|f| &f.runbook);
        let plans =
            steps.filter(|step| matches!(step.remedy, Remedy::Plan { operation: "resume-processes", .. }));
        plans.map(|step| step.aside.clone()).collect::<Vec<_>>()
    };
    assert_eq!(resumes(&kit.look()), ["once nobody needs them suspended"]);
    kit.answers(0, 500);
    assert!(resumes(&kit.look())[0].contains("ends those that fail"), "one is replaced, as it should be");
    // The load balancer has not noticed the others yet.
    let answer = || Some(HttpAnswer { status: 401, milliseconds: 40, problem: None });
    for n in 1..4 {
        kit.fact(&id(&format!("web{n}")), Fact::Site(Site { nginx: answer(), ..Site::default() }));
    }
    assert_eq!(resumes(&kit.look()), [""; 0]);
}

#[test]
fn a_replica_that_is_down_cut_off_or_left_leads_to_the_plans_that_mend_it() {
    let plans = |triage: &crate::triage::Triage, kind: Kind| -> Vec<&'static str> {
        let steps = &find(triage, kind).runbook;
        let plan = |step: &runbook::Step| match &step.remedy {
            Remedy::Plan { operation, .. } => Some(*operation),
            _ => None,
        };
        steps.iter().filter_map(plan).collect()
    };
    let mut kit = kit();
    kit.stop("db-replica", "postgresql@15-main", 2);
    (0..4).for_each(|n| kit.answers(n, 500));
    let down = plans(&kit.look(), Kind::ServiceDown);
    assert_eq!(down, ["suspend-processes", "leave-replicas", "resync-replica"], "R1 first");
    let mut kit = super::kit::kit();
    kit.fact(&id("db-replica"), Fact::Postgres(Box::new(super::kit::replica(None))));
    kit.look();
    kit.later(60);
    let cut = plans(&kit.look(), Kind::ReplicaCut);
    assert_eq!(cut, ["resync-replica", "leave-replicas", "new-server"]);
    let mut kit = super::kit::kit();
    let replica = kit.parts.servers.iter_mut().find(|server| server.id == id("db-replica")).unwrap();
    replica.tags.insert(crate::fleet::LEFT_TAG.into(), "2026-11-22T02:00:00Z".into());
    let triage = kit.look();
    assert_eq!(plans(&triage, Kind::ReplicaLeft), ["resync-replica", "use-replicas"]);
    let left = find(&triage, Kind::ReplicaLeft);
    assert!(
        left.title.contains("read from the primary alone") && left.severity == Severity::Warn,
        "{left:?}"
    );
    assert_eq!(left.since.at, "2026-11-22T02:00:00Z".parse().unwrap());
}
