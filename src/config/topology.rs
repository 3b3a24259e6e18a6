//! What the config says should exist, in the fleet's words.

use std::sync::Arc;

use super::problem::{Position, Problem, ProblemSeverity, problem};
use super::project::Project;
use crate::fleet::words::nearest;
use crate::fleet::{
    AddressChoice, CodeLayout, DeploymentName, DistributionId, EnvironmentName, EnvironmentPlace, GroupName,
    Layout, LoadBalancerName, Role, Topology, WebPlace,
};

impl Project {
    /// Where `deployment` lives, or the default deployment when none is named. The region is empty when the
    /// config has none; then the profile's or the command line's has to do.
    ///
    /// # Errors
    /// When the config has no such deployment, none at all, or no environments: which, and what to do.
    pub fn topology(&self, deployment: Option<&str>) -> Result<Topology, Problem> {
        let deployment = self.deployment(deployment)?;
        if self.places.environments.is_empty() {
            let what = "no environments; list them under `environments`";
            return Err(self.wrong(self.at("environments"), what, None));
        }
        let mut environments: Vec<EnvironmentPlace> = Vec::new();
        for name in &self.places.environments {
            if environments.iter().all(|place| place.name.as_str() != name.value) {
                environments.push(self.place(&deployment, name));
            }
        }
        Ok(Topology {
            deployment: DeploymentName::new(deployment),
            region: self.aws.region.as_ref().map(|region| region.value.clone()).unwrap_or_default(),
            environments,
            ssh_address: self.ssh_address(),
        })
    }

    /// Which address ssh goes to; a word that is not known is reported by the check and means the default.
    fn ssh_address(&self) -> AddressChoice {
        match self.aws.ec2_attr_for_ssh.as_ref().map(|word| word.as_str()) {
            Some("private_ip_address") => AddressChoice::Private,
            Some("private_dns_name") => AddressChoice::PrivateDns,
            Some("ip_address") => AddressChoice::Public,
            _ => AddressChoice::PublicDns,
        }
    }

    /// Where things are on the servers of an environment.
    fn layout(&self, environment: &str) -> Layout {
        let domains = self.site_domains(environment).unwrap_or_default();
        let port = self.servers.server_ports.iter().find(|(name, _)| name.value == environment);
        Layout {
            deploy_user: self.names.deploy_user.clone().unwrap_or_else(|| "ubuntu".into()),
            webserver_user: self.names.webserver_user.clone().unwrap_or_default(),
            settings_module: self.names.settings_managepy.clone().unwrap_or_default(),
            home: self.home(),
            root: self.root(environment),
            log_dir: self.log_dir(environment),
            code_root: self.code_root(environment),
            virtualenv: self.virtualenv_root(environment),
            services: self.services(),
            vcs: self.names.vcs_cmd.as_ref().map_or("git", |vcs| vcs.as_str()).to_owned(),
            database: self.database_name(environment),
            database_user: self.names.database_user.clone().unwrap_or_default(),
            backup_key: self.names.backup_key_fingerprint.clone().unwrap_or_default(),
            vhost: self.vhost(environment),
            celery_app: self.servers.celery_application.clone().unwrap_or_default(),
            celery_workers: self.servers.celery_workers.iter().map(|(name, _)| name.value.clone()).collect(),
            pgbouncer_port: self.servers.pgbouncer_port.unwrap_or(5432),
            gunicorn_port: port.map_or(8000, |(_, port)| *port),
            site: domains.first().map(|domain| domain.value.clone()).unwrap_or_default(),
            health_path: "/healthcheck.html".into(),
            code: self.code_layout(environment),
        }
    }

    fn code_layout(&self, environment: &str) -> CodeLayout {
        CodeLayout {
            environment: environment.to_owned(),
            project: self.project_name().to_owned(),
            gunicorn_multiplier: self.gunicorn_multiplier(),
            requirements: self.names.requirements_file.clone().unwrap_or_default(),
            sdists: self.names.requirements_sdists.clone().unwrap_or_default(),
            local_settings: self.local_settings_py(environment),
            static_local: self
                .servers
                .static_hosting
                .as_ref()
                .is_some_and(|hosting| hosting.as_str() == "local"),
            upgrade_message: self.names.upgrade_message.clone().unwrap_or_default(),
            healthcheck_override: self.names.healthcheck_override.clone().unwrap_or_default(),
        }
    }

