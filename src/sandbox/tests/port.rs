//! What the port shows of each scenario.

use std::collections::BTreeSet;
use std::time::Duration;

use super::{memory, now, step};
use crate::cloud::{CloudError, CloudRead};
use crate::fleet::{
    GroupName, HealthState, InstanceId, LaunchSource, LoadBalancerName, Measure, MetricKey, Power, Role,
    Server, Standing, Subject,
};
use crate::sandbox::{BURST, SandboxCloud, Scenario};

fn servers(cloud: &SandboxCloud) -> Vec<Server> {
    now(cloud.servers(&cloud.topology().deployment)).unwrap()
}

fn of<'a>(servers: &'a [Server], environment: &str, role: &Role) -> Vec<&'a Server> {
    servers
        .iter()
        .filter(|s| s.environment.as_ref().is_some_and(|e| e.as_str() == environment) && s.role.role == *role)
        .collect()
}

#[test]
fn calm_has_every_role_in_three_environments_and_everything_in_service() {
    let cloud = memory(Scenario::Calm);
    let all = servers(&cloud);
    for (environment, web) in [("production", 4), ("staging", 2), ("testing", 1)] {
        assert_eq!(of(&all, environment, &Role::Web).len(), web, "{environment}");
        for role in [Role::Worker, Role::Cache, Role::DbPrimary, Role::DbReplica] {
            let running = of(&all, environment, &role)
                .iter()
                .filter(|s| s.is_target() && s.power == Power::Running)
                .count();
            assert!(running >= 1, "{environment} {role}");
        }
    }
    assert!(all.iter().any(|s| s.role.standing == Standing::Old && s.power == Power::Stopped));
    assert_eq!(all.iter().map(|s| &s.zone).collect::<BTreeSet<_>>().len(), 2);
    for balancer in cloud.topology().load_balancers() {
        let health = now(cloud.member_health(&balancer)).unwrap();
        assert!(!health.is_empty() && health.iter().all(|h| h.state == HealthState::InService), "{health:?}");
    }
    assert_eq!(cloud.troubles().unwrap(), []);
}

#[test]
fn calm_stays_calm_for_three_hours() {
    let cloud = memory(Scenario::Calm);
    let before = servers(&cloud);
    step(&cloud, 3 * 3_600 - 1);
    assert_eq!(servers(&cloud), before);
}

#[test]
fn two_groups_launch_from_templates_and_one_from_configurations() {
    let cloud = memory(Scenario::Calm);
    let groups = now(cloud.groups(&cloud.topology().groups())).unwrap();
    let sources: Vec<LaunchSource> = groups.iter().filter_map(|g| g.launch.clone()).collect();
    let templates = sources.iter().filter(|s| matches!(s, LaunchSource::Template { .. })).count();
    assert_eq!((sources.len(), templates), (3, 2));
    let settings = now(cloud.launch_settings(&sources)).unwrap();
    assert_eq!(settings.len(), 3);
    for settings in settings {
        let label = match &settings.source {
            LaunchSource::Configuration { name } => name.clone(),
            LaunchSource::Template { .. } => settings.description.clone().unwrap(),
        };
        let (made_at, changeset) = crate::fleet::release::parse_name(&label).expect(&label);
        assert!(made_at < cloud.now() && changeset.as_str().len() == 12);
        let image = now(cloud.images(&[settings.image.unwrap()])).unwrap().remove(0);
        let (_, baked) = crate::fleet::release::parse_name(&image.name.unwrap()).unwrap();
        assert_eq!(baked, changeset);
    }
}

#[test]
fn a_moving_template_version_is_resolved_to_the_newest() {
    let cloud = memory(Scenario::Calm);
    let groups = now(cloud.groups(&cloud.topology().groups())).unwrap();
    let launch = groups.iter().find_map(|g| match &g.launch {
        Some(LaunchSource::Template { id, name, version }) => {
            Some((id.clone(), name.clone(), version.clone()))
        }
        _ => None,
    });
    let (id, name, version) = launch.unwrap();
    let moving = LaunchSource::Template { id: id.clone(), name: name.clone(), version: "$Latest".to_owned() };
    let settings = now(cloud.launch_settings(std::slice::from_ref(&moving))).unwrap().remove(0);
    assert_eq!(settings.source, moving);
    assert_eq!(settings.resolved, LaunchSource::Template { id, name, version });
}

