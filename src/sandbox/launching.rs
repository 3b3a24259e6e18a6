//! How a group launches a member, and what happens when it cannot.

use rusqlite::params;

use super::places::ZONES;
use super::room;
use super::rows::{
    Event, NewActivity, NewInstance, insert_activity, insert_instance, insert_member, member_address,
};
use super::tick::Moment;

/// A group that could not launch tries again after so long, in milliseconds.
const TRY_AGAIN: i64 = 60_000;

/// What a group is about to launch.
struct Launch {
    environment: String,
    number: u32,
    count: u32,
    key: String,
    image: String,
    instance_type: String,
    /// The launch configuration or template version is not there any more.
    gone: bool,
    /// The image's state; none when nobody knows it.
    state: Option<String>,
}

impl Moment<'_> {
    /// Launches a member; tells whether AWS could.
    pub(super) fn launch(&self, group: &str, zone: &str, cause: String) -> rusqlite::Result<bool> {
        let launch = self
            .c
            .prepare_cached(
                "SELECT g.environment, e.number, g.launched, l.key, l.image, l.instance_type, l.gone, m.state
                 FROM groups g JOIN environments e ON e.name = g.environment JOIN launches l ON l.key = g.launch
                 LEFT JOIN images m ON m.id = l.image WHERE g.name = ?1",
            )?
            .query_row([group], |row| {
                Ok(Launch {
                    environment: row.get(0)?,
                    number: row.get(1)?,
                    count: row.get(2)?,
                    key: row.get(3)?,
                    image: row.get(4)?,
                    instance_type: row.get(5)?,
                    gone: row.get(6)?,
                    state: row.get(7)?,
                })
            })?;
        if let Some(why) = launch.refusal() {
            self.launch_failed(group, &cause, &why)?;
            return Ok(false);
        }
        // Where one subnet is full, AWS takes another one.
        let others = ZONES.into_iter().filter(|other| *other != zone);
        let places = std::iter::once(zone).chain(others);
        let zone = match room::place(self.c, self.dice, places, &launch.instance_type)? {
            Ok(zone) => zone,
            Err(why) => {
                self.launch_failed(group, &cause, &format!("{why} Launching EC2 instance failed."))?;
                return Ok(false);
            }
        };
        let id = self.dice.id("i", group, u64::from(launch.count));
        self.change("UPDATE groups SET launched = launched + 1 WHERE name = ?1", group)?;
        insert_instance(
            self.c,
            &NewInstance {
                id: &id,
                environment: &launch.environment,
                role: "web",
                power: "pending",
                power_reason: None,
                zone,
                instance_type: &launch.instance_type,
                image: &launch.image,
                launched_at: self.at,
                address: member_address(launch.number, launch.count),
                group: Some(group),
                launch: Some(&launch.key),
            },
        )?;
        insert_member(self.c, group, &id, "Pending")?;
        insert_activity(
            self.c,
            self.dice,
            &NewActivity {
                group,
                instance: &id,
                launching: true,
                cause,
                started_at: self.at,
                ended_at: None,
            },
        )?;
        self.after(self.seconds("start", &id, 25, 35), Event::Running, &id)?;
        Ok(true)
    }

    fn launch_failed(&self, group: &str, cause: &str, why: &str) -> rusqlite::Result<()> {
        let id = self.dice.hex(&format!("failed launch {group}"), self.at.cast_unsigned(), 32);
        self.c
            .prepare_cached(
                "INSERT OR REPLACE INTO activities (id, group_name, instance, description, cause, started_at,
                 ended_at, status, message, progress)
                 VALUES (?1, ?2, '', 'Launching a new EC2 instance', ?3, ?4, ?4, 'Failed', ?5, 100)",
            )?
            .execute(params![id, group, cause, self.at, why])?;
        self.after(TRY_AGAIN, Event::Reconcile, group)
    }
}

impl Launch {
    /// Why AWS cannot launch it, in its words.
    fn refusal(&self) -> Option<String> {
        if self.gone {
            return Some(
                "The specified launch template version does not exist. Launching EC2 instance failed.".into(),
            );
        }
        match self.state.as_deref() {
            Some("available") => None,
            Some("pending") => Some(format!(
                "The image id '[{}]' is not available. Launching EC2 instance failed.",
                self.image
            )),
            _ => Some(format!(
                "The image id '[{}]' does not exist. Launching EC2 instance failed.",
                self.image
            )),
        }
    }
}
