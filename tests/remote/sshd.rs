//! Real sshds on loopback, one per test, as whoever runs the tests; and a wire to them that can be frozen or cut.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use quarterdeck::remote::clean_text::Secrets;
use quarterdeck::remote::host_keys::{HostKey, Origin};
use quarterdeck::remote::openssh::{OpenSsh, OpenSshChange, Options};
use quarterdeck::remote::{Ending, Job, Line, Outcome, RemoteChange, Target};

/// Where Debian and most others put it.
const SSHD: &str = "/usr/sbin/sshd";

/// What the wire to a server does.
#[derive(Default)]
pub struct Wire {
    frozen: AtomicBool,
    connections: AtomicUsize,
    open: Mutex<Vec<TcpStream>>,
}

impl Wire {
    /// From now on nothing passes, and nobody is told.
    pub fn freeze(&self) {
        self.frozen.store(true, Ordering::SeqCst);
    }

    /// Everything passes again.
    pub fn thaw(&self) {
        self.frozen.store(false, Ordering::SeqCst);
    }

    /// Ends every connection at once.
    pub fn cut(&self) {
        for stream in self.open.lock().unwrap().drain(..) {
            let _ = stream.shutdown(Shutdown::Both);
        }
    }

    /// How many connections there were so far.
    pub fn connections(&self) -> usize {
        self.connections.load(Ordering::SeqCst)
    }

    fn carry(&self, mut from: &TcpStream, mut to: &TcpStream) {
        let mut piece = vec![0; 256 * 1024];
        while let Ok(read @ 1..) = from.read(&mut piece) {
            while self.frozen.load(Ordering::SeqCst) {
                std::thread::sleep(Duration::from_millis(5));
            }
            if to.write_all(&piece[..read]).is_err() {
                break;
            }
        }
        let _ = to.shutdown(Shutdown::Write);
        let _ = from.shutdown(Shutdown::Read);
    }
}

/// A server. Its connections end with the test's process.
pub struct Sshd {
    pub home: tempfile::TempDir,
    pub port: u16,
    pub wire: Arc<Wire>,
    host_key: PathBuf,
}

fn keygen(path: &Path) {
    let status = Command::new("ssh-keygen")
        .args(["-q", "-t", "ed25519", "-N", "", "-C", "test", "-f"])
        .arg(path)
        .status()
        .expect("ssh-keygen is needed (openssh-client)");
    assert!(status.success());
}

impl Sshd {
    /// One with these additional lines in its config.
    pub fn with(config: &str) -> Self {
        assert!(Path::new(SSHD).exists(), "sshd is needed: tests/lab/setup installs openssh-server");
        // Started by root, sshd wants its empty directory.
        let _ = std::fs::create_dir_all("/run/sshd");
        let home = tempfile::tempdir().unwrap();
        let at = |name: &str| home.path().join(name);
        keygen(&at("host"));
        keygen(&at("user"));
        std::fs::copy(at("user.pub"), at("authorized_keys")).unwrap();
        let lines = format!(
            "HostKey {host}\nAuthorizedKeysFile {keys}\nStrictModes no\nUsePAM no\nPasswordAuthentication no\n\
             KbdInteractiveAuthentication no\nPermitRootLogin prohibit-password\nLogLevel QUIET\nPidFile none\n\
             {config}\n",
            host = at("host").display(),
            keys = at("authorized_keys").display(),
        );
        std::fs::write(at("sshd_config"), lines).unwrap();
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = listener.local_addr().unwrap().port();
        let wire = Arc::new(Wire::default());
        let (config, carrier) = (at("sshd_config"), Arc::clone(&wire));
        std::thread::spawn(move || {
            for outside in listener.incoming().flatten() {
                carrier.connections.fetch_add(1, Ordering::SeqCst);
                let (config, carrier) = (config.clone(), Arc::clone(&carrier));
                std::thread::spawn(move || serve(&config, &carrier, &outside));
            }
        });
        Self { host_key: at("host.pub"), home, port, wire }
    }

    /// An ordinary one.
    pub fn plain() -> Self {
        Self::with("")
    }

