//! Tasks of the fabfile that FabulAWS calls: plans say which of them are not run, and why (R20).

use super::draft::Draft;
use super::{Facts, Refused};
use crate::fleet::EnvironmentName;

/// Where executables of the project lie, from its directory.
const HOOKS_DIR: &str = "deployment/hooks";

/// Called by FabulAWS once a server that runs code has its packages, before anything starts.
pub(super) const POST_BOOTSTRAP: &str = "post_bootstrap";

/// Called by FabulAWS before it has logs shipped by rsyslog.
pub(super) const BEFORE_RSYSLOG: &str = "pre_install_rsyslog";

/// Called by FabulAWS once the data of production are in another environment.
pub(super) const AFTER_RELOAD: &str = "post_reload_production_db";

/// Called by FabulAWS on a server that it builds from nothing.
const OF_NEW_SERVERS: [&str; 2] = [POST_BOOTSTRAP, BEFORE_RSYSLOG];

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

/// R14, R20: what makes the data of another environment harmless; refused where it would be missing.
pub(super) fn after_reload(
    draft: &mut Draft<'_>,
    facts: &Facts<'_>,
    from: &EnvironmentName,
) -> Result<Option<String>, Refused> {
    let hook = facts.site.and_then(|site| site.hooks.iter().find(|hook| hook.name == AFTER_RELOAD));
    let why = match hook.map(|hook| (hook, &hook.runs)) {
        Some((hook, Some(Ok(())))) => {
            draft.note(format!(
                "{} is run on the copy before anything uses it, as whom the site runs as: the variable `database` names the copy, \
                 and Django, psql and their like reach it by what they find in the environment.",
                hook.path
            ));
            return Ok(Some(hook.path.clone()));
        }
        Some((hook, Some(Err(why)))) => format!("{} is not run: {why}", hook.path),
        Some((hook, None)) => {
            format!("{AFTER_RELOAD} of {} is not run, and there is no executable {}", hook.at, hook.path)
        }
        None => format!("there is no executable {HOOKS_DIR}/{AFTER_RELOAD}"),
    };
    draft.refuse_unless(
        "no-hooks",
        format!(
            "{why}: nobody makes the data of {from} harmless, so that names and addresses of real people come along, and mail to \
             them goes out as soon as somebody has a task send it. Write it, so that it anonymises what the variable `database` \
             names"
        ),
    )?;
    Ok(None)
}

/// R20: what is run in the place of a task that FabulAWS would run on a server that is built from nothing; refused where it
/// would be missing.
pub(super) fn of_new(
    draft: &mut Draft<'_>,
    facts: &Facts<'_>,
    name: &'static str,
) -> Result<Option<String>, Refused> {
    let hook = facts.site.and_then(|site| site.hooks.iter().find(|hook| hook.name == name));
    let Some(hook) = hook else { return Ok(None) };
    let why = match &hook.runs {
        Some(Ok(())) => {
            draft.note(format!(
                "{} is run as root on the new server{}. It is run again when it failed, so it has to bear that.",
                hook.path,
                if hook.at == hook.path {
                    String::new()
                } else {
                    format!(", in the place of the task {name} of {}", hook.at)
                }
            ));
            return Ok(Some(hook.path.clone()));
        }
        Some(Err(why)) => format!("{name} of {} is not run: {why}", hook.at),
        None => format!("{name} of {} is not run, and there is no executable {}", hook.at, hook.path),
    };
    draft.refuse_unless(
        "no-hooks",
        format!(
            "FabulAWS runs tasks of the fabfile on servers that it builds from nothing, and Quarterdeck runs none of them: \
             {why}. Without what it does the new server may lack something: write it there, or see what it is, and do it by \
             hand where it is needed"
        ),
    )?;
    Ok(None)
}
