//! Much output of one server, cleaned, to whoever watches and to disk, against plain ssh into a file. A real sshd on
//! loopback, as whoever runs the bench.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

mod support;

use std::collections::VecDeque;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use quarterdeck::engine::{self, ExecRequest, Host, Progress, Store};
use quarterdeck::fleet::Role;
use quarterdeck::remote::host_keys::{HostKey, Origin};
use quarterdeck::remote::openssh::{OpenSsh, Options};
use quarterdeck::remote::{Line, RemoteChange, RemoteRead, Target};
use support::{Row, Used, median_ms, peak_memory, report};

const SSHD: &str = "/usr/sbin/sshd";
/// What is streamed, in megabytes.
const SIZE: u64 = 200;
/// Runs of which the middle one counts, ours and plain ssh's in turn.
const RUNS: usize = 5;
/// Lines that a pane keeps.
const SCROLLBACK: usize = 10_000;

struct Server {
    home: tempfile::TempDir,
    port: u16,
    daemon: Child,
}

impl Server {
    fn up() -> Option<Self> {
        if !Path::new(SSHD).exists() {
            eprintln!("Streaming: left out, for it needs {SSHD} (tests/lab/setup installs it)");
            return None;
        }
        let _ = std::fs::create_dir_all("/run/sshd");
        let home = tempfile::tempdir().unwrap();
        let at = |name: &str| home.path().join(name);
        for key in ["host", "user"] {
            let mut keygen = Command::new("ssh-keygen");
            keygen.args(["-q", "-t", "ed25519", "-N", "", "-C", "bench", "-f"]).arg(at(key));
            assert!(keygen.status().unwrap().success());
        }
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let config = format!(
            "ListenAddress 127.0.0.1\nPort {port}\nHostKey {}\nAuthorizedKeysFile {}\nStrictModes no\nUsePAM no\n\
             PermitRootLogin prohibit-password\nPidFile none\n",
            at("host").display(),
            at("user.pub").display()
        );
        std::fs::write(at("sshd_config"), config).unwrap();
        std::fs::write(at("ssh_config"), "IdentityAgent none\n").unwrap();
        std::fs::write(at("known"), format!("[127.0.0.1]:{port} {}", read(&at("host.pub")))).unwrap();
        let mut daemon = Command::new(SSHD);
        daemon.arg("-D").arg("-f").arg(at("sshd_config")).stdin(Stdio::null()).stderr(Stdio::null());
        let server = Self { daemon: daemon.spawn().unwrap(), home, port };
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            std::thread::sleep(Duration::from_millis(20));
        }
        Some(server)
    }

    fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    /// Plain ssh, over a connection that is there already.
    fn ssh(&self, master: bool) -> Command {
        let mut ssh = Command::new("ssh");
        ssh.arg("-F").arg(self.path("ssh_config")).args(["-o", "BatchMode=yes", "-o", "IdentitiesOnly=yes"]);
        ssh.arg("-o").arg(format!("UserKnownHostsFile={}", self.path("known").display()));
        ssh.arg("-i").arg(self.path("user")).arg("-p").arg(self.port.to_string());
        ssh.arg("-S").arg(self.path("plain"));
        if master {
            ssh.args(["-M", "-N", "-f", "-o", "ControlPersist=300"]);
        }
        ssh.arg("127.0.0.1").stdin(Stdio::null());
        ssh
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let mut exit = Command::new("ssh");
        exit.arg("-S").arg(self.path("plain")).args(["-O", "exit", "127.0.0.1"]).stderr(Stdio::null());
        let _ = exit.status();
        let _ = self.daemon.kill();
        let _ = self.daemon.wait();
    }
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap()
}

/// Lines as a web server writes them.
fn fill(path: &Path) {
    let mut file = BufWriter::new(File::create(path).unwrap());
    let (mut written, mut n) = (0_u64, 0_u64);
    while written < SIZE * 1_000_000 {
        let line = format!(
            "10.0.{}.{} - - [22/Nov/2026:12:00:00 +0000] \"GET /survey/{n}/answers?page={} HTTP/1.1\" 200 {}\n",
            n % 255,
            n % 251,
            n % 17,
            n * 7_919 % 100_000
        );
        written += line.len() as u64;
        n += 1;
        file.write_all(line.as_bytes()).unwrap();
    }
    file.flush().unwrap();
}

