use super::*;
use crate::probe::testing::{body, failure, layout};

#[test]
fn workers_tell_what_they_do_whatever_the_project_prints_besides() {
    let read = read(
        &body(
            "Loading settings…\n\
             {\"worker\": {\"name\": \"celery@worker.main.web1\", \"slots\": 2, \"reserved\": 8, \"begun\": 812}}\n\
             {\"task\": {\"worker\": \"celery@worker.main.web1\", \"id\": \"37\", \"name\": \"a.nap\", \"seconds\": 12.5}}\n\
             {\"task\": {\"worker\": \"celery@worker.main.web1\", \"id\": \"38\", \"name\": null, \"seconds\": null}}\n\
             {\"task\": {\"worker\": \"nobody\", \"id\": \"39\", \"name\": \"a.nap\", \"seconds\": 1}}\n\
             {\"worker\": {\"name\": \"celery@worker.exports.web1\", \"slots\": null, \"reserved\": 0}}\n\
             {\"done\": true}\n",
            "a warning",
            0,
        ),
        &layout(),
    );
    let Ok(Fact::Celery(celery)) = read else { panic!("{read:?}") };
    assert_eq!(celery.workers.len(), 2);
    let main = celery.workers.iter().find(|worker| worker.name.contains("main")).unwrap();
    assert_eq!((main.slots, main.reserved, main.running.len()), (Some(2), 8, 2));
    assert_eq!((main.begun, celery.workers.iter().filter_map(|w| w.begun).count()), (Some(812), 1));
    assert_eq!((main.running[0].name.as_str(), main.running[0].seconds), ("a.nap", Some(12.5)));
}

#[test]
fn nobody_answering_is_told_and_not_a_failure() {
    let read = read(&body("{\"done\": true}", "", 0), &layout());
    assert_eq!(read, Ok(Fact::Celery(Celery::default())));
}

#[test]
fn what_went_wrong_is_told_apart() {
    let cases = [
        (
            "OperationalError: [Errno 111] Connection refused",
            1,
            FailureKind::Unreachable,
            "Celery's broker does not answer",
        ),
        (
            "nice: '/x/env/bin/python': No such file or directory",
            127,
            FailureKind::Absent,
            "python is not there",
        ),
        (
            "ImportError: No module named celery",
            1,
            FailureKind::Other,
            "python failed with code 1: ImportError",
        ),
    ];
    for (errors, code, kind, message) in cases {
        let told = failure(read(&body("", errors, code), &layout()));
        assert_eq!(told.0, kind, "{errors}: {}", told.1);
        assert!(told.1.contains(message), "{errors}: {}", told.1);
    }
    let without = Layout { celery_app: String::new(), ..layout() };
    assert_eq!(failure(read(&body("", "", 3), &without)).0, FailureKind::Absent);
}
