//! resync-replica, leave-replicas and use-replicas.

use quarterdeck::engine::store::RunState;
use quarterdeck::fleet::LEFT_TAG;
use serde_json::json;

use crate::deploying::{Site, place};

/// What must not have moved in the end.
fn still(site: &Site) -> (serde_json::Value, Vec<String>, Vec<String>) {
    (site.told_group(), site.there(), site.in_service(site.name("load_balancer")))
}

/// What a server's mark says.
fn mark(site: &Site, server: &str) -> String {
    let asked = json!({ "Filters": [{ "Name": "resource-id", "Values": [server] }, { "Name": "key", "Values": [LEFT_TAG] }] });
    site.wire.call("ec2", "describe_tags", &asked)["Tags"][0]["Value"].as_str().unwrap_or_default().to_owned()
}

fn suspends(site: &Site) -> Vec<String> {
    super::strings(&site.told_group()["SuspendedProcesses"], |one| &one["ProcessName"])
}

#[test]
fn a_broken_replica_is_copied_anew_and_the_cloud_stays_as_it_was() {
    place(
        "operations::replicas::a_broken_replica_is_copied_anew_and_the_cloud_stays_as_it_was",
        &[],
        |site| {
            let before = still(site);
            let run = site.apply("resync-replica");
            let (primary, replica) =
                (site.servers("db-primary").remove(0), site.servers("db-replica").remove(0));
            assert_eq!(
                site.hosts.done_on(&primary),
                ["build sound", "build sound"],
                "asked, and asked again"
            );
            assert_eq!(site.hosts.done_on(&replica), ["build can-copy", "build copy", "build use-copy"]);
            assert_eq!(still(site), before);
            site.not_undone(&run);
        },
    );
}

#[test]
fn r12_a_copy_that_breaks_off_leaves_the_old_data_and_the_group_as_they_were() {
    let name =
        "operations::replicas::r12_a_copy_that_breaks_off_leaves_the_old_data_and_the_group_as_they_were";
    place(name, &[], |site| {
        let before = still(site);
        for (fails, back) in [("build copy", "build uncopy"), ("build use-copy", "build unuse-copy")] {
            site.hosts.fail(fails);
            assert_eq!(site.run("resync-replica").1, RunState::Failed);
            let done = site.hosts.done();
            assert!(done.iter().any(|verb| verb == back), "{fails}: {done:?}");
            assert_eq!(still(site), before, "{fails}");
        }
    });
}

#[test]
fn the_environment_runs_on_its_primary_alone_and_back() {
    place("operations::replicas::the_environment_runs_on_its_primary_alone_and_back", &[], |site| {
        let before = still(site);
        let replica = site.servers("db-replica").remove(0);
        site.apply("leave-replicas");
        assert_eq!(suspends(site), ["Launch"], "R8");
        assert!(mark(site, &replica).ends_with(" Launch"), "{}", mark(site, &replica));
        assert!(site.hosts.pages().is_empty());
        for server in site.servers("web") {
            let done = site.hosts.done_on(&server);
            assert!(done.iter().any(|verb| verb == "supervisor restart web"), "{done:?}");
        }
        let run = site.apply("use-replicas");
        assert_eq!(mark(site, &replica), "");
        assert_eq!(site.hosts.done_on(&replica), ["build works"]);
        assert_eq!(still(site), before);
        site.not_undone(&run);
    });
}
