//! How things end, every way told apart.

use std::net::TcpListener;
use std::time::Duration;

use quarterdeck::remote::{
    Command, Ended, Outcome, Refusal, RemoteChange, RemoteRead, ScriptId, Signal, Target,
};

use crate::sshd::{Result, Sshd, command, eventually, expect_line, run, runs};

#[tokio::test]
async fn an_exit_code_is_the_commands_own() {
    let sshd = Sshd::plain();
    let (_ssh, change, target) = sshd.trusted("i-01");
    for code in [0, 1, 3, 126, 127, 137, 255] {
        let done = run(&change, &target, &format!("exit {code}")).await;
        assert_eq!(done.outcome(), &Outcome::Done { code });
        assert!(done.ending.started.is_some());
    }
    let missing = run(&change, &target, "no-such-program").await;
    assert_eq!(missing.outcome(), &Outcome::Done { code: 127 });
    assert!(missing.texts()[0].contains("no-such-program"), "{:?}", missing.texts());
}

#[tokio::test]
async fn a_death_by_signal_is_not_an_exit_code() {
    let sshd = Sshd::plain();
    let (_ssh, change, target) = sshd.trusted("i-01");
    for (name, number) in [("KILL", 9), ("TERM", 15), ("HUP", 1), ("SEGV", 11)] {
        let done = run(&change, &target, &format!("kill -s {name} $$; sleep 60")).await;
        assert_eq!(done.outcome(), &Outcome::Killed { signal: Signal(number) }, "{name}");
    }
}

#[tokio::test]
async fn cancelling_ends_it_and_all_its_children_on_the_server_and_says_so() {
    let sshd = Sshd::plain();
    let (_ssh, change, target) = sshd.trusted("i-01");
    let pids = sshd.path("pids");
    // A child, one with a session of its own, one that does not listen to TERM.
    let text = format!(
        "sleep 300 & echo $! >>{p}; setsid sleep 301 & sh -c 'trap \"\" TERM; echo $$ >>{p}; while :; do sleep 0.1; done' & \
         until [ $(wc -l <{p}) = 2 ]; do sleep 0.02; done; pgrep -f 'sleep 301' -n >>{p}; echo $$ >>{p}; echo ready; wait",
        p = pids.display()
    );
    let mut job = change.exec(&target, command(&text));
    expect_line(&mut job, "ready").await;
    let pids: Vec<String> = sshd.text("pids").lines().map(str::to_owned).collect();
    assert!(pids.len() == 4 && pids.iter().all(|pid| runs(pid)), "{pids:?}");
    job.cancel();
    let ending = job.ended().await;
    assert_eq!(ending.outcome, Outcome::Cancelled { ended: Ended::Yes });
    assert!(pids.iter().all(|pid| !runs(pid)), "{pids:?}");
}

#[tokio::test]
async fn dropping_a_job_ends_it_on_the_server() {
    let sshd = Sshd::plain();
    let (_ssh, change, target) = sshd.trusted("i-01");
    let mut job = change.exec(&target, command("echo $$; sleep 300"));
    let pid = expect_line(&mut job, "").await.text.to_string();
    assert!(runs(&pid));
    drop(job);
    eventually("the process has ended", || !runs(&pid)).await;
}

#[tokio::test]
async fn what_is_cancelled_before_it_began_is_cancelled() {
    let sshd = Sshd::plain();
    let (_ssh, change, target) = sshd.trusted("i-01");
    let mut first = change.exec(&target, command("echo ready; sleep 300"));
    expect_line(&mut first, "ready").await;
    let second = change.exec(&target, command(&format!("touch {}", sshd.path("ran").display())));
    second.cancel();
    assert_eq!(second.ended().await.outcome, Outcome::Cancelled { ended: Ended::Yes });
    first.cancel();
    first.ended().await;
    run(&change, &target, "true").await.assert_done(&[]);
    assert!(!sshd.path("ran").exists());
}

#[tokio::test]
async fn a_deadline_ends_it_on_the_server() {
    let sshd = Sshd::plain();
    let (_ssh, change, target) = sshd.trusted("i-01");
    run(&change, &target, "true").await.assert_done(&[]);
    let job = change.exec(&target, Command::new("echo $$; sleep 300", Duration::from_secs(1)));
    let done = Result::of(job).await;
    assert_eq!(done.outcome(), &Outcome::DeadlineReached { ended: Ended::Yes });
    assert!(!runs(done.texts()[0]));
}

