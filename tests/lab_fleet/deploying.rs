//! Deploys and rollbacks on real servers, with users who never stop asking.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Output, Stdio};

use serde_json::{Value, json};

use crate::fleet::Fleet;
use crate::release::{commit, group, power, release};
use crate::traffic::Traffic;

/// What the site's first page says from now on, and a table more.
pub const SECOND: &str = "sed -i s/Welcome/Second/ myproject/views.py
mkdir myproject/migrations; touch myproject/migrations/__init__.py
cat >myproject/migrations/0001_notes.py <<'PYTHON'
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = []
    operations = [migrations.CreateModel('Note', [('id', models.BigAutoField(primary_key=True)), ('text', models.TextField())])]
PYTHON";

/// A migration that fails.
const BROKEN: &str = "sed -i s/Welcome/Broken/ myproject/views.py
mkdir myproject/migrations; touch myproject/migrations/__init__.py
cat >myproject/migrations/0001_broken.py <<'PYTHON'
from django.db import migrations


class Migration(migrations.Migration):
    dependencies = []
    operations = [migrations.RunSQL('select this_is_not_there()')]
PYTHON";

fn program(fleet: &Fleet, line: &str) -> Command {
    let mut command = fleet.program();
    command.args(fleet.login()).args(line.split(' '));
    command
}

pub fn run(fleet: &Fleet, line: &str) -> Output {
    program(fleet, line).output().unwrap()
}

#[track_caller]
pub fn done(output: &Output) {
    assert_eq!(
        output.status.code(),
        Some(0),
        "{}\n{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

/// Sizes, processes and policies of the group.
pub fn kept(group: &Value) -> Value {
    json!([
        group["MinSize"],
        group["MaxSize"],
        group["DesiredCapacity"],
        group["SuspendedProcesses"],
        group["TerminationPolicies"],
    ])
}

pub fn members(group: &Value) -> Vec<String> {
    let all = group["Instances"].as_array().unwrap().iter();
    let staying = all.filter(|one| !one["LifecycleState"].as_str().unwrap().starts_with("Terminat"));
    staying.map(|one| one["InstanceId"].as_str().unwrap().to_owned()).collect()
}

/// What is checked out on the worker.
fn on_worker(fleet: &Fleet) -> String {
    let project = fleet.project();
    let asked =
        format!("runuser -u {project} -- git -C /home/{project}/www/staging/code_root rev-parse HEAD");
    fleet.inside("worker", &asked).trim().to_owned()
}

/// The settings of the worker, which its user may read and nobody else.
fn settings(fleet: &Fleet) -> String {
    let file = format!("/home/{}/www/staging/code_root/{0}/local_settings.py", fleet.project());
    let mode = fleet.inside("worker", &format!("stat -c %a {file}"));
    assert_eq!(mode.trim(), "640");
    fleet.inside("worker", &format!("cat {file}"))
}

/// Whether anything that the program has written holds a secret.
fn keeps_a_secret(fleet: &Fleet) -> bool {
    let mut grep = Command::new("grep");
    grep.args(["-rl", "not-a-secret"]).arg(fleet.dir.path()).args(["--exclude", "fabsecrets_staging.py"]);
    let found = grep.output().unwrap();
    !found.stdout.is_empty()
}

/// The worker's files of services, with whose they are and who may read them.
fn services(fleet: &Fleet) -> String {
    let all = "supervisor/*.conf pgbouncer/* stunnel/*";
    fleet.inside(
        "worker",
        &format!("cd /home/{}/services && stat -c '%n %U %a' {all} && cat {all}", fleet.project()),
    )
}

/// Programs of the worker that do not run.
fn stopped(fleet: &Fleet) -> String {
    fleet.inside("worker", "supervisorctl status | grep -v ' RUNNING ' || :")
}

#[test]
fn a_serial_deploy_loses_no_request_and_a_full_rollback_shows_the_page_and_leads_back() {
    let Some(fleet) = Fleet::take_living() else { return };
    fleet.endpoint().delays(&[("drain", 1.0), ("leave", 1.5)]);
    let before = group(&fleet);
    let old = members(&before);
    let second = commit(&fleet, "A second page", SECOND);
    let name = release(&fleet, &second);
    let traffic = Traffic::start(&fleet, 2);
    let asked = fleet.endpoint().log().len();
    let output = run(&fleet, &format!("apply deploy-serial staging --release {second} --yes"));
    done(&output);
    let requests = fleet.endpoint().log().len() - asked;
    let answers = traffic.stop();
    let lost: Vec<_> = answers.iter().filter(|(code, _)| *code != 200).collect();
    assert!(lost.is_empty() && answers.len() > 50, "{} of {}: {lost:?}", lost.len(), answers.len());
    assert_eq!((answers[0].1.as_str(), answers.last().unwrap().1.as_str()), ("Welcome", "Second"));
    // Two servers one after the other, everything that was looked at and asked.
    assert!(requests < 400, "{requests} requests");
    let after = group(&fleet);
    assert_eq!((kept(&after), &after["LaunchConfigurationName"]), (kept(&before), &Value::from(name)));
    assert!(members(&after).len() == 2 && old.iter().all(|id| !members(&after).contains(id)), "{after}");
    assert_eq!(on_worker(&fleet), second);
    assert_eq!(stopped(&fleet), "", "with the new settings");
    let written = settings(&fleet);
    assert!(written.contains(&format!("WRITTEN_FOR = \"worker {second}\"")), "{written}");
    assert!(written.contains("amqp://myproject:not-a-secret-3@") && !keeps_a_secret(&fleet), "{written}");
    let services = services(&fleet);
    let owned = format!("pgbouncer/pgbouncer-staging.ini {}-web 600", fleet.project());
    assert!(services.contains(&owned), "R15: {services}");
    let primary = format!("connect = {}:5432", fleet.address("db-primary"));
    assert!(services.contains(&primary) && services.contains("[program:staging-celerycam]"), "{services}");
    let table = fleet.sql("db-primary", "myproject_staging", "select count(*) from myproject_note");
    assert_eq!(table, "0", "it was migrated");

    let first = fleet.changeset().to_owned();
    let traffic = Traffic::start(&fleet, 2);
    let back = format!("apply rollback staging --full --release {first} --override old-addresses --yes");
    done(&run(&fleet, &back));
    let answers = traffic.stop();
    let codes: Vec<u16> = answers.iter().map(|(code, _)| *code).collect();
    assert!(codes.contains(&503) && !codes.iter().any(|code| ![200, 503].contains(code)), "{codes:?}");
    assert_eq!(answers.last().unwrap(), &(200, "Welcome".to_owned()));
    let page = codes.iter().position(|code| *code == 503).unwrap();
    assert!(answers[..page].iter().all(|(_, text)| text == "Second"), "nobody sees old and new by turns");
    let back_again = group(&fleet);
    assert_eq!(
        (kept(&back_again), &back_again["LaunchConfigurationName"]),
        (kept(&before), &before["LaunchConfigurationName"])
    );
    assert_eq!((on_worker(&fleet), stopped(&fleet)), (first, String::new()));
}

#[test]
fn a_worker_whose_migration_fails_stops_the_deploy_with_web_servers_untouched_and_celery_on_the_old_code() {
    let Some(fleet) = Fleet::take_living() else { return };
    let before = group(&fleet);
    let (first, of_first) = (on_worker(&fleet), settings(&fleet));
    let services_before = services(&fleet);
    let broken = commit(&fleet, "A migration that fails", BROKEN);
    release(&fleet, &broken);
    let traffic = Traffic::start(&fleet, 1);
    let output = run(&fleet, &format!("apply deploy-serial staging --release {broken} --yes"));
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("this_is_not_there"), "the server's own words: {said}");
    let answers = traffic.stop();
    assert!(
        !answers.is_empty() && answers.iter().all(|answer| *answer == (200, "Welcome".to_owned())),
        "{answers:?}"
    );
    let after = group(&fleet);
    assert_eq!((kept(&after), members(&after)), (kept(&before), members(&before)));
    assert_eq!(
        after["LaunchConfigurationName"], before["LaunchConfigurationName"],
        "it would launch the old release"
    );
    assert_eq!((on_worker(&fleet), stopped(&fleet)), (first, String::new()), "Celery runs on the old code");
    assert_eq!(settings(&fleet), of_first, "with the old settings");
    assert_eq!(services(&fleet), services_before, "with the old files of its services");
}

/// A run as it goes on, line by line.
pub struct Running {
    child: Child,
    lines: std::io::Lines<BufReader<std::process::ChildStdout>>,
}

impl Running {
    pub fn start(fleet: &Fleet, line: &str) -> Self {
        let mut child = program(fleet, line).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, lines }
    }

    /// Reads on until something is so, or the run has ended.
    pub fn until(&mut self, so: impl Fn(&Value) -> bool) -> Option<Value> {
        let mut objects = self
            .lines
            .by_ref()
            .map_while(Result::ok)
            .filter_map(|line| serde_json::from_str::<Value>(&line).ok());
        objects.find(so)
    }

    pub fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }
}

