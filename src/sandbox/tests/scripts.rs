//! What scripts of a deploy do on servers of a world.

use std::time::Duration;

use super::changed::{group_of, health_of, in_service};
use super::hosts::{exec, facts, server, target};
use super::{memory, now, step};
use crate::cloud::CloudChange;
use crate::fleet::{Changeset, Fact, HealthState, Process, Server, Topic};
use crate::remote::{DurableJob, Ending, Input, JobName, Outcome, RemoteChange, RemoteRead, Seen};
use crate::sandbox::{SandboxCloud, Scenario};

/// Runs a tied script while time goes on.
async fn tied(cloud: &SandboxCloud, server: &Server, text: &str) -> (Vec<String>, Ending) {
    let mut run = std::pin::pin!(exec(cloud, server, text));
    loop {
        tokio::select! {
            biased;
            done = &mut run => return done,
            () = tokio::task::yield_now() => step(cloud, 1),
        }
    }
}

/// Starts a durable script and gives its output and end, an hour later.
async fn durable(cloud: &SandboxCloud, server: &Server, name: &str, script: &str) -> (Vec<String>, Outcome) {
    let at = target(server);
    let job = DurableJob {
        name: JobName::new(name).unwrap(),
        script: Input::new(script.as_bytes()),
        user: None,
        limit: Duration::from_secs(600),
    };
    let mut started = std::pin::pin!(cloud.hosts_change().start(&at, job.clone()).ended());
    loop {
        tokio::select! {
            biased;
            ending = &mut started => break assert!(ending.outcome.is_success(), "{ending:?}"),
            () = tokio::task::yield_now() => step(cloud, 1),
        }
    }
    step(cloud, 120);
    let (lines, ending) = cloud.hosts().attach(&at, &job.name, Seen::default()).collect(100).await;
    (lines.iter().map(|line| line.text.as_str().to_owned()).collect(), ending.outcome)
}

