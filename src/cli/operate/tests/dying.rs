//! Operations that end badly, or whose process dies after one of their records, and whoever takes up what they have left.

use super::*;
use crate::engine::RunId;
use crate::engine::run::{Halt, Launch, NotBegun, resume};

/// A run that is over, or whose process is gone.
pub(super) struct Orphan {
    pub(super) id: RunId,
    place: EnvironmentPlace,
    who: Launch,
}

impl Kit {
    /// Carries an operation out; how it ended, and what takes it up again.
    pub(super) async fn ends(&self, line: &str) -> (Orphan, RunState, Story) {
        let plan = self.plan(line).await.unwrap_or_else(|stop| panic!("{line}: {stop}"));
        let place = self.place(plan.environment.as_str());
        let who = launch(&self.target, None, false).await;
        let started =
            begin(ports(&self.target, &place).unwrap(), self.store(), plan, who.clone()).await.unwrap();
        let id = started.id.clone();
        let (state, story) = told(started).await;
        (Orphan { id, place, who }, state, story)
    }

    /// Begins an operation whose process dies after so many records. `None`: it came to its good end before that.
    pub(super) async fn dies_after(&self, line: &str, records: usize) -> Option<Orphan> {
        let plan = self.plan(line).await.unwrap_or_else(|stop| panic!("{line}: {stop}"));
        let place = self.place(plan.environment.as_str());
        let who = launch(&self.target, None, false).await;
        let halt = Halt::after(records);
        let kept = self.store().with_halt(halt.clone());
        let started = begin(ports(&self.target, &place).unwrap(), kept, plan, who.clone()).await.unwrap();
        let id = started.id.clone();
        tokio::select! {
            () = halt.died() => Some(Orphan { id, place, who }),
            (state, story) = told(started) => {
                assert_eq!(state, RunState::Done, "{line}: {:?}", story.failure());
                None
            }
        }
    }

    /// Whether everything was done before it died.
    pub(super) fn is_over(&self, orphan: &Orphan) -> bool {
        self.store().run(&orphan.id).unwrap().finished.is_some()
    }

    /// Goes on with what it has left, or leads it back.
    pub(super) async fn take_up(&self, orphan: &Orphan, undo: bool) -> Result<(RunState, Story), NotBegun> {
        let ports = ports(&self.target, &orphan.place).unwrap();
        let started = resume(ports, self.store(), orphan.id.clone(), undo, orphan.who.clone()).await?;
        Ok(told(started).await)
    }
}
