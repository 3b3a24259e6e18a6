//! All runs that this console knows, and what goes with starting them.

use std::collections::BTreeSet;

use super::logs::Logs;
use super::run::{Run, Ticket};
use crate::fleet::InstanceId;

/// The most runs whose output is kept in memory; of older ones it is on disk.
const MOST_RUNS: usize = 8;
/// The most logs whose lines are kept.
const MOST_LOGS: usize = 3;
/// The most bytes that lines of all runs and logs take together.
const MOST_BYTES: usize = 64 << 20;
/// What older runs and logs keep when there are more.
const OF_OLDER: usize = 1 << 20;
/// The most commands that are remembered.
const MOST_COMMANDS: usize = 50;

/// The runs of this console.
#[derive(Clone, Debug, Default)]
pub struct Shelf {
    next: u32,
    runs: Vec<Run>,
    logs: Vec<Logs>,
    /// The logs that are followed: those on the screen.
    pub followed: Option<Ticket>,
    /// Commands that were run, newest first.
    pub commands: Vec<String>,
    /// Servers that are marked, to do something with all of them.
    pub marks: BTreeSet<InstanceId>,
}

impl Shelf {
    /// A name that was not given before.
    pub fn ticket(&mut self) -> Ticket {
        self.next += 1;
        Ticket(self.next)
    }

    /// Puts a run on it. The oldest that is over may have to go.
    pub fn add(&mut self, run: Run) {
        let command = run.wish.command.clone();
        self.commands.retain(|known| *known != command);
        self.commands.insert(0, command);
        self.commands.truncate(MOST_COMMANDS);
        self.runs.push(run);
        while self.runs.len() > MOST_RUNS {
            let Some(oldest) = self.runs.iter().position(Run::is_over) else { break };
            self.runs.remove(oldest);
        }
    }

    /// Keeps the lines of everything within 64 MB: the oldest runs and logs give up most of theirs first. The whole
    /// output of runs is on disk.
    pub fn tidy(&mut self) {
        self.keep_within(MOST_BYTES, OF_OLDER);
    }

    fn keep_within(&mut self, most: usize, of_older: usize) {
        let older = (self.runs.len().saturating_sub(1), self.logs.len().saturating_sub(1));
        for place in 0..older.0 {
            if self.bytes() > most {
                self.runs[place].shrink(of_older);
            }
        }
        for place in 0..older.1 {
            if self.bytes() > most {
                self.logs[place].pane.shrink(of_older);
            }
        }
        // Half for each of the newest: what one of them does not use is not missed by the other.
        if self.bytes() > most {
            let half = most / 2 - (older.0 + older.1) * of_older / 2;
            self.runs.iter_mut().skip(older.0).for_each(|run| run.shrink(half));
            self.logs.iter_mut().skip(older.1).for_each(|logs| logs.pane.shrink(half));
        }
    }

    /// Bytes that the lines of all runs and logs take.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let of_runs: usize = self.runs.iter().map(Run::bytes).sum();
        of_runs + self.logs.iter().map(|logs| logs.pane.lines.bytes()).sum::<usize>()
    }

    /// The run of this name, while it is kept.
    #[must_use]
    pub fn run(&self, ticket: Ticket) -> Option<&Run> {
        self.runs.iter().find(|run| run.ticket == ticket)
    }

    /// The run of this name, to change it.
    pub fn run_mut(&mut self, ticket: Ticket) -> Option<&mut Run> {
        self.runs.iter_mut().find(|run| run.ticket == ticket)
    }

    /// Puts logs on it; the oldest may have to go.
    pub fn add_logs(&mut self, logs: Logs) {
        self.logs.push(logs);
        let surplus = self.logs.len().saturating_sub(MOST_LOGS);
        self.logs.drain(..surplus);
    }

    /// The logs of this name, while they are kept.
    #[must_use]
    pub fn logs(&self, ticket: Ticket) -> Option<&Logs> {
        self.logs.iter().find(|logs| logs.ticket == ticket)
    }

    /// The logs of this name, to change them.
    pub fn logs_mut(&mut self, ticket: Ticket) -> Option<&mut Logs> {
        self.logs.iter_mut().find(|logs| logs.ticket == ticket)
    }

    /// All runs, newest first.
    pub fn runs(&self) -> impl Iterator<Item = &Run> {
        self.runs.iter().rev()
    }

    /// Those that go on on some server, newest first.
    pub fn going_on(&self) -> impl Iterator<Item = &Run> {
        self.unfinished().filter(|run| run.members.iter().any(|member| !member.state.is_over()))
    }

    /// Those whose last word has not come: the record may still be on its way to the disk.
    pub fn unfinished(&self) -> impl Iterator<Item = &Run> {
        self.runs().filter(|run| !run.is_over())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::views::tests::runs;
    use crate::remote::Stream;

    #[test]
    fn older_runs_give_their_lines_up_so_that_all_stay_within_bounds() {
        let mut shelf = Shelf::default();
        let text = "a line of output\n".repeat(2_000);
        for _ in 0..6 {
            let ticket = shelf.ticket();
            let mut run = runs::run(ticket, "date", &["i-0aa1aaaa", "i-0aa2aaaa"]);
            run.take(runs::lines(0, Stream::Out, &text), run.asked_at);
            run.take(runs::lines(1, Stream::Out, &text), run.asked_at);
            shelf.add(run);
        }
        let of_one = shelf.bytes() / 6;
        shelf.keep_within(3 * of_one, 10_000);
        assert!(shelf.bytes() <= 3 * of_one, "{} > 3 * {of_one}", shelf.bytes());
        let kept: Vec<usize> = shelf.runs().map(Run::bytes).collect();
        assert_eq!(kept[0], of_one, "the newest keeps all of it");
        assert!(kept[5] <= 10_000 && kept[5] > 0, "the oldest keeps its newest lines: {kept:?}");
        shelf.keep_within(of_one, 10_000);
        assert!(shelf.bytes() <= of_one, "the newest gives up what must be: {}", shelf.bytes());
    }
}
