//! Reads the project's templates and secrets, and makes the texts.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use minijinja::{Environment, UndefinedBehavior, Value};
use sha2::{Digest as _, Sha256};

use super::context::{self, Context};
use super::facts::{Hook, SiteFacts, Source};
use super::ground::Ground;
use super::hooks::runs_on_server;
use super::outside::Outside;
use super::{python, secrets as kept, services};
use crate::config::secrets::ProjectSecrets;
use crate::config::{self, HOOKS, HOOKS_DIR, HookPlace, Project, hook_place, hooks, secrets};
use crate::fleet::{Server, ServiceFile};
use crate::plan::typed::untyped;
use crate::plan::{Address, JobFile, SecretsChange, Site, TextOf};
use crate::recipe::service_files;

/// No template is larger, in bytes.
const LARGEST: u64 = 1024 * 1024;

/// So much may a template compute: far more than any settings need, and an end for one that never ends.
const FUEL: u64 = 10_000_000;

/// The secret that makes deploys be told to New Relic.
pub const NEW_RELIC: &str = "newrelic_api_key";

/// The templates of a project, for one of its deployments.
#[derive(Clone, Debug)]
pub struct Templates {
    pub(super) project: Arc<Project>,
    deployment: String,
    pub(super) dir: PathBuf,
    pub(super) outside: Outside,
}

impl Templates {
    /// The templates of the project in this directory.
    #[must_use]
    pub fn new(project: Arc<Project>, deployment: String, dir: PathBuf) -> Self {
        Self { project, deployment, dir, outside: Outside::default() }
    }

    /// The same with ways out of the project's directory.
    #[must_use]
    pub fn with(self, outside: Outside) -> Self {
        Self { outside, ..self }
    }

    /// The secrets there are, and why those could not be had that a program should have told.
    pub(super) fn secrets(
        &self,
        environment: &str,
        anew: bool,
    ) -> (ProjectSecrets, BTreeMap<String, String>) {
        let mut found = secrets::load(&self.dir, environment);
        let names = self.project.names.password_names.iter().map(|name| name.value.as_str());
        let failed = self.outside.complete(environment, names, &mut found, anew);
        (found, failed)
    }

    /// What planners are told. Reads files.
    #[must_use]
    pub fn facts(&self, environment: &str) -> SiteFacts {
        let in_file = secrets::load(&self.dir, environment).values;
        let (found, failed) = self.secrets(environment, true);
        let [own, _] = secrets::files(&self.dir, environment);
        let names = self.project.names.password_names.iter().map(|name| name.value.clone());
        let missing = names.filter(|name| !found.values.contains_key(name));
        let missing = missing.map(|name| match failed.get(&name) {
            Some(why) => format!("{name} ({why})"),
            None => name,
        });
        let missing = missing.collect();
        let program = self.outside.ask.as_ref().map(|(program, _)| program.as_str()).unwrap_or_default();
        let commanded = found.values.keys().filter(|name| !in_file.contains_key(*name));
        let commanded = commanded.map(|name| (name.clone(), program.to_owned())).collect();
        let template = self.project.names.localsettings_template.as_deref();
        let settings = template.map(|template| {
            let place = Place { path: template.to_owned(), ours: false, service: None };
            self.source(place, environment, &found)
        });
        let file_of_secrets = found.file.clone().unwrap_or(own).display().to_string();
        let services = services::wanted(&self.project, environment, &found).into_iter().map(|file| {
            let source = self.source(self.place(file), environment, &found);
            (file, source.and_then(|source| has_secrets(file, &found, &file_of_secrets).map(|()| source)))
        });
        SiteFacts {
            settings,
            services: services.collect(),
            tells_new_relic: found.values.contains_key(NEW_RELIC),
            missing,
            ground: Ground { commanded, ..Ground::read(&self.project, &self.dir, &found) },
            secrets_file: file_of_secrets.clone(),
            hooks: self.hooks(),
            drift: None,
        }
    }

    /// Where the template of a file is: beside that of the settings, or with the program.
    fn place(&self, file: ServiceFile) -> Place {
        let name = file.template();
        let settings = self.project.names.localsettings_template.as_deref();
        let beside = settings.map(|path| Path::new(path).with_file_name(name));
        let own = beside.filter(|path| file.is_projects_to_write() && self.dir.join(path).is_file());
        let path = own.as_ref().map_or_else(|| name.to_owned(), |path| path.display().to_string());
        Place { path, ours: own.is_none(), service: Some(file) }
    }

