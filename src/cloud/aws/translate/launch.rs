//! Launch configurations, versions of launch templates, and images.

use aws_sdk_autoscaling::types::LaunchConfiguration;
use aws_sdk_ec2::types::{
    ArchitectureValues, Image as SdkImage, ImageState, InstanceType, LaunchTemplateVersion,
};

use super::{text, text_or_unknown, time};
use crate::fleet::{Image, ImageId, LaunchSettings, LaunchSource};

/// What a launch configuration says; none when it has no name.
pub fn launch_configuration(found: &LaunchConfiguration) -> Option<LaunchSettings> {
    let source = LaunchSource::Configuration { name: text(found.launch_configuration_name())? };
    Some(LaunchSettings {
        resolved: source.clone(),
        source,
        image: text(found.image_id()).map(ImageId::new),
        instance_type: text(found.instance_type()),
        instance_profile: text(found.iam_instance_profile()),
        tokens_required: found
            .metadata_options()
            .and_then(|options| tokens_required(options.http_tokens()?.as_str())),
        description: None,
        created_at: time(found.created_time()),
    })
}

fn tokens_required(word: &str) -> Option<bool> {
    match word {
        "required" => Some(true),
        "optional" => Some(false),
        _ => None,
    }
}

/// What the asked version says, among the versions found of its template; none when it is not there.
/// `$Latest` is the highest number and `$Default` the one that is marked so.
pub fn template_version(source: LaunchSource, found: &[LaunchTemplateVersion]) -> Option<LaunchSettings> {
    let LaunchSource::Template { id, name, version } = &source else { return None };
    let numbered = || found.iter().filter(|v| v.version_number().is_some());
    let version = match version.as_str() {
        "$Latest" => numbered().max_by_key(|v| v.version_number()),
        "$Default" => numbered().find(|v| v.default_version() == Some(true)),
        number => numbered().find(|v| v.version_number().is_some_and(|n| n.to_string() == number)),
    }?;
    let mut settings = numbered_version(version)?;
    if let LaunchSource::Template { id: own_id, name: own_name, .. } = &mut settings.resolved {
        // What was asked about stays as it was asked.
        for (given, own) in [(id, own_id), (name, own_name)] {
            if !given.is_empty() {
                own.clone_from(given);
            }
        }
    }
    settings.source = source;
    Some(settings)
}

/// What a version says, by its own number; none when it has none.
pub fn numbered_version(version: &LaunchTemplateVersion) -> Option<LaunchSettings> {
    let source = LaunchSource::Template {
        id: text(version.launch_template_id()).unwrap_or_default(),
        name: text(version.launch_template_name()).unwrap_or_default(),
        version: version.version_number()?.to_string(),
    };
    let data = version.launch_template_data();
    Some(LaunchSettings {
        resolved: source.clone(),
        source,
        image: text(data.and_then(|d| d.image_id())).map(ImageId::new),
        instance_type: text(data.and_then(|d| d.instance_type()).map(InstanceType::as_str)),
        instance_profile: data
            .and_then(|d| d.iam_instance_profile())
            .and_then(|profile| text(profile.arn()).or_else(|| text(profile.name()))),
        tokens_required: data
            .and_then(|d| d.metadata_options())
            .and_then(|options| tokens_required(options.http_tokens()?.as_str())),
        description: text(version.version_description()),
        created_at: time(version.create_time()),
    })
}

/// An image; none when it has no id.
pub fn image(image: &SdkImage) -> Option<Image> {
    Some(Image {
        id: ImageId::new(text(image.image_id())?),
        name: text(image.name()),
        architecture: text(image.architecture().map(ArchitectureValues::as_str)),
        state: text_or_unknown(image.state().map(ImageState::as_str)),
        created_at: image.creation_date().and_then(|d| d.parse().ok()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version(number: i64, default: bool) -> LaunchTemplateVersion {
        LaunchTemplateVersion::builder()
            .launch_template_id("lt-1")
            .launch_template_name("shop")
            .version_number(number)
            .default_version(default)
            .version_description(format!("shop_web_2026.11.20-08.30.05_c{number}"))
            .build()
    }

    fn asked(version: &str) -> LaunchSource {
        LaunchSource::Template { id: "lt-1".into(), name: "shop".into(), version: version.into() }
    }

    #[test]
    fn moving_versions_are_resolved_to_numbers() {
        let found = [version(9, false), version(10, false), version(2, true)];
        let label = |word| template_version(asked(word), &found).map(|s| s.resolved.label());
        assert_eq!(label("$Latest").as_deref(), Some("shop v10"));
        assert_eq!(label("$Default").as_deref(), Some("shop v2"));
        assert_eq!(label("9").as_deref(), Some("shop v9"));
        assert_eq!(label("3"), None);
        let settings = template_version(asked("$Latest"), &found).unwrap();
        assert_eq!(settings.source, asked("$Latest"));
        assert!(settings.description.unwrap().ends_with("_c10"));
    }

    #[test]
    fn an_image_with_a_strange_date_has_none() {
        let image =
            |date: &str| image(&SdkImage::builder().image_id("ami-1").creation_date(date).build()).unwrap();
        assert!(image("2026-11-20T08:30:05.000Z").created_at.is_some());
        assert_eq!(image("yesterday").created_at, None);
    }
}
