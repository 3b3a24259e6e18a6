//! What a played server prints, on its way to lines.

use std::sync::Arc;

use jiff::Timestamp;

use crate::remote::clean_text::{CleanText, Cleaner};
use crate::remote::{Line, Stream};

/// Both streams on their way to lines.
pub(super) struct Output {
    cleaners: [Cleaner; 2],
    lines: Vec<Line>,
    bytes: usize,
    /// Whether the last unfinished text of each stream was shown.
    shown: [Option<CleanText>; 2],
}

impl Default for Output {
    fn default() -> Self {
        Self {
            cleaners: [Cleaner::new(Arc::default()), Cleaner::new(Arc::default())],
            lines: Vec::new(),
            bytes: 0,
            shown: [None, None],
        }
    }
}

const fn line(at: Timestamp, stream: Stream, unfinished: bool, text: CleanText) -> Line {
    Line { at, stream, source: None, unfinished, text }
}

impl Output {
    /// Takes in text, and gives how many bytes wait to be handed on.
    pub(super) fn feed(&mut self, stream: Stream, text: &str, at: Timestamp) -> usize {
        let place = usize::from(stream == Stream::Err);
        let mut lines = Vec::new();
        self.cleaners[place].feed(text.as_bytes(), &mut lines);
        if !lines.is_empty() {
            self.shown[place] = None;
        }
        self.lines.extend(lines.into_iter().map(|text| line(at, stream, false, text)));
        self.bytes += text.len();
        self.bytes
    }

    /// Takes in a whole line of a log.
    pub(super) fn log(&mut self, stream: Stream, source: u16, text: &str, at: Timestamp) -> usize {
        let text = CleanText::one_line(text);
        self.bytes += text.as_str().len();
        self.lines.push(Line { source: Some(source), ..line(at, stream, false, text) });
        self.bytes
    }

    pub(super) fn take(&mut self) -> Vec<Line> {
        self.bytes = 0;
        std::mem::take(&mut self.lines)
    }

    /// What there is, with the lines that have begun.
    pub(super) fn shown(&mut self, at: Timestamp) -> Vec<Line> {
        for (place, stream) in [Stream::Out, Stream::Err].into_iter().enumerate() {
            let begun = self.cleaners[place].unfinished();
            if begun.is_some() && begun != self.shown[place] {
                self.lines.extend(begun.clone().map(|text| line(at, stream, true, text)));
                self.shown[place] = begun;
            }
        }
        self.take()
    }

    /// What there is, with lines that never ended.
    pub(super) fn finish(&mut self, at: Timestamp) -> Vec<Line> {
        for (place, stream) in [Stream::Out, Stream::Err].into_iter().enumerate() {
            let rest = self.cleaners[place].finish();
            self.lines.extend(rest.map(|text| line(at, stream, false, text)));
        }
        self.take()
    }
}
