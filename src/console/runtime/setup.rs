//! The loop of the guided setup: keys and answers come in, what has to be looked up is done beside it, and the screen
//! is drawn when something changed.

use std::io::{self, Stdout};
use std::mem::ManuallyDrop;
use std::sync::Arc;

use async_trait::async_trait;
use crossterm::event::{Event as Raw, EventStream, KeyEventKind};
use futures_util::StreamExt;
use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::layout::Rect;
use tokio::sync::mpsc;

use super::endings::{self, ConsoleError};
use super::going_on::GoingOn;
use super::look::{Places, load_look};
use super::suspend;
use crate::console::setup::{Ask, Input, SetupState, draw};
use crate::console::terminal;
use crate::fleet::RegionOffers;
use crate::setup::{Effect, Event, Found, Gathered, Kept, Place, PlannedFile, Probe, Wizard};

/// The most that is told and not yet taken.
const TOLD: usize = 64;

/// What a setup looks at and writes. Every call ends by a deadline of its own.
#[async_trait]
pub trait World: Send + Sync {
    /// Looks at something.
    async fn look(&self, probe: Probe) -> Found;

    /// What a region has; or why that is not known.
    async fn offers(&self, region: &str) -> Result<RegionOffers, String>;

    /// Keeps the answers for another time; without them it is over.
    ///
    /// # Errors
    /// When they could not be kept.
    async fn keep(&self, kept: Option<Kept>) -> Result<(), String>;

    /// What files are made of.
    async fn gather(&self, effect: Effect) -> Gathered;

    /// Writes files.
    async fn write(&self, files: Vec<PlannedFile>) -> Result<(), String>;
}

/// How a setup ended.
#[derive(Debug)]
pub struct SetupEnd {
    /// The setup as it was then.
    pub wizard: Wizard,
    /// Why answers could not be kept, if so.
    pub not_kept: Option<String>,
}

/// Asks until the files are written, or the operator leaves.
///
/// # Errors
/// There is no terminal, it went away, or a signal ended the setup.
pub async fn run(
    (wizard, effects): (Wizard, Vec<Effect>),
    world: Arc<dyn World>,
    places: &Places,
) -> Result<SetupEnd, ConsoleError> {
    terminal::check().map_err(ConsoleError::NotATerminal)?;
    let size = crossterm::terminal::size()?;
    let (preferences, problems) = places.preferences();
    let look = load_look(places, &preferences, &problems);
    let mut state = SetupState::new(wizard, look, size);
    state.ascii = preferences.ascii;
    terminal::end_on_panic();
    let endings = endings::watch(&GoingOn::new())?;
    let suspension = suspend::Suspension::new()?;
    let screen = ManuallyDrop::new(Terminal::new(CrosstermBackend::new(io::stdout()))?);
    terminal::enter(false)?;
    let (tell, told) = mpsc::channel(TOLD);
    let mut loop_ = Loop { state, screen, world, tell, told, not_kept: None, keeping: None, stay: true };
    let ended = match loop_.all(effects.into_iter().map(Ask::Setup).collect()) {
        Ok(()) => loop_.forever(endings, suspension).await,
        Err(error) => Err(error),
    };
    terminal::leave();
    if let Some(keeping) = loop_.keeping.take() {
        // The last answer is on disk before anybody begins anew.
        let _ = keeping.await;
    }
    ended.map(|()| SetupEnd { wizard: loop_.state.wizard, not_kept: loop_.not_kept })
}

/// What the world told.
enum Told {
    Event(Event),
    NotKept(String),
}

struct Loop {
    state: SetupState,
    /// Never dropped: it would show the cursor once more, and panic where the terminal has gone.
    screen: ManuallyDrop<Terminal<CrosstermBackend<Stdout>>>,
    world: Arc<dyn World>,
    tell: mpsc::Sender<Told>,
    told: mpsc::Receiver<Told>,
    not_kept: Option<String>,
    /// Answers are kept one after the other, so that the newest win.
    keeping: Option<tokio::task::JoinHandle<()>>,
    stay: bool,
}

