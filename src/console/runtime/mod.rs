//! The one loop: waits for whatever comes next, reduces it, does what was asked for, and draws when
//! something changed, at most thirty times a second.

mod aside;
mod browse;
mod chronicle;
mod endings;
mod fault;
mod feeds;
mod files;
mod given;
mod going_on;
mod history;
mod look;
mod memory;
mod notify;
mod past;
mod plans;
mod recorder;
mod save;
mod servers;
pub mod setup;
mod suspend;
mod wake;

use std::io::{self, Stdout};
use std::mem::ManuallyDrop;
use std::sync::Arc;
use std::time::Duration;

use crossterm::clipboard::CopyToClipboard;
use crossterm::event::{Event as Input, EventStream, KeyEventKind};
use crossterm::execute;

use ratatui::Terminal;
use ratatui::backend::CrosstermBackend;
use ratatui::layout::Rect;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use fault::Fault;

use super::event::{Effect, Event};
use super::findings::Findings;
use super::reduce::reduce;
use super::screen::Screen;
use super::state::{Begin, State};
use super::{terminal, views};
use crate::config::Problem;
use crate::fleet::{EnvironmentName, Interest};
use crate::history::History;
use crate::refresh::{Command, Handle};

use aside::Aside;
pub use endings::ConsoleError;
use feeds::Feeds;
pub use given::{Clock, DriftOf, KeepSecrets, SecretsWays, Setup};
pub use look::{Places, check_look, load_look};
use plans::Bench;
pub use plans::PortsOf;
use servers::{next_input, next_told};

/// Time between two frames at least.
const FRAME: Duration = Duration::from_millis(33);
/// Time between two tellings that somebody is there.
const AWAKE: Duration = Duration::from_secs(1);

/// Runs the console until the operator leaves.
///
/// # Errors
/// There is no terminal, it went away, or a signal ended the console. See [`ConsoleError::exit_code`].
pub async fn run(setup: Setup, handle: Handle) -> Result<(), ConsoleError> {
    terminal::check().map_err(ConsoleError::NotATerminal)?;
    let size = crossterm::terminal::size()?;
    let look = load_look(&setup.places, &setup.preferences, &setup.problems);
    // Those of the preferences are found anew at every reload; the others stay.
    let (_, of_preferences) = setup.places.preferences();
    let base_problems = setup.problems.into_iter().filter(|p| !of_preferences.contains(p)).collect();
    let history = setup.state_dir.as_deref().map(|dir| History::new(dir, &setup.endpoint, &setup.topology));
    let (memories, forgotten) = memory::read(history.clone(), &setup.topology).await;
    let mut state = State::new(Begin {
        topology: setup.topology,
        endpoint: setup.endpoint,
        read_only: setup.read_only,
        preferences: setup.preferences,
        look,
        size,
        now: (setup.clock.now)(),
        speed: setup.clock.speed,
        globals: setup.globals,
        can_change: setup.ports.is_some() && setup.runs.is_some(),
    });
    state.findings = Findings::new(memories, setup.who.clone());
    let store = setup.runs;
    let feeds = Feeds::new(setup.remote, setup.change, store.clone(), setup.who);
    let memory = memory::start(history.clone(), feeds.tell.clone());
    let kept = history.clone();
    let recorder = recorder::start(history, &state, setup.clock.clone(), &handle, feeds.tell.clone());
    let history = history::start(store, feeds.tell.clone());
    let bench = setup.ports.map(|ports| Bench {
        ports,
        repo: setup.repo,
        templates: setup.templates,
        secrets: setup.secrets,
        topology: Arc::clone(&state.topology),
        snapshots: handle.snapshots.clone(),
        commands: handle.commands.clone(),
        clock: setup.clock.clone(),
    });
    terminal::end_on_panic();
    let endings = endings::watch(&feeds.going_on)?;
    let suspension = suspend::Suspension::new()?;
    let screen = ManuallyDrop::new(Terminal::new(CrosstermBackend::new(io::stdout()))?);
    terminal::enter(state.preferences.mouse)?;
    let files = files::watch(&setup.places);
    let mut console = Console {
        state,
        screen,
        handle,
        feeds,
        bench,
        history,
        memory,
        recorder,
        kept,
        input: Some(EventStream::new()),
        aside: None,
        before_aside: None,
        leave_at: None,
        clock: setup.clock,
        places: setup.places,
        base_problems,
        look_wanted: None,
        awake_at: None,
        frame_at: Instant::now(),
        fault: Fault::from_environment(),
        stay: true,
    };
    // A full queue means that it is asked for already.
    let _ = console.history.try_send(());
    if let Some(forgotten) = forgotten {
        console.reduce(Event::Failed(forgotten))?;
    }
    let ended = console.forever(endings, suspension, files).await;
    terminal::leave();
    match &ended {
        Ok(()) => console.last_words(),
        Err(end) => console.settle(end).await,
    }
    ended
}

