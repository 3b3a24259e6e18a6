use super::*;
use crate::probe::testing::{body, failure, layout};

fn pools(lines: &str) -> Vec<Pool> {
    match read(&body(lines, "", 0), &layout()) {
        Ok(Fact::PgBouncer(pgbouncer)) => pgbouncer.pools,
        other => panic!("{other:?}"),
    }
}

#[test]
fn pools_are_read_and_its_own_console_is_none() {
    let pools = pools(include_str!("fixtures/1.18.txt"));
    let names: Vec<_> = pools.iter().map(|pool| pool.database.as_str()).collect();
    assert_eq!(names, ["myproject_staging", "myproject_staging_replica0"]);
    assert_eq!(
        (pools[0].user.as_str(), pools[0].servers_idle, pools[0].clients_waiting),
        ("myproject", 1, 0)
    );
}

#[test]
fn columns_are_found_by_their_names_in_every_version() {
    // 1.12 has fewer columns, 1.25 has more, and others.
    let old = "database|shop\nuser|shop\ncl_active|4\ncl_waiting|3\nsv_active|2\nsv_idle|0\nsv_used|1\nsv_tested|0\n\
               sv_login|0\nmaxwait|7\nmaxwait_us|250000\npool_mode|transaction\n";
    let new = "database|shop\nuser|shop\ncl_active|4\ncl_waiting|3\ncl_active_cancel_req|9\ncl_waiting_cancel_req|9\n\
               sv_active|2\nsv_active_cancel|9\nsv_being_canceled|9\nsv_idle|0\nsv_used|1\nsv_tested|9\nsv_login|9\n\
               maxwait|7\nmaxwait_us|250000\npool_mode|transaction\nload_balance_hosts|\n";
    for text in [old, new] {
        let [pool] = &pools(text)[..] else { panic!("{text}") };
        assert_eq!((pool.clients_active, pool.clients_waiting), (4, 3));
        assert_eq!((pool.servers_active, pool.servers_idle), (2, 1));
        assert!((pool.longest_wait - 7.25).abs() < 1e-9);
    }
}

#[test]
fn what_went_wrong_is_told_apart() {
    let cases = [
        (
            "psql: error: connection to server at \"127.0.0.1\", port 5432 failed: Connection refused",
            2,
            FailureKind::Unreachable,
            "PgBouncer does not answer: is it running?",
        ),
        ("psql: error: FATAL:  no such user: stats", 2, FailureKind::Denied, "stats_users"),
        ("sh: 1: psql: not found", 127, FailureKind::Absent, "psql is not there"),
        ("", 0, FailureKind::Other, "it said nothing"),
    ];
    for (lines, code, kind, message) in cases {
        let told = failure(read(&body(lines, "", code), &layout()));
        assert_eq!(told.0, kind, "{lines}: {}", told.1);
        assert!(told.1.contains(message), "{lines}: {}", told.1);
    }
}
