//! Servers that are launched, terminated, and join and leave load balancers.

use quarterdeck::cloud::{CloudChange, CloudError, CloudRead, ServerSpec};
use quarterdeck::fleet::{ImageId, NewServer, NewVolume, Power, Process, Server};
use serde_json::json;

use super::{Account, account, in_service};

/// A worker like the one that is there.
async fn spec(a: &Account, token: &str) -> ServerSpec {
    let like = server(a, a.servers("worker")[0].as_str()).await;
    let server = NewServer {
        image: like.image,
        instance_type: "m5.large".into(),
        zone: Some("us-east-1c".into()),
        subnet: None,
        public_address: false,
        security_groups: vec!["default".into()],
        key_name: None,
        instance_profile: None,
        tokens_required: None,
        volumes: Vec::new(),
        tags: [
            ("deployment", "myproject"),
            ("environment", "staging"),
            ("role", "worker-PENDING"),
            ("Name", "myproject_staging_worker-PENDING"),
        ]
        .map(|(key, value)| (key.to_owned(), value.to_owned()))
        .to_vec(),
    };
    ServerSpec { token: token.into(), server }
}

/// The same of something else.
fn with(spec: &ServerSpec, token: &str, change: impl FnOnce(&mut NewServer)) -> ServerSpec {
    let mut server = spec.server.clone();
    change(&mut server);
    ServerSpec { token: token.into(), server }
}

async fn server(a: &Account, id: &str) -> Server {
    let servers = a.cloud.servers(&"myproject".into()).await.unwrap();
    servers.into_iter().find(|server| server.id.as_str() == id).unwrap()
}

#[test]
fn a_server_is_launched_once_per_token_with_its_tags_and_its_place() {
    account("servers::a_server_is_launched_once_per_token_with_its_tags_and_its_place", &[], async |a| {
        let wanted = spec(&a, "run-7-step-3").await;
        let id = a.change.launch(&wanted).await.unwrap();
        assert_eq!(a.change.launch(&wanted).await.unwrap(), id, "asked twice, launched once");
        let found = server(&a, id.as_str()).await;
        assert_eq!(found.name.as_deref(), Some("myproject_staging_worker-PENDING"));
        assert_eq!(found.zone.as_str(), "us-east-1c");
        assert_eq!(found.image, wanted.server.image);
        let other = with(&wanted, &wanted.token, |server| server.instance_type = "t3.micro".into());
        let error = a.change.launch(&other).await.unwrap_err();
        assert!(matches!(error, CloudError::Refused(_)), "{error:?}");
        let unknown = with(&wanted, "t2", |server| server.image = ImageId::new("ami-0123456789abcdef0"));
        let error = a.change.launch(&unknown).await.unwrap_err();
        assert!(matches!(error, CloudError::Absent(_)), "{error:?}");
    });
}

#[test]
fn a_server_comes_with_its_volumes_of_their_size_type_and_fate() {
    let name = "servers::a_server_comes_with_its_volumes_of_their_size_type_and_fate";
    account(name, &[], async |a| {
        let volume = NewVolume {
            device: "/dev/sdf".into(),
            gb: 100,
            kind: Some("gp3".into()),
            encrypted: true,
            keeps: true,
        };
        let other =
            NewVolume { device: "/dev/sdg".into(), gb: 10, kind: None, encrypted: false, keeps: false };
        let plain = spec(&a, "run-7-step-3").await;
        let wanted = with(&plain, "t1", |server| server.volumes = vec![volume.clone(), other.clone()]);
        let id = a.change.launch(&wanted).await.unwrap();
        assert_eq!(a.change.launch(&wanted).await.unwrap(), id, "asked twice, launched once");
        let of_server = json!({ "Filters": [{ "Name": "attachment.instance-id", "Values": [id.as_str()] }] });
        let told = a.wire.call("ec2", "describe_volumes", &of_server);
        let made = told["Volumes"].as_array().unwrap();
        let of = |device: &str| {
            let at = |one: &&serde_json::Value| one["Attachments"][0]["Device"] == device;
            made.iter().find(at).unwrap_or_else(|| panic!("{device}: {told}"))
        };
        let (data, small) = (of("/dev/sdf"), of("/dev/sdg"));
        assert_eq!(
            (&data["Size"], &data["VolumeType"], &data["Encrypted"]),
            (&json!(100), &json!("gp3"), &json!(true))
        );
        assert_eq!((&small["Size"], &small["Encrypted"]), (&json!(10), &json!(false)));
        let told = a.wire.call("ec2", "describe_instances", &json!({ "InstanceIds": [id.as_str()] }));
        let disks = told["Reservations"][0]["Instances"][0]["BlockDeviceMappings"].as_array().unwrap();
        let goes = |device: &str| {
            let disk = disks.iter().find(|disk| disk["DeviceName"] == device).unwrap();
            disk["Ebs"]["DeleteOnTermination"].as_bool()
        };
        assert_eq!((goes("/dev/sdf"), goes("/dev/sdg")), (Some(false), Some(true)), "R15: {told}");
        let tags = data["Tags"].as_array().unwrap();
        assert!(tags.contains(&json!({ "Key": "environment", "Value": "staging" })), "{data}");
        assert!(tags.iter().all(|tag| tag["Key"] != "role"), "{data}");
    });
}