    fn hooks(&self) -> Vec<Hook> {
        let told = |hook: config::Hook| {
            let file = hook.file.strip_prefix(&self.dir).unwrap_or(&hook.file).display();
            Hook {
                name: hook.name.to_owned(),
                at: format!("{file}:{}", hook.at.line),
                path: format!("{HOOKS_DIR}/{}", hook.name),
                is_replaced: hook.place == HookPlace::Executable,
                runs: (hook.place == HookPlace::Executable).then(|| self.runs(hook.name)),
            }
        };
        let of_fabfile: Vec<Hook> = hooks(&self.dir).into_iter().map(told).collect();
        // A project that never had a fabfile has hooks all the same.
        let is_known = |name: &str| of_fabfile.iter().any(|hook| hook.name == name);
        let own = HOOKS
            .into_iter()
            .filter(|name| !is_known(name) && hook_place(&self.dir, name) == HookPlace::Executable);
        let own: Vec<Hook> = own
            .map(|name| Hook {
                name: name.to_owned(),
                at: format!("{HOOKS_DIR}/{name}"),
                path: format!("{HOOKS_DIR}/{name}"),
                is_replaced: true,
                runs: Some(self.runs(name)),
            })
            .collect();
        of_fabfile.into_iter().chain(own).collect()
    }

    /// Whether the executable in the place of a hook runs on the server.
    fn runs(&self, name: &str) -> Result<(), String> {
        let path = format!("{HOOKS_DIR}/{name}");
        let text = read(&self.dir.join(&path)).map_err(|error| format!("{path} cannot be read: {error}"))?;
        runs_on_server(&path, &text)
    }

    fn source(
        &self,
        place: Place,
        environment: &str,
        found: &secrets::ProjectSecrets,
    ) -> Result<Source, String> {
        let text = self.text(&place)?;
        let engine = self.engine(&place);
        let parsed =
            engine.template_from_named_str(&place.path, &text).map_err(|error| self.wrong(&place, &error))?;
        let mut known: BTreeSet<String> =
            self.context(environment).into_iter().map(|(name, _)| name).collect();
        known.extend(found.values.keys().cloned());
        known.extend(self.project.names.password_names.iter().map(|name| name.value.clone()));
        known.extend(engine.globals().map(|(name, _)| name.to_owned()));
        let of_site = context::of_site(&self.project, environment, &nowhere(), None);
        let of_service = place.service.map(|file| services::told(&self.project, environment, file, None));
        known.extend(of_site.into_iter().chain(of_service.into_iter().flatten()).map(|(name, _)| name));
        let is_unknown = |name: &String| !place.ours && !known.contains(name);
        let mut unknown: Vec<String> =
            parsed.undeclared_variables(false).into_iter().filter(is_unknown).collect();
        unknown.sort();
        let sources = self.digest(&text);
        Ok(Source { template: place.path, ours: place.ours, sources, unknown })
    }

    /// The text of a file, with the secrets in it. Reads files.
    ///
    /// # Errors
    /// When template or config are others than when the plan was made, the template fails, or the secret has no value:
    /// what to do.
    pub fn write(&self, file: &JobFile, own: Option<&Server>) -> Result<String, String> {
        let environment = file.environment.as_str();
        match &file.of {
            TextOf::Address { address } => known(address).map(str::to_owned),
            TextOf::Template { path, ours, service, sources, site } => {
                let place = Place { path: path.clone(), ours: *ours, service: *service };
                self.filled(&place, sources, environment, site, own)
            }
            TextOf::Typed { name, .. } => Err(untyped(name)),
            TextOf::Hook { path } => {
                let text =
                    read(&self.dir.join(path)).map_err(|error| format!("{path} cannot be read: {error}"))?;
                runs_on_server(path, &text).map(|()| text)
            }
            TextOf::SecretBefore { name, note } => {
                let before = kept::before(&self.dir, environment, note, name)?;
                Ok(before.expose().to_owned())
            }
            TextOf::Secret { name } => {
                let (found, _) = self.secrets(environment, false);
                let value = found.values.get(name).map(|secret| secret.expose().to_owned());
                value.ok_or_else(|| format!("{environment} has no value of {name} any more"))
            }
        }
    }

    /// Changes secrets in their file, as a step says. Done again it changes nothing more.
    ///
    /// # Errors
    /// Why they were not changed, without a value.
    pub fn change(&self, change: &SecretsChange) -> Result<(), String> {
        let values = || secrets::load(&self.dir, change.environment.as_str()).values.into_values().collect();
        self.outside.masks(values());
        kept::change(&self.dir, change)?;
        self.outside.masks(values());
        Ok(())
    }

    fn filled(
        &self,
        place: &Place,
        sources: &str,
        environment: &str,
        site: &Site,
        own: Option<&Server>,
    ) -> Result<String, String> {
        let template = &place.path;
        for address in [&site.primary, &site.cache].into_iter().chain(&site.replicas) {
            known(address)?;
        }
        let text = self.text(place)?;
        if self.digest(&text) != sources {
            return Err(format!(
                "{template} or the config changed since this was planned: nothing is written from it. Plan again"
            ));
        }
        let mut all = self.context(environment);
        all.extend(context::of_site(&self.project, environment, site, own));
        let (found, _) = self.secrets(environment, false);
        all.extend(found.values.iter().map(|(name, secret)| (name.clone(), Value::from(secret.expose()))));
        if let Some(file) = place.service {
            whole_lines(file, &found)?;
            all.extend(services::told(&self.project, environment, file, own));
        }
        let engine = self.engine(place);
        let parsed =
            engine.template_from_named_str(template, &text).map_err(|error| self.wrong(place, &error))?;
        let text = parsed.render(Value::from_pairs(all)).map_err(|error| self.wrong(place, &error))?;
        if text.contains('\0') {
            return Err(format!(
                "{template} makes a text with a NUL character in it, which no settings have"
            ));
        }
        Ok(text)
    }

