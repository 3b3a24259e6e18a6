//! Durable jobs: they go on whatever happens to the connection, and can be attached to again.

use std::time::Duration;

use quarterdeck::remote::{
    DurableJob, Ended, Input, JobName, Outcome, Refusal, RemoteChange, RemoteRead, Seen, Signal, Stream,
};

use crate::host::{Host, done, eventually, expect_line, result};

fn job(name: &str, script: &str) -> DurableJob {
    DurableJob {
        name: JobName::new(name).unwrap(),
        script: Input::new(script.as_bytes()),
        user: None,
        limit: Duration::from_secs(300),
    }
}

#[tokio::test]
async fn output_and_exit_code_are_kept_until_they_are_forgotten() {
    let Some(host) = Host::up(40) else { return };
    let (ssh, change, target) = host.trusted();
    let mut first = job("first", "id -un; pwd; echo \"it's\" >&2; echo x >>~/times; exit 3");
    done(&result(change.start(&target, first.clone())).await, &[]);
    for _ in 0..2 {
        let (lines, ending) = result(ssh.attach(&target, &first.name, Seen::default())).await;
        assert_eq!(ending.outcome, Outcome::Done { code: 3 });
        let of = |stream| {
            lines
                .iter()
                .filter(|line| line.stream == stream)
                .map(|line| line.text.as_str())
                .collect::<Vec<_>>()
        };
        assert_eq!((of(Stream::Out), of(Stream::Err)), (vec!["ubuntu", "/home/ubuntu"], vec!["it's"]));
    }
    // Started again it is not run again.
    done(&result(change.start(&target, first.clone())).await, &[]);
    assert_eq!(host.inside("cat /home/ubuntu/times"), "x\n");
    // Its output is nobody's business.
    assert_eq!(host.inside("stat -c %a /var/lib/quarterdeck/jobs/first/out").trim(), "600");
    done(&result(change.stop(&target, &first.name)).await, &[]);
    done(&result(change.forget(&target, &first.name)).await, &[]);
    let gone = result(ssh.attach(&target, &first.name, Seen::default())).await;
    assert!(matches!(gone.1.outcome, Outcome::NotStarted(Refusal::NoSuchJob { .. })), "{gone:?}");
    first.user = Some("root".into());
    done(&result(change.start(&target, first.clone())).await, &[]);
    let (lines, _) = result(ssh.attach(&target, &first.name, Seen::default())).await;
    assert!(lines.iter().any(|line| line.text.as_str() == "/root"), "{lines:?}");
}

#[tokio::test]
async fn a_lost_connection_does_not_touch_it_and_attaching_goes_on_where_it_was() {
    let Some(host) = Host::up(41) else { return };
    let (ssh, change, target) = host.trusted();
    let long = job("long", "echo one; until [ -e /tmp/go ]; do sleep 0.1; done; echo two");
    done(&result(change.start(&target, long.clone())).await, &[]);
    let mut attached = ssh.attach(&target, &long.name, Seen::default());
    expect_line(&mut attached, "one").await;
    host.tell("cut");
    let ending = attached.ended().await;
    assert!(matches!(ending.outcome, Outcome::Lost { .. }), "{ending:?}");
    host.tell("heal");
    let seen = Seen { out: "one\n".len() as u64, err: 0 };
    let attached = ssh.attach(&target, &long.name, seen);
    host.inside("touch /tmp/go");
    done(&result(attached).await, &["two"]);
}

#[tokio::test]
async fn it_tells_its_end_though_systemd_is_reloaded_meanwhile_as_every_package_with_a_service_does() {
    let Some(host) = Host::up(49) else { return };
    let (ssh, change, target) = host.trusted();
    for (name, user) in [("packages", Some("root")), ("theirs", None)] {
        let script = "echo began; sudo systemctl daemon-reload; sudo systemctl daemon-reload; exit 5";
        let reloading = DurableJob { user: user.map(str::to_owned), ..job(name, script) };
        done(&result(change.start(&target, reloading.clone())).await, &[]);
        let (_, ending) = result(ssh.attach(&target, &reloading.name, Seen::default())).await;
        assert_eq!(ending.outcome, Outcome::Done { code: 5 }, "{name}");
    }
}

