//! What a region has for a new project: zones, networks, subnets, and Ubuntu's newest images. Asked when a project is
//! set up.

use aws_sdk_ec2::types::{Subnet, Tag, Vpc};
use futures_util::future::try_join4;

use super::ec2::filter;
use super::{AwsCloud, room, translate};
use crate::cloud::Answer;
use crate::fleet::offers::{CANONICAL, UBUNTU};
use crate::fleet::{ImageOffer, RegionOffers, Source, SubnetOffer, VpcOffer, Zone};

pub const ZONES: &str = "ec2:DescribeAvailabilityZones";
const NETWORKS: &str = "ec2:DescribeVpcs";

/// The most pages of an answer that are read.
const PAGES: usize = 20;

/// All four, side by side.
pub async fn offers(cloud: &AwsCloud) -> Answer<RegionOffers> {
    let (zones, vpcs, subnets, images) =
        Box::pin(try_join4(zones(cloud), vpcs(cloud), subnets(cloud), images(cloud))).await?;
    Ok(RegionOffers { zones, vpcs, subnets, images })
}

/// Ordinary zones that can be used; those of one's own or of a town are none.
async fn zones(cloud: &AwsCloud) -> Answer<Vec<Zone>> {
    let call = cloud.call(ZONES, "zones");
    let request = cloud.clients().ec2.describe_availability_zones().filters(filter("state", ["available"]));
    let found = request.send().await.map_err(|e| call.fail(e))?;
    let ordinary = found
        .availability_zones()
        .iter()
        .filter(|zone| zone.opt_in_status().is_none_or(|status| status.as_str() == "opt-in-not-required"));
    let mut zones: Vec<Zone> =
        ordinary.filter_map(|zone| Some(Zone::new(translate::word(zone.zone_name())?))).collect();
    zones.sort();
    Ok(zones)
}

async fn vpcs(cloud: &AwsCloud) -> Answer<Vec<VpcOffer>> {
    let (mut found, mut token) = (Vec::new(), None);
    for _ in 0..PAGES {
        let call = cloud.call(NETWORKS, "networks");
        let request = cloud.clients().ec2.describe_vpcs().set_next_token(token);
        let page = request.send().await.map_err(|e| call.fail(e))?;
        found.extend(page.vpcs().iter().filter_map(vpc));
        token = page.next_token.filter(|t| !t.is_empty());
        if token.is_none() {
            break;
        }
    }
    found.sort_by(|a, b| (!a.is_default, &a.name, &a.id).cmp(&(!b.is_default, &b.name, &b.id)));
    Ok(found)
}

fn vpc(found: &Vpc) -> Option<VpcOffer> {
    Some(VpcOffer {
        id: translate::word(found.vpc_id())?,
        name: name(found.tags()),
        cidr: translate::word(found.cidr_block()).unwrap_or_default(),
        is_default: found.is_default().unwrap_or_default(),
    })
}

async fn subnets(cloud: &AwsCloud) -> Answer<Vec<SubnetOffer>> {
    let (mut found, mut token) = (Vec::new(), None);
    for _ in 0..PAGES {
        let call = cloud.call(room::SUBNETS, "subnets");
        let request = cloud.clients().ec2.describe_subnets().set_next_token(token);
        let page = request.send().await.map_err(|e| call.fail(e))?;
        found.extend(page.subnets().iter().filter_map(subnet));
        token = page.next_token.filter(|t| !t.is_empty());
        if token.is_none() {
            break;
        }
    }
    found.sort_by(|a, b| (&a.zone, &a.name, &a.id).cmp(&(&b.zone, &b.name, &b.id)));
    Ok(found)
}

fn subnet(found: &Subnet) -> Option<SubnetOffer> {
    Some(SubnetOffer {
        id: translate::word(found.subnet_id())?,
        vpc: translate::word(found.vpc_id())?,
        zone: Zone::new(translate::word(found.availability_zone())?),
        name: name(found.tags()),
        public: found.map_public_ip_on_launch().unwrap_or_default(),
    })
}

/// `DescribeImages` of those who publish Ubuntu: its servers for Intel and AMD.
async fn images(cloud: &AwsCloud) -> Answer<Vec<ImageOffer>> {
    let names: Vec<String> = UBUNTU
        .iter()
        .map(|release| format!("ubuntu/images/hvm-ssd*/ubuntu-*-{release}-amd64-server-*"))
        .collect();
    let (mut found, mut token) = (Vec::new(), None);
    for _ in 0..PAGES {
        let call = cloud.call(Source::Ec2DescribeImages.action(), "images of Ubuntu");
        let request = cloud.clients().ec2.describe_images().owners(CANONICAL);
        let request = request.filters(filter("name", names.iter().map(String::as_str)));
        let request = request.filters(filter("state", ["available"])).max_results(1000);
        let page = request.set_next_token(token).send().await.map_err(|e| call.fail(e))?;
        found.extend(
            page.images().iter().filter_map(|image| {
                Some((translate::word(image.image_id())?, translate::word(image.name())?))
            }),
        );
        token = page.next_token.filter(|t| !t.is_empty());
        if token.is_none() {
            break;
        }
    }
    Ok(RegionOffers::newest(found))
}

fn name(tags: &[Tag]) -> String {
    let tag = tags.iter().find(|tag| tag.key() == Some("Name"));
    tag.and_then(|tag| translate::word(tag.value())).unwrap_or_default()
}