    /// The text of the settings or of a service's file with these in the place of secrets, the names that the template
    /// uses, and whether it is ours.
    pub(super) fn filled_with(
        &self,
        service: Option<ServiceFile>,
        environment: &str,
        site: &Site,
        secrets: impl Iterator<Item = (String, String)>,
    ) -> Result<(String, BTreeSet<String>, bool), String> {
        let settings = self.project.names.localsettings_template.as_deref();
        let settings = || settings.ok_or("the config names no localsettings_template");
        let place = match service {
            Some(file) => self.place(file),
            None => Place { path: settings()?.to_owned(), ours: false, service },
        };
        let text = self.text(&place)?;
        let engine = self.engine(&place);
        let parsed =
            engine.template_from_named_str(&place.path, &text).map_err(|error| self.wrong(&place, &error))?;
        let mut all = self.context(environment);
        all.extend(context::of_site(&self.project, environment, site, None));
        all.extend(secrets.map(|(name, value)| (name, Value::from(value))));
        all.extend(
            service.into_iter().flat_map(|file| services::told(&self.project, environment, file, None)),
        );
        let text = parsed.render(Value::from_pairs(all)).map_err(|error| self.wrong(&place, &error))?;
        Ok((text, parsed.undeclared_variables(false).into_iter().collect(), place.ours))
    }

    fn context(&self, environment: &str) -> Context {
        let mut all = context::of_config(&self.project);
        all.extend(context::derived(&self.project, &self.deployment, environment));
        all
    }

    /// As Jinja2 is where nobody changed it, with the methods that Python's values have.
    fn engine(&self, place: &Place) -> Environment<'static> {
        let mut engine = Environment::new();
        engine.set_undefined_behavior(UndefinedBehavior::Lenient);
        engine.set_unknown_method_callback(minijinja_contrib::pycompat::unknown_method_callback);
        engine.set_auto_escape_callback(|_| minijinja::AutoEscape::None);
        engine.set_formatter(|out, _, value| python::written(out, value).map_err(minijinja::Error::from));
        engine.set_fuel(Some(FUEL));
        if let Some(beside) = self.path(&place.path).parent().filter(|_| !place.ours) {
            engine.set_loader(minijinja::path_loader(beside));
        }
        engine
    }

    fn path(&self, template: &str) -> PathBuf {
        self.dir.join(template)
    }

    fn text(&self, place: &Place) -> Result<String, String> {
        if let Some(file) = place.service.filter(|_| place.ours) {
            return Ok(service_files::template(file).to_owned());
        }
        let path = self.path(&place.path);
        read(&path).map_err(|error| format!("{} cannot be read: {error}", path.display()))
    }

    fn wrong(&self, place: &Place, error: &minijinja::Error) -> String {
        let line = error.line().map_or_else(String::new, |line| format!(":{line}"));
        let path = if place.ours { PathBuf::from(&place.path) } else { self.path(&place.path) };
        format!("{}{line}: {}", path.display(), crate::fleet::text::one_line(&error.to_string()))
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

/// A template, and what it is for.
struct Place {
    path: String,
    ours: bool,
    service: Option<ServiceFile>,
}

/// Without its secrets a file would be wrong.
fn has_secrets(file: ServiceFile, found: &secrets::ProjectSecrets, path: &str) -> Result<(), String> {
    let missing: Vec<&str> =
        file.secrets().iter().copied().filter(|name| !found.values.contains_key(*name)).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let names = missing.join(", ");
    Err(format!("{names}, which {} needs, is missing: write it into {path}", file.template()))
}

/// Files of services have a line for each secret.
fn whole_lines(file: ServiceFile, found: &secrets::ProjectSecrets) -> Result<(), String> {
    let broken = |name: &&&str| {
        found.values.get(**name).is_some_and(|secret| secret.expose().contains(['\n', '\r', '\0']))
    };
    match file.secrets().iter().find(broken) {
        Some(name) => Err(format!(
            "{name} has a line break in it, which {} cannot hold: choose another one",
            file.template()
        )),
        None => Ok(()),
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

/// The address: nothing is written with a gap where one belongs.
fn known(address: &Address) -> Result<&str, String> {
    address.known().ok_or_else(|| format!("the address of a server, {address}, is not known yet"))
}

/// Only for the names that a site tells.
fn nowhere() -> Site {
    Site {
        role: String::new(),
        changeset: crate::fleet::Changeset::new(""),
        primary: "".into(),
        replicas: Vec::new(),
        cache: "".into(),
    }
}
