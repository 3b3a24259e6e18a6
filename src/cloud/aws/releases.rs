//! Releases: the launch configurations and template versions whose names tell a time and a changeset.

use std::cmp::Reverse;

use jiff::Timestamp;

use super::{AwsCloud, autoscaling, ec2, translate};
use crate::cloud::Answer;
use crate::fleet::release::parse_name;
use crate::fleet::{LaunchSettings, LaunchSource};

/// What a group could launch in the place of `like`, newest first.
pub async fn releases(cloud: &AwsCloud, like: &LaunchSource, prefix: &str) -> Answer<Vec<LaunchSettings>> {
    match like {
        LaunchSource::Configuration { .. } => {
            // AWS cannot be asked for the beginning of a name.
            let all = autoscaling::list_configurations(cloud, &[]).await?;
            let of_prefix = |name: &str| if name.starts_with(prefix) { named_at(name) } else { None };
            let all = all.iter().filter_map(translate::launch_configuration);
            Ok(newest_first(all.filter_map(|found| match &found.source {
                LaunchSource::Configuration { name } => Some((of_prefix(name)?, found)),
                LaunchSource::Template { .. } => None,
            })))
        }
        LaunchSource::Template { id, name, .. } => {
            let all = ec2::some_versions(cloud, id, name, &[].into()).await?;
            let all = all.iter().filter_map(|version| Some((version.version_number()?, version)));
            Ok(newest_first(all.filter_map(|(number, version)| {
                let found = translate::numbered_version(version)?;
                named_at(found.description.as_deref()?)?;
                Some((number, found))
            })))
        }
    }
}

/// The time in a release's name.
fn named_at(name: &str) -> Option<Timestamp> {
    parse_name(name).map(|(at, _)| at)
}

fn newest_first<K: Ord + Copy>(found: impl Iterator<Item = (K, LaunchSettings)>) -> Vec<LaunchSettings> {
    let mut found: Vec<_> = found.collect();
    found.sort_by_key(|(key, _)| Reverse(*key));
    found.into_iter().map(|(_, settings)| settings).collect()
}
