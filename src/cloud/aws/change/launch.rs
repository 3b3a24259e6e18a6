//! Launch configurations and template versions: copies with another image.

use std::fmt::Write;

use aws_sdk_autoscaling::operation::create_launch_configuration::builders::CreateLaunchConfigurationFluentBuilder;
use aws_sdk_autoscaling::types::LaunchConfiguration;
use aws_sdk_ec2::types::{
    InstanceType, LaunchTemplateBlockDeviceMappingRequest, LaunchTemplateErrorCode,
    RequestLaunchTemplateData, ResponseLaunchTemplateData,
};
use sha2::{Digest, Sha256};

use super::super::{autoscaling, ec2, translate};
use super::disks::Outdated;
use super::{AwsChange, incomplete};
use crate::cloud::{Answer, CloudError, LaunchSpec};
use crate::fleet::text::one_line;
use crate::fleet::{ImageId, LaunchSource};

const CREATE_CONFIGURATION: &str = "autoscaling:CreateLaunchConfiguration";
const DELETE_CONFIGURATION: &str = "autoscaling:DeleteLaunchConfiguration";
const CREATE_VERSION: &str = "ec2:CreateLaunchTemplateVersion";
const DELETE_VERSIONS: &str = "ec2:DeleteLaunchTemplateVersions";

/// The action that makes one like this.
pub const fn action(like: &LaunchSource) -> &'static str {
    match like {
        LaunchSource::Configuration { .. } => CREATE_CONFIGURATION,
        LaunchSource::Template { .. } => CREATE_VERSION,
    }
}

/// The action that deletes it.
pub const fn deletion(launch: &LaunchSource) -> &'static str {
    match launch {
        LaunchSource::Configuration { .. } => DELETE_CONFIGURATION,
        LaunchSource::Template { .. } => DELETE_VERSIONS,
    }
}

/// A copy with another image and name.
pub async fn create(change: &AwsChange, launch: &LaunchSpec) -> Answer<LaunchSource> {
    match &launch.like {
        LaunchSource::Configuration { name } => create_configuration(change, name, launch).await,
        LaunchSource::Template { id, name, version } => {
            create_version(change, (id, name, version), launch).await
        }
    }
}

async fn create_configuration(change: &AwsChange, like: &str, launch: &LaunchSpec) -> Answer<LaunchSource> {
    let found = autoscaling::list_configurations(&change.read, &[like]).await?;
    let mut found = found.into_iter().next().ok_or_else(|| absent(change, &launch.like))?;
    if let Some(disks) = &mut found.block_device_mappings
        && disks.iter().any(|disk| disk.ebs().is_some_and(|ebs| ebs.snapshot_id().is_some()))
    {
        Outdated::find(change, found.image_id.as_deref(), &launch.image).await?.strike(disks);
    }
    if let Some(kind) = &launch.instance_type {
        found.instance_type = Some(kind.clone());
    }
    let request = change
        .clients()
        .autoscaling
        .create_launch_configuration()
        .launch_configuration_name(&launch.name)
        .image_id(launch.image.as_str());
    let request = copied(request, found);
    let about = format!("launch configuration {}", launch.name);
    change.send(CREATE_CONFIGURATION, &about, || request.clone().send()).await?;
    Ok(LaunchSource::Configuration { name: launch.name.clone() })
}

/// Every field but name, image, ARN and time. AWS describes what is not set as an empty text or list, and does not
/// take it so.
fn copied(
    request: CreateLaunchConfigurationFluentBuilder,
    from: LaunchConfiguration,
) -> CreateLaunchConfigurationFluentBuilder {
    let text = |value: Option<String>| value.filter(|text| !text.is_empty());
    request
        .set_key_name(text(from.key_name))
        .set_security_groups(from.security_groups.filter(|some| !some.is_empty()))
        .set_classic_link_vpc_id(text(from.classic_link_vpc_id))
        .set_classic_link_vpc_security_groups(
            from.classic_link_vpc_security_groups.filter(|some| !some.is_empty()),
        )
        .set_user_data(text(from.user_data))
        .set_instance_type(text(from.instance_type))
        .set_kernel_id(text(from.kernel_id))
        .set_ramdisk_id(text(from.ramdisk_id))
        .set_block_device_mappings(from.block_device_mappings.filter(|some| !some.is_empty()))
        .set_instance_monitoring(from.instance_monitoring)
        .set_spot_price(text(from.spot_price))
        .set_iam_instance_profile(text(from.iam_instance_profile))
        .set_ebs_optimized(from.ebs_optimized)
        .set_associate_public_ip_address(from.associate_public_ip_address)
        .set_placement_tenancy(text(from.placement_tenancy))
        .set_metadata_options(from.metadata_options)
}

