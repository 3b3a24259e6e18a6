//! The screen of the guided setup: its own state, reducer and view, with the console's keys, theme and widgets.

mod lines;
mod view;

#[cfg(test)]
mod tests;

use crossterm::event::{KeyCode, KeyEvent, KeyEventKind};
use ratatui_textarea::{CursorMove, TextArea};

use super::action::{Action, Context};
use super::chord;
use super::keymap::Lookup;
use super::line::type_key;
use super::state::Look;
use crate::fleet::text::is_printable;
use crate::setup::{Effect, Event, Kind, Place, Wizard};

pub use view::draw;

/// The longest answer; public keys are long.
const LONGEST: usize = 2_000;

/// What happens to the screen.
#[derive(Debug)]
pub enum Input {
    /// A key went down.
    Key(KeyEvent),
    /// Text was pasted.
    Paste(String),
    /// The terminal has another size.
    Resize(u16, u16),
    /// Something that the setup had asked for.
    Told(Event),
    /// The terminal is ours again.
    Resumed,
}

/// What the screen asks for.
#[derive(Debug)]
pub enum Ask {
    /// Something of the setup's.
    Setup(Effect),
    /// Give the terminal to the shell.
    Suspend,
    /// Draw everything anew.
    Redraw,
}

/// The screen.
pub struct SetupState {
    /// The setup.
    pub wizard: Wizard,
    /// Theme and keymap.
    pub look: Look,
    /// Plain ASCII.
    pub ascii: bool,
    /// On the simulated fleet.
    pub sandbox: bool,
    /// Columns and lines.
    pub size: (u16, u16),
    /// Whether there is something to draw.
    pub dirty: bool,
    input: Box<TextArea<'static>>,
    /// The chosen offer.
    chosen: Option<usize>,
    /// What was typed before one was chosen.
    typed: String,
    /// The question that the input belongs to.
    at: Place,
    /// The file that is looked at, and its first line.
    file: usize,
    top: usize,
}

/// What is typed may be a secret.
impl std::fmt::Debug for SetupState {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SetupState").field("at", &self.at).finish_non_exhaustive()
    }
}

impl SetupState {
    /// The screen of a setup.
    #[must_use]
    pub fn new(wizard: Wizard, look: Look, size: (u16, u16)) -> Self {
        let at = wizard.place().clone();
        let sandbox = wizard.ground().facts.sandbox;
        let mut state = Self {
            wizard,
            look,
            ascii: false,
            sandbox,
            size,
            dirty: true,
            input: Box::default(),
            chosen: None,
            typed: String::new(),
            at,
            file: 0,
            top: 0,
        };
        state.begin();
        state
    }

    /// Takes what happened, and says what is to be done.
    pub fn reduce(&mut self, input: Input) -> Vec<Ask> {
        self.dirty = true;
        match input {
            Input::Key(key) if key.kind == KeyEventKind::Release => Vec::new(),
            Input::Key(key) => self.key(key),
            Input::Paste(text) => {
                let line = text.lines().find(|line| !line.trim().is_empty()).unwrap_or_default().trim();
                let used = self.text().chars().count();
                let line: String =
                    line.chars().filter(|c| is_printable(*c)).take(LONGEST.saturating_sub(used)).collect();
                if self.wizard.asked().is_some() {
                    self.input.insert_str(line);
                    self.changed();
                }
                Vec::new()
            }
            Input::Resize(columns, lines) => {
                self.size = (columns, lines);
                Vec::new()
            }
            Input::Told(event) => self.tell(event),
            Input::Resumed => vec![Ask::Redraw],
        }
    }

    /// What was typed.
    fn text(&self) -> &str {
        self.input.lines().first().map_or("", String::as_str)
    }

    /// Another question has an empty line to be answered in; of several things to choose from the usual one is chosen.
    fn begin(&mut self) {
        self.at = self.wizard.place().clone();
        (self.typed, self.chosen, self.top) = (String::new(), None, 0);
        *self.input = TextArea::default();
        if self.asks_to_choose() {
            let usual = self.wizard.suggestion();
            self.chosen = self.wizard.offers().iter().position(|offer| Some(&offer.value) == usual.as_ref());
        }
    }

