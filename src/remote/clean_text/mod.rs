//! The one gate for text from servers: every byte from a host is hostile until it has been here.
//!
//! What comes out is lines of printable text. Control characters and escape sequences (titles, clipboards,
//! links, alternate screens) are gone, also when they were split across reads; SGR colours are kept as data.
//! Characters that turn text around are replaced, invalid UTF-8 is shown as U+FFFD, over-long lines are cut
//! with a mark, progress that rewrites its line with carriage returns is one line in its last state, tabs are
//! blanks, and the values of secrets are masked. How the bytes were split into reads makes no difference, and
//! a [`Cleaner`] never holds more than one line.

mod chars;
mod line;
mod mask;
mod style;

#[cfg(test)]
mod tests;

use std::fmt;
use std::sync::Arc;

use serde::Serialize;

pub use chars::is_clean;
pub use mask::{SHORTEST_SECRET, Secrets};
pub use style::{Attributes, Colour, Style};

use chars::{Fate, fate};
use line::Line;

/// The longest line in bytes unless told otherwise.
pub const LONGEST_LINE: usize = 16 * 1024;

/// A longer escape sequence is none: its rest is text.
const LONGEST_SEQUENCE: usize = 4 * 1024;

/// Room for the parameters of a control sequence; one with more is dropped whole.
const LONGEST_PARAMETERS: usize = 64;

/// From a byte on the text has this style, up to the next run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct StyleRun {
    /// Offset in bytes.
    pub start: usize,
    /// The style.
    pub style: Style,
}

/// One line that went through the gate. There is no other way to make one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct CleanText {
    text: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    runs: Vec<StyleRun>,
    #[serde(skip_serializing_if = "none_cut")]
    cut: u64,
}

#[allow(clippy::trivially_copy_pass_by_ref)] // what serde asks for
const fn none_cut(cut: &u64) -> bool {
    *cut == 0
}

impl CleanText {
    /// Text as one line: what stands after the first line's end is left out.
    #[must_use]
    pub fn one_line(text: &str) -> Self {
        clean_lines(text.as_bytes()).into_iter().next().unwrap_or_default()
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Where the style changes, in order; before the first run it is plain.
    #[must_use]
    pub fn runs(&self) -> &[StyleRun] {
        &self.runs
    }

    /// How many bytes did not fit. If any, the text ends in `…`.
    #[must_use]
    pub const fn cut(&self) -> u64 {
        self.cut
    }

    /// The text in pieces of one style.
    pub fn pieces(&self) -> impl Iterator<Item = (&str, Style)> {
        let first = self.runs.first().map_or(self.text.len(), |run| run.start);
        let plain = (!self.text[..first].is_empty()).then(|| (&self.text[..first], Style::default()));
        let styled = self.runs.iter().enumerate().map(|(n, run)| {
            let end = self.runs.get(n + 1).map_or(self.text.len(), |next| next.start);
            (&self.text[run.start..end], run.style)
        });
        plain.into_iter().chain(styled)
    }
}

impl fmt::Display for CleanText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

/// Everything at once, without secrets.
#[must_use]
pub fn clean_lines(bytes: &[u8]) -> Vec<CleanText> {
    let mut cleaner = Cleaner::new(Arc::default());
    let mut lines = Vec::new();
    cleaner.feed(bytes, &mut lines);
    lines.extend(cleaner.finish());
    lines
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Text,
    /// After ESC.
    Escape,
    /// After ESC and an intermediate byte: a character set or the like, ended by its final byte.
    Designation,
    /// After CSI.
    Control,
    /// A CSI that is not valid: swallowed up to its final byte.
    Ignored,
    /// OSC, DCS, SOS, PM, APC: swallowed up to its terminator.
    Swallowed,
}

/// Cleans one stream, in whatever pieces it comes.
#[derive(Debug)]
pub struct Cleaner {
    secrets: Arc<Secrets>,
    longest: usize,
    state: State,
    /// Bytes of the sequence so far.
    length: usize,
    parameters: Vec<u8>,
    /// The beginning of a character whose end has not come.
    partial: Vec<u8>,
    line: Line,
    /// Whether anything came since the last line's end.
    touched: bool,
}

impl Cleaner {
    /// For lines up to [`LONGEST_LINE`].
    #[must_use]
    pub const fn new(secrets: Arc<Secrets>) -> Self {
        Self::with_longest(secrets, LONGEST_LINE)
    }

    /// For lines up to `longest` bytes.
    #[must_use]
    pub const fn with_longest(secrets: Arc<Secrets>, longest: usize) -> Self {
        Self {
            secrets,
            longest,
            state: State::Text,
            length: 0,
            parameters: Vec::new(),
            partial: Vec::new(),
            line: Line::new(),
            touched: false,
        }
    }

    /// Takes in bytes; lines that ended are appended to `lines`.
    pub fn feed(&mut self, bytes: &[u8], lines: &mut Vec<CleanText>) {
        let room = self.longest + self.secrets.longest();
        let mut rest = bytes;
        while let [first, after @ ..] = rest {
            if self.state != State::Text {
                if self.in_sequence(*first) {
                    rest = after;
                }
                continue;
            }
            if !self.partial.is_empty() || *first >= 0x80 {
                if self.in_character(*first, room) {
                    rest = after;
                }
                continue;
            }
            let plain = chars::plain_length(rest);
            if plain > 0 {
                let (text, after) = rest.split_at(plain);
                // Printable ASCII is UTF-8: there is no other case.
                self.line.push_ascii(std::str::from_utf8(text).unwrap_or_default(), room);
                self.touched = true;
                rest = after;
                continue;
            }
            rest = after;
            self.touched |= *first != b'\n';
            match first {
                b'\n' => self.end_line(lines),
                b'\r' => self.line.carriage_return(),
                b'\t' => self.line.tab(room),
                0x08 => self.line.backspace(),
                0x1b => self.begin(State::Escape),
                _ => {}
            }
        }
    }

