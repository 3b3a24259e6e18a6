//! Logs of servers of a world.

use std::time::Duration;

use super::hosts::{exec, next, server, servers, target};
use super::{memory, step};
use crate::fleet::Power;
use crate::remote::{Ended, Follow, Outcome, RemoteRead, Stream};
use crate::sandbox::{SandboxCloud, Scenario};

const LOG: &str = "/home/myproject/www/production/log";

fn follow(files: &[&str], past: u32) -> Follow {
    let files = files.iter().map(|file| (*file).to_owned()).collect();
    Follow { files, units: vec!["*".to_owned()], past, sudo: true, once: false }
}

#[tokio::test]
async fn followed_logs_begin_with_the_past_and_go_on_with_time() {
    let cloud = memory(Scenario::Calm);
    let web = server(&cloud, "production", "web");
    let files = [format!("{LOG}/access.log"), format!("{LOG}/nowhere.log")];
    let logs = follow(&files.each_ref().map(String::as_str), 25);
    let mut job = cloud.hosts().follow(&target(&web), &logs);
    let past = next(&mut job).await;
    assert_eq!(past.iter().filter(|line| line.source == Some(0)).count(), 25);
    assert!(past.iter().any(|line| {
        line.source == Some(1) && line.stream == Stream::Err && line.text.as_str().contains("No such file")
    }));
    assert!(past.iter().any(|line| line.source == Some(2)), "the journal is there, too");
    step(&cloud, 10);
    let fresh = next(&mut job).await;
    assert!(fresh.len() > 20 && fresh.iter().all(|line| !past.contains(line)), "{}", fresh.len());
    job.cancel();
    assert_eq!(job.ended().await.outcome, Outcome::Cancelled { ended: Ended::Yes });
}

#[tokio::test]
async fn who_reads_a_log_twice_reads_the_same() {
    let cloud = memory(Scenario::Incident);
    for server in production(&cloud) {
        let (files, _) =
            exec(&cloud, &server, &format!("ls {LOG}; ls /var/log/postgresql; ls /var/log")).await;
        assert!(!files.is_empty());
        for file in files.iter().filter(|file| file.contains(".log") && !file.contains(' ')) {
            let directory = if file.starts_with("postgresql") { "/var/log/postgresql" } else { LOG };
            let read = format!("cat {directory}/{file}");
            let once = exec(&cloud, &server, &read).await.0;
            assert_eq!(once, exec(&cloud, &server, &read).await.0);
            assert!(once.len() > 3, "{file} of {:?}: {once:?}", server.name);
        }
    }
}

fn production(cloud: &SandboxCloud) -> Vec<crate::fleet::Server> {
    let ours = |server: &crate::fleet::Server| {
        server.power == Power::Running && server.environment.as_ref().unwrap().as_str() == "production"
    };
    servers(cloud).into_iter().filter(ours).collect()
}

#[tokio::test]
async fn a_lagging_replica_says_why_in_its_log() {
    let cloud = memory(Scenario::Incident);
    let mut conflicts = 0;
    for replica in production(&cloud).iter().filter(|server| server.role.role.word() == "db-replica") {
        let (lines, _) = exec(&cloud, replica, "cat /var/log/postgresql/postgresql-15-main.log").await;
        conflicts += u32::from(lines.iter().any(|line| line.contains("conflict with recovery")));
    }
    assert_eq!(conflicts, 1);
}

#[tokio::test]
async fn room_that_is_made_lets_the_application_work_again() {
    let cloud = memory(Scenario::Incident);
    let ill =
        cloud.troubles().unwrap().into_iter().find(|trouble| trouble.kind == "unhealthy").unwrap().subject;
    let web = servers(&cloud).into_iter().find(|server| server.id.as_str() == ill).unwrap();
    let command = "sudo journalctl --vacuum-size=200M";
    let mut job = Box::pin(exec(&cloud, &web, command));
    let (lines, ending) = loop {
        tokio::select! {
            done = &mut job => break done,
            () = tokio::time::sleep(Duration::from_millis(5)) => step(&cloud, 1),
        }
    };
    assert!(ending.outcome.is_success() && lines.iter().any(|line| line.contains("freed")), "{lines:?}");
    assert!(cloud.troubles().unwrap().iter().all(|trouble| trouble.subject != ill));
    let (lines, _) = exec(&cloud, &web, "df -h").await;
    assert!(lines.iter().all(|line| !line.contains("100%")), "{lines:?}");
    step(&cloud, 30);
    let balancer = crate::fleet::LoadBalancerName::new("myproject-production-lb");
    let health = super::now(crate::cloud::CloudRead::member_health(&cloud, &balancer)).unwrap();
    assert!(health.iter().all(|member| member.state == crate::fleet::HealthState::InService));
}
