//! What is measured on the servers of a world: every section for every role, and one truth behind all of them.

use std::collections::BTreeMap;

use super::hosts::{exec, facts, server, servers};
use super::{memory, step};
use crate::fleet::{Fact, Power, Server, Standing, Topic};
use crate::probe::due;
use crate::sandbox::{SandboxCloud, Scenario};

/// Everything that is asked of a server of its role.
async fn all(cloud: &SandboxCloud, server: &Server) -> BTreeMap<Topic, Fact> {
    let topics: Vec<Topic> = due(&server.role.role).map(|section| section.topic).collect();
    facts(cloud, server, &topics).await.into_iter().map(|fact| (fact.topic(), fact)).collect()
}

fn running(cloud: &SandboxCloud) -> Vec<Server> {
    let takes_part =
        |server: &Server| server.power == Power::Running && server.role.standing == Standing::Active;
    servers(cloud).into_iter().filter(takes_part).collect()
}

macro_rules! fact {
    ($facts:expr, $topic:ident) => {
        match &$facts[&Topic::$topic] {
            Fact::$topic(fact) => fact,
            other => panic!("{other:?}"),
        }
    };
}

#[tokio::test]
async fn every_section_is_answered_by_every_role_on_an_ordinary_day() {
    let cloud = memory(Scenario::Calm);
    for server in running(&cloud) {
        let facts = all(&cloud, &server).await;
        assert_eq!(facts.len(), due(&server.role.role).count(), "{:?}", server.name);
        let disks = fact!(facts, Disks);
        assert!(disks.mounts.iter().all(|mount| mount.percent() < 75), "{disks:?}");
        let units = &fact!(facts, Units).units;
        assert!(units.len() > 1 && units.iter().all(crate::fleet::measured::Unit::is_up), "{units:?}");
    }
}

#[tokio::test]
async fn an_ordinary_day_has_short_lags_and_shallow_queues_that_move() {
    let cloud = memory(Scenario::Calm);
    let (cache, replica) =
        (server(&cloud, "production", "cache"), server(&cloud, "production", "db-replica"));
    let mut seen = std::collections::BTreeSet::new();
    for _ in 0..40 {
        step(&cloud, 37);
        let (of_cache, of_replica) = (all(&cloud, &cache).await, all(&cloud, &replica).await);
        let queues = fact!(of_cache, RabbitMq);
        assert!(queues.depth().unwrap() < 40, "{queues:?}");
        assert!(queues.counting().all(|queue| queue.consumers == 1), "{queues:?}");
        let delay = fact!(of_replica, Postgres).replica.as_ref().unwrap().delay.unwrap();
        assert!((0.0..0.4).contains(&delay), "{delay}");
        seen.insert((queues.depth(), (delay * 100.0).to_string()));
    }
    assert!(seen.len() > 20, "{seen:?}");
}

#[tokio::test]
async fn in_an_incident_the_replica_lags_more_and_more_and_its_primary_agrees() {
    let cloud = memory(Scenario::Incident);
    let (primary, replica) = (server(&cloud, "production", "db-primary"), lagging(&cloud));
    let measure = async || {
        let (of_primary, of_replica) = (all(&cloud, &primary).await, all(&cloud, &replica).await);
        let postgres = fact!(of_replica, Postgres).clone();
        let delay = postgres.replica.as_ref().unwrap().delay.unwrap();
        let address = replica.private_address.as_deref();
        let standbys = &fact!(of_primary, Postgres).standbys;
        let standby = standbys.iter().find(|standby| standby.address.as_deref() == address).unwrap();
        assert!((standby.replay_lag.unwrap() - delay).abs() < 0.5, "{standby:?} {delay}");
        assert_eq!(standby.replay_behind, postgres.replica.as_ref().unwrap().behind);
        assert!(standbys.iter().filter(|other| other.replay_lag.unwrap_or(0.0) > 1.0).count() == 1);
        assert!(
            postgres.oldest_transaction.unwrap() > 3_000.0 && postgres.oldest_who.unwrap().contains("8123")
        );
        delay
    };
    let before = measure().await;
    assert!((45.0..52.0).contains(&before), "{before}");
    step(&cloud, 600);
    assert!(measure().await > before + 8.0);
}

fn lagging(cloud: &SandboxCloud) -> Server {
    let troubles = cloud.troubles().unwrap();
    let id = &troubles.iter().find(|trouble| trouble.kind == "replica-lagging").unwrap().subject;
    servers(cloud).into_iter().find(|server| server.id.as_str() == id).unwrap()
}

