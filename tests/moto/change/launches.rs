//! Launch configurations and template versions that are copied with another image, and deleted.

use quarterdeck::cloud::{CloudChange, CloudError, CloudRead, LaunchSpec};
use quarterdeck::fleet::LaunchSource;
use serde_json::{Value, json};

use super::{Account, account};

const NEWER: &str = "myproject_staging_lc_2026.11.22-09.00.00_fedcba9876543210";
const NEWER_VERSION: &str = "myproject_staging_web_2026.11.22-09.00.00_fedcba9876543210";

fn configuration(name: &str) -> LaunchSource {
    LaunchSource::Configuration { name: name.into() }
}

/// Everything AWS says of a launch configuration, what is its own apart.
fn described(a: &Account, name: &str) -> Value {
    let asked = json!({"LaunchConfigurationNames": [name]});
    let found = a.wire.call("autoscaling", "describe_launch_configurations", &asked);
    let mut found = found["LaunchConfigurations"][0].clone();
    for own in ["LaunchConfigurationName", "LaunchConfigurationARN", "CreatedTime", "ImageId"] {
        assert!(found.as_object_mut().unwrap().remove(own).is_some(), "{own}: {found}");
    }
    found
}

#[test]
fn r7_a_launch_configuration_is_copied_whole_and_made_once() {
    account("launches::r7_a_launch_configuration_is_copied_whole_and_made_once", &[], async |a| {
        let image = a.staging["image"].as_str().unwrap();
        let full = json!({
            "LaunchConfigurationName": "full", "ImageId": image, "KeyName": "deploy", "SecurityGroups": ["default"],
            "UserData": "#!/bin/sh\necho hello\n", "InstanceType": "t3.medium", "KernelId": "aki-1", "RamdiskId": "ari-1",
            "SpotPrice": "0.05", "IamInstanceProfile": "web", "EbsOptimized": true, "AssociatePublicIpAddress": true,
            "InstanceMonitoring": {"Enabled": true}, "ClassicLinkVPCId": "vpc-1",
            "ClassicLinkVPCSecurityGroups": ["sg-3"],
            "MetadataOptions": {"HttpTokens": "required", "HttpPutResponseHopLimit": 2, "HttpEndpoint": "enabled"},
            "BlockDeviceMappings": [
                {"DeviceName": "/dev/sda1", "Ebs": {"VolumeSize": 40, "VolumeType": "gp3", "Encrypted": true,
                                                    "DeleteOnTermination": true}},
                {"DeviceName": "/dev/sdb", "VirtualName": "ephemeral0"},
            ],
        });
        a.wire.call("autoscaling", "create_launch_configuration", &full);
        let spec = LaunchSpec {
            like: configuration("full"),
            image: "ami-new".into(),
            name: NEWER.into(),
            instance_type: None,
        };
        assert_eq!(a.change.create_launch(&spec).await.unwrap(), configuration(NEWER));
        assert_eq!(described(&a, NEWER), described(&a, "full"));
        let settings = a.cloud.launch_settings(&[configuration(NEWER)]).await.unwrap();
        assert_eq!(settings[0].image.as_ref().unwrap().as_str(), "ami-new");
        let error = a.change.create_launch(&spec).await.unwrap_err();
        assert!(matches!(error, CloudError::Exists(_)) && !error.is_open(), "{error:?}");
        let lost = LaunchSpec { like: configuration("gone"), ..spec };
        let error = a.change.create_launch(&lost).await.unwrap_err();
        assert!(matches!(&error, CloudError::Absent(said) if said.starts_with("gone, which")), "{error:?}");
    });
}

#[test]
fn disks_made_of_the_image_before_are_made_of_the_new_one_and_others_are_kept() {
    let name = "launches::disks_made_of_the_image_before_are_made_of_the_new_one_and_others_are_kept";
    account(name, &["--behind", "1"], async |a| {
        let images = a.cloud.images_named("myproject_staging_web_").await.unwrap();
        let [old, new] = [&images[0].id, &images[1].id];
        let found = a.wire.call("ec2", "describe_images", &json!({"ImageIds": [old.as_str()]}));
        let root = found["Images"][0]["BlockDeviceMappings"][0]["Ebs"]["SnapshotId"].clone();
        assert!(root.as_str().unwrap().starts_with("snap-"), "{root}");
        let disks = json!([
            {"DeviceName": "/dev/sda1", "Ebs": {"SnapshotId": root, "VolumeSize": 40}},
            {"DeviceName": "/dev/sdb", "Ebs": {"SnapshotId": "snap-0123456789abcdef0", "VolumeSize": 10}},
        ]);
        let of = |disks: &Value| {
            let snapshots = disks.as_array().unwrap().iter().map(|disk| disk["Ebs"]["SnapshotId"].as_str());
            snapshots.map(|id| id.map(str::to_owned)).collect::<Vec<_>>()
        };
        let kept = [None, Some("snap-0123456789abcdef0".to_owned())];

        let made = json!({"LaunchConfigurationName": "disks", "ImageId": old.as_str(), "InstanceType": "t3.micro",
                          "BlockDeviceMappings": disks});
        a.wire.call("autoscaling", "create_launch_configuration", &made);
        let spec = LaunchSpec {
            like: configuration("disks"),
            image: new.clone(),
            name: NEWER.into(),
            instance_type: None,
        };
        a.change.create_launch(&spec).await.unwrap();
        let copy = described(&a, NEWER)["BlockDeviceMappings"].clone();
        assert_eq!(of(&copy), kept);
        assert_eq!(copy[0]["Ebs"]["VolumeSize"], 40);

        let data = json!({"ImageId": old.as_str(), "InstanceType": "t3.micro", "BlockDeviceMappings": disks});
        let made = json!({"LaunchTemplateName": "disks", "LaunchTemplateData": data});
        let made = a.wire.call("ec2", "create_launch_template", &made);
        let id = made["LaunchTemplate"]["LaunchTemplateId"].as_str().unwrap().to_owned();
        let like =
            LaunchSource::Template { id: id.clone(), name: "disks".into(), version: "$Default".into() };
        let spec = LaunchSpec { like, image: new.clone(), name: NEWER_VERSION.into(), instance_type: None };
        a.change.create_launch(&spec).await.unwrap();
        let copy = version_data(&a, &id, "2");
        assert_eq!(of(&copy["BlockDeviceMappings"]), kept);
        assert_eq!(copy["InstanceType"], "t3.micro");
    });
}

