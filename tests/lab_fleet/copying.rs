//! Databases that are copied on real servers: a backup that comes back, and the data of one environment in another.

use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use serde_json::{Value, json};

use crate::deploying::{done, run};
use crate::fleet::Fleet;
use crate::lab::within;
use crate::moving::know_themselves;

const BACKUPS: &str = "/var/lib/postgresql/backups";

/// Notices in the data that it is a copy, in Django and by its name, and puts something into a queue that nobody is to do.
const HOOK: &str = r#"#!/bin/sh
# Runs on: the server
set -eu
cd "$code_root"
python - <<'PYTHON'
import os
import django
django.setup()
from django.conf import settings
from django.db import connection
from myproject.tasks import visit

assert settings.DATABASES["default"]["NAME"] == os.environ["database"] == os.environ["PGDATABASE"]
assert settings.EMAIL_BACKEND.endswith("dummy.EmailBackend")
with connection.cursor() as cursor:
    cursor.execute("update visits set note = 'nobody' where note = 'ana@example.com'")
visit.delay("from the hook")
PYTHON
echo "made $database harmless"
"#;

fn know(fleet: &Fleet) {
    know_themselves(fleet);
    let id = fleet.instance("worker");
    fleet.inside(
        "worker",
        &format!("mkdir -p /var/lib/cloud/data && echo {id} >/var/lib/cloud/data/instance-id"),
    );
}

/// How many rows have this note.
fn noted(fleet: &Fleet, host: &str, database: &str, note: &str) -> String {
    fleet.sql(host, database, &format!("select count(*) from visits where note = $${note}$$"))
}

/// The databases whose names begin like the environment's, but for that one.
fn beside(fleet: &Fleet) -> Vec<String> {
    let statement = "select datname from pg_database where datname like $$myproject_staging_%$$ order by 1";
    fleet.sql("db-primary", "postgres", statement).lines().map(str::to_owned).collect()
}

/// Web servers answer by both databases, and a task writes where they read.
fn works(fleet: &Fleet, note: &str) {
    for web in ["web1", "web2"] {
        let answer = fleet.inside(web, "curl -sk -w ' %{http_code}' https://127.0.0.1/healthcheck.html");
        assert!(answer.starts_with("ok ") && answer.trim().ends_with(" 200"), "{web}: {answer}");
    }
    let number = fleet.python(&format!("print(visit.delay(\"{note}\").get(timeout=60))"));
    let statement = format!("select note from visits where id = {number}");
    for host in ["db-primary", "db-replica"] {
        within(30, "what the task wrote is there", || {
            (fleet.sql(host, "myproject_staging", &statement) == note).then_some(())
        });
    }
}

