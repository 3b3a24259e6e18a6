//! Stepping aside for a program in the operator's terminal: it runs in the foreground, in our own process group,
//! so that the shell that started us stops and continues both as one job.

use std::io;
use std::process::{Child, Command, ExitStatus};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustix::io::Errno;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process, waitid};
use tokio::sync::mpsc;

use crate::console::terminal;
use crate::remote::CommandLine;

/// A stopped program is looked at so often, to see whether it goes on.
const LOOK: Duration = Duration::from_millis(100);

/// What became of it.
#[derive(Debug)]
pub(super) enum Told {
    /// It was stopped, and we were not: as ssh does it on its own escape.
    Stopped,
    /// It ended.
    Ended(io::Result<ExitStatus>),
}

/// A program that has the terminal.
pub(super) struct Aside {
    /// What to call it.
    pub(super) name: String,
    /// None as soon as it is waited for: from then on the number may be another program's.
    pid: Arc<Mutex<Option<Pid>>>,
    told: mpsc::Receiver<Told>,
}

impl Aside {
    /// Starts it. The terminal must have been lent and given back; if it does not start, it is lent no more.
    pub(super) fn start(name: String, line: &CommandLine) -> io::Result<Self> {
        let (program, arguments) = line.words.split_first().ok_or(io::ErrorKind::InvalidInput)?;
        let child = Command::new(program).args(arguments).spawn()?;
        let pid = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
        let pid = Arc::new(Mutex::new(pid));
        let (tell, told) = mpsc::channel(4);
        // The thread waits for the child before it runs: without the thread, the child is ended here.
        let (give, given) = std::sync::mpsc::channel();
        let watched = Arc::clone(&pid);
        let started = std::thread::Builder::new().name("aside".into()).spawn(move || {
            if let Ok(child) = given.recv() {
                watch(child, &watched, &tell);
            }
        });
        match started {
            Ok(_) => {
                // It waits for nothing else.
                let _ = give.send(child);
                Ok(Self { name, pid, told })
            }
            Err(error) => {
                let mut child = child;
                // It may have ended meanwhile.
                let _ = child.kill().and_then(|()| child.wait());
                Err(error)
            }
        }
    }

    /// The next that became of it.
    pub(super) async fn next(&mut self) -> Told {
        match self.told.recv().await {
            Some(told) => told,
            None => Told::Ended(Err(io::Error::other("nobody knows how it ended"))),
        }
    }

    /// Lets it go on after it was stopped, where no shell would.
    pub(super) fn go_on(&self) {
        self.signal(Signal::CONT);
    }

    fn signal(&self, signal: Signal) {
        // Held while the signal is sent: it is not waited for meanwhile.
        let pid = self.pid.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(pid) = *pid {
            // It may have ended meanwhile.
            let _ = kill_process(pid, signal);
        }
    }
}

impl Drop for Aside {
    fn drop(&mut self) {
        terminal::lent_no_more();
        self.signal(Signal::HUP);
    }
}

fn watch(mut child: Child, shared: &Mutex<Option<Pid>>, tell: &mpsc::Sender<Told>) {
    let pid = *shared.lock().unwrap_or_else(PoisonError::into_inner);
    while let Some(pid) = pid {
        let news =
            waitid(WaitId::Pid(pid), WaitIdOptions::EXITED | WaitIdOptions::STOPPED | WaitIdOptions::NOWAIT);
        match news {
            Ok(Some(status)) if status.stopped() => {}
            Err(Errno::INTR) => continue,
            _ => break,
        }
        // Stopped together with us, it goes on together with us.
        std::thread::sleep(LOOK);
        if is_stopped(pid) {
            // With nobody to hear it, it was sent a signal that ends it.
            let _ = tell.blocking_send(Told::Stopped);
        }
        while is_stopped(pid) {
            std::thread::sleep(LOOK);
        }
    }
    // It has ended, and is kept by the system until it is waited for.
    let ended = {
        let mut pid = shared.lock().unwrap_or_else(PoisonError::into_inner);
        *pid = None;
        child.wait()
    };
    let _ = tell.blocking_send(Told::Ended(ended));
}

fn is_stopped(pid: Pid) -> bool {
    let options = WaitIdOptions::STOPPED | WaitIdOptions::NOHANG | WaitIdOptions::NOWAIT;
    matches!(waitid(WaitId::Pid(pid), options), Ok(Some(status)) if status.stopped())
}

/// How it ended, for a message. `None`: as it should.
pub(super) fn complaint(ended: &io::Result<ExitStatus>) -> Option<String> {
    use std::os::unix::process::ExitStatusExt;
    match ended {
        Err(error) => Some(error.to_string()),
        Ok(status) => match (status.code(), status.signal()) {
            (Some(0), _) => None,
            (Some(255), _) => Some("code 255: ssh could not connect, or the connection broke".into()),
            (Some(code), _) => Some(format!("code {code}, which is that of its last command")),
            (None, Some(signal)) => Some(format!("killed by signal {signal}")),
            (None, None) => Some("nobody knows how".into()),
        },
    }
}
