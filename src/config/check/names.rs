//! Rules on names: whether what is named exists, and what was probably meant.

use super::super::mapping::{Cell, Mapping};
use super::super::problem::{Position, ProblemSeverity, Problems};
use super::super::section::At;
use super::Context;
use crate::fleet::Role;
use crate::fleet::words::nearest;

/// Roles FabulAWS can build, with the old names of the database roles.
const ROLES: [&str; 8] =
    ["cache", "combo", "db-master", "db-primary", "db-replica", "db-slave", "web", "worker"];

pub fn listed_twice(context: &Context<'_>, out: &mut Problems) {
    let places = &context.project.places;
    let lists = [
        ("deployments", &places.deployments),
        ("environments", &places.environments),
        ("valid_roles", &places.valid_roles),
    ];
    for (key, names) in lists {
        for (n, name) in names.iter().enumerate() {
            if let Some(first) = names[..n].iter().find(|first| first.value == name.value) {
                let what = format!("`{}` is listed twice in `{key}`, first at {}", name.value, first.at);
                out.warning(name.at, what);
            }
        }
    }
}

pub fn roles(context: &Context<'_>, out: &mut Problems) {
    for role in &context.project.places.valid_roles {
        if !ROLES.contains(&role.as_str()) {
            let what = format!("`{}` is no role; there are {}", role.value, ROLES.join(", "));
            out.add(ProblemSeverity::Error, role.at, &what, nearest(role, ROLES).map(str::to_owned));
        }
    }
}

pub fn default_deployment(context: &Context<'_>, out: &mut Problems) {
    let places = &context.project.places;
    if let Some(name) = &places.default_deployment
        && !places.deployments.is_empty()
    {
        let known = words(&places.deployments);
        one(name, &known, "default_deployment", "deployment", ProblemSeverity::Error, out);
    }
}

pub fn production_environments(context: &Context<'_>, out: &mut Problems) {
    let places = &context.project.places;
    let known = words(&places.environments);
    if known.is_empty() {
        return;
    }
    for name in places.production_environments.iter().flatten() {
        if known.contains(&name.as_str()) {
            continue;
        }
        let right = nearest(name, known.iter().copied());
        let effect = match right {
            Some(right) => format!("until that is mended, `{right}` is treated as production"),
            None => "it protects nothing".to_owned(),
        };
        let what =
            format!("`production_environments` names `{}`, which is no environment; {effect}", name.value);
        out.add(ProblemSeverity::Error, name.at, &what, right.map(str::to_owned));
    }
    if places.production_environments.is_none() && !known.contains(&"production") {
        let what = "no `production_environments` and no environment `production`: nothing is protected as production";
        out.warning(context.project.at("environments"), what);
    }
}

pub fn by_environment(context: &Context<'_>, out: &mut Problems) {
    let project = context.project;
    let known = words(&project.places.environments);
    let servers = &project.servers;
    let mut keys: Vec<(&str, &At<String>)> = Vec::new();
    keys.extend(project.places.site_domains_map.iter().map(|(name, _)| ("site_domains_map", name)));
    keys.extend(servers.server_ports.iter().map(|(name, _)| ("server_ports", name)));
    keys.extend(servers.use_basic_auth.iter().map(|(name, _)| ("use_basic_auth", name)));
    for (key, name) in keys {
        leftover(name, &known, key, "environment", out);
    }
}

pub fn by_deployment(context: &Context<'_>, out: &mut Problems) {
    let (places, aws) = (&context.project.places, &context.project.aws);
    two_levels("branches", &places.branches, context, out);
    two_levels("load_balancers", &aws.load_balancers, context, out);
    two_levels("auto_scaling_groups", &aws.auto_scaling_groups, context, out);
    two_levels("cloudfront_distribution_ids", &aws.cloudfront_distribution_ids, context, out);
}

