//! What a server is given last: the image's own user is locked, the kernel is told, logs are shipped, hooks are run. The tools
//! pretend, and everything lies below a directory.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;

use super::{Server, building, text};
use crate::fleet::{BuildPlace, LogFilePlace, LogsPlace, Person, Role};
use crate::recipe::build::{self, Part};

const TOOLS: [(&str, &str); 14] = [
    ("journalctl", r#"cat "$HERE/journal" 2>/dev/null || :"#),
    ("ps", r#"cat "$HERE/sessions" 2>/dev/null || :"#),
    (
        "getent",
        r#"case $1 in passwd) echo "$2:x:1000:1000::$HERE/home/$2:/bin/sh" ;; shadow) echo "$2:!:1:::::$(cat "$HERE/expired" 2>/dev/null):" ;; esac"#,
    ),
    ("id", "case $2 in ubuntu|ana|bob) echo 1000 ;; *) exit 1 ;; esac"),
    ("usermod", r#"echo "usermod $*" >>"$HERE/log"; echo 1 >"$HERE/expired""#),
    ("runuser", r#"[ "$2" != bob ]"#),
    ("systemd-detect-virt", "[ -e \"$HERE/contained\" ]"),
    (
        "sysctl",
        r#"case $1 in -n) cat "$HERE/kernel/$2" 2>/dev/null || echo 0 ;; *) echo "${3#*=}" >"$HERE/kernel/${3%%=*}" ;; esac"#,
    ),
    ("chown", ":"),
    ("rsyslogd", r#"grep -q broken "$HERE"/etc/rsyslog.d/* && { echo 'error: broken'; exit 1; }; :"#),
    ("systemctl", r#"[ "$1" != is-active ] || exit 0; echo "systemctl $*" >>"$HERE/log""#),
    ("dpkg-query", "echo installed"),
    ("apt-cache", "exit 1"),
    ("curl", r#"echo "curl $*" >>"$HERE/log"; exit 22"#),
];

fn server() -> Server {
    let server = Server::new();
    for (tool, body) in TOOLS {
        server.tool(&format!("bin/{tool}"), body);
    }
    for place in
        ["state", "kernel", "etc/sysctl.d", "etc/rsyslog.d", "home/ubuntu/.ssh", "home/ana/.ssh", "opt"]
    {
        fs::create_dir_all(server.at(place)).unwrap();
    }
    server
}

fn people() -> [Person; 1] {
    [Person { user: "ana".into(), full_name: String::new(), keys: vec!["ssh-ed25519 A ana".into()] }]
}

/// Runs a part as it is after the guard, below the directory.
fn run(server: &Server, part: &Part, told: &str) -> (String, bool) {
    let here = server.directory.path().display().to_string();
    let script = building::unguarded(&part.script, &here);
    let script = ["/etc/sysctl.d", "/etc/rsyslog.d", "/etc/apparmor.d", "/opt/aws"]
        .iter()
        .fold(script, |script, place| script.replace(place, &format!("{here}{place}")));
    let output = server.run(&format!("{told}\n{script}"));
    (text(&output.stdout) + &text(&output.stderr), output.status.success())
}

fn part(server: &Server, role: &Role, build: &BuildPlace, name: &str) -> Part {
    let people = people();
    let plot = building::plot_of(&server.layout, build, &people);
    let all =
        build::parts(role, &plot).into_iter().chain(build::people(&plot)).chain(build::logs(role, &plot));
    all.into_iter().find(|part| part.name == name).unwrap()
}

#[test]
fn the_images_user_stays_until_somebody_of_the_project_has_come_in_and_can_become_root() {
    let server = server();
    let lock = part(&server, &Role::Cache, &BuildPlace::default(), "image-user");
    let keys = server.at("home/ubuntu/.ssh/authorized_keys");
    fs::write(&keys, "key of the first contact").unwrap();
    fs::write(server.at("home/ana/.ssh/authorized_keys2"), "ssh-ed25519 A ana").unwrap();
    let stays = |why: &str| {
        let (said, well) = run(&server, &lock, "");
        assert!(well && said.contains(why) && said.contains("already so: ") && keys.exists(), "{said}");
        assert!(!server.at("log").exists());
    };
    stays("nobody of the project has logged in");
    // Somebody else's login, and one that cannot become root, prove nothing.
    fs::write(
        server.at("journal"),
        "Accepted publickey for ubuntu from 10.0.0.1 port 1 ssh2\nAccepted publickey for bob from 10.0.0.1\n",
    )
    .unwrap();
    stays("nobody of the project has logged in");
    fs::write(
        server.at("journal"),
        "Accepted publickey for ana from 10.0.0.1 port 1 ssh2: ED25519 SHA256:x\n",
    )
    .unwrap();
    fs::write(server.at("sessions"), "sshd: ubuntu@notty\nsshd: /usr/sbin/sshd -D\n").unwrap();
    stays("maybe you");
    fs::write(server.at("sessions"), "sshd-session: ana@notty\n").unwrap();
    let (said, well) = run(&server, &lock, "");
    assert!(
        well && said.contains("locked ubuntu") && said.contains("ana comes in") && !keys.exists(),
        "{said}"
    );
    assert_eq!(fs::read_to_string(server.at("log")).unwrap(), "usermod -L -e 1 ubuntu\n");
    let (said, well) = run(&server, &lock, "");
    assert!(well && said.contains("already so: "), "{said}");
}

#[test]
fn the_images_user_stays_where_the_key_of_whoever_came_in_is_gone() {
    let server = server();
    let lock = part(&server, &Role::Cache, &BuildPlace::default(), "image-user");
    fs::write(server.at("journal"), "Accepted publickey for ana from 10.0.0.1 port 1 ssh2\n").unwrap();
    let (said, well) = run(&server, &lock, "");
    assert!(well && said.contains("nobody of the project has logged in"), "{said}");
}

#[test]
fn the_kernel_is_told_once_and_where_it_is_not_the_servers_own_that_is_said() {
    let server = server();
    let kernel = part(&server, &Role::Cache, &BuildPlace::default(), "kernel");
    let (said, well) = run(&server, &kernel, "");
    assert!(
        well && said.contains("vm.overcommit_memory is 1, and was 0") && said.contains("done: "),
        "{said}"
    );
    assert_eq!(fs::read_to_string(server.at("kernel/net.core.somaxconn")).unwrap(), "4096\n");
    let (said, well) = run(&server, &kernel, "");
    assert!(well && said.contains("already so: "), "{said}");
    fs::write(server.at("kernel/vm.swappiness"), "60\n").unwrap();
    fs::write(server.at("contained"), "").unwrap();
    let (said, well) = run(&server, &kernel, "");
    assert!(well && said.contains("the kernel is the machine's") && said.contains("already so: "), "{said}");
    assert_eq!(fs::read_to_string(server.at("kernel/vm.swappiness")).unwrap(), "60\n");
    fs::remove_file(server.at("contained")).unwrap();
    // Promised more strictly than it is promised by now, nothing could start any more.
    fs::write(server.at("kernel/vm.overcommit_ratio"), "90\n").unwrap();
    let database = part(&server, &Role::DbPrimary, &BuildPlace::default(), "kernel");
    let tight = "awk() { case \"$*\" in *promised*) return 1 ;; *) command awk \"$@\" ;; esac; }";
    let (said, well) = run(&server, &database, tight);
    assert!(well && said.contains("vm.overcommit_memory stays 1 until the next boot"), "{said}");
    let roles = [Role::Web, Role::Worker];
    let none = |role: &Role| {
        let (build, people) = (BuildPlace::default(), people());
        build::parts(role, &building::plot_of(&server.layout, &build, &people))
            .iter()
            .all(|part| part.name != "kernel")
    };
    assert!(roles.iter().all(none));
}

fn shipping(change: impl FnOnce(&mut LogsPlace)) -> BuildPlace {
    let mut logs = LogsPlace {
        deployment: "myproject".into(),
        region: "eu-west-1".into(),
        files: vec![LogFilePlace { tag: "imports".into(), path: "/var/log/imports/*.log".into() }],
        ..LogsPlace::default()
    };
    change(&mut logs);
    BuildPlace { logs, ..BuildPlace::default() }
}

#[test]
fn logs_go_where_the_config_says_in_rsyslogs_words_and_what_it_cannot_read_is_refused() {
    let server = server();
    let ships = |address: &str, gelf: Option<&str>| {
        let build = shipping(|logs| {
            logs.syslog = (!address.is_empty()).then(|| address.to_owned());
            logs.gelf = gelf.map(ToOwned::to_owned);
        });
        part(&server, &Role::Cache, &build, "syslog")
    };
    let written = || fs::read_to_string(server.at("etc/rsyslog.d/my project-staging.conf")).unwrap();
    let (said, well) = run(&server, &ships("logs.example.com:1234", None), "");
    assert!(well && said.contains("done: "), "{said}");
    let conf = written();
    assert!(conf.ends_with("*.* @logs.example.com:1234\n"), "{conf}");
    assert!(
        conf.contains("File=\"/var/log/imports/*.log\" Tag=\"imports\"")
            && conf.contains("/var/log/redis/redis*.log")
    );
    let (said, well) = run(&server, &ships("logs.example.com:1234", None), "");
    assert!(well && said.contains("already so: "), "{said}");
    // A line of rsyslog's own is taken as it is.
    assert!(run(&server, &ships("*.* @@logs.example.com:6514", None), "").1);
    assert!(written().ends_with("*.* @@logs.example.com:6514\n"));
    assert!(run(&server, &ships("", Some("graylog.example.com")), "").1);
    let gelf = written();
    assert!(gelf.contains("target=\"graylog.example.com\" port=\"12201\" protocol=\"udp\""), "{gelf}");
    assert!(gelf.contains(r#"{\"version\":\"1.1\",\"host\":\""#), "{gelf}");
    let (said, well) = run(&server, &ships("*.* @@broken(", None), "");
    assert!(!well && said.contains("error: broken") && said.contains("See syslog_server"), "{said}");
}

#[test]
fn the_key_of_cloudwatch_goes_into_a_file_that_only_root_reads_and_an_agent_that_does_not_come_says_so() {
    let server = server();
    let build = shipping(|logs| logs.cloudwatch_key = Some("AKIA123".into()));
    let ships = part(&server, &Role::Cache, &build, "awslogs");
    assert_eq!(ships.secrets, ["awslogs_secret_access_key"]);
    let (said, well) = run(&server, &ships, "");
    assert!(!well && said.contains("it is asked for"), "{said}");
    let (said, well) = run(&server, &ships, "awslogs_secret_access_key=hush");
    assert!(
        !well && said.contains("could not be fetched from https://amazoncloudwatch-agent-eu-west-1"),
        "{said}"
    );
    server.tool(
        "opt/aws/amazon-cloudwatch-agent/bin/amazon-cloudwatch-agent-ctl",
        r#"echo "ctl $*" >>"$HERE/log""#,
    );
    let (said, well) = run(&server, &ships, "awslogs_secret_access_key=hush");
    assert!(well && !said.contains("hush"), "{said}");
    let at = |name: &str| server.at(&format!("opt/aws/amazon-cloudwatch-agent/etc/{name}"));
    let credentials = at("quarterdeck-credentials");
    assert_eq!(fs::metadata(&credentials).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(fs::read_to_string(credentials).unwrap().contains("aws_secret_access_key = hush"));
    let settings: serde_json::Value =
        serde_json::from_str(&fs::read_to_string(at("quarterdeck.json")).unwrap()).unwrap();
    let list = settings["logs"]["logs_collected"]["files"]["collect_list"].as_array().unwrap();
    assert!(list.iter().all(|one| one["log_group_name"] == "myproject-staging-cache"), "{list:?}");
    assert!(!fs::read_to_string(server.at("log")).unwrap().contains("hush"));
    let (said, well) = run(&server, &ships, "awslogs_secret_access_key=hush");
    assert!(well && said.contains("already so: "), "{said}");
}

#[test]
fn r20_a_hook_is_told_where_it_is_and_one_that_fails_says_how_and_leaves_nothing_behind() {
    let server = server();
    let (build, people) = (BuildPlace::default(), people());
    let plot = building::plot_of(&server.layout, &build, &people);
    let hook = build::hook("post_bootstrap", "deployment/hooks/post_bootstrap", &Role::Worker, &plot);
    let (said, well) = run(
        &server,
        &hook,
        "hook='#!/bin/sh\n# Runs on: the server\necho \"$current_role of $environment\"'",
    );
    assert!(
        well && said.contains("worker of staging")
            && said.contains("done: run deployment/hooks/post_bootstrap"),
        "{said}"
    );
    let (said, well) = run(&server, &hook, "hook='#!/bin/sh\necho no such package; exit 3'");
    assert!(!well && said.contains("no such package") && said.contains("ended with 3"), "{said}");
    assert!(fs::read_dir(server.at("state")).unwrap().next().is_none());
}
