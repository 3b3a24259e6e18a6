//! Screens visited, for going back and forward.

use super::screen::Screen;

/// The most screens remembered.
const MOST: usize = 50;

/// Screens visited, and where in them one is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Trail {
    /// Visited screens, oldest first; bounded, never empty.
    pub screens: Vec<Screen>,
    /// The current one.
    pub at: usize,
}

impl Default for Trail {
    fn default() -> Self {
        Self { screens: vec![Screen::Fleet], at: 0 }
    }
}

impl Trail {
    /// Goes to a screen. What was ahead is forgotten; going to the screen one came from is going back.
    pub fn visit(&mut self, screen: Screen) {
        if self.screens.get(self.at) == Some(&screen) {
            return;
        }
        if self.at > 0 && self.screens.get(self.at - 1) == Some(&screen) {
            self.at -= 1;
            return;
        }
        self.screens.truncate(self.at + 1);
        self.screens.push(screen);
        let surplus = self.screens.len().saturating_sub(MOST);
        self.screens.drain(..surplus);
        self.at = self.screens.len() - 1;
    }

    /// Leaves this screen for one further up. It is not come back to from there: going up again and again ends at the fleet.
    pub fn close(&mut self, parent: Screen) {
        if self.at == 0 || self.screens.get(self.at - 1) != Some(&parent) {
            self.replace(parent);
            self.screens.truncate(self.at + 1);
        } else {
            self.at -= 1;
        }
    }

    /// Puts another screen in the place of this one: another page of the same thing.
    pub fn replace(&mut self, screen: Screen) {
        if let Some(here) = self.screens.get_mut(self.at) {
            *here = screen;
        }
    }

    /// One back; nothing at the beginning.
    pub fn back(&mut self) {
        self.at = self.at.saturating_sub(1);
    }

    /// One forward; nothing at the end.
    pub fn forward(&mut self) {
        self.at = (self.at + 1).min(self.screens.len().saturating_sub(1));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::console::screen::Page;

    fn environment(name: &str) -> Screen {
        Screen::Environment { name: name.into(), page: Page::Servers }
    }

    #[test]
    fn going_back_and_forward_ends_where_it_began() {
        let mut trail = Trail::default();
        trail.visit(environment("a"));
        trail.visit(environment("b"));
        trail.back();
        trail.back();
        trail.back();
        assert_eq!(trail.at, 0);
        trail.forward();
        trail.forward();
        trail.forward();
        assert_eq!(trail.screens[trail.at], environment("b"));
    }

    #[test]
    fn a_visit_forgets_what_was_ahead() {
        let mut trail = Trail::default();
        trail.visit(environment("a"));
        trail.back();
        trail.visit(environment("b"));
        assert_eq!(trail.screens, [Screen::Fleet, environment("b")]);
    }

    #[test]
    fn the_trail_is_bounded() {
        let mut trail = Trail::default();
        for n in 0..500 {
            trail.visit(environment(&n.to_string()));
        }
        assert_eq!(trail.screens.len(), MOST);
        assert_eq!(trail.screens[trail.at], environment("499"));
    }
}
