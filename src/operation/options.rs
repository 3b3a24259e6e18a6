//! What an operation was told.

use serde::{Deserialize, Serialize};

use super::{Kind, Opt, Refused};
use crate::fleet::text::shell_word;
use crate::fleet::{Changeset, EnvironmentName, InstanceId, LoadBalancerName, Process};

/// What an operation was told.
#[allow(clippy::struct_excessive_bools, reason = "each is a flag of its own on the command line")]
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "kebab-case", deny_unknown_fields)]
pub struct Options {
    /// Processes of the group.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub processes: Vec<Process>,
    /// The fewest members.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min: Option<u32>,
    /// The wanted members.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub desired: Option<u32>,
    /// The most members.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max: Option<u32>,
    /// Servers, by id or the beginning of one.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub servers: Vec<InstanceId>,
    /// Load balancers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub balancers: Vec<LoadBalancerName>,
    /// The release.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub release: Option<String>,
    /// A branch, whose head is meant.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
    /// A changeset.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub changeset: Option<Changeset>,
    /// How many servers at a time.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub batch: Option<u32>,
    /// No migrations.
    #[serde(skip_serializing_if = "is_false")]
    pub no_migrate: bool,
    /// No files of services.
    #[serde(skip_serializing_if = "is_false")]
    pub no_services: bool,
    /// With the maintenance page.
    #[serde(skip_serializing_if = "is_false")]
    pub full: bool,
    /// The page without the healthy answer.
    #[serde(skip_serializing_if = "is_false")]
    pub unhealthy: bool,
    /// The group held still first.
    #[serde(skip_serializing_if = "is_false")]
    pub hold_group: bool,
    /// How many releases are kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub keep: Option<u32>,
    /// What new servers are for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// The zone that they are in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub zone: Option<String>,
    /// How many of them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub count: Option<u32>,
    /// Those that could not be finished stay.
    #[serde(skip_serializing_if = "is_false")]
    pub keep_failed: bool,
    /// From the empty image.
    #[serde(skip_serializing_if = "is_false")]
    pub from_base: bool,
    /// Networks from which operators reach servers.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub ssh_from: Vec<String>,
    /// The certificate of a load balancer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate: Option<String>,
    /// The key that a new server is first reached with.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub public_key: Option<String>,
    /// The server whose place the new one takes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub replaces: Option<InstanceId>,
    /// The old server is stopped by EC2.
    #[serde(skip_serializing_if = "is_false")]
    pub stop_old: bool,
    /// What does not end is killed.
    #[serde(skip_serializing_if = "is_false")]
    pub kill: bool,
    /// Secrets, by name.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub secret: Vec<String>,
    /// The environment that data come from.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub from: Option<EnvironmentName>,
    /// The file of a backup.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub backup: Option<String>,
    /// The directory that a backup is written into.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// Words that override refusals.
    #[serde(rename = "override", skip_serializing_if = "Vec::is_empty")]
    pub overrides: Vec<String>,
}

#[allow(clippy::trivially_copy_pass_by_ref)] // serde asks for a reference
const fn is_false(flag: &bool) -> bool {
    !*flag
}

