//! Everything the console knows. Only the reducer changes it; views only read it.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use ratatui_textarea::TextArea;

use super::action::Context;
use super::chronicle::Chronicles;
use super::dialogs::{LogsDialog, Question, RunDialog};
use super::findings::Findings;
use super::keymap::Keymap;
use super::line::LineInput;
use super::palette::Entry;
use super::panes::{Logs, Run, Shelf};
use super::past::{self, AsOf};
use super::reduce;
use super::screen::Screen;
use super::table::{RowId, Table, TableView};
use super::theme::{Depth, Theme};
use super::trail::Trail;
use super::work::{Choices, Desk, OperationList, Sheet, Work};
use crate::config::Preferences;
use crate::fleet::{
    Endpoint, EnvironmentName, Interest, Overview, Pulse, Severity, Snapshot, Topology, Yardstick, overview,
};

/// What can be reloaded while the console runs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Look {
    /// The theme in use.
    pub theme: Theme,
    /// Every theme there is, for switching; the one in use is among them.
    pub themes: Vec<Theme>,
    /// The keymap in use.
    pub keymap: Keymap,
    /// How many colours the terminal has.
    pub depth: Depth,
    /// What is wrong with config, keymap, theme or preferences; a banner says so.
    pub problems: Vec<String>,
}

/// Something on top of the screen; it gets the keys first.
#[derive(Clone, Debug)]
pub enum Overlay {
    /// The keys that work here, from the keymap.
    Help {
        /// First visible line.
        top: usize,
    },
    /// Every action by name, narrowed by fuzzy match.
    Palette {
        /// What is being typed.
        input: Box<TextArea<'static>>,
        /// What matches, best first; bounded.
        matches: Vec<Entry>,
        /// Position in the matches.
        cursor: usize,
    },
    /// The filter of the table below; rows narrow as one types.
    Filter {
        /// What is being typed.
        input: Box<TextArea<'static>>,
        /// The filter before; `esc` comes back to it.
        before: String,
    },
    /// Problems of config, keymap and theme.
    Problems {
        /// First visible line.
        top: usize,
    },
    /// Each read: source, age, failure.
    Freshness {
        /// First visible line.
        top: usize,
    },
    /// A line in the footer: a search, words to narrow by, a file's name.
    Line(LineInput),
    /// What to run, and where.
    Run(Box<RunDialog>),
    /// Which logs to follow.
    Logs(Box<LogsDialog>),
    /// Every operation by name, narrowed by fuzzy match.
    Operations(Box<OperationList>),
    /// What an operation is told.
    Choices(Box<Choices>),
    /// All there is to know of the plan or the run, and of the selected step.
    Detail {
        /// First visible line.
        top: usize,
    },
    /// A question that has to be answered.
    Question(Box<Question>),
}

/// A passing message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Toast {
    /// What it says.
    pub text: String,
    /// How bad.
    pub severity: Severity,
    /// When it goes away.
    pub until: Timestamp,
}

