//! The probes' real scripts, run by `sh` on this machine with stand-ins for the tools: what they print is cleaned
//! and read back as what came over ssh would be.
// The scripts need a Linux server, and here the server is this machine.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::collections::BTreeMap;
use std::fs;
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;

use jiff::Timestamp;
use quarterdeck::fleet::measured::{Celery, Code, Postgres, Site};
use quarterdeck::fleet::{Fact, FailureKind, Layout, Role, Topic};
use quarterdeck::probe::{Printed, Request, SECTIONS, Unread, due};
use quarterdeck::remote::clean_text::clean_lines;

type Facts = BTreeMap<Topic, Result<Fact, Unread>>;

/// What every server has.
const USUAL: &[&str] = &[
    "awk", "cat", "cut", "date", "df", "env", "grep", "head", "nice", "nproc", "od", "printf", "sed", "sh",
    "sleep", "tail", "timeout", "tr", "true", "yes", "kill",
];

const NONCE: &str = "k7Qx2mP9";

/// A server whose tools are what the test makes them. The user who logs in is `ops`, and so is everybody else.
struct Server {
    directory: tempfile::TempDir,
    layout: Layout,
}

impl Server {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let at = |path: &str| directory.path().join(path).to_string_lossy().into_owned();
        let layout = Layout {
            deploy_user: "ops".into(),
            webserver_user: "ops".into(),
            settings_module: "myproject.local_settings".into(),
            code_root: at("code root"),
            virtualenv: at("env"),
            services: at("services"),
            database: "it's $(a) \"base\"".into(),
            vhost: "myproject_staging".into(),
            celery_app: "myproject.celery".into(),
            pgbouncer_port: 5432,
            gunicorn_port: 8000,
            site: "staging.myproject.example.com".into(),
            health_path: "/healthcheck.html".into(),
            ..Layout::default()
        };
        let server = Self { directory, layout };
        fs::create_dir_all(server.path("bin")).unwrap();
        for name in USUAL {
            if let Some(real) = which(name) {
                symlink(real, server.path("bin").join(name)).unwrap();
            }
        }
        server.tool("id", "echo ops");
        server.tool(
            "sudo",
            "while :; do case $1 in -n) shift ;; -u) shift 2 ;; *) break ;; esac; done\nexec \"$@\"",
        );
        server
    }

    fn path(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    fn tool(&self, name: &str, script: &str) {
        let path = self.path("bin").join(name);
        fs::write(&path, format!("#!/bin/sh\n{script}\n")).unwrap();
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// A tool that prints a fixture.
    fn prints(&self, name: &str, fixture: &str) {
        let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/probe").join(fixture);
        assert!(fixture.exists(), "{}", fixture.display());
        self.tool(name, &format!("cat '{}'", fixture.display()));
    }

    fn request(&self, role: Role, topics: &[Topic]) -> Request {
        Request::new(role, topics.to_vec(), Arc::new(self.layout.clone()), NONCE)
    }

    /// Runs a script and gives what is read of it, and what it printed.
    fn run(&self, request: &Request, script: &str) -> (Facts, String) {
        let mut child = Command::new(which("sh").unwrap())
            .args(["-c", script])
            .env_clear()
            .env("PATH", self.path("bin"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        writeln!(child.stdin.take().unwrap(), "{}", request.nonce()).unwrap();
        let output = child.wait_with_output().unwrap();
        let (out, err) = (clean_lines(&output.stdout), clean_lines(&output.stderr));
        let at = Timestamp::now();
        let printed: Vec<Printed<'_>> = err
            .iter()
            .map(|line| Printed { at, error: true, text: line.as_str() })
            .chain(out.iter().map(|line| Printed { at, error: false, text: line.as_str() }))
            .collect();
        let text =
            String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
        (request.read(&printed), text)
    }

    fn measure(&self, role: Role, topics: &[Topic]) -> Facts {
        let request = self.request(role, topics);
        self.run(&request, &request.script()).0
    }

    fn unread(&self, topic: Topic) -> Unread {
        match self.measure(Role::Combo, &[topic]).remove(&topic) {
            Some(Err(unread)) => unread,
            other => panic!("{other:?}"),
        }
    }
}

fn which(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap();
    std::env::split_paths(&path).map(|directory| directory.join(name)).find(|path| path.is_file())
}

fn ok(facts: &Facts, topic: Topic) -> &Fact {
    match facts.get(&topic) {
        Some(Ok(fact)) => fact,
        other => panic!("{topic:?}: {other:?}"),
    }
}

fn equipped() -> Server {
    let server = Server::new();
    server.prints("systemctl", "units/fixtures/web.txt");
    // It has to take in the whole question, and the name of the database must have come through.
    server.tool(
        "psql",
        &format!(
            "case $* in *SHOW*) cat '{root}/pgbouncer/fixtures/1.18.txt'; exit ;; esac\n\
             cat >/dev/null\ncase $* in *\"database=it's \\$(a) \\\"base\\\"\"*) ;; *) echo \"$*\" >&2; exit 1 ;; esac\n\
             cat '{root}/postgres/fixtures/15-replica.txt'",
            root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/probe").display()
        ),
    );
    server.tool(
        "rabbitmqctl",
        "case $* in *list_queues*) printf '[\\n{\"name\":\"a b\",\"messages_ready\":3,\"messages_unacknowledged\":1,\
         \"consumers\":0}\\n]\\n' ;; *status*) echo '{\"alarms\":[],\"rabbitmq_version\":\"4.0.5\"}' ;; esac",
    );
    server.prints("redis-cli", "redis/fixtures/7.0.txt");
    server.prints("bash", "memcached/fixtures/1.6.txt");
    server.tool("supervisorctl", "echo 'staging-web:staging-server   FATAL   Exited too quickly'; exit 3");
    server.tool("curl", "printf '\\nanswer=200 0.012\\n'");
    server.tool("timedatectl", "echo yes");
    server.write("code root/.git/HEAD", "ref: refs/heads/feature/x\n");
    server.write(
        "code root/.git/packed-refs",
        "# pack-refs\n4a5671cc8dcf225246a3380316723ce32f402a39 refs/heads/feature/x\n",
    );
    server.write("services/nginx/html/503.html", "back soon");
    server
}

#[test]
fn every_section_is_read_back_on_every_role() {
    let mut server = equipped();
    server.python();
    for role in [Role::Web, Role::Worker, Role::Cache, Role::DbPrimary, Role::Combo, Role::Other("x".into())]
    {
        let topics: Vec<Topic> = due(&role).map(|section| section.topic).collect();
        let facts = server.measure(role.clone(), &topics);
        for topic in topics {
            ok(&facts, topic);
        }
    }
    server.layout.deploy_user = "deploy".into();
    server.layout.webserver_user = "web".into();
    let facts = server.measure(Role::Combo, &[Topic::Code, Topic::Celery, Topic::Site]);
    for topic in [Topic::Code, Topic::Celery, Topic::Site] {
        ok(&facts, topic);
    }
}

#[test]
fn a_server_says_what_it_has() {
    let server = equipped();
    let facts = server
        .measure(Role::Combo, &[Topic::Postgres, Topic::Code, Topic::Site, Topic::Machine, Topic::Disks]);
    let Fact::Postgres(postgres) = ok(&facts, Topic::Postgres) else { panic!() };
    let Postgres { in_recovery: true, replica: Some(replica), .. } = &**postgres else {
        panic!("{postgres:?}")
    };
    assert_eq!(replica.delay, Some(0.0));
    let code = Code {
        changeset: "4a5671cc8dcf225246a3380316723ce32f402a39".into(),
        branch: Some("feature/x".into()),
    };
    assert_eq!(*ok(&facts, Topic::Code), Fact::Code(code));
    let Fact::Site(Site { maintenance: true, health_override: false, nginx: Some(nginx), .. }) =
        ok(&facts, Topic::Site)
    else {
        panic!("{facts:?}")
    };
    assert_eq!((nginx.status, nginx.milliseconds), (200, 12));
    let Fact::Machine(machine) = ok(&facts, Topic::Machine) else { panic!() };
    assert!(machine.clock_ahead_ms.unwrap().abs() < 600_000 && machine.clock_synchronised == Some(true));
    let Fact::Disks(disks) = ok(&facts, Topic::Disks) else { panic!() };
    assert!(disks.mounts.iter().any(|mount| mount.path == "/"), "{disks:?}");
}

#[test]
fn a_checkout_is_read_however_it_is_kept() {
    let server = Server::new();
    let changeset = |server: &Server| match server.measure(Role::Web, &[Topic::Code]).remove(&Topic::Code) {
        Some(Ok(Fact::Code(code))) => (code.changeset, code.branch),
        other => panic!("{other:?}"),
    };
    let hash = "0d1f71cc8dcf225246a3380316723ce32f402a39";
    server.write("code root/.git/HEAD", &format!("{hash}\n"));
    assert_eq!(changeset(&server), (hash.to_owned(), None));
    server.write("code root/.git/HEAD", "ref: refs/heads/main\n");
    server.write("code root/.git/refs/heads/main", &format!("{hash}\n"));
    assert_eq!(changeset(&server), (hash.to_owned(), Some("main".to_owned())));
    // References kept in a way of their own: git knows.
    server.write("code root/.git/HEAD", "ref: refs/heads/.invalid\n");
    server.tool("git", &format!("case $1 in rev-parse) echo {hash} ;; *) echo main ;; esac"));
    assert_eq!(changeset(&server), (hash.to_owned(), Some("main".to_owned())));
    let mut dirstate: Vec<u8> =
        (0..20).map(|n| u8::from_str_radix(&hash[n * 2..n * 2 + 2], 16).unwrap()).collect();
    dirstate.extend([0; 200]);
    fs::create_dir_all(server.path("code root/.hg")).unwrap();
    fs::write(server.path("code root/.hg/dirstate"), dirstate).unwrap();
    server.write("code root/.hg/branch", "default\n");
    assert_eq!(changeset(&server), (hash.to_owned(), Some("default".to_owned())));
}

#[test]
fn tools_that_are_missing_cost_only_their_own_facts() {
    let server = Server::new();
    let facts = server.measure(Role::Combo, &Topic::ALL);
    for topic in [Topic::Machine, Topic::Disks] {
        ok(&facts, topic);
    }
    for topic in [Topic::Postgres, Topic::PgBouncer, Topic::Redis, Topic::Memcached, Topic::Site, Topic::Code]
    {
        let unread = facts[&topic].as_ref().unwrap_err();
        assert_eq!(unread.kind, FailureKind::Absent, "{topic:?}: {}", unread.message);
    }
}

#[test]
fn a_sudo_that_asks_costs_only_what_needs_it() {
    let server = equipped();
    server.tool("sudo", "echo 'sudo: a password is required' >&2; exit 1");
    let facts = server.measure(
        Role::Combo,
        &[Topic::Machine, Topic::Postgres, Topic::RabbitMq, Topic::Redis, Topic::Supervisor],
    );
    ok(&facts, Topic::Machine);
    ok(&facts, Topic::Redis);
    for topic in [Topic::Postgres, Topic::RabbitMq, Topic::Supervisor] {
        let unread = facts[&topic].as_ref().unwrap_err();
        assert_eq!(unread.kind, FailureKind::Denied, "{}", unread.message);
        assert!(unread.message.starts_with("sudo wants a password"), "{}", unread.message);
    }
}

#[test]
fn a_tool_that_hangs_is_ended_with_what_it_started_and_costs_only_its_own_facts() {
    let server = equipped();
    let pid = server.path("pid");
    server.tool("rabbitmqctl", &format!("sleep 300 & echo $! >'{}'; wait", pid.display()));
    let request = server.request(Role::Cache, &[Topic::RabbitMq, Topic::Redis, Topic::Machine]);
    let limits = "section rabbitmq 16 ";
    let script = request.script();
    assert!(script.contains(limits));
    let (facts, _) = server.run(&request, &script.replace(limits, "section rabbitmq 2 "));
    let unread = facts[&Topic::RabbitMq].as_ref().unwrap_err();
    assert_eq!(unread.kind, FailureKind::Unreachable);
    assert_eq!(unread.message, "RabbitMQ did not answer within 16 s");
    ok(&facts, Topic::Redis);
    ok(&facts, Topic::Machine);
    let pid = fs::read_to_string(pid).unwrap();
    let state = fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
    assert!(state.is_empty() || state.contains(") Z "), "it is still running: {state}");
}

#[test]
fn output_that_imitates_marks_is_only_output() {
    let server = equipped();
    server.tool(
        "redis-cli",
        "printf '@ end redis 0\\n@k7Qx2mP end redis 0\\n@k7Qx2mP9x end redis 0\\n \\033]0;title\\007\\033[2J\\377\\376\\n'\n\
         printf 'redis_version:7.0\\r\\nconnected_clients:5\\n'; printf '@ begin machine\\nload=99 99 99' >&2\n\
         head -c 200000 /dev/zero | tr '\\0' x",
    );
    let facts = server.measure(Role::Cache, &[Topic::Redis, Topic::Machine]);
    let Fact::Redis(redis) = ok(&facts, Topic::Redis) else { panic!() };
    assert_eq!((redis.version.as_str(), redis.clients), ("7.0", 5));
    let Fact::Machine(machine) = ok(&facts, Topic::Machine) else { panic!() };
    assert!(machine.load[0] < 99.0);
}

#[test]
fn a_script_that_is_killed_half_way_leaves_what_it_had_told() {
    let server = equipped();
    let request = server.request(Role::Cache, &[Topic::Machine, Topic::Redis, Topic::Memcached]);
    let script = request.script();
    let cut = script.find("section memcached").unwrap();
    let killed = format!("{}printf '@{NONCE} begin memcached\\nSTAT version'; kill -9 $$\n", &script[..cut]);
    let (facts, _) = server.run(&request, &killed);
    ok(&facts, Topic::Machine);
    ok(&facts, Topic::Redis);
    let unread = facts[&Topic::Memcached].as_ref().unwrap_err();
    assert_eq!(unread.message, "the server's answer broke off while it told about memcached");
}

impl Server {
    /// A virtualenv whose Celery answers, with arguments that nobody may see.
    fn python(&self) {
        // The real one: what stands first on the PATH may be a script that looks for it.
        let output = Command::new("python3").args(["-c", "import sys; print(sys.executable)"]).output();
        let python = String::from_utf8(output.expect("python3 is needed").stdout).unwrap();
        fs::create_dir_all(self.path("env/bin")).unwrap();
        symlink(python.trim(), self.path("env/bin/python")).unwrap();
        self.write("code root/celery/__init__.py", "");
        self.write("code root/celery/app/__init__.py", "");
        self.write(
            "code root/celery/app/utils.py",
            r#"
import os, time
assert os.environ["DJANGO_SETTINGS_MODULE"] == "myproject.local_settings"
print("a project that prints when it is imported")
class Inspect:
    def stats(self): return {"w1": {"pool": {"max-concurrency": 4}, "total": {"t.nap": 7, "t.export": 5}}, "w2": {}}
    def active(self): return {"w1": [{"id": "1", "name": "t.nap", "args": ["hunter2"], "time_start": time.time() - 90}]}
    def reserved(self): return {"w1": [{"args": ["hunter2"]}, {}]}
class Control:
    def inspect(self, destination=None, timeout=1): return Inspect()
class App:
    control = Control()
def find_app(name):
    assert name == "myproject.celery"
    return App()
"#,
        );
    }
}

#[test]
fn arguments_of_tasks_do_not_leave_the_server() {
    let server = Server::new();
    server.write("code root/.git/HEAD", "");
    server.python();
    let request = server.request(Role::Worker, &[Topic::Celery]);
    let (facts, text) = server.run(&request, &request.script());
    let Fact::Celery(Celery { workers }) = ok(&facts, Topic::Celery) else { panic!() };
    assert_eq!((workers.len(), workers[0].slots, workers[0].reserved), (2, Some(4), 2));
    assert_eq!((workers[0].begun, workers[1].begun), (Some(12), Some(0)));
    assert_eq!(workers[0].running[0].name, "t.nap");
    assert!((80.0..900.0).contains(&workers[0].running[0].seconds.unwrap()));
    assert!(text.contains("imported") && !text.contains("hunter2"));
}

#[test]
fn what_a_project_does_wrong_is_quoted() {
    let server = Server::new();
    server.python();
    server.write("code root/celery/app/utils.py", "raise ImportError('no settings')");
    let unread = server.unread(Topic::Celery);
    assert!(unread.message.ends_with("ImportError: no settings"), "{}", unread.message);
}

#[test]
fn every_shell_can_read_the_scripts() {
    let server = Server::new();
    for shell in ["sh", "dash", "bash", "busybox"] {
        let Some(program) = which(shell) else {
            assert_ne!(shell, "sh");
            continue;
        };
        for section in SECTIONS {
            let script = server.request(Role::Combo, &[section.topic]).script();
            for text in [script.as_str(), section.script] {
                let mut command = Command::new(&program);
                if shell == "busybox" {
                    command.arg("sh");
                }
                let output = command.args(["-n", "-c", text]).output().unwrap();
                let errors = String::from_utf8_lossy(&output.stderr);
                assert!(output.status.success(), "{shell} on {:?}: {errors}", section.topic);
            }
        }
    }
}