impl Options {
    /// Takes in one option as it was written; the value of a flag is not looked at.
    ///
    /// # Errors
    /// When the value makes no sense: what would, and the nearest right name.
    pub fn set(&mut self, opt: Opt, value: &str) -> Result<(), Refused> {
        let words = || value.split(',').map(str::trim).filter(|word| !word.is_empty());
        let number = || {
            value.trim().parse::<u32>().map_err(|_| {
                let value = crate::fleet::text::one_line(value);
                Refused::Usage(format!("--{} wants a number from 0 on, not `{value}`", opt.name()))
            })
        };
        if opt.kind() != Kind::Flag && words().next().is_none() {
            return Err(Refused::Usage(format!("--{} wants {} after it", opt.name(), opt.value_name())));
        }
        match opt {
            Opt::Processes => {
                for word in words() {
                    self.processes.push(process(word)?);
                }
            }
            Opt::Min => self.min = Some(number()?),
            Opt::Desired => self.desired = Some(number()?),
            Opt::Max => self.max = Some(number()?),
            Opt::Secret => self.secret.extend(words().map(ToOwned::to_owned)),
            Opt::Servers => self.servers.extend(words().map(InstanceId::new)),
            Opt::Balancers => self.balancers.extend(words().map(LoadBalancerName::new)),
            Opt::Release => self.release = Some(value.trim().to_owned()),
            Opt::Branch => self.branch = Some(value.trim().to_owned()),
            Opt::Changeset => self.changeset = Some(changeset(value.trim())?),
            Opt::Batch => self.batch = Some(number()?),
            Opt::NoMigrate => self.no_migrate = true,
            Opt::NoServices => self.no_services = true,
            Opt::Full => self.full = true,
            Opt::Unhealthy => self.unhealthy = true,
            Opt::HoldGroup => self.hold_group = true,
            Opt::Keep => self.keep = Some(number()?),
            Opt::Role => self.role = Some(value.trim().to_owned()),
            Opt::Zone => self.zone = Some(value.trim().to_owned()),
            Opt::Count => self.count = Some(number()?),
            Opt::KeepFailed => self.keep_failed = true,
            Opt::FromBase => self.from_base = true,
            Opt::SshFrom => self.ssh_from.extend(words().map(str::to_owned)),
            Opt::Certificate => self.certificate = Some(value.trim().to_owned()),
            Opt::PublicKey => self.public_key = Some(value.trim().to_owned()),
            Opt::Replaces => self.replaces = Some(InstanceId::new(value.trim())),
            Opt::StopOld => self.stop_old = true,
            Opt::Kill => self.kill = true,
            Opt::From => self.from = Some(EnvironmentName::new(value.trim())),
            Opt::Backup => self.backup = Some(path(opt, value.trim())?),
            Opt::To => self.to = Some(path(opt, value.trim())?),
            Opt::Override => self.overrides.extend(words().map(str::to_owned)),
        }
        Ok(())
    }

    /// What was told, in the order of the table, each with its value as it is written.
    #[must_use]
    pub fn given(&self) -> Vec<(Opt, String)> {
        let list = |words: Vec<&str>| (!words.is_empty()).then(|| words.join(","));
        let flag = |on: bool| on.then(String::new);
        let number = |number: Option<u32>| number.map(|number| number.to_string());
        let value = |opt| match opt {
            Opt::Processes => list(self.processes.iter().map(|process| process.word()).collect()),
            Opt::Min => number(self.min),
            Opt::Desired => number(self.desired),
            Opt::Max => number(self.max),
            Opt::Servers => list(self.servers.iter().map(InstanceId::as_str).collect()),
            Opt::Balancers => list(self.balancers.iter().map(LoadBalancerName::as_str).collect()),
            Opt::Release => self.release.clone(),
            Opt::Branch => self.branch.clone(),
            Opt::Changeset => self.changeset.as_ref().map(|changeset| changeset.as_str().to_owned()),
            Opt::Batch => number(self.batch),
            Opt::NoMigrate => flag(self.no_migrate),
            Opt::NoServices => flag(self.no_services),
            Opt::Full => flag(self.full),
            Opt::Unhealthy => flag(self.unhealthy),
            Opt::HoldGroup => flag(self.hold_group),
            Opt::Keep => number(self.keep),
            Opt::Role => self.role.clone(),
            Opt::Zone => self.zone.clone(),
            Opt::Count => number(self.count),
            Opt::KeepFailed => flag(self.keep_failed),
            Opt::FromBase => flag(self.from_base),
            Opt::SshFrom => list(self.ssh_from.iter().map(String::as_str).collect()),
            Opt::Certificate => self.certificate.clone(),
            Opt::PublicKey => self.public_key.clone(),
            Opt::Replaces => self.replaces.as_ref().map(|id| id.as_str().to_owned()),
            Opt::StopOld => flag(self.stop_old),
            Opt::Kill => flag(self.kill),
            Opt::Secret => list(self.secret.iter().map(String::as_str).collect()),
            Opt::From => self.from.as_ref().map(ToString::to_string),
            Opt::Backup => self.backup.clone(),
            Opt::To => self.to.clone(),
            Opt::Override => list(self.overrides.iter().map(String::as_str).collect()),
        };
        Opt::ALL.into_iter().filter_map(|opt| Some((opt, value(opt)?))).collect()
    }

