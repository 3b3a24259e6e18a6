//! What a template is told (R19): every key of the config, what follows from them, the servers, the secrets.

use minijinja::Value;

use crate::config::{Node, Project, Value as Written};
use crate::fleet::Server;
use crate::plan::{Address, Site};

/// Names and values, later ones over earlier ones.
pub(super) type Context = Vec<(String, Value)>;

/// The port on which the first database is reached; the others follow.
const FIRST_PORT: usize = 7432;

/// Every key of the config as it is written.
pub(super) fn of_config(project: &Project) -> Context {
    let entries = project.tree.entries().unwrap_or_default();
    entries.iter().map(|entry| (entry.key.clone(), value(&entry.value))).collect()
}

fn value(node: &Node) -> Value {
    match &node.value {
        Written::Scalar(scalar) if scalar.is_null() => Value::from(()),
        Written::Scalar(scalar) => {
            let flag = scalar.flag().map(Value::from);
            let integer = || scalar.integer().map(Value::from);
            let number = || scalar.number().map(Value::from);
            flag.or_else(integer).or_else(number).unwrap_or_else(|| Value::from(scalar.text.as_str()))
        }
        Written::List(items) => items.iter().map(|item| value(item)).collect(),
        Written::Map(entries) => {
            Value::from_pairs(entries.iter().map(|entry| (entry.key.as_str(), value(&entry.value))))
        }
    }
}

/// What FabulAWS has by default where the config says nothing, and what it derives.
pub(super) fn derived(project: &Project, deployment: &str, environment: &str) -> Context {
    let absent = |key: &str| project.tree.get(key).is_none();
    let mut all: Context = Vec::new();
    for (key, default) in [
        ("gelf_log_host", Value::from(false)),
        ("syslog_server", Value::from(false)),
        ("awslogs_access_key_id", Value::from(false)),
        ("use_basic_auth", map([])),
        ("extra_log_files", map([])),
        ("db_settings", map([])),
        ("production_environments", Value::from(vec!["production"])),
        ("local_settings_py_relative_path", Value::from("local_settings.py")),
    ] {
        if absent(key) {
            all.push((key.into(), default));
        }
    }
    if absent("gelf_log_host")
        && let Some(host) = &project.servers.gelf_log_host
    {
        all.push(("gelf_log_host".into(), Value::from(host.as_str())));
    }
    let domains = project.site_domains(environment).unwrap_or_default();
    let home = project.home();
    let services = project.services();
    let words = |words: &[crate::config::At<String>]| -> Value {
        words.iter().map(|word| Value::from(word.as_str())).collect()
    };
    let of_place = |found: Option<&str>| found.map_or(Value::from(()), Value::from);
    let places = (&project.places, &project.aws);
    let port = project.servers.server_ports.iter().find(|(name, _)| name.value == environment);
    all.extend([
        ("environment".to_owned(), Value::from(environment)),
        ("deployment_tag".into(), Value::from(deployment)),
        ("root".into(), Value::from(project.root(environment))),
        ("log_dir".into(), Value::from(project.log_dir(environment))),
        ("code_root".into(), Value::from(project.code_root(environment))),
        ("project_root".into(), Value::from(project.project_root(environment))),
        ("virtualenv_root".into(), Value::from(project.virtualenv_root(environment))),
        ("media_root".into(), Value::from(project.media_root(environment))),
        ("static_root".into(), Value::from(project.static_root(environment))),
        ("nginx_conf".into(), Value::from(format!("{services}/nginx/{environment}.conf"))),
        ("services".into(), Value::from(services)),
        ("local_settings_py".into(), Value::from(project.local_settings_py(environment))),
        ("database_name".into(), Value::from(project.database_name(environment))),
        ("vhost".into(), Value::from(project.vhost(environment))),
        (
            "staticfiles_s3_bucket".into(),
            Value::from(Project::staticfiles_s3_bucket(deployment, environment)),
        ),
        ("site_domains".into(), words(domains)),
        ("branch".into(), of_place(places.0.branches.find(deployment, environment).map(|one| one.as_str()))),
        (
            "elb_names".into(),
            places.1.load_balancers.find(deployment, environment).map_or(Value::from(()), |all| words(all)),
        ),
        (
            "ag_name".into(),
            of_place(places.1.auto_scaling_groups.find(deployment, environment).map(|one| one.as_str())),
        ),
        ("server_port".into(), port.map_or(Value::from(()), |(_, port)| Value::from(*port))),
        ("gpg_dir".into(), Value::from(format!("{home}/backup-info/gnupg"))),
        ("pgpass_file".into(), Value::from(format!("{home}/backup-info/pgpass"))),
        ("log_files".into(), log_files(project, environment)),
    ]);
    all
}

