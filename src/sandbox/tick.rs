//! What happens in a world as time goes on.
//!
//! Everything that will happen is a row in `events`. Going from one moment to a later one takes the due events
//! in order of time; each may write more of them. So one leap and many small steps lead to the same world, and
//! a world in which nothing is due costs nothing.

use rusqlite::{Connection, OptionalExtension, Row, params};

use super::clock::timestamp;
use super::deploy;
use super::dice::Dice;
use super::group::{Candidate, Decision, Health, Sizes, decide};
use super::make::taken_out;
use super::rows::{Event, NewActivity, finish_activity, insert_activity, register, schedule};

const SECOND: i64 = 1_000;
const MINUTE: i64 = 60 * SECOND;

/// The most events of one step. What is left over is done in the next one.
const MOST_EVENTS: usize = 50_000;

/// When the next thing happens.
pub(super) fn next_event(c: &Connection) -> rusqlite::Result<Option<i64>> {
    c.prepare_cached("SELECT min(at) FROM events")?.query_row([], |row| row.get(0))
}

/// Lets everything up to `to` happen, and gives the time reached. The caller holds the transaction.
pub(super) fn advance(c: &Connection, dice: Dice, to: i64) -> rusqlite::Result<i64> {
    let mut reached = to;
    for n in 0.. {
        let due = c
            .prepare_cached(
                "SELECT id, at, kind, subject FROM events WHERE at <= ?1 ORDER BY at, id LIMIT 1",
            )?
            .query_row([to], |row| {
                Ok((row.get::<_, i64>(0)?, row.get(1)?, row.get::<_, String>(2)?, row.get::<_, String>(3)?))
            })
            .optional()?;
        let Some((id, at, kind, subject)) = due else { break };
        if n >= MOST_EVENTS {
            reached = at;
            break;
        }
        c.prepare_cached("DELETE FROM events WHERE id = ?1")?.execute([id])?;
        if let Some(event) = Event::parse(&kind) {
            Moment { c, dice, at }.happen(event, &subject)?;
        }
    }
    Ok(reached)
}

/// A count in a column.
fn number(row: &Row<'_>, column: usize) -> rusqlite::Result<usize> {
    Ok(usize::try_from(row.get::<_, u32>(column)?).unwrap_or(usize::MAX))
}

/// A member of a group as rows tell of it.
pub(super) struct MemberRow {
    pub(super) candidate: Candidate,
    /// In service at the load balancer.
    pub(super) in_service: bool,
}

/// The time at which something happens.
#[derive(Clone, Copy)]
pub(super) struct Moment<'a> {
    pub(super) c: &'a Connection,
    pub(super) dice: Dice,
    pub(super) at: i64,
}

