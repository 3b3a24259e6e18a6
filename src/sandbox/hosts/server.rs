//! A server's rows, and whether it takes a connection.

use std::collections::BTreeMap;

use rusqlite::OptionalExtension;

use crate::fleet::{Power, Role, RoleTag};
use crate::remote::host_keys::HostKey;
use crate::sandbox::dice::Dice;
use crate::sandbox::read::View;
use crate::sandbox::{marks, spoil};

/// Something wrong with a server, now.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Trouble {
    pub(super) kind: String,
    /// Simulated milliseconds.
    pub(super) since: i64,
    pub(super) amount: f64,
}

/// What Nginx answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Page {
    /// The site.
    Off,
    /// The maintenance page, and a file for the health check.
    Healthy,
    /// The maintenance page for every request.
    Unhealthy,
}

impl Page {
    /// As scripts call it.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Off => "off",
            Self::Healthy => "healthy",
            Self::Unhealthy => "unhealthy",
        }
    }

    /// The page of this word.
    pub(super) fn parse(word: &str) -> Option<Self> {
        [Self::Off, Self::Healthy, Self::Unhealthy].into_iter().find(|page| page.word() == word)
    }
}

/// A server as its rows tell of it.
#[derive(Clone, Debug)]
pub(super) struct Host {
    pub(super) id: String,
    pub(super) environment: String,
    /// Requests per second of its environment at the busiest hour.
    pub(super) load: f64,
    pub(super) role: Role,
    /// It has booted.
    pub(super) ready: bool,
    pub(super) instance_type: String,
    pub(super) launched_at: i64,
    /// When somebody had it booted again last.
    pub(super) rebooted_at: Option<i64>,
    /// How often.
    pub(super) boots: u32,
    /// The IPv4 address as a number.
    pub(super) address: u32,
    /// The first digits of the changeset it was built with, or of its environment's for what is not in a group.
    pub(super) changeset: Option<String>,
    pub(super) troubles: Vec<Trouble>,
    /// Since when its application answers every request with an error, because the code is bad.
    pub(super) spoilt: Option<i64>,
    /// The maintenance page.
    pub(super) page: Page,
    /// Services that somebody stopped or started again, by name.
    pub(super) touched: BTreeMap<String, Touched>,
}

/// A service as somebody left it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Touched {
    pub(super) up: bool,
    /// Simulated milliseconds.
    pub(super) since: i64,
}

/// Another server of the same environment.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Peer {
    pub(super) id: String,
    pub(super) address: u32,
}

/// The running servers of an environment that have this role, in the order of their ids.
pub(super) fn peers(view: &View<'_>, environment: &str, role: &str) -> rusqlite::Result<Vec<Peer>> {
    view.c
        .prepare_cached(
            "SELECT id, address FROM instances
             WHERE environment = ?1 AND role = ?2 AND power = 'running' AND ready = 1 ORDER BY id",
        )?
        .query_map([environment, role], |row| Ok(Peer { id: row.get(0)?, address: row.get(1)? }))?
        .collect()
}

/// How many running servers of an environment have this role.
pub(super) fn count(view: &View<'_>, environment: &str, role: &str) -> rusqlite::Result<usize> {
    view.c
        .prepare_cached(
            "SELECT count(*) FROM instances
             WHERE environment = ?1 AND role = ?2 AND power = 'running' AND ready = 1",
        )?
        .query_row([environment, role], |row| row.get::<_, u32>(0))
        .map(|count| usize::try_from(count).unwrap_or(usize::MAX))
}

/// Whether a server runs and has booted; none when there is none of this id. One whose status check fails answers nobody:
/// its power is not known then.
pub(super) fn state(view: &View<'_>, id: &str) -> rusqlite::Result<Option<(Power, bool)>> {
    view.c
        .prepare_cached(
            "SELECT CASE WHEN EXISTS (SELECT 1 FROM troubles WHERE subject = ?1 AND kind = 'status-check'
             AND until IS NULL) THEN 'impaired' ELSE power END, ready FROM instances WHERE id = ?1",
        )?
        .query_row([id], |row| Ok((Power::parse(row.get_ref(0)?.as_str()?), row.get(1)?)))
        .optional()
}

