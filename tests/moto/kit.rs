//! One cloud endpoint per test, seeded over the wire, and the real program pointed at it.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::ops::Deref;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Output, Stdio};
use std::sync::Mutex;
use std::time::Duration;

use serde_json::{Value, json};

/// The cloud's folder: Python of our own.
fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cloud")
}

/// The interpreter that has what the endpoint needs; made the first time.
fn python() -> String {
    let made = Command::new(folder().join("setup")).stdin(Stdio::null()).output().unwrap();
    assert!(made.status.success(), "tests/cloud/setup: {}", String::from_utf8_lossy(&made.stderr));
    String::from_utf8(made.stdout).unwrap().trim().to_owned()
}

/// A running endpoint. It ends with this value, and with this process however that ends: its standard input closes.
pub struct Endpoint {
    child: Child,
    wire: Wire,
}

/// The way to a running endpoint, whoever started it.
pub struct Wire {
    /// The interpreter that has AWS's client library.
    pub python: String,
    pub port: u16,
    caller: Mutex<Option<Caller>>,
}

/// A process that makes one call after the other: to begin one takes longer than most calls.
struct Caller {
    child: Child,
    calls: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Drop for Caller {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Deref for Endpoint {
    type Target = Wire;

    fn deref(&self) -> &Wire {
        &self.wire
    }
}

impl Endpoint {
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// Started with arguments of `python -m endpoint`.
    pub fn start_with(arguments: &[&str]) -> Self {
        let python = python();
        let mut child = Command::new(&python)
            .args(["-m", "endpoint"])
            .args(arguments)
            .current_dir(folder())
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let port = line.trim().strip_prefix("ready ").expect("the endpoint says its port").parse().unwrap();
        Self { child, wire: Wire::at(python, port) }
    }

    /// Ends it.
    pub fn stop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Started and seeded; gives what `seed.py` says it made.
    pub fn seeded(arguments: &[&str]) -> (Self, Value) {
        let endpoint = Self::start();
        let made = endpoint.seed(arguments);
        (endpoint, made)
    }
}

impl Wire {
    /// To the endpoint of this address, in the body of a test [`with_credentials`].
    pub fn to(url: &str) -> Self {
        let port = url.rsplit(':').next().unwrap().parse().unwrap();
        Self::at(std::env::var("TEST_PYTHON").unwrap(), port)
    }

    /// To the endpoint at this port.
    pub const fn at(python: String, port: u16) -> Self {
        Self { python, port, caller: Mutex::new(None) }
    }

    pub fn seed(&self, arguments: &[&str]) -> Value {
        serde_json::from_slice(&self.script("seed.py", arguments)).unwrap()
    }

    /// Somebody else calls the AWS API; gives the answer.
    pub fn call(&self, service: &str, operation: &str, arguments: &Value) -> Value {
        let mut caller = self.caller.lock().unwrap();
        let caller = caller.get_or_insert_with(|| {
            let mut command = self.python("call.py");
            let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
            let (calls, answers) = (child.stdin.take().unwrap(), child.stdout.take().unwrap());
            Caller { child, calls, answers: BufReader::new(answers) }
        });
        writeln!(caller.calls, "{}", json!([service, operation, arguments])).unwrap();
        let mut answer = String::new();
        caller.answers.read_line(&mut answer).unwrap();
        serde_json::from_str(&answer)
            .unwrap_or_else(|_| panic!("{service} {operation} {arguments}: see above"))
    }

    fn python(&self, script: &str) -> Command {
        let mut command = Command::new(&self.python);
        command
            .arg(script)
            .current_dir(folder())
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("AWS_ENDPOINT_URL", self.url())
            .env("NO_PROXY", "127.0.0.1");
        command
    }

    fn script(&self, name: &str, arguments: &[&str]) -> Vec<u8> {
        let made = self.python(name).args(arguments).stdin(Stdio::null()).output().unwrap();
        assert!(made.status.success(), "{name}: {}", String::from_utf8_lossy(&made.stderr));
        made.stdout
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Every fault from now on: action or `*`, fault, how often (-1: always).
    pub fn faults(&self, faults: &[(&str, &str, i32)]) {
        let table: BTreeMap<_, _> =
            faults.iter().map(|(action, fault, times)| (*action, json!([fault, times]))).collect();
        self.own("POST", "/_test/faults", &json!(table).to_string());
    }

    /// What the load balancers say of an instance, or of every instance of an image.
    pub fn health(&self, instance: &str, state: &str) {
        self.own("POST", "/_test/health", &json!({ instance: state }).to_string());
    }

    /// How long things take from now on, by the names in `mending.py`, in seconds.
    pub fn delays(&self, delays: &[(&str, f64)]) {
        let table: BTreeMap<_, _> = delays.iter().copied().collect();
        self.own("POST", "/_test/delays", &json!(table).to_string());
    }

    /// What the account may run of EC2 from now on, by the quota's code.
    pub fn quota(&self, code: &str, value: u32) {
        self.own("POST", "/_test/quotas", &json!({ code: value }).to_string());
    }

    /// What EC2 shows of an instance's console.
    pub fn console(&self, instance: &str, text: &str) {
        self.own("POST", "/_test/consoles", &json!({ instance: text }).to_string());
    }

    /// Every request so far, oldest first.
    pub fn log(&self) -> Vec<Value> {
        serde_json::from_str(&self.own("GET", "/_test/requests", "")).unwrap()
    }

    /// How many requests each action has had so far.
    pub fn requests(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for request in self.log() {
            *counts.entry(request["action"].as_str().unwrap().to_owned()).or_default() += 1;
        }
        counts
    }

    /// The requests that `work` costs, and what it gives.
    pub fn counted<T>(&self, work: impl FnOnce() -> T) -> (BTreeMap<String, usize>, T) {
        let before = self.requests();
        let result = work();
        let mut after = self.requests();
        for (action, count) in before {
            *after.get_mut(&action).unwrap() -= count;
        }
        after.retain(|_, count| *count > 0);
        (after, result)
    }

    /// A request to the endpoint's own paths; gives the body of the answer.
    pub fn own(&self, method: &str, path: &str, body: &str) -> String {
        let mut stream = TcpStream::connect(("127.0.0.1", self.port)).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(30))).unwrap();
        let length = body.len();
        write!(stream, "{method} {path} HTTP/1.1\r\nHost: test\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}")
            .unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer.split_once("\r\n\r\n").unwrap().1.to_owned()
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        self.stop();
    }
}

/// A port of loopback on which nothing listens.
pub fn closed_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// A directory with a `fabulaws-config.yml`, and the program run in it.
pub struct Project {
    pub dir: tempfile::TempDir,
    pub url: String,
}

impl Project {
    /// One that names a load balancer and a group for each environment, as `seed.py` makes them.
    pub fn new(endpoint: &Endpoint, deployment: &str, environments: &[&str]) -> Self {
        Self::at(&endpoint.url(), deployment, environments)
    }

