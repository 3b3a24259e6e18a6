//! new-server: a server of any role, from an empty Ubuntu image to a server in use.

mod app;
mod build;
pub(super) mod judge;
pub(super) mod place;
mod replace;
pub(super) mod volume;

use super::draft::Draft;
use super::{Facts, Options, Refused};
use crate::fleet::{Changeset, Role, RoomQuestion, SubnetChoice, Zone, words};
use crate::plan::{Address, Lasts};
use crate::recipe::build as recipe;

pub(super) use app::{App, HandOver, chosen, job};
pub(super) use build::{Build, Built, Site, launching, reaching};

/// The most servers of one plan.
const MOST: u32 = 20;

/// What is asked for.
struct Asked {
    role: Role,
    count: u32,
    /// Those that could not be finished stay.
    keep: bool,
}

pub(super) fn plan(draft: &mut Draft<'_>, facts: &Facts<'_>, options: &Options) -> Result<(), Refused> {
    let asked = asked(facts, options)?;
    facts.current("the servers were", &facts.snapshot.servers)?;
    let replaces = replace::asked(facts, options, &asked.role, asked.count)?;
    let primary = judge::is_free(draft, facts, &asked.role)?;
    judge::database(draft, facts, &asked.role)?;
    judge::secrets(facts, &asked.role)?;
    volume::judge(draft, facts, &asked.role)?;
    let people = judge::people(draft, facts)?;
    let before_logs = judge::logs(draft, facts)?;
    let app = if recipe::runs_code(&asked.role) {
        let app = App::of(draft, facts, options, &asked.role, asked.count)?;
        Some(match replaces {
            Some(old) => app.in_place_of(replace::hand_over(draft, facts, options, old)?),
            None => app,
        })
    } else {
        None
    };
    let zones = place::zones(facts, options, &asked.role, asked.count as usize)?;
    let servers = zones.iter().map(|zone| Ok((place::server(facts, &asked.role, zone)?, &zone.zone)));
    let servers = servers.collect::<Result<Vec<_>, Refused>>()?;
    super::room::check(draft, facts, asked.count, "it is launched")?;
    let role = &asked.role;
    let of_code = app.as_ref().map_or_else(String::new, |app| format!(" with {}", app.code.named()));
    draft.title(match asked.count {
        1 => format!("make a {role} server{of_code}"),
        count => format!("make {count} {role} servers{of_code}"),
    });
    if servers.iter().any(|(server, _)| server.key_name.is_none()) {
        draft.note(
            "No server of the environment shows a key pair: the image itself has to let in whoever runs this.",
        );
    }
    if asked.keep {
        draft.goes_on();
        draft.note(format!(
            "A server that cannot be finished stays, tagged {role}-PENDING: `quarterdeck runs resume` goes on with it once that \
             is mended, and `quarterdeck runs undo` terminates it."
        ));
    }
    let primary = primary.map(Address::Known);
    let build = Build {
        facts,
        role,
        people: &people,
        primary: primary.as_ref(),
        app: app.as_ref(),
        before_logs: before_logs.as_deref(),
        lasts: if asked.keep { Lasts::Stays } else { Lasts::UnlessStopped },
    };
    let several = servers.len() > 1;
    for (number, (server, zone)) in (1_u32..).zip(servers) {
        let lane = if several { format!("{role} {number}") } else { role.to_string() };
        let made = build.server(draft, &lane, server, zone);
        if let Some(old) = replaces {
            replace::let_go(draft, old, &made, options.stop_old);
        }
    }
    Ok(())
}

/// Where they go, and what they are.
pub(super) fn room(facts: &Facts<'_>, options: &Options) -> Option<RoomQuestion> {
    let asked = asked(facts, options).ok()?;
    let zones = place::zones(facts, options, &asked.role, asked.count as usize).ok()?;
    let instance_type = place::server(facts, &asked.role, zones.first()?).ok()?.instance_type;
    let mut subnets: Vec<String> = zones.iter().filter_map(|zone| zone.subnet.clone()).collect();
    subnets.sort();
    subnets.dedup();
    let subnets = if subnets.is_empty() {
        let mut all: Vec<Zone> = zones.into_iter().map(|place| place.zone).collect();
        all.sort();
        all.dedup();
        SubnetChoice::DefaultOf(all)
    } else {
        SubnetChoice::Named(subnets)
    };
    Some(RoomQuestion { subnets, instance_type: Some(instance_type) })
}

/// What is to be known of the repository.
pub(super) enum Wanted {
    /// Nothing.
    Nothing,
    /// This changeset, which the environment runs.
    InUse(Changeset),
    /// What was named, or the branch's head.
    Named,
}

/// What is to be known of the repository before this is planned.
pub(super) fn wanted(facts: &Facts<'_>, options: &Options) -> Wanted {
    match asked(facts, options) {
        Ok(asked) if recipe::runs_code(&asked.role) => {
            let is_named = options.branch.is_some() || options.changeset.is_some();
            app::in_use(facts).filter(|_| !is_named).map_or(Wanted::Named, Wanted::InUse)
        }
        _ => Wanted::Nothing,
    }
}

fn asked(facts: &Facts<'_>, options: &Options) -> Result<Asked, Refused> {
    let known = recipe::ROLES.iter().map(Role::word);
    let Some(word) = &options.role else {
        let known: Vec<&str> = known.collect();
        return Err(Refused::Usage(format!(
            "say what the server is for: --role {}",
            known.join(", --role ")
        )));
    };
    let role = Role::parse(word);
    if matches!(role, Role::Other(_) | Role::Untagged) {
        return Err(Refused::unknown("role", word, known));
    }
    if let (Role::Web, Some(group)) = (&role, &facts.place.group) {
        return Err(Refused::Usage(format!(
            "web servers of {} come from its group {group}, by create-release and deploy-serial: one beside it would be \
             nobody's",
            facts.place.name
        )));
    }
    if !recipe::runs_code(&role)
        && (options.branch.is_some() || options.changeset.is_some() || options.no_migrate)
    {
        return Err(Refused::Usage(format!(
            "a {role} server runs no code of the project: leave --branch, --changeset and --no-migrate out"
        )));
    }
    let count = options.count.unwrap_or(1);
    if !(1..=MOST).contains(&count) {
        return Err(Refused::Usage(format!("--count wants a number from 1 to {MOST}, not {count}")));
    }
    if count > 1 && matches!(role, Role::Cache | Role::DbPrimary | Role::Combo) {
        return Err(Refused::Usage(format!(
            "an environment has one {role} server, and --count asks for {}: leave --count out",
            words::grouped(count.into())
        )));
    }
    Ok(Asked { role, count, keep: options.keep_failed })
}
