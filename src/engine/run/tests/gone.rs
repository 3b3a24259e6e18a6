//! A server that goes, or hangs, while something is put back on it.

use std::sync::Arc;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

use super::super::{Ports, begin};
use super::kit::{Kit, plan, step, told};
use super::relay::{Instead, Relay, no_answer};
use crate::cloud::{CloudChange, CloudRead};
use crate::engine::store::RunState;
use crate::fleet::InstanceId;
use crate::plan::{Action, Assignment, Lasts, Page, Plan, Setting, StepId, Undo, Value};
use crate::remote::{Job, RemoteChange};

/// The page goes up on servers, and off again.
fn page_and_back(instances: &[InstanceId]) -> Plan {
    let page = |instance: &InstanceId| Assignment {
        setting: Setting::Page { instance: instance.clone() },
        to: Value::Page(Page::Healthy),
    };
    let settings = instances.iter().map(page).collect();
    plan(vec![
        step(1, &[], Action::Set { settings }, Lasts::UntilTheEnd, Undo::Restore),
        step(2, &[1], Action::Restore { steps: vec![StepId(1)] }, Lasts::Stays, Undo::Nothing),
    ])
}

fn ports(kit: &Kit, instead: Instead) -> Ports {
    let act: Arc<dyn RemoteChange> = Arc::new(Relay::new(kit.cloud.hosts_change(), instead));
    Ports { act, ..kit.ports() }
}

#[tokio::test(start_paused = true)]
async fn a_page_is_not_taken_off_a_server_that_goes_meanwhile_and_nobody_waits_for_it() {
    let kit = Kit::new();
    let instance = kit.members().await.remove(0);
    let (cloud, went) = (kit.cloud.clone(), Arc::new(AtomicBool::new(false)));
    let gone = Arc::clone(&went);
    // Whoever is told to take the page off is terminated just then.
    let instead: Instead = Box::new(move |target, command| {
        if !command?.text.contains("page off") {
            return None;
        }
        let (job, end) = Job::new();
        let (cloud, went, target) = (cloud.clone(), Arc::clone(&gone), target.clone());
        tokio::spawn(async move {
            if !went.swap(true, Ordering::SeqCst) {
                cloud.terminate_member(target.instance(), true).await.unwrap();
            }
            end.end(no_answer(&target, cloud.now()));
        });
        Some(job)
    });
    let before = kit.cloud.now();
    let plan = page_and_back(&[instance]);
    let started = begin(ports(&kit, instead), kit.store(), plan, Kit::launch("jane@laptop")).await;
    let told = told(started.unwrap()).await;
    assert_eq!(told.state, RunState::Done, "{:?}", told.story.failure());
    assert!(went.load(Ordering::SeqCst) && told.story.left().is_empty(), "{:?}", told.story.left());
    assert!(kit.cloud.now().duration_since(before).as_secs() < 120);
}

#[tokio::test(start_paused = true)]
async fn a_server_that_hangs_keeps_no_page_up_anywhere_else() {
    let kit = Kit::new();
    let members = kit.members().await;
    let hanging = members[0].clone();
    let (up, off) = (Arc::new(Mutex::new(0)), Arc::new(Mutex::new(Vec::new())));
    let (cloud, seen, taken) = (kit.cloud.clone(), Arc::clone(&up), Arc::clone(&off));
    let stuck = hanging.clone();
    // From the moment its page is up it answers nothing any more.
    let instead: Instead = Box::new(move |target, command| {
        let (command, mine) = (command?, *target.instance() == stuck);
        if command.text.contains("page off") && !mine {
            taken.lock().unwrap().push((target.instance().clone(), cloud.now()));
        }
        let mut asked = seen.lock().unwrap();
        if mine && *asked > 0 {
            let (job, end) = Job::new();
            let (target, cloud) = (target.clone(), cloud.clone());
            tokio::spawn(async move {
                tokio::time::sleep(std::time::Duration::from_secs(20)).await;
                end.end(no_answer(&target, cloud.now()));
            });
            return Some(job);
        }
        *asked += u32::from(mine && command.text.contains("page healthy"));
        None
    });
    let plan = page_and_back(&members);
    let before = kit.cloud.now();
    let started = begin(ports(&kit, instead), kit.store(), plan, Kit::launch("jane@laptop")).await;
    let told = told(started.unwrap()).await;
    let left: Vec<_> = told.story.left().iter().map(|left| left.what.clone()).collect();
    assert!(left.iter().all(|what| what.contains(hanging.as_str())) && !left.is_empty(), "{left:?}");
    let off = off.lock().unwrap();
    assert_eq!(off.len(), members.len() - 1, "{off:?}");
    let latest = off.iter().map(|(_, at)| at.duration_since(before).as_secs()).max().unwrap();
    let whole = kit.cloud.now().duration_since(before).as_secs();
    assert!(latest < 60 && whole > latest, "{latest} of {whole}");
}
