//! update-people and upgrade-packages.

use super::new_server::{ground, world};
use super::*;
use crate::plan::{Action, HostJob, Plan};

fn jobs(plan: &Plan) -> Vec<(&str, &HostJob)> {
    plan.steps
        .iter()
        .filter_map(|step| {
            if let Action::Job(job) = &step.action { Some((step.target.as_str(), &**job)) } else { None }
        })
        .collect()
}

#[test]
fn r23_every_server_gets_the_people_of_now_and_loses_those_who_left() {
    let world = world(&[]);
    let plan = world.plan("update-people", &[]).unwrap();
    let jobs = jobs(&plan);
    let mut servers: Vec<&str> = jobs.iter().map(|(server, _)| *server).collect();
    servers.dedup();
    assert_eq!(servers.len(), world.parts.servers.len(), "each has a lane of its own");
    assert!(plan.steps.iter().filter(|step| step.after.is_empty()).count() == servers.len());
    let names: Vec<&str> = jobs.iter().take(3).map(|(_, job)| job.name.as_str()).collect();
    assert_eq!(names, ["people", "leavers", "sudoers"], "who comes is let in before anybody goes");
    let leavers = &jobs[1].1.script;
    assert!(leavers.contains("wanted='ana'\n") && leavers.contains("deploy_user='myproject'"), "{leavers}");
    assert!(jobs.iter().all(|(_, job)| job.names_server && job.user.as_deref() == Some("root")));
    assert!(plan.notes.iter().any(|note| note.contains("R23")), "{:?}", plan.notes);
}

#[test]
fn nobody_is_locked_out_because_the_config_names_nobody() {
    let mut world = world(&[]);
    ground(&mut world).people = None;
    assert!(world.refused("update-people", &[]).contains("nobody would be left to log in"));
    ground(&mut world).people = Some(Err("users/ana:2: this is a private key".into()));
    assert_eq!(world.refused("update-people", &[]), "users/ana:2: this is a private key");
}

#[test]
fn packages_come_to_one_server_after_the_other_and_the_primary_is_the_last() {
    let world = world(&[]);
    let plan = world.plan("upgrade-packages", &[]).unwrap();
    for (number, step) in plan.steps.iter().enumerate() {
        let before: Vec<_> = plan.steps[..number].last().map(|step| step.id).into_iter().collect();
        assert_eq!(step.after, before, "never two at a time");
    }
    assert_eq!(plan.steps.last().unwrap().target, "i-staging-db-primary");
    assert!(plan.noticed.as_ref().unwrap().contains("cache i-staging-cache"), "{:?}", plan.noticed);
    let one = world.plan("upgrade-packages", &[(Opt::Servers, "i-staging-worker")]).unwrap();
    assert_eq!((one.steps.len(), &one.noticed), (1, &None));
}
