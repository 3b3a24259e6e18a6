//! reboot-server and reboot-environment.

use crate::deploying::place;

#[test]
fn a_web_server_boots_out_of_service_and_is_in_service_again() {
    place("operations::boots::a_web_server_boots_out_of_service_and_is_in_service_again", &[], |site| {
        let (before, balancer) = (site.there(), site.name("load_balancer").to_owned());
        let serving = site.in_service(&balancer);
        assert!(serving.len() > 1, "{serving:?}");
        let found = site.told_group()["SuspendedProcesses"].clone();
        site.apply(&format!("reboot-server --servers {}", serving[0]));
        assert_eq!((site.there(), site.in_service(&balancer)), (before, serving.clone()));
        assert_eq!(site.hosts.done_on(&serving[0]), ["health"], "R2");
        assert_eq!(site.told_group()["SuspendedProcesses"], found);
    });
}

#[test]
fn every_server_boots_and_the_cloud_is_as_it_was() {
    place("operations::boots::every_server_boots_and_the_cloud_is_as_it_was", &[], |site| {
        let (before, balancer) = (site.there(), site.name("load_balancer").to_owned());
        let serving = site.in_service(&balancer);
        let found = site.told_group()["SuspendedProcesses"].clone();
        site.apply("reboot-environment");
        assert_eq!((site.there(), site.in_service(&balancer)), (before, serving));
        assert_eq!(site.told_group()["SuspendedProcesses"], found);
        assert!(site.hosts.pages().is_empty());
        let primary = site.servers("db-primary").remove(0);
        assert_eq!(site.hosts.done_on(&primary), ["build works", "build works"], "before and after");
    });
}
