//! A cache server whose place another one takes, on real Redis and RabbitMQ: sessions and tasks come along, and everybody uses
//! the new one.

use serde_json::{Value, json};

use crate::deploying::{done, members, run};
use crate::fleet::Fleet;
use crate::lab::within;
use crate::release::group;
use crate::rotating::works;

/// The hosts were made before the cloud knew them: here cloud-init knows which instances they are.
fn know_themselves(fleet: &Fleet) {
    for host in ["cache", "worker", "web1", "web2"] {
        let id = fleet.instance(host);
        let noted = format!("mkdir -p /var/lib/cloud/data && echo {id} >/var/lib/cloud/data/instance-id");
        fleet.inside(host, &noted);
    }
}

/// The config says of what a new cache server is made.
fn says_what_a_server_is(fleet: &Fleet) {
    let asked = json!({ "Filters": [{ "Name": "name", "Values": ["*ubuntu*"] }] });
    let image = fleet.endpoint().call("ec2", "describe_images", &asked)["Images"][0]["ImageId"].clone();
    let subnet = group(fleet)["VPCZoneIdentifier"].clone();
    let config = fleet.dir.path().join("fabulaws-config.yml");
    let more = format!(
        "instance_settings: {{ami: {}}}\nsubnets: {{a: {}}}\ninstance_types: {{cache: t3.small}}\n",
        image.as_str().unwrap(),
        subnet.as_str().unwrap()
    );
    let text = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, text + &more).unwrap();
}

/// Id and private address of the server of a role.
fn of_role(fleet: &Fleet, role: &str) -> (String, String) {
    let asked = json!({ "Filters": [{ "Name": "tag:role", "Values": [role] }] });
    let found = fleet.endpoint().call("ec2", "describe_instances", &asked);
    let all = found["Reservations"].as_array().unwrap();
    assert_eq!(all.len(), 1, "{role}: {found}");
    let one = &all[0]["Instances"][0];
    let word = |key: &str| one[key].as_str().unwrap().to_owned();
    (word("InstanceId"), word("PrivateIpAddress"))
}

/// A shell command as root on the new server.
fn on(fleet: &Fleet, instance: &str, command: &str) -> String {
    fleet.lab.run("hosts", &["exec", &fleet.host_of(instance), "sh", "-c", command]).trim().to_owned()
}

fn suspended(group: &Value) -> usize {
    group["SuspendedProcesses"].as_array().map_or(0, Vec::len)
}

/// Settings of everybody name the new server, and web servers and workers work with it once the old one is no more.
#[track_caller]
fn is_used(fleet: &Fleet, address: &str, before: &Value) {
    for host in ["worker", "web1", "web2"] {
        let file = "/home/myproject/www/staging/code_root/myproject/local_settings.py";
        let settings = fleet.inside(host, &format!("cat {file}"));
        assert!(
            settings.contains(&format!("{address}:6379")) && settings.contains(&format!("{address}:5672")),
            "{host}"
        );
    }
    let after = group(fleet);
    assert_ne!(after["LaunchConfigurationName"], before["LaunchConfigurationName"], "R8");
    assert_eq!((suspended(&after), members(&after)), (0, members(before)));
    for host in ["web1", "web2"] {
        assert_eq!(
            fleet.inside(host, "ls /home/myproject/services/nginx/html").trim(),
            "",
            "{host}: no page"
        );
    }
    let programs = fleet.inside("worker", "supervisorctl status");
    for program in ["celerybeat", "celeryd-main", "celeryd-exports"] {
        let line = programs.lines().find(|line| line.contains(program)).unwrap_or_default();
        assert!(line.contains("RUNNING"), "R17: {programs}");
    }
}

