//! The way to servers: the user's own ssh, as the command line and the preferences say.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::args::Globals;
use super::{console, place};
use crate::config::{self, Problem, ProblemSeverity, Project, Ssh};
use crate::remote::clean_text::Secrets;
use crate::remote::openssh::{HostKeyCheck, OpenSsh, Options};

/// The way to servers. Connects nowhere. Adds a problem when host keys are not checked.
pub(crate) fn open(
    globals: &Globals,
    project: &Project,
    problems: &mut Vec<Problem>,
) -> Result<OpenSsh, String> {
    let state = place::state_dir(globals).ok_or(
        "Servers cannot be asked: there is no home directory to keep their host keys in; name a place with \
         --state-dir",
    )?;
    let (preferences, _) = console::places(globals).preferences();
    let options = options(globals, &preferences.ssh, project, state);
    if options.host_keys == HostKeyCheck::Off {
        let at = project.at("disable_known_hosts");
        problems.push(Problem {
            severity: ProblemSeverity::Warning,
            file: project.file.clone(),
            line: at.line,
            column: at.column,
            what: "host keys are not checked: nobody notices when another machine answers".into(),
            suggestion: None,
        });
    }
    OpenSsh::open(options).map_err(|error| format!("Servers cannot be asked: {error}"))
}

fn options(globals: &Globals, preferences: &Ssh, project: &Project, state: PathBuf) -> Options {
    let of_home = |path: &PathBuf| in_home(path, etcetera::home_dir().ok().as_deref());
    let mut options = Options::new(state);
    options.ssh_config = globals.ssh_config.clone().or_else(|| preferences.config.as_ref().map(of_home));
    options.user = globals.user.clone().or_else(|| preferences.user.clone());
    options.identity = globals.identity.clone().or_else(|| preferences.identity.as_ref().map(of_home));
    options.secrets = Arc::new(secrets(globals, project));
    if !project.checks_host_keys(preferences.check_host_keys) {
        options.host_keys = HostKeyCheck::Off;
    }
    options
}

/// The values that are masked in whatever servers print: the secrets of every environment.
fn secrets(globals: &Globals, project: &Project) -> Secrets {
    Secrets::new(known(globals, project).iter().map(config::secrets::Secret::expose))
}

/// The secrets of every environment that stand in files.
pub(crate) fn known(globals: &Globals, project: &Project) -> Vec<config::secrets::Secret> {
    let dir = config::project_dir(&config::config_path(globals.config.as_deref(), Path::new(".")));
    let names = project.places.environments.iter();
    names.flat_map(|name| config::secrets::load(&dir, &name.value).values.into_values()).collect()
}

/// What `~/` at the beginning stands for.
fn in_home(path: &Path, home: Option<&Path>) -> PathBuf {
    match (path.strip_prefix("~"), home) {
        (Ok(rest), Some(home)) => home.join(rest),
        _ => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::args::CommandLine;

    fn project(text: &str) -> Project {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join(config::CONFIG_FILE), text).unwrap();
        config::load(None, dir.path()).project.unwrap()
    }

    fn globals(line: &[&str]) -> Globals {
        CommandLine::parse_from([&["quarterdeck"], line].concat()).globals
    }

    #[test]
    fn the_command_line_wins_over_the_preferences() {
        let preferences = Ssh {
            config: Some("/of/preferences".into()),
            user: Some("jane".into()),
            identity: Some("/keys/jane".into()),
            check_host_keys: true,
            measure: true,
        };
        let project = project("deployments: [a]\n");
        let with = |line: &[&str]| options(&globals(line), &preferences, &project, "/state".into());
        let plain = with(&[]);
        assert_eq!(plain.ssh_config.as_deref(), Some(Path::new("/of/preferences")));
        assert_eq!((plain.user.as_deref(), plain.identity), (Some("jane"), Some("/keys/jane".into())));
        let line = with(&["--ssh-config", "here", "--user", "root", "--identity", "key"]);
        assert_eq!(line.ssh_config.as_deref(), Some(Path::new("here")));
        assert_eq!((line.user.as_deref(), line.identity), (Some("root"), Some("key".into())));
    }

    #[test]
    fn host_keys_go_unchecked_only_when_both_say_so() {
        for (text, preference, check) in [
            ("disable_known_hosts: true\n", false, HostKeyCheck::Off),
            ("disable_known_hosts: true\n", true, HostKeyCheck::Pinned),
            ("disable_known_hosts: false\n", false, HostKeyCheck::Pinned),
            ("deployments: [a]\n", false, HostKeyCheck::Pinned),
        ] {
            let preferences = Ssh { check_host_keys: preference, ..Ssh::default() };
            let options = options(&globals(&[]), &preferences, &project(text), "/state".into());
            assert_eq!(options.host_keys, check, "{text} {preference}");
        }
    }

    #[test]
    fn a_tilde_is_the_home_directory_and_only_at_the_beginning() {
        let home = Some(Path::new("/home/jane"));
        assert_eq!(in_home(Path::new("~/.ssh/key"), home), Path::new("/home/jane/.ssh/key"));
        assert_eq!(in_home(Path::new("/a/~/b"), home), Path::new("/a/~/b"));
        assert_eq!(in_home(Path::new("~jane/key"), home), Path::new("~jane/key"));
    }
}
