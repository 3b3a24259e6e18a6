//! What a refresh costs.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::*;
use crate::fleet::sample::certificate;
use crate::fleet::{
    GroupName, Image, InstanceId, LaunchSettings, LaunchSource, Listener, Measure, Power, Source, Subject,
};
use crate::refresh::fake::{configuration, fleet};
use crate::refresh::want::chunks;
use crate::refresh::{Limits, once};

#[tokio::test(start_paused = true)]
async fn the_number_of_requests_does_not_grow_with_the_servers() {
    let mut costs = BTreeSet::new();
    for web in [2, 20, 100] {
        let (cloud, topology) = fleet(&[("production", web)]);
        let snapshot = once(Arc::new(cloud.clone()), None, topology, Limits::ONCE).await;
        assert_eq!(snapshot.servers.value().unwrap().len(), web + 4);
        costs.insert(cloud.all_calls());
    }
    assert_eq!(costs, BTreeSet::from([8]));
}

#[tokio::test(start_paused = true)]
async fn a_refresh_of_a_hundred_web_servers_on_screen_takes_at_most_eight_requests() {
    let (cloud, topology) = fleet(&[("production", 100)]);
    let handle = begin(&cloud, &topology);
    tell(&handle, look(&topology)).await;
    seconds(1).await;
    // The first refresh with activities, then the numbers, the locks, the status checks and what load balancers do with those
    // who leave by themselves.
    assert_eq!(cloud.all_calls(), 8 + 4);
    let before = cloud.all_calls();
    tell(&handle, Command::Now).await;
    seconds(1).await;
    let forced = cloud.all_calls() - before;
    assert!(forced <= 8, "{forced}");
}

#[tokio::test(start_paused = true)]
async fn who_we_are_is_asked_once() {
    let (cloud, topology) = fleet(&[("production", 2)]);
    let handle = begin(&cloud, &topology);
    seconds(600).await;
    assert_eq!(cloud.calls(Source::StsGetCallerIdentity), 1);
    assert_eq!(handle.snapshots.borrow().identity.value().unwrap().who(), "ops/jane");
}

#[tokio::test(start_paused = true)]
async fn launch_settings_and_images_are_read_only_when_new_ones_appear() {
    let (cloud, topology) = fleet(&[("production", 2)]);
    let handle = begin(&cloud, &topology);
    seconds(300).await;
    assert_eq!((cloud.calls(Source::LaunchSettings), cloud.calls(Source::Ec2DescribeImages)), (1, 1));

    let next = configuration("production", "ffff0000");
    {
        let mut world = cloud.world();
        world.groups[0].launch = Some(next.clone());
        let image = Image { id: "ami-2".into(), ..world.images[0].clone() };
        world.images.push(image);
        let mut settings = world.launch[0].clone();
        settings = LaunchSettings { source: next.clone(), resolved: next.clone(), ..settings };
        settings.image = Some("ami-2".into());
        world.launch.push(settings);
    }
    seconds(300).await;
    assert_eq!(cloud.world().launch_requests[1..], [vec![next.clone()]]);
    assert_eq!(cloud.world().image_requests[1..], [vec!["ami-2".into()]]);
    let snapshot = handle.snapshots.borrow().clone();
    assert_eq!(snapshot.launch.value().unwrap().len(), 2, "what members still run stays known");
    assert_eq!(snapshot.release_of_launch(&next).changeset.unwrap().as_str(), "ffff0000");
}

#[tokio::test(start_paused = true)]
async fn a_moving_template_version_and_a_deleted_one_are_asked_about_once_a_minute() {
    let (cloud, topology) = fleet(&[("production", 2)]);
    let template = |version: &str| LaunchSource::Template {
        id: "lt-1".into(),
        name: "web".into(),
        version: version.into(),
    };
    {
        let mut world = cloud.world();
        world.groups[0].launch = Some(template("$Latest"));
        world.groups[0].members[0].launch = Some(configuration("production", "deleted"));
        world.launch[0].source = template("$Latest");
        world.launch[0].resolved = template("7");
    }
    let handle = begin(&cloud, &topology);
    seconds(295).await;
    let asked = cloud.calls(Source::LaunchSettings);
    assert!((4..=6).contains(&asked), "{asked} in five minutes");
    assert!(handle.snapshots.borrow().launch.failure().is_none());
}

