//! Files of services are put in place together or not at all, and go back to what was there; on boot they learn the
//! server's own addresses.

use super::*;
use crate::fleet::{Role, ServiceFile};
use crate::recipe::service_files::{On, back_below, written_below};

use ServiceFile::{Entrypoint, Nginx, NginxPassword, OwnAddresses, PgBouncer, Stunnel, Supervisor};

/// Tools that only pretend: nothing outside of the directory is touched or asked.
fn server() -> Server {
    let server = Server::new();
    server.tool("bin/chown", "exit 0");
    server.tool("bin/nproc", "echo 3");
    server.tool("bin/nginx", "[ ! -e \"$HERE/nginx-refuses\" ] || { echo 'unknown directive' >&2; exit 1; }");
    server.tool("bin/systemctl", "echo \"$*\" >>\"$HERE/systemctl.log\"");
    for place in ["root/etc/nginx/sites-enabled", "root/etc/supervisor/conf.d", "root/etc/systemd/system"] {
        fs::create_dir_all(server.at(place)).unwrap();
    }
    fs::write(server.at("root/etc/nginx/nginx.conf"), "http {}\n").unwrap();
    fs::create_dir_all(server.at("root/etc/nginx/conf.d")).unwrap();
    for name in ["staging-pgbouncer", "staging-stunnel"] {
        fs::create_dir_all(server.at("supervisor")).unwrap();
        fs::write(server.at("supervisor").join(format!("staging-pgbouncer:{name}")), "RUNNING").unwrap();
    }
    server
}

fn root(server: &Server) -> String {
    server.at("root").to_str().unwrap().to_owned()
}

fn on<'a>(role: &'a Role, note: Option<&'static str>, beat: bool) -> On<'a> {
    On { role, beat, note }
}

fn write(server: &Server, on: &On<'_>, texts: &[(ServiceFile, &str)]) -> String {
    let files: Vec<ServiceFile> = texts.iter().map(|(file, _)| *file).collect();
    let script = written_below(&server.layout, &root(server), on, &files);
    let (first, rest) = script.split_once('\n').unwrap();
    let told =
        texts.iter().map(|(file, text)| format!("{}='{}'\n", file.variable(), text.replace('\'', r"'\''")));
    format!("{first}\n{}{rest}", told.collect::<String>())
}

fn read(server: &Server, file: ServiceFile) -> String {
    fs::read_to_string(path(server, file)).unwrap_or_else(|error| format!("{error}"))
}

fn path(server: &Server, file: ServiceFile) -> PathBuf {
    let path = file.path(&server.layout);
    if path.starts_with(&server.layout.services) {
        path.into()
    } else {
        format!("{}{path}", root(server)).into()
    }
}

/// Everything beside the files themselves that is left of them.
fn leftovers(server: &Server) -> Vec<String> {
    let output = Command::new("find")
        .args([server.directory.path().to_str().unwrap(), "-name", "*.before-*", "-o", "-name", "*.none-*"])
        .args(["-o", "-name", ".quarterdeck.*", "-o", "-name", "*.own", "-o", "-name", "*.new"])
        .output()
        .unwrap();
    text(&output.stdout).lines().map(|line| line.rsplit('/').next().unwrap_or_default().to_owned()).collect()
}

const PROGRAMS: &str = "[program:staging-celerybeat]\nautostart=true\ncommand=beat\n\n[program:staging-celeryd-main]\nautostart=true\n# @quarterdeck-workers@";

