//! An environment as it should be, to be spoiled, and looks at it.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use crate::fleet::lock::{Grip, Holder};
use crate::fleet::measured::{
    Fact, HttpAnswer, Measured, Postgres, Program, RabbitMq, Replica, Site, Supervisor, Unit, Units,
};
use crate::fleet::sample::{Parts, epoch};
use crate::fleet::{
    EnvironmentPlace, HealthState, InstanceId, Lock, LockKind, Reading, Snapshot, Source, Thresholds,
    Yardstick,
};
use crate::triage::{Finding, Kind, Memory, Triage, look};

pub(super) struct Kit {
    pub(super) parts: Parts,
    pub(super) place: EnvironmentPlace,
    pub(super) measured: BTreeMap<InstanceId, Measured>,
    pub(super) memory: Memory,
    pub(super) now: Timestamp,
    pub(super) spoil: Vec<fn(&mut Snapshot)>,
    lock: Option<LockKind>,
}

/// An environment of four web servers on which all is well.
pub(super) fn kit() -> Kit {
    let mut parts = Parts::default();
    let mut place = parts.add("production", 4);
    place.roles =
        ["web", "worker", "cache", "db-primary", "db-replica"].map(crate::fleet::Role::parse).into();
    // As large as they are, they may grow.
    let kit = Kit {
        parts,
        place,
        measured: BTreeMap::new(),
        memory: Memory::default(),
        now: epoch(),
        spoil: Vec::new(),
        lock: None,
    };
    let ids: Vec<(InstanceId, String)> =
        kit.parts.servers.iter().map(|s| (s.id.clone(), s.role.role.to_string())).collect();
    ids.into_iter().fold(kit, |mut kit, (id, role)| {
        let ok = || HttpAnswer { status: 200, milliseconds: 40, problem: None };
        match role.as_str() {
            "web" => {
                kit.fact(
                    &id,
                    Fact::Site(Site { nginx: Some(ok()), gunicorn: Some(ok()), ..Site::default() }),
                );
            }
            "worker" => kit
                .fact(&id, Fact::Supervisor(programs(&["production-celerybeat", "production-celeryd-main"]))),
            "db-primary" => {
                kit.fact(
                    &id,
                    Fact::Postgres(Box::new(Postgres { timeline: Some(1), ..Postgres::default() })),
                );
            }
            "db-replica" => kit.fact(&id, Fact::Postgres(Box::new(replica(Some("streaming"))))),
            _ => kit.fact(&id, Fact::RabbitMq(RabbitMq::default())),
        }
        let unit = |name: &str| Unit {
            name: name.into(),
            active: "active".into(),
            sub: "running".into(),
            ..Unit::default()
        };
        let name = match role.as_str() {
            "web" => "nginx",
            "cache" => "redis-server",
            "worker" => "supervisor",
            _ => "postgresql@15-main",
        };
        kit.fact(&id, Fact::Units(Units { units: vec![unit(name)] }));
        kit
    })
}

pub(super) fn programs(names: &[&str]) -> Supervisor {
    let program = |name: &&str| Program {
        group: "production-celery".into(),
        name: (*name).into(),
        state: "RUNNING".into(),
        ..Program::default()
    };
    Supervisor { programs: names.iter().map(program).collect() }
}

pub(super) fn replica(receiver: Option<&str>) -> Postgres {
    let replica = Replica {
        receiver: receiver.map(str::to_owned),
        received: Some("0/5000148".into()),
        replayed: Some("0/5000148".into()),
        delay: Some(0.1),
        ..Replica::default()
    };
    Postgres { in_recovery: true, timeline: Some(1), replica: Some(replica), ..Postgres::default() }
}

pub(super) fn id(name: &str) -> InstanceId {
    format!("i-production-{name}").as_str().into()
}

impl Kit {
    /// Measured on a server now.
    pub(super) fn fact(&mut self, id: &InstanceId, fact: Fact) {
        let topic = fact.topic();
        let reading = Reading::taken(Source::Probe(topic), fact, self.now);
        self.measured.entry(id.clone()).or_default().facts.insert(topic, reading);
    }

