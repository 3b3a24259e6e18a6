//! Output that streams: written by a thread of its own, so that a reader who stalls or goes away neither keeps
//! signals from being heard nor lets memory grow.

use std::io::{self, Write};

use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::exit::Stop;

/// Pieces that wait for whoever reads us; then the servers wait.
const WAITING: usize = 16;

/// Standard output.
#[derive(Debug)]
pub(crate) struct Printer {
    pieces: mpsc::Sender<Vec<u8>>,
    thread: JoinHandle<io::Result<()>>,
}

impl Printer {
    /// To be called inside a Tokio runtime.
    pub(crate) fn start() -> Self {
        let (pieces, mut waiting) = mpsc::channel::<Vec<u8>>(WAITING);
        let thread = tokio::task::spawn_blocking(move || {
            // Not locked for long: other threads must reach the terminal when something goes wrong.
            while let Some(piece) = waiting.blocking_recv() {
                let mut out = io::stdout().lock();
                out.write_all(&piece)?;
                out.flush()?;
            }
            Ok(())
        });
        Self { pieces, thread }
    }

    /// Prints. False once nobody reads any more.
    pub(crate) async fn print(&self, piece: Vec<u8>) -> bool {
        piece.is_empty() || self.pieces.send(piece).await.is_ok()
    }

    /// Waits until all of it is written.
    pub(crate) async fn finish(self) -> Result<(), Stop> {
        drop(self.pieces);
        let written = self.thread.await;
        Ok(written.map_err(|error| Stop::Failed(format!("Cannot write the output: {error}")))??)
    }
}