    pub fn key(&self) -> HostKey {
        HostKey::parse(&std::fs::read_to_string(&self.host_key).unwrap()).unwrap()
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    pub fn text(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap_or_default()
    }

    pub fn target(&self, instance: &str) -> Target {
        Target::new(instance.into(), "127.0.0.1").unwrap().at_port(self.port)
    }

    /// Options that know its user key and nothing of the tester's own ssh.
    pub fn options(&self) -> Options {
        let config = self.path("ssh_config");
        if !config.exists() {
            std::fs::write(&config, "IdentityAgent none\n").unwrap();
        }
        let mut options = Options::new(self.path("state"));
        options.control = Some(self.path("c"));
        options.ssh_config = Some(config);
        options.identity = Some(self.path("user"));
        options.connect = Duration::from_secs(10);
        options.keep = Duration::from_secs(10);
        options
    }

    /// An adapter that has its key pinned for this instance.
    pub fn trusted(&self, instance: &str) -> (OpenSsh, OpenSshChange, Target) {
        self.trusted_with(instance, self.options())
    }

    pub fn trusted_with(&self, instance: &str, options: Options) -> (OpenSsh, OpenSshChange, Target) {
        let now = options.clock.now();
        let ssh = OpenSsh::open(options).unwrap();
        ssh.host_keys().pin(&instance.into(), &[self.key()], Origin::Operator, now).unwrap();
        let change = ssh.change();
        (ssh, change, self.target(instance))
    }
}

impl Drop for Sshd {
    fn drop(&mut self) {
        self.wire.thaw();
        self.wire.cut();
    }
}

/// One connection: an sshd of its own behind the wire.
fn serve(config: &Path, wire: &Arc<Wire>, outside: &TcpStream) {
    let inner = TcpListener::bind("127.0.0.1:0").unwrap();
    let near = TcpStream::connect(inner.local_addr().unwrap()).unwrap();
    let (far, _) = inner.accept().unwrap();
    let stdio = || Stdio::from(OwnedFd::from(far.try_clone().unwrap()));
    let mut sshd = Command::new(SSHD)
        .arg("-i")
        .arg("-f")
        .arg(config)
        .stdin(stdio())
        .stdout(stdio())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    drop(far);
    for stream in [outside, &near] {
        let _ = stream.set_nodelay(true);
        wire.open.lock().unwrap().push(stream.try_clone().unwrap());
    }
    std::thread::scope(|threads| {
        threads.spawn(|| wire.carry(outside, &near));
        wire.carry(&near, outside);
    });
    let _ = near.shutdown(Shutdown::Both);
    let _ = sshd.wait();
}

/// What came of a job.
pub struct Result {
    pub lines: Vec<Line>,
    pub ending: Ending,
}

impl Result {
    pub async fn of(job: Job) -> Self {
        let (lines, ending) = job.collect(100_000).await;
        Self { lines, ending }
    }

    pub fn outcome(&self) -> &Outcome {
        &self.ending.outcome
    }

    pub fn texts(&self) -> Vec<&str> {
        self.lines.iter().map(|line| line.text.as_str()).collect()
    }

    #[track_caller]
    pub fn assert_done(&self, texts: &[&str]) {
        assert_eq!(self.outcome(), &Outcome::Done { code: 0 }, "{:?} {:?}", self.texts(), self.ending);
        assert_eq!(self.texts(), texts);
    }
}

/// A plain command, to its end.
pub async fn run(change: &OpenSshChange, target: &Target, text: &str) -> Result {
    Result::of(change.exec(target, command(text))).await
}

pub fn command(text: &str) -> quarterdeck::remote::Command {
    quarterdeck::remote::Command::new(text, Duration::from_secs(60))
}

pub fn secrets(values: &[&str]) -> Arc<Secrets> {
    Arc::new(Secrets::new(values.iter().copied()))
}

/// Reads a job's lines until one holds `text`.
#[track_caller]
pub fn expect_line(job: &mut Job, text: &str) -> impl Future<Output = Line> {
    let text = text.to_owned();
    async move {
        let found = async {
            while let Some(lines) = job.lines().await {
                if let Some(line) = lines.into_iter().find(|line| line.text.as_str().contains(&text)) {
                    return Some(line);
                }
            }
            None
        };
        let found = tokio::time::timeout(Duration::from_secs(30), found).await;
        found
            .unwrap_or_else(|_| panic!("{text:?} did not come in time"))
            .unwrap_or_else(|| panic!("no {text:?}"))
    }
}

/// Polls until it is so.
pub async fn eventually(what: &str, mut so: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !so() {
        assert!(Instant::now() < deadline, "not in time: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Whether a process with this id runs, zombies apart.
pub fn runs(pid: &str) -> bool {
    let stat = std::fs::read_to_string(format!("/proc/{}/stat", pid.trim())).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with(['Z', 'X']))
}
