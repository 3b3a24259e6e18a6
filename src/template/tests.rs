//! A project's own template, with everything that the field's templates use.

use std::sync::Arc;

use super::*;
use crate::config;
use crate::fleet::{Changeset, EnvironmentName};
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
        let site = Site {
            role: "worker".into(),
            changeset: Changeset::new("a1b2c3d4e5"),
            primary: "10.0.0.1".into(),
            replicas: replicas.iter().map(|one| (*one).to_owned()).collect(),
            cache: "10.0.0.9".into(),
        };
        let of = TextOf::Template { path: source.template, sources: source.sources, site: Box::new(site) };
        JobFile { of, variable: "settings".into(), environment: EnvironmentName::new("staging") }
    }
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
