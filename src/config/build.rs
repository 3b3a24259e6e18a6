//! How servers are built, in the fleet's words.

use super::project::Project;
use crate::fleet::{
    AppPlace, BuildPlace, DatabasePlace, ImageId, LogFilePlace, LogsPlace, Role, RolePlace, Zone, ZonePlace,
};

/// Roles that servers are built for.
const ROLES: [Role; 6] =
    [Role::Web, Role::Worker, Role::Cache, Role::DbPrimary, Role::DbReplica, Role::Combo];

/// The networks that may connect to a database where the config names none, as FabulAWS has it.
const NETWORKS: [&str; 2] = ["10.0.0.0/8", "172.16.0.0/12"];

impl Project {
    /// What the config says of new servers of an environment.
    pub(super) fn build_place(&self, deployment: &str, environment: &str) -> BuildPlace {
        let settings = &self.instances;
        let region = self.aws.region.as_ref().map_or("", |region| region.as_str());
        BuildPlace {
            image: settings.ami.as_deref().filter(|ami| !ami.is_empty()).map(ImageId::new),
            zones: self.zones(),
            roles: ROLES.map(|role| (role.clone(), self.role_place(environment, &role))).to_vec(),
            upgrades: settings.run_upgrade,
            mirror: settings.ubuntu_mirror.as_ref().map(|mirror| mirror.replace("{region}", region)),
            admin_groups: settings.admin_groups.iter().map(|group| group.value.clone()).collect(),
            swap_percent: percent(settings.swap_multiplier),
            volume_root: settings.app_root.as_deref().map(without_slash).filter(|root| !root.is_empty()),
            fs_type: settings.fs_type.clone().filter(|kind| !kind.is_empty()),
            fs_encrypt: settings.fs_encrypt,
            ebs_encrypt: settings.ebs_encrypt,
            database: self.database_place(),
            app: self.app_place(environment),
            logs: self.logs_place(deployment, region),
        }
    }

    fn logs_place(&self, deployment: &str, region: &str) -> LogsPlace {
        let servers = &self.servers;
        let written = |value: &Option<String>| value.clone().filter(|value| !value.is_empty());
        let files = servers.extra_log_files.iter();
        LogsPlace {
            syslog: written(&servers.syslog_server),
            gelf: written(&servers.gelf_log_host),
            cloudwatch_key: written(&servers.awslogs_access_key_id),
            deployment: deployment.to_owned(),
            region: region.to_owned(),
            files: files
                .map(|file| LogFilePlace { tag: file.tag.clone(), path: file.path.value.clone() })
                .collect(),
        }
    }

    fn app_place(&self, environment: &str) -> AppPlace {
        let (names, servers) = (&self.names, &self.servers);
        let written = |value: &Option<String>| value.clone().filter(|value| !value.is_empty());
        AppPlace {
            repo: written(&names.repo),
            python: written(&names.python),
            packages: servers.app_server_packages.iter().map(|package| package.value.clone()).collect(),
            node: written(&servers.node_version),
            less: written(&servers.less_version),
            media_root: self.media_root(environment),
            static_root: self.static_root(environment),
        }
    }

    /// The zones of the config; where it lists none, those of its subnets (R22).
    fn zones(&self) -> Vec<ZonePlace> {
        let rows = self.aws.subnets.as_ref().map(|rows| rows.value.as_slice()).unwrap_or_default();
        let listed = self.aws.avail_zones.iter().map(|zone| zone.value.clone());
        let mut names: Vec<String> = listed.map(|zone| self.zone_in_full(&zone)).collect();
        if names.is_empty() {
            names = rows.iter().map(|(zone, _)| self.zone_in_full(zone)).collect();
        }
        let mut zones: Vec<ZonePlace> = Vec::new();
        for name in names {
            let subnet = self.subnet(&name).map(ToOwned::to_owned);
            let place = ZonePlace { zone: Zone::new(&name), subnet };
            if !zones.contains(&place) {
                zones.push(place);
            }
        }
        zones
    }

    fn role_place(&self, environment: &str, role: &Role) -> RolePlace {
        let groups = self.aws.security_groups.find(environment, role.word());
        RolePlace {
            instance_type: self
                .aws
                .instance_types
                .find(environment, role.word())
                .map(|kind| kind.value.clone()),
            security_groups: groups
                .map(|groups| groups.iter().map(|group| group.value.clone()).collect())
                .unwrap_or_default(),
            volume_gb: self.aws.volume_sizes.find(environment, role.word()).copied(),
            volume_type: self.aws.volume_types.find(environment, role.word()).map(|kind| kind.value.clone()),
        }
    }

    fn database_place(&self) -> DatabasePlace {
        let database = &self.servers.database;
        let mut networks: Vec<String> =
            database.networks.iter().map(|network| network.value.clone()).collect();
        if networks.is_empty() {
            networks = NETWORKS.map(ToOwned::to_owned).to_vec();
        }
        DatabasePlace {
            settings: database
                .settings
                .iter()
                .map(|(name, value)| (name.value.clone(), value.clone()))
                .collect(),
            packages: database.packages.iter().map(|package| package.value.clone()).collect(),
            networks,
        }
    }
}

/// A directory without slashes at its end.
fn without_slash(directory: &str) -> String {
    directory.trim_end_matches('/').to_owned()
}

/// A multiplier in hundredths, up to a hundredfold.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "within bounds")]
fn percent(multiplier: f64) -> u32 {
    (multiplier.clamp(0.0, 100.0) * 100.0).round() as u32
}
