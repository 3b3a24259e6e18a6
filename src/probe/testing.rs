//! What the readers' tests share.

use jiff::Timestamp;

use super::Unread;
use super::request::Body;
use crate::fleet::{Fact, FailureKind, Layout};

/// What a section printed.
pub(super) fn body<'a>(lines: &'a str, errors: &'a str, code: u8) -> Body<'a> {
    let at = Some(at());
    Body { lines: lines.lines().collect(), errors: errors.lines().collect(), at, code }
}

/// When the test's output arrived.
pub(super) fn at() -> Timestamp {
    "2026-11-22T22:00:00Z".parse().unwrap()
}

/// The layout of the lab's environment.
pub(super) fn layout() -> Layout {
    Layout {
        deploy_user: "myproject".into(),
        webserver_user: "myproject-web".into(),
        settings_module: "myproject.local_settings".into(),
        home: "/home/myproject".into(),
        root: "/home/myproject/www/staging".into(),
        log_dir: "/home/myproject/www/staging/log".into(),
        code_root: "/home/myproject/www/staging/code_root".into(),
        virtualenv: "/home/myproject/www/staging/env".into(),
        services: "/home/myproject/services".into(),
        vcs: "git".into(),
        database: "myproject_staging".into(),
        database_user: "myproject".into(),
        vhost: "myproject_staging".into(),
        celery_app: "myproject.celery".into(),
        celery_workers: vec!["main".into(), "exports".into()],
        pgbouncer_port: 5432,
        gunicorn_port: 8000,
        site: "staging.myproject.example.com".into(),
        health_path: "/healthcheck.html".into(),
        ..Layout::default()
    }
}

/// What a reader makes of it.
pub(super) type Read = Result<Fact, Unread>;

/// The kind and the message of a failure.
pub(super) fn failure(read: Read) -> (FailureKind, String) {
    let unread = read.unwrap_err();
    (unread.kind, unread.message)
}