fn main() {
    let Some(server) = Server::up() else { return };
    fill(&server.path("log"));
    assert!(server.ssh(true).status().unwrap().success());
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let (mut ours, mut theirs, mut used) = (Vec::new(), Vec::new(), Duration::ZERO);
    let mut options = Options::new(server.path("state"));
    options.control = Some(server.path("c"));
    options.ssh_config = Some(server.path("ssh_config"));
    options.identity = Some(server.path("user"));
    let ssh = OpenSsh::open(options).unwrap();
    let target = Target::new("i-01".into(), "127.0.0.1").unwrap().at_port(server.port);
    let key = HostKey::parse(&read(&server.path("host.pub"))).unwrap();
    ssh.host_keys().pin(target.instance(), &[key], Origin::Operator, ssh.now()).unwrap();
    runtime.block_on(stream(&ssh, &target, &server.path("state"), "true"));
    for _ in 0..RUNS {
        let begun = Instant::now();
        let out = File::create(server.path("copy")).unwrap();
        let mut plain = server.ssh(false);
        plain.arg("cat").arg(server.path("log")).stdout(out);
        assert!(plain.status().unwrap().success());
        theirs.push(begun.elapsed());

        let before = Used::by(std::process::id());
        let begun = Instant::now();
        let command = format!("cat {}", server.path("log").display());
        let lines = runtime.block_on(stream(&ssh, &target, &server.path("state"), &command));
        ours.push(begun.elapsed());
        assert!(lines > 1_000_000);
        if let (Some(before), Some(after)) = (before, Used::by(std::process::id())) {
            used += after.since(&before);
        }
        let _ = std::fs::remove_dir_all(server.path("state/runs"));
    }
    let (mine, other) = (median_ms(&mut ours), median_ms(&mut theirs));
    let how = format!("median of {RUNS}, {SIZE} MB of lines, warm connections, loopback");
    let megabytes = f64::from(u32::try_from(SIZE * RUNS as u64).unwrap());
    let mut rows = vec![
        Row {
            what: "streaming, to a reader and to disk",
            measured: mine,
            budget: None,
            unit: "ms",
            how: how.clone(),
        },
        Row { what: "ssh host cat into a file", measured: other, budget: None, unit: "ms", how },
        Row {
            what: "streaming by plain ssh",
            measured: mine / other,
            budget: Some(2.0),
            unit: "×",
            how: "time, ours by theirs, run in turn".into(),
        },
        Row {
            what: "processor per MB streamed",
            measured: used.as_secs_f64() * 1_000.0 / megabytes,
            budget: None,
            unit: "ms",
            how: "this process, the ssh behind it apart".into(),
        },
    ];
    if let Some(peak) = peak_memory(std::process::id()) {
        rows.push(Row {
            what: "memory while streaming",
            measured: peak,
            budget: Some(100.0),
            unit: "MB",
            how: format!("most resident, a reader who keeps {SCROLLBACK} lines included"),
        });
    }
    // A missed budget ends the program at once: nothing may be left that holds its output.
    drop((ssh, server));
    report("Much output", &rows);
}

/// Runs it, reads as a pane does, and says how many lines came.
async fn stream(ssh: &OpenSsh, target: &Target, state: &Path, command: &str) -> u64 {
    let change: Arc<dyn RemoteChange> = Arc::new(ssh.change());
    let host =
        Host { target: target.clone(), name: "bench".into(), role: Role::Web, environment: "staging".into() };
    let request = ExecRequest {
        environment: "staging".into(),
        hosts: vec![host],
        command: command.into(),
        sudo: false,
        at_once: None,
        stop_on_failure: false,
        deadline: Duration::from_secs(300),
        who: "bench".into(),
    };
    let store = Store::new(state, Arc::new(Timestamp::now));
    let mut running = engine::exec(change, store, request).await.unwrap();
    let mut kept: VecDeque<Line> = VecDeque::new();
    let mut count = 0;
    while let Some(news) = running.progress.recv().await {
        match news {
            Progress::Lines { lines, .. } => {
                count += lines.len() as u64;
                let over = (kept.len() + lines.len()).saturating_sub(SCROLLBACK).min(kept.len());
                kept.drain(..over);
                kept.extend(lines);
            }
            Progress::Finished { summary } => assert!(summary.is_success(), "{summary:?}"),
            _ => {}
        }
    }
    count
}
