//! Operations that bring code: deploy-worker, deploy-web and rollback.

use quarterdeck::engine::run::NotBegun;
use serde_json::{Value, json};

use super::strings;
use crate::deploying::{NEW, Site, place};

/// An earlier release than the one that the environment began with.
const EARLIER: &str = "1111111111111111111111111111111111111111";

impl Site {
    /// What must not move where code comes in place.
    fn still(&self) -> (Value, Vec<String>, Vec<String>) {
        (self.told_group(), self.there(), self.in_service(self.name("load_balancer")))
    }

    /// Requests that change something other than notes, since so many requests.
    fn changes(&self, since: usize) -> Vec<String> {
        let log = self.wire.log();
        let actions = log[since..].iter().map(|request| request["action"].as_str().unwrap().to_owned());
        let reads = ["Describe", "Get", "List"];
        let notes = ["PutParameter", "DeleteParameter", "DeleteParameters"];
        actions
            .filter(|action| !reads.iter().any(|read| action.starts_with(read)))
            .filter(|action| !notes.contains(&action.as_str()))
            .collect()
    }

    /// A release that was made some days before; gives what the group is pointed at.
    fn earlier(&self) -> String {
        let rest = format!("2026.11.10-08.00.00_{EARLIER}");
        let image = json!({ "Name": format!("myproject_staging_web_{rest}"), "RootDeviceName": "/dev/sda1" });
        let image = self.wire.call("ec2", "register_image", &image)["ImageId"].clone();
        let name = format!("myproject_staging_lc_{rest}");
        let made = json!({ "LaunchConfigurationName": name, "ImageId": image, "InstanceType": "t3.medium" });
        self.change("autoscaling", "create_launch_configuration", &made);
        name
    }
}

fn at(done: &[String], verb: &str) -> usize {
    done.iter().position(|one| one.starts_with(verb)).unwrap_or_else(|| panic!("no {verb}: {done:?}"))
}

#[test]
fn workers_get_new_code_and_the_cloud_stays_as_it_was() {
    place("operations::code::workers_get_new_code_and_the_cloud_stays_as_it_was", &[], |site| {
        let (before, asked) = (site.still(), site.wire.log().len());
        let run = site.apply(&format!("deploy-worker --release {NEW}"));
        assert_eq!(site.still(), before);
        assert_eq!(site.changes(asked), Vec::<String>::new(), "nothing but the lock");
        let done = site.hosts.done_on(&site.servers("worker")[0]);
        assert!(at(&done, "celery stop") < at(&done, &format!("code checkout {NEW}")), "{done:?}");
        assert!(at(&done, "migrate") < at(&done, "celery start"), "{done:?}");
        assert_eq!(site.hosts.done().len(), done.len(), "and no other server");
        site.undo(&run);
        let undone = site.hosts.done_on(&site.servers("worker")[0]).split_off(done.len());
        assert!(at(&undone, "celery stop") < at(&undone, "code back"), "{undone:?}");
        assert!(at(&undone, "code back") < at(&undone, "celery start"), "{undone:?}");
        assert_eq!(site.still(), before);
    });
}

#[test]
fn web_servers_get_new_code_one_after_the_other_each_out_of_service_meanwhile() {
    let name = "operations::code::web_servers_get_new_code_one_after_the_other_each_out_of_service_meanwhile";
    place(name, &[], |site| {
        let (before, asked) = (site.still(), site.wire.log().len());
        let run = site.apply(&format!("deploy-web --release {NEW}"));
        assert_eq!(site.still(), before);
        let moves = || {
            let all = site.changes(asked);
            let of_balancer = all.into_iter().filter(|action| action.ends_with("LoadBalancer"));
            of_balancer.map(|action| action.starts_with("Register")).collect::<Vec<bool>>()
        };
        assert_eq!(moves(), [false, true, false, true], "never both at once");
        for server in site.servers("web") {
            let done = site.hosts.done_on(&server);
            at(&done, &format!("code checkout {NEW}"));
        }
        assert!(site.hosts.done_on(&site.servers("worker")[0]).is_empty());
        site.undo(&run);
        assert_eq!(site.still(), before);
        for server in site.servers("web") {
            at(&site.hosts.done_on(&server), "code back");
        }
    });
}

#[test]
fn a_rollback_goes_back_server_by_server() {
    rollback("operations::code::a_rollback_goes_back_server_by_server", "");
}

#[test]
fn a_full_rollback_goes_back_at_once() {
    rollback("operations::code::a_full_rollback_goes_back_at_once", " --full");
}

fn rollback(name: &str, how: &str) {
    place(name, &[], |site| {
        let (earlier, old) = (site.earlier(), site.servers("web"));
        let line = format!("rollback --release {EARLIER}{how}");
        // Its image is older than the database server (R8).
        let addresses = site.refused(&line);
        assert!(addresses.ends_with("--override old-addresses"), "{addresses}");
        let run = site.apply(&format!("{line} --override old-addresses"));
        let group = site.told_group();
        assert_eq!(group["LaunchConfigurationName"], json!(earlier));
        assert_eq!((&group["MinSize"], &group["MaxSize"]), (&json!(1), &json!(4)));
        assert_eq!(group["SuspendedProcesses"], json!([]));
        // The last of the old ones may still be on its way out.
        let all = group["Instances"].as_array().unwrap().iter();
        let serving: Value = all.filter(|one| one["LifecycleState"] == "InService").cloned().collect();
        let launched = strings(&serving, |one| &one["LaunchConfigurationName"]);
        assert_eq!(launched, [earlier.clone(), earlier]);
        let mut members = strings(&serving, |one| &one["InstanceId"]);
        members.sort();
        assert_eq!(site.in_service(site.name("load_balancer")), members);
        assert!(members.iter().all(|id| !old.contains(id)));
        assert!(members.iter().all(|server| site.hosts.page(server) == "off"));
        if how == " --full" {
            let stays = site.not_undone(&run);
            assert!(
                matches!(stays, NotBegun::Sealed(_)) && stays.to_string().contains("rollback"),
                "{stays}"
            );
        }
        let again = site.refused(&line);
        assert!(again.contains("is what the group launches now"), "{again}");
    });
}
