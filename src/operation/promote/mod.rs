//! promote-replica: a replica becomes the primary, whether the old one lives, is dead, or is cut off.

mod choose;
mod steps;

use super::draft::Draft;
use super::on_servers::stale_releases;
use super::refused::some;
use super::replicas::is_down;
use super::{Facts, Options, Refused};
use crate::fleet::{Power, Role, Server};
use choose::Candidate;

pub(super) use choose::position;
pub(super) use steps::mask;

/// How it is known that the old primary writes nothing more (R11).
#[derive(Clone, Copy, Debug)]
enum Fence<'f> {
    /// There is none any more.
    Gone,
    /// EC2 says that it is stopped, or about to be.
    Stopped(&'f Server),
    /// EC2 stops it.
    Stop(&'f Server),
    /// PostgreSQL runs there, and is stopped and masked.
    Mask(&'f Server),
    /// PostgreSQL does not run there, and is masked.
    MaskOnly(&'f Server),
    /// Somebody says that it may be so.
    Believed(&'f Server),
}

impl<'f> Fence<'f> {
    const fn server(self) -> Option<&'f Server> {
        match self {
            Self::Gone => None,
            Self::Stopped(server)
            | Self::Stop(server)
            | Self::Mask(server)
            | Self::MaskOnly(server)
            | Self::Believed(server) => Some(server),
        }
    }

    /// Whether everything that was written can be seen to have come.
    const fn is_planned(self) -> bool {
        matches!(self, Self::Mask(_))
    }
}

pub(super) fn plan(draft: &mut Draft<'_>, facts: &Facts<'_>, options: &Options) -> Result<(), Refused> {
    facts.all_current()?;
    let environment = &facts.place.name;
    let combos = facts.servers(&[Role::Combo])?;
    if let Some(combo) = combos.first() {
        return Err(Refused::State(format!(
            "{} is a combo server, which is web server and worker, too: its database cannot go away from it by a promotion",
            combo.id
        )));
    }
    let primaries = facts.servers(&[Role::DbPrimary])?;
    if primaries.len() > 1 {
        return Err(Refused::State(format!(
            "{environment} has {} servers of role db-primary: {}. Settle which one it is, and tag the other db-primary-OLD",
            primaries.len(),
            some(primaries.iter().map(|server| &server.id))
        )));
    }
    let candidates = choose::candidates(facts, options)?;
    let (chosen, others) = candidates.split_first().ok_or_else(|| no_replica(facts))?;
    let fence = fence(draft, facts, options, primaries.first().copied())?;
    told(draft, facts, fence, chosen, others);
    for role in [Role::DbPrimary, Role::DbReplica, Role::Worker] {
        let mut ids: Vec<_> =
            facts.servers(std::slice::from_ref(&role))?.iter().map(|server| server.id.clone()).collect();
        ids.sort();
        draft.assume_servers(&role, ids);
    }
    draft.goes_on();
    draft.by_name();
    draft.promotes(&chosen.server.id);
    let replicas: Vec<&Server> = others.iter().map(|other| other.server).collect();
    steps::all(draft, facts, options, fence, chosen.server, &replicas)
}

fn no_replica(facts: &Facts<'_>) -> Refused {
    Refused::State(format!(
        "{} has no replica in use that runs: there is nothing to promote. A copy of the disks, or a dump, is what is left: \
         new-server --role db-primary makes an empty primary",
        facts.place.name
    ))
}

/// R11: nothing is promoted beside a primary that may still write.
fn fence<'f>(
    draft: &mut Draft<'_>,
    facts: &Facts<'f>,
    options: &Options,
    primary: Option<&'f Server>,
) -> Result<Fence<'f>, Refused> {
    let Some(primary) = primary else {
        if options.stop_old {
            return Err(Refused::Usage(
                "there is no primary that could be stopped: leave --stop-old out".into(),
            ));
        }
        return Ok(Fence::Gone);
    };
    if matches!(primary.power, Power::Stopped | Power::Stopping) {
        return Ok(Fence::Stopped(primary));
    }
    if options.stop_old {
        return Ok(Fence::Stop(primary));
    }
    let measured = facts.snapshot.measured(&primary.id);
    if let Some(failure) = measured.and_then(|measured| measured.unreachable.as_ref()) {
        let (id, since) = (&primary.id, failure.since.strftime("%H:%M:%S"));
        draft.refuse_unless(
            "accept-split-brain",
            format!(
                "the primary {id} has not answered since {since} ({}), and may still take writes from servers that reach it: \
                 with two primaries both lose what the other has. Have EC2 stop it, with --stop-old, or stop it yourself. \
                 Only somebody who knows that nothing reaches it can do without",
                failure.message
            ),
        )?;
        return Ok(Fence::Believed(primary));
    }
    // Where nothing is known it is asked to stop, and that it does not is an end before anything has changed.
    Ok(if is_down(facts, primary) { Fence::MaskOnly(primary) } else { Fence::Mask(primary) })
}

/// What is said before anything happens.
fn told(
    draft: &mut Draft<'_>,
    facts: &Facts<'_>,
    fence: Fence<'_>,
    chosen: &Candidate<'_>,
    others: &[Candidate<'_>],
) {
    let id = &chosen.server.id;
    draft.title(format!("make {id} the primary of {}", facts.place.name));
    draft.noticed("the maintenance page, until the new primary takes writes and web servers answer by it");
    let last = fence.server().and_then(|primary| {
        let postgres = facts.snapshot.measured(&primary.id)?.postgres()?;
        choose::position(postgres.position.as_deref()?)
    });
    if fence.is_planned() {
        draft.note(format!(
            "Nothing is lost: the primary is stopped cleanly, and {id} is promoted only when the last word of that has come."
        ));
    } else {
        draft.cannot_undo(match (last, chosen.received) {
            (Some(last), Some(received)) if last > received => format!(
                "At risk: {} of what the primary had written when it was last asked, which {id} has not received.",
                crate::fleet::words::bytes(last - received)
            ),
            (Some(_), Some(_)) => format!(
                "{id} has received everything that the primary had written when it was last asked; what it wrote after that is \
                 at risk."
            ),
            _ => format!("What the primary has written and {id} has not received is lost; how much that is, is not known."),
        });
    }
    draft.cannot_undo(format!(
        "once {id} has everything, there is no way back: a run that is stopped after that is gone on with (`quarterdeck runs \
         resume`). To go back to the old server, make a replica of it, and promote that"
    ));
    for (number, one) in (1_u32..).zip(std::iter::once(chosen).chain(others)) {
        draft.note(format!("Candidate {number}: {}", one.told()));
    }
    if let Fence::Stop(old) | Fence::Stopped(old) = fence {
        draft.note(format!(
            "PostgreSQL on {} is not masked, for nobody can be asked there: whoever starts that server again has a second \
             primary. Its tag role becomes db-primary-OLD.",
            old.id
        ));
    }
    if let Some(old) = fence.server() {
        draft.note(format!(
            "{} stays with its data, as db-primary-OLD; terminate-server lets it go, with an image of its disks.",
            old.id
        ));
    }
    stale_releases(draft, facts, "the old primary's address");
    if others.is_empty() {
        draft.note(format!(
            "There is no replica then: quarterdeck apply new-server {} --role db-replica makes one.",
            facts.place.name
        ));
    }
}