/// Tag, path and how lines are dated, for whatever ships logs.
fn log_files(project: &Project, environment: &str) -> Value {
    let dir = project.log_dir(environment);
    let (dashes, slashes) = ("%Y-%m-%d %H:%M:%S", "%Y/%m/%d %H:%M:%S");
    let mut all: Vec<(String, String, String)> = [
        ("munin", "/var/log/munin/munin-node.log", "%Y/%m/%d-%H:%M:%S"),
        ("postgresql", "/var/log/postgresql/postgresql-*.log", dashes),
        ("redis", "/var/log/redis/redis*.log", "%d %b %H:%M:%S"),
        ("rabbitmq", "/var/log/rabbitmq/rabbit*.log", "%d-%b-%Y::%H:%M:%S"),
    ]
    .map(|(tag, path, format)| (tag.to_owned(), path.to_owned(), format.to_owned()))
    .into();
    for (tag, file, format) in [
        ("nginx", "error.log", slashes),
        ("nginx", "access.log", slashes),
        ("gunicorn", "gunicorn.log", dashes),
        ("pgbouncer", "pgbouncer.log", dashes),
        ("stunnel", "stunnel.log", dashes),
        ("celery", "celerycam.log", dashes),
        ("celery", "celerybeat.log", dashes),
    ] {
        all.push((tag.into(), format!("{dir}/{file}"), format.into()));
    }
    for (worker, _) in &project.servers.celery_workers {
        all.push(("celery".into(), format!("{dir}/celeryd-{}.log", worker.value), dashes.into()));
    }
    for log in &project.servers.extra_log_files {
        all.push((log.tag.clone(), log.path.value.clone(), log.date_format.clone()));
    }
    all.into_iter().map(|(tag, path, format)| Value::from(vec![tag, path, format])).collect()
}

/// The servers of the environment, and what this one is.
pub(super) fn of_site(project: &Project, environment: &str, site: &Site, own: Option<&Server>) -> Context {
    let name = project.database_name(environment);
    let database = |place: usize, key: String, local: String, address: &Address| {
        let address = address.known().unwrap_or_default();
        map([
            ("database_key", Value::from(key)),
            ("database_local_name", Value::from(local)),
            ("internal_ip", Value::from(address)),
            ("stunnel_port", Value::from(FIRST_PORT + place)),
        ])
    };
    let primary = database(0, "default".into(), name.clone(), &site.primary);
    let replicas: Vec<Value> = (site.replicas.iter().enumerate())
        .map(|(n, address)| database(n + 1, format!("replica{n}"), format!("{name}_replica{n}"), address))
        .collect();
    let all: Vec<Value> = std::iter::once(primary.clone()).chain(replicas.iter().cloned()).collect();
    let readers = if replicas.is_empty() { vec![primary.clone()] } else { replicas };
    vec![
        ("current_role".into(), Value::from(site.role.as_str())),
        ("current_changeset".into(), Value::from(site.changeset.as_str())),
        ("master_database".into(), primary),
        ("slave_databases".into(), Value::from(readers)),
        ("all_databases".into(), Value::from(all)),
        ("cache_server".into(), map([("internal_ip", Value::from(site.cache.known().unwrap_or_default()))])),
        ("allowed_hosts".into(), hosts(project, environment, own).into_iter().map(Value::from).collect()),
    ]
}

/// What a server is called by users and by the load balancer: the site's domains and its own addresses.
pub(super) fn hosts(project: &Project, environment: &str, own: Option<&Server>) -> Vec<String> {
    let domains = project.site_domains(environment).unwrap_or_default();
    let domains = domains.iter().map(|domain| domain.as_str().to_owned());
    let addresses = own.map(own_addresses).into_iter().flatten();
    domains.chain(addresses).filter(|host| !host.is_empty()).collect()
}

/// A server's addresses in the order of EC2's metadata; empty where it has none.
pub(super) fn own_addresses(own: &Server) -> [String; 4] {
    [&own.private_dns, &own.private_address, &own.public_dns, &own.public_address]
        .map(|one| one.clone().unwrap_or_default())
}

fn map<const N: usize>(entries: [(&str, Value); N]) -> Value {
    Value::from_pairs(entries)
}
