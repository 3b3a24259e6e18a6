//! One stream of a session on its way to clean lines.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;

use super::frame::{Framer, Piece};
use crate::remote::clean_text::{CleanText, Cleaner, Secrets};
use crate::remote::{Line, Stream};

/// The most that is kept of what comes before the command.
const MOST_BEFORE: usize = 4 * 1024;

/// How the script said the command ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct End {
    pub(super) code: u8,
    pub(super) how: How,
    /// How many processes were left, if it was told to end them.
    pub(super) left: Option<u32>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum How {
    Exit,
    Signal,
    /// The input never came completely: it did not begin.
    Cut,
}

/// A stream's state.
#[derive(Debug)]
pub(super) struct Flow {
    stream: Stream,
    secrets: Arc<Secrets>,
    framer: Framer,
    cleaners: BTreeMap<Option<u16>, Cleaner>,
    /// The last unfinished line that was handed out, by source.
    shown: BTreeMap<Option<u16>, CleanText>,
    source: Option<u16>,
    /// Whether lines before the first header are dropped.
    headed: bool,
    pub(super) started: bool,
    pub(super) end: Option<End>,
    pub(super) job: Option<String>,
    pub(super) closed: bool,
    before: Vec<u8>,
}

impl Flow {
    pub(super) fn new(stream: Stream, nonce: &str, header: Option<&str>, secrets: &Arc<Secrets>) -> Self {
        Self {
            stream,
            secrets: Arc::clone(secrets),
            framer: Framer::new(nonce, header),
            cleaners: BTreeMap::new(),
            shown: BTreeMap::new(),
            source: None,
            headed: header.is_some(),
            started: false,
            end: None,
            job: None,
            closed: false,
            before: Vec::new(),
        }
    }

    /// Whether nothing more is to come that matters.
    pub(super) fn is_over(&self) -> bool {
        self.closed || self.end.is_some()
    }

    /// Takes in bytes; lines that ended are appended.
    pub(super) fn feed(&mut self, bytes: &[u8], at: Timestamp, lines: &mut Vec<Line>) {
        // The framer is put aside, for it hands out pieces of its own while the rest of the flow changes.
        let mut framer = std::mem::replace(&mut self.framer, Framer::idle());
        framer.feed(bytes, |piece| self.take(&piece, at, lines));
        self.framer = framer;
    }

    /// The stream has ended.
    pub(super) fn close(&mut self, at: Timestamp, lines: &mut Vec<Line>) {
        let rest = self.framer.finish();
        self.take(&Piece::Data(&rest), at, lines);
        self.closed = true;
        if self.end.is_none() {
            self.finish(at, lines);
        }
    }

    fn take(&mut self, piece: &Piece<'_>, at: Timestamp, lines: &mut Vec<Line>) {
        if self.end.is_some() {
            return;
        }
        match piece {
            Piece::Data(data) if !self.started => {
                let room = MOST_BEFORE.saturating_sub(self.before.len()).min(data.len());
                self.before.extend_from_slice(&data[..room]);
            }
            Piece::Data(data) => {
                if self.headed && self.source.is_none() {
                    return;
                }
                let cleaner = self
                    .cleaners
                    .entry(self.source)
                    .or_insert_with(|| Cleaner::new(Arc::clone(&self.secrets)));
                let mut texts = Vec::new();
                cleaner.feed(data, &mut texts);
                if !texts.is_empty() {
                    self.shown.remove(&self.source);
                }
                let (stream, source) = (self.stream, self.source);
                lines.extend(texts.into_iter().map(|text| Line {
                    at,
                    stream,
                    source,
                    unfinished: false,
                    text,
                }));
            }
            Piece::Source(source) => self.source = Some(*source),
            Piece::Mark("start") => self.started = true,
            Piece::Mark(words) => {
                if let Some(job) = words.strip_prefix("job ") {
                    self.job = Some(job.to_owned());
                } else if let Some(end) = words.strip_prefix("end ").and_then(end_in) {
                    self.finish(at, lines);
                    self.end = Some(end);
                }
            }
        }
    }

    fn finish(&mut self, at: Timestamp, lines: &mut Vec<Line>) {
        for (source, cleaner) in &mut self.cleaners {
            let (stream, source) = (self.stream, *source);
            let last = cleaner.finish();
            lines.extend(last.map(|text| Line { at, stream, source, unfinished: false, text }));
        }
    }

