//! Every server of an environment made anew on real ones: rows, sessions and tasks come along, and the old servers are needed
//! by nobody any more.

use serde_json::json;

use crate::deploying::{done, members, run};
use crate::fleet::Fleet;
use crate::lab::within;
use crate::release::group;
use crate::traffic::Traffic;

const ROLES: [&str; 4] = ["db-primary", "db-replica", "cache", "worker"];

/// The hosts were made before the cloud knew them: here cloud-init knows which instances they are.
fn know_themselves(fleet: &Fleet) {
    for host in ["db-primary", "db-replica", "cache", "worker", "web1", "web2"] {
        let id = fleet.instance(host);
        let noted = format!("mkdir -p /var/lib/cloud/data && echo {id} >/var/lib/cloud/data/instance-id");
        fleet.inside(host, &noted);
    }
}

/// The config wants larger servers than there are. The repository stays where it is: on a host that goes.
fn says_what_servers_are(fleet: &Fleet) {
    let asked = json!({ "Filters": [{ "Name": "name", "Values": ["*ubuntu*"] }] });
    let image = fleet.endpoint().call("ec2", "describe_images", &asked)["Images"][0]["ImageId"].clone();
    let subnet = group(fleet)["VPCZoneIdentifier"].clone();
    let config = fleet.dir.path().join("fabulaws-config.yml");
    let more = format!(
        "\ninstance_settings: {{ami: {}}}\nsubnets: {{a: {}}}\nrepo: git://{}/{}.git\ninstance_types: {{cache: t3.large, \
         db-primary: m7i.large, db-replica: m7i.large, worker: c7i.large, web: c7i.large}}\n",
        image.as_str().unwrap(),
        subnet.as_str().unwrap(),
        fleet.address("worker"),
        fleet.project(),
    );
    let text = std::fs::read_to_string(&config).unwrap();
    std::fs::write(&config, text + &more).unwrap();
}

/// Id, private address and type of the server of a role.
fn of_role(fleet: &Fleet, role: &str) -> (String, String, String) {
    let asked = json!({ "Filters": [{ "Name": "tag:role", "Values": [role] }] });
    let found = fleet.endpoint().call("ec2", "describe_instances", &asked);
    let all = found["Reservations"].as_array().unwrap();
    assert_eq!(all.len(), 1, "{role}: {found}");
    let one = &all[0]["Instances"][0];
    let word = |key: &str| one[key].as_str().unwrap().to_owned();
    (word("InstanceId"), word("PrivateIpAddress"), word("InstanceType"))
}

/// A shell command as root on a server that was launched.
fn on(fleet: &Fleet, instance: &str, command: &str) -> String {
    fleet.lab.run("hosts", &["exec", &fleet.host_of(instance), "sh", "-c", command]).trim().to_owned()
}

fn sql(fleet: &Fleet, instance: &str, statement: &str) -> String {
    on(fleet, instance, &format!("runuser -u postgres -- psql -XAtq -d myproject_staging -c '{statement}'"))
}

/// Python on a server that was launched, with the project's tasks and Celery at hand.
fn python(fleet: &Fleet, instance: &str, code: &str) -> String {
    let command = format!(
        "cd /home/myproject/www/staging/code_root && runuser -u myproject-web -- env \
         DJANGO_SETTINGS_MODULE=myproject.local_settings ../env/bin/python -c 'from myproject.tasks import *; {code}'"
    );
    on(fleet, instance, &command)
}

#[test]
fn rows_sessions_and_tasks_come_to_new_servers_of_other_types_and_nobody_needs_the_old_ones() {
    let Some(fleet) = Fleet::take_living() else { return };
    fleet.endpoint().delays(&[("drain", 1.0), ("leave", 1.5)]);
    know_themselves(&fleet);
    says_what_servers_are(&fleet);
    let (old, before) = (ROLES.map(|role| of_role(&fleet, role)), group(&fleet));
    fleet.sql("db-primary", "myproject_staging", "insert into visits (note) values ($$from before$$)");
    // The lab has a password of its own for it; projects have one for both roles.
    fleet.sql("db-primary", "postgres", "alter role myproject_repl password $$not-a-secret-1$$");
    fleet.inside("cache", "redis-cli -n 3 set session:7 ana ex 864000");
    // A task for later, which no worker finishes now.
    fleet.python("visit.apply_async((\"much later\",), countdown=36000)");
    let traffic = Traffic::start(&fleet, 1);
    done(&run(&fleet, "apply recreate-environment staging --confirm staging"));
    let answers = traffic.stop();
    assert_eq!(answers.last().unwrap(), &(200, "Welcome".to_owned()));
    // Users see the site or its maintenance page, and nothing else for longer than a server takes to turn.
    let neither = answers.iter().filter(|(code, _)| ![200, 503].contains(code)).count();
    assert!(neither * 50 < answers.len(), "{neither} of {} were lost", answers.len());

    let new = ROLES.map(|role| of_role(&fleet, role));
    for ((role, old), new) in ROLES.iter().zip(&old).zip(&new) {
        assert_eq!(of_role(&fleet, &format!("{role}-OLD")).0, old.0);
        assert_ne!(old.0, new.0, "{role}");
    }
    assert_eq!(new.clone().map(|one| one.2), ["m7i.large", "m7i.large", "t3.large", "c7i.large"]);
    let [primary, replica, cache, worker] = new;
    let after = group(&fleet);
    assert_eq!(after["SuspendedProcesses"], before["SuspendedProcesses"]);
    assert_eq!((&after["MinSize"], &after["MaxSize"]), (&before["MinSize"], &before["MaxSize"]));
    let webs = members(&after);
    assert_eq!(webs.len(), members(&before).len());
    assert!(webs.iter().all(|web| !members(&before).contains(web)), "{webs:?}");
    let described = fleet.endpoint().call("ec2", "describe_instances", &json!({ "InstanceIds": [webs[0]] }));
    assert_eq!(described["Reservations"][0]["Instances"][0]["InstanceType"], "c7i.large");

    // Nobody needs the old ones.
    for host in ["db-primary", "db-replica", "cache", "worker"] {
        fleet.tell("stop", host);
    }
    assert_eq!(sql(&fleet, &primary.0, "select pg_is_in_recovery()"), "f");
    assert_eq!(sql(&fleet, &primary.0, "select count(*) from visits where note = $$from before$$"), "1");
    let receiver = sql(&fleet, &replica.0, "select status, sender_host from pg_stat_wal_receiver");
    assert_eq!(receiver, format!("streaming|{}", primary.1), "R12");
    let number = python(&fleet, &webs[0], "print(visit.delay(\"by the new ones\").get(timeout=60))");
    within(30, "the new replica has what the new worker wrote", || {
        let note = sql(&fleet, &replica.0, &format!("select note from visits where id = {number}"));
        (note == "by the new ones").then_some(())
    });
    assert_eq!(on(&fleet, &cache.0, &format!("redis-cli -h {} -n 3 get session:7", cache.1)), "ana");
    let waits =
        "rabbitmqctl -q list_queues -p myproject_staging name messages | awk '$1 == \"celery\" { print $2 }'";
    assert_eq!(on(&fleet, &cache.0, waits), "1", "the task for later waits there, once");
    let programs = on(&fleet, &worker.0, "supervisorctl status");
    assert!(
        programs.lines().any(|line| line.contains("celerybeat") && line.contains("RUNNING")),
        "R17: {programs}"
    );
    for web in &webs {
        let page = on(&fleet, web, "curl -sk https://127.0.0.1/healthcheck.html");
        assert!(page.starts_with("ok default ") && page.contains("replica0"), "{web}: {page}");
    }
}
