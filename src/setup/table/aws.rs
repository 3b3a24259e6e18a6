//! Questions about the place in AWS: region, zones, network, and what servers begin with.

use super::path;
use crate::config::edit::Wanted;
use crate::fleet::region::KNOWN;
use crate::setup::ground::{Ground, words};
use crate::setup::judge;
use crate::setup::question::{Each, Kind, Offer, PLAIN, Question, Verdict};

/// What is said where the region's facts are wanted and there are none.
fn unsure(ground: &Ground<'_>) -> Verdict {
    let why = ground.no_offers().unwrap_or("AWS was not asked");
    Verdict::Unsure(format!("not known: {why}"))
}

fn named(id: &str, name: &str) -> String {
    if name.is_empty() { id.to_owned() } else { name.to_owned() }
}

pub(super) const REGION: Question = Question {
    id: "region",
    title: "region",
    ask: "In which region of AWS?",
    why: "Near the people who use the site. Everything of the project lives there, and moving later is work.",
    default: |ground, _| Some(ground.facts.region.clone().unwrap_or_else(|| "us-east-1".into())),
    offers: |_, _| {
        let known = [
            ("us-east-1", "Virginia"),
            ("us-west-2", "Oregon"),
            ("eu-west-1", "Ireland"),
            ("eu-central-1", "Frankfurt"),
            ("ap-southeast-2", "Sydney"),
            ("ap-northeast-1", "Tokyo"),
            ("sa-east-1", "São Paulo"),
        ];
        known.into_iter().map(|(name, place)| Offer::new(name, place)).collect()
    },
    check: |_, _, answer| {
        let shaped = answer.split('-').count() >= 3 && answer.ends_with(|c: char| c.is_ascii_digit());
        match judge::among(answer, &KNOWN) {
            Verdict::Bad(_) if shaped && crate::fleet::words::nearest(answer, KNOWN).is_none() => {
                Verdict::Doubt("no region of this name is known here. enter once more keeps it".into())
            }
            Verdict::Bad(_) => {
                let near = crate::fleet::words::nearest(answer, KNOWN);
                let near = near.map(|near| format!("; did you mean {near}?")).unwrap_or_default();
                Verdict::Bad(format!("it is no region of AWS{near}"))
            }
            good => good,
        }
    },
    current: |project, _| project.aws.region.as_ref().map(|region| region.value.clone()),
    edits: |_, _, answer| vec![(path(&["region"]), Wanted::Text(answer.into()))],
    ..PLAIN
};

pub(super) const DEPLOYMENT: Question = Question {
    id: "deployment",
    title: "deployment",
    ask: "What is this deployment called?",
    why: "All its servers carry the name as a tag. A second one, for another customer, can be added later.",
    default: |ground, _| Some(ground.get("project").replace('_', "-")),
    check: |_, _, answer| {
        let fits = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if answer.len() <= 40 && answer.chars().all(fits) {
            Verdict::fine()
        } else {
            Verdict::Bad("letters, digits, - and _, at most 40".into())
        }
    },
    when: |ground, _| ground.facts.config.is_none(),
    current: |project, _| Some(project.topology(None).ok()?.deployment.to_string()),
    ..PLAIN
};

pub(super) const PREFIX: Question = Question {
    id: "prefix",
    title: "names begin with",
    ask: "What do names in AWS begin with?",
    why: "Load balancers, groups, security groups and key pairs of one account must not be called alike.",
    when: |ground, _| ground.facts.config.is_none(),
    default: |ground, _| Some(format!("{}-", ground.get("deployment").replace('_', "-"))),
    check: |ground, _, answer| {
        let plain = answer.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') && !answer.starts_with('-');
        let environments = ground.environments();
        let longest = environments.iter().map(String::len).max().unwrap_or(0) + answer.len() + "-lb".len();
        if !plain {
            Verdict::Bad("letters, digits and dashes, a letter first".into())
        } else if longest > 32 {
            Verdict::Bad(format!("a load balancer's name would have {longest} characters; 32 are possible"))
        } else {
            Verdict::Good(format!("as in {answer}{}-lb", environments.last().map_or("", String::as_str)))
        }
    },
    current: |project, _| Some(project.instances.key_prefix.clone()),
    ..PLAIN
};

