//! What the console reads and `describe` does not print, through the adapter itself.

use std::time::Duration;

use quarterdeck::cloud::aws::{AwsCloud, Options, connect};
use quarterdeck::cloud::{CloudError, CloudRead};
use quarterdeck::fleet::{
    CreditMode, EventKind, GroupName, ImageId, InstanceId, LaunchSource, LoadBalancerName, Measure,
    MetricKey, Series, Subject,
};
use quarterdeck::remote::host_keys::{HostKey, keys_in_console};
use serde_json::{Value, json};

use crate::kit::{Endpoint, Project, Wire, with_credentials};

pub fn seeded(arguments: &'static [&'static str]) -> impl FnOnce() -> (Endpoint, Project, Value) {
    move || {
        let (endpoint, made) = Endpoint::seeded(arguments);
        let project = Project::new(&endpoint, "myproject", &["staging"]);
        (endpoint, project, made)
    }
}

pub fn run<T>(work: impl AsyncFnOnce(AwsCloud) -> T) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let options = Options { region: Some("us-east-1".into()), ..Options::default() };
        work(connect(&options).await.unwrap()).await
    })
}

#[test]
fn metrics_are_read_in_the_units_the_console_shows() {
    let name = "library::metrics_are_read_in_the_units_the_console_shows";
    let prepare = || {
        let (endpoint, project, made) = seeded(&["--metrics"])();
        let dimension = json!([{"Name": "InstanceId", "Value": "i-odd"}]);
        let point = json!({"MetricName": "CPUUtilization", "Dimensions": dimension, "Value": 2.875, "Unit": "Percent"});
        endpoint.call(
            "cloudwatch",
            "put_metric_data",
            &json!({"Namespace": "AWS/EC2", "MetricData": [point]}),
        );
        let dimension = json!([{"Name": "VolumeId", "Value": "vol-data"}]);
        let point =
            json!({"MetricName": "BurstBalance", "Dimensions": dimension, "Value": 12.0, "Unit": "Percent"});
        endpoint.call(
            "cloudwatch",
            "put_metric_data",
            &json!({"Namespace": "AWS/EBS", "MetricData": [point]}),
        );
        (endpoint, project, made)
    };
    with_credentials(name, prepare, |_, made| {
        let place = &made["envs"]["staging"];
        let balancer = Subject::LoadBalancer(place["load_balancer"].as_str().unwrap().into());
        let group = Subject::Group(place["group"].as_str().unwrap().into());
        let server = Subject::Server(place["servers"]["web"][0].as_str().unwrap().into());
        let key = |subject: &Subject, measure| MetricKey { subject: subject.clone(), measure };
        let mut keys: Vec<_> = Measure::OF_LOAD_BALANCER.iter().map(|m| key(&balancer, *m)).collect();
        keys.extend([key(&group, Measure::Cpu), key(&server, Measure::Cpu)]);
        keys.push(key(&Subject::Server("i-nobody".into()), Measure::Cpu));
        // Its eight bytes begin with 40 07: what is binary must not be read as text anywhere on the way.
        let odd = key(&Subject::Server("i-odd".into()), Measure::Cpu);
        keys.push(odd.clone());
        let burst = key(&Subject::Volume("vol-data".into()), Measure::Burst);
        keys.push(burst.clone());
        let found = run(async |cloud| cloud.metrics(&keys, Duration::from_secs(1_800)).await).unwrap();
        let last = |key: &MetricKey| found[key].last();
        let close = |key: &MetricKey, wanted: f64| {
            let got = last(key).unwrap_or_else(|| panic!("no points of {key:?}"));
            assert!((got - wanted).abs() < 0.001, "{key:?}: {got}");
        };
        close(&key(&balancer, Measure::Requests), 10.0);
        close(&key(&balancer, Measure::Latency), 310.0);
        close(&key(&balancer, Measure::ErrorRate), 4.0);
        close(&key(&balancer, Measure::SurgeQueue), 7.0);
        close(&key(&group, Measure::Cpu), 42.0);
        close(&key(&server, Measure::Cpu), 77.0);
        close(&odd, 2.875);
        close(&burst, 12.0);
        assert_eq!(found[&keys[6]].points, Series::default().points);
        assert_eq!(found[&keys[0]].points.len(), 10);
        assert_eq!(found[&keys[2]].points[0].1.to_string(), "0", "no failures is 0 %, not a gap");
    });
}

#[test]
fn activities_come_newest_first_and_no_more_than_asked() {
    let name = "library::activities_come_newest_first_and_no_more_than_asked";
    with_credentials(name, seeded(&["--web", "3", "--behind", "1"]), |_, made| {
        let group: GroupName = made["envs"]["staging"]["group"].as_str().unwrap().into();
        let found = run(async |cloud| cloud.activities(&group, 2).await).unwrap();
        assert_eq!(found.len(), 2);
        assert!(found[0].description.starts_with("Launching a new EC2 instance: i-"), "{found:?}");
        assert!(found[0].started_at >= found[1].started_at);
    });
}

