//! What the scripts' last words mean.

use super::stream::{End, How};
use crate::remote::{Ended, JobName, Outcome, Refusal, Signal};

/// It ended by itself.
pub(super) fn natural(end: &End, server: &str) -> Outcome {
    match end.how {
        How::Exit => Outcome::Done { code: end.code },
        How::Signal => Outcome::Killed { signal: Signal(end.code.saturating_sub(128)) },
        How::Cut => Outcome::NotStarted(Refusal::Failed {
            server: server.to_owned(),
            detail: "the input did not arrive completely, or there was no room for it: the command was not started".into(),
        }),
    }
}

/// It was ended from here, and so many processes stayed.
pub(super) const fn stopped(left: u32) -> Ended {
    if left == 0 { Ended::Yes } else { Ended::Left(left) }
}

/// What the server knows about a durable job: `absent`, `vanished`, `cancelled`, or systemd's result, code and
/// status, `exit-code exited 3`.
pub(super) fn of_durable(words: &str, server: &str, name: &JobName) -> Outcome {
    let server = server.to_owned();
    let mut words = words.split(' ');
    let (result, code, status) = (words.next(), words.next(), words.next());
    match (result, code, status) {
        (Some("absent"), ..) => Outcome::NotStarted(Refusal::NoSuchJob { server, name: name.to_string() }),
        (Some("cancelled"), ..) => Outcome::Cancelled { ended: Ended::Yes },
        (Some("timeout"), ..) => Outcome::DeadlineReached { ended: Ended::Yes },
        (_, Some("exited"), Some(code)) => match code.parse() {
            Ok(code) => Outcome::Done { code },
            Err(_) => Outcome::Lost { detail: format!("systemd says it exited with {code}") },
        },
        (_, Some("killed" | "dumped"), Some(signal)) => match Signal::named(signal) {
            Some(signal) => Outcome::Killed { signal },
            None => Outcome::Killed { signal: Signal(signal.parse().unwrap_or(0)) },
        },
        (Some("vanished"), ..) => Outcome::Lost {
            detail: "the server no longer has its unit: it was rebooted, or somebody removed it".into(),
        },
        _ => Outcome::Lost { detail: "systemd did not say how it ended".into() },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_way_a_unit_ends_is_told_apart() {
        let of = |words| of_durable(words, "i-1", &JobName::new("job").unwrap());
        assert_eq!(of("success exited 0"), Outcome::Done { code: 0 });
        assert_eq!(of("exit-code exited 3"), Outcome::Done { code: 3 });
        assert_eq!(of("signal killed KILL"), Outcome::Killed { signal: Signal(9) });
        assert_eq!(of("oom-kill killed KILL"), Outcome::Killed { signal: Signal(9) });
        assert_eq!(of("timeout killed TERM"), Outcome::DeadlineReached { ended: Ended::Yes });
        assert_eq!(of("cancelled"), Outcome::Cancelled { ended: Ended::Yes });
        assert!(matches!(of("vanished"), Outcome::Lost { .. }));
        assert!(matches!(of(""), Outcome::Lost { .. }));
        assert!(matches!(of("absent"), Outcome::NotStarted(Refusal::NoSuchJob { .. })));
    }
}
