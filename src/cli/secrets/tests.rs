//! Secrets between a file that is really written and servers whose settings are really read, by the script that a server
//! runs. The rest of the fleet is simulated.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::Mutex;

use async_trait::async_trait;
use clap::Parser as _;
use jiff::Timestamp;

use super::*;
use crate::cli::args::{Command as Asked, CommandLine, Globals, Headless, PullOptions, SecretsCommand};
use crate::cli::exit::Exit;
use crate::cli::operate;
use crate::config;
use crate::probe::{HeldFile, HeldQuestion, Request};
use crate::remote::clean_text::CleanText;
use crate::remote::host_keys::{HostKey, Pin, Trust};
use crate::remote::{
    Ending, Follow, Job, JobName, Line, Outcome, Refusal, RemoteRead, ScriptId, Seen, Stream,
    Target as Reached,
};
use crate::sandbox::{SandboxCloud, SandboxHosts, Scenario};

const CONFIG: &str = "\
project: myproject
deployments: [myproject]
default_deployment: myproject
environments: [testing]
localsettings_template: local_settings.py
password_names: [database_password, broker_password, smtp_password]
database_user: myproject
wsgi_app: myproject.wsgi:application
";

const TEMPLATE: &str = "\
HOST = '{{ master_database.internal_ip }}'
BROKER = 'amqp://myproject:{{ broker_password }}@{{ cache_server.internal_ip }}:5672/x'
";

const SETTINGS: &str = "\
HOST = '10.0.0.1'
BROKER = 'amqp://myproject:queue-1@10.0.0.9:5672/x'
";

/// As our template of PgBouncer's file makes it.
const POOLS: &str = "[databases]\nmyproject_testing = dbname=myproject_testing host=127.0.0.1 port=7432 user=myproject \
                     password='of-the-server'\n";

const SECRETS: &str = "# ours\nbroker_password = 'queue-1'  # since 2019\ndatabase_password = 'local-one'\n";

/// Servers whose settings lie in a directory here.
struct Servers {
    hosts: SandboxHosts,
    dir: PathBuf,
    /// What they were told, and what they said.
    heard: Mutex<String>,
}

#[async_trait]
impl RemoteRead for Servers {
    fn now(&self) -> Timestamp {
        self.hosts.now()
    }
    fn probe(&self, target: &Reached, script: ScriptId) -> Job {
        self.hosts.probe(target, script)
    }
    fn measure(&self, target: &Reached, request: &Request) -> Job {
        self.hosts.measure(target, request)
    }
    fn held(&self, _: &Reached, question: &HeldQuestion) -> Job {
        use std::io::Write as _;
        let me = Command::new("id").arg("-un").output().unwrap().stdout;
        let question = HeldQuestion {
            user: String::from_utf8(me).unwrap().trim().to_owned(),
            files: question
                .files
                .iter()
                .map(|file| {
                    let pools = file.path.contains("pgbouncer");
                    let name = if pools { "pools-of-the-server.ini" } else { "on-the-server.py" };
                    HeldFile { path: self.dir.join(name).display().to_string(), ..file.clone() }
                })
                .collect(),
            home: self.dir.join("home").display().to_string(),
            ..question.clone()
        };
        let mut script = Command::new("sh")
            .args(["-c", &question.script()])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        script.stdin.take().unwrap().write_all(&question.input()).unwrap();
        let output = script.wait_with_output().unwrap();
        let said = String::from_utf8(output.stdout).unwrap();
        *self.heard.lock().unwrap() += &said;
        let line = |text: &str| Line {
            at: self.now(),
            stream: Stream::Out,
            source: None,
            unfinished: false,
            text: CleanText::one_line(text),
        };
        let lines: Vec<Line> = said.lines().map(line).collect();
        let (job, end) = Job::new();
        let at = self.now();
        tokio::spawn(async move {
            let _ = end.lines.send(lines).await;
            let code = u8::try_from(output.status.code().unwrap()).unwrap();
            end.end(Ending { outcome: Outcome::Done { code }, started: None, at, before: Vec::new() });
        });
        job
    }
    fn follow(&self, target: &Reached, logs: &Follow) -> Job {
        self.hosts.follow(target, logs)
    }
    fn attach(&self, target: &Reached, name: &JobName, seen: Seen) -> Job {
        self.hosts.attach(target, name, seen)
    }
    async fn presented_key(&self, target: &Reached) -> Result<HostKey, Refusal> {
        self.hosts.presented_key(target).await
    }
    fn pins(&self, target: &Reached) -> Result<Vec<Pin>, Refusal> {
        self.hosts.pins(target)
    }
    async fn trust(&self, target: &Reached, word: Trust) -> Result<Vec<Pin>, Refusal> {
        self.hosts.trust(target, word).await
    }
}

