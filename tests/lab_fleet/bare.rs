//! A cloud without a server in it, whose instances boot as bare hosts of the lab; and a project for it.

use std::fs::File;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Output, Stdio};

use serde_json::{Value, json};

use crate::cloud::Endpoint;
use crate::fleet::{login_from, program_in, variables};
use crate::lab::{Lab, folder, within};
use crate::terminal::{Start, Terminal};

/// How many tests have one at a time.
const MOST: u32 = 3;

/// A password that has everything in it.
pub const PASSWORD: &str = r#"it's "$x" `y` \ :% pässwörd"#;

/// A public key, whose private half nobody has.
pub const KEY: &str =
    "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl ana@laptop";

/// A cloud that nobody else has.
pub struct Bare {
    pub lab: Lab,
    name: String,
    endpoint: Endpoint,
    /// The home of whoever runs the program.
    pub dir: tempfile::TempDir,
    /// The project's folder.
    pub project: PathBuf,
    _lock: File,
}

impl Bare {
    /// None if there is no lab here.
    pub fn take() -> Option<Self> {
        let (bare, network) = Self::take_place()?;
        let made = bare.make("bare", &network);
        bare.write_project(&made);
        Some(bare)
    }

    /// The same without a project, and with nothing in the cloud but a network: its image, and its VPC.
    pub fn take_empty() -> Option<(Self, String, String)> {
        let (mut bare, network) = Self::take_place()?;
        let made = bare.make("empty", &network);
        bare.project = bare.dir.path().join("myproject");
        std::fs::create_dir(&bare.project).unwrap();
        let word = |key: &str| made[key].as_str().unwrap().to_owned();
        Some((bare, word("image"), word("vpc")))
    }

