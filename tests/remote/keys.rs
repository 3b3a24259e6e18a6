//! Host keys: pinned per instance, whatever the address.

use std::process::Command as Local;

use quarterdeck::remote::host_keys::{Origin, Trust, keys_in_console};
use quarterdeck::remote::openssh::{HostKeyCheck, OpenSsh};
use quarterdeck::remote::{Outcome, Refusal, RemoteRead, ScriptId};

use crate::sshd::{Sshd, run};

#[tokio::test]
async fn an_unknown_key_is_shown_and_once_trusted_it_is_checked() {
    let sshd = Sshd::plain();
    let ssh = OpenSsh::open(sshd.options()).unwrap();
    let target = sshd.target("i-01");
    let ending = ssh.probe(&target, ScriptId::Reach).ended().await;
    let Outcome::NotStarted(Refusal::UnknownHostKey { presented, .. }) = ending.outcome else {
        panic!("{ending:?}");
    };
    let shown = Local::new("ssh-keygen").arg("-lf").arg(sshd.path("host.pub")).output().unwrap().stdout;
    assert!(String::from_utf8(shown).unwrap().contains(&presented.fingerprint()));
    assert_eq!(ssh.presented_key(&target).await.unwrap(), presented);
    // Nothing was pinned by only looking.
    assert!(ssh.host_keys().pinned(target.instance()).unwrap().is_empty());
    ssh.host_keys().pin(target.instance(), &[presented], Origin::Operator, ssh.now()).unwrap();
    let ending = ssh.probe(&target, ScriptId::Reach).ended().await;
    assert_eq!(ending.outcome, Outcome::Done { code: 0 });
}

#[tokio::test]
async fn a_key_from_the_console_output_is_enough() {
    let sshd = Sshd::plain();
    let ssh = OpenSsh::open(sshd.options()).unwrap();
    let target = sshd.target("i-01");
    let console = format!(
        "boot\n-----BEGIN SSH HOST KEY KEYS-----\n{}-----END SSH HOST KEY KEYS-----\nlogin:",
        sshd.text("host.pub")
    );
    let keys = keys_in_console(&console);
    ssh.host_keys().pin(target.instance(), &keys, Origin::Console, ssh.now()).unwrap();
    run(&ssh.change(), &target, "echo in").await.assert_done(&["in"]);
}

#[tokio::test]
async fn a_changed_key_for_the_same_instance_is_an_alarm_with_both_fingerprints() {
    let (old, new) = (Sshd::plain(), Sshd::plain());
    let (ssh, change, _) = old.trusted("i-01");
    let moved = new.target("i-01");
    let done = run(&change, &moved, "true").await;
    let Outcome::NotStarted(refusal @ Refusal::ChangedHostKey { .. }) = done.outcome() else {
        panic!("{:?}", done.ending);
    };
    let text = refusal.to_string();
    assert!(text.contains(&old.key().fingerprint()) && text.contains(&new.key().fingerprint()), "{text}");
    // Trusting it by accident is not possible: it takes another call.
    assert!(ssh.host_keys().pin(moved.instance(), &[new.key()], Origin::Operator, ssh.now()).is_err());
}

#[tokio::test]
async fn a_new_instance_on_a_reused_address_is_no_alarm() {
    let sshd = Sshd::plain();
    let other = Sshd::plain();
    let (ssh, change, target) = sshd.trusted("i-01");
    run(&change, &target, "true").await.assert_done(&[]);
    // The old one had this address with another key.
    ssh.host_keys().pin(&"i-00".into(), &[other.key()], Origin::Operator, ssh.now()).unwrap();
    let next = sshd.target("i-02");
    let ending = ssh.probe(&next, ScriptId::Reach).ended().await;
    assert!(matches!(ending.outcome, Outcome::NotStarted(Refusal::UnknownHostKey { .. })), "{ending:?}");
    ssh.host_keys().pin(next.instance(), &[sshd.key()], Origin::Operator, ssh.now()).unwrap();
    run(&change, &next, "true").await.assert_done(&[]);
}

