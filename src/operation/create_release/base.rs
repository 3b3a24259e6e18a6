//! What a release is built upon, and what the new one is like: whatever the group launches now.

use jiff::Timestamp;

use super::super::{Facts, Options, Refused};
use crate::fleet::{Group, ImageId, LaunchSource};

/// What is built upon.
pub(super) struct Base {
    /// What the group launches now, as a numbered version: the new release is like it.
    pub(super) launch: LaunchSource,
    /// When that was made, as far as it is known.
    pub(super) made_at: Option<Timestamp>,
    /// What the builder boots.
    pub(super) ground: Ground,
    /// The type of server that the group launches.
    pub(super) instance_type: Option<String>,
    /// The instance profile that its servers have.
    pub(super) instance_profile: Option<String>,
    /// Whether their metadata want a token.
    pub(super) tokens_required: Option<bool>,
}

/// What a builder boots.
pub(super) enum Ground {
    /// The image of the last release.
    Image(ImageId),
    /// The empty image of the config, and why.
    Empty(String),
}

/// What the group launches now, and what is built upon: its image, or nothing where that is gone.
pub(super) fn of(facts: &Facts<'_>, group: &Group, options: &Options) -> Result<Base, Refused> {
    let (name, environment) = (&group.name, &facts.place.name);
    let point = "point it at a release that is there first, with the AWS console";
    let Some(launch) = &group.launch else {
        return Err(Refused::State(format!(
            "{name} launches nothing, for what it launched was deleted or never made: there is nothing that a release \
             could be like. Where {environment} has none at all the environment has to be created first; otherwise {point}"
        )));
    };
    let snapshot = facts.snapshot;
    let all = facts.known("what the groups launch is", &snapshot.launch)?;
    let label = launch.label();
    let Some(settings) = all.get(launch) else {
        return Err(Refused::State(format!("{label}, which {name} launches, was deleted: {point}")));
    };
    if settings.resolved.is_floating() {
        return Err(Refused::Facts(format!(
            "{name} follows {label}, and which version that is now is not known: refresh and ask again"
        )));
    }
    let ground = match &settings.image {
        _ if options.from_base => Ground::Empty("as was asked for".into()),
        None => Ground::Empty(format!("for {label} names no image")),
        Some(image) => {
            let images = facts.known("the images are", &snapshot.images)?;
            match images.get(image).map(|image| image.state.as_str()) {
                Some("available") => Ground::Image(image.clone()),
                Some(state) => {
                    return Err(Refused::State(format!(
                        "image {image}, which {label} boots, is {state}: wait until it is available, or build without it, \
                         with --from-base"
                    )));
                }
                None => Ground::Empty(format!("for image {image}, which {label} boots, was deleted")),
            }
        }
    };
    Ok(Base {
        launch: settings.resolved.clone(),
        made_at: snapshot.release_of_launch(launch).made_at,
        ground,
        instance_type: settings.instance_type.clone(),
        instance_profile: settings.instance_profile.clone(),
        tokens_required: settings.tokens_required,
    })
}
