//! What is measured on servers, again and again: who is due is decided by pure code, visits run side by side, and
//! the loop takes what comes of them into its snapshot.

mod merge;
mod schedule;
mod visit;
mod wanted;

#[cfg(test)]
pub(crate) mod fake;
#[cfg(test)]
mod tests;

use std::collections::BTreeSet;
use std::future::Future;
use std::hash::{BuildHasher, RandomState};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use jiff::Timestamp;
use tokio::sync::mpsc;

use super::Pace;
use crate::cloud::CloudRead;
use crate::fleet::{Fact, Failure, FailureKind, InstanceId, Interest, Snapshot, Topology};
use crate::probe::{Request, Unread};
use crate::remote::RemoteRead;
use crate::remote::host_keys::Trust;
use schedule::{Schedule, Visit};
pub(crate) use visit::HostOutcome;
pub use visit::pin_from_console;
use visit::{Came, measure, trust};

/// Answers of the operator that are carried out at the same time.
const TRUSTS: usize = 8;

/// The servers of the fleet. Dropping it ends every visit, on the servers too.
pub(crate) struct Hosts {
    cloud: Arc<dyn CloudRead>,
    remote: Arc<dyn RemoteRead>,
    topology: Arc<Topology>,
    schedule: Schedule,
    wanted: BTreeSet<InstanceId>,
    trusting: BTreeSet<InstanceId>,
    running: FuturesUnordered<Pin<Box<dyn Future<Output = Ended> + Send>>>,
    nonces: RandomState,
    count: u64,
}

/// What has ended.
enum Ended {
    Visit(HostOutcome),
    Trust(HostOutcome, Result<String, String>, mpsc::Sender<Result<String, String>>),
}

impl Hosts {
    pub(crate) fn new(
        cloud: Arc<dyn CloudRead>,
        remote: Arc<dyn RemoteRead>,
        topology: Arc<Topology>,
        pace: Pace,
        seed: u64,
    ) -> Self {
        Self {
            cloud,
            remote,
            topology,
            schedule: Schedule::new(pace, seed),
            wanted: BTreeSet::new(),
            trusting: BTreeSet::new(),
            running: FuturesUnordered::new(),
            nonces: RandomState::new(),
            count: 0,
        }
    }

    /// Other servers, or another interest.
    pub(crate) fn plan(&mut self, snapshot: &Snapshot, interest: &Interest, now: Duration) {
        let wanted = wanted::wanted(snapshot, &self.topology, interest);
        self.wanted = wanted.iter().map(|wanted| wanted.instance.clone()).collect();
        self.schedule.plan(wanted, now);
    }

    /// Somebody wants to know now.
    pub(crate) fn force(&mut self, now: Duration) {
        self.schedule.force(now);
    }

    /// Somebody is there.
    pub(crate) fn awake(&mut self, now: Duration) {
        self.schedule.awake(now);
    }

    /// When something is to begin; never before `now`.
    pub(crate) fn next_at(&self, now: Duration) -> Option<Duration> {
        self.schedule.next_at(now)
    }

    /// Begins what is due.
    pub(crate) fn start(&mut self, snapshot: &Snapshot, now: Duration) {
        for Visit { instance, topics } in self.schedule.start(now) {
            let Some(server) = snapshot.server(&instance) else {
                self.schedule.ended(&instance, false, now);
                continue;
            };
            let layout = wanted::layout(server, &self.topology);
            let request = Request::new(server.role.role.clone(), topics, layout, &self.nonce());
            let (cloud, remote) = (Arc::clone(&self.cloud), Arc::clone(&self.remote));
            let target = wanted::target(server, self.topology.ssh_address);
            self.running.push(Box::pin(async move {
                Ended::Visit(match target {
                    Ok(target) => measure(cloud, remote, target, request).await,
                    Err(failure) => HostOutcome { instance, at: cloud.now(), came: Came::Nothing(failure) },
                })
            }));
        }
    }

    fn nonce(&mut self) -> String {
        self.count += 1;
        format!(
            "{:016x}{:016x}",
            self.nonces.hash_one(self.count),
            self.nonces.hash_one((self.count, self.count))
        )
    }

