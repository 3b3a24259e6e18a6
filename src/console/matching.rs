//! What is typed to narrow a list: the letters of a name in their order, or words that stand in what is said of it.

use nucleo_matcher::pattern::{AtomKind, CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};

/// What is typed.
#[derive(Debug)]
pub struct Typed {
    letters: Pattern,
    words: Pattern,
    matcher: Matcher,
    buffer: Vec<char>,
}

impl Typed {
    /// None where nothing is typed: everything fits.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let (case, normalization) = (CaseMatching::Ignore, Normalization::Smart);
        (!text.trim().is_empty()).then(|| Self {
            letters: Pattern::parse(text, case, normalization),
            words: Pattern::new(text, case, normalization, AtomKind::Substring),
            matcher: Matcher::new(Config::DEFAULT),
            buffer: Vec::new(),
        })
    }

    /// How well it fits; none where it does not. A hit in the name counts for more than one in what is said of it, where
    /// any sentence would have a few letters in their order.
    pub fn score(&mut self, name: &str, said: &str) -> Option<u32> {
        let hit = self.letters.score(Utf32Str::new(name, &mut self.buffer), &mut self.matcher);
        hit.map(|score| score * 2).or_else(|| {
            let whole = format!("{name} {said}");
            self.words.score(Utf32Str::new(&whole, &mut self.buffer), &mut self.matcher)
        })
    }

    /// Those that fit, best first.
    pub fn best<T>(mut self, all: impl Iterator<Item = T>, of: impl Fn(&T) -> (&str, &str)) -> Vec<T> {
        let mut scored: Vec<(u32, T)> = all
            .filter_map(|one| {
                let (name, said) = of(&one);
                Some((self.score(name, said)?, one))
            })
            .collect();
        scored.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
        scored.into_iter().map(|(_, one)| one).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn best<'a>(typed: &str, all: &'a [(&'a str, &'a str)]) -> Vec<&'a str> {
        let best = Typed::new(typed).unwrap().best(all.iter(), |(name, said)| (name, said));
        best.into_iter().map(|(name, _)| *name).collect()
    }

    #[test]
    fn letters_find_names_and_words_what_is_said_of_them() {
        let all = [
            ("recreate-environment", "make every server anew as the config has it now"),
            ("reboot-server", "boot servers again, after their work ended"),
        ];
        assert_eq!(best("rbt", &all), ["reboot-server"]);
        assert_eq!(best("config anew", &all), ["recreate-environment"], "in any order");
        assert_eq!(best("fetch", &all), [""; 0], "whose letters stand in some sentence");
        assert!(Typed::new("  ").is_none());
    }
}
