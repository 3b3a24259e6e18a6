//! A project's own template, with everything that the field's templates use.

use std::sync::Arc;

use super::*;
use crate::config::{self, secrets::Secret};
use crate::fleet::{Changeset, EnvironmentName, Server, ServiceFile, sample};
use crate::plan::{JobFile, Site, TextOf};

const CONFIG: &str = "\
project: shop
home: /home/shop
deployments: [myproject]
default_deployment: myproject
environments: [staging]
localsettings_template: deployment/templates/local_settings.py
password_names: [database_password, broker_password]
database_user: shop
site_domains_map: {staging: [shop.example.com, www.example.com]}
server_ports: {staging: 8001}
webserver_user: shop-web
settings_managepy: shop.local_settings
wsgi_app: shop.wsgi:application
celery_application: shop.celery
celery_workers: {main: -c 2 -Q celery, exports: -c 1 -Q exports}
use_basic_auth: {staging: false}
debug: no
odd: {port: 017, name: 'yes'}
";

const TEMPLATE: &str = "\
DEBUG = {{ debug }}
ALLOWED_HOSTS = {{ allowed_hosts }}
DATABASES = {
{%- for db in all_databases %}
    '{{ db.database_key }}': {'NAME': '{{ db.database_local_name }}', 'PORT': {{ pgbouncer_port|default(5432) }}},  # {{ db.internal_ip }}:{{ db.stunnel_port }}
{%- endfor %}
}
READ = [{% for db in slave_databases %}'{{ db.database_key }}',{% endfor %}]
BROKER = 'amqp://shop:{{ broker_password }}@{{ cache_server.internal_ip }}:5672/{{ vhost }}'
ODD = {{ odd }}
{% for key, value in odd.items() %}{{ key }}={{ value }};{% endfor %}
ROLE = '{{ current_role }}' + '{{ current_changeset[:7] }}{{ nothing_of_ours }}'
";

struct Shop {
    dir: tempfile::TempDir,
}

impl Shop {
    fn new(template: &str, secrets: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let templates = dir.path().join("deployment/templates");
        std::fs::create_dir_all(&templates).unwrap();
        std::fs::write(dir.path().join("fabulaws-config.yml"), CONFIG).unwrap();
        std::fs::write(templates.join("local_settings.py"), template).unwrap();
        std::fs::write(dir.path().join("fabsecrets_staging.py"), secrets).unwrap();
        Self { dir }
    }

    fn templates(&self) -> Templates {
        let loaded = config::load(Some(&self.dir.path().join("fabulaws-config.yml")), self.dir.path());
        let project = Arc::new(loaded.project.unwrap());
        Templates::new(project, "myproject".into(), self.dir.path().to_owned())
    }

    fn file(&self, replicas: &[&str]) -> JobFile {
        let source = self.templates().facts("staging").settings.unwrap().unwrap();
        job_file(source, None, Self::site(replicas))
    }

    fn site(replicas: &[&str]) -> Site {
        Site {
            role: "worker".into(),
            changeset: Changeset::new("a1b2c3d4e5"),
            primary: "10.0.0.1".into(),
            replicas: replicas.iter().map(|one| (*one).into()).collect(),
            cache: "10.0.0.9".into(),
        }
    }

    /// The file of a service, on a server of a role.
    fn service(&self, file: ServiceFile, role: &str) -> Result<String, String> {
        let facts = self.templates().facts("staging");
        let source = facts.services.into_iter().find(|(of, _)| *of == file).ok_or("not wanted")?.1?;
        let site = Site { role: role.into(), ..Self::site(&["10.0.0.2"]) };
        self.templates().write(&job_file(source, Some(file), site), Some(&web()))
    }
}

fn job_file(source: Source, service: Option<ServiceFile>, site: Site) -> JobFile {
    let Source { template: path, ours, sources, .. } = source;
    let of = TextOf::Template { path, ours, service, sources, site: Box::new(site) };
    JobFile { of, variable: "settings".into(), environment: EnvironmentName::new("staging") }
}

/// A web server with a private address only.
fn web() -> Server {
    let mut server = sample::server("i-00a1", "staging", "web");
    server.private_dns = Some("ip-10-0-0-7.ec2.internal".into());
    server.private_address = Some("10.0.0.7".into());
    server.public_dns = None;
    server.public_address = None;
    server
}

const SECRETS: &str = "database_password = 'pa\\'ss'\nbroker_password = 'hunter22'\n";

