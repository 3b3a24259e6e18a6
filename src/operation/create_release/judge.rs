//! What is said before a release is made: whether there is one already, what in it would be of another time, and what it is.

use super::super::code::Code;
use super::super::deploy;
use super::super::draft::Draft;
use super::super::refused::some;
use super::super::release::{Launchable, releases};
use super::super::{Facts, Refused};
use super::Base;

/// A release of the same code is made anew only when somebody says so.
pub(super) fn is_new(draft: &mut Draft<'_>, facts: &Facts<'_>, code: &Code) -> Result<(), Refused> {
    let all = releases(facts);
    // One whose image is gone can be launched by nobody.
    let images = facts.snapshot.images.value();
    let is_gone = |one: &Launchable| {
        let known = one.image.as_ref().zip(images).filter(|_| one.is_current);
        known.is_some_and(|(image, all)| !all.contains_key(image))
    };
    let same = |one: &&Launchable| one.changeset.is_same(&code.changeset) && !is_gone(one);
    let Some(there) = all.iter().find(same) else { return Ok(()) };
    draft.refuse_unless(
        "again",
        format!(
            "{} has a release of {} already, {}: nothing to do. Deploy it with --release {}",
            facts.place.name,
            code.named(),
            there.launch.label(),
            there.changeset.short()
        ),
    )
}

/// R8: the settings on the image stay as they are, with the addresses in them. A release made today would look new.
pub(super) fn addresses(draft: &mut Draft<'_>, facts: &Facts<'_>, base: &Base) -> Result<(), Refused> {
    let Some(made_at) = base.made_at else {
        draft.note(
            "When the image that it is built upon was made is not known: the settings on it stay as they are, with the \
             addresses of their time.",
        );
        return Ok(());
    };
    let (replicas, vital) = deploy::newer_than(facts, made_at)?;
    if !replicas.is_empty() {
        let list = some(replicas.iter().map(|server| &server.id));
        draft.note(format!(
            "The image that it is built upon is older than replica {list}, and may not know its address."
        ));
    }
    if !deploy::other_secrets(facts, made_at)?.is_empty() {
        draft.refuse_unless(
            "old-secrets",
            "Secrets were rotated since the image that it is built upon was made, and settings on it stay"
                .into(),
        )?;
    }
    if vital.is_empty() {
        return Ok(());
    }
    let list = some(vital.iter().map(|server| format!("{} {}", server.role.role, server.id)));
    draft.refuse_unless(
        "old-addresses",
        format!(
            "The image that it is built upon is older than {list}, and the settings on it stay as they are: the \
             addresses in them may be those of a server that is gone. See that the settings of the web servers name \
             the servers there are"
        ),
    )
}

/// The type that the config names for web servers, where that is another one than the last release has.
pub(super) fn other_type(draft: &mut Draft<'_>, facts: &Facts<'_>, base: &Base) -> Option<String> {
    let (wanted, has) = (facts.place.web.instance_type.as_ref()?, base.instance_type.as_ref()?);
    if wanted == has {
        return None;
    }
    draft.note(format!(
        "Servers of it are of type {wanted}, as the config has web servers, and not {has} as those of the last release."
    ));
    Some(wanted.clone())
}
