//! Ends headless work when somebody asks for it.

use std::future::Future;

use super::exit::Stop;

/// Runs the work until it ends, or until SIGINT or SIGTERM.
pub(crate) async fn unless_interrupted<T>(work: impl Future<Output = Result<T, Stop>>) -> Result<T, Stop> {
    tokio::select! {
        // First, so that the signals are listened to before the work begins.
        biased;
        () = interrupted() => Err(Stop::Interrupted),
        result = work => result,
    }
}

/// Returns with the next SIGINT or SIGTERM.
#[cfg(unix)]
pub(crate) async fn interrupted() {
    use tokio::signal::unix::{SignalKind, signal};
    match (signal(SignalKind::interrupt()), signal(SignalKind::terminate())) {
        (Ok(mut interrupt), Ok(mut terminate)) => {
            tokio::select! { _ = interrupt.recv() => (), _ = terminate.recv() => () }
        }
        // Without handlers the signals end the process, as they do anyway.
        _ => std::future::pending().await,
    }
}

/// Returns with the next Ctrl-C.
#[cfg(not(unix))]
pub(crate) async fn interrupted() {
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending().await
    }
}
