//! The world as steps see it: facts that can be read, settings that can be written, whichever port they are behind.

mod keys;
mod settings;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use super::entry::{Bound, Slots};
use crate::cloud::{CloudChange, CloudError, CloudRead};
use crate::engine::lock::{LockError, LockPlace};
use crate::fleet::{
    AddressChoice, DeploymentName, Group, GroupName, HealthState, ImageId, InstanceId, LaunchSource,
    LoadBalancerName, MemberHealth, SecurityGroupId, Server,
};
use crate::plan::{Fact, InstanceRef, JobFile, LockKind, SecretsChange, SecurityGroupRef, Slot, Value};
use crate::remote::{Command, Input, Outcome, RemoteChange, RemoteRead, Target};

/// How long a short look at a server may take.
const LOOK: Duration = Duration::from_secs(30);

/// So many servers are asked at the same time.
pub(super) const AT_ONCE: usize = 8;

/// For so long that a server is not listed says nothing.
const UNLISTED: SignedDuration = SignedDuration::from_mins(5);

/// What an answer about a group or a load balancer may be old when many steps wait for the same.
const SHARED: i64 = 3;

/// Scripts for the maintenance page, made for the environment's layout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pages {
    /// Prints `page=off`, `page=healthy` or `page=unhealthy`.
    pub show: String,
    /// Takes it down.
    pub off: String,
    /// Puts it up, healthy towards the load balancer.
    pub healthy: String,
    /// Puts it up, unhealthy towards the load balancer.
    pub unhealthy: String,
}

/// Everything that a run reads and changes.
#[derive(Clone)]
pub struct Ports {
    /// The cloud, to read.
    pub read: Arc<dyn CloudRead>,
    /// The cloud, to change.
    pub change: Arc<dyn CloudChange>,
    /// Servers, to read.
    pub look: Arc<dyn RemoteRead>,
    /// Servers, to change.
    pub act: Arc<dyn RemoteChange>,
    /// Whose servers.
    pub deployment: DeploymentName,
    /// Which of a server's addresses ssh goes to.
    pub address: AddressChoice,
    /// Scripts for the maintenance page.
    pub pages: Pages,
    /// A script that prints the last lines of a web server's logs.
    pub evidence: Option<String>,
    /// Makes the texts of jobs' files from the project's templates; none where there is no project.
    pub texts: Option<Texts>,
    /// Changes the project's secrets where they are kept; none where there is no project.
    pub secrets: Option<Secrets>,
}

/// Changes secrets on the operator's machine, so that what they are is on disk when it returns; or says why not.
pub type Secrets = Arc<dyn Fn(&SecretsChange) -> Result<(), String> + Send + Sync>;

/// Makes the text of a job's file for a server, or says why not. It may hold secrets, and reads files.
pub type Texts = Arc<dyn Fn(&JobFile, &Server) -> Result<Input, String> + Send + Sync>;

/// Why something was not read or written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// It was refused, or makes no sense: asking again gives the same.
    Definite(String),
    /// The credentials may not do it: nothing happened, and asking again gives the same until somebody allows it.
    Denied(String),
    /// Nothing happened, and asking later may help: throttled, a server that cannot be reached.
    Later(String),
    /// It may have happened.
    Open(String),
}

impl Trouble {
    /// What happened.
    #[must_use]
    pub fn words(&self) -> &str {
        match self {
            Self::Definite(words) | Self::Denied(words) | Self::Later(words) | Self::Open(words) => words,
        }
    }
}

impl From<CloudError> for Trouble {
    fn from(error: CloudError) -> Self {
        let words = error.to_string();
        match error {
            // Whoever logs in again lets it go on.
            CloudError::Throttled(_) | CloudError::Credentials(_) => Self::Later(words),
            CloudError::Denied(_) => Self::Denied(words),
            error if error.is_open() => Self::Open(words),
            _ => Self::Definite(words),
        }
    }
}

