//! begin-upgrade and end-upgrade.

use serde_json::json;

use crate::deploying::{Site, place};

/// What R1 holds.
const HELD: [&str; 4] = ["AZRebalance", "AlarmNotification", "HealthCheck", "ReplaceUnhealthy"];

impl Site {
    /// The page of each web server.
    fn pages(&self) -> Vec<String> {
        self.servers("web").iter().map(|server| self.hosts.page(server)).collect()
    }

    fn held(&self) -> Vec<String> {
        let mut held = super::strings(&self.told_group()["SuspendedProcesses"], |one| &one["ProcessName"]);
        held.sort();
        held
    }
}

#[test]
fn the_page_goes_up_and_undo_takes_it_off() {
    place("operations::pages::the_page_goes_up_and_undo_takes_it_off", &[], |site| {
        let servers = site.there();
        let run = site.apply("begin-upgrade");
        assert_eq!(site.pages(), ["healthy", "healthy"]);
        site.undo(&run);
        assert_eq!(site.pages(), ["off", "off"]);
        let one = site.servers("web").remove(0);
        site.apply(&format!("begin-upgrade --servers {one}"));
        assert_eq!(site.pages(), ["healthy", "off"]);
        assert_eq!(site.there(), servers, "the group has replaced nobody");
    });
}

#[test]
fn the_page_comes_off_and_undo_puts_it_up() {
    place("operations::pages::the_page_comes_off_and_undo_puts_it_up", &[], |site| {
        site.apply("begin-upgrade --hold-group");
        assert_eq!(
            (site.pages(), site.held()),
            (vec!["healthy".to_owned(); 2], HELD.map(str::to_owned).to_vec())
        );
        let run = site.apply("end-upgrade");
        assert_eq!(site.pages(), ["off", "off"]);
        assert_eq!(site.held(), HELD, "the group goes on only when somebody says so");
        site.undo(&run);
        assert_eq!(site.pages(), ["healthy", "healthy"]);
        site.apply("end-upgrade");
        site.apply(&format!("resume-processes --processes {}", HELD.join(",")));
        assert!(site.held().is_empty());
    });
}

#[test]
fn r1_r4_unhealthy_pages_are_for_one_server_that_is_out_or_a_group_that_is_held() {
    let name =
        "operations::pages::r1_r4_unhealthy_pages_are_for_one_server_that_is_out_or_a_group_that_is_held";
    place(name, &[], |site| {
        let servers = site.there();
        let refused = site.refused("begin-upgrade --unhealthy");
        assert!(refused.contains("--hold-group") && refused.contains("ReplaceUnhealthy"), "{refused}");
        let out = site.servers("web").remove(0);
        let asked =
            json!({ "LoadBalancerName": site.name("load_balancer"), "Instances": [{ "InstanceId": out }] });
        site.change("elb", "deregister_instances_from_load_balancer", &asked);
        let run = site.apply(&format!("begin-upgrade --unhealthy --servers {out}"));
        assert_eq!(site.pages(), ["unhealthy", "off"]);
        site.undo(&run);
        assert_eq!(site.pages(), ["off", "off"]);
        let run = site.apply("begin-upgrade --unhealthy --hold-group");
        assert_eq!(
            (site.pages(), site.held()),
            (vec!["unhealthy".to_owned(); 2], HELD.map(str::to_owned).to_vec())
        );
        site.undo(&run);
        assert_eq!((site.pages(), site.held()), (vec!["off".to_owned(); 2], Vec::new()));
        assert_eq!(site.there(), servers);
    });
}
