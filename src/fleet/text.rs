//! Text from the cloud, made safe for one line of a screen.

/// The most characters kept of any one text.
pub const MAX_CHARS: usize = 256;

/// The most characters kept of a text of ours: what happened, to what, and, at its end, what to do.
const MAX_SENTENCES: usize = 2_048;

/// Whether a character may stand on a screen: no controls, no bidi or other format characters.
#[must_use]
pub fn is_printable(c: char) -> bool {
    !c.is_control()
        && !matches!(
            c,
            '\u{00ad}' | '\u{061c}' | '\u{180e}' | '\u{200b}'..='\u{200f}'
            | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
            | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
        )
}

/// One printable line: anything else becomes `·`, and what is longer than [`MAX_CHARS`] ends in `…`.
#[must_use]
pub fn one_line(text: &str) -> String {
    within(text, MAX_CHARS)
}

/// Sentences as one printable line that is wrapped where it is shown. A refusal has what to do at its end, so that it is
/// kept whole where [`one_line`] would cut it.
#[must_use]
pub fn sentences(text: &str) -> String {
    within(text, MAX_SENTENCES)
}

fn within(text: &str, most: usize) -> String {
    let mut out = String::with_capacity(text.len().min(most));
    for (n, c) in text.chars().enumerate() {
        if n + 1 == most && text.chars().nth(most).is_some() {
            break_off(&mut out);
            break;
        }
        out.push(if is_printable(c) { c } else { '·' });
    }
    out
}

/// Ends a text that is cut here with `…`, in the place of a full stop behind a word: `create-release.…` would look as if
/// the stop were part of the name.
pub fn break_off(text: &mut String) {
    let word = text.trim_end().trim_end_matches('.');
    if word.ends_with(char::is_alphabetic) && word.len() < text.trim_end().len() {
        text.truncate(word.len());
    }
    text.push('…');
}

/// One word as a POSIX shell reads it back, whatever it holds: quoted only where it must be.
#[must_use]
pub fn shell_word(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_=+:,./@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        return word.to_owned();
    }
    format!("'{}'", word.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_bidi_and_over_long_text_is_tamed() {
        assert_eq!(one_line("a\u{1b}[31mb\nc\u{202e}d"), "a·[31mb·c·d");
        let long = one_line(&"x".repeat(4_000));
        assert_eq!(long.chars().count(), MAX_CHARS);
        assert!(long.ends_with('…'));
        assert_eq!(one_line(&"y".repeat(MAX_CHARS)).chars().count(), MAX_CHARS);
        assert!(!one_line(&"y".repeat(MAX_CHARS)).ends_with('…'));
    }

    #[test]
    fn sentences_are_whole_and_one_that_is_cut_ends_in_a_word() {
        let told = format!("{}make one with create-release. Then deploy it", "x".repeat(MAX_CHARS - 30));
        assert_eq!(sentences(&told), told);
        assert!(one_line(&told).ends_with("make one with create-release…"), "{}", one_line(&told));
        assert!(sentences(&told.repeat(20)).chars().count() <= MAX_SENTENCES);
        assert_eq!(sentences("a\u{1b}[31mb"), "a·[31mb");
        for (text, cut) in [
            ("end.", "end…"),
            ("end. ", "end…"),
            ("end ", "end …"),
            ("10.0.", "10.0.…"),
            ("...", "...…"),
            ("", "…"),
        ] {
            let mut text = text.to_owned();
            break_off(&mut text);
            assert_eq!(text, cut);
        }
    }

    #[test]
    fn a_shell_reads_back_the_same_word() {
        assert_eq!(shell_word("us-east-1"), "us-east-1");
        assert_eq!(shell_word("my config.yml"), "'my config.yml'");
        assert_eq!(shell_word("a'b"), r"'a'\''b'");
        assert_eq!(shell_word("$(x)"), "'$(x)'");
        assert_eq!(shell_word(""), "''");
    }
}
