//! What has to be typed for a run: asked on the terminal, which does not show it, or read from standard input, a line each.

use std::io::{self, IsTerminal};

use rustix::termios::{LocalModes, OptionalActions, Termios, tcgetattr, tcsetattr};
use tokio::sync::oneshot;

use crate::cli::complain;
use crate::cli::exit::Stop;
use crate::cli::signals;
use crate::plan::typed::{Typed, Wanted, wrong};

/// How often somebody may mistype.
const TRIES: usize = 3;

/// Asks for all of it.
pub(crate) async fn ask(wanted: Vec<Wanted>) -> Result<Typed, Stop> {
    let mut typed = Typed::default();
    for one in wanted {
        let value = signals::unless_interrupted(Box::pin(value(&one))).await?;
        typed.put(one.name, value);
    }
    Ok(typed)
}

async fn value(wanted: &Wanted) -> Result<String, Stop> {
    let Wanted { name, anew } = wanted;
    if !io::stdin().is_terminal() {
        let given = line().await?.unwrap_or_default();
        return match wrong(&given, *anew) {
            None => Ok(given),
            Some(_) if given.is_empty() => Err(Stop::Usage(format!(
                "{name} is asked for, and standard input has no line for it: give it there, or run this at a terminal"
            ))),
            Some(why) => Err(Stop::Usage(format!("{name} {why}"))),
        };
    }
    let _silent = Silent::now();
    for _ in 0..TRIES {
        complain(&format!("{name} (not shown):"));
        let first = line().await?.unwrap_or_default();
        if let Some(why) = wrong(&first, *anew) {
            complain(&format!("{name} {why}"));
            continue;
        }
        if !anew {
            return Ok(first);
        }
        complain(&format!("{name}, once more:"));
        if line().await?.as_ref() == Some(&first) {
            return Ok(first);
        }
        complain(&format!("{name} was not the same twice"));
    }
    Err(Stop::Usage(format!("nothing was done: {name} was not given")))
}

/// The next line of standard input; none at its end. A thread of its own waits for it, which nobody has to wait for.
async fn line() -> Result<Option<String>, Stop> {
    let (tell, told) = oneshot::channel();
    let read = move || {
        let mut text = String::new();
        let read = io::stdin().read_line(&mut text);
        let line = move |length| (length > 0).then(|| text.trim_end_matches(['\r', '\n']).to_owned());
        let _ = tell.send(read.map(line));
    };
    let failed = |why: &dyn std::fmt::Display| Stop::Failed(format!("standard input cannot be read: {why}"));
    std::thread::Builder::new().spawn(read).map_err(|error| failed(&error))?;
    match told.await {
        Ok(Ok(line)) => Ok(line),
        Ok(Err(error)) => Err(failed(&error)),
        Err(error) => Err(failed(&error)),
    }
}

/// The terminal shows nothing of what is typed, until this is dropped.
struct Silent(Option<Termios>);

impl Silent {
    fn now() -> Self {
        let before = tcgetattr(io::stdin()).ok();
        if let Some(before) = &before {
            let mut silent = before.clone();
            silent.local_modes.remove(LocalModes::ECHO);
            let _ = tcsetattr(io::stdin(), OptionalActions::Flush, &silent);
        }
        Self(before)
    }
}

impl Drop for Silent {
    fn drop(&mut self) {
        if let Some(before) = &self.0 {
            let _ = tcsetattr(io::stdin(), OptionalActions::Now, before);
        }
    }
}
