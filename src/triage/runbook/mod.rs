//! What to do about a finding: the safest action first, each something that can be opened, run or copied.

mod database;
mod machine;
mod servers;
mod site;
mod work;

use serde::Serialize;

use super::kind::Kind;
use super::patient::Patient;
use super::rules::Symptom;
use crate::fleet::{EnvironmentPlace, Group, InstanceId, Role, Severity, Topic};

/// What is done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "do")]
pub enum Remedy {
    /// Plan an operation; nothing happens before its plan is confirmed.
    Plan {
        /// The operation.
        operation: &'static str,
        /// Its options, by name, with their values; empty for a flag.
        options: Vec<(&'static str, String)>,
    },
    /// Run a command on a server, after asking whether really.
    Run {
        /// The server.
        server: InstanceId,
        /// The command.
        command: String,
        /// As root.
        sudo: bool,
    },
    /// Follow logs of a server.
    Logs {
        /// The server.
        server: InstanceId,
        /// Which log, by the name that `quarterdeck logs --log` takes; none are the usual ones.
        log: Option<&'static str>,
    },
    /// A shell on a server.
    Shell {
        /// The server.
        server: InstanceId,
    },
    /// Compare and trust a server's host key.
    Trust {
        /// The server.
        server: InstanceId,
    },
    /// Look at a page of the environment.
    Look {
        /// The page's title.
        page: &'static str,
    },
    /// Another command of Quarterdeck, to be copied.
    Command {
        /// Its words after `quarterdeck`.
        words: Vec<String>,
    },
    /// Something that only people can do.
    People,
}

impl Remedy {
    /// Whether it changes anything, once it is confirmed.
    #[must_use]
    pub const fn changes(&self) -> bool {
        matches!(self, Self::Plan { .. } | Self::Run { .. } | Self::Shell { .. } | Self::Trust { .. })
    }

    /// The words of the command that does the same, after `quarterdeck`; none where there is none.
    #[must_use]
    pub fn words(&self, place: &EnvironmentPlace) -> Option<Vec<String>> {
        let words = |all: &[&str]| Some(all.iter().map(|word| (*word).to_owned()).collect());
        let name = place.name.as_str();
        match self {
            Self::Plan { operation, options } => {
                let mut all = vec!["plan".to_owned(), (*operation).to_owned(), name.to_owned()];
                for (option, value) in options {
                    all.push(format!("--{option}"));
                    if !value.is_empty() {
                        all.push(value.clone());
                    }
                }
                Some(all)
            }
            Self::Run { server, command, sudo } => {
                let mut all =
                    vec!["exec".to_owned(), name.to_owned(), "--server".to_owned(), server.to_string()];
                all.extend(sudo.then(|| "--sudo".to_owned()));
                if place.production {
                    all.extend(["--confirm".to_owned(), name.to_owned()]);
                }
                all.extend(["--".to_owned(), command.clone()]);
                Some(all)
            }
            Self::Logs { server, log } => {
                let mut all =
                    vec!["logs".to_owned(), name.to_owned(), "--server".to_owned(), server.to_string()];
                all.extend(log.iter().flat_map(|log| ["--log".to_owned(), (*log).to_owned()]));
                Some(all)
            }
            Self::Trust { server } => words(&["trust", server.as_str()]),
            Self::Look { .. } => words(&["describe", name]),
            Self::Command { words } => Some(words.clone()),
            Self::Shell { .. } | Self::People => None,
        }
    }
}

/// One thing to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Step {
    /// In a few words, beginning with a verb.
    pub words: String,
    /// What it costs, or why it stands here; empty where it is plain.
    pub aside: String,
    /// What is done.
    pub remedy: Remedy,
    /// It is so already. The step stays, and with it the numbers of those after it: a key must not come to mean
    /// something else while somebody reaches for it.
    pub done: bool,
}

impl Step {
    fn new(words: impl Into<String>, aside: impl Into<String>, remedy: Remedy) -> Self {
        Self { words: words.into(), aside: aside.into(), remedy, done: false }
    }

    /// What is said after its words: what it costs, or that it is done.
    #[must_use]
    pub fn says(&self) -> &str {
        if self.done { "done" } else { &self.aside }
    }

