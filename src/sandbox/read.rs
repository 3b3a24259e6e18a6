//! A world's rows as the port's answers. Nothing here writes.

use std::collections::BTreeMap;
use std::time::Duration;

use rusqlite::types::Value;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::clock::timestamp;
use super::dice::Dice;
use super::places::ZONES;
use super::server_row;
use crate::fleet::{
    Activity, Group, GroupName, HealthCheck, HealthState, Image, ImageId, InstanceId, LaunchSettings,
    LaunchSource, Listener, LoadBalancer, LoadBalancerName, Member, MemberHealth, SecurityGroupId, Server,
    SuspendedProcess, Zone,
};

/// For so long a new thing is missing from some answers.
const SETTLING: i64 = 5_000;

/// A world at one moment.
#[derive(Clone, Copy)]
pub(super) struct View<'a> {
    pub(super) c: &'a Connection,
    pub(super) dice: Dice,
    /// Simulated time.
    pub(super) now: i64,
    /// For so long, in milliseconds, a new server or image is in no answer.
    pub(super) unlisted: i64,
}

/// Seconds of a column, never negative.
fn seconds(row: &Row<'_>, column: &str) -> rusqlite::Result<Duration> {
    Ok(Duration::from_secs(u64::try_from(row.get::<_, i64>(column)?).unwrap_or(0)))
}

fn id(prefix: &str, dice: Dice, entity: &str) -> String {
    dice.id(prefix, entity, 0)
}

