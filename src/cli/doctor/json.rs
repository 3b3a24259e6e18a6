//! What `doctor --json` prints: a shape of its own, versioned, described in `docs/doctor-json.md`.

use serde::Serialize;

use super::Subject;
use crate::cli::whereabouts::Whereabouts;
use crate::doctor::{Checked, Finding, FindingSeverity, Part};

/// The shape's version.
const VERSION: u32 = 1;

#[derive(Debug, Serialize)]
pub(super) struct Document<'a> {
    version: u32,
    #[serde(flatten)]
    whereabouts: Whereabouts,
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
    Document {
        version: VERSION,
        whereabouts: subject.whereabouts(),
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
