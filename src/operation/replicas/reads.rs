//! leave-replicas and use-replicas: whom web servers and workers read from, where a replica does harm, and back.
//!
//! That nobody reads from a replica stands in a tag of it, which settings that are written later go by, too: deploys, rotations
//! and new releases do not bring it back by accident, and every console tells of it.

use super::super::draft::{Draft, step};
use super::super::incident;
use super::super::on_servers::{group, hold, lane, page_up, root_job, stale_releases};
use super::super::processes;
use super::super::refused::some;
use super::super::settings::Settings;
use super::super::users::{Turn, Users};
use super::super::{Facts, Options, Refused};
use super::{State, assume, can_be_asked, good_primary, postgres, readers, state};
use crate::fleet::{Group, LEFT_TAG, LeftReplica, Process, Role, Server};
use crate::plan::{Action, InstanceRef, Lasts, Step, StepId, Undo};
use crate::recipe::build;

/// Who is turned, and to what.
const TURNED: [Role; 4] = [Role::DbPrimary, Role::DbReplica, Role::Worker, Role::Web];

pub(in super::super) fn leave(
    draft: &mut Draft<'_>,
    facts: &Facts<'_>,
    options: &Options,
) -> Result<(), Refused> {
    facts.all_current()?;
    let all = facts.servers(&[Role::DbReplica])?;
    let meant = if options.servers.is_empty() {
        all.clone()
    } else {
        facts.named(&options.servers, &[Role::DbReplica])?
    };
    let left: Vec<&Server> = meant.iter().filter(|replica| replica.left().is_none()).copied().collect();
    let primary = good_primary(facts, "it would have to answer everybody who reads")?;
    for replica in &left {
        draft.turns(&replica.id, false);
    }
    let stay: Vec<&Server> = all.iter().filter(|replica| draft.reads(replica)).copied().collect();
    leaving(draft, facts, primary, &left, &stay)?;

    let users = Users::of(facts)?;
    let group = group(facts);
    // R1: first of all the group is held still.
    let held = hold(draft, facts, &[], Lasts::UntilTheEnd)?;
    let launch = match group {
        Some(group) => draft.set_processes(group, &[Process::Launch], true, Lasts::UnlessStopped, &[]),
        None => None,
    };
    let quiet: Vec<StepId> = held.into_iter().chain(launch).collect();
    // Where users get errors already, they see the page while it is mended; where they do not, they need not see one.
    let fails = group.is_some_and(|group| incident::web_fails(facts, group));
    let paged = if fails { page_up(draft, facts, &users.web, Lasts::UntilTheEnd, &quiet) } else { None };
    if fails {
        draft.noticed("the maintenance page, until every web server answers by its new settings");
    } else {
        draft.noticed("nothing but slower answers: web servers start Gunicorn again one after the other; tasks wait while Celery is stopped");
    }
    let ready: Vec<StepId> = quiet.iter().copied().chain(paged).collect();
    let ends = turned(draft, facts, options, &users, &ready, !fails)?;
    let tag = LeftReplica { since: facts.now, held: launch.is_some() }.written();
    let title = "mark it as one that nobody reads from";
    let marked: Vec<StepId> =
        left.iter().map(|replica| mark(draft, &users, replica, title, tag.clone(), &ends)).collect();
    let ends = if marked.is_empty() { ends } else { marked };
    let title = "take the page off, and let the group go on as before, but for Launch";
    close(draft, facts, title, held.into_iter().chain(paged).collect(), &ends);
    Ok(())
}

/// What is said before anything happens.
fn leaving(
    draft: &mut Draft<'_>,
    facts: &Facts<'_>,
    primary: &Server,
    left: &[&Server],
    stay: &[&Server],
) -> Result<(), Refused> {
    let environment = &facts.place.name;
    let ids = some(left.iter().map(|replica| &replica.id));
    draft.title(match (left, stay) {
        ([], _) => format!("have everybody read from the servers that {environment} has now"),
        (_, []) => format!("run {environment} on its primary alone, without {ids}"),
        _ => format!("read from {ids} no more"),
    });
    if let Some(readers) = readers(facts)? {
        draft.note(match stay {
            [] => format!("R19: {readers} read from the primary {} then.", primary.id),
            _ => format!("{readers} read from {} then.", some(stay.iter().map(|replica| &replica.id))),
        });
    }
    if let (Some(known), []) = (postgres(facts, primary).map(|postgres| &postgres.connections), stay) {
        let reading: u32 = left
            .iter()
            .filter_map(|replica| postgres(facts, replica))
            .map(|postgres| postgres.connections.total())
            .sum();
        if known.most > 0 {
            let more = if reading > 0 { format!(", and gets {reading} more") } else { String::new() };
            let (used, most) = (known.total(), known.most);
            draft.note(format!("The primary has {used} of {most} connections in use{more}."));
        }
    }
    if left.is_empty() {
        draft.note(
            "No replica is marked by this: what servers have is written again, by the marks that are there.",
        );
    } else {
        draft.cannot_undo(
            "once the replicas are marked it is taken back by use-replicas, not by undoing the run",
        );
        draft.note(
            "Replicas go on following the primary where they do. A deploy, a rotation or a new release does not read from them \
             before use-replicas.",
        );
    }
    stale_releases(draft, facts, "the address of what nobody reads from any more");
    assume(draft, facts, &TURNED)
}

