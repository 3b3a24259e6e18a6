//! Scripts that build servers are read here, and run only as far as where they find out that this is no server: they
//! would do harm. What they do is shown on hosts of the lab.

use std::sync::LazyLock;

use super::*;
use crate::fleet::{AppPlace, BuildPlace, LogsPlace, Person, Role, RolePlace};
use crate::plan::Address;
use crate::recipe::build::{self, Plot};

static PRIMARY: LazyLock<Address> = LazyLock::new(|| "10.0.1.5".into());

pub(super) fn plot_of<'a>(layout: &'a Layout, build: &'a BuildPlace, people: &'a [Person]) -> Plot<'a> {
    Plot {
        layout,
        build,
        people,
        primary: Some(&PRIMARY),
        known_hosts: "git.example.com ssh-ed25519 K",
        has_key: true,
    }
}

/// A script without its guard, whose notes of its own lie below this directory: for what it does where tools pretend.
pub(super) fn unguarded(script: &str, here: &str) -> String {
    let (_, rest) = script.split_once("state=/var/lib/quarterdeck/build\n").unwrap();
    let what = script.lines().find(|line| line.starts_with("what=")).unwrap();
    format!("set -eu\nfail() {{ echo \"$1\" >&2; exit 1; }}\n{what}\nstate='{here}/state'\n{rest}")
}

/// The part that locks a volume with a passphrase.
pub(super) fn locked_volume(layout: &Layout) -> String {
    let build = BuildPlace {
        fs_encrypt: true,
        volume_root: Some("/srv/app".into()),
        roles: vec![(Role::Cache, RolePlace { volume_gb: Some(100), ..RolePlace::default() })],
        ..BuildPlace::default()
    };
    let parts = build::parts(&Role::Cache, &plot_of(layout, &build, &[]));
    let part = parts.into_iter().find(|part| part.name == "volume").unwrap();
    assert_eq!(part.secrets, ["luks_passphrase"]);
    part.script
}

/// Every script that builds a server, and that takes something of it back.
pub(super) fn every(layout: &Layout) -> Vec<String> {
    let people =
        [Person { user: "ana".into(), full_name: "Ana's".into(), keys: vec!["ssh-ed25519 A'B".into()] }];
    let build = BuildPlace {
        admin_groups: vec!["sudo".into()],
        mirror: Some("mirror.example.com".into()),
        app: AppPlace {
            repo: Some("git@git.example.com:example/myproject.git".into()),
            less: Some("4.1.3".into()),
            packages: vec!["libmemcached-dev".into()],
            ..AppPlace::default()
        },
        logs: LogsPlace {
            syslog: Some("logs.example.com".into()),
            cloudwatch_key: Some("AKIA".into()),
            ..LogsPlace::default()
        },
        volume_root: Some("/srv/app".into()),
        roles: build::ROLES
            .map(|role| (role, RolePlace { volume_gb: Some(100), ..RolePlace::default() }))
            .to_vec(),
        ..BuildPlace::default()
    };
    let plot = plot_of(layout, &build, &people);
    let of_role = |role: &Role| {
        let last = if build::runs_code(role) { build::serving(role, &plot) } else { Vec::new() };
        let hook = build::hook("post_bootstrap", "deployment/hooks/post_bootstrap", role, &plot);
        let others = [build::for_code(&plot), build::image_user(&plot), hook];
        build::parts(role, &plot).into_iter().chain(others).chain(build::logs(role, &plot)).chain(last)
    };
    let parts: Vec<_> = build::ROLES.iter().flat_map(of_role).collect();
    let of_parts = parts.into_iter().flat_map(|part| [Some(part.script), part.back]).flatten();
    let unlocks = build::ROLES.iter().map(|role| build::unlock(role).script);
    let of_promotion = [
        build::stop_for_good(),
        locked_volume(layout),
        build::start_again(),
        build::candidate(layout, Some(80), 1, true),
        build::received(true),
        build::promote(),
        build::slots(["10.0.1.6"]),
        build::follow(layout, Some("10.0.1.5")),
        build::follow(layout, None),
        build::slots_told(&["follower_1".into(), "follower_2".into()]),
    ];
    let works = build::ROLES.iter().filter_map(build::works);
    let copied = copied(layout).into_iter().flat_map(|part| [Some(part.script), part.back]).flatten();
    let all = of_parts.chain(unlocks).chain(of_promotion).chain(works);
    all.chain(copied).chain([build::sound()]).collect()
}