struct Console {
    state: State,
    /// Never dropped: it would show the cursor once more, and panic where the terminal has gone.
    screen: ManuallyDrop<Terminal<CrosstermBackend<Stdout>>>,
    handle: Handle,
    feeds: Feeds,
    /// What plans are made and executed with; none where nothing can be changed.
    bench: Option<Bench>,
    /// Asks for the history to be read.
    history: mpsc::Sender<()>,
    /// Keeps what triage remembers.
    memory: memory::Keeper,
    /// Records what happens.
    recorder: recorder::Recorder,
    /// Where it is kept.
    kept: Option<History>,
    /// None while another program has the terminal.
    input: Option<EventStream>,
    aside: Option<Aside>,
    /// The terminal's settings from before it was given away.
    before_aside: Option<terminal::Settings>,
    /// When to leave in any case.
    leave_at: Option<Instant>,
    clock: Clock,
    places: Places,
    base_problems: Vec<Problem>,
    look_wanted: Option<Interest>,
    awake_at: Option<Instant>,
    frame_at: Instant,
    fault: Fault,
    stay: bool,
}

impl Console {
    async fn forever(
        &mut self,
        mut endings: endings::Endings,
        mut suspension: suspend::Suspension,
        mut files: files::Changes,
    ) -> Result<(), ConsoleError> {
        let mut refreshing = true;
        while self.stay {
            let wake = wake::at(&self.state, &self.clock);
            let (frame_at, leave_at, commands) = (self.frame_at, self.leave_at, self.handle.commands.clone());
            tokio::select! {
                biased;
                end = endings.next() => return Err(end),
                kind = suspension.next() => self.suspended(kind, &mut suspension).await?,
                () = sleep_until(frame_at), if self.state.dirty && self.aside.is_none() => self.draw()?,
                event = next_input(&mut self.input) => match event {
                    Some(Ok(event)) => self.input(event)?,
                    Some(Err(_)) | None => return Err(ConsoleError::InputClosed),
                },
                changed = self.handle.snapshots.changed(), if refreshing => {
                    refreshing = changed.is_ok();
                    let snapshot = Arc::clone(&self.handle.snapshots.borrow_and_update());
                    self.take(if refreshing { Event::Snapshot(snapshot) } else { refresh_ended() })?;
                }
                Ok(()) = self.handle.pulse.changed(), if refreshing => {
                    let pulse = *self.handle.pulse.borrow_and_update();
                    self.take(Event::Pulse(pulse))?;
                }
                told = next_told(&mut self.aside) => self.stepped(told)?,
                event = self.feeds.next() => self.take(event)?,
                () = sleep_until(leave_at.unwrap_or(frame_at)), if leave_at.is_some() => self.stay = false,
                () = files.next() => {
                    let (look, preferences, failed) = files.reload(&self.places, &self.base_problems).await;
                    self.take(Event::Reloaded(Box::new(look), Box::new(preferences)))?;
                    if let Some(failed) = failed {
                        self.take(Event::Failed(failed))?;
                    }
                }
                Ok(place) = commands.reserve(), if self.look_wanted.is_some() => {
                    if let Some(interest) = self.look_wanted.take() {
                        place.send(Command::Look(interest));
                    }
                }
                () = sleep_until(wake) => self.take_clock()?,
            }
        }
        Ok(())
    }

    /// Time alone may bring other rows on screen, when a held order ends.
    fn take_clock(&mut self) -> Result<(), ConsoleError> {
        let now = (self.clock.now)();
        self.reduce(Event::Clock(now))
    }

    fn take(&mut self, event: Event) -> Result<(), ConsoleError> {
        self.take_clock()?;
        self.reduce(event)
    }

    /// Every effect is done: the state takes each for granted and does not ask twice.
    fn reduce(&mut self, event: Event) -> Result<(), ConsoleError> {
        let news = matches!(event, Event::News(_));
        for effect in reduce(&mut self.state, event) {
            self.perform(effect)?;
        }
        self.feeds.show(match self.state.screen() {
            Screen::Work(ticket) => Some(*ticket),
            _ => None,
        });
        if news {
            self.state.shelf.tidy();
        }
        Ok(())
    }