#[test]
fn a_builder_gets_a_public_address_in_its_subnet_and_the_profile_and_metadata_of_the_group_s_servers() {
    let name = "servers::a_builder_gets_a_public_address_in_its_subnet_and_the_profile_and_metadata_of_the_group_s_servers";
    account(name, &[], async |a| {
        let call =
            |service: &str, what: &str, arguments: serde_json::Value| a.wire.call(service, what, &arguments);
        call("iam", "create_instance_profile", json!({ "InstanceProfileName": "myproject-web" }));
        let network = call("ec2", "create_vpc", json!({ "CidrBlock": "10.9.0.0/16" }));
        let vpc = &network["Vpc"]["VpcId"];
        let subnet = call("ec2", "create_subnet", json!({ "VpcId": vpc, "CidrBlock": "10.9.1.0/24" }));
        let group = json!({ "VpcId": vpc, "GroupName": "web", "Description": "web" });
        let group = call("ec2", "create_security_group", group);
        let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
        let (subnet, group) = (text(&subnet["Subnet"]["SubnetId"]), text(&group["GroupId"]));
        let like = spec(&a, "run-7-step-3").await;
        let builder = with(&like, "t1", |server| {
            server.zone = None;
            server.subnet = Some(subnet.clone());
            server.public_address = true;
            server.security_groups = vec![group.clone()];
            server.instance_profile = Some("myproject-web".into());
            server.tokens_required = Some(true);
        });
        let id = a.change.launch(&builder).await.unwrap();
        assert_eq!(a.change.launch(&builder).await.unwrap(), id, "asked twice, launched once");
        let found = server(&a, id.as_str()).await;
        assert_eq!(found.subnet.as_deref(), Some(subnet.as_str()));
        assert!(found.public_address.is_some(), "the subnet gives none by itself: {found:?}");
        assert!(
            found.instance_profile.as_ref().is_some_and(|arn| arn.ends_with("/myproject-web")),
            "{found:?}"
        );
        let all = call("ec2", "describe_instances", json!({ "InstanceIds": [id.as_str()] }));
        let shown = &all["Reservations"][0]["Instances"][0];
        assert_eq!(shown["MetadataOptions"]["HttpTokens"], "required", "{shown}");
        let interface = &shown["NetworkInterfaces"][0];
        assert_eq!(interface["Groups"][0]["GroupId"].as_str(), Some(group.as_str()), "{interface}");
        let by_arn = found.instance_profile.clone();
        let hidden = with(&builder, "t2", |server| {
            server.public_address = false;
            server.instance_profile = by_arn;
        });
        let found = server(&a, a.change.launch(&hidden).await.unwrap().as_str()).await;
        assert_eq!((found.public_address, found.subnet), (None, Some(subnet)));
    });
}

#[test]
fn a_server_gets_its_role_by_its_tag_and_keeps_the_others() {
    account("servers::a_server_gets_its_role_by_its_tag_and_keeps_the_others", &[], async |a| {
        let id = a.servers("cache")[0].clone();
        let before = server(&a, id.as_str()).await.tags;
        let tags = [("role".to_owned(), "cache-OLD".to_owned())];
        for _ in 0..2 {
            a.change.tag(&id, &tags).await.unwrap();
            let after = server(&a, id.as_str()).await;
            assert_eq!(after.role.standing, quarterdeck::fleet::Standing::Old);
            assert_eq!(
                (after.tags.len(), &after.tags["environment"]),
                (before.len(), &before["environment"])
            );
        }
    });
}

#[test]
fn terminated_servers_stay_gone_and_one_that_is_unknown_does_not_keep_the_others() {
    let name = "servers::terminated_servers_stay_gone_and_one_that_is_unknown_does_not_keep_the_others";
    account(name, &[], async |a| {
        let [worker, cache] = ["worker", "cache"].map(|role| a.servers(role)[0].clone());
        let gone = "i-0123456789abcdef0".into();
        a.change.terminate(&[worker.clone(), gone, cache.clone()]).await.unwrap();
        for id in [&worker, &cache] {
            let power = server(&a, id.as_str()).await.power;
            assert!(matches!(power, Power::ShuttingDown | Power::Terminated), "{power:?}");
        }
        a.change.terminate(&[worker]).await.unwrap();
        let before = a.count("TerminateInstances");
        a.change.terminate(&[]).await.unwrap();
        assert_eq!(a.count("TerminateInstances"), before);
    });
}

