//! Secrets: whether every one that the config names has a value, and what is wrong with their files.

use std::path::Path;

use super::super::problem::{Problem, Problems};
use super::super::project::Project;
use super::super::secrets::{self, ProjectSecrets};
use super::Context;

/// Names without a value. Whoever only looks needs none; a step that writes settings needs them all.
pub fn missing(context: &Context<'_>, out: &mut Problems) {
    for name in &context.project.places.environments {
        let found = secrets::load(context.dir, &name.value);
        let lacks = |name: &str| !found.values.contains_key(name);
        let [own, _] = secrets::files(Path::new(""), &name.value);
        let file = found.file.as_ref().and_then(|file| file.file_name()).unwrap_or(own.as_os_str());
        let file = file.to_string_lossy();
        let names = context.project.names.password_names.iter().filter(|secret| lacks(&secret.value));
        let names: Vec<&str> = names.map(|secret| secret.as_str()).collect();
        if !names.is_empty() {
            let (names, environment) = (names.join(", "), &name.value);
            let at = context.project.at("password_names");
            out.note(
                at,
                format!("{environment} has no value of {names}: settings are written once {file} has them"),
            );
        }
    }
}

/// What is wrong with the files themselves, each file once.
pub fn in_files(project: &Project, dir: &Path) -> Vec<Problem> {
    let mut seen = Vec::new();
    let mut all = Vec::new();
    for name in &project.places.environments {
        let ProjectSecrets { file, problems, .. } = secrets::load(dir, &name.value);
        if let Some(file) = file.filter(|file| !seen.contains(file)) {
            seen.push(file);
            all.extend(problems);
        }
    }
    all
}
