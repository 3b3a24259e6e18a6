//! A death, or a full disk, at a chosen record of the journal, for tests.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::sync::Notify;

/// When it comes to an end, and how.
#[derive(Clone, Debug)]
pub struct Halt {
    left: Arc<AtomicUsize>,
    dead: Arc<Notify>,
    dies: bool,
}

impl Halt {
    /// Whoever has written so many records never comes to do anything more.
    #[must_use]
    pub fn after(records: usize) -> Self {
        Self { left: Arc::new(AtomicUsize::new(records)), dead: Arc::default(), dies: true }
    }

    /// The disk takes so many records, and no more.
    #[must_use]
    pub fn full_after(records: usize) -> Self {
        Self { dies: false, ..Self::after(records) }
    }

    /// Returns when it has died.
    pub async fn died(&self) {
        self.dead.notified().await;
    }

    /// Before a record is written: whether the disk is full.
    pub(super) fn before_record(&self) -> io::Result<()> {
        if !self.dies && self.count() == 0 {
            return Err(io::Error::other("no space left on device"));
        }
        Ok(())
    }

    /// After a record was written: never returns from death. `let_go` is what death does to locks.
    pub(super) async fn after_record(&self, let_go: impl FnOnce()) {
        if !self.dies {
            return;
        }
        let before = self.count();
        if before == 1 {
            let_go();
            self.dead.notify_one();
        }
        if before <= 1 {
            std::future::pending::<()>().await;
        }
    }

    fn count(&self) -> usize {
        let less = |left: usize| Some(left.saturating_sub(1));
        self.left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, less).unwrap_or(0)
    }
}
