//! Questions about environments: which there are, and what each of them shows to whom.

use super::path;
use crate::config::Project;
use crate::config::edit::Wanted;
use crate::setup::event::{Found, Probe};
use crate::setup::ground::{Ground, words};
use crate::setup::judge::{self, plain_name};
use crate::setup::price;
use crate::setup::question::{Each, Edits, Kind, Offer, PLAIN, Question, Verdict};

fn joined<'a>(names: impl IntoIterator<Item = &'a str>) -> String {
    names.into_iter().collect::<Vec<_>>().join(", ")
}

pub(super) const ENVIRONMENTS: Question = Question {
    id: "environments",
    title: "environments",
    kind: Kind::Words,
    ask: "Which environments are there to be?",
    why: "Each has servers, databases and a load balancer of its own. Most begin with two; one will do.",
    default: |_, _| Some("staging, production".into()),
    offers: |_, _| {
        vec![
            Offer::new("staging, production", "one to try, one for everybody"),
            Offer::new("testing, staging, production", "one more, for developers"),
            Offer::new("production", "only the real thing"),
        ]
    },
    check: |_, _, answer| {
        let names = words(answer);
        if let Some(bad) = names.iter().find(|name| !plain_name(name)) {
            return Verdict::Bad(format!(
                "`{bad}` cannot be one: small letters, digits and -, a letter first, at most 20"
            ));
        }
        if names.len() > 8 {
            return Verdict::Bad("eight at most are set up here; more can be added in the config".into());
        }
        Verdict::fine()
    },
    current: |project, _| Some(joined(project.places.environments.iter().map(|name| name.as_str()))),
    edits: |ground, _, answer| {
        let mut edits = vec![(path(&["environments"]), Wanted::List(words(answer)))];
        if let Some((_, project)) = &ground.facts.config {
            for name in words(answer) {
                edits.extend(new_environment(ground, project, &name));
            }
        }
        edits
    },
    ..PLAIN
};

/// What a config that there is lacks of an environment, the answers of other questions apart.
fn new_environment(ground: &Ground<'_>, project: &Project, name: &str) -> Edits {
    let deployment = ground.get("deployment");
    let mut edits = Edits::new();
    let aws = &project.aws;
    if !project.servers.server_ports.iter().any(|(key, _)| key.value == name) {
        let port = ground.port(name).to_string();
        edits.push((path(&["server_ports", name]), Wanted::Plain(port)));
    }
    if aws.load_balancers.find(&deployment, name).is_none() {
        let names = vec![ground.aws_name(name, "lb")];
        edits.push((path(&["load_balancers", &deployment, name]), Wanted::List(names)));
    }
    if aws.auto_scaling_groups.find(&deployment, name).is_none() {
        let group = ground.aws_name(name, "ag");
        edits.push((path(&["auto_scaling_groups", &deployment, name]), Wanted::Text(group)));
    }
    for role in ground.roles() {
        if aws.instance_types.find(name, &role).is_none() {
            let kind = price::small(&role).to_owned();
            edits.push((path(&["instance_types", name, &role]), Wanted::Text(kind)));
        }
    }
    edits
}

pub(super) const PRODUCTION: Question = Question {
    id: "production_environments",
    title: "production",
    kind: Kind::Words,
    ask: "Which of them are production?",
    why: "Nothing is changed there unless the environment's name is typed, and every screen shows it.",
    default: |ground, _| {
        let environments = ground.environments();
        let real = |name: &&String| ["prod", "live"].iter().any(|word| name.contains(word));
        Some(joined(environments.iter().filter(real).map(String::as_str)))
    },
    optional: true,
    check: |ground, _, answer| {
        let known = ground.environments();
        let known: Vec<&str> = known.iter().map(String::as_str).collect();
        let wrong = words(answer).into_iter().find(|name| !known.contains(&name.as_str()));
        match wrong {
            Some(name) => judge::among(&name, &known),
            None if answer.is_empty() => {
                Verdict::Doubt("then none is protected. enter once more keeps it".into())
            }
            None => Verdict::fine(),
        }
    },
    current: |project, _| {
        let known = project.places.environments.iter().map(|name| name.as_str());
        Some(joined(known.filter(|name| project.is_production(name))))
    },
    edits: |_, _, answer| vec![(path(&["production_environments"]), Wanted::List(words(answer)))],
    ..PLAIN
};

