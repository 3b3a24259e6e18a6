//! What a command works on: a cloud and what should exist in it, from the command line and the config.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::args::Globals;
use super::exit::Stop;
use super::{place, secrets, ssh};
use crate::cloud::{CloudChange, CloudRead};
use crate::config::{self, Problem, Project};
use crate::fleet::{EnvironmentPlace, Interest, Snapshot, Topology};
use crate::refresh;
use crate::remote::{RemoteChange, RemoteRead};
use crate::sandbox;
use crate::template::Templates;

/// A cloud, and what the config says should exist in it.
#[derive(Clone)]
pub(crate) struct Target {
    pub(crate) cloud: Arc<dyn CloudRead>,
    pub(crate) topology: Arc<Topology>,
    /// What changes the cloud: none with `--read-only`.
    pub(crate) cloud_change: Option<Arc<dyn CloudChange>>,
    /// The servers; none where they cannot be asked at all.
    pub(crate) remote: Option<Arc<dyn RemoteRead>>,
    /// What changes servers: none with `--read-only`.
    pub(crate) change: Option<Arc<dyn RemoteChange>>,
    /// Why servers cannot be asked.
    pub(crate) no_remote: Option<String>,
    /// The operator's clone of the code: where the config lies; none in the sandbox.
    pub(crate) clone: Option<PathBuf>,
    /// The project's templates and secrets; none in the sandbox.
    pub(crate) templates: Option<Arc<Templates>>,
    /// Seconds of the cloud per second of ours: 1 but in the sandbox.
    pub(crate) speed: f64,
    /// What is wrong with the config, though it can be used.
    pub(crate) problems: Vec<Problem>,
}

impl Target {
    /// Everything of one environment, as of now: what a console reads of the one that is on its screen.
    pub(crate) async fn looked_at(&self, topology: &Arc<Topology>, place: &EnvironmentPlace) -> Snapshot {
        let interest =
            Interest { environments: [place.name.clone()].into(), machines: true, ..Interest::default() };
        let (cloud, remote) = (Arc::clone(&self.cloud), self.remote.clone());
        refresh::once_looking(cloud, remote, Arc::clone(topology), refresh::Limits::ONCE, interest).await
    }
}

/// The simulated fleet with `--sandbox`, else AWS.
pub(crate) async fn open(globals: &Globals, fresh: bool) -> Result<Target, Stop> {
    if !globals.sandbox {
        return aws(globals).await;
    }
    // Another process may hold the world for a while, and a signal must still be heard.
    let globals = globals.clone();
    let opened = tokio::task::spawn_blocking(move || sandbox(&globals, fresh)).await;
    opened.map_err(|e| Stop::Failed(format!("The sandbox could not be opened: {e}")))?
}

/// The simulated fleet.
fn sandbox(globals: &Globals, fresh: bool) -> Result<Target, Stop> {
    let state_dir = place::state_dir(globals).ok_or_else(|| {
        Stop::Failed(
            "There is no home directory to keep the sandbox in; name a place with --state-dir".into(),
        )
    })?;
    let scenario = globals.scenario.as_deref().map(str::parse::<sandbox::Scenario>).transpose();
    let scenario = scenario.map_err(|e| Stop::Usage(e.to_string()))?;
    let options = sandbox::Options { state_dir, seed: globals.seed, speed: globals.speed, scenario, fresh };
    let cloud = sandbox::open(&options).map_err(|error| match error {
        sandbox::SandboxError::UnknownScenario { .. } | sandbox::SandboxError::Speed { .. } => {
            Stop::Usage(error.to_string())
        }
        sandbox::SandboxError::Fixed { .. } => Stop::Refused(error.to_string()),
        _ => Stop::Failed(error.to_string()),
    })?;
    let topology = Arc::new(cloud.topology());
    let change = (!globals.read_only).then(|| Arc::new(cloud.hosts_change()) as Arc<dyn RemoteChange>);
    let cloud_change = (!globals.read_only).then(|| Arc::new(cloud.clone()) as Arc<dyn CloudChange>);
    Ok(Target {
        cloud_change,
        speed: cloud.speed(),
        remote: Some(Arc::new(cloud.hosts())),
        cloud: Arc::new(cloud),
        topology,
        change,
        no_remote: None,
        clone: None,
        templates: None,
        problems: Vec::new(),
    })
}

