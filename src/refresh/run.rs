//! The loop: waits, starts what the schedule says is due, and publishes what came of it.

use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use super::flight::Flight;
use super::hosts::{HostOutcome, Hosts};
use super::merge::{Change, forget, forget_absent, merge};
use super::part::{Outcome, Part};
use super::schedule::Schedule;
use super::{Command, Limits, Pace};
use crate::cloud::CloudRead;
use crate::fleet::{FailureKind, Interest, Pulse, Snapshot, Topology};
use crate::remote::RemoteRead;
use crate::remote::host_keys::Trust;

/// New ages of unchanged values wait this long for company before they are published.
const LINGER: Duration = Duration::from_millis(500);

/// The loop's own state.
pub(crate) struct Run {
    cloud: Arc<dyn CloudRead>,
    hosts: Option<Hosts>,
    topology: Arc<Topology>,
    hosts_limit: Duration,
    schedule: Schedule,
    flight: Flight,
    begun: Instant,
    snapshot: Snapshot,
    dirty_since: Option<Duration>,
    throttled: bool,
    beat: Option<Beat>,
}

impl Run {
    pub(crate) fn new(
        cloud: Arc<dyn CloudRead>,
        hosts: Option<Arc<dyn RemoteRead>>,
        topology: Arc<Topology>,
        pace: Pace,
        limits: Limits,
        seed: u64,
    ) -> Self {
        let hosts =
            hosts.map(|remote| Hosts::new(Arc::clone(&cloud), remote, Arc::clone(&topology), pace, seed));
        Self {
            schedule: Schedule::new(Arc::clone(&topology), pace, seed),
            flight: Flight::new(Arc::clone(&cloud), Arc::clone(&topology), limits),
            cloud,
            hosts,
            topology,
            hosts_limit: limits.hosts,
            begun: Instant::now(),
            snapshot: Snapshot::default(),
            dirty_since: None,
            throttled: false,
            beat: None,
        }
    }

    fn elapsed(&self) -> Duration {
        self.begun.elapsed()
    }

    /// Runs until the other end is dropped.
    pub(crate) async fn forever(
        mut self,
        snapshots: watch::Sender<Arc<Snapshot>>,
        pulse: watch::Sender<Pulse>,
        mut commands: mpsc::Receiver<Command>,
    ) {
        loop {
            if self.flight.is_over() {
                let parts = self.schedule.start(self.elapsed(), &self.snapshot);
                self.flight.add(parts);
            }
            let now = self.elapsed();
            if let Some(hosts) = &mut self.hosts {
                hosts.start(&self.snapshot, now);
            }
            self.publish_pulse(&pulse);
            let wake = self.next_wake();
            let sleep = tokio::time::sleep_until(self.begun + wake.unwrap_or_default());
            tokio::select! {
                () = snapshots.closed() => return,
                command = commands.recv() => match command {
                    Some(command) => self.command(command),
                    None => return,
                },
                Some(outcome) = next_host(&mut self.hosts, self.begun) => {
                    Hosts::merge(&mut self.snapshot, outcome);
                    self.dirty_since.get_or_insert(self.begun.elapsed());
                }
                Some(outcome) = self.flight.next() => {
                    let change = self.take(outcome);
                    if self.flight.is_over() {
                        self.end();
                    }
                    if self.flight.is_over() || change == Change::Content {
                        self.publish(&snapshots);
                    }
                }
                () = sleep, if wake.is_some() => {
                    if self.dirty_since.is_some_and(|at| at + LINGER <= self.begun.elapsed()) {
                        self.publish(&snapshots);
                    }
                }
            }
        }
    }

    /// When there is something to do, if nothing ends before.
    fn next_wake(&self) -> Option<Duration> {
        let now = self.elapsed();
        let refresh = self.flight.is_over().then(|| self.schedule.next_at(now, &self.snapshot));
        let hosts = self.hosts.as_ref().and_then(|hosts| hosts.next_at(now));
        let publish = self.dirty_since.map(|at| at + LINGER);
        [refresh, hosts, publish].into_iter().flatten().min()
    }

    fn command(&mut self, command: Command) {
        let now = self.elapsed();
        if let (None, Command::Trust { answer, .. }) = (&self.hosts, &command) {
            let _ = answer.try_send(Err("Servers cannot be asked from this console".into()));
        }
        if let Some(hosts) = &mut self.hosts {
            match &command {
                Command::Now => hosts.force(now),
                Command::Awake => hosts.awake(now),
                Command::Look(interest) => {
                    if interest != self.schedule.interest() {
                        hosts.awake(now);
                        hosts.plan(&self.snapshot, interest, now);
                    }
                }
                Command::Trust { instance, fingerprint, replaces, answer } => {
                    let print = fingerprint.clone();
                    let word = if *replaces { Trust::Replace(print) } else { Trust::Operator(print) };
                    if let Err(why) = hosts.trust(&self.snapshot, instance, word, answer) {
                        let _ = answer.try_send(Err(why));
                    }
                }
            }
        }
        self.schedule.command(command, now);
    }

