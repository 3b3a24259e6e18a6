//! One run as the console knows it: its servers, what they print, and how it is looked at.

use std::path::PathBuf;
use std::time::Duration;

use jiff::Timestamp;

use super::groups::{Likeness, likeness};
use super::host_state::HostState;
use super::looks::Looks;
use super::pane::Pane;
use super::scrollback::{Bounds, Entry};
use crate::engine::{Host, Progress, RunId};
use crate::fleet::{EnvironmentName, InstanceId, Severity};
use crate::remote::Line;

/// Names a run, or logs that are followed, within this console.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Ticket(pub u32);

/// What is to be run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExecWish {
    /// Its name here.
    pub ticket: Ticket,
    /// The servers' environment.
    pub environment: EnvironmentName,
    /// The servers, in the order in which they begin.
    pub hosts: Vec<Host>,
    /// The command.
    pub command: String,
    /// Through `sudo -n`.
    pub sudo: bool,
    /// So many at a time; all at once when not given.
    pub at_once: Option<usize>,
    /// Once one failed no other begins.
    pub stop_on_failure: bool,
    /// For each server.
    pub deadline: Duration,
}

/// How the panes of a run stand on the screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arrangement {
    /// A row per server, and the selected one's pane below.
    List,
    /// Live panes side by side.
    Grid,
}

/// Lines a second, by the lines' own times.
#[derive(Clone, Copy, Debug, Default)]
struct Meter {
    second: i64,
    count: u64,
    before: u64,
}

impl Meter {
    fn add(&mut self, at: Timestamp, lines: u64) {
        let second = at.as_second();
        if second != self.second {
            self.before = if second == self.second + 1 { self.count } else { 0 };
            (self.second, self.count) = (second, 0);
        }
        self.count += lines;
    }

    fn rate(&self, now: Timestamp) -> u64 {
        match now.as_second() - self.second {
            ..=0 => self.before.max(self.count),
            1 => self.count,
            _ => 0,
        }
    }
}

/// One server of a run.
#[derive(Clone, Debug)]
pub struct Member {
    /// Which.
    pub host: Host,
    /// How it stands.
    pub state: HostState,
    /// What it printed.
    pub pane: Pane,
    /// Whether its end was asked for.
    pub cancelling: bool,
    meter: Meter,
}

impl Member {
    /// Its id.
    #[must_use]
    pub const fn instance(&self) -> &InstanceId {
        self.host.target.instance()
    }

    /// Lines a second, just now.
    #[must_use]
    pub fn rate(&self, now: Timestamp) -> u64 {
        if self.state.is_over() { 0 } else { self.meter.rate(now) }
    }

    /// How it stands, in a word or two.
    #[must_use]
    pub fn words(&self, now: Timestamp) -> String {
        if self.cancelling && !self.state.is_over() { "cancelling".into() } else { self.state.words(now) }
    }

    fn take(&mut self, lines: Vec<Line>) {
        if let HostState::Asked { at } = self.state {
            self.state = HostState::Running { at };
        }
        if let Some(last) = lines.last() {
            self.meter.add(last.at, lines.iter().filter(|line| !line.unfinished).count() as u64);
        }
        self.pane.extend(lines.into_iter().map(|line| {
            let Line { at, stream, unfinished, text, .. } = line;
            (Entry { at, stream, origin: 0, level: None, text }, unfinished)
        }));
    }
}

/// How a run stands in numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Exit code 0.
    pub done: usize,
    /// Failed, refused or killed.
    pub failed: usize,
    /// Nobody knows.
    pub unknown: usize,
    /// Cancelled, and ended on the server.
    pub cancelled: usize,
    /// Never begun.
    pub skipped: usize,
    /// Asked and not ended.
    pub running: usize,
    /// Not asked yet.
    pub waiting: usize,
}

/// A run.
#[derive(Clone, Debug)]
pub struct Run {
    /// Its name here.
    pub ticket: Ticket,
    /// Its name in the history; none until it has begun.
    pub id: Option<RunId>,
    /// What was asked for.
    pub wish: ExecWish,
    /// When it was asked for.
    pub asked_at: Timestamp,
    /// When the last word was heard.
    pub over_at: Option<Timestamp>,
    /// Why it was not begun at all, or why its output is no longer on disk.
    pub trouble: Option<String>,
    /// Where the whole output is.
    pub output_dir: Option<PathBuf>,
    /// Its servers.
    pub members: Vec<Member>,
    /// How its panes stand on the screen.
    pub arrangement: Arrangement,
    /// Whether one pane fills the screen.
    pub zoomed: bool,
    /// How its lines are looked at.
    pub looks: Looks,
}

