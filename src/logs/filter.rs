//! Which lines are wanted.

use super::Level;

/// A choice of lines.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// At least so serious; lines that say nothing about it count as info.
    pub level: Option<Level>,
    /// Holding this text. Without a capital letter, capitals make no difference.
    pub text: Option<String>,
}

impl Filter {
    /// Whether a line is wanted.
    #[must_use]
    pub fn keeps(&self, level: Option<Level>, text: &str) -> bool {
        let serious = self.level.is_none_or(|least| level.unwrap_or(Level::Info) >= least);
        serious && self.text.as_deref().is_none_or(|wanted| holds(text, wanted))
    }
}

fn holds(text: &str, wanted: &str) -> bool {
    if wanted.chars().any(char::is_uppercase) {
        return text.contains(wanted);
    }
    text.contains(wanted) || text.to_lowercase().contains(wanted)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn level_and_text_both_count() {
        let filter = Filter { level: Some(Level::Warning), text: Some("timeout".into()) };
        assert!(filter.keeps(Some(Level::Error), "upstream Timeout"));
        assert!(!filter.keeps(Some(Level::Info), "timeout"));
        assert!(!filter.keeps(None, "timeout"));
        assert!(!filter.keeps(Some(Level::Error), "refused"));
        assert!(Filter::default().keeps(None, ""));
        let exact = Filter { level: None, text: Some("Timeout".into()) };
        assert!(exact.keeps(None, "a Timeout") && !exact.keeps(None, "a timeout"));
    }
}