    /// Nothing came for a while: lines whose end was held back, and lines that have begun and look different
    /// from when they were last handed out.
    pub(super) fn unfinished(&mut self, at: Timestamp, lines: &mut Vec<Line>) {
        if self.framer.holds_line_end() {
            let rest = self.framer.finish();
            self.take(&Piece::Data(&rest), at, lines);
        }
        for (source, cleaner) in self.cleaners.iter().filter(|(_, cleaner)| cleaner.is_midway()) {
            if let Some(text) = cleaner.unfinished()
                && self.shown.get(source) != Some(&text)
            {
                self.shown.insert(*source, text.clone());
                let (stream, source) = (self.stream, *source);
                lines.push(Line { at, stream, source, unfinished: true, text });
            }
        }
    }

    /// Whether a line has begun and not ended, as far as it is known.
    pub(super) fn is_midway(&self) -> bool {
        self.end.is_none() && (self.framer.holds_line_end() || self.cleaners.values().any(Cleaner::is_midway))
    }

    /// What was printed before the command, by a profile or by whatever stopped it.
    pub(super) fn before(&self) -> Vec<CleanText> {
        let mut cleaner = Cleaner::new(Arc::clone(&self.secrets));
        let mut lines = Vec::new();
        cleaner.feed(&self.before, &mut lines);
        lines.extend(cleaner.finish());
        lines.retain(|line| !line.as_str().trim().is_empty());
        lines
    }
}

/// `137 signal -` or `0 exit 0`.
fn end_in(words: &str) -> Option<End> {
    let mut words = words.split(' ');
    let code: u32 = words.next()?.parse().ok()?;
    let how = match words.next()? {
        "exit" => How::Exit,
        "signal" => How::Signal,
        "cut" => How::Cut,
        _ => return None,
    };
    Some(End { code: u8::try_from(code).unwrap_or(u8::MAX), how, left: words.next()?.parse().ok() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn flow(headed: bool) -> Flow {
        Flow::new(Stream::Out, "abc", headed.then_some("abc"), &Arc::default())
    }

    fn texts(lines: &[Line]) -> Vec<(&str, Option<u16>, bool)> {
        lines.iter().map(|line| (line.text.as_str(), line.source, line.unfinished)).collect()
    }

    #[test]
    fn what_comes_before_the_start_is_kept_apart_and_what_comes_after_the_end_is_dropped() {
        let (mut flow, mut lines) = (flow(false), Vec::new());
        let at = Timestamp::UNIX_EPOCH;
        flow.feed(b"Welcome!\n\x1eabc start\none\ntwo\x1eabc end 3 exit -\nlate\n", at, &mut lines);
        flow.close(at, &mut lines);
        assert_eq!(texts(&lines), [("one", None, false), ("two", None, false)]);
        assert_eq!(flow.before()[0].as_str(), "Welcome!");
        assert_eq!(flow.end, Some(End { code: 3, how: How::Exit, left: None }));
    }

    #[test]
    fn an_unfinished_line_is_handed_out_once_per_state() {
        let (mut flow, mut lines) = (flow(false), Vec::new());
        let at = Timestamp::UNIX_EPOCH;
        flow.feed(b"\x1eabc start\nPassword:", at, &mut lines);
        assert!(lines.is_empty() && flow.is_midway());
        flow.unfinished(at, &mut lines);
        flow.unfinished(at, &mut lines);
        flow.feed(b" ok\n", at, &mut lines);
        flow.unfinished(at, &mut lines);
        assert_eq!(texts(&lines), [("Password:", None, true), ("Password: ok", None, false)]);
    }

    #[test]
    fn a_line_of_a_log_that_comes_in_pieces_is_put_together() {
        let (mut flow, mut lines) = (flow(true), Vec::new());
        let at = Timestamp::UNIX_EPOCH;
        let stream = b"\x1eabc start\n==> abc-0 <==\nfirst ha\n==> abc-1 <==\nother\n\n==> abc-0 <==\nlf\n";
        flow.feed(stream, at, &mut lines);
        flow.unfinished(at, &mut lines);
        assert_eq!(texts(&lines), [("other", Some(1), false), ("first half", Some(0), false)]);
    }

    #[test]
    fn ends_are_understood_or_none() {
        assert_eq!(end_in("137 signal -"), Some(End { code: 137, how: How::Signal, left: None }));
        assert_eq!(end_in("143 exit 2"), Some(End { code: 143, how: How::Exit, left: Some(2) }));
        assert_eq!(end_in("x exit -"), None);
        assert_eq!(end_in("0"), None);
    }
}
