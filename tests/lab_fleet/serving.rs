//! A whole environment from nothing: an empty directory, an empty account and bare hosts become a primary, a replica, a cache,
//! a worker and a web server, until a task is done and the site answers.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use serde_json::{Value, json};

use crate::bare::{Bare, KEY};
use crate::building::again_told;
use crate::guided::{self, Answer::Choose, Answer::Type};
use crate::lab::{folder, within};

/// The table that the site's pages count, as a migration would make it.
const MIGRATION: &str = r#"from django.db import migrations

MAKE = "create table visits (id bigserial primary key, note text not null, at timestamptz not null default now())"


class Migration(migrations.Migration):
    initial = True
    operations = [migrations.RunSQL(MAKE, "drop table visits")]
"#;

/// The project's repository, served to the hosts of the lab.
struct Origin {
    address: String,
    changeset: String,
    _dir: tempfile::TempDir,
    daemon: Child,
}

impl Drop for Origin {
    fn drop(&mut self) {
        let _ = self.daemon.kill();
        let _ = self.daemon.wait();
    }
}

fn git(dir: &Path, words: &[&str]) -> String {
    let who = ["-c", "user.name=A Developer", "-c", "user.email=developer@example.com"];
    let output = Command::new("git").args(who).args(words).current_dir(dir).output().unwrap();
    assert!(output.status.success(), "{words:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

impl Origin {
    /// The lab's site with a migration, at an address that hosts reach.
    fn serve() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let work = dir.path().join("work");
        let app = folder().join("roles/app");
        std::fs::create_dir_all(work.join("myproject/migrations")).unwrap();
        std::fs::create_dir_all(work.join("requirements")).unwrap();
        for file in std::fs::read_dir(app.join("myproject")).unwrap().map(Result::unwrap) {
            if file.path().is_file() {
                std::fs::copy(file.path(), work.join("myproject").join(file.file_name())).unwrap();
            }
        }
        for (from, to) in [
            ("manage.py", "manage.py"),
            ("gitignore", ".gitignore"),
            ("requirements.txt", "requirements/production.txt"),
        ] {
            std::fs::copy(app.join(from), work.join(to)).unwrap();
        }
        std::fs::write(work.join("myproject/migrations/__init__.py"), "").unwrap();
        std::fs::write(work.join("myproject/migrations/0001_initial.py"), MIGRATION).unwrap();
        git(&work, &["init", "-q", "-b", "main"]);
        git(&work, &["add", "-A"]);
        git(&work, &["commit", "-qm", "A site with a health check and tasks"]);
        let changeset = git(&work, &["rev-parse", "HEAD"]);
        git(dir.path(), &["clone", "-q", "--bare", "work", "myproject.git"]);
        let net = std::env::var("LAB_NET").unwrap_or_else(|_| "10.77".into());
        let host = format!("{net}.0.1");
        // Whoever takes a port by its number may find it taken: the daemon says so by ending.
        let (daemon, port) = within(30, "the repository is served", || {
            let port = TcpListener::bind((host.as_str(), 0)).unwrap().local_addr().unwrap().port();
            // Not by `git daemon`, which would leave the daemon behind when it is killed.
            let mut daemon = Command::new(Path::new(&git(dir.path(), &["--exec-path"])).join("git-daemon"))
                .args(["--reuseaddr", "--export-all", &format!("--listen={host}")])
                .args([&format!("--port={port}"), &format!("--base-path={}", dir.path().display())])
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            within(10, "it listens, or has ended", || {
                let listens = std::net::TcpStream::connect((host.as_str(), port)).is_ok();
                (listens || daemon.try_wait().unwrap().is_some()).then_some(())
            });
            daemon.try_wait().unwrap().is_none().then_some((daemon, port))
        });
        Self { address: format!("git://{host}:{port}/myproject.git"), changeset, _dir: dir, daemon }
    }
}

/// Status and body of a page, or where it leads.
fn page(url: &str) -> String {
    let output = Command::new("curl")
        .args(["-sk", "--noproxy", "*", "-m", "20", "-w", "\n%{http_code} %{redirect_url}", url])
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap()
}

/// Code on a server, as the site's own user runs it.
fn python(bare: &Bare, instance: &str, code: &str) -> String {
    let command = format!(
        "cd /home/myproject/www/staging/code_root && runuser -u myproject-web -- env \
         DJANGO_SETTINGS_MODULE=myproject.local_settings ../env/bin/python -c '{code}'"
    );
    bare.on(instance, &command).trim().to_owned()
}

/// A secret that the setup has made.
fn secret(bare: &Bare, name: &str) -> String {
    let text = std::fs::read_to_string(bare.project.join("fabsecrets_staging.py")).unwrap();
    let value = text.lines().find_map(|line| line.strip_prefix(&format!("{name} = '")));
    value.unwrap().trim_end_matches('\'').to_owned()
}

/// Images of the lab are copies of one disk: what a group launches has no other.
fn web_servers_keep_one_disk(bare: &Bare) {
    let file = bare.project.join("fabulaws-config.yml");
    let config = std::fs::read_to_string(&file).unwrap();
    assert!(config.contains("\n    web: 10\n"), "{config}");
    std::fs::write(&file, config.replacen("\n    web: 10\n", "\n", 1)).unwrap();
}

/// The data of a role are on the volume that came with its server, which is found again by its UUID at the next boot.
#[track_caller]
fn lie_on_a_volume(bare: &Bare, (instance, _): &(String, String), path: &str) {
    let mount =
        bare.on(instance, &format!("findmnt -nro SOURCE,FSTYPE --target {path}; grep -c ^UUID= /etc/fstab"));
    let (source, rest) = mount.split_once(' ').unwrap_or_default();
    assert!(source.starts_with("/dev/loop") || source.starts_with("/dev/sd"), "{path}: {mount}");
    assert_eq!(rest.trim(), "ext4\n1", "{path}: {mount}");
}

/// Whoever looks at a new environment sees all of it, and nothing that building it has left to be found wrong.
#[track_caller]
fn is_known_and_calm(bare: &Bare) {
    let told = within(60, "everything has answered", || {
        let output = bare.program("triage staging --json").output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        let told: Value =
            serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {said}"));
        (told["unknown"].as_array().unwrap().is_empty()).then_some(told)
    });
    let names = told["findings"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap());
    let restarts: Vec<&str> = names.filter(|name| name.starts_with("restarts/")).collect();
    assert!(restarts.is_empty(), "what was started while it was built is no loop: {restarts:?}");
}

#[test]
fn an_empty_directory_and_account_become_a_whole_environment_on_screen_though_the_console_dies_on_the_way() {
    let Some((bare, image, vpc)) = Bare::take_empty() else { return };
    let origin = Origin::serve();
    let after = guided::files(
        &bare,
        &[
            ("Where is the code kept?", Type(&origin.address)),
            ("Which file lists the Python packages", Type("requirements/production.txt")),
            ("Which environments are there to be?", Type("staging")),
            ("Under which domains is staging reached?", Type("staging.myproject.example.com")),
            ("In which zones of the region?", Type("a")),
            ("In which network (VPC)?", Choose(&vpc)),
            ("Which image do new servers begin with?", Type(&image)),
            ("By which address are servers reached", Choose("private_ip_address")),
            ("What are you called on the servers?", Type("ana")),
            ("Which public key do you log in with?", Type(KEY)),
        ],
    );
    for said in ["config check: no problems", "doctor staging:", "plan create-foundation staging"] {
        assert!(after.contains(said), "{said}: {after}");
    }
    web_servers_keep_one_disk(&bare);
    let certificate =
        bare.call("acm", "request_certificate", &json!({ "DomainName": "staging.myproject.example.com" }));
    let certificate = certificate["CertificateArn"].as_str().unwrap();
    let founded = [("ssh-from", "10.0.0.0/8"), ("certificate", certificate)];
    let console = guided::begin(guided::console(&bare), "create-foundation", &founded);
    guided::done(&console);
    drop(console);
    let wanted = [("changeset", origin.changeset.as_str()), ("desired", "1"), ("max", "2")];
    let console = guided::begin(guided::console(&bare), "create-environment", &wanted);
    guided::dies(&bare, console, "requirements");
    let console = guided::resumes(&bare);
    guided::done(&console);
    drop(console);
    let (_, steps) = guided::run_of(&bare, "create-environment");
    let [primary, replica, cache, worker, web] =
        ["db-primary", "db-replica", "cache", "worker", "web"].map(|role| bare.of_role(role));
    assert_eq!(bare.instances().len(), 5, "each once, and no builder");
    lie_on_a_volume(&bare, &primary, "/var/lib/postgresql");
    lie_on_a_volume(&bare, &replica, "/var/lib/postgresql");
    let told =
        bare.call("elb", "describe_instance_health", &json!({ "LoadBalancerName": "myproject-staging-lb" }));
    assert_eq!(told["InstanceStates"][0]["State"], "InService", "{told}");
    assert_eq!(told["InstanceStates"][0]["InstanceId"], web.0.as_str());
    let healthy = page(&format!("https://{}/healthcheck.html", web.1));
    assert!(healthy.starts_with("ok default ") && healthy.contains("\n200 "), "{healthy}");
    let number = python(
        &bare,
        &web.0,
        "from myproject.tasks import *; print(visit.delay(\"from the web\").get(timeout=60))",
    );
    let note = format!(
        "runuser -u postgres -- psql -XAtq -d myproject_staging -c 'select note from visits where id = {number}'"
    );
    assert_eq!(
        bare.on(&primary.0, &note).trim(),
        "from the web",
        "sent by the web server, done by the worker"
    );
    within(30, "the replica has it, too", || {
        (bare.on(&replica.0, &note).trim() == "from the web").then_some(())
    });
    let settings =
        bare.on(&worker.0, "cat /home/myproject/www/staging/code_root/myproject/local_settings.py; :");
    assert!(
        settings.contains(&cache.1),
        "the address of a server that the same plan has launched: {settings}"
    );
    let programs = bare.on(&worker.0, "supervisorctl status");
    for program in ["celery:staging-celeryd-main", "celery:staging-celerybeat", "pgbouncer:staging-stunnel"] {
        let line = programs.lines().find(|line| line.contains(program)).unwrap_or_default();
        assert!(line.contains("RUNNING"), "{programs}");
    }
    let led = page(&format!("http://{}/", web.1));
    assert!(led.ends_with(&format!("\n301 https://{}/", web.1)), "{led}");
    assert_eq!(bare.on(&web.0, "systemctl is-active quarterdeck-own-addresses").trim(), "active");
    for unit in ["pgbouncer", "stunnel4"] {
        let active = bare.on(&web.0, &format!("systemctl is-active {unit}; :"));
        assert_eq!(active.trim(), "inactive", "{unit} runs under Supervisor only");
    }
    is_known_and_calm(&bare);
    // Every part once more: nothing is to be done.
    let more = format!(
        "database_password='{}'\nbroker_password='{}'\nprimary={}\n",
        secret(&bare, "database_password"),
        secret(&bare, "broker_password"),
        primary.1
    );
    for (server, lane) in
        [(&primary, "db-primary"), (&replica, "db-replica"), (&cache, "cache"), (&worker, "worker")]
    {
        let steps: Vec<Value> = steps.iter().filter(|step| step["lane"] == lane).cloned().collect();
        again_told(&bare, &server.0, &steps, &more);
    }
    let line =
        format!("plan create-environment staging --changeset {} --desired 1 --max 2", origin.changeset);
    let again = bare.program(&line).output().unwrap();
    let said = String::from_utf8_lossy(&again.stderr).into_owned();
    assert!(!again.status.success() && said.contains("has everything"), "{said}");
}
