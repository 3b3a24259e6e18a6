//! What is known before the first question: what lies in the directory, whose keys there are, which region is meant.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use crate::cli::args::Globals;
use crate::cli::exit::Stop;
use crate::config::{self, secrets};
use crate::fleet::text::{is_printable, one_line};
use crate::repo::git;
use crate::setup::{Facts, MyKey};

/// The most entries of a directory that are looked at.
const MOST: usize = 500;
/// The largest key or profile file, in bytes.
const LARGEST: u64 = 64 * 1024;

/// Looks around.
pub(super) fn gather(globals: &Globals, dir: &Path) -> Result<Facts, Stop> {
    let project = there(dir)?;
    let users = project.as_ref().and_then(|(_, project)| project.names.ssh_keys.clone());
    let users = dir.join(users.as_deref().unwrap_or("deployment/users"));
    let requirements = requirements(dir);
    let (wsgi, celery) = (packages(dir, "wsgi"), packages(dir, "celery"));
    let origin = git::origin(dir).map(|address| without_password(&address));
    let whole = fs::canonicalize(dir).unwrap_or_else(|_| dir.to_owned());
    let named = |path: &Path| path.file_name().map(|name| one_line(&name.to_string_lossy()));
    Ok(Facts {
        directory: named(&whole).unwrap_or_default(),
        user: std::env::var("USER").unwrap_or_default(),
        has_code: origin.is_some() || dir.join("manage.py").is_file() || !wsgi.is_empty(),
        origin,
        requirements,
        wsgi: wsgi.iter().map(|package| format!("{package}.wsgi:application")).collect(),
        celery: celery.iter().map(|package| format!("{package}.celery")).collect(),
        keys: keys(),
        people: names(&users).into_iter().filter(|name| config::people::is_user(name)).collect(),
        region: globals.region.clone().or_else(|| region(globals.profile.as_deref())),
        offers: BTreeMap::new(),
        branches: BTreeMap::new(),
        secrets: known_secrets(dir, project.as_ref().map(|(_, project)| project)),
        shares_secrets: dir.join("fabsecrets.py").exists(),
        config: project,
        sandbox: globals.sandbox,
    })
}

/// The config there is. One that cannot be read is mended by hand first, or it would be lost.
fn there(dir: &Path) -> Result<Option<(String, config::Project)>, Stop> {
    let path = dir.join(config::CONFIG_FILE);
    if path.symlink_metadata().is_err() {
        return Ok(None);
    }
    let loaded = config::load(Some(&path), dir);
    let text = fs::read_to_string(&path);
    if let (Some(project), Ok(text)) = (loaded.project, text) {
        return Ok(Some((text, project)));
    }
    let problems: Vec<String> = loaded.problems.iter().map(ToString::to_string).collect();
    Err(Stop::Failed(format!(
        "{}\nThe setup changes a config only where it can be read: mend it first.",
        problems.join("\n")
    )))
}

fn known_secrets(
    dir: &Path,
    project: Option<&config::Project>,
) -> BTreeMap<String, std::collections::BTreeSet<String>> {
    let of_files = names(dir)
        .into_iter()
        .filter_map(|name| Some(name.strip_prefix("fabsecrets_")?.strip_suffix(".py")?.to_owned()));
    let of_config = project.into_iter().flat_map(|project| {
        project.places.environments.iter().map(|name| name.value.clone()).collect::<Vec<_>>()
    });
    of_files
        .chain(of_config)
        .map(|environment| {
            let found = secrets::load(dir, &environment);
            (environment, found.values.into_keys().collect())
        })
        .collect()
}

/// Names in a directory, sorted.
fn names(dir: &Path) -> Vec<String> {
    let Ok(entries) = fs::read_dir(dir) else { return Vec::new() };
    let mut names: Vec<String> = entries
        .take(MOST)
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.chars().all(is_printable))
        .collect();
    names.sort();
    names
}

fn requirements(dir: &Path) -> Vec<String> {
    let is_list = |name: &String| Path::new(name).extension().is_some_and(|ending| ending == "txt");
    let top = names(dir).into_iter().filter(|name| name.starts_with("requirements") && is_list(name));
    let below = names(&dir.join("requirements")).into_iter().filter(is_list);
    below.map(|name| format!("requirements/{name}")).chain(top).collect()
}

