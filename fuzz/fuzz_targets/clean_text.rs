//! Any bytes, in any pieces: the same clean lines come out, and nothing else.
//!
//! `cargo +nightly fuzz run clean_text`

#![no_main]

use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use quarterdeck::remote::clean_text::{CleanText, Cleaner, Secrets, is_clean};

const SECRET: &str = "hunter22";
const LONGEST: usize = 64;

fn clean(pieces: &mut dyn Iterator<Item = &[u8]>) -> Vec<CleanText> {
    let mut cleaner = Cleaner::with_longest(Arc::new(Secrets::new([SECRET])), LONGEST);
    let mut lines = Vec::new();
    for piece in pieces {
        cleaner.feed(piece, &mut lines);
        if let Some(line) = cleaner.unfinished() {
            check(&line);
        }
    }
    lines.extend(cleaner.finish());
    lines
}

fn check(line: &CleanText) {
    assert!(line.as_str().chars().all(is_clean), "{line:?}");
    assert!(!line.as_str().contains(SECRET), "{line:?}");
    // A mask may be longer than what it hides.
    assert!(line.as_str().len() <= 3 * LONGEST + 24, "{line:?}");
    assert_eq!(line.pieces().map(|(text, _)| text).collect::<String>(), line.as_str());
}

// The first byte says how long the pieces are.
fuzz_target!(|input: (u8, Vec<u8>)| {
    let (length, bytes) = input;
    let whole = clean(&mut std::iter::once(bytes.as_slice()));
    whole.iter().for_each(check);
    let pieces = clean(&mut bytes.chunks(usize::from(length).max(1)));
    assert_eq!(whole, pieces);
});
