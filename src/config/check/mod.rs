//! Sharp checking: everything that is wrong with a project's files, at once.

mod hooks;
mod missing;
mod names;
mod secrets;
mod values;

#[cfg(test)]
mod tests;

use std::fmt;
use std::path::{Path, PathBuf};

use serde::Serialize;

use super::preferences::{self, Known};
use super::problem::{Problem, ProblemSeverity, Problems};
use super::project::Project;
use super::{config_path, read_project};
use crate::fleet::EnvironmentName;

pub use hooks::{HOOKS, HOOKS_DIR, Hook, HookPlace, hook_place, hooks};

/// What is checked.
#[derive(Clone, Debug)]
pub struct CheckOptions<'a> {
    /// The config; `fabulaws-config.yml` in `dir` when it is not named.
    pub config_file: Option<&'a Path>,
    /// Where to look for it.
    pub dir: &'a Path,
    /// The deployment that is meant, when it is not the default one.
    pub deployment: Option<&'a str>,
    /// The user's own directory, see [`super::user_dir`].
    pub user_dir: Option<&'a Path>,
    /// Names of the keymaps there are; any name will do when it is empty.
    pub keymaps: Vec<String>,
    /// Names of the themes there are; any name will do when it is empty.
    pub themes: Vec<String>,
}

/// Everything that is wrong. As JSON it is `{"version": 1, "problems": [{"severity", "file", "line", "column",
/// "what", "suggestion"}]}`; lines and columns count from 1, `suggestion` may be null.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Report {
    /// The version of the JSON's shape.
    pub version: u32,
    /// Every problem, file by file in the order of their lines.
    pub problems: Vec<Problem>,
}

impl Report {
    /// Whether there are at most notes: then `config check` exits with 0, otherwise with 1.
    #[must_use]
    pub fn is_clean(&self) -> bool {
        self.problems.iter().all(|problem| problem.severity == ProblemSeverity::Note)
    }

    fn count(&self, severity: ProblemSeverity) -> usize {
        self.problems.iter().filter(|problem| problem.severity == severity).count()
    }
}

/// A line for each problem, then a line that counts them.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for problem in &self.problems {
            writeln!(f, "{problem}")?;
        }
        let counts: Vec<String> = [ProblemSeverity::Error, ProblemSeverity::Warning, ProblemSeverity::Note]
            .into_iter()
            .map(|severity| (self.count(severity), severity))
            .filter(|(count, _)| *count > 0)
            .map(|(count, severity)| format!("{count} {severity}{}", if count == 1 { "" } else { "s" }))
            .collect();
        writeln!(f, "{}", if counts.is_empty() { "no problems".into() } else { counts.join(", ") })
    }
}

/// What a rule looks at.
struct Context<'a> {
    project: &'a Project,
    /// The project's directory.
    dir: &'a Path,
    /// What the preferences say about host keys.
    check_host_keys: bool,
}

/// A rule: what it holds against a project, in a few words, and how it looks for it.
struct Rule {
    /// What it reports.
    about: &'static str,
    check: fn(&Context<'_>, &mut Problems),
}

/// Every rule. A new one is one row and one function.
const RULES: &[Rule] = &[
    Rule { about: "a key is missing that nothing can do without", check: missing::keys },
    Rule { about: "an environment, deployment or role is listed twice", check: names::listed_twice },
    Rule { about: "a role is none that can be built", check: names::roles },
    Rule { about: "the default deployment is not listed", check: names::default_deployment },
    Rule { about: "a production environment does not exist", check: names::production_environments },
    Rule { about: "a mapping by environment names an unknown one", check: names::by_environment },
    Rule {
        about: "a mapping by deployment and environment names an unknown one",
        check: names::by_deployment,
    },
    Rule {
        about: "a mapping by environment and role names an unknown one",
        check: names::by_environment_and_role,
    },
    Rule {
        about: "a role has no instance type, size, volume type or security group",
        check: missing::by_role,
    },
    Rule { about: "an environment has no branch, load balancer or group", check: missing::by_deployment },
    Rule { about: "an environment has no site domain or port", check: missing::by_environment },
    Rule { about: "a first domain is a wildcard, or a domain is none", check: values::domains },
    Rule { about: "a zone is none of the region", check: values::zones },
    Rule { about: "a zone has no subnet", check: values::subnets },
    Rule { about: "a word is none of those that are understood", check: values::words },
    Rule { about: "a name cannot exist in AWS", check: values::aws_names },
    Rule { about: "LUKS together with a group", check: values::luks_with_groups },
    Rule { about: "host keys are not to be checked", check: values::known_hosts },
    Rule { about: "an old name of a key", check: values::old_keys },
    Rule { about: "a file of the project is not there", check: missing::files },
    Rule { about: "a file of somebody's keys cannot be used", check: missing::keys_of_people },
    Rule { about: "a secret has no value", check: secrets::missing },
    Rule { about: "a fabfile hook that nothing replaces", check: hooks::unreplaced },
];

/// What is checked, rule by rule, for help and documentation.
pub fn rules() -> impl Iterator<Item = &'static str> {
    RULES.iter().map(|rule| rule.about)
}

/// Checks the config, the fabfile's hooks and the preferences beside it and in the user's directory.
#[must_use]
pub fn check(options: &CheckOptions<'_>) -> Report {
    let path = config_path(options.config_file, options.dir);
    let dir = project_dir(&path);
    let mut problems = Problems::of(&path);
    let project = read_project(options.config_file.is_none(), &mut problems);
    let known = Known {
        environments: project.iter().flat_map(environments).collect(),
        keymaps: options.keymaps.clone(),
        themes: options.themes.clone(),
    };
    let (preferences, of_preferences) = preferences::load_for(&dir, options.user_dir, &known);
    if let Some(project) = &project {
        check_project(project, &dir, preferences.ssh.check_host_keys, &mut problems);
    }
    let mut all = problems.into_sorted();
    if let (Some(project), Some(name)) = (&project, options.deployment) {
        all.extend(project.topology(Some(name)).err());
    }
    if let Some(project) = &project {
        all.extend(secrets::in_files(project, &dir));
    }
    all.extend(of_preferences);
    Report { version: 1, problems: all }
}

/// Applies every rule to a project that stands in `dir`.
fn check_project(project: &Project, dir: &Path, check_host_keys: bool, problems: &mut Problems) {
    let context = Context { project, dir, check_host_keys };
    for rule in RULES {
        (rule.check)(&context, problems);
    }
}

/// The directory of a config file.
#[must_use]
pub fn project_dir(config: &Path) -> PathBuf {
    match config.parent() {
        Some(dir) if dir != Path::new("") => dir.to_owned(),
        _ => PathBuf::from("."),
    }
}

fn environments(project: &Project) -> impl Iterator<Item = EnvironmentName> + '_ {
    project.places.environments.iter().map(|name| EnvironmentName::new(&name.value))
}
