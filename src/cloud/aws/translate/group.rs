//! Auto Scaling groups, their members and activities.

use aws_sdk_autoscaling::types as sdk;

use super::{count, seconds, text, text_or_unknown, time};
use crate::fleet::text::one_line;
use crate::fleet::{
    Activity, Group, GroupName, InstanceId, LaunchSource, LoadBalancerName, Member, SuspendedProcess, Zone,
};

/// The group; none when it has no name.
pub fn group(group: &sdk::AutoScalingGroup) -> Option<Group> {
    let mixed = group.mixed_instances_policy().and_then(|p| p.launch_template());
    let template = group.launch_template().or_else(|| mixed.and_then(|t| t.launch_template_specification()));
    Some(Group {
        name: GroupName::new(text(group.auto_scaling_group_name())?),
        min: count(group.min_size()),
        desired: count(group.desired_capacity()),
        max: count(group.max_size()),
        launch: launch(template, group.launch_configuration_name()),
        overrides: mixed
            .map(sdk::LaunchTemplate::overrides)
            .unwrap_or_default()
            .iter()
            .filter_map(|kind| launch(kind.launch_template_specification(), None))
            .collect(),
        load_balancers: group
            .load_balancer_names()
            .iter()
            .map(|n| LoadBalancerName::new(one_line(n)))
            .collect(),
        target_groups: group.target_group_arns().iter().map(|a| one_line(a)).collect(),
        health_check_type: text_or_unknown(group.health_check_type()),
        grace_period: seconds(group.health_check_grace_period().unwrap_or(0)),
        suspended: group
            .suspended_processes()
            .iter()
            .filter_map(|p| {
                let reason = text(p.suspension_reason()).unwrap_or_default();
                Some(SuspendedProcess { process: text(p.process_name())?, reason })
            })
            .collect(),
        termination_policies: group.termination_policies().iter().map(|p| one_line(p)).collect(),
        members: group.instances().iter().filter_map(member).collect(),
        zones: group.availability_zones().iter().map(|z| Zone::new(one_line(z))).collect(),
        subnets: group
            .vpc_zone_identifier()
            .unwrap_or_default()
            .split(',')
            .filter_map(|s| text(Some(s)))
            .collect(),
        created_at: time(group.created_time()),
    })
}

fn member(instance: &sdk::Instance) -> Option<Member> {
    Some(Member {
        instance: InstanceId::new(text(instance.instance_id())?),
        lifecycle: text_or_unknown(instance.lifecycle_state().map(sdk::LifecycleState::as_str)),
        healthy: instance.health_status().is_some_and(|h| h.eq_ignore_ascii_case("healthy")),
        launch: launch(instance.launch_template(), instance.launch_configuration_name()),
        zone: Zone::new(text_or_unknown(instance.availability_zone())),
        protected: instance.protected_from_scale_in().unwrap_or(false),
    })
}

/// A template without a version means its default one.
fn launch(
    template: Option<&sdk::LaunchTemplateSpecification>,
    configuration: Option<&str>,
) -> Option<LaunchSource> {
    if let Some(template) = template {
        let id = text(template.launch_template_id()).unwrap_or_default();
        let name = text(template.launch_template_name()).unwrap_or_default();
        let version = text(template.version()).unwrap_or_else(|| "$Default".to_owned());
        if !(id.is_empty() && name.is_empty()) {
            return Some(LaunchSource::Template { id, name, version });
        }
    }
    text(configuration).map(|name| LaunchSource::Configuration { name })
}

/// A scaling activity.
pub fn activity(activity: &sdk::Activity) -> Activity {
    Activity {
        id: text_or_unknown(activity.activity_id()),
        description: text(activity.description()).unwrap_or_default(),
        cause: text(activity.cause()).unwrap_or_default(),
        started_at: time(activity.start_time()),
        ended_at: time(activity.end_time()),
        status: text_or_unknown(activity.status_code().map(sdk::ScalingActivityStatusCode::as_str)),
        status_message: text(activity.status_message()),
        progress: u8::try_from(count(activity.progress()).min(100)).unwrap_or(100),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template(id: &str, name: &str, version: Option<&str>) -> sdk::LaunchTemplateSpecification {
        sdk::LaunchTemplateSpecification::builder()
            .launch_template_id(id)
            .launch_template_name(name)
            .set_version(version.map(Into::into))
            .build()
    }

    fn named() -> sdk::builders::AutoScalingGroupBuilder {
        sdk::AutoScalingGroup::builder().auto_scaling_group_name("shop-ag")
    }

    #[test]
    fn a_group_says_what_it_launches_whichever_way_it_is_set_up() {
        let configuration = named().launch_configuration_name("shop_lc").build();
        assert_eq!(
            group(&configuration).unwrap().launch,
            Some(LaunchSource::Configuration { name: "shop_lc".into() })
        );
        let expected =
            LaunchSource::Template { id: "lt-1".into(), name: "shop".into(), version: "$Default".into() };
        let plain = named().launch_template(template("lt-1", "shop", None)).build();
        assert_eq!(group(&plain).unwrap().launch.as_ref(), Some(&expected));
        let kind = |name: &str| sdk::LaunchTemplateOverrides::builder().instance_type(name);
        let arm = kind("t4g.large").launch_template_specification(template("lt-2", "shop-arm", Some("4")));
        let inner = sdk::LaunchTemplate::builder()
            .launch_template_specification(template("lt-1", "shop", None))
            .overrides(kind("t3.large").build())
            .overrides(arm.build())
            .build();
        let policy = sdk::MixedInstancesPolicy::builder().launch_template(inner).build();
        let mixed = named().mixed_instances_policy(policy).build();
        let mixed = group(&mixed).unwrap();
        assert_eq!(mixed.launch, Some(expected));
        let labels: Vec<String> = mixed.overrides.iter().map(LaunchSource::label).collect();
        assert_eq!(labels, ["shop-arm v4"], "only those with a template of their own");
        assert_eq!(group(&named().build()).unwrap().launch, None);
    }

    #[test]
    fn members_keep_what_they_were_launched_from() {
        let old = sdk::Instance::builder()
            .instance_id("i-1")
            .lifecycle_state("Pending:Wait".into())
            .health_status("Healthy")
            .launch_template(template("lt-1", "shop", Some("3")))
            .build();
        let orphan = sdk::Instance::builder().instance_id("i-2").health_status("Unhealthy").build();
        let found = group(&named().instances(old).instances(orphan).build()).unwrap();
        assert_eq!(found.members[0].lifecycle, "Pending:Wait");
        assert_eq!(found.members[0].launch.as_ref().unwrap().label(), "shop v3");
        assert!(found.members[0].healthy && !found.members[1].healthy);
        assert_eq!(found.members[1].launch, None);
    }

    #[test]
    fn negative_and_missing_numbers_become_zero() {
        let found = group(&named().min_size(-3).health_check_grace_period(-1).build()).unwrap();
        assert_eq!((found.min, found.max, found.grace_period.as_secs()), (0, 0, 0));
        assert_eq!(activity(&sdk::Activity::builder().progress(-4).build()).progress, 0);
    }
}
