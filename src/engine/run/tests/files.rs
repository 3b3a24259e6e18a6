//! Texts that are made as a job begins: the server gets them, and nothing on the way keeps them.

use std::path::Path;
use std::sync::{Arc, Mutex};

use super::super::{Launch, Ports, Texts, begin};
use super::kit::{ENVIRONMENT, Kit, plan, step, told};
use crate::cloud::CloudRead;
use crate::engine::store::RunState;
use crate::fleet::{Changeset, EnvironmentName, InstanceId, Server};
use crate::plan::{Action, HostJob, InstanceRef, JobFile, Lasts, Plan, Site, TextOf, Undo};
use crate::remote::Input;

const SECRET: &str = "hunter22";

async fn worker(kit: &Kit) -> InstanceId {
    let all = kit.cloud.servers(&"myproject".into()).await.unwrap();
    let mine = |server: &&Server| {
        server.environment.as_ref().is_some_and(|name| name.as_str() == ENVIRONMENT)
            && server.role.role.to_string() == "worker"
    };
    all.iter().find(mine).unwrap().id.clone()
}

fn writing(server: &InstanceId) -> Plan {
    let file = JobFile {
        of: TextOf::Template {
            ours: false,
            service: None,
            path: "deployment/local_settings.py".into(),
            sources: "d1".into(),
            site: Box::new(Site {
                role: "worker".into(),
                changeset: Changeset::new("a1b2c3d4"),
                primary: "10.0.0.1".into(),
                replicas: Vec::new(),
                cache: "10.0.0.2".into(),
            }),
        },
        variable: "settings".into(),
        environment: EnvironmentName::new(ENVIRONMENT),
    };
    let job = HostJob {
        server: InstanceRef::Known(server.clone()),
        name: "settings".into(),
        script: "# sandbox: settings\n".into(),
        user: None,
        files: vec![file],
        back: None,
        names_server: false,
    };
    plan(vec![step(1, &[], Action::Job(Box::new(job)), Lasts::Stays, Undo::Nothing)])
}

fn launch() -> Launch {
    Kit::launch("jane@laptop")
}

/// Whether any file below holds the text.
fn holds(dir: &Path, text: &str) -> bool {
    std::fs::read_dir(dir).unwrap().any(|entry| {
        let path = entry.unwrap().path();
        if path.is_dir() {
            return holds(&path, text);
        }
        String::from_utf8_lossy(&std::fs::read(&path).unwrap()).contains(text)
    })
}

#[tokio::test(start_paused = true)]
async fn a_text_is_made_for_its_server_as_the_job_begins_and_no_file_of_the_run_has_it() {
    let kit = Kit::new();
    let server = worker(&kit).await;
    let asked = Arc::new(Mutex::new(Vec::new()));
    let made = Arc::clone(&asked);
    let texts: Texts = Arc::new(move |file: &JobFile, server: &Server| {
        made.lock().unwrap().push((file.of.name().to_owned(), server.id.clone()));
        Ok(Input::new(format!("PASSWORD = '{SECRET}'").into_bytes()))
    });
    let ports = Ports { texts: Some(texts), ..kit.ports() };
    let done = told(begin(ports, kit.store(), writing(&server), launch()).await.unwrap()).await;
    assert_eq!(done.state, RunState::Done, "{:?}", done.warnings);
    assert_eq!(*asked.lock().unwrap(), [("deployment/local_settings.py".to_owned(), server)]);
    assert!(holds(kit.dir.path(), "local_settings.py"), "the plan is there");
    assert!(!holds(kit.dir.path(), SECRET));
}

#[tokio::test(start_paused = true)]
async fn a_text_that_cannot_be_made_stops_the_step_with_the_reason() {
    let kit = Kit::new();
    let server = worker(&kit).await;
    let no: Texts = Arc::new(|_: &JobFile, _: &Server| Err("the template changed: plan again".into()));
    for (texts, why) in [(None, "resume in the project's directory"), (Some(no), "plan again")] {
        let ports = Ports { texts, ..kit.ports() };
        let done = told(begin(ports, kit.store(), writing(&server), launch()).await.unwrap()).await;
        assert_eq!(done.state, RunState::Failed);
        let told = format!("{:?}", done.story);
        assert!(told.contains(why), "{told}");
    }
}