    pub fn at(url: &str, deployment: &str, environments: &[&str]) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let place = |end: &str, list: bool| {
            let row = |env: &&str| {
                let name = format!("{deployment}-{env}-{end}");
                format!("    {env}: {}\n", if list { format!("[{name}]") } else { name })
            };
            environments.iter().map(row).collect::<String>()
        };
        let config = format!(
            "project: {deployment}\nregion: us-east-1\ndefault_deployment: {deployment}\ndeployments: [{deployment}]\n\
             environments: [{}]\nproduction_environments: [production]\n\
             load_balancers:\n  {deployment}:\n{}auto_scaling_groups:\n  {deployment}:\n{}",
            environments.join(", "),
            place("lb", true),
            place("ag", false),
        );
        std::fs::write(dir.path().join("fabulaws-config.yml"), config).unwrap();
        // The addresses of simulated servers belong to somebody: nothing may ever connect to them.
        let ssh = dir.path().join("bin/ssh");
        std::fs::create_dir(ssh.parent().unwrap()).unwrap();
        let refuses = "#!/bin/sh\nwhile [ $# -gt 0 ]; do [ \"$1\" = -E ] && exec 2>\"$2\"; shift; done\n\
                       echo 'ssh: connect to host simulated port 22: Connection refused' >&2\nexit 255\n";
        std::fs::write(&ssh, refuses).unwrap();
        std::fs::set_permissions(&ssh, std::fs::Permissions::from_mode(0o755)).unwrap();
        Self { dir, url: url.to_owned() }
    }

