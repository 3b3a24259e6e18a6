//! add-to-load-balancer and remove-from-load-balancer, where the environment has two.

use serde_json::json;

use crate::deploying::{Site, place};

const SECOND: &str = "myproject-staging-inner-lb";

/// An environment with a second load balancer, which the group knows as well.
fn two(name: &str, body: impl FnOnce(&Site, &str)) {
    place(&format!("operations::balancers::{name}"), &[], |site| {
        let listener = json!({ "Protocol": "HTTP", "LoadBalancerPort": 80, "InstanceProtocol": "HTTP",
                               "InstancePort": 80 });
        let zones = ["us-east-1a", "us-east-1c"];
        let made = json!({ "LoadBalancerName": SECOND, "AvailabilityZones": zones, "Listeners": [listener] });
        site.change("elb", "create_load_balancer", &made);
        let check = json!({ "Target": "HTTP:80/", "Interval": 10, "Timeout": 5, "UnhealthyThreshold": 2,
                            "HealthyThreshold": 2 });
        site.change(
            "elb",
            "configure_health_check",
            &json!({ "LoadBalancerName": SECOND, "HealthCheck": check }),
        );
        let known = json!({ "AutoScalingGroupName": site.name("group"), "LoadBalancerNames": [SECOND] });
        site.change("autoscaling", "attach_load_balancers", &known);
        site.topology.environments[0].load_balancers.push(SECOND.into());
        let first = site.name("load_balancer").to_owned();
        assert_eq!(
            (site.in_service(&first), site.in_service(SECOND)),
            (site.servers("web"), site.servers("web"))
        );
        body(site, &first);
    });
}

#[test]
fn servers_leave_both_load_balancers_or_the_one_that_is_named() {
    two("servers_leave_both_load_balancers_or_the_one_that_is_named", |site, first| {
        let all = site.servers("web");
        let (gone, stays) = (&all[0], vec![all[1].clone()]);
        let line = format!("remove-from-load-balancer --servers {gone}");
        let run = site.apply(&line);
        assert_eq!((site.in_service(first), site.in_service(SECOND)), (stays.clone(), stays.clone()));
        site.undo(&run);
        assert_eq!((site.in_service(first), site.in_service(SECOND)), (all.clone(), all.clone()));
        let run = site.apply(&format!("{line} --balancers {SECOND}"));
        assert_eq!((site.in_service(first), site.in_service(SECOND)), (all.clone(), stays));
        site.undo(&run);
        assert_eq!(site.in_service(SECOND), all);
        let refused = site.refused(&format!("remove-from-load-balancer --servers {}", all.join(",")));
        assert!(refused.contains("no server in service") && refused.contains("last-server"), "{refused}");
    });
}

#[test]
fn servers_come_back_to_both_load_balancers() {
    two("servers_come_back_to_both_load_balancers", |site, first| {
        let all = site.servers("web");
        let (out, stays) = (&all[0], vec![all[1].clone()]);
        // Out of one by us, and of the other by somebody else.
        site.apply(&format!("remove-from-load-balancer --servers {out} --balancers {first}"));
        let asked = json!({ "LoadBalancerName": SECOND, "Instances": [{ "InstanceId": out }] });
        site.change("elb", "deregister_instances_from_load_balancer", &asked);
        let run = site.apply("add-to-load-balancer");
        assert_eq!((site.in_service(first), site.in_service(SECOND)), (all.clone(), all.clone()));
        let refused = site.refused("add-to-load-balancer");
        assert!(refused.ends_with("registered already: nothing to do"), "{refused}");
        site.undo(&run);
        assert_eq!((site.in_service(first), site.in_service(SECOND)), (stays.clone(), stays.clone()));
        site.apply(&format!("add-to-load-balancer --servers {out} --balancers {first}"));
        assert_eq!((site.in_service(first), site.in_service(SECOND)), (all, stays));
    });
}
