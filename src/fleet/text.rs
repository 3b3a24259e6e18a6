//! Text from the cloud, made safe for one line of a screen.

/// The most characters kept of any one text.
pub const MAX_CHARS: usize = 256;

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
    let mut out = String::with_capacity(text.len().min(MAX_CHARS));
    for (n, c) in text.chars().enumerate() {
        if n + 1 == MAX_CHARS && text.chars().nth(MAX_CHARS).is_some() {
            out.push('…');
            break;
        }
        out.push(if is_printable(c) { c } else { '·' });
    }
    out
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
}
