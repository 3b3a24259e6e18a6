//! What the servers of a world promise.

use std::sync::Arc;
use std::time::Duration;

use super::{memory, now, step};
use crate::cloud::CloudRead;
use crate::fleet::{Fact, Power, Role, Server, Topic};
use crate::probe::{Printed, Request};
use crate::remote::host_keys::{HostKey, Trust};
use crate::remote::{
    Command, Ended, Ending, Job, Line, Outcome, Refusal, RemoteChange, RemoteRead, ScriptId, Stream, Target,
};
use crate::sandbox::{SandboxCloud, Scenario};

pub(super) fn servers(cloud: &SandboxCloud) -> Vec<Server> {
    now(cloud.servers(&cloud.topology().deployment)).unwrap()
}

pub(super) fn server(cloud: &SandboxCloud, environment: &str, role: &str) -> Server {
    let all = servers(cloud).into_iter();
    let found = all.filter(|server| {
        server.environment.as_ref().is_some_and(|name| name.as_str() == environment)
            && server.role.role == Role::parse(role)
            && server.power == Power::Running
    });
    found.min_by_key(|server| server.launched_at).unwrap()
}

pub(super) fn target(server: &Server) -> Target {
    let address = server.private_address.clone().unwrap_or_else(|| "10.0.0.1".to_owned());
    Target::new(server.id.clone(), address).unwrap()
}

pub(super) async fn facts(cloud: &SandboxCloud, server: &Server, topics: &[Topic]) -> Vec<Fact> {
    let topology = cloud.topology();
    let place = topology.environment(server.environment.as_ref().unwrap()).unwrap();
    let request = Request::new(server.role.role.clone(), topics.to_vec(), Arc::clone(&place.layout), "k7Qx");
    let (lines, ending) = cloud.hosts().measure(&target(server), &request).collect(10_000).await;
    assert_eq!(ending.outcome, Outcome::Done { code: 0 }, "{}", server.id);
    let printed: Vec<Printed<'_>> = lines
        .iter()
        .map(|line| Printed { at: line.at, error: line.stream == Stream::Err, text: line.text.as_str() })
        .collect();
    let read = request.read(&printed).into_iter();
    read.map(|(topic, fact)| fact.unwrap_or_else(|why| panic!("{topic:?} of {}: {}", server.id, why.message)))
        .collect()
}

pub(super) async fn exec(cloud: &SandboxCloud, server: &Server, text: &str) -> (Vec<String>, Ending) {
    let command = Command::new(text, Duration::from_secs(60));
    let (lines, ending) = cloud.hosts_change().exec(&target(server), command).collect(1_000).await;
    (lines.iter().map(|line| line.text.as_str().to_owned()).collect(), ending)
}

/// The next lines of a job that goes on.
pub(super) async fn next(job: &mut Job) -> Vec<Line> {
    let wait = tokio::time::timeout(Duration::from_secs(10), job.lines());
    wait.await.expect("lines in time").expect("the job goes on")
}

#[tokio::test]
async fn a_machine_is_measured_and_two_consoles_see_the_same() {
    let cloud = memory(Scenario::Calm);
    let worker = server(&cloud, "production", "worker");
    let once = facts(&cloud, &worker, &[Topic::Machine]).await;
    let again = facts(&cloud.clone(), &worker, &[Topic::Machine]).await;
    assert_eq!(once, again);
    step(&cloud, 300);
    let later = facts(&cloud, &worker, &[Topic::Machine]).await;
    let [Fact::Machine(before), Fact::Machine(after)] = [&once[0], &later[0]] else { panic!("{once:?}") };
    assert_eq!(after.up_seconds, before.up_seconds + 300);
    assert!((after.load[0] - before.load[0]).abs() > 0.001);
    assert!(before.clock_ahead_ms.unwrap().abs() < 50 && before.memory_percent().unwrap() > 20.0);
}

#[tokio::test]
async fn a_booting_server_refuses_a_gone_one_is_silent_and_an_unknown_one_too() {
    let cloud = memory(Scenario::Deploying);
    let of = |power: Power| servers(&cloud).into_iter().find(|server| server.power == power).unwrap();
    let reach = |target: Target| cloud.hosts().probe(&target, ScriptId::Reach).ended();
    let booting = reach(target(&of(Power::Pending))).await.outcome;
    assert!(matches!(booting, Outcome::NotStarted(Refusal::Refused { .. })), "{booting:?}");
    let silent = [target(&of(Power::Terminated)), target(&of(Power::Stopped)), {
        Target::new("i-0123".into(), "10.9.9.9").unwrap()
    }];
    for target in silent {
        let outcome = reach(target).await.outcome;
        assert!(matches!(outcome, Outcome::NotStarted(Refusal::TimedOut { .. })), "{outcome:?}");
    }
    let booted = of(Power::Pending);
    step(&cloud, 60);
    let halfway = reach(target(&booted)).await.outcome;
    assert!(matches!(halfway, Outcome::NotStarted(Refusal::Refused { .. })), "{halfway:?}");
    step(&cloud, 90);
    assert!(reach(target(&booted)).await.outcome.is_success());
}

