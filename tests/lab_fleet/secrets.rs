//! Secrets between the file here and real servers: a lost file comes back, what differs is told without a value, and what is
//! here comes to the servers.

use std::os::unix::fs::PermissionsExt as _;
use std::path::PathBuf;
use std::process::Output;

use serde_json::Value;

use crate::deploying::{done, kept, members, run};
use crate::fleet::Fleet;
use crate::moving::know_themselves;
use crate::release::group;
use crate::rotating::works;

/// What the environment is made with.
const THERE: [&str; 3] = ["not-a-secret-1", "not-a-secret-3", "not-a-secret-4"];

fn file(fleet: &Fleet) -> PathBuf {
    fleet.dir.path().join("fabsecrets_staging.py")
}

/// Everything that was printed; no value is in it.
fn said(output: &Output) -> String {
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    for value in THERE.iter().chain(&["changed-here"]) {
        assert!(!said.contains(value), "{said}");
    }
    said.into_owned()
}

/// How a secret of here stands to those of each server.
fn standings(fleet: &Fleet, name: &str) -> (Option<i32>, Vec<String>) {
    let output = run(fleet, "secrets check staging --json");
    said(&output);
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    let secrets = document["secrets"].as_array().unwrap();
    let secret = secrets.iter().find(|one| one["name"] == name).unwrap();
    let servers = secret["servers"].as_array().unwrap();
    let standing = |one: &Value| one["standing"].as_str().unwrap().to_owned();
    (output.status.code(), servers.iter().map(standing).collect())
}

fn change(fleet: &Fleet, from: &str, to: &str) {
    let text = std::fs::read_to_string(file(fleet)).unwrap();
    std::fs::write(file(fleet), text.replace(from, to)).unwrap();
}

/// The secret that Django signs with on the worker.
fn signs(fleet: &Fleet) -> String {
    fleet.python("from django.conf import settings; print(settings.SECRET_KEY)")
}

#[test]
fn a_lost_file_comes_back_from_the_worker_what_differs_is_told_and_pushed_and_a_wrong_password_is_not() {
    let Some(fleet) = Fleet::take_living() else { return };
    know_themselves(&fleet);
    for name in ["database_password", "broker_password", "secret_key"] {
        assert_eq!(standings(&fleet, name), (Some(0), vec!["same".to_owned(); 3]), "{name}");
    }

    std::fs::remove_file(file(&fleet)).unwrap();
    let shown = run(&fleet, "secrets pull staging");
    assert_eq!(shown.status.code(), Some(3), "{}", said(&shown));
    assert!(!file(&fleet).exists() && said(&shown).contains("new here"), "{}", said(&shown));
    let pulled = run(&fleet, "secrets pull staging --yes");
    said(&pulled);
    done(&pulled);
    let text = std::fs::read_to_string(file(&fleet)).unwrap();
    let [database, broker, signing] = THERE;
    let expected =
        format!("broker_password = '{broker}'\ndatabase_password = '{database}'\nsecret_key = '{signing}'\n");
    assert_eq!(text, expected);
    assert_eq!(std::fs::metadata(file(&fleet)).unwrap().permissions().mode() & 0o777, 0o600);

    change(&fleet, signing, "changed-here");
    assert_eq!(standings(&fleet, "secret_key"), (Some(1), vec!["differs".to_owned(); 3]));
    assert_eq!(standings(&fleet, "broker_password").1, vec!["same".to_owned(); 3]);
    let planned = said(&run(&fleet, "plan push-secrets staging"));
    assert!(planned.contains("R16") && planned.contains("secret_key on worker"), "{planned}");

    let before = group(&fleet);
    change(&fleet, database, "of-nobody");
    let refused = run(&fleet, "apply push-secrets staging --yes");
    assert!(!refused.status.success());
    assert!(said(&refused).contains("PostgreSQL does not let"), "{}", said(&refused));
    assert_eq!((group(&fleet), signs(&fleet).as_str()), (before.clone(), signing), "nothing was changed");

    change(&fleet, "of-nobody", database);
    let pushed = run(&fleet, "apply push-secrets staging --yes");
    said(&pushed);
    done(&pushed);
    assert_eq!(signs(&fleet), "changed-here");
    works(&fleet, "after they were pushed");
    assert_eq!(standings(&fleet, "secret_key"), (Some(0), vec!["same".to_owned(); 3]));
    let after = group(&fleet);
    assert_eq!((kept(&after), members(&after)), (kept(&before), members(&before)));
    assert_ne!(
        after["LaunchConfigurationName"], before["LaunchConfigurationName"],
        "a release that has them"
    );
    let mut grep = std::process::Command::new("grep");
    grep.args(["-rlF", "-e", "changed-here"])
        .arg(fleet.dir.path())
        .args(["--exclude", "fabsecrets_staging*.py"]);
    assert!(grep.output().unwrap().stdout.is_empty(), "no journal and no log has it");
}
