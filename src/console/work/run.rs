//! A run as it is shown step by step: under way in this console, or read back from disk.

use std::collections::BTreeMap;
use std::path::PathBuf;

use jiff::Timestamp;

use super::past::{Opened, progress};
use super::printers::Printers;
use crate::console::panes::{Entry, Ticket};
use crate::engine::run::{Again, Cancel, Left, News, Story, Way};
use crate::engine::store::{OutputLine, Past, RunState};
use crate::engine::{RunId, Verdict};
use crate::fleet::{EnvironmentName, Severity};
use crate::plan::StepId;
use crate::remote::clean_text::CleanText;

/// The most warnings beside the plan that are kept.
const MOST_WARNINGS: usize = 50;

/// How a command ended on a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PastServer {
    /// Which.
    pub instance: String,
    /// How it was called.
    pub name: String,
    /// In a word, if it ended.
    pub verdict: Option<Verdict>,
    /// In words.
    pub words: String,
    /// Lines that it printed.
    pub lines: u64,
}

/// What a run consists of.
#[derive(Clone, Debug)]
pub enum Body {
    /// The steps of a plan.
    Steps(Box<Story>),
    /// A command on servers, of the past.
    Servers(Vec<PastServer>),
    /// It is being read.
    Unread,
}

/// A run.
#[derive(Clone, Debug)]
pub struct Work {
    /// Its name here.
    pub ticket: Ticket,
    /// Its name in the history.
    pub id: RunId,
    /// Where.
    pub environment: EnvironmentName,
    /// Who runs it; none is this console's operator.
    pub who: Option<String>,
    /// The command line that asks for the same.
    pub command: String,
    /// What it consists of.
    pub body: Body,
    /// How it stands.
    pub state: RunState,
    /// When it began.
    pub began_at: Timestamp,
    /// When it was over.
    pub over_at: Option<Timestamp>,
    /// Whether this console runs it.
    pub is_ours: bool,
    /// Whether it was to be undone when it was asked for last.
    pub wants_undo: bool,
    /// Whether it is just being taken up again.
    pub beginning: bool,
    /// How far its end was asked for.
    pub cancel: Cancel,
    /// How it stands with steps at work.
    pub status: BTreeMap<StepId, String>,
    /// What went wrong beside the plan.
    pub warnings: Vec<String>,
    /// Why the journal takes nothing more.
    pub unrecorded: Option<String>,
    /// Servers that print something.
    pub printers: Printers,
    /// Where its files are.
    pub dir: Option<PathBuf>,
}

impl Work {
    /// A run that has begun here.
    #[must_use]
    pub fn begun(ticket: Ticket, id: RunId, dir: PathBuf, story: Box<Story>, now: Timestamp) -> Self {
        Self {
            environment: story.plan.environment.clone(),
            command: story.plan.command.clone(),
            body: Body::Steps(story),
            state: RunState::Running,
            is_ours: true,
            dir: Some(dir),
            ..Self::unread(ticket, id, EnvironmentName::new(""), now)
        }
    }

    /// A run of the past that is being read.
    #[must_use]
    pub fn unread(ticket: Ticket, id: RunId, environment: EnvironmentName, at: Timestamp) -> Self {
        Self {
            ticket,
            id,
            environment,
            who: None,
            command: String::new(),
            body: Body::Unread,
            state: RunState::Interrupted,
            began_at: at,
            over_at: None,
            is_ours: false,
            wants_undo: false,
            beginning: false,
            cancel: Cancel::No,
            status: BTreeMap::new(),
            warnings: Vec::new(),
            unrecorded: None,
            printers: Printers::default(),
            dir: None,
        }
    }

    /// It was read.
    pub fn read(&mut self, opened: Opened) {
        let Opened { past, outputs } = opened;
        self.environment = EnvironmentName::new(past.began.environment.as_str());
        self.who = Some(past.began.who.clone());
        self.command.clone_from(&past.began.command);
        (self.state, self.began_at, self.over_at) = (past.state, past.began.at, past.finished);
        self.unrecorded.clone_from(&past.unrecorded);
        let servers = servers(&past);
        self.body = past.story.map_or(Body::Servers(servers), Body::Steps);
        let focus = self.printers.focus;
        self.printers.all.clear();
        for (instance, lines) in outputs {
            self.printers.extend(None, &instance, lines.into_iter().map(|line| (entry(&line), false)));
        }
        self.printers.focus = focus.min(self.printers.all.len().saturating_sub(1));
    }