/// Reads a server; none when there is none of this id.
pub(super) fn host(view: &View<'_>, id: &str) -> rusqlite::Result<Option<Host>> {
    let found = view
        .c
        .prepare_cached(
            "SELECT i.environment, i.role, i.ready, i.instance_type, i.launched_at, i.address,
             coalesce(own.description, own.name, current.description, current.name) AS label, e.load
             FROM instances i JOIN environments e ON e.name = i.environment
             LEFT JOIN launches own ON own.key = i.launch
             LEFT JOIN groups g ON g.environment = i.environment
             LEFT JOIN launches current ON current.key = g.launch
             WHERE i.id = ?1",
        )?
        .query_row([id], |row| {
            Ok(Host {
                id: id.to_owned(),
                environment: row.get("environment")?,
                load: row.get("load")?,
                role: RoleTag::parse(row.get_ref("role")?.as_str()?).role,
                ready: row.get("ready")?,
                instance_type: row.get("instance_type")?,
                launched_at: row.get("launched_at")?,
                rebooted_at: None,
                boots: 0,
                address: row.get("address")?,
                changeset: row
                    .get::<_, Option<String>>("label")?
                    .and_then(|label| label.rsplit('_').next().map(ToOwned::to_owned)),
                troubles: Vec::new(),
                spoilt: None,
                page: Page::Off,
                touched: BTreeMap::new(),
            })
        })
        .optional()?;
    let Some(mut host) = found else { return Ok(None) };
    let boots = marks::get(view.c, id, marks::BOOTS)?;
    host.boots = boots.and_then(|count| count.parse().ok()).unwrap_or(0);
    host.rebooted_at = marks::since(view.c, id, marks::BOOTS)?;
    host.changeset = marks::get(view.c, id, marks::CHANGESET)?.or(host.changeset);
    let page = marks::get(view.c, id, marks::PAGE)?;
    host.page = page.as_deref().and_then(Page::parse).unwrap_or(Page::Off);
    host.spoilt = spoil::since(view.c, id)?.map(|since| since.max(host.booted_at()));
    host.troubles = view
        .c
        .prepare_cached(
            "SELECT kind, since, amount FROM troubles WHERE subject = ?1 AND until IS NULL ORDER BY since",
        )?
        .query_map([id], |row| Ok(Trouble { kind: row.get(0)?, since: row.get(1)?, amount: row.get(2)? }))?
        .collect::<Result<_, _>>()?;
    host.touched = view
        .c
        .prepare_cached("SELECT unit, up, since FROM units WHERE instance = ?1")?
        .query_map([id], |row| Ok((row.get(0)?, Touched { up: row.get(1)?, since: row.get(2)? })))?
        .collect::<Result<_, _>>()?;
    Ok(Some(host))
}

impl Host {
    /// The trouble of this kind, if it has it.
    pub(super) fn trouble(&self, kind: &str) -> Option<&Trouble> {
        self.troubles.iter().find(|trouble| trouble.kind == kind)
    }

    /// When its kernel started.
    pub(super) fn booted_at(&self) -> i64 {
        self.rebooted_at.unwrap_or(self.launched_at) + 34_000
    }

    /// The id that its kernel has given this boot.
    pub(super) fn boot(&self, dice: Dice) -> String {
        let drawn = dice.draw(&format!("boot {}", self.id), self.boots.into());
        format!("{:08x}-{:04x}-4000-8000-{:012x}", self.boots, drawn >> 48, drawn & 0xFFFF_FFFF_FFFF)
    }

    /// `10.0.3.11`.
    pub(super) fn address(&self) -> String {
        spelled(self.address)
    }

    /// `ip-10-0-3-11`.
    pub(super) fn hostname(&self) -> String {
        format!("ip-{}", self.address().replace('.', "-"))
    }
}

/// An address in its four numbers.
pub(super) fn spelled(address: u32) -> String {
    let [a, b, c, d] = address.to_be_bytes();
    format!("{a}.{b}.{c}.{d}")
}

/// The host key of an instance: for as long as it lives, whatever address it has.
pub(super) fn host_key(dice: Dice, instance: &str) -> HostKey {
    let mut public = [0; 32];
    for (n, part) in (0_u64..).zip(public.chunks_mut(8)) {
        part.copy_from_slice(&dice.draw(&format!("host key {instance}"), n).to_be_bytes());
    }
    HostKey::ed25519(&public)
}