#[test]
fn r18_sessions_and_tasks_come_to_a_new_cache_server_and_nobody_needs_the_old_one_any_more() {
    let Some(fleet) = Fleet::take_living() else { return };
    know_themselves(&fleet);
    says_what_a_server_is(&fleet);
    let (old, before) = (of_role(&fleet, "cache"), group(&fleet));
    fleet.inside("cache", "redis-cli -n 0 set somebody ana && redis-cli -n 3 set session:7 ana ex 864000");
    // Tasks for later, which no worker ever finishes now, and tasks that nobody takes.
    fleet.python("visit.apply_async((\"much later\",), countdown=36000)");
    fleet.inside("worker", "supervisorctl stop staging-celery:staging-celeryd-exports");
    let ids = fleet.python("print(*[export.delay(number).id for number in range(37)])");
    assert_eq!(fleet.queue("exports"), (37, 0));

    done(&run(&fleet, "apply replace-cache-server staging --confirm staging"));
    let (new, address) = of_role(&fleet, "cache");
    assert_eq!(of_role(&fleet, "cache-OLD"), old);
    assert_ne!(address, old.1);
    is_used(&fleet, &address, &before);
    let redis = |words: &str| on(&fleet, &new, &format!("redis-cli -h {address} {words}"));
    assert_eq!((redis("-n 0 get somebody"), redis("-n 3 get session:7")), ("ana".into(), "ana".into()));
    assert!(redis("-n 3 ttl session:7").parse::<u32>().unwrap() > 800_000, "it expires when it would have");
    // The tasks that waited are done by what the new server handed out, each once.
    let quoted: Vec<String> = ids.split(' ').map(|id| format!("\"{id}\"")).collect();
    // Asked for, rather than waited for one by one: whoever subscribes to many results in turn may miss one.
    let sum = format!(
        "from celery.result import AsyncResult; print(sum(one.result for one in map(AsyncResult, [{}]) if one.successful()))",
        quoted.join(",")
    );
    within(60, "every task that waited is done", || {
        (fleet.python(&sum) == (0..37).sum::<u32>().to_string()).then_some(())
    });
    let waits =
        "rabbitmqctl -q list_queues -p myproject_staging name messages | awk '$1 == \"celery\" { print $2 }'";
    assert_eq!(on(&fleet, &new, waits), "1", "the one for later waits there, once");
    for (host, left) in [(fleet.instance("cache"), "cache"), (new.clone(), "new")] {
        let list = "ls /var/lib/quarterdeck/cache";
        let said = if left == "cache" { fleet.inside("cache", list) } else { on(&fleet, &host, list) };
        assert_eq!(said.trim(), "", "{left}: no copy of sessions lies about");
    }
    fleet.tell("stop", "cache");
    works(&fleet, "after the old one has gone");
    assert_eq!(on(&fleet, &new, "redis-cli config get maxmemory-policy | tail -n 1"), "noeviction");
}

#[test]
fn r1_a_cache_server_that_died_is_replaced_behind_the_page_once_somebody_gives_it_up() {
    let Some(fleet) = Fleet::take_living() else { return };
    know_themselves(&fleet);
    says_what_a_server_is(&fleet);
    let before = group(&fleet);
    // Celery hangs on a queue that does not answer until Supervisor ends it: sooner here than after ten minutes.
    let sooner = "sed -i 's/^stopwaitsecs=600/stopwaitsecs=30/' /home/*/services/supervisor/*.conf && supervisorctl update";
    fleet.inside("worker", sooner);
    fleet.tell("kill", "cache");
    let refused = run(&fleet, "plan replace-cache-server staging");
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(!refused.status.success() && said.contains("lose-data"), "{said}");
    done(&run(&fleet, "apply replace-cache-server staging --override lose-data --confirm staging"));
    let (_, address) = of_role(&fleet, "cache");
    is_used(&fleet, &address, &before);
    works(&fleet, "after it was given up");
    within(60, "web servers are in service", || {
        let asked = json!({ "LoadBalancerName": "myproject-staging-lb" });
        let told = fleet.endpoint().call("elb", "describe_instance_health", &asked);
        let states = told["InstanceStates"].as_array().unwrap().clone();
        states.iter().all(|state| state["State"] == "InService").then_some(())
    });
}
