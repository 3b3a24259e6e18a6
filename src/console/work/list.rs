//! The list of operations, narrowed by what is typed.

use ratatui_textarea::TextArea;

use crate::console::matching::Typed;
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
        self.matches = match Typed::new(&typed) {
            Some(typed) => typed.best(all, |operation| (operation.name, operation.summary)),
            None => all.collect(),
        };
    }
}
