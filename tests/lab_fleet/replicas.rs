//! A replica that cannot follow any more is made one again on real servers, and web servers and workers do without it meanwhile.

use std::process::Output;

use serde_json::{Value, json};

use crate::deploying::{Running, done, kept, members, run};
use crate::fleet::Fleet;
use crate::lab::within;
use crate::moving::know_themselves;
use crate::release::group;
use crate::rotating::works;

const STOP: &str = "systemctl stop postgresql@$(ls /etc/postgresql)-main";
const START: &str = "systemctl start postgresql@$(ls /etc/postgresql)-main";

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// What the replica needs next is gone: it was away while the primary wrote more than its slot may keep.
fn lose_wal(fleet: &Fleet) {
    fleet.inside("db-replica", STOP);
    let on_primary = |statement: &str| fleet.sql("db-primary", "postgres", statement);
    for (name, value) in [("wal_keep_size", "0"), ("max_slot_wal_keep_size", "1"), ("min_wal_size", "32")] {
        on_primary(&format!("alter system set {name} = {value}"));
    }
    on_primary("select pg_reload_conf()");
    within(60, "its slot has lost what it was to keep", || {
        fleet.sql(
            "db-primary",
            "myproject_staging",
            "insert into visits (note) values ($$while it was away$$)",
        );
        on_primary("select pg_switch_wal()");
        on_primary("checkpoint");
        let status = on_primary("select wal_status from pg_replication_slots where slot_name = $$replica0$$");
        (status == "lost").then_some(())
    });
    // What is copied is kept as anywhere.
    on_primary("alter system set max_slot_wal_keep_size = 512");
    on_primary("select pg_reload_conf()");
    fleet.inside("db-replica", START);
    within(60, "the replica says that it cannot follow", || {
        fleet
            .try_inside(
                "db-replica",
                "grep -hE 'FATAL.*(replica0|already been removed)' /var/log/postgresql/*.log",
            )
            .ok()
    });
}

/// The replica streams by a slot of its own, has what is written, and nothing is left of what was there before.
#[track_caller]
fn is_whole(fleet: &Fleet, note: &str) {
    let slot = format!("replica_{}", fleet.address("db-replica").replace('.', "_"));
    let receiver = "select status, slot_name from pg_stat_wal_receiver";
    assert_eq!(fleet.sql("db-replica", "postgres", receiver), format!("streaming|{slot}"));
    // The lab's disks cannot drop the one that was made with them: a directory of the layer below is not renamed.
    let slots = "select slot_name, active from pg_replication_slots where slot_name <> $$replica0$$";
    assert_eq!(fleet.sql("db-primary", "postgres", slots), format!("{slot}|t"));
    let left = fleet.inside(
        "db-replica",
        "ls -d /var/lib/postgresql/*/main?* /var/lib/quarterdeck/build/s* 2>/dev/null; :",
    );
    assert_eq!(left.trim(), "");
    let count = |host: &str| {
        let statement = "select count(*) from visits where note = $$while it was away$$";
        fleet.sql(host, "myproject_staging", statement)
    };
    assert_eq!(count("db-replica"), count("db-primary"));
    within(60, "web servers answer by both databases", || {
        let answer = |host: &str| fleet.inside(host, "curl -sk https://127.0.0.1/healthcheck.html; :");
        ["web1", "web2"].iter().all(|host| answer(host).contains("replica0")).then_some(())
    });
    works(fleet, note);
}

