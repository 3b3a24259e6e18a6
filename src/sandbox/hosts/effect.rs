//! What scripts leave behind on servers, at the moment they have done it.

use rusqlite::params;

use crate::sandbox::marks;
use crate::sandbox::rows::Event;
use crate::sandbox::tick::Moment;

/// Two checks of the load balancer, in milliseconds.
const CHECKED: i64 = 20_000;

/// What a script leaves behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::sandbox) enum Effect {
    /// The maintenance page: `off`, `healthy` or `unhealthy`.
    Page(String),
    /// The code checked out.
    Changeset(String),
    /// The same, and under a note what was checked out before, once.
    Noted {
        /// The changeset.
        changeset: String,
        /// The note.
        note: String,
        /// What was checked out before.
        old: String,
    },
    /// What the database is: `own`, or `other` where something was put into its place.
    Database(String),
    /// Programs under Supervisor that run, or do not, by their names.
    Programs(bool, Vec<String>),
    /// A replica runs on a copy of its primary, and streams.
    Streams,
    /// The files of services are as the project has them.
    Configured,
}

/// What is over once a replica has a new copy of its primary.
const COPIED: [&str; 3] = ["receiver-lost", "replica-lagging", "replica-paused"];

impl Effect {
    /// As words of an event.
    pub(super) fn words(&self) -> String {
        match self {
            Self::Page(page) => format!("page {page}"),
            Self::Changeset(changeset) => format!("code {changeset}"),
            Self::Noted { changeset, note, old } => format!("noted {changeset} {note} {old}"),
            Self::Database(which) => format!("database {which}"),
            Self::Programs(true, names) => format!("up {}", names.join(" ")),
            Self::Programs(false, names) => format!("down {}", names.join(" ")),
            Self::Streams => "replica streams".to_owned(),
            Self::Configured => "services configured".to_owned(),
        }
    }

    fn parse(words: &str) -> Option<Self> {
        let (verb, rest) = words.split_once(' ')?;
        let names = || rest.split(' ').map(ToOwned::to_owned).collect();
        match verb {
            "page" => Some(Self::Page(rest.to_owned())),
            "code" => Some(Self::Changeset(rest.to_owned())),
            "noted" => {
                let mut parts = rest.splitn(3, ' ').map(ToOwned::to_owned);
                Some(Self::Noted { changeset: parts.next()?, note: parts.next()?, old: parts.next()? })
            }
            "database" => Some(Self::Database(rest.to_owned())),
            "up" => Some(Self::Programs(true, names())),
            "down" => Some(Self::Programs(false, names())),
            "replica" => Some(Self::Streams),
            "services" => Some(Self::Configured),
            _ => None,
        }
    }

    /// Makes it so.
    pub(super) fn apply(&self, now: &Moment<'_>, instance: &str) -> rusqlite::Result<()> {
        match self {
            Self::Page(page) => {
                marks::set(now.c, instance, marks::PAGE, page, now.at)?;
                now.after(CHECKED, Event::Checked, instance)
            }
            Self::Changeset(changeset) => {
                marks::set(now.c, instance, marks::CHANGESET, changeset, now.at)?;
                now.after(CHECKED, Event::Checked, instance)
            }
            Self::Database(which) => marks::set(now.c, instance, marks::DATABASE, which, now.at),
            Self::Noted { changeset, note, old } => {
                let note = marks::before(note);
                if marks::get(now.c, instance, &note)?.is_none() {
                    marks::set(now.c, instance, &note, old, now.at)?;
                }
                Self::Changeset(changeset.clone()).apply(now, instance)
            }
            Self::Configured => {
                for kind in ["check-401", "check-404"] {
                    now.c
                        .prepare_cached(
                            "UPDATE troubles SET until = ?3 WHERE subject = ?1 AND kind = ?2 AND until IS NULL",
                        )?
                        .execute(params![instance, kind, now.at])?;
                }
                now.after(CHECKED, Event::Checked, instance)
            }
            Self::Streams => {
                now.c
                    .prepare_cached("UPDATE units SET up = 1, since = ?2 WHERE instance = ?1 AND unit LIKE 'postgresql%' AND up = 0")?
                    .execute(params![instance, now.at])?;
                for kind in COPIED {
                    now.c
                        .prepare_cached(
                            "UPDATE troubles SET until = ?3 WHERE subject = ?1 AND kind = ?2 AND until IS NULL",
                        )?
                        .execute(params![instance, kind, now.at])?;
                }
                Ok(())
            }
            Self::Programs(up, names) => {
                for name in names {
                    now.c
                        .prepare_cached(
                            "INSERT OR REPLACE INTO units (instance, unit, up, since) VALUES (?1, ?2, ?3, ?4)",
                        )?
                        .execute(params![instance, format!("program {name}"), up, now.at])?;
                }
                Ok(())
            }
        }
    }
}

/// How an event names it: the instance, the durable job, and what it leaves.
pub(super) fn subject(instance: &str, job: &str, effect: &Effect) -> String {
    format!("{instance} {job} {}", effect.words())
}

/// A durable job's script has done its work, unless the server is gone.
pub(in crate::sandbox) fn happen(now: &Moment<'_>, subject: &str) -> rusqlite::Result<()> {
    let mut parts = subject.splitn(3, ' ');
    let (Some(instance), Some(_), Some(words)) = (parts.next(), parts.next(), parts.next()) else {
        return Ok(());
    };
    let running = now
        .c
        .prepare_cached("SELECT 1 FROM instances WHERE id = ?1 AND power = 'running'")?
        .exists([instance])?;
    match Effect::parse(words) {
        Some(effect) if running => effect.apply(now, instance),
        _ => Ok(()),
    }
}
