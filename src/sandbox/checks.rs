//! What load balancers find out about servers, and what breaks by itself.

use rusqlite::{OptionalExtension, params};

use super::rows::{Event, schedule};
use super::tick::Moment;
use super::{locks, marks, needs, spoil};

const SECOND: i64 = 1_000;
const MINUTE: i64 = 60 * SECOND;

impl Moment<'_> {
    /// Enough checks have passed, or failed.
    pub(super) fn checked(&self, instance: &str) -> rusqlite::Result<()> {
        let found = self
            .c
            .prepare_cached(
                "SELECT launched_at FROM instances WHERE id = ?1 AND power = 'running' AND ready = 1",
            )?
            .query_row([instance], |row| row.get::<_, i64>(0))
            .optional()?;
        let Some(launched_at) = found else { return Ok(()) };
        let well = self.is_well(instance)?;
        self.c
            .prepare_cached("UPDATE registrations SET state = ?2 WHERE instance = ?1 AND state <> 'leaving'")?
            .execute([instance, if well { "in" } else { "failing" }])?;
        if let (false, Some(group)) = (well, self.group_of(instance)?) {
            let grace = self
                .c
                .prepare_cached("SELECT grace FROM groups WHERE name = ?1")?
                .query_row([&group], |row| row.get::<_, i64>(0))?;
            let judged = (launched_at + grace * SECOND).max(self.at + 30 * SECOND);
            schedule(self.c, judged, Event::Reconcile, &group)?;
        }
        Ok(())
    }

    /// Whether the health check gets a healthy answer. With the maintenance page, a file answers it, or nothing does,
    /// and the application is not asked.
    fn is_well(&self, instance: &str) -> rusqlite::Result<bool> {
        match marks::get(self.c, instance, marks::PAGE)?.as_deref() {
            Some("healthy") => return Ok(true),
            Some("unhealthy") => return Ok(false),
            _ => {}
        }
        let troubled = self
            .c
            .prepare_cached(
                "SELECT 1 FROM troubles WHERE subject = ?1 AND kind IN ('unhealthy', 'check-401', 'check-404')
                 AND until IS NULL",
            )?
            .exists([instance])?;
        if troubled || needs::is_cut(self.c, instance)? || spoil::since(self.c, instance)?.is_some() {
            return Ok(false);
        }
        let environment: Option<String> = self
            .c
            .prepare_cached("SELECT environment FROM instances WHERE id = ?1")?
            .query_row([instance], |row| row.get(0))
            .optional()?;
        let missing =
            environment.map(|environment| needs::of_site(self.c, &environment)).transpose()?.flatten();
        Ok(missing.is_none())
    }

    /// Something breaks on one member that is in service; the load balancer notices, then the group. Not while
    /// somebody works on the environment under its lock.
    pub(super) fn mishap(&self, group: &str) -> rusqlite::Result<()> {
        let found = self
            .c
            .prepare_cached("SELECT mishaps + 1, deploying, environment FROM groups WHERE name = ?1")?
            .query_row([group], |row| {
                Ok((row.get::<_, u32>(0)?, row.get::<_, Option<i64>>(1)?, row.get::<_, String>(2)?))
            })
            .optional()?;
        let Some((count, deploying, environment)) = found else { return Ok(()) };
        if locks::is_held(self.c, &environment)? {
            return self.after(10 * MINUTE, Event::Mishap, group);
        }
        self.change("UPDATE groups SET mishaps = mishaps + 1 WHERE name = ?1", group)?;
        let entity = format!("mishap {group}");
        let pause = self.dice.between(&entity, u64::from(count), 240, 840) * MINUTE;
        self.after(pause, Event::Mishap, group)?;
        if deploying.is_some() || self.is_suspended(group, "HealthCheck")? {
            return Ok(());
        }
        let members = self.members(group)?;
        let well: Vec<&str> =
            members.iter().filter(|m| m.in_service).map(|m| m.candidate.instance.as_str()).collect();
        let chosen = usize::try_from(self.dice.draw(&format!("{entity} of"), u64::from(count))).unwrap_or(0);
        if let Some(instance) = well.get(chosen.checked_rem(well.len()).unwrap_or(0)) {
            self.c
                .prepare_cached(
                    "INSERT OR IGNORE INTO troubles (subject, kind, since, until, amount)
                     VALUES (?1, 'unhealthy', ?2, NULL, 1.0)",
                )?
                .execute(params![instance, self.at])?;
            self.after(20 * SECOND, Event::Checked, instance)?;
        }
        Ok(())
    }
}