#[test]
fn a_server_joins_and_leaves_a_load_balancer_and_doing_it_again_does_nothing() {
    let name = "servers::a_server_joins_and_leaves_a_load_balancer_and_doing_it_again_does_nothing";
    account(name, &[], async |a| {
        a.wire.delays(&[("healthy", 0.5)]);
        let (balancer, worker) = (a.balancer(), a.servers("worker")[0].clone());
        a.change.register(&balancer, std::slice::from_ref(&worker)).await.unwrap();
        assert_eq!(
            a.health_of(&worker).await.as_deref(),
            Some("OutOfService"),
            "its registration is in progress"
        );
        a.health_when(&worker, "InService").await;
        a.change.register(&balancer, std::slice::from_ref(&worker)).await.unwrap();
        let health = a.cloud.member_health(&balancer).await.unwrap();
        assert_eq!(health.iter().filter(|m| m.instance == worker).count(), 1);
        a.change.deregister(&balancer, std::slice::from_ref(&worker)).await.unwrap();
        a.change.deregister(&balancer, std::slice::from_ref(&worker)).await.unwrap();
        assert_eq!(a.health_of(&worker).await, None);
        let error = a.change.register(&balancer, &["i-0123456789abcdef0".into()]).await.unwrap_err();
        assert!(matches!(error, CloudError::Refused(_)) && !error.is_open(), "InvalidInstance: {error:?}");
        let error = a.change.register(&"nobody".into(), &[worker]).await.unwrap_err();
        assert!(matches!(error, CloudError::Absent(_)), "{error:?}");
        let before = a.count("RegisterInstancesWithLoadBalancer");
        a.change.register(&balancer, &[]).await.unwrap();
        a.change.deregister(&balancer, &[]).await.unwrap();
        assert_eq!(a.count("RegisterInstancesWithLoadBalancer"), before);
    });
}

#[test]
fn r3_members_launched_while_the_group_may_not_register_them_are_registered_by_hand() {
    let name = "servers::r3_members_launched_while_the_group_may_not_register_them_are_registered_by_hand";
    account(name, &[], async |a| {
        a.change.suspend(&a.group(), &[Process::AddToLoadBalancer]).await.unwrap();
        let old = a.servers("web");
        let mut sizes = a.read_group().await.sizes();
        sizes.desired += 1;
        a.change.set_sizes(&a.group(), sizes).await.unwrap();
        let group = a.group_when("one more in service", |g| in_service(g) == 3).await;
        let new = group.members.iter().find(|m| !old.contains(&m.instance)).unwrap().instance.clone();
        a.change.resume(&a.group(), &[Process::AddToLoadBalancer]).await.unwrap();
        a.read_group().await;
        assert_eq!(a.health_of(&new).await, None, "resuming does not register it");
        a.change.register(&a.balancer(), std::slice::from_ref(&new)).await.unwrap();
        a.health_when(&new, "InService").await;
        // What a hand took out, the group does not put back.
        a.change.deregister(&a.balancer(), &old[..1]).await.unwrap();
        a.change.set_sizes(&a.group(), sizes).await.unwrap();
        assert_eq!(a.health_of(&old[0]).await, None);
    });
}

#[test]
fn servers_boot_again_and_stop_and_one_that_is_unknown_is_told() {
    account("servers::servers_boot_again_and_stop_and_one_that_is_unknown_is_told", &[], async |a| {
        let worker = a.servers("worker").remove(0);
        a.change.reboot(std::slice::from_ref(&worker)).await.unwrap();
        assert_eq!(server(&a, worker.as_str()).await.power, Power::Running);
        for _ in 0..2 {
            a.change.stop(std::slice::from_ref(&worker)).await.unwrap();
        }
        let power = async || server(&a, worker.as_str()).await.power;
        while power().await == Power::Stopping {
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        assert_eq!(power().await, Power::Stopped);
        let gone = ["i-0123456789abcdef0".into()];
        for answer in [a.change.reboot(&gone).await, a.change.stop(&gone).await] {
            assert!(matches!(answer, Err(CloudError::Absent(_))), "{answer:?}");
        }
        a.change.reboot(&[]).await.unwrap();
        a.change.stop(&[]).await.unwrap();
    });
}
