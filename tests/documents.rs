//! What the documents promise is what the program does.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, missing_docs)]

use std::path::{Path, PathBuf};

use quarterdeck::config::preferences;
use quarterdeck::fleet::Source;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()
}

fn readme() -> String {
    std::fs::read_to_string(root().join("README.md")).unwrap()
}

/// The text between a marker's line and the end marker.
fn block<'a>(document: &'a str, marker: &str) -> &'a str {
    let start = document.find(marker).unwrap_or_else(|| panic!("README.md has no {marker}"));
    let body = document[start..].find('\n').map(|n| start + n + 1).unwrap();
    let end = document[body..].find("<!-- end -->").map(|n| body + n).unwrap();
    &document[body..end]
}

#[test]
fn the_readme_lists_every_preference_at_its_default() {
    let expected = format!("```toml\n{}```\n", preferences::default_text());
    assert_eq!(block(&readme(), "<!-- preferences:"), expected);
}

#[test]
fn the_first_screen_of_the_readme_has_exactly_two_commands() {
    let readme = readme();
    let first: Vec<&str> = readme.lines().take_while(|line| !line.starts_with("## ")).collect();
    assert!(first.len() <= 30, "the first screen has {} lines", first.len());
    let fences: Vec<usize> = (0..first.len()).filter(|n| first[*n].starts_with("```sh")).collect();
    let commands: Vec<&str> = fences.iter().map(|n| first[n + 1]).collect();
    assert_eq!(fences.iter().filter(|n| first[**n + 2] != "```").count(), 0, "one line each: {commands:?}");
    assert_eq!(commands.len(), 2, "{commands:?}");
    assert!(commands[0].starts_with("cargo run --no-default-features -- sandbox"), "{commands:?}");
    assert_eq!(commands[1], "tests/run");
}

#[test]
fn every_file_that_a_document_points_to_is_there() {
    for document in ["README.md", "ARCHITECTURE.md", "CHANGELOG.md"] {
        let text = std::fs::read_to_string(root().join(document)).unwrap();
        let mut links = text.split("](").skip(1).map(|rest| rest.split(')').next().unwrap());
        for link in links.by_ref().filter(|link| !link.contains("://")) {
            assert!(root().join(link).exists(), "{document} points to {link}");
        }
    }
}

#[test]
fn every_check_of_the_doctor_is_written_down() {
    let document = std::fs::read_to_string(root().join("docs/doctor-json.md")).unwrap();
    let table = document.split("## Checks").nth(1).unwrap();
    let names = table.lines().filter_map(|line| line.split('|').nth(1));
    let mut written: Vec<&str> = names.flat_map(|cell| cell.split('`').skip(1).step_by(2)).collect();
    let mut checks: Vec<&str> = quarterdeck::doctor::CHECKS.iter().map(|check| check.name).collect();
    written.sort_unstable();
    checks.sort_unstable();
    assert_eq!(written, checks);
}

#[test]
fn every_kind_of_finding_is_written_down_with_how_long_it_must_last() {
    let document = std::fs::read_to_string(root().join("docs/triage-json.md")).unwrap();
    let table = document.split("## Kinds").nth(1).unwrap();
    let rows = table.lines().filter(|line| line.starts_with("| `"));
    let written: Vec<(&str, &str)> = rows
        .map(|line| {
            let mut cells = line.split('|').map(str::trim).skip(1);
            (cells.next().unwrap().trim_matches('`'), cells.nth(1).unwrap())
        })
        .collect();
    let after = |seconds: i64| match seconds {
        0 => "at once".to_owned(),
        s if s < 120 => format!("{s} s"),
        s if s < 7_200 => format!("{} min", s / 60),
        s => format!("{} h", s / 3_600),
    };
    let kinds: Vec<(&str, String)> =
        quarterdeck::triage::Kind::ALL.iter().map(|k| (k.name(), after(k.rises_after().as_secs()))).collect();
    let kinds: Vec<(&str, &str)> = kinds.iter().map(|(name, after)| (*name, after.as_str())).collect();
    assert_eq!(written, kinds);
}