/// A read that failed changed nothing: what is open to a change is to be asked again.
pub(super) fn of_read(error: CloudError) -> Trouble {
    match error.into() {
        Trouble::Open(words) => Trouble::Later(words),
        other => other,
    }
}

/// Whose answers are kept for a moment.
#[derive(Default)]
struct Known {
    groups: BTreeMap<GroupName, (Timestamp, Option<Group>)>,
    health: BTreeMap<LoadBalancerName, (Timestamp, Vec<MemberHealth>)>,
    registered: BTreeMap<LoadBalancerName, (Timestamp, Vec<InstanceId>)>,
    servers: BTreeMap<InstanceId, Server>,
    /// When a server's console was last looked at for its host keys, and why they are not known.
    consoles: BTreeMap<InstanceId, (Timestamp, Option<String>)>,
    /// Since when a server is not listed.
    unlisted: BTreeMap<InstanceId, Timestamp>,
}

/// The world of one run.
pub(super) struct World {
    pub(super) ports: Ports,
    known: Mutex<Known>,
}

impl World {
    pub(super) fn new(ports: Ports) -> Self {
        Self { ports, known: Mutex::default() }
    }

    pub(super) fn now(&self) -> Timestamp {
        self.ports.read.now()
    }

    fn known<T>(&self, with: impl FnOnce(&mut Known) -> T) -> T {
        with(&mut self.known.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// A group as it is now.
    pub(super) async fn group(&self, name: &GroupName) -> Result<Group, Trouble> {
        let found = self.ports.read.groups(std::slice::from_ref(name)).await.map_err(of_read)?;
        let found = found.into_iter().next();
        let now = self.now();
        self.known(|known| known.groups.insert(name.clone(), (now, found.clone())));
        found.ok_or_else(|| Trouble::Definite(format!("there is no group {name}")))
    }

    /// A group as it was a moment ago, when somebody asked.
    pub(super) async fn group_lately(&self, name: &GroupName) -> Result<Group, Trouble> {
        let now = self.now();
        let fresh = |at: &Timestamp| now.duration_since(*at).as_secs() < SHARED;
        let known =
            self.known(|known| known.groups.get(name).filter(|(at, _)| fresh(at)).map(|(_, g)| g.clone()));
        match known.flatten() {
            Some(group) => Ok(group),
            None => self.group(name).await,
        }
    }

    /// What a load balancer says of its members, as of a moment ago.
    pub(super) async fn health_lately(&self, name: &LoadBalancerName) -> Result<Vec<MemberHealth>, Trouble> {
        let now = self.now();
        let fresh = |at: &Timestamp| now.duration_since(*at).as_secs() < SHARED;
        let known =
            self.known(|known| known.health.get(name).filter(|(at, _)| fresh(at)).map(|(_, h)| h.clone()));
        if let Some(health) = known {
            return Ok(health);
        }
        let health = self.ports.read.member_health(name).await.map_err(of_read)?;
        let now = self.now();
        self.known(|known| known.health.insert(name.clone(), (now, health.clone())));
        Ok(health)
    }

    /// After a change, nothing that was known before counts.
    pub(super) fn forget(&self) {
        self.known(|known| {
            known.groups.clear();
            known.health.clear();
            known.registered.clear();
        });
    }

    /// How a server is reached.
    pub(super) async fn target(&self, instance: &InstanceId) -> Result<Target, Trouble> {
        let address = |server: &Server| server.ssh_address(self.ports.address).map(ToOwned::to_owned);
        let known = self.known(|known| known.servers.get(instance).and_then(address));
        let address = if let Some(address) = known {
            address
        } else {
            let all = self.ports.read.servers(&self.ports.deployment).await.map_err(of_read)?;
            let all: BTreeMap<InstanceId, Server> = all.into_iter().map(|s| (s.id.clone(), s)).collect();
            let found = all.get(instance).map(address);
            self.known(|known| known.servers = all);
            match found {
                Some(Some(address)) => address,
                // A server just launched is not listed yet, or has no address yet.
                _ => return Err(Trouble::Later(format!("{instance} has no address yet"))),
            }
        };
        Target::new(instance.clone(), address).map_err(|error| Trouble::Definite(error.to_string()))
    }

    /// A server with an address, as EC2 lists it.
    pub(super) async fn server(&self, instance: &InstanceId) -> Result<Server, Trouble> {
        self.target(instance).await?;
        let known = self.known(|known| known.servers.get(instance).cloned());
        known.ok_or_else(|| Trouble::Later(format!("{instance} is not listed yet")))
    }

    /// Runs a short script on a server and gives what it printed; an exit code other than 0 is an error with its last
    /// lines.
    pub(super) async fn look(
        &self,
        instance: &InstanceId,
        script: &str,
        sudo: bool,
    ) -> Result<Vec<String>, Trouble> {
        self.ask(instance, &Command::new(script, LOOK).sudo(sudo)).await
    }

    /// Runs a command on a server and gives the first lines of what it printed.
    pub(super) async fn ask(&self, instance: &InstanceId, command: &Command) -> Result<Vec<String>, Trouble> {
        let target = self.target(instance).await?;
        let once = async || self.ports.act.exec(&target, command.clone()).collect(4_000).await;
        let (mut lines, mut ending) = once().await;
        if self.learns_key(&target, &ending.outcome).await {
            (lines, ending) = once().await;
        }
        let lines: Vec<String> = lines.into_iter().map(|line| line.text.as_str().to_owned()).collect();
        match ending.outcome {
            Outcome::Done { code: 0 } => Ok(lines),
            Outcome::Done { code } => {
                let last = lines.iter().rev().take(3).rev().cloned().collect::<Vec<_>>().join(" / ");
                Err(Trouble::Definite(format!("{instance}: exit code {code}: {last}")))
            }
            Outcome::NotStarted(refusal) => Err(Trouble::Later(self.refused(&target, &refusal))),
            other => Err(Trouble::Open(format!("{instance}: {other}"))),
        }
    }

    /// Whether a server that is looked for in a list of all is there and not on its way out. One that was just made may
    /// not be listed yet: that it is not there is believed after a while (R25).
    pub(super) fn is_among(&self, all: &[Server], instance: &InstanceId) -> bool {
        let now = self.now();
        let found = all.iter().find(|server| server.id == *instance);
        self.known(|known| {
            if let Some(server) = found {
                known.unlisted.remove(instance);
                return !server.is_gone();
            }
            let since = *known.unlisted.entry(instance.clone()).or_insert(now);
            now.duration_since(since) < UNLISTED
        })
    }

    /// Reads facts as they are now, each group and load balancer once.
    pub(super) async fn read_all(&self, facts: &[Fact]) -> Result<Vec<Value>, (usize, Trouble)> {
        self.forget();
        let mut values = Vec::with_capacity(facts.len());
        for (place, fact) in facts.iter().enumerate() {
            values.push(self.read_lately(fact).await.map_err(|trouble| (place, trouble))?);
        }
        Ok(values)
    }

    async fn read_lately(&self, fact: &Fact) -> Result<Value, Trouble> {
        match fact {
            Fact::Setting(setting) => self.setting_lately(setting).await,
            Fact::Members { group } => {
                let group = self.group_lately(group).await?;
                let staying = group.members.iter().filter(|m| !m.lifecycle.starts_with("Terminat"));
                let mut all: Vec<InstanceId> = staying.map(|m| m.instance.clone()).collect();
                all.sort();
                Ok(Value::Servers(all))
            }
            Fact::Servers { environment, role } => {
                let all = self.ports.read.servers(&self.ports.deployment).await.map_err(of_read)?;
                let ours = all.into_iter().filter(|server| {
                    server.environment.as_ref() == Some(environment)
                        && server.is_target()
                        && server.role.role.word() == role
                });
                let mut all: Vec<InstanceId> = ours.map(|server| server.id).collect();
                all.sort();
                Ok(Value::Servers(all))
            }
            Fact::Release { launch } => {
                let found =
                    self.ports.read.launch_settings(std::slice::from_ref(launch)).await.map_err(of_read)?;
                let Some(image) = found.into_iter().next().and_then(|settings| settings.image) else {
                    return Ok(Value::Absent);
                };
                let images = self.ports.read.images(std::slice::from_ref(&image)).await.map_err(of_read)?;
                Ok(if images.iter().any(|image| image.state == "available") {
                    Value::Exists
                } else {
                    Value::Absent
                })
            }
            Fact::Thing { thing } => {
                let found = self.ports.read.thing(thing).await.map_err(of_read)?;
                Ok(if found.is_some() { Value::Exists } else { Value::Absent })
            }
            Fact::Lock { environment } => {
                let (read, deployment) = (Arc::clone(&self.ports.read), &self.ports.deployment);
                let place = LockPlace::new(read, deployment, environment, LockKind::Environment);
                let holder = place.holder().await.map_err(|error| match error {
                    LockError::Denied(words) => Trouble::Denied(words),
                    other => Trouble::Later(other.to_string()),
                })?;
                Ok(if holder.is_some() { Value::Held } else { Value::Free })
            }
        }
    }
}

/// A value with what an earlier step made in its place.
pub(super) fn resolve(value: &Value, slots: &Slots) -> Result<Value, Trouble> {
    let Value::Later(slot) = value else { return Ok(value.clone()) };
    match slots.get(slot) {
        Some(Bound::Launch(launch)) => Ok(Value::Launch(launch.clone())),
        _ => Err(unmade(slot)),
    }
}

/// What a group is to launch.
pub(super) fn launch_of(value: &Value, slots: &Slots) -> Result<LaunchSource, Trouble> {
    match resolve(value, slots)? {
        Value::Launch(launch) => Ok(launch),
        other => Err(Trouble::Definite(format!("{other} is nothing that a group can launch"))),
    }
}

/// A server that an earlier step launched, or that is known.
pub(super) fn instance_of(instance: &InstanceRef, slots: &Slots) -> Result<InstanceId, Trouble> {
    match instance {
        InstanceRef::Known(id) => Ok(id.clone()),
        InstanceRef::Later(slot) => match slots.get(slot) {
            Some(Bound::Instance(id)) => Ok(id.clone()),
            _ => Err(unmade(slot)),
        },
    }
}

/// An image that an earlier step made.
pub(super) fn image_of(slot: &Slot, slots: &Slots) -> Result<ImageId, Trouble> {
    match slots.get(slot) {
        Some(Bound::Image(id)) => Ok(id.clone()),
        _ => Err(unmade(slot)),
    }
}

/// A security group that an earlier step made, or that is known.
pub(super) fn security_group_of(group: &SecurityGroupRef, slots: &Slots) -> Result<SecurityGroupId, Trouble> {
    match group {
        SecurityGroupRef::Known(id) => Ok(id.clone()),
        SecurityGroupRef::Later(slot) => match slots.get(slot) {
            Some(Bound::SecurityGroup(id)) => Ok(id.clone()),
            _ => Err(unmade(slot)),
        },
    }
}

fn unmade(slot: &Slot) -> Trouble {
    Trouble::Definite(format!("{slot} was not made by any step before"))
}

/// Whether a load balancer's word is that the server gets requests.
pub(super) fn in_service(health: &[MemberHealth], instance: &InstanceId) -> bool {
    health.iter().any(|member| member.instance == *instance && member.state == HealthState::InService)
}

/// What a load balancer says of a server, in words.
pub(super) fn words_of(health: &[MemberHealth], instance: &InstanceId) -> String {
    match health.iter().find(|member| member.instance == *instance) {
        Some(member) => match &member.description {
            Some(words) if words != "N/A" => format!("{} ({words})", member.state.word()),
            _ => member.state.word().to_owned(),
        },
        None => "not registered".into(),
    }
}
