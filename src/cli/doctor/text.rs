//! What `doctor` prints for people: a group of lines for each part, evidence and cure below what is not good.

use super::{Request, Subject};
use crate::doctor::{Finding, FindingSeverity, Part};
use crate::fleet::Severity;
use crate::fleet::text::one_line;
use crate::fleet::words::count;

/// What the simulated fleet has not.
const SANDBOX: &str = "SANDBOX, which has no project files and no domains to check";
/// The width of the longest word, `warning`.
const WORD: usize = 7;
/// Where evidence begins: below the text of its finding.
const INDENT: &str = "              ";

/// Every line of the output.
pub(super) fn lines(subject: &Subject<'_>, request: &Request) -> Vec<String> {
    let mut out = vec![subject.whereabouts().line(SANDBOX)];
    for part in Part::ALL {
        let checked = subject.checked.iter().filter(|checked| checked.check.part == part);
        let mut findings: Vec<&Finding> = checked.flat_map(|checked| &checked.findings).collect();
        if findings.is_empty() {
            continue;
        }
        // Worst first; those of one kind stay in the table's order.
        findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        out.push(String::new());
        out.push(request.paint.strong(part.title()));
        let good = findings.iter().filter(|finding| finding.severity == FindingSeverity::Good).count();
        for finding in findings {
            if request.all || finding.severity != FindingSeverity::Good {
                lines_of(finding, request, &mut out);
            }
        }
        if !request.all && good > 0 {
            out.push(line(FindingSeverity::Good, &count(good as u64, "check"), request));
        }
    }
    out.push(String::new());
    out.push(counts(subject, request));
    out
}

fn lines_of(finding: &Finding, request: &Request, out: &mut Vec<String>) {
    out.push(line(finding.severity, &finding.what, request));
    out.extend(finding.evidence.iter().map(|evidence| format!("{INDENT}{}", one_line(evidence))));
    if let Some(cure) = &finding.cure {
        let arrow = if request.utf8 { "→" } else { "->" };
        out.push(format!("{INDENT}{arrow} {}", one_line(cure)));
    }
}

/// Glyph, word and text: the colour says nothing that these do not.
fn line(severity: FindingSeverity, what: &str, request: &Request) -> String {
    let painted = request.paint.severity(shade(severity), &mark(severity, request));
    format!("  {painted}  {}", one_line(what))
}

fn mark(severity: FindingSeverity, request: &Request) -> String {
    let shade = shade(severity);
    let glyph = if request.utf8 { shade.glyph() } else { shade.ascii() };
    format!("{glyph} {:<WORD$} ", severity.word())
}

const fn shade(severity: FindingSeverity) -> Severity {
    match severity {
        FindingSeverity::Good => Severity::Ok,
        FindingSeverity::Unknown => Severity::Unknown,
        FindingSeverity::Warning => Severity::Warn,
        FindingSeverity::Bad => Severity::Down,
    }
}

fn counts(subject: &Subject<'_>, request: &Request) -> String {
    let counted = FindingSeverity::ALL.into_iter().filter_map(|severity| {
        let n = subject.count(severity);
        let text = format!("{n} {}", severity.word());
        (n > 0).then(|| request.paint.severity(shade(severity), &text))
    });
    let name = &subject.patient.place.name;
    format!("{name}: {}", counted.collect::<Vec<_>>().join(", "))
}
