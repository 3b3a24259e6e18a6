//! Where actions make sense: the sections of a keymap.

use std::fmt;

/// Where an action makes sense.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Context {
    /// On every screen.
    Everywhere,
    /// Wherever rows can be selected, and in overlays that scroll.
    Table,
    /// The fleet screen.
    Fleet,
    /// The environment screen.
    Environment,
    /// The server screen.
    Server,
    /// The screen of what is wrong in an environment.
    Triage,
    /// The screen of what happened in an environment.
    Timeline,
    /// Every screen as it was, on top of its own.
    Past,
    /// The screen of a plan.
    Plan,
    /// The screen of a run.
    Run,
    /// The screen of logs.
    Logs,
    /// While text is typed: filter, palette, dialogs. Keys not bound here are typed.
    Input,
}

impl Context {
    /// Every context, in the order of help.
    pub const ALL: [Self; 12] = [
        Self::Everywhere,
        Self::Table,
        Self::Fleet,
        Self::Environment,
        Self::Server,
        Self::Triage,
        Self::Timeline,
        Self::Past,
        Self::Plan,
        Self::Run,
        Self::Logs,
        Self::Input,
    ];

    /// Its name, as a section of a keymap file.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Everywhere => "everywhere",
            Self::Table => "table",
            Self::Fleet => "fleet",
            Self::Environment => "environment",
            Self::Server => "server",
            Self::Triage => "triage",
            Self::Timeline => "timeline",
            Self::Past => "past",
            Self::Plan => "plan",
            Self::Run => "run",
            Self::Logs => "logs",
            Self::Input => "input",
        }
    }

    /// The context of this name.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|context| context.name() == name)
    }
}

impl fmt::Display for Context {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}