#[test]
fn r19_a_template_is_told_every_key_derived_value_server_and_secret_as_python_writes_them() {
    let shop = Shop::new(TEMPLATE, SECRETS);
    let text = shop.templates().write(&shop.file(&["10.0.0.2", "10.0.0.3"]), None).unwrap();
    insta::assert_snapshot!(text);
}

#[test]
fn r19_without_a_replica_the_primary_is_read_from_and_is_listed_once() {
    let shop = Shop::new(
        "{% for db in slave_databases %}{{ db.database_key }} {{ db.stunnel_port }};{% endfor %}{{ all_databases|length }}",
        SECRETS,
    );
    assert_eq!(shop.templates().write(&shop.file(&[]), None).unwrap(), "default 7432;1");
}

#[test]
fn what_nobody_has_is_named_before_anything_starts() {
    let shop = Shop::new(TEMPLATE, "database_password = 'x'\n");
    let facts = shop.templates().facts("staging");
    assert_eq!(facts.missing, ["broker_password"]);
    let unknown = facts.settings.unwrap().unwrap().unknown;
    assert_eq!(unknown, ["nothing_of_ours", "pgbouncer_port"]);
    assert!(facts.secrets_file.ends_with("fabsecrets_staging.py"));
}

#[test]
fn a_template_or_config_that_changed_since_it_was_planned_is_not_used() {
    let shop = Shop::new("a = 1\n", SECRETS);
    let file = shop.file(&[]);
    let settings = shop.dir.path().join("deployment/templates/local_settings.py");
    std::fs::write(&settings, "a = 2\n").unwrap();
    assert!(shop.templates().write(&file, None).unwrap_err().contains("Plan again"));
    std::fs::write(&settings, "a = 1\n").unwrap();
    assert_eq!(shop.templates().write(&file, None).unwrap(), "a = 1");
    std::fs::write(shop.dir.path().join("fabulaws-config.yml"), CONFIG.replace("8001", "8002")).unwrap();
    assert!(shop.templates().write(&file, None).unwrap_err().contains("Plan again"));
}

#[test]
fn a_template_that_is_wrong_says_where_and_tells_no_secret() {
    let broken = Shop::new("a\n{% for %}\n", SECRETS);
    let why = broken.templates().facts("staging").settings.unwrap().unwrap_err();
    assert!(why.contains("local_settings.py:2"), "{why}");
    let failing = Shop::new("{{ broker_password.nothing() }}", SECRETS);
    let why = failing.templates().write(&failing.file(&[]), None).unwrap_err();
    assert!(!why.contains("hunter22"), "{why}");
    let endless = Shop::new(
        "{% for a in range(100000) %}{% for b in range(100000) %}x{% endfor %}{% endfor %}",
        SECRETS,
    );
    assert!(endless.templates().write(&endless.file(&[]), None).is_err());
    std::fs::remove_file(broken.dir.path().join("deployment/templates/local_settings.py")).unwrap();
    let why = broken.templates().facts("staging").settings.unwrap().unwrap_err();
    assert!(why.contains("cannot be read"), "{why}");
}

#[test]
fn a_template_reads_nothing_from_elsewhere_on_the_machine() {
    let shop = Shop::new("{% include '../../fabsecrets_staging.py' %}", SECRETS);
    assert!(shop.templates().write(&shop.file(&[]), None).is_err());
}

#[test]
fn a_secret_alone_is_a_text_as_well_and_one_that_is_gone_is_named() {
    let shop = Shop::new("a", &format!("{SECRETS}newrelic_api_key = 'NRAK-1'\n"));
    assert!(shop.templates().facts("staging").tells_new_relic);
    let of = |name: &str| JobFile { of: TextOf::Secret { name: name.into() }, ..shop.file(&[]) };
    assert_eq!(shop.templates().write(&of(NEW_RELIC), None).unwrap(), "NRAK-1");
    assert!(shop.templates().write(&of("other"), None).unwrap_err().contains("other"));
}

#[test]
fn files_of_services_are_made_of_our_templates_where_the_project_has_none() {
    let shop = Shop::new(TEMPLATE, SECRETS);
    let facts = shop.templates().facts("staging");
    let wanted: Vec<ServiceFile> = facts.services.iter().map(|(file, _)| *file).collect();
    assert!(!wanted.contains(&ServiceFile::NewRelicWeb) && !wanted.contains(&ServiceFile::NginxPassword));
    assert!(facts.services.iter().all(|(_, source)| source.as_ref().unwrap().unknown.is_empty()));
    for role in ["web", "worker", "combo"] {
        let of_role = |file: &&ServiceFile| file.is_for(&crate::fleet::Role::parse(role));
        let all = wanted
            .iter()
            .filter(of_role)
            .map(|file| format!("==== {}\n{}\n", file.template(), shop.service(*file, role).unwrap()));
        insta::assert_snapshot!(format!("services_{role}"), all.collect::<String>());
    }
}

