//! Stepping aside for the shell, as Ctrl-Z does, and coming back.

use std::io;

use rustix::process::{Signal, getpgrp, getpid, getppid, getsid, kill_current_process_group, kill_process};
use tokio::signal::unix::{self, SignalKind, signal};

/// Why the loop was woken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Somebody wants us to stop.
    Stop,
    /// We were stopped without being asked, and go on.
    Continued,
}

/// The two signals of job control.
pub struct Suspension {
    stop: unix::Signal,
    go_on: unix::Signal,
}

/// Whether somebody would wake us again: a shell with job control in our session. `ssh -t host quarterdeck` or
/// a terminal's own command has none, and would stay stopped for good.
pub fn is_possible() -> bool {
    let Ok(session) = getsid(None) else { return false };
    // A session's first program and the job it is in were not put there by a shell of that session.
    let of_a_shell = getpgrp() != session;
    of_a_shell && getppid().is_some_and(|parent| getsid(Some(parent)).is_ok_and(|theirs| theirs == session))
}

/// Asks the whole job to stop, as the terminal does on Ctrl-Z: a script that started us must stop as well.
/// Our own part comes back through [`Suspension::next`].
pub fn ask() -> io::Result<()> {
    Ok(kill_current_process_group(Signal::TSTP)?)
}

impl Suspension {
    /// From here on the signals come to us.
    pub fn new() -> io::Result<Self> {
        let kind = |signal: Signal| SignalKind::from_raw(signal.as_raw());
        Ok(Self { stop: signal(kind(Signal::TSTP))?, go_on: signal(kind(Signal::CONT))? })
    }

    /// Waits for one of them.
    pub async fn next(&mut self) -> Kind {
        tokio::select! {
            Some(()) = self.stop.recv() => Kind::Stop,
            Some(()) = self.go_on.recv() => Kind::Continued,
            else => std::future::pending().await,
        }
    }

    /// Stops this process until it is continued. The terminal must have been given back.
    pub async fn stop(&mut self) -> io::Result<()> {
        // One that is left from before would let us go on at once.
        while futures_util::FutureExt::now_or_never(self.go_on.recv()).is_some() {}
        kill_process(getpid(), Signal::STOP)?;
        self.go_on.recv().await;
        // Asked for twice, stopped once.
        while futures_util::FutureExt::now_or_never(self.stop.recv()).is_some() {}
        Ok(())
    }
}
