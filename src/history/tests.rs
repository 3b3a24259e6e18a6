//! What is kept comes back, for its owner only.

use std::os::unix::fs::PermissionsExt;

use super::*;
use crate::fleet::sample::{Parts, epoch};
use crate::fleet::{AddressChoice, Yardstick};
use crate::triage::{Memory, look};

fn topology() -> Topology {
    let mut parts = Parts::default();
    let environments = vec![parts.add("production", 2)];
    Topology {
        deployment: "myproject".into(),
        region: "us-east-1".into(),
        environments,
        ssh_address: AddressChoice::Private,
    }
}

fn endpoint(profile: Option<&str>, sandbox: bool) -> Endpoint {
    Endpoint { region: "us-east-1".into(), profile: profile.map(str::to_owned), url: None, sandbox }
}

#[test]
fn what_is_kept_comes_back_and_nobody_else_reads_it() {
    let dir = tempfile::tempdir().unwrap();
    let topology = topology();
    let history = History::new(dir.path(), &endpoint(None, true), &topology);
    let name = topology.environments[0].name.clone();
    assert_eq!(history.memory(&name).unwrap(), Memory::default(), "nobody has looked yet");
    let mut parts = Parts::default();
    let place = parts.add("production", 2);
    parts.groups[0].launch = None;
    let snapshot = parts.snapshot();
    let yardstick = Yardstick::at(epoch());
    let mut memory = Memory::default();
    let triage = look(&snapshot, &place, &yardstick, &mut memory);
    memory.acknowledge(&triage.findings[0], "jane@laptop", epoch(), None);
    history.keep(&name, &memory).unwrap();
    let back = history.memory(&name).unwrap();
    assert_eq!(back.entry(&triage.findings[0].key), memory.entry(&triage.findings[0].key));
    let file = history.dir().join("production.json");
    assert_eq!(std::fs::metadata(file).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(std::fs::metadata(history.dir()).unwrap().permissions().mode() & 0o777, 0o700);
}

#[test]
fn nonsense_is_told_with_the_file_and_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    let topology = topology();
    let history = History::new(dir.path(), &endpoint(None, false), &topology);
    std::fs::create_dir_all(history.dir()).unwrap();
    std::fs::write(history.dir().join("production.json"), "{").unwrap();
    let error = history.memory(&"production".into()).unwrap_err().to_string();
    assert!(error.contains("production.json makes no sense") && error.contains("remove the file"), "{error}");
}

#[test]
fn fleets_of_the_same_name_do_not_meet() {
    let dir = std::path::Path::new("/state");
    let topology = topology();
    let of = |profile, sandbox| History::new(dir, &endpoint(profile, sandbox), &topology).dir().to_owned();
    assert_ne!(of(None, true), of(None, false));
    assert_ne!(of(Some("a"), false), of(Some("b"), false));
    assert_eq!(
        of(Some("../../etc"), false),
        std::path::Path::new("/state/history/aws+%2e%2e%2f%2e%2e%2fetc+us-east-1+myproject")
    );
}
