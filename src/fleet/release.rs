//! A release: changeset, image, and launch configuration or template version, as their names tell.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde::Serialize;

use super::{Changeset, ImageId, LaunchSource};

/// A machine image.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Image {
    /// Its id.
    pub id: ImageId,
    /// Its name: `<deployment>_<env>_web_<time>_<changeset>` for a release.
    pub name: Option<String>,
    /// `available`, `pending`, `failed`, … in EC2's words.
    pub state: String,
    /// `x86_64`, `arm64`, …: what it can run on, as far as that was told.
    pub architecture: Option<String>,
    /// When it was made.
    pub created_at: Option<Timestamp>,
}

/// What a launch configuration or one version of a template says.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct LaunchSettings {
    /// What was asked about; the version may be `$Latest` or `$Default`.
    pub source: LaunchSource,
    /// The same with the version as a number.
    pub resolved: LaunchSource,
    /// The image it boots.
    pub image: Option<ImageId>,
    /// The instance type it boots.
    pub instance_type: Option<String>,
    /// Name or ARN of the IAM instance profile that its servers have.
    pub instance_profile: Option<String>,
    /// Whether their metadata are told only to who shows a token (`IMDSv2`); none where it does not say.
    pub tokens_required: Option<bool>,
    /// The version's description; releases put their name there.
    pub description: Option<String>,
    /// When it was made.
    pub created_at: Option<Timestamp>,
}

/// What code a server or group runs, as far as names tell.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Release {
    /// The changeset in the name.
    pub changeset: Option<Changeset>,
    /// When it was made: from the name, else from the image.
    pub made_at: Option<Timestamp>,
    /// The image.
    pub image: Option<ImageId>,
    /// The launch configuration or template version.
    pub launch: Option<String>,
}

/// Reads `…_<YYYY.MM.DD-HH.MM.SS>_<changeset>` from the end of a name or description.
/// Times in names are UTC. `None` when the name is not of that shape.
#[must_use]
pub fn parse_name(name: &str) -> Option<(Timestamp, Changeset)> {
    let (rest, changeset) = name.rsplit_once('_')?;
    let stamp = rest.rsplit_once('_').map_or(rest, |(_, stamp)| stamp);
    let time = DateTime::strptime("%Y.%m.%d-%H.%M.%S", stamp).ok()?;
    let at = TimeZone::UTC.to_timestamp(time).ok()?;
    (!changeset.is_empty()).then(|| (at, Changeset::new(changeset)))
}

impl Release {
    /// Puts together what is known. `names` are tried in order for a time and a changeset.
    #[must_use]
    pub fn from_parts(
        names: &[Option<&str>],
        image: Option<&Image>,
        image_id: Option<&ImageId>,
        launch: Option<&LaunchSource>,
    ) -> Self {
        let found =
            names.iter().copied().flatten().chain(image.and_then(|i| i.name.as_deref())).find_map(parse_name);
        Self {
            changeset: found.as_ref().map(|(_, c)| c.clone()),
            made_at: found.map(|(at, _)| at).or_else(|| image.and_then(|i| i.created_at)),
            image: image_id.cloned(),
            launch: launch.map(LaunchSource::label),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_release_name_gives_its_time_and_changeset() {
        let (at, changeset) = parse_name("myproject_staging_lc_2026.11.20-08.30.05_a1b2c3d4e5").unwrap();
        assert_eq!(at.to_string(), "2026-11-20T08:30:05Z");
        assert_eq!(changeset.short(), "a1b2c3d");
    }

    #[test]
    fn other_names_give_nothing() {
        for name in ["", "_", "web", "ubuntu_2204", "a_lc_2026.13.40-08.30.05_abc", "x_2026.11.20-08.30.05_"]
        {
            assert_eq!(parse_name(name), None, "{name}");
        }
    }
}