    fn input(&mut self, input: Input) -> Result<(), ConsoleError> {
        let event = match input {
            Input::Key(key) if key.kind == KeyEventKind::Release => return Ok(()),
            Input::Key(key) => Event::Key(key),
            Input::Mouse(mouse) => Event::Mouse(mouse),
            Input::Paste(text) => Event::Paste(text),
            Input::Resize(columns, lines) => Event::Resize(columns, lines),
            Input::FocusGained | Input::FocusLost => return Ok(()),
        };
        if self.awake_at.is_none_or(|at| at.elapsed() >= AWAKE) {
            self.awake_at = Some(Instant::now());
            // A full queue means that the loop is awake anyway.
            let _ = self.handle.commands.try_send(Command::Awake);
        }
        self.take(event)
    }

    fn perform(&mut self, effect: Effect) -> Result<(), ConsoleError> {
        match effect {
            Effect::Quit => self.stay = false,
            Effect::Suspend if suspend::is_possible() => suspend::ask()?,
            Effect::Suspend => self.reduce(Event::Failed("There is no shell to return to".into()))?,
            Effect::Refresh => {
                if self.handle.commands.try_send(Command::Now).is_err() {
                    let what = "Refreshing is busy; try again in a moment";
                    self.reduce(Event::Failed(what.into()))?;
                }
            }
            Effect::Look(interest) => self.look_wanted = Some(interest),
            Effect::Copy(text) => execute!(io::stdout(), CopyToClipboard::to_clipboard_from(text))?,
            Effect::Browse(address) => {
                if let Some(program) = browse::open(&address) {
                    self.reduce(Event::Done(format!("Given to {program}, and copied: {address}")))?;
                }
            }
            Effect::History => {
                // A full queue means that it is asked for already.
                let _ = self.history.try_send(());
            }
            Effect::Notify(notice) => {
                if self.aside.is_none() {
                    notify::terminal(self.state.preferences.notify, &notice)?;
                }
                if !self.state.preferences.hook.is_empty() {
                    notify::hook(&self.state.preferences.hook, &notice);
                }
            }
            Effect::Remember(environment, memory) => self.memory.keep(environment, *memory),
            Effect::Timeline(environment) => self.chronicle(&environment),
            Effect::Past(at) => past::read(
                self.kept.clone(),
                Arc::clone(&self.state.topology),
                at,
                self.state.speed,
                self.feeds.tell.clone(),
            ),
            Effect::Record(environment, found) => self.recorder.found(environment, found),
            Effect::Redraw if self.aside.is_some() => {}
            Effect::Redraw => self.repaint()?,
            of_servers => self.on_servers(of_servers)?,
        }
        Ok(())
    }

    /// Has what happened in an environment read.
    fn chronicle(&self, environment: &EnvironmentName) {
        let Some(place) = self.state.topology.environment(environment) else { return };
        // What happened is told as of now, also to whoever looks at the past.
        let live = self.state.past.as_ref().map(|as_of| &as_of.live);
        let asked = chronicle::Asked {
            history: self.kept.clone(),
            store: self.feeds.store.clone(),
            place: place.clone(),
            snapshot: Arc::clone(live.map_or(&self.state.snapshot, |live| &live.snapshot)),
            thresholds: self.state.preferences.thresholds,
            now: live.map_or(self.state.now, |live| live.now),
            pace: self.state.speed,
        };
        chronicle::read(asked, self.feeds.tell.clone());
    }

    /// Everything will be drawn, for what is on the terminal is not known.
    fn repaint(&mut self) -> Result<(), ConsoleError> {
        let (columns, lines) = crossterm::terminal::size()?;
        self.screen.resize(Rect::new(0, 0, columns, lines))?;
        self.state.dirty = true;
        Ok(())
    }

    fn draw(&mut self) -> Result<(), ConsoleError> {
        self.frame_at = Instant::now() + FRAME;
        let size = crossterm::terminal::size()?;
        if size != self.state.size {
            self.take(Event::Resize(size.0, size.1))?;
        }
        self.state.dirty = false;
        let (state, fault) = (&self.state, self.fault);
        let _pen = terminal::pen();
        self.screen.draw(|frame| {
            fault.strike(state);
            views::draw(frame, state);
        })?;
        Ok(())
    }

    async fn suspended(
        &mut self,
        kind: suspend::Kind,
        suspension: &mut suspend::Suspension,
    ) -> Result<(), ConsoleError> {
        if kind == suspend::Kind::Stop {
            terminal::leave();
            suspension.stop().await?;
        }
        if self.aside.is_some() {
            return Ok(());
        }
        // Whoever had the terminal meanwhile left it as they liked.
        terminal::enter(self.state.preferences.mouse)?;
        self.take(Event::Resumed)
    }
}

fn refresh_ended() -> Event {
    Event::Failed("Refreshing has ended; what is shown grows old. Start quarterdeck again".into())
}
