//! `fabulaws-config.yml`: a new one with comments that explain, or the one that is there with what was answered.

use crate::config::edit::{self, bracketed, word};
use crate::setup::ground::Ground;
use crate::setup::price;

/// The text of a config: made anew, or the one that is there, changed at the places that were answered otherwise.
pub(super) fn text(ground: &Ground<'_>, there: Option<&str>, notes: &mut Vec<String>) -> String {
    match (there, &ground.facts.config) {
        (Some(there), Some(_)) => changed(ground, there, notes),
        _ => anew(ground),
    }
}

fn changed(ground: &Ground<'_>, there: &str, notes: &mut Vec<String>) -> String {
    let mut text = there.to_owned();
    for asked in ground.asked() {
        let answer = ground.of(asked.question.id, &asked.item);
        let current = ground.current(asked.question, &asked.item).unwrap_or_default();
        if answer == current {
            continue;
        }
        for (path, wanted) in (asked.question.edits)(ground, &asked.item, &answer) {
            let path: Vec<&str> = path.iter().map(String::as_str).collect();
            match edit::set(&text, &path, &wanted) {
                Ok(new) => text = new,
                Err(error) => notes.push(format!("{}: {error}", crate::config::CONFIG_FILE)),
            }
        }
    }
    let whole = edit::add_missing(&text, &anew(ground), &NEEDED);
    if edit::is_config(&whole) { whole } else { text }
}

/// Keys of the top that an environment cannot be made without: a config that there is gets them, too.
const NEEDED: [&str; 27] = [
    "auto_scaling_groups",
    "avail_zones",
    "branches",
    "database_user",
    "default_deployment",
    "deploy_user",
    "deployments",
    "environments",
    "home",
    "instance_settings",
    "instance_types",
    "load_balancers",
    "localsettings_template",
    "password_names",
    "project",
    "region",
    "repo",
    "requirements_file",
    "security_groups",
    "server_ports",
    "site_domains_map",
    "ssh_keys",
    "valid_roles",
    "volume_sizes",
    "volume_types",
    "webserver_user",
    "wsgi_app",
];

struct Writer {
    text: String,
}

impl Writer {
    fn line(&mut self, text: &str) {
        self.text.push_str(text);
        self.text.push('\n');
    }

    /// An empty line, then comments.
    fn about(&mut self, comments: &[&str]) {
        self.line("");
        for comment in comments {
            self.line(&format!("# {comment}"));
        }
    }

    fn key(&mut self, indent: usize, key: &str, value: &str) {
        let (blanks, key) = (" ".repeat(indent), word(key));
        let text =
            if value.is_empty() { format!("{blanks}{key}:") } else { format!("{blanks}{key}: {value}") };
        self.line(&text);
    }

    fn items(&mut self, indent: usize, items: &[String]) {
        for item in items {
            self.line(&format!("{}- {}", " ".repeat(indent), word(item)));
        }
    }
}

fn anew(ground: &Ground<'_>) -> String {
    let mut out = Writer { text: String::new() };
    out.line(&format!("# {}: what Quarterdeck and FabulAWS need to know of it.", ground.get("project")));
    out.line("# Made by `quarterdeck setup`, which also changes it; `quarterdeck config check` finds what is wrong.");
    code(ground, &mut out);
    places(ground, &mut out);
    aws(ground, &mut out);
    servers(ground, &mut out);
    services(ground, &mut out);
    out.text
}

fn code(ground: &Ground<'_>, out: &mut Writer) {
    let (project, user) = (ground.get("project"), ground.get("deploy_user"));
    out.about(&[
        "--- The code -------------------------------------------------------",
        "The Django package; databases and queues are named after it.",
    ]);
    out.key(0, "project", &word(&project));
    out.key(0, "repo", &word(&ground.get("repo")));
    out.key(0, "vcs_cmd", "git");
    out.key(0, "latest_changeset_cmd", "git rev-parse HEAD");
    out.key(0, "requirements_file", &word(&ground.get("requirements")));
    out.key(0, "wsgi_app", &word(&ground.get("wsgi")));
    out.about(&[
        "Deploys write these settings from the template, with hosts, databases and secrets in them.",
    ]);
    out.key(0, "settings_managepy", &word(&ground.get("settings")));
    out.key(0, "localsettings_template", super::texts::SETTINGS);
    out.about(&["What visitors see during maintenance, and what the load balancer is told meanwhile."]);
    out.key(0, "static_html", "");
    out.key(4, "upgrade_message", super::texts::PAGE);
    out.key(4, "healthcheck_override", super::texts::HEALTH);
    out.about(&["Who owns the code on servers, and who runs it."]);
    out.key(0, "deploy_user", &word(&user));
    out.key(0, "webserver_user", &word(&ground.webserver_user()));
    out.key(0, "database_user", &word(&ground.get("project")));
    out.key(0, "home", &word(&format!("/home/{user}")));
    out.line("# The image's own; a virtualenv is made of it.");
    out.key(0, "python", "/usr/bin/python3");
    out.about(&["A file of public keys for each person, named as the person is called on servers."]);
    out.key(0, "ssh_keys", "deployment/users/");
    out.about(&["Secrets by name; their values are in fabsecrets_<environment>.py, which git never sees."]);
    out.key(0, "password_names", "");
    out.items(4, &ground.secret_names());
}

