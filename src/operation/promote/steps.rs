//! The steps of a promotion: hold, page, fence, see that everything has come, promote, and have everybody use it.

use super::super::draft::{Draft, step};
use super::super::on_servers::{group, hold, lane, page_up, root_job};
use super::super::settings::Settings;
use super::super::users::{Turn, Users};
use super::super::{Facts, Options, Refused};
use super::Fence;
use crate::fleet::{Process, ROLE_TAG, Server};
use crate::plan::WHEN_IT_IS_SO;
use crate::plan::{Action, Condition, InstanceRef, Lasts, Step, StepId, Undo};
use crate::recipe::build;

/// Why what comes after the promotion stays.
const STAYS: &str = "servers use the new primary from then on";

pub(super) fn all(
    draft: &mut Draft<'_>,
    facts: &Facts<'_>,
    options: &Options,
    fence: Fence<'_>,
    chosen: &Server,
    others: &[&Server],
) -> Result<(), Refused> {
    let users = Users::of(facts)?;
    let layout = &facts.place.layout;
    let most = fence.server().and_then(|primary| {
        let connections = &facts.snapshot.measured(&primary.id)?.postgres()?.connections;
        Some(connections.most).filter(|most| *most > 0)
    });

    // R1: first of all the group is held still.
    let held = hold(draft, facts, &[], Lasts::UnlessStopped)?;
    let launch = match group(facts) {
        Some(group) => draft.set_processes(group, &[Process::Launch], true, Lasts::UnlessStopped, &[]),
        None => None,
    };
    let quiet: Vec<StepId> = held.into_iter().chain(launch).collect();
    let candidate = draft.add(root_job(
        chosen,
        "see whether it can be the primary",
        "candidate",
        build::candidate(layout, most, others.len(), fence.is_planned()),
        None,
        120,
    ));
    let paged = page_up(draft, facts, &users.web, Lasts::UnlessStopped, &[&quiet[..], &[candidate]].concat());
    let mut before: Vec<StepId> = quiet.iter().copied().chain([candidate]).chain(paged).collect();
    let stopped = users.stop(draft, facts, &before);
    // Of a primary that works no task is lost; one that is gone is not waited for by those that need it.
    if fence.is_planned() {
        before.extend(&stopped);
    }
    let fenced = fence_step(fence).map(|step| draft.add(Step { after: before.clone(), ..step }));
    before.extend(fenced);
    let received = draft.add(Step {
        after: before,
        // From here on nobody goes back: what was stopped stays so, and the run is gone on with.
        settles: quiet.iter().chain(&paged).chain(&stopped).chain(&fenced).copied().collect(),
        seals: true,
        ..root_job(
            chosen,
            "see that everything has come, and is replayed",
            "received",
            build::received(fence.is_planned()),
            None,
            3_600,
        )
    });
    // What still stops then is not taken back either.
    let promoted = draft.add(Step {
        after: vec![received],
        before: Some("a replica".into()),
        becomes: Some("the primary, which takes writes".into()),
        undo: Undo::Cannot("a primary is no replica again".into()),
        ..root_job(
            chosen,
            "promote it, and wait until it takes writes",
            "promote",
            build::promote(),
            None,
            700,
        )
    });
    let tagged = retag(draft, fence, chosen, promoted);
    followers(draft, facts, chosen, others, promoted);

    let settings = settings(draft, facts, options)?;
    let turn = Turn { after: &[tagged], stopped: &stopped, for_good: Some(STAYS), one_by_one: false };
    let mut ends = users.turn(draft, facts, &settings, &turn);
    if ends.is_empty() {
        ends.push(tagged);
    }
    let title = "take the page off, and let the group go on as before, but for Launch";
    let target = facts.place.name.as_str().to_owned();
    draft.restore("web", title, &target, held.into_iter().chain(paged).collect(), &ends);
    Ok(())
}

/// The settings of the code that runs, with the new primary's address.
fn settings(draft: &mut Draft<'_>, facts: &Facts<'_>, options: &Options) -> Result<Settings, Refused> {
    let settings = Settings::in_use(draft, facts, options)?;
    if !settings.is_written() {
        draft.note(
            "Settings on the servers stay as they are, and name the old primary: where they know it by an address rather than \
             a name that follows, write them by hand.",
        );
    }
    Ok(settings)
}

