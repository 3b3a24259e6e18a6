//! What the project's files say, for the doctor. Reads files, and asks git.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use tokio::time::timeout;

use crate::cli::args::Globals;
use crate::cli::target::{self, Target};
use crate::config::{self, CONFIG_FILE, Problem, ProblemSeverity, Project, secrets};
use crate::doctor::{ProjectFacts, ProjectProblem, RoleFacts, SecretsFile};
use crate::fleet::{EnvironmentPlace, Role};

/// A git that has said nothing by then hangs.
const PATIENCE: Duration = Duration::from_secs(10);

/// What the project's files say; none where there is no project, as in the sandbox.
pub(super) async fn read(
    globals: &Globals,
    target: &Target,
    place: &EnvironmentPlace,
) -> Option<ProjectFacts> {
    let dir = target.clone.clone()?;
    let (globals, environment) = (globals.clone(), place.name.to_string());
    let read = tokio::task::spawn_blocking(move || facts(&globals, &dir, &environment));
    let mut facts = read.await.ok()??;
    if let (Some(file), Some(dir)) = (&mut facts.secrets_file, target.clone.clone()) {
        file.is_ignored = git_ignores(dir, PathBuf::from(&file.path)).await;
    }
    Some(facts)
}

/// Whether git leaves a file of this directory alone; none where nobody knows.
pub(crate) async fn git_ignores(dir: PathBuf, file: PathBuf) -> Option<bool> {
    let asked = tokio::task::spawn_blocking(move || is_ignored(&dir, &file));
    timeout(PATIENCE, asked).await.ok().and_then(Result::ok).flatten()
}

fn facts(globals: &Globals, dir: &Path, environment: &str) -> Option<ProjectFacts> {
    let (project, _) = target::project(globals).ok()?;
    let found = secrets::load(dir, environment);
    let zones = project.aws.avail_zones.iter().map(|zone| project.zone_in_full(zone));
    let has_subnets = project.aws.subnets.as_ref().is_some_and(|subnets| !subnets.value.is_empty());
    let without = project.aws.avail_zones.iter().filter(|zone| has_subnets && project.subnet(zone).is_none());
    Some(ProjectFacts {
        problems: problems(globals, dir),
        roles: roles(&project, environment),
        secrets: project.names.password_names.len(),
        secrets_file: found.file.as_ref().map(|file| SecretsFile {
            path: file.display().to_string(),
            mode: mode(file),
            is_ignored: None,
            problems: found.problems.iter().filter(|problem| !is_about_mode(problem)).map(told).collect(),
        }),
        zones: zones.collect(),
        without_subnet: without.map(|zone| project.zone_in_full(zone)).collect(),
        uses_luks: project.instances.fs_encrypt,
    })
}

/// What `config check` holds against the config and the preferences. Hooks and secrets have checks of their own.
fn problems(globals: &Globals, dir: &Path) -> Vec<ProjectProblem> {
    let report = config::check(&config::CheckOptions {
        config_file: globals.config.as_deref(),
        dir: Path::new("."),
        deployment: globals.deployment.as_deref(),
        user_dir: config::user_dir().as_deref(),
        keymaps: Vec::new(),
        themes: Vec::new(),
    });
    let own = config::config_path(globals.config.as_deref(), dir);
    let own_name = own.file_name().unwrap_or(CONFIG_FILE.as_ref()).to_owned();
    let is_meant = |problem: &&Problem| {
        let name = problem.file.file_name();
        let of_config = name == Some(&own_name) || name.is_some_and(|name| name == "quarterdeck.toml");
        of_config && problem.severity != ProblemSeverity::Note
    };
    let problems = report.problems.iter().filter(is_meant);
    problems
        .map(|problem| ProjectProblem {
            is_error: problem.severity == ProblemSeverity::Error,
            text: told(problem),
        })
        .collect()
}

fn told(problem: &Problem) -> String {
    problem.to_string()
}

/// The mode is judged by itself.
fn is_about_mode(problem: &Problem) -> bool {
    problem.what.starts_with("others can read")
}

fn roles(project: &Project, environment: &str) -> Vec<RoleFacts> {
    let aws = &project.aws;
    let roles = project.places.valid_roles.iter().map(|role| RoleFacts {
        role: Role::parse(role),
        instance_type: aws.instance_types.find(environment, role).map(|kind| kind.value.clone()),
        volume_size: aws.volume_sizes.find(environment, role).copied(),
        has_security_group: aws.security_groups.find(environment, role).is_some_and(|all| !all.is_empty()),
    });
    roles.collect()
}

