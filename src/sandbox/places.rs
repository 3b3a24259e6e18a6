//! What each scenario's config names: environments, and how much of what they have.

use super::{Scenario, ground};
use crate::fleet::{
    BuildPlace, CodeLayout, DatabasePlace, DeploymentName, EnvironmentName, EnvironmentPlace, GroupName,
    ImageId, Layout, LoadBalancerName, Role, RolePlace, Topology, WebPlace, Zone, ZonePlace,
};

/// The deployment of every world.
pub(super) const DEPLOYMENT: &str = "myproject";
/// The region of every world.
pub(super) const REGION: &str = "us-east-1";
/// The account of every world.
pub(super) const ACCOUNT: &str = "123456789012";
/// The zones of every world.
pub(super) const ZONES: [&str; 2] = ["us-east-1a", "us-east-1b"];

/// The distribution that serves production's static files.
pub(super) const DISTRIBUTION: &str = "E1PRODSTATIC00";

/// Celery's workers on every worker server, and how many tasks each can run at a time.
pub(super) const CELERY_WORKERS: [(&str, u32); 2] = [("main", 10), ("exports", 2)];

/// Customers with an environment of their own in the large world.
const TREES: [&str; 17] = [
    "acacia", "alder", "aspen", "baobab", "beech", "birch", "cedar", "cypress", "elm", "hazel", "juniper",
    "larch", "linden", "maple", "oak", "rowan", "willow",
];

/// Servers outside the group: role tag, how many, instance type, days since they were launched.
pub(super) type Fixed = (&'static str, u32, &'static str, i64);

/// One environment to be made.
#[derive(Clone, Debug)]
pub(super) struct Place {
    /// Its name.
    pub(super) name: String,
    /// Its place in the config; the second number of its addresses.
    pub(super) number: u32,
    /// Whether it is production.
    pub(super) production: bool,
    /// Web servers: fewest, wanted, most.
    pub(super) web: (u32, u32, u32),
    /// The web servers' instance type.
    pub(super) web_type: &'static str,
    /// The other servers.
    pub(super) fixed: Vec<Fixed>,
    /// Whether its group launches from a template, not from launch configurations.
    pub(super) template: bool,
    /// Requests per second at the busiest hour.
    pub(super) load: f64,
    /// Minutes since its current release was made.
    pub(super) release_age: i64,
}

impl Place {
    pub(super) fn group(&self) -> String {
        format!("{DEPLOYMENT}-{}-ag", self.name)
    }

    pub(super) fn balancer(&self) -> String {
        format!("{DEPLOYMENT}-{}-lb", self.name)
    }

    /// Where things are on its servers, as FabulAWS lays them out.
    pub(super) fn layout(&self) -> Layout {
        layout(&self.name, self.domains().first().map_or("", String::as_str))
    }

    pub(super) fn domains(&self) -> Vec<String> {
        if self.production {
            vec!["www.example.com".to_owned(), "example.com".to_owned()]
        } else {
            vec![format!("{}.example.com", self.name)]
        }
    }
}

/// The environments of a scenario, in the config's order. Production and staging launch from versions of a launch
/// template, testing from launch configurations; so do some of the large world's.
pub(super) fn places(scenario: Scenario) -> Vec<Place> {
    let mut places = vec![
        Place {
            name: "production".to_owned(),
            number: 0,
            production: true,
            web: (2, 4, 8),
            web_type: "c6i.large",
            fixed: vec![
                ("worker", 1, "m6i.large", 40),
                ("cache", 1, "t3.medium", 40),
                ("db-primary", 1, "m6i.xlarge", 80),
                ("db-replica", 2, "m6i.xlarge", 80),
                ("worker-OLD", 1, "m5.large", 210),
            ],
            template: true,
            load: 420.0,
            release_age: 2 * 24 * 60 + 95,
        },
        Place {
            name: "staging".to_owned(),
            number: 1,
            production: false,
            web: (1, 2, 4),
            web_type: "t3.medium",
            fixed: small_fleet(),
            template: true,
            load: 9.0,
            release_age: 5 * 60 + 20,
        },
        Place {
            name: "testing".to_owned(),
            number: 2,
            production: false,
            web: (1, 1, 2),
            web_type: "t3.small",
            fixed: small_fleet(),
            template: false,
            load: 1.5,
            release_age: 3 * 60 + 5,
        },
    ];
    if scenario == Scenario::Large {
        for (number, tree) in (3_u32..).zip(TREES) {
            places.push(Place {
                name: tree.to_owned(),
                number,
                template: !number.is_multiple_of(7),
                load: 90.0 + 37.0 * f64::from(number),
                release_age: 60 + 613 * i64::from(number),
                ..places[0].clone()
            });
        }
        for place in &mut places {
            place.production = place.name == "production";
            place.web = (20, 180, 240);
            place.fixed = vec![
                ("worker", 12, "m6i.large", 40),
                ("cache", 3, "r6i.large", 40),
                ("db-primary", 1, "m6i.4xlarge", 80),
                ("db-replica", 4, "m6i.4xlarge", 80),
            ];
        }
    }
    places
}