#[test]
fn files_are_written_with_their_owners_modes_and_read_again_and_go_back_however_often_it_is_begun() {
    let server = server();
    let old = path(&server, Stunnel);
    fs::create_dir_all(old.parent().unwrap()).unwrap();
    fs::write(&old, "old").unwrap();
    let texts =
        [(Entrypoint, "#!/bin/sh"), (Supervisor, PROGRAMS), (PgBouncer, "it's $HOME"), (Stunnel, "new")];
    let here = on(&Role::Worker, Some("n1"), true);
    let said = server.good(&write(&server, &here, &texts));
    assert!(said.contains("is written"), "{said}");
    let said = server.good(&write(&server, &here, &texts));
    assert!(said.contains("as its template makes it") && !said.contains("is written"), "{said}");
    assert_eq!(read(&server, PgBouncer), "it's $HOME\n");
    assert_eq!(read(&server, Supervisor), PROGRAMS.replace("@quarterdeck-workers@", "12") + "\n");
    let mode = |file| fs::metadata(path(&server, file)).unwrap().permissions().mode() & 0o777;
    assert_eq!([Entrypoint, Supervisor, PgBouncer, Stunnel].map(mode), [0o755, 0o600, 0o600, 0o644]);
    let link = server.at("root/etc/supervisor/conf.d/my project-staging.conf");
    assert_eq!(fs::read_link(&link).unwrap(), path(&server, Supervisor));
    let restarts = || {
        fs::read_to_string(server.at("supervisor.log")).unwrap().matches("restart staging-pgbouncer").count()
    };
    assert_eq!(restarts(), 1, "only what changed is restarted");

    let files = texts.map(|(file, _)| file);
    let back = back_below(&server.layout, &root(&server), &here, &files);
    server.good(&back);
    server.good(&back);
    assert_eq!(read(&server, Stunnel), "old");
    assert!(!path(&server, PgBouncer).exists() && !link.exists() && !link.is_symlink());
    assert_eq!(leftovers(&server), [""; 0]);
}

#[test]
fn what_nginx_supervisor_or_pgbouncer_refuses_is_taken_back_at_once_and_said() {
    for (refuses, said) in [
        ("nginx-refuses", "Nginx refuses"),
        ("supervisor-refuses", "Supervisor refuses"),
        ("dies", "PgBouncer or Stunnel does not run"),
    ] {
        let server = server();
        server.tool(
            "bin/supervisorctl",
            &format!("{SUPERVISOR}\n[ \"$command\" != reread ] || [ ! -e \"$HERE/supervisor-refuses\" ] || echo 'ERROR: CANT_REREAD'"),
        );
        let here = on(&Role::Web, Some("n1"), false);
        let texts = |word| [(Supervisor, word), (PgBouncer, word), (Nginx, word), (OwnAddresses, word)];
        server.good(&write(&server, &on(&Role::Web, None, false), &texts("old")));
        fs::write(server.at(refuses), "").unwrap();
        let why = server.bad(&write(&server, &here, &texts("new")));
        assert!(why.contains(said) && why.contains("The old files are back"), "{why}");
        for (file, _) in texts("") {
            assert_eq!(read(&server, file), "old\n", "{refuses}");
        }
        assert_eq!(leftovers(&server), [""; 0], "{refuses}");
    }
}

#[test]
fn r17_beat_and_the_camera_do_not_start_by_themselves_where_they_do_not_belong() {
    let server = server();
    server.good(&write(&server, &on(&Role::Worker, None, false), &[(Supervisor, PROGRAMS)]));
    assert_eq!(
        read(&server, Supervisor),
        "[program:staging-celerybeat]\nautostart=false\ncommand=beat\n\n[program:staging-celeryd-main]\nautostart=true\n# 12\n"
    );
}

#[test]
fn a_password_for_nginx_is_hashed_and_the_same_again_where_it_did_not_change() {
    let server = server();
    let write = |password: &str| {
        server.good(&write(
            &server,
            &on(&Role::Web, None, false),
            &[(NginxPassword, &format!("guest\n{password}"))],
        ))
    };
    assert!(write("it's a secret").contains("is written"));
    let first = read(&server, NginxPassword);
    assert!(first.starts_with("guest:$apr1$") && !first.contains("secret"), "{first}");
    assert!(write("it's a secret").contains("as its template makes it"));
    write("another");
    assert_ne!(read(&server, NginxPassword), first);
}

#[test]
fn r9_nothing_of_old_files_is_left_on_an_image_and_it_learns_its_addresses_by_one_way_only() {
    let server = server();
    let rc = server.at("root/etc/rc.local");
    fs::write(&rc, "curl http://169.254.169.254/\nsed s/ALLOWED_HOSTS/x/\n").unwrap();
    let image = on(&Role::Web, None, false);
    for word in ["one", "two"] {
        server.good(&write(&server, &image, &[(PgBouncer, word), (Nginx, word), (OwnAddresses, word)]));
    }
    assert_eq!(leftovers(&server), ["rc.local.before-quarterdeck"]);
    assert!(!rc.exists());
    assert!(
        fs::read_to_string(server.at("systemctl.log"))
            .unwrap()
            .contains("--no-reload enable -q quarterdeck-own-addresses")
    );
    let unit =
        fs::read_to_string(server.at("root/etc/systemd/system/quarterdeck-own-addresses.service")).unwrap();
    assert!(unit.contains("Before=nginx.service supervisor.service"), "{unit}");
}