#[test]
fn a_backup_of_the_replica_is_restored_what_was_written_since_is_kept_beside_it_and_undo_brings_that_back() {
    let Some(fleet) = Fleet::take_living() else { return };
    know(&fleet);
    done(&run(&fleet, "apply backup-database staging --yes"));
    let file = fleet.inside("db-replica", &format!("ls {BACKUPS}/*.dump")).trim().to_owned();
    let whole = fleet
        .inside("db-replica", &format!("cd {BACKUPS} && sha256sum -c *.sha256 && stat -c '%a %U' *.dump"));
    assert!(whole.contains(": OK") && whole.contains("600 postgres"), "{whole}");
    // It comes here as it is, once, and nobody else reads it.
    let here = fleet.dir.path().join("copy.dump");
    let fetch = format!("fetch-backup staging {file} --to {}", here.display());
    done(&run(&fleet, &fetch));
    let came = Command::new("sha256sum").arg(&here).output().unwrap();
    let came = String::from_utf8(came.stdout).unwrap();
    let there = fleet.inside("db-replica", &format!("cat {file}.sha256"));
    assert_eq!(came.split(' ').next(), there.split(' ').next());
    assert_eq!(std::fs::metadata(&here).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(run(&fleet, &fetch).status.code(), Some(3), "what is there is never written over");
    // What the backup has goes, and what it has not comes.
    fleet.sql("db-primary", "myproject_staging", "delete from visits where note = $$made with the disk$$");
    fleet.sql("db-primary", "myproject_staging", "insert into visits (note) values ($$written since$$)");
    let replica = fleet.instance("db-replica");
    let line =
        format!("apply restore-database staging --backup {file} --servers {replica} --confirm staging");
    let output = run(&fleet, &format!("{line} --json"));
    done(&output);
    let text = String::from_utf8(output.stdout).unwrap();
    let begun: Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    let id = begun["id"].as_str().unwrap();
    let rows = |host: &str, note: &str| noted(&fleet, host, "myproject_staging", note);
    for host in ["db-primary", "db-replica"] {
        assert_eq!(
            (rows(host, "made with the disk"), rows(host, "written since")),
            ("1000".into(), "0".into()),
            "{host}"
        );
    }
    let [before] = &beside(&fleet)[..] else { panic!("{:?}", beside(&fleet)) };
    assert!(before.starts_with("myproject_staging_before_"), "{before}");
    assert_eq!(noted(&fleet, "db-primary", before, "written since"), "1");
    works(&fleet, "after the restore");
    let left = fleet.inside("db-primary", &format!("ls {BACKUPS}"));
    assert_eq!(left.trim(), "", "the file that came over is gone again");
    let _ = run(&fleet, &format!("runs undo {id} --confirm staging"));
    assert_eq!(
        (rows("db-primary", "made with the disk"), rows("db-primary", "written since")),
        ("0".into(), "1".into())
    );
    assert!(beside(&fleet).is_empty(), "{:?}", beside(&fleet));
    works(&fleet, "after it was undone");
}

#[test]
fn r14_data_of_production_come_to_staging_harmless_and_what_was_queued_for_them_is_never_done() {
    let Some(fleet) = Fleet::take_living() else { return };
    know(&fleet);
    // Production is a database of the same servers; its primary is a host that the cloud knows under another environment.
    let make = "runuser -u postgres -- createdb -O myproject myproject_production && \
                runuser -u postgres -- sh -c 'pg_dump myproject_staging | psql -qd myproject_production'";
    fleet.inside("db-primary", &format!("cd / && {make}"));
    fleet.sql("db-primary", "myproject_production", "insert into visits (note) values ($$ana@example.com$$)");
    within(60, "the other host has it", || {
        let rows = fleet.try_inside(
            "db-replica",
            "cd / && runuser -u postgres -- psql -XAtd myproject_production -c \"select 1 from visits where note = 'ana@example.com'\"",
        );
        rows.is_ok_and(|rows| rows.trim() == "1").then_some(())
    });
    let source = fleet.instance("db-replica");
    let tags =
        json!([{ "Key": "environment", "Value": "production" }, { "Key": "role", "Value": "db-primary" }]);
    fleet.endpoint().call("ec2", "create_tags", &json!({ "Resources": [source], "Tags": tags }));
    let config = fleet.dir.path().join("fabulaws-config.yml");
    let text = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, text.replace("environments: [staging]", "environments: [staging, production]"))
        .unwrap();
    fleet.inside("cache", "redis-cli -h cache set somebody 1");
    let refused = run(&fleet, "plan reload-data staging --from production");
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(said.contains("no-hooks"), "{said}");
    let hook = fleet.dir.path().join("deployment/hooks/post_reload_production_db");
    std::fs::create_dir_all(hook.parent().unwrap()).unwrap();
    std::fs::write(&hook, HOOK).unwrap();
    std::fs::set_permissions(&hook, std::fs::Permissions::from_mode(0o755)).unwrap();

    done(&run(&fleet, "apply reload-data staging --from production --confirm staging"));
    let rows = |note: &str| noted(&fleet, "db-primary", "myproject_staging", note);
    assert_eq!((rows("nobody"), rows("ana@example.com")), ("1".into(), "0".into()));
    assert_eq!(
        noted(&fleet, "db-primary", "myproject_production", "ana@example.com"),
        "1",
        "it was only read"
    );
    assert_eq!(fleet.inside("cache", "redis-cli -h cache get somebody").trim(), "");
    for host in ["db-primary", "db-replica"] {
        assert_eq!(fleet.inside(host, &format!("ls {BACKUPS}")).trim(), "", "{host}");
    }
    works(&fleet, "after the reload");
    assert_eq!(rows("from the hook"), "0", "R14: it was thrown away");
    let owner = "select pg_get_userbyid(relowner) from pg_class where relname = $$visits$$";
    assert_eq!(fleet.sql("db-primary", "myproject_staging", owner), "myproject");
}
