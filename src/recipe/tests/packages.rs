//! What goes wrong while packages come: mirrors that are down, others who install, full disks. Nothing waits here: time is what
//! a tool says.

use std::fs;

use super::{Server, building, text};
use crate::fleet::{AppPlace, BuildPlace, Role};
use crate::recipe::build;
use crate::recipe::code;
use crate::recipe::script::spoken;

/// Fails as often as there are files `fails-*`, each with what is said then.
const APT_GET: &str = r#"echo "$*" >>"$HERE/asked"
for one in "$HERE"/fails-*; do [ -e "$one" ] || break; cat "$one" >&2; [ -e "$HERE/forever" ] || rm "$one"; exit 100; done
: >"$HERE/installed""#;

fn server() -> Server {
    let server = Server::new();
    server.tool("bin/apt-get", APT_GET);
    server.tool("bin/dpkg-query", r#"if [ -e "$HERE/installed" ]; then echo installed; fi"#);
    // Each pause is a minute.
    server
        .tool("bin/sleep", r#"n=$(cat "$HERE/time" 2>/dev/null || echo 0); echo $((n + 60)) >"$HERE/time""#);
    server.tool("bin/date", r#"cat "$HERE/time" 2>/dev/null || echo 0"#);
    server
}

/// Installs a package; what is said, and whether it came.
fn need(server: &Server) -> (String, bool) {
    let head = "set -eu\nfail() { echo \"$1\" >&2; exit 1; }\nchanges() { echo \"$1\"; }\n";
    let apt = spoken(include_str!("../build/scripts/apt.sh"));
    let output = server.run(&format!("{head}{apt}need redis-server"));
    (text(&output.stdout) + &text(&output.stderr), output.status.success())
}

const LOCKED: &str =
    "E: Could not get lock /var/lib/dpkg/lock-frontend. It is held by process 812 (unattended-upgr)\n";
const DOWN: &str =
    "E: Failed to fetch http://mirror.example.com/x.deb  Could not connect to mirror.example.com:80\n";

#[test]
fn a_mirror_that_is_down_is_waited_for_and_comes_back() {
    let server = server();
    fs::write(server.at("fails-1"), DOWN).unwrap();
    fs::write(server.at("fails-2"), DOWN).unwrap();
    let (said, well) = need(&server);
    assert!(
        well && said.matches("a mirror of packages does not answer: waiting").count() == 1,
        "told once: {said}"
    );
    assert!(fs::read_to_string(server.at("asked")).unwrap().lines().count() == 3);
}

#[test]
fn whoever_holds_the_lock_is_named_and_waited_for_and_not_for_ever() {
    let server = server();
    fs::write(server.at("fails-1"), LOCKED).unwrap();
    let (said, well) = need(&server);
    assert!(
        well && said
            .contains("process 812 (unattended-upgr), installs packages and holds apt's lock: waiting"),
        "{said}"
    );
    fs::remove_file(server.at("installed")).unwrap();
    fs::write(server.at("fails-1"), LOCKED).unwrap();
    fs::write(server.at("forever"), "").unwrap();
    let (said, well) = need(&server);
    assert!(!well && said.contains("holds apt's lock, for a quarter of an hour"), "{said}");
    assert!(said.contains("apt did not install redis-server") && said.contains("resume"), "{said}");
    // And once they are done, it comes.
    fs::remove_file(server.at("fails-1")).unwrap();
    assert!(need(&server).1);
}

#[test]
fn a_full_disk_is_not_waited_for() {
    let server = server();
    fs::write(server.at("fails-1"), "E: You don't have enough free space in /var/cache/apt/archives/.\n")
        .unwrap();
    let (said, well) = need(&server);
    assert!(
        !well && said.contains("the disk of this server is full: ") && said.contains("MB free"),
        "{said}"
    );
    assert!(!said.contains("waiting"), "{said}");
}

#[test]
fn a_repository_that_nobodys_key_reads_says_whose_key_it_wants_and_is_cloned_once_it_may_be() {
    let server = Server::new();
    let build = BuildPlace {
        app: AppPlace {
            repo: Some("git@git.example.com:example/myproject.git".into()),
            ..AppPlace::default()
        },
        ..BuildPlace::default()
    };
    let layout = crate::fleet::Layout {
        code_root: format!("{}/new", server.layout.code_root),
        ..server.layout.clone()
    };
    let plot = building::plot_of(&layout, &build, &[]);
    let all = build::parts(&Role::Worker, &plot);
    let part = all.iter().find(|part| part.name == "repository").unwrap();
    let here = server.directory.path().display().to_string();
    let script = building::unguarded(&part.script, &here);
    server.tool(
        "bin/git",
        r#"if [ "$1" = clone ]; then
if [ -e "$HERE/refuses" ]; then echo 'git@git.example.com: Permission denied (publickey).' >&2; exit 128; fi
for new in "$@"; do :; done; mkdir -p "$new/.git"
else echo git@git.example.com:example/myproject.git; fi"#,
    );
    fs::write(server.at("refuses"), "").unwrap();
    let user = "me=$(id -un); as_user() { shift; \"$@\"; }";
    let said = server.bad(&format!("{user}\n{script}"));
    assert!(
        said.contains("Permission denied") && said.contains("the public half of repository_key"),
        "{said}"
    );
    fs::remove_file(server.at("refuses")).unwrap();
    assert!(server.good(&format!("{user}\n{script}")).contains("done: clone the project's repository"));
    assert!(server.good(&format!("{user}\n{script}")).contains("already so: "));
}

#[test]
fn requirements_that_do_not_resolve_say_so_and_come_once_they_do() {
    let server = Server::new();
    fs::write(server.at("it's home/code root/requirements.txt"), "nothing-like-it==9\n").unwrap();
    server.tool(
        "env/bin/pip",
        r#"if [ -e "$HERE/none" ]; then echo 'ERROR: No matching distribution found for nothing-like-it==9' >&2; exit 1; fi"#,
    );
    fs::write(server.at("none"), "").unwrap();
    let said = server.bad(&code::requirements(&server.layout));
    assert!(
        said.contains("nothing-like-it==9")
            && said.contains("pip could not install what requirements.txt wants"),
        "{said}"
    );
    fs::remove_file(server.at("none")).unwrap();
    server.good(&code::requirements(&server.layout));
}
