//! The ways a console ends without being asked: signals, and a terminal that goes away.
//!
//! Both are watched beside the loop, for reading from a terminal that is gone can spin forever: when the loop
//! does not end within a moment, the program is ended here.

use std::io;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, poll};
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;

use super::going_on::{GoingOn, Last};
use crate::console::terminal;

/// How long the loop may take to end.
const GRACE: Duration = Duration::from_millis(500);

/// Why the console ended, or could not start.
#[derive(Debug, thiserror::Error)]
pub enum ConsoleError {
    /// Nothing to draw on, or nobody to press keys.
    #[error(
        "{0} is not a terminal, and the console needs one; `quarterdeck describe` prints the same facts without"
    )]
    NotATerminal(&'static str),
    /// The terminal went away.
    #[error("the terminal was closed")]
    InputClosed,
    /// A signal asked for the end.
    #[error("ended by {0}")]
    Signal(&'static str),
    /// The terminal does not work as one.
    #[error("the terminal does not work: {0}; try another one, or `quarterdeck describe`")]
    Terminal(io::Error),
}

impl From<io::Error> for ConsoleError {
    /// A terminal that has hung up answers every request with EIO.
    fn from(error: io::Error) -> Self {
        if error.raw_os_error() == Some(rustix::io::Errno::IO.raw_os_error()) {
            Self::InputClosed
        } else {
            Self::Terminal(error)
        }
    }
}

impl ConsoleError {
    /// The program's exit code: 2 for a wrong use, 4 for an interruption, else 1.
    #[must_use]
    pub const fn exit_code(&self) -> u8 {
        match self {
            Self::NotATerminal(_) => 2,
            Self::Signal(_) => 4,
            Self::InputClosed | Self::Terminal(_) => 1,
        }
    }

    /// What becomes of runs: a terminal that went away says nothing about them.
    pub(super) fn last(&self) -> Last {
        match self {
            Self::InputClosed | Self::Signal("SIGHUP") => Last::GoOn,
            Self::NotATerminal(_) | Self::Signal(_) | Self::Terminal(_) => Last::Cancel,
        }
    }
}

/// What may end the console.
pub struct Endings {
    told: mpsc::Receiver<ConsoleError>,
}

impl Endings {
    /// Waits for the first of them.
    pub async fn next(&mut self) -> ConsoleError {
        match self.told.recv().await {
            Some(end) => end,
            None => std::future::pending().await,
        }
    }
}

/// Starts to watch.
pub fn watch(going_on: &GoingOn) -> io::Result<Endings> {
    let (tell, told) = mpsc::channel(1);
    for (kind, name) in [
        (SignalKind::terminate(), "SIGTERM"),
        (SignalKind::hangup(), "SIGHUP"),
        (SignalKind::interrupt(), "SIGINT"),
        (SignalKind::quit(), "SIGQUIT"),
    ] {
        let mut signal = signal(kind)?;
        let (tell, going_on) = (tell.clone(), going_on.clone());
        tokio::spawn(async move {
            while signal.recv().await.is_some() {
                // Ctrl-C and Ctrl-\\ reach everybody at the terminal.
                let of_keys = kind == SignalKind::interrupt() || kind == SignalKind::quit();
                if of_keys && terminal::is_aside() {
                    continue;
                }
                end(&tell, ConsoleError::Signal(name), &going_on).await;
            }
        });
    }
    let (gone, closed) = tokio::sync::oneshot::channel();
    std::thread::Builder::new().name("hang-up".into()).spawn(move || {
        if wait_for_hang_up() {
            // Nobody listens any more when the console has ended already.
            let _ = gone.send(());
        }
    })?;
    let going_on = going_on.clone();
    tokio::spawn(async move {
        if closed.await.is_ok() {
            end(&tell, ConsoleError::InputClosed, &going_on).await;
        }
    });
    Ok(Endings { told })
}

/// Sleeps until the terminal hangs up; keys do not wake it. False where a terminal cannot be asked.
fn wait_for_hang_up() -> bool {
    let stdin = io::stdin();
    loop {
        let mut asked = [PollFd::new(&stdin, PollFlags::empty())];
        match poll(&mut asked, None) {
            Ok(_) if asked[0].revents().intersects(PollFlags::HUP | PollFlags::ERR) => return true,
            Err(rustix::io::Errno::INTR) => {}
            Ok(_) | Err(_) => return false,
        }
    }
}

/// Tells the loop, and ends the program when it does not listen.
async fn end(tell: &mpsc::Sender<ConsoleError>, why: ConsoleError, going_on: &GoingOn) {
    let (code, message, last) = (why.exit_code(), why.to_string(), why.last());
    // Full means that another ending is being told already.
    let _ = tell.try_send(why);
    tokio::time::sleep(GRACE).await;
    if going_on.settle(last).await {
        // The console waits for the same, and says how it went.
        tokio::time::sleep(GRACE).await;
    }
    terminal::leave_within(GRACE);
    terminal::say_within(&format!("quarterdeck: {message}"), GRACE);
    std::process::exit(i32::from(code));
}
