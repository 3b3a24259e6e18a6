//! A replica that becomes the primary while tasks are written, and servers that boot again, on real servers.

use std::collections::BTreeSet;
use std::process::Output;

use serde_json::{Value, json};

use crate::deploying::{done, run};
use crate::fleet::Fleet;
use crate::lab::within;
use crate::release::{group, power};
use crate::traffic::Traffic;

/// Writes rows through PgBouncer and Stunnel, one after the other, and notes each that was acknowledged.
const LOAD: &str = r#"import time
from django.db import connection
while True:
    try:
        with connection.cursor() as cursor:
            cursor.execute("insert into visits (note) values (%s) returning id", ["load"])
            number = cursor.fetchone()[0]
        with open("/tmp/acknowledged", "a") as noted:
            noted.write(f"{number}\n")
    except Exception:
        connection.close()
        time.sleep(0.2)
"#;

/// The hosts were made before the cloud knew them: here cloud-init knows which instances they are.
pub fn know_themselves(fleet: &Fleet) {
    for host in ["db-primary", "db-replica", "cache"] {
        let id = fleet.instance(host);
        fleet.inside(host, &format!("echo {id} >/var/lib/cloud/data/instance-id"));
    }
}

fn load(fleet: &Fleet) {
    know_themselves(fleet);
    let project = fleet.project();
    let begin = format!(
        "cat >/tmp/load.py <<'PYTHON'\n{LOAD}PYTHON\n\
         systemd-run -q --unit load --uid {project}-web -E DJANGO_SETTINGS_MODULE={project}.local_settings \
         -E PYTHONPATH=/home/{project}/www/staging/code_root \
         -p WorkingDirectory=/home/{project}/www/staging/code_root /home/{project}/www/staging/env/bin/python /tmp/load.py"
    );
    fleet.inside("worker", &begin);
    within(30, "rows are written", || (acknowledged(fleet).len() > 100).then_some(()));
}

/// The rows whose writer was told that they are there.
fn acknowledged(fleet: &Fleet) -> BTreeSet<u64> {
    let text = fleet.try_inside("worker", "cat /tmp/acknowledged").unwrap_or_default();
    text.lines().filter_map(|line| line.parse().ok()).collect()
}

/// The rows of a database server.
fn rows(fleet: &Fleet, host: &str) -> BTreeSet<u64> {
    let text = fleet.sql(host, &format!("{}_staging", fleet.project()), "select id from visits");
    text.lines().map(|line| line.parse().unwrap()).collect()
}

/// The tag `role` of a host.
fn role(fleet: &Fleet, host: &str) -> Value {
    let asked = json!({ "Filters": [{ "Name": "resource-id", "Values": [fleet.instance(host)] }, { "Name": "key", "Values": ["role"] }] });
    fleet.endpoint().call("ec2", "describe_tags", &asked)["Tags"][0]["Value"].clone()
}

fn suspended(fleet: &Fleet) -> Vec<String> {
    let group = group(fleet);
    let all = group["SuspendedProcesses"].as_array().unwrap().iter();
    all.map(|one| one["ProcessName"].as_str().unwrap().to_owned()).collect()
}

