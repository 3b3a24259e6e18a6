//! Disks that are made of an image's snapshots. A copy with another image must not carry those of the image before:
//! EC2 refuses such a root disk when a server is launched, and any other one would hold the old data.

use std::collections::BTreeMap;

use aws_sdk_autoscaling::types::BlockDeviceMapping;
use aws_sdk_ec2::types::{
    Image, LaunchTemplateBlockDeviceMapping, LaunchTemplateBlockDeviceMappingRequest,
    LaunchTemplateEbsBlockDevice, LaunchTemplateEbsBlockDeviceRequest,
};

use super::super::ec2::filter;
use super::AwsChange;
use crate::cloud::Answer;
use crate::fleet::{ImageId, Source};

/// The snapshots of the image before, by the names of their devices; only of devices that the new image has, too.
#[derive(Debug, Default)]
pub struct Outdated(BTreeMap<String, String>);

impl Outdated {
    /// Asks EC2 for both images. One that is gone leaves nothing to compare.
    pub async fn find(change: &AwsChange, before: Option<&str>, now: &ImageId) -> Answer<Self> {
        let Some(before) = before.filter(|id| *id != now.as_str()) else { return Ok(Self::default()) };
        let call =
            change.read.call(Source::Ec2DescribeImages.action(), &format!("images {before} and {now}"));
        let request = change.read.clients().ec2.describe_images().include_deprecated(true);
        let request = request.filters(filter("image-id", [before, now.as_str()]));
        let found = request.send().await.map_err(|e| call.fail(e))?;
        let disks_of = |id: &str| {
            found.images().iter().find(|image| image.image_id() == Some(id)).map(disks).unwrap_or_default()
        };
        let new = disks_of(now.as_str());
        Ok(Self(disks_of(before).into_iter().filter(|(device, _)| new.contains_key(device)).collect()))
    }

    fn has(&self, device: Option<&str>, snapshot: Option<&str>) -> bool {
        device.and_then(|device| self.0.get(device)).is_some_and(|old| Some(old.as_str()) == snapshot)
    }

    /// Without its snapshot such a disk is made of the new image's.
    pub fn strike(&self, disks: &mut [BlockDeviceMapping]) {
        for disk in disks {
            if let Some(ebs) = &mut disk.ebs
                && self.has(disk.device_name.as_deref(), ebs.snapshot_id.as_deref())
            {
                ebs.snapshot_id = None;
            }
        }
    }

    /// The same for a template version: all its disks when one of them has to change, for EC2 takes the whole list.
    pub fn struck(
        &self,
        disks: &[LaunchTemplateBlockDeviceMapping],
    ) -> Option<Vec<LaunchTemplateBlockDeviceMappingRequest>> {
        let is_old = |disk: &LaunchTemplateBlockDeviceMapping| {
            self.has(disk.device_name(), disk.ebs().and_then(|ebs| ebs.snapshot_id()))
        };
        disks.iter().any(is_old).then(|| disks.iter().map(|disk| asked(disk, is_old(disk))).collect())
    }
}

/// Devices of an image and the snapshots behind them.
fn disks(image: &Image) -> BTreeMap<String, String> {
    let all = image.block_device_mappings().iter();
    all.filter_map(|disk| Some((disk.device_name()?.to_owned(), disk.ebs()?.snapshot_id()?.to_owned())))
        .collect()
}

fn asked(disk: &LaunchTemplateBlockDeviceMapping, is_old: bool) -> LaunchTemplateBlockDeviceMappingRequest {
    let ebs = |ebs: &LaunchTemplateEbsBlockDevice| {
        LaunchTemplateEbsBlockDeviceRequest::builder()
            .set_encrypted(ebs.encrypted())
            .set_delete_on_termination(ebs.delete_on_termination())
            .set_iops(ebs.iops())
            .set_kms_key_id(ebs.kms_key_id.clone())
            .set_snapshot_id(if is_old { None } else { ebs.snapshot_id.clone() })
            .set_volume_size(ebs.volume_size())
            .set_volume_type(ebs.volume_type.clone())
            .set_throughput(ebs.throughput())
            .set_volume_initialization_rate(ebs.volume_initialization_rate())
            .set_ebs_card_index(ebs.ebs_card_index())
            .build()
    };
    LaunchTemplateBlockDeviceMappingRequest::builder()
        .set_device_name(disk.device_name.clone())
        .set_virtual_name(disk.virtual_name.clone())
        .set_ebs(disk.ebs().map(ebs))
        .set_no_device(disk.no_device.clone())
        .build()
}

#[cfg(test)]
mod tests {
    use aws_sdk_ec2::types::{BlockDeviceMapping as Disk, EbsBlockDevice, VolumeType};

    use super::*;

    fn image(snapshots: &[(&str, &str)]) -> Image {
        let disk = |(device, snapshot): &(&str, &str)| {
            let ebs = EbsBlockDevice::builder().snapshot_id(*snapshot).build();
            Disk::builder().device_name(*device).ebs(ebs).build()
        };
        Image::builder().set_block_device_mappings(Some(snapshots.iter().map(disk).collect())).build()
    }

    fn outdated() -> Outdated {
        Outdated(disks(&image(&[("/dev/sda1", "snap-old")])))
    }

    #[test]
    fn a_template_s_disk_of_the_image_before_loses_its_snapshot_and_nothing_else() {
        let disk = |device: &str, snapshot: &str| {
            let ebs = LaunchTemplateEbsBlockDevice::builder()
                .snapshot_id(snapshot)
                .encrypted(true)
                .delete_on_termination(true)
                .iops(3_000)
                .kms_key_id("key")
                .volume_size(40)
                .volume_type(VolumeType::Gp3)
                .throughput(125)
                .volume_initialization_rate(100)
                .ebs_card_index(1);
            LaunchTemplateBlockDeviceMapping::builder().device_name(device).ebs(ebs.build()).build()
        };
        let before = [disk("/dev/sda1", "snap-old"), disk("/dev/sdb", "snap-data")];
        let after = outdated().struck(&before).unwrap();
        let text = |value: &dyn std::fmt::Debug| {
            format!("{value:?}")
                .replace("BlockDeviceMappingRequest", "BlockDeviceMapping")
                .replace("DeviceRequest", "Device")
        };
        assert_eq!(text(&after[0]), text(&before[0]).replace("Some(\"snap-old\")", "None"));
        assert_eq!(text(&after[1]), text(&before[1]));
        assert!(
            outdated().struck(&before[1..]).is_none(),
            "nothing to change: EC2 copies the list by itself"
        );
    }
}
