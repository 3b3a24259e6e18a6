//! R25: an answer about a thing just made is not believed. What a run has made is taken away all the same, when AWS comes
//! to know of it.

use std::time::Duration;

use super::super::{News, Story};
use super::kit::{Kit, NOW, told, until};
use super::making::{assert_nothing_left, good};
use crate::cloud::CloudRead;
use crate::engine::store::RunState;

#[tokio::test(start_paused = true)]
async fn r25_a_server_just_launched_that_is_not_listed_is_terminated_once_it_is() {
    let kit = Kit::new();
    kit.cloud.keep_new_ones_unlisted(Duration::from_secs(300));
    let mut started = kit.begin(good(&kit).await).await.unwrap();
    let mut story = (*started.story).clone();
    until(&mut started, &mut story, |story, _| !story.slots.is_empty()).await;
    started.control.cancel(NOW);
    let says_what_it_waits_for = |_: &Story, news: &News| matches!(news, News::Status { text, .. } if text.contains("is not listed yet"));
    until(&mut started, &mut story, says_what_it_waits_for).await;
    let told = told(started).await;
    assert_eq!(told.state, RunState::Cancelled);
    assert_nothing_left(&kit, &told, "not listed at first").await;
}

#[tokio::test(start_paused = true)]
async fn r25_an_image_just_begun_that_is_not_listed_is_deleted_once_it_is() {
    let kit = Kit::new();
    let mut started = kit.begin(good(&kit).await).await.unwrap();
    let mut story = (*started.story).clone();
    // By then the builder is listed.
    until(&mut started, &mut story, |story, _| story.at_work().any(|step| step.id.0 == 3)).await;
    kit.cloud.keep_new_ones_unlisted(Duration::from_secs(240));
    until(&mut started, &mut story, |story, _| story.slots.len() == 2).await;
    started.control.cancel(NOW);
    let told = told(started).await;
    assert_eq!(told.state, RunState::Cancelled);
    assert_nothing_left(&kit, &told, "not listed at first").await;
}

#[tokio::test(start_paused = true)]
async fn r25_a_server_that_never_comes_to_be_listed_is_let_be_after_a_while() {
    let kit = Kit::new();
    kit.cloud.keep_new_ones_unlisted(Duration::from_secs(7_200));
    let before = kit.cloud.now();
    let mut started = kit.begin(good(&kit).await).await.unwrap();
    let mut story = (*started.story).clone();
    until(&mut started, &mut story, |story, _| !story.slots.is_empty()).await;
    started.control.cancel(NOW);
    assert_eq!(told(started).await.state, RunState::Cancelled);
    let minutes = kit.cloud.now().duration_since(before).as_secs() / 60;
    assert!((14..20).contains(&minutes), "{minutes}");
}
