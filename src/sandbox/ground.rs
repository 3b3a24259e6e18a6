//! What a world's environments stand on: its VPC, security groups with what they let in, and key pairs; and things that
//! are found by their names.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, OptionalExtension, params};

use super::dice::Dice;
use super::places::{DEPLOYMENT, Place, ZONES};
use super::read::View;
use crate::fleet::{
    FoundThing, KeyPair, Origin, Protocol, RoleTag, Rule, SecurityGroup, SecurityGroupId, Thing, Vpc,
};

/// The networks from which operators reach the servers of a new world.
const OFFICE: &str = "203.0.113.0/24";

/// Roles whose servers have a security group of their own.
pub(super) const ROLES: [&str; 5] = ["web", "worker", "cache", "db-primary", "db-replica"];

/// Who reaches which ports of whom in a new world, by the names of roles.
const REACHED: [(&str, &[u16], &[&str]); 4] = [
    ("web", &[80, 443], &["lb"]),
    ("cache", &[5672, 6379, 11_211], &["web", "worker"]),
    ("db-primary", &[5432], &["web", "worker", "db-replica"]),
    ("db-replica", &[5432], &["web", "worker", "db-primary"]),
];

/// The security group of everything.
pub(super) fn common() -> String {
    format!("{DEPLOYMENT}-sg")
}

/// The security group of a role.
pub(super) fn of_role(role: &str) -> String {
    format!("{DEPLOYMENT}-{role}-sg")
}

/// The id of a security group of this name.
pub(super) fn id(dice: Dice, name: &str) -> String {
    dice.id("sg", name, 0)
}

/// The ground of a new world that has one.
pub(super) fn make(c: &Connection, dice: Dice, at: i64) -> rusqlite::Result<()> {
    let vpc = dice.id("vpc", "vpc", 0);
    let all = ROLES.into_iter().chain(["lb"]).map(of_role).chain([common()]);
    for name in all {
        insert(c, &id(dice, &name), &vpc, &name, at)?;
    }
    let open = |name: &str, port: u16, from: Origin| add(c, &id(dice, name), &Rule::tcp(port, from));
    open(&common(), 22, Origin::Network(OFFICE.to_owned()))?;
    for port in [80, 443] {
        open(&of_role("lb"), port, Origin::Network("0.0.0.0/0".to_owned()))?;
    }
    for (role, ports, from) in REACHED {
        for (port, from) in ports.iter().flat_map(|port| from.iter().map(move |from| (port, from))) {
            let from = Origin::Group(SecurityGroupId::new(id(dice, &of_role(from))));
            open(&of_role(role), *port, from)?;
        }
    }
    c.execute(
        "INSERT INTO key_pairs (name, public_key, made_at) VALUES (?1, '', ?2)",
        params![DEPLOYMENT, at],
    )?;
    Ok(())
}

/// Writes a security group that lets nothing in.
pub(super) fn insert(c: &Connection, id: &str, vpc: &str, name: &str, at: i64) -> rusqlite::Result<()> {
    c.prepare_cached("INSERT INTO security_groups (id, vpc, name, made_at) VALUES (?1, ?2, ?3, ?4)")?
        .execute(params![id, vpc, name, at])?;
    Ok(())
}

/// How a rule's origin is written.
fn origin(from: &Origin) -> (&'static str, &str) {
    match from {
        Origin::Network(network) => ("network", network),
        Origin::Group(group) => ("group", group.as_str()),
        Origin::PrefixList(list) => ("list", list),
    }
}

