//! resync-replica: a broken replica is made one again, of a copy of the primary beside its old data.
//!
//! Its data go last, and never before it is proved that the copy can be made; never at all where the primary is not known to be
//! good, for then they may be the only good ones.

use super::super::copies::{SPARE, free, size};
use super::super::draft::{Draft, step};
use super::super::incident;
use super::super::new_server::judge;
use super::super::on_servers::{group, hold, lane, root_job};
use super::super::promote::position;
use super::super::refused::some;
use super::super::{Facts, Options, Refused};
use super::{State, assume, can_be_asked, good_primary, postgres, readers, state};
use crate::fleet::{InstanceId, Power, Role, Server, words};
use crate::plan::{Action, HostJob, InstanceRef, JobFile, Lasts, Step, StepId, TextOf, Undo};
use crate::recipe::build::{self, Part, Resync};

/// So many bytes are written between two looks: the server itself looks more closely.
const MOMENTS: u64 = 16 * 1024 * 1024;

/// Where the data are.
const DATA: &str = "/var/lib/postgresql";

pub(in super::super) fn plan(
    draft: &mut Draft<'_>,
    facts: &Facts<'_>,
    options: &Options,
) -> Result<(), Refused> {
    facts.all_current()?;
    let replica = chosen(facts, options)?;
    let id = &replica.id;
    let lest = format!("nothing is deleted on {id}, whose data may be the only good ones");
    let primary = good_primary(facts, &lest)?;
    judge::secrets(facts, &Role::DbReplica)?;
    can_be_asked(facts, replica, "build another one with new-server --role db-replica")?;
    let state = state(facts, replica);
    if let State::Streams = state {
        return Err(Refused::Nothing(format!(
            "{id} streams from the primary {}: there is nothing to copy. Where its data are wrong all the same, stop its \
             PostgreSQL first",
            primary.id
        )));
    }
    let Some(address) = primary.private_address.as_deref() else {
        return Err(Refused::State(format!(
            "the primary {} has no private address to copy from",
            primary.id
        )));
    };
    own_writes(draft, facts, replica, primary, &state)?;
    let tight = room(draft, facts, options, replica, primary)?;
    told(draft, facts, replica, primary, &state, tight)?;
    assume(draft, facts, &[Role::DbPrimary, Role::DbReplica])?;

    let note = facts.now.strftime("%Y%m%dT%H%M%S").to_string();
    let may_lose = options.overrides("own-writes");
    let how = Resync { primary: address, note: &note, tight, may_lose };
    let works = Work { facts, replica, how };
    // Where web servers suffer from it already, or will as soon as the data go, the group is held from the beginning (R1).
    let suffers = group(facts).is_some_and(|group| incident::seen(facts, group).is_some());
    let early = tight || suffers || !matches!(state, State::Cut);
    let held = if early { hold(draft, facts, &[], Lasts::UntilTheEnd)? } else { None };
    works.steps(draft, primary, held, early)
}

/// The one that is named, else the one that does not stream.
fn chosen<'f>(facts: &Facts<'f>, options: &Options) -> Result<&'f Server, Refused> {
    let name = &facts.place.name;
    if !options.servers.is_empty() {
        let named = facts.named(&options.servers, &[Role::DbReplica])?;
        let [one] = named.as_slice() else {
            return Err(Refused::Usage(format!(
                "replicas are copied one after the other, so that others can be read meanwhile, and --servers names {}: leave all \
                 but one out",
                named.len()
            )));
        };
        return Ok(one);
    }
    let all = facts.servers(&[Role::DbReplica])?;
    let streams =
        |server: &&&Server| server.power == Power::Running && matches!(state(facts, server), State::Streams);
    let broken: Vec<&&Server> = all.iter().filter(|server| !streams(server)).collect();
    match (all.as_slice(), broken.as_slice()) {
        ([one], _) => Ok(one),
        (_, [one]) => Ok(one),
        ([], _) => Err(Refused::State(format!(
            "{name} has no replica in use: build one with new-server --role db-replica"
        ))),
        (_, []) => {
            Err(Refused::Nothing(format!("every replica of {name} streams: there is nothing to copy")))
        }
        (_, several) => Err(Refused::Usage(format!(
            "{} replicas of {name} do not stream, or are not known to: name one of them with --servers {}",
            several.len(),
            some(several.iter().map(|server| &server.id))
        ))),
    }
}

