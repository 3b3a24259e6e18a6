//! Curves that everything in a world follows: the time of the day, noise, and how troubles grow.

use super::dice::Dice;

const MINUTE: i64 = 60_000;

/// How much of its strength a trouble of this age has reached: all of it after eight minutes.
pub(super) fn grown(age: i64) -> f64 {
    let minutes = i32::try_from((age / MINUTE).clamp(0, 8)).unwrap_or(8);
    (f64::from(minutes) + 1.0) / 9.0
}

/// How busy a site is at this minute of the day, from about 0.25 at night to 1.0 in the afternoon (UTC).
pub(super) fn daily(minute: i64) -> f64 {
    let of_day = i32::try_from(minute.rem_euclid(1_440)).unwrap_or(0);
    let turn = (f64::from(of_day) - 17.0 * 60.0) / 1_440.0 * std::f64::consts::TAU;
    0.625 + 0.375 * turn.cos()
}

/// Noise in `0.0..1.0`: slow waves of twelve minutes and a little of every minute's own.
pub(super) fn noise(dice: Dice, entity: &str, minute: i64) -> f64 {
    let slow = minute.div_euclid(12);
    let share = f64::from(i32::try_from(minute.rem_euclid(12)).unwrap_or(0)) / 12.0;
    let from = dice.unit(entity, slow.cast_unsigned());
    let to = dice.unit(entity, (slow + 1).cast_unsigned());
    let own = dice.unit(entity, minute.cast_unsigned() ^ 0x4000_0000_0000_0000);
    0.65 * (from + (to - from) * share) + 0.35 * own
}

/// A wave in `0.0..1.0` at a moment in milliseconds: a new height every `period` milliseconds, and a straight
/// way between.
pub(super) fn wave(dice: Dice, entity: &str, at: i64, period: i64) -> f64 {
    let slot = at.div_euclid(period);
    let share = fraction(at.rem_euclid(period), period);
    let from = dice.unit(entity, slot.cast_unsigned());
    let to = dice.unit(entity, (slot + 1).cast_unsigned());
    from + (to - from) * share
}

/// One whole number as a share of another one.
#[allow(clippy::cast_precision_loss, reason = "times of a day, in milliseconds")]
pub(super) fn fraction(part: i64, whole: i64) -> f64 {
    part as f64 / whole.max(1) as f64
}

/// A positive number as a whole one.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "what is too large is the largest"
)]
pub(super) fn whole(number: f64) -> u64 {
    number.max(0.0).round() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_afternoon_is_busier_than_the_night() {
        assert!(daily(17 * 60) > 0.99);
        assert!(daily(5 * 60) < 0.26);
    }

    #[test]
    fn a_wave_has_no_steps_and_stays_in_its_range() {
        let dice = Dice::new(3);
        for at in 0..5_000 {
            let (here, next) = (wave(dice, "w", at * 10, 1_000), wave(dice, "w", at * 10 + 10, 1_000));
            assert!((0.0..1.0).contains(&here) && (here - next).abs() < 0.011, "{here} {next}");
        }
    }
}
