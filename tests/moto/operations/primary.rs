//! promote-replica.

use serde_json::json;

use crate::deploying::{Site, place};

impl Site {
    fn role(&self, server: &str) -> serde_json::Value {
        let asked = json!({ "Filters": [{ "Name": "resource-id", "Values": [server] }, { "Name": "key", "Values": ["role"] }] });
        self.wire.call("ec2", "describe_tags", &asked)["Tags"][0]["Value"].clone()
    }

    fn suspends(&self) -> Vec<String> {
        let group = self.told_group();
        super::strings(&group["SuspendedProcesses"], |one| &one["ProcessName"])
    }
}

#[test]
fn a_replica_becomes_the_primary_and_the_group_launches_nothing_more() {
    place(
        "operations::primary::a_replica_becomes_the_primary_and_the_group_launches_nothing_more",
        &[],
        |site| {
            let (old, new) = (site.servers("db-primary").remove(0), site.servers("db-replica").remove(0));
            let before = site.there();
            let run = site.apply("promote-replica");
            assert_eq!((site.role(&old), site.role(&new)), (json!("db-primary-OLD"), json!("db-primary")));
            assert_eq!((site.suspends(), site.there()), (vec!["Launch".to_owned()], before), "R8");
            assert!(site.hosts.pages().is_empty());
            let done = site.hosts.done();
            let at = |verb: &str| {
                done.iter().position(|one| one == verb).unwrap_or_else(|| panic!("{verb}: {done:?}"))
            };
            assert!(
                at("build candidate") < at("build stop") && at("build stop") < at("build received"),
                "R11"
            );
            assert!(at("build received") < at("build promote") && at("build promote") < at("celery start"));
            site.not_undone(&run);
        },
    );
}

#[test]
fn r11_a_primary_that_does_not_answer_is_stopped_by_ec2_first() {
    place("operations::primary::r11_a_primary_that_does_not_answer_is_stopped_by_ec2_first", &[], |site| {
        let (old, new) = (site.servers("db-primary").remove(0), site.servers("db-replica").remove(0));
        site.apply("promote-replica --stop-old");
        let told = site.wire.call("ec2", "describe_instances", &json!({ "InstanceIds": [old] }));
        assert_eq!(told["Reservations"][0]["Instances"][0]["State"]["Name"], "stopped");
        assert_eq!(site.role(&new), "db-primary");
        assert!(site.hosts.done_on(&old).is_empty(), "nobody asks it");
    });
}