    fn asks_to_choose(&self) -> bool {
        self.wizard.asked().is_some_and(|asked| asked.question.kind == Kind::Choice)
    }

    fn tell(&mut self, event: Event) -> Vec<Ask> {
        let effects = self.wizard.handle(event);
        if *self.wizard.place() != self.at {
            self.begin();
        }
        effects.into_iter().map(Ask::Setup).collect()
    }

    /// What was typed has changed.
    fn changed(&mut self) {
        self.chosen = None;
        self.typed = self.text().to_owned();
        let _ = self.wizard.handle(Event::Typed(self.text().to_owned()));
    }

    fn key(&mut self, key: KeyEvent) -> Vec<Ask> {
        let pressed = chord::of_event(key);
        if let Lookup::Action(action) = self.look.keymap.lookup(&[Context::Input], &[pressed]) {
            return self.act(action);
        }
        if self.wizard.asked().is_none() || self.asks_to_choose() {
            return Vec::new();
        }
        let full = self.text().chars().count() >= LONGEST;
        let breaks = matches!(key.code, KeyCode::Enter | KeyCode::Tab);
        if !(breaks || full && chord::types_text(pressed)) {
            type_key(&mut self.input, key);
            if self.text() != self.typed || self.chosen.is_some() {
                self.changed();
            }
        }
        Vec::new()
    }

    fn act(&mut self, action: Action) -> Vec<Ask> {
        match action {
            Action::Quit => self.tell(Event::Leave),
            Action::Suspend => vec![Ask::Suspend],
            Action::Redraw => vec![Ask::Redraw],
            Action::Close => self.tell(Event::Back),
            Action::Open => {
                if let Some(offer) = self.chosen.and_then(|at| self.wizard.offers().get(at).cloned()) {
                    let _ = self.wizard.handle(Event::Typed(offer.value));
                }
                self.tell(Event::Accept)
            }
            Action::Down | Action::Up => {
                let down = action == Action::Down;
                if self.wizard.asked().is_some() {
                    self.choose(down);
                } else {
                    self.scroll(if down { 1 } else { -1 });
                }
                Vec::new()
            }
            Action::PageDown | Action::PageUp => {
                let page = isize::try_from(self.size.1.saturating_sub(8).max(1)).unwrap_or(1);
                self.scroll(if action == Action::PageDown { page } else { -page });
                Vec::new()
            }
            Action::Next | Action::Previous => {
                if self.wizard.asked().is_some() {
                    self.choose(action == Action::Next);
                } else if let Some(plan) = self.wizard.plan() {
                    let files = plan.files.len().max(1);
                    let by = if action == Action::Next { 1 } else { files - 1 };
                    (self.file, self.top) = ((self.file + by) % files, 0);
                }
                Vec::new()
            }
            _ => Vec::new(),
        }
    }

    fn scroll(&mut self, by: isize) {
        let lines =
            self.wizard.plan().and_then(|plan| plan.files.get(self.file)).map_or(0, |f| f.shown.len());
        self.top = self.top.saturating_add_signed(by).min(lines.saturating_sub(1));
    }

    /// The offer below or above; above the first one stands what was typed.
    fn choose(&mut self, down: bool) {
        let offers = self.wizard.offers();
        let Some(last) = offers.len().checked_sub(1) else { return };
        let only = self.asks_to_choose();
        self.chosen = match (self.chosen, down) {
            (None, true) => Some(0),
            (Some(at), true) => Some((at + 1).min(last)),
            (Some(0), false) if only => Some(0),
            (None | Some(0), false) => None,
            (Some(at), false) => Some(at - 1),
        };
        if only {
            return;
        }
        let text = self.chosen.and_then(|at| offers.get(at)).map_or(self.typed.clone(), |o| o.value.clone());
        *self.input = TextArea::new(vec![text.clone()]);
        self.input.move_cursor(CursorMove::End);
        let _ = self.wizard.handle(Event::Typed(text));
    }
}