/// Packages that have this module.
fn packages(dir: &Path, module: &str) -> Vec<String> {
    let has = |name: &String| !name.starts_with('.') && dir.join(name).join(format!("{module}.py")).is_file();
    names(dir).into_iter().filter(has).collect()
}

fn home() -> Option<PathBuf> {
    std::env::var_os("HOME").map(PathBuf::from).filter(|home| home.is_absolute())
}

fn keys() -> Vec<MyKey> {
    let Some(ssh) = home().map(|home| home.join(".ssh")) else { return Vec::new() };
    let of = |name: String| {
        let line = small(&ssh.join(&name))?.lines().find(|line| !line.trim().is_empty())?.trim().to_owned();
        config::people::judge(&line).is_ok().then(|| MyKey { file: format!("~/.ssh/{name}"), line })
    };
    let public = |name: &String| Path::new(name).extension().is_some_and(|ending| ending == "pub");
    names(&ssh).into_iter().filter(public).filter_map(of).collect()
}

fn small(path: &Path) -> Option<String> {
    fs::metadata(path).ok().filter(|facts| facts.is_file() && facts.len() <= LARGEST)?;
    fs::read_to_string(path).ok()
}

/// The region as the AWS CLI would find it, without asking anybody.
fn region(profile: Option<&str>) -> Option<String> {
    let variable = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
    let of_environment = || variable("AWS_REGION").or_else(|| variable("AWS_DEFAULT_REGION"));
    let profile = profile.map(str::to_owned).or_else(|| variable("AWS_PROFILE"));
    let file = variable("AWS_CONFIG_FILE").map(PathBuf::from).or_else(|| Some(home()?.join(".aws/config")));
    let of_file = || region_of(&small(&file?)?, profile.as_deref().unwrap_or("default"));
    of_environment().or_else(of_file)
}

fn region_of(text: &str, profile: &str) -> Option<String> {
    let mut here = false;
    for line in text.lines().map(str::trim) {
        if let Some(section) = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')) {
            let name = section.trim();
            here = name.strip_prefix("profile ").map_or(name, str::trim) == profile;
        } else if here
            && let Some((key, value)) = line.split_once('=')
            && key.trim() == "region"
        {
            return Some(value.trim().to_owned());
        }
    }
    None
}

/// An address without the password that a clone may have been made with: it would go into the config.
fn without_password(address: &str) -> String {
    let Some((scheme, rest)) = address.split_once("://") else { return address.to_owned() };
    let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
    match host.rsplit_once('@') {
        Some((user, host)) if user.contains(':') => format!("{scheme}://{host}/{path}"),
        _ => address.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_in_the_address_of_a_clone_does_not_reach_the_config() {
        for (address, wanted) in [
            ("https://me:hunter22@example.com/a/b.git", "https://example.com/a/b.git"),
            ("https://example.com/a/b.git", "https://example.com/a/b.git"),
            ("git@example.com:a/b.git", "git@example.com:a/b.git"),
            ("ssh://git@example.com/a", "ssh://git@example.com/a"),
        ] {
            assert_eq!(without_password(address), wanted);
        }
    }

    #[test]
    fn the_region_is_that_of_the_profile() {
        let text = "[default]\nregion = eu-west-1\n[profile ops]\nsso = x\nregion=us-west-2\n";
        assert_eq!(region_of(text, "default").as_deref(), Some("eu-west-1"));
        assert_eq!(region_of(text, "ops").as_deref(), Some("us-west-2"));
        assert_eq!(region_of(text, "other"), None);
    }

    #[test]
    fn what_lies_in_a_clone_is_found() {
        let dir = tempfile::tempdir().unwrap();
        for file in ["shop/wsgi.py", "shop/celery.py", "requirements/production.txt", "requirements.txt"] {
            let path = dir.path().join(file);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "x").unwrap();
        }
        assert_eq!(requirements(dir.path()), ["requirements/production.txt", "requirements.txt"]);
        assert_eq!(packages(dir.path(), "wsgi"), ["shop"]);
        assert_eq!(packages(dir.path(), "celery"), ["shop"]);
    }
}
