//! What people see of a run: prefixed lines, groups of equal output, remarks and a summary.

use std::io;
use std::path::PathBuf;

use unicode_width::UnicodeWidthStr;

use super::{View, counts, is_watched, span};
use crate::engine::store::{OutputLine, read_output};
use crate::engine::{End, ExecRequest, Progress, RunId, Summary, Tally, Verdict};
use crate::remote::{Outcome, Stream};

/// Colours that can be told apart on light and dark ground; red is for errors.
const COLOURS: [&str; 6] = ["36", "33", "35", "32", "34", "96"];

/// The most of what a server said before the command that is shown.
const MOST_BEFORE: usize = 5;

/// Names before lines.
#[derive(Debug)]
pub(crate) struct Prefix {
    out: Vec<String>,
    err: Vec<String>,
    names: Vec<String>,
}

impl Prefix {
    pub(crate) fn new(names: Vec<String>, colours: bool) -> Self {
        let width = names.iter().map(|name| name.width()).max().unwrap_or(0);
        let made = |mark: &str, colour_of_mark: &str| {
            let prefix = |(n, name): (usize, &String)| {
                let pad = " ".repeat(width - name.width());
                if colours {
                    let colour = COLOURS[n % COLOURS.len()];
                    format!("\u{1b}[{colour}m{name}{pad}\u{1b}[0m \u{1b}[{colour_of_mark}m{mark}\u{1b}[0m ")
                } else {
                    format!("{name}{pad} {mark} ")
                }
            };
            names.iter().enumerate().map(prefix).collect()
        };
        Self { out: made("|", "2"), err: made("!", "31"), names }
    }

    pub(crate) fn line(&self, host: usize, stream: Stream, text: &str, to: &mut Vec<u8>) {
        let prefix = if stream == Stream::Out { &self.out[host] } else { &self.err[host] };
        to.extend_from_slice(prefix.as_bytes());
        to.extend_from_slice(text.as_bytes());
        to.push(b'\n');
    }
}

/// Every line with its server's name before it, as it comes.
#[derive(Debug)]
pub(super) struct Lines(Prefix);

impl Lines {
    pub(super) const fn new(prefix: Prefix) -> Self {
        Self(prefix)
    }
}

impl View for Lines {
    fn news(&mut self, news: &Progress) -> Vec<u8> {
        let mut bytes = Vec::new();
        if let Progress::Lines { host, lines } = news {
            for line in lines.iter().filter(|line| !line.unfinished) {
                self.0.line(*host, line.stream, line.text.as_str(), &mut bytes);
            }
        }
        bytes
    }

    fn end(&mut self, _: &Summary) -> io::Result<Vec<Vec<u8>>> {
        Ok(Vec::new())
    }
}

/// Equal output once, in the end.
#[derive(Debug)]
pub(super) struct Groups {
    prefix: Prefix,
    files: Vec<PathBuf>,
}

/// Pieces in which output is read back.
const PIECE: usize = 64 * 1024;

impl Groups {
    pub(super) const fn new(prefix: Prefix, files: Vec<PathBuf>) -> Self {
        Self { prefix, files }
    }
}

/// Servers that printed the same and ended in the same way, the largest group first.
pub(super) fn groups(summary: &Summary) -> Vec<Vec<usize>> {
    let key = |end: &End| match end {
        End::Ended { ending, tally } => Some((*tally, ending.outcome.clone())),
        End::Skipped(_) => None,
    };
    let mut groups: Vec<((Tally, Outcome), Vec<usize>)> = Vec::new();
    for (host, end) in summary.ends.iter().enumerate() {
        let Some(key) = key(end) else { continue };
        match groups.iter_mut().find(|(other, _)| *other == key) {
            Some((_, hosts)) => hosts.push(host),
            None => groups.push((key, vec![host])),
        }
    }
    groups.sort_by_key(|(_, hosts)| std::cmp::Reverse(hosts.len()));
    groups.into_iter().map(|(_, hosts)| hosts).collect()
}

impl View for Groups {
    fn news(&mut self, _: &Progress) -> Vec<u8> {
        Vec::new()
    }

