//! The lab's scripts, and where its state is.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use rustix::fs::{FlockOperation, flock};

/// A lab whose disks of the roles are there.
#[derive(Clone)]
pub struct Lab {
    pub dir: PathBuf,
}

impl Lab {
    /// None if there is none here, and says why; with `QUARTERDECK_LAB=required` that is a failure.
    pub fn find() -> Option<Self> {
        let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
        let cache = cache.unwrap_or_else(|| Path::new(&std::env::var_os("HOME").unwrap()).join(".cache"));
        let dir = std::env::var_os("LAB_DIR").map_or_else(|| cache.join("quarterdeck-lab"), PathBuf::from);
        let lab = Self { dir };
        let Some(why) = lab.missing() else { return Some(lab) };
        assert_ne!(std::env::var("QUARTERDECK_LAB").unwrap_or_default(), "required", "no lab: {why}");
        eprintln!("left out: {why}");
        None
    }

    fn missing(&self) -> Option<String> {
        if !rustix::process::getuid().is_root() {
            return Some("hosts need root".into());
        }
        let layer = self.output("services", &["layer", "db-primary"]);
        let layer = String::from_utf8(layer.stdout).unwrap();
        let made = self.dir.join("base/.done").exists()
            && !layer.trim().is_empty()
            && self.dir.join("layers").join(layer.trim()).join("fs").exists();
        (!made).then(|| {
            format!("the roles have no disks in {}: run tests/lab/setup --services", self.dir.display())
        })
    }

    fn output(&self, script: &str, arguments: &[&str]) -> Output {
        // Nothing hangs; what does is to say so before the test is ended without a word.
        Command::new("timeout")
            .args(["-k", "10", "600"])
            .arg(folder().join(script))
            .args(arguments)
            .env("LAB_DIR", &self.dir)
            .stdin(Stdio::null())
            .output()
            .unwrap()
    }

    /// One of the lab's scripts; what it prints, or what it complains about.
    pub fn try_run(&self, script: &str, arguments: &[&str]) -> Result<String, String> {
        let Output { status, stdout, stderr } = self.output(script, arguments);
        let (said, complained) = (String::from_utf8_lossy(&stdout), String::from_utf8_lossy(&stderr));
        if status.success() {
            Ok(said.into_owned())
        } else {
            Err(format!("{script} {arguments:?}: {said}{complained}"))
        }
    }

    /// One of the lab's scripts, which must succeed.
    #[track_caller]
    pub fn run(&self, script: &str, arguments: &[&str]) -> String {
        self.try_run(script, arguments).unwrap_or_else(|why| panic!("{why}"))
    }

    /// The private key for ssh to hosts.
    pub fn key(&self) -> PathBuf {
        std::env::var_os("LAB_KEY").map_or_else(|| self.dir.join("key"), PathBuf::from)
    }

    /// Whoever holds this file has it alone; None while somebody else does.
    pub fn lock(&self, name: &str) -> Option<File> {
        let file = File::create(self.dir.join(name)).unwrap();
        flock(&file, FlockOperation::NonBlockingLockExclusive).is_ok().then_some(file)
    }
}

/// The lab's folder.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/lab")
}

/// Polls until it gives something.
#[track_caller]
pub fn within<T>(seconds: u64, what: &str, mut found: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + Duration::from_secs(seconds);
    loop {
        if let Some(found) = found() {
            return found;
        }
        assert!(Instant::now() < deadline, "not within {seconds} s: {what}");
        std::thread::sleep(Duration::from_millis(100));
    }
}
