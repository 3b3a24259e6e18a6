//! An environment's numbers over time: a row per chart, for terminals too small to draw them large.

use super::cells::{dim, left, now_of, right, said, text, unknown};
use super::empty;
use crate::console::age;
use crate::console::state::State;
use crate::console::table::{Align, Cell, Column, Piece, Row, RowId, SortKey, Table};
use crate::console::theme::Scope;
use crate::console::widgets::spark::{self, Limits};
use crate::fleet::overview::Gap;
use crate::fleet::{
    EnvironmentName, Gauge, InstanceId, Measure, Measured, MetricKey, Role, Series, Severity, Subject, Topic,
    words,
};

const COLUMNS: [Column; 5] = [
    left("CHART", 12, 24, 0),
    Column { title: "NOW", align: Align::Right, min: 8, max: 12, rank: 0 },
    left("LAST HOUR", 12, 60, 1),
    right("LARGEST", 8, 12, 2),
    left("OF", 10, 40, 3),
];

/// What a chart is drawn from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// What CloudWatch keeps.
    Metric(MetricKey),
    /// What was measured on a server.
    Gauge(InstanceId, Gauge),
}

/// A chart, ready to be drawn.
pub struct Chart<'a> {
    /// What people call the number.
    pub word: &'static str,
    /// What it is about.
    pub subject: String,
    /// The number now, or what stands in its place.
    pub now: Result<f64, Piece>,
    /// Its points.
    pub series: Option<&'a Series>,
    /// How many points did not come since the newest.
    pub missing: usize,
    /// From where on it warns.
    pub limits: Limits,
    /// What is full, where it has such a bound.
    pub full: Option<f64>,
    /// What to say where there are no points.
    pub empty: String,
    kind: Kind,
}

impl Chart<'_> {
    /// The severity of the number now.
    pub fn severity(&self) -> Severity {
        self.now.as_ref().map_or(Severity::Unknown, |value| spark::judge(*value, self.limits))
    }

    /// A number with its unit.
    pub fn shown(&self, value: f64) -> String {
        match &self.kind {
            Kind::Metric(key) => shown(value, key.measure),
            Kind::Gauge(_, gauge) => shown_gauge(value, *gauge),
        }
    }
}

/// The charts of an environment, in order: what users see, then databases, queues, machines.
#[must_use]
pub fn kinds_of(state: &State, environment: &EnvironmentName) -> Vec<Kind> {
    let Some(place) = state.topology.environment(environment) else { return Vec::new() };
    let mut kinds = Vec::new();
    for balancer in &place.load_balancers {
        for measure in Measure::OF_LOAD_BALANCER {
            let subject = Subject::LoadBalancer(balancer.clone());
            kinds.push(Kind::Metric(MetricKey { subject, measure }));
        }
    }
    if let Some(group) = &place.group {
        let subject = Subject::Group(group.clone());
        kinds.push(Kind::Metric(MetricKey { subject, measure: Measure::Cpu }));
    }
    kinds.extend(gauges_of(state, environment));
    kinds
}

/// What is drawn of a role's servers. There may be hundreds of web servers: theirs are on their own pages.
const fn gauges(role: &Role) -> &'static [Gauge] {
    match role {
        Role::DbPrimary => &[Gauge::Connections, Gauge::Load],
        Role::DbReplica => &[Gauge::ReplayDelay, Gauge::Load],
        Role::Cache => &[Gauge::QueueDepth, Gauge::RedisMemory],
        Role::Worker | Role::Combo => &[Gauge::Load, Gauge::Memory],
        _ => &[],
    }
}

fn gauges_of(state: &State, environment: &EnvironmentName) -> Vec<Kind> {
    let servers = state.snapshot.servers_of(environment);
    let mut kinds = Vec::new();
    for role in [Role::DbReplica, Role::DbPrimary, Role::Cache, Role::Worker, Role::Combo] {
        for server in servers.iter().filter(|s| s.role.role == role && s.is_target()) {
            let Some(measured) = state.snapshot.measured(&server.id) else { continue };
            let kept = gauges(&role).iter().filter(|gauge| measured.trends.contains_key(gauge));
            kinds.extend(kept.map(|gauge| Kind::Gauge(server.id.clone(), *gauge)));
        }
    }
    kinds
}

