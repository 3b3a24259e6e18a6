//! What `doctor --json` prints: a shape of its own, versioned, described in `docs/doctor-json.md`.

use jiff::Timestamp;
use serde::Serialize;

use super::Subject;
use crate::doctor::{Checked, Finding, FindingSeverity, Part};

/// The shape's version.
const VERSION: u32 = 1;

#[derive(Debug, Serialize)]
pub(super) struct Document<'a> {
    version: u32,
    deployment: String,
    environment: String,
    production: bool,
    region: Option<String>,
    profile: Option<String>,
    endpoint_url: Option<String>,
    sandbox: bool,
    time: Timestamp,
    severity: FindingSeverity,
    counts: CountsJson,
    checks: Vec<CheckJson<'a>>,
}

#[derive(Debug, Serialize)]
struct CountsJson {
    bad: usize,
    warning: usize,
    unknown: usize,
    good: usize,
}

#[derive(Debug, Serialize)]
struct CheckJson<'a> {
    name: &'static str,
    part: Part,
    about: &'static str,
    severity: Option<FindingSeverity>,
    findings: &'a [Finding],
}

/// The document.
pub(super) fn document<'a>(subject: &Subject<'a>) -> Document<'a> {
    let (patient, endpoint) = (subject.patient, subject.endpoint);
    let region = if endpoint.region.is_empty() { &patient.topology.region } else { &endpoint.region };
    Document {
        version: VERSION,
        deployment: patient.topology.deployment.to_string(),
        environment: patient.place.name.to_string(),
        production: patient.place.production,
        region: (!region.is_empty()).then(|| region.clone()),
        profile: endpoint.profile.clone(),
        endpoint_url: endpoint.url.clone(),
        sandbox: endpoint.sandbox,
        time: patient.yardstick.now,
        severity: subject.worst(),
        counts: CountsJson {
            bad: subject.count(FindingSeverity::Bad),
            warning: subject.count(FindingSeverity::Warning),
            unknown: subject.count(FindingSeverity::Unknown),
            good: subject.count(FindingSeverity::Good),
        },
        checks: subject.checked.iter().map(check).collect(),
    }
}

fn check(checked: &Checked) -> CheckJson<'_> {
    CheckJson {
        name: checked.check.name,
        part: checked.check.part,
        about: checked.check.about,
        severity: checked.severity(),
        findings: &checked.findings,
    }
}
