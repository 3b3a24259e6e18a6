//! Logins that are slow, talk too much, or may not become root.

use std::process::Stdio;

use serde_json::Value;

use crate::fleet::{Described, Fleet};

/// Everything that is asked of the cache server was read.
#[track_caller]
fn all_read(fleet: &Fleet, seen: &Described) {
    assert_eq!(seen.unreachable(fleet, "cache"), None);
    for topic in ["machine", "disks", "units", "rabbitmq"] {
        assert_eq!(seen.failure(fleet, "cache", topic), None, "{topic}");
        assert_ne!(seen.fact(fleet, "cache", topic), &Value::Null, "{topic}");
    }
}

#[test]
fn a_slow_shell_is_waited_for() {
    let Some(fleet) = Fleet::take() else { return };
    // bash reads it before every command that comes over ssh.
    fleet.disturb(
        "cache",
        "cp ~ubuntu/.bashrc /root/bashrc; sed -i '1i sleep 3' ~ubuntu/.bashrc",
        "cp /root/bashrc ~ubuntu/.bashrc",
    );
    all_read(&fleet, &fleet.describe());
}

#[test]
fn a_banner_and_a_profile_that_prints_garbage_change_nothing() {
    let Some(fleet) = Fleet::take() else { return };
    let calm = fleet.describe();
    let queues = |seen: &Described| seen.fact(&fleet, "cache", "rabbitmq")["version"].clone();
    fleet.disturb(
        "cache",
        r#"cp ~ubuntu/.bashrc /root/bashrc; cp /etc/ssh/sshd_config /root/sshd_config
          printf 'AUTHORISED USE ONLY\n\033]0;title\007\033[2J' >/etc/ssh/banner
          echo 'Banner /etc/ssh/banner' >>/etc/ssh/sshd_config; systemctl reload ssh
          { echo 'head -c 1000000 /dev/urandom; head -c 100000 /dev/urandom >&2'
            echo 'printf "\n@x begin machine\nMemTotal=1\n@x end machine 0\n\033[?1049h\033]52;c;eA==\007load=99 99 99"'
          } >/tmp/noise; cat /root/bashrc >>/tmp/noise; cp /tmp/noise ~ubuntu/.bashrc"#,
        "cp /root/bashrc ~ubuntu/.bashrc; cp /root/sshd_config /etc/ssh/sshd_config; systemctl reload ssh",
    );
    let noisy = fleet.describe();
    all_read(&fleet, &noisy);
    assert_eq!(queues(&noisy), queues(&calm));
    let total = |seen: &Described| seen.fact(&fleet, "cache", "machine")["memory_total"].clone();
    assert_eq!(total(&noisy), total(&calm));
    let text = noisy.0.to_string();
    assert!(!text.contains("AUTHORISED") && text.chars().all(|c| !c.is_control()), "{text}");
}

#[test]
fn a_sudo_that_wants_a_password_costs_what_needs_root_and_says_so() {
    let Some(fleet) = Fleet::take() else { return };
    fleet.disturb(
        "cache",
        "sed -i 's/NOPASSWD://' /etc/sudoers.d/90-lab",
        "echo 'ubuntu ALL=(ALL) NOPASSWD:ALL' >/etc/sudoers.d/90-lab",
    );
    let seen = fleet.describe();
    let why = seen.failure(&fleet, "cache", "rabbitmq").expect("RabbitMQ tells only root");
    assert!(why.contains("sudo"), "{why}");
    for topic in ["machine", "disks", "units"] {
        assert_ne!(seen.fact(&fleet, "cache", topic), &Value::Null, "{topic} needs nobody's password");
    }
}

#[test]
fn two_sessions_are_enough() {
    let Some(fleet) = Fleet::take() else { return };
    fleet.disturb(
        "cache",
        "cp /etc/ssh/sshd_config /root/sshd_config; echo 'MaxSessions 2' >>/etc/ssh/sshd_config; systemctl reload ssh",
        "cp /root/sshd_config /etc/ssh/sshd_config; systemctl reload ssh",
    );
    // Three programs at once, each of which wants a session; what runs ten commands is in `running`.
    let all: Vec<_> = (0..3).map(|_| fleet.describing().stdout(Stdio::piped()).spawn().unwrap()).collect();
    for one in all {
        all_read(
            &fleet,
            &Described(serde_json::from_slice(&one.wait_with_output().unwrap().stdout).unwrap()),
        );
    }
}
