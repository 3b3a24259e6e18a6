//! Where the time of building a server goes, for `benches/run`.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fmt::Write as _;
use std::fs::File;
use std::io::Write as _;

use jiff::Timestamp;
use serde_json::Value;

/// Where the time of a run went: when each step began and ended.
#[derive(Default)]
pub struct Times(BTreeMap<u64, (Option<Timestamp>, Option<Timestamp>)>);

impl Times {
    /// One object of what a run prints.
    pub fn take_in(&mut self, object: &Value) {
        let at = object["at"].as_str().and_then(|at| at.parse().ok());
        let Some((step, at)) = object["step"].as_u64().zip(at) else { return };
        let times = self.0.entry(step).or_default();
        match object["entry"].as_str() {
            Some("begun") => times.0 = Some(at),
            Some("ended") => times.1 = Some(at),
            _ => {}
        }
    }

    /// For `benches/run`: a table, what took longest first.
    pub fn write(&self, file: &OsStr, line: &str, steps: &[Value]) {
        let span = |from: Timestamp, to: Timestamp| to.duration_since(from).as_secs_f64();
        let took = |(step, times): (&u64, &(Option<Timestamp>, Option<Timestamp>))| {
            Some((span(times.0?, times.1?), *step))
        };
        let mut all: Vec<(f64, u64)> = self.0.iter().filter_map(took).collect();
        all.sort_by(|a, b| b.0.total_cmp(&a.0));
        let first = self.0.values().filter_map(|times| times.0).min().unwrap();
        let last = self.0.values().filter_map(|times| times.1).max().unwrap();
        let whole = span(first, last);
        let mut text =
            format!("### `{line}`, on a host of the lab\n\n| step | seconds | of all |\n|---|---:|---:|\n");
        for (seconds, step) in all.iter().take(8) {
            let title = steps.iter().find(|one| one["id"] == *step).and_then(|one| one["title"].as_str());
            let of_all = seconds / whole * 100.0;
            let _ = writeln!(text, "| {} | {seconds:.1} | {of_all:.0} % |", title.unwrap_or("?"));
        }
        let rest: f64 = all.iter().skip(8).map(|one| one.0).sum();
        let _ = writeln!(
            text,
            "| {} others | {rest:.1} | {:.0} % |",
            all.len().saturating_sub(8),
            rest / whole * 100.0
        );
        let _ = writeln!(text, "| all | {whole:.1} | |\n");
        let mut file = File::options().create(true).append(true).open(file).unwrap();
        file.write_all(text.as_bytes()).unwrap();
    }
}
