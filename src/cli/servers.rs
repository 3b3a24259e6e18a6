//! Which servers a command is for.

use std::sync::Arc;

use futures_util::future::join_all;

use super::args::Choice;
use super::exit::Stop;
use super::target::Target;
use super::text::no_such;
use crate::cloud::CloudRead;
use crate::engine::Host;
use crate::fleet::text::one_line;
use crate::fleet::{EnvironmentPlace, Power, Role, Server, Topology};
use crate::refresh::pin_from_console;
use crate::remote::{self, RemoteRead};

/// Servers, and what must be said about the choice.
#[derive(Debug)]
pub(crate) struct Chosen {
    pub(crate) hosts: Vec<Host>,
    /// Those that were left out, and why.
    pub(crate) notes: Vec<String>,
}

/// The environment of this name.
pub(crate) fn environment<'a>(topology: &'a Topology, name: &str) -> Result<&'a EnvironmentPlace, Stop> {
    let known: Vec<&str> = topology.environments.iter().map(|place| place.name.as_str()).collect();
    let found = topology.environments.iter().find(|place| place.name.as_str() == name);
    found.ok_or_else(|| Stop::Usage(no_such("environment", name, &known)))
}

/// What a short job printed, so many lines at most, once it has ended well; else why not, on one line.
pub(crate) async fn printed(mut job: remote::Job, most: usize) -> Result<Vec<String>, String> {
    let (mut lines, mut complaint) = (Vec::new(), None);
    while let Some(batch) = job.lines().await {
        for line in batch.into_iter().filter(|line| !line.unfinished) {
            match line.stream {
                remote::Stream::Out => lines.push(line.text.as_str().to_owned()),
                remote::Stream::Err => complaint = Some(one_line(line.text.as_str())),
            }
        }
        if lines.len() > most {
            return Err(format!("it printed more than {most} lines"));
        }
    }
    match job.ended().await.outcome {
        remote::Outcome::Done { code: 0 } => Ok(lines),
        remote::Outcome::NotStarted(refusal) => Err(one_line(&refusal.to_string())),
        outcome => Err(complaint.unwrap_or_else(|| one_line(&outcome.to_string()))),
    }
}

/// The servers of the environment that the command line names: one request, and nothing else of the fleet.
pub(crate) async fn choose(
    target: &Target,
    place: &EnvironmentPlace,
    choice: &Choice,
) -> Result<Chosen, Stop> {
    let all = target.cloud.servers(&target.topology.deployment).await;
    let all = all.map_err(|error| Stop::Failed(error.to_string()))?;
    let mut ours: Vec<Server> =
        all.into_iter().filter(|server| server.environment.as_ref() == Some(&place.name)).collect();
    ours.retain(Server::is_target);
    ours.sort_by(|a, b| (&a.role, &a.zone, &a.id).cmp(&(&b.role, &b.zone, &b.id)));
    select(&ours, &target.topology, place, choice)
}

fn select(
    ours: &[Server],
    topology: &Topology,
    place: &EnvironmentPlace,
    choice: &Choice,
) -> Result<Chosen, Stop> {
    let mut wanted = vec![choice.all; ours.len()];
    for role in &choice.role {
        let role = Role::parse(role);
        let there: Vec<bool> = ours.iter().map(|server| server.role.role == role).collect();
        if !there.contains(&true) {
            let mut known: Vec<&str> = ours.iter().map(|server| server.role.role.word()).collect();
            known.dedup();
            return Err(Stop::Usage(format!(
                "{} has no server of this role. {}",
                place.name,
                no_such("role", role.word(), &known)
            )));
        }
        wanted.iter_mut().zip(there).for_each(|(wanted, there)| *wanted |= there);
    }
    let mut named = vec![false; ours.len()];
    for name in &choice.server {
        let there: Vec<bool> = ours.iter().map(|server| is_called(server, name)).collect();
        if !there.contains(&true) {
            let known: Vec<&str> = ours.iter().map(|server| server.id.as_str()).collect();
            return Err(Stop::Usage(format!("In {}: {}", place.name, no_such("server", name, &known))));
        }
        named.iter_mut().zip(there).for_each(|(named, there)| *named |= there);
    }
    let mut chosen = Chosen { hosts: Vec::new(), notes: Vec::new() };
    for (place_in_list, server) in ours.iter().enumerate() {
        if !(wanted[place_in_list] || named[place_in_list]) {
            continue;
        }
        if server.power == Power::Running {
            chosen.hosts.push(host(server, topology, place)?);
        } else if named[place_in_list] {
            return Err(Stop::Failed(format!(
                "{} is {}: it cannot be asked",
                server.id,
                server.power.word()
            )));
        } else {
            chosen.notes.push(format!(
                "{} {} is {}: left out",
                server.role.role,
                server.id,
                server.power.word()
            ));
        }
    }
    if chosen.hosts.is_empty() {
        return Err(Stop::Failed(format!("No server of {} runs that could be asked", place.name)));
    }
    Ok(chosen)
}

