//! Reads dates and times as logs write them, from the front of a text.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone};

const MONTHS: [&str; 12] =
    ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];

/// What has not been read yet.
#[derive(Clone, Copy, Debug)]
pub(super) struct Scan<'a>(pub(super) &'a str);

impl<'a> Scan<'a> {
    /// Reads past this, if it comes next.
    pub(super) fn eat(&mut self, text: &str) -> Option<()> {
        self.0 = self.0.strip_prefix(text)?;
        Some(())
    }

    /// Reads past any of these that come next.
    pub(super) fn skip(&mut self, chars: &[char]) {
        self.0 = self.0.trim_start_matches(chars);
    }

    /// A number of so many digits.
    pub(super) fn number(&mut self, digits: std::ops::RangeInclusive<usize>) -> Option<i32> {
        let most = *digits.end();
        let count = self.0.bytes().take(most).take_while(u8::is_ascii_digit).count();
        if !digits.contains(&count) {
            return None;
        }
        let (number, rest) = self.0.split_at(count);
        self.0 = rest;
        number.parse().ok()
    }

    /// A month's short English name.
    pub(super) fn month(&mut self) -> Option<i32> {
        let word = self.0.get(..3)?;
        let month = MONTHS.iter().position(|known| *known == word)?;
        self.0 = &self.0[3..];
        i32::try_from(month + 1).ok()
    }

    /// `2026-11-22`, with any of these between the numbers.
    pub(super) fn date(&mut self, between: &str) -> Option<(i32, i32, i32)> {
        let year = self.number(4..=4)?;
        self.eat(between)?;
        let month = self.number(2..=2)?;
        self.eat(between)?;
        Some((year, month, self.number(2..=2)?))
    }

    /// `12:00:00`, with a fraction after `.` or `,` where there is one: hours, minutes, seconds, nanoseconds.
    pub(super) fn time(&mut self) -> Option<(i32, i32, i32, i32)> {
        let hour = self.number(2..=2)?;
        self.eat(":")?;
        let minute = self.number(2..=2)?;
        self.eat(":")?;
        let second = self.number(2..=2)?;
        let mut nanoseconds = 0;
        let mut rest = *self;
        if rest.eat(".").or_else(|| rest.eat(",")).is_some() {
            let digits = rest.0.bytes().take(9).take_while(u8::is_ascii_digit).count();
            if let Some(fraction) = rest.number(1..=9) {
                nanoseconds = fraction * 10_i32.pow(9 - u32::try_from(digits).ok()?);
                *self = rest;
            }
        }
        Some((hour, minute, second, nanoseconds))
    }

    /// A zone, after blanks if there are any: `Z`, `UTC`, `+00:00`, `+0000`, `+00`. None if there is something
    /// else; what it is stays unread.
    pub(super) fn zone(&mut self) -> Option<TimeZone> {
        let mut rest = *self;
        rest.skip(&[' ']);
        for word in ["UTC", "GMT", "Etc/UTC", "Z"] {
            let mut after = rest;
            if after.eat(word).is_some() && !after.0.starts_with(|c: char| c.is_ascii_alphanumeric()) {
                *self = after;
                return Some(TimeZone::UTC);
            }
        }
        let sign = match (rest.eat("+"), rest.eat("-")) {
            (Some(()), None) => 1,
            (None, Some(())) => -1,
            _ => return None,
        };
        let hours = rest.number(2..=2)?;
        let _ = rest.eat(":");
        let minutes = rest.number(2..=2).unwrap_or(0);
        let offset = Offset::from_seconds(sign * (hours * 3600 + minutes * 60)).ok()?;
        *self = rest;
        Some(offset.to_time_zone())
    }

    /// Whether a zone comes next that only a person could understand: `CET`, `America/New_York`.
    pub(super) fn has_foreign_zone(self) -> bool {
        let word = self.0.strip_prefix(' ').unwrap_or(self.0);
        let name = word.split([' ', ']', ':']).next().unwrap_or_default();
        let abbreviation = (3..=5).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_uppercase());
        let known = super::Level::of_word(name).is_some();
        (abbreviation && !known) || (name.contains('/') && name.starts_with(|c: char| c.is_ascii_uppercase()))
    }

    /// The text up to the next blank, and past it.
    pub(super) fn word(&mut self) -> &'a str {
        self.skip(&[' ']);
        let end = self.0.find(' ').unwrap_or(self.0.len());
        let (word, rest) = self.0.split_at(end);
        self.0 = rest;
        word
    }
}

/// The moment. Without a zone it is UTC, which EC2's servers have.
pub(super) fn moment(
    date: (i32, i32, i32),
    time: (i32, i32, i32, i32),
    zone: Option<TimeZone>,
) -> Option<Timestamp> {
    let small = |number: i32| i8::try_from(number).ok();
    let date_time = DateTime::new(
        i16::try_from(date.0).ok()?,
        small(date.1)?,
        small(date.2)?,
        small(time.0)?,
        small(time.1)?,
        // A leap second is the last one once more.
        small(time.2.min(59))?,
        time.3,
    );
    Some(date_time.ok()?.to_zoned(zone.unwrap_or(TimeZone::UTC)).ok()?.timestamp())
}
