//! Changes of Auto Scaling groups.

use aws_sdk_autoscaling::types::{
    AutoScalingGroup, LaunchTemplate, LaunchTemplateSpecification, MixedInstancesPolicy,
};

use super::AwsChange;
use crate::cloud::{Answer, CloudError};
use crate::fleet::{GroupName, InstanceId, LaunchSource, Process, Sizes, Source};

pub const SUSPEND: &str = "autoscaling:SuspendProcesses";
pub const RESUME: &str = "autoscaling:ResumeProcesses";
pub const UPDATE: &str = "autoscaling:UpdateAutoScalingGroup";
pub const TERMINATE: &str = "autoscaling:TerminateInstanceInAutoScalingGroup";

/// `SuspendProcesses`. To AWS no process means all of them.
pub async fn suspend(change: &AwsChange, group: &GroupName, processes: &[Process]) -> Answer<()> {
    if processes.is_empty() {
        return Ok(());
    }
    let request = change.clients().autoscaling.suspend_processes().auto_scaling_group_name(group.as_str());
    let request = request.set_scaling_processes(Some(words(processes)));
    change.send(SUSPEND, &named(group), || request.clone().send()).await?;
    Ok(())
}

/// `ResumeProcesses`. To AWS no process means all of them.
pub async fn resume(change: &AwsChange, group: &GroupName, processes: &[Process]) -> Answer<()> {
    if processes.is_empty() {
        return Ok(());
    }
    let request = change.clients().autoscaling.resume_processes().auto_scaling_group_name(group.as_str());
    let request = request.set_scaling_processes(Some(words(processes)));
    change.send(RESUME, &named(group), || request.clone().send()).await?;
    Ok(())
}

/// `UpdateAutoScalingGroup` with all three sizes, so that AWS never moves one of them to fit another.
pub async fn set_sizes(change: &AwsChange, group: &GroupName, sizes: Sizes) -> Answer<()> {
    let size = |n: u32| i32::try_from(n).unwrap_or(i32::MAX);
    let request = change
        .clients()
        .autoscaling
        .update_auto_scaling_group()
        .auto_scaling_group_name(group.as_str())
        .min_size(size(sizes.min))
        .desired_capacity(size(sizes.desired))
        .max_size(size(sizes.max));
    change.send(UPDATE, &named(group), || request.clone().send()).await?;
    Ok(())
}

/// `UpdateAutoScalingGroup` with these policies; none is AWS's own choice, which it calls `Default`.
pub async fn set_policies(change: &AwsChange, group: &GroupName, policies: &[String]) -> Answer<()> {
    let policies = if policies.is_empty() { vec!["Default".to_owned()] } else { policies.to_vec() };
    let request =
        change.clients().autoscaling.update_auto_scaling_group().auto_scaling_group_name(group.as_str());
    let request = request.set_termination_policies(Some(policies));
    change.send(UPDATE, &named(group), || request.clone().send()).await?;
    Ok(())
}

/// `UpdateAutoScalingGroup` with another launch configuration or template version. A group with a mixed instances
/// policy keeps it: a template beside it would take its place, and the other instance types would be gone.
pub async fn set_launch(change: &AwsChange, group: &GroupName, launch: &LaunchSource) -> Answer<()> {
    let request =
        change.clients().autoscaling.update_auto_scaling_group().auto_scaling_group_name(group.as_str());
    let request = match launch {
        LaunchSource::Configuration { name } => request.launch_configuration_name(name),
        LaunchSource::Template { id, name, version } => {
            let template = specification(id, name, Some(version));
            match found(change, group).await?.mixed_instances_policy {
                Some(policy) => request.mixed_instances_policy(with_template(policy, template)),
                None => request.launch_template(template),
            }
        }
    };
    let about = format!("{} with {}", named(group), launch.label());
    change.send(UPDATE, &about, || request.clone().send()).await?;
    Ok(())
}