#[tokio::test]
async fn a_host_key_belongs_to_its_instance() {
    let cloud = memory(Scenario::Calm);
    let (web, worker) = (server(&cloud, "testing", "web"), server(&cloud, "testing", "worker"));
    let key =
        async |server: &Server| -> HostKey { cloud.hosts().presented_key(&target(server)).await.unwrap() };
    assert_eq!(key(&web).await, key(&web).await);
    assert_ne!(key(&web).await, key(&worker).await);
    let hosts = cloud.hosts();
    assert_eq!(hosts.pins(&target(&web)).unwrap()[0].key, key(&web).await);
    let seen = key(&web).await.to_string();
    assert!(hosts.trust(&target(&web), Trust::Operator(seen.clone())).await.is_ok());
    let printed = now(cloud.console_output(&web.id)).unwrap().unwrap();
    let printed = crate::remote::host_keys::keys_in_console(&printed);
    assert_eq!(printed, [key(&web).await]);
    assert!(hosts.trust(&target(&web), Trust::Console(printed)).await.is_ok());
    let refused = hosts.trust(&target(&worker), Trust::Operator(seen)).await;
    assert!(matches!(refused, Err(Refusal::ChangedHostKey { .. })), "{refused:?}");
}

#[tokio::test]
async fn commands_print_and_end_as_they_say() {
    let cloud = memory(Scenario::Calm);
    let web = server(&cloud, "production", "web");
    for (text, lines, code) in [
        ("echo a  b && exit 3", &["a b"][..], 3),
        ("false || echo saved; true", &["saved"], 0),
        ("seq 2 2 6", &["2", "4", "6"], 0),
        ("sudo -n whoami", &["root"], 0),
    ] {
        let (printed, ending) = exec(&cloud, &web, text).await;
        assert_eq!(
            (printed, ending.outcome),
            (lines.iter().map(ToString::to_string).collect(), Outcome::Done { code })
        );
    }
    let (printed, ending) = exec(&cloud, &web, "rm -rf /").await;
    assert_eq!(ending.outcome, Outcome::Done { code: 127 });
    assert!(printed[0] == "sh: 1: rm: not found" && printed[1].contains("simulated"), "{printed:?}");
}

#[tokio::test]
async fn a_command_waits_in_simulated_time_and_reaches_its_deadline_there() {
    let cloud = memory(Scenario::Calm);
    let web = server(&cloud, "production", "web");
    let command = |text| Command::new(text, Duration::from_secs(60));
    let mut short = cloud.hosts_change().exec(&target(&web), command("echo a; sleep 50; echo b"));
    let long = cloud.hosts_change().exec(&target(&web), command("sleep 70"));
    assert_eq!(next(&mut short).await[0].text.as_str(), "a");
    step(&cloud, 55);
    assert_eq!(next(&mut short).await[0].text.as_str(), "b");
    assert!(short.ended().await.outcome.is_success());
    step(&cloud, 6);
    assert_eq!(long.ended().await.outcome, Outcome::DeadlineReached { ended: Ended::Yes });
}

#[tokio::test]
async fn endless_output_ends_when_it_is_cancelled() {
    let cloud = memory(Scenario::Calm);
    let web = server(&cloud, "production", "web");
    let mut job = cloud.hosts_change().exec(&target(&web), Command::new("yes", Duration::from_secs(60)));
    assert!(next(&mut job).await.iter().all(|line| line.text.as_str() == "y"));
    job.cancel();
    assert_eq!(job.ended().await.outcome, Outcome::Cancelled { ended: Ended::Yes });
}

#[tokio::test]
async fn a_server_that_goes_away_takes_its_commands_with_it() {
    let cloud = memory(Scenario::Deploying);
    let old = server(&cloud, "production", "web");
    let command = Command::new("echo a; sleep 30m", Duration::from_secs(3_600));
    let mut job = cloud.hosts_change().exec(&target(&old), command);
    next(&mut job).await;
    for _ in 0..60 {
        step(&cloud, 30);
        tokio::task::yield_now().await;
    }
    assert!(matches!(job.ended().await.outcome, Outcome::Lost { .. }));
}
