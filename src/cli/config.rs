//! `config show` and `config check`.

use std::io::Write;
use std::path::Path;

use serde::Serialize;

use super::args::Globals;
use super::columns::align;
use super::exit::{Exit, Stop};
use super::{console, target, text};
use crate::config;
use crate::console::keymap;
use crate::console::runtime::check_look;
use crate::console::theme::SHIPPED;
use crate::fleet::text::one_line;
use crate::fleet::{EnvironmentPlace, GroupName, LoadBalancerName, Topology};

/// The shape's version.
const VERSION: u32 = 1;

#[derive(Serialize)]
struct ShowJson<'a> {
    version: u32,
    deployment: &'a str,
    region: Option<&'a str>,
    environments: Vec<EnvironmentJson<'a>>,
}

#[derive(Serialize)]
struct EnvironmentJson<'a> {
    name: &'a str,
    production: bool,
    group: Option<&'a str>,
    load_balancers: Vec<&'a str>,
    domains: &'a [String],
}

/// Reports every problem of the project's config and hooks, of the console's preferences, and of the keymap and
/// theme they name. Notes alone are fine.
pub(crate) fn check(globals: &Globals, out: &mut dyn Write) -> Result<Exit, Stop> {
    let report = report(globals);
    if globals.json {
        text::write_json(out, &report)?;
    } else {
        write!(out, "{report}")?;
    }
    out.flush()?;
    Ok(if report.is_clean() { Exit::Done } else { Exit::Failed })
}

/// Every problem.
pub(crate) fn report(globals: &Globals) -> config::Report {
    let user_dir = config::user_dir();
    let names = |shipped: &[&str], kind: &str| {
        let own = user_dir.iter().flat_map(|dir| config::user_files(dir, kind));
        shipped.iter().map(|name| (*name).to_owned()).chain(own).collect()
    };
    let keymaps = names(&keymap::BUILTIN, "keymaps");
    let themes = names(&SHIPPED.map(|(name, _)| name), "themes");
    let known = config::preferences::Known { environments: Vec::new(), keymaps, themes };
    let mut report = config::check(&config::CheckOptions {
        config_file: globals.config.as_deref(),
        dir: Path::new("."),
        deployment: globals.deployment.as_deref(),
        user_dir: user_dir.as_deref(),
        keymaps: known.keymaps.clone(),
        themes: known.themes.clone(),
    });
    // The preferences as the report leaves them: a name that it rejects is not looked up once more.
    let places = console::places(globals);
    let dir = places.project_dir.clone().unwrap_or_default();
    let (preferences, _) = config::preferences::load_for(&dir, user_dir.as_deref(), &known);
    report.problems.extend(check_look(&places, &preferences));
    report
}

/// Prints how the config is understood, that is what should exist, and the preferences as a file would say them.
pub(crate) fn show(globals: &Globals, out: &mut dyn Write) -> Result<Exit, Stop> {
    let (project, _) = target::project(globals)?;
    let mut topology = target::topology(&project, globals)?;
    if let Some(region) = &globals.region {
        topology.region.clone_from(region);
    }
    if globals.json {
        text::write_json(out, &document(&topology))?;
    } else {
        for line in lines(&topology) {
            writeln!(out, "{line}")?;
        }
        let dir = config::project_dir(&project.file);
        let user_dir = config::user_dir();
        let read: Vec<String> = config::preferences::files(&dir, user_dir.as_deref())
            .iter()
            .filter(|file| file.exists())
            .map(|file| file.display().to_string())
            .collect();
        let from = if read.is_empty() { "the defaults".to_owned() } else { one_line(&read.join(", ")) };
        writeln!(out, "\n# preferences from {from}")?;
        write!(out, "{}", config::preferences::load(&dir, user_dir.as_deref()).0)?;
    }
    out.flush()?;
    Ok(Exit::Done)
}

/// Prints a commented `quarterdeck.toml`, ready to be changed.
pub(crate) fn show_defaults(out: &mut dyn Write) -> Result<Exit, Stop> {
    write!(out, "{}", config::preferences::default_text())?;
    out.flush()?;
    Ok(Exit::Done)
}

fn document(topology: &Topology) -> ShowJson<'_> {
    ShowJson {
        version: VERSION,
        deployment: topology.deployment.as_str(),
        region: Some(topology.region.as_str()).filter(|r| !r.is_empty()),
        environments: topology.environments.iter().map(environment).collect(),
    }
}

fn environment(place: &EnvironmentPlace) -> EnvironmentJson<'_> {
    let EnvironmentPlace { name, production, group, load_balancers, domains, .. } = place;
    EnvironmentJson {
        name: name.as_str(),
        production: *production,
        group: group.as_ref().map(GroupName::as_str),
        load_balancers: load_balancers.iter().map(LoadBalancerName::as_str).collect(),
        domains,
    }
}

fn lines(topology: &Topology) -> Vec<String> {
    let region = if topology.region.is_empty() { "of the AWS profile" } else { &topology.region };
    let mut lines =
        vec![format!("deployment  {}", topology.deployment), format!("region      {region}"), String::new()];
    let listed = |names: Vec<&str>| if names.is_empty() { "–".to_owned() } else { names.join(", ") };
    let rows: Vec<_> = topology
        .environments
        .iter()
        .map(|place| {
            [
                place.name.to_string(),
                if place.production { "yes" } else { "no" }.to_owned(),
                listed(place.group.iter().map(GroupName::as_str).collect()),
                listed(place.load_balancers.iter().map(LoadBalancerName::as_str).collect()),
                listed(place.domains.iter().map(String::as_str).collect()),
            ]
        })
        .collect();
    lines.extend(align(["ENVIRONMENT", "PRODUCTION", "GROUP", "LOAD BALANCERS", "DOMAINS"], &rows));
    lines
}