/// `TerminateInstanceInAutoScalingGroup`.
pub async fn terminate_member(change: &AwsChange, server: &InstanceId, shrink: bool) -> Answer<()> {
    let request = change.clients().autoscaling.terminate_instance_in_auto_scaling_group();
    let request = request.instance_id(server.as_str()).should_decrement_desired_capacity(shrink);
    change.send(TERMINATE, &format!("member {server} of a group"), || request.clone().send()).await?;
    Ok(())
}

/// The group as AWS has it.
async fn found(change: &AwsChange, group: &GroupName) -> Answer<AutoScalingGroup> {
    let call = change.read.call(Source::AutoScalingDescribeGroups.action(), &named(group));
    let request = change.read.clients().autoscaling.describe_auto_scaling_groups();
    let answer = request.auto_scaling_group_names(group.as_str()).send().await.map_err(|e| call.fail(e))?;
    answer.auto_scaling_groups.unwrap_or_default().into_iter().next().ok_or_else(|| {
        CloudError::Absent(format!("{} does not exist in {}", named(group), change.read.endpoint.region))
    })
}

/// The policy with another template for all that have none of their own.
fn with_template(
    mut policy: MixedInstancesPolicy,
    template: LaunchTemplateSpecification,
) -> MixedInstancesPolicy {
    let mut kinds = policy.launch_template.and_then(|all| all.overrides);
    for kind in kinds.iter_mut().flatten() {
        if let Some(own) = kind.launch_template_specification.take() {
            let text = |word: Option<&str>| word.unwrap_or_default().to_owned();
            let (id, name) = (text(own.launch_template_id()), text(own.launch_template_name()));
            kind.launch_template_specification = Some(specification(&id, &name, own.version()));
        }
    }
    let all = LaunchTemplate::builder().launch_template_specification(template).set_overrides(kinds);
    policy.launch_template = Some(all.build());
    policy
}

/// A template by its id or else its name: AWS gives both and takes only one.
pub fn specification(id: &str, name: &str, version: Option<&str>) -> LaunchTemplateSpecification {
    let template = LaunchTemplateSpecification::builder().set_version(version.map(ToOwned::to_owned));
    if id.is_empty() { template.launch_template_name(name) } else { template.launch_template_id(id) }.build()
}

fn named(group: &GroupName) -> String {
    format!("group {group}")
}

fn words(processes: &[Process]) -> Vec<String> {
    processes.iter().map(ToString::to_string).collect()
}

#[cfg(test)]
mod tests {
    use aws_sdk_autoscaling::types as sdk;

    use super::*;

    #[test]
    fn a_mixed_instances_policy_keeps_all_but_its_template() {
        let own =
            LaunchTemplateSpecification::builder().launch_template_id("lt-2").launch_template_name("arm");
        let arm = sdk::LaunchTemplateOverrides::builder().instance_type("t4g.large").weighted_capacity("2");
        let before = MixedInstancesPolicy::builder()
            .launch_template(
                sdk::LaunchTemplate::builder()
                    .launch_template_specification(specification("lt-1", "shop", Some("$Latest")))
                    .overrides(sdk::LaunchTemplateOverrides::builder().instance_type("t3.large").build())
                    .overrides(arm.launch_template_specification(own.version("4").build()).build())
                    .build(),
            )
            .instances_distribution(sdk::InstancesDistribution::builder().spot_max_price("0.1").build())
            .build();
        let after = with_template(before.clone(), specification("lt-1", "shop", Some("7")));
        assert_eq!(after.instances_distribution(), before.instances_distribution());
        let all = after.launch_template().unwrap();
        assert_eq!(all.launch_template_specification(), Some(&specification("lt-1", "", Some("7"))));
        assert_eq!(all.overrides()[0], before.launch_template().unwrap().overrides()[0]);
        assert_eq!(all.overrides()[1].weighted_capacity(), Some("2"));
        let kept = all.overrides()[1].launch_template_specification();
        assert_eq!(kept, Some(&specification("lt-2", "", Some("4"))), "an id or a name, never both");
    }
}
