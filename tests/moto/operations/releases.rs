//! create-release and forget-releases.

use serde_json::{Value, json};

use super::strings;
use crate::deploying::{NEW, Site, make_release, place};

/// Code that no release has yet.
const CODE: &str = "2222222222222222222222222222222222222222";

impl Site {
    /// Images of the environment's releases: by name the id.
    fn images(&self) -> Vec<(String, String)> {
        let named = json!([{ "Name": "name", "Values": ["myproject_staging_web_*"] }]);
        let told = self.wire.call("ec2", "describe_images", &json!({ "Filters": named }));
        let both = |image: &Value| {
            (image["Name"].as_str().unwrap().to_owned(), image["ImageId"].as_str().unwrap().to_owned())
        };
        let mut all: Vec<_> = told["Images"].as_array().unwrap().iter().map(both).collect();
        all.sort();
        all
    }

    fn snapshots(&self) -> usize {
        let told = self.wire.call("ec2", "describe_snapshots", &json!({ "OwnerIds": ["self"] }));
        told["Snapshots"].as_array().unwrap().len()
    }

    /// What the group could launch: the names of launch configurations, or the template's versions.
    fn launches(&self) -> Vec<String> {
        let told = self.wire.call("autoscaling", "describe_launch_configurations", &json!({}));
        let mut all = strings(&told["LaunchConfigurations"], |one| &one["LaunchConfigurationName"]);
        if all.is_empty() {
            let asked = json!({ "LaunchTemplateName": "myproject_staging_lt" });
            let told = self.wire.call("ec2", "describe_launch_template_versions", &asked);
            all = strings(&told["LaunchTemplateVersions"], |one| &one["VersionDescription"]);
        }
        all.sort();
        all
    }
}

#[test]
fn a_release_is_made_and_undo_leaves_neither_image_nor_snapshot() {
    let name = "operations::releases::a_release_is_made_and_undo_leaves_neither_image_nor_snapshot";
    place(name, &[], |site| {
        let quarterdeck::fleet::LaunchSource::Configuration { name } = &site.release else { panic!() };
        // Built upon an image that is newer than every server (R8).
        let to = json!({ "AutoScalingGroupName": site.name("group"), "LaunchConfigurationName": name });
        site.change("autoscaling", "update_auto_scaling_group", &to);
        let found = || (site.images(), site.snapshots(), site.launches());
        let (before, servers) = (found(), site.there());
        let group = site.told_group();
        let run = site.apply(&format!("create-release --changeset {CODE}"));
        let made = found();
        assert_eq!((made.0.len(), made.2.len()), (before.0.len() + 1, before.2.len() + 1));
        assert!(made.1 > before.1);
        let image = made.0.iter().find(|(name, _)| name.ends_with(CODE)).unwrap();
        let asked = json!({ "LaunchConfigurationNames": made.2.iter().filter(|one| one.ends_with(CODE)).collect::<Vec<_>>() });
        let told = site.wire.call("autoscaling", "describe_launch_configurations", &asked);
        assert_eq!(told["LaunchConfigurations"][0]["ImageId"], json!(image.1));
        assert_eq!(
            (site.told_group(), site.there()),
            (group, servers),
            "nothing is deployed, no builder is left"
        );
        let done = site.hosts.done();
        assert_eq!(done.last().unwrap(), "clean", "last of all (R9): {done:?}");
        site.undo(&run);
        assert_eq!(found(), before);
    });
}

#[test]
fn old_releases_go_with_their_images_and_snapshots_and_none_in_use() {
    forget("operations::releases::old_releases_go_with_their_images_and_snapshots_and_none_in_use", &[]);
}

#[test]
fn old_versions_of_a_launch_template_go_in_the_same_way() {
    forget("operations::releases::old_versions_of_a_launch_template_go_in_the_same_way", &["--launch", "lt"]);
}

/// Of five releases one is launched by the group, one runs somewhere else, and the newest of the others is kept.
fn forget(name: &str, seed: &'static [&'static str]) {
    place(name, seed, |site| {
        let group = site.live(async |life| life.group().await.name);
        if let Some(template) = site.told_group()["LaunchTemplate"]["LaunchTemplateName"].as_str() {
            // One that follows the newest version would use that.
            let pinned = json!({ "LaunchTemplateName": template, "Version": "1" });
            let to = json!({ "AutoScalingGroupName": group.as_str(), "LaunchTemplate": pinned });
            site.change("autoscaling", "update_auto_scaling_group", &to);
        }
        let more = ["3333333", "4444444", "5555555"].map(|short| format!("{short}{}", "0".repeat(33)));
        for code in &more {
            site.live(async |life| make_release(&life.cloud, &life.change, &group, code).await);
        }
        let image_of = |code: &str| {
            site.images().into_iter().find(|(name, _)| name.ends_with(code)).map(|(_, image)| image)
        };
        let tags = ["deployment:myproject", "environment:staging", "role:web"].map(|pair| {
            let (key, value) = pair.split_once(':').unwrap();
            json!({ "Key": key, "Value": value })
        });
        let server = json!({ "ImageId": image_of(&more[0]), "MinCount": 1, "MaxCount": 1,
                             "TagSpecifications": [{ "ResourceType": "instance", "Tags": tags }] });
        site.change("ec2", "run_instances", &server);
        let (before, snapshots) = (site.launches(), site.snapshots());
        assert_eq!(before.len(), 5, "{before:?}");
        let refused = site.refused("forget-releases --keep 3");
        assert!(refused.ends_with("and 3 are kept: nothing to do"), "{refused}");
        let run = site.apply("forget-releases --keep 1");
        let left = site.launches();
        let gone: Vec<&String> = before.iter().filter(|one| !left.contains(one)).collect();
        assert_eq!(gone.len(), 2, "{left:?}");
        for code in [NEW, more[1].as_str()] {
            assert!(gone.iter().any(|one| one.ends_with(code)), "{gone:?}");
            assert_eq!(image_of(code), None);
        }
        for code in [&more[0], &more[2]] {
            assert!(left.iter().any(|one| one.ends_with(code)) && image_of(code).is_some(), "{left:?}");
        }
        assert!(site.snapshots() < snapshots, "snapshots cost");
        let told = site.wire.call("ec2", "describe_snapshots", &json!({ "OwnerIds": ["self"] }));
        let there = strings(&told["Snapshots"], |one| &one["SnapshotId"]);
        let images = site.wire.call("ec2", "describe_images", &json!({ "Owners": ["self"] }));
        for image in images["Images"].as_array().unwrap() {
            for device in image["BlockDeviceMappings"].as_array().into_iter().flatten() {
                let snapshot = device["Ebs"]["SnapshotId"].as_str().unwrap_or_default();
                assert!(snapshot.is_empty() || there.iter().any(|one| one == snapshot), "{image}");
            }
        }
        // What is gone stays gone, and taking it back says nothing else.
        site.live(async |life| {
            if let Ok(started) = life.take_up(&run, true).await {
                crate::deploying::ended(started).await;
            }
        });
        assert_eq!(site.launches(), left);
    });
}
