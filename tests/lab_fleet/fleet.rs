//! An environment for one test: hosts, the cloud that knows them, and the program in the project's folder.
//!
//! Bringing hosts up takes longer than most tests. So there are three environments which tests take in turns, each alone;
//! they stay up until `tests/lab/hosts nuke` or `tests/lab/environment down`.

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::cloud::Endpoint;
use crate::lab::{Lab, folder, within};
use crate::terminal::{Start, Terminal};

/// How many tests have an environment at a time.
const FLEETS: u32 = 3;

/// Undoes what a test did to a host.
type Undo = Box<dyn FnOnce(&Fleet)>;

/// An environment that nobody else has.
pub struct Fleet {
    pub lab: Lab,
    name: String,
    shown: Value,
    endpoint: Endpoint,
    instances: RefCell<BTreeMap<String, String>>,
    /// The project's folder, and the home of whoever runs the program.
    pub dir: tempfile::TempDir,
    touched: Cell<bool>,
    /// Its cloud boots hosts for what is launched, and its load balancers ask the servers.
    lives: bool,
    undo: RefCell<Vec<Undo>>,
    _lock: File,
}

impl Fleet {
    /// One of the environments, with all of it answering. None if there is no lab here.
    pub fn take() -> Option<Self> {
        Self::take_as(false)
    }

    /// The same, where instances that are launched boot as hosts, and load balancers ask the servers. It is not kept for
    /// another test.
    pub fn take_living() -> Option<Self> {
        Self::take_as(true)
    }

    fn take_as(lives: bool) -> Option<Self> {
        let lab = Lab::find()?;
        let (name, number, lock) = within(900, "an environment that nobody else has", || {
            (1..=FLEETS).find_map(|n| Some((format!("fleet{n}"), n, lab.lock(&format!(".fleet{n}"))?)))
        });
        let clean = lab.dir.join("environments").join(&name).join("clean");
        // Whoever had it last says in what state it was left. Without a word, or an answer in time, it is made anew.
        let known = std::fs::read_to_string(&clean).is_ok_and(|said| {
            let asked: &[&str] =
                if said == "as it was" { &["intact", &name] } else { &["ready", &name, "60"] };
            lab.try_run("environment", asked).is_ok()
        });
        let _ = std::fs::remove_file(clean);
        if !known {
            let number = (100 + number).to_string();
            lab.run("environment", &["up", &name, &number]);
        }
        let shown: Value = serde_json::from_str(&lab.run("environment", &["show", &name])).unwrap();
        let arguments = ["--hosts", name.as_str()];
        let endpoint = Endpoint::start_with(if lives { &arguments } else { &[] });
        let fleet = Self {
            instances: RefCell::default(),
            dir: tempfile::tempdir().unwrap(),
            touched: Cell::new(false),
            lives,
            undo: RefCell::default(),
            _lock: lock,
            lab,
            name,
            shown,
            endpoint,
        };
        fleet.learn(&[]);
        fleet.write_project();
        Some(fleet)
    }