struct Kit {
    dir: tempfile::TempDir,
    servers: Arc<Servers>,
    target: Target,
}

impl Kit {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        for (name, text) in [
            ("fabulaws-config.yml", CONFIG),
            ("local_settings.py", TEMPLATE),
            ("on-the-server.py", SETTINGS),
            ("pools-of-the-server.ini", POOLS),
            ("fabsecrets_testing.py", SECRETS),
        ] {
            fs::write(dir.path().join(name), text).unwrap();
        }
        fs::create_dir(dir.path().join("home")).unwrap();
        let cloud = SandboxCloud::in_memory_with_tokio(Scenario::Calm, 7).unwrap();
        let servers =
            Arc::new(Servers { hosts: cloud.hosts(), dir: dir.path().to_owned(), heard: Mutex::default() });
        let project =
            config::load(Some(&dir.path().join("fabulaws-config.yml")), dir.path()).project.unwrap();
        let templates = Templates::new(Arc::new(project), "myproject".into(), dir.path().to_owned());
        let remote: Arc<dyn RemoteRead> = servers.clone();
        let target = Target {
            topology: Arc::new(cloud.topology()),
            cloud_change: Some(Arc::new(cloud.clone())),
            remote: Some(remote),
            change: Some(Arc::new(cloud.hosts_change())),
            cloud: Arc::new(cloud),
            no_remote: None,
            clone: None,
            templates: Some(Arc::new(templates)),
            speed: 1.0,
            problems: Vec::new(),
        };
        Self { dir, servers, target }
    }

    fn file(&self) -> PathBuf {
        self.dir.path().join("fabsecrets_testing.py")
    }

    fn text(&self) -> String {
        fs::read_to_string(self.file()).unwrap()
    }

    async fn run(&self, line: &str) -> Result<(Exit, String), Stop> {
        let line = CommandLine::try_parse_from(line.split(' ')).unwrap();
        let Some(Asked::Headless(Headless::Secrets(command))) = line.command else { panic!("secrets") };
        let mut out = Vec::new();
        let exit = match command {
            SecretsCommand::Check { environment } => {
                check(self.target.clone(), &environment, line.globals.json, &mut out).await
            }
            SecretsCommand::Pull(options) => {
                pull(&line.globals, self.target.clone(), &options, &mut out).await
            }
            SecretsCommand::Set { .. } => panic!("tests/cli.rs has it"),
        };
        Ok((exit?, String::from_utf8(out).unwrap()))
    }
}

/// Nothing that was printed has a value in it.
fn tells_no_value(kit: &Kit, printed: &str) {
    for value in ["of-the-server", "local-one", "queue-1"] {
        assert!(!printed.contains(value), "{printed}");
        assert!(!kit.servers.heard.lock().unwrap().contains(value));
    }
}

