//! The console without a terminal: the real state, reducer and views on a simulated fleet, driven by keys.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crossterm::event::{KeyCode, KeyEvent, KeyModifiers};
use ratatui::Terminal;
use ratatui::backend::TestBackend;
use ratatui::buffer::Buffer;
use ratatui::style::Color;

use super::kept::Kept;
use crate::cloud::{CloudError, CloudRead};
use crate::config::Preferences;
use crate::console::event::{Effect, Event};
use crate::console::reduce::reduce;
use crate::console::state::{Begin, Look, State};
use crate::console::theme::{self, Depth, Scope};
use crate::console::{chord, keymap, views};
use crate::fleet::{Series, Snapshot};
use crate::refresh::{Limits, once_looking};
use crate::remote::RemoteRead;
use crate::sandbox::{SandboxCloud, SandboxError, Scenario};

/// The most environments whose servers are measured for a picture.
const FEW: usize = 5;
/// How often they are measured before it is drawn, and the time between.
const WATCHES: usize = 20;
const BETWEEN: Duration = Duration::from_secs(60);
/// The same where something is under way that would be over by then.
const BETWEEN_CHANGES: Duration = Duration::from_secs(6);

/// Puts the points of a history before those of a series.
fn precede(series: &mut Series, before: Option<&Series>) {
    let first = series.points.first().map(|(at, _)| *at);
    let older = before.into_iter().flat_map(|b| &b.points).filter(|(at, _)| first.is_none_or(|f| *at < f));
    let mut points: Vec<_> = older.copied().collect();
    points.append(&mut series.points);
    series.points = points;
}

/// Why there is nothing to see.
#[derive(Debug, thiserror::Error)]
pub enum StageError {
    /// The world could not be made.
    #[error(transparent)]
    Sandbox(#[from] SandboxError),
    /// The world could not go on.
    #[error(transparent)]
    Cloud(#[from] CloudError),
    /// The theme has mistakes, or there is none of that name.
    #[error("the theme {0} has mistakes: {1}")]
    Theme(String, String),
    /// The screen could not be drawn.
    #[error("the screen could not be drawn")]
    Draw,
}

/// A console on a simulated fleet in memory. Time stands still but for what is let pass.
#[derive(Debug)]
pub struct Stage {
    pub(super) cloud: SandboxCloud,
    pub(super) state: State,
    pub(super) kept: Kept,
}

impl Stage {
    /// Opens the fleet screen on a new world and reads it once.
    ///
    /// # Errors
    /// When the world cannot be made.
    pub async fn open(
        scenario: Scenario,
        seed: u64,
        theme: &str,
        size: (u16, u16),
    ) -> Result<Self, StageError> {
        let cloud = SandboxCloud::in_memory(scenario, seed)?;
        let (loaded, problems) = theme::load(theme, &BTreeMap::new(), Depth::True);
        if let Some(problem) = problems.first() {
            return Err(StageError::Theme(theme.to_owned(), problem.to_string()));
        }
        let keymap = keymap::load("default", Path::new("quarterdeck.toml"), &|_| None).0;
        let begin = Begin {
            topology: Arc::new(cloud.topology()),
            endpoint: cloud.endpoint().clone(),
            read_only: false,
            preferences: Preferences::default(),
            look: Look { theme: loaded, keymap, ..Look::default() },
            size,
            now: cloud.now(),
            speed: 1.0,
            globals: vec!["--sandbox".into()],
            can_change: true,
        };
        let mut stage = Self { state: State::new(begin), cloud, kept: Kept::default() };
        stage.watch(if scenario == Scenario::Deploying { BETWEEN_CHANGES } else { BETWEEN }).await?;
        stage.refresh().await;
        // A moment later, as one looks at it.
        stage.cloud.advance(Duration::from_secs(2))?;
        reduce(&mut stage.state, Event::Clock(stage.cloud.now()));
        Ok(stage)
    }

    /// What the console knows.
    #[must_use]
    pub const fn state(&self) -> &State {
        &self.state
    }

    /// The servers, where they are few enough to be asked for a picture.
    fn hosts(&self) -> Option<Arc<dyn RemoteRead>> {
        let few = self.state.topology.environments.len() <= FEW;
        few.then(|| Arc::new(self.cloud.hosts()) as Arc<dyn RemoteRead>)
    }

    /// What was measured before is the history of what is measured now.
    fn keep_trends(&self, snapshot: &mut Snapshot) {
        for (id, measured) in &mut snapshot.measured {
            let Some(before) = self.state.snapshot.measured(id) else { continue };
            let measured = Arc::make_mut(measured);
            for (gauge, series) in &mut measured.trends {
                precede(series, before.trends.get(gauge));
            }
            for (queue, series) in &mut measured.queues {
                precede(series, before.queues.get(queue));
            }
        }
    }

    /// Lets time pass and measures now and then, so that there is a history to be drawn.
    async fn watch(&mut self, between: Duration) -> Result<(), StageError> {
        if self.hosts().is_some() {
            for _ in 0..WATCHES {
                self.refresh().await;
                self.cloud.advance(between)?;
                reduce(&mut self.state, Event::Clock(self.cloud.now()));
            }
        }
        Ok(())
    }

    /// Reads everything that is on screen.
    pub async fn refresh(&mut self) {
        let cloud: Arc<dyn CloudRead> = Arc::new(self.cloud.clone());
        let topology = Arc::clone(&self.state.topology);
        let interest = self.state.interest.clone();
        let mut snapshot = once_looking(cloud, self.hosts(), topology, Limits::ONCE, interest).await;
        snapshot.revision = self.state.snapshot.revision + 1;
        self.keep_trends(&mut snapshot);
        for effect in reduce(&mut self.state, Event::Snapshot(Arc::new(snapshot))) {
            match effect {
                Effect::Record(name, found) => self.kept.found(name, found),
                Effect::Remember(name, memory) => self.kept.remember(name, *memory),
                _ => {}
            }
        }
        self.kept.look(&self.state);
    }

    /// Presses a key as keymaps write it (`enter`, `ctrl-r`), or types the letters of anything else, and reads
    /// what is on screen then.
    pub async fn press(&mut self, keys: &str) {
        let interest = self.state.interest.clone();
        match chord::parse(keys) {
            Some(key) => {
                let effects = reduce(&mut self.state, Event::Key(key.into()));
                self.perform(effects).await;
            }
            None => {
                for letter in keys.chars() {
                    let key = KeyEvent::new(KeyCode::Char(letter), KeyModifiers::NONE);
                    reduce(&mut self.state, Event::Key(key));
                }
            }
        }
        if self.state.interest != interest {
            self.refresh().await;
        }
    }

    /// Draws the screen.
    ///
    /// # Errors
    /// Never in practice: it is drawn in memory.
    pub fn draw(&self) -> Result<Buffer, StageError> {
        let (columns, lines) = self.state.size;
        let mut terminal = Terminal::new(TestBackend::new(columns, lines)).map_err(|_| StageError::Draw)?;
        terminal.draw(|frame| views::draw(frame, &self.state)).map_err(|_| StageError::Draw)?;
        Ok(terminal.backend().buffer().clone())
    }

    /// The theme's own background.
    #[must_use]
    pub fn ground(&self) -> Option<Color> {
        self.state.look.theme.style(Scope::Text).bg
    }
}
