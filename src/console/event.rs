//! What comes into the reducer, and what it asks for.

use std::path::PathBuf;
use std::sync::Arc;

use crossterm::event::{KeyEvent, MouseEvent};
use jiff::Timestamp;

use super::chronicle::Chronicle;
use super::panes::{ExecWish, FollowWish, Kept, Ticket, Whole};
use super::work::{KeepWish, NoPlan, Obstacle, Opened, PlanWish, Record, StartWish};
use crate::config::Preferences;
use crate::engine::run::{Cancel, News, Story};
use crate::engine::{Progress, RunId};
use crate::fleet::{EnvironmentName, Interest, Pulse, Snapshot};
use crate::operation::Offer;
use crate::plan::Plan;
use crate::remote::Target;
use crate::timeline::{Found, Past};
use crate::triage::Memory;

/// Something happened.
#[derive(Clone, Debug)]
pub enum Event {
    /// A key went down.
    Key(KeyEvent),
    /// Text was pasted.
    Paste(String),
    /// The mouse moved, clicked or scrolled.
    Mouse(MouseEvent),
    /// The terminal has this size now.
    Resize(u16, u16),
    /// A new snapshot.
    Snapshot(Arc<Snapshot>),
    /// How refreshing goes.
    Pulse(Pulse),
    /// Time went on: ages, held orders, toasts.
    Clock(Timestamp),
    /// Keymap, theme or preferences changed on disk; problems to show, if any.
    Reloaded(Box<super::state::Look>, Box<Preferences>),
    /// A run has begun: its name in the history and where its output is; or why it has not.
    RunBegan(Ticket, Result<(RunId, PathBuf), String>),
    /// Logs could not be followed, and why.
    NotFollowed(Ticket, String),
    /// News of runs and logs, in order; at most one batch a frame.
    News(Vec<(Ticket, Progress)>),
    /// A plan was made, or why not.
    Planned(Ticket, Result<Box<Plan>, NoPlan>),
    /// Secrets that were typed are in their file, or why not.
    SecretsKept(Ticket, Result<String, String>),
    /// The releases that an environment could launch, newest first; or why they are not known.
    Releases(EnvironmentName, Result<Vec<Offer>, String>),
    /// The run of a plan has begun, or why not.
    Begun(Ticket, Result<Box<Begun>, Obstacle>),
    /// News of runs of plans, in order; at most one batch a frame.
    Told(Vec<(Ticket, News)>),
    /// Every run on disk, latest first; or why they cannot be read.
    History(Result<Vec<Record>, String>),
    /// A run of the past was read; or why not.
    Opened(Ticket, Result<Box<Opened>, String>),
    /// The newest lines of an output on disk, to be copied, and how many there are in all.
    Read(Vec<String>, usize),
    /// What happened in an environment was read; or why it could not be.
    Timeline(EnvironmentName, Result<Arc<Chronicle>, String>),
    /// How it stood at a moment was read; or why it could not be.
    Past(Timestamp, Result<Arc<Past>, String>),
    /// Something that was asked for is done.
    Done(String),
    /// Something in the runtime went wrong that the operator should know.
    Failed(String),
    /// The console came back from suspension or a stepped-aside program: everything must be drawn.
    Resumed,
}

/// The run of a plan that has begun.
#[derive(Clone, Debug)]
pub struct Begun {
    /// Its name in the history.
    pub id: RunId,
    /// Where its files are.
    pub dir: PathBuf,
    /// What has happened so far.
    pub story: Box<Story>,
}

/// What somebody who looks elsewhere has to be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// The run.
    pub run: String,
    /// How it stands: `done`, `failed`, `cancelled`.
    pub state: &'static str,
    /// Where.
    pub environment: String,
    /// The operation, or `exec`.
    pub operation: String,
    /// All of it in a line.
    pub words: String,
}

/// What the reducer wants done. The runtime does it; none of it blocks the next event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Effect {
    /// Leave.
    Quit,
    /// Stop the process as Ctrl-Z does, and come back on `fg`.
    Suspend,
    /// Read everything again.
    Refresh,
    /// This is on screen now.
    Look(Interest),
    /// Put this on the clipboard (OSC 52).
    Copy(String),
    /// Read the newest of it, as much as a clipboard takes; [`Event::Read`] brings it.
    Read(Whole),
    /// Open this address in a browser, where there is one.
    Browse(String),
    /// Run a command on servers. [`Event::RunBegan`] says whether it has begun, [`Event::News`] the rest.
    Exec(Box<ExecWish>),
    /// End a run on every server.
    CancelRun(Ticket),
    /// End a run on one server, by its place in it.
    CancelHost(Ticket, usize),
    /// Plan an operation. [`Event::Planned`] says what came of it.
    Plan(Box<PlanWish>),
    /// Write secrets that were typed into their file. [`Event::SecretsKept`] says what came of it.
    KeepSecrets(Box<KeepWish>),
    /// Ask which releases an environment could launch.
    Releases(EnvironmentName),
    /// Begin the run of a plan, or take one up again. [`Event::Begun`] says whether it has begun, [`Event::Told`] the
    /// rest.
    Start(Box<StartWish>),
    /// Stop the run of a plan.
    Stop(Ticket, Cancel),
    /// Read which runs there are.
    History,
    /// Read all of a run of the past.
    OpenPast(Ticket, RunId),
    /// Tell somebody who looks elsewhere.
    Notify(Box<Notice>),
    /// Follow logs. [`Event::NotFollowed`] says when it could not be begun, [`Event::News`] the rest.
    Follow(Box<FollowWish>),
    /// Follow these logs no longer.
    Unfollow(Ticket),
    /// Step aside for a shell on a server.
    Shell(Target),
    /// Write a new file; one that exists is not touched.
    Save {
        /// Its name, from the working directory on.
        path: String,
        /// What it holds.
        lines: Kept,
    },
    /// This is the server's host key, says the operator.
    Trust {
        /// The server.
        target: Target,
        /// As it was shown.
        fingerprint: String,
        /// In the place of the keys that are pinned.
        replaces: bool,
    },
    /// Leave as soon as nothing runs any more, and soon in any case.
    LeaveSoon,
    /// Keep what triage remembers of an environment.
    Remember(EnvironmentName, Box<Memory>),
    /// This is wrong in an environment now: for the timeline.
    Record(EnvironmentName, Vec<Found>),
    /// Read what happened in an environment. [`Event::Timeline`] brings it.
    Timeline(EnvironmentName),
    /// Read how everything stood at a moment. [`Event::Past`] brings it.
    Past(Timestamp),
    /// Draw everything anew.
    Redraw,
}