/// Where things are on an environment's servers.
fn layout(environment: &str, site: &str) -> Layout {
    let home = format!("/home/{DEPLOYMENT}");
    let root = format!("{home}/www/{environment}");
    Layout {
        deploy_user: DEPLOYMENT.to_owned(),
        webserver_user: format!("{DEPLOYMENT}-web"),
        settings_module: format!("{DEPLOYMENT}.local_settings"),
        log_dir: format!("{root}/log"),
        code_root: format!("{root}/code_root"),
        virtualenv: format!("{root}/env"),
        services: format!("{home}/services"),
        vcs: "git".to_owned(),
        database: format!("{DEPLOYMENT}_{environment}"),
        database_user: DEPLOYMENT.to_owned(),
        backup_key: String::new(),
        vhost: format!("{DEPLOYMENT}_{environment}"),
        celery_app: DEPLOYMENT.to_owned(),
        celery_workers: CELERY_WORKERS.iter().map(|(name, _)| (*name).to_owned()).collect(),
        pgbouncer_port: 5432,
        gunicorn_port: 8000,
        site: site.to_owned(),
        health_path: "/healthcheck.html".to_owned(),
        code: CodeLayout {
            environment: environment.to_owned(),
            project: DEPLOYMENT.to_owned(),
            gunicorn_multiplier: 4,
            requirements: "requirements/production.txt".to_owned(),
            local_settings: format!("{root}/code_root/{DEPLOYMENT}/local_settings.py"),
            ..CodeLayout::default()
        },
        home,
        root,
    }
}

fn small_fleet() -> Vec<Fixed> {
    vec![
        ("worker", 1, "t3.medium", 31),
        ("cache", 1, "t3.small", 31),
        ("db-primary", 1, "t3.large", 57),
        ("db-replica", 1, "t3.large", 57),
    ]
}

/// How new servers are built there.
fn build(place: &Place, image: &ImageId, subnet: &dyn Fn(&str) -> String) -> BuildPlace {
    let zones = ZONES.map(|zone| ZonePlace { zone: Zone::new(zone), subnet: Some(subnet(zone)) });
    let kinds = place.fixed.iter().filter(|(role, ..)| !role.ends_with("-OLD"));
    let roles = kinds.map(|(role, _, kind, _)| (Role::parse(role), role_place(role, kind)));
    let web = (Role::Web, role_place("web", place.web_type));
    BuildPlace {
        image: Some(image.clone()),
        zones: zones.to_vec(),
        roles: std::iter::once(web).chain(roles).collect(),
        upgrades: true,
        admin_groups: vec!["sudo".to_owned()],
        swap_percent: 100,
        database: DatabasePlace { networks: vec!["10.0.0.0/8".to_owned()], ..DatabasePlace::default() },
        ..BuildPlace::default()
    }
}

/// What a role's servers are.
fn role_place(role: &str, kind: &str) -> RolePlace {
    RolePlace {
        instance_type: Some(kind.to_owned()),
        security_groups: vec![ground::common(), ground::of_role(role)],
        ..RolePlace::default()
    }
}

/// What the config of such a deployment would say.
pub(super) fn topology(scenario: Scenario, image: &ImageId, subnet: &dyn Fn(&str) -> String) -> Topology {
    Topology {
        deployment: DeploymentName::new(DEPLOYMENT),
        region: REGION.to_owned(),
        environments: places(scenario)
            .iter()
            .map(|place| EnvironmentPlace {
                name: EnvironmentName::new(&place.name),
                production: place.production,
                group: Some(GroupName::new(place.group())),
                load_balancers: vec![LoadBalancerName::new(place.balancer())],
                domains: place.domains(),
                roles: Vec::new(),
                branch: Some(if place.production { "main" } else { "develop" }.to_owned()),
                distributions: if place.production { vec![DISTRIBUTION.into()] } else { Vec::new() },
                web: WebPlace { instance_type: Some(place.web_type.to_owned()), ..WebPlace::default() },
                layout: std::sync::Arc::new(place.layout()),
                build: std::sync::Arc::new(build(place, image, subnet)),
            })
            .collect(),
        ssh_address: crate::fleet::AddressChoice::Private,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_large_world_has_twenty_environments_of_two_hundred_servers() {
        let places = places(Scenario::Large);
        assert_eq!(places.len(), 20);
        for place in places {
            assert_eq!(place.web.1 + place.fixed.iter().map(|f| f.1).sum::<u32>(), 200, "{}", place.name);
        }
    }

    #[test]
    fn only_production_is_production() {
        for scenario in Scenario::ALL {
            let production: Vec<_> = topology(scenario, &"ami-1".into(), &str::to_owned)
                .environments
                .into_iter()
                .filter(|e| e.production)
                .collect();
            assert_eq!(production.len(), 1);
            assert_eq!(production[0].name.as_str(), "production");
        }
    }
}
