//! Hosts that freeze, are cut off, boot again, or are built anew.

use std::time::Duration;

use quarterdeck::remote::{Outcome, Refusal, RemoteChange, RemoteRead, ScriptId};

use crate::host::{Host, command, done, expect_line, result};

#[tokio::test]
async fn a_frozen_host_is_timed_out_and_what_ran_there_is_unknown() {
    let Some(host) = Host::up(20) else { return };
    let mut options = host.options();
    options.connect = Duration::from_secs(2);
    let (ssh, change, target) = host.trusted_with(options);
    let mut job = change.exec(&target, command("echo ready; sleep 4711"));
    expect_line(&mut job, "ready").await;
    host.tell("freeze");
    let ending = job.ended().await;
    assert!(matches!(ending.outcome, Outcome::Lost { .. }), "{ending:?}");
    let ending = ssh.probe(&target, ScriptId::Reach).ended().await;
    assert!(matches!(ending.outcome, Outcome::NotStarted(Refusal::TimedOut { .. })), "{ending:?}");
    host.tell("thaw");
    assert_eq!(ssh.probe(&target, ScriptId::Reach).ended().await.outcome, Outcome::Done { code: 0 });
    // The server has noticed, too, and ended what ran.
    crate::host::eventually("nothing runs", || host.inside("pgrep -fc '^sleep 4711' || true").trim() == "0")
        .await;
}

#[tokio::test]
async fn a_host_that_is_cut_off_is_timed_out_and_comes_back() {
    let Some(host) = Host::up(21) else { return };
    let mut options = host.options();
    options.connect = Duration::from_secs(2);
    let (ssh, change, target) = host.trusted_with(options);
    let mut job = change.exec(&target, command("echo ready; sleep 4711"));
    expect_line(&mut job, "ready").await;
    host.tell("cut");
    let ending = job.ended().await;
    assert!(matches!(ending.outcome, Outcome::Lost { .. }), "{ending:?}");
    let ending = ssh.probe(&target, ScriptId::Reach).ended().await;
    assert!(
        matches!(ending.outcome, Outcome::NotStarted(Refusal::TimedOut { .. } | Refusal::Unreachable { .. })),
        "{ending:?}"
    );
    host.tell("heal");
    done(&result(change.exec(&target, command("echo back"))).await, &["back"]);
}

#[tokio::test]
async fn a_reboot_is_survived_and_keeps_the_key() {
    let Some(host) = Host::up(22) else { return };
    let (_ssh, change, target) = host.trusted();
    done(&result(change.exec(&target, command("echo before"))).await, &["before"]);
    host.tell("reboot");
    done(&result(change.exec(&target, command("echo after"))).await, &["after"]);
}

#[tokio::test]
async fn a_host_built_anew_on_its_address_is_an_alarm_for_the_same_instance_only() {
    let Some(host) = Host::up(23) else { return };
    let (ssh, change, target) = host.trusted();
    done(&result(change.exec(&target, command("echo before"))).await, &["before"]);
    host.rebuild();
    let ending = ssh.probe(&target, ScriptId::Reach).ended().await;
    let Outcome::NotStarted(Refusal::ChangedHostKey { pinned, presented, .. }) = ending.outcome else {
        panic!("{ending:?}");
    };
    assert!(pinned.len() == 2 && !pinned.contains(&presented.unwrap()));
    let next = host.target("i-02");
    let ending = ssh.probe(&next, ScriptId::Reach).ended().await;
    assert!(matches!(ending.outcome, Outcome::NotStarted(Refusal::UnknownHostKey { .. })), "{ending:?}");
}
