//! Reads the project's templates and secrets, and makes the texts.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use minijinja::{Environment, UndefinedBehavior, Value};
use sha2::{Digest as _, Sha256};

use super::context::{self, Context};
use super::facts::{SiteFacts, Source};
use super::ground::Ground;
use super::python;
use crate::config::{Project, secrets};
use crate::fleet::Server;
use crate::plan::{JobFile, Site, TextOf};

/// No template is larger, in bytes.
const LARGEST: u64 = 1024 * 1024;

/// So much may a template compute: far more than any settings need, and an end for one that never ends.
const FUEL: u64 = 10_000_000;

/// The secret that makes deploys be told to New Relic.
pub const NEW_RELIC: &str = "newrelic_api_key";

/// The templates of a project, for one of its deployments.
#[derive(Clone, Debug)]
pub struct Templates {
    project: Arc<Project>,
    deployment: String,
    dir: PathBuf,
}

impl Templates {
    /// The templates of the project in this directory.
    #[must_use]
    pub const fn new(project: Arc<Project>, deployment: String, dir: PathBuf) -> Self {
        Self { project, deployment, dir }
    }

    /// What planners are told. Reads files.
    #[must_use]
    pub fn facts(&self, environment: &str) -> SiteFacts {
        let found = secrets::load(&self.dir, environment);
        let [own, _] = secrets::files(&self.dir, environment);
        let names = self.project.names.password_names.iter().map(|name| name.value.clone());
        let missing = names.filter(|name| !found.values.contains_key(name)).collect();
        let template = self.project.names.localsettings_template.as_deref();
        SiteFacts {
            settings: template.map(|template| self.source(template, environment, &found)),
            tells_new_relic: found.values.contains_key(NEW_RELIC),
            missing,
            ground: Ground::read(&self.project, &self.dir, &found),
            secrets_file: found.file.unwrap_or(own).display().to_string(),
        }
    }

    fn source(
        &self,
        template: &str,
        environment: &str,
        found: &secrets::ProjectSecrets,
    ) -> Result<Source, String> {
        let text = self.text(template)?;
        let engine = self.engine(template);
        let parsed =
            engine.template_from_named_str(template, &text).map_err(|error| self.wrong(template, &error))?;
        let mut known: BTreeSet<String> =
            self.context(environment).into_iter().map(|(name, _)| name).collect();
        known.extend(found.values.keys().cloned());
        known.extend(self.project.names.password_names.iter().map(|name| name.value.clone()));
        known.extend(engine.globals().map(|(name, _)| name.to_owned()));
        let of_site = context::of_site(&self.project, environment, &nowhere(), None);
        known.extend(of_site.into_iter().map(|(name, _)| name));
        let mut unknown: Vec<String> =
            parsed.undeclared_variables(false).into_iter().filter(|name| !known.contains(name)).collect();
        unknown.sort();
        Ok(Source { template: template.to_owned(), sources: self.digest(&text), unknown })
    }

    /// The text of a file, with the secrets in it. Reads files.
    ///
    /// # Errors
    /// When template or config are others than when the plan was made, the template fails, or the secret has no value:
    /// what to do.
    pub fn write(&self, file: &JobFile, own: Option<&Server>) -> Result<String, String> {
        let environment = file.environment.as_str();
        match &file.of {
            TextOf::Template { path, sources, site } => self.filled(path, sources, environment, site, own),
            TextOf::Secret { name } => {
                let found = secrets::load(&self.dir, environment);
                let value = found.values.get(name).map(|secret| secret.expose().to_owned());
                value.ok_or_else(|| format!("{environment} has no value of {name} any more"))
            }
        }
    }

    fn filled(
        &self,
        template: &str,
        sources: &str,
        environment: &str,
        site: &Site,
        own: Option<&Server>,
    ) -> Result<String, String> {
        let text = self.text(template)?;
        if self.digest(&text) != sources {
            return Err(format!(
                "{template} or the config changed since this was planned: nothing is written from it. Plan again"
            ));
        }
        let mut all = self.context(environment);
        all.extend(context::of_site(&self.project, environment, site, own));
        let found = secrets::load(&self.dir, environment);
        all.extend(found.values.iter().map(|(name, secret)| (name.clone(), Value::from(secret.expose()))));
        let engine = self.engine(template);
        let parsed =
            engine.template_from_named_str(template, &text).map_err(|error| self.wrong(template, &error))?;
        let text = parsed.render(Value::from_pairs(all)).map_err(|error| self.wrong(template, &error))?;
        if text.contains('\0') {
            return Err(format!(
                "{template} makes a text with a NUL character in it, which no settings have"
            ));
        }
        Ok(text)
    }

    fn context(&self, environment: &str) -> Context {
        let mut all = context::of_config(&self.project);
        all.extend(context::derived(&self.project, &self.deployment, environment));
        all
    }

    /// As Jinja2 is where nobody changed it, with the methods that Python's values have.
    fn engine(&self, template: &str) -> Environment<'static> {
        let mut engine = Environment::new();
        engine.set_undefined_behavior(UndefinedBehavior::Lenient);
        engine.set_unknown_method_callback(minijinja_contrib::pycompat::unknown_method_callback);
        engine.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
        engine.set_formatter(|out, _, value| python::written(out, value).map_err(minijinja::Error::from));
        engine.set_fuel(Some(FUEL));
        if let Some(beside) = self.path(template).parent() {
            engine.set_loader(minijinja::path_loader(beside));
        }
        engine
    }

    fn path(&self, template: &str) -> PathBuf {
        self.dir.join(template)
    }

    fn text(&self, template: &str) -> Result<String, String> {
        let path = self.path(template);
        read(&path).map_err(|error| format!("{} cannot be read: {error}", path.display()))
    }

    fn wrong(&self, template: &str, error: &minijinja::Error) -> String {
        let line = error.line().map_or_else(String::new, |line| format!(":{line}"));
        format!(
            "{}{line}: {}",
            self.path(template).display(),
            crate::fleet::text::one_line(&error.to_string())
        )
    }

    fn digest(&self, text: &str) -> String {
        let mut digest = Sha256::new();
        digest.update(text.as_bytes());
        digest.update([0]);
        digest.update(format!("{:?}", self.project.tree).as_bytes());
        digest.finalize().iter().fold(String::new(), |mut hex, byte| {
            let _ = write!(hex, "{byte:02x}");
            hex
        })
    }
}

fn read(path: &Path) -> std::io::Result<String> {
    let mut text = String::new();
    let length = std::fs::File::open(path)?.take(LARGEST + 1).read_to_string(&mut text)?;
    if length as u64 > LARGEST {
        return Err(std::io::Error::other("it is larger than 1 MB"));
    }
    Ok(text)
}

/// Only for the names that a site tells.
fn nowhere() -> Site {
    Site {
        role: String::new(),
        changeset: crate::fleet::Changeset::new(""),
        primary: String::new(),
        replicas: Vec::new(),
        cache: String::new(),
    }
}
