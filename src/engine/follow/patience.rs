//! Whether and when logs that ended on a server are asked for again. Pure.

use std::time::Duration;

use jiff::SignedDuration;

use crate::remote::{Ending, Outcome, Refusal};

/// The first pause; doubled up to the longest.
const FIRST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(30);

/// So often in a row, which takes half an hour; a server that is away for longer does not come back by itself.
const MOST: u32 = 64;

/// What lasted for so long was in order, and the next pause is the first one again.
const LASTED: SignedDuration = SignedDuration::from_secs(10);

/// How often it was asked without success.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Patience {
    tries: u32,
    /// Whether it was ever in order.
    good: bool,
}

impl Patience {
    /// How long to wait before it is asked again; none if that makes no sense.
    pub(super) fn after(&mut self, ending: &Ending) -> Option<Duration> {
        if ending.started.is_some_and(|started| ending.at.duration_since(started) >= LASTED) {
            *self = Self { tries: 0, good: true };
        }
        let hopeful = match &ending.outcome {
            Outcome::Cancelled { .. } | Outcome::DeadlineReached { .. } => false,
            Outcome::Lost { .. } => ending.started.is_some() || self.good,
            // tail does not end by itself: the server is going down, or somebody killed it.
            Outcome::Done { .. } | Outcome::Killed { .. } => self.good,
            Outcome::NotStarted(refusal) => self.good && !needs_somebody(refusal),
        };
        self.good |= hopeful;
        if !hopeful || self.tries == MOST {
            return None;
        }
        let pause = FIRST.saturating_mul(1 << self.tries.min(10)).min(LONGEST);
        self.tries += 1;
        Some(pause)
    }
}

/// Whether it stays so until somebody does something about it. A server that is booting lets nobody in, so that a
/// permission that was there before is waited for.
const fn needs_somebody(refusal: &Refusal) -> bool {
    matches!(
        refusal,
        Refusal::UnknownHostKey { .. }
            | Refusal::ChangedHostKey { .. }
            | Refusal::SudoPassword { .. }
            | Refusal::SudoDenied { .. }
            | Refusal::NoSuchJob { .. }
    )
}

/// What happened, in words: following has no result that could be unknown.
pub(super) fn words(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Lost { detail } if detail.is_empty() => "the connection broke".into(),
        Outcome::Lost { detail } => format!("the connection broke ({detail})"),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    fn ending(outcome: Outcome, lasted: Option<i64>) -> Ending {
        let at = Timestamp::from_second(1_000).unwrap();
        let started = lasted.map(|lasted| at - SignedDuration::from_secs(lasted));
        Ending { outcome, started, at, before: Vec::new() }
    }

    fn lost() -> Outcome {
        Outcome::Lost { detail: String::new() }
    }

    fn away() -> Ending {
        let (server, detail) = ("i-1".to_owned(), String::new());
        ending(Outcome::NotStarted(Refusal::TimedOut { server, detail }), None)
    }

    #[test]
    fn pauses_grow_up_to_a_bound_and_end() {
        let mut patience = Patience::default();
        assert_eq!(patience.after(&ending(lost(), Some(0))), Some(FIRST));
        let pauses: Vec<Duration> = std::iter::from_fn(|| patience.after(&away())).collect();
        assert_eq!(pauses[..5], [2, 4, 8, 16, 30].map(Duration::from_secs));
        assert_eq!((pauses.len(), pauses.last()), (63, Some(&LONGEST)));
    }

    #[test]
    fn what_lasted_begins_anew() {
        let mut patience = Patience::default();
        patience.after(&ending(lost(), Some(60)));
        patience.after(&away());
        assert_eq!(patience.after(&ending(lost(), Some(60))), Some(FIRST));
        assert_eq!(patience.after(&ending(Outcome::Done { code: 143 }, Some(60))), Some(FIRST));
    }

    #[test]
    fn what_never_worked_or_needs_somebody_is_over_at_once() {
        assert_eq!(Patience::default().after(&away()), None);
        assert_eq!(Patience::default().after(&ending(Outcome::Done { code: 1 }, Some(1))), None);
        assert_eq!(Patience::default().after(&ending(lost(), None)), None);
        let mut patience = Patience::default();
        patience.after(&ending(lost(), Some(60)));
        let refusal = Refusal::SudoPassword { server: "i-1".into() };
        assert_eq!(patience.after(&ending(Outcome::NotStarted(refusal), None)), None);
        let cancelled = Outcome::Cancelled { ended: crate::remote::Ended::Yes };
        assert_eq!(patience.after(&ending(cancelled, Some(60))), None);
    }
}
