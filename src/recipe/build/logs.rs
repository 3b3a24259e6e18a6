//! Logs on their way to a place where they are read: by rsyslog to a log server, by AWS's agent to CloudWatch.

use std::fmt::Write as _;

use serde_json::json;

use super::{Part, Plot, installing, part};
use crate::fleet::{LogFilePlace, Role};

/// The secret half of the key that CloudWatch is written with, as FabulAWS calls it.
pub const AWSLOGS_SECRET: &str = "awslogs_secret_access_key";

/// The port of GELF.
const GELF_PORT: &str = "12201";

/// The parts, where the config ships logs anywhere.
pub(super) fn parts(role: &Role, plot: &Plot<'_>) -> Vec<Part> {
    let logs = &plot.build.logs;
    let mut all = Vec::new();
    let files = files(role, plot);
    if logs.syslog.is_some() || logs.gelf.is_some() {
        let title = "ship logs by rsyslog";
        let paths: Vec<&str> = files.iter().map(|file| file.path.as_str()).collect();
        let script = installing("syslog", title)
            .told("project", &plot.layout.code.project)
            .told("environment", &plot.layout.code.environment)
            .told("paths", &paths.join("\n"))
            .told("settings", &rsyslog(plot, &files))
            .then(include_str!("scripts/syslog.sh"));
        all.push(part("syslog", title, script.text(), 1_800));
    }
    if let Some(key) = &logs.cloudwatch_key {
        let title = "ship logs to CloudWatch";
        let script = installing("awslogs", title)
            .told("region", &logs.region)
            .told("key_id", key)
            .told("settings", &cloudwatch(role, plot, &files))
            .then(include_str!("scripts/awslogs.sh"));
        all.push(Part { secrets: &[AWSLOGS_SECRET], ..part("awslogs", title, script.text(), 2_400) });
    }
    all
}

/// What a server of this role writes, beside the system's own log.
fn files(role: &Role, plot: &Plot<'_>) -> Vec<LogFilePlace> {
    let dir = &plot.layout.log_dir;
    let of = |tag: &str, path: String| LogFilePlace { tag: tag.to_owned(), path };
    let mut all = Vec::new();
    if matches!(role, Role::DbPrimary | Role::DbReplica | Role::Combo) {
        all.push(of("postgresql", "/var/log/postgresql/postgresql-*.log".into()));
    }
    if *role == Role::Cache {
        all.push(of("redis", "/var/log/redis/redis*.log".into()));
        all.push(of("rabbitmq", "/var/log/rabbitmq/rabbit*.log".into()));
    }
    if super::runs_code(role) {
        for (tag, file) in [("pgbouncer", "pgbouncer.log"), ("stunnel", "stunnel.log")] {
            all.push(of(tag, format!("{dir}/{file}")));
        }
    }
    if matches!(role, Role::Web | Role::Combo) {
        for (tag, file) in [("nginx", "error.log"), ("nginx", "access.log"), ("gunicorn", "gunicorn.log")] {
            all.push(of(tag, format!("{dir}/{file}")));
        }
    }
    if matches!(role, Role::Worker | Role::Combo) {
        let workers = plot.layout.celery_workers.iter().map(|worker| format!("celeryd-{worker}.log"));
        for file in ["celerybeat.log".to_owned(), "celerycam.log".to_owned()].into_iter().chain(workers) {
            all.push(of("celery", format!("{dir}/{file}")));
        }
    }
    all.extend(plot.build.logs.files.iter().cloned());
    all
}

/// Where rsyslog reads, and where to it writes.
fn rsyslog(plot: &Plot<'_>, files: &[LogFilePlace]) -> String {
    let logs = &plot.build.logs;
    let mut text = String::from("module(load=\"imfile\")\n");
    for LogFilePlace { tag, path } in files {
        let _ =
            writeln!(text, "input(type=\"imfile\" File=\"{path}\" Tag=\"{tag}\" reopenOnTruncate=\"on\")");
    }
    if let Some(server) = &logs.syslog {
        // With an `@` in it, it is a whole line of rsyslog's, as FabulAWS has it.
        let line = if server.contains('@') { server.clone() } else { format!("*.* @{server}") };
        let _ = writeln!(text, "{line}");
    }
    if let Some(gelf) = &logs.gelf {
        let (host, port) = gelf.rsplit_once(':').unwrap_or((gelf, GELF_PORT));
        let layout = &plot.layout.code;
        let _ = writeln!(
            text,
            "template(name=\"gelf\" type=\"list\") {{\n\
             constant(value=\"{{\\\"version\\\":\\\"1.1\\\",\\\"host\\\":\\\"\")\n\
             property(name=\"hostname\")\n\
             constant(value=\"\\\",\\\"short_message\\\":\\\"\")\n\
             property(name=\"msg\" format=\"json\" position.to=\"8000\")\n\
             constant(value=\"\\\",\\\"timestamp\\\":\")\n\
             property(name=\"timegenerated\" dateformat=\"unixtimestamp\")\n\
             constant(value=\",\\\"level\\\":\")\n\
             property(name=\"syslogseverity\")\n\
             constant(value=\",\\\"_program\\\":\\\"\")\n\
             property(name=\"programname\" format=\"json\")\n\
             constant(value=\"\\\",\\\"_project\\\":\\\"{}\\\",\\\"_environment\\\":\\\"{}\\\"}}\")\n}}\n\
             action(type=\"omfwd\" target=\"{host}\" port=\"{port}\" protocol=\"udp\" template=\"gelf\")",
            layout.project, layout.environment
        );
    }
    text.trim_end().to_owned()
}

/// What AWS's agent reads, and the names of its groups, as FabulAWS has them; each server has streams of its own.
fn cloudwatch(role: &Role, plot: &Plot<'_>, files: &[LogFilePlace]) -> String {
    let logs = &plot.build.logs;
    let group = format!("{}-{}-{role}", logs.deployment, plot.layout.code.environment);
    let of = |tag: &str, path: &str| json!({ "file_path": path, "log_group_name": group, "log_stream_name": format!("{{instance_id}}/{tag}") });
    let system = [("syslog", "/var/log/syslog"), ("kern.log", "/var/log/kern.log")];
    let system = system.iter().map(|(tag, path)| of(tag, path));
    let list: Vec<_> = system.chain(files.iter().map(|file| of(&file.tag, &file.path))).collect();
    let all = json!({
        "agent": { "region": logs.region, "run_as_user": "root" },
        "logs": { "logs_collected": { "files": { "collect_list": list } } },
    });
    format!("{all:#}")
}
