//! The files of services: which an environment wants, what their templates are told, and where those come from.

use minijinja::Value;

use super::context::{Context, hosts, own_addresses};
use crate::config::{Project, secrets::ProjectSecrets};
use crate::fleet::{Server, ServiceFile};
use crate::recipe::service_files;

/// The files that an environment wants.
pub(super) fn wanted(project: &Project, environment: &str, found: &ProjectSecrets) -> Vec<ServiceFile> {
    let is_wanted = |file: &ServiceFile| match file {
        ServiceFile::NewRelicWeb | ServiceFile::NewRelicCelery => {
            file.secrets().iter().all(|name| found.values.contains_key(*name))
        }
        ServiceFile::NginxPassword => asks_for_password(project, environment),
        _ => true,
    };
    ServiceFile::ALL.into_iter().filter(is_wanted).collect()
}

/// Whether Nginx asks users for a password: `use_basic_auth`.
fn asks_for_password(project: &Project, environment: &str) -> bool {
    project.servers.use_basic_auth.iter().any(|(name, asks)| name.value == environment && *asks)
}

/// What the template of a file is told beside what every template is.
pub(super) fn told(project: &Project, environment: &str, file: ServiceFile, own: Option<&Server>) -> Context {
    let servers = &project.servers;
    let name = project.project_name();
    let password = asks_for_password(project, environment);
    let port = servers.server_ports.iter().find(|(name, _)| name.value == environment);
    let absent = |key: &str| project.tree.get(key).is_none();
    let mut all: Context = vec![
        ("server_port".into(), Value::from(port.map_or(8000, |(_, port)| *port))),
        ("pgbouncer_port".into(), Value::from(servers.pgbouncer_port.unwrap_or(5432))),
        ("timeout".into(), Value::from(servers.gunicorn_timeout.unwrap_or(30))),
        ("worker_class".into(), Value::from(servers.gunicorn_worker_class.as_deref().unwrap_or("sync"))),
        ("worker_count".into(), Value::from(service_files::WORKERS)),
        (
            "gunicorn_entrypoint".into(),
            Value::from(format!("{}/supervisor/gunicorn-{environment}-entrypoint.sh", project.services())),
        ),
        (
            "passwdfile_path".into(),
            Value::from(if password { format!("/etc/nginx/{name}.passwd") } else { String::new() }),
        ),
    ];
    if absent("celery_workers") {
        all.push(("celery_workers".into(), Value::from_pairs(std::iter::empty::<(&str, Value)>())));
    }
    if project.names.webserver_user.is_none() {
        all.push((
            "webserver_user".into(),
            Value::from(project.names.deploy_user.as_deref().unwrap_or("ubuntu")),
        ));
    }
    match file {
        ServiceFile::NewRelicWeb => all.push(("app_type".into(), Value::from("web"))),
        ServiceFile::NewRelicCelery => all.push(("app_type".into(), Value::from("celery"))),
        ServiceFile::Nginx => {
            let names = hosts(project, environment, own).into_iter().flat_map(|host| server_names(&host));
            all.push(("allowed_hosts".into(), names.map(Value::from).collect()));
        }
        ServiceFile::OwnAddresses => {
            let addresses = own.map(own_addresses).into_iter().flatten().map(Value::from);
            all.push(("own_addresses".into(), addresses.collect()));
        }
        _ => {}
    }
    all
}

/// A host that Django allows, as Nginx names it: with a dot before it, it stands for what is below it, too. Nginx's own
/// wildcard would let names through that are none.
fn server_names(host: &str) -> Vec<String> {
    let host = host.strip_suffix('.').unwrap_or(host);
    match host.strip_prefix("*.").or_else(|| host.strip_prefix('.')) {
        Some(domain) => {
            let plain = domain.replace('.', "\\.");
            vec![domain.to_owned(), format!("\"~^([a-zA-Z0-9-]+\\.)+{plain}$\"")]
        }
        None => vec![host.to_owned()],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_of_djangos_becomes_names_of_nginx_that_let_nothing_odd_through() {
        assert_eq!(server_names("a.example.com."), ["a.example.com"]);
        assert_eq!(server_names(".example.com"), ["example.com", "\"~^([a-zA-Z0-9-]+\\.)+example\\.com$\""]);
    }
}
