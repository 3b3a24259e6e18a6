//! What a region has for a new project to choose from: zones, networks, and the images that servers begin with.

use super::Zone;

/// What a region has.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RegionOffers {
    /// Its zones that can be used, in order.
    pub zones: Vec<Zone>,
    /// The account's networks, the default one first.
    pub vpcs: Vec<VpcOffer>,
    /// Their subnets, by zone.
    pub subnets: Vec<SubnetOffer>,
    /// The newest image of each Ubuntu release, the newest release first.
    pub images: Vec<ImageOffer>,
}

/// A network.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VpcOffer {
    /// Its id.
    pub id: String,
    /// Its `Name` tag; empty without one.
    pub name: String,
    /// Its addresses.
    pub cidr: String,
    /// Whether it is the region's default one.
    pub is_default: bool,
}

/// A subnet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubnetOffer {
    /// Its id.
    pub id: String,
    /// The network it is part of.
    pub vpc: String,
    /// Its zone.
    pub zone: Zone,
    /// Its `Name` tag; empty without one.
    pub name: String,
    /// Whether servers in it get a public address by themselves.
    pub public: bool,
}

/// An image to begin with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageOffer {
    /// Its id.
    pub id: String,
    /// The Ubuntu release: `24.04`.
    pub release: String,
    /// Its name, which ends in its date.
    pub name: String,
}

/// The Ubuntu releases that servers are built from, the newest first.
pub const UBUNTU: [&str; 2] = ["24.04", "22.04"];

/// The account that publishes Ubuntu's images.
pub const CANONICAL: &str = "099720109477";

impl RegionOffers {
    /// The subnet to begin with in a zone of a network: a public one where there is a choice.
    #[must_use]
    pub fn subnet(&self, vpc: &str, zone: &str) -> Option<&SubnetOffer> {
        let here = || self.subnets.iter().filter(|one| one.vpc == vpc && one.zone.as_str() == zone);
        here().find(|one| one.public).or_else(|| here().next())
    }

    /// The newest image of each release among these, which carry their names.
    #[must_use]
    pub fn newest(images: impl IntoIterator<Item = (String, String)>) -> Vec<ImageOffer> {
        let mut newest: Vec<ImageOffer> = Vec::new();
        for (id, name) in images {
            let Some(release) = UBUNTU.into_iter().find(|release| name.contains(&format!("-{release}-")))
            else {
                continue;
            };
            let offer = ImageOffer { id, release: release.to_owned(), name };
            // Names of one release differ in the kind of disk and in the date at their end.
            let date = |one: &ImageOffer| one.name.rsplit("server-").next().unwrap_or_default().to_owned();
            match newest.iter_mut().find(|one| one.release == offer.release) {
                Some(one) if date(one) < date(&offer) => *one = offer,
                Some(_) => {}
                None => newest.push(offer),
            }
        }
        newest.sort_by(|a, b| b.release.cmp(&a.release));
        newest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_each_release_the_newest_image_is_offered() {
        let image = |id: &str, name: &str| (id.to_owned(), format!("ubuntu/images/{name}"));
        let newest = RegionOffers::newest([
            image("ami-1", "hvm-ssd/ubuntu-jammy-22.04-amd64-server-20260101"),
            image("ami-2", "hvm-ssd/ubuntu-jammy-22.04-amd64-server-20261101"),
            image("ami-3", "hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-20261010"),
            image("ami-4", "hvm-ssd-gp3/ubuntu-noble-24.04-amd64-server-20260909.1"),
            image("ami-5", "hvm-ssd/ubuntu-focal-20.04-amd64-server-20261111"),
        ]);
        let told: Vec<(&str, &str)> = newest.iter().map(|one| (&*one.release, &*one.id)).collect();
        assert_eq!(told, [("24.04", "ami-3"), ("22.04", "ami-2")]);
    }
}
