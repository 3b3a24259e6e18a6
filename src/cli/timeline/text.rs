//! What `timeline` prints for people: a line each, the earliest first, so that the end is what is read last.

use jiff::Timestamp;

use super::Request;
use crate::cli::whereabouts::Whereabouts;
use crate::fleet::text::one_line;
use crate::fleet::words;
use crate::timeline::{Entry, Happening, Timeline};

/// Every line of the output.
pub(super) fn lines(whereabouts: &Whereabouts, timeline: &Timeline, request: &Request) -> Vec<String> {
    let mut out = vec![whereabouts.line("SANDBOX"), summary(timeline)];
    let mut day = String::new();
    for entry in &timeline.entries {
        let today = entry.at.strftime("%Y-%m-%d").to_string();
        if day != today {
            day = today;
            out.push(String::new());
            out.push(request.paint.strong(&format!("{day} UTC")));
        }
        out.push(line(entry, timeline, request));
        for text in &entry.evidence {
            out.push(format!("{:30}{}", "", one_line(text)));
        }
    }
    out
}

fn summary(timeline: &Timeline) -> String {
    let hours = timeline.until.duration_since(timeline.since).as_secs_f64();
    let told = timeline.entries.iter().filter(|entry| entry.happening != Happening::Gap).count();
    let told = match told {
        0 => "Nothing is recorded".to_owned(),
        n => words::count(u64::try_from(n).unwrap_or(0), "thing"),
    };
    let recorded = match timeline.recorded {
        Some(at) => format!("recorded since {}", at.strftime("%Y-%m-%d %H:%M UTC")),
        None => "no console was open".to_owned(),
    };
    format!("{told} in the last {} · {recorded}", words::seconds(hours))
}

fn line(entry: &Entry, timeline: &Timeline, request: &Request) -> String {
    let severity = entry.severity;
    let glyph = if request.utf8 { severity.glyph() } else { severity.ascii() };
    let mark = request.paint.severity(severity, &format!("{glyph} {:<8}", entry.happening.word()));
    let at = entry.at.strftime("%H:%M:%S").to_string();
    let until = entry.until.filter(|_| entry.happening != Happening::Gap);
    let lasted = until.map_or_else(String::new, |until| {
        let open = if until >= timeline.until { "so far " } else { "" };
        format!("  ({open}{})", words::seconds(seconds(entry.at, until)))
    });
    let after = entry.after.map_or_else(String::new, |after| {
        format!("  (at some time since {}: nobody looked)", after.strftime("%H:%M:%S"))
    });
    format!("{at:<18}{mark} {}{lasted}{after}", one_line(&entry.title))
}

fn seconds(from: Timestamp, to: Timestamp) -> f64 {
    to.duration_since(from).as_secs_f64()
}