#[tokio::test]
async fn a_broken_connection_leaves_the_outcome_unknown_and_nothing_running() {
    let sshd = Sshd::plain();
    let (_ssh, change, target) = sshd.trusted("i-01");
    let mut job = change.exec(&target, command("echo $$; sleep 300"));
    let pid = expect_line(&mut job, "").await.text.to_string();
    sshd.wire.cut();
    let ending = job.ended().await;
    assert!(matches!(ending.outcome, Outcome::Lost { .. }), "{ending:?}");
    assert!(ending.outcome.is_unknown() && ending.started.is_some());
    eventually("the process has ended", || !runs(&pid)).await;
    run(&change, &target, "echo back").await.assert_done(&["back"]);
}

#[tokio::test]
async fn a_network_that_swallows_everything_is_noticed() {
    let sshd = Sshd::plain();
    let (_ssh, change, target) = sshd.trusted("i-01");
    let mut job = change.exec(&target, command("echo ready; sleep 300"));
    expect_line(&mut job, "ready").await;
    sshd.wire.freeze();
    let ending = job.ended().await;
    assert!(matches!(ending.outcome, Outcome::Lost { .. }), "{ending:?}");
}

#[tokio::test]
async fn cancelling_what_cannot_be_reached_is_unknown() {
    let sshd = Sshd::plain();
    let (_ssh, change, target) = sshd.trusted("i-01");
    let mut job = change.exec(&target, command("echo ready; sleep 300"));
    expect_line(&mut job, "ready").await;
    sshd.wire.freeze();
    job.cancel();
    let ending = job.ended().await;
    assert_eq!(ending.outcome, Outcome::Cancelled { ended: Ended::Unknown });
}

#[tokio::test]
async fn a_refused_connection_is_refused() {
    let sshd = Sshd::plain();
    let (ssh, _change, _) = sshd.trusted("i-01");
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let nobody = Target::new("i-01".into(), "127.0.0.1").unwrap().at_port(port);
    let ending = ssh.probe(&nobody, ScriptId::Reach).ended().await;
    assert!(matches!(ending.outcome, Outcome::NotStarted(Refusal::Refused { .. })), "{ending:?}");
    assert!(matches!(ssh.presented_key(&nobody).await, Err(Refusal::Refused { .. })));
}

#[tokio::test]
async fn a_server_that_accepts_and_says_nothing_is_timed_out() {
    let sshd = Sshd::plain();
    let mut options = sshd.options();
    options.connect = Duration::from_secs(1);
    let (ssh, _change, _) = sshd.trusted_with("i-01", options);
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let target =
        Target::new("i-01".into(), "127.0.0.1").unwrap().at_port(silent.local_addr().unwrap().port());
    let ending = ssh.probe(&target, ScriptId::Reach).ended().await;
    assert!(matches!(ending.outcome, Outcome::NotStarted(Refusal::TimedOut { .. })), "{ending:?}");
}

#[tokio::test]
async fn a_name_that_does_not_exist_is_unreachable() {
    let sshd = Sshd::plain();
    let (ssh, _change, _) = sshd.trusted("i-01");
    let target = Target::new("i-01".into(), "no-such-host.invalid").unwrap();
    let ending = ssh.probe(&target, ScriptId::Reach).ended().await;
    assert!(matches!(ending.outcome, Outcome::NotStarted(Refusal::Unreachable { .. })), "{ending:?}");
}

#[tokio::test]
async fn a_key_that_is_not_accepted_is_permission_denied() {
    let sshd = Sshd::plain();
    let mut options = sshd.options();
    options.identity = Some(sshd.path("host"));
    let (_ssh, change, target) = sshd.trusted_with("i-01", options);
    for agent in [false, true] {
        let done = Result::of(change.exec(&target, command("true").agent(agent))).await;
        let Outcome::NotStarted(refusal @ Refusal::PermissionDenied { .. }) = done.outcome() else {
            panic!("{:?}", done.ending);
        };
        assert!(refusal.to_string().contains("publickey"), "{refusal}");
    }
}

#[tokio::test]
async fn an_ssh_config_with_a_mistake_is_named() {
    let sshd = Sshd::plain();
    std::fs::write(sshd.path("ssh_config"), "NoSuchOption yes\n").unwrap();
    let (_ssh, change, target) = sshd.trusted("i-01");
    let done = run(&change, &target, "true").await;
    let Outcome::NotStarted(refusal @ Refusal::Failed { .. }) = done.outcome() else {
        panic!("{:?}", done.ending);
    };
    assert!(refusal.to_string().contains("nosuchoption"), "{refusal}");
}

#[tokio::test]
async fn an_account_without_a_shell_is_told_with_its_words() {
    let sshd = Sshd::with("ForceCommand echo This account is closed.; exit 7");
    let (_ssh, change, target) = sshd.trusted("i-01");
    let done = run(&change, &target, "true").await;
    let Outcome::NotStarted(refusal @ Refusal::Failed { .. }) = done.outcome() else {
        panic!("{:?}", done.ending);
    };
    assert!(refusal.to_string().contains("code 7") && refusal.to_string().contains("is closed"), "{refusal}");
}