/// AWS, as the project in the current directory or the one given says.
async fn aws(globals: &Globals) -> Result<Target, Stop> {
    let (project, mut problems) = project(globals)?;
    let topology = topology(&project, globals)?;
    let (cloud, cloud_change) = connect(globals, &topology).await?;
    let region = cloud.endpoint().region.clone();
    let topology = Arc::new(Topology { region, ..topology });
    let (servers, no_remote) = match ssh::open(globals, &project, &mut problems) {
        Ok(servers) => (Some(servers), None),
        Err(why) => (None, Some(why)),
    };
    let masking = servers.clone();
    let change = servers.as_ref().filter(|_| !globals.read_only);
    let change = change.map(|servers| Arc::new(servers.change()) as Arc<dyn RemoteChange>);
    let remote = servers.map(|servers| Arc::new(servers) as Arc<dyn RemoteRead>);
    let folder = folder(globals);
    let outside = secrets::outside(globals, &project, &folder, masking);
    let templates = Templates::new(Arc::new(project), topology.deployment.to_string(), folder.clone());
    let templates = templates.with(outside);
    let (templates, clone) = (Some(Arc::new(templates)), Some(folder));
    Ok(Target {
        cloud,
        topology,
        cloud_change,
        remote,
        change,
        no_remote,
        clone,
        templates,
        speed: 1.0,
        problems,
    })
}

/// The project's directory.
fn folder(globals: &Globals) -> PathBuf {
    let folder = globals.config.as_deref().and_then(Path::parent);
    folder.filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new(".")).to_owned()
}

/// The project's secrets and what should exist, where no cloud has to be asked.
pub(crate) fn files(globals: &Globals) -> Result<(Templates, Topology), Stop> {
    let (project, _) = project(globals)?;
    let topology = topology(&project, globals)?;
    let templates = Templates::new(Arc::new(project), topology.deployment.to_string(), folder(globals));
    Ok((templates, topology))
}

/// A cloud alone, where there is no config yet: of the region that the globals name.
pub(crate) async fn cloud(globals: &Globals) -> Result<Arc<dyn CloudRead>, Stop> {
    if globals.sandbox {
        return open(globals, false).await.map(|target| target.cloud);
    }
    let nowhere = Topology {
        deployment: crate::fleet::DeploymentName::new(""),
        region: String::new(),
        environments: Vec::new(),
        ssh_address: crate::fleet::AddressChoice::PublicDns,
    };
    let globals = Globals { read_only: true, ..globals.clone() };
    connect(&globals, &nowhere).await.map(|(cloud, _)| cloud)
}

/// What the config says should exist.
pub(crate) fn topology(project: &Project, globals: &Globals) -> Result<Topology, Stop> {
    project.topology(globals.deployment.as_deref()).map_err(|problem| match globals.deployment {
        Some(_) => Stop::Usage(problem.to_string()),
        None => Stop::Failed(problem.to_string()),
    })
}

/// The project, and what is wrong with it. Without a config, or with one that cannot be parsed, says why.
pub(crate) fn project(globals: &Globals) -> Result<(Project, Vec<Problem>), Stop> {
    let loaded = config::load(globals.config.as_deref(), Path::new("."));
    match loaded.project {
        Some(project) => Ok((project, loaded.problems)),
        None => Err(Stop::Failed(no_project(globals, &loaded.path, &loaded.problems))),
    }
}

fn no_project(globals: &Globals, path: &Path, problems: &[Problem]) -> String {
    if globals.config.is_none() && !path.exists() {
        let here = std::env::current_dir().map_or_else(|_| ".".into(), |dir| dir.display().to_string());
        let here = crate::fleet::text::one_line(&here);
        return format!(
            "No FabulAWS project here: there is no {} in {here}.\n\
             Three ways on: set a project up with `quarterdeck setup`, give the file with --config FILE, or open a \
             simulated fleet with `quarterdeck sandbox`.",
            config::CONFIG_FILE
        );
    }
    let mut lines: Vec<String> = problems.iter().map(ToString::to_string).collect();
    lines.push("The config cannot be used; mend it and look again with `quarterdeck config check`.".into());
    lines.join("\n")
}

/// The cloud, to read and, if that is allowed, to change.
type Ways = (Arc<dyn CloudRead>, Option<Arc<dyn CloudChange>>);

#[cfg(feature = "aws")]
async fn connect(globals: &Globals, topology: &Topology) -> Result<Ways, Stop> {
    let of_config = Some(topology.region.clone()).filter(|region| !region.is_empty());
    let options = crate::cloud::aws::Options {
        profile: globals.profile.clone(),
        region: globals.region.clone().or(of_config),
        endpoint_url: globals.endpoint_url.clone(),
    };
    let cloud = crate::cloud::aws::connect(&options).await.map_err(|e| Stop::Failed(e.to_string()))?;
    // With --read-only nothing that changes the cloud is ever made.
    let change = (!globals.read_only).then(|| Arc::new(cloud.change()) as Arc<dyn CloudChange>);
    Ok((Arc::new(cloud), change))
}

#[cfg(not(feature = "aws"))]
#[allow(clippy::unused_async, reason = "the same shape as with AWS")]
async fn connect(_: &Globals, _: &Topology) -> Result<Ways, Stop> {
    Err(Stop::Failed(
        "This quarterdeck was built without AWS. Build it with its default features (`cargo build --release`), \
         or look at a simulated fleet with --sandbox."
            .into(),
    ))
}
