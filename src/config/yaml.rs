//! Reads YAML into a tree, with bounds: nothing a file holds makes this slow, deep or large.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use saphyr_parser::{Event, Parser, ScalarStyle, ScanError, Span, Tag};

use super::problem::{Position, Problems};
use super::tree::{Entry, Node, Scalar, Value};

/// The most levels of nesting.
const DEEPEST: usize = 40;
/// The most values, with aliases counted as often as they are used.
const LARGEST: usize = 20_000;

/// The document in `text`, or nothing when it cannot be parsed; why is in `problems`.
pub fn parse(text: &str, problems: &mut Problems) -> Option<Arc<Node>> {
    let mut builder = Builder::default();
    let mut parser = Parser::new_from_str(text);
    loop {
        let (event, span) = match parser.next_event() {
            None => break,
            Some(Ok(step)) => step,
            Some(Err(error)) => {
                report_scan_error(text, &error, problems);
                return None;
            }
        };
        match builder.take(event, span, problems) {
            Ok(Flow::On) => {}
            Ok(Flow::End) => break,
            Err(Stop { at, what }) => {
                problems.error(at, what);
                return None;
            }
        }
    }
    builder.root.or_else(|| Some(Arc::new(nothing(Position::START))))
}

fn nothing(at: Position) -> Node {
    Node::new(at, Value::Scalar(Scalar { text: String::new(), plain: true }))
}

enum Flow {
    On,
    End,
}

/// Why reading stopped.
struct Stop {
    at: Position,
    what: String,
}

enum Frame {
    List { at: Position, anchor: usize, items: Vec<Arc<Node>> },
    Map { at: Position, anchor: usize, entries: Vec<Entry>, key: Option<Key>, merges: Vec<Arc<Node>> },
}

enum Key {
    Word(String, Position),
    /// A list or mapping as a key, reported and left out with its value.
    Unusable,
}

#[derive(Default)]
struct Builder {
    stack: Vec<Frame>,
    anchors: HashMap<usize, Arc<Node>>,
    root: Option<Arc<Node>>,
    size: usize,
}

impl Builder {
    fn take(&mut self, event: Event<'_>, span: Span, problems: &mut Problems) -> Result<Flow, Stop> {
        let at = Position { line: span.start.line().max(1), column: span.start.col() + 1 };
        match event {
            Event::Nothing | Event::StreamStart | Event::DocumentEnd => {}
            Event::StreamEnd => return Ok(Flow::End),
            Event::DocumentStart(_) => {
                if self.root.is_some() {
                    problems.error(
                        at,
                        "a second document begins here; only the first is read, so take the `---` out",
                    );
                    return Ok(Flow::End);
                }
            }
            Event::Scalar(text, style, anchor, tag) => {
                report_tag(tag.as_deref(), at, problems);
                let forced = tag.is_some_and(|tag| tag.is_yaml_core_schema() && tag.suffix == "str");
                let plain = style == ScalarStyle::Plain && !forced;
                let node = Node::new(at, Value::Scalar(Scalar { text: text.into_owned(), plain }));
                self.finish(node, anchor, problems)?;
            }
            Event::Alias(anchor) => {
                let Some(node) = self.anchors.get(&anchor).cloned() else {
                    return Err(stop(at, "this alias stands inside what it refers to; write the value out"));
                };
                self.place(node, at, problems)?;
            }
            Event::SequenceStart(anchor, tag) => {
                report_tag(tag.as_deref(), at, problems);
                self.open(Frame::List { at, anchor, items: Vec::new() }, at)?;
            }
            Event::MappingStart(anchor, tag) => {
                report_tag(tag.as_deref(), at, problems);
                let frame = Frame::Map { at, anchor, entries: Vec::new(), key: None, merges: Vec::new() };
                self.open(frame, at)?;
            }
            Event::SequenceEnd | Event::MappingEnd => self.close(problems)?,
        }
        Ok(Flow::On)
    }

    fn open(&mut self, frame: Frame, at: Position) -> Result<(), Stop> {
        if self.stack.len() >= DEEPEST {
            return Err(stop(at, format!("nested more than {DEEPEST} levels deep; a config needs four")));
        }
        self.stack.push(frame);
        Ok(())
    }

    fn close(&mut self, problems: &mut Problems) -> Result<(), Stop> {
        match self.stack.pop() {
            Some(Frame::List { at, anchor, items }) => {
                self.finish(Node::new(at, Value::List(items)), anchor, problems)
            }
            Some(Frame::Map { at, anchor, mut entries, merges, .. }) => {
                report_duplicates(&entries, problems);
                merge(&mut entries, &merges, at, problems);
                self.finish(Node::new(at, Value::Map(entries)), anchor, problems)
            }
            None => Ok(()),
        }
    }

    fn finish(&mut self, node: Node, anchor: usize, problems: &mut Problems) -> Result<(), Stop> {
        let (at, node) = (node.at, Arc::new(node));
        if anchor > 0 {
            self.anchors.insert(anchor, Arc::clone(&node));
        }
        self.place(node, at, problems)
    }

