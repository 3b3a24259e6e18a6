//! Why there is no plan: what is asked, why it cannot be, and what to do.

use std::fmt;

use crate::fleet::words;
use crate::plan::PlanError;

/// Why an operation is not planned. Every message is one line: what, why, and what to do.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    /// It was asked for in a way that makes no sense: an unknown name, a value that is none.
    #[error("{0}")]
    Usage(String),
    /// What it must know is not known, or is too old to take anything away.
    #[error("{0}")]
    Facts(String),
    /// The environment is not as it has to be.
    #[error("{0}")]
    State(String),
    /// It is so already.
    #[error("{0}")]
    Nothing(String),
    /// It does harm that somebody may want all the same; then they give the word.
    #[error("{message}. To do it all the same: --override {word}")]
    Unless {
        /// The word.
        word: &'static str,
        /// What harm, and what to do instead.
        message: String,
    },
    /// A mistake of ours.
    #[error("the plan makes no sense in itself, and nothing was done: {0}")]
    Broken(PlanError),
}

impl Refused {
    /// Whether secrets without a value are why.
    #[must_use]
    pub fn lacks_secrets(&self) -> bool {
        self.to_string().contains(super::settings::MISSING)
    }

    /// The word that overrides it.
    #[must_use]
    pub const fn word(&self) -> Option<&'static str> {
        if let Self::Unless { word, .. } = self { Some(word) } else { None }
    }

    /// Whether it is a mistake in what was asked, not in how things are.
    #[must_use]
    pub const fn is_usage(&self) -> bool {
        matches!(self, Self::Usage(_))
    }

    /// A name that is not known, the nearest right one, and those there are.
    pub(super) fn unknown<'n>(
        kind: &str,
        word: &str,
        known: impl IntoIterator<Item = &'n str> + Clone,
    ) -> Self {
        let mut text = format!("there is no {kind} `{}`", crate::fleet::text::one_line(word));
        if let Some(near) = words::nearest(word, known.clone()) {
            text = format!("{text}; did you mean `{near}`?");
        } else {
            text = format!("{text}; there {}", listed(known));
        }
        Self::Usage(text)
    }
}

/// `is a`, `are a, b and 3 more`, `are none`.
pub(super) fn listed<T: fmt::Display>(names: impl IntoIterator<Item = T>) -> String {
    const MOST: usize = 12;
    let names: Vec<String> = names.into_iter().map(|name| name.to_string()).collect();
    let shown = names.iter().take(MOST).cloned().collect::<Vec<_>>().join(", ");
    match names.len() {
        0 => "are none".into(),
        1 => format!("is {shown}"),
        n if n > MOST => format!("are {shown} and {} more", n - MOST),
        _ => format!("are {shown}"),
    }
}

/// `a, b, c` and how many more.
pub(super) fn some<T: fmt::Display>(names: impl IntoIterator<Item = T>) -> String {
    const MOST: usize = 6;
    let names: Vec<String> = names.into_iter().map(|name| name.to_string()).collect();
    let shown = names.iter().take(MOST).cloned().collect::<Vec<_>>().join(", ");
    if names.len() > MOST { format!("{shown} and {} more", names.len() - MOST) } else { shown }
}