/// The console's state.
#[derive(Clone, Debug)]
pub struct State {
    /// Columns and lines of the terminal.
    pub size: (u16, u16),
    /// The cloud's clock, as last told.
    pub now: Timestamp,
    /// What the config says should exist.
    pub topology: Arc<Topology>,
    /// Which cloud.
    pub endpoint: Endpoint,
    /// Nothing may be changed from here.
    pub read_only: bool,
    /// Preferences.
    pub preferences: Preferences,
    /// Theme, keymap and their problems.
    pub look: Look,
    /// The newest snapshot.
    pub snapshot: Arc<Snapshot>,
    /// Derived from the snapshot: a row per environment.
    pub overviews: Vec<Overview>,
    /// How refreshing goes.
    pub pulse: Pulse,
    /// Where one is.
    pub trail: Trail,
    /// What was done with each screen's table.
    pub views: BTreeMap<Screen, TableView>,
    /// The current screen's table, built anew when snapshot, clock step, screen or look changes.
    pub table: Table,
    /// What is on top.
    pub overlay: Option<Overlay>,
    /// The passing message.
    pub toast: Option<Toast>,
    /// Keys of an unfinished sequence.
    pub pending: Vec<crokey::KeyCombination>,
    /// Until then the order of rows holds still.
    pub held_until: Timestamp,
    /// Seconds of the cloud's clock per second of ours; 1 but in the sandbox.
    pub speed: f64,
    /// Global options that a copied command needs to show the same.
    pub globals: Vec<String>,
    /// The theme that was chosen here; it outlives a reload of the preferences.
    pub chosen_theme: Option<String>,
    /// What refreshing was last told to be on screen.
    pub interest: Interest,
    /// Runs, and what goes with them.
    pub shelf: Shelf,
    /// Plans, their runs, and the history.
    pub desk: Desk,
    /// What is wrong in each environment.
    pub findings: Findings,
    /// What happened in each environment, where somebody has looked at that.
    pub chronicles: Chronicles,
    /// A moment of the past that is on every screen; none where it is now.
    pub past: Option<Box<AsOf>>,
    /// The moment that is being read, and from whose timeline.
    pub wants_past: Option<(EnvironmentName, Timestamp)>,
    /// When the selection of triage was moved last by what has become first: a key may have been meant for the row before.
    pub led_at: Option<Timestamp>,
    /// The steps that triage offered last, and of which finding.
    pub offered: Option<(crate::triage::Key, Vec<String>)>,
    /// The operator wants to leave; what runs is being ended.
    pub leaving: bool,
    /// From then on the console rests, unless somebody touches it.
    pub rests_at: Timestamp,
    /// When something on the screen changes by time alone.
    pub next_change: Option<Timestamp>,
    /// Whether what is drawn is no longer what is here.
    pub dirty: bool,
}

/// What a state begins with.
#[derive(Clone, Debug)]
pub struct Begin {
    /// What the config says should exist.
    pub topology: Arc<Topology>,
    /// Which cloud.
    pub endpoint: Endpoint,
    /// Nothing may be changed from here.
    pub read_only: bool,
    /// Preferences.
    pub preferences: Preferences,
    /// Theme, keymap and their problems.
    pub look: Look,
    /// Columns and lines of the terminal.
    pub size: (u16, u16),
    /// The cloud's clock.
    pub now: Timestamp,
    /// Seconds of the cloud's clock per second of ours.
    pub speed: f64,
    /// Global options that a copied command needs to show the same.
    pub globals: Vec<String>,
    /// Whether operations can be planned and executed from here.
    pub can_change: bool,
}

impl State {
    /// The fleet screen before anything was read.
    #[must_use]
    pub fn new(begin: Begin) -> Self {
        let snapshot = Arc::new(Snapshot::default());
        let mut state = Self {
            size: begin.size,
            now: begin.now,
            overviews: overview::overviews(&snapshot, &begin.topology, &Yardstick::at(begin.now)),
            topology: begin.topology,
            endpoint: begin.endpoint,
            read_only: begin.read_only,
            preferences: begin.preferences,
            look: begin.look,
            snapshot,
            pulse: Pulse::default(),
            trail: Trail::default(),
            views: BTreeMap::new(),
            table: Table::default(),
            overlay: None,
            toast: None,
            pending: Vec::new(),
            held_until: begin.now,
            speed: begin.speed,
            globals: begin.globals,
            chosen_theme: None,
            interest: Interest::default(),
            shelf: Shelf::default(),
            desk: Desk::new(begin.can_change),
            findings: Findings::default(),
            chronicles: Chronicles::default(),
            past: None,
            wants_past: None,
            led_at: None,
            offered: None,
            leaving: false,
            rests_at: begin.now,
            next_change: None,
            dirty: true,
        };
        state.touched();
        reduce::rebuild(&mut state);
        state
    }