    /// Puts servers into the cloud, with what EC2 shows of their consoles.
    fn learn(&self, arguments: &[&str]) {
        let mut child = Command::new(&self.endpoint.python)
            .arg(folder().join("cloud.py"))
            .args(arguments)
            .env("PYTHONPATH", folder().with_file_name("cloud"))
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("AWS_ENDPOINT_URL", self.endpoint.url())
            .env("NO_PROXY", "127.0.0.1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(self.shown.to_string().as_bytes()).unwrap();
        let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
        assert!(status.success(), "cloud.py: {}", String::from_utf8_lossy(&stderr));
        let made: BTreeMap<String, String> = serde_json::from_slice(&stdout).unwrap();
        for (host, id) in &made {
            self.lab.run("hosts", &["instance", &format!("{}-{host}", self.name), id]);
        }
        let consoles = made.iter().map(|(host, id)| (id.clone(), json!(self.tell("console", host))));
        self.endpoint.own("POST", "/_test/consoles", &Value::Object(consoles.collect()).to_string());
        self.instances.borrow_mut().extend(made);
    }

    fn write_project(&self) {
        let dir = self.dir.path();
        let template = "deployment/templates/local_settings.py";
        std::fs::create_dir_all(dir.join(template).parent().unwrap()).unwrap();
        for file in ["fabulaws-config.yml", "fabsecrets_staging.py", template] {
            std::fs::copy(folder().join("project").join(file), dir.join(file)).unwrap();
        }
        std::fs::write(dir.join("ssh_config"), "IdentityAgent none\n").unwrap();
    }

    /// The cloud that knows its servers.
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// The host of an instance that was launched, in the lab's own words.
    pub fn host_of(&self, instance: &str) -> String {
        format!("{}-{instance}", self.name)
    }

    /// The project's name, which is also the deployment's.
    pub fn project(&self) -> &str {
        self.shown["project"].as_str().unwrap()
    }

    /// What workers and web servers have checked out.
    pub fn changeset(&self) -> &str {
        self.shown["changeset"].as_str().unwrap()
    }

    /// Where a host is.
    pub fn address(&self, host: &str) -> &str {
        self.shown["hosts"][host]["address"].as_str().unwrap()
    }

    /// The instance that a host is.
    pub fn instance(&self, host: &str) -> String {
        self.instances.borrow()[host].clone()
    }

    /// What the kit does to a host: `freeze`, `thaw`, `cut`, `heal`, `kill`, `reboot`, `stop`, `console`.
    #[track_caller]
    pub fn tell(&self, what: &str, host: &str) -> String {
        self.lab.run("hosts", &[what, &format!("{}-{host}", self.name)])
    }

    /// A shell command inside a host as root, without ssh.
    #[track_caller]
    pub fn inside(&self, host: &str, command: &str) -> String {
        self.try_inside(host, command).unwrap_or_else(|why| panic!("{why}"))
    }

    /// The same, which may fail.
    pub fn try_inside(&self, host: &str, command: &str) -> Result<String, String> {
        self.lab.try_run("hosts", &["exec", &format!("{}-{host}", self.name), "sh", "-c", command])
    }

    /// A statement on a database server; rows as lines, columns parted by `|`.
    #[track_caller]
    pub fn sql(&self, host: &str, database: &str, statement: &str) -> String {
        let text =
            self.inside(host, &format!("runuser -u postgres -- psql -XAtq -d {database} -c '{statement}'"));
        text.trim().to_owned()
    }

    /// Python on the worker, with the project's tasks and Celery at hand.
    #[track_caller]
    pub fn python(&self, code: &str) -> String {
        let text = self.inside(
            "worker",
            &format!(
                "cd /home/{0}/www/staging/code_root && runuser -u {0}-web -- env DJANGO_SETTINGS_MODULE={0}.local_settings \
                 ../env/bin/python -c 'from {0}.tasks import *; {code}'",
                self.project()
            ),
        );
        text.trim().to_owned()
    }

    /// Messages ready and unacknowledged in a queue, as RabbitMQ says.
    #[track_caller]
    pub fn queue(&self, name: &str) -> (u64, u64) {
        let vhost = format!("{}_staging", self.project());
        let command =
            format!("rabbitmqctl -q list_queues -p {vhost} name messages_ready messages_unacknowledged");
        let text = self.inside("cache", &command);
        let line =
            text.lines().find(|line| line.split('\t').next() == Some(name)).expect("the queue is there");
        let mut numbers = line.split('\t').skip(1).map(|number| number.parse().unwrap());
        (numbers.next().unwrap(), numbers.next().unwrap())
    }

    /// What must be done to have it as it was: when the test is over, last one first.
    pub fn afterwards(&self, undo: impl FnOnce(&Self) + 'static) {
        self.touched.set(true);
        self.undo.borrow_mut().push(Box::new(undo));
    }

    /// A shell command inside a host as root that changes it, and the one that changes it back afterwards.
    #[track_caller]
    pub fn disturb(&self, host: &'static str, command: &str, back: &'static str) {
        self.afterwards(move |fleet| {
            fleet.inside(host, back);
        });
        self.inside(host, command);
    }

    /// A clean reboot, which keeps disk and host keys.
    pub fn reboot(&self, host: &str) {
        self.touched.set(true);
        self.tell("reboot", host);
    }

    /// A volume of 1 GB for a host, which is forgotten afterwards.
    pub fn attach(&self, host: &'static str, volume: &str, device: &str) {
        let (name, volume) = (format!("{}-{host}", self.name), format!("{}-{volume}", self.name));
        self.lab.run("hosts", &["rm-volume", &volume]);
        self.lab.run("hosts", &["attach", &name, &volume, device]);
        self.afterwards(move |fleet| {
            fleet.lab.run("hosts", &["detach", &name, &volume]);
            fleet.lab.run("hosts", &["rm-volume", &volume]);
        });
    }

    /// A host as it was made, on its address with a fresh disk and other host keys.
    pub fn rebuild(&self, host: &str) {
        self.touched.set(true);
        self.lab.run("environment", &["boot", &self.name, host]);
    }

    /// A host built anew, which is another instance.
    pub fn replace(&self, host: &str) {
        self.rebuild(host);
        let old = self.instance(host);
        self.learn(&["again", host, &old]);
    }

    /// Waits until all of it answers.
    pub fn ready(&self) {
        self.lab.run("environment", &["ready", &self.name, "90"]);
    }

    /// The program in the project's folder, with credentials for the cloud and a key for the hosts.
    pub fn program(&self) -> Command {
        program_in(self.dir.path(), &self.endpoint)
    }

    /// The console in the project's folder, in a terminal of its own.
    pub fn console(&self, columns: u16, lines: u16) -> Terminal {
        Terminal::start(Start {
            arguments: Some(self.login().to_vec()),
            directory: Some(self.dir.path().to_owned()),
            variables: variables(self.dir.path(), &self.endpoint),
            size: Some((columns, lines)),
            ..Start::default()
        })
    }

    /// What tells the program how to log in.
    pub fn login(&self) -> [String; 6] {
        login_from(&self.lab, self.dir.path())
    }

    /// `describe staging --json`, not yet started.
    pub fn describing(&self) -> Command {
        let mut command = self.program();
        command.args(["describe", "staging", "--json"]).args(self.login());
        command
    }

    /// What it prints, whatever its exit code.
    #[track_caller]
    pub fn describe(&self) -> Described {
        let output = self.describing().output().unwrap();
        let Ok(json) = serde_json::from_slice(&output.stdout) else { panic!("no document: {output:?}") };
        Described(json)
    }

    /// Describes until it is so.
    #[track_caller]
    pub fn until(&self, what: &str, so: impl Fn(&Described) -> bool) -> Described {
        let deadline = Instant::now() + Duration::from_secs(90);
        loop {
            let described = self.describe();
            if so(&described) {
                return described;
            }
            assert!(Instant::now() < deadline, "not seen within 90 s: {what}; last was {}", described.0);
        }
    }
}

/// The program in a project's folder, with credentials for a cloud.
pub fn program_in(dir: &Path, endpoint: &Endpoint) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_quarterdeck"));
    command
        .current_dir(dir)
        .stdin(Stdio::null())
        .env_clear()
        .envs(variables(dir, endpoint))
        .envs([("HOME", dir.display().to_string()), ("PATH", std::env::var("PATH").unwrap())]);
    command
}

