//! How much a world has room for: addresses in each zone's subnet, and vCPUs that the account may run. Tests make it
//! small.

use rusqlite::{Connection, OptionalExtension, params};

use super::SandboxCloud;
use super::dice::Dice;
use super::places::ZONES;
use super::read::View;
use crate::cloud::Answer;
use crate::fleet::offers::UBUNTU;
use crate::fleet::{
    ImageOffer, RegionOffers, SubnetChoice, SubnetOffer, SubnetRoom, VcpuClass, VpcOffer, Zone,
};

/// What the quota of vCPUs is called among the limits; the others are zones.
const VCPUS: &str = "vcpus";

/// Addresses of a subnet of 4,096, those apart that AWS keeps.
const ADDRESSES: u32 = 4_091;

/// The limits of a new world.
pub(super) fn make(c: &Connection, vcpus: u32) -> rusqlite::Result<()> {
    for zone in ZONES {
        set(c, zone, ADDRESSES)?;
    }
    set(c, VCPUS, vcpus)
}

fn set(c: &Connection, subject: &str, most: u32) -> rusqlite::Result<()> {
    c.prepare_cached("INSERT OR REPLACE INTO limits (subject, most) VALUES (?1, ?2)")?
        .execute(params![subject, most])?;
    Ok(())
}

fn most(c: &Connection, subject: &str) -> rusqlite::Result<u32> {
    let mut found = c.prepare_cached("SELECT most FROM limits WHERE subject = ?1")?;
    Ok(found.query_row([subject], |row| row.get(0)).optional()?.unwrap_or(0))
}

/// Addresses that are free in a zone.
fn free(c: &Connection, zone: &str) -> rusqlite::Result<u32> {
    let taken: u32 = c
        .prepare_cached("SELECT count(*) FROM instances WHERE zone = ?1 AND power <> 'terminated'")?
        .query_row([zone], |row| row.get(0))?;
    Ok(most(c, zone)?.saturating_sub(taken))
}

/// vCPUs of everything of this class that runs.
fn used(c: &Connection, class: VcpuClass) -> rusqlite::Result<u32> {
    let mut statement = c.prepare_cached(
        "SELECT instance_type, count(*) FROM instances WHERE power IN ('pending', 'running') GROUP BY 1",
    )?;
    let mut rows = statement.query([])?;
    let mut used = 0_u32;
    while let Some(row) = rows.next()? {
        let (kind, count): (String, u32) = (row.get(0)?, row.get(1)?);
        if VcpuClass::of(&kind) == Some(class) {
            used = used.saturating_add(size(&kind).unwrap_or(0).saturating_mul(count));
        }
    }
    Ok(used)
}

/// The vCPUs of a type, as most families have them.
pub(super) fn size(instance_type: &str) -> Option<u32> {
    match instance_type.split_once('.')?.1 {
        "nano" | "micro" | "small" | "medium" | "large" => Some(2),
        "xlarge" => Some(4),
        larger => larger.strip_suffix("xlarge")?.parse::<u32>().ok()?.checked_mul(4),
    }
}

/// Where a server of this type goes that would go into this zone; or why AWS cannot launch it, in its words.
pub(super) fn place<'z>(
    c: &Connection,
    dice: Dice,
    zones: impl IntoIterator<Item = &'z str>,
    instance_type: &str,
) -> rusqlite::Result<Result<&'z str, String>> {
    if let Some(class) = VcpuClass::of(instance_type) {
        let limit = most(c, VCPUS)?;
        if used(c, class)?.saturating_add(size(instance_type).unwrap_or(0)) > limit {
            return Ok(Err(format!(
                "You have requested more vCPU capacity than your current vCPU limit of {limit} allows for the \
                 instance bucket that the specified instance type belongs to (VcpuLimitExceeded)."
            )));
        }
    }
    let mut full = None;
    for zone in zones {
        if free(c, zone)? > 0 {
            return Ok(Ok(zone));
        }
        full.get_or_insert(zone);
    }
    Ok(Err(format!(
        "There are not enough free addresses in subnet '{}' to satisfy the requested number of instances \
         (InsufficientFreeAddressesInSubnet).",
        dice.id("subnet", full.unwrap_or_default(), 0)
    )))
}

impl View<'_> {
    /// What a new project could choose from: the zones and subnets that the servers are in, and images to begin with.
    pub(super) fn offers(&self) -> RegionOffers {
        let vpc = self.dice.id("vpc", "default", 0);
        let subnet = |zone: &str| SubnetOffer {
            id: self.dice.id("subnet", zone, 0),
            vpc: vpc.clone(),
            zone: Zone::new(zone),
            name: String::new(),
            public: true,
        };
        let image = |release: &str| {
            let name = format!("ubuntu/images/hvm-ssd-gp3/ubuntu-{release}-amd64-server-20261101");
            ImageOffer { id: self.dice.id("ami", release, 0), release: release.to_owned(), name }
        };
        RegionOffers {
            zones: ZONES.map(Zone::new).to_vec(),
            subnets: ZONES.map(subnet).to_vec(),
            images: UBUNTU.map(image).to_vec(),
            vpcs: vec![VpcOffer {
                id: vpc,
                name: String::new(),
                cidr: "10.0.0.0/16".into(),
                is_default: true,
            }],
        }
    }

    pub(super) fn subnets(&self, choice: &SubnetChoice) -> rusqlite::Result<Vec<SubnetRoom>> {
        let mut found = Vec::new();
        for zone in ZONES {
            let id = self.dice.id("subnet", zone, 0);
            let asked = match choice {
                SubnetChoice::Named(ids) => ids.contains(&id),
                SubnetChoice::DefaultOf(zones) => zones.iter().any(|one| one.as_str() == zone),
            };
            if asked {
                let vpc = Some(self.dice.id("vpc", "vpc", 0));
                found.push(SubnetRoom { id, zone: Zone::new(zone), vpc, free: free(self.c, zone)? });
            }
        }
        Ok(found)
    }

    pub(super) fn vcpus_used(&self, class: VcpuClass) -> rusqlite::Result<u32> {
        used(self.c, class)
    }

    pub(super) fn vcpus_limit(&self) -> rusqlite::Result<u32> {
        most(self.c, VCPUS)
    }
}

impl SandboxCloud {
    /// The subnet of a zone has so many addresses from now on, those in use among them.
    ///
    /// # Errors
    /// When the world cannot be written.
    pub fn limit_addresses(&self, zone: &str, most: u32) -> Answer<()> {
        self.change(|view| set(view.c, zone, most))
    }

    /// The account may run so many vCPUs of each class from now on.
    ///
    /// # Errors
    /// When the world cannot be written.
    pub fn limit_vcpus(&self, most: u32) -> Answer<()> {
        self.change(|view| set(view.c, VCPUS, most))
    }
}