    fn plan(
        words: impl Into<String>,
        aside: impl Into<String>,
        operation: &'static str,
        options: Vec<(&'static str, String)>,
    ) -> Self {
        Self::new(words, aside, Remedy::Plan { operation, options })
    }

    fn run(
        words: impl Into<String>,
        aside: impl Into<String>,
        server: &InstanceId,
        command: impl Into<String>,
    ) -> Self {
        let remedy = Remedy::Run { server: server.clone(), command: command.into(), sudo: true };
        Self::new(words, aside, remedy)
    }

    fn logs(words: impl Into<String>, server: &InstanceId, log: Option<&'static str>) -> Self {
        Self::new(words, "changes nothing", Remedy::Logs { server: server.clone(), log })
    }

    fn look(words: impl Into<String>, page: &'static str) -> Self {
        Self::new(words, "changes nothing", Remedy::Look { page })
    }

    fn shell(server: &InstanceId) -> Self {
        let words = format!("open a shell on {}", server.short());
        Self::new(words, "", Remedy::Shell { server: server.clone() })
    }

    fn people(words: impl Into<String>) -> Self {
        Self::new(words, "", Remedy::People)
    }

    fn command(words: impl Into<String>, aside: impl Into<String>, command: &[&str]) -> Self {
        let words_of = command.iter().map(|word| (*word).to_owned()).collect();
        Self::new(words, aside, Remedy::Command { words: words_of })
    }
}

/// R1: what comes first in an incident of the database or the cache.
fn hold_still(patient: &Patient<'_>) -> Step {
    let held = patient.group().is_none_or(|group| group.is_suspended("ReplaceUnhealthy"));
    let mut web = patient.running(&Role::Web).peekable();
    let up = web.peek().is_some()
        && web.all(|server| {
            let site = patient.measured(&server.id, Topic::Site).and_then(|measured| measured.site());
            site.is_some_and(|site| site.maintenance)
        });
    let step = Step::plan(
        "hold the group still and put the maintenance page up",
        "else every web server fails its health check, and the group ends them all (R1)",
        "begin-upgrade",
        vec![("hold-group", String::new())],
    );
    Step { done: held && up, ..step }
}

/// The same where another step does it, too, and ends it itself.
fn until_somebody_knows(patient: &Patient<'_>) -> Step {
    let aside = "only where nobody can begin with that yet: what is held by hand is ended by hand";
    Step { aside: aside.into(), ..hold_still(patient) }
}

/// R18: a new cache server in the place of the one that does not work.
fn replace_cache(when: &str) -> Step {
    let aside = "never stop and start the old one under another name: RabbitMQ would lose its queues (R18)";
    let words = format!("{when}have a new cache server take its place");
    Step::plan(words, aside, "replace-cache-server", Vec::new())
}

/// What holding still has left, once the cause is gone: an operation in between leaves both as it found them.
fn let_in_again(patient: &Patient<'_>) -> Vec<Step> {
    let group = patient.group().map(|_| {
        let processes = "HealthCheck,ReplaceUnhealthy,AZRebalance,AlarmNotification";
        Step::plan(
            "let the group work again",
            "where it was held by hand, once web servers are healthy",
            "resume-processes",
            vec![("processes", processes.into())],
        )
    });
    let page = Step::plan(
        "take the page off",
        "where it was put up by hand, once Django answers",
        "end-upgrade",
        Vec::new(),
    );
    std::iter::once(page).chain(group).collect()
}

/// Whether a web server fails the health check of a load balancer.
fn fails(patient: &Patient<'_>) -> bool {
    patient.row.balancers.iter().any(|balancer| balancer.severity == Severity::Down)
}

/// Whether fewer than half of them are in service, or soon will be: a load balancer takes some checks to notice.
fn most_fail(patient: &Patient<'_>) -> bool {
    let short = |serving: usize, all: usize| all > 0 && serving * 2 < all;
    let out = patient
        .row
        .balancers
        .iter()
        .any(|b| b.in_service.zip(b.registered).is_some_and(|(n, all)| short(n, all)));
    let answers = patient.running(&Role::Web).filter_map(|server| {
        let site = patient.measured(&server.id, Topic::Site)?.site()?;
        Some(site.nginx.as_ref()?.status == 200)
    });
    let answers: Vec<bool> = answers.collect();
    out || short(answers.iter().filter(|well| **well).count(), answers.len())
}

/// While web servers fail their health check, the group would end them all, whatever the cause.
fn spare(patient: &Patient<'_>) -> Option<Step> {
    let step = end_none(patient, "nothing else changes; it would end them for their health");
    (patient.group().is_some() && (fails(patient) || step.done)).then_some(step)
}

/// The same where that is none of its own: nobody is in service, and the group would end them all (R1).
fn spare_all(patient: &Patient<'_>) -> Option<Step> {
    let nobody = patient.row.balancers.iter().any(|b| b.in_service == Some(0) && b.registered != Some(0));
    spare(patient).filter(|_| nobody)
}

/// The group ends no server for its health.
fn end_none(patient: &Patient<'_>, aside: &str) -> Step {
    let held = |group: &Group| group.is_suspended("HealthCheck") || group.is_suspended("ReplaceUnhealthy");
    let options = vec![("processes", "HealthCheck,ReplaceUnhealthy".to_owned())];
    let step = Step::plan("stop the group from ending servers", aside, "suspend-processes", options);
    Step { done: patient.group().is_some_and(held), ..step }
}

/// A replica is made anew of the primary, where it is.
fn resync(id: &InstanceId) -> Step {
    let aside = "its data stay until the copy streams; refuses where the primary is not good";
    Step::plan("copy the primary to it anew", aside, "resync-replica", vec![("servers", id.to_string())])
}

/// Nobody reads from a replica that does harm.
fn leave(patient: &Patient<'_>, replicas: &[InstanceId]) -> Step {
    let left = |id: &InstanceId| patient.snapshot.server(id).is_some_and(|server| server.left().is_some());
    let options = if replicas.is_empty() { Vec::new() } else { vec![("servers", ids(replicas))] };
    let aside = "if pages or health checks fail because of it; use-replicas takes it back";
    let step = Step::plan("have everybody read from the primary", aside, "leave-replicas", options);
    Step { done: !replicas.is_empty() && replicas.iter().all(left), ..step }
}

fn ids(servers: &[InstanceId]) -> String {
    servers.iter().map(InstanceId::as_str).collect::<Vec<_>>().join(",")
}

/// The runbook of what was found.
pub(super) fn steps(patient: &Patient<'_>, symptom: &Symptom) -> Vec<Step> {
    match symptom.key.kind {
        Kind::NoMember
        | Kind::WebOut
        | Kind::WebFails
        | Kind::NoBalancer
        | Kind::DrainingOff
        | Kind::Certificate
        | Kind::Errors
        | Kind::Surge
        | Kind::Slow
        | Kind::Churn
        | Kind::LaunchFails
        | Kind::LaunchMissing
        | Kind::NoGroup
        | Kind::Suspended
        | Kind::Maintenance
        | Kind::HealthOverride
        | Kind::MixedReleases
        | Kind::CodeDiffers
        | Kind::GroupShort
        | Kind::AtMax
        | Kind::Stray => site::steps(patient, symptom),
        Kind::TwoPrimaries
        | Kind::PrimaryDown
        | Kind::PrimaryUnreachable
        | Kind::PrimaryReadOnly
        | Kind::Connections
        | Kind::PoolFull
        | Kind::ReplicaCut
        | Kind::Timeline
        | Kind::ReplicaPaused
        | Kind::ReplicaLags
        | Kind::ReplicaLeft
        | Kind::WalHeld
        | Kind::LongTransaction => database::steps(patient, symptom),
        Kind::CacheDown
        | Kind::ServiceSilent
        | Kind::QueueBlocked
        | Kind::RedisFull
        | Kind::CeleryDown
        | Kind::QueueGrows
        | Kind::Unacknowledged
        | Kind::Unheard
        | Kind::TwoBeats
        | Kind::NoBeat
        | Kind::LongTask
        | Kind::ProgramDown
        | Kind::Restarts => work::steps(patient, symptom),
        Kind::StatusCheck | Kind::Retirement | Kind::PlannedWork | Kind::CreditsLow | Kind::BurstsLow => {
            machine::steps(patient, symptom)
        }
        Kind::ServerMissing
        | Kind::ServiceDown
        | Kind::DiskFull
        | Kind::Unreachable
        | Kind::HostKeyChanged
        | Kind::HostKeyUnknown
        | Kind::Leftovers
        | Kind::Memory
        | Kind::Swap
        | Kind::Load
        | Kind::Clock
        | Kind::LeftBehind
        | Kind::SilentLock
        | Kind::AtWork
        | Kind::Unread => servers::steps(patient, symptom),
    }
}
