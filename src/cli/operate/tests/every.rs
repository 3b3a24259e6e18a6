//! Every operation, killed after each of its records: taken up it ends as an unbroken one, undone it leaves what was found.

use super::*;
use crate::fleet::{Power, Process, Role, Standing};

/// A certificate of the simulated account that is good for every environment.
const WILDCARD: &str = "arn:aws:acm:us-east-1:123456789012:certificate/0f6d0a3a-90ab-4cde-8f01-23456789abcd";

/// So many records no operation writes here.
const MOST: usize = 400;

/// How each operation is asked for where the group has two servers, and what is done before it. `EARLIER` stands for an
/// earlier release. Those that make something new are in `releases.rs`, `building.rs` and
/// `founding.rs`.
const ASKED: &[(&str, &str, &str)] = &[
    ("suspend-processes", "", "testing --processes Launch,AZRebalance"),
    ("resume-processes", "suspend", "testing"),
    ("set-sizes", "", "testing --min 0 --max 9"),
    ("add-to-load-balancer", "take-out", "testing"),
    ("remove-from-load-balancer", "grow", "testing --servers FIRST"),
    ("replace-certificate", "", "testing --certificate WILDCARD"),
    ("begin-upgrade", "", "testing"),
    ("end-upgrade", "page", "testing"),
    ("deploy-serial", "", "testing --release EARLIER"),
    ("deploy-full", "", "testing --release EARLIER"),
    ("deploy-worker", "", "testing --release EARLIER"),
    ("deploy-web", "grow", "testing --release EARLIER"),
    ("rollback", "", "testing --release EARLIER"),
    ("forget-releases", "", "testing --keep 1"),
    ("restart-celery", "", "testing"),
];

/// Everything that an operation could have changed, without the names of servers launched meanwhile.
pub(super) async fn shape(kit: &Kit) -> String {
    let place = kit.place("testing");
    let only = Topology { environments: vec![place.clone()], ..(*kit.target.topology).clone() };
    let interest = Interest { environments: [place.name.clone()].into(), ..Interest::default() };
    let (cloud, hosts) = (Arc::clone(&kit.target.cloud), Arc::new(kit.cloud.hosts()));
    let limits = refresh::Limits::ONCE;
    let snapshot = refresh::once_looking(cloud, Some(hosts), Arc::new(only), limits, interest).await;
    let group = kit.group("testing").await;
    let suspended: Vec<&str> = group.suspended.iter().map(|one| one.process.as_str()).collect();
    let mut all = vec![format!("{:?} {suspended:?} {:?}", group.sizes(), group.launch)];
    let mut servers = Vec::new();
    for server in snapshot.servers.value().unwrap().values() {
        let of_app = [Role::Web, Role::Worker].contains(&server.role.role);
        if server.environment.as_ref() != Some(&place.name)
            || server.power != Power::Running
            || server.role.standing != Standing::Active
            || !of_app
        {
            continue;
        }
        let member = group.member(&server.id).map(|member| (&member.lifecycle, &member.launch));
        let measured = snapshot.measured(&server.id);
        let page = measured.and_then(|all| all.site()).map(|site| (site.maintenance, site.health_override));
        let code = measured.and_then(|all| all.code()).map(|code| code.changeset.clone());
        let programs = measured.and_then(|all| all.supervisor()).map(|all| {
            let mut states: Vec<_> =
                all.programs.iter().map(|one| (one.name.clone(), one.state.clone())).collect();
            states.sort();
            states
        });
        let mut health = Vec::new();
        for balancer in &place.load_balancers {
            let members = kit.cloud.member_health(balancer).await.unwrap();
            health.extend(members.iter().filter(|one| one.instance == server.id).map(|one| one.state));
        }
        servers.push(format!(
            "{} {member:?} page {page:?} code {code:?} {health:?} {programs:?}",
            server.role.role
        ));
    }
    servers.sort();
    all.extend(servers);
    for balancer in kit.cloud.load_balancers(&place.load_balancers).await.unwrap() {
        let served = balancer.listeners.iter().map(|listener| format!("{:?}", listener.certificate));
        all.extend(served);
    }
    let releases = kit.cloud.releases(&group.launch.unwrap(), "myproject_testing_lc_").await.unwrap();
    all.extend(releases.iter().map(|one| one.resolved.label()));
    all.join("\n")
}

/// A world in which the operation makes sense, and how it is asked for there.
async fn ready(name: &str) -> (Kit, String) {
    let (_, before, line) = ASKED.iter().find(|(of, ..)| *of == name).unwrap();
    let kit = Kit::new();
    let place = kit.place("testing");
    let group = kit.group("testing").await;
    match *before {
        "suspend" => kit.cloud.suspend(&group.name, &[Process::Launch, Process::Terminate]).await.unwrap(),
        "take-out" => {
            let ids: Vec<_> = group.members.iter().map(|member| member.instance.clone()).collect();
            kit.cloud.deregister(&place.load_balancers[0], &ids).await.unwrap();
        }
        "page" => assert_eq!(kit.apply("begin-upgrade testing").await.0, RunState::Done),
        "grow" => kit.grown("testing", 2).await,
        _ => {}
    }
    kit.cloud.pause(Duration::from_secs(120)).await;
    let earlier = kit.earlier("testing").await;
    let first = kit.group("testing").await.members[0].instance.to_string();
    (
        kit,
        format!(
            "{name} {}",
            line.replace("EARLIER", &earlier).replace("FIRST", &first).replace("WILDCARD", WILDCARD)
        ),
    )
}

