//! Locks: read rarely, for all environments at once, and never taken for free where they could not be read.

use std::sync::Arc;

use super::*;
use crate::cloud::{CloudError, Note};
use crate::fleet::lock::Grip;
use crate::fleet::{EnvironmentName, FailureKind, Source};
use crate::refresh::fake::{Script, epoch, fleet};
use crate::refresh::{Limits, once};

const READ: Source = Source::SsmGetParametersByPath;

fn note(environment: &str, number: u32, text: &str) -> Note {
    let name = format!("/quarterdeck/myproject/{environment}/lock/{number:08}");
    Note { name, text: text.into(), written_at: Some(epoch()) }
}

#[tokio::test(start_paused = true)]
async fn all_environments_are_read_at_once_once_a_minute_while_nobody_holds_anything() {
    let (cloud, topology) = fleet(&[("production", 2), ("staging", 1), ("testing", 1)]);
    let handle = begin(&cloud, &topology);
    seconds(1).await;
    assert_eq!(cloud.calls(READ), 1, "at once, after the first picture");
    assert!(handle.snapshots.borrow().locks.value().is_some_and(std::collections::BTreeMap::is_empty));
    seconds(240).await;
    let calls = cloud.calls(READ);
    assert!((4..=5).contains(&calls), "{calls} in four minutes");
}

#[tokio::test(start_paused = true)]
async fn while_a_lock_is_held_it_is_read_at_the_normal_pace_and_not_faster() {
    let (cloud, topology) = fleet(&[("production", 2), ("staging", 1)]);
    cloud.world().notes = vec![note("staging", 7, "{nonsense")];
    let handle = begin(&cloud, &topology);
    tell(&handle, Command::Look(Interest { busy: true, ..Interest::default() })).await;
    seconds(1).await;
    let held = handle.snapshots.borrow().locks.value().unwrap()[&EnvironmentName::new("staging")].clone();
    assert_eq!((held[0].number, held[0].grip, &held[0].holder), (7, Grip::Held, &None));
    let before = cloud.calls(READ);
    seconds(120).await;
    let calls = cloud.calls(READ) - before;
    assert!((9..=12).contains(&calls), "{calls} in two minutes");
    cloud.world().notes.clear();
    seconds(15).await;
    assert!(handle.snapshots.borrow().locks.value().unwrap().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_read_that_is_forbidden_is_unknown_and_keeps_nobody_from_anything() {
    let (cloud, topology) = fleet(&[("production", 2)]);
    cloud.script(READ, Script::Fail(CloudError::Denied("no".into())));
    let snapshot = once(Arc::new(cloud.clone()), None, topology, Limits::ONCE).await;
    assert_eq!(snapshot.locks.value(), None, "not: nobody holds it");
    assert_eq!(snapshot.locks.failure().unwrap().kind, FailureKind::Denied);
    assert!(snapshot.servers.value().is_some() && snapshot.images.value().is_some());
}
