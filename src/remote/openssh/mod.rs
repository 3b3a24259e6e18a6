//! Servers over the user's own `ssh`, so that their config, agent, jump hosts and hardware keys work as they are
//! used to.
//!
//! One multiplexed connection per server (and a second one for much output), kept for a minute without work and
//! shared by all consoles of the user. Commands run below a small script that frames what they print, ends them
//! with everything they started when its standard input ends, and says whether they ended. No type of the
//! `openssh` crate leaves this module.

mod channel;
mod complaint;
mod control;
mod drive;
mod ending;
mod frame;
mod host;
mod master;
mod options;
mod plan;
mod script;
mod stream;

use std::collections::HashMap;
use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use async_trait::async_trait;
use jiff::Timestamp;
use sha2::{Digest, Sha256};

pub use options::{Clock, HostKeyCheck, Options};

use super::clean_text::Secrets;
use super::host_keys::{HostKey, HostKeys, Origin, Pin, PinError, Trust};
use super::{
    Command, CommandLine, DurableJob, Ending, Follow, Job, JobName, Outcome, Refusal, RemoteChange,
    RemoteRead, ScriptId, Seen, Target, Upload,
};
use crate::probe::{HeldQuestion, Request};
use host::Host;
use options::Manner;
use plan::Plan;

/// Bytes as people write them.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

/// What all handles share.
#[derive(Debug)]
struct Inner {
    options: Options,
    keys: HostKeys,
    control: PathBuf,
    secrets: RwLock<Arc<Secrets>>,
    hosts: Mutex<HashMap<String, Arc<Host>>>,
    count: AtomicU64,
    random: RandomState,
}

/// The reading half. Cheap to clone.
#[derive(Clone, Debug)]
pub struct OpenSsh {
    inner: Arc<Inner>,
}

/// The changing half. It exists only where somebody asked for it with [`OpenSsh::change`].
#[derive(Clone, Debug)]
pub struct OpenSshChange {
    inner: Arc<Inner>,
}

impl OpenSsh {
    /// Sets up the adapter, and removes sockets that dead connections left behind. Connects nowhere.
    ///
    /// # Errors
    /// When the state or control directory cannot be made, or is not private.
    pub fn open(options: Options) -> io::Result<Self> {
        let keys = HostKeys::open(&options.state)?;
        let control = control::open(options.control.as_deref())?;
        control::sweep(&control);
        let secrets = RwLock::new(Arc::clone(&options.secrets));
        let inner = Inner {
            options,
            keys,
            control,
            secrets,
            hosts: Mutex::default(),
            count: AtomicU64::new(0),
            random: RandomState::new(),
        };
        Ok(Self { inner: Arc::new(inner) })
    }

    /// The half that changes servers: not to be called with read-only.
    #[must_use]
    pub fn change(&self) -> OpenSshChange {
        OpenSshChange { inner: Arc::clone(&self.inner) }
    }

    /// Where keys are pinned.
    #[must_use]
    pub fn host_keys(&self) -> &HostKeys {
        &self.inner.keys
    }

    /// Other values to mask, in jobs that begin from now on.
    pub fn mask(&self, secrets: Secrets) {
        *self.inner.secrets.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(secrets);
    }
}

impl Inner {
    fn secrets(&self) -> Arc<Secrets> {
        Arc::clone(&self.secrets.read().unwrap_or_else(PoisonError::into_inner))
    }

    fn random(&self) -> u64 {
        self.random.hash_one(self.count.fetch_add(1, Ordering::Relaxed))
    }

    /// From 0 to 1.
    fn chance(&self) -> f64 {
        f64::from(u16::try_from(self.random() & 0xffff).unwrap_or(0)) / f64::from(u16::MAX)
    }

    /// A word nobody can guess.
    fn nonce(&self) -> String {
        format!("{:016x}{:016x}", self.random(), self.random())
    }

    /// Everything that makes a connection what it is: consoles with the same digest share it.
    fn digest(&self, target: &Target) -> String {
        let options = &self.options;
        let mut digest = Sha256::new();
        for part in [
            format!("{target:?}"),
            format!("{:?} {:?} {:?}", options.ssh_config, options.user, options.identity),
            format!("{:?} {}", options.host_keys, options.state.display()),
        ] {
            digest.update(part.as_bytes());
            digest.update([0]);
        }
        hex(&digest.finalize()[..10])
    }

    /// The server's connections. When there are too many, those longest without work are closed.
    fn host(self: &Arc<Self>, target: &Target) -> Arc<Host> {
        let mut hosts = self.hosts.lock().unwrap_or_else(PoisonError::into_inner);
        let host = hosts.entry(format!("{target:?}")).or_insert_with(|| Arc::new(Host::new(self, target)));
        let host = Arc::clone(host);
        host.touch(self.count.fetch_add(1, Ordering::Relaxed));
        while hosts.len() > self.options.most.max(1) {
            let idle = hosts.iter().filter(|(_, other)| other.is_idle() && !Arc::ptr_eq(other, &host));
            let Some(name) = idle.min_by_key(|(_, other)| other.used()).map(|(name, _)| name.clone()) else {
                break;
            };
            if let Some(old) = hosts.remove(&name) {
                tokio::spawn(async move { old.close().await });
            }
        }
        host
    }

