//! What `doctor` prints, and how it ends.

use clap::Parser as _;

use super::*;
use crate::cli::args::CommandLine;
use crate::doctor::fixture::{World, everything_wrong};
use crate::fleet::Endpoint;
use crate::sandbox::{SandboxCloud, Scenario};

fn request(all: bool, json: bool, utf8: bool) -> Request {
    Request {
        environment: "production".into(),
        all,
        json,
        paint: Paint { colours: false },
        utf8,
        thresholds: Thresholds::default(),
    }
}

/// What is printed of a simulated fleet.
async fn of_sandbox(scenario: Scenario, request: &Request) -> (Result<Exit, Stop>, String) {
    let cloud = SandboxCloud::in_memory(scenario, 7).unwrap();
    let target = Target {
        topology: Arc::new(cloud.topology()),
        remote: Some(Arc::new(cloud.hosts())),
        speed: cloud.speed(),
        cloud: Arc::new(cloud),
        cloud_change: None,
        change: None,
        no_remote: None,
        clone: None,
        templates: None,
        problems: Vec::new(),
    };
    let globals = CommandLine::try_parse_from(["quarterdeck", "--sandbox"]).unwrap().globals;
    let mut out = Vec::new();
    let exit = run(&globals, target, request, &mut out).await;
    (exit, String::from_utf8(out).unwrap())
}

fn of_world(world: &World, request: &Request) -> String {
    world.examined(|patient, checked| {
        let endpoint = Endpoint { region: "us-east-1".into(), ..Endpoint::default() };
        let subject = Subject { patient, endpoint: &endpoint, checked: &checked };
        if request.json {
            serde_json::to_string_pretty(&json::document(&subject)).unwrap()
        } else {
            text::lines(&subject, request).join("\n")
        }
    })
}

#[tokio::test]
async fn a_calm_fleet_is_a_line_for_each_part() {
    let (exit, text) = of_sandbox(Scenario::Calm, &request(false, false, true)).await;
    assert_eq!(exit, Ok(Exit::Done));
    insta::assert_snapshot!("calm", text);
}

#[tokio::test]
async fn an_incident_is_told_with_its_evidence_and_its_cure() {
    let (exit, text) = of_sandbox(Scenario::Incident, &request(false, false, true)).await;
    assert_eq!(exit, Ok(Exit::Failed));
    insta::assert_snapshot!("incident", text);
}

#[tokio::test]
async fn r17_a_large_fleet_has_one_beat_in_each_environment() {
    let large = Request { environment: "acacia".into(), ..request(true, false, true) };
    let (_, text) = of_sandbox(Scenario::Large, &large).await;
    assert!(text.contains("beat runs on i-") && !text.contains("several servers"), "{text}");
}

#[tokio::test]
async fn an_environment_that_is_none_is_a_mistake_of_whoever_asks() {
    let wrong = Request { environment: "prodution".into(), ..request(false, false, true) };
    let (exit, text) = of_sandbox(Scenario::Calm, &wrong).await;
    assert_eq!(exit.unwrap_err().exit(), Exit::Usage);
    assert_eq!(text, "");
}

#[test]
fn a_world_with_everything_wrong_is_told_whole() {
    insta::assert_snapshot!("everything_wrong", of_world(&everything_wrong(), &request(false, false, true)));
}

#[test]
fn what_is_good_is_listed_when_it_is_asked_for() {
    insta::assert_snapshot!("all_good", of_world(&World::new(), &request(true, false, true)));
}

#[test]
fn the_shape_of_the_json_is_as_written_down() {
    insta::assert_snapshot!("json", of_world(&everything_wrong(), &request(false, true, true)));
}

#[test]
fn a_terminal_without_utf8_gets_letters_for_glyphs() {
    let text = of_world(&everything_wrong(), &request(true, false, false));
    let foreign: String = text.chars().filter(|c| "●◌▲✖→".contains(*c)).collect();
    assert_eq!(foreign, "");
    assert!(text.contains("  X bad      ") && text.contains("-> "), "{text}");
}

#[test]
fn colours_say_nothing_that_words_do_not() {
    let plain = of_world(&everything_wrong(), &request(true, false, true));
    let painted = Request { paint: Paint { colours: true }, ..request(true, false, true) };
    let painted = of_world(&everything_wrong(), &painted);
    assert!(painted.contains("\u{1b}[1;31m"));
    let stripped: Vec<&str> = painted.split('\u{1b}').collect();
    let stripped: String = stripped
        .iter()
        .enumerate()
        .map(|(n, part)| if n == 0 { *part } else { part.split_once('m').map_or("", |(_, rest)| rest) })
        .collect();
    assert_eq!(stripped, plain);
}
