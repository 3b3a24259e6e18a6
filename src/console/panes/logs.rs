//! Logs of many servers as one pane, merged by time.

use jiff::{SignedDuration, Timestamp};

use super::looks::Looks;
use super::pane::Pane;
use super::run::Ticket;
use super::scrollback::{Bounds, Entry};
use crate::engine::{self, Host, Progress};
use crate::fleet::EnvironmentName;
use crate::logs::{Context, Log, LogId, Merge, Places, Said};
use crate::remote::clean_text::CleanText;
use crate::remote::{Line, Stream};

/// How long a line waits for earlier ones of other servers.
const HOLD: SignedDuration = SignedDuration::from_millis(800);

/// What is kept.
const BOUNDS: Bounds = Bounds { lines: 100_000, bytes: 24 << 20 };

/// What is to be followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FollowWish {
    /// Its name here.
    pub ticket: Ticket,
    /// The servers' environment.
    pub environment: EnvironmentName,
    /// Whose logs, in words.
    pub scope: String,
    /// The servers and the logs of each.
    pub hosts: Vec<(Host, Vec<Log>)>,
    /// Lines of the past of each log.
    pub past: u32,
    /// Through `sudo -n`.
    pub sudo: bool,
    /// The command that does the same without a screen.
    pub headless: String,
}

/// Where lines come from: one log of one server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Origin {
    /// The server, by its place in the wish.
    pub host: usize,
    /// The log.
    pub id: LogId,
}

/// How following goes on one server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Following {
    /// It was asked and nothing has come.
    Asked,
    /// Lines come.
    Lines,
    /// It ended, and is asked again.
    Again,
    /// It is over, and why.
    Over(String),
}

/// Logs that are followed.
#[derive(Debug)]
pub struct Logs {
    /// Its name here.
    pub ticket: Ticket,
    /// What was asked for.
    pub wish: FollowWish,
    /// Every log of every server; a line's origin is a place here.
    pub origins: Vec<Origin>,
    /// How it goes on each server.
    pub hosts: Vec<Following>,
    /// The lines.
    pub pane: Pane,
    /// How they are looked at.
    pub looks: Looks,
    /// By server: the origin of each source, what is known of its lines so far, and which places are empty.
    sources: Vec<(Vec<(u16, Context)>, Places)>,
    merge: Merge<Entry>,
    /// Since when it is not followed.
    stopped: Option<Timestamp>,
}

impl Clone for Logs {
    /// What waits to be merged stays behind.
    fn clone(&self) -> Self {
        Self {
            ticket: self.ticket,
            wish: self.wish.clone(),
            origins: self.origins.clone(),
            hosts: self.hosts.clone(),
            pane: self.pane.clone(),
            looks: self.looks.clone(),
            sources: self.sources.clone(),
            merge: Merge::new(HOLD),
            stopped: self.stopped,
        }
    }
}

impl Logs {
    /// Logs that were asked for.
    #[must_use]
    pub fn new(wish: FollowWish) -> Self {
        let mut logs = Self {
            ticket: wish.ticket,
            origins: Vec::new(),
            hosts: Vec::new(),
            pane: Pane::new(BOUNDS),
            looks: Looks { wrap: false, timestamps: true, ..Looks::default() },
            sources: Vec::new(),
            merge: Merge::new(HOLD),
            stopped: None,
            wish,
        };
        logs.reset();
        logs
    }

    fn reset(&mut self) {
        self.origins.clear();
        self.sources.clear();
        self.merge = Merge::new(HOLD);
        self.hosts = vec![Following::Asked; self.wish.hosts.len()];
        for (host, (_, logs)) in self.wish.hosts.iter().enumerate() {
            let (follow, ids) = engine::sources(logs, self.wish.past, self.wish.sudo);
            let places = Places::new(&follow.files, &ids);
            let sources = ids.into_iter().map(|id| {
                let origin = Origin { host, id };
                let known = self.origins.iter().position(|other| *other == origin);
                let place = known.unwrap_or_else(|| {
                    self.origins.push(origin);
                    self.origins.len() - 1
                });
                (u16::try_from(place).unwrap_or(u16::MAX), Context::default())
            });
            let sources = sources.collect();
            self.sources.push((sources, places));
        }
    }

    /// It is followed, for the first time or again: what came in between is not here, and that is said.
    pub fn follow(&mut self, now: Timestamp) {
        if let Some(since) = self.stopped.take() {
            let clock = |at: Timestamp| at.strftime("%H:%M:%S").to_string();
            let words = format!("── not followed from {} to {} ──", clock(since), clock(now));
            self.say(&words, now);
            self.reset();
        }
    }