fn said(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// The new primary is used: rows are written, every web server answers its own check, and nobody is held but Launch.
#[track_caller]
fn is_used(fleet: &Fleet) {
    let before = acknowledged(fleet).len();
    within(60, "rows are written again", || (acknowledged(fleet).len() > before + 50).then_some(()));
    fleet.inside("worker", "systemctl stop load");
    assert_eq!(
        (role(fleet, "db-primary"), role(fleet, "db-replica")),
        (json!("db-primary-OLD"), json!("db-primary"))
    );
    assert_eq!(suspended(fleet), ["Launch"], "R8");
    for host in ["web1", "web2"] {
        let answer = fleet.inside(host, "curl -sk -w ' %{http_code}' https://127.0.0.1/healthcheck.html");
        assert!(answer.starts_with("ok ") && answer.trim().ends_with(" 200"), "{host}: {answer}");
    }
    let visited = fleet.python("print(visit.delay(\"after\").get(timeout=30))");
    assert!(
        rows(fleet, "db-replica").contains(&visited.parse().unwrap()),
        "a task writes to the new primary"
    );
}

#[test]
fn a_planned_switchover_under_writing_loses_nothing_and_the_old_primary_writes_no_more() {
    let Some(fleet) = Fleet::take_living() else { return };
    load(&fleet);
    done(&run(&fleet, "apply promote-replica staging --confirm staging"));
    is_used(&fleet);
    let lost: Vec<u64> = acknowledged(&fleet).difference(&rows(&fleet, "db-replica")).copied().collect();
    assert_eq!(lost, [0; 0], "acknowledged, and not there");
    assert_eq!(fleet.sql("db-replica", "postgres", "select pg_is_in_recovery()"), "f");
    let old = fleet
        .inside("db-primary", "systemctl is-enabled postgresql || :; pg_lsclusters -h | cut -d ' ' -f 4-5");
    assert!(old.starts_with("masked") && !old.contains("online"), "R11: {old}");
    fleet.reboot("db-primary");
    let old = fleet.inside("db-primary", "pg_lsclusters -h");
    assert!(!old.contains("online"), "R11: also after a reboot: {old}");
    let again = run(&fleet, "plan promote-replica staging");
    assert!(said(&again).contains("no replica"), "{}", said(&again));
}

#[test]
fn r11_a_primary_that_died_under_writing_is_fenced_before_its_replica_is_promoted() {
    let Some(fleet) = Fleet::take_living() else { return };
    load(&fleet);
    fleet.tell("kill", "db-primary");
    let received = within(30, "the replica has replayed all it has", || {
        let first = rows(&fleet, "db-replica");
        (first == rows(&fleet, "db-replica")).then_some(first)
    });
    let refused = run(&fleet, "plan promote-replica staging");
    assert!(
        said(&refused).contains("accept-split-brain") && said(&refused).contains("--stop-old"),
        "{}",
        said(&refused)
    );
    assert_eq!(fleet.sql("db-replica", "postgres", "select pg_is_in_recovery()"), "t", "nothing was done");
    done(&run(&fleet, "apply promote-replica staging --stop-old --confirm staging"));
    assert_eq!(power(&fleet, &fleet.instance("db-primary")), "stopped");
    is_used(&fleet);
    let now = rows(&fleet, "db-replica");
    assert!(received.is_subset(&now), "what had come is there");
    let most = received.iter().max().unwrap();
    let lost: Vec<u64> = acknowledged(&fleet).difference(&now).copied().filter(|id| id <= most).collect();
    assert_eq!(lost, [0; 0], "no acknowledged row is lost that the replica had received");
}

#[test]
fn every_server_boots_again_and_users_see_the_site_or_the_page() {
    let Some(fleet) = Fleet::take_living() else { return };
    let hosts = ["web1", "web2", "worker", "db-replica", "cache", "db-primary"];
    let boots = |fleet: &Fleet| hosts.map(|host| fleet.inside(host, "cat /proc/sys/kernel/random/boot_id"));
    know_themselves(&fleet);
    let before = boots(&fleet);
    let traffic = Traffic::start(&fleet, 2);
    done(&run(&fleet, "apply reboot-environment staging --yes"));
    let answers = traffic.stop();
    let odd: Vec<_> = answers.iter().filter(|(status, _)| ![200, 503].contains(status)).collect();
    assert!(odd.is_empty(), "{} of {}: {odd:?}", odd.len(), answers.len());
    for ((before, after), host) in before.iter().zip(boots(&fleet)).zip(hosts) {
        assert_ne!(*before, after, "{host}");
    }
    assert_eq!(suspended(&fleet), [""; 0]);
    let added = fleet.python("print(add.delay(2, 3).get(timeout=60))");
    assert_eq!(added, "5", "tasks are done");
}