    fn take_place() -> Option<(Self, String)> {
        let lab = Lab::find()?;
        let (name, number, lock) = within(900, "a cloud that nobody else has", || {
            (1..=MOST).find_map(|n| Some((format!("bare{n}"), n + 120, lab.lock(&format!(".bare{n}"))?)))
        });
        let place = lab.dir.join("environments").join(&name);
        let _ = lab.try_run("environment", &["down", &name]);
        std::fs::create_dir_all(&place).unwrap();
        std::fs::write(place.join("number"), number.to_string()).unwrap();
        std::fs::write(place.join("hosts"), "").unwrap();
        lab.run("hosts", &["init"]);
        let endpoint = Endpoint::start_with(&["--hosts", &name]);
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("ssh_config"), "IdentityAgent none\n").unwrap();
        let project = dir.path().to_owned();
        let net = std::env::var("LAB_NET").unwrap_or_else(|_| "10.77".into());
        Some((Self { lab, name, endpoint, dir, project, _lock: lock }, format!("{net}.{number}")))
    }

    /// What servers are launched into.
    fn make(&self, what: &str, network: &str) -> Value {
        let mut child = Command::new(&self.endpoint.python)
            .arg(folder().join("cloud.py"))
            .args([what, network])
            .env("PYTHONPATH", folder().with_file_name("cloud"))
            .env("PYTHONDONTWRITEBYTECODE", "1")
            .env("AWS_ENDPOINT_URL", self.endpoint.url())
            .env("NO_PROXY", "127.0.0.1")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let shown = json!({ "project": "myproject", "environment": "staging", "hosts": {} });
        child.stdin.take().unwrap().write_all(shown.to_string().as_bytes()).unwrap();
        let Output { status, stdout, stderr } = child.wait_with_output().unwrap();
        assert!(status.success(), "cloud.py: {}", String::from_utf8_lossy(&stderr));
        serde_json::from_slice(&stdout).unwrap()
    }

    fn write_project(&self, made: &Value) {
        let dir = self.dir.path();
        let word = |key: &str| made[key].as_str().unwrap().to_owned();
        let (image, subnet, group) = (word("image"), word("subnet"), word("group"));
        let config = std::fs::read_to_string(folder().join("project/fabulaws-config.yml")).unwrap();
        let more = format!(
            "instance_settings:\n  ami: {image}\n  admin_groups: [sudo]\n  run_upgrade: true\n\
             ssh_keys: deployment/users\nsubnets: {{a: {subnet}}}\n\
             instance_types: {{cache: t3.small, db-primary: m5.large, db-replica: m5.large, worker: m5.large, \
             web: t3.medium}}\n\
             security_groups: {{cache: [{group}], db-primary: [{group}], db-replica: [{group}], worker: [{group}], \
             web: [{group}]}}\n\
             db_settings:\n  postgresql_settings: {{shared_buffers: 32MB, checkpoint_segments: 8}}\n  \
             postgresql_networks: [10.0.0.0/8]\n"
        );
        std::fs::write(dir.join("fabulaws-config.yml"), config + &more).unwrap();
        let quoted = PASSWORD.replace('\\', "\\\\").replace('\'', "\\'");
        let secrets =
            format!("broker_password = '{quoted}'\ndatabase_password = '{quoted}'\nsecret_key = 'x'\n");
        std::fs::write(dir.join("fabsecrets_staging.py"), secrets).unwrap();
        let users = dir.join("deployment/users");
        std::fs::create_dir_all(&users).unwrap();
        std::fs::write(users.join("ana"), KEY).unwrap();
        std::fs::write(users.join("ana.gecos"), "Ana M").unwrap();
        std::fs::create_dir_all(dir.join("deployment/templates")).unwrap();
        let template = "deployment/templates/local_settings.py";
        std::fs::copy(folder().join("project").join(template), dir.join(template)).unwrap();
    }

    /// The program in the project's folder, with a way to log in.
    pub fn program(&self, line: &str) -> Command {
        let mut command = program_in(self.dir.path(), &self.endpoint);
        command.current_dir(&self.project);
        command.args(login_from(&self.lab, self.dir.path())).args(line.split(' '));
        command
    }

    /// The same in a terminal, of the same person.
    pub fn terminal(&self, words: &[&str]) -> Terminal {
        let words = words.iter().map(|word| (*word).to_owned());
        let home = self.dir.path().display().to_string();
        let mut variables = variables(self.dir.path(), &self.endpoint);
        variables.extend([("HOME", home.clone()), ("XDG_CONFIG_HOME", format!("{home}/.config"))]);
        Terminal::start(Start {
            arguments: Some(login_from(&self.lab, self.dir.path()).into_iter().chain(words).collect()),
            directory: Some(self.project.clone()),
            variables,
            size: Some((140, 45)),
            ..Start::default()
        })
    }

    /// A call of AWS's, as somebody else would make it.
    pub fn call(&self, service: &str, operation: &str, arguments: &Value) -> Value {
        self.endpoint.call(service, operation, arguments)
    }

    /// The lab's word for the host of an instance.
    pub fn host(&self, instance: &str) -> String {
        format!("{}-{instance}", self.name)
    }

    /// A shell command as root on the host of an instance; what it prints, both ways.
    pub fn on(&self, instance: &str, command: &str) -> String {
        self.lab.run("hosts", &["exec", &self.host(instance), "sh", "-c", &format!("{{ {command}\n}} 2>&1")])
    }

    /// An instance as EC2 tells of it: id, private address, tags.
    pub fn instances(&self) -> Vec<(String, String, Value)> {
        let found = self.endpoint.call("ec2", "describe_instances", &json!({}));
        let all = found["Reservations"].as_array().unwrap().iter();
        let all = all.flat_map(|one| one["Instances"].as_array().unwrap());
        let running = all.filter(|one| one["State"]["Name"] == "running");
        let word = |value: &Value| value.as_str().unwrap().to_owned();
        running
            .map(|one| (word(&one["InstanceId"]), word(&one["PrivateIpAddress"]), one["Tags"].clone()))
            .collect()
    }

    /// The one instance that has this tag `role`: its id and private address.
    #[track_caller]
    pub fn of_role(&self, role: &str) -> (String, String) {
        let is = |tags: &Value| {
            tags.as_array().unwrap().iter().any(|tag| tag["Key"] == "role" && tag["Value"] == role)
        };
        let mut found: Vec<_> = self.instances().into_iter().filter(|(_, _, tags)| is(tags)).collect();
        assert_eq!(found.len(), 1, "{role}: {found:?}");
        let (id, address, _) = found.remove(0);
        (id, address)
    }
}

impl Drop for Bare {
    fn drop(&mut self) {
        self.endpoint.stop();
        let _ = self.lab.try_run("environment", &["down", &self.name]);
    }
}
