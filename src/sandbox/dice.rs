//! Chance that can be repeated: every draw is a keyed hash of (seed, entity, counter).
//!
//! No draw depends on another one, so neither the order of reads nor the number of consoles changes the world.

use std::hash::Hasher;

use siphasher::sip::SipHasher13;

/// The dice of one world.
#[derive(Clone, Copy, Debug)]
pub(super) struct Dice {
    seed: u64,
}

impl Dice {
    pub(super) const fn new(seed: u64) -> Self {
        Self { seed }
    }

    /// 64 bits for this entity and counter.
    pub(super) fn draw(self, entity: &str, counter: u64) -> u64 {
        let mut hasher = SipHasher13::new_with_keys(self.seed, 0x5155_4152_5445_5244);
        hasher.write(entity.as_bytes());
        hasher.write_u8(0xff);
        hasher.write_u64(counter);
        hasher.finish()
    }

    /// A number in `0.0..1.0`.
    pub(super) fn unit(self, entity: &str, counter: u64) -> f64 {
        let top = u32::try_from(self.draw(entity, counter) >> 32).unwrap_or(u32::MAX);
        f64::from(top) / 4_294_967_296.0
    }

    /// A whole number in `low..=high`.
    pub(super) fn between(self, entity: &str, counter: u64, low: i64, high: i64) -> i64 {
        let span = high.abs_diff(low).saturating_add(1);
        low.saturating_add_unsigned(self.draw(entity, counter) % span.max(1))
    }

    /// `len` hexadecimal digits, at most 32.
    pub(super) fn hex(self, entity: &str, counter: u64, len: usize) -> String {
        let mut digits = format!(
            "{:016x}{:016x}",
            self.draw(entity, counter),
            self.draw(entity, counter ^ 0x8000_0000_0000_0000)
        );
        digits.truncate(len);
        digits
    }

    /// An id as AWS makes them: the prefix, a zero and sixteen hexadecimal digits.
    pub(super) fn id(self, prefix: &str, entity: &str, counter: u64) -> String {
        format!("{prefix}-0{}", self.hex(entity, counter, 16))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draw_depends_on_seed_entity_and_counter_and_on_nothing_else() {
        let dice = Dice::new(7);
        assert_eq!(dice.draw("a", 1), Dice::new(7).draw("a", 1));
        assert_ne!(dice.draw("a", 1), dice.draw("a", 2));
        assert_ne!(dice.draw("a", 1), dice.draw("b", 1));
        assert_ne!(dice.draw("a", 1), Dice::new(8).draw("a", 1));
    }

    #[test]
    fn numbers_stay_in_their_range() {
        let dice = Dice::new(7);
        for n in 0..1_000 {
            assert!((0.0..1.0).contains(&dice.unit("u", n)));
            assert!((-3..=4).contains(&dice.between("b", n, -3, 4)));
        }
        assert_eq!(dice.id("i", "x", 1).len(), 19);
    }
}
