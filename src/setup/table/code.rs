//! Questions about the project's code: where it is, and how it is started.

use super::path;
use crate::config::edit::Wanted;
use crate::setup::event::{Found, Probe};
use crate::setup::judge::{self, identifier};
use crate::setup::question::{Offer, PLAIN, Question, Verdict};

fn offers(found: &[String], what: &str) -> Vec<Offer> {
    found.iter().map(|one| Offer::new(one, what)).collect()
}

pub(super) const PROJECT: Question = Question {
    id: "project",
    title: "project",
    ask: "What is the project called?",
    why: "The name of its Django package. Databases, queues and paths on servers are named after it.",
    default: |ground, _| {
        let of_code =
            ground.facts.wsgi.first().and_then(|one| one.split(['.', ':']).next()).map(str::to_owned);
        let name: String = ground
            .facts
            .directory
            .to_lowercase()
            .chars()
            .map(|c| if c.is_ascii_alphanumeric() { c } else { '_' })
            .collect();
        of_code.or(Some(name)).filter(|name| identifier(name))
    },
    check: |_, _, answer| {
        if identifier(answer) && answer.len() <= 40 {
            Verdict::fine()
        } else {
            Verdict::Bad("a Python package is wanted: letters, digits and _, at most 40".into())
        }
    },
    current: |project, _| Some(project.project_name().to_owned()),
    edits: |_, _, answer| vec![(path(&["project"]), Wanted::Text(answer.into()))],
    ..PLAIN
};

pub(super) const REPO: Question = Question {
    id: "repo",
    title: "repository",
    ask: "Where is the code kept?",
    why: "The address that servers clone it from, with git: git@host:team/project.git, or https://…",
    default: |ground, _| ground.facts.origin.clone(),
    check: |_, _, answer| {
        if answer.contains(char::is_whitespace) || answer.starts_with('-') {
            Verdict::Bad("an address has no blanks and begins with no dash".into())
        } else if has_password(answer) {
            Verdict::Bad(
                "there is a password in it, which everybody would read in the config: take it out".into(),
            )
        } else {
            Verdict::fine()
        }
    },
    probe: |_, _, answer| Some(Probe::Repository(answer.to_owned())),
    judge: |_, _, found| match found {
        Found::Repository(Ok(branches)) if branches.names.is_empty() => {
            Verdict::Unsure("it answers, and is empty: push the code before the first deploy".into())
        }
        Found::Repository(Ok(branches)) => {
            let count = branches.names.len();
            let plural = if count == 1 { "branch" } else { "branches" };
            Verdict::Good(format!("it answers, with {count} {plural}"))
        }
        Found::Repository(Err(why)) => {
            Verdict::Doubt(format!("it could not be read: {why}. enter once more keeps it"))
        }
        _ => Verdict::fine(),
    },
    current: |project, _| project.names.repo.clone(),
    edits: |_, _, answer| vec![(path(&["repo"]), Wanted::Text(answer.into()))],
    ..PLAIN
};

/// Whether an address has a password in it: `https://user:password@host/…`.
fn has_password(address: &str) -> bool {
    let host = address.split_once("://").map(|(_, rest)| rest.split('/').next().unwrap_or_default());
    host.and_then(|host| host.rsplit_once('@')).is_some_and(|(user, _)| user.contains(':'))
}

pub(super) const REQUIREMENTS: Question = Question {
    id: "requirements",
    title: "requirements",
    ask: "Which file lists the Python packages that servers need?",
    why: "pip installs it in the virtualenv of every web server and worker; a path from the top of the code.",
    default: |ground, _| {
        let found = &ground.facts.requirements;
        let best = found.iter().find(|path| path.contains("prod")).or_else(|| found.first());
        Some(best.map_or("requirements.txt", String::as_str).to_owned())
    },
    offers: |ground, _| offers(&ground.facts.requirements, "is here"),
    check: |_, _, answer| judge::path(answer),
    probe: |_, _, answer| Some(Probe::Text(answer.to_owned())),
    judge: |ground, _, found| match found {
        Found::Text(Ok(Some(_))) => Verdict::Good("it is there".into()),
        Found::Text(Ok(None)) if ground.facts.has_code => {
            Verdict::Doubt("there is no such file here: deploys would fail. enter once more keeps it".into())
        }
        Found::Text(Err(why)) => Verdict::Unsure(format!("not known whether it is there: {why}")),
        _ => Verdict::Unsure("not known whether it is there: the code is not in this directory".into()),
    },
    current: |project, _| project.names.requirements_file.clone(),
    edits: |_, _, answer| vec![(path(&["requirements_file"]), Wanted::Text(answer.into()))],
    ..PLAIN
};

