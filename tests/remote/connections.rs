//! Connections: opened on demand, shared, kept, capped, reopened.

use std::time::Duration;

use futures_util::future::join_all;
use quarterdeck::remote::host_keys::Origin;
use quarterdeck::remote::openssh::OpenSsh;
use quarterdeck::remote::{Ended, Outcome, Refusal, RemoteChange, RemoteRead, ScriptId};

use crate::sshd::{Result, Sshd, command, eventually, expect_line, run};

#[tokio::test]
async fn one_connection_serves_everything_and_the_next_console_too() {
    let sshd = Sshd::plain();
    let (ssh, change, target) = sshd.trusted("i-01");
    for _ in 0..3 {
        run(&change, &target, "true").await.assert_done(&[]);
    }
    ssh.probe(&target, ScriptId::Reach).ended().await;
    drop((ssh, change));
    let next = OpenSsh::open(sshd.options()).unwrap().change();
    run(&next, &target, "true").await.assert_done(&[]);
    assert_eq!(sshd.wire.connections(), 1);
}

#[tokio::test]
async fn ten_at_once_get_through_where_the_server_allows_two() {
    let sshd = Sshd::with("MaxSessions 2");
    let (_ssh, change, target) = sshd.trusted("i-01");
    let jobs = (0..10)
        .map(|n| Result::of(change.exec(&target, command(&format!("echo {n}; sleep 0.1")).bulk(true))));
    for (n, done) in join_all(jobs).await.iter().enumerate() {
        done.assert_done(&[&n.to_string()]);
    }
}

#[tokio::test]
async fn a_busy_server_is_busy_at_the_deadline_and_not_down() {
    let sshd = Sshd::plain();
    let (_ssh, change, target) = sshd.trusted("i-01");
    let mut first = change.exec(&target, command("echo ready; sleep 300"));
    expect_line(&mut first, "ready").await;
    let second = change.exec(&target, quarterdeck::remote::Command::new("true", Duration::from_millis(300)));
    let ending = second.ended().await;
    assert!(matches!(ending.outcome, Outcome::NotStarted(Refusal::Busy { .. })), "{ending:?}");
    first.cancel();
    first.ended().await;
}

#[tokio::test]
async fn while_a_command_prints_much_probes_have_a_connection_of_their_own() {
    let sshd = Sshd::plain();
    let (ssh, change, target) = sshd.trusted("i-01");
    let probe = async || ssh.probe(&target, ScriptId::Reach).ended().await.outcome;
    let mut quiet = change.exec(&target, command("echo ready; sleep 300"));
    expect_line(&mut quiet, "ready").await;
    assert_eq!((probe().await, sshd.wire.connections()), (Outcome::Done { code: 0 }, 1));
    quiet.cancel();
    quiet.ended().await;
    let mut loud = change.exec(&target, command("yes | head -c 3000000; echo ready; sleep 300"));
    expect_line(&mut loud, "ready").await;
    assert_eq!((probe().await, sshd.wire.connections()), (Outcome::Done { code: 0 }, 2));
    loud.cancel();
    assert_eq!(loud.ended().await.outcome, Outcome::Cancelled { ended: Ended::Yes });
    assert_eq!((probe().await, sshd.wire.connections()), (Outcome::Done { code: 0 }, 2));
}

#[tokio::test]
async fn a_probe_does_not_wait_for_a_command() {
    let sshd = Sshd::plain();
    let (ssh, change, target) = sshd.trusted("i-01");
    let mut long = change.exec(&target, command("echo ready; sleep 300"));
    expect_line(&mut long, "ready").await;
    assert_eq!(ssh.probe(&target, ScriptId::Reach).ended().await.outcome, Outcome::Done { code: 0 });
    long.cancel();
    long.ended().await;
}

#[tokio::test]
async fn a_connection_that_died_is_opened_again() {
    let sshd = Sshd::plain();
    let (_ssh, change, target) = sshd.trusted("i-01");
    run(&change, &target, "true").await.assert_done(&[]);
    sshd.wire.cut();
    run(&change, &target, "echo again").await.assert_done(&["again"]);
    assert_eq!(sshd.wire.connections(), 2);
}

