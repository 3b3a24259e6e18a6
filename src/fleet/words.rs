//! Numbers and names as people read and write them, for sentences and columns.

/// The most characters of a name within a sentence.
const NAME: usize = 40;

/// A number with thousands set apart: `12,480`.
#[must_use]
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (n, digit) in digits.chars().enumerate() {
        if n > 0 && (digits.len() - n).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

/// So many of something: `1 zone`, `2 zones`.
#[must_use]
pub fn count(number: u64, one: &str) -> String {
    format!("{} {one}{}", grouped(number), if number == 1 { "" } else { "s" })
}

/// A length of time in its largest unit: `0.3 s`, `48 s`, `52 min`, `3.5 h`, `4 d`.
#[must_use]
pub fn seconds(seconds: f64) -> String {
    match seconds.max(0.0) {
        s if s < 9.95 => format!("{s:.1} s"),
        s if s < 120.0 => format!("{s:.0} s"),
        s if s < 7_200.0 => format!("{:.0} min", s / 60.0),
        s if s < 172_800.0 => format!("{:.1} h", s / 3_600.0),
        s => format!("{:.0} d", s / 86_400.0),
    }
}

/// The same without a space, for a column, with a tenth while it is below a hundred seconds: `48.2s`, `52m`.
#[must_use]
pub fn short_seconds(seconds: f64) -> String {
    match seconds.max(0.0) {
        s if s < 99.95 => format!("{s:.1}s"),
        s if s < 600.0 => format!("{s:.0}s"),
        s if s < 7_200.0 => format!("{:.0}m", s / 60.0),
        s if s < 172_800.0 => format!("{:.0}h", s / 3_600.0),
        s => format!("{:.0}d", s / 86_400.0),
    }
}

/// An age in steps, so that what shows it stays still: `now`, `15s`, `30s`, `7m`, `3h`, `12d`. What lies ahead is `now`.
#[must_use]
pub fn age(age: jiff::SignedDuration) -> String {
    match age.as_secs() {
        ..15 => "now".into(),
        15..30 => "15s".into(),
        30..60 => "30s".into(),
        seconds @ 60..3_600 => format!("{}m", seconds / 60),
        // Two days in hours: "since yesterday" wants to be exact.
        seconds @ 3_600..172_800 => format!("{}h", seconds / 3_600),
        seconds => format!("{}d", seconds / 86_400),
    }
}

/// Bytes in binary units: `812 B`, `1.5 KiB`, `16 MiB`, `2.4 GiB`.
#[must_use]
#[allow(clippy::cast_precision_loss)] // two digits are shown
pub fn bytes(bytes: u64) -> String {
    let mut value = bytes as f64;
    for unit in ["B", "KiB", "MiB", "GiB", "TiB"] {
        if value < 1_000.0 || unit == "TiB" {
            return if unit == "B" || value >= 9.95 {
                format!("{value:.0} {unit}")
            } else {
                format!("{value:.1} {unit}")
            };
        }
        value /= 1_024.0;
    }
    String::new()
}

/// A name that somebody else chose, short enough for a sentence.
#[must_use]
pub fn name(name: &str) -> String {
    if name.chars().nth(NAME).is_none() {
        return name.to_owned();
    }
    name.chars().take(NAME - 1).chain(['…']).collect()
}

/// The candidate that was probably meant by `word`, when one is near: at most a third of its letters differ.
#[must_use]
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    const LONGEST: usize = 64;
    let word = word.trim().to_lowercase();
    let letters = word.chars().count();
    if letters == 0 || letters > LONGEST {
        return None;
    }
    candidates
        .into_iter()
        .filter(|candidate| candidate.len() <= LONGEST * 4)
        .map(|candidate| (distance(&word, &candidate.to_lowercase()), candidate))
        .filter(|(distance, candidate)| *distance <= (letters.max(candidate.chars().count()) / 3).max(1))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Letters to change, where a dash for an underscore and a beginning of the word cost next to nothing.
fn distance(word: &str, candidate: &str) -> usize {
    let plain = |text: &str| text.replace(['-', '_', ' ', '.'], "");
    let (a, b) = (plain(word), plain(candidate));
    if a == b {
        return 0;
    }
    let abbreviates =
        a.chars().count() >= 3 && (b.starts_with(&a) || a.starts_with(&b) && b.chars().count() >= 3);
    if abbreviates { 1 } else { strsim::damerau_levenshtein(&a, &b) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_short_and_have_units() {
        assert_eq!([0, 999, 12_480, 1_234_567].map(grouped), ["0", "999", "12,480", "1,234,567"]);
        let times = [-1.0, 0.04, 9.96, 48.2, 119.0, 3_120.0, 12_600.0, 345_600.0];
        assert_eq!(times.map(seconds), ["0.0 s", "0.0 s", "10 s", "48 s", "119 s", "52 min", "3.5 h", "4 d"]);
        assert_eq!([0.0, 48.23, 120.0, 3_120.0].map(short_seconds), ["0.0s", "48.2s", "120s", "52m"]);
        let sizes = [0, 812, 1_536, 16 << 20, 2_600_000_000, u64::MAX];
        assert_eq!(sizes.map(bytes), ["0 B", "812 B", "1.5 KiB", "16 MiB", "2.4 GiB", "16777216 TiB"]);
    }

    #[test]
    fn a_long_name_ends_in_dots() {
        assert_eq!(name("exports"), "exports");
        assert_eq!(name(&"漢".repeat(200)).chars().count(), NAME);
    }

    #[test]
    fn the_nearest_right_name_is_found_and_a_far_one_is_not() {
        let names = ["production", "staging", "testing"];
        assert_eq!(nearest("prodution", names), Some("production"));
        assert_eq!(nearest("Production", names), Some("production"));
        assert_eq!(nearest("prod", names), Some("production"));
        assert_eq!(nearest("stagign", names), Some("staging"));
        assert_eq!(nearest("elsewhere", names), None);
        assert_eq!(nearest("", names), None);
        assert_eq!(nearest("instance-types", ["instance_types", "volume_types"]), Some("instance_types"));
    }
}