/// What is only there would be lost: who wants that says so. The servers look again, more closely.
fn own_writes(
    draft: &mut Draft<'_>,
    facts: &Facts<'_>,
    replica: &Server,
    primary: &Server,
    state: &State,
) -> Result<(), Refused> {
    let id = &replica.id;
    let (here, there) = (postgres(facts, replica), postgres(facts, primary));
    let timelines = here.and_then(|one| one.timeline).zip(there.and_then(|one| one.timeline));
    let written = there.and_then(|one| position(one.position.as_deref()?));
    let reached = here.and_then(|one| {
        let replica = one.replica.as_ref()?;
        let at = |text: &Option<String>| text.as_deref().and_then(position);
        at(&replica.received).max(at(&replica.replayed))
    });
    let what = match (state, timelines, reached.zip(written)) {
        (State::Writes, ..) => "takes writes itself, which are nowhere else".to_owned(),
        (_, Some((own, other)), _) if own > other => {
            format!("is on timeline {own}, and the primary on {other}, which is older")
        }
        (_, _, Some((reached, written))) if reached > written.saturating_add(MOMENTS) => format!(
            "has received {} more than the primary {} has written",
            words::bytes(reached - written),
            primary.id
        ),
        _ => return Ok(()),
    };
    draft.refuse_unless(
        "own-writes",
        format!(
            "{id} {what}: with its data that is lost. Look at which of both has what users wrote last, and save what is only \
             there (backup-database --servers {id})"
        ),
    )
}

/// Whether its old data have to go before the copy is there. Refused where they would have to, unless somebody wants that.
fn room(
    draft: &mut Draft<'_>,
    facts: &Facts<'_>,
    options: &Options,
    replica: &Server,
    primary: &Server,
) -> Result<bool, Refused> {
    let id = &replica.id;
    let needed = size(facts, &[primary]).map(|bytes| bytes.saturating_add(bytes / 10));
    let free = free(facts, id, DATA);
    let (short, numbers) = if let (Some(needed), Some(free)) = (needed, free) {
        let numbers = format!(
            "the copy takes about {}, and the disk of {DATA} on {id} has {} free beside its old data",
            words::bytes(needed),
            words::bytes(free)
        );
        (free <= needed.saturating_add(SPARE), numbers)
    } else {
        let unknown = "how much room the copy wants and the disk has was not measured";
        draft
            .note(format!("{id} looks itself whether there is room, before anything is changed: {unknown}."));
        (false, unknown.to_owned())
    };
    if short || options.overrides("little-room") {
        draft.refuse_unless(
            "little-room",
            format!(
                "{numbers}. Make room, or take a larger volume. Else the old data are deleted before the copy is there, if both do \
                 not fit: connection, slot and room are proved before, and if the copy breaks off, {id} has no data until it is \
                 copied again"
            ),
        )?;
        return Ok(true);
    }
    Ok(false)
}

/// What whoever reads the plan should know.
fn told(
    draft: &mut Draft<'_>,
    facts: &Facts<'_>,
    replica: &Server,
    primary: &Server,
    state: &State,
    tight: bool,
) -> Result<(), Refused> {
    let id = &replica.id;
    draft.title(format!("make {id} a streaming replica of {} again", primary.id));
    let behind = super::behind(facts, replica, Some(primary));
    let behind = behind.map_or_else(String::new, |bytes| {
        format!(", and lacks {} of what the primary has written", words::bytes(bytes))
    });
    draft.note(match state {
        State::Down => format!("PostgreSQL of {id} does not run."),
        State::Writes => format!("{id} takes writes itself, and follows nobody."),
        State::Cut => {
            format!("{id} hears nothing from the primary{}{behind}.", timeline(facts, replica, primary))
        }
        State::Streams | State::Unknown => format!("How {id} is was not measured: it is looked at first."),
    });
    let bytes = size(facts, &[primary]).map_or_else(
        || "a size that was not measured".to_owned(),
        |bytes| format!("{} of the database, and what else is there", words::bytes(bytes)),
    );
    let room = free(facts, id, DATA)
        .map_or_else(String::new, |free| format!("; {} are free on its disk", words::bytes(free)));
    draft.note(format!(
        "Copied are {bytes}{room}. The primary reads all of it meanwhile, and keeps the WAL that is written until the copy has it."
    ));
    if tight {
        draft.cannot_undo(format!(
            "the old data of {id} are deleted before the copy is there, if both do not fit"
        ));
    } else {
        draft.note(format!(
            "R12: the old data of {id} stay until the copy is whole and streams; until then everything goes back when the run \
             stops."
        ));
    }
    draft.cannot_undo(format!("once the copy streams, the old data of {id} are gone"));
    let fails_now = !matches!(state, State::Cut);
    match readers(facts)?.filter(|_| replica.left().is_none()) {
        Some(readers) => {
            draft.note(format!(
                "{readers} read from it, as far as their settings name it. Where that makes them fail: quarterdeck apply \
                 leave-replicas {} has them read from the primary until use-replicas.",
                facts.place.name
            ));
            let until = if tight || fails_now {
                "fail until the copy streams"
            } else {
                "fail for about a minute while it changes over to the copy, and give what is old until then"
            };
            draft.noticed(format!("reads from {id} {until}"));
        }
        None => draft.note(format!("Nobody reads from {id}.")),
    }
    Ok(())
}

