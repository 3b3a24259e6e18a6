use std::sync::Arc;

use super::*;
use crate::probe::testing::layout;

#[test]
fn nothing_in_the_layout_can_leave_its_quotes() {
    let layout = Layout { vhost: "it's $(touch /tmp/x) `x` \"\\".into(), ..layout() };
    let request = Request::new(Role::Cache, vec![Topic::RabbitMq], Arc::new(layout), "abc");
    assert!(request.script().contains(r#"export vhost='it'\''s $(touch /tmp/x) `x` "\'"#));
}

#[test]
fn every_topic_asked_for_has_an_answer() {
    let request = Request::new(Role::Cache, Topic::ALL.to_vec(), Arc::new(layout()), "abc");
    let facts = request.read(&[]);
    assert_eq!(facts.len(), Topic::ALL.len());
    assert!(facts.values().all(Result::is_err));
}

#[test]
fn a_section_that_took_too_long_says_how_long() {
    let at = Timestamp::UNIX_EPOCH;
    let line = |text| Printed { at, error: false, text };
    let request =
        Request::new(Role::DbPrimary, vec![Topic::Postgres, Topic::Disks], Arc::new(layout()), "abc");
    let printed =
        [line("@abc begin postgres"), line("{}"), line("@abc end postgres 124"), line("@abc begin disks")];
    let facts = request.read(&printed);
    let unread = facts[&Topic::Postgres].as_ref().unwrap_err();
    assert_eq!(unread.kind, FailureKind::Unreachable);
    assert_eq!(unread.message, "PostgreSQL did not answer within 8 s");
    let unread = facts[&Topic::Disks].as_ref().unwrap_err();
    assert_eq!(unread.message, "the server's answer broke off while it told about disks");
}