    /// Puts a finished value where it belongs.
    fn place(&mut self, node: Arc<Node>, at: Position, problems: &mut Problems) -> Result<(), Stop> {
        let inner = if node.scalar().is_some() { 1 } else { node.size };
        self.size = self.size.saturating_add(inner);
        if self.size > LARGEST {
            return Err(stop(
                at,
                format!(
                    "holds more than {LARGEST} values once its aliases are written out; a config has hundreds"
                ),
            ));
        }
        if self.stack.len() + node.depth > DEEPEST + 1 {
            return Err(stop(
                at,
                format!("this alias nests more than {DEEPEST} levels deep; a config needs four"),
            ));
        }
        match self.stack.last_mut() {
            None => self.root = Some(node),
            Some(Frame::List { items, .. }) => items.push(node),
            Some(Frame::Map { entries, key, merges, .. }) => match key.take() {
                None => *key = Some(as_key(&node, at, problems)),
                Some(Key::Unusable) => {}
                Some(Key::Word(word, _)) if word == "<<" => merges.push(node),
                Some(Key::Word(key, at)) => entries.push(Entry { key, at, value: node }),
            },
        }
        Ok(())
    }
}

fn stop(at: Position, what: impl Into<String>) -> Stop {
    Stop { at, what: what.into() }
}

fn as_key(node: &Node, at: Position, problems: &mut Problems) -> Key {
    if let Some(scalar) = node.scalar() {
        Key::Word(scalar.text.clone(), at)
    } else {
        problems.error(
            at,
            format!("a key is a word, but here is {}; it is left out with its value", node.kind()),
        );
        Key::Unusable
    }
}

/// `<<: *defaults`: the merged keys come first, so that keys written here count.
fn merge(entries: &mut Vec<Entry>, merges: &[Arc<Node>], at: Position, problems: &mut Problems) {
    let mut sources: Vec<&Node> = Vec::new();
    for node in merges {
        match node.items() {
            Some(items) => sources.extend(items.iter().map(AsRef::as_ref)),
            None => sources.push(node),
        }
    }
    let mut have: HashSet<String> = entries.iter().map(|entry| entry.key.clone()).collect();
    let mut inherited = Vec::new();
    for source in sources {
        match source.entries() {
            None => problems.error(at, format!("`<<` merges mappings, but here is {}", source.kind())),
            Some(found) => {
                // Of duplicates inside the source the last one counts.
                let mut fresh: Vec<Entry> = Vec::new();
                for entry in found.iter().rev() {
                    if have.insert(entry.key.clone()) {
                        fresh.push(entry.clone());
                    }
                }
                inherited.extend(fresh.into_iter().rev());
            }
        }
    }
    inherited.append(entries);
    *entries = inherited;
}

fn report_duplicates(entries: &[Entry], problems: &mut Problems) {
    let mut first: HashMap<&str, Position> = HashMap::new();
    for entry in entries {
        if let Some(earlier) = first.insert(&entry.key, entry.at) {
            problems.warning(
                entry.at,
                format!(
                    "`{}` is given twice, first at {earlier}; this one counts, so take one of them out",
                    entry.key
                ),
            );
        }
    }
}

fn report_tag(tag: Option<&Tag>, at: Position, problems: &mut Problems) {
    let known = ["str", "int", "float", "bool", "null", "seq", "map"];
    if let Some(tag) = tag
        && !(tag.is_yaml_core_schema() && known.contains(&tag.suffix.as_str()))
        && tag.suffix != "!"
        && !tag.suffix.is_empty()
    {
        problems.warning(at, format!("the tag `{tag}` is not used; the value is taken as it is written"));
    }
}

fn report_scan_error(text: &str, error: &ScanError, problems: &mut Problems) {
    let marker = error.marker();
    let at = Position { line: marker.line().max(1), column: marker.col() + 1 };
    if let Some(tab) = tab_in_indentation(text, at.line) {
        problems.error(tab, "a tab in the indentation; YAML wants spaces, so replace it");
        return;
    }
    let info = error.info();
    let hint = HINTS.iter().find(|(part, _)| info.contains(part)).map_or("", |(_, hint)| hint);
    problems.error(at, format!("this is not YAML: {info}{hint}"));
}

/// What to do about the parser's messages.
const HINTS: &[(&str, &str)] = &[
    ("recursion limit", "; so many brackets are no config"),
    ("unknown anchor", "; define it with `&name` before it is used"),
    ("simple key", "; look for a missing `:` or a line indented too little just above"),
    ("mapping values are not allowed", "; look for a missing quote, or a second `:` on the line"),
    ("block mapping", "; look at the indentation here and just above"),
    ("block collection", "; look at the indentation here and just above"),
    ("quoted scalar", "; look for a quote that is never closed"),
    ("flow", "; look for a bracket or comma that is missing"),
];

/// The first tab among the leading blanks of a line, at most down to `last`.
fn tab_in_indentation(text: &str, last: usize) -> Option<Position> {
    text.lines().take(last).enumerate().find_map(|(n, line)| {
        let blank = line.len() - line.trim_start_matches([' ', '\t']).len();
        let rest = &line[blank..];
        let tab = line[..blank].find('\t')?;
        (!rest.is_empty() && !rest.starts_with('#')).then_some(Position { line: n + 1, column: tab + 1 })
    })
}
