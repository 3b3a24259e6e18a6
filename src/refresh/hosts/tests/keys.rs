//! Host keys: from the console output, from the operator, and never by themselves.

use super::super::fake::FakeRemote;
use super::*;
use crate::refresh::fake::fleet;
use crate::remote::host_keys::{HostKey, Origin, Pin};

const ED25519: &str = include_str!("../../../remote/host_keys/testdata/ed25519.pub");
const ECDSA: &str = include_str!("../../../remote/host_keys/testdata/ecdsa.pub");

fn key(line: &str) -> HostKey {
    HostKey::parse(line).unwrap()
}

fn console(line: &str) -> String {
    format!("-----BEGIN SSH HOST KEY KEYS-----\n{line}-----END SSH HOST KEY KEYS-----\n")
}

/// Decides on a key, and waits for the answer.
async fn trust(
    handle: &Handle,
    instance: &str,
    fingerprint: String,
    replaces: bool,
) -> Result<String, String> {
    let (answer, mut answers) = tokio::sync::mpsc::channel(1);
    tell(handle, Command::Trust { instance: instance.into(), fingerprint, replaces, answer }).await;
    answers.recv().await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn an_unknown_key_that_stands_on_the_console_is_pinned_from_there() {
    let ((cloud, topology), remote) = (fleet(&[("staging", 0)]), FakeRemote::new());
    remote.servers().keys.insert("i-staging-cache".into(), key(ED25519));
    cloud.world().consoles.insert("i-staging-cache".into(), console(ED25519));
    let handle = begin(&cloud, &remote, &topology);
    seconds(5).await;
    let cache = measured(&handle, "i-staging-cache").unwrap();
    assert!(cache.machine().is_some() && cache.host_key.is_none());
    assert_eq!(remote.servers().pins["i-staging-cache"][0].origin, Origin::Console);
}

#[tokio::test(start_paused = true)]
async fn another_key_than_the_consoles_is_refused_with_both() {
    let ((cloud, topology), remote) = (fleet(&[("staging", 0)]), FakeRemote::new());
    remote.servers().keys.insert("i-staging-cache".into(), key(ED25519));
    cloud.world().consoles.insert("i-staging-cache".into(), console(ECDSA));
    let handle = begin(&cloud, &remote, &topology);
    seconds(5).await;
    let question = measured(&handle, "i-staging-cache").unwrap().host_key.clone().unwrap();
    assert_eq!(question.presented, Some(key(ED25519).to_string()));
    assert_eq!(question.pinned, [key(ECDSA).to_string()]);
    let note = question.note.unwrap();
    assert!(
        note.contains("read from the console output on 2026-11-22") && note.contains("--replace"),
        "{note}"
    );
}

#[tokio::test(start_paused = true)]
async fn without_a_console_the_operator_is_asked_and_only_what_was_seen_is_pinned() {
    let ((cloud, topology), remote) = (fleet(&[("staging", 0)]), FakeRemote::new());
    let id = crate::fleet::InstanceId::new("i-staging-cache");
    remote.servers().keys.insert(id.clone(), key(ED25519));
    let handle = begin(&cloud, &remote, &topology);
    seconds(200).await;
    let question = measured(&handle, id.as_str()).unwrap().host_key.clone().unwrap();
    assert_eq!(question.presented, Some(key(ED25519).to_string()));
    assert!(question.pinned.is_empty());
    assert!(question.note.as_ref().unwrap().contains("no host keys"), "{question:?}");
    let said = trust(&handle, id.as_str(), key(ECDSA).fingerprint(), false).await;
    assert!(said.unwrap_err().contains("nothing was pinned"));
    seconds(2).await;
    let question = measured(&handle, id.as_str()).unwrap().host_key.clone().unwrap();
    assert!(question.note.as_ref().unwrap().contains("nothing was pinned"), "{question:?}");
    trust(&handle, id.as_str(), question.presented.unwrap(), false).await.unwrap();
    seconds(2).await;
    let cache = measured(&handle, id.as_str()).unwrap();
    assert!(cache.host_key.is_none() && cache.unreachable.is_none() && cache.machine().is_some());
    assert_eq!(remote.servers().pins[&id][0].origin, Origin::Operator);
}

#[tokio::test(start_paused = true)]
async fn a_changed_key_is_an_alarm_that_trusting_on_first_contact_does_not_settle() {
    let ((cloud, topology), remote) = (fleet(&[("staging", 0)]), FakeRemote::new());
    let id = crate::fleet::InstanceId::new("i-staging-cache");
    let pin = Pin { key: key(ECDSA), origin: Origin::Operator, at: None };
    remote.servers().keys.insert(id.clone(), key(ED25519));
    remote.servers().pins.insert(id.clone(), vec![pin]);
    cloud.world().consoles.insert(id.clone(), console(ED25519));
    let handle = begin(&cloud, &remote, &topology);
    seconds(30).await;
    let cache = measured(&handle, id.as_str()).unwrap();
    assert_eq!(cache.host_key.as_ref().unwrap().pinned, [key(ECDSA).to_string()]);
    assert!(cache.unreachable.is_some() && cache.machine().is_none());
}

#[tokio::test(start_paused = true)]
async fn a_server_whose_new_key_the_operator_takes_is_measured_at_once() {
    let ((cloud, topology), remote) = (fleet(&[("staging", 0)]), FakeRemote::new());
    let id = crate::fleet::InstanceId::new("i-staging-cache");
    let pin = Pin { key: key(ECDSA), origin: Origin::Operator, at: None };
    remote.servers().keys.insert(id.clone(), key(ED25519));
    remote.servers().pins.insert(id.clone(), vec![pin]);
    let handle = begin(&cloud, &remote, &topology);
    // By now it is tried only every few minutes.
    seconds(1500).await;
    let said = trust(&handle, id.as_str(), key(ECDSA).fingerprint(), true).await.unwrap_err();
    assert!(said.contains("nothing was pinned"), "{said}");
    seconds(2).await;
    let question = measured(&handle, id.as_str()).unwrap().host_key.clone().unwrap();
    assert_eq!(question.pinned, [key(ECDSA).to_string()], "it is still another key than the pinned one");
    let said = trust(&handle, id.as_str(), key(ED25519).fingerprint(), true).await.unwrap();
    assert!(said.contains("new host key of i-staging-cache"), "{said}");
    seconds(2).await;
    let cache = measured(&handle, id.as_str()).unwrap();
    assert!(cache.host_key.is_none() && cache.unreachable.is_none() && cache.machine().is_some());
}

#[tokio::test(start_paused = true)]
async fn every_decision_on_a_key_is_answered_also_when_there_is_nothing_to_do() {
    let ((cloud, topology), remote) = (fleet(&[("staging", 0)]), FakeRemote::new());
    let handle = begin(&cloud, &remote, &topology);
    seconds(5).await;
    let gone = trust(&handle, "i-gone", key(ECDSA).fingerprint(), true).await.unwrap_err();
    assert!(gone.contains("i-gone is not there any more"), "{gone}");
    let nobody = start(Arc::new(cloud), None, topology, Pace::default());
    let why = trust(&nobody, "i-staging-cache", key(ECDSA).fingerprint(), false).await.unwrap_err();
    assert!(why.contains("cannot be asked"), "{why}");
}