/// Whether an operator means this server: by its id or the beginning that the console shows, its name, or an address.
fn is_called(server: &Server, name: &str) -> bool {
    let id = server.id.as_str();
    let addresses = [
        &server.private_address,
        &server.public_address,
        &server.private_dns,
        &server.public_dns,
        &server.name,
    ];
    id == name
        || (name.len() >= server.id.short().len() && id.starts_with(name))
        || addresses.into_iter().any(|one| one.as_deref() == Some(name))
}

fn host(server: &Server, topology: &Topology, place: &EnvironmentPlace) -> Result<Host, Stop> {
    let address = server.ssh_address(topology.ssh_address).unwrap_or_default();
    let target = remote::Target::new(server.id.clone(), address)
        .map_err(|error| Stop::Failed(format!("{} {}: {error}", server.role.role, server.id)))?;
    let role = server.role.role.clone();
    // The tag is the same for all web servers; the id is not.
    Ok(Host { target, name: format!("{role} {}", server.id.short()), role, environment: place.name.clone() })
}

/// Pins the keys of servers that are met for the first time, where AWS knows them from the console output. Those
/// that it does not know are refused later, each with what to do.
pub(crate) async fn meet(cloud: &Arc<dyn CloudRead>, remote: &Arc<dyn RemoteRead>, hosts: &[Host]) {
    let unknown = hosts.iter().filter(|host| remote.pins(&host.target).is_ok_and(|pins| pins.is_empty()));
    join_all(unknown.map(async |host| {
        let pinned = pin_from_console(&**cloud, &**remote, &host.target).await;
        if let Err(why) = pinned {
            tracing::info!(server = %host.target, why, "no host key from the console output");
        }
    }))
    .await;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sandbox::{self, Scenario};

    async fn fleet() -> (Vec<Server>, Topology) {
        let temp = tempfile::tempdir().unwrap();
        let state_dir = temp.path().to_owned();
        let options = sandbox::Options {
            state_dir,
            seed: Some(1),
            speed: None,
            scenario: Some(Scenario::ALL[0]),
            fresh: false,
        };
        let cloud = sandbox::open(&options).unwrap();
        let topology = cloud.topology();
        let servers = cloud.servers(&topology.deployment).await.unwrap();
        (servers, topology)
    }

    fn choice(role: &[&str], server: &[&str], all: bool) -> Choice {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        Choice { role: words(role), server: words(server), all }
    }

    #[tokio::test]
    async fn roles_servers_and_all_are_what_they_say() {
        let (mut servers, topology) = fleet().await;
        let place = environment(&topology, "production").unwrap();
        servers.retain(|server| server.environment.as_ref() == Some(&place.name) && server.is_target());
        let some = |choice: &Choice| select(&servers, &topology, place, choice).map(|chosen| chosen.hosts);
        let all = some(&choice(&[], &[], true)).unwrap();
        assert_eq!(all.len(), servers.len());
        let web = some(&choice(&["web"], &[], false)).unwrap();
        assert!(!web.is_empty() && web.iter().all(|host| host.role == Role::Web));
        assert_eq!(
            some(&choice(&["db-master"], &[], false)).unwrap()[0].role,
            Role::DbPrimary,
            "the old name"
        );
        let id = web[0].target.instance().as_str();
        let short = web[0].target.instance().short();
        for name in [id, short] {
            assert_eq!(some(&choice(&[], &[name], false)).unwrap(), web[..1]);
        }
        assert_eq!(some(&choice(&["web"], &[id], false)).unwrap().len(), web.len(), "each once");
        for (wrong, known) in
            [(choice(&["wbe"], &[], false), "db-primary"), (choice(&[], &["i-0"], false), id)]
        {
            let Err(Stop::Usage(text)) = some(&wrong) else { panic!("{wrong:?}") };
            assert!(text.contains(known) && text.contains("production"), "{text}");
        }
        assert!(matches!(environment(&topology, "prodution"), Err(Stop::Usage(_))));
    }

    #[tokio::test]
    async fn a_server_that_does_not_run_is_left_out_with_a_word_and_refused_by_name() {
        let (mut servers, topology) = fleet().await;
        let place = environment(&topology, "production").unwrap();
        servers.retain(|server| server.environment.as_ref() == Some(&place.name) && server.is_target());
        let web = servers.iter().position(|server| server.role.role == Role::Web).unwrap();
        servers[web].power = Power::Stopped;
        let id = servers[web].id.to_string();
        let chosen = select(&servers, &topology, place, &choice(&[], &[], true)).unwrap();
        assert_eq!(chosen.hosts.len(), servers.len() - 1);
        assert!(chosen.notes[0].contains(&id) && chosen.notes[0].contains("stopped"), "{:?}", chosen.notes);
        assert!(matches!(
            select(&servers, &topology, place, &choice(&[], &[&id], false)),
            Err(Stop::Failed(_))
        ));
        servers[web].power = Power::Running;
        servers[web].private_address = None;
        servers[web].public_dns = None;
        servers[web].public_address = None;
        servers[web].private_dns = None;
        let Err(Stop::Failed(text)) = select(&servers, &topology, place, &choice(&[], &[], true)) else {
            panic!()
        };
        assert!(text.contains("ec2_attr_for_ssh") && text.contains(&id), "{text}");
    }
}