fn two_levels<T>(key: &str, mapping: &Mapping<T>, context: &Context<'_>, out: &mut Problems) {
    let places = &context.project.places;
    let (deployments, environments) = (words(&places.deployments), words(&places.environments));
    for (row, cell) in &mapping.rows {
        match cell {
            Cell::Each(cells) => {
                leftover(row, &deployments, key, "deployment", out);
                for (name, _) in cells {
                    leftover(name, &environments, key, "environment", out);
                }
            }
            Cell::One(_) => {
                let known: Vec<&str> = deployments.iter().chain(&environments).copied().collect();
                leftover(row, &known, key, "deployment or environment", out);
            }
        }
    }
}

pub fn by_environment_and_role(context: &Context<'_>, out: &mut Problems) {
    let aws = &context.project.aws;
    role_levels("security_groups", &aws.security_groups, context, out);
    role_levels("instance_types", &aws.instance_types, context, out);
    role_levels("volume_sizes", &aws.volume_sizes, context, out);
    role_levels("volume_types", &aws.volume_types, context, out);
}

fn role_levels<T>(key: &str, mapping: &Mapping<T>, context: &Context<'_>, out: &mut Problems) {
    let places = &context.project.places;
    let (environments, roles) = (words(&places.environments), words(&places.valid_roles));
    for (row, cell) in &mapping.rows {
        match cell {
            Cell::Each(cells) => {
                leftover(row, &environments, key, "environment", out);
                for (name, _) in cells {
                    role(name, &roles, &[], key, out);
                }
            }
            Cell::One(_) if environments.contains(&row.as_str()) => {}
            Cell::One(_) => role(row, &roles, &environments, key, out),
        }
    }
}

/// A role in a mapping; `also` are environments that may stand in its place.
fn role(name: &At<String>, roles: &[&str], also: &[&str], key: &str, out: &mut Problems) {
    if roles.iter().any(|role| Role::parse(role) == Role::parse(name)) || roles.is_empty() {
        return;
    }
    if ROLES.contains(&name.as_str()) {
        out.note(name.at, format!("`{key}` names the role `{}`, which is not in `valid_roles`", name.value));
        return;
    }
    let known: Vec<&str> = roles.iter().chain(also).copied().collect();
    one(
        name,
        &known,
        key,
        if also.is_empty() { "role" } else { "environment or role" },
        ProblemSeverity::Error,
        out,
    );
}

/// A name that should be one of `known`: an error when it looks misspelt, otherwise perhaps left over.
fn leftover(name: &At<String>, known: &[&str], key: &str, kind: &str, out: &mut Problems) {
    if known.is_empty() || known.contains(&name.as_str()) {
        return;
    }
    let misspelt = !out.is_full() && nearest(name, known.iter().copied()).is_some();
    one(
        name,
        known,
        key,
        kind,
        if misspelt { ProblemSeverity::Error } else { ProblemSeverity::Warning },
        out,
    );
}

fn one(
    name: &At<String>,
    known: &[&str],
    key: &str,
    kind: &str,
    severity: ProblemSeverity,
    out: &mut Problems,
) {
    if known.contains(&name.as_str()) {
        return;
    }
    let listed = if known.len() <= 8 { format!("; there are {}", known.join(", ")) } else { String::new() };
    let what = format!("`{key}` names `{}`, which is no {kind}{listed}", name.value);
    let right = if out.is_full() { None } else { nearest(name, known.iter().copied()).map(str::to_owned) };
    out.add(severity, name.at, &what, right);
}

fn words(names: &[At<String>]) -> Vec<&str> {
    names.iter().map(|name| name.as_str()).collect()
}

/// Where a row of a mapping stands, or the mapping itself.
pub fn row_at<T>(mapping: &Mapping<T>, row: &str, otherwise: Position) -> Position {
    mapping.rows.iter().find(|(name, _)| name.value == row).map_or(otherwise, |(name, _)| name.at)
}
