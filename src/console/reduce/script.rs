//! Tests as scripts: keys go in as people press them, what is on screen comes out.

use std::sync::Arc;
use std::time::Duration;

use crossterm::event::{KeyEvent, MouseButton, MouseEvent, MouseEventKind};
use jiff::SignedDuration;

use crate::config::Preferences;
use crate::console::chord;
use crate::console::event::{Effect, Event};
use crate::console::keymap::Keymap;
use crate::console::layout::{self, Hit};
use crate::console::reduce::reduce;
use crate::console::screen::Screen;
use crate::console::state::{Begin, Look, State};
use crate::console::table::RowId;
use crate::console::theme::{self, Depth};
use crate::console::views::tests::{fixture, plans, runs};
use crate::console::work::Sheet;
use crate::fleet::{Endpoint, EnvironmentName, HostKeyQuestion, Measured, Snapshot};
use crate::triage::Memory;

/// A console without a terminal.
pub struct Console {
    pub state: State,
    /// Everything asked for so far but what is looked at.
    pub effects: Vec<Effect>,
    /// What triage wanted to be kept, in order.
    pub kept: Vec<(EnvironmentName, Memory)>,
}

impl Console {
    /// The console on the small fleet, after its first read, in an 80×24 terminal.
    pub fn open() -> Self {
        Self::with_keymap("default")
    }

    pub fn with_keymap(name: &str) -> Self {
        let none = std::collections::BTreeMap::new();
        let themes: Vec<_> =
            ["dark", "light"].iter().map(|name| theme::load(name, &none, Depth::True).0).collect();
        let state = State::new(Begin {
            topology: Arc::new(fixture::topology()),
            endpoint: Endpoint { region: "us-east-1".into(), ..Endpoint::default() },
            can_change: true,
            read_only: false,
            preferences: Preferences::default(),
            look: Look {
                theme: themes[0].clone(),
                themes,
                keymap: Keymap::builtin(name).unwrap(),
                problems: vec!["a.yml:1:1: error: x".into()],
                depth: Depth::True,
            },
            size: (80, 24),
            now: fixture::now(),
            speed: 1.0,
            globals: vec!["--profile".into(), "ops".into()],
        });
        let mut console = Self { state, effects: Vec::new(), kept: Vec::new() };
        console.read(fixture::snapshot());
        console
    }

    /// A run goes on, and every server's host key has to be decided about.
    pub fn runs(&mut self) -> &mut Self {
        let ticket = self.state.shelf.ticket();
        self.state.shelf.add(runs::under_way(ticket));
        self.changed(|snapshot| {
            let presented = Some(runs::key().to_string());
            let host_key = Some(HostKeyQuestion { presented, ..HostKeyQuestion::default() });
            let measured = Measured { host_key, ..Measured::default() };
            for id in snapshot.servers.value().unwrap().keys() {
                snapshot.measured.insert(id.clone(), measured.clone().into());
            }
        })
    }

    /// A plan is on the screen.
    pub fn planned(&mut self) -> &mut Self {
        let ticket = self.state.shelf.ticket();
        let wish = plans::wish(ticket, "staging");
        self.state.desk.add_sheet(Sheet::new(wish, fixture::now()));
        self.state.trail.visit(Screen::Plan(ticket));
        self.send(Event::Planned(ticket, Ok(Box::new(plans::deploy("staging")))))
    }

    /// A run that failed is on the screen.
    pub fn failed(&mut self) -> &mut Self {
        let ticket = self.state.shelf.ticket();
        self.state.desk.add(plans::failed(ticket, "staging"));
        self.state.trail.visit(Screen::Work(ticket));
        self.send(Event::Resize(80, 24))
    }

    pub fn send(&mut self, event: Event) -> &mut Self {
        let effects = reduce(&mut self.state, event);
        for effect in effects {
            match effect {
                Effect::Look(_) | Effect::Record(..) => {}
                Effect::Remember(name, memory) => self.kept.push((name, *memory)),
                effect => self.effects.push(effect),
            }
        }
        self
    }

    /// Presses keys: `j j enter / w e b enter`.
    pub fn press(&mut self, keys: &str) -> &mut Self {
        for word in keys.split_whitespace() {
            let key = chord::parse(word).unwrap_or_else(|| panic!("{word} is no key"));
            let event: KeyEvent = key.into();
            self.send(Event::Key(event));
        }
        self
    }

    /// Types text, blanks included.
    pub fn write(&mut self, text: &str) -> &mut Self {
        for c in text.chars() {
            let word = if c == ' ' { "space".to_owned() } else { c.to_string() };
            self.press(&word);
        }
        self
    }

    /// A new snapshot arrives.
    pub fn read(&mut self, mut snapshot: Snapshot) -> &mut Self {
        snapshot.revision = self.state.snapshot.revision + 1;
        self.send(Event::Snapshot(Arc::new(snapshot)))
    }

    /// The same snapshot with something changed.
    pub fn changed(&mut self, change: impl FnOnce(&mut Snapshot)) -> &mut Self {
        let mut snapshot = (*self.state.snapshot).clone();
        change(&mut snapshot);
        self.read(snapshot)
    }

    pub fn wait(&mut self, wait: Duration) -> &mut Self {
        let later = self.state.now + SignedDuration::try_from(wait).unwrap();
        self.send(Event::Clock(later))
    }

    /// Clicks the first cell where this stands.
    pub fn click(&mut self, wanted: &Hit) -> &mut Self {
        let (columns, lines) = self.state.size;
        let cells = (0..lines).flat_map(|line| (0..columns).map(move |column| (column, line)));
        let found =
            cells.into_iter().find(|(c, l)| layout::hit(&self.state, *c, *l).as_ref() == Some(wanted));
        let (column, row) = found.unwrap_or_else(|| panic!("{wanted:?} is not on screen"));
        self.mouse(MouseEventKind::Down(MouseButton::Left), column, row)
    }

    pub fn mouse(&mut self, kind: MouseEventKind, column: u16, row: u16) -> &mut Self {
        self.send(Event::Mouse(MouseEvent {
            kind,
            column,
            row,
            modifiers: crossterm::event::KeyModifiers::NONE,
        }))
    }

    /// The selected row.
    pub fn selected(&self) -> String {
        self.state.view().cursor.as_ref().map(name).unwrap_or_default()
    }

    /// The rows on screen, in order.
    pub fn rows(&self) -> Vec<String> {
        self.state.shown_rows().map(name).collect()
    }

    /// Where one is: `fleet`, `production/servers`, `production/i-…`.
    pub fn place(&self) -> String {
        match self.state.screen() {
            Screen::Fleet => "fleet".into(),
            Screen::Logs(ticket) => format!("logs {}", ticket.0),
            Screen::Run(ticket) => format!("run {}", ticket.0),
            Screen::Plan(ticket) => format!("plan {}", ticket.0),
            Screen::Work(ticket) => format!("work {}", ticket.0),
            Screen::Environment { name, page } => format!("{name}/{}", page.title()),
            Screen::Triage(name) => format!("{name}/triage"),
            Screen::Timeline(name) => format!("{name}/timeline"),
            Screen::Server { environment, id } => {
                format!("{}/{id}", environment.as_ref().map(ToString::to_string).unwrap_or_default())
            }
        }
    }

    pub fn toast(&self) -> &str {
        self.state.toast.as_ref().map(|t| t.text.as_str()).unwrap_or_default()
    }
}

fn name(id: &RowId) -> String {
    match id {
        RowId::Environment(name) => name.to_string(),
        RowId::Server(id) => id.to_string(),
        RowId::Line(line) => line.clone(),
    }
}
