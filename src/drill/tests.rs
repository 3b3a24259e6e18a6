//! Every drill is played: its true cause comes first, its first action is right, and nothing worse is told that is not
//! so.

use std::sync::Arc;
use std::time::Duration;

use super::*;
use crate::cloud::CloudRead;
use crate::fleet::{Interest, Severity, Snapshot, Yardstick};
use crate::refresh::{Limits, once_looking};
use crate::sandbox::Scenario;
use crate::triage::{Memory, Triage};

/// Reads production, and judges it.
async fn look(cloud: &SandboxCloud, before: &mut Snapshot, memory: &mut Memory) -> Triage {
    let topology = Arc::new(cloud.topology());
    let interest =
        Interest { environments: [ENVIRONMENT.into()].into(), machines: true, ..Interest::default() };
    let reads: Arc<dyn CloudRead> = Arc::new(cloud.clone());
    let mut snapshot =
        once_looking(reads, Some(Arc::new(cloud.hosts())), Arc::clone(&topology), Limits::ONCE, interest)
            .await;
    // What was measured before is the history of what is measured now.
    for (id, measured) in &mut snapshot.measured {
        let Some(old) = before.measured(id) else { continue };
        for (gauge, series) in &mut Arc::make_mut(measured).trends {
            let points = old.trends.get(gauge).map(|series| series.points.clone()).unwrap_or_default();
            series.points = points.into_iter().chain(series.points.drain(..)).collect();
        }
    }
    let yardstick = Yardstick::at(cloud.now());
    let place = topology.environment(&ENVIRONMENT.into()).unwrap();
    let triage = crate::triage::look(&snapshot, place, &yardstick, memory);
    *before = snapshot;
    triage
}

/// Two refreshes after the rule's stated duration the cause is first, and its first action is right.
async fn play(drill: &Drill, seed: u64) -> Vec<String> {
    let cloud = SandboxCloud::in_memory(Scenario::Calm, seed).unwrap();
    let (mut before, mut memory) = (Snapshot::default(), Memory::default());
    let calm = look(&cloud, &mut before, &mut memory).await;
    let mut wrong = Vec::new();
    if calm.worst() > Some(Severity::Changing) {
        wrong.push(format!(
            "before anything broke: {:?}",
            calm.findings.iter().map(|f| &f.title).collect::<Vec<_>>()
        ));
    }
    cloud.advance(Duration::from_secs(15)).unwrap();
    drill.begin(&cloud).unwrap();
    // The load balancer needs two checks to notice, and what moves takes a minute to be a trend.
    let wait = drill.cause.rises_after().as_secs().max(60) + 45;
    for _ in 0..wait / 15 {
        cloud.advance(Duration::from_secs(15)).unwrap();
        look(&cloud, &mut before, &mut memory).await;
    }
    cloud.advance(Duration::from_secs(15)).unwrap();
    let triage = look(&cloud, &mut before, &mut memory).await;
    let told: Vec<String> = triage
        .findings
        .iter()
        .map(|f| {
            format!(
                "{:?} {} {:?} on {:?}{}",
                f.severity,
                f.key,
                f.under,
                f.servers,
                if f.clearing { " clearing" } else { "" }
            )
        })
        .collect();
    match triage.findings.first() {
        Some(first) if first.key.kind == drill.cause => {
            // What is so already is done by nobody.
            let next = first.runbook.iter().find(|step| !step.done);
            if !next.is_some_and(|step| drill.first.is(&step.remedy)) {
                wrong.push(format!("first action {next:?}"));
            }
        }
        _ => wrong.push(format!("told: {told:?}")),
    }
    wrong.into_iter().map(|what| format!("{} (seed {seed}): {what}", drill.name)).collect()
}

async fn all(part: usize) {
    let mut wrong = Vec::new();
    for (n, drill) in DRILLS.iter().enumerate().filter(|(n, _)| n % 4 == part) {
        wrong.extend(play(drill, u64::try_from(n).unwrap()).await);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn the_true_cause_of_every_drill_comes_first_with_the_right_first_action_1() {
    all(0).await;
}

#[tokio::test]
async fn the_true_cause_of_every_drill_comes_first_with_the_right_first_action_2() {
    all(1).await;
}

#[tokio::test]
async fn the_true_cause_of_every_drill_comes_first_with_the_right_first_action_3() {
    all(2).await;
}

#[tokio::test]
async fn the_true_cause_of_every_drill_comes_first_with_the_right_first_action_4() {
    all(3).await;
}

#[test]
fn names_are_unlike_each_other_and_there_are_twenty_at_least() {
    let mut names: Vec<_> = DRILLS.iter().map(|drill| drill.name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), DRILLS.len());
    assert!(names.len() >= 20);
    assert!(find("database-gone").is_some() && find("nothing").is_none());
}

#[test]
fn a_debrief_tells_what_was_seen_done_and_harmed() {
    let drill = find("rabbitmq-stopped").unwrap();
    let at = |second: i64| jiff::Timestamp::from_second(1_800_000_000 + second).unwrap();
    let deed = |second, doing| Deed { at: at(second), doing };
    let deeds = [
        deed(-5, Doing::Operation("terminate-server".into())),
        deed(95, Doing::Command("systemctl stop nginx".into())),
        deed(40, Doing::Command("systemctl start rabbitmq-server".into())),
    ];
    let debrief = debrief(
        drill,
        3,
        at(0),
        Some(at(20)),
        &deeds,
        (Some(at(64)), vec!["The group's processes are suspended".into()]),
    );
    insta::assert_snapshot!(debrief.lines().join("\n"), @r"
    Drill rabbitmq-stopped (seed 3), began 2027-01-15T08:00:00Z
      seen          after 20 s
      first action  after 40 s: systemctl start rabbitmq-server (right)
      recovered     after 64 s
      harmful       systemctl stop nginx: one more service was stopped
      still so      The group's processes are suspended
      the runbook   start RabbitMQ, then read why it stopped
    ");
    let resumed = [deed(10, Doing::Operation("resume-processes".into()))];
    let failing = find("health-check-401").unwrap();
    for (over, harms) in [(None, 1), (Some(at(60)), 1), (Some(at(5)), 0)] {
        let told = super::debrief(failing, 3, at(0), None, &resumed, (over, Vec::new()));
        assert_eq!((told.harmful.len(), told.right), (harms, false), "{over:?}");
    }
    let aborted = find("aborted-run").unwrap();
    let told = super::debrief(aborted, 3, at(0), None, &resumed, (None, Vec::new()));
    assert!(told.harmful.is_empty() && told.right);
    let nothing = super::debrief(drill, 3, at(0), None, &[], (None, Vec::new()));
    assert!(!nothing.right && nothing.lines()[1].ends_with("not on the screen of triage"));
}
