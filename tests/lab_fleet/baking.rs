//! A release made on a real server, and servers launched from its image: what they share is the code, and nothing else.

use std::collections::BTreeSet;
use std::process::Command;

use serde_json::Value;

use crate::deploying::{Running, SECOND, done, intends, kept, members, run};
use crate::fleet::Fleet;
use crate::release::{commit, group, power};
use crate::traffic::Traffic;

/// Files that people and services leave on a server and that no image may hold.
const LEFT: [&str; 5] = [
    "/root/.bash_history",
    "/home/ubuntu/.bash_history",
    "/home/myproject/.psql_history",
    "/home/myproject/.aws/cli/cache/session.json",
    "/home/myproject/services/supervisor/left.pid",
];

/// What no two servers share: machine-id and host keys.
type Identity = BTreeSet<String>;

/// A shell command as root on the host of an instance.
fn on(fleet: &Fleet, instance: &str, command: &str) -> String {
    fleet.lab.run("hosts", &["exec", &fleet.host_of(instance), "sh", "-c", command])
}

fn identity(fleet: &Fleet, instance: &str) -> Identity {
    let said = on(fleet, instance, "cat /etc/machine-id; cut -d ' ' -f 2 /etc/ssh/ssh_host_*_key.pub");
    let all: Identity = said.lines().map(str::to_owned).collect();
    assert_eq!(all.len(), 3, "{all:?}");
    all
}

/// R9: a server has its own addresses in settings and in Nginx's names, and none of those of the builder.
fn knows_its_own_address(fleet: &Fleet, server: &str, builder: &str) {
    let files = format!(
        "cd /home/{0} && cat www/staging/code_root/{0}/local_settings.py services/nginx/staging.conf",
        fleet.project()
    );
    let files = on(fleet, server, &files);
    let (own, old) = (private_address(fleet, server), private_address(fleet, builder));
    let named = |address: &str| {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == '-';
        files.split(|c| !plain(c)).filter(|word| *word == address).count()
    };
    assert!(named(&own) >= 3, "{server} has {own}: {files}");
    // An address that the builder has left is given to somebody else.
    assert!(old == own || named(&old) == 0, "{server} has {own}, and {old} was the builder's: {files}");
    assert!(files.contains("Made by Quarterdeck"), "{files}");
    assert_eq!(on(fleet, server, "systemctl is-active quarterdeck-own-addresses").trim(), "active");
}

fn private_address(fleet: &Fleet, instance: &str) -> String {
    let asked = serde_json::json!({ "InstanceIds": [instance] });
    let said = fleet.endpoint().call("ec2", "describe_instances", &asked);
    said["Reservations"][0]["Instances"][0]["PrivateIpAddress"].as_str().unwrap_or_default().to_owned()
}

/// The operator's clone: the project's folder is one.
fn make_clone(fleet: &Fleet) {
    let origin = format!("git://{}/{}.git", fleet.address("worker"), fleet.project());
    for words in [vec!["init", "-q"], vec!["remote", "add", "origin", &origin], vec!["fetch", "-q"]] {
        let git = Command::new("git").args(&words).current_dir(fleet.dir.path()).output().unwrap();
        assert!(git.status.success(), "{git:?}");
    }
}

/// The builder while it is at work, and the lines that it printed until the end.
struct Built {
    builder: String,
    identity: Identity,
    printed: Vec<String>,
}

/// Makes a release of the head of `main`. The builder is one on which somebody was at work.
fn make_release(fleet: &Fleet) -> Built {
    let line = "apply create-release staging --branch main --override old-addresses --yes --json";
    let mut running = Running::start(fleet, line);
    let first = running.until(|object| object["event"] == "run").expect("the run begins");
    let plan = first["plan"]["steps"].as_array().unwrap().clone();
    let begun = running.until(|object| intends(object, &plan, "job")).expect("a job is begun");
    let builder = begun["mutation"]["instance"].as_str().unwrap().to_owned();
    let identity = identity(fleet, &builder);
    for file in LEFT {
        on(fleet, &builder, &format!("mkdir -p $(dirname {file}) && echo secret >{file}"));
    }
    let mut printed = Vec::new();
    loop {
        let object = running.until(|object| object["event"] != "status").expect("it comes to an end");
        if object["event"] == "finished" {
            assert_eq!(
                (&object["state"], &object["left"]),
                (&"done".into(), &serde_json::json!([])),
                "{printed:?}"
            );
            return Built { builder, identity, printed };
        }
        printed.extend(object["text"].as_str().map(str::to_owned));
    }
}

