//! What needs another user on the server: sudo, owners, the journal, a full disk.

use std::time::Duration;

use quarterdeck::remote::{
    Content, Ended, Follow, Input, Outcome, Refusal, RemoteChange, RemoteRead, Upload,
};

use crate::host::{Host, command, done, expect_line, result};

#[tokio::test]
async fn sudo_makes_it_root_and_cancelling_still_ends_everything() {
    let Some(host) = Host::up(1) else { return };
    let (_ssh, change, target) = host.trusted();
    done(&result(change.exec(&target, command("id -un"))).await, &["ubuntu"]);
    done(
        &result(change.exec(&target, command("id -un; cat").sudo(true).input(Input::new(*b"in\n")))).await,
        &["root", "in"],
    );
    let failed = result(change.exec(&target, command("exit 9").sudo(true))).await;
    assert_eq!(failed.1.outcome, Outcome::Done { code: 9 });
    let text =
        "sleep 4711 & setsid sleep 4711 & sh -c 'trap \"\" TERM; sleep 4711; sleep 4711' & echo ready; wait";
    let mut job = change.exec(&target, command(text).sudo(true));
    expect_line(&mut job, "ready").await;
    job.cancel();
    assert_eq!(job.ended().await.outcome, Outcome::Cancelled { ended: Ended::Yes });
    assert_eq!(host.inside("pgrep -fc '^sleep 4711' || true").trim(), "0");
}

#[tokio::test]
async fn what_cannot_be_ended_is_counted() {
    let Some(host) = Host::up(2) else { return };
    let (_ssh, change, target) = host.trusted();
    // As the login user nobody may end what sudo started.
    let text = "sudo -n sh -c 'trap \"\" TERM HUP; echo ready; sleep 4711; sleep 4711'";
    let mut job = change.exec(&target, command(text));
    expect_line(&mut job, "ready").await;
    job.cancel();
    let ending = job.ended().await;
    assert!(matches!(ending.outcome, Outcome::Cancelled { ended: Ended::Left(1..) }), "{ending:?}");
}

#[tokio::test]
async fn a_sudo_that_asks_and_a_sudo_that_is_not_there_are_told_apart() {
    let Some(host) = Host::up(3) else { return };
    let (_ssh, change, target) = host.trusted();
    host.inside("sed -i 's/NOPASSWD://' /etc/sudoers.d/90-lab");
    let asked = result(change.exec(&target, command("id").sudo(true))).await;
    assert!(matches!(asked.1.outcome, Outcome::NotStarted(Refusal::SudoPassword { .. })), "{asked:?}");
    // Without sudo nothing is different.
    done(&result(change.exec(&target, command("id -un"))).await, &["ubuntu"]);
    host.inside("mv /usr/bin/sudo /usr/bin/not-sudo");
    let missing = result(change.exec(&target, command("id").sudo(true))).await;
    assert!(matches!(missing.1.outcome, Outcome::NotStarted(Refusal::SudoDenied { .. })), "{missing:?}");
    host.inside("usermod -s /usr/sbin/nologin ubuntu");
    // sshd looks the shell up when somebody logs in.
    let mut options = host.options();
    options.user = Some("ubuntu".into());
    let (_ssh, change, target) = host.trusted_with(options);
    let closed = result(change.exec(&target, command("id"))).await;
    let Outcome::NotStarted(refusal @ Refusal::Failed { .. }) = &closed.1.outcome else {
        panic!("{closed:?}")
    };
    assert!(refusal.to_string().contains("not available"), "{refusal}");
}

fn upload(path: &str, bytes: Vec<u8>) -> Upload {
    Upload {
        path: path.into(),
        content: Content::Bytes(Input::new(bytes)),
        mode: 0o4750,
        owner: Some("games:ubuntu".into()),
        sudo: true,
        deadline: Duration::from_secs(60),
    }
}

#[tokio::test]
async fn an_upload_gets_its_owner_and_a_full_disk_keeps_the_old_file() {
    let Some(host) = Host::up(4) else { return };
    let (_ssh, change, target) = host.trusted();
    host.inside("mkdir /srv/small && mount -t tmpfs -o size=256k,mode=755 small /srv/small");
    done(&result(change.upload(&target, upload("/srv/small/file", b"old".to_vec()))).await, &[]);
    assert_eq!(host.inside("stat -c '%a %U:%G' /srv/small/file").trim(), "4750 games:ubuntu");
    let full = result(change.upload(&target, upload("/srv/small/file", vec![7; 4_000_000]))).await;
    assert_eq!(full.1.outcome, Outcome::Done { code: 1 }, "{full:?}");
    assert!(full.0.iter().any(|line| line.text.as_str().contains("No space left")), "{full:?}");
    assert_eq!(host.inside("cat /srv/small/file; ls -A /srv/small"), "oldfile\n");
}

#[tokio::test]
async fn the_journal_is_followed_beside_files() {
    let Some(host) = Host::up(5) else { return };
    let (ssh, _change, target) = host.trusted();
    host.inside("echo in the file >/var/log/secret.log; chmod 600 /var/log/secret.log");
    host.inside("systemd-run --quiet --wait --unit=talker echo in the journal");
    let logs = Follow {
        files: vec!["/var/log/secret.log".into()],
        units: vec!["talker.service".into()],
        past: 50,
        sudo: true,
        once: false,
    };
    let mut job = ssh.follow(&target, &logs);
    let (mut file, mut journal) = (None, None);
    while file.is_none() || journal.is_none() {
        let lines = tokio::time::timeout(Duration::from_secs(30), job.lines()).await.unwrap().unwrap();
        for line in lines {
            match line.text.as_str() {
                "in the file" => file = line.source,
                text if text.contains("in the journal") => journal = line.source,
                _ => {}
            }
        }
    }
    assert_eq!((file, journal), (Some(0), Some(1)));
    job.cancel();
    assert_eq!(job.ended().await.outcome, Outcome::Cancelled { ended: Ended::Yes });
    // By what they are told: the host's own boot runs a journalctl, too.
    let left = "ps -eo args | grep -E '[s]ecret\\.log|[t]alker\\.service' || true";
    assert_eq!(host.inside(left).trim(), "");
    assert_eq!(host.inside("ls -d /tmp/tmp.* 2>/dev/null | wc -l").trim(), "0");
}
