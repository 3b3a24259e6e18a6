//! How the adapter is to work, and what ssh is told because of it.

use std::ffi::OsString;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use crate::remote::host_keys::HostKeys;
use crate::remote::{Target, clean_text::Secrets};

/// The clock that stamps lines and endings.
#[derive(Clone)]
pub struct Clock(Arc<dyn Fn() -> Timestamp + Send + Sync>);

impl Clock {
    /// A clock that tests may step.
    pub fn new(now: impl Fn() -> Timestamp + Send + Sync + 'static) -> Self {
        Self(Arc::new(now))
    }

    /// The time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        (self.0)()
    }
}

impl fmt::Debug for Clock {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Clock")
    }
}

/// Whether host keys are checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostKeyCheck {
    /// Against what is pinned for the instance; anything else is refused.
    Pinned,
    /// Not at all: only when an old config and a preference both say so.
    Off,
}

/// How the adapter works.
#[derive(Clone, Debug)]
pub struct Options {
    /// Where state is kept; pinned host keys are below it.
    pub state: PathBuf,
    /// Where control sockets lie: a short path, and private. None is the user's runtime directory, or a
    /// private one under `/tmp`.
    pub control: Option<PathBuf>,
    /// `--ssh-config`; none is the user's own.
    pub ssh_config: Option<PathBuf>,
    /// `--user`; none leaves it to the ssh config.
    pub user: Option<String>,
    /// `--identity`; none leaves it to the ssh config and the agent.
    pub identity: Option<PathBuf>,
    /// Whether host keys are checked.
    pub host_keys: HostKeyCheck,
    /// How long connecting may take.
    pub connect: Duration,
    /// How long a connection stays without work.
    pub keep: Duration,
    /// So many servers stay connected; beyond that those longest without work are closed.
    pub most: usize,
    /// What is masked.
    pub secrets: Arc<Secrets>,
    /// The clock.
    pub clock: Clock,
}

impl Options {
    /// The defaults, with state kept below `state`.
    #[must_use]
    pub fn new(state: PathBuf) -> Self {
        Self {
            state,
            control: None,
            ssh_config: None,
            user: None,
            identity: None,
            host_keys: HostKeyCheck::Pinned,
            connect: Duration::from_secs(10),
            keep: Duration::from_secs(60),
            most: 100,
            secrets: Arc::default(),
            clock: Clock::new(Timestamp::now),
        }
    }
}

/// Seconds between ssh's questions whether the server is still there; three without an answer end the connection.
const ALIVE_INTERVAL: u64 = 2;

/// How one ssh process is to behave.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Manner {
    /// May ask on the terminal.
    pub(super) interactive: bool,
    /// Forwards the agent.
    pub(super) agent: bool,
}

impl Manner {
    /// Asks nothing, forwards nothing.
    pub(super) const QUIET: Self = Self { interactive: false, agent: false };
}

/// ssh's own arguments for a target, without control socket, destination and command. What is given here comes
/// before the user's config; what is not, such as jump hosts, is left to it.
pub(super) fn arguments(
    options: &Options,
    keys: &HostKeys,
    target: &Target,
    manner: Manner,
) -> Vec<OsString> {
    let mut arguments: Vec<OsString> = Vec::new();
    let mut option = |text: String| arguments.extend(["-o".into(), text.into()]);
    let yes = |on: bool| if on { "yes" } else { "no" };
    for text in host_key_options(options, keys, target) {
        option(text);
    }
    option(format!("ConnectTimeout={}", options.connect.as_secs().max(1)));
    option("ConnectionAttempts=1".into());
    option(format!("ServerAliveInterval={ALIVE_INTERVAL}"));
    option("ServerAliveCountMax=3".into());
    option(format!("ForwardAgent={}", yes(manner.agent)));
    if !manner.interactive {
        option("BatchMode=yes".into());
        option("ForwardX11=no".into());
        option("ClearAllForwardings=yes".into());
        option("PermitLocalCommand=no".into());
        option("RemoteCommand=none".into());
        option("RequestTTY=no".into());
        option("LogLevel=ERROR".into());
    }
    if let Some(config) = &options.ssh_config {
        arguments.extend(["-F".into(), config.into()]);
    }
    if let Some(user) = target.user().or(options.user.as_deref()) {
        arguments.extend(["-l".into(), user.into()]);
    }
    if let Some(port) = target.port() {
        arguments.extend(["-p".into(), port.to_string().into()]);
    }
    if let Some(identity) = &options.identity {
        arguments.extend(["-o".into(), "IdentitiesOnly=yes".into(), "-i".into(), identity.into()]);
    }
    arguments
}