    fn end(&mut self, summary: &Summary) -> io::Result<Vec<Vec<u8>>> {
        let mut pieces = Vec::new();
        let all = summary.ends.len();
        for hosts in groups(summary) {
            let End::Ended { ending, tally } = &summary.ends[hosts[0]] else { continue };
            let names: Vec<&str> = hosts.iter().map(|host| self.prefix.names[*host].as_str()).collect();
            let what = if tally.lines == 0 { "no output" } else { "the same output" };
            let head = match hosts.len() {
                1 => format!("── {} ({})\n", names[0], ending.outcome),
                many => format!("── {what} on {many} of {all} ({}): {}\n", ending.outcome, names.join(", ")),
            };
            let mut bytes = head.into_bytes();
            read_output(&self.files[hosts[0]], |OutputLine { stream, text, .. }| {
                bytes.extend_from_slice(if stream == Stream::Out { b"  " } else { b"! " });
                bytes.extend_from_slice(text.as_bytes());
                bytes.push(b'\n');
                if bytes.len() >= PIECE {
                    pieces.push(std::mem::take(&mut bytes));
                }
                Ok(())
            })?;
            pieces.push(bytes);
        }
        Ok(pieces)
    }
}

/// What is about to run, where, and how.
pub(super) fn announcement(request: &ExecRequest) -> Vec<String> {
    let many = request.hosts.len();
    let servers = if many == 1 { "1 server".to_owned() } else { format!("{many} servers") };
    let how = match request.at_once {
        Some(1) if many > 1 => ", one after another".to_owned(),
        Some(most) if most < many => format!(", {most} at a time"),
        _ if many > 1 => ", all at once".to_owned(),
        _ => String::new(),
    };
    let stop = if request.stop_on_failure && many > 1 { ", until one fails" } else { "" };
    let sudo = if request.sudo { "  (with sudo)" } else { "" };
    let names: Vec<&str> = request.hosts.iter().map(|host| host.name.as_str()).collect();
    vec![
        format!(
            "{}: {servers}{how}{stop}, at most {} each: {}",
            request.environment,
            span(request.deadline),
            names.join(", ")
        ),
        format!("$ {}{sudo}", printable(&request.command)),
    ]
}

/// A command on one line, with nothing in it that a terminal would obey.
fn printable(command: &str) -> String {
    let visible = |c: char| if crate::fleet::text::is_printable(c) { c } else { '·' };
    command.replace('\n', "⏎").chars().map(visible).collect()
}

/// What is worth a line on standard error when it happens.
pub(super) fn remarks(news: &Progress, request: &ExecRequest) -> Vec<String> {
    match news {
        Progress::Unrecorded { why } => vec![format!("quarterdeck: {why}")],
        Progress::Ended { host, ending, .. } if !ending.outcome.is_success() => {
            let name = &request.hosts[*host].name;
            let mut lines = vec![format!("{name}: {}", ending.outcome)];
            let before = ending.before.iter().take(MOST_BEFORE);
            lines.extend(before.map(|text| format!("{name}: it printed before: {text}")));
            lines
        }
        Progress::Skipped { host, why } if is_watched() => {
            vec![format!("{}: {why}", request.hosts[*host].name)]
        }
        _ => Vec::new(),
    }
}

/// The last words.
pub(super) fn summary(summary: &Summary, request: &ExecRequest, id: &RunId) -> Vec<String> {
    let took = summary.finished.duration_since(summary.began).as_secs_f64();
    let mut lines = vec![format!("{} · {took:.1} s · run {id}", counts(summary))];
    for verdict in [Verdict::Failed, Verdict::Unknown, Verdict::Cancelled, Verdict::Skipped] {
        let names: Vec<String> = summary
            .ends
            .iter()
            .zip(&request.hosts)
            .filter(|(end, _)| end.verdict() == verdict)
            .map(|(end, host)| match end {
                End::Ended { ending, .. } => format!("{} ({})", host.name, short(&ending.outcome)),
                End::Skipped(_) => host.name.clone(),
            })
            .collect();
        if !names.is_empty() {
            lines.push(format!("  {}: {}", verdict.word(), names.join(", ")));
        }
    }
    lines
}

/// An outcome without its story, which was told when it happened.
fn short(outcome: &Outcome) -> String {
    match outcome {
        Outcome::NotStarted(_) => "not started".into(),
        Outcome::Lost { .. } => "the connection broke".into(),
        other => other.to_string(),
    }
}
