//! What runs on the servers, as it was measured there.

use super::{Examined, Finding, FindingSeverity};
use crate::fleet::words::count;
use crate::fleet::{EnvironmentName, Measured, Role, Server, Severity, Topic, Trouble, TroubleKind};

/// Troubles that checks of their own tell.
const ELSEWHERE: [TroubleKind; 5] = [
    TroubleKind::HostKeyChanged,
    TroubleKind::HostKeyUnknown,
    TroubleKind::Unreachable,
    TroubleKind::Maintenance,
    TroubleKind::HealthOverride,
];

pub(super) fn services(examined: &Examined<'_>) -> Vec<Finding> {
    let mut found = Vec::new();
    for server in &examined.servers {
        let troubles = examined.overview.troubles.get(&server.id).into_iter().flatten();
        for trouble in troubles.filter(|trouble| !ELSEWHERE.contains(&trouble.kind)) {
            let measured = examined.patient.snapshot.measured(&server.id);
            found.extend(finding(&examined.patient.place.name, server, trouble, measured));
        }
    }
    let is_measured = |measured: &&Measured| measured.reached_at.is_some() && measured.unreachable.is_none();
    let measured =
        examined.servers.iter().filter_map(|server| examined.patient.snapshot.measured(&server.id));
    let measured = measured.filter(is_measured).count();
    if found.is_empty() && measured > 0 {
        found.push(Finding::good(format!("all is up on {}", count(measured as u64, "server"))));
    }
    found.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
    found
}

/// What moves is no finding.
fn finding(
    environment: &EnvironmentName,
    server: &Server,
    trouble: &Trouble,
    measured: Option<&Measured>,
) -> Option<Finding> {
    let severity = match trouble.severity {
        Severity::Idle | Severity::Ok | Severity::Changing => return None,
        Severity::Unknown => FindingSeverity::Unknown,
        Severity::Warn => FindingSeverity::Warning,
        Severity::Down => FindingSeverity::Bad,
    };
    let id = &server.id;
    let what = format!("{} {id} {}", server.role.role, trouble.text);
    let cure = match trouble.kind {
        TroubleKind::HealthCheck => {
            format!("Read what Django says: quarterdeck logs {environment} --server {id}")
        }
        TroubleKind::Code => {
            let operation = if server.role.role == Role::Worker { "deploy-worker" } else { "deploy-web" };
            format!("Deploy to it: quarterdeck plan {operation} {environment}")
        }
        kind => cure(kind).to_owned(),
    };
    let mut finding = Finding::not_good(severity, what, cure);
    if let Some(topic) = trouble.topic {
        let at = measured.and_then(|measured| measured.reading(topic)?.read_at());
        let at = at.map_or_else(String::new, |at| at.strftime(", %H:%M:%S UTC").to_string());
        finding.evidence.push(format!("measured on the server: {}{at}", topic.word()));
    } else if trouble.kind.of_machine() {
        finding.evidence.push("AWS says so: ec2:DescribeInstanceStatus, cloudwatch:GetMetricData".into());
    }
    Some(finding)
}

/// What to do first about a kind of trouble.
const fn cure(kind: TroubleKind) -> &'static str {
    match kind {
        TroubleKind::HostKeyChanged | TroubleKind::HostKeyUnknown => {
            "Compare the fingerprint, then quarterdeck trust"
        }
        TroubleKind::Unreachable => "Open the way to its port 22",
        TroubleKind::Unread => {
            "Ask the doctor again; if that stays, look whether the tool is there and sudo works"
        }
        TroubleKind::StatusCheck => {
            "Stop and start it, which moves it to other hardware; a web server is replaced"
        }
        TroubleKind::Retirement => {
            "Before that time: stop and start it, which moves it to other hardware; a web server is replaced"
        }
        TroubleKind::Planned => "Reboot it before that time at an hour of yours, or be there then",
        TroubleKind::Credits => "Give the role a larger type, or one with cores of its own",
        TroubleKind::Burst => "Turn the volume into gp3, which has no bursts to run out",
        TroubleKind::HealthCheck => "Read what Django says",
        TroubleKind::HealthOverride | TroubleKind::Maintenance => "quarterdeck plan end-upgrade",
        TroubleKind::Unit => "Look at its journal, then start the unit: systemctl status, journalctl -u",
        TroubleKind::Silent => "Look at its journal; kill it and start it again where it hangs",
        TroubleKind::Program | TroubleKind::Restarts => "Read its log, then start it: supervisorctl",
        TroubleKind::Celery => "Read Celery's log; deploy the worker anew if its code or settings are old",
        TroubleKind::Task => "Find out what the task waits for; it is ended with its worker at a deploy",
        TroubleKind::DatabaseRole => {
            "Find out which server is the primary, and correct the tags; nothing is to be promoted meanwhile"
        }
        TroubleKind::Receiver | TroubleKind::Timeline => {
            "Look at PostgreSQL's log there; a replica that cannot follow is synced anew"
        }
        TroubleKind::Paused => "Resume it on the replica: SELECT pg_wal_replay_resume()",
        TroubleKind::Lag => {
            "Find out what holds the replay: long queries there, its disk, or the primary's writes"
        }
        TroubleKind::Connections => "Find out who holds them: pg_stat_activity",
        TroubleKind::Transaction => "Find out who holds it open: pg_stat_activity",
        TroubleKind::Slot => "Bring its replica back, or drop the slot",
        TroubleKind::PgBouncer => "Find out what its connections wait for: SHOW POOLS on PgBouncer",
        TroubleKind::Alarm => "Free memory or disk there: publishers stand still until then",
        TroubleKind::Queue | TroubleKind::Unheard => "See to it that a Celery worker listens to the queue",
        TroubleKind::Unacknowledged => "Find out what the Celery workers that took them wait for",
        TroubleKind::Redis => "Give it memory or disk; keys of sessions are not to be thrown away",
        TroubleKind::Disk => "Free space, or let the volume grow",
        TroubleKind::Memory | TroubleKind::Swap | TroubleKind::Load => {
            "Find out what takes it, or give the role a larger type"
        }
        TroubleKind::Clock => "Start chrony or systemd-timesyncd",
        TroubleKind::Code => "Deploy to it",
    }
}