    /// The environment the program gets: credentials of the test, and nothing of whoever runs it.
    pub fn environment(&self) -> Vec<(&'static str, String)> {
        let dir = self.dir.path();
        let file = |name: &str| dir.join(name).display().to_string();
        vec![
            ("HOME", dir.display().to_string()),
            ("PATH", format!("{}:{}", file("bin"), std::env::var("PATH").unwrap())),
            ("AWS_ACCESS_KEY_ID", "testing".into()),
            ("AWS_SECRET_ACCESS_KEY", "testing".into()),
            ("AWS_CONFIG_FILE", file("aws-config")),
            ("AWS_SHARED_CREDENTIALS_FILE", file("aws-credentials")),
            ("AWS_EC2_METADATA_DISABLED", "true".into()),
            ("AWS_ENDPOINT_URL", self.url.clone()),
            ("NO_PROXY", "127.0.0.1".into()),
        ]
    }

    pub fn program(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_quarterdeck"));
        command.current_dir(self.dir.path()).stdin(Stdio::null()).env_clear().envs(self.environment());
        command
    }

    /// `describe --json`, whatever its exit code.
    pub fn describe(&self) -> Described {
        let output = self.program().args(["describe", "--json", "--no-hosts"]).output().unwrap();
        let Ok(json) = serde_json::from_slice(&output.stdout) else { panic!("no document: {output:?}") };
        Described { json, output }
    }
}

/// What `describe --json` printed.
pub struct Described {
    pub json: Value,
    pub output: Output,
}

impl Described {
    pub fn code(&self) -> i32 {
        self.output.status.code().unwrap()
    }

    pub fn environment(&self, name: &str) -> &Value {
        let all = self.json["environments"].as_array().unwrap();
        all.iter().find(|e| e["name"] == name).unwrap()
    }

    /// The servers of an environment with this word for a role.
    pub fn servers(&self, environment: &str, role: &str) -> Vec<&Value> {
        let all = self.environment(environment)["servers"].as_array().expect("servers were read");
        all.iter().filter(|s| s["role"] == role).collect()
    }

    /// The failures as (kind, message).
    pub fn failures(&self) -> Vec<(&str, &str)> {
        let all = self.json["failures"].as_array().unwrap().iter();
        all.map(|f| (f["kind"].as_str().unwrap(), f["message"].as_str().unwrap())).collect()
    }
}

/// Runs the body of the test of this name in a process of its own, which has the project's credentials.
/// In that process it is the body that runs.
pub fn with_credentials(
    name: &str,
    prepare: impl FnOnce() -> (Endpoint, Project, Value),
    body: impl FnOnce(&str, Value),
) {
    if let (Ok(url), Ok(made)) = (std::env::var("AWS_ENDPOINT_URL"), std::env::var("TEST_SEEDED")) {
        return body(&url, serde_json::from_str(&made).unwrap());
    }
    let (endpoint, project, made) = prepare();
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", name, "--nocapture"])
        .env_clear()
        .envs(project.environment())
        .env("TEST_SEEDED", made.to_string())
        .env("TEST_PYTHON", &endpoint.python)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(
        output.status.success() && said.contains("1 passed"),
        "{said}{}",
        String::from_utf8_lossy(&output.stderr)
    );
}