#[tokio::test]
async fn r16_check_tells_which_secret_differs_on_which_server_and_which_is_missing_and_no_value() {
    let kit = Kit::new();
    let (exit, printed) = kit.run("q secrets check testing").await.unwrap();
    assert_eq!(exit, Exit::Failed);
    let line = |name: &str| printed.lines().find(|line| line.starts_with(name)).unwrap().to_owned();
    assert!(line("database_password").contains("DIFFERS on i-"), "{printed}");
    assert!(line("broker_password").contains("the same on"), "{printed}");
    assert!(line("smtp_password").contains("MISSING"), "{printed}");
    assert!(printed.contains("quarterdeck secrets pull testing"), "{printed}");
    tells_no_value(&kit, &printed);
    let (_, printed) = kit.run("q secrets check testing --json").await.unwrap();
    let document: serde_json::Value = serde_json::from_str(&printed).unwrap();
    assert_eq!(document["secrets"][0]["servers"][0]["standing"], "differs");
    assert_eq!((&document["secrets"][2]["source"], &document["version"]), (&"none".into(), &1.into()));
    tells_no_value(&kit, &printed);
    let written = include_str!("../../../docs/secrets-json.md");
    for key in document.as_object().unwrap().keys().chain(document["secrets"][0].as_object().unwrap().keys())
    {
        assert!(written.contains(&format!("`{key}`")), "{key}");
    }
}

#[tokio::test]
async fn check_says_why_a_server_tells_nothing_and_ends_well_where_all_is_the_same() {
    let kit = Kit::new();
    fs::remove_file(kit.dir.path().join("on-the-server.py")).unwrap();
    let (exit, printed) = kit.run("q secrets check testing").await.unwrap();
    assert_eq!(exit, Exit::Failed);
    assert!(printed.contains("did not tell: there is no "), "{printed}");
    fs::write(kit.dir.path().join("on-the-server.py"), SETTINGS).unwrap();
    let all = "broker_password = 'queue-1'\ndatabase_password = 'of-the-server'\nsmtp_password = 'x'\n";
    fs::write(kit.file(), all).unwrap();
    let (exit, printed) = kit.run("q secrets check testing").await.unwrap();
    assert_eq!(exit, Exit::Done, "{printed}");
    assert!(printed.contains("not in the settings of"), "{printed}");
    let known = kit.run("q secrets check tesing").await.unwrap_err();
    assert!(known.to_string().contains("testing"), "{known}");
}

#[tokio::test]
async fn pull_shows_names_first_and_writes_what_the_server_has_where_it_belongs() {
    let kit = Kit::new();
    let (exit, printed) = kit.run("q secrets pull testing").await.unwrap();
    assert_eq!((exit, kit.text().as_str()), (Exit::Refused, SECRETS), "nothing was written");
    assert!(printed.contains("database_password  differs from the one here"), "{printed}");
    assert!(printed.contains("broker_password    the same here"), "{printed}");
    assert!(printed.contains("smtp_password      not read back"), "{printed}");
    tells_no_value(&kit, &printed);
    let (exit, printed) = kit.run("q secrets pull testing --yes --json").await.unwrap();
    assert_eq!(exit, Exit::Done);
    let document: serde_json::Value = serde_json::from_str(&printed).unwrap();
    assert_eq!(kit.text(), SECRETS.replace("local-one", "of-the-server"), "comments and order stay");
    assert_eq!(fs::metadata(kit.file()).unwrap().permissions().mode() & 0o777, 0o600);
    let kept = document["kept"].as_str().unwrap();
    assert_eq!(fs::read_to_string(kept).unwrap(), SECRETS);
    assert_eq!(fs::metadata(kept).unwrap().permissions().mode() & 0o777, 0o600);
    tells_no_value(&kit, &printed);
    let (_, printed) = kit.run("q secrets pull testing --yes").await.unwrap();
    assert!(printed.contains("There is nothing to write"), "{printed}");
}

#[tokio::test]
async fn a_lost_file_comes_back_and_what_fabulaws_kept_with_it() {
    let kit = Kit::new();
    fs::remove_file(kit.file()).unwrap();
    fs::write(kit.dir.path().join("home/smtp_password"), "mail-1\n").unwrap();
    let (exit, printed) = kit.run("q secrets pull testing --yes").await.unwrap();
    assert_eq!(exit, Exit::Done, "{printed}");
    let values = config::secrets::load(kit.dir.path(), "testing").values;
    let of = |name: &str| values[name].expose().to_owned();
    assert_eq!(
        [of("database_password"), of("broker_password"), of("smtp_password")],
        ["of-the-server", "queue-1", "mail-1"]
    );
    tells_no_value(&kit, &printed);
}

