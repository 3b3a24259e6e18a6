//! The cache server whose place is taken: what of it works, what can be brought over, and what is at stake (R18).

use super::super::draft::Draft;
use super::super::refused::some;
use super::super::{Facts, Options, Refused};
use crate::fleet::measured::RabbitMq;
use crate::fleet::{Measured, Power, Role, Server, Severity, Topic, words};

/// The word of somebody who goes on without what the old server holds.
const LOSE: &str = "lose-data";

/// What becomes of what Redis holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Sessions {
    /// A fresh copy goes over.
    Fresh,
    /// Redis does not answer: what it wrote last goes over, if there is something.
    Last,
    /// Nobody can be asked for them.
    Lost,
}

/// The old server.
pub(in super::super) struct Old<'f> {
    /// None where there is none any more.
    pub(in super::super) server: Option<&'f Server>,
    pub(super) sessions: Sessions,
    /// Whether tasks can be brought over.
    pub(super) tasks: bool,
    /// Why it does not work, as the end of a sentence; none where it does.
    pub(in super::super) trouble: Option<String>,
}

impl<'f> Old<'f> {
    /// Refused where it is not clear which one it is, or where it may still hold what would be lost.
    pub(in super::super) fn of(
        draft: &mut Draft<'_>,
        facts: &Facts<'f>,
        options: &Options,
    ) -> Result<Self, Refused> {
        let environment = &facts.place.name;
        let found = facts.servers(&[Role::Cache])?;
        let server = match found.as_slice() {
            [] if facts.place.has_role(&Role::Cache) => return Ok(Self::lost(None, "is gone".into())),
            [] => {
                return Err(Refused::State(format!(
                    "{environment} has no cache server, and the config names none: new-server --role cache makes the first one"
                )));
            }
            [one] => *one,
            several => {
                return Err(Refused::State(format!(
                    "{environment} has several cache servers in use, {}: give the tag `role` of the one out of use the ending \
                     -OLD first",
                    some(several.iter().map(|server| &server.id))
                )));
            }
        };
        if server.power != Power::Running {
            return Ok(Self::lost(Some(server), format!("is {}", server.power.word())));
        }
        let measured = facts.snapshot.measured(&server.id);
        if let Some(failure) = measured.and_then(|measured| measured.unreachable.as_ref()) {
            let (id, since) = (&server.id, failure.since.strftime("%H:%M:%S"));
            draft.refuse_unless(
                LOSE,
                format!(
                    "cache server {id} has not answered since {since} ({}), and EC2 says that it runs: nothing can be brought \
                     over, so that everybody would be logged out and the tasks in it would be lost. Look at its status checks and \
                     security groups first; `quarterdeck triage {environment}` says what else is wrong",
                    failure.message
                ),
            )?;
            return Ok(Self::lost(Some(server), "does not answer".into()));
        }
        if options.overrides(LOSE) {
            draft.refuse_unless(
                LOSE,
                format!(
                    "what {} holds is not brought over: everybody is logged out, and tasks are lost",
                    server.id
                ),
            )?;
            return Ok(Self::lost(Some(server), "is to be given up with what it holds".into()));
        }
        Ok(Self::reached(server, measured))
    }

    const fn lost(server: Option<&'f Server>, trouble: String) -> Self {
        Self { server, sessions: Sessions::Lost, tasks: false, trouble: Some(trouble) }
    }

    /// One that answers: what is not known is not down.
    fn reached(server: &'f Server, measured: Option<&Measured>) -> Self {
        let down = |name: &str| {
            let units = measured.and_then(|measured| measured.units()).map(|units| units.units.iter());
            let mut own = units.into_iter().flatten().filter(|unit| unit.name.starts_with(name)).peekable();
            own.peek().is_some() && own.all(|unit| unit.severity() == Severity::Down)
        };
        let (redis, queue) = (down("redis"), down("rabbitmq"));
        let trouble = match (redis, queue) {
            (false, false) => None,
            (true, false) => Some("has no Redis that runs"),
            (false, true) => Some("has no RabbitMQ that runs"),
            (true, true) => Some("has neither Redis nor RabbitMQ that run"),
        };
        let sessions = if redis { Sessions::Last } else { Sessions::Fresh };
        Self { server: Some(server), sessions, tasks: !queue, trouble: trouble.map(ToOwned::to_owned) }
    }