#[test]
fn a_launch_configuration_is_deleted_unless_it_is_in_use_and_one_that_is_gone_is_no_error() {
    let name =
        "launches::a_launch_configuration_is_deleted_unless_it_is_in_use_and_one_that_is_gone_is_no_error";
    account(name, &["--behind", "1"], async |a| {
        let group = a.read_group().await;
        let now = group.launch.clone().unwrap();
        let older = group.members.iter().find(|m| m.launch != group.launch).unwrap().launch.clone().unwrap();
        let error = a.change.delete_launch(&now).await.unwrap_err();
        assert!(matches!(&error, CloudError::Refused(said) if said.contains("ResourceInUse")), "{error:?}");
        a.change.delete_launch(&older).await.unwrap();
        assert_eq!(a.cloud.launch_settings(std::slice::from_ref(&older)).await.unwrap(), []);
        a.change.delete_launch(&older).await.unwrap();
    });
}

/// What the version of a template holds, its image apart.
fn version_data(a: &Account, id: &str, version: &str) -> Value {
    let asked = json!({"LaunchTemplateId": id, "Versions": [version]});
    let found = a.wire.call("ec2", "describe_launch_template_versions", &asked);
    let mut data = found["LaunchTemplateVersions"][0]["LaunchTemplateData"].clone();
    assert!(data.as_object_mut().unwrap().remove("ImageId").is_some());
    data
}

#[test]
fn r7_a_template_version_is_made_upon_a_numbered_one_and_once() {
    account(
        "launches::r7_a_template_version_is_made_upon_a_numbered_one_and_once",
        &["--launch", "lt"],
        async |a| {
            let Some(LaunchSource::Template { id, name, version }) = a.read_group().await.launch else {
                panic!()
            };
            assert_eq!(version, "$Latest");
            let of = |version: &str| LaunchSource::Template {
                id: id.clone(),
                name: name.clone(),
                version: version.into(),
            };
            let full = json!({"LaunchTemplateId": id, "SourceVersion": "1", "LaunchTemplateData": {
                "IamInstanceProfile": {"Name": "web"}, "KeyName": "deploy", "UserData": "IyEvYmluL3NoCg==",
                "MetadataOptions": {"HttpTokens": "required"}, "Monitoring": {"Enabled": true}, "EbsOptimized": true,
                "BlockDeviceMappings": [{"DeviceName": "/dev/sda1", "Ebs": {"VolumeSize": 40, "VolumeType": "gp3"}}],
            }});
            a.wire.call("ec2", "create_launch_template_version", &full);
            let spec = LaunchSpec {
                like: of("$Latest"),
                image: "ami-new".into(),
                name: NEWER_VERSION.into(),
                instance_type: None,
            };
            let made = a.change.create_launch(&spec).await.unwrap();
            assert_eq!(made, of("3"), "a number, although the group follows $Latest");
            assert_eq!(version_data(&a, &id, "3"), version_data(&a, &id, "2"));
            let settings = a.cloud.launch_settings(&[made]).await.unwrap();
            assert_eq!(settings[0].image.as_ref().unwrap().as_str(), "ami-new");
            assert_eq!(settings[0].description.as_deref(), Some(NEWER_VERSION));
            let again = LaunchSpec { like: of("2"), ..spec.clone() };
            assert_eq!(a.change.create_launch(&again).await.unwrap(), of("3"), "asked twice, made once");
            let error = a.change.create_launch(&spec).await.unwrap_err();
            assert!(matches!(error, CloudError::Exists(_)), "$Latest is another one now: {error:?}");
            let error = a.change.create_launch(&LaunchSpec { like: of("9"), ..spec }).await.unwrap_err();
            assert!(matches!(error, CloudError::Absent(_)), "{error:?}");
            a.change.delete_launch(&of("3")).await.unwrap();
            assert_eq!(a.cloud.launch_settings(&[of("3")]).await.unwrap(), []);
            a.change.delete_launch(&of("3")).await.unwrap();
            let gone = LaunchSource::Template {
                id: "lt-0123456789abcdef0".into(),
                name: String::new(),
                version: "1".into(),
            };
            a.change.delete_launch(&gone).await.unwrap();
            let error = a.change.delete_launch(&of("1")).await.unwrap_err();
            assert!(error.to_string().contains("default version"), "{error:?}");
        },
    );
}
