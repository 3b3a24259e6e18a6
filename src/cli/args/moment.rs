//! A moment of the past, as people say it.

use jiff::civil::Time;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};

/// What was said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moment {
    /// So long ago.
    Ago(SignedDuration),
    /// The last time that clocks in UTC showed this.
    Clock(Time),
    /// A date and a time.
    At(Timestamp),
}

impl Moment {
    /// When that is.
    #[must_use]
    pub fn before(self, now: Timestamp) -> Timestamp {
        match self {
            Self::At(at) => at,
            Self::Ago(ago) => now.checked_sub(ago).unwrap_or(Timestamp::MIN),
            Self::Clock(time) => {
                let today = now.to_zoned(TimeZone::UTC).date();
                let on = |date: jiff::civil::Date| {
                    date.to_datetime(time).to_zoned(TimeZone::UTC).map_or(now, |zoned| zoned.timestamp())
                };
                let at = on(today);
                if at <= now { at } else { on(today.checked_sub(1.day()).unwrap_or(today)) }
            }
        }
    }
}

/// Reads what somebody typed.
///
/// # Errors
/// What can be said instead.
pub fn parse(text: &str) -> Result<Moment, String> {
    let text = text.trim();
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(Moment::At(at));
    }
    if text.contains(':')
        && let Ok(time) = text.parse::<Time>()
    {
        return Ok(Moment::Clock(time));
    }
    let ago = text.strip_suffix("ago").unwrap_or(text).trim();
    let ago = super::servers::duration(ago).ok().and_then(|ago| SignedDuration::try_from(ago).ok());
    ago.map(Moment::Ago)
        .ok_or_else(|| "say 2h, 03:12, 03:12:40 or 2026-11-29T03:12:40Z; times are UTC".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_of_day_is_the_last_one_and_a_length_is_ago() {
        let now: Timestamp = "2026-11-29T02:00:00Z".parse().unwrap();
        for (said, at) in [
            ("01:30", "2026-11-29T01:30:00Z"),
            ("03:12:40", "2026-11-28T03:12:40Z"),
            ("2h", "2026-11-29T00:00:00Z"),
            ("90m ago", "2026-11-29T00:30:00Z"),
            ("2026-11-22T03:00:00Z", "2026-11-22T03:00:00Z"),
        ] {
            assert_eq!(parse(said).unwrap().before(now), at.parse().unwrap(), "{said}");
        }
        for said in ["", "soon", "25:00", "ago"] {
            assert!(parse(said).unwrap_err().contains("03:12:40"), "{said}");
        }
    }
}
