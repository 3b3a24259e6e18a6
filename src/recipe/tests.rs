//! Every script is read by `sh`, and those that need no server run on a directory that looks like one.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

use super::*;

mod baking;
mod building;
mod caches;
mod configured;
mod copies;
mod finishing;
mod locked;
mod mercurial;
mod packages;
mod settings;
mod telling;
mod volume;
use crate::fleet::{Changeset, CodeLayout, Layout};
use crate::plan::Page;

/// A directory that looks like a server's home, and tools that only pretend.
struct Server {
    directory: TempDir,
    layout: Layout,
}

/// Supervisor with a file of one word, its state, for each program.
const SUPERVISOR: &str = r#"
state=$HERE/supervisor; mkdir -p "$state"; echo "$*" >>"$HERE/supervisor.log"
command=$1; shift
programs() { for p in "$@"; do case $p in
*:\*) g=${p%:\*}; found=; for f in "$state/$g:"*; do [ -e "$f" ] && { basename "$f"; found=1; }; done
[ -n "$found" ] || { echo "$g: ERROR (no such group)"; exit 4; } ;;
*) echo "$p" ;; esac; done; }
case $command in
status) list=$(programs "$@") || { echo "$list"; exit 4; }
c=0; for p in $list; do s=$(cat "$state/$p"); echo "$p   $s   pid 1"; [ "$s" = RUNNING ] || c=3; done; exit $c ;;
stop) for p in $(programs "$@"); do echo STOPPED >"$state/$p"; done ;;
start|restart) for p in $(programs "$@"); do
if [ -e "$HERE/dies" ]; then echo FATAL >"$state/$p"; else echo RUNNING >"$state/$p"; fi; done ;;
esac"#;

