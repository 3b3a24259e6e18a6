//! Rules on what is not there.

use super::super::mapping::Mapping;
use super::super::people;
use super::super::problem::{Position, ProblemSeverity, Problems};
use super::Context;
use super::names::row_at;

/// Keys nothing can do without, and those that only some operations need.
const KEYS: &[(&str, ProblemSeverity)] = &[
    ("project", ProblemSeverity::Error),
    ("environments", ProblemSeverity::Error),
    ("deployments", ProblemSeverity::Error),
    ("valid_roles", ProblemSeverity::Error),
    ("region", ProblemSeverity::Error),
    ("avail_zones", ProblemSeverity::Error),
    ("deploy_user", ProblemSeverity::Warning),
    ("webserver_user", ProblemSeverity::Warning),
    ("database_user", ProblemSeverity::Warning),
    ("home", ProblemSeverity::Warning),
    ("repo", ProblemSeverity::Warning),
    ("wsgi_app", ProblemSeverity::Warning),
    ("requirements_file", ProblemSeverity::Warning),
    ("localsettings_template", ProblemSeverity::Warning),
    ("ssh_keys", ProblemSeverity::Warning),
];

pub fn keys(context: &Context<'_>, out: &mut Problems) {
    let tree = &context.project.tree;
    for (key, severity) in KEYS {
        let entry = tree.entry(key);
        let empty = entry.is_some_and(|entry| {
            entry.value.is_null()
                || entry.value.items().is_some_and(<[_]>::is_empty)
                || entry.value.scalar().is_some_and(|scalar| scalar.text.trim().is_empty())
        });
        match entry {
            Some(entry) if empty => out.add(*severity, entry.at, &format!("`{key}` is empty"), None),
            Some(_) => {}
            None => out.add(*severity, Position::START, &format!("`{key}` is missing"), None),
        }
    }
}

pub fn by_role(context: &Context<'_>, out: &mut Problems) {
    let aws = &context.project.aws;
    let (error, warning) = (ProblemSeverity::Error, ProblemSeverity::Warning);
    each_role(context, ("instance_types", "instance type"), &aws.instance_types, error, |_| true, out);
    each_role(context, ("volume_sizes", "volume size"), &aws.volume_sizes, error, |_| true, out);
    each_role(
        context,
        ("security_groups", "security group"),
        &aws.security_groups,
        error,
        |g| !g.is_empty(),
        out,
    );
    each_role(context, ("volume_types", "volume type"), &aws.volume_types, warning, |_| true, out);
}

/// The noun with its article.
fn one(noun: &str) -> String {
    let vowel = noun.starts_with(['a', 'e', 'i', 'o', 'A', 'E', 'I', 'O']);
    format!("{} {noun}", if vowel { "an" } else { "a" })
}

fn each_role<T>(
    context: &Context<'_>,
    (key, noun): (&str, &str),
    mapping: &Mapping<T>,
    severity: ProblemSeverity,
    good: fn(&T) -> bool,
    out: &mut Problems,
) {
    let places = &context.project.places;
    if places.valid_roles.is_empty() || places.environments.is_empty() {
        return;
    }
    let Some(_) = mapping.at else {
        out.add(
            severity,
            context.project.at(key),
            &format!("no `{key}`, so no role has {}", one(noun)),
            None,
        );
        return;
    };
    let at = context.project.at(key);
    for role in &places.valid_roles {
        let without: Vec<&str> = places
            .environments
            .iter()
            .map(|environment| environment.as_str())
            .filter(|environment| !mapping.find(environment, role).is_some_and(good))
            .collect();
        if without.len() == places.environments.len() {
            out.add(
                severity,
                at,
                &format!("the role `{}` has no {noun} in any environment", role.value),
                None,
            );
            continue;
        }
        for environment in without {
            let what = format!("the role `{}` has no {noun} in `{environment}`", role.value);
            out.add(severity, row_at(mapping, environment, at), &what, None);
        }
    }
}

pub fn by_deployment(context: &Context<'_>, out: &mut Problems) {
    let (places, aws) = (&context.project.places, &context.project.aws);
    each_place(context, ("branches", "branch"), &places.branches, |_| true, out);
    if places.valid_roles.iter().all(|role| role.value != "web") {
        return; // nothing stands behind a load balancer
    }
    each_place(
        context,
        ("load_balancers", "load balancer"),
        &aws.load_balancers,
        |names| !names.is_empty(),
        out,
    );
    each_place(
        context,
        ("auto_scaling_groups", "Auto Scaling group"),
        &aws.auto_scaling_groups,
        |_| true,
        out,
    );
}

fn each_place<T>(
    context: &Context<'_>,
    (key, noun): (&str, &str),
    mapping: &Mapping<T>,
    good: fn(&T) -> bool,
    out: &mut Problems,
) {
    let places = &context.project.places;
    let at = context.project.at(key);
    if mapping.at.is_none() {
        if !places.environments.is_empty() {
            out.error(at, format!("no `{key}`, so no environment has {}", one(noun)));
        }
        return;
    }
    for deployment in &places.deployments {
        for environment in &places.environments {
            if mapping.find(deployment, environment).is_some_and(good) {
                continue;
            }
            let of = if places.deployments.len() > 1 {
                format!(" in `{}`", deployment.value)
            } else {
                String::new()
            };
            let what = format!("the environment `{}` has no {noun}{of}", environment.value);
            out.error(row_at(mapping, deployment, at), what);
        }
    }
}

pub fn by_environment(context: &Context<'_>, out: &mut Problems) {
    let project = context.project;
    for environment in &project.places.environments {
        let name = &environment.value;
        if project.site_domains(name).is_none_or(<[_]>::is_empty) {
            let at = project.tree.entry("site_domains_map").map_or(environment.at, |entry| entry.at);
            out.error(at, format!("the environment `{name}` has no site domain"));
        }
        if !project.servers.server_ports.iter().any(|(key, _)| key.value == *name) {
            let at = project.tree.entry("server_ports").map_or(environment.at, |entry| entry.at);
            out.error(at, format!("the environment `{name}` has no server port"));
        }
    }
}

pub fn files(context: &Context<'_>, out: &mut Problems) {
    let names = &context.project.names;
    let html = context.project.tree.get("static_html");
    let files = [
        ("localsettings_template", &names.localsettings_template),
        ("ssh_keys", &names.ssh_keys),
        ("upgrade_message", &names.upgrade_message),
        ("healthcheck_override", &names.healthcheck_override),
    ];
    for (key, path) in files {
        let Some(path) = path else { continue };
        if std::fs::symlink_metadata(context.dir.join(path)).is_ok() {
            continue;
        }
        let entry = context.project.tree.entry(key).or_else(|| html?.entry(key));
        let at = entry.map_or(Position::START, |entry| entry.value.at);
        out.note(at, format!("`{key}` names `{path}`, which is not beside the config"));
    }
}

/// What is no public key would let nobody in, and a private one is everybody's from then on.
pub fn keys_of_people(context: &Context<'_>, out: &mut Problems) {
    let Some(keys) = context.project.names.ssh_keys.as_deref() else { return };
    let dir = context.dir.join(keys);
    // The project's own directory has other files in it.
    if !dir.is_dir() || keys.trim_end_matches('/') == "." {
        return;
    }
    if let Err(why) = people::load(&dir) {
        let at = context.project.tree.entry("ssh_keys").map_or(Position::START, |entry| entry.value.at);
        out.error(at, why);
    }
}