    /// The contexts that hold now, the most specific first.
    #[must_use]
    pub fn contexts(&self) -> &'static [Context] {
        match &self.overlay {
            Some(
                Overlay::Filter { .. }
                | Overlay::Palette { .. }
                | Overlay::Line(_)
                | Overlay::Run(_)
                | Overlay::Logs(_)
                | Overlay::Operations(_)
                | Overlay::Choices(_)
                | Overlay::Question(_),
            ) => &[Context::Input],
            Some(_) => &[Context::Table, Context::Everywhere],
            None => self
                .past
                .as_ref()
                .and_then(|_| past::contexts(self.screen()))
                .unwrap_or_else(|| self.screen().contexts()),
        }
    }

    /// The run on the screen.
    #[must_use]
    pub fn run(&self) -> Option<&Run> {
        match self.screen() {
            Screen::Run(ticket) => self.shelf.run(*ticket),
            _ => None,
        }
    }

    /// The logs on the screen.
    #[must_use]
    pub fn logs(&self) -> Option<&Logs> {
        match self.screen() {
            Screen::Logs(ticket) => self.shelf.logs(*ticket),
            _ => None,
        }
    }

    /// The plan on the screen.
    #[must_use]
    pub fn sheet(&self) -> Option<&Sheet> {
        match self.screen() {
            Screen::Plan(ticket) => self.desk.sheet(*ticket),
            _ => None,
        }
    }

    /// The run on the screen that is shown step by step.
    #[must_use]
    pub fn work(&self) -> Option<&Work> {
        match self.screen() {
            Screen::Work(ticket) => self.desk.work(*ticket),
            _ => None,
        }
    }

    /// The screens of all runs of this console, newest first.
    #[must_use]
    pub fn run_screens(&self) -> Vec<Screen> {
        let commands = self.shelf.runs().map(|run| (run.ticket, Screen::Run(run.ticket)));
        let works = self.desk.works().map(|work| (work.ticket, Screen::Work(work.ticket)));
        let mut all: Vec<_> = commands.chain(works).collect();
        all.sort_by_key(|(ticket, _)| std::cmp::Reverse(*ticket));
        all.into_iter().map(|(_, screen)| screen).collect()
    }

    /// The environment the screen is about.
    #[must_use]
    pub fn environment(&self) -> Option<&EnvironmentName> {
        match self.screen() {
            Screen::Fleet => None,
            Screen::Environment { name, .. } | Screen::Triage(name) | Screen::Timeline(name) => Some(name),
            Screen::Server { environment, .. } => environment.as_ref(),
            Screen::Run(_) => self.run().map(|run| &run.wish.environment),
            Screen::Logs(_) => self.logs().map(|logs| &logs.wish.environment),
            Screen::Plan(_) => self.sheet().map(|sheet| &sheet.wish.environment),
            Screen::Work(_) => self.work().map(|work| &work.environment),
        }
    }

    /// Whether nothing may be changed there: this console may not, or not in this environment.
    #[must_use]
    pub fn is_read_only(&self, environment: &EnvironmentName) -> bool {
        self.read_only || self.preferences.read_only_environments.contains(environment)
    }

    /// Rows of the table as shown, by id.
    pub fn shown_rows(&self) -> impl Iterator<Item = &RowId> {
        let view = self.views.get(self.screen());
        view.into_iter().flat_map(|v| &v.order).filter_map(|at| Some(&self.table.rows.get(*at)?.id))
    }

    /// What the selected row, or else the screen, is about.
    #[must_use]
    pub fn subject(&self) -> Option<RowId> {
        let selected = self.views.get(self.screen()).and_then(|v| v.cursor.clone());
        match (selected, self.screen()) {
            (Some(id @ (RowId::Environment(_) | RowId::Server(_))), _) => Some(id),
            (_, Screen::Server { id, .. }) => Some(RowId::Server(id.clone())),
            (_, Screen::Environment { name, .. } | Screen::Triage(name) | Screen::Timeline(name)) => {
                Some(RowId::Environment(name.clone()))
            }
            (_, Screen::Run(_) | Screen::Logs(_) | Screen::Plan(_) | Screen::Work(_)) => {
                self.environment().cloned().map(RowId::Environment)
            }
            (_, Screen::Fleet) => None,
        }
    }

    /// What is said of an environment.
    #[must_use]
    pub fn overview(&self, name: &EnvironmentName) -> Option<&Overview> {
        self.overviews.iter().find(|overview| overview.name == *name)
    }

    /// The current screen.
    #[must_use]
    pub fn screen(&self) -> &Screen {
        // The trail is never empty: it begins with the fleet.
        self.trail.screens.get(self.trail.at).unwrap_or(&Screen::Fleet)
    }

    /// What was done with the current screen's table.
    #[must_use]
    pub fn view(&self) -> TableView {
        self.views.get(self.screen()).cloned().unwrap_or_default()
    }
}