pub(super) const ZONES: Question = Question {
    id: "zones",
    title: "zones",
    kind: Kind::Words,
    wants_offers: true,
    ask: "In which zones of the region?",
    why: "Two or more: when one of AWS's buildings fails, the others still answer. Letters will do: a, b.",
    default: |ground, _| {
        let letter = |zone: &crate::fleet::Zone| {
            let region = ground.get("region");
            let name = zone.as_str();
            name.strip_prefix(&region).filter(|rest| rest.len() == 1).unwrap_or(name).to_owned()
        };
        let zones =
            ground.offered().map(|offers| offers.zones.iter().take(2).map(letter).collect::<Vec<_>>());
        let zones = zones.filter(|zones| !zones.is_empty());
        Some(zones.map_or_else(|| "a, b".to_owned(), |zones| zones.join(", ")))
    },
    check: |ground, _, answer| {
        let region = ground.get("region");
        let full: Vec<String> = words(answer).iter().map(|zone| ground.zone(zone)).collect();
        let shaped = |zone: &&String| {
            let letter = zone.strip_prefix(&region).unwrap_or_default();
            letter.len() == 1 && letter.starts_with(|c: char| c.is_ascii_lowercase())
        };
        if let Some(bad) = full.iter().find(|zone| !shaped(zone)) {
            return Verdict::Bad(format!("`{bad}` is no zone of {region}: write its letter"));
        }
        let Some(offers) = ground.offered() else { return unsure(ground) };
        if let Some(bad) = full.iter().find(|zone| offers.zones.iter().all(|one| one.as_str() != **zone)) {
            let there: Vec<&str> = offers.zones.iter().map(crate::fleet::Zone::as_str).collect();
            return Verdict::Bad(format!("this account has no {bad}; there are {}", there.join(", ")));
        }
        if full.len() == 1 {
            return Verdict::Doubt(
                "with one zone the site stops when that fails. enter once more keeps it".into(),
            );
        }
        Verdict::Good("they are there".into())
    },
    current: |project, _| {
        let zones: Vec<&str> = project.aws.avail_zones.iter().map(|zone| zone.as_str()).collect();
        Some(zones.join(", "))
    },
    edits: |_, _, answer| vec![(path(&["avail_zones"]), Wanted::List(words(answer)))],
    ..PLAIN
};

/// Whether servers go into another network than the default one, as far as that is known.
fn own_network(ground: &Ground<'_>) -> bool {
    let vpc = ground.get("vpc");
    let Some(offers) = ground.offered() else {
        return ground.facts.config.as_ref().is_some_and(|(_, project)| project.aws.subnets.is_some());
    };
    offers.vpcs.iter().any(|one| one.id == vpc && !one.is_default)
}

pub(super) const VPC: Question = Question {
    id: "vpc",
    title: "network",
    kind: Kind::Choice,
    ask: "In which network (VPC)?",
    why: "The default one needs nothing more. In another one each zone needs a subnet.",
    when: |ground, _| {
        let choice = |offers: &crate::fleet::RegionOffers| {
            offers.vpcs.len() > 1 || offers.vpcs.iter().any(|one| !one.is_default)
        };
        ground.offered().is_some_and(choice)
    },
    default: |ground, _| {
        let offers = ground.offered()?;
        let used = ground.facts.config.as_ref().and_then(|(_, project)| {
            let (_, subnet) = project.aws.subnets.as_ref()?.value.first()?;
            offers.subnets.iter().find(|one| one.id == subnet.value)
        });
        used.map(|subnet| subnet.vpc.clone()).or_else(|| Some(offers.vpcs.first()?.id.clone()))
    },
    offers: |ground, _| {
        let vpcs = ground.offered().map(|offers| offers.vpcs.as_slice()).unwrap_or_default();
        let what = |one: &crate::fleet::VpcOffer| {
            let default = if one.is_default { ", the default one" } else { "" };
            format!("{}{default}", [one.name.as_str(), one.cidr.as_str()].join(" ").trim())
        };
        vpcs.iter().map(|one| Offer::new(&one.id, what(one))).collect()
    },
    ..PLAIN
};

