//! What is wrong with servers, as measured on them: those of a role that have the same trouble are one finding.

use std::collections::BTreeMap;

use super::{Symptom, earliest};
use crate::fleet::{
    InstanceId, Measure, Measured, MetricKey, Reading, Role, Severity, Since, Source, Subject, Topic,
    Trouble, TroubleKind, words,
};
use crate::triage::finding::Evidence;
use crate::triage::kind::Kind;
use crate::triage::patient::Patient;

/// How troubles of a kind are told as a finding.
struct Row {
    trouble: TroubleKind,
    kind: Kind,
    /// What users notice, where the role's work suffers.
    users: Option<&'static str>,
    /// Whether it is told by thing (unit, program, mount) rather than by role alone.
    by_thing: bool,
}

const fn row(trouble: TroubleKind, kind: Kind, users: Option<&'static str>) -> Row {
    Row { trouble, kind, users, by_thing: false }
}

const fn things(trouble: TroubleKind, kind: Kind, users: Option<&'static str>) -> Row {
    Row { trouble, kind, users, by_thing: true }
}

/// The table. Queues, primaries and two beats have rules of their own.
const ROWS: &[Row] = &[
    row(TroubleKind::HostKeyChanged, Kind::HostKeyChanged, None),
    row(TroubleKind::HostKeyUnknown, Kind::HostKeyUnknown, None),
    row(TroubleKind::Unreachable, Kind::Unreachable, None),
    things(TroubleKind::StatusCheck, Kind::StatusCheck, None),
    row(TroubleKind::Retirement, Kind::Retirement, None),
    row(TroubleKind::Planned, Kind::PlannedWork, None),
    row(TroubleKind::Credits, Kind::CreditsLow, Some("with none left its work is slow")),
    things(TroubleKind::Burst, Kind::BurstsLow, Some("with none left its disk is slow")),
    row(TroubleKind::HealthCheck, Kind::WebFails, Some("requests to these servers fail")),
    row(TroubleKind::HealthOverride, Kind::HealthOverride, None),
    row(TroubleKind::Maintenance, Kind::Maintenance, Some("everybody sees the maintenance page there")),
    things(TroubleKind::Unit, Kind::ServiceDown, None),
    things(TroubleKind::Silent, Kind::ServiceSilent, Some("what needs it waits, and then fails")),
    things(TroubleKind::Program, Kind::ProgramDown, None),
    things(TroubleKind::Restarts, Kind::Restarts, None),
    row(TroubleKind::Celery, Kind::CeleryDown, Some("tasks wait: mail, exports and the like are late")),
    row(TroubleKind::Task, Kind::LongTask, None),
    row(TroubleKind::Receiver, Kind::ReplicaCut, Some("what is read from it grows old")),
    row(TroubleKind::Timeline, Kind::Timeline, None),
    row(TroubleKind::Paused, Kind::ReplicaPaused, Some("what is read from it is old")),
    row(TroubleKind::Lag, Kind::ReplicaLags, Some("what is read from it is old")),
    row(TroubleKind::Connections, Kind::Connections, Some("at the limit pages fail")),
    row(TroubleKind::Transaction, Kind::LongTransaction, None),
    things(TroubleKind::Slot, Kind::WalHeld, None),
    row(TroubleKind::PgBouncer, Kind::PoolFull, Some("pages wait for a database connection")),
    row(TroubleKind::Alarm, Kind::QueueBlocked, Some("pages that send a task hang")),
    row(TroubleKind::Redis, Kind::RedisFull, Some("sessions and cache are lost or cannot be written")),
    things(TroubleKind::Disk, Kind::DiskFull, None),
    row(TroubleKind::Memory, Kind::Memory, None),
    row(TroubleKind::Swap, Kind::Swap, Some("it is slow; what wants more memory then is killed")),
    row(TroubleKind::Load, Kind::Load, None),
    row(TroubleKind::Clock, Kind::Clock, Some("tokens and tasks that go by the time may fail")),
    row(TroubleKind::Code, Kind::CodeDiffers, None),
];

/// The units that a cache server is there for begin so.
const OF_CACHE: &[&str] = &["redis", "rabbitmq", "memcached"];
/// Units that a server does its work without.
const BESIDE: &[&str] = &["chrony", "ntp", "ntpsec", "systemd-timesyncd", "fail2ban"];

/// What troubles have in common that are told together: kind, role, and the thing.
type Alike<'a> = (TroubleKind, Role, Option<&'a str>);

/// The findings that troubles of servers amount to.
pub fn troubles(patient: &Patient<'_>) -> Vec<Symptom> {
    let mut grouped: BTreeMap<Alike<'_>, Vec<(&InstanceId, &Trouble)>> = BTreeMap::new();
    for (id, found) in &patient.row.troubles {
        let Some(server) = patient.snapshot.server(id) else { continue };
        for trouble in found {
            let Some(row) = ROWS.iter().find(|row| row.trouble == trouble.kind) else { continue };
            let about = trouble.about.as_deref().filter(|_| row.by_thing);
            grouped.entry((trouble.kind, server.role.role.clone(), about)).or_default().push((id, trouble));
        }
    }
    let told =
        grouped.into_iter().filter_map(|((kind, role, about), all)| tell(patient, kind, &role, about, &all));
    told.collect()
}

