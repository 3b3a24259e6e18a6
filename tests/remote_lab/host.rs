//! A host of the lab for one test.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use quarterdeck::remote::host_keys::{Origin, keys_in_console};
use quarterdeck::remote::openssh::{OpenSsh, OpenSshChange, Options};
use quarterdeck::remote::{Ending, Job, Line, Outcome, Target};

/// Destroyed when it is dropped.
pub struct Host {
    name: String,
    address: String,
    lab: PathBuf,
    pub state: tempfile::TempDir,
}

fn kit() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lab/hosts")
}

fn lab() -> PathBuf {
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let cache = cache.unwrap_or_else(|| Path::new(&std::env::var_os("HOME").unwrap()).join(".cache"));
    std::env::var_os("LAB_DIR").map_or_else(|| cache.join("quarterdeck-lab"), PathBuf::from)
}

/// Why there is no lab here.
fn missing(lab: &Path) -> Option<String> {
    if !rustix::process::getuid().is_root() {
        return Some("hosts need root".into());
    }
    if !lab.join("base/.done").exists() {
        return Some(format!("there is no base image in {}: run tests/lab/setup", lab.display()));
    }
    None
}

impl Host {
    /// The host with this number; each test has its own. None if there is no lab here.
    pub fn up(number: u8) -> Option<Self> {
        let lab = lab();
        if let Some(why) = missing(&lab) {
            assert_ne!(std::env::var("QUARTERDECK_LAB").unwrap_or_default(), "required", "no lab: {why}");
            eprintln!("left out: {why}");
            return None;
        }
        let network = std::env::var("LAB_NET").unwrap_or_else(|_| "10.77".into());
        let host = Self {
            name: format!("remote-{number}"),
            address: format!("{network}.200.{number}"),
            state: tempfile::tempdir().unwrap(),
            lab,
        };
        // Tests that begin at the same time must not make the bridge twice.
        let ready =
            Command::new("flock").arg(host.lab.join(".tests")).arg(kit()).arg("init").output().unwrap();
        assert!(ready.status.success(), "{ready:?}");
        host.kit(&["down", &host.name]);
        host.boot();
        Some(host)
    }

    #[track_caller]
    fn kit(&self, arguments: &[&str]) -> String {
        // The same lab for the kit as for the tests.
        let Output { status, stdout, stderr } =
            Command::new(kit()).args(arguments).env("LAB_DIR", &self.lab).output().unwrap();
        assert!(status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&stderr));
        String::from_utf8(stdout).unwrap()
    }

    fn boot(&self) {
        self.kit(&["up", &self.name, &self.address]);
    }

    /// Something done to it from outside: `freeze`, `thaw`, `cut`, `heal`, `kill`, `reboot`, `stop`.
    pub fn tell(&self, what: &str) {
        self.kit(&[what, &self.name]);
    }

    /// Boots it again on its old disk.
    pub fn again(&self) {
        self.boot();
    }

    /// A new disk on the same address.
    pub fn rebuild(&self) {
        self.tell("down");
        self.boot();
    }

    /// A command inside as root, without ssh.
    pub fn inside(&self, command: &str) -> String {
        self.kit(&["exec", &self.name, "sh", "-c", command])
    }

    pub fn target(&self, instance: &str) -> Target {
        Target::new(instance.into(), self.address.as_str()).unwrap().as_user("ubuntu").unwrap()
    }

    pub fn options(&self) -> Options {
        let key = std::env::var_os("LAB_KEY").map_or_else(|| self.lab.join("key"), PathBuf::from);
        let config = self.state.path().join("ssh_config");
        std::fs::write(&config, "IdentityAgent none\n").unwrap();
        let mut options = Options::new(self.state.path().join("state"));
        options.control = Some(self.state.path().join("c"));
        options.ssh_config = Some(config);
        options.identity = Some(key);
        options.connect = Duration::from_secs(5);
        options.keep = Duration::from_secs(10);
        options
    }

    /// An adapter that knows the keys from the host's console, as from EC2.
    pub fn trusted(&self) -> (OpenSsh, OpenSshChange, Target) {
        self.trusted_with(self.options())
    }

    pub fn trusted_with(&self, options: Options) -> (OpenSsh, OpenSshChange, Target) {
        let now = options.clock.now();
        let ssh = OpenSsh::open(options).unwrap();
        let target = self.target("i-01");
        let keys = keys_in_console(&self.kit(&["console", &self.name]));
        ssh.host_keys().pin(target.instance(), &keys, Origin::Console, now).unwrap();
        let change = ssh.change();
        (ssh, change, target)
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        let down = Command::new(kit()).args(["down", &self.name]).output();
        assert!(std::thread::panicking() || down.is_ok_and(|down| down.status.success()));
    }
}

/// A job to its end: its finished lines, sorted out, and how it ended.
pub async fn result(job: Job) -> (Vec<Line>, Ending) {
    tokio::time::timeout(Duration::from_secs(120), job.collect(100_000)).await.expect("the job did not end")
}

#[track_caller]
pub fn done(result: &(Vec<Line>, Ending), texts: &[&str]) {
    assert_eq!(result.1.outcome, Outcome::Done { code: 0 }, "{result:?}");
    let found: Vec<&str> = result.0.iter().map(|line| line.text.as_str()).collect();
    assert_eq!(found, texts);
}

pub fn command(text: &str) -> quarterdeck::remote::Command {
    quarterdeck::remote::Command::new(text, Duration::from_secs(60))
}

/// Reads a job's lines until one holds `text`.
pub async fn expect_line(job: &mut Job, text: &str) -> Line {
    let found = async {
        while let Some(lines) = job.lines().await {
            if let Some(line) = lines.into_iter().find(|line| line.text.as_str().contains(text)) {
                return Some(line);
            }
        }
        None
    };
    let found = tokio::time::timeout(Duration::from_secs(60), found).await;
    found.unwrap_or_else(|_| panic!("{text:?} did not come in time")).unwrap_or_else(|| panic!("no {text:?}"))
}

/// Polls until it is so.
pub async fn eventually(what: &str, mut so: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(60);
    while !so() {
        assert!(Instant::now() < deadline, "not in time: {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
