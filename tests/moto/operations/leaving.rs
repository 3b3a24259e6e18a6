//! terminate-server and terminate-environment.

use serde_json::{Value, json};

use crate::deploying::{Site, place};

impl Site {
    /// Names of the images that the account has of this kind.
    fn last_images(&self, of: &str) -> Vec<String> {
        let asked = json!({ "Owners": ["self"], "Filters": [{ "Name": "name", "Values": [format!("*_{of}_last_*")] }] });
        super::strings(&self.wire.call("ec2", "describe_images", &asked)["Images"], |image| &image["Name"])
    }

    fn tags(&self, server: &str) -> Value {
        let asked = json!({ "Filters": [{ "Name": "resource-id", "Values": [server] }, { "Name": "key", "Values": ["role"] }] });
        self.wire.call("ec2", "describe_tags", &asked)["Tags"][0]["Value"].clone()
    }
}

#[test]
fn a_replica_goes_with_an_image_of_its_disks_and_nothing_else_does() {
    place(
        "operations::leaving::a_replica_goes_with_an_image_of_its_disks_and_nothing_else_does",
        &[],
        |site| {
            let before = site.there();
            let replica = site.servers("db-replica").remove(0);
            let refused = site.refused(&format!("terminate-server --servers {replica}"));
            assert!(refused.contains("last-replica"), "{refused}");
            site.apply(&format!("terminate-server --servers {replica} --override last-replica"));
            let left: Vec<String> = before.into_iter().filter(|id| *id != replica).collect();
            assert_eq!(site.there(), left);
            assert_eq!(site.last_images("db-replica").len(), 1);
            assert_eq!(site.tags(&replica), "db-replica-OLD");
            assert!(site.hosts.done_on(&replica).iter().any(|verb| verb.starts_with("build stop")));
        },
    );
}

#[test]
fn an_environment_goes_to_its_last_server_and_images_of_its_databases_stay() {
    place(
        "operations::leaving::an_environment_goes_to_its_last_server_and_images_of_its_databases_stay",
        &[],
        |site| {
            site.apply("terminate-environment --override no-site");
            assert_eq!(site.there(), [""; 0]);
            assert_eq!((site.last_images("db-primary").len(), site.last_images("db-replica").len()), (1, 1));
            let group = site.told_group();
            assert_eq!((&group["MaxSize"], &group["Instances"]), (&json!(0), &json!([])));
            let refused = site.refused("terminate-environment --override no-site");
            assert!(refused.contains("has no server"), "{refused}");
        },
    );
}
