//! Makes a new world: what exists, since when, and what is wrong with it.

mod servers;

use rusqlite::{Connection, params};

use super::clock::timestamp;
use super::deploy::{SUSPENDED, suspension_reason};
use super::dice::Dice;
use super::places::{Place, REGION, places};
use super::rows::{Event, NewRelease, insert_release, schedule};
use super::{Scenario, certificates, ground, room, schema};

const MINUTE: i64 = 60_000;
const DAY: i64 = 24 * 60 * MINUTE;

/// The image that servers outside the groups were built from.
const BASE_IMAGE_NAME: &str = "ubuntu/images/hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-20251022";

/// What is fixed when a world is made.
#[derive(Clone, Copy, Debug)]
pub(super) struct Settings {
    pub(super) scenario: Scenario,
    pub(super) seed: u64,
    /// Simulated milliseconds per real second.
    pub(super) speed: i64,
    /// The simulated time it begins at.
    pub(super) base: i64,
    /// The real time it is made at.
    pub(super) real: i64,
}

/// Makes the tables and everything in them. The caller holds the transaction.
pub(super) fn make(c: &Connection, id: &str, settings: &Settings) -> rusqlite::Result<()> {
    schema::create(c)?;
    c.execute(
        "INSERT INTO world (one, id, scenario, seed, speed, made_at, simulated, real)
         VALUES (1, ?1, ?2, ?3, ?4, ?5, ?5, ?6)",
        params![
            id,
            settings.scenario.name(),
            settings.seed.cast_signed(),
            settings.speed,
            settings.base,
            settings.real
        ],
    )?;
    // Somewhat more than twice what runs.
    room::make(c, if settings.scenario == Scenario::Large { 32_768 } else { 512 })?;
    let maker = Maker { c, dice: Dice::new(settings.seed), base: settings.base, scenario: settings.scenario };
    // It is Ubuntu's: there before anything else.
    maker.base_image()?;
    if settings.scenario != Scenario::Empty {
        ground::make(c, maker.dice, settings.base - 500 * DAY)?;
    }
    for place in places(settings.scenario) {
        maker.environment(&place)?;
    }
    if settings.scenario == Scenario::Incident {
        maker.incident()?;
    }
    Ok(())
}

/// One launch source and its image.
struct Launch {
    key: String,
    image: String,
    at: i64,
}

struct Maker<'a> {
    c: &'a Connection,
    dice: Dice,
    base: i64,
    scenario: Scenario,
}

