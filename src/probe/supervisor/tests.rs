use super::*;
use crate::probe::testing::{body, failure, layout};

fn programs(lines: &str, code: u8) -> Vec<Program> {
    match read(&body(lines, "", code), &layout()) {
        Ok(Fact::Supervisor(supervisor)) => supervisor.programs,
        other => panic!("{other:?}"),
    }
}

#[test]
fn programs_that_run_tell_since_when_and_how_often_they_were_started_again() {
    let programs = programs(include_str!("fixtures/4.2-worker.txt"), 0);
    assert_eq!(programs.len(), 6);
    let cam = &programs[1];
    assert_eq!(
        (cam.group.as_str(), cam.name.as_str(), cam.state.as_str()),
        ("staging-celery", "staging-celerycam", "RUNNING")
    );
    assert_eq!((cam.pid, cam.up_seconds, cam.restarts), (Some(173), Some(15 * 60 + 18), Some(5)));
    let pgbouncer = &programs[4];
    assert_eq!(
        (pgbouncer.group.as_str(), pgbouncer.name.as_str()),
        ("staging-pgbouncer", "staging-pgbouncer")
    );
}

#[test]
fn what_people_stop_and_start_and_what_was_before_the_boot_is_no_program_that_ends_by_itself() {
    let dir = tempfile::tempdir().unwrap();
    let log = dir.path().join("supervisord.log");
    // Whenever that is, it is within the last hour.
    let line = |text: &str| format!("2999-01-01 00:00:00,000 {text}\n");
    let told = [
        "INFO supervisord started with pid 4590",
        "INFO spawned: 'staging-server' with pid 6070",
        "WARN exited: staging-server (exit status 3; not expected)",
        "WARN received SIGTERM indicating exit request",
        "INFO supervisord started with pid 179",
        "INFO spawned: 'staging-server' with pid 195",
        "INFO waiting for staging-server to stop",
        "INFO stopped: staging-server (exit status 0)",
        "INFO spawned: 'staging-server' with pid 196",
        "INFO success: staging-server entered RUNNING state, process has stayed up for > than 1 seconds (startsecs)",
        "WARN exited: staging-celerycam (terminated by SIGKILL; not expected)",
        "INFO spawned: 'staging-celerycam' with pid 197",
        "WARN exited: staging-celerycam (exit status 1; not expected)",
        "INFO spawnerr: can't find command '/x'",
    ];
    let old = "2026-01-01 00:00:00,000 WARN exited: staging-celerycam (exit status 1; not expected)\n";
    std::fs::write(&log, told.map(line).concat() + old).unwrap();
    let script = SCRIPT.replace("/var/log/supervisor/supervisord.log", &log.display().to_string());
    let script = format!("as_root() {{ cat {}; }}\n{script}", dir.path().join("status").display());
    std::fs::write(
        dir.path().join("status"),
        "staging-web:staging-server  RUNNING   pid 196, uptime 0:01:42\n\
         staging-celery:staging-celerycam  RUNNING   pid 198, uptime 0:01:42\n",
    )
    .unwrap();
    let output = std::process::Command::new("sh").args(["-c", &script]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    let again: Vec<_> = programs(&text, 0).into_iter().map(|p| (p.name, p.restarts)).collect();
    let of = |name: &str, times| (name.to_owned(), Some(times));
    assert_eq!(again, [of("staging-server", 0), of("staging-celerycam", 2)], "{text}");
}

#[test]
fn every_state_is_read_and_the_code_that_says_so_is_no_failure() {
    let programs = programs(
        "staging-web:staging-server          FATAL     Exited too quickly (process log may have details)\n\
         staging-celery:staging-celerybeat   BACKOFF   can't find command '/x/celery'\n\
         staging-celery:staging-celerycam    STARTING\n\
         staging-celery:main                 STOPPING  \n\
         staging-pgbouncer                   STOPPED   Nov 22 10:01 PM\n\
         other                               EXITED    Nov 22 10:01 PM\n",
        3,
    );
    let told: Vec<_> = programs.iter().map(|p| (p.state.as_str(), p.detail.as_str(), p.restarts)).collect();
    assert_eq!(
        told,
        [
            ("FATAL", "Exited too quickly (process log may have details)", None),
            ("BACKOFF", "can't find command '/x/celery'", None),
            ("STARTING", "", None),
            ("STOPPING", "", None),
            ("STOPPED", "Nov 22 10:01 PM", None),
            ("EXITED", "Nov 22 10:01 PM", None),
        ]
    );
}

#[test]
fn uptimes_have_days() {
    assert_eq!(uptime("0:01:42"), Some(102));
    assert_eq!(uptime("1 day, 0:00:01"), Some(86_401));
    assert_eq!(uptime("12 days, 3:04:05"), Some(12 * 86_400 + 3 * 3_600 + 4 * 60 + 5));
    assert_eq!(uptime("-1 day, x"), None);
    assert_eq!(uptime("99999999999999999999 days, 0:00:00"), None);
}

#[test]
fn no_programs_are_no_failure_and_no_supervisor_is_one() {
    assert!(programs("", 0).is_empty());
    assert!(programs("log\n", 0).is_empty());
    let cases = [
        (
            "unix:///var/run/supervisor.sock no such file",
            4,
            FailureKind::Unreachable,
            "Supervisor does not run",
        ),
        ("unix:///var/run/supervisor.sock refused connection", 4, FailureKind::Unreachable, "is it running?"),
        (
            "error: <class 'PermissionError'>, [Errno 13] Permission denied: file: xmlrpc.py line: 557",
            1,
            FailureKind::Denied,
            "may not do this",
        ),
        (
            "timeout: failed to run command 'supervisorctl': No such file or directory",
            127,
            FailureKind::Absent,
            "not installed",
        ),
    ];
    for (lines, code, kind, message) in cases {
        let told = failure(read(&body(lines, "", code), &layout()));
        assert_eq!(told.0, kind, "{lines}: {}", told.1);
        assert!(told.1.contains(message), "{lines}: {}", told.1);
    }
}