/// Lets something in.
pub(super) fn add(c: &Connection, group: &str, rule: &Rule) -> rusqlite::Result<()> {
    let (kind, from) = origin(&rule.from);
    c.prepare_cached(
        "INSERT OR IGNORE INTO openings (group_id, protocol, first, last, kind, origin)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    )?
    .execute(params![group, rule.protocol.word(), rule.first, rule.last, kind, from])?;
    Ok(())
}

/// Lets it in no more.
pub(super) fn remove(c: &Connection, group: &str, rule: &Rule) -> rusqlite::Result<()> {
    let (kind, from) = origin(&rule.from);
    c.prepare_cached(
        "DELETE FROM openings WHERE group_id = ?1 AND protocol = ?2 AND first = ?3 AND last = ?4 AND kind = ?5
         AND origin = ?6",
    )?
    .execute(params![group, rule.protocol.word(), rule.first, rule.last, kind, from])?;
    Ok(())
}

/// Gives a thing its tags.
pub(super) fn tag(c: &Connection, kind: &str, id: &str, tags: &[(String, String)]) -> rusqlite::Result<()> {
    let mut insert =
        c.prepare_cached("INSERT OR REPLACE INTO thing_tags (kind, id, key, value) VALUES (?1, ?2, ?3, ?4)")?;
    for (key, value) in tags {
        insert.execute([kind, id, key, value])?;
    }
    Ok(())
}

/// A thing's tags go with it.
pub(super) fn untag(c: &Connection, kind: &str, id: &str) -> rusqlite::Result<()> {
    c.prepare_cached("DELETE FROM thing_tags WHERE kind = ?1 AND id = ?2")?.execute([kind, id])?;
    Ok(())
}

/// How the tables call a kind of thing.
pub(super) const fn kind(thing: &Thing) -> &'static str {
    match thing {
        Thing::SecurityGroup { .. } => "security-group",
        Thing::KeyPair { .. } => "key-pair",
        Thing::LoadBalancer { .. } => "load-balancer",
        Thing::Template { .. } => "template",
        Thing::Group { .. } => "group",
    }
}