#[test]
fn nginx_asks_for_a_password_and_new_relic_has_its_key_where_the_project_wants_that() {
    let secrets = format!(
        "{SECRETS}basic_auth_username = 'guest'\nbasic_auth_password = 'it\\'s'\nnewrelic_license_key = 'key'\n"
    );
    let shop = Shop::new(TEMPLATE, &secrets);
    let config = CONFIG.replace("{staging: false}", "{staging: yes}");
    std::fs::write(shop.dir.path().join("fabulaws-config.yml"), config).unwrap();
    assert_eq!(shop.service(ServiceFile::NginxPassword, "web").unwrap(), "guest\nit's");
    let nginx = shop.service(ServiceFile::Nginx, "web").unwrap();
    assert!(nginx.contains("auth_basic_user_file \"/etc/nginx/shop.passwd\";"), "{nginx}");
    let check = nginx.split("location = /healthcheck.html").nth(1).unwrap();
    assert!(!check.contains("auth_basic"), "load balancers know no password");
    assert!(shop.service(ServiceFile::NewRelicCelery, "worker").unwrap().contains("(celery)"));
    let supervisor = shop.service(ServiceFile::Supervisor, "worker").unwrap();
    assert!(supervisor.contains("newrelic-admin run-program"), "{supervisor}");

    let shop = Shop::new(TEMPLATE, SECRETS);
    let config = CONFIG.replace("{staging: false}", "{staging: yes}");
    std::fs::write(shop.dir.path().join("fabulaws-config.yml"), config).unwrap();
    let missing = shop.service(ServiceFile::NginxPassword, "web").unwrap_err();
    assert!(
        missing.contains("basic_auth_password") && missing.contains("fabsecrets_staging.py"),
        "{missing}"
    );
}

#[test]
fn a_projects_own_template_of_a_service_comes_first_and_is_told_the_same() {
    let shop = Shop::new(TEMPLATE, SECRETS);
    let own =
        "{{ worker_count }} {{ timeout }} {{ gunicorn_entrypoint }} {{ who_knows }}{{ database_password }}";
    std::fs::write(shop.dir.path().join("deployment/templates/supervisor.conf"), own).unwrap();
    let facts = shop.templates().facts("staging");
    let (_, source) = facts.services.iter().find(|(file, _)| *file == ServiceFile::Supervisor).unwrap();
    let source = source.as_ref().unwrap();
    assert_eq!((source.ours, source.template.as_str()), (false, "deployment/templates/supervisor.conf"));
    assert_eq!(source.unknown, ["who_knows"]);
    assert_eq!(
        shop.service(ServiceFile::Supervisor, "web").unwrap(),
        "@quarterdeck-workers@ 30 /home/shop/services/supervisor/gunicorn-staging-entrypoint.sh pa'ss"
    );
}

#[test]
fn r15_the_password_in_pgbouncers_file_is_quoted_and_has_no_line_break() {
    let shop = Shop::new(TEMPLATE, SECRETS);
    let pools = shop.service(ServiceFile::PgBouncer, "web").unwrap();
    assert!(pools.contains("password='pa''ss'") && pools.contains("auth_type = trust"), "{pools}");
    let broken = Shop::new(TEMPLATE, "database_password = 'a\\nb'\nbroker_password = 'hunter22'\n");
    let why = broken.service(ServiceFile::PgBouncer, "web").unwrap_err();
    assert!(why.contains("database_password has a line break"), "{why}");
    let none = Shop::new(TEMPLATE, "broker_password = 'hunter22'\n");
    assert!(none.service(ServiceFile::PgBouncer, "web").unwrap_err().contains("database_password"));
}