#[test]
fn incident_has_exactly_one_member_out_of_service_with_the_balancers_own_reason() {
    let cloud = memory(Scenario::Incident);
    for minutes in [0, 5, 20] {
        step(&cloud, minutes * 60);
        let mut out = Vec::new();
        for balancer in cloud.topology().load_balancers() {
            let health = now(cloud.member_health(&balancer)).unwrap();
            out.extend(health.into_iter().filter(|h| h.state != HealthState::InService));
        }
        assert_eq!(out.len(), 1, "{out:?}");
        assert_eq!(out[0].reason_code.as_deref(), Some("Instance"));
        assert!(out[0].description.as_deref().unwrap().contains("UnhealthyThreshold"), "{out:?}");
        assert!(!out[0].is_changing());
    }
}

#[test]
fn incident_shows_in_the_numbers_and_as_facts() {
    let series = |cloud: &SandboxCloud, measure| {
        let subject = Subject::LoadBalancer(LoadBalancerName::new("myproject-production-lb"));
        let key = MetricKey { subject, measure };
        let mut all = now(cloud.metrics(std::slice::from_ref(&key), Duration::from_secs(5 * 60))).unwrap();
        all.remove(&key).unwrap().points
    };
    let mean = |points: &[(jiff::Timestamp, f64)]| {
        points.iter().map(|p| p.1).sum::<f64>() / f64::from(u32::try_from(points.len()).unwrap())
    };
    let (calm, incident) = (memory(Scenario::Calm), memory(Scenario::Incident));
    assert_eq!(series(&incident, Measure::ErrorRate).len(), 5);
    assert!(mean(&series(&incident, Measure::ErrorRate)) > 2.0);
    assert!(mean(&series(&calm, Measure::ErrorRate)) < 0.1);
    assert!(mean(&series(&incident, Measure::Latency)) > mean(&series(&calm, Measure::Latency)) + 100.0);
    let troubles = incident.troubles().unwrap();
    for trouble in troubles.iter().filter(|t| ["busy", "replica-lagging"].contains(&t.kind.as_str())) {
        let subject = Subject::Server(InstanceId::new(&trouble.subject));
        let key = MetricKey { subject, measure: Measure::Cpu };
        let cpu = |cloud: &SandboxCloud| {
            let mut all =
                now(cloud.metrics(std::slice::from_ref(&key), Duration::from_secs(5 * 60))).unwrap();
            mean(&all.remove(&key).unwrap().points)
        };
        assert!(cpu(&incident) > 85.0 && cpu(&calm) < 60.0, "{trouble:?}");
    }
    let kinds: Vec<&str> = troubles.iter().map(|t| t.kind.as_str()).collect();
    for kind in ["replica-lagging", "queue-growing", "unhealthy"] {
        assert!(kinds.contains(&kind), "{kinds:?}");
    }
    let ids: BTreeSet<String> = servers(&incident).iter().map(|s| s.id.to_string()).collect();
    assert!(troubles.iter().all(|t| ids.contains(&t.subject) || t.subject.ends_with("-lb")));
}

#[test]
fn production_runs_an_older_release_than_staging_and_staging_than_testing() {
    let cloud = memory(Scenario::Calm);
    let servers = servers(&cloud);
    let made = |environment: &str| {
        let image = of(&servers, environment, &Role::Web)[0].image.clone();
        let name = now(cloud.images(&[image])).unwrap().remove(0).name.unwrap();
        crate::fleet::release::parse_name(&name).unwrap()
    };
    let (production, staging, testing) = (made("production"), made("staging"), made("testing"));
    assert!(production.0 < staging.0 && staging.0 < testing.0);
    assert!(production.1 != staging.1 && staging.1 != testing.1);
}

#[test]
fn deploying_begins_half_way() {
    let cloud = memory(Scenario::Deploying);
    let group = now(cloud.groups(&[GroupName::new("myproject-production-ag")])).unwrap().remove(0);
    let behind = group.members.iter().filter(|m| m.launch != group.launch).count();
    let pending = group.members.iter().filter(|m| m.lifecycle == "Pending").count();
    assert_eq!((behind, pending, group.members.len()), (2, 1, 5));
    assert!(group.is_suspended("AZRebalance"));
    assert!(servers(&cloud).iter().any(|s| s.role.standing == Standing::Pending));
}

