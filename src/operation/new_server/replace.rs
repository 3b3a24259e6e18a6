//! A new server in the place of an old one.

use super::super::deploy::{can_be_asked, keeper_of_beat, runs_beat};
use super::super::draft::{Draft, step};
use super::super::on_servers::{lane, out_of_use, stop_celery};
use super::super::refused::some;
use super::super::{Facts, Options, Refused};
use super::app::HandOver;
use super::build::Made;
use crate::fleet::{Power, Role, Server};
use crate::plan::{Action, InstanceRef, Step, StepId, Undo};

/// The server whose place is taken, where one is named.
pub(super) fn asked<'f>(
    facts: &Facts<'f>,
    options: &Options,
    role: &Role,
    count: u32,
) -> Result<Option<&'f Server>, Refused> {
    let Some(old) = &options.replaces else {
        if options.stop_old {
            return Err(Refused::Usage("--stop-old is about the server that --replaces names".into()));
        }
        return Ok(None);
    };
    let instead = match role {
        Role::Worker => None,
        Role::DbPrimary => Some("make a replica with new-server, and promote it with promote-replica"),
        Role::DbReplica => Some("make another replica, deploy, and let the old one go with terminate-server"),
        Role::Cache => Some(
            "a cache server takes sessions and tasks with it (R18): replace-cache-server brings them over",
        ),
        _ => Some("web servers are replaced by their group, with a deploy"),
    };
    if let Some(instead) = instead {
        return Err(Refused::Usage(format!("--replaces is for workers, not for a {role} server: {instead}")));
    }
    if count != 1 {
        return Err(Refused::Usage("one server takes the place of one: leave --count out".into()));
    }
    let found = facts.named(std::slice::from_ref(old), &[Role::Worker])?;
    match found.as_slice() {
        [old] => Ok(Some(old)),
        several => Err(Refused::Usage(format!(
            "--replaces names one worker, not {}",
            some(several.iter().map(|server| &server.id))
        ))),
    }
}

/// What the old worker leaves to the new one.
pub(super) fn hand_over(
    draft: &mut Draft<'_>,
    facts: &Facts<'_>,
    options: &Options,
    old: &Server,
) -> Result<HandOver, Refused> {
    let workers = facts.servers(&[Role::Worker, Role::Combo])?;
    if old.power == Power::Stopped {
        let beat = !workers.iter().any(|worker| runs_beat(facts, worker));
        draft.note(format!(
            "{} is stopped, so nothing of it has to end first{}. Its tag keeps it out of use if somebody starts it.",
            old.id,
            if beat { ", and beat comes to the new one (R17)" } else { "" }
        ));
        return Ok(HandOver { stop: None, beat });
    }
    let silent = facts.snapshot.measured(&old.id).and_then(|measured| measured.unreachable.as_ref());
    if let Some(failure) = silent {
        // R17: nobody can end its work there but EC2.
        if !options.stop_old {
            return Err(Refused::State(format!(
                "{} does not answer ({}), and its Celery may still run: have EC2 stop it first, with --stop-old",
                old.id, failure.message
            )));
        }
        let beat = !workers.iter().any(|worker| worker.id != old.id && runs_beat(facts, worker));
        draft.note(format!(
            "R17: {} does not answer, so that EC2 stops it before the new worker begins{}. Tasks that it had taken come again, or are \
             cut, as Celery's settings say.",
            old.id,
            if beat { ", to which beat comes" } else { "" }
        ));
        draft.cannot_undo(format!(
            "{} is stopped: where the new worker cannot begin after that, tasks wait until one of both runs",
            old.id
        ));
        // Whether it is still so is looked at again before that.
        return Ok(HandOver { stop: Some(Step { destructive: true, ..stopped(old, &[]) }), beat });
    }
    can_be_asked(facts, old)?;
    let beat = keeper_of_beat(facts, &workers).is_some_and(|server| server.id == old.id);
    draft.noticed("tasks wait for the time between the old worker's last one and the new one's first");
    draft.note(format!(
        "R17: {} stops its work, {}before the new worker begins; what stops the run before the new one is in use starts it again.",
        old.id,
        if beat { "beat first, " } else { "" }
    ));
    Ok(HandOver { stop: Some(stop_celery(facts, old, beat, &[])), beat })
}

/// Takes the old one out of use once the new one is in it.
pub(super) fn let_go(draft: &mut Draft<'_>, old: &Server, made: &Made, stop: bool) {
    let id = &old.id;
    let tagged = out_of_use(draft, old, made.used, "the new one is in use");
    if old.power == Power::Stopped {
        return;
    }
    if !stop {
        draft.note(format!(
            "{id} stays, and does nothing: --stop-old stops it, and terminate-server lets it go. A boot would start its \
             Celery again."
        ));
        return;
    }
    draft.add(stopped(old, &[tagged]));
}

/// EC2 stops it; where it is stopped already that is so.
fn stopped(old: &Server, after: &[StepId]) -> Step {
    Step {
        after: after.to_vec(),
        before: Some(old.power.word().to_owned()),
        becomes: Some("stopped".into()),
        undo: Undo::Cannot("it is started by hand".into()),
        deadline_s: 1_200,
        ..step(
            &lane(old),
            "stop it, and wait until it is",
            old.id.as_str(),
            Action::Stop { server: InstanceRef::Known(old.id.clone()) },
        )
    }
}
