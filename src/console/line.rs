//! A line that is typed in the footer: a search, words to narrow by, a file's name.

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui_textarea::{CursorMove, TextArea};

use crate::fleet::EnvironmentName;
use crate::triage::Key;

/// A key that is typed into a line: as in a shell, where `ctrl-u` takes away what stands before the cursor. (To the text area's
/// own keys it undoes the last letter, which is nothing one would look for in one line.)
pub fn type_key(input: &mut TextArea<'_>, key: KeyEvent) {
    if key.code == KeyCode::Char('u') && key.modifiers == KeyModifiers::CONTROL {
        input.delete_line_by_head();
    } else {
        input.input(key);
    }
}

/// What it is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineKind {
    /// A text to look for.
    Search,
    /// Words that lines must have.
    Narrow,
    /// The name of a file to save lines in.
    Save,
    /// The name of a file to save the plan in.
    SavePlan,
    /// What somebody has to say of a finding.
    Note,
}

/// A line that is being typed.
#[derive(Clone, Debug)]
pub struct LineInput {
    /// What it is for.
    pub kind: LineKind,
    /// What is being typed.
    pub input: Box<TextArea<'static>>,
    /// What it was before; `esc` comes back to it.
    pub before: String,
    /// The finding that it is of, whatever comes first in the list meanwhile.
    pub about: Option<(EnvironmentName, Key)>,
}

impl LineInput {
    /// Begins with what it is now.
    #[must_use]
    pub fn new(kind: LineKind, before: String) -> Self {
        let mut input = Box::new(TextArea::new(vec![before.clone()]));
        input.move_cursor(CursorMove::End);
        Self { kind, input, before, about: None }
    }

    /// What was typed.
    #[must_use]
    pub fn text(&self) -> &str {
        self.input.lines().first().map_or("", String::as_str)
    }

    /// What stands before it.
    #[must_use]
    pub const fn prompt(&self) -> &'static str {
        match self.kind {
            LineKind::Search => "/ ",
            LineKind::Narrow => "only lines with: ",
            LineKind::Save | LineKind::SavePlan => "save as: ",
            LineKind::Note => "note: ",
        }
    }
}
