//! What is written hour by hour comes back, whole and within its bounds.

use std::collections::BTreeMap;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::History;
use super::segments::{MOST, Scribe};
use crate::fleet::measured::{
    Code, Disks, Fact, HttpAnswer, Machine, Measured, Mount, Program, Site, Supervisor, Unit, Units,
};
use crate::fleet::sample::{Parts, epoch};
use crate::fleet::{
    AddressChoice, Endpoint, EnvironmentName, EnvironmentPlace, HealthState, Reading, Server, Snapshot,
    Source, Topology, Yardstick, overview,
};
use crate::timeline::{Line, Look, Number, Recorder};

fn history(dir: &Path) -> History {
    let mut parts = Parts::default();
    let topology = Topology {
        deployment: "myproject".into(),
        region: "us-east-1".into(),
        environments: vec![parts.add("production", 2)],
        ssh_address: AddressChoice::Private,
    };
    let endpoint = Endpoint { region: "us-east-1".into(), profile: None, url: None, sandbox: true };
    History::new(dir, &endpoint, &topology)
}

fn production() -> EnvironmentName {
    "production".into()
}

fn minute(n: i64) -> Timestamp {
    epoch() + SignedDuration::from_mins(n)
}

fn looked(n: i64, value: u32) -> Line {
    Line::Looked { at: minute(n), values: BTreeMap::from([(Number::Waiting, f64::from(value))]) }
}

