//! backup-database, restore-database and reload-data.

use std::sync::Arc;

use quarterdeck::engine::store::RunState;
use quarterdeck::fleet::Layout;
use serde_json::json;

use crate::deploying::{Site, place};

const RESTORE: &str = "restore-database --backup /var/lib/postgresql/backups/a.dump --no-migrate";

/// What must not have moved in the end.
fn still(site: &Site) -> (serde_json::Value, Vec<String>, Vec<String>) {
    (site.told_group(), site.there(), site.in_service(site.name("load_balancer")))
}

fn at(done: &[String], verb: &str) -> usize {
    done.iter().position(|one| one == verb).unwrap_or_else(|| panic!("no {verb}: {done:?}"))
}

/// Production beside it, of which only the primary is there.
fn with_production(site: &mut Site) -> String {
    let like = site.servers("db-primary").remove(0);
    let told = site.wire.call("ec2", "describe_instances", &json!({ "InstanceIds": [like] }));
    let image = &told["Reservations"][0]["Instances"][0]["ImageId"];
    let tag = |key: &str, value: &str| json!({ "Key": key, "Value": value });
    let tags = [tag("deployment", "myproject"), tag("environment", "production"), tag("role", "db-primary")];
    let made = site.wire.call(
        "ec2",
        "run_instances",
        &json!({ "ImageId": image, "MinCount": 1, "MaxCount": 1, "InstanceType": "m5.large",
                 "TagSpecifications": [{ "ResourceType": "instance", "Tags": tags }] }),
    );
    let staging = &mut site.topology.environments[0];
    let layout = Layout { settings_module: "myproject.local_settings".into(), ..(*staging.layout).clone() };
    staging.layout = Arc::new(layout);
    let mut production = staging.clone();
    production.name = "production".into();
    production.production = true;
    production.group = None;
    production.load_balancers.clear();
    site.topology.environments.push(production);
    let id = made["Instances"][0]["InstanceId"].as_str().unwrap().to_owned();
    // It is pending for a moment.
    let runs = (0..100).any(|_| {
        let told = site.wire.call("ec2", "describe_instances", &json!({ "InstanceIds": [id] }));
        told["Reservations"][0]["Instances"][0]["State"]["Name"] == "running"
    });
    assert!(runs, "{id} does not begin to run");
    id
}

#[test]
fn a_backup_is_taken_on_the_replica_and_the_cloud_stays_as_it_was() {
    place(
        "operations::copies::a_backup_is_taken_on_the_replica_and_the_cloud_stays_as_it_was",
        &[],
        |site| {
            let before = still(site);
            let refused = site.refused("backup-database");
            assert!(refused.contains("stale-replica"), "nobody has measured it: {refused}");
            site.apply("backup-database --override stale-replica");
            assert_eq!(site.hosts.done_on(&site.servers("db-replica")[0]), ["database dump"]);
            assert_eq!(still(site), before);
        },
    );
}

#[test]
fn a_backup_takes_the_place_of_the_database_behind_the_page_and_the_group_goes_on() {
    let name =
        "operations::copies::a_backup_takes_the_place_of_the_database_behind_the_page_and_the_group_goes_on";
    place(name, &[], |site| {
        let before = still(site);
        let run = site.apply(RESTORE);
        let done = site.hosts.done();
        let order = ["database load", "celery stop", "database swap", "supervisor start web", "celery start"];
        assert!(order.windows(2).all(|two| at(&done, two[0]) < at(&done, two[1])), "{done:?}");
        assert!(at(&done, "supervisor stop web") < at(&done, "database swap"), "{done:?}");
        assert_eq!(site.hosts.done_on(&site.servers("db-replica")[0]), ["database follows", "database cut"]);
        assert_eq!((still(site), site.hosts.pages()), (before.clone(), Vec::new()));
        site.undo(&run);
        let undone = site.hosts.done().split_off(done.len());
        assert!(at(&undone, "database back") < at(&undone, "database drop"), "{undone:?}");
        assert!(
            at(&undone, "database back") < at(&undone, "database cut"),
            "the replica's readers: {undone:?}"
        );
        assert_eq!((still(site), site.hosts.pages()), (before, Vec::new()));
    });
}

#[test]
fn a_load_that_fails_leaves_the_site_as_it_was_and_nobody_has_seen_a_page() {
    let name = "operations::copies::a_load_that_fails_leaves_the_site_as_it_was_and_nobody_has_seen_a_page";
    place(name, &[], |site| {
        let before = still(site);
        site.hosts.fail("database load");
        assert_eq!(site.run(RESTORE).1, RunState::Failed);
        let done = site.hosts.done();
        assert!(done.iter().all(|verb| verb.starts_with("database")), "{done:?}");
        assert!(done.contains(&"database drop".to_owned()), "{done:?}");
        assert_eq!((still(site), site.hosts.pages()), (before, Vec::new()));
    });
}

#[test]
fn r14_data_of_production_come_to_staging_and_nothing_runs_before_they_are_harmless() {
    let name = "operations::copies::r14_data_of_production_come_to_staging_and_nothing_runs_before_they_are_harmless";
    place(name, &[], |site| {
        let source = with_production(site);
        let before = still(site);
        let refused = site.refused("reload-data --from production");
        assert!(refused.contains("no-hooks") && refused.contains("real people"), "{refused}");
        site.apply("reload-data --from production --override no-hooks");
        let done = site.hosts.done();
        let order = [
            "database dump",
            "database load",
            "celery stop",
            "database migrate",
            "database site",
            "database purge",
            "database swap",
            "celery start",
        ];
        assert!(order.windows(2).all(|two| at(&done, two[0]) < at(&done, two[1])), "{done:?}");
        assert_eq!(site.hosts.done_on(&source), ["database dump", "database forget"]);
        assert_eq!((still(site), site.hosts.pages()), (before, Vec::new()));
    });
}
