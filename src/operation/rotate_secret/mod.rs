//! rotate-secret: secrets get new values in one operation (R16). The new ones are on the operator's disk before any server is
//! told one, and a release with them is ready before they count; then services, settings and restarts follow as close as they
//! can, and the group launches the new release. Whatever stops it leads back to the old values.

pub(super) mod push;
mod servers;
mod which;

use super::create_release::{self, Made};
use super::deploy;
use super::draft::{Draft, step};
use super::refused::some;
use super::settings::Settings;
use super::{Facts, Options, Refused};
use crate::fleet::{Changeset, Group, Process, Role, RoomQuestion, SECRETS_TAG, Server, words};
use crate::plan::{
    Action, Assignment, InstanceRef, Lasts, SecretsChange, SecretsTo, Setting, Step, StepId, Undo, Value,
};

use servers::Rotation;
use which::Which;

/// What the group does not do while some of its servers have other secrets than the service. Launch first of all: a server
/// launched then has the old ones.
const QUIET: [Process; 6] = [
    Process::Launch,
    Process::HealthCheck,
    Process::ReplaceUnhealthy,
    Process::AzRebalance,
    Process::AlarmNotification,
    Process::ScheduledActions,
];

pub(super) fn plan(draft: &mut Draft<'_>, facts: &Facts<'_>, options: &Options) -> Result<(), Refused> {
    let which = Which::of(facts, options)?;
    facts.all_current()?;
    let servers = servers::All::of(facts, &which)?;
    draft.title(format!("give {} a new value", some(&which.names)));
    let group = facts.place.group.as_ref().map(|_| facts.group()).transpose()?;
    let release = group.map(|group| Made::anew(draft, facts, options, group)).transpose()?;
    let code = code_of(facts, release.as_ref())?;
    let settings = Settings::with_new_secrets(draft, facts, options, &code)?;
    said(draft, facts, &which, &servers);
    assumed(draft, facts, group)?;
    let note = facts.now.strftime("%Y%m%dT%H%M%S").to_string();
    let change = SecretsChange {
        environment: facts.place.name.clone(),
        names: which.names.clone(),
        note: note.clone(),
        to: SecretsTo::New,
    };
    let pinned =
        group.zip(release.as_ref()).and_then(|(group, release)| deploy::pin(draft, group, release.like()));
    let kept = draft.add(Step { after: pinned.into_iter().collect(), ..new_values(facts, &change) });
    let (ready, quiet) = released(draft, facts, group.zip(release), Some(kept));
    let rotation = Rotation { facts, settings: &settings, code: &code, note: &note, which: &which };
    let mut done = rotation.steps(draft, &servers, &ready);
    if let Some(group) = group {
        done = vec![point(draft, group, &done)];
        done.extend(restore(draft, group, quiet, &done));
    }
    end(draft, &rotation, &servers, change, &done);
    Ok(())
}

/// The code that settings are written for.
fn code_of(facts: &Facts<'_>, release: Option<&Made>) -> Result<Changeset, Refused> {
    let code = release.map(|release| release.code().changeset.clone()).or_else(|| deploy::schema_of(facts));
    code.ok_or_else(|| {
        Refused::Facts(format!(
            "which code {} runs is not known, and settings are written for it: look at its servers on the screen, or \
             deploy a release first",
            facts.place.name
        ))
    })
}

/// A release with the secrets of now, and a group that launches nothing until it is pointed at it: the steps to wait for,
/// and the one that holds the group.
fn released(
    draft: &mut Draft<'_>,
    facts: &Facts<'_>,
    group: Option<(&Group, Made)>,
    after: Option<StepId>,
) -> (Vec<StepId>, Option<StepId>) {
    let Some((group, release)) = group else { return (after.into_iter().collect(), None) };
    let made = release.steps(draft, facts, group, after, false);
    let quiet = draft.set_processes(group, &QUIET, true, Lasts::UntilTheEnd, &[made]);
    (quiet.into_iter().chain([made]).collect(), quiet)
}

/// Where the builder of the new release goes; none where no group launches servers.
pub(super) fn room(facts: &Facts<'_>, options: &Options) -> Option<RoomQuestion> {
    create_release::room(facts, options)
}

