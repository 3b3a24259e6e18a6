//! Where secrets stand in the settings of an environment's servers, and writing those here that come from elsewhere: from a
//! server, or from somebody who types them.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::Templates;
use super::held::{Marks, Shapes};
use super::secrets as kept;
use crate::config::secrets::{NEXT, Secret, files, load};
use crate::fleet::{Changeset, Layout, Role, ServiceFile};
use crate::plan::{Address, Site};

/// Where a secret is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Whence {
    /// In the file of secrets.
    File,
    /// A program tells it.
    Program(String),
    /// It has no value, and why where a program was asked.
    Nowhere(Option<String>),
}

/// A secret of an environment, as everybody may know it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// Its name.
    pub name: String,
    /// Whether the config names it.
    pub is_named: bool,
    /// Where it is.
    pub whence: Whence,
}

impl Templates {
    /// The secrets that there are and that there should be. Reads files, and asks the program that tells secrets.
    #[must_use]
    pub fn known(&self, environment: &str) -> Vec<Known> {
        let in_file = load(&self.dir, environment).values;
        let (found, failed) = self.secrets(environment, true);
        let program = self.outside.ask.as_ref().map(|(program, _)| program.clone()).unwrap_or_default();
        let names = self.names(&found.values);
        let of = |name: String| {
            let whence = if in_file.contains_key(&name) {
                Whence::File
            } else if found.values.contains_key(&name) {
                Whence::Program(program.clone())
            } else {
                Whence::Nowhere(failed.get(&name).cloned())
            };
            let is_named = self.project.names.password_names.iter().any(|one| one.value == name);
            Known { name, is_named, whence }
        };
        names.into_iter().map(of).collect()
    }

    /// Those that the config names, in its order, and then those beside them that have a value.
    fn names(&self, values: &BTreeMap<String, Secret>) -> Vec<String> {
        let of_config = self.project.names.password_names.iter().map(|name| name.value.clone());
        let mut names: Vec<String> = of_config.collect();
        let more = values.keys().filter(|name| !name.ends_with(NEXT));
        let more: Vec<String> = more.filter(|name| !names.contains(name)).cloned().collect();
        names.extend(more);
        names
    }

    /// The values there are.
    #[must_use]
    pub fn values(&self, environment: &str) -> BTreeMap<String, Secret> {
        self.secrets(environment, false).0.values
    }

    /// Where secrets stand in the settings and the files of services of a server of this role, beside so many replicas. `prefix` is a word of letters
    /// that nobody could have written into a template.
    ///
    /// # Errors
    /// When the template cannot be used.
    pub fn shapes(
        &self,
        environment: &str,
        layout: &Layout,
        role: &Role,
        replicas: usize,
        prefix: &str,
    ) -> Result<Shapes, String> {
        let (found, _) = self.secrets(environment, false);
        let marks = Marks::new(prefix, self.names(&found.values));
        let any = |n: usize| Address::Known(marks.any(n));
        let site = Site {
            role: role.to_string(),
            changeset: Changeset::new(marks.any(0)),
            primary: any(1),
            cache: any(2),
            replicas: (0..replicas).map(|n| any(n + 3)).collect(),
        };
        let shapes = |file: Option<ServiceFile>| -> Result<Shapes, String> {
            let (text, used, ours) = self.filled_with(file, environment, &site, marks.secrets())?;
            let path = file.map_or_else(|| layout.code.local_settings.clone(), |file| file.path(layout));
            let shapes = Shapes::of(path, &text, &marks, &used);
            let is_pools = ours && file == Some(ServiceFile::PgBouncer);
            Ok(if is_pools { shapes.or_bare() } else { shapes })
        };
        let mut all = shapes(None)?;
        // What Nginx reads is a digest, and addresses are no secret.
        let told = |file: &ServiceFile| file.is_for(role) && file.is_projects_to_write();
        for file in ServiceFile::ALL.into_iter().filter(told) {
            let more = shapes(Some(file))?;
            if !more.is_empty() {
                all = all.and(more);
            }
        }
        Ok(all)
    }

    /// The file that [`Templates::keep`] writes.
    #[must_use]
    pub fn file_of_secrets(&self, environment: &str) -> PathBuf {
        let [own, _] = files(&self.dir, environment);
        own
    }

    /// Writes values into the file of secrets. Where that changes some that are there, what was is kept beside it, in the
    /// file that is given back.
    ///
    /// # Errors
    /// Why nothing was written, without a value.
    pub fn keep(
        &self,
        environment: &str,
        new: &BTreeMap<String, Secret>,
        note: &str,
    ) -> Result<Option<PathBuf>, String> {
        self.outside.masks(new.values().cloned().collect());
        kept::put(&self.dir, environment, new, note)
    }
}