#[tokio::test]
async fn pull_takes_only_what_is_asked_for_and_says_what_cannot_be_read_back() {
    let kit = Kit::new();
    fs::write(kit.file(), "").unwrap();
    kit.run("q secrets pull testing --secret broker_password --yes").await.unwrap();
    assert_eq!(kit.text(), "broker_password = 'queue-1'\n");
    let (exit, printed) = kit.run("q secrets pull testing --secret smtp_password --yes").await.unwrap();
    assert_eq!(exit, Exit::Failed);
    assert!(printed.contains("the template of the settings has it nowhere"), "{printed}");
    for (line, why) in [
        ("q secrets pull testing --secret databse_password", "database_password"),
        ("q secrets pull testing --server i-nobody", "no running server with settings"),
        ("q secrets pull testing --read-only", "--read-only"),
    ] {
        let refused = kit.run(line).await.unwrap_err().to_string();
        assert!(refused.contains(why), "{refused}");
    }
}

#[tokio::test]
async fn nothing_is_written_where_git_would_commit_it() {
    let kit = Kit::new();
    let git = |words: &[&str]| {
        let mut git = Command::new("git");
        git.arg("-C").arg(kit.dir.path()).args(words).stdout(Stdio::null()).stderr(Stdio::null());
        assert!(git.status().unwrap().success());
    };
    git(&["init"]);
    let refused = kit.run("q secrets pull testing --yes").await.unwrap_err();
    assert!(refused.to_string().contains("git would commit"), "{refused}");
    let mut typed = Typed::default();
    typed.put("smtp_password", "mail-1");
    assert!((ways(&kit.target).keep)("testing".into(), typed.clone()).await.is_err());
    assert_eq!(kit.text(), SECRETS);
    fs::write(kit.dir.path().join(".gitignore"), "fabsecrets*.py\n").unwrap();
    let words = (ways(&kit.target).keep)("testing".into(), typed).await.unwrap();
    assert!(words.contains("is written") && !words.contains("mail-1"), "{words}");
    assert!(kit.text().ends_with("smtp_password = 'mail-1'\n"));
}

#[tokio::test]
async fn r16_plans_that_bring_secrets_warn_where_servers_have_others() {
    let kit = Kit::new();
    fs::write(kit.file(), format!("{SECRETS}smtp_password = 'x'\n")).unwrap();
    let planned = async |line: &str| {
        let line = CommandLine::parse_from(format!("q plan {line}").split(' '));
        let Some(Asked::Headless(Headless::Plan(options))) = line.command else { panic!("a plan") };
        operate::planned(&kit.target, &options).await.unwrap()
    };
    for line in ["push-secrets testing", "rotate-secret testing --secret database_password"] {
        let plan = planned(line).await;
        let warned =
            |note: &String| note.starts_with("R16") && note.contains("database_password on worker i-");
        assert!(plan.notes.iter().any(warned), "{:?}", plan.notes);
        assert!(!serde_json::to_string(&plan).unwrap().contains("of-the-server"));
    }
    kit.run("q secrets pull testing --yes").await.unwrap();
    let plan = planned("push-secrets testing").await;
    assert!(plan.notes.iter().all(|note| !note.starts_with("R16")), "{:?}", plan.notes);
    assert!(plan.notes.iter().any(|note| note.contains("none differs")), "{:?}", plan.notes);
}

#[tokio::test]
async fn the_sandbox_has_no_secrets_and_says_so() {
    let kit = Kit::new();
    let target = Target { templates: None, ..kit.target.clone() };
    let mut out = Vec::new();
    let refused = check(target.clone(), "testing", false, &mut out).await.unwrap_err();
    assert!(refused.to_string().contains("leave out --sandbox"), "{refused}");
    let options = PullOptions { environment: "testing".into(), secret: Vec::new(), server: None, yes: true };
    let globals: Globals = CommandLine::parse_from(["q"]).globals;
    assert!(pull(&globals, target, &options, &mut out).await.is_err());
}
