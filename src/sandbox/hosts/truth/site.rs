//! The health check as the server itself gets it.

use super::{MINUTE, services};
use crate::sandbox::hosts::server::{Host, Page};
use crate::sandbox::read::View;
use crate::sandbox::waves::{daily, wave, whole};

/// An answer: its status, and how long it took in milliseconds. No status is a refused connection.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::sandbox) struct Answer {
    pub(in crate::sandbox) status: Option<u16>,
    pub(in crate::sandbox) milliseconds: u64,
}

/// Django's own answer, past Nginx.
pub(in crate::sandbox) fn gunicorn(view: &View<'_>, host: &Host) -> Answer {
    if !services::gunicorn_listens(view, host) {
        return Answer { status: None, milliseconds: 0 };
    }
    let day = daily(view.now.div_euclid(MINUTE));
    let height = wave(view.dice, &format!("check {}", host.id), view.now, 15_000);
    let milliseconds = whole(14.0 + 22.0 * day + 30.0 * height * height);
    match services::application_error(view, host) {
        Some(_) => Answer { status: Some(500), milliseconds: milliseconds + 90 },
        None => Answer { status: Some(200), milliseconds },
    }
}

/// The answer through Nginx.
pub(in crate::sandbox) fn nginx(view: &View<'_>, host: &Host) -> Answer {
    if !services::is_up(view, host, "nginx") {
        return Answer { status: None, milliseconds: 0 };
    }
    match host.page {
        Page::Healthy => return Answer { status: Some(200), milliseconds: 1 },
        Page::Unhealthy => return Answer { status: Some(503), milliseconds: 1 },
        Page::Off => {}
    }
    // What Nginx answers by itself, whatever the application would say.
    for (kind, status) in [("check-401", 401), ("check-404", 404)] {
        if host.trouble(kind).is_some() {
            return Answer { status: Some(status), milliseconds: 1 };
        }
    }
    match gunicorn(view, host) {
        Answer { status: None, .. } => Answer { status: Some(502), milliseconds: 2 },
        Answer { status, milliseconds } => Answer { status, milliseconds: milliseconds + 3 },
    }
}
