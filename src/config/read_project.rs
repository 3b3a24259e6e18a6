//! Reads a [`Project`] out of its tree: one line per key.

use std::sync::Arc;

use super::mapping::Mapping;
use super::problem::Problems;
use super::project::{Aws, DatabaseSettings, InstanceSettings, LogFile, Names, Places, Project, Servers};
use super::section::{self, At, Section};
use super::tree::Node;

impl Project {
    /// Reads it from the tree of `problems`' file. What is wrong is reported and left at its default.
    #[must_use]
    pub fn read(tree: &Arc<Node>, problems: &mut Problems) -> Self {
        let file = problems.file().to_owned();
        let mut top = Section::new("", Some(tree), problems);
        let mut project = Self {
            file,
            tree: Arc::clone(tree),
            instances: InstanceSettings::default(),
            names: names(&mut top),
            servers: servers(&mut top),
            places: places(&mut top),
            aws: aws(&mut top),
            disable_known_hosts: top.take_at("disable_known_hosts", section::flag),
        };
        // Known to FabulAWS' own examples, used by nothing of ours.
        for key in [
            "database_host",
            "logstash_config",
            "log_host",
            "instance_settings",
            "db_settings",
            "static_html",
        ] {
            top.node(key);
        }
        let known = top.finish(&[]);
        let mut top = Section::new("", Some(tree), problems);
        project.instances = instances(&mut top, &known);
        project.servers.database = database(&mut top, &known);
        (project.names.upgrade_message, project.names.healthcheck_override) = static_html(&mut top, &known);
        project
    }
}

fn instances(top: &mut Section<'_, '_>, known: &[&str]) -> InstanceSettings {
    let mut s = top.inner("instance_settings");
    let secure_root = s.take("secure_root", section::text);
    let settings = InstanceSettings {
        ami: s.take("ami", section::text),
        key_prefix: s.take("key_prefix", section::text).unwrap_or_default(),
        admin_groups: s.take("admin_groups", section::texts).unwrap_or_default(),
        run_upgrade: s.take("run_upgrade", section::flag).unwrap_or_default(),
        app_root: s.take("app_root", section::text).or(secure_root),
        secure_home: s.take("secure_home", section::text),
        fs_type: s.take("fs_type", section::text),
        fs_encrypt: s.take("fs_encrypt", section::flag).unwrap_or_default(),
        ebs_encrypt: s.take("ebs_encrypt", section::flag).unwrap_or_default(),
        ubuntu_mirror: s.take("ubuntu_mirror", section::text),
        swap_multiplier: s.take("swap_multiplier", section::number).unwrap_or_default(),
    };
    s.finish(known);
    settings
}

fn names(top: &mut Section<'_, '_>) -> Names {
    Names {
        project: top.take_at("project", section::name),
        deploy_user: top.take("deploy_user", section::text),
        webserver_user: top.take("webserver_user", section::text),
        database_user: top.take("database_user", section::text),
        home: top.take("home", section::text),
        python: top.take("python", section::text),
        repo: top.take("repo", section::text),
        vcs_cmd: top.take_at("vcs_cmd", section::text),
        latest_changeset_cmd: top.take("latest_changeset_cmd", section::text),
        wsgi_app: top.take("wsgi_app", section::text),
        requirements_file: top.take("requirements_file", section::text),
        requirements_sdists: top.take("requirements_sdists", section::text_or_off).flatten(),
        settings_managepy: top.take("settings_managepy", section::text_or_off).flatten(),
        localsettings_template: top.take("localsettings_template", section::text),
        local_settings_py_relative_path: top.take("local_settings_py_relative_path", section::text),
        upgrade_message: None,
        healthcheck_override: None,
        ssh_keys: top.take("ssh_keys", section::text),
        password_names: top.take("password_names", section::texts).unwrap_or_default(),
        backup_key_fingerprint: top.take("backup_key_fingerprint", section::text_or_off).flatten(),
    }
}

fn static_html(top: &mut Section<'_, '_>, known: &[&str]) -> (Option<String>, Option<String>) {
    let mut s = top.inner("static_html");
    let pages = (s.take("upgrade_message", section::text), s.take("healthcheck_override", section::text));
    s.finish(known);
    pages
}

fn servers(top: &mut Section<'_, '_>) -> Servers {
    let log_host = top.take("log_host", section::text_or_off).flatten();
    Servers {
        pgbouncer_port: top.take("pgbouncer_port", section::port),
        server_ports: top
            .take("server_ports", |n, p| section::table(n, p, section::port))
            .unwrap_or_default(),
        static_hosting: top.take_at("static_hosting", section::text),
        celery_workers: top
            .take("celery_workers", |n, p| section::table(n, p, section::loose_text))
            .unwrap_or_default(),
        celery_application: top.take("celery_application", section::text),
        celery_camera: top.take("celery_camera", section::loose_text),
        gunicorn_worker_multiplier: top.take("gunicorn_worker_multiplier", section::count),
        gunicorn_timeout: top.take("gunicorn_timeout", section::count),
        gunicorn_worker_class: top.take("gunicorn_worker_class", section::text),
        app_server_packages: top.take("app_server_packages", section::texts).unwrap_or_default(),
        database: DatabaseSettings::default(),
        use_basic_auth: top
            .take("use_basic_auth", |n, p| section::table(n, p, section::flag))
            .unwrap_or_default(),
        extra_log_files: top.take("extra_log_files", log_files).unwrap_or_default(),
        syslog_server: top.take("syslog_server", section::text_or_off).flatten(),
        gelf_log_host: top.take("gelf_log_host", section::text_or_off).flatten().or(log_host),
        awslogs_access_key_id: top.take("awslogs_access_key_id", section::text_or_off).flatten(),
        node_version: top.take("node_version", section::text),
        less_version: top.take("less_version", section::text),
    }
}