impl View<'_> {
    pub(super) fn vpcs(&self) -> rusqlite::Result<Vec<Vpc>> {
        let networks = self
            .c
            .prepare_cached("SELECT number FROM environments ORDER BY number")?
            .query_map([], |row| Ok(format!("10.{}.0.0/16", row.get::<_, u32>(0)?)))?
            .collect::<rusqlite::Result<_>>()?;
        Ok(vec![Vpc { id: self.dice.id("vpc", "vpc", 0), networks, is_default: true }])
    }

    pub(super) fn security_groups(&self) -> rusqlite::Result<Vec<SecurityGroup>> {
        let mut rules: BTreeMap<String, Vec<Rule>> = BTreeMap::new();
        let mut statement = self.c.prepare_cached(
            "SELECT group_id, protocol, first, last, kind, origin FROM openings ORDER BY 1, 3, 2, 5, 6",
        )?;
        let mut rows = statement.query([])?;
        while let Some(row) = rows.next()? {
            let from: String = row.get(5)?;
            let from = match row.get_ref(4)?.as_str()? {
                "network" => Origin::Network(from),
                "group" => Origin::Group(SecurityGroupId::new(from)),
                _ => Origin::PrefixList(from),
            };
            let protocol = Protocol::parse(row.get_ref(1)?.as_str()?);
            let rule = Rule { protocol, first: row.get(2)?, last: row.get(3)?, from };
            rules.entry(row.get(0)?).or_default().push(rule);
        }
        let mut statement =
            self.c.prepare_cached("SELECT id, vpc, name, made_at FROM security_groups ORDER BY name")?;
        let mut rows = statement.query([])?;
        let mut groups = Vec::new();
        while let Some(row) = rows.next()? {
            let id: String = row.get(0)?;
            if !self.is_settling(&id, row.get(3)?) {
                groups.push(SecurityGroup {
                    rules: rules.remove(&id).unwrap_or_default(),
                    id: SecurityGroupId::new(id),
                    vpc: row.get(1)?,
                    name: row.get(2)?,
                });
            }
        }
        Ok(groups)
    }

    pub(super) fn key_pairs(&self) -> rusqlite::Result<Vec<KeyPair>> {
        let mut statement = self.c.prepare_cached("SELECT name FROM key_pairs ORDER BY name")?;
        let names = statement.query_map([], |row| row.get::<_, String>(0))?;
        names
            .map(|name| {
                name.map(|name| {
                    let fingerprint = Some(self.dice.hex(&format!("key {name}"), 0, 32));
                    KeyPair { name, fingerprint }
                })
            })
            .collect()
    }

    /// A thing by its name. One that was just made is missing from some answers.
    pub(super) fn thing(&self, thing: &Thing) -> rusqlite::Result<Option<FoundThing>> {
        let (query, name) = match thing {
            Thing::SecurityGroup { vpc, name } => {
                let found = self
                    .c
                    .prepare_cached("SELECT id, made_at FROM security_groups WHERE vpc = ?1 AND name = ?2")?
                    .query_row([vpc, name], |row| Ok((row.get(0)?, row.get(1)?)))
                    .optional()?;
                return self.found(thing, found);
            }
            Thing::KeyPair { name } => ("SELECT name, made_at FROM key_pairs WHERE name = ?1", name.as_str()),
            Thing::LoadBalancer { name } => {
                ("SELECT name, created_at FROM balancers WHERE name = ?1", name.as_str())
            }
            Thing::Template { name } => (
                "SELECT template, created_at FROM launches
                 WHERE name = ?1 AND template IS NOT NULL AND gone = 0 ORDER BY version LIMIT 1",
                name.as_str(),
            ),
            Thing::Group { name } => ("SELECT name, created_at FROM groups WHERE name = ?1", name.as_str()),
        };
        let found = self
            .c
            .prepare_cached(query)?
            .query_row([name], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        self.found(thing, found)
    }

    fn found(&self, thing: &Thing, found: Option<(String, i64)>) -> rusqlite::Result<Option<FoundThing>> {
        let Some((id, born)) = found else { return Ok(None) };
        if self.is_settling(&id, born) {
            return Ok(None);
        }
        let tags = self
            .c
            .prepare_cached("SELECT key, value FROM thing_tags WHERE kind = ?1 AND id = ?2")?
            .query_map([kind(thing), &id], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<rusqlite::Result<_>>()?;
        Ok(Some(FoundThing { id, tags }))
    }

    /// The zone of one of this world's subnets.
    pub(super) fn zone_of(&self, subnet: &str) -> Option<&'static str> {
        ZONES.into_iter().find(|zone| self.dice.id("subnet", zone, 0) == subnet)
    }

    /// What keeps a security group from being deleted, in AWS's words.
    pub(super) fn user_of(&self, group: &str) -> rusqlite::Result<Option<String>> {
        let roles: BTreeSet<String> = self
            .c
            .prepare_cached("SELECT DISTINCT role FROM instances WHERE power <> 'terminated'")?
            .query_map([], |row| row.get::<_, String>(0))?
            .collect::<rusqlite::Result<_>>()?;
        let names = roles.iter().map(|role| of_role(RoleTag::parse(role).role.word()));
        let mut of_servers = names.chain((!roles.is_empty()).then(common));
        if of_servers.any(|name| id(self.dice, &name) == group) {
            return Ok(Some("servers are in it".to_owned()));
        }
        let exists = |query: &str| self.c.prepare_cached(query)?.exists([group]);
        Ok(if exists("SELECT 1 FROM balancer_groups WHERE group_id = ?1")? {
            Some("a load balancer is in it".to_owned())
        } else if exists("SELECT 1 FROM openings WHERE kind = 'group' AND origin = ?1 AND group_id <> ?1")? {
            Some("another group names it".to_owned())
        } else {
            None
        })
    }
}

/// The security group of a place's load balancer in a new world.
pub(super) fn of_balancer(c: &Connection, dice: Dice, place: &Place) -> rusqlite::Result<()> {
    c.execute(
        "INSERT INTO balancer_groups (balancer, group_id) VALUES (?1, ?2)",
        [place.balancer(), id(dice, &of_role("lb"))],
    )?;
    Ok(())
}
