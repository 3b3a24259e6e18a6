//! The list of operations, narrowed by what is typed.

use nucleo_matcher::pattern::{CaseMatching, Normalization, Pattern};
use nucleo_matcher::{Config, Matcher, Utf32Str};
use ratatui_textarea::TextArea;

use crate::fleet::{EnvironmentName, InstanceId};
use crate::operation::{OPERATIONS, Operation};

/// The operations that can be chosen.
#[derive(Clone, Debug)]
pub struct OperationList {
    /// Where.
    pub environment: EnvironmentName,
    /// The server that is selected.
    pub selected: Option<InstanceId>,
    /// Only those whose names begin so.
    pub only: &'static str,
    /// What is being typed.
    pub input: Box<TextArea<'static>>,
    /// Those that match, best first.
    pub matches: Vec<&'static Operation>,
    /// Position in the matches.
    pub cursor: usize,
}

impl OperationList {
    /// The operations whose names begin so, of all there are.
    #[must_use]
    pub fn new(environment: EnvironmentName, selected: Option<InstanceId>, only: &'static str) -> Self {
        let input = Box::default();
        let mut list = Self { environment, selected, only, input, matches: Vec::new(), cursor: 0 };
        list.narrow();
        list
    }

    /// Finds those that fit what is typed.
    pub fn narrow(&mut self) {
        let typed = self.input.lines().first().cloned().unwrap_or_default();
        let all = OPERATIONS.iter().filter(|operation| operation.name.starts_with(self.only));
        self.cursor = 0;
        if typed.trim().is_empty() {
            self.matches = all.collect();
            return;
        }
        let pattern = Pattern::parse(&typed, CaseMatching::Ignore, Normalization::Smart);
        let (mut matcher, mut buffer) = (Matcher::new(Config::DEFAULT), Vec::new());
        let mut score = |text: &str| pattern.score(Utf32Str::new(text, &mut buffer), &mut matcher);
        let mut scored: Vec<(u32, &'static Operation)> = all
            .filter_map(|operation| {
                // A hit in the name counts for more than one in what stands behind it.
                let whole = format!("{} {}", operation.name, operation.summary);
                let found = score(operation.name).map(|s| s * 2).or_else(|| score(&whole))?;
                Some((found, operation))
            })
            .collect();
        scored.sort_by_key(|(score, _)| std::cmp::Reverse(*score));
        self.matches = scored.into_iter().map(|(_, operation)| operation).collect();
    }
}