#[cfg(unix)]
fn mode(file: &Path) -> Option<u32> {
    use std::os::unix::fs::PermissionsExt as _;
    Some(std::fs::metadata(file).ok()?.permissions().mode() & 0o777)
}

#[cfg(not(unix))]
const fn mode(_: &Path) -> Option<u32> {
    None
}

/// Whether git leaves a file alone; none where there is no git, or no repository. A file that is tracked is not
/// ignored, whatever `.gitignore` says.
fn is_ignored(dir: &Path, file: &Path) -> Option<bool> {
    let name = file.file_name()?;
    let mut git = Command::new("git");
    // A repository's own settings must start no program.
    git.args(["-c", "core.fsmonitor=false", "-C"]).arg(dir).args(["check-ignore", "--quiet", "--"]).arg(name);
    git.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    match git.status().ok()?.code() {
        Some(0) => Some(true),
        Some(1) => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;
    use crate::cli::args::CommandLine;

    const CONFIG: &str = "\
project: shop
region: us-east-1
avail_zones: [a, b]
subnets: {a: subnet-1}
deployments: [shop]
default_deployment: shop
environments: [staging]
valid_roles: [web, cache]
instance_types: {web: c5.large, cache: r5.large}
volume_sizes: {web: 20}
security_groups: {web: [web-sg], cache: []}
auto_scaling_groups: {shop: {staging: staging-ag}}
password_names: [broker_password, secret_key]
instance_settings: {fs_encrypt: true}
";

    fn of_project(files: &[(&str, &str)]) -> ProjectFacts {
        let dir = tempfile::tempdir().unwrap();
        for (name, text) in files {
            std::fs::write(dir.path().join(name), text).unwrap();
        }
        let config = dir.path().join(CONFIG_FILE);
        let line = ["quarterdeck", "--config", config.to_str().unwrap()];
        let globals = CommandLine::try_parse_from(line).unwrap().globals;
        facts(&globals, dir.path(), "staging").unwrap()
    }

    #[test]
    fn a_project_is_told_as_its_files_have_it() {
        let facts =
            of_project(&[(CONFIG_FILE, CONFIG), ("fabsecrets.py", "secret_key = 'x'\nb = open(1)\n")]);
        assert!(facts.uses_luks);
        assert_eq!(facts.zones, ["us-east-1a", "us-east-1b"]);
        assert_eq!(facts.without_subnet, ["us-east-1b"]);
        assert_eq!(facts.secrets, 2);
        let told: Vec<_> = facts
            .roles
            .iter()
            .map(|role| {
                (role.role.word(), role.instance_type.as_deref(), role.volume_size, role.has_security_group)
            })
            .collect();
        let wanted = [("web", Some("c5.large"), Some(20), true), ("cache", Some("r5.large"), None, false)];
        assert_eq!(told, wanted);
        let file = facts.secrets_file.unwrap();
        assert!(file.path.ends_with("fabsecrets.py"), "{}", file.path);
        assert!(file.mode.is_some());
        assert_eq!(file.problems.len(), 1, "its mode is told by itself: {:?}", file.problems);
    }

    #[test]
    fn what_has_a_check_of_its_own_is_not_told_twice() {
        let hook = "def post_bootstrap():\n    pass\n";
        let facts =
            of_project(&[(CONFIG_FILE, CONFIG), ("fabfile.py", hook), ("fabsecrets.py", "b = open(1)\n")]);
        assert!(facts.problems.iter().any(|problem| problem.is_error), "{:?}", facts.problems);
        for problem in &facts.problems {
            assert!(problem.text.contains(CONFIG_FILE), "{}", problem.text);
        }
    }

    #[test]
    fn git_is_asked_whether_it_would_commit_a_file() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("fabsecrets_staging.py");
        std::fs::write(&file, "a = 'b'\n").unwrap();
        let git = |words: &[&str]| {
            let mut git = Command::new("git");
            git.arg("-C").arg(dir.path()).args(words).stdout(Stdio::null()).stderr(Stdio::null());
            git.status().unwrap().success()
        };
        assert!(git(&["init"]));
        assert_eq!(is_ignored(dir.path(), &file), Some(false));
        std::fs::write(dir.path().join(".gitignore"), "fabsecrets*.py\n").unwrap();
        assert_eq!(is_ignored(dir.path(), &file), Some(true));
        assert!(git(&["add", "--force", "fabsecrets_staging.py"]));
        assert_eq!(is_ignored(dir.path(), &file), Some(false), "tracked, so it goes where the others go");
        assert_eq!(is_ignored(Path::new("/nowhere/at/all"), &file), None);
    }
}
