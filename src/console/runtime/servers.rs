//! What the loop does on servers: runs, shells, host keys; and how it steps aside.

use std::time::Duration;

use crossterm::event::EventStream;
use futures_util::StreamExt;
use tokio::time::Instant;

use super::aside::{self, Aside, Told};
use super::going_on::{LEAVING, Last};
use super::{Console, ConsoleError, suspend};
use crate::console::event::{Effect, Event};
use crate::console::terminal;
use crate::refresh::Command;
use crate::remote::Target;

/// How long the last words may take to be written.
const SAYING: Duration = Duration::from_millis(500);

impl Console {
    /// Does what concerns servers.
    pub(super) fn on_servers(&mut self, effect: Effect) -> Result<(), ConsoleError> {
        match effect {
            Effect::Exec(wish) => self.feeds.exec(*wish),
            Effect::CancelRun(ticket) => self.feeds.cancel(ticket),
            Effect::CancelHost(ticket, host) => self.feeds.cancel_host(ticket, host),
            Effect::Plan(wish) => self.feeds.plan(self.bench.clone(), *wish),
            Effect::KeepSecrets(wish) => self.feeds.keep_secrets(self.bench.clone(), *wish),
            Effect::Releases(environment) => self.feeds.releases(self.bench.clone(), environment),
            Effect::Start(wish) => {
                let identity = self.state.snapshot.identity.value().map(|identity| identity.arn.clone());
                self.feeds.start(self.bench.clone(), *wish, identity.unwrap_or_default());
            }
            Effect::Stop(ticket, cancel) => self.feeds.plans.stop(ticket, cancel),
            Effect::OpenPast(ticket, id) => self.feeds.open_past(ticket, id),
            Effect::Follow(wish) => self.feeds.follow(*wish),
            Effect::Unfollow(ticket) => self.feeds.unfollow(ticket),
            Effect::Save { path, lines } => self.feeds.save(path, lines),
            Effect::Read(whole) => self.feeds.read(whole),
            Effect::Shell(target) => self.step_aside(&target)?,
            Effect::Trust { target, fingerprint, replaces } => {
                let (instance, answer) = (target.instance().clone(), self.feeds.answer());
                let command = Command::Trust { instance, fingerprint, replaces, answer };
                let asked = self.handle.commands.try_send(command);
                let event = match asked {
                    Ok(()) => Event::Done(
                        "The server is asked once more, and its key kept if it is the same".into(),
                    ),
                    Err(_) => Event::Failed("Refreshing is busy; try again in a moment".into()),
                };
                self.reduce(event)?;
            }
            Effect::LeaveSoon => self.leave_at = Some(Instant::now() + LEAVING),
            _ => {}
        }
        Ok(())
    }

    /// Gives the terminal to a shell on a server.
    fn step_aside(&mut self, target: &Target) -> Result<(), ConsoleError> {
        let Some(change) = &self.feeds.change else {
            return self.reduce(Event::Failed("There is no way to open a shell from this console".into()));
        };
        let line = change.shell(target);
        // Whoever reads keys would take those meant for the shell.
        self.input = None;
        // Before it is given back: from then on keys that interrupt are meant for the other program.
        terminal::lend();
        terminal::leave();
        self.before_aside = Some(terminal::settings());
        terminal::say_within(&format!("quarterdeck steps aside for: {line}"), SAYING);
        match Aside::start(target.instance().to_string(), &line) {
            Ok(aside) => {
                self.aside = Some(aside);
                Ok(())
            }
            Err(error) => {
                terminal::lent_no_more();
                let program = line.words.first().cloned().unwrap_or_default();
                self.come_back(Event::Failed(format!("No shell: {program} could not be started: {error}")))
            }
        }
    }

    /// What became of the program that has the terminal.
    pub(super) fn stepped(&mut self, told: Told) -> Result<(), ConsoleError> {
        match told {
            Told::Stopped if suspend::is_possible() => Ok(suspend::ask()?),
            Told::Stopped => {
                if let Some(aside) = &self.aside {
                    aside.go_on();
                }
                Ok(())
            }
            Told::Ended(how) => {
                let name = self.aside.take().map(|aside| aside.name.clone()).unwrap_or_default();
                let event = match aside::complaint(&how) {
                    None => Event::Done(format!("The shell on {name} has ended")),
                    Some(how) => Event::Failed(format!("The shell on {name} has ended: {how}")),
                };
                self.come_back(event)
            }
        }
    }

    fn come_back(&mut self, said: Event) -> Result<(), ConsoleError> {
        if let Some(before) = self.before_aside.take() {
            terminal::tidy(&before);
        }
        terminal::enter(self.state.preferences.mouse)?;
        self.input = Some(EventStream::new());
        self.take(Event::Resumed)?;
        self.take(said)
    }

    /// What is left to do when the console has ended without being asked: its runs come to their ends.
    pub(super) async fn settle(&mut self, end: &ConsoleError) {
        self.input = None;
        self.aside = None;
        if let Some(before) = self.before_aside.take() {
            terminal::tidy_within(before, SAYING);
        }
        self.feeds.unfollow_all();
        let going_on = self.feeds.going_on.clone();
        if !going_on.is_empty() {
            let line = match end.last() {
                Last::Cancel => "what runs is ended on the servers; waiting a moment for their word",
                Last::GoOn => "what runs goes on up to its end, and is recorded",
            };
            terminal::say_within(&format!("quarterdeck: {end}: {line}"), SAYING);
        }
        if going_on.settle(end.last()).await {
            for line in going_on.words() {
                terminal::say_within(&line, SAYING);
            }
        }
    }

    /// Says how runs ended that were ended by leaving.
    pub(super) fn last_words(&self) {
        if !self.state.leaving {
            return;
        }
        for work in self.state.desk.works().filter(|work| work.is_ours) {
            let state = if work.goes_on() { "interrupted" } else { work.state.word() };
            terminal::say_within(&format!("run {}: {state}", work.id), SAYING);
        }
        for run in self.state.shelf.runs().filter(|run| run.members.iter().any(|m| m.cancelling)) {
            for member in run.members.iter().filter(|member| member.cancelling) {
                let reason = match member.state.reason() {
                    Some(reason) => reason,
                    None if member.state.is_over() => member.words(self.state.now),
                    None => "unknown: it was ended, and the server has not said whether it has".into(),
                };
                let line = format!("run {}: {}: {reason}", run.name(), member.host.name);
                terminal::say_within(&line, SAYING);
            }
        }
    }
}

/// The next key; never, while another program has the terminal.
pub(super) async fn next_input(
    input: &mut Option<EventStream>,
) -> Option<std::io::Result<crossterm::event::Event>> {
    match input {
        Some(input) => input.next().await,
        None => std::future::pending().await,
    }
}

/// The next news of the program that has the terminal; never, while none has.
pub(super) async fn next_told(aside: &mut Option<Aside>) -> Told {
    match aside {
        Some(aside) => aside.next().await,
        None => std::future::pending().await,
    }
}
