//! Tasks of the fabfile that FabulAWS calls: plans say which of them are not run, and why (R20).

use super::draft::Draft;
use super::{Facts, Refused};

/// Called by FabulAWS on a server that it builds from nothing.
const OF_NEW_SERVERS: [&str; 2] = ["post_bootstrap", "pre_install_rsyslog"];

/// Says which hooks are not run on a server that boots an image: what they do was done before the first such image.
pub(super) fn done_before(draft: &mut Draft<'_>, facts: &Facts<'_>) {
    let Some(site) = facts.site else { return };
    for hook in site.hooks.iter().filter(|hook| OF_NEW_SERVERS.contains(&hook.name.as_str())) {
        let replacement =
            if hook.is_replaced { format!(", and neither is {}", hook.path) } else { String::new() };
        draft.note(format!(
            "The task {} of {} is not run{replacement}: FabulAWS runs it on servers that it builds from nothing, and this \
             one boots an image that has what it left there.",
            hook.name, hook.at
        ));
    }
}

/// R20: refuses where FabulAWS would run hooks on a server that is built from nothing, for what they do there would be
/// missing.
pub(super) fn of_new(draft: &mut Draft<'_>, facts: &Facts<'_>) -> Result<(), Refused> {
    let Some(site) = facts.site else { return Ok(()) };
    let told: Vec<String> = (site.hooks.iter())
        .filter(|hook| OF_NEW_SERVERS.contains(&hook.name.as_str()))
        .map(|hook| {
            let replacement =
                if hook.is_replaced { format!(", nor is {}", hook.path) } else { String::new() };
            format!("{} of {} is not run{replacement}", hook.name, hook.at)
        })
        .collect();
    if told.is_empty() {
        return Ok(());
    }
    draft.refuse_unless(
        "no-hooks",
        format!(
            "FabulAWS runs tasks of the fabfile on servers that it builds from nothing, and Quarterdeck runs none of them: \
             {}. Without what they do the new server may lack something: see what that is, and do it by hand where it is \
             needed",
            told.join("; ")
        ),
    )
}
