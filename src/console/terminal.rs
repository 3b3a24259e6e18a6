//! The terminal: taken for the full screen, and given back as it was, whatever way the console ends.

use std::cell::Cell;
use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::{Duration, Instant};

use crossterm::cursor::{Hide, Show};
use crossterm::event::{DisableBracketedPaste, EnableBracketedPaste};
use crossterm::style::{Print, ResetColor};
use crossterm::terminal::{EnterAlternateScreen, LeaveAlternateScreen, disable_raw_mode, enable_raw_mode};
use crossterm::{execute, queue};
use rustix::termios::{OptionalActions, Termios, tcgetattr, tcsetattr};

/// Clicks and wheel, reported by cell. Not every movement: those would wake an idle console.
const MOUSE_ON: &str = "\x1b[?1000h\x1b[?1006h";
const MOUSE_OFF: &str = "\x1b[?1006l\x1b[?1000l";

/// Modes of programs on the full screen, one by one, for a full reset would clear what is on the screen: the mouse in
/// all its ways, focus, paste, cursor keys, keypad, the keyboard's extensions of xterm and kitty, line drawing,
/// colours, the cursor's shape, wrapping, and at last the alternate screen.
const TIDY: &str = concat!(
    "\x1b[?1000l\x1b[?1001l\x1b[?1002l\x1b[?1003l\x1b[?1005l\x1b[?1006l\x1b[?1015l\x1b[?1004l\x1b[?2004l",
    "\x1b[?1l\x1b>\x1b[>4;0m\x1b[<9u\x1b(B\x0f\x1b[0m\x1b[0 q\x1b[?7h\x1b[?1047l\x1b[?25h",
);

/// Whether the terminal is ours now. It is global because a panic has to give it back from any thread.
static TAKEN: AtomicBool = AtomicBool::new(false);

/// Programs that have the terminal with our leave, or had it a moment ago.
static ASIDE: AtomicUsize = AtomicUsize::new(0);

/// A signal of the keyboard that ended such a program may reach us a little later than the news of its end.
const LATE: Duration = Duration::from_millis(500);

/// Held by whoever draws, and by a panic until the program has ended: no frame is drawn over its message.
static PEN: Mutex<()> = Mutex::new(());

thread_local! {
    /// Whether this thread holds the pen: a view that panics must not wait for itself.
    static DRAWS: Cell<bool> = const { Cell::new(false) };
}

/// The right to draw, until it is dropped.
#[derive(Debug)]
pub struct Pen(#[allow(dead_code, reason = "held, not read")] MutexGuard<'static, ()>);

impl Drop for Pen {
    fn drop(&mut self) {
        // A panicking view keeps its mark: the hook has run by then, and nothing is drawn any more.
        DRAWS.set(false);
    }
}

/// Waits for the right to draw.
#[must_use]
pub fn pen() -> Pen {
    let guard = PEN.lock().unwrap_or_else(PoisonError::into_inner);
    DRAWS.set(true);
    Pen(guard)
}

/// The pen for a thread that panics: not waited for where this thread holds it, nor longer than a moment, for
/// a terminal that takes no output may keep it.
fn pen_of_panic() -> Option<MutexGuard<'static, ()>> {
    let until = Instant::now() + Duration::from_millis(300);
    while !DRAWS.get() && Instant::now() < until {
        match PEN.try_lock() {
            Ok(guard) => return Some(guard),
            Err(TryLockError::Poisoned(poisoned)) => return Some(poisoned.into_inner()),
            Err(TryLockError::WouldBlock) => std::thread::sleep(Duration::from_millis(2)),
        }
    }
    None
}

/// Whether both ends that the console needs are a terminal: the name of the first that is not.
///
/// # Errors
/// `stdin` or `stdout`.
pub fn check() -> Result<(), &'static str> {
    if !io::stdin().is_terminal() {
        return Err("stdin");
    }
    if !io::stdout().is_terminal() {
        return Err("stdout");
    }
    Ok(())
}