impl View<'_> {
    /// Whether no answer tells of something made at `born`.
    pub(super) fn is_unlisted(&self, born: i64) -> bool {
        (0..self.unlisted).contains(&(self.now - born))
    }

    /// Whether an answer of this moment still leaves out something made at `born`, as AWS does now and then.
    pub(super) fn is_settling(&self, entity: &str, born: i64) -> bool {
        let age = self.now - born;
        self.is_unlisted(born)
            || (0..SETTLING).contains(&age)
                && self.dice.draw(entity, (self.now / 1_000).cast_unsigned()).is_multiple_of(2)
    }

    pub(super) fn servers(&self) -> rusqlite::Result<Vec<Server>> {
        let subnets = ZONES.map(|zone| (zone, id("subnet", self.dice, zone)));
        let vpc = id("vpc", self.dice, "vpc");
        let mut statement = self.c.prepare_cached(
            "SELECT id, environment, role, power, power_reason, zone, instance_type, image, created_at,
             launched_at, address, group_name FROM instances ORDER BY id",
        )?;
        let mut rows = statement.query([])?;
        let mut servers = Vec::new();
        let tags = self.tags()?;
        while let Some(row) = rows.next()? {
            let id = row.get_ref(0)?.as_str()?;
            if self.is_settling(id, row.get(8)?) {
                continue;
            }
            let subnet = |zone: &str| subnets.iter().find(|(z, _)| *z == zone).map(|(_, s)| s.clone());
            let mut server = server_row::server(self.dice, row, id, &vpc, &subnet)?;
            if let Some(own) = tags.get(id) {
                server.tags.extend(own.iter().cloned());
                server.name = server.tags.get("Name").cloned();
            }
            servers.push(server);
        }
        Ok(servers)
    }

    /// What somebody tagged instances with as they launched them.
    fn tags(&self) -> rusqlite::Result<BTreeMap<String, Vec<(String, String)>>> {
        let mut all: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
        let mut statement = self.c.prepare_cached("SELECT instance, key, value FROM tags ORDER BY 1, 2")?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            all.entry(row.get(0)?).or_default().push((row.get(1)?, row.get(2)?));
        }
        Ok(all)
    }

    pub(super) fn groups(&self, names: &[GroupName]) -> rusqlite::Result<Vec<Group>> {
        names.iter().filter_map(|name| self.group(name).transpose()).collect()
    }

    fn group(&self, name: &GroupName) -> rusqlite::Result<Option<Group>> {
        let group = self
            .c
            .prepare_cached(
                "SELECT g.*, l.template, l.name AS launch_name, l.version
                 FROM groups g LEFT JOIN launches l ON l.key = g.launch WHERE g.name = ?1",
            )?
            .query_row([name.as_str()], |row| {
                Ok(Group {
                    name: name.clone(),
                    min: row.get("smallest")?,
                    desired: row.get("desired")?,
                    max: row.get("largest")?,
                    launch: launch_source(row)?
                        .map(|launch| floating(launch, row.get("floating")))
                        .transpose()?,
                    overrides: Vec::new(),
                    load_balancers: Vec::new(),
                    target_groups: Vec::new(),
                    health_check_type: row.get("health_check_type")?,
                    grace_period: seconds(row, "grace")?,
                    suspended: Vec::new(),
                    termination_policies: row
                        .get::<_, String>("policies")?
                        .split(',')
                        .map(ToOwned::to_owned)
                        .collect(),
                    members: Vec::new(),
                    zones: ZONES.map(Zone::from).to_vec(),
                    subnets: ZONES.map(|zone| id("subnet", self.dice, zone)).to_vec(),
                    created_at: Some(timestamp(row.get("created_at")?)),
                })
            })
            .optional()?;
        let Some(mut group) = group else { return Ok(None) };
        group.load_balancers = self
            .c
            .prepare_cached("SELECT balancer FROM group_balancers WHERE group_name = ?1 ORDER BY balancer")?
            .query_map([name.as_str()], |row| Ok(LoadBalancerName::new(row.get::<_, String>(0)?)))?
            .collect::<Result<_, _>>()?;
        group.suspended = self
            .c
            .prepare_cached("SELECT process, reason FROM suspensions WHERE group_name = ?1 ORDER BY process")?
            .query_map([name.as_str()], |row| {
                Ok(SuspendedProcess { process: row.get(0)?, reason: row.get(1)? })
            })?
            .collect::<Result<_, _>>()?;
        group.members = self
            .c
            .prepare_cached(
                "SELECT m.instance, m.lifecycle, m.healthy, m.protected, i.zone, l.template,
                 l.name AS launch_name, l.version
                 FROM members m JOIN instances i ON i.id = m.instance LEFT JOIN launches l ON l.key = i.launch AND l.gone = 0
                 WHERE m.group_name = ?1 ORDER BY m.instance",
            )?
            .query_map([name.as_str()], |row| {
                Ok(Member {
                    instance: InstanceId::new(row.get::<_, String>(0)?),
                    lifecycle: row.get(1)?,
                    healthy: row.get(2)?,
                    launch: launch_source(row)?,
                    zone: Zone::new(row.get::<_, String>(4)?),
                    protected: row.get(3)?,
                })
            })?
            .collect::<Result<_, _>>()?;
        Ok(Some(group))
    }

    pub(super) fn load_balancers(&self, names: &[LoadBalancerName]) -> rusqlite::Result<Vec<LoadBalancer>> {
        names.iter().filter_map(|name| self.load_balancer(name).transpose()).collect()
    }

    fn load_balancer(&self, name: &LoadBalancerName) -> rusqlite::Result<Option<LoadBalancer>> {
        let balancer = self
            .c
            .prepare_cached("SELECT * FROM balancers WHERE name = ?1")?
            .query_row([name.as_str()], |row| {
                Ok(LoadBalancer {
                    name: name.clone(),
                    dns_name: row.get("dns_name")?,
                    scheme: row.get("scheme")?,
                    listeners: Vec::new(),
                    health_check: Some(HealthCheck {
                        target: row.get("target")?,
                        interval: seconds(row, "interval")?,
                        timeout: seconds(row, "timeout")?,
                        healthy_threshold: row.get("healthy_threshold")?,
                        unhealthy_threshold: row.get("unhealthy_threshold")?,
                    }),
                    zones: ZONES.map(Zone::from).to_vec(),
                    security_groups: Vec::new(),
                    members: Vec::new(),
                    created_at: Some(timestamp(row.get("created_at")?)),
                })
            })
            .optional()?;
        let Some(mut balancer) = balancer else { return Ok(None) };
        balancer.listeners = self
            .c
            .prepare_cached(
                "SELECT protocol, port, instance_protocol, instance_port, certificate FROM listeners
                 WHERE balancer = ?1 ORDER BY port",
            )?
            .query_map([name.as_str()], |row| {
                Ok(Listener {
                    protocol: row.get(0)?,
                    port: row.get(1)?,
                    instance_protocol: row.get(2)?,
                    instance_port: row.get(3)?,
                    certificate: row.get(4)?,
                })
            })?
            .collect::<Result<_, _>>()?;
        balancer.security_groups = self
            .c
            .prepare_cached("SELECT group_id FROM balancer_groups WHERE balancer = ?1 ORDER BY 1")?
            .query_map([name.as_str()], |row| Ok(SecurityGroupId::new(row.get::<_, String>(0)?)))?
            .collect::<Result<_, _>>()?;
        balancer.members = self
            .c
            .prepare_cached("SELECT instance FROM registrations WHERE balancer = ?1 ORDER BY instance")?
            .query_map([name.as_str()], |row| Ok(InstanceId::new(row.get::<_, String>(0)?)))?
            .collect::<Result<_, _>>()?;
        Ok(Some(balancer))
    }

    /// `None` when there is no such load balancer. A member just registered is missing for a while.
    pub(super) fn member_health(
        &self,
        name: &LoadBalancerName,
    ) -> rusqlite::Result<Option<Vec<MemberHealth>>> {
        let exists =
            self.c.prepare_cached("SELECT 1 FROM balancers WHERE name = ?1")?.exists([name.as_str()])?;
        if !exists {
            return Ok(None);
        }
        let mut statement = self.c.prepare_cached(
            "SELECT instance, registered_at, state FROM registrations WHERE balancer = ?1 ORDER BY instance",
        )?;
        let mut rows = statement.query([name.as_str()])?;
        let mut members = Vec::new();
        while let Some(row) = rows.next()? {
            let instance: String = row.get(0)?;
            if !self.is_settling(&format!("{name} {instance}"), row.get(1)?) {
                members.push(health(instance, row.get_ref(2)?.as_str()?));
            }
        }
        Ok(Some(members))
    }

    pub(super) fn launch_settings(&self, sources: &[LaunchSource]) -> rusqlite::Result<Vec<LaunchSettings>> {
        let mut found = Vec::new();
        for source in sources {
            let columns = "SELECT template, name AS launch_name, version, image, instance_type, description,
                           created_at FROM launches WHERE gone = 0 AND";
            let (text, values) = match source {
                LaunchSource::Configuration { name } => {
                    (format!("{columns} template IS NULL AND name = ?1"), vec![Value::from(name.clone())])
                }
                LaunchSource::Template { id, version, .. } => match version.parse::<i64>() {
                    Ok(number) => (
                        format!("{columns} template = ?1 AND version = ?2"),
                        vec![Value::from(id.clone()), Value::from(number)],
                    ),
                    Err(_) => (
                        format!("{columns} template = ?1 ORDER BY version DESC LIMIT 1"),
                        vec![Value::from(id.clone())],
                    ),
                },
            };
            let settings = self
                .c
                .prepare_cached(&text)?
                .query_row(rusqlite::params_from_iter(values), |row| {
                    Ok(LaunchSettings {
                        source: source.clone(),
                        resolved: launch_source(row)?.unwrap_or_else(|| source.clone()),
                        image: Some(ImageId::new(row.get::<_, String>("image")?)),
                        instance_type: row.get("instance_type")?,
                        instance_profile: None,
                        tokens_required: Some(true),
                        description: row.get("description")?,
                        created_at: Some(timestamp(row.get("created_at")?)),
                    })
                })
                .optional()?;
            found.extend(settings);
        }
        Ok(found)
    }

    pub(super) fn images(&self, ids: &[ImageId]) -> rusqlite::Result<Vec<Image>> {
        let mut found = Vec::new();
        for id in ids {
            let image = self
                .c
                .prepare_cached(
                    "SELECT name, state, created_at FROM images WHERE id = ?1 AND state <> 'gone'",
                )?
                .query_row([id.as_str()], |row| {
                    Ok(Image {
                        id: id.clone(),
                        architecture: Some("x86_64".to_owned()),
                        name: row.get(0)?,
                        state: row.get(1)?,
                        created_at: Some(timestamp(row.get(2)?)),
                    })
                })
                .optional()?;
            found.extend(image.filter(|image| !self.is_new(image)));
        }
        Ok(found)
    }

    /// Whether answers still leave out an image that was just made.
    pub(super) fn is_new(&self, image: &Image) -> bool {
        image.created_at.is_some_and(|born| self.is_settling(image.id.as_str(), born.as_millisecond()))
    }

    /// `None` when there is no such group.
    pub(super) fn activities(&self, group: &GroupName, limit: u8) -> rusqlite::Result<Option<Vec<Activity>>> {
        let exists =
            self.c.prepare_cached("SELECT 1 FROM groups WHERE name = ?1")?.exists([group.as_str()])?;
        if !exists {
            return Ok(None);
        }
        self.c
            .prepare_cached(
                "SELECT id, description, cause, started_at, ended_at, status, message, progress
                 FROM activities WHERE group_name = ?1 ORDER BY started_at DESC, id LIMIT ?2",
            )?
            .query_map(params![group.as_str(), limit], |row| {
                Ok(Activity {
                    id: row.get(0)?,
                    description: row.get(1)?,
                    cause: row.get(2)?,
                    started_at: Some(timestamp(row.get(3)?)),
                    ended_at: row.get::<_, Option<i64>>(4)?.map(timestamp),
                    status: row.get(5)?,
                    status_message: row.get(6)?,
                    progress: row.get(7)?,
                })
            })?
            .collect::<Result<_, _>>()
            .map(Some)
    }
}

