//! What the measurements share: a terminal to run the program in, a table to print, the processor's clock.
#![allow(dead_code)]

pub mod terminal;

use std::collections::BTreeMap;
use std::time::Duration;

/// One line of the results.
pub struct Row {
    /// What was measured.
    pub what: &'static str,
    /// The result, in the budget's unit.
    pub measured: f64,
    /// What it may be at most; none where the number only informs.
    pub budget: Option<f64>,
    /// The unit.
    pub unit: &'static str,
    /// How it was measured.
    pub how: String,
}

/// Prints the rows as a Markdown table, and ends the program with 1 when a budget is missed.
pub fn report(title: &str, rows: &[Row]) {
    println!("### {title}\n");
    println!("| what | measured | budget | of budget | how |");
    println!("|---|---:|---:|---:|---|");
    let mut missed = false;
    for row in rows {
        let (budget, ratio) = row.budget.map_or_else(
            || (String::new(), String::new()),
            |budget| {
                missed |= row.measured > budget;
                (
                    format!("{budget} {}", row.unit),
                    match budget {
                        0.0 => String::new(),
                        _ => format!("{:.0} %", row.measured / budget * 100.0),
                    },
                )
            },
        );
        let measured = if row.measured == 0.0 {
            "0".to_owned()
        } else if row.measured < 0.1 {
            format!("{:.4}", row.measured)
        } else if row.measured >= 100.0 {
            format!("{:.0}", row.measured)
        } else {
            format!("{:.2}", row.measured)
        };
        println!("| {} | {measured} {} | {budget} | {ratio} | {} |", row.what, row.unit, row.how);
    }
    println!();
    if missed {
        eprintln!("{title}: a budget is missed");
        std::process::exit(1);
    }
}

/// The middle of some durations, in milliseconds.
pub fn median_ms(times: &mut [Duration]) -> f64 {
    times.sort();
    times.get(times.len() / 2).map_or(f64::NAN, |time| time.as_secs_f64() * 1_000.0)
}

/// Processor time that a process has used so far. Linux only.
pub struct Used {
    /// By thread, exact; a thread that ends takes its time along.
    threads: BTreeMap<String, u64>,
    /// All threads, those that ended too, in hundredths of a second.
    ticks: u64,
}

impl Used {
    /// What a process has used until now.
    pub fn by(process: u32) -> Option<Self> {
        let mut threads = BTreeMap::new();
        for thread in std::fs::read_dir(format!("/proc/{process}/task")).ok()? {
            let thread = thread.ok()?;
            let schedule = std::fs::read_to_string(thread.path().join("schedstat")).ok()?;
            let nanoseconds = schedule.split_whitespace().next()?.parse().ok()?;
            threads.insert(thread.file_name().into_string().ok()?, nanoseconds);
        }
        let stat = std::fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
        // The program's name may hold blanks: fields are counted from its closing bracket.
        let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
        let ticks = fields.get(11)?.parse::<u64>().ok()? + fields.get(12)?.parse::<u64>().ok()?;
        Some(Self { threads, ticks })
    }

    /// The time used since then: the larger of what the two clocks say.
    pub fn since(&self, before: &Self) -> Duration {
        let exact = self
            .threads
            .iter()
            .map(|(thread, now)| now.saturating_sub(before.threads.get(thread).copied().unwrap_or_default()));
        let coarse = Duration::from_millis(self.ticks.saturating_sub(before.ticks) * 10);
        Duration::from_nanos(exact.sum()).max(coarse)
    }
}

/// The most memory a process has had resident, in megabytes. Linux only.
pub fn peak_memory(process: u32) -> Option<f64> {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.trim().trim_end_matches("kB").trim().parse::<f64>().ok()? / 1_024.0)
}
