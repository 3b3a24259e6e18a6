//! Launch templates and groups that are made anew.

use aws_sdk_autoscaling::types as scaling;
use aws_sdk_ec2::types::{
    InstanceType, LaunchTemplateHttpTokensState, LaunchTemplateIamInstanceProfileSpecificationRequest,
    LaunchTemplateInstanceMetadataOptionsRequest, LaunchTemplateInstanceNetworkInterfaceSpecificationRequest,
    RequestLaunchTemplateData, ResourceType,
};

use super::ground::tagged;
use super::launch::token;
use super::{AwsChange, autoscaling, incomplete};
use crate::cloud::{Answer, CloudError};
use crate::fleet::{GroupName, LaunchSource, NewGroup, NewTemplate};

pub const CREATE: &str = "ec2:CreateLaunchTemplate";
pub const DELETE: &str = "ec2:DeleteLaunchTemplate";
pub const CREATE_GROUP: &str = "autoscaling:CreateAutoScalingGroup";
pub const DELETE_GROUP: &str = "autoscaling:DeleteAutoScalingGroup";

/// `CreateLaunchTemplate`.
pub async fn create(change: &AwsChange, new: &NewTemplate) -> Answer<LaunchSource> {
    let request = change.clients().ec2.create_launch_template().launch_template_name(&new.name);
    let tags = tagged(ResourceType::LaunchTemplate, &new.tags);
    let request = request
        .client_token(token(&format!("{} {:?}", new.name, new.tags)))
        .version_description(&new.description)
        .launch_template_data(data(new))
        .set_tag_specifications(tags.map(|tags| vec![tags]));
    let about = format!("launch template {}", new.name);
    let made = change.send(CREATE, &about, || request.clone().send()).await?;
    let id = made.launch_template().and_then(|made| made.launch_template_id());
    let id = id.ok_or_else(|| incomplete(CREATE, "launch template"))?;
    Ok(LaunchSource::Template { id: id.to_owned(), name: new.name.clone(), version: "1".into() })
}

/// A public address can only be asked for with a network interface, which then has the security groups, too.
fn data(new: &NewTemplate) -> RequestLaunchTemplateData {
    let tokens = LaunchTemplateInstanceMetadataOptionsRequest::builder()
        .http_tokens(LaunchTemplateHttpTokensState::Required)
        .build();
    let groups: Vec<String> = new.security_groups.iter().map(ToString::to_string).collect();
    let groups = Some(groups).filter(|groups| !groups.is_empty());
    let data = RequestLaunchTemplateData::builder()
        .set_image_id(new.image.as_ref().map(ToString::to_string))
        .instance_type(InstanceType::from(new.instance_type.as_str()))
        .set_key_name(new.key_name.clone())
        .set_iam_instance_profile(new.instance_profile.as_deref().map(profile))
        .metadata_options(tokens);
    if new.public_address {
        let interface = LaunchTemplateInstanceNetworkInterfaceSpecificationRequest::builder()
            .device_index(0)
            .associate_public_ip_address(true)
            .set_groups(groups);
        return data.network_interfaces(interface.build()).build();
    }
    data.set_security_group_ids(groups).build()
}

fn profile(named: &str) -> LaunchTemplateIamInstanceProfileSpecificationRequest {
    let profile = LaunchTemplateIamInstanceProfileSpecificationRequest::builder();
    if named.starts_with("arn:") { profile.arn(named) } else { profile.name(named) }.build()
}

/// `DeleteLaunchTemplate`, by its name.
pub async fn delete(change: &AwsChange, name: &str) -> Answer<()> {
    let request = change.clients().ec2.delete_launch_template().launch_template_name(name);
    match change.send(DELETE, &format!("launch template {name}"), || request.clone().send()).await {
        Ok(_) | Err(CloudError::Absent(_)) => Ok(()),
        Err(error) => Err(error),
    }
}

/// `CreateAutoScalingGroup`, with tags that its members have from their launch on, and others that they do not.
pub async fn create_group(change: &AwsChange, new: &NewGroup) -> Answer<()> {
    let size = |n: u32| i32::try_from(n).unwrap_or(i32::MAX);
    let tag = |(key, value): &(String, String), at_launch: bool| {
        let tag = scaling::Tag::builder().resource_id(new.name.as_str()).resource_type("auto-scaling-group");
        tag.key(key).value(value).propagate_at_launch(at_launch).build()
    };
    let tags =
        new.member_tags.iter().map(|one| tag(one, true)).chain(new.tags.iter().map(|one| tag(one, false)));
    let request = change
        .clients()
        .autoscaling
        .create_auto_scaling_group()
        .auto_scaling_group_name(new.name.as_str())
        .min_size(size(new.sizes.min))
        .desired_capacity(size(new.sizes.desired))
        .max_size(size(new.sizes.max))
        .vpc_zone_identifier(new.subnets.join(","))
        .set_load_balancer_names(Some(new.balancers.iter().map(ToString::to_string).collect()))
        .health_check_type("ELB")
        .health_check_grace_period(size(new.grace_s))
        .set_tags(Some(tags.collect()));
    let request = match &new.launch {
        Some(LaunchSource::Configuration { name }) => request.launch_configuration_name(name),
        Some(LaunchSource::Template { id, name, version }) => {
            request.launch_template(autoscaling::specification(id, name, Some(version)))
        }
        None => {
            return Err(CloudError::Refused(format!(
                "group {} was not made: it names nothing that it can launch",
                new.name
            )));
        }
    };
    change.send(CREATE_GROUP, &format!("group {}", new.name), || request.clone().send()).await?;
    Ok(())
}

/// `DeleteAutoScalingGroup`, never by force: AWS refuses while it has members.
pub async fn delete_group(change: &AwsChange, group: &GroupName) -> Answer<()> {
    let request = change.clients().autoscaling.delete_auto_scaling_group();
    let request = request.auto_scaling_group_name(group.as_str()).force_delete(false);
    match change.send(DELETE_GROUP, &format!("group {group}"), || request.clone().send()).await {
        Ok(_) | Err(CloudError::Absent(_)) => Ok(()),
        Err(error) => Err(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn new(public_address: bool) -> NewTemplate {
        NewTemplate {
            name: "web".into(),
            description: "release".into(),
            image: Some("ami-1".into()),
            instance_type: "t3.medium".into(),
            security_groups: vec!["sg-1".into(), "sg-2".into()],
            public_address,
            key_name: Some("jane".into()),
            instance_profile: Some("web".into()),
            tags: Vec::new(),
        }
    }

    #[test]
    fn a_template_asks_for_tokens_and_has_its_security_groups_in_one_place() {
        let private = data(&new(false));
        let tokens = private.metadata_options().and_then(|options| options.http_tokens());
        assert_eq!(tokens, Some(&LaunchTemplateHttpTokensState::Required));
        assert_eq!(private.security_group_ids(), ["sg-1", "sg-2"]);
        assert!(private.network_interfaces().is_empty());
        let public = data(&new(true));
        assert!(public.security_group_ids().is_empty(), "EC2 takes them here or there");
        let interface = &public.network_interfaces()[0];
        assert_eq!(interface.groups(), ["sg-1", "sg-2"]);
        assert_eq!(interface.associate_public_ip_address(), Some(true));
    }
}
