//! Servers built from nothing: bare hosts become a cache, a primary and a replica, with real packages and real services.

use std::io::{BufRead as _, BufReader};
use std::process::Stdio;

use serde_json::Value;

use crate::bare::{Bare, KEY, PASSWORD};

/// What a run printed until something was so, or until its end.
pub struct Told {
    pub id: String,
    /// The steps of its plan.
    pub steps: Vec<Value>,
    pub lines: Vec<String>,
    pub state: String,
}

/// Runs a command; where `dies` says so, the program is killed as the job of that name begins.
pub fn run(bare: &Bare, line: &str, dies: Option<&str>) -> Told {
    let mut child = bare
        .program(&format!("{line} --json"))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut told = Told { id: String::new(), steps: Vec::new(), lines: Vec::new(), state: String::new() };
    for object in BufReader::new(child.stdout.take().unwrap()).lines() {
        let Ok(object) = serde_json::from_str::<Value>(&object.unwrap()) else { continue };
        if object["event"] == "run" {
            object["id"].as_str().unwrap().clone_into(&mut told.id);
            told.steps.clone_from(object["plan"]["steps"].as_array().unwrap());
        }
        told.lines.extend(object["text"].as_str().map(str::to_owned));
        if object["event"] == "finished" {
            object["state"].as_str().unwrap().clone_into(&mut told.state);
            assert_eq!(object["left"], serde_json::json!([]), "{:?}", told.lines);
        }
        let job = object["mutation"]["job"].as_str().unwrap_or_default();
        if object["entry"] == "intent" && dies.is_some_and(|name| job.contains(&format!("-{name}-"))) {
            child.kill().unwrap();
            break;
        }
    }
    let output = child.wait_with_output().unwrap();
    assert!(
        dies.is_some() || output.status.success(),
        "{:?}\n{}",
        told.lines,
        String::from_utf8_lossy(&output.stderr)
    );
    told
}

/// A part's script on its server, with this password: what it prints, and whether it ended well.
fn part(bare: &Bare, instance: &str, script: &str, password: &str) -> (String, bool) {
    part_told(bare, instance, script, password, "")
}

/// The same, told more.
fn part_told(bare: &Bare, instance: &str, script: &str, password: &str, more: &str) -> (String, bool) {
    let secret = password.replace('\'', r"'\''");
    let told = format!(
        "export QUARTERDECK_SERVER={instance}\nbroker_password='{secret}'\ndatabase_password='{secret}'\n{more}{script}"
    );
    let said = bare.on(instance, &format!("( {told} ) && echo went well || echo went wrong"));
    let well = said.trim_end().ends_with("went well");
    (said, well)
}

/// The script of the part of this name.
fn script<'s>(steps: &'s [Value], name: &str) -> &'s str {
    let found = steps.iter().find(|step| step["action"]["name"] == name).unwrap();
    found["action"]["script"].as_str().unwrap()
}

/// Every part of a plan once more on its server: nothing is to be done.
fn again(bare: &Bare, instance: &str, steps: &[Value]) {
    again_told(bare, instance, steps, "");
}

/// The same, told more than the passwords.
pub fn again_told(bare: &Bare, instance: &str, steps: &[Value], more: &str) {
    let scripts = steps.iter().filter_map(|step| step["action"]["script"].as_str());
    let scripts = scripts.filter(|script| script.starts_with("# sandbox: build "));
    for (number, script) in scripts.enumerate() {
        let (said, well) = part_told(bare, instance, script, PASSWORD, more);
        assert!(
            well && (said.contains("already so: ") || script.contains("build check")),
            "{number}: {said}"
        );
        assert!(!said.contains("done: "), "{number}: {said}");
    }
}

/// Whether anything that the program or the server has written holds the password.
fn keeps_the_password(bare: &Bare, instance: &str) -> String {
    let found = std::process::Command::new("grep")
        .args(["-rl", "pässwörd", "--exclude", "fabsecrets_staging.py"])
        .arg(bare.dir.path())
        .output()
        .unwrap();
    let here = String::from_utf8_lossy(&found.stdout).into_owned();
    // PostgreSQL's own file of passwords is where a replica has to keep it.
    let there = "grep -rIl 'pässwörd' /etc /root /home /tmp /run /var/log /var/lib/quarterdeck /var/lib/postgresql \
                 --exclude=.pgpass 2>/dev/null; :";
    here + &bare.on(instance, there)
}

