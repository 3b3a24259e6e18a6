use super::*;
use crate::probe::testing::{Read, body, failure, layout};

const STATUS: &str = r#"{"alarms":[],"rabbitmq_version":"3.13.7"}"#;

fn told(queues: &str, status: &str) -> Read {
    read(&body(&format!("{queues}\nstatus\n{status}\n"), "", 0), &layout())
}

fn rabbitmq(read: Read) -> RabbitMq {
    match read {
        Ok(Fact::RabbitMq(rabbitmq)) => rabbitmq,
        other => panic!("{other:?}"),
    }
}

#[test]
fn every_queue_is_listed_also_one_that_nobody_listens_to() {
    let told = rabbitmq(read(&body(include_str!("fixtures/3.10.txt"), "", 0), &layout()));
    assert_eq!((told.version.as_deref(), told.vhost.as_str()), (Some("3.10.8"), "myproject_staging"));
    assert_eq!((told.memory_alarm, told.disk_alarm, told.queues.len()), (false, false, 4));
    assert_eq!(told.counting().count(), 1, "Celery's own are bookkeeping");
    assert_eq!((told.depth(), told.unacknowledged()), (Some(1), Some(0)));
    let celery = told.queues.iter().find(|queue| queue.name == "celery").unwrap();
    assert_eq!(celery.consumers, 0);
}

#[test]
fn a_virtual_host_that_is_missing_is_not_an_empty_one() {
    let (kind, message) = failure(read(
        &body(include_str!("fixtures/3.10-no-vhost.txt"), "", 0),
        &Layout { vhost: "nowhere".into(), ..layout() },
    ));
    assert_eq!(kind, FailureKind::Absent);
    assert_eq!(message, "RabbitMQ has no virtual host nowhere: it was never made here, or has another name");
    let empty = rabbitmq(read(&body(include_str!("fixtures/3.10-no-vhost.txt"), "", 0), &layout()));
    assert!(empty.queues.is_empty());
    for errors in
        ["Error:\nVirtual host 'myproject_staging' does not exist", "Error: {:no_such_vhost, \"x\"}"]
    {
        assert_eq!(failure(read(&body("", errors, 67), &layout())).0, FailureKind::Absent, "{errors}");
    }
}

#[test]
fn names_may_hold_anything() {
    let told = rabbitmq(told(
        "[\n{\"name\":\"a\\tb c\",\"messages_ready\":1,\"messages_unacknowledged\":0,\"consumers\":0}\n\
         ,{\"name\":\"längst ☃ \\u202eevil\",\"messages_ready\":2,\"messages_unacknowledged\":0,\"consumers\":0}\n\
         ,{\"name\":\"status\",\"messages_ready\":4,\"messages_unacknowledged\":0,\"consumers\":0}\n]",
        STATUS,
    ));
    let names: Vec<_> = told.queues.iter().map(|queue| queue.name.as_str()).collect();
    assert_eq!(names, ["a·b c", "längst ☃ ·evil", "status"]);
    assert_eq!(told.depth(), Some(7));
}

#[test]
fn alarms_are_seen_in_every_versions_words() {
    let alarms = |alarms: &str| {
        let told = rabbitmq(told("[]", &format!("{{\"alarms\":{alarms}}}")));
        (told.memory_alarm, told.disk_alarm)
    };
    assert_eq!(alarms("[]"), (false, false));
    assert_eq!(
        alarms(r#"[{"node":"rabbit@memory","resource":"disk","type":"resource_limit"}]"#),
        (false, true)
    );
    assert_eq!(alarms(r#"[[["resource_limit","memory","rabbit@disk"],[]]]"#), (true, false));
    assert_eq!(
        alarms(r#"[{"node":"rabbit@a","resource":"memory"},{"node":"rabbit@b","resource":"disk"}]"#),
        (true, true)
    );
}

#[test]
fn a_queue_that_is_down_has_no_numbers() {
    let up = r#"{"name":"exports","messages_ready":4,"messages_unacknowledged":0,"consumers":1}"#;
    for down in [
        r#"{"name":"celery"}"#,
        r#"{"name":"celery","messages_ready":"","messages_unacknowledged":"","consumers":""}"#,
        r#"{"name":"celery","messages_ready":null,"messages_unacknowledged":null,"consumers":null}"#,
    ] {
        let told = rabbitmq(told(&format!("[{down},{up}]"), STATUS));
        assert_eq!((told.depth(), told.unacknowledged()), (None, None), "{down}");
        assert_eq!(
            serde_json::to_value(&told.queues).unwrap(),
            serde_json::json!([
                {"name": "celery", "ready": null, "unacknowledged": null, "consumers": null},
                {"name": "exports", "ready": 4, "unacknowledged": 0, "consumers": 1},
            ])
        );
    }
}

#[test]
fn of_too_many_queues_those_that_matter_are_kept() {
    let queue = |name: String, ready: u32| {
        format!(
            "{{\"name\":\"{name}\",\"messages_ready\":{ready},\"messages_unacknowledged\":0,\"consumers\":1}}"
        )
    };
    let mut rows: Vec<_> = (0..600).map(|n| queue(format!("celeryev.{n}"), 1_000)).collect();
    rows.extend((0..300).map(|n| queue(format!("q{n:03}"), n)));
    let told = rabbitmq(told(&format!("[{}]", rows.join("\n,")), STATUS));
    assert_eq!(told.queues.len(), MOST);
    assert_eq!(told.queues[0].name, "q100");
    assert_eq!(told.depth(), Some((100..300).sum::<u64>()));
    rows.push(r#"{"name":"down"}"#.to_owned());
    let told = rabbitmq(super::tests::told(&format!("[{}]", rows.join("\n,")), STATUS));
    assert_eq!((told.queues[0].name.as_str(), told.depth()), ("down", None), "the rest would look like all");
}

#[test]
fn what_went_wrong_is_told_apart() {
    let cases = [
        (
            "Error: unable to perform an operation on node 'rabbit@cache'. Please see diagnostics information and suggestions below.",
            69,
            FailureKind::Unreachable,
            "RabbitMQ does not answer: is it running?",
        ),
        (
            "Error: this command requires the 'rabbit' app to be running on the target node. Start it with 'rabbitmqctl start_app'.",
            64,
            FailureKind::Unreachable,
            "RabbitMQ does not answer",
        ),
        (
            "Error: operation list_queues on node rabbit@cache timed out. Timeout value used: 8000",
            75,
            FailureKind::Unreachable,
            "timed out",
        ),
        ("sudo: a password is required", 1, FailureKind::Denied, "sudo wants a password to run rabbitmqctl"),
        (
            "timeout: failed to run command 'rabbitmqctl': No such file or directory",
            127,
            FailureKind::Absent,
            "not installed",
        ),
        (
            "Error: something new",
            70,
            FailureKind::Other,
            "rabbitmqctl failed with code 70: Error: something new",
        ),
    ];
    for (errors, code, kind, message) in cases {
        let told = failure(read(&body("", errors, code), &layout()));
        assert_eq!(told.0, kind, "{errors}: {}", told.1);
        assert!(told.1.contains(message), "{errors}: {}", told.1);
    }
    let cut = failure(read(&body("[\n{\"name\":\"cel", "", 0), &layout()));
    assert_eq!(cut.0, FailureKind::Other);
}