#[test]
fn a_replica_whose_wal_is_gone_is_copied_anew_although_the_program_was_killed_and_never_without_its_primary()
{
    let Some(fleet) = Fleet::take_living() else { return };
    know_themselves(&fleet);
    let before = group(&fleet);
    let streams = run(&fleet, "plan resync-replica staging");
    assert!(said(&streams).contains("nothing to copy"), "{}", said(&streams));
    lose_wal(&fleet);

    fleet.inside("db-primary", STOP);
    let refused = run(&fleet, "plan resync-replica staging");
    assert!(
        !refused.status.success() && said(&refused).contains("may be the only good ones"),
        "{}",
        said(&refused)
    );
    fleet.inside("db-primary", START);
    within(60, "the primary answers", || {
        fleet.try_inside("db-primary", "runuser -u postgres -- pg_isready").ok()
    });

    let mut running = Running::start(&fleet, "apply resync-replica staging --yes --json");
    let first = running.until(|object| object["event"] == "run").expect("the run begins");
    let steps = first["plan"]["steps"].as_array().unwrap().clone();
    let id = first["id"].as_str().unwrap().to_owned();
    let titled = |object: &Value, title: &str| {
        steps.iter().any(|step| step["id"] == object["step"] && step["title"] == title)
    };
    running
        .until(|object| object["entry"] == "begun" && titled(object, "copy the primary beside its old data"))
        .expect("the copy is begun");
    running.kill();
    done(&run(&fleet, &format!("runs resume {id} --yes")));
    is_whole(&fleet, "after its WAL was gone");
    let after = group(&fleet);
    assert_eq!((kept(&after), members(&after)), (kept(&before), members(&before)));
    let again = run(&fleet, &format!("runs undo {id} --yes"));
    assert!(!again.status.success(), "there is no way back: {}", said(&again));
}

#[test]
fn without_its_replica_the_site_reads_from_the_primary_alone_until_wrecked_data_are_copied_anew() {
    let Some(fleet) = Fleet::take_living() else { return };
    know_themselves(&fleet);
    let before = group(&fleet);
    fleet.inside(
        "db-replica",
        &format!("{STOP}; rm -rf /var/lib/postgresql/*/main/base /var/lib/postgresql/*/main/global"),
    );
    let health =
        |host: &str| fleet.inside(host, "curl -sk -w ' %{http_code}' https://127.0.0.1/healthcheck.html; :");
    within(60, "every web server fails its check", || {
        ["web1", "web2"].iter().all(|host| !health(host).trim().ends_with(" 200")).then_some(())
    });
    done(&run(&fleet, "apply leave-replicas staging --yes"));
    for host in ["web1", "web2"] {
        let said = health(host);
        assert!(said.trim().ends_with(" 200"), "{host}: {said}");
    }
    let suspended = |group: &Value| group["SuspendedProcesses"].as_array().unwrap().len();
    assert_eq!(suspended(&group(&fleet)), 1, "R8: Launch alone");
    let number = fleet.python("print(visit.delay(\"alone\").get(timeout=60))");
    assert!(number.parse::<u64>().is_ok(), "{number}");
    let told = run(&fleet, "triage staging");
    assert!(said(&told).contains("read from the primary alone"), "{}", said(&told));
    let early = run(&fleet, "plan use-replicas staging");
    assert!(said(&early).contains("resync-replica"), "{}", said(&early));

    done(&run(&fleet, "apply resync-replica staging --yes"));
    done(&run(&fleet, "apply use-replicas staging --yes"));
    is_whole(&fleet, "with its replica again");
    let after = group(&fleet);
    assert_eq!((kept(&after), members(&after)), (kept(&before), members(&before)));
    assert_eq!(after["SuspendedProcesses"], json!([]));
}

#[test]
fn where_both_copies_have_no_room_the_old_data_go_only_when_that_was_asked_for() {
    let Some(fleet) = Fleet::take_living() else { return };
    know_themselves(&fleet);
    fleet.inside(
        "db-replica",
        &format!(
            "{STOP}; cp -a /var/lib/postgresql /tmp/pg && mount -t tmpfs -o size=592m none /var/lib/postgresql \
             && chown postgres:postgres /var/lib/postgresql && cp -a /tmp/pg/. /var/lib/postgresql/ && rm -rf /tmp/pg"
        ),
    );
    let there = || fleet.try_inside("db-replica", "ls /var/lib/postgresql/*/main/PG_VERSION").is_ok();
    let little = run(&fleet, "apply resync-replica staging --yes");
    assert!(!little.status.success() && said(&little).contains("little-room"), "{}", said(&little));
    assert!(there(), "nothing was deleted");
    done(&run(&fleet, "apply resync-replica staging --override little-room --yes"));
    is_whole(&fleet, "after the old data went first");
}