impl Loop {
    async fn forever(
        &mut self,
        mut endings: endings::Endings,
        mut suspension: suspend::Suspension,
    ) -> Result<(), ConsoleError> {
        let mut input = EventStream::new();
        while self.stay {
            if self.state.dirty {
                self.draw()?;
            }
            tokio::select! {
                biased;
                end = endings.next() => return Err(end),
                kind = suspension.next() => {
                    if kind == suspend::Kind::Stop {
                        terminal::leave();
                        suspension.stop().await?;
                    }
                    terminal::enter(false)?;
                    self.take(Input::Resumed)?;
                }
                event = input.next() => match event {
                    Some(Ok(event)) => self.input(event)?,
                    Some(Err(_)) | None => return Err(ConsoleError::InputClosed),
                },
                Some(told) = self.told.recv() => match told {
                    Told::Event(event) => self.take(Input::Told(event))?,
                    Told::NotKept(why) => self.not_kept = Some(why),
                },
            }
        }
        Ok(())
    }

    fn input(&mut self, raw: Raw) -> Result<(), ConsoleError> {
        let input = match raw {
            Raw::Key(key) if key.kind == KeyEventKind::Release => return Ok(()),
            Raw::Key(key) => Input::Key(key),
            Raw::Paste(text) => Input::Paste(text),
            Raw::Resize(columns, lines) => Input::Resize(columns, lines),
            Raw::Mouse(_) | Raw::FocusGained | Raw::FocusLost => return Ok(()),
        };
        self.take(input)
    }

    fn take(&mut self, input: Input) -> Result<(), ConsoleError> {
        let asks = self.state.reduce(input);
        self.all(asks)
    }

    fn all(&mut self, asks: Vec<Ask>) -> Result<(), ConsoleError> {
        for ask in asks {
            match ask {
                Ask::Suspend if suspend::is_possible() => suspend::ask()?,
                Ask::Suspend => {}
                Ask::Redraw => {
                    let (columns, lines) = crossterm::terminal::size()?;
                    self.screen.resize(Rect::new(0, 0, columns, lines))?;
                    self.state.size = (columns, lines);
                    self.state.dirty = true;
                }
                Ask::Setup(effect) => self.perform(effect),
            }
        }
        Ok(())
    }

    fn perform(&mut self, effect: Effect) {
        let (world, tell) = (Arc::clone(&self.world), self.tell.clone());
        // Whoever listens may have left.
        let say = async move |told: Told| drop(tell.send(told).await);
        match effect {
            Effect::Look(ticket, probe) => {
                tokio::spawn(async move {
                    let found = world.look(probe).await;
                    say(Told::Event(Event::Found(ticket, found))).await;
                });
            }
            Effect::Offers(region) => {
                tokio::spawn(async move {
                    let offers = world.offers(&region).await;
                    say(Told::Event(Event::Offers(region, offers))).await;
                });
            }
            Effect::Keep(kept) => self.keep(Some(kept)),
            gather @ Effect::Gather { .. } => {
                tokio::spawn(async move {
                    let gathered = world.gather(gather).await;
                    say(Told::Event(Event::Gathered(gathered))).await;
                });
            }
            Effect::Write(files) => {
                tokio::spawn(async move {
                    let wrote = world.write(files).await;
                    say(Told::Event(Event::Wrote(wrote))).await;
                });
            }
            Effect::End => {
                if *self.state.wizard.place() == Place::Written {
                    self.keep(None);
                }
                self.stay = false;
            }
        }
    }

    fn keep(&mut self, kept: Option<Kept>) {
        let (world, tell, before) = (Arc::clone(&self.world), self.tell.clone(), self.keeping.take());
        self.keeping = Some(tokio::spawn(async move {
            if let Some(before) = before {
                let _ = before.await;
            }
            if let Err(why) = world.keep(kept).await {
                drop(tell.send(Told::NotKept(why)).await);
            }
        }));
    }

    fn draw(&mut self) -> Result<(), ConsoleError> {
        let size = crossterm::terminal::size()?;
        self.state.size = size;
        self.state.dirty = false;
        let state = &self.state;
        let _pen = terminal::pen();
        self.screen.draw(|frame| draw(frame, state))?;
        Ok(())
    }
}