fn tell(
    patient: &Patient<'_>,
    kind: TroubleKind,
    role: &Role,
    about: Option<&str>,
    all: &[(&InstanceId, &Trouble)],
) -> Option<Symptom> {
    let row = ROWS.iter().find(|row| row.trouble == kind)?;
    let mut all = all.to_vec();
    all.sort_by_key(|(id, trouble)| (std::cmp::Reverse(trouble.severity), *id));
    let (first, worst) = *all.first()?;
    let mut ids: Vec<InstanceId> = all.iter().map(|(id, _)| (*id).clone()).collect();
    ids.dedup();
    // PostgreSQL on the primary has its own rule, which knows the replicas.
    let postgres = about.is_some_and(|name| name.starts_with("postgresql"));
    if kind == TroubleKind::Unit
        && postgres
        && matches!(role, Role::DbPrimary | Role::Combo)
        && worst.severity == Severity::Down
    {
        return None;
    }
    // So is beat: it may be stopped on all but one.
    let is_beat = about.is_some_and(|name| {
        name.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| matches!(word, "beat" | "celerybeat"))
    });
    if kind == TroubleKind::Program && is_beat {
        return None;
    }
    // One that comes up again and again does not serve, either.
    let of_cache = about.is_some_and(|name| OF_CACHE.iter().any(|begins| name.starts_with(begins)));
    let finding = match (kind, role) {
        (TroubleKind::Unit, Role::Cache) if of_cache => Kind::CacheDown,
        _ => row.kind,
    };
    let more = ids.len() - 1;
    let also = if more == 0 {
        String::new()
    } else {
        format!("; {} too", words::count(u64::try_from(more).unwrap_or(0), &format!("other {role} server")))
    };
    // Behind a page on every web server nobody sees the site.
    let serving = patient.running(&Role::Web).count();
    let everywhere = kind == TroubleKind::Maintenance && serving > 0 && ids.len() == serving;
    let title = if everywhere {
        let until = "users see nothing else";
        format!(
            "The maintenance page is up on {}: {until}",
            words::count(u64::try_from(serving).unwrap_or(0), "web server")
        )
    } else {
        format!("The {role} server {} {}{also}", first.short(), worst.text)
    };
    let key = match about {
        Some(about) => format!("{role}/{about}"),
        None => role.word().to_owned(),
    };
    let mut symptom = Symptom::new(finding, key, worst.severity, title);
    let users = match finding {
        Kind::CacheDown => Some(cache_users(about)),
        Kind::ServiceDown | Kind::ProgramDown if *role == Role::Web => Some("requests to these servers fail"),
        Kind::ServiceDown | Kind::ProgramDown if *role == Role::Worker => Some("tasks wait"),
        _ => row.users,
    };
    symptom.users = users.map(str::to_owned);
    symptom.explains = match finding {
        // What runs out has broken nothing yet.
        Kind::DiskFull
        | Kind::RedisFull
        | Kind::Connections
        | Kind::PoolFull
        | Kind::WalHeld
        | Kind::CreditsLow
        | Kind::BurstsLow => worst.severity == Severity::Down,
        // While others have slots left, it keeps nobody waiting.
        Kind::LongTask => all.iter().any(|(id, _)| is_busy(patient, id)),
        // Nobody needs these to serve.
        Kind::ServiceDown if about.is_some_and(|name| BESIDE.contains(&name)) => false,
        // Nor a replica that nobody reads from.
        Kind::ServiceDown | Kind::ServiceSilent | Kind::StatusCheck if *role == Role::DbReplica => {
            !ids.iter().all(|id| patient.snapshot.server(id).is_some_and(|server| server.left().is_some()))
        }
        // Behind it Django may be broken, too, and then taking the page off mends nothing.
        Kind::Maintenance => !ids.iter().any(|id| django_fails(patient, id)),
        _ => true,
    };
    symptom.since = earliest(all.iter().filter_map(|(id, trouble)| since(patient, id, trouble)));
    for (id, trouble) in all.iter().take(5) {
        let text = format!("{} {}", id.short(), trouble.text);
        symptom = symptom.because(match trouble.topic {
            Some(topic) => patient.probed(id, topic, text),
            None if kind.of_machine() => machine(patient, id, trouble, text),
            None => ssh(patient, id, text),
        });
        if let Some((topic, words)) =
            trouble.topic.and_then(|topic| Some((topic, beside(patient, id, kind)?)))
        {
            symptom = symptom.because(patient.probed(id, topic, words));
        }
    }
    Some(symptom.on(ids))
}

