//! Every screen as it was: a moment of the past in the place of what is read, until somebody comes back to now.

use std::sync::Arc;

use jiff::Timestamp;

use super::action::{Action, Context, Danger};
use super::age;
use super::screen::Screen;
use super::state::State;
use crate::fleet::{EnvironmentName, Overview, Snapshot};
use crate::timeline::Past;
use crate::triage::Triage;

/// What is shown, and what is so meanwhile.
#[derive(Clone, Debug)]
pub struct AsOf {
    /// From whose timeline: its changes are what is stepped through.
    pub environment: EnvironmentName,
    /// How it stood.
    pub past: Arc<Past>,
    /// The facts, rows and time of now, which go on.
    pub live: Live,
    /// Since when a message is on the screen, on the clock of now: that of the screen stands still.
    pub told_at: Option<Timestamp>,
    /// How long ago it is, as it was drawn last.
    pub ago: String,
}

/// What is so now.
#[derive(Clone, Debug)]
pub struct Live {
    /// The newest snapshot.
    pub snapshot: Arc<Snapshot>,
    /// Its rows.
    pub overviews: Vec<Overview>,
    /// The cloud's clock.
    pub now: Timestamp,
}

impl AsOf {
    /// The moment in words, on every screen: `AS OF 03:12:40, 2h ago`.
    #[must_use]
    pub fn words(&self) -> String {
        let at = self.past.at;
        let day = |at: Timestamp| at.strftime("%m-%d").to_string();
        let day = if day(at) == day(self.live.now) { String::new() } else { format!("{} ", day(at)) };
        format!("AS OF {day}{}, {}", at.strftime("%H:%M:%S"), age::ago(at, self.live.now))
    }
}

impl State {
    /// What is wrong in an environment: now, or then.
    #[must_use]
    pub fn triage_of(&self, environment: &EnvironmentName) -> Option<&Triage> {
        match &self.past {
            Some(as_of) => as_of.past.triage(environment),
            None => self.findings.of(environment),
        }
    }
}

impl Action {
    /// Whether it looks at the fleet or does something there, which nobody can do in the past.
    #[must_use]
    pub fn is_of_now(self) -> bool {
        self.row().danger == Danger::Changes
            || matches!(
                self,
                Self::Logs
                    | Self::HostKey
                    | Self::Refresh
                    | Self::Freshness
                    | Self::Runs
                    | Self::PageRuns
                    | Self::Mark
                    | Self::CopyLink
                    | Self::Acknowledge
                    | Self::Snooze
                    | Self::Note
                    | Self::Do1
                    | Self::Do2
                    | Self::Do3
                    | Self::Do4
                    | Self::Do5
                    | Self::Do6
                    | Self::Do7
                    | Self::Do8
                    | Self::Do9
            )
    }
}

/// The contexts of a screen in the past; none for screens that are of now only.
#[must_use]
pub const fn contexts(screen: &Screen) -> Option<&'static [Context]> {
    use Context::{Environment, Everywhere, Fleet, Past, Server, Table, Timeline, Triage};
    match screen {
        Screen::Fleet => Some(&[Past, Fleet, Table, Everywhere]),
        Screen::Environment { .. } => Some(&[Past, Environment, Table, Everywhere]),
        Screen::Timeline(_) => Some(&[Past, Timeline, Table, Everywhere]),
        Screen::Triage(_) => Some(&[Past, Triage, Table, Everywhere]),
        Screen::Server { .. } => Some(&[Past, Server, Table, Everywhere]),
        Screen::Plan(_) | Screen::Run(_) | Screen::Work(_) | Screen::Logs(_) => None,
    }
}
