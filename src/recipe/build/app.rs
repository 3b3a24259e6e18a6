//! What runs the project's code: packages, directories, a virtualenv, a clone; and what shows that it serves.

use super::repository::{Access, access};
use super::{Part, Plot, installing, part, script};
use crate::fleet::Role;
use crate::recipe::script::Script;

/// What the distribution calls its own Python.
const PYTHON: &str = "python3";

/// What is there before the code.
pub(super) fn parts(role: &Role, plot: &Plot<'_>) -> Vec<Part> {
    vec![packages(role, plot), places(plot), virtualenv(plot), repository(plot)]
}

/// What is there before static files are made of the code.
pub(super) fn of_code(plot: &Plot<'_>) -> Part {
    let title = "install what the project's compressor calls";
    let app = &plot.build.app;
    let script = installing("less", title)
        .told("node", app.node.as_deref().unwrap_or_default())
        .told("less", app.less.as_deref().unwrap_or_default())
        .told("code_root", &plot.layout.code_root)
        .then(include_str!("scripts/less.sh"));
    part("less", title, script.text(), 2_400)
}

/// What comes last on a web server: Nginx, once Gunicorn answers.
pub(super) fn web(plot: &Plot<'_>) -> Vec<Part> {
    let title = "start Nginx, at each boot too";
    let nginx = script("nginx", title).then(include_str!("scripts/nginx.sh"));
    let asked = "see that the health check answers over HTTPS";
    let site = script("check", asked)
        .told("site", &plot.layout.site)
        .told("health_path", &plot.layout.health_path)
        .then(include_str!("scripts/site_check.sh"));
    vec![part("nginx", title, nginx.text(), 300), part("site", asked, site.text(), 300)]
}

/// What comes last on a worker: its workers answer.
pub(super) fn worker(plot: &Plot<'_>) -> Part {
    let title = "see that Celery answers by the queue server";
    let script = script("check", title)
        .django(plot.layout)
        .told("celery_app", &plot.layout.celery_app)
        .told("count", &plot.layout.celery_workers.len().to_string())
        .then(include_str!("scripts/workers_check.sh"));
    part("workers", title, script.text(), 600)
}

fn python<'a>(plot: &Plot<'a>) -> &'a str {
    plot.build.app.python.as_deref().unwrap_or(PYTHON)
}

fn packages(role: &Role, plot: &Plot<'_>) -> Part {
    let is_web = matches!(role, Role::Web | Role::Combo);
    let title = if is_web {
        "install Python, Supervisor, PgBouncer, Stunnel, Nginx and the config's packages"
    } else {
        "install Python, Supervisor, PgBouncer, Stunnel and the config's packages"
    };
    let script = installing("app", title)
        .told("python", python(plot))
        .told(
            "of_vcs",
            if plot.layout.vcs.ends_with("hg") { "mercurial openssh-client" } else { "git openssh-client" },
        )
        .told("of_web", if is_web { "nginx ssl-cert" } else { "" })
        .told("packages", &plot.build.app.packages.join(" "))
        .then(include_str!("scripts/app.sh"));
    part("app", title, script.text(), 3_600)
}

fn places(plot: &Plot<'_>) -> Part {
    let title = "make the site's user, directories, and old logs go";
    let (layout, app) = (plot.layout, &plot.build.app);
    let script = script("places", title)
        .told("deploy_user", &layout.deploy_user)
        .told("webserver_user", &layout.webserver_user)
        .told("project", &layout.code.project)
        .told("environment", &layout.code.environment)
        .told("root", &layout.root)
        .told("services", &layout.services)
        .told("log_dir", &layout.log_dir)
        .told("media_root", &app.media_root)
        .told("static_root", &app.static_root)
        .then(include_str!("scripts/places.sh"));
    part("places", title, script.text(), 300)
}

fn virtualenv(plot: &Plot<'_>) -> Part {
    let title = "make the virtualenv";
    let script = of_deployer(script("python", title), plot)
        .told("python", python(plot))
        .told("virtualenv", &plot.layout.virtualenv)
        .then(include_str!("scripts/python.sh"));
    part("python", title, script.text(), 600)
}

fn repository(plot: &Plot<'_>) -> Part {
    let title = "clone the project's repository";
    let repo = plot.build.app.repo.as_deref().unwrap_or_default();
    let host = match access(repo) {
        Ok(Access::Key { host }) => host,
        Ok(Access::Open) | Err(_) => String::new(),
    };
    let script = of_deployer(script("repository", title), plot)
        .told("repo", repo)
        .told("host", &host)
        .told("known_hosts", plot.known_hosts.trim_end())
        .told("vcs", &plot.layout.vcs)
        .told("code_root", &plot.layout.code_root)
        .then(include_str!("scripts/repository.sh"));
    let secrets: &'static [&'static str] =
        if plot.has_key && !host.is_empty() { &[super::REPOSITORY_KEY] } else { &[] };
    Part { secrets, ..part("repository", title, script.text(), 3_600) }
}

fn of_deployer(script: Script, plot: &Plot<'_>) -> Script {
    script.told("deploy_user", &plot.layout.deploy_user).told("home", &plot.layout.home)
}
