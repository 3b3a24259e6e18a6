//! Servers of the project's code built from nothing: bare hosts become a cache, a primary, a worker and a web server, until
//! a task is done and the site answers.

use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use crate::bare::Bare;
use crate::building::{again, run};
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

/// Changes a file of the project.
fn edit(bare: &Bare, file: &str, change: impl FnOnce(String) -> String) {
    let path = bare.dir.path().join(file);
    std::fs::write(&path, change(std::fs::read_to_string(&path).unwrap())).unwrap();
}

/// Status and body of a page, or where it leads.
fn page(url: &str) -> String {
    let output = Command::new("curl")
        .args(["-sk", "--noproxy", "*", "-m", "20", "-w", "\n%{http_code} %{redirect_url}", url])
        .output()
        .unwrap();
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn bare_hosts_become_a_worker_that_does_tasks_and_a_web_server_that_answers_and_a_second_time_changes_nothing()
 {
    let Some(bare) = Bare::take() else { return };
    let origin = Origin::serve();
    edit(&bare, "fabulaws-config.yml", |config| format!("{config}repo: {}\n", origin.address));
    // A password of the queue server stands in an address here; the database's has everything in it.
    edit(&bare, "fabsecrets_staging.py", |secrets| format!("{secrets}broker_password = 'of-the-queue-3'\n"));
    edit(&bare, "deployment/templates/local_settings.py", |settings| {
        format!("{settings}STATIC_ROOT = \"{{{{ static_root }}}}\"\n")
    });
    for role in ["cache", "db-primary"] {
        let told = run(&bare, &format!("apply new-server staging --role {role} --yes"), None);
        assert_eq!(told.state, "done", "{:?}", told.lines);
    }
    let worker = format!("apply new-server staging --role worker --changeset {} --yes", origin.changeset);
    let dead = run(&bare, &worker, Some("requirements"));
    let told = run(&bare, &format!("runs resume {} --yes", dead.id), None);
    assert_eq!(told.state, "done", "{:?}", told.lines);
    let (worker, _) = bare.of_role("worker");
    let python = |code: &str| {
        let command = format!(
            "cd /home/myproject/www/staging/code_root && runuser -u myproject-web -- env \
             DJANGO_SETTINGS_MODULE=myproject.local_settings ../env/bin/python -c '{code}'"
        );
        bare.on(&worker, &command).trim().to_owned()
    };
    let number = python("from myproject.tasks import *; print(visit.delay(\"from celery\").get(timeout=60))");
    let (primary, _) = bare.of_role("db-primary");
    let note = format!(
        "runuser -u postgres -- psql -XAtq -d myproject_staging -c 'select note from visits where id = {number}'"
    );
    assert_eq!(bare.on(&primary, &note).trim(), "from celery", "through PgBouncer and Stunnel: {number}");
    let programs = bare.on(&worker, "supervisorctl status");
    for program in ["celery:staging-celeryd-main", "celery:staging-celerybeat", "pgbouncer:staging-stunnel"] {
        let line = programs.lines().find(|line| line.contains(program)).unwrap_or_default();
        assert!(line.contains("RUNNING"), "{programs}");
    }
    let head = "runuser -u myproject -- git -C /home/myproject/www/staging/code_root rev-parse HEAD";
    assert_eq!(bare.on(&worker, head).trim(), origin.changeset);
    again(&bare, &worker, &dead.steps);

    // Without a group a web server is built by itself.
    edit(&bare, "fabulaws-config.yml", |config| {
        config.replace("auto_scaling_groups:", "old_groups:").replace("load_balancers:", "old_balancers:")
    });
    let told = run(
        &bare,
        &format!("apply new-server staging --role web --changeset {} --yes", origin.changeset),
        None,
    );
    assert_eq!(told.state, "done", "{:?}", told.lines);
    let (web, address) = bare.of_role("web");
    let asked = || page(&format!("https://{address}/healthcheck.html"));
    let healthy = asked();
    assert!(healthy.starts_with("ok default ") && healthy.contains("\n200 "), "{healthy}");
    let led = page(&format!("http://{address}/"));
    assert!(led.ends_with(&format!("\n301 https://{address}/")), "{led}");
    again(&bare, &web, &told.steps);
    // Everything comes up by itself, the server's own addresses first.
    let host = bare.host(&web);
    bare.lab.run("hosts", &["reboot", &host]);
    within(120, "the site answers after a boot", || asked().contains("\n200 ").then_some(()));
    assert_eq!(bare.on(&web, "systemctl is-active quarterdeck-own-addresses").trim(), "active");
    for unit in ["pgbouncer", "stunnel4"] {
        let active = bare.on(&web, &format!("systemctl is-active {unit}; :"));
        assert_eq!(active.trim(), "inactive", "{unit} runs under Supervisor only");
    }
}
