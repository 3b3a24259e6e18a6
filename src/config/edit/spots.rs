//! Where everything in a YAML text begins and ends, in characters: what [`super::set`] cuts at.

use saphyr_parser::{Event, Parser, ScalarStyle, Span};

/// A value's place in the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Spot {
    /// Its first character.
    pub(super) start: usize,
    /// The character after its last one.
    pub(super) end: usize,
    /// Others refer to it by an anchor.
    pub(super) anchored: bool,
    /// What stands there.
    pub(super) kind: Kind,
}

/// What a place holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A word, number or text; nothing of it is written where `absent`.
    Scalar {
        text: String,
        absent: bool,
        /// Over several lines after `|` or `>`.
        block: bool,
    },
    /// A list, in brackets or with dashes.
    List { items: Vec<Spot>, flow: bool },
    /// Keys with their places and values.
    Map { entries: Vec<(Spot, Spot)>, flow: bool },
    /// A value that stands elsewhere.
    Alias,
}

impl Spot {
    /// The last entry of a key: that one counts.
    pub(super) fn entry(&self, key: &str) -> Option<&(Self, Self)> {
        let Kind::Map { entries, .. } = &self.kind else { return None };
        entries.iter().rev().find(|(spot, _)| matches!(&spot.kind, Kind::Scalar { text, .. } if text == key))
    }

    pub(super) const fn is_absent(&self) -> bool {
        matches!(self.kind, Kind::Scalar { absent: true, .. })
    }
}

/// The first document's value; nothing when it is empty or no YAML.
pub(super) fn spots(text: &[char]) -> Option<Spot> {
    let string: String = text.iter().collect();
    let mut reader = Reader { text, parser: Parser::new_from_str(&string) };
    loop {
        match reader.next()? {
            (Event::DocumentStart(_), _) => break,
            (Event::StreamEnd, _) => return None,
            _ => {}
        }
    }
    let (event, span) = reader.next()?;
    reader.value(&event, span)
}

struct Reader<'t> {
    text: &'t [char],
    parser: Parser<'t, saphyr_parser::StrInput<'t>>,
}

impl<'t> Reader<'t> {
    fn next(&mut self) -> Option<(Event<'t>, Span)> {
        self.parser.next_event()?.ok()
    }

    fn is(&self, at: usize, wanted: char) -> bool {
        self.text.get(at) == Some(&wanted)
    }

    /// Reads on to the end of a value that begins with this event.
    fn value(&mut self, event: &Event<'t>, span: Span) -> Option<Spot> {
        let start = span.start.index();
        match event {
            Event::Scalar(text, style, anchor, _) => {
                let end = match style {
                    // The parser counts what stands between the quote and the next token to it.
                    ScalarStyle::SingleQuoted => self.closing(start, '\''),
                    ScalarStyle::DoubleQuoted => self.closing(start, '"'),
                    _ => self.trimmed(start, span.end.index()),
                };
                let plain = *style == ScalarStyle::Plain;
                let kind = Kind::Scalar {
                    text: text.to_string(),
                    absent: plain && (end <= start || text.is_empty()),
                    block: matches!(style, ScalarStyle::Literal | ScalarStyle::Folded),
                };
                Some(Spot { start, end, anchored: *anchor > 0, kind })
            }
            Event::Alias(_) => {
                let end = self.trimmed(start, span.end.index());
                Some(Spot { start, end, anchored: false, kind: Kind::Alias })
            }
            Event::SequenceStart(anchor, _) => {
                let (flow, mut items, mut end) = (self.is(start, '['), Vec::new(), start);
                loop {
                    let (event, span) = self.next()?;
                    if matches!(event, Event::SequenceEnd) {
                        end = if flow { span.end.index() } else { end };
                        break;
                    }
                    let item = self.value(&event, span)?;
                    end = item.end;
                    items.push(item);
                }
                Some(Spot { start, end, anchored: *anchor > 0, kind: Kind::List { items, flow } })
            }
            Event::MappingStart(anchor, _) => {
                let (flow, mut entries, mut end) = (self.is(start, '{'), Vec::new(), start);
                loop {
                    let (event, span) = self.next()?;
                    if matches!(event, Event::MappingEnd) {
                        end = if flow { span.end.index() } else { end };
                        break;
                    }
                    let key = self.value(&event, span)?;
                    let (event, span) = self.next()?;
                    let mut value = self.value(&event, span)?;
                    if value.is_absent() {
                        // Right behind the colon, wherever the parser saw nothing.
                        let colon = (key.end..self.text.len()).find(|at| self.is(*at, ':'))?;
                        value.start = colon + 1;
                        value.end = colon + 1;
                    }
                    end = value.end;
                    entries.push((key, value));
                }
                Some(Spot { start, end, anchored: *anchor > 0, kind: Kind::Map { entries, flow } })
            }
            _ => None,
        }
    }

    /// Behind the quote that ends a scalar.
    fn closing(&self, start: usize, quote: char) -> usize {
        let mut at = start + 1;
        while at < self.text.len() {
            if quote == '"' && self.is(at, '\\')
                || quote == '\'' && self.is(at, quote) && self.is(at + 1, quote)
            {
                at += 2;
            } else if self.is(at, quote) {
                return at + 1;
            } else {
                at += 1;
            }
        }
        self.text.len()
    }

    /// Without the blanks that the parser counts to a scalar.
    fn trimmed(&self, start: usize, end: usize) -> usize {
        let mut end = end.min(self.text.len());
        while end > start && self.text[end - 1].is_whitespace() {
            end -= 1;
        }
        end
    }
}
