//! Servers built from nothing: bare hosts become a cache, a primary and a replica, with real packages and real services.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::process::Stdio;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

use crate::bare::{Bare, KEY, PASSWORD};
use crate::times::Times;

/// What a run printed until something was so, or until its end.
pub struct Told {
    pub id: String,
    /// The steps of its plan.
    pub steps: Vec<Value>,
    pub lines: Vec<String>,
    pub state: String,
}

/// How long a run may take. One of a whole environment takes two or three minutes.
const IN_TIME: Duration = Duration::from_secs(540);

/// Runs a command; where `dies` says so, the program is killed as the job of that name begins.
pub fn run(bare: &Bare, line: &str, dies: Option<&str>) -> Told {
    let complaints = bare.dir.path().join("complaints");
    let mut child = bare
        .program(&format!("{line} --json"))
        .stdout(Stdio::piped())
        .stderr(File::create(&complaints).unwrap())
        .spawn()
        .unwrap();
    let mut told = Told { id: String::new(), steps: Vec::new(), lines: Vec::new(), state: String::new() };
    let (over, is_over) = mpsc::channel::<()>();
    let program = Pid::from_child(&child);
    let watch = std::thread::spawn(move || {
        let late = is_over.recv_timeout(IN_TIME) == Err(RecvTimeoutError::Timeout);
        late && kill_process(program, Signal::KILL).is_ok()
    });
    let mut last = VecDeque::new();
    let mut times = Times::default();
    for object in BufReader::new(child.stdout.take().unwrap()).lines() {
        let object = object.unwrap();
        last.push_back(object.clone());
        if last.len() > 20 {
            last.pop_front();
        }
        let Ok(object) = serde_json::from_str::<Value>(&object) else { continue };
        times.take_in(&object);
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
    drop(over);
    let late = watch.join().unwrap();
    let ended = child.wait().unwrap();
    let complaints = std::fs::read_to_string(complaints).unwrap();
    assert!(!late, "not over after {IN_TIME:?}: {complaints}\n{last:#?}\n{:?}", told.lines);
    assert!(dies.is_some() || ended.success(), "{:?}\n{complaints}", told.lines);
    if let Some(file) = std::env::var_os("QUARTERDECK_TIMES").filter(|_| dies.is_none()) {
        times.write(&file, line, &told.steps);
    }
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
    // Not as part of a list with && or ||: there the shell would not stop where a command fails.
    let said = bare.on(instance, &format!("( {told} ); [ $? = 0 ] && echo went well || echo went wrong"));
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
    // The password by which it has replicated so far would do as well: it is another one there, too.
    bare.on(&copy, "systemctl stop 'postgresql@*-main.service'; sed -i 's/:[^:]*$/:outdated/' /var/lib/postgresql/.pgpass");
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

/// A way in as this user with this key, from this machine; whether it is open.
fn comes_in(key: &std::path::Path, user: &str, address: &str) -> bool {
    let options = [
        "-F",
        "/dev/null",
        "-o",
        "BatchMode=yes",
        "-o",
        "StrictHostKeyChecking=no",
        "-o",
        "IdentitiesOnly=yes",
    ];
    let mut command = std::process::Command::new("ssh");
    command
        .args(options)
        .args(["-o", "UserKnownHostsFile=/dev/null", "-o", "IdentityAgent=none", "-i"])
        .arg(key);
    let output = command.arg(format!("{user}@{address}")).args(["sudo", "-n", "true"]).output().unwrap();
    output.status.success()
}

/// A part, what makes it fail, what it says then, and what mends that.
const SPOILED: [(&str, &str, &str, &str); 6] = [
    ("people", "userdel -r ana; echo 1 >/etc/passwd.lock", "", "rm -f /etc/passwd.lock"),
    ("guard", "systemctl stop fail2ban; systemctl mask fail2ban", "fail2ban", "systemctl unmask fail2ban"),
    (
        "redis",
        "systemctl stop redis-server; systemctl mask redis-server",
        "redis-server",
        "systemctl unmask redis-server",
    ),
    (
        "memcached",
        "systemctl stop memcached; systemctl mask memcached",
        "memcached",
        "systemctl unmask memcached",
    ),
    (
        "rabbitmq",
        "systemctl stop rabbitmq-server; systemctl mask rabbitmq-server",
        "rabbitmq-server",
        "systemctl unmask rabbitmq-server",
    ),
    (
        "syslog",
        "echo 'input(type=\"nothing-like-it\")' >/etc/rsyslog.d/00-broken.conf",
        "rsyslog cannot read its settings",
        "rm /etc/rsyslog.d/00-broken.conf",
    ),
];

#[test]
fn each_part_that_fails_once_is_finished_by_doing_it_again_and_logs_hooks_and_the_images_user_are_real() {
    let Some(bare) = Bare::take() else { return };
    let net = std::env::var("LAB_NET").unwrap_or_else(|_| "10.77".into());
    let listener = std::net::UdpSocket::bind(format!("{net}.0.1:0")).unwrap();
    let address_of_logs = listener.local_addr().unwrap();
    // Read all the time: what nobody reads soon is lost.
    let (tell, told_of_logs) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let mut datagram = [0; 9_000];
        while let Ok(length) = listener.recv(&mut datagram) {
            if tell.send(String::from_utf8_lossy(&datagram[..length]).into_owned()).is_err() {
                break;
            }
        }
    });
    let dir = bare.dir.path();
    let config = std::fs::read_to_string(dir.join("fabulaws-config.yml")).unwrap();
    let more = format!(
        "syslog_server: {address_of_logs}\nextra_log_files: {{/var/log/imports.log: {{tag: imports}}}}\n"
    );
    std::fs::write(dir.join("fabulaws-config.yml"), config + &more).unwrap();
    let key = dir.join("ana-key");
    let made = std::process::Command::new("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "", "-f"])
        .arg(&key)
        .status();
    assert!(made.unwrap().success());
    std::fs::copy(dir.join("ana-key.pub"), dir.join("deployment/users/ana")).unwrap();
    // It has no luck the first time.
    let hook = dir.join("deployment/hooks/pre_install_rsyslog");
    std::fs::create_dir_all(hook.parent().unwrap()).unwrap();
    std::fs::write(
        &hook,
        "#!/bin/sh\n# Runs on: the new server, as root\nset -eu\nmkdir -p /srv/hooked; cd /srv/hooked\n\
         [ -e once ] || { touch once; echo no luck yet; exit 7; }\necho \"$current_role of $environment\" >told\n",
    )
    .unwrap();
    std::fs::set_permissions(&hook, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();

    let mut failing = bare.program("apply new-server staging --role cache --keep-failed --yes --json");
    let output = failing.output().unwrap();
    let lines: Vec<Value> = String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(|line| serde_json::from_str(line).ok())
        .collect();
    let began = lines.iter().find(|object| object["event"] == "run").unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        !output.status.success() && text.contains("no luck yet") && text.contains("ended with 7"),
        "{text}"
    );
    let (pending, address) = bare.of_role("cache-PENDING");
    let steps = began["plan"]["steps"].as_array().unwrap().clone();
    let told = run(&bare, &format!("runs resume {} --yes", began["id"].as_str().unwrap()), None);
    assert_eq!(told.state, "done", "{:?}", told.lines);
    let (id, _) = bare.of_role("cache");
    assert_eq!(id, pending, "gone on with, not made anew");
    let on = |command: &str| bare.on(&id, command).trim().to_owned();
    assert_eq!(on("cat /srv/hooked/told"), "cache of staging");

    // What is logged arrives, the system's own and that of a file.
    let arrives = |words: &str| {
        let line = || told_of_logs.recv_timeout(std::time::Duration::from_secs(60)).ok();
        std::iter::from_fn(line).take(10_000).any(|told| told.contains(words))
    };
    on("logger -t shop hello from the cache");
    assert!(arrives("hello from the cache"));
    on("echo 7 rows imported >>/var/log/imports.log");
    assert!(arrives("imports 7 rows imported"));

    for (name, spoil, why, mend) in SPOILED {
        on(&format!("{{ {spoil}; }} >/dev/null 2>&1; :"));
        let (said, well) = part(&bare, &id, script(&steps, name), PASSWORD);
        assert!(!well && said.contains(why), "{name}: {said}");
        on(&format!("{{ {mend}; }} >/dev/null 2>&1; :"));
        let (said, well) = part(&bare, &id, script(&steps, name), PASSWORD);
        assert!(well, "{name}: {said}");
        let (said, well) = part(&bare, &id, script(&steps, name), PASSWORD);
        assert!(well && said.contains("already so: "), "{name}: {said}");
    }

    // A mirror that is down is waited for until it is back.
    on(
        "echo 'Acquire::http::Proxy \"http://127.0.0.1:9\"; Acquire::https::Proxy \"http://127.0.0.1:9\";' >/etc/apt/apt.conf.d/zz-down; \
        rm /var/lib/quarterdeck/build/lists; \
        setsid sh -c 'sleep 12; rm /etc/apt/apt.conf.d/zz-down' >/dev/null 2>&1 & :",
    );
    let (said, well) = part(&bare, &id, script(&steps, "packages"), PASSWORD);
    assert!(
        well && said.contains("a mirror of packages does not answer: waiting") && said.contains("done: "),
        "{said}"
    );

    // The image's own user goes once somebody of the project has come in, not before.
    let lock = || part(&bare, &id, script(&steps, "image-user"), PASSWORD).0;
    let said = lock();
    assert!(said.contains("nobody of the project has logged in"), "{said}");
    assert!(comes_in(&key, "ana", &address));
    on("pkill -u ubuntu sshd; :");
    let said = lock();
    assert!(said.contains("locked ubuntu") && said.contains("ana comes in"), "{said}");
    assert!(comes_in(&key, "ana", &address) && !comes_in(&bare.lab.dir.join("key"), "ubuntu", &address));
    assert!(lock().contains("already so: "));
}