impl Server {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name).to_str().unwrap().to_owned();
        let me = Command::new("id").arg("-un").output().unwrap().stdout;
        let me = String::from_utf8(me).unwrap().trim().to_owned();
        let layout = Layout {
            deploy_user: me.clone(),
            webserver_user: me,
            settings_module: "myproject.local_settings".into(),
            home: at("it's home"),
            code_root: at("it's home/code root"),
            log_dir: at("log"),
            virtualenv: at("env"),
            services: at("services"),
            vcs: "git".into(),
            celery_app: "myproject.celery".into(),
            celery_workers: vec!["main".into(), "exports".into()],
            gunicorn_port: 8000,
            site: ".example.com".into(),
            health_path: "/healthcheck.html".into(),
            code: CodeLayout {
                environment: "staging".into(),
                project: "my project".into(),
                gunicorn_multiplier: 4,
                requirements: "requirements.txt".into(),
                local_settings: at("local_settings.py"),
                upgrade_message: "deployment/503.html".into(),
                ..CodeLayout::default()
            },
            ..Layout::default()
        };
        let server = Self { directory, layout };
        for place in [&server.layout.code_root, &server.layout.home] {
            fs::create_dir_all(place).unwrap();
        }
        fs::create_dir_all(server.at("services/nginx/html")).unwrap();
        server.tool(
            "bin/sudo",
            "while :; do case $1 in -n) shift ;; -u) shift 2 ;; *) break ;; esac; done\nexec \"$@\"",
        );
        server.tool("bin/supervisorctl", SUPERVISOR);
        server
    }

    fn at(&self, name: &str) -> PathBuf {
        self.directory.path().join(name)
    }

    fn tool(&self, name: &str, body: &str) {
        let path = self.at(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, format!("#!/bin/sh\n{body}\n")).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    fn programs(&self, states: &[(&str, &str)]) {
        fs::create_dir_all(self.at("supervisor")).unwrap();
        for (name, state) in states {
            fs::write(self.at("supervisor").join(format!("staging-celery:staging-{name}")), state).unwrap();
        }
    }

    fn state(&self, name: &str) -> String {
        let path = self.at("supervisor").join(format!("staging-celery:staging-{name}"));
        fs::read_to_string(path).unwrap().trim().to_owned()
    }

    fn run(&self, script: &str) -> Output {
        let path = format!("{}:{}", self.at("bin").display(), std::env::var("PATH").unwrap());
        Command::new("sh")
            .args(["-c", script])
            .env("PATH", path)
            .env("HERE", self.directory.path())
            .current_dir("/")
            .output()
            .unwrap()
    }

    /// What it printed; it must end well.
    fn good(&self, script: &str) -> String {
        let output = self.run(script);
        assert!(output.status.success(), "{}{}", text(&output.stdout), text(&output.stderr));
        text(&output.stdout)
    }

    /// Why it failed.
    fn bad(&self, script: &str) -> String {
        let output = self.run(script);
        assert!(!output.status.success(), "{}", text(&output.stdout));
        text(&output.stderr)
    }

    fn git(&self, directory: &Path, args: &[&str]) -> String {
        let output = Command::new("git")
            .arg("-C")
            .arg(directory)
            .args(["-c", "user.name=A", "-c", "user.email=a@example.com", "-c", "init.defaultBranch=main"])
            .args(args)
            .env("HOME", self.directory.path())
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", text(&output.stderr));
        text(&output.stdout).trim().to_owned()
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// Every script but the baking one: these may be run here, whatever they are told.
fn every(layout: &Layout) -> Vec<String> {
    let changeset = Changeset::new("a1b2c3d");
    // Wherever such a script gets to, it is below a directory of the test's.
    let below = format!("{}/root", layout.virtualenv);
    let all = crate::fleet::ServiceFile::ALL;
    let on = service_files::On { role: &crate::fleet::Role::Web, beat: false, note: Some("n1") };
    vec![
        page::show(layout),
        page::set(layout, Page::Off),
        page::set(layout, Page::Healthy),
        page::set(layout, Page::Unhealthy),
        code::checkout(layout, &changeset),
        code::checkout_noting(layout, &changeset, "20261128T101500"),
        code::back_to_note(layout, "20261128T101500", None),
        code::back_to_note(layout, "20261128T101500", Some(services::Group::Web)),
        code::requirements(layout),
        code::settings(layout),
        code::settings_written(layout, Some("n1")),
        code::settings_back(layout, "n1"),
        service_files::written_below(layout, &below, &on, &all),
        service_files::back_below(layout, &below, &on, &all),
        manage::migrate(layout),
        manage::collectstatic(layout),
        manage::compress(layout),
        celery::quiet(layout),
        celery::stop(layout),
        celery::start(layout, true),
        celery::start(layout, false),
        services::restart(layout, services::Group::Web),
        services::stop(layout, services::Group::Web),
        services::start(layout, services::Group::Web),
        services::reload_nginx(layout),
        health::ask(layout),
        new_relic::told(layout, "x'; touch $HERE/evil", "`touch $HERE/evil`", &changeset),
        health::wait(layout, 2),
        logs::of_web(layout),
        logs::of_worker(layout),
    ]
}

#[test]
fn every_script_is_one_that_sh_reads_says_what_it_does_and_stops_at_the_first_failure() {
    let server = Server::new();
    // Read, and not run: the baking one is meant for one server in the world, and those that build a server for that one.
    let read_only = building::every(&server.layout)
        .into_iter()
        .chain(copies::every(&server.layout))
        .chain(caches::every(&server.layout))
        .chain([bake::clean(&server.layout)]);
    for script in every(&server.layout).into_iter().chain(read_only) {
        let mut lines = script.lines();
        assert!(lines.next().is_some_and(|line| line.starts_with("# sandbox: ")), "{script}");
        assert_eq!(lines.next(), Some("set -eu"), "{script}");
        assert!(!lines.any(|line| line.starts_with('#')), "{script}");
        let output = Command::new("sh").args(["-n", "-c", &script]).output().unwrap();
        assert!(output.status.success(), "{}\n{script}", text(&output.stderr));
        assert!(script.len() < 16_000, "{} bytes", script.len());
    }
}

#[test]
fn what_the_config_says_cannot_become_a_command() {
    let server = Server::new();
    let evil = "x'; touch $HERE/evil; $(touch $HERE/evil) `touch $HERE/evil`\n#";
    let layout = Layout {
        services: evil.into(),
        code_root: evil.into(),
        health_path: evil.into(),
        site: evil.into(),
        code: CodeLayout { environment: evil.into(), local_settings: evil.into(), ..CodeLayout::default() },
        ..server.layout.clone()
    };
    for script in every(&layout) {
        server.run(&script);
        assert!(!server.at("evil").exists(), "{script}");
    }
    let script = code::checkout(&layout, &Changeset::new("a\ntouch evil"));
    assert_eq!(script.lines().next(), Some("# sandbox: code checkout a touch evil"));
}

#[test]
fn the_page_goes_up_and_comes_off_and_every_file_of_it() {
    let server = Server::new();
    let show = || page::read(server.good(&page::show(&server.layout)).lines());
    let set = |page| page::read(server.good(&page::set(&server.layout, page)).lines());
    let html = server.at("services/nginx/html");
    assert_eq!(show(), Some(Page::Off));
    for page in [Page::Healthy, Page::Unhealthy, Page::Healthy, Page::Healthy, Page::Off, Page::Off] {
        assert_eq!(set(page), Some(page));
        assert_eq!(show(), Some(page));
        assert_eq!(html.join("503.html").exists(), page != Page::Off);
        assert_eq!(html.join("healthcheck.html").exists(), page == Page::Healthy);
    }
    assert_eq!(fs::read_dir(&html).unwrap().count(), 0, "nothing is left behind");
}

#[test]
fn the_page_is_the_projects_own_where_it_has_one_and_anybody_may_read_it() {
    let server = Server::new();
    let page = server.at("services/nginx/html/503.html");
    server.good(&page::set(&server.layout, Page::Unhealthy));
    assert!(fs::read_to_string(&page).unwrap().contains("being upgraded"));
    assert_eq!(fs::metadata(&page).unwrap().permissions().mode() & 0o777, 0o644);
    server.good(&page::set(&server.layout, Page::Off));
    let own = Path::new(&server.layout.code_root).join("deployment");
    fs::create_dir_all(&own).unwrap();
    fs::write(own.join("503.html"), "Ours").unwrap();
    server.good(&page::set(&server.layout, Page::Healthy));
    assert_eq!(fs::read_to_string(&page).unwrap(), "Ours");
    let other = Layout { services: "/nowhere".into(), ..server.layout.clone() };
    assert!(server.bad(&page::set(&other, Page::Healthy)).contains("is this a web server?"));
}

#[test]
fn code_goes_forward_by_fetching_and_back_without() {
    let server = Server::new();
    let origin = server.at("origin");
    fs::create_dir_all(&origin).unwrap();
    server.git(&origin, &["init", "-q"]);
    let commit = |name: &str| {
        fs::write(origin.join("file"), name).unwrap();
        server.git(&origin, &["add", "-A"]);
        server.git(&origin, &["commit", "-qm", name]);
        Changeset::new(server.git(&origin, &["rev-parse", "HEAD"]))
    };
    let old = commit("old");
    let checkout = Path::new(&server.layout.code_root);
    fs::remove_dir(checkout).unwrap();
    server.git(&origin, &["clone", "-q", ".", checkout.to_str().unwrap()]);
    let new = commit("new");
    fs::write(checkout.join("file"), "changed by hand").unwrap();
    fs::write(checkout.join("gone.pyc"), "").unwrap();
    let short = Changeset::new(new.short());
    let said = server.good(&code::checkout(&server.layout, &short));
    assert_eq!(said, format!("fetching\nchangeset={new}\n"));
    assert_eq!(fs::read_to_string(checkout.join("file")).unwrap(), "new");
    assert!(!checkout.join("gone.pyc").exists());
    fs::remove_dir_all(&origin).unwrap();
    // Whoever goes back to what was noted comes to what was found first, however often it was begun.
    let back = code::back_to_note(&server.layout, "n1", None);
    assert_eq!(server.good(&back), "nothing was checked out: nothing to take back\n");
    for to in [&old, &old, &new] {
        server.good(&code::checkout_noting(&server.layout, to, "n1"));
    }
    server.good(&code::checkout(&server.layout, &old));
    let plain = Layout {
        code: CodeLayout { requirements: String::new(), ..server.layout.code.clone() },
        ..server.layout.clone()
    };
    for _ in 0..2 {
        let said = server.good(&code::back_to_note(&plain, "n1", None));
        assert!(said.starts_with(&format!("changeset={new}\n")), "{said}");
    }
    assert_eq!(server.good(&code::checkout(&server.layout, &old)), format!("changeset={old}\n"));
    let unknown = server.bad(&code::checkout(&server.layout, &Changeset::new("0123456789")));
    assert!(unknown.contains("0123456789 is not in the checkout and cannot be fetched"), "{unknown}");
}

#[test]
fn packages_are_those_that_the_checkout_wants() {
    let server = Server::new();
    server.tool("env/bin/pip", "echo \"$*\" >\"$HERE/pip.log\"");
    let missing = server.bad(&code::requirements(&server.layout));
    assert_eq!(missing, "there is no requirements.txt in the checkout\n");
    fs::write(Path::new(&server.layout.code_root).join("requirements.txt"), "").unwrap();
    server.good(&code::requirements(&server.layout));
    let log = || fs::read_to_string(server.at("pip.log")).unwrap();
    assert!(log().ends_with("--no-input --requirement requirements.txt\n"), "{}", log());
    let mut bundled = server.layout.clone();
    bundled.code.sdists = "sdists".into();
    server.good(&code::requirements(&bundled));
    let links = format!("--no-index --find-links=file://{}/sdists", server.layout.code_root);
    assert!(log().contains(&links), "{}", log());
    assert!(server.bad(&code::settings(&server.layout)).contains("was never set up"));
    fs::write(server.at("local_settings.py"), "").unwrap();
    server.good(&code::settings(&server.layout));
}

#[test]
fn r17_celery_stops_beat_first_and_starts_it_only_where_it_belongs() {
    let server = Server::new();
    assert!(server.bad(&celery::stop(&server.layout)).contains("no group staging-celery"));
    let names = ["celeryd-main", "celeryd-exports", "celerybeat", "celerycam"];
    server.programs(&names.map(|name| (name, "RUNNING")));
    let said = server.good(&celery::stop(&server.layout));
    assert!(said.ends_with("Celery is stopped\n"), "{said}");
    let log = fs::read_to_string(server.at("supervisor.log")).unwrap();
    let stops: Vec<&str> = log.lines().filter(|line| line.starts_with("stop ")).collect();
    assert!(stops[0].contains("celerybeat") && stops[0].contains("celerycam"), "{stops:?}");
    assert_eq!(stops[1], "stop staging-celery:*");
    assert!(names.iter().all(|name| server.state(name) == "STOPPED"));
    server.good(&celery::stop(&server.layout));
    server.good(&celery::start(&server.layout, false));
    assert_eq!(names.map(|name| server.state(name)), ["RUNNING", "RUNNING", "STOPPED", "STOPPED"]);
    server.good(&celery::start(&server.layout, true));
    assert!(names.iter().all(|name| server.state(name) == "RUNNING"));
    server.good(&celery::start(&server.layout, false));
    assert_eq!(server.state("celerybeat"), "STOPPED", "another worker has it");
}

#[test]
fn celery_that_still_ends_its_tasks_is_waited_for_before_it_is_started() {
    let server = Server::new();
    server.programs(&[("celeryd-main", "STOPPING"), ("celerybeat", "STOPPED")]);
    // A second later its last task has ended.
    server.tool("bin/sleep", "echo STOPPED >\"$HERE/supervisor/staging-celery:staging-celeryd-main\"");
    let said = server.good(&celery::start(&server.layout, true));
    assert!(said.starts_with("waiting 0 s of 600 for staging-celery:staging-celeryd-main to end"), "{said}");
    assert_eq!(["celeryd-main", "celerybeat"].map(|name| server.state(name)), ["RUNNING", "RUNNING"]);
}

#[test]
fn a_celery_that_does_not_come_up_fails_the_step() {
    let server = Server::new();
    server.programs(&[("celeryd-main", "STOPPED"), ("celerybeat", "STOPPED")]);
    fs::write(server.at("dies"), "").unwrap();
    let why = server.bad(&celery::start(&server.layout, true));
    assert!(why.contains("does not run: ") && why.contains("celeryd-main"), "{why}");
}

#[test]
fn r21_compressing_fails_the_deploy_where_it_fails_and_is_left_out_where_there_is_none() {
    let server = Server::new();
    let manage = |commands: &str, then: &str| {
        let body = format!(
            "shift; echo \"$*\" >>\"$HERE/manage.log\"\nif [ \"$1\" = help ]; then printf '{commands}'; exit; fi\n{then}"
        );
        server.tool("env/bin/python", &body);
    };
    manage(r"check\nmigrate\n", "exit 1");
    assert_eq!(server.good(&manage::compress(&server.layout)), "the project compresses nothing\n");
    manage(r"check\ncompress\n", "echo 'lessc: not found' >&2; exit 1");
    assert!(server.bad(&manage::compress(&server.layout)).contains("lessc: not found"));
    manage("", "exit 0");
    server.good(&manage::migrate(&server.layout));
    let log = fs::read_to_string(server.at("manage.log")).unwrap();
    assert!(log.ends_with("migrate --noinput --settings=myproject.local_settings\n"), "{log}");
}

#[test]
fn r2_health_is_gunicorns_own_answer_past_nginx() {
    let server = Server::new();
    let curl = |code: &str| {
        let body = format!(
            "echo \"$*\" >\"$HERE/curl.log\"\nwhile [ $# -gt 0 ]; do case $1 in -o) shift; echo 'no such table' >\"$1\" ;; esac; shift; done\nprintf {code}"
        );
        server.tool("bin/curl", &body);
    };
    curl("200");
    server.good(&health::ask(&server.layout));
    let log = fs::read_to_string(server.at("curl.log")).unwrap();
    assert!(
        log.contains("Host: example.com") && log.ends_with("http://127.0.0.1:8000/healthcheck.html\n"),
        "{log}"
    );
    curl("500");
    let why = server.bad(&health::ask(&server.layout));
    assert_eq!(why, "Gunicorn answers the health check with 500\nno such table\n");
}

#[test]
fn last_lines_are_of_the_logs_that_are_there() {
    let server = Server::new();
    fs::create_dir_all(server.at("log")).unwrap();
    fs::write(server.at("log/gunicorn.log"), "one\ntwo\n").unwrap();
    let said = server.good(&logs::of_web(&server.layout));
    assert!(said.starts_with("== ") && said.ends_with("one\ntwo\n") && !said.contains("error.log"), "{said}");
}