/// use-replicas.
pub(in super::super) fn turn_back(
    draft: &mut Draft<'_>,
    facts: &Facts<'_>,
    options: &Options,
) -> Result<(), Refused> {
    facts.all_current()?;
    let all = facts.servers(&[Role::DbReplica])?;
    let meant =
        if options.servers.is_empty() { all } else { facts.named(&options.servers, &[Role::DbReplica])? };
    let back: Vec<&Server> = meant.iter().filter(|replica| replica.left().is_some()).copied().collect();
    if back.is_empty() {
        return Err(Refused::Nothing(match meant.as_slice() {
            [] => format!(
                "{} has no replica in use: build one with new-server --role db-replica",
                facts.place.name
            ),
            meant => format!(
                "no replica was left: everybody is to read from {} as it is",
                some(meant.iter().map(|replica| &replica.id))
            ),
        }));
    }
    let primary = good_primary(facts, "a replica that does not follow it gives what is old")?;
    for replica in &back {
        let id = &replica.id;
        can_be_asked(facts, replica, "leave it out, with --servers")?;
        if !matches!(state(facts, replica), State::Streams | State::Unknown) {
            return Err(Refused::State(format!(
                "{id} does not stream from the primary {}: make it with resync-replica --servers {id} first, or leave it out, \
                 with --servers",
                primary.id
            )));
        }
        draft.turns(id, true);
    }
    let ids = some(back.iter().map(|replica| &replica.id));
    draft.title(format!("read from {ids} again"));
    draft.noticed("nothing but slower answers: web servers start Gunicorn again one after the other; tasks wait while Celery is stopped");
    draft.cannot_undo(
        "once the replicas are marked it is taken back by leave-replicas, not by undoing the run",
    );
    if let Some(readers) = readers(facts)? {
        draft.note(format!("{readers} read from {ids} then."));
    }
    draft.note(
        "Releases that were made before leave-replicas fit again; one made since reads from the primary alone, until there is a \
         new one.",
    );
    assume(draft, facts, &TURNED)?;

    let users = Users::of(facts)?;
    let looked: Vec<StepId> = back.iter().filter_map(|replica| works(draft, replica)).collect();
    // A web server that starts Gunicorn again may fail a check (R1).
    let held = hold(draft, facts, &[], Lasts::UntilTheEnd)?;
    if let Some(held) = held {
        draft.after(held, &looked);
    }
    let ready: Vec<StepId> = if held.is_some() { held.into_iter().collect() } else { looked };
    let ends = turned(draft, facts, options, &users, &ready, true)?;
    let title = "mark it as one that is read from";
    let marked: Vec<StepId> =
        back.iter().map(|replica| mark(draft, &users, replica, title, String::new(), &ends)).collect();
    let kept = back.iter().any(|replica| replica.left().is_some_and(|left| left.held));
    let ends = match group(facts).filter(|_| kept) {
        Some(group) => launches_again(draft, facts, group, &marked)?.map_or(marked, |step| vec![step]),
        None => marked,
    };
    close(draft, facts, "let the group go on as before", held.into_iter().collect(), &ends);
    Ok(())
}

/// Launch was suspended by leave-replicas: what the group launches knows whom to read from again.
fn launches_again(
    draft: &mut Draft<'_>,
    facts: &Facts<'_>,
    group: &Group,
    after: &[StepId],
) -> Result<Option<StepId>, Refused> {
    if !group.is_suspended(Process::Launch.word()) {
        return Ok(None);
    }
    processes::launches(draft, facts, group)?;
    Ok(draft.set_processes(group, &[Process::Launch], false, Lasts::Stays, after))
}

/// Whether it streams, by its own word.
fn works(draft: &mut Draft<'_>, replica: &Server) -> Option<StepId> {
    let script = build::works(&Role::DbReplica)?;
    Some(draft.add(root_job(replica, "see that it streams", "works", script, None, 360)))
}

/// Web servers and workers by the settings of now. Gives the steps after which everybody reads by them.
fn turned(
    draft: &mut Draft<'_>,
    facts: &Facts<'_>,
    options: &Options,
    users: &Users<'_>,
    after: &[StepId],
    one_by_one: bool,
) -> Result<Vec<StepId>, Refused> {
    let settings = Settings::in_use(draft, facts, options)?;
    if !settings.is_written() {
        draft.note(
            "Settings on the servers stay as they are, and name whom they name: write them by hand before this is run, for \
             Gunicorn and Celery start again by them.",
        );
    }
    let stopped = users.stop(draft, facts, after);
    let turn = Turn { after, stopped: &stopped, for_good: None, one_by_one };
    let ends = users.turn(draft, facts, &settings, &turn);
    Ok(if ends.is_empty() { after.to_vec() } else { ends })
}

/// The tag by which everybody goes. From here on what was written on web servers stays; a worker that fails later goes back to
/// what it had, and takes nobody along.
fn mark(
    draft: &mut Draft<'_>,
    users: &Users<'_>,
    replica: &Server,
    title: &str,
    value: String,
    after: &[StepId],
) -> StepId {
    let workers: Vec<String> = users.workers.iter().map(|worker| lane(worker)).collect();
    let settles = draft.unless_stopped_outside(&workers);
    draft.add(Step {
        after: after.to_vec(),
        settles,
        becomes: Some(if value.is_empty() { "read from".into() } else { "not read from".into() }),
        undo: Undo::Cannot("its tag says whether anybody reads from it".into()),
        ..step(
            &lane(replica),
            title,
            replica.id.as_str(),
            Action::Tag {
                server: InstanceRef::Known(replica.id.clone()),
                tags: vec![(LEFT_TAG.to_owned(), value)],
            },
        )
    })
}

fn close(draft: &mut Draft<'_>, facts: &Facts<'_>, title: &str, held: Vec<StepId>, after: &[StepId]) {
    let target = facts.place.name.as_str().to_owned();
    draft.restore("web", title, &target, held, after);
}
