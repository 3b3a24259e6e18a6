//! Servers that print something in a run of a plan, and what they print.

use crate::console::panes::{Bounds, Entry, Looks, Pane};
use crate::plan::StepId;
use crate::remote::Line;

/// The most servers whose lines are kept in memory; those of others are on disk.
const MOST: usize = 48;

/// A server and what it prints.
#[derive(Clone, Debug)]
pub struct Printer {
    /// Which.
    pub instance: String,
    /// For which step it printed last.
    pub step: Option<StepId>,
    /// What.
    pub pane: Pane,
}

/// All of them, in the order in which they came.
#[derive(Clone, Debug, Default)]
pub struct Printers {
    /// Each.
    pub all: Vec<Printer>,
    /// How their lines are looked at.
    pub looks: Looks,
    /// The one that keys are for, by place.
    pub focus: usize,
    /// Whether somebody chose it; else it is the one that came last.
    pub chosen: bool,
    /// Whether it fills the screen.
    pub zoomed: bool,
}

impl Printers {
    /// Takes in lines.
    pub fn take(&mut self, step: Option<StepId>, instance: &str, lines: Vec<Line>) {
        let entries = lines.into_iter().map(|line| {
            let Line { at, stream, unfinished, text, .. } = line;
            (Entry { at, stream, origin: 0, level: None, text }, unfinished)
        });
        self.extend(step, instance, entries);
    }

    /// Takes in lines that are made already.
    pub fn extend(
        &mut self,
        step: Option<StepId>,
        instance: &str,
        lines: impl IntoIterator<Item = (Entry, bool)>,
    ) {
        let place = self.all.iter().position(|printer| printer.instance == instance);
        let place = place.unwrap_or_else(|| self.add(instance));
        if let Some(printer) = self.all.get_mut(place) {
            printer.step = step.or(printer.step);
            printer.pane.extend(lines);
        }
    }

    fn add(&mut self, instance: &str) -> usize {
        if self.all.len() >= MOST {
            self.all.remove(0);
            self.focus = self.focus.saturating_sub(1);
        }
        let pane = Pane::new(Bounds::one_of(MOST));
        self.all.push(Printer { instance: instance.to_owned(), step: None, pane });
        if !self.chosen && !self.zoomed {
            self.focus = self.all.len() - 1;
        }
        self.all.len() - 1
    }

    /// The next one, or the one before.
    pub fn turn(&mut self, forward: bool) {
        let count = self.all.len().max(1);
        self.chosen = true;
        self.focus = (self.focus + if forward { 1 } else { count - 1 }) % count;
    }

    /// Looks at all panes as the looks say.
    pub fn look(&mut self) {
        let test = self.looks.test();
        for printer in &mut self.all {
            printer.pane.narrow(test.clone());
            printer.pane.search(&self.looks.needle);
        }
    }

    /// Gives the oldest lines up.
    pub fn shrink(&mut self, bytes: usize) {
        let each = bytes / self.all.len().max(1);
        self.all.iter_mut().for_each(|printer| printer.pane.shrink(each));
    }
}