/// Whether Django itself, asked past Nginx, is known not to answer its health check well.
fn django_fails(patient: &Patient<'_>, id: &InstanceId) -> bool {
    let site = patient.measured(id, Topic::Site).and_then(Measured::site);
    site.and_then(|site| site.gunicorn.as_ref()).is_some_and(|answer| answer.status != 200)
}

/// Whether a worker there has something to do in each of its slots.
fn is_busy(patient: &Patient<'_>, id: &InstanceId) -> bool {
    let celery = patient.measured(id, Topic::Celery).and_then(Measured::celery);
    celery.is_some_and(|celery| {
        celery.workers.iter().any(|worker| {
            let running = u32::try_from(worker.running.len()).unwrap_or(u32::MAX);
            running > 0 && worker.slots.is_none_or(|slots| running >= slots)
        })
    })
}

fn cache_users(about: Option<&str>) -> &'static str {
    match about {
        Some(name) if name.starts_with("redis") => {
            "everybody is logged out, and pages fail that need session or cache"
        }
        Some(name) if name.starts_with("rabbitmq") => "pages that send a task fail, and no task is taken",
        Some(name) if name.starts_with("memcached") => "pages are slow",
        _ => "pages that need the cache fail",
    }
}

/// What EC2 or CloudWatch says.
fn machine(patient: &Patient<'_>, id: &InstanceId, trouble: &Trouble, text: String) -> Evidence {
    let snapshot = patient.snapshot;
    let server = snapshot.server(id);
    let key = match trouble.kind {
        TroubleKind::Credits => {
            Some(MetricKey { subject: Subject::Server(id.clone()), measure: Measure::Credits })
        }
        TroubleKind::Burst => {
            let volume = server.zip(trouble.about.as_ref()).and_then(|(s, device)| s.volumes.get(device));
            volume
                .map(|volume| MetricKey { subject: Subject::Volume(volume.clone()), measure: Measure::Burst })
        }
        _ => return patient.read(&snapshot.checks, text),
    };
    // What somebody looks for in the console: the type that has credits, the volume that has bursts.
    let text = match (key.as_ref().map(|key| &key.subject), server) {
        (Some(Subject::Server(_)), Some(server)) => format!("{text} ({})", server.instance_type),
        (Some(Subject::Volume(volume)), _) => format!("{text} ({volume})"),
        _ => text,
    };
    let reading = key.as_ref().and_then(|key| snapshot.balances.get(key));
    let source = Source::CloudWatchGetMetricData.action().to_owned();
    Evidence { text, source, at: reading.and_then(Reading::read_at) }
}

/// What ssh itself says.
fn ssh(patient: &Patient<'_>, id: &InstanceId, text: String) -> Evidence {
    let failure = patient.snapshot.measured(id).and_then(|m| m.unreachable.as_ref());
    let text = match failure {
        Some(failure) => format!("{text} ({})", failure.message),
        None => text,
    };
    Evidence { text, source: "ssh".into(), at: failure.map(|f| f.since) }
}

/// Since when, as the server's own services say.
fn since(patient: &Patient<'_>, id: &InstanceId, trouble: &Trouble) -> Option<Since> {
    if trouble.since.is_some() {
        return trouble.since;
    }
    let measured = patient.snapshot.measured(id)?;
    let ago = |topic: Topic, seconds: f64| {
        let read_at = measured.reading(topic)?.read_at()?;
        let at = read_at.checked_sub(jiff::SignedDuration::try_from_secs_f64(seconds).ok()?).ok()?;
        Some(Since { at, turned: true })
    };
    match trouble.kind {
        TroubleKind::Unit => {
            let unit =
                measured.units()?.units.iter().find(|u| Some(u.name.as_str()) == trouble.about.as_deref())?;
            unit.since.map(|at| Since { at, turned: true })
        }
        TroubleKind::Transaction => ago(Topic::Postgres, measured.postgres()?.oldest_transaction?),
        TroubleKind::Lag => ago(Topic::Postgres, measured.postgres()?.replica.as_ref()?.delay?),
        TroubleKind::Task => {
            let running = measured.celery()?.workers.iter().flat_map(|w| &w.running);
            ago(Topic::Celery, running.filter_map(|task| task.seconds).max_by(f64::total_cmp)?)
        }
        _ => None,
    }
}

/// What is worth knowing beside it.
fn beside(patient: &Patient<'_>, id: &InstanceId, kind: TroubleKind) -> Option<String> {
    let measured = patient.snapshot.measured(id)?;
    match kind {
        TroubleKind::Lag => {
            let postgres = measured.postgres()?;
            let who = postgres.oldest_who.as_deref()?;
            let age = postgres.oldest_transaction.filter(|age| *age > 60.0)?;
            Some(format!("a query holds the replay back: {} for {}", words::name(who), words::seconds(age)))
        }
        TroubleKind::Connections => {
            let connections = &measured.postgres()?.connections;
            Some(format!(
                "{} active, {} idle, {} idle in a transaction, {} wait for a lock",
                connections.active, connections.idle, connections.idle_in_transaction, connections.waiting
            ))
        }
        _ => None,
    }
}