    /// Begins to pin the key that the operator saw; the answer comes when that has ended. One at a time per
    /// server.
    ///
    /// # Errors
    /// Why nothing was begun; then this is the answer.
    pub(crate) fn trust(
        &mut self,
        snapshot: &Snapshot,
        instance: &InstanceId,
        word: Trust,
        answer: &mpsc::Sender<Result<String, String>>,
    ) -> Result<(), String> {
        let server = snapshot.server(instance);
        let server = server.ok_or_else(|| format!("{instance} is not there any more; no key was pinned"))?;
        let target = wanted::target(server, self.topology.ssh_address).map_err(|failure| failure.message)?;
        if self.trusting.contains(instance) {
            return Err(format!("A key of {instance} is being looked at already"));
        }
        if self.trusting.len() >= TRUSTS {
            return Err("Too many keys are being looked at; try again in a moment".into());
        }
        self.trusting.insert(instance.clone());
        let (cloud, remote) = (Arc::clone(&self.cloud), Arc::clone(&self.remote));
        let answer = answer.clone();
        self.running.push(Box::pin(async move {
            let (outcome, said) = trust(cloud, remote, target, word).await;
            Ended::Trust(outcome, said, answer)
        }));
        Ok(())
    }

    /// What ends next; none while nothing is under way. Safe to cancel.
    pub(crate) async fn next(&mut self, now: impl Fn() -> Duration) -> Option<HostOutcome> {
        Some(match self.running.next().await? {
            Ended::Visit(outcome) => {
                let reached = matches!(outcome.came, Came::Facts(_));
                if let Came::Facts(facts) = &outcome.came {
                    self.schedule
                        .told(&outcome.instance, facts.iter().map(|(topic, fact)| (*topic, avails(fact))));
                }
                self.schedule.ended(&outcome.instance, reached, now());
                outcome
            }
            Ended::Trust(outcome, said, answer) => {
                let _ = answer.try_send(said);
                self.trusting.remove(&outcome.instance);
                if matches!(outcome.came, Came::Trusted) {
                    self.schedule.again(&outcome.instance, now());
                }
                outcome
            }
        })
    }

    /// Takes what came of a visit into the snapshot.
    pub(crate) fn merge(snapshot: &mut Snapshot, outcome: HostOutcome) {
        if let Came::Nothing(failure) | Came::Key(failure, _) = &outcome.came {
            tracing::warn!(server = %outcome.instance, kind = failure.kind.word(), "{}", failure.message);
        }
        merge::merge(snapshot, outcome);
    }

    /// Lets go of what has gone.
    pub(crate) fn forget(&mut self, snapshot: &mut Snapshot, now: Timestamp) {
        merge::forget(snapshot, |instance| self.wanted.contains(instance), now);
        self.schedule.forget(|instance| wanted::is_kept(snapshot, instance));
    }

    /// Measures everything once on all servers of the topology, as far as `limit` allows.
    pub(crate) async fn once(mut self, snapshot: &mut Snapshot, interest: Interest, limit: Duration) {
        let begun = tokio::time::Instant::now();
        self.schedule = Schedule::single(0);
        let environments = self.topology.environments.iter().map(|e| e.name.clone()).collect();
        self.plan(snapshot, &Interest { environments, ..interest }, Duration::ZERO);
        loop {
            self.start(snapshot, begun.elapsed());
            if self.schedule.is_done(begun.elapsed()) {
                return;
            }
            let left = limit.saturating_sub(begun.elapsed());
            // Where answers are always there already, a timeout never ends the wait for them.
            if left.is_zero() {
                break;
            }
            match tokio::time::timeout(left, self.next(|| begun.elapsed())).await {
                Ok(Some(outcome)) => Self::merge(snapshot, outcome),
                Ok(None) => return,
                Err(_) => break,
            }
        }
        let unasked: Vec<InstanceId> = self.schedule.unasked().cloned().collect();
        for instance in unasked {
            if snapshot.measured(&instance).is_some_and(|measured| measured.reached_at.is_some()) {
                continue;
            }
            let message = format!("{instance} was not measured within {} s; look again", limit.as_secs());
            let failure = Failure { since: Timestamp::UNIX_EPOCH, kind: FailureKind::Unreachable, message };
            let at = self.cloud.now();
            Self::merge(snapshot, HostOutcome { instance, at, came: Came::Nothing(failure) });
        }
    }
}

/// Whether asking again soon may give another answer: what is forbidden or not installed stays so for a while.
const fn avails(fact: &Result<Fact, Unread>) -> bool {
    !matches!(fact, Err(Unread { kind: FailureKind::Denied | FailureKind::Absent, .. }))
}