/// Whether the line is the journal's word that something is about to be changed in such a step.
pub fn intends(object: &Value, plan: &[Value], action: &str) -> bool {
    let step = &object["step"];
    object["entry"] == "intent"
        && plan.iter().any(|one| one["id"] == *step && one["action"]["action"] == action)
}

#[test]
fn a_full_deploy_killed_in_each_kind_of_step_and_cut_off_from_the_worker_is_resumed_to_its_good_end() {
    let Some(fleet) = Fleet::take_living() else { return };
    let before = group(&fleet);
    let second = commit(&fleet, "A second page", SECOND);
    let name = release(&fleet, &second);
    let mut line = format!("apply deploy-full staging --release {second} --yes --json");
    let mut id = None;
    for action in ["set", "converge", "job"] {
        let mut running = Running::start(&fleet, &line);
        let first = running.until(|object| object["event"] == "run").expect("the run begins");
        let plan = first["plan"]["steps"].as_array().unwrap().clone();
        id = first["id"].as_str().map(str::to_owned).or(id);
        running
            .until(|object| intends(object, &plan, action))
            .unwrap_or_else(|| panic!("no {action} was begun"));
        running.kill();
        line = format!("runs resume {} --yes --json", id.as_deref().unwrap());
    }
    let mut running = Running::start(&fleet, &line);
    let first = running.until(|object| object["event"] == "run").expect("it is resumed");
    let plan = first["plan"]["steps"].as_array().unwrap().clone();
    running.until(|object| intends(object, &plan, "job")).expect("a job is begun");
    fleet.tell("cut", "worker");
    fleet.afterwards(|fleet| {
        fleet.tell("heal", "worker");
    });
    // It says what it waits for.
    running.until(|object| object["event"] == "status").expect("it goes on trying");
    fleet.tell("heal", "worker");
    let last = running.until(|object| object["event"] == "finished").expect("it comes to an end");
    assert_eq!((&last["state"], &last["left"]), (&"done".into(), &json!([])), "{last}");
    let after = group(&fleet);
    assert_eq!((kept(&after), &after["LaunchConfigurationName"]), (kept(&before), &Value::from(name)));
    assert_eq!(members(&after).len(), 2);
    assert!(members(&after).iter().all(|id| power(&fleet, id) == "running"));
    assert_eq!((on_worker(&fleet), stopped(&fleet)), (second, String::new()));
}
