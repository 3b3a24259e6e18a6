//! Runs that go on, known beside the loop: they come to their end and to their record when the loop has ended, or
//! is stuck in a terminal that is gone.

use std::collections::BTreeMap;
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::timeout;

use crate::console::panes::Ticket;
use crate::engine::run::{Cancel, RunControl};
use crate::engine::store::RunState;
use crate::engine::{Control, Summary, Verdict};

/// How long leaving waits for servers to say that what was ended has ended.
pub(super) const LEAVING: Duration = Duration::from_secs(12);

/// How long it waits for plans that are being stopped: what is temporary is put back meanwhile.
const PUTTING_BACK: Duration = Duration::from_secs(75);

/// What stops a run.
#[derive(Clone)]
pub(super) enum Brake {
    /// Of a command on servers.
    Command(Control),
    /// Of a plan.
    Plan(RunControl),
}

impl Brake {
    fn pull(&self) {
        match self {
            Self::Command(control) => control.cancel(),
            // What is done stays; what is temporary is put back. More would take longer than anybody waits.
            Self::Plan(control) => control.cancel(Cancel::AfterStep),
        }
    }
}

/// What becomes of runs when the console ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Last {
    /// They are ended on the servers, and the servers' word is waited for.
    Cancel,
    /// They go on up to their own ends; each has a deadline.
    GoOn,
}

#[derive(Default)]
struct State {
    /// With their names, once they have begun.
    runs: BTreeMap<Ticket, Option<(String, Brake)>>,
    cancel: bool,
    /// Nobody takes news any more.
    alone: bool,
    /// How those ended that were alone.
    words: Vec<String>,
}

/// The runs of a console that go on.
#[derive(Clone)]
pub(super) struct GoingOn(watch::Sender<State>);

/// One of them. It is over when this is dropped.
pub(super) struct Entry {
    all: GoingOn,
    ticket: Ticket,
}

impl GoingOn {
    /// Nothing runs.
    pub(super) fn new() -> Self {
        Self(watch::Sender::new(State::default()))
    }

    /// One is about to begin.
    pub(super) fn begin(&self, ticket: Ticket) -> Entry {
        self.0.send_modify(|state| {
            state.runs.insert(ticket, None);
        });
        Entry { all: self.clone(), ticket }
    }

    /// Whether nothing runs.
    pub(super) fn is_empty(&self) -> bool {
        self.0.borrow().runs.is_empty()
    }

    /// Returns when nobody takes news any more.
    pub(super) async fn alone(&self) {
        // The sender is ours: it is not closed.
        let _ = self.0.subscribe().wait_for(|state| state.alone).await;
    }

    /// Waits for the ends of all that run, without a screen. False when nothing ran. What goes on is ended after all
    /// when another caller wants it so.
    pub(super) async fn settle(&self, last: Last) -> bool {
        if self.is_empty() {
            return false;
        }
        self.0.send_modify(|state| {
            state.alone = true;
            if last == Last::Cancel {
                state.cancel = true;
                state.runs.values().flatten().for_each(|(_, brake)| brake.pull());
            }
        });
        let mut state = self.0.subscribe();
        let _ = state.wait_for(|state| state.cancel || state.runs.is_empty()).await;
        let has_plans =
            |state: &State| state.runs.values().flatten().any(|(_, brake)| matches!(brake, Brake::Plan(_)));
        let patience = if has_plans(&state.borrow()) { PUTTING_BACK } else { LEAVING };
        let _ = timeout(patience, state.wait_for(|state| state.runs.is_empty())).await;
        true
    }

    /// How runs ended that were settled, a line each.
    pub(super) fn words(&self) -> Vec<String> {
        let state = self.0.borrow();
        let silent = state.runs.values().map(|run| {
            match run {
                Some((name, Brake::Plan(_))) => format!(
                    "run {name}: interrupted; `quarterdeck runs resume {name}` takes it up again, `undo` takes it back"
                ),
                run => {
                    let name = run.as_ref().map_or("new", |(name, _)| name);
                    format!("run {name}: unknown: it was ended, and not every server has said that it has")
                }
            }
        });
        state.words.iter().cloned().chain(silent).collect()
    }
}

impl Entry {
    /// It has begun.
    pub(super) fn began(&self, name: String, brake: Brake) {
        self.all.0.send_modify(|state| {
            if state.cancel {
                brake.pull();
            }
            state.runs.insert(self.ticket, Some((name, brake)));
        });
    }

    /// It ended like this, and nobody else has heard it.
    pub(super) fn ended(&self, name: &str, summary: &Summary) {
        let counts = Verdict::ALL.into_iter().map(|verdict| (summary.count(verdict), verdict.word()));
        let counts: Vec<String> =
            counts.filter(|(count, _)| *count > 0).map(|(count, word)| format!("{count} {word}")).collect();
        let words = format!("run {name}: {}", counts.join(", "));
        self.all.0.send_modify(|state| state.words.push(words));
    }
}

impl Entry {
    /// A plan's run ended like this, and nobody else has heard it.
    pub(super) fn over(&self, name: &str, how: RunState) {
        let words = format!("run {name}: {}", how.word());
        self.all.0.send_modify(|state| state.words.push(words));
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.all.0.send_modify(|state| {
            state.runs.remove(&self.ticket);
        });
    }
}
