//! What a server's answer does, whatever it is.

use super::super::fake::{FakeRemote, Manner};
use super::*;
use crate::fleet::FailureKind;
use crate::refresh::fake::fleet;

#[tokio::test(start_paused = true)]
async fn a_server_that_hangs_or_talks_nonsense_costs_only_itself() {
    let ((cloud, topology), remote) = (fleet(&[("staging", 0)]), FakeRemote::new());
    remote.manner("i-staging-cache", Manner::Hang);
    remote.manner("i-staging-db-primary", Manner::Garbage);
    let handle = begin(&cloud, &remote, &topology);
    seconds(600).await;
    let hung = measured(&handle, "i-staging-cache").unwrap().unreachable.clone().unwrap();
    assert_eq!(hung.kind, FailureKind::Unreachable, "{hung:?}");
    let nonsense = measured(&handle, "i-staging-db-primary").unwrap().unreachable.clone().unwrap();
    assert!(nonsense.message.contains("This account is not available."), "{nonsense:?}");
    assert!(measured(&handle, "i-staging-db-replica").unwrap().machine().is_some());
    assert!(!remote.servers().overlapped);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_prints_without_end_is_broken_off() {
    let ((cloud, topology), remote) = (fleet(&[("staging", 0)]), FakeRemote::new());
    remote.manner("i-staging-cache", Manner::Flood);
    let handle = begin(&cloud, &remote, &topology);
    seconds(10).await;
    let flood = measured(&handle, "i-staging-cache").unwrap().unreachable.clone().unwrap();
    assert!(flood.message.contains("more than 4 MB"), "{flood:?}");
}