/// What leads the program to the cloud, from a project's folder.
pub fn variables(dir: &Path, endpoint: &Endpoint) -> Vec<(&'static str, String)> {
    let file = |name: &str| dir.join(name).display().to_string();
    vec![
        ("AWS_ACCESS_KEY_ID", "testing".into()),
        ("AWS_SECRET_ACCESS_KEY", "testing".into()),
        ("AWS_CONFIG_FILE", file("aws-config")),
        ("AWS_SHARED_CREDENTIALS_FILE", file("aws-credentials")),
        ("AWS_EC2_METADATA_DISABLED", "true".into()),
        ("AWS_ENDPOINT_URL", endpoint.url()),
        ("NO_PROXY", "127.0.0.1".into()),
    ]
}

/// What tells the program how to log in to hosts of the lab, from a project's folder with an `ssh_config`.
pub fn login_from(lab: &Lab, dir: &Path) -> [String; 6] {
    let (key, config) = (lab.key(), dir.join("ssh_config"));
    let (key, config) = (key.display().to_string(), config.display().to_string());
    ["--user", "ubuntu", "--identity", &key, "--ssh-config", &config].map(str::to_owned)
}

impl Drop for Fleet {
    fn drop(&mut self) {
        if self.lives {
            self.endpoint.stop();
        }
        if self.lives || std::thread::panicking() {
            // Nobody knows in which state it is: the next test has another one made.
            let _ = self.lab.try_run("environment", &["down", &self.name]);
            return;
        }
        for undo in self.undo.take().into_iter().rev() {
            undo(self);
        }
        let clean = self.lab.dir.join("environments").join(&self.name).join("clean");
        std::fs::write(clean, if self.touched.get() { "was mended" } else { "as it was" }).unwrap();
    }
}

/// What `describe --json` printed.
pub struct Described(pub Value);

impl Described {
    /// The servers of the environment, by instance.
    pub fn servers(&self) -> BTreeMap<&str, &Value> {
        let all = self.0["environments"][0]["servers"].as_array().expect("servers were read");
        all.iter().map(|server| (server["id"].as_str().unwrap(), server)).collect()
    }

    /// What was measured on a host, or why nothing was.
    pub fn measured(&self, fleet: &Fleet, host: &str) -> &Value {
        &self.servers()[fleet.instance(host).as_str()]["measured"]
    }

    /// What was read of one topic on a host; null if nothing was.
    pub fn fact(&self, fleet: &Fleet, host: &str, topic: &str) -> &Value {
        &self.measured(fleet, host)["facts"][topic]["value"]
    }

    /// Why one topic could not be read on a host.
    pub fn failure(&self, fleet: &Fleet, host: &str, topic: &str) -> Option<&str> {
        self.measured(fleet, host)["facts"][topic]["failure"]["message"].as_str()
    }

    /// Why a host could not be reached.
    pub fn unreachable(&self, fleet: &Fleet, host: &str) -> Option<&str> {
        self.measured(fleet, host)["unreachable"]["message"].as_str()
    }
}
