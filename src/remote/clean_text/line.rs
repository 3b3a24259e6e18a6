//! The line being put together, and what becomes of it when it ends.

use super::chars::MAX_MARKS;
use super::mask::{MASK, Secrets};
use super::style::Style;
use super::{CleanText, StyleRun};

/// Distance of tab stops in characters.
const TAB: usize = 8;

/// What stands at the end of a line that was cut.
const CUT: char = '…';

/// A line that has not ended. Its memory is bounded by the longest line plus the longest secret.
#[derive(Debug)]
pub(super) struct Line {
    text: String,
    runs: Vec<StyleRun>,
    style: Style,
    /// A carriage return came: the next character begins the line anew.
    returned: bool,
    /// Bytes that did not fit.
    beyond: u64,
    /// Characters, for tab stops.
    columns: usize,
    /// Characters without a width at the end.
    marks: u8,
}

impl Line {
    /// An empty line in plain style.
    pub(super) const fn new() -> Self {
        Self {
            text: String::new(),
            runs: Vec::new(),
            style: Style::PLAIN,
            returned: false,
            beyond: 0,
            columns: 0,
            marks: 0,
        }
    }

    /// Whether there is nothing to show.
    pub(super) const fn is_empty(&self) -> bool {
        self.text.is_empty() && self.beyond == 0
    }

    /// Printable ASCII, in one piece.
    pub(super) fn push_ascii(&mut self, text: &str, room: usize) {
        self.begin();
        let fits = room.saturating_sub(self.text.len()).min(text.len());
        // Once something did not fit, nothing after it may close the gap.
        let fits = if self.beyond > 0 { 0 } else { fits };
        if fits > 0 {
            self.mark_style();
            self.text.push_str(&text[..fits]);
            self.columns += fits;
        }
        self.beyond += (text.len() - fits) as u64;
        self.marks = 0;
    }

    /// Any other character that is to be kept.
    pub(super) fn push(&mut self, c: char, room: usize) {
        self.begin();
        self.marks = 0;
        self.put(c, room);
    }

    /// A character without a width, unless there are too many in a row.
    pub(super) fn push_mark(&mut self, c: char, room: usize) {
        self.begin();
        if self.marks < MAX_MARKS {
            self.marks += 1;
            self.put(c, room);
        }
    }

    /// Blanks up to the next tab stop.
    pub(super) fn tab(&mut self, room: usize) {
        self.begin();
        let blanks = TAB - self.columns % TAB;
        self.push_ascii(&"        "[..blanks], room);
    }

    fn put(&mut self, c: char, room: usize) {
        if self.beyond > 0 || self.text.len() + c.len_utf8() > room {
            self.beyond += c.len_utf8() as u64;
            return;
        }
        self.mark_style();
        self.text.push(c);
        self.columns += 1;
    }

    fn begin(&mut self) {
        if self.returned {
            self.clear();
        }
    }

    fn mark_style(&mut self) {
        let last = self.runs.last().map_or_else(Style::default, |run| run.style);
        if last != self.style {
            let start = self.text.len();
            drop_runs_from(&mut self.runs, start);
            self.runs.push(StyleRun { start, style: self.style });
        }
    }

    /// To the line's beginning: what comes next replaces what is there.
    pub(super) const fn carriage_return(&mut self) {
        self.returned = true;
    }

    /// Whether the cursor stands at the beginning after a carriage return.
    pub(super) const fn is_returned(&self) -> bool {
        self.returned
    }

    /// Nothing is on the line any more.
    pub(super) fn clear(&mut self) {
        self.text.clear();
        self.runs.clear();
        self.returned = false;
        self.beyond = 0;
        self.columns = 0;
        self.marks = 0;
    }

    /// One character back, as spinners do it.
    pub(super) fn backspace(&mut self) {
        if self.beyond == 0 && !self.returned && self.text.pop().is_some() {
            self.columns -= 1;
            self.marks = 0;
            drop_runs_from(&mut self.runs, self.text.len());
        }
    }

    /// Takes in an SGR sequence.
    pub(super) fn restyle(&mut self, parameters: &[u8]) {
        self.style.apply(parameters);
    }

    /// Ends the line; colours go on into the next one.
    pub(super) fn end(&mut self, secrets: &Secrets, longest: usize, finished: bool) -> CleanText {
        let text = std::mem::take(&mut self.text);
        let runs = std::mem::take(&mut self.runs);
        let beyond = self.beyond;
        self.clear();
        shape(text, runs, beyond, secrets, longest, if finished { 0 } else { Self::HINT })
    }

    /// The line as it is now.
    pub(super) fn so_far(&self, secrets: &Secrets, longest: usize) -> CleanText {
        shape(self.text.clone(), self.runs.clone(), self.beyond, secrets, longest, 1)
    }

    /// At the end of a broken stream: this much of a secret's beginning is too much.
    const HINT: usize = 4;
}

/// Drops what would style no text.
fn drop_runs_from(runs: &mut Vec<StyleRun>, end: usize) {
    while runs.last().is_some_and(|run| run.start >= end) {
        runs.pop();
    }
}

/// Masks secrets, then cuts. A secret that has only begun goes when at least `begun` bytes of it stand at the
/// end (0: never).
fn shape(
    mut text: String,
    mut runs: Vec<StyleRun>,
    beyond: u64,
    secrets: &Secrets,
    longest: usize,
    begun: usize,
) -> CleanText {
    let mut cut = beyond;
    if begun > 0 && beyond == 0 {
        let tail = secrets.begun(&text);
        if tail >= begun {
            text.truncate(text.len() - tail);
        }
    }
    let mut end = text.len();
    if end > longest {
        end = longest;
        while !text.is_char_boundary(end) {
            end -= 1;
        }
        cut += (text.len() - end) as u64;
    }
    let found: Vec<(usize, usize)> = secrets.find(&text).take_while(|(start, _)| *start < end).collect();
    if found.is_empty() {
        text.truncate(end);
    } else {
        (text, runs) = masked(&text, &runs, end, &found);
    }
    drop_runs_from(&mut runs, text.len());
    if cut > 0 {
        text.push(CUT);
    }
    CleanText { text, runs, cut }
}

/// The text up to `end` with the found places masked, and the runs moved along.
fn masked(text: &str, runs: &[StyleRun], end: usize, found: &[(usize, usize)]) -> (String, Vec<StyleRun>) {
    let mut out = String::with_capacity(end);
    let mut moved: Vec<StyleRun> = Vec::with_capacity(runs.len());
    let mut place = |run: &StyleRun, start: usize| {
        if moved.last().is_some_and(|last| last.start == start) {
            moved.pop();
        }
        moved.push(StyleRun { start, style: run.style });
    };
    let mut runs = runs.iter().peekable();
    let mut from = 0;
    for &(start, stop) in found {
        while let Some(run) = runs.next_if(|run| run.start < start) {
            place(run, out.len() + run.start - from);
        }
        out.push_str(&text[from..start]);
        // A run that begins at the secret begins at the mask, one inside it after the mask.
        while let Some(run) = runs.next_if(|run| run.start == start) {
            place(run, out.len());
        }
        out.push_str(MASK);
        while let Some(run) = runs.next_if(|run| run.start < stop) {
            place(run, out.len());
        }
        from = stop;
    }
    if from < end {
        for run in runs {
            place(run, out.len() + run.start - from);
        }
        out.push_str(&text[from..end]);
    }
    (out, moved)
}
