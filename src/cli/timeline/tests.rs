//! `timeline` on the simulated fleet.

use std::time::Duration;

use clap::Parser as _;

use super::*;
use crate::cli::args::{Command, CommandLine, Headless};
use crate::fleet::{Server, Snapshot, Yardstick, overview};
use crate::sandbox::{SandboxCloud, Scenario};
use crate::timeline::{Found, Look, Recorder};
use crate::triage::look;

/// A console that is open on a simulated fleet.
struct Watch {
    cloud: SandboxCloud,
    dir: tempfile::TempDir,
    recorder: Recorder,
    memory: Memory,
}

impl Watch {
    fn new(scenario: Scenario) -> Self {
        let (cloud, dir) = (SandboxCloud::in_memory(scenario, 7).unwrap(), tempfile::tempdir().unwrap());
        Self { cloud, dir, recorder: Recorder::default(), memory: Memory::default() }
    }

    async fn read(&self) -> Snapshot {
        let topology = Arc::new(only(&self.cloud.topology(), "production").unwrap());
        let interest = Interest { environments: ["production".into()].into(), ..Interest::default() };
        let hosts: Arc<dyn crate::remote::RemoteRead> = Arc::new(self.cloud.hosts());
        let cloud = Arc::new(self.cloud.clone());
        refresh::once_looking(cloud, Some(hosts), topology, refresh::Limits::ONCE, interest).await
    }

    /// Looks every minute for so long, and writes down what it sees.
    async fn watch(&mut self, minutes: u64) {
        use crate::cloud::CloudRead as _;
        let topology = self.cloud.topology();
        let place = topology.environment(&"production".into()).unwrap();
        let history = History::new(self.dir.path(), self.cloud.endpoint(), &topology);
        let mut scribe = history.scribe();
        assert!(scribe.holds().unwrap());
        for _ in 0..minutes {
            let snapshot = self.read().await;
            let yardstick = Yardstick::at(self.cloud.now());
            let triage = look(&snapshot, place, &yardstick, &mut self.memory);
            let found = triage.findings.iter().map(|finding| Found {
                key: finding.key.to_string(),
                severity: finding.severity,
                title: finding.title.clone(),
                since: finding.since,
                evidence: finding.because.iter().take(1).map(|one| one.text.clone()).collect(),
                clearing: finding.clearing,
            });
            let found: Vec<Found> = found.collect();
            let servers: Vec<&Server> = snapshot.by_environment().get(&place.name).cloned().unwrap();
            let row = overview::overview(&snapshot, place, &servers, &yardstick);
            let look = Look {
                snapshot: &snapshot,
                place,
                row: &row,
                servers: &servers,
                yardstick: &yardstick,
                found: Some(&found),
            };
            let at = snapshot.servers.read_at().unwrap();
            let lines = self.recorder.look(&look, scribe.begins(&place.name, at));
            scribe.append(&place.name, at, &lines).unwrap();
            self.cloud.advance(Duration::from_secs(60)).unwrap();
        }
    }

    fn target(&self) -> Target {
        Target {
            topology: Arc::new(self.cloud.topology()),
            remote: Some(Arc::new(self.cloud.hosts())),
            speed: self.cloud.speed(),
            cloud: Arc::new(self.cloud.clone()),
            cloud_change: None,
            change: None,
            no_remote: None,
            clone: None,
            templates: None,
            problems: Vec::new(),
        }
    }

    async fn told(&self, words: &[&str]) -> (Result<Exit, Stop>, String) {
        let target = self.target();
        let state = self.dir.path().display().to_string();
        let line = ["quarterdeck", "--sandbox", "--state-dir", &state, "timeline"];
        let line = CommandLine::try_parse_from(line.into_iter().chain(words.iter().copied())).unwrap();
        let Some(Command::Headless(Headless::Timeline(options))) = line.command else { panic!() };
        let request = Request {
            options,
            json: line.globals.json,
            paint: Paint { colours: false },
            utf8: true,
            thresholds: Thresholds::default(),
            hide: Hide::default(),
        };
        let mut out = Vec::new();
        let exit = run(&line.globals, target, &request, &mut out).await;
        (exit, String::from_utf8(out).unwrap())
    }
}

#[tokio::test]
async fn a_deploy_and_what_it_moved_is_told_in_its_order() {
    let mut watch = Watch::new(Scenario::Deploying);
    watch.watch(6).await;
    watch.cloud.advance(Duration::from_secs(20 * 60)).unwrap();
    watch.recorder = Recorder::resume(&{
        use crate::cloud::CloudRead as _;
        let topology = watch.cloud.topology();
        let history = History::new(watch.dir.path(), watch.cloud.endpoint(), &topology);
        history.recording(&"production".into(), watch.cloud.now(), watch.cloud.now()).unwrap()
    });
    watch.watch(2).await;
    let (exit, text) = watch.told(&["production", "--hours", "1"]).await;
    assert_eq!(exit, Ok(Exit::Done));
    insta::assert_snapshot!("deploying", text);
    let (_, markdown) = watch.told(&["production", "--hours", "1", "--markdown"]).await;
    insta::assert_snapshot!("deploying-markdown", markdown);
}