#[test]
fn what_is_gone_is_left_out_and_the_rest_is_read() {
    let name = "library::what_is_gone_is_left_out_and_the_rest_is_read";
    with_credentials(name, seeded(&["--launch", "lt", "--behind", "1"]), |_, made| {
        let place = &made["envs"]["staging"];
        let group: GroupName = place["group"].as_str().unwrap().into();
        run(async |cloud| {
            let groups = cloud.groups(&[group, "nobody".into()]).await.unwrap();
            assert_eq!(groups.len(), 1);
            let Some(LaunchSource::Template { id, name, version }) = groups[0].launch.clone() else {
                panic!()
            };
            assert_eq!(version, "$Latest");
            let of = |version: &str| LaunchSource::Template {
                id: id.clone(),
                name: name.clone(),
                version: version.into(),
            };
            let gone = LaunchSource::Template {
                id: "lt-0123456789abcdef0".into(),
                name: String::new(),
                version: "1".into(),
            };
            let asked =
                [of("$Latest"), of("1"), of("99"), gone, LaunchSource::Configuration { name: "gone".into() }];
            let settings = cloud.launch_settings(&asked).await.unwrap();
            let labels: Vec<String> = settings.iter().map(|s| s.resolved.label()).collect();
            assert_eq!(labels, [format!("{name} v2"), format!("{name} v1")]);
            let image = ImageId::new(place["image"].as_str().unwrap());
            let images =
                cloud.images(&["ami-0123456789abcdef0".into(), image.clone(), "?".into()]).await.unwrap();
            assert_eq!(images.iter().map(|i| &i.id).collect::<Vec<_>>(), [&image]);
        });
    });
}

#[test]
fn health_of_a_load_balancer_that_is_gone_is_absent() {
    let name = "library::health_of_a_load_balancer_that_is_gone_is_absent";
    with_credentials(name, seeded(&[]), |_, _| {
        let error = run(async |cloud| cloud.member_health(&"nobody-lb".into()).await).unwrap_err();
        let CloudError::Absent(said) = error else { panic!("{error:?}") };
        assert!(said.starts_with("load balancer nobody-lb does not exist"), "{said}");
    });
}

#[test]
fn what_an_instance_printed_on_its_console_is_read_and_its_host_keys_are_found() {
    let name = "library::what_an_instance_printed_on_its_console_is_read_and_its_host_keys_are_found";
    let server =
        |made: &Value, role: &str| made["envs"]["staging"]["servers"][role][0].as_str().unwrap().to_owned();
    let prepare = || {
        let (endpoint, project, made) = seeded(&[])();
        let key = include_str!("../../src/remote/host_keys/testdata/ed25519.pub");
        // Longer than one line of base64, and not all of it text.
        let text = format!(
            "{}\u{1b}[0;32m  OK  \u{1b}[0m\n-----BEGIN SSH HOST KEY KEYS-----\n{key}-----END SSH HOST KEY KEYS-----\n",
            "[    0.000000] Linux version 6.8.0-aws ümläut\r\n".repeat(500)
        );
        endpoint.console(&server(&made, "cache"), &text);
        endpoint.faults(&[("GetConsoleOutput", "UnauthorizedOperation", 1)]);
        (endpoint, project, made)
    };
    with_credentials(name, prepare, |url, made| {
        let [cache, worker] = ["cache", "worker"].map(|role| InstanceId::new(server(&made, role)));
        let wire = Wire::to(url);
        let shown = |text: Option<&str>| {
            wire.own("POST", "/_test/screens", &json!({ worker.as_str(): text }).to_string());
        };
        run(async |cloud| {
            let denied = cloud.console_output(&cache).await.unwrap_err();
            let CloudError::Denied(said) = denied else { panic!("{denied:?}") };
            assert!(said.contains("ec2:GetConsoleOutput"), "{said}");
            let read = cloud.console_output(&cache).await.unwrap().unwrap();
            let keys = keys_in_console(&read);
            assert_eq!(keys.iter().map(HostKey::kind).collect::<Vec<_>>(), ["ssh-ed25519"]);
            assert_eq!(cloud.console_output(&worker).await.unwrap(), None);
            // What was kept ends before the keys: what stands there now counts, if EC2 can tell.
            wire.console(worker.as_str(), "[    0.000000] Linux version 6.8.0-aws");
            shown(Some(&read));
            assert_eq!(cloud.console_output(&worker).await.unwrap().as_ref(), Some(&read));
            shown(None);
            let kept = cloud.console_output(&worker).await.unwrap().unwrap();
            assert!(kept.starts_with("[    0.000000]") && keys_in_console(&kept).is_empty(), "{kept}");
            let gone = cloud.console_output(&"i-0123456789abcdef0".into()).await.unwrap_err();
            assert!(matches!(gone, CloudError::Absent(_)), "{gone:?}");
        });
    });
}

