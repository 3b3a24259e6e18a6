//! The environment itself: what the other tests build on answers as in real life.

use serde_json::Value;

use crate::fleet::Fleet;
use crate::lab::within;

/// Status and body of a page over HTTPS; the certificate is nobody's.
fn page(fleet: &Fleet, host: &str, path: &str) -> (u16, String) {
    let url = format!("https://{}{path}", fleet.address(host));
    let output = std::process::Command::new("curl")
        .args(["-sk", "--noproxy", "*", "-m", "20", "-w", "\n%{http_code}", &url])
        .output()
        .unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let (body, code) = text.rsplit_once('\n').unwrap();
    (code.parse().unwrap(), body.to_owned())
}

#[test]
fn a_row_written_on_the_primary_is_read_on_the_replica() {
    let Some(fleet) = Fleet::take() else { return };
    let number = fleet.sql(
        "db-primary",
        "myproject_staging",
        "insert into visits (note) values ($$over there$$) returning id",
    );
    within(20, "the row is on the replica", || {
        let found = fleet.sql(
            "db-replica",
            "myproject_staging",
            &format!("select note from visits where id = {number}"),
        );
        (found == "over there").then_some(())
    });
    let slot =
        fleet.sql("db-primary", "postgres", "select slot_name, active, wal_status from pg_replication_slots");
    assert_eq!(slot, "replica0|t|reserved");
    let receiver =
        fleet.sql("db-replica", "postgres", "select status, sender_host from pg_stat_wal_receiver");
    assert_eq!(receiver, "streaming|db-primary");
}

#[test]
fn a_queue_holds_what_was_published_while_the_worker_is_stopped_and_is_worked_off_after() {
    let Some(fleet) = Fleet::take() else { return };
    let start = "supervisorctl start staging-celery:*";
    fleet.disturb("worker", "supervisorctl stop staging-celery:*", start);
    let before = fleet.queue("exports");
    assert_eq!(before, (0, 0));
    fleet.python("[export.delay(number) for number in range(37)]");
    assert_eq!(fleet.queue("exports"), (37, 0));
    fleet.inside("worker", start);
    within(60, "the queue is empty", || (fleet.queue("exports") == (0, 0)).then_some(()));
}

#[test]
fn celery_runs_a_task_that_writes_through_pgbouncer_and_stunnel() {
    let Some(fleet) = Fleet::take() else { return };
    let number = fleet.python("print(visit.delay(\"from celery\").get(timeout=60))");
    within(20, "what the task wrote is on the replica", || {
        let statement = format!("select note from visits where id = {number}");
        (fleet.sql("db-replica", "myproject_staging", &statement) == "from celery").then_some(())
    });
    assert_eq!(fleet.python("print(add.delay(20, 22).get(timeout=60))"), "42");
}

#[test]
fn the_health_check_asks_both_databases_over_https() {
    let Some(fleet) = Fleet::take() else { return };
    for web in ["web1", "web2"] {
        let (code, body) = page(&fleet, web, "/healthcheck.html");
        let words: Vec<&str> = body.split(' ').collect();
        assert_eq!((code, words[0], words[1], words[3]), (200, "ok", "default", "replica0"), "{body}");
    }
    let start = "systemctl start postgresql@15-main || systemctl start postgresql";
    fleet.disturb("db-replica", "systemctl stop postgresql", start);
    within(60, "one database less fails the health check", || {
        matches!(page(&fleet, "web1", "/healthcheck.html").0, 500..=504).then_some(())
    });
    fleet.inside("db-replica", start);
    within(60, "it recovers", || (page(&fleet, "web1", "/healthcheck.html").0 == 200).then_some(()));
}

#[test]
fn the_maintenance_page_and_the_health_override_are_files() {
    let Some(fleet) = Fleet::take() else { return };
    let html = "/home/myproject/services/nginx/html";
    let off = "rm -f /home/myproject/services/nginx/html/*";
    fleet.disturb("web2", &format!("echo down for a while >{html}/503.html"), off);
    assert_eq!(page(&fleet, "web2", "/"), (503, "down for a while\n".into()));
    assert_eq!(page(&fleet, "web2", "/healthcheck.html").0, 503);
    fleet.inside("web2", &format!("echo fine >{html}/healthcheck.html"));
    assert_eq!(page(&fleet, "web2", "/healthcheck.html"), (200, "fine\n".into()));
    fleet.inside("web2", off);
    assert_eq!(page(&fleet, "web2", "/").0, 200);
}

#[test]
fn the_program_finds_every_host_by_its_instance() {
    let Some(fleet) = Fleet::take() else { return };
    let described = fleet.describe();
    let found = described.servers();
    assert_eq!(found.len(), 6);
    for (host, role) in [
        ("db-primary", "db-primary"),
        ("db-replica", "db-replica"),
        ("cache", "cache"),
        ("worker", "worker"),
        ("web1", "web"),
        ("web2", "web"),
    ] {
        let server = found[fleet.instance(host).as_str()];
        assert_eq!(server["private_address"], fleet.address(host), "{host}");
        assert_eq!(server["role"], role);
    }
    let release = &described.0["environments"][0]["release"];
    assert_eq!(release["changeset"], fleet.changeset());
    let checked_out = fleet.inside("web1", "cat /home/myproject/www/staging/code_root/.git/refs/heads/main");
    assert_eq!(Value::from(checked_out.trim()), release["changeset"]);
}

#[test]
fn a_server_built_anew_is_another_instance_on_the_same_address() {
    let Some(fleet) = Fleet::take() else { return };
    let old = fleet.instance("cache");
    fleet.replace("cache");
    fleet.ready();
    let described = fleet.describe();
    let at = |id: &str| described.servers().get(id).map(|server| server["private_address"].clone());
    assert_eq!(at(&fleet.instance("cache")), Some(fleet.address("cache").into()));
    assert_ne!(at(&old), Some(fleet.address("cache").into()));
}

#[test]
fn a_server_learns_from_its_metadata_which_instance_it_is_and_only_with_a_token() {
    let Some(fleet) = Fleet::take() else { return };
    let at = "http://169.254.169.254/latest";
    let ask = |words: &str| {
        fleet.inside("web1", &format!("curl -sS -m 5 --noproxy '*' -w ' %{{http_code}}' {words}"))
    };
    assert_eq!(ask(&format!("{at}/meta-data/instance-id")), " 401");
    assert_eq!(ask(&format!("{at}/api/token")), " 401");
    assert_eq!(ask(&format!("-X PUT {at}/api/token")), " 400");
    let token = ask(&format!("-X PUT -H 'X-aws-ec2-metadata-token-ttl-seconds: 60' {at}/api/token"));
    let token = token.strip_suffix(" 200").unwrap();
    let told = |path: &str| ask(&format!("-H 'X-aws-ec2-metadata-token: {token}' {at}/meta-data/{path}"));
    assert_eq!(told("instance-id"), format!("{} 200", fleet.instance("web1")));
    assert_eq!(told("local-ipv4"), format!("{} 200", fleet.address("web1")));
    assert_eq!(told("no-such-thing"), " 404");
}
