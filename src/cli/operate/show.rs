//! A plan and a run of it, as text for people.

use jiff::Timestamp;

use crate::cli::columns::align;
use crate::cli::describe::Paint;
use crate::engine::run::{Left, StepEnd, Story};
use crate::fleet::text::one_line;
use crate::fleet::words::seconds;
use crate::plan::{Plan, Step, Undo};

/// The widest a column of values is.
const WIDEST: usize = 70;

fn cut(text: &str) -> String {
    let line = one_line(text);
    match line.char_indices().nth(WIDEST) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

/// The plan: what it does, to what, from what to what, what users notice, what cannot be undone, how it is taken back.
pub(crate) fn plan(plan: &Plan) -> Vec<String> {
    let mut lines = vec![format!("Plan: {}", one_line(&plan.title))];
    lines.push(format!(
        "  users notice      {}",
        plan.noticed.as_deref().map_or_else(|| "nothing".into(), one_line)
    ));
    for (place, text) in plan.cannot_undo.iter().enumerate() {
        lines.push(format!(
            "  {}  {}",
            if place == 0 { "cannot be undone" } else { "                " },
            one_line(text)
        ));
    }
    for note in &plan.notes {
        lines.push(format!("  note              {}", one_line(note)));
    }
    for text in &plan.overrides {
        lines.push(format!("  OVERRIDDEN        {}", one_line(text)));
    }
    lines.push(String::new());
    let rows: Vec<[String; 5]> = plan.steps.iter().map(row).collect();
    lines.extend(align(["", "STEP", "ON", "CHANGES", "BACK"], &rows));
    lines
}

fn row(step: &Step) -> [String; 5] {
    let mark = if step.destructive { "!" } else { "" };
    [
        format!("{:>3}{mark}", step.id),
        cut(&step.title),
        cut(&step.target),
        step.change().map(|change| cut(&change)).unwrap_or_default(),
        cut(&step.way_back()),
    ]
}

/// A step's state in a word.
pub(crate) fn state(step: &Step, story: &crate::engine::run::StepStory) -> &'static str {
    match (&story.began, &story.ended, &story.undone) {
        (None, ..) => "waiting",
        (_, _, Some((_, left))) if left.is_empty() => {
            if matches!(step.undo, Undo::Nothing | Undo::Cannot(_)) { "ended" } else { "taken back" }
        }
        (_, _, Some((_, left))) if left.iter().all(|left| left.foreign) => "left as it is",
        (_, _, Some(_)) => "taken back in part",
        (_, None, _) => "under way",
        (_, Some((_, StepEnd::Done)), _) => "done",
        (_, Some((_, StepEnd::AlreadySo)), _) => "already so",
        (_, Some((_, StepEnd::Warned(_))), _) => "done, with a warning",
        (_, Some((_, StepEnd::Failed(_))), _) => "failed",
        (_, Some((_, StepEnd::Stopped(_))), _) => "stopped",
        (_, Some((_, StepEnd::Unknown(_))), _) => "unknown",
    }
}

/// A run: each step with its state and time, what was said, what is left.
pub(crate) fn run(story: &Story, now: Timestamp) -> Vec<String> {
    let rows: Vec<[String; 5]> = story
        .each()
        .map(|(step, told)| {
            let end = told.ended.as_ref().map_or(now, |(at, _)| *at);
            let took = told.began.map(|began| seconds(end.duration_since(began).as_secs_f64()));
            [
                format!("{:>3}", step.id),
                cut(&step.title),
                cut(&step.target),
                state(step, told).to_owned(),
                took.unwrap_or_default(),
            ]
        })
        .collect();
    let mut lines = align(["", "STEP", "ON", "STATE", "TOOK"], &rows);
    if let Some((_, why)) = &story.turned {
        lines.push(String::new());
        lines.extend(text("stopped", why));
    }
    for (step, told) in story.each() {
        for (_, words) in &told.said {
            lines.extend(text(&format!("step {}", step.id), words));
        }
    }
    for (_, words) in &story.said {
        lines.extend(text("note", words));
    }
    lines.extend(left(&story.left(), false));
    lines
}

/// Text of several lines, each cleaned, below its heading.
fn text(heading: &str, words: &str) -> Vec<String> {
    words
        .lines()
        .enumerate()
        .map(|(place, line)| {
            if place == 0 {
                format!("{heading}: {}", one_line(line))
            } else {
                format!("    {}", one_line(line))
            }
        })
        .collect()
}

/// What is not as it was found, in red, with how to put it right.
pub(crate) fn left(left: &[&Left], colours: bool) -> Vec<String> {
    if left.is_empty() {
        return Vec::new();
    }
    let (red, plain) = if colours { ("\u{1b}[31m", "\u{1b}[0m") } else { ("", "") };
    let mut lines = vec![format!("{red}NOT AS IT WAS:{plain}")];
    for one in left {
        let found =
            one.found.as_ref().map_or_else(String::new, |found| format!(", and is {}", one_line(found)));
        lines.push(format!(
            "{red}  {} should be {}{found}{plain}: {}",
            one_line(&one.what),
            one_line(&one.wanted),
            one_line(&one.why)
        ));
        lines.push(format!("    to put it right: {}", one_line(&one.cure)));
    }
    lines
}

/// Whether colours are on.
pub(crate) fn colours() -> bool {
    let Paint { colours, .. } = crate::cli::paint();
    colours
}
