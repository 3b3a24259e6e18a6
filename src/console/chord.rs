//! Keys as people write them: `g`, `G`, `ctrl-d`, `pageup`, and sequences of them with spaces between.

use crokey::{KeyCombination, OneToThree};
use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};

/// The key that was pressed, in the one form that keymaps use: a letter's shift is its case, and other
/// characters have none, for terminals disagree on it.
#[must_use]
pub fn of_event(event: KeyEvent) -> KeyCombination {
    tidy(KeyCombination::from(event))
}

fn tidy(mut key: KeyCombination) -> KeyCombination {
    if let OneToThree::One(KeyCode::Char(c)) = key.codes
        && !c.is_ascii_alphabetic()
    {
        key.modifiers.remove(KeyModifiers::SHIFT);
    }
    key
}

/// Reads one key. `None` when it is none.
#[must_use]
pub fn parse(word: &str) -> Option<KeyCombination> {
    let mut letters = word.chars();
    if let (Some(c), None) = (letters.next(), letters.next()) {
        let plain = if c.is_control() || c.is_whitespace() { return None } else { KeyCode::Char(c) };
        return Some(KeyCombination::one_key(plain, KeyModifiers::NONE).normalized());
    }
    let key = crokey::parse(word).ok()?;
    // Two letters at once cannot be told apart from one after the other in most terminals.
    key.is_ansi_compatible().then(|| tidy(key.normalized()))
}

/// Reads a sequence of keys with spaces between. The error is the word that is no key.
///
/// # Errors
/// The first word that is no key; the empty text when there is no word at all.
pub fn parse_sequence(text: &str) -> Result<Vec<KeyCombination>, String> {
    let keys = text
        .split_whitespace()
        .map(|word| parse(word).ok_or_else(|| word.to_owned()))
        .collect::<Result<Vec<_>, _>>()?;
    if keys.is_empty() { Err(String::new()) } else { Ok(keys) }
}

/// Writes one key the way [`parse`] reads it.
#[must_use]
pub fn show(key: KeyCombination) -> String {
    if let OneToThree::One(KeyCode::Char(c)) = key.codes
        && c != ' '
        && !key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT | KeyModifiers::SUPER)
    {
        return c.to_string();
    }
    key.to_string().to_lowercase()
}

/// Writes a sequence.
#[must_use]
pub fn show_sequence(keys: &[KeyCombination]) -> String {
    keys.iter().map(|key| show(*key)).collect::<Vec<_>>().join(" ")
}

/// A key that types a character when it is not bound.
#[must_use]
pub fn types_text(key: KeyCombination) -> bool {
    matches!(key.codes, OneToThree::One(KeyCode::Char(_)))
        && !key.modifiers.intersects(KeyModifiers::CONTROL | KeyModifiers::ALT | KeyModifiers::SUPER)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_what_is_read() {
        for word in [
            "g", "G", "?", "!", "é", "/", ":", "-", "ctrl-d", "alt-left", "pageup", "esc", "enter", "f5",
            "tab", "backtab",
        ] {
            let key = parse(word).unwrap_or_else(|| panic!("{word} is a key"));
            assert_eq!(show(key), word);
        }
        assert_eq!(show(parse("shift-g").unwrap()), "G");
        assert_eq!(show(parse("space").unwrap()), "space");
    }

    #[test]
    fn a_pressed_key_equals_its_written_form() {
        let pressed = |code, modifiers| of_event(KeyEvent::new(code, modifiers));
        assert_eq!(Some(pressed(KeyCode::Char('G'), KeyModifiers::SHIFT)), parse("G"));
        assert_eq!(Some(pressed(KeyCode::Char('G'), KeyModifiers::NONE)), parse("G"));
        assert_eq!(Some(pressed(KeyCode::Char('?'), KeyModifiers::SHIFT)), parse("?"));
        assert_eq!(Some(pressed(KeyCode::BackTab, KeyModifiers::SHIFT)), parse("backtab"));
        assert_eq!(Some(pressed(KeyCode::Char('d'), KeyModifiers::CONTROL)), parse("ctrl-d"));
    }

    #[test]
    fn what_is_no_key_is_named() {
        assert_eq!(parse_sequence("g hyper-x"), Err("hyper-x".into()));
        assert_eq!(parse_sequence("  "), Err(String::new()));
        assert_eq!(parse("ab"), None);
    }
}