#[test]
fn large_has_four_thousand_servers() {
    let cloud = memory(Scenario::Large);
    assert_eq!(servers(&cloud).len(), 4_000);
    assert_eq!(now(cloud.groups(&cloud.topology().groups())).unwrap().len(), 20);
}

#[test]
fn empty_is_configured_and_has_nothing() {
    let cloud = memory(Scenario::Empty);
    let topology = cloud.topology();
    assert_eq!(topology.environments.len(), 3);
    assert_eq!(servers(&cloud), []);
    assert_eq!(now(cloud.groups(&topology.groups())).unwrap(), []);
    assert_eq!(now(cloud.load_balancers(&topology.load_balancers())).unwrap(), []);
    let balancer = &topology.load_balancers()[0];
    assert!(matches!(now(cloud.member_health(balancer)), Err(CloudError::Absent(_))));
    assert!(matches!(now(cloud.activities(&topology.groups()[0], 5)), Err(CloudError::Absent(_))));
}

#[test]
fn another_deployment_has_no_servers() {
    let cloud = memory(Scenario::Calm);
    assert_eq!(now(cloud.servers(&"elsewhere".into())).unwrap(), []);
}

#[test]
fn activities_are_newest_first_and_limited() {
    let cloud = memory(Scenario::Calm);
    let group = GroupName::new("myproject-production-ag");
    let all = now(cloud.activities(&group, 100)).unwrap();
    assert!(all.len() >= 8, "{}", all.len());
    assert!(all.is_sorted_by_key(|a| std::cmp::Reverse(a.started_at)));
    assert_eq!(now(cloud.activities(&group, 3)).unwrap(), all[..3]);
}

#[test]
fn every_series_is_in_time_order_and_ends_before_now() {
    let cloud = memory(Scenario::Calm);
    let id = servers(&cloud).into_iter().find(|s| s.power == Power::Running).unwrap().id;
    let topology = cloud.topology();
    let mut keys = vec![
        MetricKey { subject: Subject::Server(id), measure: Measure::Cpu },
        MetricKey { subject: Subject::Group(topology.groups().remove(0)), measure: Measure::Cpu },
    ];
    for measure in Measure::OF_LOAD_BALANCER {
        keys.push(MetricKey { subject: Subject::LoadBalancer(topology.load_balancers().remove(0)), measure });
    }
    let unknown = MetricKey { subject: Subject::Server(InstanceId::new("i-none")), measure: Measure::Cpu };
    keys.push(unknown.clone());
    let answer = now(cloud.metrics(&keys, Duration::from_secs(3_600))).unwrap();
    assert_eq!(answer.len(), keys.len());
    for (key, series) in &answer {
        assert_eq!(series.points.len(), if *key == unknown { 0 } else { 60 }, "{key:?}");
        assert!(series.points.is_sorted_by_key(|p| p.0) && series.points.iter().all(|p| p.0 < cloud.now()));
        assert!(series.points.iter().all(|p| p.1.is_finite() && p.1 >= 0.0), "{series:?}");
    }
}

#[test]
fn throttling_comes_at_the_stated_rate_and_never_as_out_of_service() {
    let cloud = memory(Scenario::Calm).with_throttling(100);
    let balancer = LoadBalancerName::new("myproject-production-lb");
    let mut throttled = 0;
    for n in 0..2_000 + BURST {
        match now(cloud.member_health(&balancer)) {
            Ok(health) => assert!(health.iter().all(|h| h.state == HealthState::InService)),
            Err(error) => {
                assert!(matches!(error, CloudError::Throttled(_)), "{error:?}");
                assert!(n >= BURST, "request {n} was throttled");
                throttled += 1;
            }
        }
    }
    assert!((140..=260).contains(&throttled), "{throttled} of 2000");
}

#[test]
fn an_in_memory_world_never_throttles() {
    let cloud = memory(Scenario::Calm);
    assert!((0..1_000).all(|_| now(cloud.identity()).is_ok()));
}
