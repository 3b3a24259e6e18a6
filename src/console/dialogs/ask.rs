//! A question on top of the screen: a few lines, and the answers that there are.

use ratatui_textarea::TextArea;

use super::run::RunDialog;
use crate::console::panes::{ExecWish, Ticket};
use crate::console::work::{KeepWish, StartWish};
use crate::engine::RunId;
use crate::engine::lock::Held;
use crate::engine::run::Cancel;
use crate::fleet::Severity;
use crate::plan::typed::{Typed, Wanted};
use crate::remote::Target;

/// What is done when the answer is yes.
#[derive(Clone, Debug, PartialEq)]
pub enum Then {
    /// Runs a command.
    Run(Box<ExecWish>),
    /// Ends a run on every server.
    Cancel(Ticket),
    /// Ends a run on one server, by its place in it.
    CancelHost(Ticket, usize),
    /// Opens a shell.
    Shell(Target),
    /// Trusts a host key.
    Trust {
        /// Whose.
        target: Target,
        /// As it was shown.
        fingerprint: String,
        /// In the place of the keys that are pinned.
        replaces: bool,
    },
    /// Begins the run of a plan, or takes one up again.
    Start(Box<StartWish>),
    /// Asks whether the lock is to be taken over.
    AskTakeOver(Box<StartWish>, Box<Held>),
    /// Asks whether to go on without a lock.
    AskWithout(Box<StartWish>),
    /// Makes a plan anew.
    PlanAgain(Ticket),
    /// Makes a plan with this word, which overrides a refusal.
    Override(Ticket, &'static str),
    /// Stops the run of a plan.
    Stop(Ticket, Cancel),
    /// Goes to a run of the past.
    Look(RunId),
    /// Cancels what runs and leaves.
    Quit,
    /// Stops runs of plans after the steps at work, and leaves when they are over.
    StopAndQuit,
    /// Leaves when runs of plans are over.
    WaitAndQuit,
    /// Leaves at once; what runs is interrupted.
    QuitNow,
    /// Does not leave after all.
    Stay,
}

/// One of several answers.
#[derive(Clone, Debug, PartialEq)]
pub struct Choice {
    /// The key that gives it.
    pub key: char,
    /// What it does.
    pub words: String,
    /// What is done.
    pub then: Then,
}

/// How it is answered. Nothing is ever done from the key that asked.
#[derive(Clone, Debug, PartialEq)]
pub enum Asks {
    /// One of these keys; never `enter`, which is pressed twice by habit.
    Key(Vec<Choice>),
    /// This word, typed in full.
    Word {
        /// The word.
        word: String,
        /// What to do with it: `To go on, type the environment's name`.
        what: &'static str,
        /// What is done.
        then: Then,
    },
    /// Something that is typed and not shown.
    Hidden(Hidden),
    /// Secrets that have no value yet, one after the other, typed and not shown.
    Secret(Missing),
}

/// Secrets that have no value yet.
#[derive(Clone, Debug, PartialEq)]
pub struct Missing {
    /// Their names.
    pub names: Vec<String>,
    /// What was typed, and what for.
    pub wish: KeepWish,
}

impl Missing {
    /// The one that is asked for now, and its place among them.
    #[must_use]
    pub fn next(&self) -> Option<(usize, &str)> {
        let place = self.names.iter().position(|name| self.wish.typed.get(name).is_none())?;
        Some((place, &self.names[place]))
    }
}

/// Something that is typed for a run, and not shown.
#[derive(Clone, Debug, PartialEq)]
pub struct Hidden {
    /// What.
    pub wanted: Wanted,
    /// What was typed the first time, where it is typed twice.
    pub first: Typed,
    /// The run that it is for.
    pub wish: Box<StartWish>,
}

/// A question.
#[derive(Clone, Debug)]
pub struct Question {
    /// What it is about.
    pub title: String,
    /// What there is to know, line by line.
    pub lines: Vec<(Severity, String)>,
    /// How it is answered.
    pub asks: Asks,
    /// The first line seen, where not all are.
    pub top: usize,
    /// What is being typed.
    pub input: Box<TextArea<'static>>,
    /// The dialog that `esc` comes back to.
    pub back: Option<Box<RunDialog>>,
}

impl Question {
    /// A question.
    #[must_use]
    pub fn new(title: impl Into<String>, lines: Vec<(Severity, String)>, asks: Asks) -> Self {
        Self { title: title.into(), lines, asks, top: 0, input: Box::default(), back: None }
    }

    /// A question that `y` answers.
    #[must_use]
    pub fn yes(title: impl Into<String>, lines: Vec<(Severity, String)>, words: &str, then: Then) -> Self {
        let choice = Choice { key: 'y', words: words.to_owned(), then };
        Self::new(title, lines, Asks::Key(vec![choice]))
    }

    /// What was typed.
    #[must_use]
    pub fn typed(&self) -> &str {
        self.input.lines().first().map_or("", String::as_str)
    }

    /// What `enter` does now.
    #[must_use]
    pub fn on_enter(&self) -> Option<&Then> {
        match &self.asks {
            Asks::Key(_) | Asks::Hidden(_) | Asks::Secret(_) => None,
            Asks::Word { word, then, .. } => (self.typed().trim() == word).then_some(then),
        }
    }

    /// What a character does now; none when it is typed.
    #[must_use]
    pub fn on_key(&self, key: char) -> Option<&Then> {
        match &self.asks {
            Asks::Key(choices) => choices.iter().find(|c| c.key == key).map(|choice| &choice.then),
            Asks::Word { .. } | Asks::Hidden(_) | Asks::Secret(_) => None,
        }
    }
}
