//! Which characters may pass, which are dropped and which are shown as a replacement.

use unicode_width::UnicodeWidthChar;

use crate::fleet::text::is_printable;

/// The longest run of characters without a width that is kept: enough for any script, too few to paint
/// over the lines above and below.
pub(super) const MAX_MARKS: u8 = 4;

/// What becomes of a character that is not ASCII.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fate {
    /// It stays.
    Keep,
    /// It stays, as long as there are not too many in a row.
    Mark,
    /// It goes without a trace: it has no shape of its own.
    Drop,
    /// It would turn the text around or split it: a replacement is shown, so that nobody overlooks it.
    Replace,
}

/// What becomes of `c`, which is not ASCII.
pub(super) fn fate(c: char) -> Fate {
    match c {
        // Joiners, soft hyphens, byte order marks and variation selectors only shape their neighbours.
        '\u{80}'..='\u{9f}' | '\u{ad}' | '\u{34f}' | '\u{200b}'..='\u{200d}' | '\u{2060}' | '\u{feff}' => {
            Fate::Drop
        }
        '\u{fe00}'..='\u{fe0f}' | '\u{e0000}'..='\u{e0fff}' => Fate::Drop,
        // Format characters outside the ranges that are forbidden everywhere, and blanks that look like none.
        '\u{600}'..='\u{605}'
        | '\u{6dd}'
        | '\u{70f}'
        | '\u{890}'..='\u{891}'
        | '\u{8e2}'
        | '\u{115f}'..='\u{1160}'
        | '\u{17b4}'..='\u{17b5}'
        | '\u{180b}'..='\u{180f}'
        | '\u{3164}'
        | '\u{ffa0}'
        | '\u{110bd}'
        | '\u{110cd}'
        | '\u{13430}'..='\u{1345f}'
        | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}' => Fate::Replace,
        c if !is_printable(c) => Fate::Replace,
        c if c.width() == Some(0) => Fate::Mark,
        _ => Fate::Keep,
    }
}

/// Whether a character may stand in clean text.
#[must_use]
pub fn is_clean(c: char) -> bool {
    if c.is_ascii() { (' '..='~').contains(&c) } else { matches!(fate(c), Fate::Keep | Fate::Mark) }
}

/// How many bytes at the beginning are printable ASCII. Nearly all output is: whole blocks are looked at at once.
pub(super) fn plain_length(bytes: &[u8]) -> usize {
    const BLOCK: usize = 32;
    let is_plain = |byte: u8| byte.wrapping_sub(b' ') <= b'~' - b' ';
    let blocks = bytes.chunks_exact(BLOCK);
    // Without a branch, so that the compiler makes it a few instructions.
    let whole = blocks.take_while(|block| block.iter().fold(true, |all, byte| all & is_plain(*byte))).count();
    let rest = &bytes[whole * BLOCK..];
    whole * BLOCK + rest.iter().position(|byte| !is_plain(*byte)).unwrap_or(rest.len())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_plain_is_found_by_blocks_as_by_bytes(
            plain in proptest::collection::vec(b' '..=b'~', 0..100), rest in proptest::collection::vec(any::<u8>(), 0..40),
        ) {
            let bytes = [plain, rest].concat();
            let one_by_one = bytes.iter().position(|b| !(b' '..=b'~').contains(b)).unwrap_or(bytes.len());
            prop_assert_eq!(plain_length(&bytes), one_by_one);
        }
    }

    #[test]
    fn what_turns_text_around_is_replaced_and_what_only_shapes_it_is_dropped() {
        for c in ['\u{202e}', '\u{2066}', '\u{200f}', '\u{2028}', '\u{61c}', '\u{fff9}'] {
            assert_eq!(fate(c), Fate::Replace, "{c:?}");
        }
        for c in ['\u{200d}', '\u{feff}', '\u{fe0f}', '\u{85}', '\u{9b}', '\u{e0041}'] {
            assert_eq!(fate(c), Fate::Drop, "{c:?}");
        }
        assert_eq!(fate('\u{301}'), Fate::Mark);
        assert_eq!(fate('é'), Fate::Keep);
        assert_eq!(fate('漢'), Fate::Keep);
        assert_eq!(fate('\u{fffd}'), Fate::Keep);
    }
}