/// What whoever reads the plan should know.
fn said(draft: &mut Draft<'_>, facts: &Facts<'_>, which: &Which, servers: &servers::All<'_>) {
    let mut noticed = vec![format!(
        "requests wait or fail for some seconds while Gunicorn and PgBouncer of {} start again{}",
        words::count(u64::try_from(servers.web.len()).unwrap_or(u64::MAX), "web server"),
        if which.database { ", and new connections to the database are refused until they have" } else { "" }
    )];
    if !servers.workers.is_empty() {
        noticed.push("tasks wait while Celery is stopped".into());
    }
    if which.signs {
        noticed.push(
            "whoever is logged in by a signed cookie or follows a link sent before has to begin again".into(),
        );
    }
    draft.noticed(noticed.join("; "));
    for name in &which.chosen {
        draft.note(format!("{name} becomes what stands in the file of secrets as {name}{}.", which::NEXT));
    }
    if !which.made.is_empty() {
        draft.note(format!(
            "New values are made as the run begins, of {} random letters and digits, and nobody sees them: {}.",
            which::LENGTH,
            some(&which.made)
        ));
    }
    let file = facts.site.map_or("the file of secrets", |site| site.secrets_file.as_str());
    draft.note(format!(
        "{file} gets the new values before any server does, and keeps the old ones in a file beside it until the run has \
         ended well. Colleagues have the old ones until they get that file from you."
    ));
    if which.database {
        draft.note(
            "Whatever else logs in to the database by that password has to be told it by hand: backups by a pgpass file, and \
             tools of people.",
        );
    }
    draft.cannot_undo(
        "once the run has ended well the old values are kept nowhere: rotate once more in the place of undoing it",
    );
    draft.note(
        "R8: releases made before have the old values in their images. Deploying one is refused until it is made anew.",
    );
}

/// What is read again before it begins, and before the first service has a new password.
fn assumed(draft: &mut Draft<'_>, facts: &Facts<'_>, group: Option<&Group>) -> Result<(), Refused> {
    for role in [Role::DbPrimary, Role::DbReplica, Role::Cache, Role::Worker, Role::Web] {
        let ids =
            facts.servers(std::slice::from_ref(&role))?.iter().map(|server| server.id.clone()).collect();
        draft.assume_servers(&role, ids);
    }
    draft.assume_combos()?;
    if let Some(group) = group {
        draft.assume_group(group);
    }
    Ok(())
}

/// The first step: what goes out from then on is on disk.
fn new_values(facts: &Facts<'_>, change: &SecretsChange) -> Step {
    let file = facts.site.map_or("the file of secrets", |site| site.secrets_file.as_str());
    Step {
        becomes: Some("new values, the old ones kept beside it".into()),
        lasts: Lasts::UnlessStopped,
        undo: Undo::Reverse("the file has the old values again".into()),
        ..step("secrets", "write new values into the file of secrets", file, Action::Secrets(change.clone()))
    }
}

/// From here on new servers have the new secrets.
fn point(draft: &mut Draft<'_>, group: &Group, after: &[StepId]) -> StepId {
    let setting = Setting::Launch { group: group.name.clone() };
    draft.add(Step {
        after: after.to_vec(),
        before: group.launch.as_ref().map(crate::fleet::LaunchSource::label),
        becomes: Some("the release with the new secrets".into()),
        lasts: Lasts::UnlessStopped,
        undo: Undo::Restore,
        ..step(
            "group",
            "point the group at the release with the new secrets",
            group.name.as_str(),
            Action::Set { settings: vec![Assignment { setting, to: Value::Later(create_release::made()) }] },
        )
    })
}

fn restore(draft: &mut Draft<'_>, group: &Group, quiet: Option<StepId>, after: &[StepId]) -> Option<StepId> {
    draft.restore(
        "group",
        "let the group launch again",
        group.name.as_str(),
        quiet.into_iter().collect(),
        after,
    )
}

/// What comes last: everybody is told that older images do not fit any more, and old values are kept no longer.
fn end(
    draft: &mut Draft<'_>,
    rotation: &Rotation<'_>,
    servers: &servers::All<'_>,
    change: SecretsChange,
    after: &[StepId],
) {
    let told = marked(draft, rotation, servers, after);
    let forgotten = draft.add(Step {
        after: vec![told],
        undo: Undo::Cannot("the old values are kept nowhere".into()),
        soft: true,
        ..step(
            "secrets",
            "forget the old values",
            "the file beside that of the secrets",
            Action::Secrets(SecretsChange { to: SecretsTo::Forgotten, ..change }),
        )
    });
    rotation.forget(draft, servers, forgotten);
}

/// From here on everything counts: what stops the run later takes nothing of it back.
fn marked(
    draft: &mut Draft<'_>,
    rotation: &Rotation<'_>,
    servers: &servers::All<'_>,
    after: &[StepId],
) -> StepId {
    let settles = draft.unless_stopped();
    let mark = tag(servers.primary, rotation.facts.now.to_string());
    draft.add(Step { after: after.to_vec(), settles, ..mark })
}

/// R8: since when images have other secrets than servers. Every console reads it.
fn tag(server: &Server, at: String) -> Step {
    let tags = vec![(SECRETS_TAG.to_owned(), at)];
    Step {
        undo: Undo::Cannot("older releases stay marked".into()),
        deadline_s: 120,
        ..step(
            "secrets",
            "mark releases made before as stale",
            server.id.as_str(),
            Action::Tag { server: InstanceRef::Known(server.id.clone()), tags },
        )
    }
}
