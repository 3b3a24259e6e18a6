//! What is read to plan a change.

use std::time::{Duration, Instant};

use quarterdeck::cloud::{CloudError, CloudRead};
use quarterdeck::fleet::LaunchSource;
use serde_json::json;

use super::account;

#[test]
fn releases_are_launch_configurations_of_their_prefix_newest_first() {
    account(
        "reads::releases_are_launch_configurations_of_their_prefix_newest_first",
        &["--behind", "1"],
        async |a| {
            let now = a.read_group().await.launch.unwrap();
            let image = a.staging["image"].as_str().unwrap();
            // More than a page, and foreign ones: by their names they are no releases of this environment.
            for name in ["myproject_staging_lc_by-hand", "myproject_production_lc_2026.11.21-10.00.00_aaaa"] {
                let made =
                    json!({"LaunchConfigurationName": name, "ImageId": image, "InstanceType": "t3.micro"});
                a.wire.call("autoscaling", "create_launch_configuration", &made);
            }
            let found = a.cloud.releases(&now, "myproject_staging_lc_").await.unwrap();
            let labels: Vec<String> = found.iter().map(|s| s.source.label()).collect();
            assert_eq!(labels.len(), 2, "{labels:?}");
            assert!(
                labels[0].contains("_2026.11.21-10.00.00_") && labels[1].contains("_2026.11.20-08.30.05_"),
                "{labels:?}"
            );
            assert_eq!(found[0].source, now);
            assert_eq!(found[0].image.as_ref().unwrap().as_str(), image);
        },
    );
}

#[test]
fn releases_are_template_versions_that_name_one_newest_first_and_numbered() {
    let name = "reads::releases_are_template_versions_that_name_one_newest_first_and_numbered";
    account(name, &["--launch", "lt", "--behind", "1"], async |a| {
        let now = a.read_group().await.launch.unwrap();
        let LaunchSource::Template { id, name, .. } = now.clone() else { panic!() };
        let made = json!({"LaunchTemplateId": id, "SourceVersion": "2", "LaunchTemplateData": {},
                          "VersionDescription": "tried something"});
        a.wire.call("ec2", "create_launch_template_version", &made);
        let found = a.cloud.releases(&now, "myproject_staging_lc_").await.unwrap();
        let labels: Vec<String> = found.iter().map(|s| s.source.label()).collect();
        assert_eq!(labels, [format!("{name} v2"), format!("{name} v1")]);
        assert!(found.iter().all(|s| s.source == s.resolved && s.description.is_some()));
    });
}

#[test]
fn images_are_found_by_the_beginning_of_their_name_and_wildcards_in_it_are_letters() {
    let name = "reads::images_are_found_by_the_beginning_of_their_name_and_wildcards_in_it_are_letters";
    account(name, &["--behind", "1"], async |a| {
        let found = a.cloud.images_named("myproject_staging_web_").await.unwrap();
        let names: Vec<_> = found.iter().map(|image| image.name.clone().unwrap()).collect();
        assert_eq!(names.len(), 2, "{names:?}");
        assert!(names.is_sorted());
        assert_eq!(a.cloud.images_named("myproject_nobody").await.unwrap(), []);
    });
}

#[test]
fn notes_that_may_not_be_read_name_the_permission() {
    account("reads::notes_that_may_not_be_read_name_the_permission", &[], async |a| {
        a.wire.faults(&[("GetParametersByPath", "AccessDeniedException", 1)]);
        let error = a.cloud.notes("/quarterdeck").await.unwrap_err();
        assert!(
            matches!(&error, CloudError::Denied(said) if said.contains("ssm:GetParametersByPath")),
            "{error:?}"
        );
        a.wire.faults(&[("GetParametersByPath", "ThrottlingException", 1)]);
        assert_eq!(a.cloud.notes("/quarterdeck").await.unwrap(), []);
    });
}

#[test]
fn a_pause_lasts_as_long_as_it_says() {
    account("reads::a_pause_lasts_as_long_as_it_says", &[], async |a| {
        let start = Instant::now();
        a.cloud.pause(Duration::from_millis(120)).await;
        assert!(start.elapsed() >= Duration::from_millis(120));
    });
}