#[test]
fn r20_hooks_of_the_fabfile_are_told_with_their_place_and_what_replaces_them_and_are_only_read() {
    let shop = Shop::new(TEMPLATE, SECRETS);
    assert!(shop.templates().facts("staging").hooks.is_empty());
    let ran = shop.dir.path().join("ran");
    let text = format!(
        "open({:?}, 'w')\n\n@task\ndef post_bootstrap():\n    pass\n\ndef pre_install_rsyslog():\n    pass\n",
        ran.display().to_string()
    );
    std::fs::write(shop.dir.path().join("fabfile.py"), text).unwrap();
    let hooks = shop.dir.path().join("deployment/hooks");
    std::fs::create_dir_all(&hooks).unwrap();
    let replacement = hooks.join("pre_install_rsyslog");
    std::fs::write(&replacement, "#!/bin/sh\n").unwrap();
    let told = || {
        let hooks = shop.templates().facts("staging").hooks;
        hooks.into_iter().map(|hook| (hook.at, hook.path, hook.is_replaced)).collect::<Vec<_>>()
    };
    let expected = |is_replaced| {
        vec![
            ("fabfile.py:4".to_owned(), "deployment/hooks/post_bootstrap".to_owned(), false),
            ("fabfile.py:7".to_owned(), "deployment/hooks/pre_install_rsyslog".to_owned(), is_replaced),
        ]
    };
    assert_eq!(told(), expected(false), "what may not be executed replaces nothing");
    std::fs::set_permissions(&replacement, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    assert_eq!(told(), expected(true));
    assert!(!ran.exists(), "Python is never executed");
}

#[test]
fn r20_a_hook_is_run_on_servers_only_where_its_header_says_so_and_needs_no_fabfile() {
    let shop = Shop::new(TEMPLATE, SECRETS);
    let hooks = shop.dir.path().join("deployment/hooks");
    std::fs::create_dir_all(&hooks).unwrap();
    let path = hooks.join("post_bootstrap");
    let runs = |text: &str| {
        std::fs::write(&path, text).unwrap();
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        let mut found = shop.templates().facts("staging").hooks;
        assert_eq!(found.len(), 1);
        let hook = found.remove(0);
        assert!(hook.is_replaced && hook.at == hook.path);
        hook.runs.unwrap()
    };
    assert_eq!(runs("#!/bin/sh\n# Runs on: the new server, as root\n"), Ok(()));
    assert!(runs("#!/bin/sh\n# Runs on: local\n").unwrap_err().contains("run it by hand"));
    assert!(runs("#!/bin/sh\necho\n").unwrap_err().contains("does not say where it runs"));
    assert!(runs("#!/bin/sh\n# Runs on: Tuesdays\n").unwrap_err().contains("`tuesdays`, which is neither"));
    assert!(runs("# Runs on: the server\n").unwrap_err().contains("does not begin with #!"));
    let file = |path: &str| JobFile {
        of: TextOf::Hook { path: path.into() },
        variable: "hook".into(),
        environment: "staging".into(),
    };
    let text = "#!/bin/sh\n# Runs on: the server\necho $home\n";
    assert_eq!(runs(text), Ok(()));
    assert_eq!(
        shop.templates().write(&file("deployment/hooks/post_bootstrap"), None).unwrap(),
        text,
        "as it is, not filled in"
    );
    assert!(
        shop.templates().write(&file("deployment/hooks/gone"), None).unwrap_err().contains("cannot be read")
    );
}

#[test]
fn what_the_file_has_not_a_program_tells_once_for_each_plan_and_whose_word_it_is_is_known() {
    use std::sync::Mutex;
    let shop =
        Shop::new("{{ broker_password }}{{ database_password }}", "database_password = 'of-the-file'\n");
    let (asked, masked) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Mutex::new(0)));
    let (asks, masks) = (Arc::clone(&asked), Arc::clone(&masked));
    let ask: Ask = Arc::new(move |environment, name| {
        let mut all = asks.lock().unwrap();
        all.push(format!("{environment}/{name}"));
        if all.len() > 2 {
            Err("`pass` ended with exit status: 1".into())
        } else {
            Ok(Secret::new("told".into()))
        }
    });
    let mask: Mask = Arc::new(move |values| *masks.lock().unwrap() += values.len());
    let outside = Outside::new(Some(("pass".into(), ask)), Some(mask));
    let templates = shop.templates().with(outside);
    let facts = templates.facts("staging");
    assert!(facts.missing.is_empty(), "{:?}", facts.missing);
    assert_eq!(facts.ground.commanded, [("broker_password".to_owned(), "pass".to_owned())].into());
    for _ in 0..3 {
        assert_eq!(templates.write(&shop.file(&[]), None).unwrap(), "toldof-the-file");
    }
    assert_eq!(*asked.lock().unwrap(), ["staging/broker_password"], "the file comes first");
    assert!(*masked.lock().unwrap() > 0 && templates.facts("staging").missing.is_empty());
    let missing = templates.facts("staging").missing;
    assert_eq!(missing, ["broker_password (`pass` ended with exit status: 1)"]);
}
