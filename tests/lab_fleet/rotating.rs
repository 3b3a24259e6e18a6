//! Passwords that are rotated on real services: the site goes on with the new ones, and the old ones let nobody in.

use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use serde_json::{Value, json};

use crate::deploying::{Running, done, kept, members, run};
use crate::fleet::Fleet;
use crate::lab::within;
use crate::moving::know_themselves;
use crate::release::group;
use crate::traffic::Traffic;

const LINE: &str = "apply rotate-secret staging --secret database_password,broker_password --yes";

/// The passwords of the database and of the queue in the project's file of secrets.
fn passwords(fleet: &Fleet) -> [String; 2] {
    let text = std::fs::read_to_string(fleet.dir.path().join("fabsecrets_staging.py")).unwrap();
    ["database_password", "broker_password"].map(|name| {
        let line = text.lines().find(|line| line.starts_with(name)).unwrap();
        line.split_once('=').unwrap().1.trim().trim_matches(['\'', '"']).to_owned()
    })
}

/// Whether PostgreSQL lets the application and the replica's role in, over the network.
fn database_lets_in(fleet: &Fleet, host: &str, password: &str) -> [bool; 2] {
    ["myproject dbname=myproject_staging", "myproject_repl dbname=postgres replication=true"].map(|who| {
        let command = format!(
            "PGPASSWORD={password} psql -XAtqw -d 'host={} sslmode=require user={who}' -c 'IDENTIFY_SYSTEM' 2>&1; :",
            fleet.address(host)
        );
        // Without replication the command is a mistake, which is told to whoever was let in.
        !fleet.inside("db-primary", &command).contains("password authentication failed")
    })
}

fn queue_lets_in(fleet: &Fleet, password: &str) -> bool {
    let command = format!("printf '%s\\n' {password} | rabbitmqctl -q authenticate_user myproject");
    fleet.try_inside("cache", &command).is_ok()
}

/// The health check of a web server, which reads from both databases.
fn health(fleet: &Fleet, host: &str) -> String {
    let url = format!("https://{}/healthcheck.html", fleet.address(host));
    let output = Command::new("curl").args(["-sk", "--noproxy", "*", "-m", "20", &url]).output().unwrap();
    String::from_utf8(output.stdout).unwrap()
}

/// Database, replica, queue, workers and web servers do what they are for.
pub fn works(fleet: &Fleet, note: &str) {
    for web in ["web1", "web2"] {
        let said = health(fleet, web);
        assert!(said.starts_with("ok default ") && said.contains("replica0"), "{web}: {said}");
    }
    let number = fleet.python(&format!("print(visit.delay(\"{note}\").get(timeout=60))"));
    let statement = format!("select note from visits where id = {number}");
    within(30, "the replica has what the task wrote", || {
        (fleet.sql("db-replica", "myproject_staging", &statement) == note).then_some(())
    });
    assert_eq!(fleet.sql("db-replica", "postgres", "select status from pg_stat_wal_receiver"), "streaming");
}

/// Files below directories of a host that hold some words.
fn holding(fleet: &Fleet, host: &str, words: &str, places: &str) -> String {
    fleet.inside(host, &format!("grep -rlsF -e {words} {places}; :"))
}

