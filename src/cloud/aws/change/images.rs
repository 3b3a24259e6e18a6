//! Images of servers, and the snapshots behind them.

use std::collections::BTreeSet;

use aws_sdk_ec2::types::{Filter, Image};

use super::super::ec2::filter;
use super::{AwsChange, incomplete, unless};
use crate::cloud::{Answer, CloudError};
use crate::fleet::{ImageId, InstanceId, Source};

pub const CREATE: &str = "ec2:CreateImage";
pub const DEREGISTER: &str = "ec2:DeregisterImage";
const DESCRIBE_SNAPSHOTS: &str = "ec2:DescribeSnapshots";
const DELETE_SNAPSHOT: &str = "ec2:DeleteSnapshot";

/// `CreateImage`. EC2 stops the server for it and starts it again, so that its file systems are whole.
pub async fn create(change: &AwsChange, server: &InstanceId, name: &str) -> Answer<ImageId> {
    let request = change.clients().ec2.create_image().instance_id(server.as_str()).name(name);
    let about = format!("image {name} of server {server}");
    let made = change.send(CREATE, &about, || request.clone().send()).await?;
    made.image_id().map(ImageId::new).ok_or_else(|| incomplete(CREATE, "image"))
}

/// `DeregisterImage`, then `DeleteSnapshot` for each. The snapshots are found first, for a deregistered image does not
/// name them any more; those of one that was deregistered earlier, when the rest did not come about, are found by
/// what `CreateImage` wrote on them.
pub async fn delete(change: &AwsChange, image: &ImageId) -> Answer<()> {
    let snapshots = match found(change, image).await? {
        Some(found) => {
            deregister(change, image).await?;
            snapshots_of(&found)
        }
        None => left_behind(change, image).await?,
    };
    for snapshot in snapshots {
        delete_snapshot(change, image, &snapshot).await?;
    }
    Ok(())
}

async fn found(change: &AwsChange, image: &ImageId) -> Answer<Option<Image>> {
    let call = change.read.call(Source::Ec2DescribeImages.action(), &format!("image {image}"));
    let request = change.read.clients().ec2.describe_images().filters(filter("image-id", [image.as_str()]));
    let answer = request.include_deprecated(true).send().await.map_err(|e| call.fail(e))?;
    Ok(answer.images.unwrap_or_default().into_iter().next())
}

async fn deregister(change: &AwsChange, image: &ImageId) -> Answer<()> {
    let request = change.clients().ec2.deregister_image().image_id(image.as_str());
    match change.send(DEREGISTER, &format!("image {image}"), || request.clone().send()).await {
        Ok(_) | Err(CloudError::Absent(_)) => Ok(()),
        // EC2 still described it and knows better now.
        Err(CloudError::Refused(said)) if said.contains("InvalidAMIID.Unavailable") => Ok(()),
        Err(error) => Err(error),
    }
}

fn snapshots_of(image: &Image) -> BTreeSet<String> {
    let disks = image.block_device_mappings().iter().filter_map(|disk| disk.ebs()?.snapshot_id());
    disks.filter(|id| !id.is_empty()).map(ToOwned::to_owned).collect()
}

/// The account's own snapshots `Created by CreateImage(i-…) for ami-…`.
async fn left_behind(change: &AwsChange, image: &ImageId) -> Answer<BTreeSet<String>> {
    let mut snapshots = BTreeSet::new();
    let made_for = Filter::builder()
        .name("description")
        .values(format!("Created by CreateImage(*) for {image}*"))
        .build();
    let mut token = None;
    loop {
        let call = change.read.call(DESCRIBE_SNAPSHOTS, &format!("snapshots of image {image}"));
        let request =
            change.read.clients().ec2.describe_snapshots().owner_ids("self").filters(made_for.clone());
        let page = request.set_next_token(token.clone()).send().await.map_err(|e| call.fail(e))?;
        snapshots.extend(page.snapshots().iter().filter_map(|s| s.snapshot_id().map(ToOwned::to_owned)));
        let next = page.next_token.filter(|t| !t.is_empty());
        if next.is_none() || next == token {
            return Ok(snapshots);
        }
        token = next;
    }
}

/// One that another image uses as well stays. Right after the image is gone EC2 may still hold it for used by it.
async fn delete_snapshot(change: &AwsChange, image: &ImageId, snapshot: &str) -> Answer<()> {
    let request = change.clients().ec2.delete_snapshot().snapshot_id(snapshot);
    let about = format!("snapshot {snapshot} of image {image}");
    let once = || async {
        match change.send(DELETE_SNAPSHOT, &about, || request.clone().send()).await {
            Ok(_) | Err(CloudError::Absent(_)) => Ok(()),
            Err(error) => Err(error),
        }
    };
    let in_use = |error: &CloudError| matches!(error, CloudError::Refused(said) if said.contains("InvalidSnapshot.InUse"));
    unless(once, in_use).await?;
    Ok(())
}
