//! Runs as the loop sees them: started in tasks of their own, their news gathered to one batch a frame.

mod commands;

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep_until};

use super::going_on::GoingOn;
use super::history::Watched;
use super::plans::Plans;
use crate::console::event::{Begun, Event};
use crate::console::panes::{Kept, Ticket, Whole};
use crate::console::tables::cells::count;
use crate::console::work::Obstacle;
use crate::engine::run::{News, RunControl};
use crate::engine::{Control, Progress, RunId, Store};
use crate::remote::{Line, RemoteChange, RemoteRead};

/// Time between two batches at least.
const BETWEEN: Duration = Duration::from_millis(33);
/// Batches that wait in the channel from the tasks; then they wait, too.
const BATCHES: usize = 2;
/// Lines that are gathered for a frame at most; then runs wait, and with them their servers.
const MOST_LINES: usize = 50_000;
/// Bytes that are gathered for a frame at most, one batch apart; then runs wait, too.
const MOST_BYTES: usize = 8 << 20;

/// What tasks tell.
pub(super) enum Told {
    /// A run has begun, or has not.
    Began(Ticket, Result<(RunId, PathBuf, Control), String>),
    /// News of a run.
    News(Ticket, Vec<Progress>),
    /// A plan's run has begun, or has not.
    Begun(Ticket, Result<(Box<Begun>, RunControl), Obstacle>),
    /// News of a plan's run.
    Plan(Ticket, Vec<News>),
    /// Anything else.
    Event(Event),
}

/// The way to servers, and what comes from there.
pub(super) struct Feeds {
    pub(super) remote: Option<Arc<dyn RemoteRead>>,
    pub(super) change: Option<Arc<dyn RemoteChange>>,
    pub(super) store: Option<Store>,
    pub(super) who: String,
    pub(super) tell: mpsc::Sender<Told>,
    told: mpsc::Receiver<Told>,
    /// Runs, for whoever ends the console.
    pub(super) going_on: GoingOn,
    controls: BTreeMap<Ticket, Control>,
    /// Tasks that hand on what logs say.
    readers: BTreeMap<Ticket, AbortHandle>,
    /// Asked to end before they had begun.
    cancelled: BTreeSet<Ticket>,
    /// Asked to end on one server before they had begun.
    cancelled_hosts: BTreeSet<(Ticket, usize)>,
    gathered: Vec<(Ticket, Progress)>,
    /// Runs of other processes that are watched.
    pub(super) watched: Watched,
    /// The run on the screen.
    pub(super) shown: watch::Sender<Option<Ticket>>,
    /// Plans' runs.
    pub(super) plans: Plans,
    of_plans: Vec<(Ticket, News)>,
    lines: usize,
    bytes: usize,
    due: Instant,
}

impl Feeds {
    /// Nothing runs yet.
    pub(super) fn new(
        remote: Option<Arc<dyn RemoteRead>>,
        change: Option<Arc<dyn RemoteChange>>,
        store: Option<Store>,
        who: String,
    ) -> Self {
        let (tell, told) = mpsc::channel(BATCHES);
        Self {
            remote,
            change,
            store,
            who,
            tell,
            told,
            going_on: GoingOn::new(),
            controls: BTreeMap::new(),
            readers: BTreeMap::new(),
            cancelled: BTreeSet::new(),
            cancelled_hosts: BTreeSet::new(),
            gathered: Vec::new(),
            watched: Watched::default(),
            shown: watch::Sender::new(None),
            plans: Plans::default(),
            of_plans: Vec::new(),
            lines: 0,
            bytes: 0,
            due: Instant::now(),
        }
    }

    /// The next that the loop has to know. Nothing is lost when the waiting is given up.
    pub(super) async fn next(&mut self) -> Event {
        loop {
            let due = self.due;
            tokio::select! {
                biased;
                () = sleep_until(due), if !self.of_plans.is_empty() => {
                    self.due = Instant::now() + BETWEEN;
                    (self.lines, self.bytes) = (0, 0);
                    return Event::Told(std::mem::take(&mut self.of_plans));
                }
                () = sleep_until(due), if !self.gathered.is_empty() => {
                    self.due = Instant::now() + BETWEEN;
                    (self.lines, self.bytes) = (0, 0);
                    return Event::News(std::mem::take(&mut self.gathered));
                }
                Some(told) = self.told.recv(), if self.lines < MOST_LINES && self.bytes < MOST_BYTES => {
                    if let Some(event) = self.take(told) {
                        return event;
                    }
                }
            }
        }
    }

    fn take(&mut self, told: Told) -> Option<Event> {
        match told {
            Told::Event(event) => Some(event),
            Told::Begun(ticket, begun) => {
                let begun = begun.map(|(begun, control)| {
                    self.plans.began(ticket, control);
                    begun
                });
                Some(Event::Begun(ticket, begun))
            }
            Told::Plan(ticket, news) => {
                if matches!(news.last(), Some(News::Finished { .. })) {
                    self.plans.over(ticket);
                }
                for one in news {
                    if let News::Lines { lines, .. } = &one {
                        self.lines += lines.len();
                        self.bytes += lines
                            .iter()
                            .map(|line| size_of::<Line>() + line.text.as_str().len())
                            .sum::<usize>();
                    }
                    self.of_plans.push((ticket, one));
                }
                None
            }
            Told::Began(ticket, begun) => {
                let cancelled = self.cancelled.remove(&ticket);
                let hosts = self.take_cancelled_hosts(ticket);
                let begun = begun.map(|(id, dir, control)| {
                    if cancelled {
                        control.cancel();
                    }
                    for (_, host) in hosts {
                        control.cancel_host(host);
                    }
                    self.controls.insert(ticket, control);
                    (id, dir)
                });
                Some(Event::RunBegan(ticket, begun))
            }
            Told::News(ticket, news) => {
                for progress in news {
                    self.bytes += commands::bytes_of(&progress);
                    match &progress {
                        Progress::Lines { lines, .. } => self.lines += lines.len(),
                        Progress::Finished { .. } => {
                            self.controls.remove(&ticket);
                        }
                        _ => {}
                    }
                    self.gathered.push((ticket, progress));
                }
                None
            }
        }
    }

    /// Where the loop answers what became of a request; the answer is shown.
    pub(super) fn answer(&self) -> mpsc::Sender<Result<String, String>> {
        let (answer, mut answers) = mpsc::channel::<Result<String, String>>(1);
        let tell = self.tell.clone();
        tokio::spawn(async move {
            if let Some(said) = answers.recv().await {
                let _ = tell.send(Told::Event(said.map_or_else(Event::Failed, Event::Done))).await;
            }
        });
        answer
    }

    /// Writes a new file, and says where it is.
    pub(super) fn save(&self, path: String, lines: Kept) {
        self.with_disk(move || {
            let (path, lines) = super::save::write(&path, &lines)?;
            Ok(Event::Done(format!("Saved {} in {}", count(lines, "line"), path.display())))
        });
    }

    /// Reads the newest lines of an output.
    pub(super) fn read(&self, whole: Whole) {
        self.with_disk(move || super::save::newest(&whole).map(|(lines, all)| Event::Read(lines, all)));
    }

    fn with_disk(&self, work: impl FnOnce() -> Result<Event, String> + Send + 'static) {
        let tell = self.tell.clone();
        tokio::spawn(async move {
            let event = match tokio::task::spawn_blocking(work).await {
                Ok(done) => done.unwrap_or_else(Event::Failed),
                Err(error) => Event::Failed(error.to_string()),
            };
            let _ = tell.send(Told::Event(event)).await;
        });
    }
}
