//! The plans and runs of plans that this console knows, and the history on disk.

use super::past::{self, Record};
use super::run::Work;
use super::sheet::Sheet;
use super::usual::Usual;
use super::wish::{Obstacle, StartWish};
use crate::console::panes::Ticket;
use crate::engine::RunId;
use crate::engine::store::RunState;
use crate::fleet::overview::LockRef;
use crate::fleet::{EnvironmentName, LockKind};

/// The most plans that are kept.
const MOST_SHEETS: usize = 8;
/// The most runs whose lines are kept.
const MOST_WORKS: usize = 8;
/// What lines of older runs may take.
const OF_OLDER: usize = 1 << 20;

/// Plans, runs and history.
#[derive(Clone, Debug, Default)]
pub struct Desk {
    sheets: Vec<Sheet>,
    works: Vec<Work>,
    /// Every run on disk, latest first; none until it was read.
    pub history: Option<Vec<Record>>,
    /// Why the history cannot be read.
    pub unread: Option<String>,
    /// Whether the operator was asked about what was interrupted.
    pub asked: bool,
    /// Whether there is a way to change anything from this console.
    pub can_change: bool,
    /// What came between and is still to be asked about, with what was to be begun.
    pub obstacles: Vec<(Ticket, Option<StartWish>, Obstacle)>,
    /// Whether a run that is just being begun is to be stopped after its first steps, for the console is being left.
    pub stops_what_begins: bool,
}

impl Desk {
    /// Nothing on it yet.
    #[must_use]
    pub fn new(can_change: bool) -> Self {
        Self { can_change, ..Self::default() }
    }

    /// Puts a plan on it.
    pub fn add_sheet(&mut self, sheet: Sheet) {
        self.sheets.retain(|known| known.ticket != sheet.ticket);
        self.sheets.push(sheet);
        let surplus = self.sheets.len().saturating_sub(MOST_SHEETS);
        self.sheets.drain(..surplus);
    }

    /// The plan of this name.
    #[must_use]
    pub fn sheet(&self, ticket: Ticket) -> Option<&Sheet> {
        self.sheets.iter().find(|sheet| sheet.ticket == ticket)
    }

    /// The plan of this name, to change it.
    pub fn sheet_mut(&mut self, ticket: Ticket) -> Option<&mut Sheet> {
        self.sheets.iter_mut().find(|sheet| sheet.ticket == ticket)
    }

    /// Puts a run on it; the oldest that is over may have to go. It takes the place of the plan of its name: nothing that
    /// is asked about a run may find the plan it began with, and begin it a second time.
    pub fn add(&mut self, work: Work) {
        self.sheets.retain(|known| known.ticket != work.ticket);
        self.works.retain(|known| known.ticket != work.ticket);
        self.works.iter_mut().filter(|work| !work.goes_on()).for_each(|work| work.printers.shrink(OF_OLDER));
        self.works.push(work);
        while self.works.len() > MOST_WORKS {
            let Some(oldest) = self.works.iter().position(|work| !work.goes_on() || !work.is_ours) else {
                break;
            };
            self.works.remove(oldest);
        }
    }

    /// The run of this name here.
    #[must_use]
    pub fn work(&self, ticket: Ticket) -> Option<&Work> {
        self.works.iter().find(|work| work.ticket == ticket)
    }

    /// The run of this name here, to change it.
    pub fn work_mut(&mut self, ticket: Ticket) -> Option<&mut Work> {
        self.works.iter_mut().find(|work| work.ticket == ticket)
    }

    /// Keeps what came between, until it can be asked about: the last of each plan or run, and of so many.
    pub fn keep_obstacle(&mut self, ticket: Ticket, wish: Option<StartWish>, why: Obstacle) {
        self.obstacles.retain(|(known, ..)| *known != ticket);
        self.obstacles.push((ticket, wish, why));
        let surplus = self.obstacles.len().saturating_sub(MOST_SHEETS);
        self.obstacles.drain(..surplus);
    }

    /// A run is being begun from the plan of this name, or taken up again, or no longer.
    pub fn set_beginning(&mut self, ticket: Ticket, beginning: bool) {
        if let Some(sheet) = self.sheet_mut(ticket) {
            sheet.beginning = beginning;
        }
        if let Some(work) = self.work_mut(ticket) {
            work.beginning = beginning;
        }
    }

    /// Runs that are just being begun or taken up: nobody can say yet whether they change something.
    #[must_use]
    pub fn beginning(&self) -> usize {
        let sheets = self.sheets.iter().filter(|sheet| sheet.beginning).count();
        sheets + self.works.iter().filter(|work| work.beginning).count()
    }

    /// The run of this name in the history, while it is kept here.
    #[must_use]
    pub fn by_id(&self, id: &RunId) -> Option<&Work> {
        self.works.iter().rev().find(|work| work.id == *id)
    }

    /// All runs, newest first.
    pub fn works(&self) -> impl Iterator<Item = &Work> {
        self.works.iter().rev()
    }

    /// Runs of this console that go on, newest first.
    pub fn going_on(&self) -> impl Iterator<Item = &Work> {
        self.works().filter(|work| work.is_ours && work.goes_on())
    }

    /// What this console knows better than the disk as it was read.
    fn is_newer_here(&self, id: &RunId) -> bool {
        self.by_id(id).is_some_and(|work| work.is_ours && work.goes_on())
    }

    /// Runs that were interrupted, or that left something, latest first.
    pub fn open(&self) -> impl Iterator<Item = &Record> {
        let history = self.history.iter().flatten();
        history.filter(|past| past.is_open() && !self.is_newer_here(&past.id))
    }

    /// Those of an environment.
    pub fn open_in(&self, environment: &EnvironmentName) -> impl Iterator<Item = &Record> {
        self.open().filter(move |past| past.environment == *environment)
    }

    /// Plans' runs of this machine that go on in another console, latest first.
    pub fn elsewhere(&self) -> impl Iterator<Item = &Record> {
        let history = self.history.iter().flatten();
        history
            .filter(|past| past.is_plan && past.state == RunState::Running && !self.is_newer_here(&past.id))
    }

    /// Whether what runs of this machine show of themselves tells of this lock already.
    #[must_use]
    pub fn tells_of(&self, environment: &EnvironmentName, lock: &LockRef) -> bool {
        let is = |id: &RunId, held: Option<(LockKind, u64)>| {
            lock.run.as_deref() == Some(id.as_str()) && held == Some((lock.kind, lock.number))
        };
        let here =
            |work: &Work| work.environment == *environment && is(&work.id, work.story().and_then(past::lock));
        let past = |past: &Record| past.environment == *environment && is(&past.id, past.lock);
        self.going_on().any(here) || self.elsewhere().any(past) || self.open().any(past)
    }

    /// How long runs of an operation took before, this one apart.
    #[must_use]
    pub fn usual(&self, operation: &str, environment: &EnvironmentName, but: Option<&RunId>) -> Usual {
        Usual::of(self.history.as_deref().unwrap_or_default(), operation, environment, but)
    }
}
