//! Ages in steps, so that an idle screen stays still: now, 15s, 30s, then whole minutes, hours and days.

use jiff::{SignedDuration, Timestamp};

use crate::fleet::{Since, words};

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// The length of the step that an age of this many seconds stands in, and where that step begins.
const fn step(seconds: i64) -> (i64, i64) {
    match seconds {
        ..15 => (0, 15),
        15..30 => (15, 15),
        30..MINUTE => (30, 30),
        MINUTE..HOUR => (seconds / MINUTE * MINUTE, MINUTE),
        // Two days in hours: "since yesterday" wants to be exact.
        HOUR..172_800 => (seconds / HOUR * HOUR, HOUR),
        _ => (seconds / DAY * DAY, DAY),
    }
}

/// The age as it is shown: `now`, `15s`, `30s`, `7m`, `3h`, `12d`. What lies ahead is `now`.
#[must_use]
pub fn shown(age: SignedDuration) -> String {
    words::age(age)
}

/// How long ago that was, in steps.
#[must_use]
pub fn since(at: Timestamp, now: Timestamp) -> String {
    shown(now.duration_since(at))
}

/// The same as words: `now`, `3m ago`.
#[must_use]
pub fn ago(at: Timestamp, now: Timestamp) -> String {
    match since(at, now).as_str() {
        "now" => "now".to_owned(),
        word => format!("{word} ago"),
    }
}

/// How long something is as it is: `for 14m`, or `for at least 14m` when it was not seen to turn. `None` while
/// nothing can be said.
#[must_use]
pub fn held(since: Since, now: Timestamp) -> Option<String> {
    let shown = self::since(since.at, now);
    match (since.turned, shown.as_str()) {
        (true, "now") => Some("just now".into()),
        (true, _) => Some(format!("for {shown}")),
        (false, "now") => None,
        (false, _) => Some(format!("for at least {shown}")),
    }
}

/// When the age of something from `at` will next be shown differently. Always after `now`.
#[must_use]
pub fn next_change(at: Timestamp, now: Timestamp) -> Timestamp {
    let (begin, length) = step(now.duration_since(at).as_secs());
    at.checked_add(SignedDuration::from_secs(begin + length)).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_not_seen_to_turn_is_so_for_at_least_that_long() {
        let at = Timestamp::from_second(1_800_000_000).unwrap();
        let later = Timestamp::from_second(1_800_000_000 + 14 * 60).unwrap();
        let held = |turned, now| held(Since { at, turned }, now);
        assert_eq!(held(true, at).as_deref(), Some("just now"));
        assert_eq!(held(true, later).as_deref(), Some("for 14m"));
        assert_eq!(held(false, at), None);
        assert_eq!(held(false, later).as_deref(), Some("for at least 14m"));
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    #[test]
    fn what_is_now_is_not_ago() {
        assert_eq!((ago(at(0), at(3)).as_str(), ago(at(0), at(200)).as_str()), ("now", "3m ago"));
    }

    #[test]
    fn ages_are_shown_in_steps() {
        let shown = |seconds| shown(SignedDuration::from_secs(seconds));
        let texts = [-5, 0, 14, 15, 29, 30, 59, 60, 119, 3_599, 3_600, 172_799, 172_800, 900_000].map(shown);
        let expected =
            ["now", "now", "now", "15s", "15s", "30s", "30s", "1m", "1m", "59m", "1h", "47h", "2d", "10d"];
        assert_eq!(texts, expected);
    }

    #[test]
    fn nothing_changes_before_the_next_change_and_something_does_then() {
        for seconds in [0, 3, 14, 15, 31, 60, 61, 3_599, 3_600, 7_300, 172_799, 172_800, 400_000] {
            let now = at(seconds);
            let next = next_change(at(0), now);
            assert!(next > now);
            let just_before = next.checked_sub(SignedDuration::from_secs(1)).unwrap();
            assert_eq!(since(at(0), just_before), since(at(0), now), "{seconds}");
            assert_ne!(since(at(0), next), since(at(0), now), "{seconds}");
        }
    }

    #[test]
    fn what_lies_ahead_changes_later() {
        assert!(next_change(at(100), at(0)) > at(100));
    }
}
