//! The real binary in a terminal of its own, and what becomes of that terminal.
#![allow(dead_code, reason = "every binary of tests uses a part of it")]

use std::io::{Read, Write};
use std::num::NonZeroU16;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, SlavePty, native_pty_system};
use rustix::process::{Pid, Signal, kill_process};

/// The longest that anything may take.
const DEADLINE: Duration = Duration::from_secs(30);

/// What came out of the terminal.
struct Seen {
    raw: Vec<u8>,
    screen: vt100::Parser,
}

/// A terminal with a program in it.
pub struct Terminal {
    home: tempfile::TempDir,
    seen: Arc<Mutex<Seen>>,
    stop_reading: Arc<AtomicBool>,
    reader: Option<std::thread::JoinHandle<()>>,
    writer: Option<Box<dyn Write + Send>>,
    master: Option<Box<dyn MasterPty + Send>>,
    // Held so that the settings outlive the program.
    slave: Option<Box<dyn SlavePty + Send>>,
    child: Box<dyn Child + Send + Sync>,
    settings_before: String,
}

/// How to start.
#[derive(Default)]
pub struct Start {
    /// What to start with, instead of a sandbox of its own.
    pub arguments: Option<Vec<String>>,
    /// The working directory; the home when not given.
    pub directory: Option<PathBuf>,
    /// More variables.
    pub variables: Vec<(&'static str, String)>,
    /// A shell's command that runs the program as `"$@"`, instead of the program itself.
    pub shell: Option<&'static str>,
    /// Columns and lines; 100×30 when not given.
    pub size: Option<(u16, u16)>,
    /// Files of the operator's own directory, by path in it.
    pub files: Vec<(&'static str, &'static str)>,
}

impl Terminal {
    /// The console on a sandbox of its own, once its first facts are on screen.
    pub fn open() -> Self {
        Self::start(Start::default()).until("● production").until("● testing")
    }

