//! Auto Scaling: groups, launch configurations and scaling activities.

use std::collections::BTreeSet;

use aws_sdk_autoscaling::types::LaunchConfiguration;

use super::{AwsCloud, translate};
use crate::cloud::Answer;
use crate::fleet::{Activity, Group, GroupName, LaunchSettings, LaunchSource, Source};

/// The most names in a request, and things in an answer.
const PAGE: usize = 100;
const PAGE_SIZE: i32 = 100;
const LAUNCH_CONFIGURATIONS: &str = "autoscaling:DescribeLaunchConfigurations";

/// `DescribeAutoScalingGroups`. A missing group is simply not in the answer.
pub async fn groups(cloud: &AwsCloud, names: &[GroupName]) -> Answer<Vec<Group>> {
    let mut groups = Vec::new();
    for some in names.chunks(PAGE) {
        let mut token = None;
        loop {
            let call = cloud.call(Source::AutoScalingDescribeGroups.action(), &listed("group", some));
            let request = cloud
                .clients()
                .autoscaling
                .describe_auto_scaling_groups()
                .set_auto_scaling_group_names(Some(some.iter().map(ToString::to_string).collect()))
                .max_records(PAGE_SIZE)
                .set_next_token(token.clone());
            let page = request.send().await.map_err(|e| call.fail(e))?;
            groups.extend(page.auto_scaling_groups().iter().filter_map(translate::group));
            let next = page.next_token.filter(|t| !t.is_empty());
            if next.is_none() || next == token {
                break;
            }
            token = next;
        }
    }
    Ok(groups)
}

/// `DescribeLaunchConfigurations` of those among the sources; a missing one is not in the answer.
pub async fn launch_configurations(
    cloud: &AwsCloud,
    sources: &[LaunchSource],
) -> Answer<Vec<LaunchSettings>> {
    let names: BTreeSet<&str> = sources
        .iter()
        .filter_map(|source| match source {
            LaunchSource::Configuration { name } => Some(name.as_str()),
            LaunchSource::Template { .. } => None,
        })
        .collect();
    let names: Vec<&str> = names.into_iter().collect();
    let mut settings = Vec::new();
    for some in names.chunks(PAGE) {
        let found = list_configurations(cloud, some).await?;
        settings.extend(found.iter().filter_map(translate::launch_configuration));
    }
    Ok(settings)
}

/// `DescribeLaunchConfigurations` of these, 100 at most, or of all when none is named.
pub async fn list_configurations(cloud: &AwsCloud, names: &[&str]) -> Answer<Vec<LaunchConfiguration>> {
    let about = if names.is_empty() {
        "all launch configurations".to_owned()
    } else {
        listed("launch configuration", names)
    };
    let mut found = Vec::new();
    let mut token = None;
    loop {
        let call = cloud.call(LAUNCH_CONFIGURATIONS, &about);
        let mut request = cloud.clients().autoscaling.describe_launch_configurations().max_records(PAGE_SIZE);
        if !names.is_empty() {
            request =
                request.set_launch_configuration_names(Some(names.iter().map(ToString::to_string).collect()));
        }
        let page = request.set_next_token(token.clone()).send().await.map_err(|e| call.fail(e))?;
        found.extend(page.launch_configurations.unwrap_or_default());
        let next = page.next_token.filter(|t| !t.is_empty());
        if next.is_none() || next == token {
            return Ok(found);
        }
        token = next;
    }
}

/// `DescribeScalingActivities`: one page, newest first.
pub async fn activities(cloud: &AwsCloud, group: &GroupName, limit: u8) -> Answer<Vec<Activity>> {
    let call = cloud.call(Source::AutoScalingDescribeActivities.action(), &format!("group {group}"));
    let request = cloud
        .clients()
        .autoscaling
        .describe_scaling_activities()
        .auto_scaling_group_name(group.as_str())
        .max_records(i32::from(limit.clamp(1, 100)));
    let found = request.send().await.map_err(|e| call.fail(e))?;
    let mut activities: Vec<Activity> = found.activities().iter().map(translate::activity).collect();
    activities.sort_by_key(|a| std::cmp::Reverse(a.started_at));
    activities.truncate(usize::from(limit));
    Ok(activities)
}

/// The name when there is one, else how many.
fn listed(kind: &str, names: &[impl ToString]) -> String {
    match names {
        [one] => format!("{kind} {}", one.to_string()),
        many => format!("{} {kind}s", many.len()),
    }
}