#[test]
fn a_bare_host_becomes_a_cache_though_the_program_dies_on_the_way_and_a_second_time_changes_nothing() {
    let Some(bare) = Bare::take() else { return };
    let dead = run(&bare, "apply new-server staging --role cache --yes", Some("redis"));
    let (pending, _) = bare.of_role("cache-PENDING");
    let told = run(&bare, &format!("runs resume {} --yes", dead.id), None);
    assert_eq!(told.state, "done", "{:?}", told.lines);
    let (id, address) = bare.of_role("cache");
    assert_eq!(id, pending, "taken up, not made anew");
    assert_eq!(bare.instances().len(), 1);

    let on = |command: &str| bare.on(&id, command).trim().to_owned();
    assert_eq!(on(&format!("redis-cli -h {address} ping")), "PONG");
    assert_eq!(on("redis-cli config get maxmemory-policy | tail -n 1"), "noeviction", "R18");
    assert!(on("rabbitmqctl -q list_users").contains("myproject\t[]"));
    assert!(!on("rabbitmqctl -q list_users").contains("guest"));
    assert!(on("rabbitmqctl -q list_permissions -p myproject_staging").contains("myproject\t.*\t.*\t.*"));
    assert!(
        on("rabbitmqctl -q status").contains("rabbit@localhost"),
        "a name that a new host name does not change"
    );
    assert!(on(&format!("ss -Hltn 'src {address}:11211'")).contains("11211"));
    assert_eq!(on("cat /home/ana/.ssh/authorized_keys2"), KEY);
    assert_eq!(on("cat /home/myproject/.ssh/authorized_keys2"), KEY);
    assert_eq!(on("getent passwd ana | cut -d : -f 5; runuser -u ana -- sudo -n id -un"), "Ana M\nroot");
    assert_eq!(keeps_the_password(&bare, &id), "");
    // A node keeps its data under a new host name.
    on("hostname renamed; echo renamed >/etc/hostname; systemctl restart rabbitmq-server");
    again(&bare, &id, &dead.steps);

    // R23: whoever has left goes with the keys, and whoever came is let in.
    let users = bare.dir.path().join("deployment/users");
    std::fs::rename(users.join("ana"), users.join("bob")).unwrap();
    let people = run(&bare, "apply update-people staging --yes", None);
    assert_eq!(people.state, "done", "{:?}", people.lines);
    assert_eq!(on("id -u ana 2>/dev/null || echo gone; ls -d /home/ana 2>/dev/null; :"), "gone");
    assert_eq!(
        on("cat /home/bob/.ssh/authorized_keys2; runuser -u bob -- sudo -n id -un 2>/dev/null"),
        format!("{KEY}\nroot")
    );
    again(&bare, &id, &people.steps);
    std::fs::rename(users.join("bob"), users.join("ana")).unwrap();
    let back = run(&bare, "apply update-people staging --yes", None);
    assert_eq!(back.state, "done", "{:?}", back.lines);

    // What somebody broke is mended, also while another program installs packages.
    on("apt-get -qq purge -y memcached >/dev/null");
    on(
        "setsid python3 -c \"import fcntl, time; f = open('/var/lib/dpkg/lock-frontend', 'w'); fcntl.lockf(f, fcntl.LOCK_EX); \
        time.sleep(8)\" >/dev/null 2>&1 & sleep 1",
    );
    let (said, well) = part(&bare, &id, script(&dead.steps, "memcached"), PASSWORD);
    assert!(well && said.contains("lock") && said.contains("done: install Memcached"), "{said}");
    again(&bare, &id, &dead.steps);
}

#[test]
fn bare_hosts_become_a_primary_and_a_replica_that_streams_from_it_and_a_second_time_changes_nothing() {
    let Some(bare) = Bare::take() else { return };
    let primary = run(&bare, "apply new-server staging --role db-primary --yes", None);
    assert_eq!(primary.state, "done", "{:?}", primary.lines);
    let (id, address) = bare.of_role("db-primary");
    let sql = |id: &str, statement: &str| {
        let command = format!("runuser -u postgres -- psql -XAtq -d myproject_staging -c \"{statement}\"");
        bare.on(id, &command).trim().to_owned()
    };
    assert_eq!(sql(&id, "show max_wal_size"), "384MB", "translated");
    assert_eq!(
        sql(
            &id,
            "select pg_get_userbyid(datdba), pg_encoding_to_char(encoding) from pg_database where datname = 'myproject_staging'"
        ),
        "myproject|UTF8"
    );
    assert_eq!(
        sql(
            &id,
            "select count(*) from pg_authid where rolname in ('myproject', 'myproject_repl') and rolpassword like 'SCRAM%'"
        ),
        "2"
    );
    sql(&id, "create table notes as select 7 as number");

    let replica = run(&bare, "apply new-server staging --role db-replica --yes", None);
    assert_eq!(replica.state, "done", "{:?}", replica.lines);
    let (copy, own) = bare.of_role("db-replica");
    let slot = format!("replica_{}", own.replace('.', "_"));
    assert_eq!(sql(&copy, "select number from notes"), "7");
    assert_eq!(sql(&id, "select slot_name, active from pg_replication_slots"), format!("{slot}|t"), "R12");
    assert_eq!(sql(&id, "select state from pg_stat_replication"), "streaming");
    assert_eq!(sql(&id, "select ssl from pg_stat_ssl join pg_stat_replication using (pid)"), "t");
    assert_eq!(sql(&copy, "select sender_host from pg_stat_wal_receiver"), address);
    for (server, steps) in [(&id, &primary.steps), (&copy, &replica.steps)] {
        assert_eq!(keeps_the_password(&bare, server), "");
        again(&bare, server, steps);
    }
    // R12: what cannot be copied anew is not deleted; and once it can be, it is.
    bare.on(&copy, "systemctl stop 'postgresql@*-main.service'");
    let (said, well) = part(&bare, &copy, script(&replica.steps, "copy"), "another");
    assert!(
        !well && said.contains("does not let myproject_repl in") && said.contains("Nothing was deleted"),
        "{said}"
    );
    assert!(bare.on(&copy, "ls /var/lib/postgresql/*/main").contains("PG_VERSION"));
    sql(&id, "update notes set number = 8");
    let (said, well) = part(&bare, &copy, script(&replica.steps, "copy"), PASSWORD);
    assert!(well && said.contains("streaming from"), "{said}");
    assert_eq!(sql(&copy, "select number from notes"), "8");
    assert_eq!(bare.on(&copy, "ls /var/lib/postgresql/*").trim(), "main", "nothing of the old copy is left");
    again(&bare, &copy, &replica.steps);
}