#[tokio::test(start_paused = true)]
async fn a_terminated_servers_image_is_not_asked_about() {
    let (cloud, topology) = fleet(&[("production", 1)]);
    cloud.world().servers[0].power = Power::Terminated;
    cloud.world().servers[0].image = "ami-gone".into();
    once(Arc::new(cloud.clone()), None, topology, Limits::ONCE).await;
    assert_eq!(cloud.world().image_requests, [vec!["ami-1".into()]]);
}

/// Has the load balancer serve a certificate that there is.
fn serve(cloud: &crate::refresh::fake::Fake, arn: &str) {
    let mut world = cloud.world();
    world.load_balancers[0].listeners = vec![Listener {
        protocol: "HTTPS".into(),
        port: 443,
        instance_protocol: "HTTPS".into(),
        instance_port: 443,
        certificate: Some(arn.into()),
    }];
    world.certificates.push(certificate(arn, &["production.example.com"]));
}

#[tokio::test(start_paused = true)]
async fn certificates_are_read_every_half_hour_and_at_once_where_one_is_new() {
    let (cloud, topology) = fleet(&[("production", 2)]);
    serve(&cloud, "arn:aws:acm:us-east-1:1:certificate/a");
    let handle = begin(&cloud, &topology);
    seconds(20 * 60).await;
    assert_eq!(cloud.calls(Source::AcmCertificates), 1);
    serve(&cloud, "arn:aws:acm:us-east-1:1:certificate/b");
    seconds(4 * 60).await;
    assert_eq!(cloud.calls(Source::AcmCertificates), 2);
    let snapshot = handle.snapshots.borrow().clone();
    assert!(snapshot.certificate("arn:aws:acm:us-east-1:1:certificate/b").unwrap().is_some());
    seconds(33 * 60).await;
    assert_eq!(cloud.calls(Source::AcmCertificates), 3);
    assert_eq!(cloud.calls(Source::IamServerCertificates), 0, "none of IAM is served");
}

#[tokio::test(start_paused = true)]
async fn certificates_that_may_not_be_read_are_not_asked_for_again_and_again() {
    let (cloud, topology) = fleet(&[("production", 2)]);
    serve(&cloud, "arn:aws:iam::1:server-certificate/site");
    let denied = crate::cloud::CloudError::Denied("ask for iam:ListServerCertificates".into());
    cloud.script(Source::IamServerCertificates, crate::refresh::fake::Script::Fail(denied));
    let handle = begin(&cloud, &topology);
    seconds(20 * 60).await;
    assert_eq!(cloud.calls(Source::IamServerCertificates), 1);
    tell(&handle, Command::Now).await;
    seconds(5).await;
    assert_eq!(cloud.calls(Source::IamServerCertificates), 2, "somebody asked by hand");
}

#[tokio::test(start_paused = true)]
async fn metrics_are_read_only_for_what_is_on_screen_and_once_a_minute() {
    let (cloud, topology) = fleet(&[("production", 2), ("staging", 1)]);
    let handle = begin(&cloud, &topology);
    seconds(120).await;
    assert_eq!(cloud.calls(Source::CloudWatchGetMetricData), 0);

    let mut interest = Interest { environments: ["staging".into()].into(), ..Interest::default() };
    tell(&handle, Command::Look(interest.clone())).await;
    seconds(1).await;
    let staging: Vec<Subject> = cloud.world().metric_requests[0].iter().map(|k| k.subject.clone()).collect();
    assert_eq!(staging.len(), 5, "four of the load balancer, one of the group");
    assert!(staging.contains(&Subject::Group(GroupName::new("staging-ag"))));
    assert!(!staging.contains(&Subject::Group(GroupName::new("production-ag"))));

    let server = InstanceId::new("i-staging-web0");
    interest.servers.insert(server.clone());
    tell(&handle, Command::Look(interest.clone())).await;
    seconds(1).await;
    let one = crate::fleet::MetricKey { subject: Subject::Server(server), measure: Measure::Cpu };
    assert_eq!(cloud.world().metric_requests[1], [one], "only what is new");
    seconds(300).await;
    let requests = cloud.calls(Source::CloudWatchGetMetricData);
    assert!(requests <= 2 + 2 * 5, "{requests}");

    tell(&handle, Command::Look(Interest::default())).await;
    seconds(1).await;
    let before = cloud.calls(Source::CloudWatchGetMetricData);
    seconds(300).await;
    assert_eq!(cloud.calls(Source::CloudWatchGetMetricData), before);
}