impl Run {
    /// A run that was asked for.
    #[must_use]
    pub fn new(wish: ExecWish, now: Timestamp) -> Self {
        let bounds = Bounds::one_of(wish.hosts.len());
        let member = |host: &Host| Member {
            host: host.clone(),
            state: HostState::Waiting,
            pane: Pane::new(bounds),
            cancelling: false,
            meter: Meter::default(),
        };
        Self {
            ticket: wish.ticket,
            id: None,
            members: wish.hosts.iter().map(member).collect(),
            zoomed: wish.hosts.len() == 1,
            wish,
            asked_at: now,
            over_at: None,
            trouble: None,
            output_dir: None,
            arrangement: Arrangement::List,
            looks: Looks::default(),
        }
    }

    /// Takes in news.
    pub fn take(&mut self, news: Progress, now: Timestamp) {
        match news {
            Progress::Began { host, at } => {
                if let Some(member) = self.members.get_mut(host) {
                    member.state = HostState::Asked { at };
                }
            }
            Progress::Lines { host, lines } => {
                if let Some(member) = self.members.get_mut(host) {
                    member.take(lines);
                }
            }
            Progress::Ended { host, ending, tally } => {
                if let Some(member) = self.members.get_mut(host) {
                    let at = match member.state {
                        HostState::Asked { at } | HostState::Running { at } => Some(at),
                        _ => None,
                    };
                    member.state = HostState::Ended { at, ending, tally };
                }
            }
            Progress::Skipped { host, why } => {
                if let Some(member) = self.members.get_mut(host) {
                    member.state = HostState::Skipped { why };
                }
            }
            // Only logs are asked for again.
            Progress::Broken { .. } | Progress::Back { .. } => {}
            Progress::Unrecorded { why } => self.trouble = Some(why),
            Progress::Finished { .. } => self.over_at = Some(now),
        }
    }

    /// It could not be begun.
    pub fn refuse(&mut self, why: &str, now: Timestamp) {
        self.trouble = Some(why.to_owned());
        self.over_at = Some(now);
        for member in &mut self.members {
            member.state = HostState::Skipped { why: why.to_owned() };
        }
    }

    /// Whether nothing more is to come.
    #[must_use]
    pub const fn is_over(&self) -> bool {
        self.over_at.is_some()
    }

    /// How it is called: its id, or what stands for it until it has one.
    #[must_use]
    pub fn name(&self) -> String {
        self.id.as_ref().map_or_else(|| "new".into(), ToString::to_string)
    }

    /// The server of this id.
    #[must_use]
    pub fn member(&self, id: &InstanceId) -> Option<&Member> {
        self.members.iter().find(|member| member.instance() == id)
    }

    /// How it stands in numbers.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for member in &self.members {
            let place = match (&member.state, member.state.severity()) {
                (HostState::Waiting, _) => &mut counts.waiting,
                (HostState::Skipped { .. }, _) => &mut counts.skipped,
                (HostState::Asked { .. } | HostState::Running { .. }, _) => &mut counts.running,
                (_, Severity::Ok) => &mut counts.done,
                (_, Severity::Unknown) => &mut counts.unknown,
                (_, Severity::Idle) => &mut counts.cancelled,
                _ => &mut counts.failed,
            };
            *place += 1;
        }
        counts
    }

    /// The worst of its servers; changing while it goes on.
    #[must_use]
    pub fn severity(&self) -> Severity {
        if !self.is_over() {
            return Severity::Changing;
        }
        let counts = self.counts();
        match counts {
            _ if counts.failed > 0 || self.id.is_none() => Severity::Down,
            _ if counts.unknown > 0 => Severity::Unknown,
            _ if counts.cancelled + counts.skipped > 0 => Severity::Idle,
            _ => Severity::Ok,
        }
    }

    /// How each server's output stands among the others'.
    #[must_use]
    pub fn likeness(&self) -> Vec<Likeness> {
        let digest = |member: &Member| match &member.state {
            HostState::Ended { tally, .. } => Some(tally.digest),
            _ => None,
        };
        likeness(&self.members.iter().map(digest).collect::<Vec<_>>())
    }

    /// Bytes that its lines take.
    #[must_use]
    pub fn bytes(&self) -> usize {
        self.members.iter().map(|member| member.pane.lines.bytes()).sum()
    }

    /// Gives the oldest lines up until all take no more than so many bytes; each pane keeps its share.
    pub fn shrink(&mut self, bytes: usize) {
        let each = bytes / self.members.len().max(1);
        self.members.iter_mut().for_each(|member| member.pane.shrink(each));
    }

    /// Looks at all panes as the looks say.
    pub fn narrow(&mut self) {
        let test = self.looks.test();
        self.members.iter_mut().for_each(|member| member.pane.narrow(test.clone()));
    }

    /// Looks for the needle in all panes.
    pub fn search(&mut self) {
        self.members.iter_mut().for_each(|member| member.pane.search(&self.looks.needle));
    }
}