    /// Takes in news.
    pub fn take(&mut self, news: News) {
        match news {
            News::Entry(entry) => {
                if let crate::engine::run::Entry::Ended { step, .. } = &*entry {
                    self.status.remove(step);
                }
                if let Body::Steps(story) = &mut self.body {
                    story.take_in(&entry);
                }
            }
            News::Status { step, text } => {
                self.status.insert(step, crate::fleet::text::one_line(&text));
            }
            News::Lines { step, instance, lines } => self.printers.take(Some(step), &instance, lines),
            News::Warning { text } => {
                self.warnings.push(crate::fleet::text::one_line(&text));
                let surplus = self.warnings.len().saturating_sub(MOST_WARNINGS);
                self.warnings.drain(..surplus);
            }
            News::Unrecorded { why } => self.unrecorded = Some(crate::fleet::text::one_line(&why)),
            News::Finished { at, state } => {
                (self.state, self.over_at) = (state, Some(at));
                self.status.clear();
            }
        }
    }

    /// The story, where it is the run of a plan.
    #[must_use]
    pub fn story(&self) -> Option<&Story> {
        if let Body::Steps(story) = &self.body { Some(story) } else { None }
    }

    /// The step that says most of it: the first that did not end well, or did not end.
    #[must_use]
    pub fn step_to_look_at(&self) -> Option<StepId> {
        let story = self.story()?;
        let failed = story.failure().map(|(step, _)| step.id);
        failed.or_else(|| story.at_work().next().map(|step| step.id))
    }

    /// Whether it goes on, here or elsewhere.
    #[must_use]
    pub fn goes_on(&self) -> bool {
        self.state == RunState::Running
    }

    /// Whether it can be stopped from here.
    #[must_use]
    pub fn can_be_cancelled(&self) -> bool {
        self.is_ours && self.goes_on() && self.cancel < Cancel::NowAndUndo
    }

    /// What would be done if it were taken up again, or undone.
    #[must_use]
    pub fn again(&self, undo: bool) -> Again {
        self.story().map_or(Again::Nothing, |story| story.again(self.state, undo))
    }

    /// The operation, or `exec`.
    #[must_use]
    pub fn operation(&self) -> &str {
        self.story().map_or("exec", |story| story.plan.operation.as_str())
    }

    /// What is not as it was found.
    #[must_use]
    pub fn left(&self) -> Vec<&Left> {
        self.story().map(Story::left).unwrap_or_default()
    }

    /// Whether somebody has to put something right.
    #[must_use]
    pub fn has_left(&self) -> bool {
        let holds = self.story().is_some_and(|story| !story.to_put_back().is_empty());
        (self.over_at.is_some() && holds) || self.left().iter().any(|left| !left.foreign)
    }

    /// How bad it is.
    #[must_use]
    pub fn severity(&self) -> Severity {
        match self.state {
            _ if self.has_left() && !self.goes_on() => Severity::Down,
            RunState::Running => Severity::Changing,
            RunState::Done => Severity::Ok,
            RunState::Failed => Severity::Down,
            RunState::Cancelled => Severity::Idle,
            RunState::Interrupted => Severity::Warn,
        }
    }

    /// Which way it goes, in a word or two.
    #[must_use]
    pub fn words(&self) -> String {
        let way = self.story().map_or(Way::Forward, |story| story.way);
        match (self.state, way) {
            (RunState::Running, Way::Forward) if self.cancel == Cancel::AfterStep => {
                "stopping after this step".into()
            }
            (RunState::Running, Way::Forward) if self.cancel == Cancel::NowAndUndo => "stopping now".into(),
            (RunState::Running, Way::Forward) => {
                let (done, all) = self.progress();
                let at = self.story().and_then(|story| story.at_work().next()).map(|step| step.id.0);
                // Lanes go on side by side: one that takes long does not hold the others' steps back.
                let at = at.map(|at| usize::from(at).max(done + 1).min(all));
                at.map_or_else(|| format!("{done} of {all} steps"), |at| format!("step {at} of {all}"))
            }
            (RunState::Running, Way::Stop) => "putting back".into(),
            (RunState::Running, Way::Undo) => "undoing".into(),
            (state, _) => state.word().into(),
        }
    }

    /// How many steps have ended well, of how many.
    #[must_use]
    pub fn progress(&self) -> (usize, usize) {
        self.story().map_or((0, 0), progress)
    }
}

fn servers(past: &Past) -> Vec<PastServer> {
    let skipped = |n: usize| past.skipped.iter().find(|(server, _)| *server == n).map(|(_, why)| why.clone());
    let server = |(n, server): (usize, &crate::engine::store::RecordedServer)| {
        let end = past.ends.iter().find(|end| end.server == n);
        PastServer {
            instance: server.instance.clone(),
            name: server.name.clone(),
            verdict: end.map(|end| end.verdict),
            words: end.map_or_else(
                || skipped(n).map_or_else(|| "no end is recorded".into(), |why| format!("not begun: {why}")),
                |end| end.words.clone(),
            ),
            lines: end.map_or(0, |end| end.lines),
        }
    };
    past.began.servers.iter().enumerate().map(server).collect()
}

fn entry(line: &OutputLine) -> Entry {
    let text = CleanText::one_line(&line.text);
    Entry { at: line.at, stream: line.stream, origin: 0, level: None, text }
}
