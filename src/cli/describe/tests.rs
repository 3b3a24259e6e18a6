//! What `describe` says of a scripted cloud.

use std::sync::Arc;

use super::*;
use crate::cloud::CloudError;
use crate::fleet::{Activity, HealthState, Power, Source, SuspendedProcess};
use crate::refresh::fake::{Fake, Script, configuration, fleet};
use crate::refresh::fake_hosts::{FakeRemote, Manner};
use crate::remote::Refusal;

async fn describe(
    cloud: &Fake,
    topology: &Arc<Topology>,
    environment: Option<&str>,
    json: bool,
) -> (Exit, String) {
    let environment = environment.map(str::to_owned);
    let request = Request {
        environment,
        hosts: true,
        json,
        paint: Paint { colours: false },
        thresholds: Thresholds::default(),
    };
    asked(target(cloud, topology), &request).await
}

fn target(cloud: &Fake, topology: &Arc<Topology>) -> Target {
    Target {
        cloud: Arc::new(cloud.clone()),
        topology: Arc::clone(topology),
        cloud_change: None,
        remote: None,
        change: None,
        no_remote: None,
        clone: None,
        templates: None,
        speed: 1.0,
        problems: Vec::new(),
    }
}

async fn asked(target: Target, request: &Request) -> (Exit, String) {
    let mut out = Vec::new();
    let exit = run(target, request, &mut out).await.unwrap();
    (exit, String::from_utf8(out).unwrap())
}

/// Two environments with something of everything.
fn spoiled() -> (Fake, Arc<Topology>) {
    let (cloud, topology) = fleet(&[("staging", 1), ("production", 2)]);
    {
        let mut world = cloud.world();
        let members = world.health.get_mut("production-lb").unwrap();
        members[1].state = HealthState::OutOfService;
        members[1].reason_code = Some("Instance".into());
        members[1].description = Some("Instance has failed at least 2 health checks.".into());
        let suspended = SuspendedProcess { process: "Launch".into(), reason: "User suspended".into() };
        world.groups[1].suspended.push(suspended);
        world.groups[1].members[1].launch = Some(configuration("production", "0ld0ld00"));
        world.servers.push(crate::fleet::sample::server("i-old", "production", "worker-OLD"));
        let mut foreign = crate::fleet::sample::server("i-foreign", "demo", "web");
        foreign.group = None;
        foreign.name = None;
        world.servers.push(foreign);
    }
    (cloud, topology)
}

#[tokio::test(start_paused = true)]
async fn the_shape_of_the_json_is_as_written_down() {
    let (cloud, topology) = spoiled();
    let throttled = Script::Fail(CloudError::Denied("Not allowed: ask for ec2:DescribeImages".into()));
    cloud.script(Source::Ec2DescribeImages, throttled);
    let (exit, text) = describe(&cloud, &topology, None, true).await;
    assert_eq!(exit, Exit::Failed);
    insta::assert_snapshot!("json", text);
}