/// R11: the old primary writes nothing more.
fn fence_step(fence: Fence<'_>) -> Option<Step> {
    match fence {
        Fence::Gone | Fence::Believed(_) => None,
        Fence::Stopped(old) => Some(Step {
            becomes: Some("stopped".into()),
            deadline_s: 900,
            ..step(
                &lane(old),
                "wait until EC2 says that the old primary is stopped",
                old.id.as_str(),
                Action::Await {
                    condition: Condition::Stopped { instance: InstanceRef::Known(old.id.clone()) },
                },
            )
        }),
        Fence::Stop(old) => Some(Step {
            before: Some(old.power.word().to_owned()),
            becomes: Some("stopped".into()),
            undo: Undo::Cannot("it is started by hand, and then is a primary again".into()),
            deadline_s: 1_200,
            destructive: true,
            ..step(
                &lane(old),
                "stop the old primary, and wait until it is",
                old.id.as_str(),
                Action::Stop { server: InstanceRef::Known(old.id.clone()) },
            )
        }),
        Fence::Mask(old) => Some(mask(old)),
        Fence::MaskOnly(old) => Some(Step {
            becomes: Some("stopped and masked".into()),
            undo: Undo::Cannot("systemctl unmask and start bring it back by hand".into()),
            ..root_job(
                old,
                "see that PostgreSQL is stopped, and mask it",
                "postgres-stop",
                build::stop_for_good(),
                None,
                600,
            )
        }),
    }
}

/// R11: a primary that works is stopped cleanly, and does not come back by itself.
pub(in super::super) fn mask(old: &Server) -> Step {
    Step {
        before: Some("the primary".into()),
        becomes: Some("stopped cleanly, and masked".into()),
        lasts: Lasts::UnlessStopped,
        undo: Undo::Reverse("PostgreSQL is started again".into()),
        destructive: true,
        ..root_job(
            old,
            "stop PostgreSQL, and mask it",
            "postgres-stop",
            build::stop_for_good(),
            Some(build::start_again()),
            600,
        )
    }
}

/// The tags `role`: the old one goes out of use before the new one comes into it.
fn retag(draft: &mut Draft<'_>, fence: Fence<'_>, chosen: &Server, promoted: StepId) -> StepId {
    let mut last = promoted;
    let mut tag = |server: &Server, to: &str| {
        let mut tags = vec![("role".to_owned(), to.to_owned())];
        if to == "db-primary" {
            // R8: releases that were made before have another address in them.
            tags.push((ROLE_TAG.to_owned(), WHEN_IT_IS_SO.to_owned()));
        }
        last = draft.add(Step {
            after: vec![last],
            before: Some(server.role.role.to_string()),
            becomes: Some(to.to_owned()),
            undo: Undo::Cannot("its tag says what it is".into()),
            ..step(
                &lane(server),
                "give it its new role, by its tag",
                server.id.as_str(),
                Action::Tag { server: InstanceRef::Known(server.id.clone()), tags },
            )
        });
    };
    if let Some(old) = fence.server() {
        tag(old, "db-primary-OLD");
    }
    tag(chosen, "db-primary");
    last
}

/// R12: slots do not follow a promotion, and each other replica has to be told.
fn followers(
    draft: &mut Draft<'_>,
    facts: &Facts<'_>,
    chosen: &Server,
    others: &[&Server],
    promoted: StepId,
) {
    let layout = &facts.place.layout;
    let addresses: Vec<&str> = others.iter().filter_map(|other| other.private_address.as_deref()).collect();
    let Some(primary) = chosen.private_address.as_deref().filter(|_| !addresses.is_empty()) else { return };
    let slots = root_job(chosen, "make the replicas' slots", "slots", build::slots(addresses), None, 120);
    let slots = draft.add(Step { after: vec![promoted], ..slots });
    for other in others {
        draft.add(Step {
            after: vec![slots],
            becomes: Some(format!("streams from {primary}")),
            undo: Undo::Cannot("it follows the new primary".into()),
            // A replica that cannot follow is told, and keeps nobody waiting: it is made anew.
            soft: true,
            ..root_job(
                other,
                "follow the new primary",
                "follow",
                build::follow(layout, Some(primary)),
                None,
                420,
            )
        });
    }
    draft.note(
        "R12: other replicas follow by a slot of their own on the new primary; one that cannot is told, keeps its data, and is \
         made a replica again with resync-replica.",
    );
}
