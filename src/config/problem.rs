//! What is wrong with a file of the operator's, where, and what the right word may have been.

use std::cmp::Reverse;
use std::fmt;
use std::path::{Path, PathBuf};

use serde::Serialize;

use crate::fleet::text::one_line;

/// How bad a [`Problem`] is. Only notes leave `config check` green.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ProblemSeverity {
    /// Worth knowing; nothing has to be done.
    Note,
    /// Works, but hardly as it was meant.
    Warning,
    /// Wrong; what it should have said is left at its default.
    Error,
}

impl fmt::Display for ProblemSeverity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Note => "note",
            Self::Warning => "warning",
            Self::Error => "error",
        })
    }
}

/// A place in a file, counted in lines and characters from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Position {
    /// The line.
    pub line: usize,
    /// The character of the line.
    pub column: usize,
}

impl Position {
    /// The start of a file: also where a problem of the whole file stands.
    pub const START: Self = Self { line: 1, column: 1 };
}

impl Default for Position {
    fn default() -> Self {
        Self::START
    }
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// One thing that is wrong. `Display` is `file:line:column: error: what; did you mean …?`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
pub struct Problem {
    /// How bad it is.
    pub severity: ProblemSeverity,
    /// The file as it was given or found.
    pub file: PathBuf,
    /// The line, from 1.
    pub line: usize,
    /// The character of the line, from 1.
    pub column: usize,
    /// What is wrong and what to do, on one line.
    pub what: String,
    /// The nearest right word, when there is one near.
    pub suggestion: Option<String>,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = one_line(&self.file.display().to_string());
        write!(f, "{file}:{}:{}: {}: {}", self.line, self.column, self.severity, self.what)?;
        match &self.suggestion {
            Some(word) => write!(f, "; did you mean `{word}`?"),
            None => Ok(()),
        }
    }
}

/// At most this many problems of one file are kept; the rest is counted.
const MOST: usize = 500;

/// Collects what is wrong with one file.
#[derive(Debug)]
pub struct Problems {
    file: PathBuf,
    found: Vec<Problem>,
    more: usize,
}

impl Problems {
    /// Nothing wrong yet with `file`.
    #[must_use]
    pub fn of(file: &Path) -> Self {
        Self { file: file.to_owned(), found: Vec::new(), more: 0 }
    }

    /// The file.
    #[must_use]
    pub fn file(&self) -> &Path {
        &self.file
    }

    /// Adds an error.
    pub fn error(&mut self, at: Position, what: impl AsRef<str>) {
        self.add(ProblemSeverity::Error, at, what.as_ref(), None);
    }

    /// Adds a warning.
    pub fn warning(&mut self, at: Position, what: impl AsRef<str>) {
        self.add(ProblemSeverity::Warning, at, what.as_ref(), None);
    }

    /// Adds a note.
    pub fn note(&mut self, at: Position, what: impl AsRef<str>) {
        self.add(ProblemSeverity::Note, at, what.as_ref(), None);
    }

    /// Adds a problem with the word that was probably meant.
    pub fn add(&mut self, severity: ProblemSeverity, at: Position, what: &str, suggestion: Option<String>) {
        self.push(problem(&self.file, severity, at, what, suggestion));
    }

    /// Adds a problem of another file that belongs to this one.
    pub fn add_in(
        &mut self,
        file: &Path,
        severity: ProblemSeverity,
        at: Position,
        what: &str,
        suggestion: Option<String>,
    ) {
        self.push(problem(file, severity, at, what, suggestion));
    }

    fn push(&mut self, problem: Problem) {
        if self.is_full() {
            self.more += 1;
            return;
        }
        if !self.found.contains(&problem) {
            self.found.push(problem);
        }
    }

    /// Whether something is wrong on this line already.
    #[must_use]
    pub fn any_on(&self, line: usize) -> bool {
        self.found.iter().any(|problem| problem.line == line)
    }

    /// Whether more problems are only counted.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.found.len() >= MOST
    }

    /// All of them, this file's first, in the order of their lines.
    #[must_use]
    pub fn into_sorted(mut self) -> Vec<Problem> {
        let own = self.file.clone();
        let order = |a: &Problem| (a.file != own, a.file.clone(), a.line, a.column, Reverse(a.severity));
        self.found.sort_by_cached_key(order);
        if self.more > 0 {
            let what = format!("{} more problems are not listed; mend these first", self.more);
            self.found.push(problem(&self.file, ProblemSeverity::Error, Position::START, &what, None));
        }
        self.found
    }
}

/// One problem, its text made safe for a line of a screen.
#[must_use]
pub fn problem(
    file: &Path,
    severity: ProblemSeverity,
    at: Position,
    what: &str,
    suggestion: Option<String>,
) -> Problem {
    Problem {
        severity,
        file: file.to_owned(),
        line: at.line,
        column: at.column,
        what: one_line(what),
        suggestion: suggestion.map(|word| one_line(&word)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_reads_like_a_compilers_message_and_cannot_forge_lines() {
        let mut problems = Problems::of(Path::new("a.yml"));
        problems.add(
            ProblemSeverity::Error,
            Position { line: 3, column: 5 },
            "no environment `prodution\u{1b}[2J\n`",
            Some("production".into()),
        );
        let text = problems.into_sorted()[0].to_string();
        assert_eq!(text, "a.yml:3:5: error: no environment `prodution·[2J·`; did you mean `production`?");
    }

    #[test]
    fn problems_stand_in_the_order_of_the_file_and_are_bounded() {
        let mut problems = Problems::of(Path::new("a.yml"));
        for line in (1..=MOST + 20).rev() {
            problems.note(Position { line, column: 1 }, "x");
        }
        let sorted = problems.into_sorted();
        assert_eq!(sorted.len(), MOST + 1);
        assert!(sorted[0].line < sorted[1].line);
        assert!(sorted[MOST].what.starts_with("20 more problems"));
    }
}