/// A chart's numbers.
#[must_use]
pub fn chart<'a>(state: &'a State, kind: &Kind) -> Chart<'a> {
    match kind {
        Kind::Metric(key) => of_metric(state, key),
        Kind::Gauge(server, gauge) => of_gauge(state, server, *gauge),
    }
}

fn of_metric<'a>(state: &'a State, key: &MetricKey) -> Chart<'a> {
    let reading = state.snapshot.metrics.get(key);
    let series = reading.and_then(|r| r.value()).filter(|s| !s.points.is_empty());
    let empty = match reading.and_then(crate::fleet::Reading::failure) {
        Some(failure) => format!("{}: {}", failure.kind.word(), failure.message),
        None if reading.is_some() => "no points in the last hour".to_owned(),
        None => "reading cloudwatch:GetMetricData …".to_owned(),
    };
    Chart {
        word: key.measure.word(),
        subject: subject(key).to_owned(),
        now: now_of(state, reading),
        series,
        missing: series.map_or(0, |s| s.missing(state.now, state.between_metrics())),
        limits: limits(state, key.measure),
        full: key.measure.full(),
        empty,
        kind: Kind::Metric(key.clone()),
    }
}

/// The topic that a gauge is read with.
const fn topic(gauge: Gauge) -> Topic {
    match gauge {
        Gauge::ReplayDelay | Gauge::Connections => Topic::Postgres,
        Gauge::QueueDepth => Topic::RabbitMq,
        Gauge::TasksBegun => Topic::Celery,
        Gauge::RedisMemory => Topic::Redis,
        Gauge::Load | Gauge::Memory => Topic::Machine,
    }
}

fn of_gauge<'a>(state: &'a State, id: &InstanceId, gauge: Gauge) -> Chart<'a> {
    let measured = state.snapshot.measured(id);
    let series = measured.and_then(|m| m.trends.get(&gauge)).filter(|s| !s.points.is_empty());
    let newest = series.and_then(|s| s.points.last()).copied();
    let gap = Gap::of(measured, topic(gauge), &state.yardstick());
    let now = match (newest, gap) {
        (Some((_, value)), None) => Ok(value),
        (Some((at, _)), Some(_)) => {
            Err(Piece::new(format!("? {}", age::since(at, state.now)), Scope::TextDim))
        }
        (None, gap) => {
            let why = gap.unwrap_or(Gap::NotYet).word();
            Err(Piece::new(format!("? {why}"), Scope::Severity(Severity::Unknown)))
        }
    };
    let role = state.snapshot.server(id).map_or(String::new(), |s| format!(" {}", s.role.role));
    let thresholds = &state.preferences.thresholds;
    let of =
        |most: f64, pair: (f64, f64)| (most > 0.0).then_some((pair.0 * most / 100.0, pair.1 * most / 100.0));
    #[allow(clippy::cast_precision_loss)] // bytes
    let limits = match gauge {
        Gauge::ReplayDelay => Some(thresholds.lag_seconds),
        Gauge::QueueDepth => Some(thresholds.queue_depth),
        Gauge::TasksBegun => None,
        Gauge::Load => Some(thresholds.load),
        Gauge::Memory => Some(thresholds.memory),
        Gauge::Connections => {
            let most = measured.and_then(Measured::postgres).map_or(0, |p| p.connections.most);
            of(f64::from(most), thresholds.connections)
        }
        Gauge::RedisMemory => {
            let most = measured.and_then(Measured::redis).map_or(0, |r| r.memory_most);
            of(most as f64, thresholds.redis)
        }
    };
    Chart {
        word: word(gauge),
        subject: format!("{}{role}", id.short()),
        now,
        series,
        missing: if gap.is_some() { missing(series, state) } else { 0 },
        limits,
        full: (gauge == Gauge::Memory).then_some(100.0),
        empty: "not measured yet".to_owned(),
        kind: Kind::Gauge(id.clone(), gauge),
    }
}

/// How many points did not come between the newest and now.
fn missing(series: Option<&Series>, state: &State) -> usize {
    let late = series.and_then(|s| Some((s.points.last()?.0, s.period.as_secs().max(1))));
    late.map_or(0, |(at, period)| {
        let seconds = state.now.duration_since(at).as_secs();
        usize::try_from(seconds).unwrap_or(0) / usize::try_from(period).unwrap_or(1)
    })
}