#[tokio::test(start_paused = true)]
async fn the_text_is_as_written_down() {
    let (cloud, topology) = spoiled();
    let (exit, text) = describe(&cloud, &topology, None, false).await;
    assert_eq!(exit, Exit::Done);
    insta::assert_snapshot!("text", text);
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_read_is_a_question_mark_and_named_at_the_end() {
    let (cloud, topology) = fleet(&[("production", 2)]);
    for source in [Source::Ec2DescribeInstances, Source::ElbDescribeInstanceHealth] {
        cloud.script(
            source,
            Script::Fail(CloudError::Denied(format!("Not allowed: ask for {}", source.action()))),
        );
    }
    let (exit, text) = describe(&cloud, &topology, None, false).await;
    assert_eq!(exit, Exit::Failed);
    assert!(text.contains("servers         ? (forbidden)"), "{text}");
    assert!(text.contains("? in service (forbidden)"), "{text}");
    assert!(
        text.contains("Could not be read\n  servers: Not allowed: ask for ec2:DescribeInstances"),
        "{text}"
    );
    assert!(!text.contains("down"), "{text}");

    let (_, text) = describe(&cloud, &topology, None, true).await;
    let document: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert!(document["environments"][0]["servers"].is_null(), "unknown, not empty");
    assert!(document["elsewhere"].is_null(), "unknown, not empty");
    assert_eq!(document["failures"][0]["what"], "servers");
    assert_eq!(document["failures"][0]["kind"], "denied");
}

#[tokio::test(start_paused = true)]
async fn a_server_whose_health_is_not_known_is_a_question_mark_and_not_out_of_service() {
    let (cloud, topology) = fleet(&[("production", 1)]);
    cloud.script(Source::ElbDescribeInstanceHealth, Script::Fail(CloudError::Other("broken".into())));
    let (_, text) = describe(&cloud, &topology, None, false).await;
    let row = text.lines().find(|l| l.contains("i-production-web0")).unwrap();
    assert!(row.ends_with('?'), "{row}");
    assert!(!text.contains("OutOfService"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn a_load_balancer_that_does_not_exist_is_an_answer_and_not_a_failure() {
    let (cloud, topology) = fleet(&[("production", 1)]);
    cloud.world().load_balancers.clear();
    cloud.world().health.clear();
    let (exit, text) = describe(&cloud, &topology, None, false).await;
    assert_eq!(exit, Exit::Done);
    assert!(text.contains("production-lb  does not exist"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn one_environment_costs_only_its_own_requests() {
    let (cloud, topology) = fleet(&[("a", 1), ("b", 1), ("c", 1)]);
    let (_, text) = describe(&cloud, &topology, Some("b"), false).await;
    assert_eq!(cloud.calls(Source::ElbDescribeInstanceHealth), 1);
    assert!(!text.contains("In no environment"), "{text}");
}

#[tokio::test(start_paused = true)]
async fn a_long_name_is_cut_in_the_table_and_whole_in_the_json() {
    let (cloud, topology) = fleet(&[("production", 2)]);
    let long = "漢".repeat(crate::fleet::text::MAX_CHARS);
    {
        let mut world = cloud.world();
        world.servers[0].name = Some(long.clone());
        world.servers[1].role.role = crate::fleet::Role::Other(long.clone());
    }
    let (_, text) = describe(&cloud, &topology, None, false).await;
    let wide = text.lines().map(unicode_width::UnicodeWidthStr::width).max().unwrap();
    assert!(wide < 220, "{wide}:\n{text}");
    assert!(text.contains(&format!("  {}…  ", "漢".repeat(19))), "{text}");
    assert!(text.contains("InService"), "{text}");
    let (_, json) = describe(&cloud, &topology, None, true).await;
    assert_eq!(json.matches(&long).count(), 2, "{json}");
}

#[tokio::test(start_paused = true)]
async fn terminated_servers_are_left_out() {
    let (cloud, topology) = fleet(&[("production", 2)]);
    cloud.world().servers[0].power = Power::Terminated;
    cloud.world().activities = Vec::<Activity>::new();
    let (_, text) = describe(&cloud, &topology, None, false).await;
    assert!(!text.contains("terminated"), "{text}");
}

#[test]
fn colours_are_put_only_where_they_are_wanted() {
    let (plain, painted) = (Paint { colours: false }, Paint { colours: true });
    let (cloud, topology) = {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let _guard = runtime.enter();
        fleet(&[("production", 1)])
    };
    let snapshot = cloud.world().snapshot();
    for (paint, wanted) in [(plain, false), (painted, true)] {
        let request =
            Request { environment: None, hosts: true, json: false, paint, thresholds: Thresholds::default() };
        let mut out = Vec::new();
        print(&cloud, &topology, &snapshot, None, &request, &mut out).unwrap();
        assert_eq!(String::from_utf8(out).unwrap().contains('\u{1b}'), wanted);
    }
}

#[tokio::test(start_paused = true)]
async fn what_was_not_measured_on_a_server_is_a_failure_for_each_topic_and_one_for_a_server_out_of_reach() {
    let (cloud, topology) = fleet(&[("production", 1)]);
    let remote = FakeRemote::new();
    let refused = Refusal::Refused { server: "i-production-cache".into(), detail: String::new() };
    remote.manner("i-production-cache", Manner::Refuse(refused));
    let target = Target { remote: Some(Arc::new(remote)), ..target(&cloud, &topology) };
    let request = Request {
        environment: None,
        hosts: true,
        json: true,
        paint: Paint { colours: false },
        thresholds: Thresholds::default(),
    };
    let (exit, text) = asked(target, &request).await;
    assert_eq!(exit, Exit::Failed);
    let document: serde_json::Value = serde_json::from_str(&text).unwrap();
    let failures = document["failures"].as_array().unwrap();
    let what: Vec<&str> = failures.iter().map(|failure| failure["what"].as_str().unwrap()).collect();
    assert_eq!(what.iter().filter(|what| what.ends_with("i-production-cache")).count(), 1, "{what:?}");
    assert!(what.contains(&"i-production-cache"), "{what:?}");
    // The scripted server says nothing sensible but for its machine.
    assert!(what.contains(&"postgres of i-production-db-primary"), "{what:?}");
    assert!(!what.contains(&"machine of i-production-db-primary"), "{what:?}");
}

#[tokio::test(start_paused = true)]
async fn servers_that_cannot_be_asked_at_all_are_a_failure_unless_nobody_wanted_them() {
    let (cloud, topology) = fleet(&[("production", 1)]);
    for (hosts, wanted) in [(true, Exit::Failed), (false, Exit::Done)] {
        let target = Target { no_remote: Some("There is no ssh here".into()), ..target(&cloud, &topology) };
        let request = Request {
            environment: None,
            hosts,
            json: false,
            paint: Paint { colours: false },
            thresholds: Thresholds::default(),
        };
        let (exit, text) = asked(target, &request).await;
        assert_eq!((exit, text.contains("measurements: There is no ssh here")), (wanted, hosts), "{text}");
    }
}