/// EC2's metadata: a file for each answer; without a token nobody learns anything.
const METADATA: &str = r#"case "$*" in
*'-X PUT'*/api/token) [ -e "$HERE/metadata" ] || exit 7; echo word ;;
*'-H @-'*) read -r header; [ "$header" = 'X-aws-ec2-metadata-token: word' ] || exit 22
for last; do :; done; f=$HERE/metadata/${last##*/}
if [ -e "$HERE/throttled" ]; then printf 'slow down\n503'; elif [ -e "$f" ]; then cat "$f"; printf '\n200'; else printf '<html>not here</html>\n404'; fi ;;
esac"#;

/// A server of an image that was made on 10.0.0.1, and the script that it runs on boot.
fn image() -> (Server, String) {
    let server = server();
    server.tool("bin/curl", METADATA);
    server.tool("bin/sleep", "exit 0");
    fs::write(
        server.at("local_settings.py"),
        "ALLOWED_HOSTS = ['a.example.com', 'ip-10-0-0-1.ec2.internal', '10.0.0.1', '54.1.1.1']\nDB = '10.0.0.12'\nCACHE = '110.0.0.1'\n",
    )
    .unwrap();
    server.good(&write(
        &server,
        &on(&Role::Web, None, false),
        &[
            (
                Nginx,
                "server_name a.example.com ip-10-0-0-1.ec2.internal 10.0.0.1 54.1.1.1 10.0.0.1 localhost;",
            ),
            (OwnAddresses, "ip-10-0-0-1.ec2.internal\n10.0.0.1\n\n54.1.1.1"),
        ],
    ));
    let boot = server.at("root/usr/local/lib/quarterdeck/own-addresses");
    (server, fs::read_to_string(boot).unwrap())
}

fn answers(server: &Server, all: &[(&str, &str)]) {
    fs::create_dir_all(server.at("metadata")).unwrap();
    for (name, value) in all {
        fs::write(server.at("metadata").join(name), value).unwrap();
    }
}

#[test]
fn r9_on_boot_a_server_writes_its_own_addresses_into_settings_and_nginx_and_nothing_else() {
    let (server, boot) = image();
    // The new private address is the old public one of somebody else's, so to say: each goes where it belongs.
    answers(
        &server,
        &[
            ("local-hostname", "ip-54-1-1-1.ec2.internal"),
            ("local-ipv4", "54.1.1.1"),
            ("public-ipv4", "54.9.9.9"),
        ],
    );
    let settings = "ALLOWED_HOSTS = ['a.example.com', 'ip-54-1-1-1.ec2.internal', '54.1.1.1', '54.9.9.9']\nDB = '10.0.0.12'\nCACHE = '110.0.0.1'\n";
    for said in ["are this server's now", "are this server's\n"] {
        assert!(server.good(&boot).contains(said));
        assert_eq!(fs::read_to_string(server.at("local_settings.py")).unwrap(), settings);
        assert_eq!(
            read(&server, Nginx),
            "server_name a.example.com ip-54-1-1-1.ec2.internal 54.1.1.1 54.9.9.9 54.1.1.1 localhost;\n"
        );
    }
    assert_eq!(read(&server, OwnAddresses), "ip-54-1-1-1.ec2.internal\n54.1.1.1\n\n54.9.9.9\n");
    assert_eq!(leftovers(&server), [""; 0]);
}

#[test]
fn r9_an_answer_that_fails_changes_nothing() {
    let before =
        |server: &Server| fs::read_to_string(server.at("local_settings.py")).unwrap() + &read(server, Nginx);
    let (server, boot) = image();
    let old = before(&server);
    assert!(server.good(&boot).contains("does not say which addresses"), "nobody answers");
    answers(&server, &[("local-ipv4", "10.0.0.9")]);
    fs::write(server.at("throttled"), "").unwrap();
    assert!(server.good(&boot).contains("answers 503"));
    fs::remove_file(server.at("throttled")).unwrap();
    answers(&server, &[("local-hostname", "<html>$(touch evil)</html>")]);
    assert!(server.good(&boot).contains("something else than an address"));
    fs::remove_file(server.at("metadata/local-hostname")).unwrap();
    fs::remove_file(server.at("metadata/local-ipv4")).unwrap();
    assert!(server.good(&boot).contains("no private address"));
    assert_eq!(before(&server), old);
    assert_eq!(leftovers(&server), [""; 0]);
}
