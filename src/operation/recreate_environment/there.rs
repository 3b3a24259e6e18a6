//! What there is, which has to work to be replaced at leisure; and what takes its place.

use std::collections::BTreeSet;

use super::super::draft::Draft;
use super::super::new_server::place::{self, Spread};
use super::super::refused::some;
use super::super::replace_cache::{Old, Users};
use super::super::replicas::is_down;
use super::super::{Facts, Options, Refused};
use crate::fleet::{Group, InstanceId, NewServer, Power, Role, Server, ZonePlace};

/// The servers that there are.
pub(super) struct There<'f> {
    pub(super) primary: &'f Server,
    pub(super) replicas: Vec<&'f Server>,
    pub(super) cache: Old<'f>,
    /// Web servers and workers.
    pub(super) users: Users<'f>,
    pub(super) group: Option<&'f Group>,
}

impl<'f> There<'f> {
    /// Refused where one of them does not work: that is an incident, with an operation of its own.
    pub(super) fn of(draft: &mut Draft<'_>, facts: &Facts<'f>, options: &Options) -> Result<Self, Refused> {
        let cache = Old::of(draft, facts, options)?;
        Self::with(facts, cache)
    }

    /// The same where nobody is told anything.
    pub(super) fn alone(facts: &Facts<'f>, options: &Options) -> Result<Self, Refused> {
        let operation = super::super::find("recreate-environment")?;
        Self::of(&mut Draft::new(operation, facts, options), facts, options)
    }

    fn with(facts: &Facts<'f>, cache: Old<'f>) -> Result<Self, Refused> {
        let environment = &facts.place.name;
        if let Some(combo) = facts.servers(&[Role::Combo])?.first() {
            return Err(Refused::State(format!(
                "{} is a combo server, which is primary, web server and worker at once: its database cannot go away from it by a \
                 promotion. Make another environment with create-environment, and bring the data over with reload-data",
                combo.id
            )));
        }
        if let Some(trouble) = &cache.trouble {
            return Err(Refused::State(format!(
                "the cache server {trouble}: `quarterdeck apply replace-cache-server {environment}` first"
            )));
        }
        let primary = primary(facts)?;
        let replicas: Vec<&Server> = facts
            .servers(&[Role::DbReplica])?
            .into_iter()
            .filter(|one| one.power == Power::Running)
            .collect();
        let users = Users::of(facts)?;
        if users.workers.is_empty() {
            return Err(Refused::State(format!(
                "{environment} has no worker that runs, to empty the queues: make one with new-server --role worker first"
            )));
        }
        let group = facts.place.group.as_ref().map(|_| facts.group()).transpose()?;
        Ok(Self { primary, replicas, cache, users, group })
    }

    /// Those whose place is taken, in the order of [`New::each`].
    pub(super) fn replaced(&self) -> Vec<&'f Server> {
        let databases = std::iter::once(self.primary).chain(self.replicas.iter().copied());
        databases.chain(self.cache.server).chain(self.users.workers.iter().copied()).collect()
    }
}

/// The primary, which works.
fn primary<'f>(facts: &Facts<'f>) -> Result<&'f Server, Refused> {
    let environment = &facts.place.name;
    let found = facts.servers(&[Role::DbPrimary])?;
    let [primary] = found.as_slice() else {
        return Err(Refused::State(match found.as_slice() {
            [] => format!("{environment} has no primary: create-environment makes what is missing"),
            several => format!(
                "{environment} has {} servers of role db-primary: {}. Settle which one it is, and tag the other db-primary-OLD",
                several.len(),
                some(several.iter().map(|server| &server.id))
            ),
        }));
    };
    let silent = facts.snapshot.measured(&primary.id).and_then(|measured| measured.unreachable.as_ref());
    let trouble = match silent {
        _ if primary.power != Power::Running => Some(format!("is {}", primary.power.word())),
        Some(failure) => Some(format!("does not answer ({})", failure.message)),
        None if is_down(facts, primary) => Some("has no PostgreSQL that runs".to_owned()),
        None => None,
    };
    match trouble {
        Some(trouble) => Err(Refused::State(format!(
            "the primary {} {trouble}: that is an incident. `quarterdeck triage {environment}` says what to do, and promote-replica \
             has a replica take its place",
            primary.id
        ))),
        None => Ok(primary),
    }
}

/// The servers that are made.
pub(super) struct New {
    pub(super) primary: (NewServer, ZonePlace),
    pub(super) replicas: Vec<(NewServer, ZonePlace)>,
    pub(super) cache: (NewServer, ZonePlace),
    pub(super) workers: Vec<(NewServer, ZonePlace)>,
}

impl New {
    /// As the config has them, else like those there are.
    pub(super) fn of(facts: &Facts<'_>, there: &There<'_>) -> Result<Self, Refused> {
        let leave: BTreeSet<&InstanceId> = there.replaced().into_iter().map(|server| &server.id).collect();
        let mut spread = Spread::without(facts, &leave)?;
        let mut one = |role: Role| {
            let zone = spread.next(&role)?;
            Ok::<_, Refused>((place::server(facts, &role, &zone)?, zone))
        };
        Ok(Self {
            primary: one(Role::DbPrimary)?,
            replicas: there.replicas.iter().map(|_| one(Role::DbReplica)).collect::<Result<_, _>>()?,
            cache: one(Role::Cache)?,
            workers: there.users.workers.iter().map(|_| one(Role::Worker)).collect::<Result<_, _>>()?,
        })
    }

    pub(super) fn each(&self) -> impl Iterator<Item = &(NewServer, ZonePlace)> {
        let databases = std::iter::once(&self.primary).chain(&self.replicas);
        databases.chain(std::iter::once(&self.cache)).chain(&self.workers)
    }

    pub(super) fn all(self) -> Vec<(NewServer, ZonePlace)> {
        self.each().cloned().collect()
    }

    pub(super) fn count(&self) -> u32 {
        u32::try_from(self.each().count()).unwrap_or(u32::MAX)
    }
}
