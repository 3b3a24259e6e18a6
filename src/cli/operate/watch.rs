//! Watches a run from the command line: lines for people, objects for programs.

use std::collections::BTreeMap;
use std::io::{IsTerminal, stderr};

use jiff::Timestamp;
use serde_json::{Value, json};

use super::show;
use crate::cli::exec::put;
use crate::cli::exit::{Exit, Stop};
use crate::cli::stream::Printer;
use crate::cli::{complain, signals};
use crate::engine::run::{Cancel, Entry, News, Started, StepEnd, Story, Way};
use crate::engine::store::RunState;
use crate::fleet::text::one_line;
use crate::fleet::words::seconds;
use crate::plan::StepId;

/// Prints until it is over. The first signal stops it after the steps at work and puts back what is temporary, the
/// second stops it at once and undoes it; the run is seen to its end in any case.
pub(crate) async fn watch(started: Started, json: bool) -> Result<Exit, Stop> {
    let Started { id, story, mut news, control, .. } = started;
    let printer = Printer::start();
    let mut view = View { story: *story, json, last: BTreeMap::new(), shown: None };
    // When the terminal goes away the run goes on without it.
    let _hang_up = tokio::signal::unix::signal(tokio::signal::unix::SignalKind::hangup());
    let mut signals_seen = 0;
    let mut reads = printer.print(view.first(id.as_str())).await;
    let state = loop {
        tokio::select! {
            next = news.recv() => {
                let Some(next) = next else { break None };
                let finished = if let News::Finished { state, .. } = &next { Some(*state) } else { None };
                let piece = view.news(next);
                // A reader that has gone is no reason to stop a run in the middle.
                reads = reads && printer.print(piece).await;
                if finished.is_some() {
                    break finished;
                }
            }
            () = signals::interrupted() => {
                signals_seen += 1;
                if signals_seen == 1 {
                    control.cancel(Cancel::AfterStep);
                    complain("Stopping after the steps at work, and putting back what is temporary; once more stops now and undoes.");
                } else {
                    control.cancel(Cancel::NowAndUndo);
                    complain("Stopping now and undoing. This is seen to its end.");
                }
            }
        }
    };
    drop(printer.finish().await);
    let Some(state) = state else {
        return Err(Stop::Failed(format!(
            "The run ended without a word; `quarterdeck runs show {id}` has what is known"
        )));
    };
    if !json {
        for line in show::left(&view.story.left(), show::colours()) {
            complain(&line);
        }
        complain(&format!("run {id}: {}", state.word()));
        if state != RunState::Done && view.story.goes_on() {
            complain(&format!(
                "  quarterdeck runs resume {id}    does once more what failed, and goes on, once that is mended\n  \
                 quarterdeck runs undo {id}      takes away what was made and is not in use"
            ));
        } else if state != RunState::Done && !view.story.to_put_back().is_empty() {
            complain(&format!("  quarterdeck runs resume {id}    puts back what is left"));
        }
    }
    Ok(match state {
        RunState::Done if view.story.left().iter().all(|left| left.foreign) => Exit::Done,
        _ if signals_seen > 0 => Exit::Interrupted,
        // It was asked to be undone, and it is.
        RunState::Cancelled if view.story.way == Way::Undo && view.story.left().is_empty() => Exit::Done,
        _ => Exit::Failed,
    })
}

/// What is made of the news.
struct View {
    story: Story,
    json: bool,
    /// The last status of each step, so that nothing is told twice.
    last: BTreeMap<StepId, String>,
    /// When a status was shown last.
    shown: Option<std::time::Instant>,
}

impl View {
    fn first(&self, id: &str) -> Vec<u8> {
        let plan = self.story.plan.as_ref();
        if self.json {
            return object(&json!({
                "event": "run", "version": 1, "id": id, "operation": plan.operation,
                "environment": plan.environment.as_str(), "title": plan.title, "plan": plan,
            }));
        }
        format!("run {id}: {}\n", one_line(&plan.title)).into_bytes()
    }