    /// One refresh of everything, and what came of it.
    pub(crate) async fn once(mut self, interest: Interest) -> Snapshot {
        self.schedule.look_once();
        self.schedule.command(Command::Look(interest.clone()), self.elapsed());
        // A first beat leaves out the numbers, for speed; there is no second one here.
        self.schedule.command(Command::Now, self.elapsed());
        let parts = self.schedule.start(self.elapsed(), &self.snapshot);
        self.flight.add(parts);
        while let Some(outcome) = self.flight.next().await {
            self.take(outcome);
        }
        forget_absent(&mut self.snapshot);
        if let Some(hosts) = self.hosts.take() {
            hosts.once(&mut self.snapshot, interest, self.hosts_limit).await;
        }
        self.snapshot.revision = 1;
        self.snapshot
    }

    /// Takes in one outcome, and adds what it calls for.
    fn take(&mut self, outcome: Outcome) -> Change {
        let now = self.elapsed();
        match outcome.result.as_ref().map_err(crate::cloud::CloudError::kind) {
            Err(FailureKind::Throttled) => self.throttled = true,
            Err(FailureKind::Credentials) => self.schedule.doubt_identity(),
            Ok(_) if outcome.part == Part::Identity => self.schedule.identity_known(),
            _ => {}
        }
        if let Err(error) = &outcome.result {
            tracing::warn!(action = outcome.part.source().action(), kind = error.kind().word(), "{error}");
        }
        // New points come every minute whatever happens, the holder of a lock shows itself as often, and activities tell of
        // what groups and servers show themselves, and certificates are rarely looked at: none is a sign that a change goes on.
        let servers = outcome.part == Part::Servers;
        let telling = !matches!(
            outcome.part,
            Part::Metrics(_)
                | Part::Balances(_)
                | Part::Checks(_)
                | Part::CreditModes(_)
                | Part::Activities(_)
                | Part::Locks
                | Part::Certificates(..)
        );
        let change = merge(&mut self.snapshot, &self.topology, outcome);
        if telling && change == Change::Content {
            self.schedule.changed(now);
        }
        if let Some(hosts) = self.hosts.as_mut().filter(|_| servers) {
            hosts.plan(&self.snapshot, self.schedule.interest(), now);
        }
        self.dirty_since.get_or_insert(now);
        let more = self.schedule.follow_ups(now, &self.snapshot, self.flight.is_settled());
        self.flight.add(more);
        change
    }

    /// Ends a refresh.
    fn end(&mut self) {
        self.schedule.ended(std::mem::take(&mut self.throttled));
        forget_absent(&mut self.snapshot);
        let now = self.cloud.now();
        forget(&mut self.snapshot, self.schedule.interest(), &self.topology, now);
        if let Some(hosts) = &mut self.hosts {
            hosts.forget(&mut self.snapshot, now);
        }
    }

    fn publish(&mut self, snapshots: &watch::Sender<Arc<Snapshot>>) {
        self.dirty_since = None;
        self.snapshot.revision += 1;
        snapshots.send_replace(Arc::new(self.snapshot.clone()));
    }

    fn publish_pulse(&mut self, pulse: &watch::Sender<Pulse>) {
        let now = self.elapsed();
        let in_flight = !self.flight.is_over();
        let next = (!in_flight).then(|| self.schedule.next_at(now, &self.snapshot));
        let beat = Beat { in_flight, next, slowed: self.schedule.slowed_until(now, &self.snapshot) };
        // Compared by the loop's own clock: turned into dates they would differ every time.
        if self.beat.replace(beat) == Some(beat) {
            return;
        }
        let date = |at: Duration| -> Option<Timestamp> {
            let ahead = SignedDuration::try_from(at.saturating_sub(now)).ok()?;
            self.cloud.now().checked_add(ahead).ok()
        };
        pulse.send_replace(Pulse {
            in_flight,
            next_at: beat.next.and_then(date),
            slowed_until: beat.slowed.and_then(date),
        });
    }
}

/// The next visit to a server that ends; none without servers and while none is under way. Safe to cancel.
async fn next_host(hosts: &mut Option<Hosts>, begun: Instant) -> Option<HostOutcome> {
    hosts.as_mut()?.next(|| begun.elapsed()).await
}

/// A pulse by the loop's own clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Beat {
    in_flight: bool,
    next: Option<Duration>,
    slowed: Option<Duration>,
}