#[tokio::test(start_paused = true)]
async fn numbers_that_nobody_looks_at_are_let_go() {
    let (cloud, topology) = fleet(&[("production", 2)]);
    let handle = begin(&cloud, &topology);
    tell(&handle, look(&topology)).await;
    seconds(10).await;
    assert_eq!(handle.snapshots.borrow().metrics.len(), 5);
    tell(&handle, Command::Look(Interest::default())).await;
    seconds(20 * 60).await;
    let snapshot = handle.snapshots.borrow().clone();
    assert!(snapshot.metrics.is_empty() && snapshot.activities.is_empty());
}

#[tokio::test(start_paused = true)]
async fn activities_are_read_only_of_groups_on_screen() {
    let (cloud, topology) = fleet(&[("production", 2), ("staging", 1)]);
    let handle = begin(&cloud, &topology);
    seconds(30).await;
    assert_eq!(cloud.calls(Source::AutoScalingDescribeActivities), 0);
    let interest = Interest { environments: ["staging".into()].into(), ..Interest::default() };
    tell(&handle, Command::Look(interest)).await;
    seconds(1).await;
    assert_eq!(cloud.calls(Source::AutoScalingDescribeActivities), 1, "at once, not with the next beat");
    assert!(handle.snapshots.borrow().activities.contains_key("staging-ag"));
}

#[test]
fn metrics_are_cut_into_requests_of_at_most_five_hundred_queries() {
    let key = |measure| move |n| crate::fleet::MetricKey { subject: Subject::Server(id(n)), measure };
    let sizes = |keys: Vec<_>| chunks(keys).iter().map(Vec::len).collect::<Vec<_>>();
    assert_eq!(sizes((0..1_001).map(key(Measure::Cpu)).collect()), [500, 500, 1]);
    assert_eq!(sizes((0..500).map(key(Measure::Cpu)).collect()), [500]);
    assert_eq!(sizes((0..126).map(key(Measure::ErrorRate)).collect()), [125, 1], "four queries each");
    assert!(chunks(Vec::new()).is_empty());
}

fn id(n: u32) -> InstanceId {
    InstanceId::new(format!("i-{n}"))
}

#[tokio::test(start_paused = true)]
async fn a_large_fleet_reads_the_health_of_its_load_balancers_in_turn() {
    let names: Vec<String> = (0..40).map(|n| format!("env{n:02}")).collect();
    let all: Vec<(&str, usize)> = names.iter().map(|n| (n.as_str(), 1)).collect();
    let (cloud, topology) = fleet(&all);
    let handle = begin(&cloud, &topology);
    seconds(5).await;
    assert_eq!(cloud.calls(Source::ElbDescribeInstanceHealth), 40, "all of them at first");
    seconds(10).await;
    assert_eq!(cloud.calls(Source::ElbDescribeInstanceHealth), 52);
    seconds(30).await;
    let snapshot = handle.snapshots.borrow().clone();
    let oldest = snapshot.health.values().filter_map(crate::fleet::Reading::read_at).min().unwrap();
    assert!(oldest > crate::refresh::fake::epoch() + jiff::SignedDuration::from_secs(5), "each had its turn");
    assert!(cloud.world().most_at_once <= Limits::LOOP.at_once);
}

#[tokio::test(start_paused = true)]
async fn an_environment_without_group_and_load_balancer_asks_about_neither() {
    let (cloud, topology) = fleet(&[("production", 2)]);
    let mut bare = (*topology).clone();
    bare.environments[0].group = None;
    bare.environments[0].load_balancers.clear();
    let snapshot = once(Arc::new(cloud.clone()), None, Arc::new(bare), Limits::ONCE).await;
    assert_eq!(cloud.calls(Source::AutoScalingDescribeGroups), 0);
    assert_eq!(cloud.calls(Source::ElbDescribeLoadBalancers), 0);
    assert!(snapshot.groups.value().unwrap().is_empty(), "known to be none");
    assert!(snapshot.launch.value().unwrap().is_empty());
}
