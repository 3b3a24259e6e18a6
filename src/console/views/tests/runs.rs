//! Runs made by hand, on the servers of the small fleet.

use std::time::Duration;

use super::fixture::{ago, now};
use crate::console::panes::{ExecWish, Run, Ticket};
use crate::engine::{Host, Progress, RunId, Tally};
use crate::fleet::{InstanceId, Role};
use crate::remote::clean_text::{CleanText, clean_lines};
use crate::remote::host_keys::HostKey;
use crate::remote::{Ended, Ending, Line, Outcome, Refusal, Signal, Stream, Target};

pub const WEBS: [&str; 4] = ["i-0a11aaaa", "i-0b22bbbb", "i-0c3fcccc", "i-0d44dddd"];

pub fn host(id: &str, role: Role) -> Host {
    let target = Target::new(InstanceId::new(id), "10.0.1.7").unwrap();
    Host {
        name: format!("{} {role}", target.instance().short()),
        target,
        role,
        environment: "production".into(),
    }
}

pub fn wish(ticket: Ticket, command: &str, ids: &[&str]) -> ExecWish {
    ExecWish {
        ticket,
        environment: "production".into(),
        hosts: ids.iter().map(|id| host(id, Role::Web)).collect(),
        command: command.into(),
        sudo: true,
        at_once: None,
        stop_on_failure: false,
        deadline: Duration::from_secs(60),
    }
}

/// A run that has begun.
pub fn run(ticket: Ticket, command: &str, ids: &[&str]) -> Run {
    let mut run = Run::new(wish(ticket, command, ids), ago(41));
    run.id = RunId::parse("2026-11-22-0007");
    run
}

/// A moment of the run.
pub fn lines_at() -> jiff::Timestamp {
    ago(2)
}

pub fn lines(host: usize, stream: Stream, text: &str) -> Progress {
    let line = |text: CleanText| Line { at: ago(2), stream, source: None, unfinished: false, text };
    Progress::Lines { host, lines: clean_lines(text.as_bytes()).into_iter().map(line).collect() }
}

pub fn unfinished(host: usize, text: &str) -> Progress {
    let text = CleanText::one_line(text);
    let line = Line { at: ago(1), stream: Stream::Out, source: None, unfinished: true, text };
    Progress::Lines { host, lines: vec![line] }
}

pub fn began(host: usize) -> Progress {
    Progress::Began { host, at: ago(40) }
}

pub fn ended(host: usize, outcome: Outcome, digest: u64) -> Progress {
    let ending = Ending { outcome, started: Some(ago(39)), at: ago(3), before: Vec::new() };
    Progress::Ended { host, ending, tally: Tally { digest, ..Tally::default() } }
}

pub fn key() -> HostKey {
    let line = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGtDpIcmnsTc4J9Oqgqf1iyD4JrN6C2cbXLw3hnvBUB9";
    HostKey::parse(line).unwrap()
}

/// Every state there is, one server each.
pub fn every_state(ticket: Ticket) -> Run {
    let server = |detail: &str| (String::from("i-0c3fcccc (10.0.1.7)"), detail.to_owned());
    let ids: Vec<String> = (0..16).map(|n| format!("i-0{n:x}00{n:04x}")).collect();
    let ids: Vec<&str> = ids.iter().map(String::as_str).collect();
    let mut run = run(ticket, "apt-get -qy upgrade", &ids);
    let (name, detail) = server("Connection timed out");
    let news = [
        ended(0, Outcome::Done { code: 0 }, 1),
        ended(1, Outcome::Done { code: 0 }, 1),
        ended(2, Outcome::Done { code: 0 }, 2),
        ended(3, Outcome::Done { code: 100 }, 3),
        ended(4, Outcome::Killed { signal: Signal(9) }, 4),
        ended(5, Outcome::Cancelled { ended: Ended::Yes }, 5),
        ended(6, Outcome::Cancelled { ended: Ended::Left(2) }, 6),
        ended(7, Outcome::DeadlineReached { ended: Ended::Unknown }, 7),
        ended(8, Outcome::Lost { detail: "Broken pipe".into() }, 8),
        ended(9, Outcome::NotStarted(Refusal::TimedOut { server: name.clone(), detail }), 9),
        ended(
            10,
            Outcome::NotStarted(Refusal::UnknownHostKey { server: name.clone(), presented: key() }),
            10,
        ),
        ended(11, Outcome::NotStarted(Refusal::SudoPassword { server: name }), 11),
        Progress::Skipped { host: 12, why: "another server failed".into() },
        Progress::Began { host: 13, at: ago(1) },
        lines(14, Stream::Out, "Reading package lists...\nBuilding dependency tree..."),
    ];
    for host in 0..15 {
        run.take(began(host), now());
    }
    run.take(lines(0, Stream::Out, "0 upgraded, 0 newly installed, 0 to remove and 3 not upgraded."), now());
    run.take(lines(3, Stream::Err, "E: Could not get lock /var/lib/dpkg/lock-frontend"), now());
    for news in news {
        run.take(news, now());
    }
    run
}

/// Four servers in the middle of it.
pub fn under_way(ticket: Ticket) -> Run {
    let mut run = run(ticket, "pip install -r requirements.txt", &WEBS);
    for host in 0..3 {
        run.take(began(host), now());
    }
    let collected = "Collecting Django==4.2.16\n  Downloading Django-4.2.16-py3-none-any.whl (8.0 MB)\n\u{1b}[32mSuccessfully installed\u{1b}[0m Django-4.2.16 \u{1b}[1msqlparse-0.5.1\u{1b}[0m\n漢字 and a line that is longer than the pane it stands in, so that it has to be broken or to be cut somewhere\n";
    run.take(lines(0, Stream::Out, collected), now());
    run.take(ended(0, Outcome::Done { code: 0 }, 1), now());
    run.take(lines(1, Stream::Out, collected), now());
    run.take(
        lines(1, Stream::Err, "\u{1b}[33mWARNING: Running pip as the 'root' user can break things\u{1b}[0m"),
        now(),
    );
    run.take(unfinished(1, "   ━━━━━━━━━━━━━━━━━━━━ 6.1/8.0 MB 11.2 MB/s"), now());
    let many: Vec<String> = (1..=60).map(|n| format!("Processing dependency {n} of 60")).collect();
    run.take(lines(2, Stream::Out, &many.join("\n")), now());
    run
}