pub(super) const WSGI: Question = Question {
    id: "wsgi",
    title: "WSGI",
    ask: "Which WSGI application does Gunicorn run?",
    why: "module:name, as in shop.wsgi:application; Django writes the file when a project begins.",
    default: |ground, _| {
        let found = ground.facts.wsgi.first().cloned();
        found.or_else(|| Some(format!("{}.wsgi:application", ground.get("project"))))
    },
    offers: |ground, _| offers(&ground.facts.wsgi, "is here"),
    check: |_, _, answer| match answer.split_once(':') {
        Some((module, name)) if module.split('.').all(identifier) && identifier(name) => Verdict::fine(),
        _ => Verdict::Bad("a module, a colon and a name are wanted: shop.wsgi:application".into()),
    },
    probe: |_, _, answer| {
        let module = answer.split(':').next().unwrap_or_default();
        Some(Probe::Text(format!("{}.py", module.replace('.', "/"))))
    },
    judge: |ground, _, found| judge::module(&ground.get("wsgi"), found, ground.facts.has_code),
    current: |project, _| project.names.wsgi_app.clone(),
    edits: |_, _, answer| vec![(path(&["wsgi_app"]), Wanted::Text(answer.into()))],
    ..PLAIN
};

pub(super) const SETTINGS: Question = Question {
    id: "settings",
    title: "settings",
    ask: "Which settings module does Django use on servers?",
    why: "Deploys write it: it imports the project's own settings, and adds hosts, databases and secrets.",
    default: |ground, _| Some(format!("{}.local_settings", ground.get("project"))),
    check: |_, _, answer| {
        if answer.split('.').all(identifier) {
            Verdict::fine()
        } else {
            Verdict::Bad("a Python module is wanted: shop.local_settings".into())
        }
    },
    current: |project, _| project.names.settings_managepy.clone(),
    edits: |_, _, answer| vec![(path(&["settings_managepy"]), Wanted::Text(answer.into()))],
    ..PLAIN
};

pub(super) const CELERY: Question = Question {
    id: "celery",
    title: "Celery",
    ask: "Which Celery application do workers run?",
    why: "The module that makes it, as in shop.celery; workers, beat and tasks come from there.",
    default: |ground, _| {
        let found = ground.facts.celery.first().cloned();
        found.or_else(|| Some(format!("{}.celery", ground.get("project"))))
    },
    offers: |ground, _| offers(&ground.facts.celery, "is here"),
    check: |_, _, answer| {
        if answer.split(['.', ':']).all(identifier) {
            Verdict::fine()
        } else {
            Verdict::Bad("a Python module is wanted: shop.celery".into())
        }
    },
    current: |project, _| project.servers.celery_application.clone(),
    edits: |_, _, answer| vec![(path(&["celery_application"]), Wanted::Text(answer.into()))],
    ..PLAIN
};

pub(super) const TASKS: Question = Question {
    id: "tasks",
    title: "tasks at once",
    ask: "How many tasks does a worker run at a time?",
    why: "Celery's -c for the queue celery. More workers with queues of their own can be added in the config.",
    when: |ground, _| ground.facts.config.is_none(),
    default: |_, _| Some("4".into()),
    check: |_, _, answer| match answer.parse::<u32>() {
        Ok(1..=500) => Verdict::fine(),
        _ => Verdict::Bad("a number from 1 to 500 is wanted".into()),
    },
    ..PLAIN
};
