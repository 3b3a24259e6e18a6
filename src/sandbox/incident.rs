//! What can be broken in a world on purpose, for drills and tests.

use rusqlite::{OptionalExtension, params};

use super::read::View;
use super::{SandboxCloud, marks, needs};
use crate::cloud::Answer;
use crate::fleet::EnvironmentName;

/// Something that breaks in an environment. Servers are named by their role and their place among those of the role, in
/// the order of their ids.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Break {
    /// A trouble of a server, by its name in the world, and how strong it is.
    Trouble {
        /// The role.
        role: &'static str,
        /// Which of its servers.
        nth: usize,
        /// Which trouble.
        kind: &'static str,
        /// How strong.
        amount: f64,
        /// How many minutes ago it began: some grow slowly.
        minutes: i64,
    },
    /// The load balancer's answers get errors, in percent.
    Errors(f64),
    /// A unit of systemd stops.
    Unit {
        /// The role.
        role: &'static str,
        /// Which of its servers.
        nth: usize,
        /// Its name.
        unit: &'static str,
    },
    /// A program under Supervisor stops, by the end of its name.
    Program {
        /// The role.
        role: &'static str,
        /// Which of its servers.
        nth: usize,
        /// What comes after the environment in its name.
        program: &'static str,
    },
    /// EC2 stops the instance.
    Stop {
        /// The role.
        role: &'static str,
        /// Which of its servers.
        nth: usize,
    },
    /// Processes of the group are suspended, as an aborted run leaves them.
    Suspend(&'static [&'static str]),
    /// A maintenance page is left on every web server.
    Page(&'static str),
    /// The release that the group launches and its servers run answers every request with an error.
    BadRelease,
    /// The image that the group launches is deregistered.
    NoImage,
}

impl SandboxCloud {
    /// Breaks things in an environment, now.
    ///
    /// # Errors
    /// When the world cannot be written, or has no such server.
    pub fn break_things(&self, environment: &EnvironmentName, things: &[Break]) -> Answer<()> {
        if things.contains(&Break::BadRelease)
            && let Some(image) = self.change(|view| launched_image(&view, environment.as_str()))?
        {
            self.spoil_image(&image.as_str().into())?;
        }
        self.change(|view| {
            for thing in things {
                apply(&view, environment.as_str(), *thing)?;
            }
            needs::recheck(view.c, environment.as_str(), view.now)
        })
    }
}

fn launched_image(view: &View<'_>, environment: &str) -> rusqlite::Result<Option<String>> {
    view.c
        .prepare_cached(
            "SELECT l.image FROM groups g JOIN launches l ON l.key = g.launch WHERE g.environment = ?1",
        )?
        .query_row([environment], |row| row.get(0))
        .optional()
}

fn server(view: &View<'_>, environment: &str, role: &str, nth: usize) -> rusqlite::Result<String> {
    view.c
        .prepare_cached(
            "SELECT id FROM instances WHERE environment = ?1 AND role = ?2 AND power = 'running' ORDER BY id
             LIMIT 1 OFFSET ?3",
        )?
        .query_row(params![environment, role, i64::try_from(nth).unwrap_or(i64::MAX)], |row| row.get(0))
}

fn trouble(view: &View<'_>, subject: &str, kind: &str, amount: f64, minutes: i64) -> rusqlite::Result<()> {
    view.c
        .prepare_cached(
            "INSERT OR IGNORE INTO troubles (subject, kind, since, until, amount) VALUES (?1, ?2, ?3, NULL, ?4)",
        )?
        .execute(params![subject, kind, view.now - minutes * 60_000, amount])?;
    Ok(())
}

fn stop_unit(view: &View<'_>, instance: &str, unit: &str) -> rusqlite::Result<()> {
    view.c
        .prepare_cached("INSERT OR REPLACE INTO units (instance, unit, up, since) VALUES (?1, ?2, 0, ?3)")?
        .execute(params![instance, unit, view.now])?;
    Ok(())
}

fn apply(view: &View<'_>, environment: &str, thing: Break) -> rusqlite::Result<()> {
    match thing {
        Break::Trouble { role, nth, kind, amount, minutes } => {
            trouble(view, &server(view, environment, role, nth)?, kind, amount, minutes)
        }
        Break::Errors(percent) => {
            let balancers: Vec<String> = view
                .c
                .prepare_cached(
                    "SELECT DISTINCT r.balancer FROM registrations r JOIN instances i ON i.id = r.instance
                     WHERE i.environment = ?1",
                )?
                .query_map([environment], |row| row.get(0))?
                .collect::<Result<_, _>>()?;
            balancers.iter().try_for_each(|balancer| trouble(view, balancer, "errors", percent, 0))
        }
        Break::Unit { role, nth, unit } => stop_unit(view, &server(view, environment, role, nth)?, unit),
        Break::Program { role, nth, program } => {
            let instance = server(view, environment, role, nth)?;
            stop_unit(view, &instance, &format!("program {environment}-{program}"))
        }
        Break::Stop { role, nth } => {
            let instance = server(view, environment, role, nth)?;
            let reason = "Server.ScheduledStop: Stopped due to scheduled retirement";
            view.c
                .prepare_cached("UPDATE instances SET power = 'stopped', power_reason = ?2 WHERE id = ?1")?
                .execute([&instance, reason])?;
            Ok(())
        }
        Break::Suspend(processes) => {
            let group: String = view
                .c
                .prepare_cached("SELECT name FROM groups WHERE environment = ?1")?
                .query_row([environment], |row| row.get(0))?;
            for process in processes {
                view.c
                    .prepare_cached(
                        "INSERT OR REPLACE INTO suspensions (group_name, process, reason) VALUES (?1, ?2, ?3)",
                    )?
                    .execute(params![group, process, super::deploy::suspension_reason(view.now)])?;
            }
            Ok(())
        }
        Break::Page(page) => {
            let web: Vec<String> = view
                .c
                .prepare_cached(
                    "SELECT id FROM instances WHERE environment = ?1 AND role = 'web' AND power = 'running'",
                )?
                .query_map([environment], |row| row.get(0))?
                .collect::<Result<_, _>>()?;
            web.iter().try_for_each(|id| marks::set(view.c, id, marks::PAGE, page, view.now))
        }
        Break::BadRelease => Ok(()),
        Break::NoImage => match launched_image(view, environment)? {
            Some(image) => {
                view.c.prepare_cached("DELETE FROM images WHERE id = ?1")?.execute([image])?;
                Ok(())
            }
            None => Ok(()),
        },
    }
}