pub(super) const BRANCH: Question = Question {
    id: "branch",
    title: "branch of",
    each: Each::Environment,
    ask: "Which branch is deployed to {}?",
    why: "Deploys take its newest changeset, unless they are told another one.",
    default: |ground, item| {
        let known = ground.facts.branches.get(&ground.get("repo"));
        let head = known.and_then(|branches| branches.head.clone()).unwrap_or_else(|| "main".into());
        let next = ["develop", "dev", "staging"];
        let names = known.map(|branches| branches.names.as_slice()).unwrap_or_default();
        let other = next.into_iter().find(|name| names.iter().any(|known| known == name));
        match other {
            Some(name) if !ground.is_production(item) => Some(name.to_owned()),
            _ => Some(head),
        }
    },
    offers: |ground, _| {
        let known = ground.facts.branches.get(&ground.get("repo"));
        let names = known.map(|branches| branches.names.as_slice()).unwrap_or_default();
        names.iter().take(12).map(|name| Offer::new(name, "is there")).collect()
    },
    check: |ground, _, answer| {
        if answer.contains(char::is_whitespace) || answer.starts_with('-') {
            return Verdict::Bad("a branch has no blanks and begins with no dash".into());
        }
        match ground.facts.branches.get(&ground.get("repo")) {
            Some(branches) if branches.names.iter().any(|name| name == answer) => {
                Verdict::Good("the repository has it".into())
            }
            Some(_) => Verdict::Doubt("the repository has no such branch. enter once more keeps it".into()),
            None => Verdict::Unsure("not known: the repository was not read".into()),
        }
    },
    current: |project, item| {
        let deployment = project.topology(None).ok()?.deployment.to_string();
        project.places.branches.find(&deployment, item).map(|branch| branch.value.clone())
    },
    edits: |ground, item, answer| {
        let deployment = ground.get("deployment");
        vec![(path(&["branches", &deployment, item]), Wanted::Text(answer.into()))]
    },
    ..PLAIN
};

pub(super) const DOMAINS: Question = Question {
    id: "domains",
    title: "domains of",
    each: Each::Environment,
    kind: Kind::Words,
    ask: "Under which domains is {} reached?",
    why: "The first one names the site; Nginx and Django answer for all of them, and for no other.",
    default: |ground, item| {
        let others = ground.environments();
        let other = others.iter().filter(|name| *name != item).find_map(|name| {
            let given = ground.answers.get(&format!("domains:{name}"))?;
            words(given).first().cloned()
        })?;
        let (_, base) = other.split_once('.').filter(|(_, base)| base.contains('.'))?;
        Some(format!("{}.{base}", if ground.is_production(item) { "www" } else { item }))
    },
    check: |_, _, answer| {
        let domains = words(answer);
        if let Some(first) = domains.first()
            && first.starts_with('.')
        {
            return Verdict::Bad("the first one names the site, so it is no wildcard".into());
        }
        match domains.iter().find_map(|one| judge::domain(one).err()) {
            Some(why) => Verdict::Bad(why),
            None => Verdict::fine(),
        }
    },
    probe: |_, _, answer| words(answer).first().cloned().map(Probe::Domain),
    judge: |_, _, found| match found {
        Found::Domain(Ok(addresses)) if addresses.is_empty() => Verdict::Unsure(
            "it does not resolve yet: point it at the load balancer once that is there".into(),
        ),
        Found::Domain(Ok(addresses)) => Verdict::Good(format!("it resolves to {}", addresses.join(", "))),
        Found::Domain(Err(why)) => Verdict::Unsure(format!("not known whether it resolves: {why}")),
        _ => Verdict::fine(),
    },
    current: |project, item| Some(joined(project.site_domains(item)?.iter().map(|domain| domain.as_str()))),
    edits: |_, item, answer| vec![(path(&["site_domains_map", item]), Wanted::List(words(answer)))],
    ..PLAIN
};
