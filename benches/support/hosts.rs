//! Many hosts of the lab at once.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use quarterdeck::remote::Target;
use quarterdeck::remote::host_keys::{HostKey, Origin, keys_in_console};
use quarterdeck::remote::openssh::{OpenSsh, OpenSshChange, Options};

/// They are destroyed when this is dropped.
pub struct Hosts {
    lab: PathBuf,
    names: Vec<String>,
    targets: Vec<Target>,
    consoles: Vec<String>,
    home: tempfile::TempDir,
}

/// An adapter with connections of its own.
pub struct Adapter {
    pub read: OpenSsh,
    pub change: OpenSshChange,
    state: tempfile::TempDir,
}

/// Connections that plain `ssh` made for itself.
pub struct Masters {
    home: tempfile::TempDir,
    children: Vec<Child>,
}

fn kit(lab: &Path, arguments: &[&str]) -> String {
    let kit = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lab/hosts");
    let output = Command::new(kit).args(arguments).env("LAB_DIR", lab).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

impl Hosts {
    /// So many hosts, or none where there is no lab.
    pub fn up(number: u8) -> Option<Self> {
        let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
        let cache = cache.unwrap_or_else(|| Path::new(&std::env::var_os("HOME").unwrap()).join(".cache"));
        let lab = std::env::var_os("LAB_DIR").map_or_else(|| cache.join("quarterdeck-lab"), PathBuf::from);
        if !rustix::process::getuid().is_root() || !lab.join("base/.done").exists() {
            eprintln!("Servers over ssh: left out, for it needs root and a base image (tests/lab/setup)");
            return None;
        }
        kit(&lab, &["init"]);
        let network = std::env::var("LAB_NET").unwrap_or_else(|_| "10.77".into());
        let home = tempfile::tempdir().unwrap();
        let mut hosts = Self { lab, names: Vec::new(), targets: Vec::new(), consoles: Vec::new(), home };
        for n in 1..=number {
            let (name, address) = (format!("bench-{n}"), format!("{network}.201.{n}"));
            kit(&hosts.lab, &["down", &name]);
            kit(&hosts.lab, &["up", &name, &address]);
            let target = Target::new(format!("i-{n:02}").as_str().into(), address).unwrap();
            hosts.consoles.push(kit(&hosts.lab, &["console", &name]));
            hosts.targets.push(target.as_user("ubuntu").unwrap());
            hosts.names.push(name);
        }
        Some(hosts)
    }

    pub fn targets(&self) -> &[Target] {
        &self.targets
    }

    fn key(&self) -> PathBuf {
        std::env::var_os("LAB_KEY").map_or_else(|| self.lab.join("key"), PathBuf::from)
    }

    pub fn adapter(&self) -> Adapter {
        let state = tempfile::tempdir().unwrap();
        let config = state.path().join("ssh_config");
        std::fs::write(&config, "IdentityAgent none\n").unwrap();
        let mut options = Options::new(state.path().join("state"));
        options.control = Some(state.path().join("c"));
        options.ssh_config = Some(config);
        options.identity = Some(self.key());
        let now = options.clock.now();
        let read = OpenSsh::open(options).unwrap();
        for (target, console) in self.targets.iter().zip(&self.consoles) {
            read.host_keys().pin(target.instance(), &keys_in_console(console), Origin::Console, now).unwrap();
        }
        let change = read.change();
        Adapter { read, change, state }
    }

    /// What plain `ssh` is told for the host with this place: as strict about its key as we are.
    pub fn ssh_arguments(&self, n: usize) -> Vec<String> {
        let known = self.home.path().join(format!("known-{n}"));
        if !known.exists() {
            let address = self.targets[n].address();
            let keys = self.consoles[n].lines().filter(|line| HostKey::parse(line.trim()).is_some());
            let lines: Vec<String> = keys.map(|key| format!("{address} {}\n", key.trim())).collect();
            std::fs::write(&known, lines.concat()).unwrap();
        }
        let identity = self.key();
        [
            "-F",
            "none",
            "-o",
            "BatchMode=yes",
            "-o",
            "IdentitiesOnly=yes",
            "-o",
            &format!("UserKnownHostsFile={}", known.display()),
            "-i",
            &identity.display().to_string(),
            "-l",
            "ubuntu",
        ]
        .map(str::to_owned)
        .to_vec()
    }

    pub fn masters(&self) -> Masters {
        let home = tempfile::tempdir().unwrap();
        let mut masters = Masters { home, children: Vec::new() };
        for (n, target) in self.targets.iter().enumerate() {
            let mut ssh = Command::new("ssh");
            ssh.args(self.ssh_arguments(n))
                .args(["-M", "-N", "-S", &masters.socket(n)])
                .arg(target.address());
            ssh.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
            masters.children.push(ssh.spawn().unwrap());
        }
        for n in 0..self.targets.len() {
            while !Path::new(&masters.socket(n)).exists() {
                std::thread::sleep(std::time::Duration::from_millis(20));
            }
        }
        masters
    }
}

impl Masters {
    pub fn socket(&self, n: usize) -> String {
        self.home.path().join(format!("s{n}")).display().to_string()
    }
}

impl Drop for Masters {
    fn drop(&mut self) {
        for child in &mut self.children {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

impl Adapter {
    /// The processes of its connections: whoever has its directory in the command line.
    fn masters(&self) -> Vec<u32> {
        let mark = self.state.path().display().to_string();
        let processes = std::fs::read_dir("/proc").unwrap().flatten();
        let ids = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
        let ours = |id: &u32| {
            let line = std::fs::read(format!("/proc/{id}/cmdline")).unwrap_or_default();
            *id != std::process::id() && String::from_utf8_lossy(&line).contains(&mark)
        };
        ids.filter(ours).collect()
    }

    /// Seconds of processor time: this process, those it waited for, and its connections.
    pub fn processor(&self) -> f64 {
        let ticks = |id: u32, fields: &[usize]| -> u64 {
            let stat = std::fs::read_to_string(format!("/proc/{id}/stat")).unwrap_or_default();
            let Some((_, rest)) = stat.rsplit_once(')') else { return 0 };
            let all: Vec<&str> = rest.split_whitespace().collect();
            fields.iter().filter_map(|field| all.get(*field)?.parse::<u64>().ok()).sum()
        };
        let own = ticks(std::process::id(), &[11, 12, 13, 14]);
        let masters: u64 = self.masters().into_iter().map(|id| ticks(id, &[11, 12])).sum();
        let hundredths = u32::try_from(own + masters).unwrap();
        f64::from(hundredths) / 100.0
    }
}

impl Drop for Adapter {
    fn drop(&mut self) {
        for id in self.masters() {
            if let Some(id) = i32::try_from(id).ok().and_then(rustix::process::Pid::from_raw) {
                let _ = rustix::process::kill_process(id, rustix::process::Signal::TERM);
            }
        }
    }
}

impl Drop for Hosts {
    fn drop(&mut self) {
        for name in &self.names {
            kit(&self.lab, &["down", name]);
        }
    }
}