fn places(ground: &Ground<'_>, out: &mut Writer) {
    let environments = ground.environments();
    let deployment = ground.get("deployment");
    out.about(&["--- Environments ---------------------------------------------------"]);
    out.key(0, "default_deployment", &word(&deployment));
    out.key(0, "deployments", "");
    out.items(4, std::slice::from_ref(&deployment));
    out.key(0, "environments", "");
    out.items(4, &environments);
    out.about(&["Nothing is changed in these unless their name is typed."]);
    let production = ground.list("production_environments", "");
    if production.is_empty() {
        out.key(0, "production_environments", "[]");
    } else {
        out.key(0, "production_environments", "");
        out.items(4, &production);
    }
    out.about(&["The branch that is deployed unless another one is named."]);
    out.key(0, "branches", "");
    out.key(4, &deployment, "");
    for name in &environments {
        out.key(8, name, &word(&ground.of("branch", name)));
    }
    out.about(&["The first domain names the site and must not be a wildcard."]);
    out.key(0, "site_domains_map", "");
    for name in &environments {
        out.key(4, name, "");
        out.items(8, &ground.list("domains", name));
    }
    out.about(&["Gunicorn's port, behind Nginx."]);
    out.key(0, "server_ports", "");
    for name in &environments {
        out.key(4, name, &ground.port(name).to_string());
    }
}

fn aws(ground: &Ground<'_>, out: &mut Writer) {
    let environments = ground.environments();
    let deployment = ground.get("deployment");
    out.about(&["--- AWS ------------------------------------------------------------"]);
    out.key(0, "region", &word(&ground.get("region")));
    out.key(0, "avail_zones", "");
    out.items(4, &ground.list("zones", ""));
    let asked = ground.asked();
    let subnets: Vec<&str> =
        asked.iter().filter(|one| one.question.id == "subnet").map(|one| one.item.as_str()).collect();
    if !subnets.is_empty() {
        out.about(&["The subnet of each zone."]);
        out.key(0, "subnets", "");
        for zone in subnets {
            out.key(4, zone, &word(&ground.of("subnet", zone)));
        }
    }
    out.about(&["How ssh reaches servers: public_dns_name or private_ip_address."]);
    out.key(0, "ec2_attr_for_ssh", &word(&ground.get("address")));
    out.about(&["How new servers are made."]);
    out.key(0, "instance_settings", "");
    let image = ground.get("image");
    if image.is_empty() {
        out.line("    # No server can be made before this names an Ubuntu image of the region:");
        out.line("    # ami: ami-…");
    } else {
        let known = ground.release().map(|release| format!("  # Ubuntu {release}")).unwrap_or_default();
        out.key(4, "ami", &format!("{image}{known}"));
    }
    out.key(4, "key_prefix", &word(&ground.get("prefix")));
    out.key(4, "admin_groups", "[admin, sudo]");
    out.key(4, "run_upgrade", "true");
    out.key(4, "app_root", "/srv/app");
    out.key(4, "fs_type", "ext4");
    out.line("    # Disks are encrypted by AWS; fs_encrypt would want a passphrase after every start.");
    out.key(4, "ebs_encrypt", "true");
    out.key(4, "fs_encrypt", "false");
    out.key(4, "swap_multiplier", "1");
    out.about(&["Load balancers and Auto Scaling groups, by their names in AWS."]);
    out.key(0, "load_balancers", "");
    out.key(4, &deployment, "");
    for name in &environments {
        out.key(8, name, &bracketed(&[ground.aws_name(name, "lb")]));
    }
    out.key(0, "auto_scaling_groups", "");
    out.key(4, &deployment, "");
    for name in &environments {
        out.key(8, name, &word(&ground.aws_name(name, "ag")));
    }
    out.about(&["Security groups of each role: one that all share, and one of its own."]);
    out.key(0, "security_groups", "");
    for role in roles(ground) {
        out.key(4, &role, &bracketed(&security_groups(ground, &role)));
    }
}