#[test]
fn r9_servers_of_a_release_made_on_a_real_server_share_its_code_and_neither_keys_nor_machine_id_nor_leftovers()
 {
    let Some(fleet) = Fleet::take_living() else { return };
    fleet.endpoint().delays(&[("drain", 1.0), ("leave", 1.5)]);
    let before = group(&fleet);
    let second = commit(&fleet, "A second page", SECOND);
    make_clone(&fleet);
    let Built { builder, identity: of_builder, printed } = make_release(&fleet);
    for file in LEFT {
        assert!(printed.contains(&format!("removed {file}")), "{file}: {printed:?}");
    }
    assert_ne!(power(&fleet, &builder), "running");
    let after = group(&fleet);
    let shape = |group: &Value| (kept(group), members(group), group["LaunchConfigurationName"].clone());
    assert_eq!(shape(&after), shape(&before), "nothing is deployed");

    let traffic = Traffic::start(&fleet, 1);
    done(&run(&fleet, &format!("apply deploy-serial staging --release {second} --yes")));
    let answers = traffic.stop();
    assert!(answers.iter().all(|(code, _)| *code == 200), "{answers:?}");
    assert_eq!(answers.last().unwrap().1, "Second");

    let deployed = members(&group(&fleet));
    assert_eq!(deployed.len(), 2);
    let mut seen = of_builder;
    for server in &deployed {
        let own = identity(&fleet, server);
        assert!(seen.is_disjoint(&own), "{server}: {own:?}");
        seen.extend(own);
        let code = format!(
            "runuser -u {0} -- git -C /home/{0}/www/staging/code_root rev-parse HEAD",
            fleet.project()
        );
        assert_eq!(on(&fleet, server, &code).trim(), second);
        assert_eq!(on(&fleet, server, "cat /var/lib/cloud/data/instance-id").trim(), server);
        knows_its_own_address(&fleet, server, &builder);
        let left = format!(
            "ls -d {} /run/quarterdeck-host-keys /var/lib/quarterdeck/jobs/* 2>/dev/null; find /etc/ssh -type l; \
             find /root /home -name '.*_history'",
            LEFT.join(" ")
        );
        assert_eq!(on(&fleet, server, &format!("{left}; true")), "", "{server}");
    }
}

/// What the config has to say before a web server can be built from nothing.
fn describe_web_servers(fleet: &Fleet) {
    let cloud = fleet.endpoint();
    let cache = cloud.call(
        "ec2",
        "describe_instances",
        &serde_json::json!({ "InstanceIds": [fleet.instance("cache")] }),
    )["Reservations"][0]["Instances"][0]
        .clone();
    let word = |value: &Value| value.as_str().unwrap().to_owned();
    let (image, subnet) = (word(&cache["ImageId"]), word(&cache["SubnetId"]));
    let group = word(&cache["SecurityGroups"][0]["GroupId"]);
    let origin = format!("git://{}/{}.git", fleet.address("worker"), fleet.project());
    let file = fleet.dir.path().join("fabulaws-config.yml");
    let config = std::fs::read_to_string(&file).unwrap();
    let more = format!(
        "instance_settings: {{ami: {image}, admin_groups: [sudo]}}\nsubnets: {{a: {subnet}}}\nrepo: {origin}\n\
         instance_types: {{web: t3.medium}}\nsecurity_groups: {{web: [{group}]}}\n"
    );
    std::fs::write(file, config + &more).unwrap();
}

#[test]
fn a_release_built_upon_the_empty_image_serves_as_others_do() {
    let Some(fleet) = Fleet::take_living() else { return };
    fleet.endpoint().delays(&[("drain", 1.0), ("leave", 1.5)]);
    let second = commit(&fleet, "A second page", SECOND);
    make_clone(&fleet);
    describe_web_servers(&fleet);
    done(&run(&fleet, "apply create-release staging --branch main --from-base --yes"));
    let traffic = Traffic::start(&fleet, 1);
    done(&run(&fleet, &format!("apply deploy-serial staging --release {second} --yes")));
    let answers = traffic.stop();
    assert!(answers.iter().all(|(code, _)| *code == 200), "{answers:?}");
    assert_eq!(answers.last().unwrap().1, "Second");
    let deployed = members(&group(&fleet));
    let mut seen = Identity::new();
    for server in &deployed {
        let own = identity(&fleet, server);
        assert!(seen.is_disjoint(&own), "{server}: {own:?}");
        seen.extend(own);
        let said = on(&fleet, server, "supervisorctl status; systemctl is-active nginx fail2ban");
        assert!(said.contains("staging-web:staging-server") && !said.contains("inactive"), "{said}");
    }
}
