//! Questions about the servers: which there are, and how large they are.

use super::path;
use crate::config::Project;
use crate::config::edit::Wanted;
use crate::fleet::Role;
use crate::setup::price;
use crate::setup::question::{Each, Kind, Offer, PLAIN, Question, Verdict};

fn yes_or_no(yes: &str, no: &str) -> Vec<Offer> {
    vec![Offer::new("yes", yes), Offer::new("no", no)]
}

pub(super) const REPLICA: Question = Question {
    id: "replica",
    title: "replica",
    kind: Kind::Choice,
    ask: "Is there to be a replica of the database?",
    why: "It follows the primary within seconds, takes reads, and takes over when the primary is lost.",
    default: |_, _| Some("yes".into()),
    offers: |_, _| {
        yes_or_no("one server more, and no data lost with the primary", "cheaper; only snapshots and dumps")
    },
    current: |project, _| {
        let replica = |role: &str| Role::parse(role) == Role::DbReplica;
        let known = project.places.valid_roles.iter().any(|role| replica(role.as_str()));
        (!project.places.valid_roles.is_empty()).then(|| if known { "yes" } else { "no" }.to_owned())
    },
    edits: |ground, _, _| {
        let mut roles = ground.roles();
        roles.sort();
        vec![(path(&["valid_roles"]), Wanted::List(roles))]
    },
    ..PLAIN
};

/// The environment whose sizes are asked for: the first that is production, else the first.
fn measure(project: &Project) -> Option<&str> {
    let mut all = project.places.environments.iter().map(|name| name.as_str());
    all.clone().find(|name| project.is_production(name)).or_else(|| all.next())
}

pub(super) const SIZE: Question = Question {
    id: "size",
    title: "size of",
    each: Each::Role,
    ask: "How large are the {} servers of production?",
    why: "Sizes can be changed later. $ is under $40 a month, $$ under $130; approximate, on demand, without disks.",
    default: |_, item| Some(price::offered(item).first()?.to_string()),
    offers: |_, item| {
        let offered = price::offered(item).iter();
        offered.map(|kind| Offer::new(*kind, price::words(kind).unwrap_or_default())).collect()
    },
    check: |_, _, answer| {
        let Some((family, size)) = answer.split_once('.') else {
            return Verdict::Bad("types look like t3.medium".into());
        };
        let plain = |text: &str| {
            !text.is_empty() && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
        };
        if !plain(family) || !plain(size) {
            return Verdict::Bad("types look like t3.medium".into());
        }
        // The letters after the generation say what the processor is: g is Graviton.
        let kind: String = family.chars().skip_while(|c| !c.is_ascii_digit()).collect();
        if kind.contains('g') {
            return Verdict::Bad(format!(
                "{family} are ARM servers, and the images here are for Intel and AMD"
            ));
        }
        match price::words(answer) {
            Some(words) => Verdict::Good(words),
            None => Verdict::Unsure("its price is not known here".into()),
        }
    },
    current: |project, item| {
        let environment = measure(project)?;
        project.aws.instance_types.find(environment, item).map(|kind| kind.value.clone())
    },
    edits: |ground, item, answer| {
        let environments = ground.environments();
        let production = environments.iter().filter(|name| ground.is_production(name));
        let edit = |name: &String| (path(&["instance_types", name, item]), Wanted::Text(answer.to_owned()));
        production.map(edit).collect()
    },
    ..PLAIN
};

pub(super) const OTHERS: Question = Question {
    id: "others",
    title: "other sizes",
    kind: Kind::Choice,
    ask: "How large are the servers of the other environments?",
    why: "Small ones will do where few people look; the same sizes show how production will behave.",
    when: |ground, _| {
        let other = ground.environments().iter().any(|name| !ground.is_production(name));
        ground.facts.config.is_none() && other
    },
    default: |_, _| Some("small".into()),
    offers: |_, _| {
        vec![
            Offer::new("small", "t3.small, databases t3.medium: about $90–150 a month in all"),
            Offer::new("same", "as in production"),
        ]
    },
    ..PLAIN
};

pub(super) const DISK: Question = Question {
    id: "disk",
    title: "database disk",
    ask: "How many GB of disk do production's databases get?",
    why: "For data, indexes and room to work; it can grow later, never shrink. About $8 a month per 100 GB.",
    default: |_, _| Some("100".into()),
    check: |_, _, answer| match answer.parse::<u32>() {
        Ok(10..=16_384) => Verdict::fine(),
        _ => Verdict::Bad("a number of GB from 10 to 16384 is wanted".into()),
    },
    current: |project, _| {
        let environment = measure(project)?;
        project.aws.volume_sizes.find(environment, "db-primary").map(ToString::to_string)
    },
    edits: |ground, _, answer| {
        let environments = ground.environments();
        let mut edits = Vec::new();
        for name in environments.iter().filter(|name| ground.is_production(name)) {
            for role in ground.roles().iter().filter(|role| role.starts_with("db-")) {
                edits.push((path(&["volume_sizes", name, role]), Wanted::Plain(answer.to_owned())));
            }
        }
        edits
    },
    ..PLAIN
};

pub(super) const STATIC: Question = Question {
    id: "static",
    title: "static files",
    kind: Kind::Choice,
    ask: "Where are static files served from?",
    why: "local: Nginx on each web server. remote: the project uploads them itself, to S3 for example.",
    default: |_, _| Some("local".into()),
    offers: |_, _| {
        vec![Offer::new("local", "by Nginx; nothing more to set up"), Offer::new("remote", "by S3 or a CDN")]
    },
    current: |project, _| project.servers.static_hosting.as_ref().map(|word| word.value.clone()),
    edits: |_, _, answer| vec![(path(&["static_hosting"]), Wanted::Text(answer.into()))],
    ..PLAIN
};