/// In the order of their names, as configs usually have them.
fn roles(ground: &Ground<'_>) -> Vec<String> {
    let mut roles = ground.roles();
    roles.sort();
    roles
}

fn security_groups(ground: &Ground<'_>, role: &str) -> Vec<String> {
    let prefix = ground.get("prefix");
    let own: &[&str] = match role {
        "cache" => &["session", "cache", "queue"],
        "web" => &["web"],
        "worker" => &["worker"],
        _ => &["db"],
    };
    let mut groups = vec![format!("{prefix}sg")];
    groups.extend(own.iter().map(|name| format!("{prefix}{name}-sg")));
    groups
}

fn servers(ground: &Ground<'_>, out: &mut Writer) {
    let (environments, roles) = (ground.environments(), roles(ground));
    out.about(&["--- Servers --------------------------------------------------------"]);
    out.key(0, "valid_roles", "");
    out.items(4, &roles);
    out.about(&["Sizes by environment and role."]);
    out.key(0, "instance_types", "");
    let same = ground.get("others") == "same";
    for name in &environments {
        out.key(4, name, "");
        for role in &roles {
            let kind = if same || ground.is_production(name) {
                ground.of("size", role)
            } else {
                price::small(role).to_owned()
            };
            out.key(8, role, &word(&kind));
        }
    }
    out.about(&["Disks for data in GB: of a role, and of an environment where it has others."]);
    out.key(0, "volume_sizes", "");
    let databases: Vec<&String> = roles.iter().filter(|role| role.starts_with("db-")).collect();
    for name in environments.iter().filter(|name| ground.is_production(name)) {
        out.key(4, name, "");
        for role in &databases {
            out.key(8, role, &ground.get("disk"));
        }
    }
    for role in &roles {
        out.key(4, role, if role.starts_with("db-") { "20" } else { "10" });
    }
    out.key(0, "volume_types", "");
    for role in &roles {
        out.key(4, role, "gp3");
    }
}

fn services(ground: &Ground<'_>, out: &mut Writer) {
    out.about(&[
        "--- Services -------------------------------------------------------",
        "local: Nginx serves static files. remote: the project uploads them itself.",
    ]);
    out.key(0, "static_hosting", &word(&ground.get("static")));
    out.key(0, "pgbouncer_port", "5432");
    out.about(&["Celery's application, and the options of each of its workers."]);
    out.key(0, "celery_application", &word(&ground.get("celery")));
    out.key(0, "celery_workers", "");
    let tasks = ground.get("tasks");
    let tasks = if tasks.is_empty() { "4".to_owned() } else { tasks };
    out.key(4, "main", &format!("-c {tasks} -Q celery"));
    out.about(&[
        "The class that takes pictures of Celery's events, as in django_celery_monitor; empty: none.",
    ]);
    out.key(0, "celery_camera", "\"\"");
    out.about(&["Gunicorn: workers for each processor, and seconds that a request may take."]);
    out.key(0, "gunicorn_worker_multiplier", "4");
    out.key(0, "gunicorn_timeout", "60");
    out.about(&["Ubuntu's packages on web servers and workers; add what the requirements are built with."]);
    out.key(0, "app_server_packages", "");
    let packages = [
        "build-essential",
        "git",
        "libpq-dev",
        "pgbouncer",
        "python3-dev",
        "python3-venv",
        "stunnel4",
        "supervisor",
    ];
    out.items(4, &packages.map(str::to_owned));
    out.about(&["PostgreSQL."]);
    out.key(0, "db_settings", "");
    out.key(4, "postgresql_settings", "");
    for (key, value) in [
        ("max_connections", "'80'   # of the server; PgBouncer shares them out"),
        ("wal_level", "replica"),
        ("hot_standby", "'on'"),
        ("max_wal_senders", "'5'"),
        ("log_min_duration_statement", "'500'"),
    ] {
        out.key(8, key, value);
    }
    out.key(4, "postgresql_packages", "[postgresql, libpq-dev]");
    out.line("    # Who may connect: the network that the servers are in.");
    out.key(4, "postgresql_networks", &bracketed(&networks(ground)));
}

/// The addresses of the network that was chosen; those of every private network where it is not known.
fn networks(ground: &Ground<'_>) -> Vec<String> {
    let vpc = ground.get("vpc");
    let known = ground.offered().and_then(|offers| {
        let chosen = offers.vpcs.iter().find(|one| one.id == vpc);
        chosen.or_else(|| offers.vpcs.first()).map(|one| one.cidr.clone())
    });
    let known = known.filter(|cidr| cidr.contains('/'));
    known.map_or_else(|| vec!["10.0.0.0/8".into(), "172.16.0.0/12".into()], |cidr| vec![cidr])
}