    /// As they are written on a command line, each with a blank before it.
    #[must_use]
    pub fn written(&self) -> String {
        let one = |(opt, value): (Opt, String)| match opt.kind() {
            Kind::Flag => format!(" --{}", opt.name()),
            _ => format!(" --{} {}", opt.name(), shell_word(&value)),
        };
        self.given().into_iter().map(one).collect()
    }

    /// Whether a refusal with this word is not to count.
    #[must_use]
    pub fn overrides(&self, word: &str) -> bool {
        self.overrides.iter().any(|given| given == word)
    }
}

fn process(word: &str) -> Result<Process, Refused> {
    let known = Process::ALL.map(Process::word);
    Process::parse(word).ok_or_else(|| Refused::unknown("process", word, known))
}

/// A path on a server, from its root.
fn path(opt: Opt, word: &str) -> Result<String, Refused> {
    let word = if word.len() > 1 { word.trim_end_matches('/') } else { word };
    if !word.starts_with('/') || word.len() < 2 || !word.chars().all(crate::fleet::text::is_printable) {
        return Err(Refused::Usage(format!(
            "--{} wants a path on the server that begins with /, not `{}`",
            opt.name(),
            crate::fleet::text::one_line(word)
        )));
    }
    Ok(word.to_owned())
}

/// A changeset as git and Mercurial write them. It becomes part of names, and of commands on servers.
fn changeset(word: &str) -> Result<Changeset, Refused> {
    let word = word.to_ascii_lowercase();
    if !(7..=64).contains(&word.len()) || !word.bytes().all(|b| b.is_ascii_hexdigit()) {
        return Err(Refused::Usage(format!(
            "--changeset wants a changeset's hash, 7 to 64 digits of 0–9 and a–f, not `{}`",
            crate::fleet::text::one_line(&word)
        )));
    }
    Ok(Changeset::new(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(opt: Opt) -> &'static str {
        match opt.kind() {
            Kind::Flag => "",
            Kind::Number => "3",
            Kind::Word if matches!(opt, Opt::Backup | Opt::To) => "/srv/backups",
            Kind::Word => "a1b2c3d",
            Kind::Words if opt == Opt::Processes => "launch, AZRebalance",
            Kind::Words => "one,two",
        }
    }

    #[test]
    fn every_option_is_found_by_its_name_written_as_it_is_read_and_comes_back_from_json() {
        for opt in Opt::ALL {
            assert_eq!(Opt::parse(&format!("--{}", opt.name())), Some(opt));
            let mut options = Options::default();
            options.set(opt, value(opt)).unwrap();
            let given = options.given();
            assert_eq!(given.len(), 1, "{opt:?}");
            let mut again = Options::default();
            again.set(given[0].0, &given[0].1).unwrap();
            assert_eq!(again, options);
            let json = serde_json::to_string(&options).unwrap();
            assert_eq!(serde_json::from_str::<Options>(&json).unwrap(), options, "{json}");
            assert!(json.contains(&format!("\"{}\"", opt.name())), "{json}");
        }
    }

    #[test]
    fn values_that_make_no_sense_are_refused_with_the_nearest_right_one() {
        let refused = |opt, value| Options::default().set(opt, value).unwrap_err().to_string();
        assert_eq!(refused(Opt::Processes, "Lunch"), "there is no process `Lunch`; did you mean `Launch`?");
        assert_eq!(refused(Opt::Batch, "-1"), "--batch wants a number from 0 on, not `-1`");
        assert_eq!(refused(Opt::Servers, " , "), "--servers wants SERVER,… after it");
        for wrong in ["abc", "main", "a1b2c3d; rm", "--help--", "a1b2c3d\\ntouch x"] {
            assert!(Options::default().set(Opt::Changeset, wrong).is_err(), "{wrong}");
        }
        assert!(refused(Opt::Changeset, "main").contains("a changeset's hash"));
        assert!(serde_json::from_str::<Options>("{\"batches\":1}").is_err());
    }

    #[test]
    fn a_written_option_is_one_word_for_a_shell() {
        let mut options = Options { no_migrate: true, ..Options::default() };
        options.set(Opt::Release, "a b's").unwrap();
        assert_eq!(options.written(), r" --release 'a b'\''s' --no-migrate");
    }
}