    /// The same, and its numbers go on from those before.
    pub(super) fn fact_that_moves(&mut self, id: &InstanceId, fact: Fact) {
        for (gauge, value) in fact.gauges() {
            let trends = &mut self.measured.entry(id.clone()).or_default().trends;
            let new =
                || crate::fleet::Series { period: std::time::Duration::from_secs(60), points: Vec::new() };
            trends.entry(gauge).or_insert_with(new).points.push((self.now, value));
        }
        self.fact(id, fact);
    }

    /// A unit of a server has stopped so many minutes ago.
    pub(super) fn stop(&mut self, server: &str, unit: &str, minutes: i64) {
        let since = self.now - SignedDuration::from_mins(minutes);
        let unit = Unit {
            name: unit.into(),
            active: "failed".into(),
            sub: "failed".into(),
            since: Some(since),
            ..Unit::default()
        };
        self.fact(&id(server), Fact::Units(Units { units: vec![unit] }));
    }

    /// A web server answers its health check like this, and the load balancer has taken it out.
    pub(super) fn answers(&mut self, n: usize, status: u16) {
        let answer = || Some(HttpAnswer { status, milliseconds: 40, problem: None });
        let site = Site { nginx: answer(), gunicorn: answer(), ..Site::default() };
        self.fact(&id(&format!("web{n}")), Fact::Site(site));
        self.out(
            n,
            "Instance has failed at least the UnhealthyThreshold number of health checks consecutively.",
        );
    }

    /// The load balancer has taken a web server out.
    pub(super) fn out(&mut self, n: usize, words: &str) {
        let members = self.parts.health.get_mut("production-lb").unwrap();
        members[n].state = HealthState::OutOfService;
        members[n].reason_code = Some("Instance".into());
        members[n].description = Some(words.into());
    }

    /// Somebody holds this lock of the environment.
    pub(super) fn held(&mut self, kind: LockKind) {
        self.lock = Some(kind);
    }

    /// Everything is read anew, so much later.
    pub(super) fn later(&mut self, seconds: i64) {
        self.now += SignedDuration::from_secs(seconds);
        let now = self.now;
        for reading in self.measured.values_mut().flat_map(|m| m.facts.values_mut()) {
            if let Some(fact) = reading.value().cloned() {
                reading.succeed(fact, now);
            }
        }
    }

    pub(super) fn look(&mut self) -> Triage {
        self.look_with(&Thresholds::default())
    }

    pub(super) fn look_with(&mut self, thresholds: &Thresholds) -> Triage {
        let mut snapshot = self.parts.snapshot();
        snapshot.measured = self.measured.iter().map(|(id, m)| (id.clone(), Arc::new(m.clone()))).collect();
        if let Some(kind) = self.lock {
            let locks = [("production".into(), vec![lock(kind, self.now)])].into();
            snapshot.locks = Reading::taken(Source::SsmGetParametersByPath, locks, self.now);
        }
        for spoil in &self.spoil {
            spoil(&mut snapshot);
        }
        let yardstick = Yardstick { thresholds: *thresholds, ..Yardstick::at(self.now) };
        look(&snapshot, &self.place, &yardstick, &mut self.memory)
    }
}

fn lock(kind: LockKind, now: Timestamp) -> Lock {
    let holder = Holder {
        who: "jane@laptop".into(),
        identity: "ops/jane".into(),
        run: "2026-11-22-0007".into(),
        operation: "deploy-serial".into(),
        step: "step 4/13 migrate".into(),
        since: now,
        ended: None,
    };
    Lock {
        kind,
        number: 7,
        grip: Grip::Held,
        holder: Some(holder),
        seen: Some(now),
        to_put_back: Vec::new(),
        unreadable: false,
    }
}

/// Kinds of causes in the order they are told.
pub(super) fn causes(triage: &Triage) -> Vec<Kind> {
    triage.causes().map(|finding| finding.key.kind).collect()
}

pub(super) fn find(triage: &Triage, kind: Kind) -> &Finding {
    triage
        .findings
        .iter()
        .find(|f| f.key.kind == kind)
        .unwrap_or_else(|| panic!("no {kind:?} in {triage:#?}"))
}