pub(super) const SUBNET: Question = Question {
    id: "subnet",
    title: "subnet of",
    each: Each::Zone,
    ask: "Which subnet do servers in zone {} go into?",
    why: "It decides who can reach them: the load balancer must, and they must reach the packages' mirrors.",
    when: |ground, _| own_network(ground),
    default: |ground, item| {
        let zone = ground.zone(item);
        ground.offered()?.subnet(&ground.get("vpc"), &zone).map(|subnet| subnet.id.clone())
    },
    offers: |ground, item| {
        let (zone, vpc) = (ground.zone(item), ground.get("vpc"));
        let subnets = ground.offered().map(|offers| offers.subnets.as_slice()).unwrap_or_default();
        let here = subnets.iter().filter(|one| one.vpc == vpc && one.zone.as_str() == zone);
        let what = |one: &crate::fleet::SubnetOffer| {
            let kind = if one.public { "public" } else { "private" };
            format!("{}, {kind}", named(&one.id, &one.name))
        };
        here.map(|one| Offer::new(&one.id, what(one))).collect()
    },
    check: |ground, item, answer| {
        if !answer.starts_with("subnet-") {
            return Verdict::Bad("ids of subnets begin with subnet-".into());
        }
        let Some(offers) = ground.offered() else { return unsure(ground) };
        let zone = ground.zone(item);
        match offers.subnets.iter().find(|one| one.id == answer) {
            None => Verdict::Bad("this account has no such subnet in this region".into()),
            Some(one) if one.zone.as_str() != zone => {
                Verdict::Bad(format!("it is in {}, not in {zone}", one.zone))
            }
            Some(one) => Verdict::Good(format!("it is in {zone}, {}", named(&one.vpc, &one.name))),
        }
    },
    current: |project, item| project.subnet(item).map(str::to_owned),
    edits: |ground, item, answer| {
        // The key that is there, letter or whole name (R22).
        let there = ground.facts.config.as_ref().and_then(|(_, project)| {
            let rows = &project.aws.subnets.as_ref()?.value;
            let full = project.zone_in_full(item);
            rows.iter().find(|(key, _)| project.zone_in_full(key) == full).map(|(key, _)| key.value.clone())
        });
        vec![(path(&["subnets", there.as_deref().unwrap_or(item)]), Wanted::Text(answer.into()))]
    },
    ..PLAIN
};

pub(super) const IMAGE: Question = Question {
    id: "image",
    title: "image",
    optional: true,
    wants_offers: true,
    ask: "Which image do new servers begin with?",
    why: "An Ubuntu server image as its makers publish it, for Intel and AMD; everything else is put on it.",
    default: |ground, _| ground.offered()?.images.first().map(|image| image.id.clone()),
    offers: |ground, _| {
        let images = ground.offered().map(|offers| offers.images.as_slice()).unwrap_or_default();
        let what = |one: &crate::fleet::ImageOffer| {
            let date = one.name.rsplit('-').next().unwrap_or_default();
            format!("Ubuntu {}, of {date}", one.release)
        };
        images.iter().map(|one| Offer::new(&one.id, what(one))).collect()
    },
    check: |ground, _, answer| {
        if answer.is_empty() {
            return Verdict::Unsure("left open: no server can be made before `ami` names one".into());
        }
        let id = answer.strip_prefix("ami-").unwrap_or_default();
        if !matches!(id.len(), 8 | 17) || !id.chars().all(|c| c.is_ascii_hexdigit()) {
            return Verdict::Bad("ids of images look like ami-0123456789abcdef0".into());
        }
        let Some(offers) = ground.offered() else { return unsure(ground) };
        match offers.images.iter().find(|one| one.id == answer) {
            Some(one) => Verdict::Good(format!("Ubuntu {}, {}", one.release, one.name)),
            None => Verdict::Unsure("it is none of the newest Ubuntu images of this region".into()),
        }
    },
    current: |project, _| project.instances.ami.clone(),
    edits: |_, _, answer| {
        let edit = (path(&["instance_settings", "ami"]), Wanted::Text(answer.into()));
        if answer.is_empty() { Vec::new() } else { vec![edit] }
    },
    ..PLAIN
};

pub(super) const ADDRESS: Question = Question {
    id: "address",
    title: "ssh goes to",
    kind: Kind::Choice,
    ask: "By which address are servers reached with ssh?",
    why: "Public from anywhere; private through a VPN or a jump host of ~/.ssh/config.",
    default: |_, _| Some("public_dns_name".into()),
    offers: |_, _| {
        vec![
            Offer::new("public_dns_name", "over the internet"),
            Offer::new("private_ip_address", "through a VPN or a jump host"),
        ]
    },
    current: |project, _| project.aws.ec2_attr_for_ssh.as_ref().map(|word| word.value.clone()),
    edits: |_, _, answer| vec![(path(&["ec2_attr_for_ssh"]), Wanted::Text(answer.into()))],
    ..PLAIN
};
