//! What `triage --json` prints: a shape of its own, versioned, described in `docs/triage-json.md`.

use jiff::Timestamp;
use serde::Serialize;

use super::Subject;
use super::text::command_line;
use crate::cli::whereabouts::Whereabouts;
use crate::fleet::Severity;
use crate::triage::{Acknowledged, Evidence, Finding, Noted, Step};

/// The shape's version.
const VERSION: u32 = 1;

#[derive(Debug, Serialize)]
pub(super) struct Document<'a> {
    version: u32,
    #[serde(flatten)]
    whereabouts: Whereabouts,
    severity: Severity,
    facts: usize,
    oldest_fact: Option<Timestamp>,
    unknown: &'a [String],
    findings: Vec<FindingJson<'a>>,
    watched: Vec<FindingJson<'a>>,
}

#[derive(Debug, Serialize)]
struct FindingJson<'a> {
    name: String,
    kind: &'static str,
    about: &'a str,
    severity: Severity,
    title: &'a str,
    users: Option<&'a str>,
    since: Timestamp,
    since_at_least: bool,
    clearing: bool,
    follows_from: Option<String>,
    because: &'a [Evidence],
    against: &'a [Evidence],
    unknown: &'a [String],
    servers: Vec<&'a str>,
    acknowledged: Option<&'a Acknowledged>,
    noted: Option<&'a Noted>,
    runbook: Vec<StepJson<'a>>,
}

#[derive(Debug, Serialize)]
struct StepJson<'a> {
    what: &'a str,
    aside: &'a str,
    changes: bool,
    done: bool,
    command: Option<String>,
}

/// The document.
pub(super) fn document<'a>(subject: &'a Subject<'a>) -> Document<'a> {
    let triage = subject.triage;
    let all = |findings: &'a [Finding]| findings.iter().map(|f| finding(subject, f)).collect();
    Document {
        version: VERSION,
        whereabouts: subject.whereabouts(),
        severity: triage.worst().unwrap_or(Severity::Ok),
        facts: triage.facts,
        oldest_fact: triage.oldest,
        unknown: &triage.unknown,
        findings: all(&triage.findings),
        watched: all(&triage.watched),
    }
}

fn finding<'a>(subject: &Subject<'_>, finding: &'a Finding) -> FindingJson<'a> {
    FindingJson {
        name: finding.key.to_string(),
        kind: finding.key.kind.name(),
        about: &finding.key.about,
        severity: finding.severity,
        title: &finding.title,
        users: finding.users.as_deref(),
        since: finding.since.at,
        since_at_least: !finding.since.turned,
        clearing: finding.clearing,
        follows_from: finding.under.as_ref().map(ToString::to_string),
        because: &finding.because,
        against: &finding.against,
        unknown: &finding.unknown,
        servers: finding.servers.iter().map(crate::fleet::InstanceId::as_str).collect(),
        acknowledged: finding.acknowledged.as_ref(),
        noted: finding.noted.as_ref(),
        runbook: finding.runbook.iter().map(|step| step_json(subject, step)).collect(),
    }
}

fn step_json<'a>(subject: &Subject<'_>, step: &'a Step) -> StepJson<'a> {
    StepJson {
        what: &step.words,
        aside: &step.aside,
        changes: step.remedy.changes(),
        done: step.done,
        command: step.remedy.words(subject.place).map(|words| command_line(subject.globals, &words)),
    }
}
