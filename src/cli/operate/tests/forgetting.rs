//! What lies beside a lock and what nobody can put back any more.

use serde_json::json;

use super::*;
use crate::engine::lock::{LockPlace, Outstanding};
use crate::plan::{LockKind, Page, Setting, Value};

const PLACE: &str = "/quarterdeck/myproject/staging";

/// Somebody left the page up on a server that is gone since.
async fn left(kit: &Kit, released: bool) {
    let mut note = json!({
        "who": "kim@desk", "identity": "arn:aws:iam::123456789012:user/kim", "token": "t", "run": "2026-11-22-0003",
        "operation": "begin-upgrade", "step": "step 1/1", "since": "2026-01-15T03:00:00Z", "seen": "2026-01-15T03:10:00Z",
    });
    if released {
        note["released"] = "2026-01-15T03:20:00Z".into();
    }
    let setting = Setting::Page { instance: "i-0gone".into() };
    let value =
        Outstanding { setting, value: Value::Page(Page::Off), ours: vec![Value::Page(Page::Healthy)] };
    for (name, text) in
        [("lock/00000007", note.to_string()), ("lock-restore/00000007/0000", json!([value]).to_string())]
    {
        kit.cloud.put_note(&format!("{PLACE}/{name}"), &text, false).await.unwrap();
    }
}

async fn put_back(kit: &Kit) -> Result<crate::cli::exit::Exit, Stop> {
    let line = format!(
        "quarterdeck --state-dir {} lock put-back staging --take-over 7 --yes",
        kit.dir.path().display()
    );
    let line = CommandLine::parse_from(line.split(' '));
    let Some(Command::Headless(Headless::Lock(command))) = line.command else { panic!("a lock") };
    Box::pin(lock(&line.globals, kit.target.clone(), &command)).await
}

async fn beside(kit: &Kit) -> usize {
    let read = Arc::clone(&kit.target.cloud);
    let place = LockPlace::new(read, &"myproject".into(), &"staging".into(), LockKind::Environment);
    place.outstanding(7).await.unwrap().len()
}

#[tokio::test(start_paused = true)]
async fn values_of_a_server_that_is_gone_are_forgotten_when_nobody_holds_the_lock() {
    let kit = Kit::new();
    left(&kit, true).await;
    assert_eq!(beside(&kit).await, 1);
    assert_eq!(Box::pin(put_back(&kit)).await.unwrap(), crate::cli::exit::Exit::Done);
    assert_eq!(beside(&kit).await, 0);
}

#[tokio::test(start_paused = true)]
async fn they_are_not_while_somebody_holds_it() {
    let kit = Kit::new();
    left(&kit, false).await;
    let Err(Stop::Refused(why)) = Box::pin(put_back(&kit)).await else { panic!("it is refused") };
    assert!(why.contains("kim@desk"), "{why}");
    assert_eq!(beside(&kit).await, 1);
}
