//! The way of somebody new: the guided setup in an empty directory, then the console, until a plan is carried out.

use std::path::Path;
use std::time::Duration;

use rustix::process::Signal;
use serde_json::Value;

use crate::bare::Bare;
use crate::terminal::Terminal;

const ENTER: &str = "\r";
const DOWN: &str = "\x1b[B";

/// How long a plan may take to be made, from repositories and a cloud.
const PLANNED: Duration = Duration::from_secs(120);
/// How long servers may take to be built.
const BUILT: Duration = Duration::from_secs(540);

/// An answer: typed, or chosen from what is offered.
#[derive(Clone, Copy)]
pub enum Answer<'a> {
    Type(&'a str),
    Choose(&'a str),
}

/// Answers the guided setup, taking what it suggests where nothing else is given, and has it write its files. What it said
/// in the end.
pub fn files(bare: &Bare, answers: &[(&str, Answer<'_>)]) -> String {
    let mut console = bare.terminal(&["setup"]);
    let mut given = Vec::new();
    for n in 1.. {
        let header = format!("question {n} of ");
        console.wait_for(PLANNED, "a question or the files", |t| {
            t.text().contains(&header) || t.text().contains("write them")
        });
        let text = console.text();
        if text.contains("write them") {
            break;
        }
        assert!(n < 60, "the setup comes to no end:\n{text}");
        let found = answers.iter().find(|(question, _)| text.contains(question));
        given.extend(found.map(|(question, _)| *question));
        match found.map(|(_, answer)| *answer) {
            Some(Answer::Type(words)) => console = console.press(words),
            Some(Answer::Choose(words)) => console = to(console, words),
            None => {}
        }
        console = console.press(ENTER);
        // What is doubtful is taken the second time.
        let over = |t: &Terminal| !t.text().contains(&header);
        console.wait_for(PLANNED, "the next question", |t| over(t) || t.text().contains("once more"));
        if console.text().contains("once more") {
            console = console.press(ENTER);
            console.wait_for(PLANNED, "the next question", over);
        }
    }
    for (question, _) in answers {
        assert!(given.contains(question), "nobody asked: {question}");
    }
    let console = console.press(ENTER).until("The files are written.");
    // It looks at them, and at the account.
    let console = console.press(ENTER);
    console.wait_for(PLANNED, "what comes next", |t| t.text().contains("servers, release and group"));
    // More than a screenful.
    let all = console.raw();
    let (code, after) = console.ended();
    assert_eq!(code, 0, "{after}");
    all
}

/// Goes down to the line with these words.
fn to(mut console: Terminal, words: &str) -> Terminal {
    // What lies behind the dialog changes by itself: only its own mark tells that the key has come.
    let marked = |t: &Terminal| {
        let text = t.text();
        let lines = |mark: &str| -> Vec<String> {
            text.lines().filter_map(|line| line.split_once(mark)).map(|(_, own)| own.to_owned()).collect()
        };
        let own = lines("│›");
        if own.is_empty() { lines("›") } else { own }
    };
    let is_on = |t: &Terminal| marked(t).iter().any(|own| own.contains(words));
    for _ in 0..40 {
        if is_on(&console) {
            return console;
        }
        let before = marked(&console);
        console = console.press(DOWN);
        console.wait(words, |t| is_on(t) || marked(t) != before);
    }
    panic!("{words} is on no line of\n{}", console.text());
}

/// The console, on an environment that may have nothing yet.
pub fn console(bare: &Bare) -> Terminal {
    let console = bare.terminal(&[]);
    console.wait_for(PLANNED, "the environment", |t| t.text().contains("staging"));
    console
}

/// Chooses an operation, tells it this, looks at its plan, and begins it.
pub fn begin(console: Terminal, operation: &str, told: &[(&str, &str)]) -> Terminal {
    let console = console.press(":environment staging\r").until("staging ›").press("o");
    let console = console.until("nothing is done yet").press(operation).press(ENTER);
    let mut console = console.until(&format!("{operation} in staging"));
    for (option, words) in told {
        console = to(console, option).press(words).until(words);
    }
    let console = console.press(ENTER);
    console.wait_for(PLANNED, "the plan", |t| t.text().contains("enter go on"));
    console.press(ENTER).until("y  begin").press("y")
}

/// Waits until what was begun is done.
pub fn done(console: &Terminal) {
    console.wait_for(BUILT, "the end of the run", |t| {
        let text = t.text();
        assert!(!text.contains("✖ failed"), "{text}\n{}", console.raw().len());
        text.contains("● done")
    });
}

/// Kills the console as a job of this name begins, as a power cut would.
pub fn dies(bare: &Bare, console: Terminal, job: &str) {
    let place = bare.dir.path().join(".local/state/quarterdeck");
    let name = format!("-{job}-");
    console.wait_for(BUILT, job, |_| holds(&place, &name));
    drop(console.send(Signal::KILL));
}

/// Whether a journal below has these words.
fn holds(place: &Path, words: &str) -> bool {
    let found = std::process::Command::new("grep")
        .args(["-rqF", "--include=*.jsonl", "--", words])
        .arg(place)
        .status();
    found.unwrap().success()
}

/// Opens the console again, which asks about what was interrupted, and has it go on.
pub fn resumes(bare: &Bare) -> Terminal {
    let console = bare.terminal(&[]);
    console.wait_for(PLANNED, "what is not finished", |t| t.text().contains("not finished"));
    console.press("l").until("Interrupted").press("r").until("Resume run").press("y")
}

/// The newest run of this operation: its id, and its plan's steps.
pub fn run_of(bare: &Bare, operation: &str) -> (String, Vec<Value>) {
    let told = |line: &str| -> Value {
        let output = bare.program(line).output().unwrap();
        serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{line}: {error}: {}", String::from_utf8_lossy(&output.stderr)))
    };
    let all = told("runs list --json");
    let mut runs = all.as_array().unwrap().iter();
    let is_it = |run: &&Value| run["command"].as_str().is_some_and(|line| line.contains(operation));
    let found = runs.find(is_it).unwrap_or_else(|| panic!("{operation}: {all}"));
    let id = found["id"].as_str().unwrap().to_owned();
    let shown = told(&format!("runs show {id} --json"));
    (id, shown["operation"]["plan"]["steps"].as_array().unwrap().clone())
}
