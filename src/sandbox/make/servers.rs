//! The servers a new world begins with: members of the groups, the others, and what is wrong with them.

use rusqlite::params;

use super::{BASE_IMAGE_NAME, DAY, Launch, MINUTE, Maker, taken_out};
use crate::sandbox::clock::timestamp;
use crate::sandbox::places::{Fixed, Place, ZONES, places};
use crate::sandbox::rows::{
    Event, NewActivity, NewInstance, insert_activity, insert_instance, insert_member, member_address,
    register, schedule,
};

impl Maker<'_> {
    /// One member, launched in the past. Counts the group's launches.
    fn member(&self, place: &Place, count: u32, launch: &Launch, at: i64) -> rusqlite::Result<String> {
        let (group, balancer) = (place.group(), place.balancer());
        let zone = ZONES[usize::from(!count.is_multiple_of(2))];
        let id = self.dice.id("i", &group, u64::from(count));
        let young = self.base - at < 30_000;
        insert_instance(
            self.c,
            &NewInstance {
                id: &id,
                environment: &place.name,
                role: "web",
                power: if young { "pending" } else { "running" },
                power_reason: None,
                zone,
                instance_type: place.web_type,
                image: &launch.image,
                launched_at: at,
                address: member_address(place.number, count),
                group: Some(&group),
                launch: Some(&launch.key),
            },
        )?;
        insert_member(self.c, &group, &id, if young { "Pending" } else { "InService" })?;
        if !young {
            register(self.c, &balancer, &id, at + 40_000, "in")?;
        }
        self.c
            .prepare_cached("UPDATE groups SET launched = max(launched, ?2) WHERE name = ?1")?
            .execute(params![group, count + 1])?;
        Ok(id)
    }

    fn launched(&self, group: &str, instance: &str, at: i64, cause: String) -> rusqlite::Result<()> {
        let ended_at = (self.base - at >= 30_000).then_some(at + 36_000);
        insert_activity(
            self.c,
            self.dice,
            &NewActivity { group, instance, launching: true, cause, started_at: at, ended_at },
        )
    }

    fn terminated(&self, group: &str, instance: &str, at: i64, cause: String) -> rusqlite::Result<()> {
        insert_activity(
            self.c,
            self.dice,
            &NewActivity {
                group,
                instance,
                launching: false,
                cause,
                started_at: at,
                ended_at: Some(at + 75_000),
            },
        )
    }

    /// All members on the current release, each launched when its predecessor went during the last deploy.
    pub(super) fn members(&self, place: &Place, previous: &Launch, current: &Launch) -> rusqlite::Result<()> {
        let group = place.group();
        let wanted = place.web.1;
        let recent = wanted.saturating_sub(6);
        for count in 0..wanted {
            let at = current.at + (6 + 4 * i64::from(count)) * MINUTE;
            // A large group's deploy may not end in the future.
            let at = at.min(self.base - (20 + i64::from(wanted - count)) * MINUTE);
            let id = self.member(place, count, current, at)?;
            if count < recent {
                continue;
            }
            self.launched(
                &group,
                &id,
                at,
                format!(
                    "At {:.0} a user request update of AutoScalingGroup constraints changed the desired \
                     capacity from {wanted} to {}. At {:.0} an instance was started in response to a \
                     difference between desired and actual capacity, increasing the capacity from {wanted} \
                     to {}.",
                    timestamp(at - 8_000),
                    wanted + 1,
                    timestamp(at),
                    wanted + 1
                ),
            )?;
            let old = self.dice.id("i", &format!("{group} {}", previous.key), u64::from(count));
            self.terminated(&group, &old, at + 3 * MINUTE, taken_out(at + 3 * MINUTE, &old, wanted + 1))?;
        }
        Ok(())
    }

    /// Two members replaced, two to go, one booting.
    pub(super) fn half_deployed(
        &self,
        place: &Place,
        previous: &Launch,
        current: &Launch,
    ) -> rusqlite::Result<()> {
        let group = place.group();
        let wanted = place.web.1;
        for count in 0..wanted {
            let at = previous.at + (6 + 4 * i64::from(count)) * MINUTE;
            if count >= 2 {
                self.member(place, count, previous, at)?;
                continue;
            }
            let gone_at = self.base - (10 - 6 * i64::from(count)) * MINUTE;
            let id = self.dice.id("i", &group, u64::from(count));
            let reason = format!("User initiated ({})", timestamp(gone_at).strftime("%Y-%m-%d %H:%M:%S GMT"));
            insert_instance(
                self.c,
                &NewInstance {
                    id: &id,
                    environment: &place.name,
                    role: "web",
                    power: "terminated",
                    power_reason: Some(&reason),
                    zone: ZONES[usize::from(!count.is_multiple_of(2))],
                    instance_type: place.web_type,
                    image: &previous.image,
                    launched_at: at,
                    address: member_address(place.number, count),
                    group: Some(&group),
                    launch: Some(&previous.key),
                },
            )?;
            schedule(self.c, gone_at + 60 * MINUTE, Event::Forgotten, &id)?;
            self.terminated(&group, &id, gone_at - MINUTE, taken_out(gone_at - MINUTE, &id, wanted + 1))?;
        }
        for (count, ago) in (wanted..).zip([13 * MINUTE, 7 * MINUTE, 18_000]) {
            let at = self.base - ago;
            let id = self.member(place, count, current, at)?;
            let cause = format!(
                "At {:.0} an instance was started in response to a difference between desired and actual \
                 capacity, increasing the capacity from {wanted} to {}.",
                timestamp(at),
                wanted + 1
            );
            self.launched(&group, &id, at, cause)?;
            if ago < 30_000 {
                schedule(self.c, at + 31_000, Event::Running, &id)?;
            }
        }
        Ok(())
    }

    pub(super) fn fixed(
        &self,
        place: &Place,
        (role, count, instance_type, days): Fixed,
    ) -> rusqlite::Result<()> {
        for n in 0..count {
            self.fixed_instance(place, role, n, instance_type, days * DAY)?;
        }
        Ok(())
    }

    pub(super) fn fixed_instance(
        &self,
        place: &Place,
        role: &str,
        n: u32,
        instance_type: &str,
        age: i64,
    ) -> rusqlite::Result<(String, i64)> {
        let image = self.base_image()?;
        let entity = format!("{} {role}", place.name);
        let id = self.dice.id("i", &entity, u64::from(n));
        let jitter = self.dice.between(&entity, u64::from(n), 0, age / 20);
        let at = self.base - age - jitter;
        let at = at - at.rem_euclid(1_000);
        let net = match role {
            "worker" => 2,
            "db-primary" | "db-replica" => 3,
            "cache" => 4,
            _ => 5,
        };
        let host = 10 + 40 * u32::from(role == "db-replica") + n;
        let old = role.ends_with("-OLD");
        let reason = old.then(|| {
            format!("User initiated ({})", timestamp(self.base - 12 * DAY).strftime("%Y-%m-%d %H:%M:%S GMT"))
        });
        insert_instance(
            self.c,
            &NewInstance {
                id: &id,
                environment: &place.name,
                role,
                power: if old { "stopped" } else { "running" },
                power_reason: reason.as_deref(),
                zone: ZONES[usize::from(!(n + u32::from(role == "db-replica")).is_multiple_of(2))],
                instance_type,
                image: &image,
                launched_at: at,
                address: 0x0a00_0000 | (place.number << 16) | (net << 8) | host,
                group: None,
                launch: None,
            },
        )?;
        Ok((id, at))
    }

    pub(super) fn base_image(&self) -> rusqlite::Result<String> {
        let id = self.dice.id("ami", "base image", 0);
        self.c
            .prepare_cached(
                "INSERT OR IGNORE INTO images (id, name, state, created_at) VALUES (?1, ?2, 'available', ?3)",
            )?
            .execute(params![id, BASE_IMAGE_NAME, self.base - 85 * DAY])?;
        Ok(id)
    }

    /// What is wrong in production: one web server, one replica, the queue.
    pub(super) fn incident(&self) -> rusqlite::Result<()> {
        for place in places(self.scenario).iter().filter(|p| p.production) {
            let web = self.dice.id("i", &place.group(), 2);
            self.c.execute("UPDATE registrations SET state = 'failing' WHERE instance = ?1", [&web])?;
            self.suspend(&place.group(), "HealthCheck", self.base - 11 * MINUTE)?;
            let worker = self.dice.id("i", &format!("{} worker", place.name), 0);
            let cache = self.dice.id("i", &format!("{} cache", place.name), 0);
            let replica = self.dice.id("i", &format!("{} db-replica", place.name), 1);
            for (subject, kind, minutes, amount) in [
                (&web, "unhealthy", 14, 1.0),
                (&web, "disk-full", 60, 0.71),
                (&place.balancer(), "errors", 14, 4.1),
                (&worker, "busy", 31, 1.0),
                (&cache, "queue-growing", 31, 90.0),
                (&cache, "redis-full", 120, 0.91),
                (&replica, "replica-lagging", 50, 0.016),
            ] {
                self.c.execute(
                    "INSERT INTO troubles (subject, kind, since, until, amount) VALUES (?1, ?2, ?3, NULL, ?4)",
                    params![subject, kind, self.base - minutes * MINUTE, amount],
                )?;
            }
        }
        Ok(())
    }
}