#[tokio::test]
async fn those_longest_without_work_are_closed_when_there_are_too_many() {
    let (one, two) = (Sshd::plain(), Sshd::plain());
    let mut options = one.options();
    options.most = 1;
    options.keep = Duration::from_secs(2);
    let (ssh, change, first) = one.trusted_with("i-01", options);
    ssh.host_keys().pin(&"i-02".into(), &[two.key()], Origin::Operator, ssh.now()).unwrap();
    std::fs::copy(one.path("user.pub"), two.path("authorized_keys")).unwrap();
    run(&change, &first, "true").await.assert_done(&[]);
    let sockets = || {
        let entries = std::fs::read_dir(one.path("c")).unwrap().flatten();
        entries.filter(|entry| entry.path().extension().is_some_and(|ending| ending == "main")).count()
    };
    assert_eq!(sockets(), 1);
    // Work on the second keeps it; the first one goes.
    let mut busy = change.exec(&two.target("i-02"), command("echo ready; sleep 300"));
    expect_line(&mut busy, "ready").await;
    eventually("the first connection is gone", || sockets() == 1).await;
    run(&change, &first, "true").await.assert_done(&[]);
    assert_eq!(one.wire.connections(), 2);
    busy.cancel();
    busy.ended().await;
}

#[tokio::test]
async fn a_control_directory_of_somebody_else_is_refused() {
    let sshd = Sshd::plain();
    let mut options = sshd.options();
    options.control = Some("/tmp".into());
    let error = OpenSsh::open(options).unwrap_err().to_string();
    assert!(error.contains("0700"), "{error}");
}

#[tokio::test]
async fn consoles_that_connect_at_the_same_moment_share_one_connection() {
    let sshd = Sshd::plain();
    let (_ssh, one, target) = sshd.trusted("i-01");
    let two = OpenSsh::open(sshd.options()).unwrap().change();
    let (first, second) = tokio::join!(run(&one, &target, "echo one"), run(&two, &target, "echo two"));
    first.assert_done(&["one"]);
    second.assert_done(&["two"]);
    assert_eq!(sshd.wire.connections(), 1);
}

/// An ssh config by which everything but the jump host itself goes over `jump`.
fn over(jump: &Sshd, sshd: &Sshd) {
    let text = format!(
        "IdentityAgent none\nHost jump\n  HostName 127.0.0.1\n  Port {port}\n  IdentityFile {key}\n  \
         UserKnownHostsFile {known}\nMatch originalhost 127.0.0.1\n  ProxyJump jump\n",
        port = jump.port,
        key = jump.path("user").display(),
        known = jump.path("known").display(),
    );
    std::fs::write(sshd.path("ssh_config"), text).unwrap();
}

#[tokio::test]
async fn a_jump_host_of_the_users_config_is_used_for_everything() {
    let (jump, sshd) = (Sshd::plain(), Sshd::plain());
    over(&jump, &sshd);
    let known = format!("[127.0.0.1]:{} {}", jump.port, jump.text("host.pub"));
    std::fs::write(jump.path("known"), known).unwrap();
    let (ssh, change, target) = sshd.trusted("i-01");
    run(&change, &target, "echo far").await.assert_done(&["far"]);
    assert_eq!(jump.wire.connections(), 1);
    // Keys are asked for on the same way, and each server has its own.
    assert_eq!(ssh.presented_key(&target).await.unwrap(), sshd.key());
    assert_eq!(jump.wire.connections(), 2);
}

#[tokio::test]
async fn a_jump_host_with_an_unknown_key_is_a_failure_that_asks_nobody() {
    let (jump, sshd) = (Sshd::plain(), Sshd::plain());
    over(&jump, &sshd);
    let (_ssh, change, target) = sshd.trusted("i-01");
    let done = run(&change, &target, "true").await;
    // A jump host is not the server: this is no alarm about the server's key.
    let Outcome::NotStarted(refusal @ Refusal::Failed { .. }) = done.outcome() else {
        panic!("{:?}", done.ending);
    };
    assert!(refusal.to_string().contains("Host key verification failed"), "{refusal}");
    assert_eq!(sshd.wire.connections(), 0);
}
