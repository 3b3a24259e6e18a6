//! "Same output on 11 of 12, this one differs."

use std::collections::BTreeMap;

/// How one output stands among the others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Likeness {
    /// The same as this many of all that have ended, itself counted.
    Same(usize),
    /// Most others are the same as each other, and this is not.
    Differs,
    /// There is nothing to compare it with: it has not ended, or is the only one, or there is no majority.
    Unknown,
}

/// How each output stands, by its digest; none where there is none to compare.
#[must_use]
pub fn likeness(digests: &[Option<u64>]) -> Vec<Likeness> {
    let mut counts: BTreeMap<u64, usize> = BTreeMap::new();
    for digest in digests.iter().flatten() {
        *counts.entry(*digest).or_default() += 1;
    }
    let all: usize = counts.values().sum();
    let most = counts.values().copied().max().unwrap_or(0);
    digests
        .iter()
        .map(|digest| match digest.and_then(|digest| counts.get(&digest)) {
            Some(count) if all > 1 && *count > 1 => Likeness::Same(*count),
            Some(_) if most * 2 > all && all > 2 => Likeness::Differs,
            Some(_) if all == 2 => Likeness::Differs,
            _ => Likeness::Unknown,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_one_that_differs_is_told_from_the_many_that_do_not() {
        let digests: Vec<_> = (0..12).map(|n| Some(u64::from(n == 3))).collect();
        let found = likeness(&digests);
        assert_eq!((found[0], found[3]), (Likeness::Same(11), Likeness::Differs));
    }

    #[test]
    fn without_a_majority_nothing_is_called_different() {
        assert_eq!(likeness(&[Some(1)]), [Likeness::Unknown]);
        assert_eq!(likeness(&[Some(1), None]), [Likeness::Unknown; 2]);
        assert_eq!(likeness(&[Some(1), Some(2)]), [Likeness::Differs; 2]);
        assert_eq!(likeness(&[Some(1), Some(2), Some(3)]), [Likeness::Unknown; 3]);
        let pairs = likeness(&[Some(1), Some(1), Some(2), Some(2)]);
        assert_eq!(pairs, [Likeness::Same(2); 4]);
    }
}