    /// Starts a plan, or says what is wrong with it.
    fn run(self: &Arc<Self>, target: &Target, plan: Result<Plan, String>) -> Job {
        let (job, end) = Job::new();
        let plan = plan.and_then(|plan| {
            let fits = plan.words.len() <= script::LONGEST;
            fits.then_some(plan).ok_or_else(|| "the command is too long: give it as input".to_owned())
        });
        match plan {
            Ok(plan) => {
                tokio::spawn(drive::drive(Arc::clone(self), target.clone(), plan, end));
            }
            Err(detail) => {
                let outcome = Outcome::NotStarted(Refusal::Failed { server: target.to_string(), detail });
                let at = self.options.clock.now();
                end.end(Ending { outcome, started: None, at, before: Vec::new() });
            }
        }
        job
    }
}

#[async_trait]
impl RemoteRead for OpenSsh {
    fn now(&self) -> Timestamp {
        self.inner.options.clock.now()
    }

    fn probe(&self, target: &Target, script: ScriptId) -> Job {
        self.inner.run(target, Ok(Plan::probe(self.inner.nonce(), script.script())))
    }

    fn measure(&self, target: &Target, request: &Request) -> Job {
        self.inner.run(target, Ok(Plan::measure(self.inner.nonce(), request)))
    }

    fn held(&self, target: &Target, question: &HeldQuestion) -> Job {
        self.inner.run(target, Ok(Plan::held(self.inner.nonce(), question)))
    }

    fn follow(&self, target: &Target, logs: &Follow) -> Job {
        self.inner.run(target, Plan::follow(self.inner.nonce(), logs))
    }

    fn attach(&self, target: &Target, name: &JobName, seen: Seen) -> Job {
        self.inner.run(target, Ok(Plan::attach(self.inner.nonce(), name, seen)))
    }

    async fn presented_key(&self, target: &Target) -> Result<HostKey, Refusal> {
        self.inner.presented(target).await
    }

    fn pins(&self, target: &Target) -> Result<Vec<Pin>, Refusal> {
        self.inner.keys.pinned(target.instance()).map_err(|error| not_pinned(target, error))
    }

    async fn trust(&self, target: &Target, word: Trust) -> Result<Vec<Pin>, Refusal> {
        let (keys, at, instance) = (&self.inner.keys, self.inner.options.clock.now(), target.instance());
        let done = match word {
            Trust::Console(printed) => keys.pin(instance, &printed, Origin::Console, at),
            Trust::Operator(fingerprint) => {
                let key = self.inner.recognised(target, &fingerprint).await?;
                keys.pin(instance, &[key], Origin::Operator, at)
            }
            Trust::Replace(fingerprint) => {
                let key = self.inner.recognised(target, &fingerprint).await?;
                keys.replace(instance, &[key], Origin::Operator, at)
            }
        };
        done.map_err(|error| not_pinned(target, error))?;
        self.pins(target)
    }
}

fn not_pinned(target: &Target, error: PinError) -> Refusal {
    let server = target.to_string();
    match error {
        PinError::Changed { pinned, presented, .. } => {
            Refusal::ChangedHostKey { server, pinned, presented: presented.into_iter().next() }
        }
        error => Refusal::Failed { server, detail: error.to_string() },
    }
}

#[async_trait]
impl RemoteChange for OpenSshChange {
    fn exec(&self, target: &Target, command: Command) -> Job {
        self.inner.run(target, Ok(Plan::exec(self.inner.nonce(), command)))
    }

    fn upload(&self, target: &Target, upload: Upload) -> Job {
        self.inner.run(target, Plan::upload(self.inner.nonce(), upload))
    }

    fn start(&self, target: &Target, job: DurableJob) -> Job {
        self.inner.run(target, Plan::start(self.inner.nonce(), &job))
    }

    fn stop(&self, target: &Target, name: &JobName) -> Job {
        self.inner.run(target, Ok(Plan::durable(self.inner.nonce(), "stop", name)))
    }

    fn forget(&self, target: &Target, name: &JobName) -> Job {
        self.inner.run(target, Ok(Plan::durable(self.inner.nonce(), "forget", name)))
    }

    fn shell(&self, target: &Target) -> CommandLine {
        let manner = Manner { interactive: true, agent: false };
        let arguments = options::arguments(&self.inner.options, &self.inner.keys, target, manner);
        let mut words = vec!["ssh".to_owned(), "-t".into(), "-S".into(), "none".into()];
        words.extend(arguments.into_iter().map(|word| word.to_string_lossy().into_owned()));
        words.extend(["--".to_owned(), target.address().to_owned()]);
        CommandLine { words }
    }
}
