//! Servers that freeze, vanish, boot again, are built anew, or are full: the program says what it knows, and no more.

use serde_json::Value;

use crate::fleet::{Described, Fleet};

/// One host cannot be reached, everybody else is as ever; and when it is over it is as ever, too.
#[track_caller]
fn unreachable_while(fleet: &Fleet, host: &'static str, begin: &str, end: &'static str) {
    let before = fleet.describe();
    assert_eq!(before.unreachable(fleet, host), None);
    fleet.afterwards(move |fleet| {
        fleet.tell(end, host);
    });
    fleet.tell(begin, host);
    let seen = fleet.until("it cannot be reached", |seen| seen.unreachable(fleet, host).is_some());
    assert_eq!(seen.fact(fleet, host, "machine"), &Value::Null, "nothing is known of it");
    let failed = seen.0["failures"].to_string();
    assert!(failed.contains(&fleet.instance(host)), "{failed}");
    for other in ["db-primary", "db-replica", "cache", "worker", "web1", "web2"] {
        let known = seen.fact(fleet, other, "machine")["memory_total"].is_number();
        assert_eq!(known, other != host, "{other}");
    }
    fleet.tell(end, host);
    let seen =
        fleet.until("it is back", |seen| seen.fact(fleet, host, "machine")["memory_total"].is_number());
    assert_eq!(seen.measured(fleet, host)["host_key"], Value::Null);
}

#[test]
fn a_frozen_server_cannot_be_reached_and_the_others_are_as_ever() {
    let Some(fleet) = Fleet::take() else { return };
    unreachable_while(&fleet, "web1", "freeze", "thaw");
}

#[test]
fn a_server_that_is_cut_off_cannot_be_reached_and_the_others_are_as_ever() {
    let Some(fleet) = Fleet::take() else { return };
    unreachable_while(&fleet, "cache", "cut", "heal");
}

fn booted(seen: &Described, fleet: &Fleet) -> Option<String> {
    let units = &seen.fact(fleet, "cache", "units")["units"];
    let redis = units.as_array()?.iter().find(|unit| unit["name"] == "redis-server")?;
    (redis["active"] == "active").then(|| redis["since"].as_str().unwrap().to_owned())
}

#[test]
fn a_server_that_booted_again_is_the_same_one() {
    let Some(fleet) = Fleet::take() else { return };
    let before = booted(&fleet.describe(), &fleet).expect("Redis runs");
    fleet.reboot("cache");
    let seen = fleet
        .until("its services began anew", |seen| booted(seen, &fleet).is_some_and(|since| since > before));
    assert_eq!(seen.measured(&fleet, "cache")["host_key"], Value::Null, "its key is the one we know");
}

#[test]
fn a_new_instance_on_an_old_address_is_no_alarm() {
    let Some(fleet) = Fleet::take() else { return };
    let before = fleet.describe();
    assert!(before.fact(&fleet, "cache", "machine")["memory_total"].is_number());
    fleet.replace("cache");
    let seen = fleet.until("the new one is measured", |seen| {
        seen.fact(&fleet, "cache", "machine")["memory_total"].is_number()
    });
    assert_eq!(seen.measured(&fleet, "cache")["host_key"], Value::Null);
    assert_eq!(seen.unreachable(&fleet, "cache"), None);
}

#[test]
fn another_host_key_of_the_same_instance_is_an_alarm_with_both_fingerprints() {
    let Some(fleet) = Fleet::take() else { return };
    let fingerprints = |text: &str| -> Vec<String> {
        let words = text.split_whitespace().filter(|word| word.starts_with("SHA256:"));
        words.map(str::to_owned).collect()
    };
    let before = fleet.describe();
    assert_eq!(before.measured(&fleet, "worker")["host_key"], Value::Null);
    let old = fingerprints(&fleet.tell("console", "worker"));
    fleet.rebuild("worker");
    let new = fingerprints(&fleet.tell("console", "worker"));
    let seen = fleet.describe();
    let measured = seen.measured(&fleet, "worker");
    let (presented, pinned) =
        (&measured["host_key"]["presented"], measured["host_key"]["pinned"].to_string());
    assert!(
        new.iter().any(|key| presented.as_str().is_some_and(|text| text.contains(key.as_str()))),
        "{measured}"
    );
    assert!(old.iter().any(|key| pinned.contains(key.as_str())), "{measured}");
    assert!(new.iter().all(|key| !pinned.contains(key.as_str())), "{measured}");
    assert!(measured["unreachable"].is_object(), "{measured}");
    assert_eq!(measured["facts"], serde_json::json!({}), "nothing is asked of who is not known");
    // Nor is it asked the next time.
    assert_eq!(fleet.describe().measured(&fleet, "worker")["facts"], serde_json::json!({}));
}

#[test]
fn a_full_disk_is_seen_and_hides_nothing_else() {
    let Some(fleet) = Fleet::take() else { return };
    // A volume of its own, which also holds the folders for temporary files.
    fleet.attach("cache", "full", "xvdf");
    let commands = "mkfs.ext4 -q /dev/xvdf && mkdir -p /srv/full && mount /dev/xvdf /srv/full && \
                mkdir -m 1777 /srv/full/tmp && mount --bind /srv/full/tmp /tmp && mount --bind /srv/full/tmp /var/tmp; \
                dd if=/dev/zero of=/srv/full/zeros bs=1M 2>/dev/null; dd if=/dev/zero of=/srv/full/more 2>/dev/null; \
                ! echo x >/tmp/x";
    fleet.disturb("cache", commands, "umount -l /tmp /var/tmp /srv/full");
    let seen = fleet.describe();
    let mounts = seen.fact(&fleet, "cache", "disks")["mounts"].clone();
    let full = mounts
        .as_array()
        .unwrap()
        .iter()
        .find(|mount| mount["path"] == "/srv/full")
        .expect("the volume is listed");
    assert_eq!(full["available"], 0, "{full}");
    assert!(full["size"].as_u64() > Some(100_000_000), "{full}");
    for topic in ["machine", "units", "rabbitmq"] {
        assert_eq!(seen.failure(&fleet, "cache", topic), None);
        assert_ne!(seen.fact(&fleet, "cache", topic), &Value::Null);
    }
}
