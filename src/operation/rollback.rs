//! rollback: an earlier release, as a deploy.

use super::draft::Draft;
use super::release::{Launchable, releases};
use super::{Facts, Options, Refused, code, deploy};
use crate::fleet::words;

pub(super) fn plan(draft: &mut Draft<'_>, facts: &Facts<'_>, options: &Options) -> Result<(), Refused> {
    let to = code::release(facts, options)?;
    if options.release.as_deref() == Some("latest") {
        return Err(Refused::Usage(
            "rollback wants an earlier release, not the latest: deploy-serial brings that".into(),
        ));
    }
    let current = releases(facts).into_iter().find(|one| one.is_current);
    if to.is_current {
        return Err(Refused::Usage(format!(
            "{} is what the group launches now: name an earlier release",
            to.named()
        )));
    }
    if let Some(current) = &current
        && to.made_at >= current.made_at
    {
        return Err(Refused::Usage(format!(
            "{} is no earlier release than {}: deploy-serial or deploy-full brings it",
            to.named(),
            current.named()
        )));
    }
    let title = title(facts, &to, current.as_ref());
    if options.full {
        if options.batch.is_some() {
            return Err(Refused::Usage("--full replaces all servers at once: leave out --batch".into()));
        }
        deploy::full::deploy(draft, facts, options, to)?;
    } else {
        deploy::serial::deploy(draft, facts, options, to)?;
    }
    draft.title(title);
    draft.note("The database's schema does not go back.");
    Ok(())
}

fn title(facts: &Facts<'_>, to: &Launchable, current: Option<&Launchable>) -> String {
    let age = words::seconds(facts.now.duration_since(to.made_at).as_secs_f64());
    let from = current.map_or_else(String::new, |current| format!(" from {}", current.named()));
    format!("roll back{from} to {}, made {age} ago", to.named())
}