impl Maker<'_> {
    fn environment(&self, place: &Place) -> rusqlite::Result<()> {
        self.c.execute(
            "INSERT INTO environments (name, number, load) VALUES (?1, ?2, ?3)",
            params![place.name, place.number, place.load],
        )?;
        if self.scenario == Scenario::Empty {
            return Ok(());
        }
        let deploying = self.scenario == Scenario::Deploying && place.production;
        let releases = self.releases(place, deploying)?;
        let (Some(previous), Some(current)) = (releases.get(1), releases.first()) else {
            return Ok(());
        };
        self.balancer(place)?;
        self.group(place, current, deploying)?;
        if deploying {
            self.half_deployed(place, previous, current)?;
        } else {
            self.members(place, previous, current)?;
        }
        for fixed in &place.fixed {
            self.fixed(place, *fixed)?;
        }
        if self.scenario == Scenario::Deploying && place.number == 1 {
            let (id, at) = self.fixed_instance(place, "db-replica-PENDING", 0, "t3.large", 6 * MINUTE)?;
            schedule(self.c, at + 14 * MINUTE, Event::Built, &id)?;
        }
        Ok(())
    }

    /// The last releases, newest first.
    fn releases(&self, place: &Place, deploying: bool) -> rusqlite::Result<Vec<Launch>> {
        // Changesets are counted over the whole deployment: testing is ahead of staging, and production behind.
        let newest = match (deploying, place.number % 3) {
            (true, _) | (_, 1) => 39,
            (false, 0) => 37,
            (false, _) => 40,
        };
        let mut age = if deploying { 22 } else { place.release_age };
        let mut releases = Vec::new();
        for back in 0..4_u64 {
            let changeset = newest - if deploying && back > 0 { back + 1 } else { back };
            let at = self.base - age * MINUTE;
            let at = at - at.rem_euclid(1_000) + self.dice.between(&place.name, back, 0, 59) * 1_000;
            let (key, image) = insert_release(
                self.c,
                self.dice,
                &NewRelease {
                    environment: &place.name,
                    changeset,
                    version: place.template.then_some(changeset),
                    instance_type: place.web_type,
                    at,
                },
            )?;
            releases.push(Launch { key, image, at });
            age += if deploying && back == 0 { place.release_age } else { 60 * 24 * 7 };
        }
        Ok(releases)
    }

    fn balancer(&self, place: &Place) -> rusqlite::Result<()> {
        let name = place.balancer();
        let digits = self.dice.between(&name, 0, 1_000_000_000, 1_999_999_999);
        self.c.execute(
            "INSERT INTO balancers (name, environment, dns_name, scheme, target, interval, timeout,
             healthy_threshold, unhealthy_threshold, created_at)
             VALUES (?1, ?2, ?3, 'internet-facing', 'HTTPS:443/healthcheck.html', 10, 5, 2, 2, ?4)",
            params![
                name,
                place.name,
                format!("{name}-{digits}.{REGION}.elb.amazonaws.com"),
                self.base - 500 * DAY
            ],
        )?;
        let certificate = certificates::arn(self.dice, place, 1);
        for (port, protocol, certificate) in [(80, "HTTP", None), (443, "HTTPS", Some(certificate))] {
            self.c.execute(
                "INSERT INTO listeners (balancer, port, protocol, instance_port, instance_protocol, certificate)
                 VALUES (?1, ?2, ?3, ?2, ?3, ?4)",
                params![name, port, protocol, certificate],
            )?;
        }
        ground::of_balancer(self.c, self.dice, place)
    }

    fn group(&self, place: &Place, current: &Launch, deploying: bool) -> rusqlite::Result<()> {
        let name = place.group();
        let (smallest, desired, largest) = place.web;
        self.c.execute(
            "INSERT INTO groups (name, environment, smallest, desired, largest, launch, health_check_type, grace,
             policies, created_at, launched, terminated, mishaps, releases, deploying)
             VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'ELB', 300, 'OldestLaunchConfiguration,Default', ?7, 0, 0, 0, ?8, ?9)",
            params![
                name,
                place.name,
                smallest,
                desired + u32::from(deploying),
                largest,
                current.key,
                self.base - 480 * DAY,
                40,
                deploying.then_some(desired),
            ],
        )?;
        self.c.execute(
            "INSERT INTO group_balancers (group_name, balancer) VALUES (?1, ?2)",
            [&name, &place.balancer()],
        )?;
        if deploying {
            for process in SUSPENDED {
                self.suspend(&name, process, self.base - 19 * MINUTE)?;
            }
            schedule(self.c, self.base + 5_000, Event::Deploy, &name)?;
        }
        let mishap = self.base + self.dice.between(&format!("mishap {name}"), 0, 180, 720) * MINUTE;
        schedule(self.c, mishap, Event::Mishap, &name)
    }

    fn suspend(&self, group: &str, process: &str, at: i64) -> rusqlite::Result<()> {
        self.c.execute(
            "INSERT INTO suspensions (group_name, process, reason) VALUES (?1, ?2, ?3)",
            params![group, process, suspension_reason(at)],
        )?;
        Ok(())
    }
}

/// The cause of a termination that somebody asked for, in AWS's words.
pub(super) fn taken_out(at: i64, instance: &str, capacity: u32) -> String {
    format!(
        "At {:.0} instance {instance} was taken out of service in response to a user request, shrinking the \
         capacity from {capacity} to {}.",
        timestamp(at),
        capacity.saturating_sub(1)
    )
}