/// `CreateLaunchTemplateVersion` upon the version's number, whose every other field AWS takes over.
async fn create_version(
    change: &AwsChange,
    (id, name, version): (&str, &str, &str),
    launch: &LaunchSpec,
) -> Answer<LaunchSource> {
    let found = ec2::some_versions(&change.read, id, name, &[version].into()).await?;
    let source = translate::template_version(launch.like.clone(), &found)
        .ok_or_else(|| absent(change, &launch.like))?;
    let LaunchSource::Template { id, name, version } = source.resolved else {
        return Err(absent(change, &launch.like));
    };
    let data = found.iter().find_map(|found| found.launch_template_data());
    let data = RequestLaunchTemplateData::builder()
        .image_id(launch.image.as_str())
        .set_instance_type(launch.instance_type.as_deref().map(InstanceType::from))
        .set_block_device_mappings(new_disks(change, data, &launch.image).await?)
        .build();
    let request = change.clients().ec2.create_launch_template_version();
    let request =
        if id.is_empty() { request.launch_template_name(&name) } else { request.launch_template_id(&id) }
            .client_token(token(&launch.name))
            .source_version(&version)
            .version_description(&launch.name)
            .launch_template_data(data);
    let about = format!("version {} of launch template {name}", launch.name);
    let made = match change.send(CREATE_VERSION, &about, || request.clone().send()).await {
        // The token belongs to a version that was made of another one: this name is taken.
        Err(CloudError::Refused(said)) if said.contains("IdempotentParameterMismatch") => {
            return Err(CloudError::Exists(said));
        }
        made => made?,
    };
    let made = made.launch_template_version().and_then(translate::numbered_version);
    let Some(LaunchSource::Template { version, .. }) = made.map(|made| made.resolved) else {
        return Err(incomplete(CREATE_VERSION, "version"));
    };
    Ok(LaunchSource::Template { id, name, version })
}

/// The disks, where they are not the version's.
async fn new_disks(
    change: &AwsChange,
    data: Option<&ResponseLaunchTemplateData>,
    image: &ImageId,
) -> Answer<Option<Vec<LaunchTemplateBlockDeviceMappingRequest>>> {
    let Some(data) = data else { return Ok(None) };
    let disks = data.block_device_mappings();
    if disks.iter().all(|disk| disk.ebs().is_none_or(|ebs| ebs.snapshot_id().is_none())) {
        return Ok(None);
    }
    Ok(Outdated::find(change, data.image_id(), image).await?.struck(disks))
}

