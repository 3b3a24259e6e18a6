//! The loop against a scripted cloud and a stepped clock.

mod failures;
mod locks;
mod machines;
mod pace;
mod requests;

use std::sync::Arc;
use std::time::Duration;

use super::fake::Fake;
use super::{Command, Handle, Pace, start};
use crate::fleet::{Interest, Topology};

/// Starts the loop. With the paused clock time passes only when everything waits.
fn begin(cloud: &Fake, topology: &Arc<Topology>) -> Handle {
    start(Arc::new(cloud.clone()), None, Arc::clone(topology), Pace::default())
}

async fn seconds(n: u64) {
    tokio::time::sleep(Duration::from_secs(n)).await;
}

async fn tell(handle: &Handle, command: Command) {
    handle.commands.send(command).await.unwrap();
}

fn look(topology: &Topology) -> Command {
    Command::Look(Interest { environments: super::fake::everything(topology), ..Interest::default() })
}