    pub fn start(start: Start) -> Self {
        let home = tempfile::tempdir().unwrap();
        for (path, text) in &start.files {
            write(&own_dir(home.path()).join(path), text);
        }
        let (columns, lines) = start.size.unwrap_or((100, 30));
        let size = PtySize { rows: lines, cols: columns, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).unwrap();
        let settings_before = settings(&*pair.master);
        let program = env!("CARGO_BIN_EXE_quarterdeck");
        let mut command = match start.shell {
            None => CommandBuilder::new(program),
            Some(script) => {
                let mut command = CommandBuilder::new("sh");
                command.args(["-c", script, "sh", program]);
                command
            }
        };
        command.env_clear();
        let state = home.path().join("state").display().to_string();
        let sandbox = || ["sandbox", "--seed", "1", "--state-dir", &state].map(str::to_owned).to_vec();
        command.args(start.arguments.unwrap_or_else(sandbox));
        command.cwd(start.directory.as_deref().unwrap_or(home.path()));
        let path = std::env::var("PATH").unwrap_or_default();
        let fixed = [("PATH", path), ("TERM", "xterm-256color".into()), ("COLORTERM", "truecolor".into())];
        let homes = [
            ("HOME", home.path().display().to_string()),
            ("XDG_CONFIG_HOME", home.path().join("config").display().to_string()),
            ("PS1", "prompt> ".into()),
        ];
        for (name, value) in fixed.into_iter().chain(homes).chain(start.variables) {
            command.env(name, value);
        }
        let seen = Arc::new(Mutex::new(Seen { raw: Vec::new(), screen: screen(columns, lines) }));
        let stop_reading = Arc::new(AtomicBool::new(false));
        let reader = read(pair.master.try_clone_reader().unwrap(), &seen, &stop_reading);
        let writer = pair.master.take_writer().unwrap();
        let child = pair.slave.spawn_command(command).unwrap();
        Self {
            home,
            seen,
            stop_reading,
            reader: Some(reader),
            writer: Some(writer),
            master: Some(pair.master),
            slave: Some(pair.slave),
            child,
            settings_before,
        }
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The text on screen.
    pub fn text(&self) -> String {
        self.seen().screen.screen().contents()
    }

    /// Everything that was ever written to the terminal.
    pub fn raw(&self) -> String {
        String::from_utf8_lossy(&self.seen().raw).into_owned()
    }

    /// Waits until this holds.
    pub fn wait(&self, what: &str, holds: impl Fn(&Self) -> bool) {
        self.wait_for(DEADLINE, what, holds);
    }

    /// The same, for what takes its time.
    pub fn wait_for(&self, deadline: Duration, what: &str, holds: impl Fn(&Self) -> bool) {
        let begun = Instant::now();
        while !holds(self) {
            assert!(begun.elapsed() < deadline, "waited for {what} in vain; on screen:\n{}", self.text());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Waits until this is on screen.
    pub fn until(self, text: &str) -> Self {
        self.wait(text, |t| t.text().contains(text));
        self
    }

    /// Waits until this is no longer on screen.
    pub fn until_gone(self, text: &str) -> Self {
        self.wait(&format!("the end of {text}"), |t| !t.text().contains(text));
        self
    }

    /// Presses keys, as the bytes a terminal sends.
    pub fn press(mut self, bytes: &str) -> Self {
        let writer = self.writer.as_mut().unwrap();
        writer.write_all(bytes.as_bytes()).unwrap();
        writer.flush().unwrap();
        self
    }

    /// Clicks with the left button, counted from 0.
    pub fn click(self, column: u16, line: u16) -> Self {
        let (column, line) = (column + 1, line + 1);
        self.press(&format!("\x1b[<0;{column};{line}M\x1b[<0;{column};{line}m"))
    }

    /// The first line of the screen with this text.
    pub fn line_of(&self, text: &str) -> u16 {
        let found = self.text().lines().position(|line| line.contains(text));
        u16::try_from(found.unwrap_or_else(|| panic!("{text} is not in\n{}", self.text()))).unwrap()
    }

    /// The background's colour at the start of the line with this text.
    pub fn background(&self, text: &str) -> vt100::Color {
        let line = self.line_of(text);
        self.seen().screen.screen().cell(line, 5).unwrap().bgcolor()
    }

    pub fn resize(self, columns: u16, lines: u16) -> Self {
        self.seen().screen.set_size(NonZeroU16::new(lines).unwrap(), NonZeroU16::new(columns).unwrap());
        let size = PtySize { rows: lines, cols: columns, pixel_width: 0, pixel_height: 0 };
        self.master.as_ref().unwrap().resize(size).unwrap();
        self
    }

    pub fn send(self, signal: Signal) -> Self {
        kill_process(self.pid(), signal).unwrap();
        self
    }

    fn pid(&self) -> Pid {
        Pid::from_raw(i32::try_from(self.child.process_id().unwrap()).unwrap()).unwrap()
    }

    /// Whether the program is stopped, as job control stops one.
    pub fn is_stopped(&self) -> bool {
        let out = std::process::Command::new("ps")
            .args(["-o", "stat=", "-p", &self.pid().as_raw_nonzero().to_string()])
            .output()
            .unwrap();
        String::from_utf8_lossy(&out.stdout).trim().starts_with('T')
    }

    /// A file of the operator's own directory, replaced as editors do.
    pub fn replace(self, path: &str, text: &str) -> Self {
        write(&own_dir(self.home.path()).join(path), text);
        self
    }

    /// A file in the program's working directory, once it has something in it.
    pub fn file(&self, name: &str) -> String {
        let path = self.home.path().join(name);
        self.wait(name, |_| std::fs::read_to_string(&path).is_ok_and(|text| text.ends_with('\n')));
        std::fs::read_to_string(path).unwrap()
    }

    /// Hangs up: nothing of the terminal is left on our side.
    pub fn hang_up(&mut self) {
        self.stop_reading.store(true, Ordering::SeqCst);
        // The reader looks up when something is drawn.
        let mut writer = self.writer.take().unwrap();
        writer.write_all(b"?").unwrap();
        writer.flush().unwrap();
        drop(writer);
        self.reader.take().unwrap().join().unwrap();
        drop(self.slave.take());
        drop(self.master.take());
    }

    /// The terminal as it is now: alternate screen, cursor hidden, paste, mouse, and whether its settings
    /// differ from those before the program.
    pub fn modes(&self) -> Modes {
        let settings = settings(&**self.master.as_ref().unwrap());
        let seen = self.seen();
        let screen = seen.screen.screen();
        Modes {
            alternate_screen: screen.alternate_screen(),
            cursor_hidden: screen.hide_cursor(),
            paste: screen.bracketed_paste(),
            mouse: screen.mouse_protocol_mode() != vt100::MouseProtocolMode::None,
            settings_changed: settings != self.settings_before,
        }
    }

    /// Changes the terminal's settings behind the program's back.
    pub fn stty(&self, words: &[&str]) {
        let name = self.master.as_ref().unwrap().tty_name().unwrap();
        let tty = std::fs::File::open(name).unwrap();
        assert!(std::process::Command::new("stty").args(words).stdin(tty).status().unwrap().success());
    }

    /// Waits for the end and gives the exit code, having made sure that the terminal is as it was.
    pub fn ended(mut self) -> (u32, String) {
        let begun = Instant::now();
        let status = loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                break status;
            }
            assert!(begun.elapsed() < DEADLINE, "the program does not end; on screen:\n{}", self.text());
            std::thread::sleep(Duration::from_millis(5));
        };
        assert_eq!(status.signal(), None, "ended by itself, not by a signal");
        let modes = self.modes();
        // All that was written is read before it is judged.
        drop(self.slave.take());
        self.reader.take().unwrap().join().unwrap();
        assert_eq!(Modes { settings_changed: modes.settings_changed, ..self.modes() }, Modes::default());
        self.check_stream();
        (status.exit_code(), self.text())
    }

    /// Every mode that was switched on was switched off after that, in the stream itself.
    fn check_stream(&self) {
        let raw = self.raw();
        for mode in ["1049", "2004", "1000", "1006"] {
            let on = raw.rfind(&format!("\x1b[?{mode}h"));
            let off = raw.rfind(&format!("\x1b[?{mode}l"));
            assert!(on < off || (on.is_none() && off.is_none()), "mode {mode} stays on");
        }
        let (shown, hidden) = (raw.rfind("\x1b[?25h"), raw.rfind("\x1b[?25l"));
        assert!(hidden < shown || hidden.is_none(), "the cursor stays hidden");
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        // A failed test leaves no program behind; one that has ended cannot be ended again.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// What a program may have left switched on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "five switches of a terminal")]
pub struct Modes {
    pub alternate_screen: bool,
    pub cursor_hidden: bool,
    pub paste: bool,
    pub mouse: bool,
    pub settings_changed: bool,
}

impl Modes {
    /// Of a console that has the terminal.
    pub const TAKEN: Self = Self {
        alternate_screen: true,
        cursor_hidden: true,
        paste: true,
        mouse: true,
        settings_changed: true,
    };
}

fn screen(columns: u16, lines: u16) -> vt100::Parser {
    vt100::Parser::new(NonZeroU16::new(lines).unwrap(), NonZeroU16::new(columns).unwrap(), 0)
}

fn settings(master: &dyn MasterPty) -> String {
    format!("{:?}", master.get_termios().unwrap())
}

fn own_dir(home: &Path) -> PathBuf {
    home.join("config/quarterdeck")
}

fn write(path: &Path, text: &str) {
    std::fs::create_dir_all(path.parent().unwrap()).unwrap();
    let beside = path.with_extension("new");
    std::fs::write(&beside, text).unwrap();
    std::fs::rename(beside, path).unwrap();
}

fn read(
    mut from: Box<dyn Read + Send>,
    seen: &Arc<Mutex<Seen>>,
    stop: &Arc<AtomicBool>,
) -> std::thread::JoinHandle<()> {
    let (seen, stop) = (Arc::clone(seen), Arc::clone(stop));
    std::thread::spawn(move || {
        let mut buffer = [0; 8_192];
        // An error is the end: Linux gives EIO when the last program has gone.
        while let Ok(read @ 1..) = from.read(&mut buffer) {
            let mut seen = seen.lock().unwrap_or_else(PoisonError::into_inner);
            seen.raw.extend_from_slice(&buffer[..read]);
            seen.screen.process(&buffer[..read]);
            drop(seen);
            if stop.load(Ordering::SeqCst) {
                break;
            }
        }
    })
}
