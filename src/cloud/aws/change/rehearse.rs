//! What EC2 is asked whether it would do it (`DryRun`): nothing comes of it.

use aws_sdk_ec2::config::http::HttpResponse;
use aws_sdk_ec2::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_ec2::types::InstanceType;

use super::{AwsChange, ec2, ground};
use crate::cloud::{Answer, CloudError, Rehearsal};

/// What EC2 says where it would.
const WOULD: &str = "DryRunOperation";
/// A group that is never made.
const NAME: &str = "quarterdeck-rehearsal";

/// The action that is asked for.
pub const fn action(rehearsal: &Rehearsal) -> &'static str {
    match rehearsal {
        Rehearsal::Launch { .. } => ec2::RUN,
        Rehearsal::Tag { .. } => ec2::TAG,
        Rehearsal::SecurityGroup { .. } => ground::CREATE,
    }
}

/// Asks. An answer that says neither yes nor that it is denied leaves it open.
pub async fn rehearse(change: &AwsChange, rehearsal: &Rehearsal) -> Answer<bool> {
    let client = &change.clients().ec2;
    match rehearsal {
        Rehearsal::Launch { image, instance_type, subnet } => {
            let request = client.run_instances().dry_run(true).image_id(image.as_str());
            let request = request.instance_type(InstanceType::from(instance_type.as_str()));
            let request = request.min_count(1).max_count(1).set_subnet_id(subnet.clone());
            told(change, rehearsal, request.send().await)
        }
        Rehearsal::Tag { server, tag } => {
            let tags = ec2::written(std::slice::from_ref(tag));
            let request = client.create_tags().dry_run(true).resources(server.as_str()).set_tags(Some(tags));
            told(change, rehearsal, request.send().await)
        }
        Rehearsal::SecurityGroup { vpc } => {
            let request = client.create_security_group().dry_run(true).group_name(NAME).description(NAME);
            told(change, rehearsal, request.vpc_id(vpc).send().await)
        }
    }
}

fn told<T, E>(
    change: &AwsChange,
    rehearsal: &Rehearsal,
    answer: Result<T, SdkError<E, HttpResponse>>,
) -> Answer<bool>
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    let call = change.once.call(action(rehearsal), "a rehearsal");
    match answer {
        Ok(_) => Err(CloudError::Other(format!(
            "{} answered a rehearsal as if it had happened",
            action(rehearsal)
        ))),
        Err(error) if error.code() == Some(WOULD) => Ok(true),
        Err(error) => match call.fail(error) {
            CloudError::Denied(_) => Ok(false),
            other => Err(other),
        },
    }
}
