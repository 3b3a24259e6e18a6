//! The new servers up to where they could take the places of the old ones, and a release that knows them.

use super::super::code::Code;
use super::super::draft::Draft;
use super::super::new_server::{App, Build, Built, HandOver, chosen};
use super::super::replace_cache::{self, code_of};
use super::super::settings::Settings;
use super::super::{Facts, Options, Refused};
use super::{New, There};
use crate::fleet::{Changeset, NewServer, Person, Role, ZonePlace};
use crate::plan::{Address, Lasts, StepId};

static PRIMARY: Role = Role::DbPrimary;
static REPLICA: Role = Role::DbReplica;
static CACHE: Role = Role::Cache;
static WORKER: Role = Role::Worker;

/// What all of them are built with.
#[derive(Clone, Copy)]
pub(super) struct Crew<'a> {
    pub(super) facts: &'a Facts<'a>,
    pub(super) people: &'a [Person],
    pub(super) before_logs: Option<&'a str>,
}

impl<'a> Crew<'a> {
    const fn build(self, role: &'a Role) -> Build<'a> {
        Build {
            facts: self.facts,
            role,
            people: self.people,
            primary: None,
            app: None,
            before_logs: self.before_logs,
            lasts: Lasts::Stays,
        }
    }

    pub(super) const fn primary(self) -> Build<'a> {
        self.build(&PRIMARY)
    }

    pub(super) const fn replica(self) -> Build<'a> {
        self.build(&REPLICA)
    }

    pub(super) const fn cache(self) -> Build<'a> {
        self.build(&CACHE)
    }

    pub(super) const fn worker(self) -> Build<'a> {
        self.build(&WORKER)
    }
}

/// A worker, whose Celery does not run yet.
pub(super) struct Worker {
    pub(super) lane: String,
    pub(super) begun: Built,
    pub(super) app: App,
}

/// What is built.
pub(super) struct Beside {
    /// A replica of the old primary as yet.
    pub(super) primary: Built,
    /// Others, each with its lane.
    pub(super) replicas: Vec<(String, Built)>,
    pub(super) cache: Built,
    pub(super) workers: Vec<Worker>,
    /// The release that the group launches from then on.
    pub(super) release: Option<StepId>,
    /// Settings with the addresses of then, and the code that they are of.
    pub(super) settings: Settings,
    pub(super) code: Changeset,
}

/// The lane of the primary.
pub(super) const PRIMARY_LANE: &str = "db-primary";
/// The lane of the cache server, as replace-cache-server has it.
pub(super) const CACHE_LANE: &str = "cache";

impl Beside {
    pub(super) fn built(
        draft: &mut Draft<'_>,
        options: &Options,
        crew: Crew<'_>,
        there: &There<'_>,
        new: New,
    ) -> Result<Self, Refused> {
        let facts = crew.facts;
        let Some(address) = there.primary.private_address.clone().map(Address::Known) else {
            return Err(Refused::State(format!(
                "{} has no private address, by which a replica would copy it",
                there.primary.id
            )));
        };
        let New { primary, replicas, cache, workers } = new;
        let copy = Build { primary: Some(&address), ..crew.replica() };
        let primary = launched(draft, &copy, &PRIMARY, PRIMARY_LANE, primary);
        let replicas = (1_u32..).zip(replicas).map(|(number, one)| {
            let lane = format!("db-replica {number}");
            let built = launched(draft, &copy, &REPLICA, &lane, one);
            (lane, built)
        });
        let replicas: Vec<(String, Built)> = replicas.collect();
        let cache = launched(draft, &crew.cache(), &CACHE, CACHE_LANE, cache);
        let code = chosen(facts, options)?;
        let ready = [primary.ready, cache.ready];
        let workers = self::workers(draft, options, crew, (&code, &ready), workers)?;
        let changeset = code_of(facts)?;
        let settings = replace_cache::settings(draft, facts, options, &changeset)?;
        let release = self::release(draft, facts, options, there, &primary, &cache)?;
        Ok(Self { primary, replicas, cache, workers, release, settings, code: changeset })
    }
}

/// One that others have to know of.
fn launched(
    draft: &mut Draft<'_>,
    maker: &Build<'_>,
    role: &Role,
    lane: &str,
    (server, zone): (NewServer, ZonePlace),
) -> Built {
    let built = maker.pending(draft, lane, server, &zone.zone, &[]);
    draft.arrives(role, built.slot.clone(), built.launched);
    built
}

/// R17: beat is to run on the first.
fn workers(
    draft: &mut Draft<'_>,
    options: &Options,
    crew: Crew<'_>,
    (code, ready): (&Code, &[StepId]),
    new: Vec<(NewServer, ZonePlace)>,
) -> Result<Vec<Worker>, Refused> {
    let mut all = Vec::new();
    for (number, (server, zone)) in (1_u32..).zip(new) {
        let lane = format!("worker {number}");
        let app = App::to_serve(draft, crew.facts, options, &WORKER, code.clone())?
            .in_place_of(HandOver { stop: None, beat: number == 1 });
        let begun = Build { app: Some(&app), ..crew.worker() }.begun(draft, &lane, server, &zone.zone, &[]);
        let launches = draft.launches();
        // What the project does itself may ask them: the database answers, and takes no writes yet.
        draft.wait(&lane, "settings", launches.into_iter().chain(ready.iter().copied()));
        all.push(Worker { lane, begun, app });
    }
    Ok(all)
}

/// R8: a release that knows the new servers. Nothing of it is started before they answer whom it would ask.
fn release(
    draft: &mut Draft<'_>,
    facts: &Facts<'_>,
    options: &Options,
    there: &There<'_>,
    primary: &Built,
    cache: &Built,
) -> Result<Option<StepId>, Refused> {
    let Some(group) = there.group else { return Ok(None) };
    let Some(made) = replace_cache::release(draft, facts, options, group, &there.cache)? else {
        return Ok(None);
    };
    let release = replace_cache::bake(draft, facts, group, made, cache, &[]);
    let mut before = draft.launches();
    before.push(primary.ready);
    draft.wait("builder", "settings", before);
    Ok(Some(release))
}