#[tokio::test]
async fn in_an_incident_one_queue_grows_with_one_consumer_and_redis_is_nearly_full() {
    let cloud = memory(Scenario::Incident);
    let cache = server(&cloud, "production", "cache");
    let depth = async || {
        let facts = all(&cloud, &cache).await;
        let queues = fact!(facts, RabbitMq);
        let exports = queues.queues.iter().find(|queue| queue.name == "exports").unwrap();
        assert_eq!(exports.consumers, 1);
        assert!(exports.unacknowledged > 0);
        if let Some(Fact::Redis(redis)) = facts.get(&Topic::Redis) {
            assert!((90.0..93.0).contains(&redis.memory_percent().unwrap()), "{redis:?}");
        }
        exports.ready
    };
    let before = depth().await;
    assert!(before > 10_000, "{before}");
    step(&cloud, 600);
    let grown = depth().await - before;
    assert!((850..=950).contains(&grown), "{grown}");
}

#[tokio::test]
async fn in_an_incident_the_failing_server_has_no_room_and_falls_over_again_and_again() {
    let cloud = memory(Scenario::Incident);
    let troubles = cloud.troubles().unwrap();
    let ill = &troubles.iter().find(|trouble| trouble.kind == "unhealthy").unwrap().subject;
    for web in running(&cloud).into_iter().filter(|server| {
        server.role.role.word() == "web" && server.environment.as_ref().unwrap().as_str() == "production"
    }) {
        let is_ill = web.id.as_str() == ill;
        let facts = all(&cloud, &web).await;
        let root = fact!(facts, Disks).mounts.iter().find(|mount| mount.path == "/").unwrap().percent();
        assert_eq!(root == 100, is_ill, "{root}");
        assert_eq!(fact!(facts, Machine).load[0] > 5.0, is_ill);
        if let Some(Fact::Supervisor(supervisor)) = facts.get(&Topic::Supervisor) {
            let gunicorn =
                supervisor.programs.iter().find(|program| program.name.ends_with("-server")).unwrap();
            assert_eq!(gunicorn.restarts.unwrap_or(0), if is_ill { 6 } else { 0 });
        }
        if let Some(Fact::Site(site)) = facts.get(&Topic::Site) {
            assert_eq!(site.nginx.as_ref().unwrap().status == 200, !is_ill, "{site:?}");
        }
        let (lines, _) =
            exec(&cloud, &web, "tail -n 200 /home/myproject/www/production/log/gunicorn.log").await;
        assert_eq!(lines.iter().any(|line| line.contains("No space left on device")), is_ill, "{lines:?}");
    }
}

#[tokio::test]
async fn a_deploy_shows_both_changesets() {
    let cloud = memory(Scenario::Deploying);
    let mut seen = BTreeMap::new();
    for web in running(&cloud).into_iter().filter(|server| server.role.role.word() == "web") {
        if web.environment.as_ref().unwrap().as_str() != "production" {
            continue;
        }
        let (lines, ending) = exec(&cloud, &web, "git rev-parse HEAD").await;
        assert!(ending.outcome.is_success() && lines[0].len() == 40, "{lines:?}");
        *seen.entry(lines[0].clone()).or_insert(0) += 1;
    }
    assert_eq!(seen.into_values().collect::<std::collections::BTreeSet<_>>(), [2].into());
}

#[tokio::test]
async fn a_service_that_is_stopped_is_seen_by_probes_and_by_what_depends_on_it() {
    let cloud = memory(Scenario::Calm);
    let (worker, cache) = (server(&cloud, "staging", "worker"), server(&cloud, "staging", "cache"));
    let (lines, ending) = exec(&cloud, &worker, "systemctl stop supervisor").await;
    assert!(
        ending.outcome == crate::remote::Outcome::Done { code: 1 } && lines[0].contains("authentication")
    );
    let exec_root = async |text: &str| {
        let mut job = Box::pin(exec(&cloud, &worker, text));
        loop {
            tokio::select! {
                done = &mut job => return done,
                () = tokio::time::sleep(std::time::Duration::from_millis(5)) => step(&cloud, 1),
            }
        }
    };
    let stopped = exec_root("sudo systemctl stop supervisor").await.1;
    assert!(stopped.outcome.is_success(), "{stopped:?}");
    step(&cloud, 600);
    // Supervisor itself is not asked: that it does not answer is the point.
    let units = facts(&cloud, &worker, &[Topic::Units]).await.remove(0);
    let Fact::Units(units) = units else { panic!("{units:?}") };
    let unit = units.units.iter().find(|unit| unit.name == "supervisor").unwrap().clone();
    assert!(!unit.is_up());
    let facts = all(&cloud, &cache).await;
    let queues = fact!(facts, RabbitMq);
    assert!(
        queues.counting().all(|queue| queue.consumers == 0) && queues.depth().unwrap() > 20,
        "{queues:?}"
    );
    exec_root("sudo systemctl start supervisor").await;
    let facts = all(&cloud, &cache).await;
    assert!(fact!(facts, RabbitMq).counting().all(|queue| queue.consumers == 1));
}
