//! update-people and upgrade-packages: what becomes old on servers that there are.

use super::draft::{Draft, step};
use super::new_server::judge;
use super::refused::some;
use super::{Facts, Options, Refused};
use crate::fleet::{Role, Server, words};
use crate::plan::{Action, HostJob, InstanceRef, Step, StepId, Undo};
use crate::recipe::build::{self, Part, Plot};

/// All roles, in the order in which servers are upgraded: what others need last.
const ROLES: [Role; 6] =
    [Role::DbReplica, Role::Worker, Role::Web, Role::Combo, Role::Cache, Role::DbPrimary];

/// update-people: users, keys and groups become those of the project, on all servers side by side.
pub(super) fn people(draft: &mut Draft<'_>, facts: &Facts<'_>, options: &Options) -> Result<(), Refused> {
    facts.current("the servers were", &facts.snapshot.servers)?;
    let servers = asked(facts, options)?;
    let people = judge::people(draft, facts)?;
    if people.is_empty() {
        return Err(Refused::State(format!(
            "nobody would be left to log in to the servers of {}: name the directory of everybody's keys in \
             fabulaws-config.yml as `ssh_keys`, and write the keys there",
            facts.place.name
        )));
    }
    let plot = Plot {
        layout: &facts.place.layout,
        build: &facts.place.build,
        people: &people,
        primary: None,
        known_hosts: "",
        has_key: false,
    };
    draft.title(format!(
        "give {} the people of the project: {}",
        words::count(u64::try_from(servers.len()).unwrap_or(u64::MAX), "server"),
        some(people.iter().map(|person| &person.user))
    ));
    draft.cannot_undo("users who have left are removed, with both files of keys; their files stay");
    draft.note("Whoever is not among them logs in no more, you too: see that the keys you use are there.");
    draft.note(
        "The user that the image came with (ubuntu, admin) is locked where sshd has let one of them in who becomes root, and \
         nobody is logged in as it: whoever comes by it still, sets a User of their own in ~/.ssh/config.",
    );
    if servers.iter().any(|server| matches!(server.role.role, Role::Web | Role::Combo)) {
        draft.note(
            "Images have the users and keys of their time (R23): what the group launches later has them again, until a new \
             release is made and deployed.",
        );
    }
    for server in servers {
        let mut last = Vec::new();
        for part in build::people(&plot) {
            last = vec![draft.add(Step { after: last, ..job(server, part) })];
        }
    }
    Ok(())
}

/// upgrade-packages: one server after the other, for services start again as their packages come.
pub(super) fn packages(draft: &mut Draft<'_>, facts: &Facts<'_>, options: &Options) -> Result<(), Refused> {
    facts.current("the servers were", &facts.snapshot.servers)?;
    let servers = asked(facts, options)?;
    let plot = Plot {
        layout: &facts.place.layout,
        build: &facts.place.build,
        people: &[],
        primary: None,
        known_hosts: "",
        has_key: false,
    };
    draft.title(format!(
        "upgrade the packages of {}",
        words::count(u64::try_from(servers.len()).unwrap_or(u64::MAX), "server")
    ));
    draft.cannot_undo("packages do not go back to their old versions");
    let vital = |server: &&&Server| matches!(server.role.role, Role::DbPrimary | Role::Cache | Role::Combo);
    let vital =
        some(servers.iter().filter(vital).map(|server| format!("{} {}", server.role.role, server.id)));
    if !vital.is_empty() {
        draft.noticed(format!("requests fail for seconds while services of {vital} start again"));
    }
    if servers.iter().any(|server| server.role.role == Role::Web) {
        draft.note(
            "Images have the packages of their time: a new release is built upon the last one's, and upgrades nothing by \
             itself.",
        );
    }
    let mut last: Vec<StepId> = Vec::new();
    for server in servers {
        last = vec![draft.add(Step { after: last, ..job(server, build::packages(&plot)) })];
    }
    Ok(())
}

/// Those that were named, or all that run, in order.
fn asked<'f>(facts: &Facts<'f>, options: &Options) -> Result<Vec<&'f Server>, Refused> {
    let mut servers = if options.servers.is_empty() {
        facts.servers(&ROLES)?
    } else {
        facts.named(&options.servers, &ROLES)?
    };
    let place = |server: &&Server| ROLES.iter().position(|role| *role == server.role.role);
    servers.sort_by_key(place);
    if servers.is_empty() {
        return Err(Refused::State(format!("{} has no server in use", facts.place.name)));
    }
    Ok(servers)
}

fn job(server: &Server, part: Part) -> Step {
    let id = &server.id;
    let lane = format!("{} {id}", server.role.role);
    let job = HostJob {
        server: InstanceRef::Known(id.clone()),
        name: part.name.into(),
        script: part.script,
        user: Some("root".into()),
        files: Vec::new(),
        back: None,
        names_server: true,
    };
    Step {
        undo: Undo::Nothing,
        deadline_s: part.deadline_s,
        ..step(&lane, part.title, id.as_str(), Action::Job(Box::new(job)))
    }
}
