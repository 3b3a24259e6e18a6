//! Deploys that come to their good end, or give everything back.

use quarterdeck::engine::run::{News, Started};
use quarterdeck::engine::store::RunState;

use super::{Site, site};

#[test]
fn a_serial_deploy_replaces_every_server_and_leaves_the_rest_as_it_was() {
    let name = "runs::a_serial_deploy_replaces_every_server_and_leaves_the_rest_as_it_was";
    site(name, &["--web", "2"], |site| whole(site, "deploy-serial"));
}

#[test]
fn a_full_deploy_with_a_launch_template_replaces_every_server_and_leaves_the_rest_as_it_was() {
    let name =
        "runs::a_full_deploy_with_a_launch_template_replaces_every_server_and_leaves_the_rest_as_it_was";
    site(name, &["--web", "2", "--launch", "lt"], |site| whole(site, "deploy-full"));
}

fn whole(site: &Site, operation: &str) {
    site.live(async |life| {
        let (kept, old) = (life.kept().await, life.members().await);
        let (state, story) = life.deploy(operation).await;
        assert_eq!(state, RunState::Done, "{:?}", story.failure());
        assert!(story.left().is_empty(), "{:?}", story.left());
        life.assert_deployed(&kept, &old).await;
    });
    let done = site.hosts.done();
    let at = |verb: &str| {
        done.iter().position(|one| one.starts_with(verb)).unwrap_or_else(|| panic!("no {verb}: {done:?}"))
    };
    assert!(at("celery stop") < at("code checkout") && at("migrate") < at("celery start"), "{done:?}");
}

#[test]
fn a_serial_deploy_killed_again_and_again_comes_to_the_same_end() {
    let name = "runs::a_serial_deploy_killed_again_and_again_comes_to_the_same_end";
    site(name, &["--web", "2"], |site| killed(site, "deploy-serial"));
}

#[test]
fn a_full_deploy_killed_again_and_again_comes_to_the_same_end() {
    let name = "runs::a_full_deploy_killed_again_and_again_comes_to_the_same_end";
    site(name, &["--web", "2"], |site| killed(site, "deploy-full"));
}

/// One run, killed after few records each time, and resumed.
fn killed(site: &Site, operation: &str) {
    let (kept, old) = site.live(async |life| (life.kept().await, life.members().await));
    let mut id = None;
    for lives in 0.. {
        let records = 7 + lives % 5;
        let state = site.live(async |life| {
            let mut started = match &id {
                None => life.begin(operation).await,
                Some(id) => life.again(id, false).await,
            };
            id = Some(started.id.clone());
            follow(&mut started, records).await
        });
        let Some(state) = state else { continue };
        assert_eq!(state, RunState::Done);
        assert!(lives > 5, "it was killed {lives} times only");
        break;
    }
    site.live(async |life| life.assert_deployed(&kept, &old).await);
}

/// Follows a run for so many records; gives its end if that comes before.
async fn follow(started: &mut Started, mut records: u32) -> Option<RunState> {
    while let Some(news) = started.news.recv().await {
        match news {
            News::Entry(_) => records -= 1,
            News::Finished { state, .. } => return Some(state),
            _ => {}
        }
        if records == 0 {
            return None;
        }
    }
    panic!("a run ends with a word")
}

#[test]
fn a_full_deploy_whose_worker_does_not_come_up_gives_everything_back() {
    let name = "runs::a_full_deploy_whose_worker_does_not_come_up_gives_everything_back";
    site(name, &["--web", "2"], |site| {
        site.hosts.fail("migrate");
        site.live(async |life| {
            let (kept, old, launch) = (life.kept().await, life.members().await, life.group().await.launch);
            let (state, story) = life.deploy("deploy-full").await;
            assert_eq!(state, RunState::Failed);
            let (step, why) = story.failure().unwrap();
            assert!(step.title.starts_with("migrate") && why.contains("exit"), "{}: {why}", step.title);
            assert!(story.left().is_empty(), "{:?}", story.left());
            life.assert_untouched(&kept, &old, launch.as_ref()).await;
        });
    });
}
