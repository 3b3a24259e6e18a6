use super::kit::{Kit, plan, restore, serial, sizes, suspend};
use crate::engine::store::RunState;
use crate::fleet::{Process, Sizes};
use crate::plan::Plan;

fn small(kit_sizes: Sizes) -> Plan {
    plan(vec![
        suspend(1, &[], &[Process::Launch, Process::Terminate]),
        sizes(2, &[1], Sizes { max: kit_sizes.max + 3, ..kit_sizes }),
        restore(3, &[2], &[1, 2]),
    ])
}

/// The most records that any of these runs writes.
const MOST: usize = 200;

#[tokio::test(start_paused = true)]
async fn killed_after_any_record_a_run_is_taken_up_and_ends_as_an_unbroken_one() {
    for records in 1..MOST {
        let kit = Kit::new();
        let before = kit.shape().await;
        let Ok(id) = kit.die_after(small(before.0), records).await else {
            assert!(records > 8, "it was killed at least so often");
            return;
        };
        let past = kit.store().run(&id).unwrap();
        let interrupted = past.state == RunState::Interrupted;
        assert!(interrupted || past.finished.is_some(), "{records}");
        if !interrupted {
            continue;
        }
        let told = kit.again(id, false).await;
        assert_eq!(told.state, RunState::Done, "{records}: {:?}", told.story.failure());
        assert_eq!(kit.shape().await, before, "{records}");
    }
    panic!("it never came to its end");
}

#[tokio::test(start_paused = true)]
async fn killed_after_any_record_a_run_is_undone_to_the_values_found_before() {
    for records in 1..MOST {
        let kit = Kit::new();
        let before = kit.shape().await;
        let Ok(id) = kit.die_after(small(before.0), records).await else { return };
        if kit.store().run(&id).unwrap().finished.is_some() {
            continue;
        }
        let told = kit.again(id, true).await;
        assert!(told.story.left().is_empty(), "{records}: {:?}", told.story.left());
        assert_eq!(kit.shape().await, before, "{records}");
    }
    panic!("it never came to its end");
}

#[tokio::test(start_paused = true)]
async fn killed_after_any_record_of_a_deploy_it_ends_as_an_unbroken_one() {
    for records in 1..MOST {
        let kit = Kit::new();
        let before = kit.shape().await;
        let to = kit.earlier().await;
        let Ok(id) = kit.die_after(serial(to.clone(), before.0.desired, 1), records).await else {
            assert!(records > 15, "it was killed at least so often: {records}");
            return;
        };
        if kit.store().run(&id).unwrap().finished.is_some() {
            continue;
        }
        let told = kit.again(id, false).await;
        assert_eq!(told.state, RunState::Done, "{records}: {:?}", told.story.failure());
        let after = kit.shape().await;
        assert_eq!((after.0, after.1, after.3), (before.0, before.1, Some(to.clone())), "{records}");
        let group = kit.group().await;
        let staying: Vec<_> = group.members.iter().filter(|m| !m.lifecycle.starts_with("Terminat")).collect();
        assert_eq!(staying.len(), before.0.desired as usize, "{records}");
        assert!(staying.iter().all(|member| member.launch.as_ref() == Some(&to)), "{records}");
    }
    panic!("it never came to its end");
}

#[tokio::test(start_paused = true)]
async fn killed_after_any_record_of_a_deploy_it_is_undone_to_the_old_release() {
    for records in 1..MOST {
        let kit = Kit::new();
        let before = kit.shape().await;
        let to = kit.earlier().await;
        let Ok(id) = kit.die_after(serial(to, before.0.desired, 1), records).await else { return };
        if kit.store().run(&id).unwrap().finished.is_some() {
            continue;
        }
        let told = kit.again(id, true).await;
        assert!(told.story.left().is_empty(), "{records}: {:?}", told.story.left());
        assert_eq!(kit.shape().await, before, "{records}");
        let group = kit.group().await;
        let staying: Vec<_> = group.members.iter().filter(|m| !m.lifecycle.starts_with("Terminat")).collect();
        assert!(staying.iter().all(|member| member.launch == before.3), "{records}");
    }
    panic!("it never came to its end");
}

#[tokio::test(start_paused = true)]
async fn a_journal_that_was_cut_in_the_middle_of_a_line_is_taken_up() {
    let kit = Kit::new();
    let before = kit.shape().await;
    let id = kit.die_after(small(before.0), 5).await.ok().unwrap();
    let path = kit.store().dir().join(id.as_str()).join("run.jsonl");
    let mut bytes = std::fs::read(&path).unwrap();
    bytes.extend(br#"{"record":"operation","entry":"inte"#);
    std::fs::write(&path, bytes).unwrap();
    let told = kit.again(id, false).await;
    assert_eq!(told.state, RunState::Done, "{:?}", told.story.failure());
    assert_eq!(kit.shape().await, before);
    assert!(kit.store().run(&told.id).unwrap().story.is_some_and(|story| !story.newer));
}

#[tokio::test(start_paused = true)]
async fn a_journal_that_a_newer_version_wrote_in_is_not_taken_up() {
    let kit = Kit::new();
    let before = kit.shape().await;
    let id = kit.die_after(small(before.0), 5).await.ok().unwrap();
    let path = kit.store().dir().join(id.as_str()).join("run.jsonl");
    let mut bytes = std::fs::read(&path).unwrap();
    bytes.extend(b"{\"record\":\"leap\",\"far\":true}\n");
    std::fs::write(&path, bytes).unwrap();
    let error = super::super::resume(kit.ports(), kit.store(), id, false, Kit::launch("jane@laptop")).await;
    assert!(error.unwrap_err().to_string().contains("newer quarterdeck"));
}
