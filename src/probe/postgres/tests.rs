use std::fmt::Write;

use super::*;
use crate::fleet::FailureKind;
use crate::probe::testing::{body, failure, layout};

fn postgres(lines: &str) -> Postgres {
    match read(&body(lines, "", 0), &layout()) {
        Ok(Fact::Postgres(postgres)) => *postgres,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_primary_tells_who_streams_from_it() {
    let primary = postgres(include_str!("fixtures/15-primary.txt"));
    assert_eq!((primary.version.as_str(), primary.in_recovery, primary.timeline), ("15.20", false, Some(1)));
    assert_eq!(primary.position.as_deref(), Some("0/3061928"));
    assert_eq!((primary.connections.idle, primary.connections.most), (1, 80));
    assert_eq!((primary.wal_keep, primary.slot_keep), (Some(64 << 20), Some(512 << 20)));
    assert_eq!(primary.database_bytes, Some(7_912_807));
    assert_eq!((primary.oldest_transaction, primary.replica), (None, None));
    let [standby] = &primary.standbys[..] else { panic!("{:?}", primary.standbys) };
    assert_eq!(
        (standby.name.as_str(), standby.state.as_str(), standby.sync.as_str()),
        ("15/main", "streaming", "async")
    );
    assert_eq!((standby.address.as_deref(), standby.replay_behind), (Some("10.83.101.11"), Some(0)));
    let [slot] = &primary.slots[..] else { panic!("{:?}", primary.slots) };
    assert_eq!(
        (slot.name.as_str(), slot.active, slot.status.as_deref()),
        ("replica0", true, Some("reserved"))
    );
    assert!(primary.started_at.is_some());
}

/// Each version's own words, with a transaction open on the primary, and the replay paused, and the primary stopped.
const VERSIONS: [(&str, [&str; 4]); 8] = [
    (
        "10",
        [
            include_str!("fixtures/10-primary.txt"),
            include_str!("fixtures/10-replica.txt"),
            include_str!("fixtures/10-paused.txt"),
            include_str!("fixtures/10-gone.txt"),
        ],
    ),
    (
        "11",
        [
            include_str!("fixtures/11-primary.txt"),
            include_str!("fixtures/11-replica.txt"),
            include_str!("fixtures/11-paused.txt"),
            include_str!("fixtures/11-gone.txt"),
        ],
    ),
    (
        "12",
        [
            include_str!("fixtures/12-primary.txt"),
            include_str!("fixtures/12-replica.txt"),
            include_str!("fixtures/12-paused.txt"),
            include_str!("fixtures/12-gone.txt"),
        ],
    ),
    (
        "13",
        [
            include_str!("fixtures/13-primary.txt"),
            include_str!("fixtures/13-replica.txt"),
            include_str!("fixtures/13-paused.txt"),
            include_str!("fixtures/13-gone.txt"),
        ],
    ),
    (
        "14",
        [
            include_str!("fixtures/14-primary.txt"),
            include_str!("fixtures/14-replica.txt"),
            include_str!("fixtures/14-paused.txt"),
            include_str!("fixtures/14-gone.txt"),
        ],
    ),
    (
        "16",
        [
            include_str!("fixtures/16-primary.txt"),
            include_str!("fixtures/16-replica.txt"),
            include_str!("fixtures/16-paused.txt"),
            include_str!("fixtures/16-gone.txt"),
        ],
    ),
    (
        "17",
        [
            include_str!("fixtures/17-primary.txt"),
            include_str!("fixtures/17-replica.txt"),
            include_str!("fixtures/17-paused.txt"),
            include_str!("fixtures/17-gone.txt"),
        ],
    ),
    (
        "18",
        [
            include_str!("fixtures/18-primary.txt"),
            include_str!("fixtures/18-replica.txt"),
            include_str!("fixtures/18-paused.txt"),
            include_str!("fixtures/18-gone.txt"),
        ],
    ),
];

#[test]
fn every_version_tells_the_same() {
    for (version, [primary, replica, paused, gone]) in VERSIONS {
        let primary = postgres(primary);
        assert!(primary.version.starts_with(version) && !primary.in_recovery, "{version}: {primary:?}");
        assert_eq!(primary.connections.idle_in_transaction, 1, "{version}");
        assert!(primary.oldest_transaction.unwrap() > 0.5 && primary.database_bytes.is_some(), "{version}");
        assert_eq!(
            (primary.standbys.len(), primary.slots.len(), primary.timeline),
            (1, 1, Some(1)),
            "{version}"
        );
        assert_eq!(primary.wal_keep, Some(0), "{version}");
        assert_eq!(primary.slots[0].status.is_some(), version.parse::<u32>().unwrap() >= 13, "{version}");

        let replica = postgres(replica).replica.unwrap();
        assert_eq!(replica.receiver.as_deref(), Some("streaming"), "{version}");
        assert_eq!(replica.delay, Some(0.0), "{version}: only the rest of a record is to come: {replica:?}");

        let paused = postgres(paused).replica.unwrap();
        assert!(paused.paused && paused.behind.unwrap() > 100_000, "{version}: {paused:?}");

        let gone = postgres(gone).replica.unwrap();
        assert_eq!((gone.receiver, gone.delay, gone.behind), (None, None, Some(0)), "{version}");
    }
}

#[test]
fn a_replica_of_an_idle_primary_is_not_behind() {
    let replica = postgres(include_str!("fixtures/15-replica.txt"));
    assert!(replica.in_recovery);
    let told = replica.replica.unwrap();
    assert_eq!((told.receiver.as_deref(), told.sender.as_deref()), (Some("streaming"), Some("db-primary")));
    assert_eq!((told.behind, told.delay, told.paused), (Some(0), Some(0.0), false));
    assert!(told.heard.unwrap() > 9.0, "the last transaction was 9 s ago");
}

fn delay_of(receiver: Option<&str>, replica: &str) -> Option<f64> {
    let server = include_str!("fixtures/15-replica.txt");
    let mut lines: String = server
        .lines()
        .filter(|line| !line.contains("\"receiver\"") && !line.contains("\"replica\""))
        .fold(String::new(), |text, line| text + line + "\n");
    if let Some(receiver) = receiver {
        let _ = writeln!(lines, "{{\"receiver\":{{{receiver}}}}}");
    }
    let _ = writeln!(lines, "{{\"replica\":{{\"paused\":false,\"conflicts\":0,{replica}}}}}");
    postgres(&lines).replica.unwrap().delay
}

#[test]
fn a_delay_is_told_only_where_it_can_be_known() {
    let streaming = Some(r#""status":"streaming","heard":3.0,"timeout":60"#);
    let caught_up = r#""behind":0,"to_receive":0,"replayed_age":5000.0"#;
    assert_eq!(delay_of(streaming, caught_up), Some(0.0), "an idle primary writes nothing");
    let held = r#""behind":9,"to_receive":0,"waits":false,"replayed_age":12.5"#;
    assert_eq!(delay_of(streaming, held), Some(12.5), "something holds the replay");
    let rest_to_come = r#""behind":152,"to_receive":0,"waits":true,"replayed_age":5000.0"#;
    assert_eq!(
        delay_of(streaming, rest_to_come),
        Some(0.0),
        "a record whose end was not sent cannot be replayed"
    );
    let stalled = Some(r#""status":"streaming","heard":25.0,"timeout":60"#);
    for not_received in [r#""behind":152,"waits":true"#, r#""behind":0,"waits":false"#] {
        let row = format!("{not_received},\"to_receive\":9000,\"replayed_age\":12.5");
        assert_eq!(
            delay_of(stalled, &row),
            Some(12.5),
            "the primary said that it has more, and sends nothing"
        );
    }
    assert_eq!(delay_of(streaming, r#""behind":9,"to_receive":0,"waits":false,"replayed_age":null"#), None);
    assert_eq!(
        delay_of(streaming, r#""behind":9,"to_receive":0,"waits":false,"replayed_age":-2.0"#),
        Some(0.0),
        "clocks differ"
    );
    assert_eq!(delay_of(None, caught_up), None, "nobody knows what the primary wrote");
    assert_eq!(delay_of(None, r#""behind":9,"to_receive":null,"replayed_age":12.5"#), None);
    assert_eq!(delay_of(Some(r#""status":"waiting","heard":3.0,"timeout":60"#), caught_up), None);
    let silent = Some(r#""status":"streaming","heard":45.0,"timeout":60"#);
    assert_eq!(delay_of(silent, caught_up), None, "it asked after 30 s and had no answer");
    let never_asks = Some(r#""status":"streaming","heard":4500.0,"timeout":0"#);
    assert_eq!(delay_of(never_asks, caught_up), Some(0.0), "without a timeout silence says nothing");
}

#[test]
fn work_after_an_hour_of_rest_is_no_lag_of_an_hour() {
    let streaming = r#"{"receiver":{"status":"streaming","heard":0.1,"timeout":60}}"#;
    let of = |row: &str| {
        let row = format!("{row},\"replayed_age\":3600.0");
        let replica = format!("{{\"replica\":{{\"conflicts\":0,{row}}}}}\n");
        let lines =
            include_str!("fixtures/15-replica.txt").lines().filter(|line| !line.contains("\"replica\""));
        let lines = lines.filter(|line| !line.contains("\"receiver\"")).collect::<Vec<_>>().join("\n");
        postgres(&format!("{lines}\n{streaming}\n{replica}")).replica.unwrap().delay
    };
    let small = r#""paused":false,"behind":8192,"to_receive":0,"waits":false"#;
    assert_eq!(of(&format!("{small},\"moved\":true")), Some(0.0), "it keeps up");
    let in_flight = r#""paused":false,"behind":0,"to_receive":8192,"waits":true"#;
    assert_eq!(of(in_flight), Some(0.0), "it is on its way");
    let load = r#""paused":false,"behind":90000000,"to_receive":0,"waits":false,"moved":true"#;
    assert_eq!(of(load), None, "one long transaction, of which nobody knows when it ends");
    let loading = r#""paused":false,"behind":0,"to_receive":90000000,"waits":true"#;
    assert_eq!(of(loading), None);
    let ancient = r#""paused":false,"behind":152,"to_receive":0,"waits":null"#;
    assert_eq!(of(ancient), None, "9.6 does not tell whether the rest of a record is to come");

    // What is really late stays so.
    assert_eq!(of(&format!("{load},\"committed\":true")), Some(3600.0), "that transaction is so late");
    assert_eq!(of(small), Some(3600.0), "a query on the replica holds the replay");
    assert_eq!(of(r#""paused":true,"behind":8192,"to_receive":0,"waits":false,"moved":true"#), Some(3600.0));
}

#[test]
fn what_the_server_does_not_know_is_not_nothing() {
    let lines = include_str!("fixtures/15-primary.txt").lines();
    let lines = lines.filter(|line| !line.contains("\"standby\"") && !line.contains("\"slot\""));
    let primary = postgres(
        &(lines.collect::<Vec<_>>().join("\n")
            + r#"
{"standby":{"name":null,"address":null,"state":"backup","sync":null,"sent_behind":null,"flush_behind":null,"replay_behind":null,"replay_lag":null}}
{"standby":{"name":"ahead","state":"streaming","sent_behind":-80,"flush_behind":0,"replay_behind":7}}
{"slot":{"name":"new","active":false,"retained":null,"status":null}}"#),
    );
    let [backup, ahead] = &primary.standbys[..] else { panic!("{:?}", primary.standbys) };
    assert_eq!((backup.sent_behind, backup.flush_behind, backup.replay_behind), (None, None, None));
    assert_eq!((ahead.sent_behind, ahead.flush_behind, ahead.replay_behind), (Some(0), Some(0), Some(7)));
    assert_eq!(primary.slots[0].retained, None);

    let replica =
        include_str!("fixtures/15-replica.txt").lines().filter(|line| !line.contains("\"replica\""));
    let nulls = r#"{"replica":{"received":null,"replayed":null,"behind":null,"to_receive":null,"waits":null,"moved":false,"committed":false,"replayed_age":null,"paused":false,"conflicts":0}}"#;
    let replica = postgres(&(replica.collect::<Vec<_>>().join("\n") + "\n" + nulls)).replica.unwrap();
    assert_eq!((replica.behind, replica.delay), (None, None));
    // GREATEST leaves nulls out: the least it gives is 0.
    assert!(!SCRIPT.to_lowercase().contains("greatest"));
}

#[test]
fn rows_of_a_psql_that_failed_half_way_are_no_reading() {
    let lines = include_str!("fixtures/15-primary.txt");
    let errors = "ERROR:  canceling statement due to statement timeout";
    let (kind, message) = failure(read(&body(lines, errors, 3), &layout()));
    assert_eq!((kind, message), (FailureKind::Other, format!("psql failed with code 3: {errors}")));
    let lost = failure(read(&body(lines, "server closed the connection unexpectedly", 2), &layout()));
    assert_eq!(lost.1, "psql failed with code 2: server closed the connection unexpectedly");
}

#[test]
fn a_transaction_is_told_by_who_and_never_by_what() {
    let lines = include_str!("fixtures/15-primary.txt").to_owned()
        + r#"{"oldest":{"seconds":812.5,"user":"my\u001b[31mproject","pid":4711,"query":"SELECT secret"}}"#;
    let primary = postgres(&lines);
    assert_eq!(primary.oldest_transaction, Some(812.5));
    assert_eq!(primary.oldest_who.as_deref(), Some("my·[31mproject, pid 4711"));
    assert!(!format!("{primary:?}").contains("secret"));
}

#[test]
fn rows_are_bounded() {
    let standby = r#"{"standby":{"name":"walreceiver","state":"streaming","sync":"async"}}"#;
    let lines = include_str!("fixtures/15-primary.txt").to_owned() + &format!("{standby}\n").repeat(500);
    assert_eq!(postgres(&lines).standbys.len(), MOST);
}

#[test]
fn what_went_wrong_is_told_apart() {
    let cases = [
        (
            "psql: error: connection to server on socket \"/var/run/postgresql/.s.PGSQL.5432\" failed: No such file or directory",
            2,
            FailureKind::Unreachable,
            "PostgreSQL does not answer: is it running?",
        ),
        (
            "psql: FATAL:  the database system is starting up",
            2,
            FailureKind::Unreachable,
            "PostgreSQL does not answer yet",
        ),
        (
            "psql: error: connection to server on socket \"/var/run/postgresql/.s.PGSQL.5432\" failed: FATAL:  the database system is not yet accepting connections",
            2,
            FailureKind::Unreachable,
            "PostgreSQL does not answer yet",
        ),
        (
            "psql: error: connection to server on socket \"/var/run/postgresql/.s.PGSQL.5432\" failed: FATAL:  sorry, too many clients already",
            2,
            FailureKind::Other,
            "PostgreSQL runs, and all its connections are taken",
        ),
        (
            "psql: error: connection to server on socket \"/var/run/postgresql/.s.PGSQL.5432\" failed: FATAL:  remaining connection slots are reserved for roles with the SUPERUSER attribute",
            2,
            FailureKind::Other,
            "PostgreSQL runs, and all its connections are taken",
        ),
        (
            "psql: error: connection to server on socket \"/var/run/postgresql/.s.PGSQL.5432\" failed: FATAL:  role \"postgres\" does not exist",
            2,
            FailureKind::Other,
            "PostgreSQL refuses psql: ",
        ),
        (
            "psql: error: connection to server on socket \"/var/run/postgresql/.s.PGSQL.5432\" failed: fe_sendauth: no password supplied",
            2,
            FailureKind::Denied,
            "PostgreSQL does not let psql in",
        ),
        (
            "psql: error: connection to server on socket \"/var/run/postgresql/.s.PGSQL.5432\" failed: Permission denied",
            2,
            FailureKind::Denied,
            "psql may not do this",
        ),
        ("sudo: a password is required", 1, FailureKind::Denied, "sudo wants a password to run psql"),
        ("sudo: unknown user: postgres", 1, FailureKind::Absent, "PostgreSQL is not installed"),
        (
            "sudo: unknown user postgres\nsudo: error initializing audit plugin",
            1,
            FailureKind::Absent,
            "psql is not there",
        ),
        (
            "Sorry, user ops is not allowed to execute '/usr/bin/psql' as postgres on db.",
            1,
            FailureKind::Denied,
            "sudo does not let",
        ),
        (
            "timeout: failed to run command 'psql': No such file or directory",
            127,
            FailureKind::Absent,
            "psql is not there",
        ),
        (
            "psql: error: FATAL:  Peer authentication failed",
            2,
            FailureKind::Denied,
            "PostgreSQL does not let psql in: psql: error: FATAL:  Peer authentication failed",
        ),
        ("", 0, FailureKind::Other, "psql printed what cannot be read: it said nothing"),
    ];
    for (errors, code, kind, message) in cases {
        let told = failure(read(&body("", errors, code), &layout()));
        assert_eq!(told.0, kind, "{errors}: {}", told.1);
        assert!(told.1.contains(message), "{errors}: {}", told.1);
    }
}