/// Takes the terminal: raw mode, alternate screen, paste as one event, and the mouse when it is wanted.
///
/// # Errors
/// The terminal does not take the settings; it is given back then.
pub fn enter(mouse: bool) -> io::Result<()> {
    TAKEN.store(true, Ordering::SeqCst);
    let mut out = io::stdout();
    let taken = enable_raw_mode()
        .and_then(|()| queue!(out, EnterAlternateScreen, EnableBracketedPaste, Hide))
        .and_then(|()| if mouse { queue!(out, Print(MOUSE_ON)) } else { Ok(()) })
        .and_then(|()| out.flush());
    if taken.is_err() {
        leave();
    }
    taken
}

/// Says that another program has the terminal.
pub fn lend() {
    ASIDE.fetch_add(1, Ordering::SeqCst);
}

/// A terminal's settings as they were before another program had it.
#[derive(Debug)]
pub struct Settings(Option<Termios>);

/// The settings now. To be asked for when the terminal was given back, before another program has it.
#[must_use]
pub fn settings() -> Settings {
    Settings(tcgetattr(io::stdin()).ok())
}

/// Undoes what a program left behind that had no time to tidy up, its connection broken: settings, reports of the
/// mouse and of focus, the keypad's and the keyboard's modes, character sets, colours. To be done before
/// [`enter`], which would take such settings for those to give back in the end.
pub fn tidy(settings: &Settings) {
    if let Settings(Some(before)) = settings {
        // A terminal that has gone is found out by whoever draws on it.
        let _ = tcsetattr(io::stdin(), OptionalActions::Now, before);
    }
    let _ = execute!(io::stdout(), Print(TIDY));
}

/// Says that it no longer has it.
pub fn lent_no_more() {
    let end = || ASIDE.fetch_sub(1, Ordering::SeqCst);
    let later = std::thread::Builder::new().spawn(move || {
        std::thread::sleep(LATE);
        end();
    });
    if later.is_err() {
        end();
    }
}

/// As [`tidy`], but waits no longer than this.
pub fn tidy_within(settings: Settings, longest: Duration) {
    within(longest, move || tidy(&settings));
}

/// Whether another program has the terminal: keys that interrupt are meant for it.
#[must_use]
pub fn is_aside() -> bool {
    ASIDE.load(Ordering::SeqCst) > 0
}

/// Gives the terminal back. Does nothing when it is not taken; what fails is tried no further, for there is
/// nobody left to tell.
pub fn leave() {
    if !TAKEN.swap(false, Ordering::SeqCst) {
        return;
    }
    let mut out = io::stdout();
    // One by one: the modes must go even when a write fails.
    let _ = execute!(out, Print(MOUSE_OFF), DisableBracketedPaste, ResetColor, LeaveAlternateScreen, Show);
    let _ = disable_raw_mode();
}

/// Gives the terminal back, but waits no longer than this: a terminal that takes no output must not keep the
/// program alive.
pub fn leave_within(longest: Duration) {
    within(longest, leave);
}

/// Writes a line to standard error, but waits no longer than this. Whether anybody reads it changes nothing.
pub fn say_within(line: &str, longest: Duration) {
    let write = |line: String| {
        // There is nobody left to tell.
        let _ = io::stderr().write_all(line.as_bytes());
    };
    let line = format!("{line}\n");
    let copy = line.clone();
    if !within(longest, move || write(copy)) {
        write(line);
    }
}

/// False where the system gives no thread to do it on.
fn within(longest: Duration, work: impl FnOnce() + Send + 'static) -> bool {
    let (done, finished) = std::sync::mpsc::channel();
    let helper = std::thread::Builder::new().spawn(move || {
        work();
        // Whoever waited may have gone on.
        let _ = done.send(());
    });
    if helper.is_ok() {
        let _ = finished.recv_timeout(longest);
    }
    helper.is_ok()
}

/// From here on a panic anywhere gives the terminal back, says what happened and ends the program with
/// code 1: a console with a dead task would show old facts as if they were new.
pub fn end_on_panic() {
    let before = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        let taken = TAKEN.load(Ordering::SeqCst);
        let _pen = pen_of_panic();
        leave();
        before(info);
        if taken {
            // Not `eprintln`, which panics where nobody listens any more.
            let _ = writeln!(
                io::stderr(),
                "quarterdeck: this is a mistake in Quarterdeck; the terminal was given back."
            );
            std::process::exit(1);
        }
    }));
}