async fn site(cloud: &SandboxCloud, server: &Server) -> (bool, bool, u16) {
    match facts(cloud, server, &[Topic::Site]).await.remove(0) {
        Fact::Site(site) => (site.maintenance, site.health_override, site.nginx.unwrap().status),
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn the_page_is_seen_by_probes_scripts_and_the_load_balancer() {
    let cloud = memory(Scenario::Calm);
    now(cloud.suspend(&group_of(&cloud, "staging").name, &[Process::HealthCheck])).unwrap();
    let web = server(&cloud, "staging", "web");
    let shows = async |word: &str| {
        let (lines, ending) = tied(&cloud, &web, "# sandbox: page show\ntest -e /x").await;
        assert_eq!((lines, ending.outcome), (vec![format!("page={word}")], Outcome::Done { code: 0 }));
    };
    let state = || health_of(&cloud, "staging").into_iter().find(|h| h.instance == web.id).unwrap().state;
    shows("off").await;
    assert_eq!(site(&cloud, &web).await, (false, false, 200));
    for (n, word, seen, balancer) in [
        (1, "healthy", (true, true, 200), HealthState::InService),
        (2, "unhealthy", (true, false, 503), HealthState::OutOfService),
        (3, "off", (false, false, 200), HealthState::InService),
    ] {
        let script = format!("# sandbox: page {word}\nnginx -s reload");
        let (lines, outcome) = durable(&cloud, &web, &format!("r7-{n}-page"), &script).await;
        assert!(outcome.is_success() && lines.contains(&format!("page={word}")), "{lines:?}");
        shows(word).await;
        assert_eq!(site(&cloud, &web).await, seen);
        assert_eq!(state(), balancer);
    }
    assert_eq!(in_service(&cloud, "staging"), 2);
}

#[tokio::test]
async fn a_durable_script_has_its_effect_when_it_is_done_and_none_when_it_is_stopped_or_started_again() {
    let cloud = memory(Scenario::Calm);
    let worker = server(&cloud, "staging", "worker");
    let at = target(&worker);
    let changeset = async || match facts(&cloud, &worker, &[Topic::Code]).await.remove(0) {
        Fact::Code(code) => format!("{code:?}"),
        other => panic!("{other:?}"),
    };
    let before = changeset().await;
    let job = |name: &str, code: &str| DurableJob {
        name: JobName::new(name).unwrap(),
        script: Input::new(
            format!("# sandbox: requirements\n# sandbox: code checkout {code}\n").into_bytes(),
        ),
        user: None,
        limit: Duration::from_secs(600),
    };
    let change = cloud.hosts_change();
    let started = async |job: DurableJob| {
        let mut run = std::pin::pin!(change.start(&at, job).ended());
        loop {
            tokio::select! {
                biased;
                ending = &mut run => return assert!(ending.outcome.is_success()),
                () = tokio::task::yield_now() => step(&cloud, 1),
            }
        }
    };
    started(job("r7-1-code", "aaaaaaaaaaaa")).await;
    assert_eq!(changeset().await, before);
    let stopped = change.stop(&at, &JobName::new("r7-1-code").unwrap());
    tokio::task::yield_now().await;
    step(&cloud, 1);
    assert!(stopped.ended().await.outcome.is_success());
    step(&cloud, 120);
    assert_eq!(changeset().await, before);
    started(job("r7-2-code", "bbbbbbbbbbbb")).await;
    step(&cloud, 120);
    assert!(changeset().await.contains("bbbbbbbbbbbb"));
    // The same name again does nothing.
    started(job("r7-2-code", "cccccccccccc")).await;
    step(&cloud, 120);
    assert!(changeset().await.contains("bbbbbbbbbbbb"));
}

#[tokio::test]
async fn celery_is_stopped_and_started_and_migrations_say_what_they_do() {
    let cloud = memory(Scenario::Calm);
    let worker = server(&cloud, "staging", "worker");
    let running = async || match facts(&cloud, &worker, &[Topic::Supervisor]).await.remove(0) {
        Fact::Supervisor(all) => all.programs.iter().filter(|program| program.state == "RUNNING").count(),
        other => panic!("{other:?}"),
    };
    let before = running().await;
    let (lines, outcome) = durable(&cloud, &worker, "r7-1-stop", "# sandbox: celery stop").await;
    assert!(outcome.is_success() && lines.iter().any(|line| line.ends_with(": stopped")), "{lines:?}");
    assert!(running().await < before);
    for (n, verb) in ["requirements", "settings", "services", "migrate", "collectstatic", "compress", "clean"]
        .into_iter()
        .enumerate()
    {
        let (_, outcome) =
            durable(&cloud, &worker, &format!("r7-2-{n}"), &format!("# sandbox: {verb}")).await;
        assert!(outcome.is_success(), "{verb}");
    }
    let (_, outcome) = durable(&cloud, &worker, "r7-3-start", "# sandbox: celery start").await;
    assert!(outcome.is_success());
    assert_eq!(running().await, before);
    let (lines, outcome) = durable(&cloud, &worker, "r7-4", "# sandbox: fail no such table").await;
    assert_eq!((lines, outcome), (vec!["no such table".to_owned()], Outcome::Done { code: 1 }));
}

#[tokio::test]
async fn several_lines_happen_one_after_the_other_until_one_fails() {
    let cloud = memory(Scenario::Calm);
    let web = server(&cloud, "staging", "web");
    let script =
        "#!/bin/sh\nset -eu\n# sandbox: page healthy\n# sandbox: fail enough\n# sandbox: page off\ntrue";
    let (lines, ending) = tied(&cloud, &web, script).await;
    assert_eq!(ending.outcome, Outcome::Done { code: 1 });
    assert_eq!(lines.last().map(String::as_str), Some("enough"));
    assert_eq!(tied(&cloud, &web, "# sandbox: page show").await.0, ["page=healthy"]);
    let (lines, ending) = tied(&cloud, &web, "# sandbox: dance").await;
    assert_eq!(ending.outcome, Outcome::Done { code: 2 });
    assert!(lines[0].contains("cannot do “dance”"), "{lines:?}");
}

#[tokio::test]
async fn the_health_check_of_a_bad_release_says_500_past_the_maintenance_page() {
    let cloud = memory(Scenario::Calm);
    now(cloud.suspend(&group_of(&cloud, "staging").name, &[Process::HealthCheck])).unwrap();
    let web = server(&cloud, "staging", "web");
    let health = "# sandbox: health\ncurl -fsS http://127.0.0.1:8000/healthcheck.html";
    let (lines, ending) = tied(&cloud, &web, health).await;
    assert_eq!((lines, ending.outcome), (vec!["200".to_owned()], Outcome::Done { code: 0 }));
    let (_, outcome) = durable(&cloud, &web, "r7-1", "# sandbox: page healthy").await;
    assert!(outcome.is_success());
    cloud.spoil_changeset(&Changeset::new("bad0bad0bad0")).unwrap();
    assert_eq!(tied(&cloud, &web, health).await.1.outcome, Outcome::Done { code: 0 });
    let script = "# sandbox: code checkout bad0bad0bad0\n# sandbox: supervisor restart web";
    assert!(durable(&cloud, &web, "r7-2", script).await.1.is_success());
    let (lines, ending) = tied(&cloud, &web, health).await;
    assert_eq!((lines[0].as_str(), ending.outcome), ("500", Outcome::Done { code: 1 }));
    // With the page up, the load balancer sees a file and notices nothing.
    assert_eq!(in_service(&cloud, "staging"), 2);
    assert!(durable(&cloud, &web, "r7-3", "# sandbox: page off").await.1.is_success());
    assert_eq!(in_service(&cloud, "staging"), 1);
    let log = "tail -n 20 /home/myproject/www/staging/log/gunicorn.log";
    let (lines, _) = tied(&cloud, &web, log).await;
    assert!(lines.iter().any(|line| line.contains("ImportError")), "{lines:?}");
}