fn log_files(node: &Node, problems: &mut Problems) -> Result<Vec<LogFile>, &'static str> {
    let mut files = Vec::new();
    for entry in node.entries().ok_or("a mapping of paths")? {
        let mut s = Section::new(&format!("extra_log_files.{}", entry.key), Some(&entry.value), problems);
        let tag = s.take("tag", section::text);
        let date_format = s.take("date_format", section::text).unwrap_or_default();
        s.finish(&[]);
        match tag {
            Some(tag) => {
                files.push(LogFile { path: At::new(entry.key.clone(), entry.at), tag, date_format });
            }
            None => problems
                .error(entry.at, format!("the log file `{}` wants a `tag`; it is left out", entry.key)),
        }
    }
    Ok(files)
}

fn database(top: &mut Section<'_, '_>, known: &[&str]) -> DatabaseSettings {
    let mut s = top.inner("db_settings");
    let settings = DatabaseSettings {
        settings: s
            .take("postgresql_settings", |n, p| section::table(n, p, section::loose_text))
            .unwrap_or_default(),
        packages: s.take("postgresql_packages", section::texts).unwrap_or_default(),
        networks: s.take("postgresql_networks", section::texts).unwrap_or_default(),
        tune: s.take("postgresql_tune", section::flag),
        tune_type: s.take("postgresql_tune_type", section::text),
        shmmax: s.take("postgresql_shmmax", section::count),
        shmall: s.take("postgresql_shmall", section::count),
        disable_oom: s.take("postgresql_disable_oom", section::flag),
    };
    s.finish(known);
    settings
}

fn places(top: &mut Section<'_, '_>) -> Places {
    Places {
        default_deployment: top.take_at("default_deployment", section::name),
        deployments: top.take("deployments", places_list).unwrap_or_default(),
        environments: top.take("environments", places_list).unwrap_or_default(),
        production_environments: top.take("production_environments", section::names),
        valid_roles: top.take("valid_roles", places_list).unwrap_or_default(),
        branches: top.take("branches", |n, p| Mapping::read(n, p, text_at)).unwrap_or_default(),
        site_domains_map: top
            .take("site_domains_map", |n, p| section::table(n, p, section::names))
            .unwrap_or_default(),
    }
}

/// The most environments, deployments or roles: every pair of them is looked at.
const MOST_PLACES: usize = 200;

fn places_list(node: &Node, problems: &mut Problems) -> Result<Vec<At<String>>, &'static str> {
    let mut names = section::names(node, problems)?;
    if let Some(first) = names.get(MOST_PLACES) {
        let what = format!("this list has {} names; only the first {MOST_PLACES} are used", names.len());
        problems.error(first.at, what);
        names.truncate(MOST_PLACES);
    }
    Ok(names)
}

fn aws(top: &mut Section<'_, '_>) -> Aws {
    Aws {
        region: top.take_at("region", section::name),
        avail_zones: top.take("avail_zones", section::texts).unwrap_or_default(),
        subnets: top.take_at("subnets", |n, p| section::table(n, p, text_at)),
        ec2_attr_for_ssh: top.take_at("ec2_attr_for_ssh", section::text),
        security_groups: top
            .take("security_groups", |n, p| Mapping::read(n, p, section::texts))
            .unwrap_or_default(),
        instance_types: top.take("instance_types", |n, p| Mapping::read(n, p, text_at)).unwrap_or_default(),
        volume_sizes: top
            .take("volume_sizes", |n, p| Mapping::read(n, p, section::gigabytes))
            .unwrap_or_default(),
        volume_types: top.take("volume_types", |n, p| Mapping::read(n, p, text_at)).unwrap_or_default(),
        load_balancers: top
            .take("load_balancers", |n, p| Mapping::read(n, p, section::names))
            .unwrap_or_default(),
        auto_scaling_groups: top
            .take("auto_scaling_groups", |n, p| Mapping::read(n, p, name_at))
            .unwrap_or_default(),
        cloudfront_distribution_ids: top
            .take("cloudfront_distribution_ids", |n, p| Mapping::read(n, p, section::texts_or_one))
            .unwrap_or_default(),
    }
}

fn name_at(node: &Node, problems: &mut Problems) -> Result<At<String>, &'static str> {
    section::name(node, problems).map(|name| At::new(name, node.at))
}

fn text_at(node: &Node, problems: &mut Problems) -> Result<At<String>, &'static str> {
    section::text(node, problems).map(|text| At::new(text, node.at))
}