    /// Whether users suffer from it now: then the group is held and the page is up before anything else (R1).
    pub(in super::super) const fn is_incident(&self) -> bool {
        self.trouble.is_some()
    }

    /// Whether anything comes over from it. Of one that is lost nobody waits for Celery, which may hang on it until Supervisor
    /// kills it.
    pub(in super::super) fn gives(&self) -> bool {
        self.tasks || self.sessions != Sessions::Lost
    }

    /// As it is called.
    pub(super) fn name(&self) -> String {
        self.server
            .map_or_else(|| "the old cache server".to_owned(), |server| format!("cache server {}", server.id))
    }

    /// Queues that are known to be in it, for those who copy what is left.
    pub(super) fn queues(&self, facts: &'f Facts<'f>) -> Vec<&'f str> {
        let queues = self.measured(facts).and_then(|measured| measured.rabbitmq()).map(RabbitMq::counting);
        queues.into_iter().flatten().map(|queue| queue.name.as_str()).collect()
    }

    fn measured(&self, facts: &'f Facts<'f>) -> Option<&'f Measured> {
        facts.snapshot.measured(&self.server?.id)
    }

    /// What is said before anything happens.
    pub(in super::super) fn told(&self, draft: &mut Draft<'_>, facts: &Facts<'_>) {
        let name = self.name();
        if let Some(trouble) = &self.trouble {
            draft.note(format!(
                "R1: {name} {trouble}, so that the group is held and the page goes up before anything else."
            ));
        }
        draft.note(self.stake(facts));
        match self.sessions {
            Sessions::Fresh => draft.note(
                "A fresh copy of Redis goes over while nobody writes, by way of this machine, and is deleted in the end: whoever is \
                 logged in stays so.",
            ),
            Sessions::Last => draft.note(
                "Redis does not answer: what it wrote to its disk last goes over, if there is something; what came after that is \
                 lost.",
            ),
            Sessions::Lost => draft.note("Everybody is logged out: nothing of Redis can be brought over."),
        }
        draft.note(if self.tasks {
            "Beat stops first, and workers empty the queues; what they have not done when that ends, tasks for later among them, is \
             copied to the new server."
        } else {
            "Tasks that wait in it are lost: what sends them has to send them again."
        });
        draft.note("Memcached's content is not brought over: it begins empty, and pages are slower until it has filled.");
        draft.note(
            "R18: the old server is not stopped and started in its own place. RabbitMQ's queues belong to the name of its node, \
             which is that of its host: under another name it begins with none, and what waited is out of reach.",
        );
    }

    /// Tasks and sessions that would be lost, as they were counted last.
    fn stake(&self, facts: &Facts<'_>) -> String {
        let measured = self.measured(facts);
        let at = |topic| {
            let at = measured.and_then(|measured| measured.reading(topic)?.read_at());
            at.map_or_else(String::new, |at| format!(", at {}", at.strftime("%H:%M:%S")))
        };
        let counted = |known: Option<String>, works: bool, topic: Topic| match known {
            Some(count) if works => count,
            Some(count) => format!("unknown; when it was last asked{}, {count}", at(topic)),
            None => "unknown".to_owned(),
        };
        let tasks = measured.and_then(|measured| measured.rabbitmq()).map(|queue| {
            let (waits, taken) = (queue.depth(), queue.unacknowledged());
            let at_least = if waits.is_none() || taken.is_none() { "at least " } else { "" };
            format!(
                "{at_least}{} waiting and {} taken by workers",
                words::grouped(queue.at_least()),
                words::grouped(taken.unwrap_or(0))
            )
        });
        let keys = measured.and_then(|measured| measured.redis());
        let keys = keys.map(|redis| {
            format!("{} in Redis, {}", words::count(redis.keys, "key"), words::bytes(redis.memory_used))
        });
        format!(
            "At stake: tasks, {}; sessions and results, {}.",
            counted(tasks, self.tasks, Topic::RabbitMq),
            counted(keys, self.sessions == Sessions::Fresh, Topic::Redis)
        )
    }
}
