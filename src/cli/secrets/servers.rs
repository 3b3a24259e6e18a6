//! Asks servers how secrets stand in their settings.

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::time::timeout;

use crate::cli::servers::printed;
use crate::cli::target::Target as Fleet;
use crate::config::secrets::{Secret, made};
use crate::fleet::{EnvironmentPlace, Held, Power, Role, Server};
use crate::probe::{HeldFile, HeldQuestion, read_held};
use crate::refresh::pin_from_console;
use crate::remote::Target;
use crate::template::{Drift, Key, NoValue, ServerDrift, ShapeFile, Shapes, Standing};

/// The most lines that an answer has.
const MOST_LINES: usize = 10_000;

/// How many servers are asked, and how long each has.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reach {
    most: usize,
    patience: Duration,
}

impl Reach {
    /// Before a plan is shown.
    pub(super) const PLAN: Self = Self { most: 6, patience: Duration::from_secs(10) };
    /// Where somebody asks for it.
    pub(super) const ALL: Self = Self { most: 100, patience: Duration::from_secs(60) };
}

/// Running servers of the environment that have settings, workers first.
pub(super) fn with_settings<'s>(servers: &'s [Server], place: &EnvironmentPlace) -> Vec<&'s Server> {
    let is_there = |server: &&Server| {
        server.environment.as_ref() == Some(&place.name)
            && server.is_target()
            && server.power == Power::Running
            && matches!(server.role.role, Role::Web | Role::Worker | Role::Combo)
    };
    let mut all: Vec<&Server> = servers.iter().filter(is_there).collect();
    all.sort_by_key(|server| (server.role.role == Role::Web, server.id.clone()));
    all
}

/// How secrets here stand to those on servers; none where there is no project, or nobody to ask.
pub(super) async fn drift(
    fleet: &Fleet,
    place: &EnvironmentPlace,
    servers: &[Server],
    reach: Reach,
) -> Option<Drift> {
    let templates = fleet.templates.clone()?;
    let asked: Vec<&Server> = with_settings(servers, place).into_iter().take(reach.most).collect();
    if asked.is_empty() {
        return None;
    }
    let name = place.name.to_string();
    let here = tokio::task::spawn_blocking(move || templates.values(&name)).await.ok()?;
    let key = key();
    let compared = asked.iter().map(async |server| {
        let told = match &key {
            Ok(key) => compared(fleet, place, servers, server, *key, &here, reach.patience).await,
            Err(why) => Err(why.clone()),
        };
        ServerDrift { id: server.id.clone(), role: server.role.role.clone(), told }
    });
    Some(Drift { servers: join_all(compared).await })
}

async fn compared(
    fleet: &Fleet,
    place: &EnvironmentPlace,
    servers: &[Server],
    server: &Server,
    key: Key,
    here: &BTreeMap<String, Secret>,
    patience: Duration,
) -> Result<BTreeMap<String, Standing>, String> {
    let shapes = shapes(fleet, place, servers, server).await?;
    let question = HeldQuestion { key: Some(key), ..question(place, &shapes) };
    let held = asked(fleet, server, &question, patience).await?;
    if !held.is_there {
        return Err(format!("there is no {}", place.layout.code.local_settings));
    }
    Ok(shapes.compare(&held, &key, here))
}

/// What a server told of each secret.
pub(super) type Values = BTreeMap<String, Result<Secret, NoValue>>;

/// The secrets that are in a server's settings.
pub(super) async fn values(
    fleet: &Fleet,
    place: &EnvironmentPlace,
    servers: &[Server],
    server: &Server,
) -> Result<Values, String> {
    let shapes = shapes(fleet, place, servers, server).await?;
    let kept = shapes.names().map(ToOwned::to_owned).collect();
    let question = HeldQuestion { kept, ..question(place, &shapes) };
    let held = asked(fleet, server, &question, Reach::ALL.patience).await?;
    Ok(shapes.read_back(&held))
}

fn question(place: &EnvironmentPlace, shapes: &Shapes) -> HeldQuestion {
    let file = |file: &ShapeFile| HeldFile {
        path: file.path.clone(),
        patterns: file.patterns.clone(),
        known: file.known.clone(),
    };
    let files = shapes.files.iter().map(file).collect();
    HeldQuestion { files, ..HeldQuestion::of(&place.layout) }
}

/// Where secrets stand in the settings of a server.
async fn shapes(
    fleet: &Fleet,
    place: &EnvironmentPlace,
    servers: &[Server],
    server: &Server,
) -> Result<Shapes, String> {
    let templates = fleet.templates.clone().ok_or("there is no project here")?;
    let is_replica = |server: &&Server| {
        server.environment.as_ref() == Some(&place.name)
            && server.is_target()
            && server.role.role == Role::DbReplica
    };
    let replicas = servers.iter().filter(is_replica).count();
    let (name, role, layout) = (place.name.to_string(), server.role.role.clone(), place.layout.clone());
    // A word that stands nowhere else.
    let prefix: String = made()?.expose().chars().filter(char::is_ascii_alphabetic).take(16).collect();
    let told =
        tokio::task::spawn_blocking(move || templates.shapes(&name, &layout, &role, replicas, &prefix)).await;
    told.unwrap_or_else(|error| Err(error.to_string()))
}

/// 32 letters and digits, which nobody can guess.
fn key() -> Result<Key, String> {
    let mut key = Key::default();
    key.iter_mut().zip(made()?.expose().bytes()).for_each(|(to, from)| *to = from);
    Ok(key)
}

async fn asked(
    fleet: &Fleet,
    server: &Server,
    question: &HeldQuestion,
    patience: Duration,
) -> Result<Held<Vec<u8>>, String> {
    let late = |_| Err(format!("it did not answer within {} s", patience.as_secs()));
    timeout(patience, answer(fleet, server, question)).await.unwrap_or_else(late)
}

async fn answer(fleet: &Fleet, server: &Server, question: &HeldQuestion) -> Result<Held<Vec<u8>>, String> {
    let no_remote = || fleet.no_remote.clone().unwrap_or_else(|| "servers cannot be asked here".into());
    let remote = fleet.remote.clone().ok_or_else(no_remote)?;
    let address = server.ssh_address(fleet.topology.ssh_address).unwrap_or_default();
    let target = Target::new(server.id.clone(), address).map_err(|bad| bad.to_string())?;
    if remote.pins(&target).is_ok_and(|pins| pins.is_empty())
        && let Err(why) = pin_from_console(&*fleet.cloud, &*remote, &target).await
    {
        tracing::info!(server = %server.id, why, "no host key from the console output");
    }
    let lines = printed(remote.held(&target, question), MOST_LINES).await?;
    read_held(lines.iter().map(String::as_str))
}