#[tokio::test]
async fn letting_go_of_it_leaves_it_running_and_stopping_ends_all_of_it() {
    let Some(host) = Host::up(42) else { return };
    let (ssh, change, target) = host.trusted();
    let many = job("many", "sleep 4711 & setsid sleep 4711 & echo ready; wait");
    done(&result(change.start(&target, many.clone())).await, &[]);
    let mut attached = ssh.attach(&target, &many.name, Seen::default());
    expect_line(&mut attached, "ready").await;
    attached.cancel();
    assert_eq!(attached.ended().await.outcome, Outcome::Cancelled { ended: Ended::Yes });
    let running = || host.inside("pgrep -fc '^sleep 4711' || true").trim().to_owned();
    assert_eq!(running(), "2");
    let early = result(change.forget(&target, &many.name)).await;
    assert_eq!(early.1.outcome, Outcome::Done { code: 1 }, "{early:?}");
    let watching = ssh.attach(&target, &many.name, Seen::default());
    done(&result(change.stop(&target, &many.name)).await, &[]);
    assert_eq!(running(), "0");
    assert_eq!(watching.ended().await.outcome, Outcome::Cancelled { ended: Ended::Yes });
}

#[tokio::test]
async fn a_signal_and_the_limit_are_told_apart_from_an_exit() {
    let Some(host) = Host::up(43) else { return };
    let (ssh, change, target) = host.trusted();
    let killed = job("killed", "kill -KILL $$");
    done(&result(change.start(&target, killed.clone())).await, &[]);
    let ending = ssh.attach(&target, &killed.name, Seen::default()).ended().await;
    assert_eq!(ending.outcome, Outcome::Killed { signal: Signal(9) });
    let mut limited = job("limited", "sleep 4711");
    limited.limit = Duration::from_secs(1);
    done(&result(change.start(&target, limited.clone())).await, &[]);
    let ending = ssh.attach(&target, &limited.name, Seen::default()).ended().await;
    assert_eq!(ending.outcome, Outcome::DeadlineReached { ended: Ended::Yes });
}

#[tokio::test]
async fn a_script_may_remove_itself_and_lies_in_memory_only() {
    let Some(host) = Host::up(46) else { return };
    let (ssh, change, target) = host.trusted();
    let secret =
        job("secret", "rm -f -- \"$0\"\nsecret='hunter22'\nuntil [ -e /tmp/go ]; do sleep 0.1; done; exit 5");
    done(&result(change.start(&target, secret.clone())).await, &[]);
    eventually("it is gone", || host.inside("ls /run/quarterdeck/secret").is_empty()).await;
    let found = "grep -rls hunter22 /var/lib/quarterdeck /run/quarterdeck /home /tmp /etc; true";
    assert_eq!(host.inside(found), "");
    host.inside("touch /tmp/go");
    let ending = ssh.attach(&target, &secret.name, Seen::default()).ended().await;
    assert_eq!(ending.outcome, Outcome::Done { code: 5 });
}

#[tokio::test]
async fn after_a_reboot_nobody_knows_how_it_ended() {
    let Some(host) = Host::up(44) else { return };
    let (ssh, change, target) = host.trusted();
    let long = job("long", "echo one; sleep 4711");
    done(&result(change.start(&target, long.clone())).await, &[]);
    eventually("it runs", || host.inside("cat /var/lib/quarterdeck/jobs/long/out") == "one\n").await;
    // The plug is pulled: systemd has no time to say anything.
    host.tell("kill");
    host.again();
    let (lines, ending) = result(ssh.attach(&target, &long.name, Seen::default())).await;
    assert_eq!(lines.len(), 1);
    let Outcome::Lost { detail } = &ending.outcome else { panic!("{ending:?}") };
    assert!(detail.contains("rebooted"), "{detail}");
}