#[test]
fn the_policy_allows_exactly_what_is_read() {
    let sources = [
        Source::StsGetCallerIdentity,
        Source::Ec2DescribeInstances,
        Source::Ec2InstanceStatus,
        Source::Ec2CreditSpecifications,
        Source::Ec2DescribeImages,
        Source::Ec2ConsoleOutput,
        Source::AutoScalingDescribeGroups,
        Source::LaunchSettings,
        Source::AutoScalingDescribeActivities,
        Source::ElbDescribeLoadBalancers,
        Source::ElbDescribeInstanceHealth,
        Source::ElbAttributes,
        Source::CloudWatchGetMetricData,
        Source::AcmCertificates,
        Source::IamServerCertificates,
        Source::SsmGetParametersByPath,
    ];
    // One source may stand for two actions.
    let mut read: Vec<&str> = sources.iter().flat_map(|source| source.action().split(", ")).collect();
    // What is read when something is planned, or set up, has no source.
    let planned = ["room", "ground", "offers", "rights"]
        .map(|file| std::fs::read_to_string(root().join(format!("src/cloud/aws/{file}.rs"))).unwrap());
    read.extend(planned.iter().flat_map(|text| text.split('"')).filter(is_action));
    read.sort_unstable();
    read.dedup();
    // Notes are read below one path only.
    let (notes, others): (Vec<&str>, Vec<&str>) =
        read.into_iter().partition(|action| action.starts_with("ssm:"));
    assert_eq!(policies()[..2], [others, notes]);
}

/// Whether a text of the adapter is an action's name.
fn is_action(text: &&str) -> bool {
    let services = [
        "acm:",
        "iam:",
        "autoscaling:",
        "cloudfront:",
        "ec2:",
        "elasticloadbalancing:",
        "servicequotas:",
        "ssm:",
    ];
    let service = services.iter().find_map(|service| text.strip_prefix(service));
    service.is_some_and(|action| action.chars().all(|c| c.is_ascii_alphanumeric()))
}

#[test]
fn the_doctor_knows_every_action_of_the_policy_and_which_operations_want_it() {
    use quarterdeck::doctor::{EVERY, RIGHTS};
    let all = RIGHTS.iter().map(|right| right.action);
    let (notes, others): (Vec<&str>, Vec<&str>) = all.partition(|action| action.starts_with("ssm:"));
    assert_eq!(policies()[2..], [others, notes]);
    for right in RIGHTS {
        assert!(!right.operations.is_empty(), "{}", right.action);
        for name in right.operations {
            let known = *name == EVERY || quarterdeck::operation::find(name).is_ok();
            assert!(known, "{}: there is no operation {name}", right.action);
        }
    }
}

/// The actions of each statement of the policies, in order.
fn policies() -> Vec<Vec<String>> {
    let readme = readme();
    let lists = readme.split("\"Action\": [").skip(1).map(|rest| rest.split(']').next().unwrap());
    lists.map(|list| list.split('"').skip(1).step_by(2).map(str::to_owned).collect()).collect()
}

#[test]
fn the_policy_allows_exactly_what_is_changed() {
    let adapter = root().join("src/cloud/aws");
    let files: Vec<_> =
        std::fs::read_dir(adapter.join("change")).unwrap().map(|entry| entry.unwrap().path()).collect();
    let texts: Vec<String> = files.iter().map(|file| std::fs::read_to_string(file).unwrap()).collect();
    let mut used: Vec<&str> = texts.iter().flat_map(|text| text.split('"')).filter(is_action).collect();
    // Servers, groups and load balancers are tagged as they are made.
    used.extend(["ec2:CreateTags", "autoscaling:CreateOrUpdateTags", "elasticloadbalancing:AddTags"]);
    used.sort_unstable();
    used.dedup();
    let (notes, others): (Vec<&str>, Vec<&str>) =
        used.into_iter().partition(|action| action.starts_with("ssm:"));
    assert_eq!(policies()[2..], [others, notes]);
}
