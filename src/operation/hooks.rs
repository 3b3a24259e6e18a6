//! Tasks of the fabfile that FabulAWS calls: plans say which of them are not run, and why (R20).

use super::Facts;
use super::draft::Draft;

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