/// What people call a gauge.
const fn word(gauge: Gauge) -> &'static str {
    match gauge {
        Gauge::ReplayDelay => "replay behind",
        Gauge::QueueDepth => "messages waiting",
        Gauge::TasksBegun => "tasks begun",
        Gauge::Load => "load per core",
        Gauge::Memory => "memory",
        Gauge::Connections => "connections",
        Gauge::RedisMemory => "Redis memory",
    }
}

/// A measured number with its unit.
fn shown_gauge(value: f64, gauge: Gauge) -> String {
    match gauge {
        Gauge::ReplayDelay => words::seconds(value),
        Gauge::Memory => format!("{value:.0}%"),
        Gauge::Load => format!("{value:.1}"),
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // never negative
        Gauge::RedisMemory => words::bytes(value.max(0.0) as u64),
        #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // never negative
        Gauge::QueueDepth | Gauge::TasksBegun | Gauge::Connections => {
            words::grouped(value.max(0.0).round() as u64)
        }
    }
}

/// From where on a measure warns.
pub fn limits(state: &State, measure: Measure) -> Limits {
    state.preferences.thresholds.of_measure(measure)
}

/// A number with its unit: `412 /s`, `310 ms`, `4.1%`.
pub fn shown(value: f64, measure: Measure) -> String {
    let number = if value > 0.0 && value < 10.0 && measure != Measure::SurgeQueue {
        format!("{value:.1}")
    } else {
        format!("{value:.0}")
    };
    match measure.unit() {
        "" => number,
        "%" => format!("{number}%"),
        unit if unit.starts_with('/') => format!("{number}{unit}"),
        unit => format!("{number} {unit}"),
    }
}

/// What a metric is about.
fn subject(key: &MetricKey) -> &str {
    match &key.subject {
        Subject::LoadBalancer(name) => name.as_str(),
        Subject::Group(name) => name.as_str(),
        Subject::Server(id) => id.as_str(),
        Subject::Volume(id) => id,
    }
}

/// The row of a chart.
pub fn row_id(kind: &Kind) -> RowId {
    match kind {
        Kind::Metric(key) => RowId::Line(format!("{}/{}", subject(key), key.measure.word())),
        Kind::Gauge(id, gauge) => RowId::Line(format!("{id}/{}", word(*gauge))),
    }
}

/// A row per chart.
pub fn build(state: &State, environment: &EnvironmentName) -> Table {
    let rows = kinds_of(state, environment).iter().map(|kind| row(state, kind)).collect();
    let nothing =
        format!("· The config names neither a load balancer nor a group for {environment}: no charts.");
    Table {
        columns: COLUMNS.to_vec(),
        rows,
        empty: empty::reading(state, &state.snapshot.load_balancers, &nothing),
        ..Table::default()
    }
}

fn row(state: &State, kind: &Kind) -> Row {
    let chart = chart(state, kind);
    let severity = chart.severity();
    let now = match &chart.now {
        Ok(value) => Cell {
            pieces: vec![Piece::new(chart.shown(*value), said(severity))],
            key: SortKey::Number(*value),
        },
        Err(instead) => Cell { pieces: vec![instead.clone()], key: SortKey::Unknown },
    };
    let bars = chart.series.map(|series| match kind {
        Kind::Metric(_) => spark::bars(series, 60, chart.missing, chart.limits, chart.full),
        Kind::Gauge(..) => spark::bars(&spark::condensed(series, 60), 60, 0, chart.limits, chart.full),
    });
    let bars = bars.filter(|bars| !bars.is_empty()).map_or_else(
        || match kind {
            Kind::Metric(key) => match state.snapshot.metrics.get(key).map(|r| (r.failure(), r.value())) {
                Some((Some(failure), _)) => super::cells::unknown_because(failure.kind.word()),
                Some((None, Some(_))) => dim("no points"),
                _ => dim("not read yet"),
            },
            Kind::Gauge(..) => dim(chart.empty.as_str()),
        },
        |pieces| Cell { pieces, key: SortKey::Unknown },
    );
    let largest = chart.series.and_then(|s| s.points.iter().map(|(_, v)| *v).reduce(f64::max));
    let mut name = text(chart.word, Scope::TextStrong);
    name.pieces.insert(0, super::cells::glyph(severity));
    Row {
        id: row_id(kind),
        severity,
        cells: vec![
            name,
            now,
            bars,
            largest.map_or_else(unknown, |v| dim(chart.shown(v))),
            dim(chart.subject.as_str()),
        ],
        details: Vec::new(),
        dimmed: false,
        section: None,
    }
}