fn files(history: &History) -> Vec<PathBuf> {
    let dir = history.dir().join("production.timeline");
    let mut files: Vec<_> = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

/// Writes a number a minute, from one minute to another.
fn write(scribe: &mut Scribe, minutes: std::ops::Range<i64>) {
    for n in minutes {
        let mut lines = vec![looked(n, u32::try_from(n).unwrap())];
        if scribe.begins(&production(), minute(n)) {
            lines.insert(0, Line::Head { version: 1, at: minute(n), pace: 1.0 });
        }
        scribe.append(&production(), minute(n), &lines).unwrap();
    }
}

#[test]
fn what_is_written_comes_back_and_only_its_owner_reads_it() {
    let dir = tempfile::tempdir().unwrap();
    let history = history(dir.path());
    let mut scribe = history.scribe();
    assert!(scribe.holds().unwrap());
    write(&mut scribe, 0..150);
    assert_eq!(files(&history).len(), 3, "one for each hour");
    for file in files(&history) {
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        assert_eq!(std::fs::metadata(file.parent().unwrap()).unwrap().permissions().mode() & 0o777, 0o700);
    }
    let all = history.recording(&production(), minute(0), minute(149)).unwrap();
    assert_eq!(all.number(Number::Waiting).unwrap().len(), 150);
    assert_eq!(all.gaps(), []);
    let late = history.recording(&production(), minute(130), minute(140)).unwrap();
    assert_eq!(
        late.number(Number::Waiting).unwrap().len(),
        21,
        "from the hour of its beginning, not after its end"
    );
    assert!(history.recording(&"staging".into(), minute(0), minute(9)).unwrap().is_empty());
}

#[test]
fn a_line_that_was_cut_off_costs_nothing_but_itself() {
    let dir = tempfile::tempdir().unwrap();
    let history = history(dir.path());
    let mut scribe = history.scribe();
    write(&mut scribe, 0..10);
    drop(scribe);
    let file = files(&history).remove(0);
    let mut file = std::fs::OpenOptions::new().append(true).open(file).unwrap();
    file.write_all(b"not json\n{\"l\":\"of a later version\",\"x\":1}\n{\"l\":\"looked\",\"at\":17").unwrap();
    // Who goes on begins a file.
    let mut scribe = history.scribe();
    assert!(scribe.holds().unwrap());
    write(&mut scribe, 10..20);
    assert_eq!(files(&history).len(), 2);
    let all = history.recording(&production(), minute(0), minute(20)).unwrap();
    assert_eq!(all.number(Number::Waiting).unwrap().len(), 20);
}

#[test]
fn of_two_consoles_one_writes_until_it_goes_and_the_other_goes_on() {
    let dir = tempfile::tempdir().unwrap();
    let history = history(dir.path());
    let (mut one, mut other) = (history.scribe(), history.scribe());
    assert!(one.holds().unwrap());
    assert!(!other.holds().unwrap());
    write(&mut one, 0..5);
    assert!(one.holds().unwrap() && !other.holds().unwrap());
    drop(one);
    assert!(other.holds().unwrap());
    write(&mut other, 5..10);
    let all = history.recording(&production(), minute(0), minute(10)).unwrap();
    assert_eq!(all.number(Number::Waiting).unwrap().len(), 10);
}

#[test]
fn what_is_older_than_a_day_goes_and_then_the_oldest_until_the_rest_is_small() {
    let dir = tempfile::tempdir().unwrap();
    let history = history(dir.path());
    let mut scribe = history.scribe();
    write(&mut scribe, 0..30 * 60);
    assert_eq!(files(&history).len(), 25, "the hour that is being written, and those of a day before");
    let strange = files(&history)[0].with_file_name("README");
    std::fs::write(&strange, "mine").unwrap();
    let mut scribe = history.scribe().with_most(20_000);
    write(&mut scribe, 30 * 60..31 * 60 + 1);
    let size: u64 = files(&history).iter().map(|file| file.metadata().unwrap().len()).sum();
    assert!(size < 20_000, "{size}");
    assert!(strange.exists(), "what is not ours stays");
    let left = history.recording(&production(), minute(0), minute(31 * 60)).unwrap();
    assert!(left.last_look() == Some(minute(31 * 60)) && !left.is_empty());
}

/// An environment as large as those of the sandbox's large fleet: 200 servers, on which everything is measured.
fn large() -> (Parts, EnvironmentPlace) {
    let mut parts = Parts::default();
    let place = parts.add("production", 196);
    (parts, place)
}

fn measured(n: usize, minute: i64) -> Measured {
    let wave = |most: u64| (u64::try_from(n).unwrap() * 37 + u64::try_from(minute).unwrap() * 13) % most;
    let load = f64::from(u32::try_from(wave(400)).unwrap()) / 100.0;
    let unit = |name: &str| Unit {
        name: name.into(),
        active: "active".into(),
        sub: "running".into(),
        ..Unit::default()
    };
    let names = ["nginx", "supervisor", "pgbouncer", "stunnel4", "rsyslog", "cron"];
    let program = |name: &str, fatal: bool| Program {
        name: name.into(),
        state: if fatal { "FATAL".into() } else { "RUNNING".into() },
        ..Program::default()
    };
    let answer = || Some(HttpAnswer { status: 200, milliseconds: 40, problem: None });
    let mount =
        |path: &str, used: u64| Mount { path: path.into(), used, available: 100 - used, ..Mount::default() };
    let facts = [
        Fact::Machine(Machine {
            cores: 2,
            load: [load; 3],
            memory_total: 8 << 30,
            memory_available: (8 << 30) * (20 + wave(60)) / 100,
            ..Machine::default()
        }),
        Fact::Disks(Disks { mounts: vec![mount("/", 40 + wave(50)), mount("/srv", 10)] }),
        Fact::Units(Units { units: names.iter().map(|name| unit(name)).collect() }),
        // A program somewhere is always down for a few minutes.
        Fact::Supervisor(Supervisor {
            programs: vec![program("gunicorn", wave(2_000) < 10), program("celery", false)],
        }),
        Fact::Site(Site { nginx: answer(), gunicorn: answer(), ..Site::default() }),
        Fact::Code(Code { changeset: "a1b2c3d4e5f6a7b8".into(), branch: None }),
    ];
    let at = epoch() + SignedDuration::from_mins(minute);
    let taken = |fact: Fact| (fact.topic(), Reading::taken(Source::Probe(fact.topic()), fact, at));
    Measured { reached_at: Some(at), facts: facts.into_iter().map(taken).collect(), ..Measured::default() }
}

fn snapshot(parts: &Parts, n: i64) -> Snapshot {
    let mut snapshot = parts.snapshot();
    let servers = snapshot.servers.value().cloned().unwrap_or_default();
    let ids: Vec<_> = servers.keys().cloned().collect();
    snapshot.servers = Reading::taken(Source::Ec2DescribeInstances, servers, minute(n));
    snapshot.measured =
        ids.into_iter().enumerate().map(|(place, id)| (id, Arc::new(measured(place, n)))).collect();
    snapshot
}

/// One of the twenty environments of the large fleet for six hours, a look a minute: a day of all is eighty times that.
#[test]
fn a_day_of_the_large_fleet_takes_less_than_fifty_megabytes() {
    let dir = tempfile::tempdir().unwrap();
    let history = history(dir.path());
    let (mut parts, place) = large();
    let mut scribe = history.scribe();
    let mut recorder = Recorder::default();
    let hours = 6;
    let mut turned = 0;
    for n in 0..hours * 60 {
        // A member goes out and comes back every ten minutes.
        let members = parts.health.values_mut().next().unwrap();
        let member = usize::try_from(n / 10).unwrap() % members.len();
        members[member].state = if n % 10 < 3 { HealthState::OutOfService } else { HealthState::InService };
        let (snapshot, yardstick) = (snapshot(&parts, n), Yardstick::at(minute(n)));
        let servers: Vec<&Server> = snapshot.by_environment().get(&place.name).cloned().unwrap_or_default();
        let row = overview::overview(&snapshot, &place, &servers, &yardstick);
        let look = Look {
            snapshot: &snapshot,
            place: &place,
            row: &row,
            servers: &servers,
            yardstick: &yardstick,
            found: Some(&[]),
        };
        let lines = recorder.look(&look, scribe.begins(&place.name, minute(n)));
        turned += lines.iter().filter(|line| matches!(line, Line::Turned { .. })).count();
        scribe.append(&place.name, minute(n), &lines).unwrap();
    }
    let bytes: u64 = files(&history).iter().map(|file| file.metadata().unwrap().len()).sum();
    assert!(bytes * 80 < MOST, "{bytes} bytes for one of twenty environments in six hours");
    let recording = history.recording(&place.name, epoch(), minute(hours * 60)).unwrap();
    assert_eq!(recording.changes().count(), turned, "every change is there");
    assert!(turned > 250, "{turned}");
    assert_eq!(recording.gaps(), []);
    assert_eq!(recording.number(Number::InService).unwrap().len(), 360);
    assert_eq!(recording.server_numbers().count(), 72);
    assert_eq!(recording.server_numbers().last().unwrap().1.len(), 200);
}
