//! One server as the adapter sees it: two connections and what may run over them at a time.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, AtomicUsize, Ordering};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::sleep;

use super::Inner;
use super::channel::{Channel, describe, is_refused_session};
use super::master::{Master, socket};
use crate::remote::{Refusal, Target};

/// What a session is for. sshd allows 10 per connection unless it is told otherwise, frees them late, and may
/// allow fewer: at most five are used at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Lane {
    /// Probes.
    Probe,
    /// The one command that runs.
    Run,
    /// Followed logs.
    Logs,
    /// Short things that must get through while a command runs: uploads, stopping.
    Tools,
    /// Much output, over the second connection.
    Bulk,
}

/// How far opening has come, for whoever breaks it off.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// For a slot, here or on the server.
    Waiting,
    /// To the server.
    Connecting,
    /// The command line is on its way: it may begin.
    Asked,
}

/// A [`Phase`] that can be looked at from outside.
#[derive(Debug)]
pub(super) struct Progress(AtomicU8);

impl Progress {
    pub(super) const fn new() -> Self {
        Self(AtomicU8::new(Phase::Waiting as u8))
    }

    pub(super) fn is(&self, phase: Phase) {
        self.0.store(phase as u8, Ordering::Relaxed);
    }

    pub(super) fn phase(&self) -> Phase {
        match self.0.load(Ordering::Relaxed) {
            0 => Phase::Waiting,
            1 => Phase::Connecting,
            _ => Phase::Asked,
        }
    }
}

/// The first pause before a refused session is asked for again; doubled up to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(40);
const LONGEST_PAUSE: Duration = Duration::from_secs(1);

/// How often a connection that died at the wrong moment is opened again for one session.
const REOPENINGS: u8 = 2;

/// How often a connection that the server closed at once is tried again.
const RECONNECTIONS: u8 = 4;

/// A server's connections.
#[derive(Debug)]
pub(super) struct Host {
    target: Target,
    main: Master,
    bulk: Master,
    slots: [Arc<Semaphore>; 5],
    used: AtomicU64,
    /// Jobs on the main connection that print much.
    loud: AtomicUsize,
}

/// A job that prints much, while it is held: what else begins on the server meanwhile goes over the second connection.
/// Which of its jobs will be so nobody knows beforehand, and a second connection may cost a touch of a hardware key.
#[derive(Debug)]
pub(super) struct Loud<'a>(&'a AtomicUsize);

impl Drop for Loud<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// Which of the two connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    Main,
    Second,
}

impl Host {
    pub(super) fn new(inner: &Inner, target: &Target) -> Self {
        let digest = inner.digest(target);
        let slots = |most| Arc::new(Semaphore::new(most));
        Self {
            target: target.clone(),
            main: Master::new(socket(&inner.control, &digest, "main")),
            bulk: Master::new(socket(&inner.control, &digest, "bulk")),
            slots: [slots(1), slots(1), slots(1), slots(2), slots(4)],
            used: AtomicU64::new(0),
            loud: AtomicUsize::new(0),
        }
    }

    /// Marks it as used just now.
    pub(super) fn touch(&self, count: u64) {
        self.used.store(count, Ordering::Relaxed);
    }

    /// When it was used last, as a count.
    pub(super) fn used(&self) -> u64 {
        self.used.load(Ordering::Relaxed)
    }

    /// Whether nothing runs there.
    pub(super) fn is_idle(&self) -> bool {
        self.slots.iter().zip([1, 1, 1, 2, 4]).all(|(slots, all)| slots.available_permits() == all)
    }

    /// Lets its connections go.
    pub(super) async fn close(&self) {
        self.main.close().await;
        self.bulk.close().await;
    }

    /// Waits for the lane's slot.
    pub(super) async fn slot(&self, lane: Lane) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.slots[lane as usize]).acquire_owned().await.ok()
    }

    /// The connection for what begins now. The one command that runs stays on the main one: it is the loud one.
    pub(super) fn way(&self, lane: Lane) -> Way {
        let loud = lane != Lane::Run && self.loud.load(Ordering::Relaxed) > 0;
        if lane == Lane::Bulk || loud { Way::Second } else { Way::Main }
    }

    /// A job on the main connection prints much.
    pub(super) fn is_loud(&self) -> Loud<'_> {
        self.loud.fetch_add(1, Ordering::Relaxed);
        Loud(&self.loud)
    }

    const fn master(&self, way: Way) -> &Master {
        match way {
            Way::Main => &self.main,
            Way::Second => &self.bulk,
        }
    }

    /// Opens a session and starts the command line in it. Returns only when that worked or cannot work; the
    /// caller's deadline ends it in between.
    pub(super) async fn open(
        &self,
        inner: &Inner,
        way: Way,
        words: &str,
        progress: &Progress,
    ) -> Result<Channel, Refusal> {
        let master = self.master(way);
        let mut pause = FIRST_PAUSE;
        let (mut reopened, mut reconnections) = (0, 0);
        loop {
            progress.is(Phase::Connecting);
            let session = match master.session(inner, &self.target).await {
                // Closed before it was a connection: the server takes only so many at a time.
                Err(Refusal::Busy { .. }) if reconnections < RECONNECTIONS => {
                    reconnections += 1;
                    sleep(pause.mul_f64(0.5 + inner.chance())).await;
                    pause = (pause * 2).min(LONGEST_PAUSE);
                    continue;
                }
                session => session?,
            };
            progress.is(Phase::Asked);
            let error = match Channel::over(session, words).await {
                Ok(channel) => return Ok(channel),
                Err(error) => error,
            };
            if is_refused_session(&error) && master.is_alive().await {
                progress.is(Phase::Waiting);
                sleep(pause.mul_f64(0.5 + inner.chance())).await;
                pause = (pause * 2).min(LONGEST_PAUSE);
                continue;
            }
            master.suspect().await;
            if reopened == REOPENINGS {
                return Err(Refusal::Failed {
                    server: self.target.to_string(),
                    detail: format!("no session could be opened: {}", describe(&error)),
                });
            }
            reopened += 1;
        }
    }

    /// Whether a connection still stands.
    pub(super) async fn is_connected(&self, way: Way) -> bool {
        let master = self.master(way);
        let alive = master.is_alive().await;
        if !alive {
            master.suspect().await;
        }
        alive
    }
}
