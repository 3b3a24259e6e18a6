//! On which servers something is done: one, a role, those that are marked, or all of an environment.

use std::fmt;

use crate::console::state::State;
use crate::engine::Host;
use crate::fleet::text::shell_word;
use crate::fleet::{EnvironmentName, InstanceId, Power, Role, Server, Standing};
use crate::remote::Target;

/// Servers of an environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// Those that are marked.
    Marked(Vec<InstanceId>),
    /// One.
    Server(InstanceId),
    /// Those of a role.
    Role(Role),
    /// All.
    All,
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Marked(ids) => write!(f, "the {} marked servers", ids.len()),
            Self::Server(id) => write!(f, "server {id}"),
            Self::Role(role) => write!(f, "role {role}"),
            Self::All => write!(f, "all servers"),
        }
    }
}

impl Scope {
    /// As options of the command line.
    #[must_use]
    pub fn options(&self) -> Vec<String> {
        let server = |id: &InstanceId| format!("--server {}", shell_word(id.as_str()));
        match self {
            Self::Marked(ids) => ids.iter().map(server).collect(),
            Self::Server(id) => vec![server(id)],
            Self::Role(role) => vec![format!("--role {}", shell_word(role.word()))],
            Self::All => vec!["--all".into()],
        }
    }
}

/// A server that is left out, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LeftOut {
    /// How it is called.
    pub name: String,
    /// Why.
    pub why: String,
}

/// The servers of a scope.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Picked {
    /// Those it can be done on, by role and id.
    pub hosts: Vec<Host>,
    /// Those it cannot be done on.
    pub left_out: Vec<LeftOut>,
}

/// The scopes that make sense from here, the most likely first.
#[must_use]
pub fn scopes(state: &State, environment: &EnvironmentName, selected: Option<&InstanceId>) -> Vec<Scope> {
    let servers: Vec<&Server> = of(state, environment);
    let mut scopes = Vec::new();
    let marks = &state.shelf.marks;
    let marked: Vec<_> = servers.iter().map(|s| s.id.clone()).filter(|id| marks.contains(id)).collect();
    if !marked.is_empty() {
        scopes.push(Scope::Marked(marked));
    }
    let mut roles: Vec<Role> =
        servers.iter().filter(|s| s.is_target()).map(|s| s.role.role.clone()).collect();
    roles.sort();
    roles.dedup();
    let own = selected.and_then(|id| state.snapshot.server(id));
    if let Some(server) = own {
        scopes.push(Scope::Server(server.id.clone()));
        scopes.push(Scope::Role(server.role.role.clone()));
    }
    scopes.push(Scope::All);
    let own = own.map(|server| &server.role.role);
    scopes.extend(roles.into_iter().filter(|role| Some(role) != own).map(Scope::Role));
    scopes
}

/// The servers that can be asked, and those that cannot, with the reason.
#[must_use]
pub fn pick(state: &State, environment: &EnvironmentName, scope: &Scope) -> Picked {
    let mut picked = Picked::default();
    for server in of(state, environment) {
        let wanted = match scope {
            Scope::Marked(ids) => ids.contains(&server.id),
            Scope::Server(id) => server.id == *id,
            Scope::Role(role) => server.role.role == *role,
            Scope::All => true,
        };
        // Whoever asks for a role or for all of them does not mean those that are not in use.
        let named = matches!(scope, Scope::Marked(_) | Scope::Server(_));
        if !wanted || (server.is_gone() && !named) {
            continue;
        }
        match host(state, environment, server) {
            Ok(host) => picked.hosts.push(host),
            Err(why) => picked.left_out.push(LeftOut { name: name(server), why }),
        }
    }
    picked
}

/// The server as something can be done on it, or why nothing can.
fn host(state: &State, environment: &EnvironmentName, server: &Server) -> Result<Host, String> {
    match server.role.standing {
        Standing::Active => {}
        Standing::Pending => return Err("still being built".into()),
        Standing::Old => return Err("no longer in use".into()),
    }
    if server.power != Power::Running {
        return Err(server.power.word().into());
    }
    let choice = state.topology.ssh_address;
    let address =
        server.ssh_address(choice).ok_or("has no address of the kind that `ec2_attr_for_ssh` names")?;
    let target = Target::new(server.id.clone(), address).map_err(|error| error.to_string())?;
    Ok(Host { target, name: name(server), role: server.role.role.clone(), environment: environment.clone() })
}

/// How a server is called on screen: `i-0c3f1a web`.
fn name(server: &Server) -> String {
    format!("{} {}", server.id.short(), server.role.role)
}

fn of<'a>(state: &'a State, environment: &EnvironmentName) -> Vec<&'a Server> {
    let mut servers = state.snapshot.servers_of(environment);
    servers.sort_by(|a, b| (&a.role, &a.id).cmp(&(&b.role, &b.id)));
    servers
}
