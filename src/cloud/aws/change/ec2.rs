//! Servers that are launched and terminated one by one.

use aws_sdk_ec2::operation::run_instances::builders::RunInstancesFluentBuilder;
use aws_sdk_ec2::types::{
    BlockDeviceMapping, EbsBlockDevice, HttpTokensState, IamInstanceProfileSpecification,
    InstanceMetadataOptionsRequest, InstanceNetworkInterfaceSpecification, InstanceType, Placement,
    ResourceType, Tag, TagSpecification, VolumeType,
};

use super::{AwsChange, incomplete, is_absent, listed, unless};
use crate::cloud::{Answer, CloudError, ServerSpec};
use crate::fleet::{InstanceId, NewServer, NewVolume};

pub const RUN: &str = "ec2:RunInstances";
pub const TAG: &str = "ec2:CreateTags";
pub const REBOOT: &str = "ec2:RebootInstances";
pub const STOP: &str = "ec2:StopInstances";
pub const TERMINATE: &str = "ec2:TerminateInstances";

/// `RunInstances` of one server, with its tags from its first moment.
pub async fn launch(change: &AwsChange, spec: &ServerSpec) -> Answer<InstanceId> {
    let request = change.clients().ec2.run_instances().client_token(&spec.token);
    let request = asked(request, &spec.server);
    let about = format!("a server from image {}", spec.server.image);
    let made = change.send(RUN, &about, || request.clone().send()).await?;
    let id = made.instances().first().and_then(|instance| instance.instance_id());
    id.map(InstanceId::new).ok_or_else(|| incomplete(RUN, "instance"))
}

fn asked(request: RunInstancesFluentBuilder, server: &NewServer) -> RunInstancesFluentBuilder {
    let mut request = request
        .image_id(server.image.as_str())
        .instance_type(InstanceType::from(server.instance_type.as_str()))
        .min_count(1)
        .max_count(1)
        .set_iam_instance_profile(server.instance_profile.as_deref().map(profile))
        .set_metadata_options(server.tokens_required.map(metadata))
        .set_key_name(server.key_name.clone());
    if let Some(zone) = &server.zone {
        request = request.placement(Placement::builder().availability_zone(zone.as_str()).build());
    }
    request = placed(request, server);
    if !server.tags.is_empty() {
        request = request.tag_specifications(tagged(ResourceType::Instance, &server.tags));
    }
    for volume in &server.volumes {
        request = request.block_device_mappings(disk(volume));
    }
    // A server's role turns with what becomes of it, which nobody would tell its volume.
    let lasting: Vec<_> = server.tags.iter().filter(|(key, _)| key != "role").cloned().collect();
    if !server.volumes.is_empty() && !lasting.is_empty() {
        request = request.tag_specifications(tagged(ResourceType::Volume, &lasting));
    }
    request
}

fn tagged(what: ResourceType, tags: &[(String, String)]) -> TagSpecification {
    TagSpecification::builder().resource_type(what).set_tags(Some(written(tags))).build()
}

fn disk(volume: &NewVolume) -> BlockDeviceMapping {
    let ebs = EbsBlockDevice::builder()
        .volume_size(i32::try_from(volume.gb).unwrap_or(i32::MAX))
        .set_volume_type(volume.kind.as_deref().map(VolumeType::from))
        // Not asked for, it is what the account's default says.
        .set_encrypted(volume.encrypted.then_some(true))
        .delete_on_termination(!volume.keeps);
    BlockDeviceMapping::builder().device_name(&volume.device).ebs(ebs.build()).build()
}

/// Subnet and security groups. A public address can only be asked for with a network interface, which then has both:
/// EC2 takes them there or on the server, never on both.
fn placed(mut request: RunInstancesFluentBuilder, server: &NewServer) -> RunInstancesFluentBuilder {
    if server.public_address && server.subnet.is_some() {
        let interface = InstanceNetworkInterfaceSpecification::builder()
            .device_index(0)
            .associate_public_ip_address(true)
            .set_subnet_id(server.subnet.clone())
            .set_groups(Some(server.security_groups.clone()).filter(|groups| !groups.is_empty()));
        return request.network_interfaces(interface.build());
    }
    request = request.set_subnet_id(server.subnet.clone());
    for group in &server.security_groups {
        request = if group.starts_with("sg-") {
            request.security_group_ids(group)
        } else {
            request.security_groups(group)
        };
    }
    request
}

fn profile(named: &str) -> IamInstanceProfileSpecification {
    let profile = IamInstanceProfileSpecification::builder();
    if named.starts_with("arn:") { profile.arn(named) } else { profile.name(named) }.build()
}

fn metadata(tokens_required: bool) -> InstanceMetadataOptionsRequest {
    let tokens = if tokens_required { HttpTokensState::Required } else { HttpTokensState::Optional };
    InstanceMetadataOptionsRequest::builder().http_tokens(tokens).build()
}

pub fn written(tags: &[(String, String)]) -> Vec<Tag> {
    tags.iter().map(|(key, value)| Tag::builder().key(key).value(value).build()).collect()
}

/// `CreateTags`.
pub async fn tag(change: &AwsChange, server: &InstanceId, tags: &[(String, String)]) -> Answer<()> {
    let request =
        change.clients().ec2.create_tags().resources(server.to_string()).set_tags(Some(written(tags)));
    change.send(TAG, &format!("server {server}"), || request.clone().send()).await?;
    Ok(())
}

/// `TerminateInstances`. When one is unknown AWS refuses all: then each is asked for by itself, and one that stays
/// unknown is gone.
pub async fn terminate(change: &AwsChange, servers: &[InstanceId]) -> Answer<()> {
    if servers.is_empty() {
        return Ok(());
    }
    if servers.len() > 1 {
        match some(change, servers).await {
            Err(CloudError::Absent(_)) => {}
            answer => return answer,
        }
    }
    for server in servers {
        unless(|| some(change, std::slice::from_ref(server)), is_absent).await?;
    }
    Ok(())
}

/// `RebootInstances`.
pub async fn reboot(change: &AwsChange, servers: &[InstanceId]) -> Answer<()> {
    if servers.is_empty() {
        return Ok(());
    }
    let ids = servers.iter().map(ToString::to_string).collect();
    let request = change.clients().ec2.reboot_instances().set_instance_ids(Some(ids));
    change.send(REBOOT, &listed("server", servers), || request.clone().send()).await?;
    Ok(())
}

/// `StopInstances`.
pub async fn stop(change: &AwsChange, servers: &[InstanceId]) -> Answer<()> {
    if servers.is_empty() {
        return Ok(());
    }
    let ids = servers.iter().map(ToString::to_string).collect();
    let request = change.clients().ec2.stop_instances().set_instance_ids(Some(ids));
    change.send(STOP, &listed("server", servers), || request.clone().send()).await?;
    Ok(())
}

async fn some(change: &AwsChange, servers: &[InstanceId]) -> Answer<()> {
    let ids = servers.iter().map(ToString::to_string).collect();
    let request = change.clients().ec2.terminate_instances().set_instance_ids(Some(ids));
    change.send(TERMINATE, &listed("server", servers), || request.clone().send()).await?;
    Ok(())
}