/// R17: two beats send everything twice.
pub(super) fn beat(examined: &Examined<'_>) -> Vec<Finding> {
    let yardstick = examined.patient.yardstick;
    let (mut running, mut known, mut programs, mut unseen) = (Vec::new(), 0_u64, 0_u64, Vec::new());
    for server in examined.of_roles(&[Role::Worker, Role::Web, Role::Combo]) {
        let measured = examined.patient.snapshot.measured(&server.id);
        let current = measured.is_some_and(|measured| {
            measured.reading(Topic::Supervisor).is_some_and(|reading| {
                yardstick.is_current(Topic::Supervisor, reading, measured.unreachable.as_ref())
            })
        });
        match measured.and_then(Measured::supervisor).filter(|_| current) {
            Some(supervisor) => {
                known += 1;
                let beats = supervisor.programs.iter().filter(|program| program.is_beat());
                let beats: Vec<_> = beats.collect();
                programs += beats.len() as u64;
                if beats.iter().any(|program| program.state == "RUNNING") {
                    running.push(server);
                }
            }
            None if server.role.role != Role::Web => unseen.push(server),
            None => {}
        }
    }
    match (running.as_slice(), programs) {
        ([_, _, ..], _) => {
            let mut finding = Finding::bad(
                "Celery's beat runs on several servers: everything that is scheduled is done as often",
                "Stop it on all but one, with supervisorctl",
            );
            finding.evidence.extend(running.iter().map(|s| format!("it runs on {} {}", s.role.role, s.id)));
            vec![finding]
        }
        ([one], _) if unseen.is_empty() => {
            vec![Finding::good(format!("beat runs on {} alone", one.id))]
        }
        (_, _) if !unseen.is_empty() && known + unseen.len() as u64 > 0 => {
            let ids: Vec<&str> = unseen.iter().map(|server| server.id.as_str()).collect();
            vec![Finding::unknown(
                format!("Whether beat runs on {} is not known", ids.join(", ")),
                "Ask the doctor again once Supervisor there answers",
            )]
        }
        (_, 1..) => vec![Finding::warning(
            "Celery's beat runs nowhere: nothing that is scheduled is done",
            "Start it on one worker, with supervisorctl",
        )],
        (_, 0) => Vec::new(),
    }
}

/// The maintenance page, and the file that answers the health check meanwhile.
pub(super) fn page(examined: &Examined<'_>) -> Vec<Finding> {
    let place = examined.patient.place;
    let (mut found, mut seen) = (Vec::new(), 0_u64);
    for server in examined.of_roles(&[Role::Web, Role::Combo]) {
        let Some(site) = examined.patient.snapshot.measured(&server.id).and_then(Measured::site) else {
            continue;
        };
        seen += 1;
        let name = format!("{} {}", server.role.role, server.id);
        let cure = format!("If nobody is at work: quarterdeck plan end-upgrade {}", place.name);
        if site.maintenance {
            found.push(Finding::warning(format!("The maintenance page is up on {name}"), &cure));
        }
        if site.health_override {
            found.push(Finding::warning(
                format!("{name} answers its health check from a file, whatever Django says"),
                &cure,
            ));
        }
    }
    if found.is_empty() && seen > 0 {
        found.push(Finding::good(format!("no page on {}", count(seen, "web server"))));
    }
    found
}
