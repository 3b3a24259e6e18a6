//! A run as JSON, one object per line; `docs/exec-json.md` has the shape.

use std::io;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

use super::View;
use crate::engine::store::ServerEnd;
use crate::engine::{ExecRequest, Progress, RunId, Summary, Verdict};
use crate::remote::Stream;
use crate::remote::clean_text::CleanText;

/// The shape's version.
const VERSION: u32 = 1;

#[derive(Serialize)]
struct LineJson<'a> {
    event: &'static str,
    server: &'a str,
    time: Timestamp,
    stream: Stream,
    text: &'a str,
}

/// One object per line.
#[derive(Debug)]
pub(super) struct Lines {
    /// What goes before everything else.
    first: Option<Value>,
    servers: Vec<String>,
}

impl Lines {
    pub(super) fn new(request: &ExecRequest, id: &RunId, time: Timestamp) -> Self {
        let servers: Vec<String> =
            request.hosts.iter().map(|host| host.target.instance().to_string()).collect();
        let described = request.hosts.iter().map(|host| {
            json!({
                "id": host.target.instance().as_str(),
                "name": host.name,
                "role": host.role.word(),
                "address": host.target.address(),
            })
        });
        let first = json!({
            "event": "run", "version": VERSION, "id": id.as_str(), "time": time,
            "environment": request.environment.as_str(), "command": request.command, "sudo": request.sudo,
            "servers": described.collect::<Vec<_>>(),
        });
        Self { first: Some(first), servers }
    }

    fn value(&self, news: &Progress) -> Option<Value> {
        Some(match news {
            Progress::Began { .. }
            | Progress::Lines { .. }
            | Progress::Broken { .. }
            | Progress::Back { .. } => return None,
            Progress::Ended { host, ending, tally } => {
                let ServerEnd {
                    at, verdict, outcome, code, ended, words, lines, errors, bytes, digest, ..
                } = ServerEnd::of(*host, ending.at, &ending.outcome, *tally);
                let before: Vec<&str> = ending.before.iter().map(CleanText::as_str).collect();
                json!({
                    "event": "end", "server": self.servers[*host], "time": at, "verdict": verdict, "outcome": outcome,
                    "code": code, "ended": ended, "message": words, "before": before, "lines": lines,
                    "stderr_lines": errors, "bytes": bytes, "digest": digest,
                })
            }
            Progress::Skipped { host, why } => {
                json!({ "event": "skipped", "server": self.servers[*host], "message": why })
            }
            Progress::Unrecorded { why } => json!({ "event": "unrecorded", "message": why }),
            Progress::Finished { summary } => finished(summary),
        })
    }
}

fn finished(summary: &Summary) -> Value {
    let state = match summary {
        _ if summary.is_success() => "done",
        _ if summary.cancelled => "cancelled",
        _ => "failed",
    };
    let seconds = summary.finished.duration_since(summary.began).as_secs_f64();
    let mut value =
        json!({ "event": "finished", "time": summary.finished, "state": state, "seconds": seconds });
    for verdict in Verdict::ALL {
        value[verdict.word()] = summary.count(verdict).into();
    }
    value
}

impl View for Lines {
    fn news(&mut self, news: &Progress) -> Vec<u8> {
        let mut bytes = Vec::new();
        if let Some(first) = self.first.take() {
            put(&first, &mut bytes);
        }
        if let Progress::Lines { host, lines } = news {
            for line in lines.iter().filter(|line| !line.unfinished) {
                let (server, text) = (self.servers[*host].as_str(), line.text.as_str());
                put(
                    &LineJson { event: "line", server, time: line.at, stream: line.stream, text },
                    &mut bytes,
                );
            }
        } else if let Some(value) = self.value(news) {
            put(&value, &mut bytes);
        }
        bytes
    }

    fn end(&mut self, _: &Summary) -> io::Result<Vec<Vec<u8>>> {
        Ok(Vec::new())
    }
}

/// One object and a line's end.
pub(crate) fn put(value: &impl Serialize, to: &mut Vec<u8>) {
    let before = to.len();
    // Writing to memory does not fail, and these values can all be written.
    if serde_json::to_writer(&mut *to, value).is_err() {
        to.truncate(before);
        return;
    }
    to.push(b'\n');
}
