//! `exec`: a command on servers, as the console runs it.

mod json;
mod text;

#[cfg(test)]
mod tests;

use std::io::{self, IsTerminal};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

pub(crate) use json::put;
pub(crate) use text::Prefix;

use super::args::{Confirmation, ExecOptions, Globals};
use super::exit::{Exit, Stop};
use super::stream::Printer;
use super::target::Target;
use super::{complain, place, servers, signals};
use crate::engine::{self, Control, ExecRequest, Progress, RunId, Running, Store, Summary, Verdict};
use crate::fleet::EnvironmentPlace;
use crate::fleet::text::shell_word;

/// Runs it. Ends with [`Exit::Done`] when it ended with code 0 on every server.
pub(crate) async fn run(globals: &Globals, target: Target, options: &ExecOptions) -> Result<Exit, Stop> {
    let place = servers::environment(&target.topology, &options.environment)?;
    refuse_read_only(globals)?;
    confirmed(place, &options.confirmation, &again(std::env::args().skip(1), place.name.as_str()))?;
    let store = store(globals, &target)?;
    let Some(change) = target.change.clone() else {
        return Err(Stop::Failed(target.no_remote.unwrap_or_else(|| "Servers cannot be asked".into())));
    };
    let chosen = signals::unless_interrupted(async {
        let chosen = servers::choose(&target, place, &options.choice).await?;
        if let Some(remote) = &target.remote {
            servers::meet(&target.cloud, remote, &chosen.hosts).await;
        }
        Ok(chosen)
    })
    .await?;
    let request = ExecRequest {
        environment: place.name.clone(),
        hosts: chosen.hosts,
        command: command_text(&options.command),
        sudo: options.sudo,
        at_once: if options.serial { Some(1) } else { options.limit },
        stop_on_failure: options.stop_on_failure,
        deadline: options.timeout,
        who: place::who(),
    };
    for line in chosen.notes.into_iter().chain(text::announcement(&request)) {
        complain(&line);
    }
    let running = engine::exec(change, store.clone(), request.clone()).await;
    let running = running.map_err(|error| Stop::Failed(error.to_string()))?;
    let view = view(globals, options, &request, &store, &running);
    watch(running, view, &request).await
}

/// One word is a line for the shell, as it stands; several are the words of one command, and arrive as they are.
pub(crate) fn command_text(words: &[String]) -> String {
    match words {
        [line] => line.clone(),
        words => words.iter().map(|word| shell_word(word)).collect::<Vec<_>>().join(" "),
    }
}

/// Whoever may only look runs nothing.
pub(crate) fn refuse_read_only(globals: &Globals) -> Result<(), Stop> {
    if globals.read_only {
        return Err(Stop::Refused("--read-only: nothing is run on servers".into()));
    }
    Ok(())
}

/// Production wants its own name; another one is refused everywhere.
pub(crate) fn confirmed(place: &EnvironmentPlace, given: &Confirmation, again: &str) -> Result<(), Stop> {
    let name = &place.name;
    match given.confirm.as_deref() {
        Some(confirm) if confirm == name.as_str() => Ok(()),
        Some(confirm) => Err(Stop::Refused(format!(
            "--confirm {} does not name the environment: it would be --confirm {name}",
            shell_word(&crate::fleet::text::one_line(confirm)),
        ))),
        None if place.production => {
            Err(Stop::Refused(format!("{name} is production: nothing was run. If you mean it:\n  {again}")))
        }
        None => Ok(()),
    }
}

/// The command line once more, with the confirmation in it.
fn again(words: impl Iterator<Item = String>, name: &str) -> String {
    let mut words: Vec<String> = words.map(|word| shell_word(&word)).collect();
    let end = words.iter().position(|word| word == "--").unwrap_or(words.len());
    words.splice(end..end, ["--confirm".to_owned(), shell_word(name)]);
    format!("quarterdeck {}", words.join(" "))
}

/// Where runs are kept: those of the sandbox beside its world.
pub(crate) fn store(globals: &Globals, target: &Target) -> Result<Store, Stop> {
    let cloud = Arc::clone(&target.cloud);
    let fleet = target.cloud.endpoint().fleet(&target.topology).join(" ");
    Ok(Store::new(&runs_dir(globals)?, Arc::new(move || cloud.now())).of(fleet))
}