/// The pinned keys stand under the instance's id, so that the address does not matter.
fn host_key_options(options: &Options, keys: &HostKeys, target: &Target) -> Vec<String> {
    let (strict, file) = match options.host_keys {
        HostKeyCheck::Pinned => ("yes", keys.file(target.instance())),
        HostKeyCheck::Off => ("no", PathBuf::from("/dev/null")),
    };
    vec![
        format!("HostKeyAlias={}", target.instance()),
        format!("UserKnownHostsFile={}", path_value(&file)),
        "GlobalKnownHostsFile=/dev/null".into(),
        format!("StrictHostKeyChecking={strict}"),
        "CheckHostIP=no".into(),
        "UpdateHostKeys=no".into(),
        "VerifyHostKeyDNS=no".into(),
    ]
}

/// A path as a value of `-o`, where blanks separate and `%` begins a token.
pub(super) fn path_value(path: &Path) -> String {
    format!("\"{}\"", path.display().to_string().replace('%', "%%"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(options: &Options, target: &Target, manner: Manner) -> Vec<String> {
        let state = tempfile::tempdir().unwrap();
        let keys = HostKeys::open(state.path()).unwrap();
        let words = arguments(options, &keys, target, manner);
        words.into_iter().map(|word| word.into_string().unwrap()).collect()
    }

    #[test]
    fn keys_are_looked_up_by_instance_and_always_strictly() {
        let target = Target::new("i-0a1".into(), "10.0.0.1").unwrap();
        for manner in [Manner::QUIET, Manner { interactive: true, agent: true }] {
            let words = words(&Options::new("/nowhere".into()), &target, manner);
            assert!(words.contains(&"HostKeyAlias=i-0a1".into()));
            assert!(words.contains(&"StrictHostKeyChecking=yes".into()));
            assert!(
                words.iter().any(|word| word.starts_with("UserKnownHostsFile=") && word.contains("/i-0a1"))
            );
        }
    }

    #[test]
    fn the_agent_is_forwarded_only_when_asked() {
        let target = Target::new("i-0a1".into(), "10.0.0.1").unwrap();
        let options = Options::new("/nowhere".into());
        assert!(words(&options, &target, Manner::QUIET).contains(&"ForwardAgent=no".into()));
        let with = Manner { interactive: false, agent: true };
        assert!(words(&options, &target, with).contains(&"ForwardAgent=yes".into()));
    }

    #[test]
    fn the_command_line_of_the_user_goes_to_ssh() {
        let target = Target::new("i-0a1".into(), "10.0.0.1").unwrap().at_port(2222);
        let mut options = Options::new("/nowhere".into());
        options.user = Some("deploy".into());
        options.identity = Some("/keys/id".into());
        options.ssh_config = Some("/etc/other".into());
        let text = words(&options, &target, Manner::QUIET).join(" ");
        for part in ["-l deploy", "-p 2222", "-i /keys/id", "-F /etc/other", "IdentitiesOnly=yes"] {
            assert!(text.contains(part), "{part}: {text}");
        }
        let target = target.as_user("root").unwrap();
        assert!(words(&options, &target, Manner::QUIET).join(" ").contains("-l root"));
    }

    #[test]
    fn a_path_with_blanks_and_percents_is_one_value() {
        assert_eq!(path_value(Path::new("/a b/100%")), "\"/a b/100%%\"");
    }
}