    /// The stream has ended: the last line, if it had no end.
    pub fn finish(&mut self) -> Option<CleanText> {
        if !self.partial.is_empty() {
            self.replace_partial();
        }
        self.state = State::Text;
        let line = (!self.line.is_empty()).then(|| self.line.end(&self.secrets, self.longest, false));
        self.line.clear();
        self.touched = false;
        line
    }

    /// The line that has begun, as it is now: a prompt, or progress. A secret that may have begun at its end is
    /// left out.
    #[must_use]
    pub fn unfinished(&self) -> Option<CleanText> {
        (!self.line.is_empty()).then(|| self.line.so_far(&self.secrets, self.longest))
    }

    /// Whether anything came since the last line ended, visible or not.
    #[must_use]
    pub const fn is_midway(&self) -> bool {
        self.touched
    }

    fn end_line(&mut self, lines: &mut Vec<CleanText>) {
        lines.push(self.line.end(&self.secrets, self.longest, true));
        self.touched = false;
    }

    fn begin(&mut self, state: State) {
        self.state = state;
        self.length = 0;
        self.parameters.clear();
    }

    /// One byte inside a sequence. False if it does not belong to it: then it is to be read as text.
    fn in_sequence(&mut self, byte: u8) -> bool {
        self.length += 1;
        match byte {
            // CAN and SUB break a sequence off and are swallowed.
            0x18 | 0x1a => {
                self.state = State::Text;
                return true;
            }
            // A new sequence; a string's terminator, ESC \, is one that does nothing.
            0x1b => {
                self.begin(State::Escape);
                return true;
            }
            // A line's end always counts, so that no sequence can hide what follows.
            b'\n' | b'\r' => {
                self.state = State::Text;
                return false;
            }
            _ if self.length > LONGEST_SEQUENCE => {
                self.state = State::Text;
                return false;
            }
            _ => {}
        }
        match (self.state, byte) {
            (State::Swallowed, 0x07) => self.state = State::Text,
            // Other controls inside a sequence do nothing.
            (State::Swallowed, _)
            | (State::Ignored, b' '..=b'?')
            | (State::Designation, b' '..=b'/')
            | (_, 0..=0x1f | 0x7f) => {}
            (_, 0x80..) => {
                self.state = State::Text;
                return false;
            }
            (State::Escape, b'[') => self.begin(State::Control),
            (State::Escape, b']' | b'P' | b'X' | b'^' | b'_') => self.begin(State::Swallowed),
            (State::Escape, b' '..=b'/') => self.state = State::Designation,
            (State::Control, b'@'..=b'~') => {
                self.state = State::Text;
                self.control(byte);
            }
            (State::Control, _) if self.parameters.len() < LONGEST_PARAMETERS => self.parameters.push(byte),
            (State::Control, _) => self.state = State::Ignored,
            _ => self.state = State::Text,
        }
        true
    }

    /// A control sequence that is complete. Those that rewrite the line count, colours are kept.
    fn control(&mut self, last: u8) {
        match (last, self.parameters.as_slice()) {
            (b'm', parameters) => self.line.restyle(parameters),
            (b'K', b"2") => self.line.clear(),
            (b'K', b"" | b"0") if self.line.is_returned() => self.line.clear(),
            (b'G', b"" | b"0" | b"1") => self.line.carriage_return(),
            _ => {}
        }
    }

    /// One byte of a character beyond ASCII. False if it is not part of the one that has begun.
    fn in_character(&mut self, byte: u8, room: usize) -> bool {
        self.touched = true;
        self.partial.push(byte);
        match std::str::from_utf8(&self.partial) {
            Ok(text) => {
                let c = text.chars().next();
                self.partial.clear();
                if let Some(c) = c {
                    self.character(c, room);
                }
                true
            }
            // More is to come.
            Err(error) if error.error_len().is_none() => true,
            Err(_) => {
                // As much of it as could have begun a character becomes one replacement; the byte that broke
                // it is looked at again.
                let alone = self.partial.len() == 1;
                if !alone {
                    self.partial.pop();
                }
                self.replace_partial();
                alone
            }
        }
    }

    fn replace_partial(&mut self) {
        self.partial.clear();
        self.line.push(char::REPLACEMENT_CHARACTER, self.longest + self.secrets.longest());
    }

    fn character(&mut self, c: char, room: usize) {
        match c {
            // The one-character forms of CSI and of the strings.
            '\u{9b}' => return self.begin(State::Control),
            '\u{90}' | '\u{98}' | '\u{9d}'..='\u{9f}' => return self.begin(State::Swallowed),
            _ => {}
        }
        match fate(c) {
            Fate::Keep => self.line.push(c, room),
            Fate::Mark => self.line.push_mark(c, room),
            Fate::Drop => {}
            Fate::Replace => self.line.push(char::REPLACEMENT_CHARACTER, room),
        }
    }
}