/// The parts by which a broken replica is made one again, with room for both copies and without.
pub(super) fn copied(layout: &Layout) -> Vec<build::Part> {
    let how = |tight| build::Resync { primary: "10.0.1.5", note: "n1", tight, may_lose: false };
    let parts = |tight| {
        let how = how(tight);
        [build::can_copy(layout, &how), build::copy_beside(layout, &how), build::use_copy(layout, &how)]
    };
    [false, true].into_iter().flat_map(parts).collect()
}

#[test]
fn nothing_of_a_build_is_done_on_a_machine_that_is_not_the_server_that_is_meant() {
    let server = Server::new();
    // Nobody's id, and no id at all: every script ends before its first change.
    for told in ["", "export QUARTERDECK_SERVER=i-nobody\n"] {
        for script in every(&server.layout) {
            let guard = script.find("nothing was changed").unwrap();
            let first = ["useradd", "apt_get ", "put /", "mkdir -p", "systemctl", "psql", "mkfs", "mount --"]
                .map(|word| script.find(word));
            assert!(first.into_iter().flatten().all(|at| at > guard), "the guard comes first: {script}");
            // Only what stands before the first change is run here.
            let (head, _) = script.split_once("state=/var/lib/quarterdeck/build").unwrap();
            let said = server.bad(&format!("{told}{head}echo went on"));
            assert!(said.contains("nothing was changed"), "{said}");
        }
    }
}

#[test]
fn what_people_and_config_say_stays_a_value() {
    let server = Server::new();
    let scripts = every(&server.layout);
    let people = scripts.iter().find(|script| script.contains("person 'ana'")).unwrap();
    assert!(people.contains(r"person 'ana' 'Ana'\''s' 'ssh-ed25519 A'\''B'"), "{people}");
}

#[test]
fn r18_redis_that_holds_sessions_evicts_none_and_a_node_of_rabbitmq_keeps_its_name() {
    let server = Server::new();
    let scripts = every(&server.layout);
    let with = |word: &str| scripts.iter().find(|script| script.contains(word)).unwrap();
    assert!(with("bind 127.0.0.1 $address").contains("maxmemory-policy noeviction"));
    let rabbitmq = with("# sandbox: build rabbitmq");
    assert!(rabbitmq.contains("node=rabbit@localhost") && rabbitmq.contains("node=${data##*/}"));
    assert!(!rabbitmq.contains("add_user \"$user\" "), "the password is in no argument: {rabbitmq}");
}

#[test]
fn r12_data_of_a_replica_step_aside_only_after_the_copy_is_complete() {
    let server = Server::new();
    let scripts = every(&server.layout);
    let copy = scripts.iter().find(|script| script.contains("# sandbox: build copy")).unwrap();
    let at = |word: &str| copy.find(word).unwrap_or_else(|| panic!("{word}: {copy}"));
    assert!(at("IDENTIFY_SYSTEM") < at("CREATE_REPLICATION_SLOT"));
    // Where it stops before, that was asked for: there is no room for both.
    let (asked, stops) = (at("if [ \"$tight\" = yes ]; then\nchanges"), at("systemctl stop"));
    assert!(copy.contains("tight='no'") && asked < stops && stops < at("pg_basebackup -d"));
    let swap = copy.rfind("systemctl stop").unwrap();
    assert!(at("pg_basebackup -d") < swap);
    assert!(swap < at("mv -- \"$data\" \"$data.before\""));
    assert!(at("until lasts") < copy.rfind("rm -rf -- \"$data.before\"").unwrap());
}

#[test]
fn r12_of_a_replica_that_is_made_anew_nothing_goes_before_the_primary_lets_us_copy() {
    let server = Server::new();
    let parts = copied(&server.layout);
    let at = |script: &str, word: &str| script.find(word).unwrap_or_else(|| panic!("{word}: {script}"));
    for part in parts.iter().filter(|part| part.name == "copy") {
        let deletes = at(&part.script, "rm -rf -- \"$data\" \"$data.before\"");
        for proof in [
            "IDENTIFY_SYSTEM",
            "pg_is_in_recovery",
            "pg_controldata",
            "max_wal_senders",
            "CREATE_REPLICATION_SLOT",
        ] {
            assert!(at(&part.script, proof) < deletes, "{proof}");
        }
        let back = part.back.as_ref().unwrap();
        assert!(!back.contains("rm -rf -- \"$data\""), "the old data stay: {back}");
    }
    let looks = parts.iter().filter(|part| part.name == "can-copy");
    for part in looks {
        let (_, rest) = part.script.split_once("state=/var/lib/quarterdeck/build").unwrap();
        for word in ["systemctl stop", "mv -- \"$data", "REPLICATION_SLOT", "pg_basebackup", "put \"$"] {
            assert!(!rest.contains(word), "looking changes nothing: {word}");
        }
    }
}
