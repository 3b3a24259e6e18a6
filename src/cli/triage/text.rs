//! What `triage` prints for people: causes by attention, what speaks for them, and what to do.

use jiff::Timestamp;

use super::{Request, Subject};
use crate::fleet::text::one_line;
use crate::fleet::text::shell_word;
use crate::fleet::words;
use crate::triage::{Evidence, Finding};

/// Every line of the output.
pub(super) fn lines(subject: &Subject<'_>, request: &Request) -> Vec<String> {
    let triage = subject.triage;
    let mut out = vec![subject.whereabouts().line("SANDBOX"), summary(subject)];
    for cause in triage.causes() {
        out.push(String::new());
        of_cause(subject, request, cause, &mut out);
    }
    if !triage.watched.is_empty() {
        out.push(String::new());
        out.push(request.paint.strong("Watched: no finding yet, it would have to last"));
        for finding in &triage.watched {
            let wants = words::seconds(finding.key.kind.rises_after().as_secs_f64());
            out.push(format!("  {}  ({wants})", one_line(&finding.title)));
        }
    }
    if !triage.unknown.is_empty() {
        out.push(String::new());
        out.push(request.paint.strong("Not known"));
        out.extend(triage.unknown.iter().map(|what| format!("  {}", one_line(what))));
    }
    out
}

fn summary(subject: &Subject<'_>) -> String {
    let triage = subject.triage;
    let causes = u64::try_from(triage.causes().count()).unwrap_or(0);
    let findings = match causes {
        0 => "Nothing is wrong in what was read".to_owned(),
        n => words::count(n, "finding"),
    };
    let facts = words::count(u64::try_from(triage.facts).unwrap_or(0), "fact");
    let oldest = triage.oldest.map_or_else(String::new, |at| format!(", oldest {}", age(subject, at)));
    let unknown = match triage.unknown.len() {
        0 => String::new(),
        n => format!(" · {n} unknown"),
    };
    format!("{findings} · {facts}{oldest}{unknown}")
}

fn age(subject: &Subject<'_>, at: Timestamp) -> String {
    words::age(subject.now.duration_since(at))
}

fn of_cause(subject: &Subject<'_>, request: &Request, finding: &Finding, out: &mut Vec<String>) {
    let severity = finding.severity;
    let glyph = if request.utf8 { severity.glyph() } else { severity.ascii() };
    let mark = request.paint.severity(severity, &format!("{glyph} {:<8}", severity.word()));
    out.push(format!(
        "{mark} {}  {}",
        request.paint.strong(&one_line(&finding.title)),
        since(subject, finding)
    ));
    let line = |out: &mut Vec<String>, label: &str, text: &str| {
        out.push(format!("           {label:<9}{}", one_line(text)));
    };
    if finding.clearing {
        line(out, "", "it is no longer so, since a moment");
    }
    if let Some(users) = &finding.users {
        line(out, "users", users);
    }
    for (n, evidence) in finding.because.iter().enumerate() {
        line(out, if n == 0 { "because" } else { "" }, &told(subject, evidence));
    }
    for (n, evidence) in finding.against.iter().enumerate() {
        line(out, if n == 0 { "against" } else { "" }, &told(subject, evidence));
    }
    for (n, what) in finding.unknown.iter().enumerate() {
        line(out, if n == 0 { "unknown" } else { "" }, what);
    }
    for (n, other) in subject.triage.consequences(&finding.key).enumerate() {
        line(out, if n == 0 { "follows" } else { "" }, &format!("{} {}", other.severity.word(), other.title));
    }
    if let Some(seen) = &finding.acknowledged {
        let until = seen.until.map_or_else(String::new, |at| format!(", quiet until {at:.0}"));
        line(out, "seen", &format!("by {}, {} ago{until}", seen.by, age(subject, seen.at)));
    }
    if let Some(noted) = &finding.noted {
        line(out, "noted", &format!("{} ({}, {} ago)", noted.words, noted.by, age(subject, noted.at)));
    }
    for (n, step) in finding.runbook.iter().enumerate() {
        let aside = if step.says().is_empty() { String::new() } else { format!(": {}", step.says()) };
        line(out, if n == 0 { "do" } else { "" }, &format!("{} {}{aside}", n + 1, step.words));
        if let Some(command) = step.remedy.words(subject.place).filter(|_| !step.done) {
            // Whole, however long: it is there to be copied.
            out.push(format!("{:24}{}", "", command_line(subject.globals, &command)));
        }
    }
    line(out, "name", &finding.key.to_string());
}

/// A command as a shell reads it.
pub(super) fn command_line(globals: &[String], words: &[String]) -> String {
    let all = globals.iter().chain(words).map(|word| shell_word(word));
    ["quarterdeck".to_owned()].into_iter().chain(all).collect::<Vec<_>>().join(" ")
}

fn since(subject: &Subject<'_>, finding: &Finding) -> String {
    let age = age(subject, finding.since.at);
    match (age.as_str(), finding.since.turned) {
        ("now", true) => "since just now".into(),
        ("now", false) => "seen just now for the first time".into(),
        (age, true) => format!("since {age}"),
        (age, false) => format!("since at least {age}"),
    }
}

fn told(subject: &Subject<'_>, evidence: &Evidence) -> String {
    let age = evidence.at.map_or_else(String::new, |at| format!(", {}", age(subject, at)));
    format!("{} ({}{age})", evidence.text, evidence.source)
}
