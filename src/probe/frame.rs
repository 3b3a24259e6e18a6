//! Takes a script's output apart into sections.

use std::collections::BTreeMap;

use super::request::{Body, Printed};
use crate::fleet::Topic;

/// What came of a section.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Told<'a> {
    /// All that it printed.
    Whole(Body<'a>),
    /// It began, and its end never came.
    Cut,
}

/// By topic. Only lines with the nonce are marks: nobody on the server can have guessed it. Each stream has its own
/// marks, for the two arrive in any order.
pub(super) fn take_apart<'a>(nonce: &str, printed: &[Printed<'a>]) -> BTreeMap<Topic, Told<'a>> {
    let mark = format!("@{nonce} ");
    let mut told = BTreeMap::new();
    let mut errors: BTreeMap<Topic, Vec<&str>> = BTreeMap::new();
    let mut open: [Option<(Topic, Body<'a>)>; 2] = [None, None];
    for line in printed {
        let open = &mut open[usize::from(line.error)];
        let words = line.text.strip_prefix(&mark).filter(|_| !nonce.is_empty());
        let Some(words) = words else {
            if let Some((_, body)) = open {
                body.lines.push(line.text);
            }
            continue;
        };
        let mut words = words.split(' ');
        match (words.next(), words.next().and_then(Topic::parse)) {
            (Some("begin"), Some(topic)) => {
                *open = Some((topic, Body { at: Some(line.at), ..Body::default() }));
                if !line.error {
                    told.insert(topic, Told::Cut);
                }
            }
            (Some("end"), Some(topic)) => {
                let Some((_, mut body)) = open.take().filter(|(begun, _)| *begun == topic) else { continue };
                // The mark begins with a line's end, so that it stands alone; mostly that is an empty line.
                if body.lines.last().is_some_and(|line| line.is_empty()) {
                    body.lines.pop();
                }
                if line.error {
                    errors.insert(topic, body.lines);
                } else {
                    body.code = words.next().and_then(|code| code.parse().ok()).unwrap_or(u8::MAX);
                    told.insert(topic, Told::Whole(body));
                }
            }
            _ => {}
        }
    }
    for (topic, lines) in errors {
        if let Some(Told::Whole(body)) = told.get_mut(&topic) {
            body.errors = lines;
        }
    }
    told
}

#[cfg(test)]
mod tests;
