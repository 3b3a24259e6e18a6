//! The program in a terminal of its own.

use std::io::{Read, Write};
use std::path::Path;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use portable_pty::{Child, CommandBuilder, MasterPty, PtySize, native_pty_system};

/// A running console and what it has drawn.
pub struct Terminal {
    child: Box<dyn Child + Send + Sync>,
    output: Receiver<(Instant, Vec<u8>)>,
    input: Box<dyn Write + Send>,
    screen: vt100::Parser,
    started: Instant,
    /// Kept, because the terminal hangs up when it goes.
    _master: Box<dyn MasterPty + Send>,
}

impl Terminal {
    /// Starts the program with these arguments, `home` being its home and working directory.
    pub fn start(arguments: &[&str], home: &Path, columns: u16, lines: u16) -> Self {
        let size = PtySize { rows: lines, cols: columns, pixel_width: 0, pixel_height: 0 };
        let pair = native_pty_system().openpty(size).expect("a pseudo terminal");
        let mut command = CommandBuilder::new(env!("CARGO_BIN_EXE_quarterdeck"));
        command.args(arguments);
        command.cwd(home);
        command.env_clear();
        command.env("HOME", home);
        command.env("TERM", "xterm-256color");
        command.env("COLORTERM", "truecolor");
        let mut reader = pair.master.try_clone_reader().expect("the terminal's output");
        let input = pair.master.take_writer().expect("the terminal's input");
        let (sender, output) = channel();
        let started = Instant::now();
        let child = pair.slave.spawn_command(command).expect("the program starts");
        std::thread::spawn(move || {
            let mut buffer = vec![0; 65_536];
            while let Ok(length @ 1..) = reader.read(&mut buffer) {
                if sender.send((Instant::now(), buffer[..length].to_vec())).is_err() {
                    break;
                }
            }
        });
        let (lines, columns) = (lines.try_into().expect("lines"), columns.try_into().expect("columns"));
        let screen = vt100::Parser::new(lines, columns, 0);
        Self { child, output, input, screen, started, _master: pair.master }
    }

    /// The process.
    pub fn process(&self) -> u32 {
        self.child.process_id().expect("a running process")
    }

    /// Waits until the screen shows a text; how long after the start that was.
    pub fn until(&mut self, text: &str, deadline: Duration) -> Duration {
        let mut at = self.started;
        while !self.screen.screen().contents().contains(text) {
            match self.output.recv_timeout(deadline.saturating_sub(self.started.elapsed())) {
                Ok((when, bytes)) => {
                    at = when;
                    self.screen.process(&bytes);
                }
                Err(error) => panic!("no {text:?} ({error}) on:\n{}", self.screen.screen().contents()),
            }
        }
        at.duration_since(self.started)
    }

    /// Watches for a while without touching a key: how many times something was drawn, and how many bytes.
    pub fn watch(&mut self, time: Duration) -> (u32, usize) {
        let (end, mut draws, mut bytes) = (Instant::now() + time, 0, 0);
        // A frame may arrive in pieces: what comes within a few milliseconds is one.
        let mut last = None::<Instant>;
        loop {
            match self.output.recv_timeout(end.saturating_duration_since(Instant::now())) {
                Ok((when, piece)) => {
                    bytes += piece.len();
                    if last.is_none_or(|last| when.duration_since(last) > Duration::from_millis(5)) {
                        draws += 1;
                    }
                    last = Some(when);
                    self.screen.process(&piece);
                }
                Err(RecvTimeoutError::Timeout) => return (draws, bytes),
                Err(RecvTimeoutError::Disconnected) => panic!("the program ended"),
            }
        }
    }

    /// Presses keys.
    pub fn press(&mut self, keys: &str) {
        self.input
            .write_all(keys.as_bytes())
            .and_then(|()| self.input.flush())
            .expect("the program reads keys");
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