#[test]
fn r26_what_ec2_says_of_machines_is_read_in_one_request_whoever_is_asked_about() {
    let name = "library::r26_what_ec2_says_of_machines_is_read_in_one_request_whoever_is_asked_about";
    let prepare = || {
        let (endpoint, project, made) = seeded(&["--web", "2"])();
        let servers = &made["envs"]["staging"]["servers"];
        let web = servers["web"][0].as_str().unwrap();
        let primary = servers["db-primary"][0].as_str().unwrap();
        let event =
            json!([["instance-retirement", "The instance is running on degraded hardware", 1_900_000_000]]);
        let checks = json!({
            web: { "system": 1_800_000_000, "instance": 1_800_000_060 },
            primary: { "events": event },
        });
        endpoint.own("POST", "/_test/checks", &checks.to_string());
        (endpoint, project, made)
    };
    with_credentials(name, prepare, |url, made| {
        let servers = made["envs"]["staging"]["servers"].as_object().unwrap();
        let all: Vec<InstanceId> = servers
            .values()
            .flat_map(|of_role| of_role.as_array().unwrap())
            .map(|id| id.as_str().unwrap().into())
            .collect();
        let id = |role: &str, n: usize| InstanceId::new(servers[role][n].as_str().unwrap());
        let wire = Wire::to(url);
        let asked = || wire.requests().get("DescribeInstanceStatus").copied().unwrap_or(0);
        run(async |cloud| {
            let found = cloud.machine_status(&all).await.unwrap();
            assert_eq!((found.len(), asked()), (all.len(), 1));
            let broken = &found[&id("web", 0)];
            assert!(broken.system.fails() && broken.instance.fails() && !broken.disks.fails());
            assert_eq!(broken.system.since.unwrap().as_second(), 1_800_000_000);
            let well = &found[&id("web", 1)];
            assert!(!well.system.fails() && !well.instance.fails() && well.events.is_empty());
            let event = &found[&id("db-primary", 0)].events[0];
            assert_eq!((event.kind, event.kind.ends_it()), (EventKind::Retirement, true));
            assert_eq!(event.from.unwrap().as_second(), 1_900_000_000);
            // One that is gone fails the request by name: then everything is read, and only what was asked for is told.
            let some = [id("web", 0), "i-0123456789abcdef0".into()];
            let found = cloud.machine_status(&some).await.unwrap();
            assert_eq!(found.keys().collect::<Vec<_>>(), [&some[0]]);
            assert_eq!(asked(), 3);
            assert!(
                cloud.machine_status(&[]).await.unwrap().is_empty() && asked() == 3,
                "nobody is asked about"
            );
            let balancer: LoadBalancerName =
                made["envs"]["staging"]["load_balancer"].as_str().unwrap().into();
            let one = [balancer.clone()];
            assert_eq!(cloud.draining(&one).await.unwrap(), [(balancer.clone(), Some(300))].into());
            let off = json!({ "LoadBalancerName": balancer.as_str(), "LoadBalancerAttributes": {
                "ConnectionDraining": { "Enabled": false } } });
            wire.call("elb", "modify_load_balancer_attributes", &off);
            assert_eq!(cloud.draining(&one).await.unwrap(), [(balancer, None)].into(), "R26");
            // One that is not there is left out.
            wire.faults(&[("DescribeLoadBalancerAttributes", "LoadBalancerNotFound", 1)]);
            assert!(cloud.draining(&one).await.unwrap().is_empty());
            // moto's servers are held back without credits.
            let modes = cloud.credit_modes(&all).await.unwrap();
            assert!(modes.len() == all.len() && modes.values().all(|mode| *mode == CreditMode::Standard));
        });
    });
}

#[test]
fn r26_status_that_may_not_be_read_names_the_action() {
    let name = "library::r26_status_that_may_not_be_read_names_the_action";
    let prepare = || {
        let (endpoint, project, made) = seeded(&[])();
        endpoint.faults(&[("DescribeInstanceStatus", "UnauthorizedOperation", 1)]);
        (endpoint, project, made)
    };
    with_credentials(name, prepare, |_, made| {
        let cache: InstanceId = made["envs"]["staging"]["servers"]["cache"][0].as_str().unwrap().into();
        let denied = run(async |cloud| cloud.machine_status(&[cache]).await).unwrap_err();
        let CloudError::Denied(said) = denied else { panic!("{denied:?}") };
        assert!(said.contains("ec2:DescribeInstanceStatus"), "{said}");
    });
}
