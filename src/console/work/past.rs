//! Runs of the past, in short.

use jiff::Timestamp;

use crate::engine::RunId;
use crate::engine::run::{Left, Story};
use crate::engine::store::{OPERATION, OutputLine, Past, RunState};
use crate::fleet::{EnvironmentName, LaunchSource, LockKind};
use crate::plan::{Action, Value};

/// A run of the past, in short: what lists and badges need of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Its name.
    pub id: RunId,
    /// Where.
    pub environment: EnvironmentName,
    /// The operation, or `exec`.
    pub operation: String,
    /// What was done: the plan's title, or the command.
    pub what: String,
    /// Who.
    pub who: String,
    /// When.
    pub at: Timestamp,
    /// When it was over.
    pub finished: Option<Timestamp>,
    /// How it ended.
    pub state: RunState,
    /// Whether it is a plan's.
    pub is_plan: bool,
    /// What it left and somebody has to put right.
    pub left: Vec<Left>,
    /// What somebody else changed meanwhile, so that it was left on purpose.
    pub foreign: usize,
    /// Whether something of it is still to be put back.
    pub holds: bool,
    /// Steps that ended well, by title, with the seconds each took.
    pub steps: Vec<(String, u64)>,
    /// How many steps have ended well, of how many.
    pub progress: (usize, usize),
    /// The lock that it holds or held last.
    pub lock: Option<(LockKind, u64)>,
    /// What it made the group launch.
    pub launches: Option<LaunchSource>,
}

impl Record {
    /// A run in short.
    #[must_use]
    pub fn of(past: &Past) -> Self {
        let story = past.story.as_deref();
        let all: Vec<&Left> = past.left();
        let left: Vec<Left> = all.iter().filter(|left| !left.foreign).map(|left| (*left).clone()).collect();
        let over = !matches!(past.state, RunState::Running | RunState::Interrupted);
        let done = |server: &&crate::engine::store::ServerEnd| server.verdict == crate::engine::Verdict::Done;
        Self {
            id: past.began.id.clone(),
            environment: EnvironmentName::new(past.began.environment.as_str()),
            operation: story.map_or_else(|| past.began.kind.clone(), |story| story.plan.operation.clone()),
            what: story.map_or_else(|| past.began.command.clone(), |story| story.plan.title.clone()),
            who: past.began.who.clone(),
            at: past.began.at,
            finished: past.finished,
            state: past.state,
            is_plan: past.began.kind == OPERATION,
            foreign: all.len() - left.len(),
            left,
            holds: over && story.is_some_and(|story| !story.to_put_back().is_empty()),
            lock: story.and_then(lock),
            launches: story.and_then(launches),
            steps: story.map(times).unwrap_or_default(),
            progress: story
                .map_or_else(|| (past.ends.iter().filter(done).count(), past.began.servers.len()), progress),
        }
    }

    /// How long it took, in seconds.
    #[must_use]
    pub fn took(&self) -> Option<u64> {
        u64::try_from(self.finished?.duration_since(self.at).as_secs()).ok()
    }

    /// Whether somebody has to do something about it: it was interrupted, or not everything is as it was.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.is_plan && (self.state == RunState::Interrupted || self.holds || !self.left.is_empty())
    }
}

/// The lock that a run holds or held last.
pub fn lock(story: &Story) -> Option<(LockKind, u64)> {
    Some((story.plan.lock, story.lock??))
}

/// How many steps have ended well, of how many.
pub fn progress(story: &Story) -> (usize, usize) {
    let well = story.steps.iter().filter(|step| step.ended.as_ref().is_some_and(|(_, end)| end.is_good()));
    (well.count(), story.steps.len())
}

/// What its plan points the group at.
fn launches(story: &Story) -> Option<LaunchSource> {
    let settings = story.plan.steps.iter().filter_map(|step| match &step.action {
        Action::Set { settings } => Some(settings),
        _ => None,
    });
    let mut launched = settings.flatten().filter_map(|one| match &one.to {
        Value::Launch(launch) => Some(launch.clone()),
        _ => None,
    });
    // A group that moves is pinned to what it launches before that.
    launched.next_back()
}

fn times(story: &Story) -> Vec<(String, u64)> {
    let took = story.each().filter_map(|(step, told)| {
        let (end, how) = told.ended.as_ref()?;
        let took = u64::try_from(end.duration_since(told.began?).as_secs()).ok()?;
        how.is_good().then(|| (step.title.clone(), took))
    });
    took.collect()
}

/// A run of the past, opened: all that is on disk of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    /// Its record.
    pub past: Past,
    /// What servers printed, as far as it is kept in memory, by their ids.
    pub outputs: Vec<(String, Vec<OutputLine>)>,
}
