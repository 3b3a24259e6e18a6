//! Runs as the loop sees them: started in tasks of their own, their news gathered to one batch a frame.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::AbortHandle;
use tokio::time::{Instant, sleep_until};

use super::going_on::{Brake, GoingOn};
use super::history::Watched;
use super::plans::Plans;
use crate::console::event::{Begun, Event};
use crate::console::panes::{ExecWish, FollowWish, Kept, Ticket, Whole};
use crate::console::tables::cells::count;
use crate::console::work::Obstacle;
use crate::engine::run::{News, RunControl};
use crate::engine::{self, Control, ExecRequest, FollowRequest, Progress, RunId, Store, Summary};
use crate::remote::{Line, RemoteChange, RemoteRead};

/// Time between two batches at least.
const BETWEEN: Duration = Duration::from_millis(33);
/// Batches that wait in the channel from the tasks; then they wait, too.
const BATCHES: usize = 2;
/// News taken at once from one run, unless they take more than [`BYTES_AT_ONCE`].
const AT_ONCE: usize = 256;
/// Once what was taken from one run takes so many bytes, no more is taken.
const BYTES_AT_ONCE: usize = 512 << 10;
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
                    self.bytes += bytes_of(&progress);
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

    fn take_cancelled_hosts(&mut self, ticket: Ticket) -> BTreeSet<(Ticket, usize)> {
        let (of_it, others) =
            std::mem::take(&mut self.cancelled_hosts).into_iter().partition(|(of, _)| *of == ticket);
        self.cancelled_hosts = others;
        of_it
    }

    /// Runs a command.
    pub(super) fn exec(&mut self, wish: ExecWish) {
        let ticket = wish.ticket;
        let (out, change, store) = (self.tell.clone(), self.change.clone(), self.store.clone());
        let request = ExecRequest {
            environment: wish.environment,
            hosts: wish.hosts,
            command: wish.command,
            sudo: wish.sudo,
            at_once: wish.at_once,
            stop_on_failure: wish.stop_on_failure,
            deadline: wish.deadline,
            who: self.who.clone(),
        };
        let (entry, going_on) = (self.going_on.begin(ticket), self.going_on.clone());
        tokio::spawn(async move {
            let begun = match (change, store) {
                (None, _) => Err("servers cannot be changed from this console".to_owned()),
                (_, None) => {
                    Err("there is no place to keep its record in; name one with --state-dir".to_owned())
                }
                (Some(change), Some(store)) => {
                    engine::exec(change, store, request).await.map_err(|error| error.to_string())
                }
            };
            match begun {
                Ok(running) => {
                    let name = running.id.to_string();
                    entry.began(name.clone(), Brake::Command(running.control.clone()));
                    let named = (running.id, running.output_dir, running.control);
                    tokio::select! {
                        _ = out.send(Told::Began(ticket, Ok(named))) => {}
                        () = going_on.alone() => {}
                    }
                    if let Some(summary) = forward(ticket, running.progress, out, &going_on).await {
                        entry.ended(&name, &summary);
                    }
                }
                Err(why) => {
                    let _ = out.send(Told::Began(ticket, Err(why))).await;
                }
            }
        });
    }

    /// Follows logs. What is told of those that were followed before under this name is no longer heard.
    pub(super) fn follow(&mut self, wish: FollowWish) {
        let ticket = wish.ticket;
        let hosts = wish.hosts.into_iter().map(|(host, logs)| {
            let (follow, ids) = engine::sources(&logs, wish.past, wish.sudo);
            (host, follow, ids)
        });
        let request = FollowRequest { hosts: hosts.collect() };
        let following = match &self.remote {
            None => Err("servers cannot be asked from this console".to_owned()),
            Some(remote) => engine::follow(Arc::clone(remote), request).map_err(|error| error.to_string()),
        };
        let out = self.tell.clone();
        match following {
            Ok(following) => {
                self.controls.insert(ticket, following.control);
                let going_on = self.going_on.clone();
                let reader =
                    tokio::spawn(async move { forward(ticket, following.progress, out, &going_on).await });
                self.readers.insert(ticket, reader.abort_handle());
            }
            Err(why) => {
                tokio::spawn(async move { out.send(Told::Event(Event::NotFollowed(ticket, why))).await });
            }
        }
    }

    /// Follows these logs no longer.
    pub(super) fn unfollow(&mut self, ticket: Ticket) {
        if let Some(reader) = self.readers.remove(&ticket) {
            reader.abort();
        }
        if let Some(control) = self.controls.remove(&ticket) {
            control.cancel();
        }
    }

    /// Follows no logs any longer.
    pub(super) fn unfollow_all(&mut self) {
        for ticket in self.readers.keys().copied().collect::<Vec<_>>() {
            self.unfollow(ticket);
        }
    }

    /// Ends a run on every server.
    pub(super) fn cancel(&mut self, ticket: Ticket) {
        match self.controls.get(&ticket) {
            Some(control) => control.cancel(),
            None => {
                self.cancelled.insert(ticket);
            }
        }
    }

    /// Ends a run on one server.
    pub(super) fn cancel_host(&mut self, ticket: Ticket, host: usize) {
        match self.controls.get(&ticket) {
            Some(control) => control.cancel_host(host),
            None => {
                self.cancelled_hosts.insert((ticket, host));
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

/// What news take in memory, about.
fn bytes_of(news: &Progress) -> usize {
    let of_lines = match news {
        Progress::Lines { lines, .. } => {
            lines.iter().map(|line| size_of::<Line>() + line.text.as_str().len()).sum()
        }
        _ => 0,
    };
    size_of::<Progress>() + of_lines
}

/// Hands news on, as many at once as there are and as the bounds allow. Once nobody takes them they are thrown away
/// up to the last word, which is given back: the run goes on, and its output to the disk.
async fn forward(
    ticket: Ticket,
    mut progress: mpsc::Receiver<Progress>,
    tell: mpsc::Sender<Told>,
    going_on: &GoingOn,
) -> Option<Summary> {
    let mut heard = true;
    while let Some(first) = progress.recv().await {
        let mut bytes = bytes_of(&first);
        let mut news = vec![first];
        while bytes < BYTES_AT_ONCE && news.len() < AT_ONCE {
            let Ok(next) = progress.try_recv() else { break };
            bytes += bytes_of(&next);
            news.push(next);
        }
        let last = match news.last() {
            Some(Progress::Finished { summary }) => Some(summary.clone()),
            _ => None,
        };
        heard = heard
            && tokio::select! {
                biased;
                () = going_on.alone() => false,
                sent = tell.send(Told::News(ticket, news)) => sent.is_ok(),
            };
        if last.is_some() && !heard {
            return last;
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::remote::Stream;
    use crate::remote::clean_text::CleanText;

    fn lines(bytes: usize) -> Progress {
        let text = CleanText::one_line(&"x".repeat(1_000));
        let line =
            Line { at: Timestamp::UNIX_EPOCH, stream: Stream::Out, source: None, unfinished: false, text };
        Progress::Lines { host: 0, lines: vec![line; bytes / 1_000] }
    }

    #[tokio::test]
    async fn news_that_nobody_takes_are_bounded_in_bytes() {
        let (give, progress) = mpsc::channel(400);
        for _ in 0..400 {
            give.send(lines(100_000)).await.unwrap();
        }
        let mut feeds = Feeds::new(None, None, None, "jane".into());
        let (tell, going_on) = (feeds.tell.clone(), feeds.going_on.clone());
        tokio::spawn(async move { forward(Ticket(1), progress, tell, &going_on).await });
        drop(give);
        let mut all = 0;
        while all < 400 {
            let Event::News(news) = feeds.next().await else { panic!("news") };
            let bytes: usize = news.iter().map(|(_, news)| bytes_of(news)).sum();
            assert!(bytes < MOST_BYTES + BYTES_AT_ONCE + 200_000, "{bytes} bytes for one frame");
            all += news.len();
        }
        assert_eq!(all, 400);
    }
    #[test]
    fn a_server_that_is_cancelled_before_its_run_has_begun_is_remembered_until_it_has() {
        let mut feeds = Feeds::new(None, None, None, "jane".into());
        feeds.cancel_host(Ticket(1), 3);
        feeds.cancel_host(Ticket(2), 0);
        assert_eq!(feeds.take_cancelled_hosts(Ticket(1)), [(Ticket(1), 3)].into());
        assert_eq!(feeds.cancelled_hosts, [(Ticket(2), 0)].into());
        feeds.take(Told::Began(Ticket(2), Err("no".into())));
        assert!(feeds.cancelled_hosts.is_empty());
    }
}