    fn place(&self, deployment: &str, name: &str) -> EnvironmentPlace {
        EnvironmentPlace {
            name: EnvironmentName::new(name),
            production: self.is_production(name),
            group: self
                .aws
                .auto_scaling_groups
                .find(deployment, name)
                .map(|group| GroupName::new(&group.value)),
            load_balancers: self
                .aws
                .load_balancers
                .find(deployment, name)
                .map(|names| names.iter().map(|name| LoadBalancerName::new(&name.value)).collect())
                .unwrap_or_default(),
            domains: self
                .site_domains(name)
                .map(|domains| domains.iter().map(|domain| domain.value.clone()).collect())
                .unwrap_or_default(),
            roles: self.places.valid_roles.iter().map(|role| Role::parse(&role.value)).collect(),
            branch: self.places.branches.find(deployment, name).map(|branch| branch.value.clone()),
            distributions: self
                .aws
                .cloudfront_distribution_ids
                .find(deployment, name)
                .map(|ids| ids.iter().map(|id| DistributionId::new(&id.value)).collect())
                .unwrap_or_default(),
            web: self.web_place(name),
            layout: Arc::new(self.layout(name)),
            build: Arc::new(self.build_place(deployment, name)),
        }
    }

    /// What a web server is launched with.
    fn web_place(&self, environment: &str) -> WebPlace {
        let web = Role::Web;
        let zones: Vec<&str> = self.aws.avail_zones.iter().map(|zone| zone.as_str()).collect();
        let rows = self.aws.subnets.as_ref().map(|rows| rows.value.as_slice()).unwrap_or_default();
        let subnets: Vec<&str> = if zones.is_empty() {
            rows.iter().map(|(_, subnet)| subnet.as_str()).collect()
        } else {
            zones.into_iter().filter_map(|zone| self.subnet(zone)).collect()
        };
        let groups = self.aws.security_groups.find(environment, web.word());
        WebPlace {
            instance_type: self
                .aws
                .instance_types
                .find(environment, web.word())
                .map(|kind| kind.value.clone()),
            subnets: subnets.into_iter().map(ToOwned::to_owned).collect(),
            security_groups: groups
                .map(|groups| groups.iter().map(|group| group.value.clone()).collect())
                .unwrap_or_default(),
        }
    }

    fn deployment(&self, wanted: Option<&str>) -> Result<String, Problem> {
        let places = &self.places;
        let known: Vec<&str> = places.deployments.iter().map(|name| name.as_str()).collect();
        match wanted {
            Some(name) if known.contains(&name) => Ok(name.to_owned()),
            Some(name) => {
                let listed = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
                let what = format!("no deployment `{name}`; the config has {listed}");
                Err(self.wrong(self.at("deployments"), &what, nearest(name, known)))
            }
            None if !known.is_empty()
                && let Some(name) = &places.default_deployment
                && !known.contains(&name.as_str()) =>
            {
                let what = format!(
                    "`default_deployment` names `{}`; the config has {}",
                    name.value,
                    known.join(", ")
                );
                Err(self.wrong(name.at, &what, nearest(name, known)))
            }
            None => match (&places.default_deployment, places.deployments.first()) {
                (Some(name), _) | (None, Some(name)) => Ok(name.value.clone()),
                (None, None) => {
                    let what = "no deployment; list them under `deployments` and name the usual one in \
                                `default_deployment`";
                    Err(self.wrong(Position::START, what, None))
                }
            },
        }
    }

    /// Whether an environment is production. A name in `production_environments` that is no environment protects
    /// the nearest one: better one too many asked about than one too few.
    #[must_use]
    pub fn is_production(&self, environment: &str) -> bool {
        let Some(listed) = &self.places.production_environments else {
            return environment == "production";
        };
        let known = || self.places.environments.iter().map(|name| name.as_str());
        listed.iter().any(|name| {
            name.value == environment
                || !known().any(|known| known == name.value) && nearest(name, known()) == Some(environment)
        })
    }

    fn wrong(&self, at: Position, what: &str, suggestion: Option<&str>) -> Problem {
        problem(&self.file, ProblemSeverity::Error, at, what, suggestion.map(str::to_owned))
    }
}
