//! Measuring against scripted servers and a stepped clock.

mod keys;
mod pace;
mod schedule;
mod visits;

use std::sync::Arc;
use std::time::Duration;

use super::fake::FakeRemote;
use crate::fleet::{Interest, Measured, Topology};
use crate::refresh::fake::{Fake, everything};
use crate::refresh::{Command, Handle, Pace, start};

/// Starts the loop. With the paused clock time passes only when everything waits.
fn begin(cloud: &Fake, remote: &FakeRemote, topology: &Arc<Topology>) -> Handle {
    let (cloud, remote) = (Arc::new(cloud.clone()), Arc::new(remote.clone()));
    start(cloud, Some(remote), Arc::clone(topology), Pace::default())
}

async fn seconds(n: u64) {
    tokio::time::sleep(Duration::from_secs(n)).await;
}

async fn tell(handle: &Handle, command: Command) {
    handle.commands.send(command).await.unwrap();
}

fn look(topology: &Topology) -> Command {
    Command::Look(Interest { environments: everything(topology), ..Interest::default() })
}

fn measured(handle: &Handle, instance: &str) -> Option<Arc<Measured>> {
    handle.snapshots.borrow().measured.get(instance).cloned()
}
