//! Scripts that build servers are read here, and run only as far as where they find out that this is no server: they
//! would do harm. What they do is shown on hosts of the lab.

use std::sync::LazyLock;

use super::*;
use crate::fleet::{AppPlace, BuildPlace, Person, Role, RolePlace};
use crate::plan::Address;
use crate::recipe::build::{self, Plot};

static PRIMARY: LazyLock<Address> = LazyLock::new(|| "10.0.1.5".into());

fn plot_of<'a>(layout: &'a Layout, build: &'a BuildPlace, people: &'a [Person]) -> Plot<'a> {
    Plot {
        layout,
        build,
        people,
        primary: Some(&PRIMARY),
        known_hosts: "git.example.com ssh-ed25519 K",
        has_key: true,
    }
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
        volume_root: Some("/srv/app".into()),
        roles: build::ROLES
            .map(|role| (role, RolePlace { volume_gb: Some(100), ..RolePlace::default() }))
            .to_vec(),
        ..BuildPlace::default()
    };
    let plot = plot_of(layout, &build, &people);
    let of_role = |role: &Role| {
        let last = if build::runs_code(role) { build::serving(role, &plot) } else { Vec::new() };
        build::parts(role, &plot).into_iter().chain([build::for_code(&plot)]).chain(last)
    };
    let parts: Vec<_> = build::ROLES.iter().flat_map(of_role).collect();
    let of_parts = parts.into_iter().flat_map(|part| [Some(part.script), part.back]).flatten();
    of_parts.chain([build::stop_for_good()]).collect()
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
    assert!(at("pg_basebackup -d") < at("systemctl stop"));
    assert!(at("systemctl stop") < at("mv -- \"$data\" \"$data.before\""));
    assert!(at("wait_for 300 streams") < copy.rfind("rm -rf -- \"$data.before\"").unwrap());
}