#[test]
fn rotated_passwords_count_everywhere_the_old_ones_nowhere_and_new_servers_have_them() {
    let Some(fleet) = Fleet::take_living() else { return };
    know_themselves(&fleet);
    let before = group(&fleet);
    let old = passwords(&fleet);
    let traffic = Traffic::start(&fleet, 1);
    done(&run(&fleet, LINE));
    let answers = traffic.stop();
    let lost = answers.iter().filter(|(code, _)| *code != 200).count();
    assert!(lost * 5 < answers.len(), "{lost} of {} were lost", answers.len());
    assert_eq!(answers.last().unwrap(), &(200, "Welcome".to_owned()));

    let new = passwords(&fleet);
    assert!(new[0] != old[0] && new[1] != old[1], "both are new");
    works(&fleet, "after the rotation");
    for database in ["db-primary", "db-replica"] {
        assert_eq!(database_lets_in(&fleet, database, &new[0]), [true, true], "{database}");
        assert_eq!(database_lets_in(&fleet, database, &old[0]), [false, false], "{database}");
    }
    assert!(queue_lets_in(&fleet, &new[1]) && !queue_lets_in(&fleet, &old[1]));

    let file = fleet.dir.path().join("fabsecrets_staging.py");
    assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    for value in &new {
        let mut grep = Command::new("grep");
        grep.args(["-rlF", "-e", value]).arg(fleet.dir.path()).args(["--exclude", "fabsecrets_staging.py"]);
        assert!(grep.output().unwrap().stdout.is_empty(), "no journal and no log has it");
        for host in ["db-primary", "db-replica", "cache", "worker", "web1"] {
            let logs = holding(&fleet, host, value, "/var/log /var/lib/quarterdeck /root /home/ubuntu");
            assert_eq!(logs, "", "{host}");
        }
    }
    for host in ["db-replica", "worker", "web1"] {
        let places = "/var/lib/postgresql/.pgpass /home/myproject /var/lib/quarterdeck";
        let left = holding(&fleet, host, &old[0], places) + &holding(&fleet, host, &old[1], places);
        assert_eq!(left, "", "{host} keeps nothing of the old ones");
    }
    let after = group(&fleet);
    assert_eq!((kept(&after), members(&after)), (kept(&before), members(&before)));
    assert_ne!(after["LaunchConfigurationName"], before["LaunchConfigurationName"]);
    a_new_server_serves(&fleet, &after);
    let earlier = before["LaunchConfigurationName"].as_str().unwrap();
    let planned = run(&fleet, &format!("plan deploy-serial staging --release {earlier}"));
    let said = String::from_utf8_lossy(&planned.stderr);
    assert!(!planned.status.success() && said.contains("old-secrets"), "{said}");
}

/// What the group launches next has the new secrets: it is in service by its own health check.
fn a_new_server_serves(fleet: &Fleet, group: &Value) {
    let name = &group["AutoScalingGroupName"];
    let (cloud, old) = (fleet.endpoint(), members(group));
    cloud.call(
        "autoscaling",
        "update_auto_scaling_group",
        &json!({ "AutoScalingGroupName": name, "MaxSize": 3, "DesiredCapacity": 3 }),
    );
    within(180, "a third server is in service", || {
        let told = cloud.call(
            "elb",
            "describe_instance_health",
            &json!({ "LoadBalancerName": "myproject-staging-lb" }),
        );
        let states = told["InstanceStates"].as_array().unwrap();
        let serves = |one: &&Value| {
            one["State"] == "InService" && !old.contains(&one["InstanceId"].as_str().unwrap().to_owned())
        };
        states.iter().find(serves).map(|_| ())
    });
}

#[test]
fn a_rotation_that_dies_once_services_have_new_passwords_is_undone_to_the_old_ones() {
    let Some(fleet) = Fleet::take_living() else { return };
    know_themselves(&fleet);
    let (before, old) = (group(&fleet), passwords(&fleet));
    let mut running = Running::start(&fleet, &format!("{LINE} --json"));
    let first = running.until(|object| object["event"] == "run").expect("the run begins");
    let steps = first["plan"]["steps"].as_array().unwrap().clone();
    let id = first["id"].as_str().unwrap().to_owned();
    let titled = |object: &Value, title: &str| {
        steps.iter().any(|step| step["id"] == object["step"] && step["title"] == title)
    };
    running
        .until(|object| object["entry"] == "begun" && titled(object, "restart Gunicorn"))
        .expect("settings are written");
    running.kill();
    let new = passwords(&fleet);
    assert_ne!(new, old, "what servers were told is on disk");
    let output = run(&fleet, &format!("runs undo {id} --yes"));
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(!said.contains("by hand"), "{said}");
    assert_eq!(passwords(&fleet), old);
    works(&fleet, "after it was undone");
    assert_eq!(database_lets_in(&fleet, "db-primary", &new[0]), [false, false]);
    assert!(queue_lets_in(&fleet, &old[1]) && !queue_lets_in(&fleet, &new[1]));
    let after = group(&fleet);
    assert_eq!((kept(&after), members(&after)), (kept(&before), members(&before)));
    assert_eq!(after["LaunchConfigurationName"], before["LaunchConfigurationName"]);
}