/// The directory that has the runs below it.
pub(crate) fn runs_dir(globals: &Globals) -> Result<std::path::PathBuf, Stop> {
    let state = place::state_dir(globals).ok_or_else(|| {
        Stop::Failed("There is no home directory to keep runs in; name a place with --state-dir".into())
    })?;
    Ok(if globals.sandbox { state.join("sandbox") } else { state })
}

/// What is made of the news.
trait View: Send {
    /// What goes to standard output now.
    fn news(&mut self, news: &Progress) -> Vec<u8>;

    /// What goes to standard output in the end. May read files.
    fn end(&mut self, summary: &Summary) -> io::Result<Vec<Vec<u8>>>;
}

fn view(
    globals: &Globals,
    options: &ExecOptions,
    request: &ExecRequest,
    store: &Store,
    running: &Running,
) -> Box<dyn View> {
    if globals.json {
        return Box::new(json::Lines::new(request, &running.id, store.now()));
    }
    let colours = super::paint().colours;
    let names = request.hosts.iter().map(|host| host.name.clone()).collect();
    let prefix = text::Prefix::new(names, colours);
    if options.group {
        let files =
            request.hosts.iter().map(|host| store.output(&running.id, host.target.instance().as_str()));
        return Box::new(text::Groups::new(prefix, files.collect()));
    }
    Box::new(text::Lines::new(prefix))
}

/// Prints until it is over. The first signal cancels it on the servers, the second gives up.
async fn watch(running: Running, mut view: Box<dyn View>, request: &ExecRequest) -> Result<Exit, Stop> {
    let Running { id, mut progress, control, .. } = running;
    let printer = Printer::start();
    let printing = async {
        let mut reader = true;
        while let Some(news) = progress.recv().await {
            for line in text::remarks(&news, request) {
                complain(&line);
            }
            if reader && !printer.print(view.news(&news)).await {
                // As with ssh: whoever listens has gone, so what runs is ended.
                reader = false;
                control.cancel();
            }
            if let Progress::Finished { summary } = news {
                return Some((summary, reader));
            }
        }
        None
    };
    let (finished, interrupted) = until_over(printing, &control, &id).await?;
    let Some((summary, reader)) = finished else {
        return Err(Stop::Failed(
            "The run ended without a word; `quarterdeck runs list` has what is known".into(),
        ));
    };
    if reader {
        let last = tokio::task::spawn_blocking({
            let summary = summary.clone();
            move || view.end(&summary)
        });
        let last = last.await.map_err(|error| Stop::Failed(error.to_string()))?;
        for piece in last.map_err(|error| Stop::Failed(format!("Cannot read the output back: {error}")))? {
            printer.print(piece).await;
        }
    }
    let written = printer.finish().await;
    for line in text::summary(&summary, request, &id) {
        complain(&line);
    }
    written?;
    Ok(if interrupted {
        Exit::Interrupted
    } else if summary.is_success() {
        Exit::Done
    } else {
        Exit::Failed
    })
}

/// Sees the printing through. Whether a signal came, too.
async fn until_over<T>(
    printing: impl Future<Output = T>,
    control: &Control,
    id: &RunId,
) -> Result<(T, bool), Stop> {
    let mut printing = pin!(printing);
    let mut interrupted = false;
    loop {
        tokio::select! {
            finished = &mut printing => return Ok((finished, interrupted)),
            () = signals::interrupted() => {
                if interrupted {
                    return Err(Stop::GaveUp(format!(
                        "Gave up waiting: the servers were told to end it, and whether they did is not known. See \
                         `quarterdeck runs show {id}`."
                    )));
                }
                interrupted = true;
                control.cancel();
                complain("Cancelling on the servers; once more gives up waiting for them.");
            }
        }
    }
}

/// Whether standard error is read by a person.
fn is_watched() -> bool {
    io::stderr().is_terminal()
}

/// The longest a server may take, for people: `10m`.
fn span(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match (seconds / 3600, seconds / 60 % 60, seconds % 60) {
        (0, 0, s) => format!("{s}s"),
        (0, m, 0) => format!("{m}m"),
        (0, m, s) => format!("{m}m{s}s"),
        (h, 0, 0) => format!("{h}h"),
        (h, m, _) => format!("{h}h{m}m"),
    }
}

/// How many ended so, in words: `2 done, 1 failed`.
fn counts(summary: &Summary) -> String {
    let counts = Verdict::ALL.map(|verdict| (summary.count(verdict), verdict.word()));
    let counts = counts.into_iter().filter(|(count, _)| *count > 0);
    counts.map(|(count, word)| format!("{count} {word}")).collect::<Vec<_>>().join(", ")
}
