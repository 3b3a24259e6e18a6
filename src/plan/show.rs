//! A plan's steps in words that every way of showing it shares.

use super::{Lasts, Plan, Step, Undo};

impl Step {
    /// What changes: `active → suspended`; none where nothing has a value.
    #[must_use]
    pub fn change(&self) -> Option<String> {
        match (&self.before, &self.becomes) {
            (Some(before), Some(becomes)) => Some(format!("{before} → {becomes}")),
            (None, Some(becomes)) => Some(format!("→ {becomes}")),
            (Some(before), None) => Some(format!("now {before}")),
            (None, None) => None,
        }
    }

    /// How it is taken back, in a few words.
    #[must_use]
    pub fn way_back(&self) -> String {
        match (&self.undo, self.lasts) {
            (Undo::Nothing, _) => String::new(),
            (Undo::Restore, Lasts::UntilTheEnd) => "put back in the end".into(),
            (Undo::Restore, Lasts::UnlessStopped) if self.settles.contains(&self.id) => {
                "stays if the run stops; put back in the end, or by undoing".into()
            }
            (Undo::Restore, Lasts::UnlessStopped) => "put back if the run stops".into(),
            (Undo::Restore, Lasts::Stays) => "can be put back".into(),
            (Undo::Reverse(words), _) => words.clone(),
            (Undo::Cannot(words), _) => format!("cannot be undone: {words}"),
        }
    }
}

impl Plan {
    /// Whether any step takes something away.
    #[must_use]
    pub fn is_destructive(&self) -> bool {
        self.steps.iter().any(|step| step.destructive)
    }

    /// The longest it may take, in seconds: the longest way through the steps, each with its deadline.
    #[must_use]
    pub fn deadline_s(&self) -> u64 {
        let mut ends: Vec<u64> = Vec::with_capacity(self.steps.len());
        for step in &self.steps {
            let begins = step.after.iter().filter_map(|other| ends.get(other.place())).max().copied();
            ends.push(begins.unwrap_or(0) + u64::from(step.deadline_s));
        }
        ends.into_iter().max().unwrap_or(0)
    }
}