/// EC2 takes 64 characters, and names are longer.
pub fn token(name: &str) -> String {
    Sha256::digest(name.as_bytes()).iter().fold(String::with_capacity(64), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// `DeleteLaunchConfiguration` or `DeleteLaunchTemplateVersions`.
pub async fn delete(change: &AwsChange, launch: &LaunchSource) -> Answer<()> {
    let deleted = match launch {
        LaunchSource::Configuration { name } => {
            let request = change.clients().autoscaling.delete_launch_configuration();
            let request = request.launch_configuration_name(name);
            let about = format!("launch configuration {name}");
            change.send(DELETE_CONFIGURATION, &about, || request.clone().send()).await.map(|_| ())
        }
        LaunchSource::Template { id, name, version } => delete_version(change, (id, name, version)).await,
    };
    match deleted {
        Err(CloudError::Absent(_)) => Ok(()),
        answer => answer,
    }
}

/// The answer is a success even when the version was not deleted: then it says why.
async fn delete_version(change: &AwsChange, (id, name, version): (&str, &str, &str)) -> Answer<()> {
    let request = change.clients().ec2.delete_launch_template_versions().versions(version);
    let request =
        if id.is_empty() { request.launch_template_name(name) } else { request.launch_template_id(id) };
    let about = format!("version {version} of launch template {}", if name.is_empty() { id } else { name });
    let answer = change.send(DELETE_VERSIONS, &about, || request.clone().send()).await?;
    let Some(failed) = answer.unsuccessfully_deleted_launch_template_versions().first() else {
        return Ok(());
    };
    let why = failed.response_error();
    match why.and_then(|why| why.code()) {
        Some(
            LaunchTemplateErrorCode::LaunchTemplateIdDoesNotExist
            | LaunchTemplateErrorCode::LaunchTemplateNameDoesNotExist
            | LaunchTemplateErrorCode::LaunchTemplateVersionDoesNotExist,
        ) => Ok(()),
        Some(LaunchTemplateErrorCode::UnexpectedError) | None => Err(CloudError::Other(format!(
            "{about} was perhaps not deleted; AWS says: {}",
            one_line(why.and_then(|why| why.message()).unwrap_or("nothing"))
        ))),
        Some(code) => Err(CloudError::Refused(format!("AWS refused to delete {about} ({code})"))),
    }
}

fn absent(change: &AwsChange, like: &LaunchSource) -> CloudError {
    CloudError::Absent(format!(
        "{}, which is to be copied, does not exist in {}",
        one_line(&like.label()),
        change.read.endpoint.region
    ))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use aws_sdk_autoscaling::types as sdk;
    use aws_smithy_types::DateTime;

    use super::*;

    /// The fields of a struct as `{:#?}` writes them, one text each.
    fn fields(value: &impl std::fmt::Debug) -> BTreeSet<String> {
        let text = format!("{value:#?}");
        let lines: Vec<&str> = text.lines().collect();
        let begins = |line: &str| {
            line.strip_prefix("    ").is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_lowercase()))
        };
        let starts: Vec<usize> = (0..lines.len()).filter(|n| begins(lines[*n])).collect();
        let ends = starts.iter().copied().skip(1).chain([lines.len() - 1]);
        starts.iter().zip(ends).map(|(start, end)| lines[*start..end].join("\n")).collect()
    }

    fn everything() -> LaunchConfiguration {
        let disk = sdk::Ebs::builder().volume_size(40).volume_type("gp3").encrypted(true).build();
        LaunchConfiguration::builder()
            .launch_configuration_name("before")
            .launch_configuration_arn("arn:before")
            .image_id("ami-before")
            .created_time(DateTime::from_secs(1))
            .key_name("deploy")
            .security_groups("sg-1")
            .security_groups("sg-2")
            .classic_link_vpc_id("vpc-1")
            .classic_link_vpc_security_groups("sg-3")
            .user_data("IyEvYmluL3NoCg==")
            .instance_type("t3.medium")
            .kernel_id("aki-1")
            .ramdisk_id("ari-1")
            .block_device_mappings(
                sdk::BlockDeviceMapping::builder().device_name("/dev/sda1").ebs(disk).build(),
            )
            .instance_monitoring(sdk::InstanceMonitoring::builder().enabled(false).build())
            .spot_price("0.05")
            .iam_instance_profile("web")
            .ebs_optimized(true)
            .associate_public_ip_address(false)
            .placement_tenancy("dedicated")
            .metadata_options(sdk::InstanceMetadataOptions::builder().http_tokens("required".into()).build())
            .build()
    }

    fn copy_of(from: LaunchConfiguration) -> BTreeSet<String> {
        let config = aws_sdk_autoscaling::Config::builder()
            .behavior_version(aws_sdk_autoscaling::config::BehaviorVersion::latest())
            .build();
        let request = aws_sdk_autoscaling::Client::from_conf(config).create_launch_configuration();
        fields(&copied(request, from).as_input().clone().build().unwrap())
    }

    /// A field that a later SDK adds fails this test until it is copied, too.
    #[test]
    fn r7_a_launch_configuration_is_copied_with_every_field_it_has() {
        let own = ["launch_configuration_name:", "launch_configuration_arn:", "image_id:", "created_time:"];
        let is_own = |field: &String| own.iter().any(|name| field.trim_start().starts_with(name));
        let wanted: BTreeSet<String> = fields(&everything()).into_iter().filter(|f| !is_own(f)).collect();
        assert_eq!(wanted.len(), 16, "{wanted:?}");
        assert!(wanted.iter().all(|field| !field.ends_with("None,")), "{wanted:?}");
        let copied = copy_of(everything());
        assert_eq!(wanted.difference(&copied).collect::<Vec<_>>(), Vec::<&String>::new());
    }

    #[test]
    fn what_is_described_as_empty_is_not_set() {
        let described =
            LaunchConfiguration::builder().key_name("").kernel_id("").ramdisk_id("").user_data("");
        let described = described.set_block_device_mappings(Some(Vec::new())).spot_price("").build();
        let copied = copy_of(described);
        assert!(copied.iter().all(|field| field.ends_with("None,")), "{copied:?}");
    }

    #[test]
    fn a_name_makes_one_token_that_ec2_takes() {
        let name = "myproject_production_web_2026.11.20-08.30.05_0123456789abcdef0123456789abcdef01234567";
        assert_eq!(token(name).len(), 64);
        assert_eq!(token(name), token(name));
        assert_ne!(token(name), token("other"));
    }
}