/// What came of each step.
fn told_of(story: &Story) -> String {
    let steps = story.each().filter(|(_, told)| told.began.is_some());
    let lines: Vec<String> = steps
        .map(|(step, told)| format!("{} {}: {:?}, undone {:?}", step.id, step.title, told.ended, told.undone))
        .collect();
    lines.join("\n")
}

async fn killed(name: &str, undo: bool) {
    let (kit, line) = ready(name).await;
    let found = shape(&kit).await;
    assert!(kit.dies_after(&line, MOST).await.is_none(), "{line}");
    kit.cloud.pause(Duration::from_secs(300)).await;
    let unbroken = shape(&kit).await;
    assert_ne!(found, unbroken, "{line} changes something");
    for records in 1..MOST {
        let (kit, line) = ready(name).await;
        let Some(orphan) = kit.dies_after(&line, records).await else {
            assert!(records > 5, "{line}: it was killed at least so often");
            return;
        };
        if kit.is_over(&orphan) {
            continue;
        }
        assert_eq!(kit.store().run(&orphan.id).unwrap().state, RunState::Interrupted, "{line}: {records}");
        let (state, story) = match kit.take_up(&orphan, undo).await {
            Ok(told) => told,
            // Old servers have gone, and it says so.
            Err(error) if undo && error.to_string().contains("rollback") => continue,
            Err(error) => panic!("{line}: {records}: {error}"),
        };
        assert!(story.left().is_empty(), "{line}: {records}: {:?}", story.left());
        kit.cloud.pause(Duration::from_secs(300)).await;
        let after = shape(&kit).await;
        if !undo {
            assert_eq!(state, RunState::Done, "{line}: {records}: {:?}", story.failure());
            assert_eq!(after, unbroken, "{line}: {records}");
        } else if name == "forget-releases" {
            // What is deleted stays deleted, and the plan says so.
            assert!(after.lines().all(|line| found.contains(line)), "{line}: {records}: {after}");
        } else if after != unbroken {
            assert_eq!(after, found, "{line}: {records}\n{}", told_of(&story));
        }
    }
    panic!("{line}: it never came to its end");
}

#[test]
fn every_operation_is_killed_here_or_where_releases_and_servers_are_made() {
    let here: Vec<&str> = ASKED.iter().map(|(name, ..)| *name).collect();
    for operation in operation::OPERATIONS {
        assert!(
            here.contains(&operation.name)
                || [
                    "create-release",
                    "new-server",
                    "create-foundation",
                    "create-environment",
                    // In `recreating.rs`.
                    "recreate-environment",
                    // It makes a release, too.
                    "rotate-secret",
                    "push-secrets",
                    // The simulated fleet has no people: its steps are of the kind that upgrade-packages has.
                    "update-people",
                    "upgrade-packages",
                    "unlock-and-mount",
                    "terminate-server",
                    "terminate-environment",
                    // In `moving.rs`.
                    "reboot-server",
                    "reboot-environment",
                    "promote-replica",
                    // In `replacing.rs`.
                    "replace-cache-server",
                    // In `replicas.rs`.
                    "resync-replica",
                    "leave-replicas",
                    "use-replicas",
                    // In `copying.rs`.
                    "backup-database",
                    "restore-database",
                    "reload-data",
                ]
                .contains(&operation.name),
            "{}",
            operation.name
        );
    }
}

macro_rules! killed_after_any_record {
    ($($operation:ident $name:literal),* $(,)?) => {
        $(
            mod $operation {
                #[tokio::test(start_paused = true)]
                async fn killed_after_any_record_and_taken_up_it_ends_as_an_unbroken_one() {
                    super::killed($name, false).await;
                }

                #[tokio::test(start_paused = true)]
                async fn killed_after_any_record_and_undone_everything_is_as_found() {
                    super::killed($name, true).await;
                }
            }
        )*
    };
}

killed_after_any_record! {
    suspend_processes "suspend-processes",
    resume_processes "resume-processes",
    set_sizes "set-sizes",
    add_to_load_balancer "add-to-load-balancer",
    remove_from_load_balancer "remove-from-load-balancer",
    replace_certificate "replace-certificate",
    begin_upgrade "begin-upgrade",
    end_upgrade "end-upgrade",
    deploy_serial "deploy-serial",
    deploy_full "deploy-full",
    deploy_worker "deploy-worker",
    deploy_web "deploy-web",
    rollback "rollback",
    forget_releases "forget-releases",
}