    fn news(&mut self, news: News) -> Vec<u8> {
        match news {
            News::Entry(entry) => {
                self.story.take_in(&entry);
                if self.json {
                    let mut value = serde_json::to_value(&*entry).unwrap_or(Value::Null);
                    if let Value::Object(fields) = &mut value {
                        fields.insert("event".into(), "entry".into());
                    }
                    return object(&value);
                }
                self.entry(&entry).map_or_else(Vec::new, line)
            }
            News::Status { step, text } => self.status(step, &text),
            News::Lines { step, instance, lines } => {
                let mut bytes = Vec::new();
                for one in lines.iter().filter(|one| !one.unfinished) {
                    if self.json {
                        put(
                            &json!({
                                "event": "line", "step": step, "server": instance, "time": one.at,
                                "stream": one.stream, "text": one.text.as_str(),
                            }),
                            &mut bytes,
                        );
                    } else {
                        bytes.extend(line(format!("      {instance} | {}", one.text.as_str())));
                    }
                }
                bytes
            }
            News::Warning { text } | News::Unrecorded { why: text } => {
                if self.json {
                    return object(&json!({ "event": "warning", "text": text }));
                }
                line(format!("warning: {}", one_line(&text)))
            }
            News::Finished { at, state } => {
                if self.json {
                    return object(&json!({
                        "event": "finished", "time": at, "state": state.word(), "left": self.story.left(),
                    }));
                }
                Vec::new()
            }
        }
    }

    /// For people: what is worth a line.
    fn entry(&self, entry: &Entry) -> Option<String> {
        let plan = self.story.plan.as_ref();
        let named = |id: StepId| {
            let title = plan.step(id).map_or("", |step| step.title.as_str());
            format!("{id:>3} {}", one_line(title))
        };
        let took = |id: StepId, at: &Timestamp| {
            let began = self.story.of(id).and_then(|step| step.began);
            began.map_or_else(String::new, |began| {
                format!("  {}", seconds(at.duration_since(began).as_secs_f64()))
            })
        };
        match entry {
            Entry::Begun { step, .. } => Some(format!("◐ {}", named(*step))),
            Entry::Ended { step, end, at } => Some(match end {
                StepEnd::Done => format!("● {}{}", named(*step), took(*step, at)),
                StepEnd::AlreadySo => format!("● {}  already so", named(*step)),
                StepEnd::Warned(why) => format!("▲ {}: {}", named(*step), lines(why)),
                StepEnd::Failed(why) | StepEnd::Unknown(why) => format!("✖ {}: {}", named(*step), lines(why)),
                StepEnd::Stopped(why) => format!("· {}: {}", named(*step), lines(why)),
            }),
            Entry::Undone { step, left, .. } if left.is_empty() => Some(format!("↩ {}", named(*step))),
            Entry::Undone { step, .. } => Some(format!("↩ {}  not all of it", named(*step))),
            Entry::Turned { why, .. } => Some(format!("▲ stopping: {}", lines(why))),
            Entry::Said { text, warning, .. } => {
                Some(format!("{} {}", if *warning { "▲" } else { "·" }, lines(text)))
            }
            _ => None,
        }
    }

    fn status(&mut self, step: StepId, text: &str) -> Vec<u8> {
        let text = one_line(text);
        if self.last.get(&step) == Some(&text) {
            return Vec::new();
        }
        self.last.insert(step, text.clone());
        if self.json {
            return object(&json!({ "event": "status", "step": step, "text": text }));
        }
        // In a pipe, now and then is enough.
        let often = stderr().is_terminal();
        let now = std::time::Instant::now();
        if !often && self.shown.is_some_and(|last| now.duration_since(last).as_secs() < 5) {
            return Vec::new();
        }
        self.shown = Some(now);
        line(format!("      {step} {text}"))
    }
}

fn lines(text: &str) -> String {
    text.lines().map(one_line).collect::<Vec<_>>().join("\n    ")
}

fn line(text: String) -> Vec<u8> {
    let mut bytes = text.into_bytes();
    bytes.push(b'\n');
    bytes
}

fn object(value: &Value) -> Vec<u8> {
    let mut bytes = Vec::new();
    put(value, &mut bytes);
    bytes
}
