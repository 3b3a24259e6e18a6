//! `triage` on the simulated fleet.

use clap::Parser as _;

use super::*;
use crate::cli::args::{Command, CommandLine, Headless};
use crate::sandbox::{SandboxCloud, Scenario};
use crate::triage::Remedy;

/// What is printed of a simulated fleet, and how it ends.
async fn of(cloud: &SandboxCloud, state: &std::path::Path, words: &[&str]) -> (Result<Exit, Stop>, String) {
    let target = Target {
        topology: Arc::new(cloud.topology()),
        remote: Some(Arc::new(cloud.hosts())),
        speed: cloud.speed(),
        cloud: Arc::new(cloud.clone()),
        cloud_change: None,
        change: None,
        no_remote: None,
        clone: None,
        templates: None,
        problems: Vec::new(),
    };
    let state = state.display().to_string();
    let line = ["quarterdeck", "--sandbox", "--state-dir", &state, "triage"]
        .into_iter()
        .chain(words.iter().copied());
    let line = CommandLine::try_parse_from(line).unwrap();
    let Some(Command::Headless(Headless::Triage(options))) = line.command else { panic!() };
    let request = Request {
        options,
        json: line.globals.json,
        paint: Paint { colours: false },
        utf8: true,
        thresholds: Thresholds::default(),
        globals: vec!["--sandbox".into()],
    };
    let mut out = Vec::new();
    let exit = run(&line.globals, target, &request, &mut out).await;
    (exit, String::from_utf8(out).unwrap())
}

#[tokio::test]
async fn an_incident_is_told_cause_by_cause_with_what_to_do() {
    let (cloud, dir) =
        (SandboxCloud::in_memory(Scenario::Incident, 7).unwrap(), tempfile::tempdir().unwrap());
    let (exit, text) = of(&cloud, dir.path(), &["production"]).await;
    assert_eq!(exit, Ok(Exit::Failed));
    insta::assert_snapshot!("incident", text);
    // A minute later what was only watched has lasted.
    cloud.advance(std::time::Duration::from_secs(65)).unwrap();
    let (_, later) = of(&cloud, dir.path(), &["production"]).await;
    insta::assert_snapshot!("incident-later", later);
}

#[tokio::test]
async fn a_calm_fleet_wants_nothing() {
    let (cloud, dir) = (SandboxCloud::in_memory(Scenario::Calm, 7).unwrap(), tempfile::tempdir().unwrap());
    for environment in ["production", "staging", "testing"] {
        let (exit, text) = of(&cloud, dir.path(), &[environment]).await;
        assert_eq!(exit, Ok(Exit::Done), "{text}");
    }
}

#[tokio::test]
async fn what_was_acknowledged_is_quiet_and_another_name_is_refused_with_the_nearest() {
    let (cloud, dir) =
        (SandboxCloud::in_memory(Scenario::Incident, 7).unwrap(), tempfile::tempdir().unwrap());
    let (_, json) = of(&cloud, dir.path(), &["production", "--json"]).await;
    let names = |json: &str| -> Vec<String> {
        let document: serde_json::Value = serde_json::from_str(json).unwrap();
        let causes = document["findings"].as_array().unwrap().iter();
        let open = |f: &&serde_json::Value| {
            f["follows_from"].is_null() && f["acknowledged"].is_null() && f["severity"] != "idle"
        };
        causes.filter(open).map(|f| f["name"].as_str().unwrap().to_owned()).collect()
    };
    let all = names(&json);
    assert!(all.len() > 2, "{all:?}");
    for name in &all {
        let (exit, _) = of(&cloud, dir.path(), &["production", "--acknowledge", name, "--for", "2h"]).await;
        let last = name == all.last().unwrap();
        assert_eq!(exit, Ok(if last { Exit::Done } else { Exit::Failed }), "{name}");
    }
    let (_, text) = of(&cloud, dir.path(), &["production", "--note", &all[0], "--words", "asked ana"]).await;
    assert!(text.contains("noted    asked ana (") && text.contains("quiet until"), "{text}");
    let (exit, _) = of(&cloud, dir.path(), &["production", "--unacknowledge", &all[0]]).await;
    assert_eq!(exit, Ok(Exit::Failed));
    let (exit, _) = of(&cloud, dir.path(), &["production", "--acknowledge", "disk-ful"]).await;
    let Err(Stop::Usage(words)) = exit else { panic!("{exit:?}") };
    assert!(words.contains("There is no finding “disk-ful”"), "{words}");
}

#[tokio::test]
async fn json_is_one_document_with_commands() {
    let (cloud, dir) =
        (SandboxCloud::in_memory(Scenario::Incident, 7).unwrap(), tempfile::tempdir().unwrap());
    let (_, json) = of(&cloud, dir.path(), &["production", "--json"]).await;
    let document: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!((document["version"].as_u64(), document["severity"].as_str()), (Some(1), Some("down")));
    let first = &document["findings"][0];
    assert_eq!(first["kind"], "disk-full");
    let commands = first["runbook"].as_array().unwrap().iter().filter_map(|step| step["command"].as_str());
    assert!(
        commands.clone().count() >= 2 && commands.clone().all(|c| c.starts_with("quarterdeck --sandbox "))
    );
}

#[test]
fn every_operation_and_log_that_a_runbook_names_is_there_and_takes_what_it_is_told() {
    let (mut plans, mut logs) = (0, 0);
    for step in crate::triage::tests::runbooks::every_step() {
        match step.remedy {
            Remedy::Plan { operation, options } => {
                let row = crate::operation::find(operation).unwrap_or_else(|_| panic!("{operation}"));
                let mut told = crate::operation::Options::default();
                for (name, value) in options {
                    told.set(row.option(name).unwrap(), &value).unwrap();
                }
                plans += 1;
            }
            Remedy::Logs { log: Some(log), .. } => {
                let layout =
                    crate::fleet::Layout { log_dir: "/var/log/x".into(), ..crate::fleet::Layout::default() };
                let roles = ["web", "worker", "cache", "db-primary"].map(crate::fleet::Role::parse);
                let known = roles.iter().flat_map(|role| crate::logs::logs_of(role, &layout));
                assert!(known.into_iter().any(|known| known.id.name() == log), "{log}");
                logs += 1;
            }
            Remedy::Look { page } => {
                assert!(
                    crate::console::screen::Page::ALL.iter().any(|known| known.title() == page),
                    "{page}"
                );
            }
            _ => {}
        }
    }
    assert!(plans > 20 && logs > 10, "{plans} {logs}");
}
