//! push-secrets: the secrets that are here come to servers whose settings have others. No service gets a new password by it:
//! whether those that keep one let the application in is tried before anything is changed.

use super::super::create_release::Made;
use super::super::deploy;
use super::super::draft::Draft;
use super::super::settings::Settings;
use super::super::{Facts, Options, Refused};
use super::servers::{All, Rotation};
use super::which::Which;
use super::{assumed, code_of, marked, point, released, restore};
use crate::fleet::words;

pub(in super::super) fn plan(
    draft: &mut Draft<'_>,
    facts: &Facts<'_>,
    options: &Options,
) -> Result<(), Refused> {
    let which = Which::all(facts)?;
    facts.all_current()?;
    let servers = All::of(facts, &which)?;
    draft.title("bring the secrets that are here to the servers".to_owned());
    let group = facts.place.group.as_ref().map(|_| facts.group()).transpose()?;
    let release = group.map(|group| Made::anew(draft, facts, options, group)).transpose()?;
    let code = code_of(facts, release.as_ref())?;
    let settings = Settings::with_new_secrets(draft, facts, options, &code)?;
    said(draft, facts, &which, &servers);
    assumed(draft, facts, group)?;
    let note = facts.now.strftime("%Y%m%dT%H%M%S").to_string();
    let pinned =
        group.zip(release.as_ref()).and_then(|(group, release)| deploy::pin(draft, group, release.like()));
    let rotation = Rotation { facts, settings: &settings, code: &code, note: &note, which: &which };
    let tried = rotation.tried(draft, &servers, pinned);
    let (ready, quiet) = released(draft, facts, group.zip(release), tried);
    let mut done = rotation.steps(draft, &servers, &ready);
    if let Some(group) = group {
        done = vec![point(draft, group, &done)];
        done.extend(restore(draft, group, quiet, &done));
    }
    let told = marked(draft, &rotation, &servers, &done);
    rotation.forget(draft, &servers, told);
    Ok(())
}

/// What whoever reads the plan should know.
fn said(draft: &mut Draft<'_>, facts: &Facts<'_>, which: &Which, servers: &All<'_>) {
    let count = u64::try_from(servers.web.len()).unwrap_or(u64::MAX);
    let web = words::count(count, "web server");
    let mut noticed =
        vec![format!("requests wait or fail for some seconds while Gunicorn of {web} starts again")];
    if !servers.workers.is_empty() {
        noticed.push("tasks wait while Celery is stopped".into());
    }
    let told = facts.site.and_then(|site| site.drift.as_ref());
    let differs = |name: &str| told.is_some_and(|told| told.differing().contains_key(name));
    if which.signs && differs("secret_key") {
        noticed.push("whoever is logged in by a signed cookie has to begin again".into());
    }
    draft.noticed(noticed.join("; "));
    let file = facts.site.map_or("the file of secrets", |site| site.secrets_file.as_str());
    draft.note(format!(
        "Settings hold all secrets together: every one of {file} comes to the servers. Databases and RabbitMQ keep the \
         passwords they have; where they do not let the application in with those here, the run stops before it changes \
         anything, and rotate-secret is what changes them."
    ));
    match told {
        Some(told) if told.differing().is_empty() && !told.servers.is_empty() => {
            let silent = told.silent().count();
            let asked = words::count((told.servers.len() - silent) as u64, "server");
            draft
                .note(format!("{asked} that could be asked: none differs in a secret that can be compared."));
        }
        Some(_) => {}
        None => draft.note("Whether secrets on servers differ from those here is not known."),
    }
    draft.cannot_undo("once the run has ended well, servers keep nothing of what they had before");
    draft.note(
        "R8: releases made before have the old values in their images. Deploying one is refused until it is made anew.",
    );
}