#[tokio::test]
async fn unchecked_keys_are_possible_only_by_saying_so() {
    let sshd = Sshd::plain();
    let mut options = sshd.options();
    options.host_keys = HostKeyCheck::Off;
    let ssh = OpenSsh::open(options).unwrap();
    run(&ssh.change(), &sshd.target("i-01"), "true").await.assert_done(&[]);
}

#[tokio::test]
async fn only_the_fingerprint_that_the_operator_saw_is_trusted_and_the_record_says_when_and_how() {
    let (sshd, other) = (Sshd::plain(), Sshd::plain());
    let ssh = OpenSsh::open(sshd.options()).unwrap();
    let target = sshd.target("i-01");
    let wrong = Trust::Operator(other.key().fingerprint());
    let refused = ssh.trust(&target, wrong).await.unwrap_err().to_string();
    assert!(
        refused.contains(&other.key().fingerprint()) && refused.contains(&sshd.key().fingerprint()),
        "{refused}"
    );
    assert_eq!(ssh.pins(&target).unwrap(), []);
    let before = ssh.now();
    let pins = ssh.trust(&target, Trust::Operator(sshd.key().to_string())).await.unwrap();
    assert_eq!((pins.len(), &pins[0].key, pins[0].origin), (1, &sshd.key(), Origin::Operator));
    assert!(pins[0].at.unwrap() >= before);
    // Another console of the same user finds it.
    assert_eq!(OpenSsh::open(sshd.options()).unwrap().pins(&target).unwrap(), pins);
    run(&ssh.change(), &target, "echo in").await.assert_done(&["in"]);
}

#[tokio::test]
async fn keys_of_the_console_are_trusted_without_asking_the_server_and_checked_strictly() {
    let (sshd, other) = (Sshd::plain(), Sshd::plain());
    let ssh = OpenSsh::open(sshd.options()).unwrap();
    let right = sshd.target("i-01");
    let pins = ssh.trust(&right, Trust::Console(vec![sshd.key()])).await.unwrap();
    assert_eq!(pins[0].origin, Origin::Console);
    run(&ssh.change(), &right, "true").await.assert_done(&[]);
    // The console of this one shows another key than it presents.
    let wrong = sshd.target("i-02");
    ssh.trust(&wrong, Trust::Console(vec![other.key()])).await.unwrap();
    let done = run(&ssh.change(), &wrong, "true").await;
    assert!(
        matches!(done.outcome(), Outcome::NotStarted(Refusal::ChangedHostKey { .. })),
        "{:?}",
        done.ending
    );
    let nothing = ssh.trust(&sshd.target("i-03"), Trust::Console(Vec::new())).await.unwrap_err();
    assert!(matches!(nothing, Refusal::Failed { .. }), "{nothing:?}");
}

#[tokio::test]
async fn a_changed_key_is_only_trusted_in_the_place_of_the_old_one() {
    let (old, new) = (Sshd::plain(), Sshd::plain());
    let (ssh, change, _) = old.trusted("i-01");
    let moved = new.target("i-01");
    std::fs::copy(old.path("user.pub"), new.path("authorized_keys")).unwrap();
    let print = new.key().fingerprint();
    let refused = ssh.trust(&moved, Trust::Operator(print.clone())).await.unwrap_err();
    let Refusal::ChangedHostKey { pinned, presented, .. } = refused else { panic!("{refused:?}") };
    assert_eq!((pinned, presented), (vec![old.key()], Some(new.key())));
    // Not even in its place without the right fingerprint.
    assert!(ssh.trust(&moved, Trust::Replace(old.key().fingerprint())).await.is_err());
    assert_eq!(ssh.pins(&moved).unwrap()[0].key, old.key());
    let pins = ssh.trust(&moved, Trust::Replace(print)).await.unwrap();
    assert_eq!(pins.iter().map(|pin| &pin.key).collect::<Vec<_>>(), [&new.key()]);
    run(&change, &moved, "true").await.assert_done(&[]);
    // Now the old one is the stranger.
    let done = run(&change, &old.target("i-01"), "true").await;
    assert!(
        matches!(done.outcome(), Outcome::NotStarted(Refusal::ChangedHostKey { .. })),
        "{:?}",
        done.ending
    );
}