/// That it is on another timeline, where it is.
fn timeline(facts: &Facts<'_>, replica: &Server, primary: &Server) -> String {
    let of = |server: &Server| postgres(facts, server).and_then(|postgres| postgres.timeline);
    match (of(replica), of(primary)) {
        (Some(own), Some(other)) if own != other => {
            format!(": it is on timeline {own}, and the primary on {other}")
        }
        _ => String::new(),
    }
}

struct Work<'a> {
    facts: &'a Facts<'a>,
    replica: &'a Server,
    how: Resync<'a>,
}

impl Work<'_> {
    fn steps(
        &self,
        draft: &mut Draft<'_>,
        primary: &Server,
        held: Option<StepId>,
        early: bool,
    ) -> Result<(), Refused> {
        let (facts, layout) = (self.facts, &self.facts.place.layout);
        let id = &self.replica.id;
        let sound = draft.add(Step {
            after: held.into_iter().collect(),
            ..root_job(primary, "see that the primary is good", "sound", build::sound(), None, 300)
        });
        let looked = draft.add(Step { after: vec![sound], ..self.part(build::can_copy(layout, &self.how)) });
        let copied = draft.add(Step {
            after: vec![looked],
            becomes: Some(if self.how.tight {
                "a copy of the primary, and its old data where both fit".into()
            } else {
                "a copy of the primary, beside its data".into()
            }),
            lasts: Lasts::UnlessStopped,
            undo: Undo::Reverse("the copy goes, and the slot that was made for it".into()),
            destructive: self.how.tight,
            ..self.part(build::copy_beside(layout, &self.how))
        });
        // Web servers fail their check while it changes over, where that asks every database (R1).
        let late = if early { None } else { hold(draft, facts, &[], Lasts::UntilTheEnd)? };
        if let Some(late) = late {
            draft.after(late, &[copied]);
        }
        // While the copy was made, much may have happened.
        let again = draft.add(Step {
            after: late.into_iter().chain([copied]).collect(),
            ..root_job(primary, "look at the primary once more", "sound-again", build::sound(), None, 300)
        });
        let used = draft.add(Step {
            after: vec![again],
            becomes: Some(format!("streams from {}", primary.id)),
            noticed: Some(format!("reads from {id} fail until it streams")),
            lasts: Lasts::UnlessStopped,
            undo: Undo::Reverse("the data from before are put into their place".into()),
            destructive: true,
            seals: true,
            ..self.part(build::use_copy(layout, &self.how))
        });
        draft.settle(used, &[copied, used]);
        let target = group(facts).map_or_else(String::new, |group| group.name.to_string());
        let held = held.into_iter().chain(late).collect();
        draft.restore("group", "let the group go on as before", &target, held, &[used]);
        Ok(())
    }

    /// A part as a job on the replica: as root, told which server is meant.
    fn part(&self, part: Part) -> Step {
        let id: &InstanceId = &self.replica.id;
        // Without a project there are no secrets: what is simulated asks for none.
        let secrets = if self.facts.site.is_some() { part.secrets } else { &[] };
        let file = |name: &&'static str| JobFile {
            of: TextOf::Secret { name: (*name).into() },
            variable: (*name).into(),
            environment: self.facts.place.name.clone(),
        };
        let job = HostJob {
            server: InstanceRef::Known(id.clone()),
            name: part.name.into(),
            script: part.script,
            user: Some("root".into()),
            files: secrets.iter().map(file).collect(),
            back: part.back,
            names_server: true,
        };
        Step {
            deadline_s: part.deadline_s,
            ..step(&lane(self.replica), part.title, id.as_str(), Action::Job(Box::new(job)))
        }
    }
}