/// The launch source of the columns `template`, `launch_name`, `version`.
pub(super) fn launch_source(row: &Row<'_>) -> rusqlite::Result<Option<LaunchSource>> {
    let Some(name) = row.get::<_, Option<String>>("launch_name")? else { return Ok(None) };
    Ok(Some(match row.get::<_, Option<String>>("template")? {
        Some(id) => {
            let version = row.get::<_, i64>("version")?.to_string();
            LaunchSource::Template { id, name, version }
        }
        None => LaunchSource::Configuration { name },
    }))
}

/// The same with the version that moves, where a group was told one.
fn floating(
    launch: LaunchSource,
    version: rusqlite::Result<Option<String>>,
) -> rusqlite::Result<LaunchSource> {
    Ok(match (launch, version?) {
        (LaunchSource::Template { id, name, .. }, Some(version)) => {
            LaunchSource::Template { id, name, version }
        }
        (launch, _) => launch,
    })
}

/// What a registration's state means, in the load balancer's own words.
fn health(instance: String, state: &str) -> MemberHealth {
    let (state, code, words) = match state {
        "in" => (HealthState::InService, "N/A", "N/A"),
        "leaving" => (HealthState::InService, "N/A", "Instance deregistration currently in progress."),
        "failing" => (
            HealthState::OutOfService,
            "Instance",
            "Instance has failed at least the UnhealthyThreshold number of health checks consecutively.",
        ),
        "stopped" => (HealthState::OutOfService, "Instance", "Instance is in stopped state."),
        _ => (HealthState::OutOfService, "ELB", "Instance registration is still in progress."),
    };
    MemberHealth {
        instance: InstanceId::new(instance),
        state,
        reason_code: Some(code.to_owned()),
        description: Some(words.to_owned()),
    }
}
