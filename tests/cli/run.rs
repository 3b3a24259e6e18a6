//! Runs the binary in a place of its own.

use std::path::PathBuf;
use std::process::Command;

/// A directory with nothing of the machine in it.
pub struct Here {
    dir: tempfile::TempDir,
}

/// How a run ended.
pub struct Done {
    pub code: Option<i32>,
    pub out: String,
    pub err: String,
}

/// Two environments, as small as a config can be.
pub const CONFIG: &str = "\
project: myproject
region: us-east-1
default_deployment: myproject
deployments: [myproject]
environments: [staging, production]
production_environments: [production]
load_balancers:
  myproject:
    staging: [staging-lb]
    production: [production-lb]
auto_scaling_groups:
  myproject:
    staging: staging-ag
    production: production-ag
";

impl Here {
    pub fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        for name in ["project", "state", "home"] {
            std::fs::create_dir(dir.path().join(name)).unwrap();
        }
        Self { dir }
    }

    pub fn project(&self) -> PathBuf {
        self.dir.path().join("project")
    }

    pub fn state(&self) -> PathBuf {
        self.dir.path().join("state")
    }

    pub fn write_config(&self, text: &str) {
        std::fs::write(self.project().join("fabulaws-config.yml"), text).unwrap();
    }

    /// The binary without `--state-dir`.
    pub fn bare(&self, line: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_quarterdeck"));
        command.args(line).current_dir(self.project()).env_clear();
        command.env("HOME", self.dir.path().join("home")).env("PATH", "/usr/bin:/bin");
        command.env("AWS_EC2_METADATA_DISABLED", "true");
        command
    }

    /// The binary, keeping what it keeps here.
    pub fn command(&self, line: &[&str]) -> Command {
        let mut command = self.bare(line);
        command.arg("--state-dir").arg(self.state());
        command
    }

    pub fn run(&self, line: &[&str]) -> Done {
        let output = self.command(line).output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        Done { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
    }
}

pub fn json(text: &str) -> serde_json::Value {
    serde_json::from_str(text).unwrap()
}

/// Waits until the process listens to SIGTERM, as Linux tells; elsewhere a while.
#[cfg(unix)]
pub fn wait_for_signal_handlers(pid: u32) {
    let until = std::time::Instant::now() + std::time::Duration::from_secs(20);
    while std::time::Instant::now() < until {
        let Ok(status) = std::fs::read_to_string(format!("/proc/{pid}/status")) else {
            std::thread::sleep(std::time::Duration::from_secs(2));
            return;
        };
        let caught = status.lines().find_map(|l| l.strip_prefix("SigCgt:")).unwrap_or("0").trim();
        if u64::from_str_radix(caught, 16).is_ok_and(|set| set & (1 << 14) != 0) {
            return;
        }
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    panic!("{pid} never listened to SIGTERM");
}