    /// It is no longer followed.
    pub fn stop(&mut self, now: Timestamp) {
        self.stopped = self.stopped.or(Some(now));
        let rest = self.merge.rest();
        self.show(rest);
    }

    /// Whether it is not followed any more, though it is on the screen.
    #[must_use]
    pub const fn is_over(&self) -> bool {
        self.stopped.is_some()
    }

    /// Takes in news.
    pub fn take(&mut self, news: Progress, now: Timestamp) {
        match news {
            Progress::Began { .. } | Progress::Unrecorded { .. } => {}
            Progress::Lines { host, lines } => {
                if let Some(state) = self.hosts.get_mut(host) {
                    *state = Following::Lines;
                }
                for line in lines.into_iter().filter(|line| !line.unfinished) {
                    self.line(host, line, now);
                }
            }
            Progress::Broken { host, why, pause } => {
                let words = format!("{why}; asked again in {} s", pause.as_secs());
                self.turn(host, Following::Again, &words, now);
            }
            Progress::Back { host, gap } => {
                let gap = if gap { "; lines in between may be missing" } else { "" };
                self.turn(host, Following::Lines, &format!("followed again{gap}"), now);
            }
            Progress::Ended { host, ending, .. } => self.lost(host, &ending.outcome.to_string(), now),
            Progress::Skipped { host, why } => self.lost(host, &why, now),
            Progress::Finished { .. } => self.stop(now),
        }
        self.flush(now);
    }

    /// It could not be begun.
    pub fn refuse(&mut self, why: &str, now: Timestamp) {
        for host in 0..self.hosts.len() {
            self.hosts[host] = Following::Over(why.to_owned());
        }
        self.say(&format!("not followed: {why}"), now);
        self.stop(now);
    }

    fn lost(&mut self, host: usize, why: &str, now: Timestamp) {
        self.turn(host, Following::Over(why.to_owned()), &format!("no longer followed: {why}"), now);
    }

    /// Something is different on a server, which is said where the lines are.
    fn turn(&mut self, host: usize, turned: Following, words: &str, now: Timestamp) {
        let Some(state) = self.hosts.get_mut(host) else { return };
        *state = turned;
        let name = self.wish.hosts.get(host).map_or("?", |(host, _)| host.name.as_str());
        let words = format!("── {name}: {words} ──");
        self.say(&words, now);
    }

    /// A line of ours.
    fn say(&mut self, words: &str, now: Timestamp) {
        let text = CleanText::one_line(words);
        let entry = Entry { at: now, stream: Stream::Err, origin: u16::MAX, level: None, text };
        self.show(vec![entry]);
    }

    fn line(&mut self, host: usize, line: Line, now: Timestamp) {
        let Some((sources, places)) = self.sources.get_mut(host) else { return };
        let source = usize::from(line.source.unwrap_or(0));
        let mut text = line.text;
        if line.stream == Stream::Err {
            match places.hear(source, text.as_str()) {
                Said::Nothing => return,
                Said::Instead(words) => text = CleanText::one_line(&words),
                Said::Other => {}
            }
        }
        let Some((origin, context)) = sources.get_mut(source) else { return };
        let (at, level) = match line.stream {
            Stream::Out => context.read(text.as_str(), line.at),
            Stream::Err => (line.at, None),
        };
        let entry = Entry { at, stream: line.stream, origin: *origin, level, text };
        // A log may be in several files: each is in order, all of them together are not.
        self.merge.push(host * usize::from(u16::MAX) + source, at, now, entry);
    }

    /// Shows what has waited long enough for earlier lines.
    pub fn flush(&mut self, now: Timestamp) {
        let ready = self.merge.ready(now);
        self.show(ready);
    }

    /// When the next line will have waited long enough.
    #[must_use]
    pub fn next(&self) -> Option<Timestamp> {
        self.merge.next()
    }

    fn show(&mut self, entries: Vec<Entry>) {
        if !entries.is_empty() {
            self.pane.extend(entries.into_iter().map(|entry| (entry, false)));
        }
    }

    /// Looks at the lines as the looks say.
    pub fn narrow(&mut self) {
        self.pane.narrow(self.looks.test());
    }

    /// Looks for the needle.
    pub fn search(&mut self) {
        self.pane.search(&self.looks.needle);
    }
}
