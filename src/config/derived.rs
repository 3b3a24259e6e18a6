//! What FabulAWS derives from the config. Environments were built with these names: they stay.

use super::project::Project;
use super::section::At;

impl Project {
    /// The domains of an environment, the site's first; `None` when the config has none for it.
    #[must_use]
    pub fn site_domains(&self, environment: &str) -> Option<&[At<String>]> {
        let rows = &self.places.site_domains_map;
        rows.iter().find(|(name, _)| name.value == environment).map(|(_, domains)| domains.as_slice())
    }

    /// `<home>` without a slash at its end; `/home/<deploy user>` when the config has none.
    #[must_use]
    pub fn home(&self) -> String {
        let user = self.names.deploy_user.as_deref().unwrap_or("ubuntu");
        let home = self.names.home.as_deref().map_or("", |home| home.trim_end_matches('/'));
        if home.is_empty() { format!("/home/{user}") } else { home.to_owned() }
    }

    /// `<home>/www/<environment>`.
    #[must_use]
    pub fn root(&self, environment: &str) -> String {
        format!("{}/www/{environment}", self.home())
    }

    /// `<root>/log`.
    #[must_use]
    pub fn log_dir(&self, environment: &str) -> String {
        format!("{}/log", self.root(environment))
    }

    /// `<root>/code_root`: the checkout.
    #[must_use]
    pub fn code_root(&self, environment: &str) -> String {
        format!("{}/code_root", self.root(environment))
    }

    /// `<code_root>/<project>`: the Django package.
    #[must_use]
    pub fn project_root(&self, environment: &str) -> String {
        format!("{}/{}", self.code_root(environment), self.project_name())
    }

    /// `<root>/env`.
    #[must_use]
    pub fn virtualenv_root(&self, environment: &str) -> String {
        format!("{}/env", self.root(environment))
    }

    /// `<root>/uploaded_media`.
    #[must_use]
    pub fn media_root(&self, environment: &str) -> String {
        format!("{}/uploaded_media", self.root(environment))
    }

    /// `<root>/static_media`.
    #[must_use]
    pub fn static_root(&self, environment: &str) -> String {
        format!("{}/static_media", self.root(environment))
    }

    /// `<home>/services`.
    #[must_use]
    pub fn services(&self) -> String {
        format!("{}/services", self.home())
    }

    /// Where `local_settings.py` goes.
    #[must_use]
    pub fn local_settings_py(&self, environment: &str) -> String {
        let relative = self.names.local_settings_py_relative_path.as_deref().unwrap_or("local_settings.py");
        format!("{}/{relative}", self.project_root(environment))
    }

    /// `<project>_<environment>`: the database.
    #[must_use]
    pub fn database_name(&self, environment: &str) -> String {
        format!("{}_{environment}", self.project_name())
    }

    /// `<project>_<environment>`: RabbitMQ's virtual host.
    #[must_use]
    pub fn vhost(&self, environment: &str) -> String {
        self.database_name(environment)
    }

    /// `<deployment>-<environment>-static-files`: the bucket of static files.
    #[must_use]
    pub fn staticfiles_s3_bucket(deployment: &str, environment: &str) -> String {
        format!("{deployment}-{environment}-static-files")
    }

    /// Gunicorn's workers for each processor: 4 where the config does not say.
    #[must_use]
    pub fn gunicorn_multiplier(&self) -> u64 {
        self.servers.gunicorn_worker_multiplier.unwrap_or(4)
    }

    /// The project, or empty text when the config does not name it.
    #[must_use]
    pub fn project_name(&self) -> &str {
        self.names.project.as_ref().map_or("", |name| name.as_str())
    }

    /// A zone in full: `us-east-1a` for the letter `a`, and for the zone itself.
    #[must_use]
    pub fn zone_in_full(&self, zone: &str) -> String {
        let region = self.aws.region.as_ref().map_or("", |region| region.as_str());
        if zone.chars().count() == 1 { format!("{region}{zone}") } else { zone.to_owned() }
    }

    /// The subnet of a zone, whether its key is the letter or the whole name.
    #[must_use]
    pub fn subnet(&self, zone: &str) -> Option<&str> {
        let zone = self.zone_in_full(zone);
        let rows = &self.aws.subnets.as_ref()?.value;
        rows.iter().find(|(key, _)| self.zone_in_full(key) == zone).map(|(_, subnet)| subnet.as_str())
    }
}
