use super::*;
use crate::fleet::FailureKind;
use crate::probe::testing::{body, failure, layout};

fn site(lines: &str) -> Site {
    match read(&body(lines, "", 0), &layout()) {
        Ok(Fact::Site(site)) => site,
        other => panic!("{other:?}"),
    }
}

#[test]
fn both_answers_and_both_files_are_read() {
    let site = site(include_str!("fixtures/web.txt"));
    assert_eq!(site.nginx.unwrap().status, 200);
    assert_eq!(site.gunicorn.unwrap().problem, None);
    assert!(!site.maintenance && !site.health_override);
}

#[test]
fn who_does_not_answer_is_quoted() {
    let site = site(
        "nginx\ncurl: (28) Operation timed out after 6001 milliseconds with 0 bytes received\n\nanswer=000 6.001\n\
         gunicorn\n\nanswer=503 0.250\nmaintenance=yes\noverride=yes\n",
    );
    let nginx = site.nginx.unwrap();
    assert_eq!((nginx.status, nginx.milliseconds), (0, 6_001));
    assert!(nginx.problem.unwrap().starts_with("(28) Operation timed out"));
    let gunicorn = site.gunicorn.unwrap();
    assert_eq!((gunicorn.status, gunicorn.milliseconds, gunicorn.problem), (503, 250, None));
    assert!(site.maintenance && site.health_override);
}

#[test]
fn one_who_was_not_asked_has_no_answer() {
    let site = site("nginx\ngunicorn\n\nanswer=200 0.1\nmaintenance=no\noverride=no\n");
    assert_eq!(site.nginx, None);
    assert!(site.gunicorn.is_some());
}

#[test]
fn an_unknown_maintenance_page_is_not_none() {
    let told = failure(read(&body("nginx\n\nanswer=200 0.1", "sudo: a password is required", 1), &layout()));
    assert_eq!(told.0, FailureKind::Denied);
    let told = failure(read(&body("", "curl: command not found", 127), &layout()));
    assert_eq!(told.0, FailureKind::Absent);
}
