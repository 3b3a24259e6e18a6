//! Which screens lead where: what the selected row opens, and where one came from.

use super::screen::{Page, Screen};
use super::state::State;
use super::table::RowId;
use crate::fleet::{EnvironmentName, InstanceId};

impl State {
    /// The screen that the selected row opens.
    #[must_use]
    pub fn opens(&self) -> Option<Screen> {
        match self.views.get(self.screen())?.cursor.as_ref()? {
            RowId::Environment(name) if !matches!(self.screen(), Screen::Environment { .. }) => {
                Some(self.environment_screen(name))
            }
            RowId::Server(_) if matches!(self.screen(), Screen::Run(_) | Screen::Logs(_)) => None,
            RowId::Server(id) => {
                let screen = self.server_screen(id);
                (screen != *self.screen()).then_some(screen)
            }
            RowId::Environment(_) | RowId::Line(_) => None,
        }
    }

    /// The screen of an environment: the page that was looked at last, at first its servers.
    #[must_use]
    pub fn environment_screen(&self, name: &EnvironmentName) -> Screen {
        let mut visited = self.trail.screens.iter().rev();
        visited
            .find(|s| matches!(s, Screen::Environment { name: n, .. } if n == name))
            .cloned()
            .unwrap_or_else(|| Screen::Environment { name: name.clone(), page: Page::Servers })
    }

    /// Where one came from to something of an environment: what is wrong or happened there, when that was looked
    /// at last before this; else its page.
    #[must_use]
    pub fn origin(&self, name: &EnvironmentName) -> Screen {
        let mut before = self.trail.screens.iter().take(self.trail.at).rev();
        let last = before.find(|screen| {
            matches!(screen, Screen::Environment { name: n, .. } | Screen::Triage(n) | Screen::Timeline(n) if n == name)
        });
        match last {
            Some(found @ (Screen::Triage(_) | Screen::Timeline(_))) => found.clone(),
            _ => self.environment_screen(name),
        }
    }

    /// What is wrong or happened in the environment, where this was opened from that.
    #[must_use]
    pub fn came_from(&self, name: &EnvironmentName) -> Option<Screen> {
        let before = self.trail.at.checked_sub(1).and_then(|at| self.trail.screens.get(at))?;
        let is_it = matches!(before, Screen::Triage(n) | Screen::Timeline(n) if n == name);
        is_it.then(|| before.clone())
    }

    /// The screen of a server.
    #[must_use]
    pub fn server_screen(&self, id: &InstanceId) -> Screen {
        let tagged = self.snapshot.server(id).and_then(|s| s.environment.clone());
        let environment = tagged.or_else(|| self.environment().cloned());
        Screen::Server { environment, id: id.clone() }
    }
}