impl Moment<'_> {
    fn happen(&self, event: Event, subject: &str) -> rusqlite::Result<()> {
        match event {
            Event::Running => self.running(subject),
            Event::Ready => self.ready(subject),
            Event::Checked => self.checked(subject),
            Event::Drained => self.drained(subject),
            Event::Stopped => self.stopped(subject),
            Event::Gone => self.gone(subject),
            Event::Forgotten => self.forgotten(subject),
            Event::Left => self.left(subject),
            Event::Available => self.available(subject),
            Event::Effect => super::hosts::effect::happen(self, subject),
            Event::Built => self.built(subject),
            Event::Reconcile => self.reconcile(subject),
            Event::Mishap => self.mishap(subject),
            Event::Deploy => deploy::step(self, subject),
            Event::Release => deploy::release(self, subject),
        }
    }

    /// Runs a statement on one subject, and gives how many rows it changed.
    pub(super) fn change(&self, sql: &str, subject: &str) -> rusqlite::Result<usize> {
        self.c.prepare_cached(sql)?.execute([subject])
    }

    pub(super) fn after(&self, delay: i64, event: Event, subject: &str) -> rusqlite::Result<()> {
        schedule(self.c, self.at + delay.max(1), event, subject)
    }

    /// A delay of this thing's own, in seconds.
    pub(super) fn seconds(&self, what: &str, subject: &str, low: i64, high: i64) -> i64 {
        self.dice.between(&format!("{what} {subject}"), 0, low, high) * SECOND
    }

    pub(super) fn group_of(&self, instance: &str) -> rusqlite::Result<Option<String>> {
        self.c
            .prepare_cached("SELECT group_name FROM members WHERE instance = ?1")?
            .query_row([instance], |row| row.get(0))
            .optional()
    }

    pub(super) fn is_suspended(&self, group: &str, process: &str) -> rusqlite::Result<bool> {
        self.c
            .prepare_cached("SELECT 1 FROM suspensions WHERE group_name = ?1 AND process = ?2")?
            .exists([group, process])
    }

    fn running(&self, instance: &str) -> rusqlite::Result<()> {
        let started = "UPDATE instances SET power = 'running' WHERE id = ?1 AND power = 'pending'";
        if self.change(started, instance)? == 0 {
            return Ok(());
        }
        if let Some(group) = self.group_of(instance)? {
            let joins =
                "UPDATE members SET lifecycle = 'InService' WHERE instance = ?1 AND lifecycle = 'Pending'";
            if self.change(joins, instance)? == 0 {
                // It is on its way out before it was in.
                return Ok(());
            }
            finish_activity(self.c, instance, self.at)?;
            if !self.is_suspended(&group, "AddToLoadBalancer")? {
                for balancer in self.balancers(&group)? {
                    register(self.c, &balancer, instance, self.at, "waiting")?;
                }
            }
        }
        self.after(self.seconds("boot", instance, 80, 100), Event::Ready, instance)
    }

    fn balancers(&self, group: &str) -> rusqlite::Result<Vec<String>> {
        self.c
            .prepare_cached("SELECT balancer FROM group_balancers WHERE group_name = ?1 ORDER BY balancer")?
            .query_map([group], |row| row.get(0))?
            .collect()
    }

    fn ready(&self, instance: &str) -> rusqlite::Result<()> {
        self.change("UPDATE instances SET ready = 1 WHERE id = ?1 AND power = 'running'", instance)?;
        self.after(20 * SECOND, Event::Checked, instance)
    }

    /// Takes a member out: it drains, shuts down and is gone.
    pub(super) fn terminate(&self, group: &str, instance: &str, cause: String) -> rusqlite::Result<()> {
        let leaving =
            "UPDATE members SET lifecycle = 'Terminating' WHERE instance = ?1 AND lifecycle <> 'Terminating'";
        if self.change(leaving, instance)? == 0 {
            return Ok(());
        }
        finish_activity(self.c, instance, self.at)?;
        self.change("UPDATE registrations SET state = 'leaving' WHERE instance = ?1", instance)?;
        insert_activity(
            self.c,
            self.dice,
            &NewActivity { group, instance, launching: false, cause, started_at: self.at, ended_at: None },
        )?;
        self.after(self.seconds("drain", instance, 20, 35), Event::Drained, instance)
    }

    fn drained(&self, instance: &str) -> rusqlite::Result<()> {
        self.change("DELETE FROM registrations WHERE instance = ?1", instance)?;
        self.shut_down(instance)
    }

    /// Lets an instance end, unless it does already.
    pub(super) fn shut_down(&self, instance: &str) -> rusqlite::Result<()> {
        let reason = format!("User initiated ({})", timestamp(self.at).strftime("%Y-%m-%d %H:%M:%S GMT"));
        let changed = self
            .c
            .prepare_cached(
                "UPDATE instances SET power = 'shutting-down', power_reason = ?2
                 WHERE id = ?1 AND power NOT IN ('shutting-down', 'terminated')",
            )?
            .execute([instance, &reason])?;
        if changed == 0 {
            return Ok(());
        }
        self.after(self.seconds("shutdown", instance, 30, 45), Event::Gone, instance)
    }

    /// A server that was taken out of a load balancer has no requests under way any more.
    fn left(&self, subject: &str) -> rusqlite::Result<()> {
        let Some((balancer, instance)) = subject.split_once(' ') else { return Ok(()) };
        self.c
            .prepare_cached(
                "DELETE FROM registrations
                 WHERE balancer = ?1 AND instance = ?2 AND state = 'leaving' AND leaves_at <= ?3",
            )?
            .execute(params![balancer, instance, self.at])?;
        Ok(())
    }

    fn available(&self, image: &str) -> rusqlite::Result<()> {
        self.change("UPDATE images SET state = 'available' WHERE id = ?1 AND state = 'pending'", image)
            .map(|_| ())
    }

    fn stopped(&self, instance: &str) -> rusqlite::Result<()> {
        let stopped = "UPDATE instances SET power = 'stopped' WHERE id = ?1 AND power = 'stopping'";
        self.change(stopped, instance)?;
        match self.group_of(instance)? {
            Some(group) => self.after(2 * SECOND, Event::Reconcile, &group),
            None => Ok(()),
        }
    }

    fn gone(&self, instance: &str) -> rusqlite::Result<()> {
        self.change("UPDATE instances SET power = 'terminated' WHERE id = ?1", instance)?;
        self.c
            .prepare_cached("UPDATE troubles SET until = ?2 WHERE subject = ?1 AND until IS NULL")?
            .execute(params![instance, self.at])?;
        if let Some(group) = self.group_of(instance)? {
            self.change("DELETE FROM members WHERE instance = ?1", instance)?;
            finish_activity(self.c, instance, self.at)?;
            self.after(2 * SECOND, Event::Reconcile, &group)?;
        }
        self.after(60 * MINUTE, Event::Forgotten, instance)
    }

    /// With everything that was on it.
    fn forgotten(&self, instance: &str) -> rusqlite::Result<()> {
        self.change("DELETE FROM instances WHERE id = ?1", instance)?;
        for table in ["units", "files", "jobs", "job_lines", "marks", "tags"] {
            self.change(&format!("DELETE FROM {table} WHERE instance = ?1"), instance)?;
        }
        Ok(())
    }

    fn built(&self, instance: &str) -> rusqlite::Result<()> {
        self.change("UPDATE instances SET role = replace(role, '-PENDING', '') WHERE id = ?1", instance)
            .map(|_| ())
    }

    fn sizes(&self, group: &str) -> rusqlite::Result<Option<Sizes>> {
        let suspended = self
            .c
            .prepare_cached("SELECT process FROM suspensions WHERE group_name = ?1")?
            .query_map([group], |row| row.get(0))?
            .collect::<Result<_, _>>()?;
        self.c
            .prepare_cached(
                "SELECT desired, largest, grace, health_check_type = 'ELB', policies FROM groups WHERE name = ?1",
            )?
            .query_row([group], |row| {
                Ok(Sizes {
                    desired: number(row, 0)?,
                    largest: number(row, 1)?,
                    grace: row.get::<_, i64>(2)? * SECOND,
                    elb: row.get(3)?,
                    suspended,
                    policies: row.get::<_, String>(4)?.split(',').map(ToOwned::to_owned).collect(),
                })
            })
            .optional()
    }

    /// The group's members that are not on their way out.
    pub(super) fn members(&self, group: &str) -> rusqlite::Result<Vec<MemberRow>> {
        self.c
            .prepare_cached(
                "SELECT m.instance, i.zone, m.healthy, m.protected,
                 i.launch IS g.launch, i.launched_at, count(r.state), coalesce(sum(r.state = 'in'), 0),
                 coalesce(sum(r.state IN ('failing', 'stopped')), 0), coalesce(l.created_at, 0)
                 FROM members m JOIN groups g ON g.name = m.group_name JOIN instances i ON i.id = m.instance
                 LEFT JOIN launches l ON l.key = i.launch
                 LEFT JOIN registrations r ON r.instance = m.instance
                 WHERE m.group_name = ?1 AND m.lifecycle <> 'Terminating' GROUP BY m.instance ORDER BY m.instance",
            )?
            .query_map([group], |row| {
                let (all, inside): (u32, u32) = (row.get(6)?, row.get(7)?);
                Ok(MemberRow {
                    candidate: Candidate {
                        instance: row.get(0)?,
                        zone: row.get(1)?,
                        health: match (row.get(2)?, row.get::<_, u32>(8)?) {
                            (false, _) => Health::Condemned,
                            (true, 0) => Health::Well,
                            (true, _) => Health::Failing,
                        },
                        protected: row.get(3)?,
                        current: row.get(4)?,
                        launched_at: row.get(5)?,
                        release_made_at: row.get(9)?,
                    },
                    in_service: all > 0 && all == inside,
                })
            })?
            .collect()
    }

    fn reconcile(&self, group: &str) -> rusqlite::Result<()> {
        let Some(sizes) = self.sizes(group)? else { return Ok(()) };
        let members: Vec<Candidate> = self.members(group)?.into_iter().map(|m| m.candidate).collect();
        let mut staying = members.len();
        let time = timestamp(self.at);
        for decision in decide(&sizes, &members, self.at) {
            match decision {
                Decision::Condemn(instance) => {
                    self.change("UPDATE members SET healthy = 0 WHERE instance = ?1", &instance)?;
                }
                Decision::Replace(instance) => {
                    staying -= 1;
                    let cause = format!(
                        "At {time:.0} an instance was taken out of service in response to an ELB system health \
                         check failure."
                    );
                    self.terminate(group, &instance, cause)?;
                }
                Decision::Shrink(instance) => {
                    let capacity = u32::try_from(staying).unwrap_or(u32::MAX);
                    staying -= 1;
                    self.terminate(group, &instance, taken_out(self.at, &instance, capacity))?;
                }
                Decision::Launch(zone) => {
                    let cause = format!(
                        "At {time:.0} an instance was started in response to a difference between desired and \
                         actual capacity, increasing the capacity from {staying} to {}.",
                        staying + 1
                    );
                    if !self.launch(group, zone, cause)? {
                        break;
                    }
                    staying += 1;
                }
            }
        }
        Ok(())
    }
}