#[tokio::test]
async fn the_document_has_every_gap_and_entry() {
    let mut watch = Watch::new(Scenario::Incident);
    watch.watch(3).await;
    let (exit, json) = watch.told(&["production", "--json"]).await;
    assert_eq!(exit, Ok(Exit::Done));
    let document: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(document["version"], 1);
    assert_eq!(document["gaps"].as_array().unwrap().len(), 1, "before the console was opened");
    let entries = document["entries"].as_array().unwrap();
    assert!(entries.iter().any(|entry| entry["happening"] == "finding"), "{json}");
    let mut keys: Vec<&String> = entries[0].as_object().unwrap().keys().collect();
    keys.sort_unstable();
    let written =
        ["about", "after", "at", "evidence", "happening", "servers", "severity", "source", "title", "until"];
    assert_eq!(keys, written);
}

#[tokio::test]
async fn findings_that_stood_when_recording_began_are_told_by_their_titles() {
    use crate::cloud::CloudRead as _;
    let mut watch = Watch::new(Scenario::Incident);
    watch.watch(3).await;
    let key = watch.memory.entries().find(|entry| entry.told).unwrap().key.clone();
    watch.memory.note(&key, "it is the new mailer", "jane@laptop", watch.cloud.now());
    let history = History::new(watch.dir.path(), watch.cloud.endpoint(), &watch.cloud.topology());
    history.keep(&"production".into(), &watch.memory).unwrap();
    let (_, json) = watch.told(&["production", "--json"]).await;
    let document: serde_json::Value = serde_json::from_str(&json).unwrap();
    let titles: Vec<&str> = document["entries"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| entry["title"].as_str().unwrap())
        .collect();
    let keys: Vec<String> = watch.memory.entries().map(|entry| entry.key.to_string()).collect();
    assert!(
        keys.len() > 3
            && titles.iter().any(|title| title.starts_with("jane@laptop notes: it is the new mailer (of: "))
    );
    let by_key: Vec<_> = titles.iter().filter(|title| keys.iter().any(|key| title.contains(key))).collect();
    assert!(by_key.is_empty(), "{by_key:?}");
}

#[tokio::test]
async fn without_any_record_what_aws_still_knows_is_told() {
    let watch = Watch::new(Scenario::Deploying);
    let (exit, text) = watch.told(&["staging"]).await;
    assert_eq!(exit, Ok(Exit::Done));
    assert!(text.contains("no console was open") && text.contains("activity"), "{text}");
    let (exit, _) = watch.told(&["stagign"]).await;
    assert!(matches!(exit, Err(Stop::Usage(_))));
    let (exit, _) = watch.told(&["staging", "--markdown", "--json"]).await;
    assert!(matches!(exit, Err(Stop::Usage(_))));
}

#[tokio::test]
async fn triage_tells_what_was_found_at_a_moment_and_where_nobody_looked_it_says_so() {
    let mut watch = Watch::new(Scenario::Incident);
    watch.watch(5).await;
    watch.cloud.advance(Duration::from_secs(3_600)).unwrap();
    let triage = async |words: &[&str]| {
        let state = watch.dir.path().display().to_string();
        let line = ["quarterdeck", "--sandbox", "--state-dir", &state, "triage"];
        let line = CommandLine::try_parse_from(line.into_iter().chain(words.iter().copied())).unwrap();
        let Some(Command::Headless(Headless::Triage(options))) = line.command else { panic!() };
        let request = crate::cli::triage::Request {
            options,
            json: line.globals.json,
            paint: Paint { colours: false },
            utf8: true,
            thresholds: Thresholds::default(),
            globals: vec!["--sandbox".into()],
        };
        let mut out = Vec::new();
        let exit = crate::cli::triage::run(&line.globals, watch.target(), &request, &mut out).await;
        (exit, String::from_utf8(out).unwrap())
    };
    let (exit, text) = triage(&["production", "--at", "62m"]).await;
    assert_eq!(exit, Ok(Exit::Failed));
    assert!(text.contains("has its disk / 100% full") && text.contains("as recorded"), "{text}");
    assert!(!text.contains("du -xh"), "nobody can do anything any more: {text}");
    let (exit, json) = triage(&["production", "--at", "62m", "--json"]).await;
    assert_eq!(exit, Ok(Exit::Failed));
    let document: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert!(document["time"].as_str().unwrap().starts_with("2026-01-15T12:0"), "{json}");
    assert_eq!(document["findings"][0]["runbook"], serde_json::json!([]));
    let (exit, _) = triage(&["production", "--at", "20m"]).await;
    let Err(Stop::Failed(said)) = exit else { panic!("{exit:?}") };
    assert!(said.contains("no console of this machine looked at it then"), "{said}");
}
