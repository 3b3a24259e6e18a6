//! One list of everything that happened, nothing in it twice.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use super::entry::{About, Entry, Happening, Ran, Timeline};
use super::line::Told;
use super::recording::{Change, Recording};
use super::thing::{Kind, State};
use super::{number::Number, scaled, turns, words};
use crate::fleet::text::one_line;
use crate::fleet::{EnvironmentName, InstanceId, Severity, Thresholds, words as fleet_words};
use crate::triage::Memory;

/// The same on several servers within this is one entry.
const TOGETHER: SignedDuration = SignedDuration::from_secs(90);
/// An activity tells of a server that comes or goes so long before and after itself.
const ACTIVITY: SignedDuration = SignedDuration::from_mins(10);
/// The most servers that an entry names one by one.
const NAMED: usize = 12;

/// What a timeline is made of.
#[derive(Clone, Copy, Debug)]
pub struct Sources<'a> {
    /// What was recorded, and what was read beside it.
    pub recording: &'a Recording,
    /// What triage remembers.
    pub memory: &'a Memory,
    /// Runs of this machine in the environment.
    pub runs: &'a [Ran],
}

/// Which stretch of time is told, and by which measure.
#[derive(Clone, Debug)]
pub struct Window {
    /// Where.
    pub environment: EnvironmentName,
    /// From when.
    pub since: Timestamp,
    /// Until when.
    pub until: Timestamp,
    /// From where on numbers warn.
    pub thresholds: Thresholds,
    /// Seconds of the cloud's clock per second of ours.
    pub pace: f64,
}

/// Puts everything together, the earliest first.
#[must_use]
pub fn timeline(sources: &Sources<'_>, window: &Window) -> Timeline {
    let mut entries = Vec::new();
    of_changes(sources, window, &mut entries);
    of_memory(sources, window, &mut entries);
    sources.runs.iter().for_each(|run| of_run(run, &mut entries));
    entries.extend(sources.recording.activities().map(of_activity));
    of_numbers(sources, window, &mut entries);
    of_gaps(sources, window, &mut entries);
    entries.retain(|entry| entry.at <= window.until && entry.until.unwrap_or(entry.at) >= window.since);
    entries.sort_by(|a, b| (a.at, a.happening, &a.title).cmp(&(b.at, b.happening, &b.title)));
    entries.dedup_by(|a, b| a.at == b.at && a.happening == b.happening && a.title == b.title);
    let recorded =
        sources.recording.first_look().map(|at| at.max(window.since)).filter(|at| *at <= window.until);
    let environment = window.environment.clone();
    Timeline { environment, since: window.since, until: window.until, recorded, entries }
}

/// What turned from what to what.
type Way<'a> = (Kind, &'a str, Option<&'a str>, Option<&'a str>);

/// Changes of one kind, name and way, close together.
struct Folded<'a> {
    change: &'a Change,
    servers: Vec<InstanceId>,
    last: Timestamp,
}

fn of_changes(sources: &Sources<'_>, window: &Window, entries: &mut Vec<Entry>) {
    let together = scaled(TOGETHER, window.pace);
    let mut all: Vec<&Change> = sources.recording.changes().collect();
    all.sort_by_key(|change| change.at);
    let mut folded: Vec<Folded<'_>> = Vec::new();
    let mut newest: BTreeMap<Way<'_>, usize> = BTreeMap::new();
    for change in all {
        if is_told_elsewhere(change, sources) {
            continue;
        }
        let key = (
            change.thing.kind,
            change.thing.name.as_str(),
            change.from.as_ref().map(|state| state.word.as_str()),
            change.to.as_ref().map(|state| state.word.as_str()),
        );
        let there = newest.get(&key).and_then(|at| folded.get_mut(*at));
        match (there, &change.thing.server) {
            (Some(there), Some(id)) if change.at.duration_since(there.change.at) <= together => {
                // On and off again within the stretch: every time counts, each server is named once.
                if !there.servers.contains(id) {
                    there.servers.push(id.clone());
                }
                there.last = change.at;
            }
            _ => {
                newest.insert(key, folded.len());
                let servers = change.thing.server.iter().cloned().collect();
                folded.push(Folded { change, servers, last: change.at });
            }
        }
    }
    entries.extend(folded.iter().map(of_change));
}

/// Whether a journal or an activity tells the same, and better.
fn is_told_elsewhere(change: &Change, sources: &Sources<'_>) -> bool {
    match (change.thing.kind, &change.thing.server) {
        (Kind::Lock, _) => {
            let ours = sources.runs.iter().filter_map(|run| run.lock);
            ours.into_iter().any(|(kind, number)| change.thing.name == format!("{}/{number}", kind.word()))
        }
        (Kind::Server, Some(id)) => sources.recording.activities().any(|told| {
            let begins = change.after.unwrap_or(change.at);
            let near = change.at.duration_since(told.began) >= -ACTIVITY
                && begins.duration_since(told.ended.unwrap_or(begins)) <= ACTIVITY;
            near && told.what.contains(id.as_str())
        }),
        _ => false,
    }
}

fn of_change(folded: &Folded<'_>) -> Entry {
    let change = folded.change;
    let thing = &change.thing;
    let happening = match thing.kind {
        Kind::Finding => Happening::Finding,
        Kind::Launch | Kind::Code => Happening::Deploy,
        Kind::Lock => Happening::Run,
        _ => Happening::State,
    };
    let severity = match (&change.to, thing.kind) {
        (Some(state), _) => state.severity,
        (None, Kind::Finding | Kind::Process | Kind::Lock) => Severity::Ok,
        (None, _) => Severity::Idle,
    };
    let about = match (thing.kind, folded.servers.as_slice()) {
        (Kind::Finding, _) => About::Finding(thing.name.clone()),
        (Kind::Sizes | Kind::Process | Kind::Launch, _) => About::Group,
        (Kind::Member, [_, _, ..]) => About::LoadBalancer(thing.name.clone()),
        (_, [one]) => About::Server(one.clone()),
        _ => About::Environment,
    };
    let mut evidence = change.evidence.clone();
    if folded.servers.len() > 1 {
        let named: Vec<&str> = folded.servers.iter().take(NAMED).map(InstanceId::as_str).collect();
        let more = folded.servers.len().saturating_sub(NAMED);
        let more = if more > 0 { format!(" and {more} more") } else { String::new() };
        evidence.push(format!("{}{more}", named.join(", ")));
    }
    if folded.last > change.at {
        evidence.push(format!("the last of them at {}", clock(folded.last)));
    }
    Entry {
        at: change.at,
        after: change.after,
        until: None,
        happening,
        severity,
        title: words::title(change, &folded.servers),
        about,
        source: source(thing.kind).to_owned(),
        evidence,
        servers: folded.servers.clone(),
    }
}

const fn source(kind: Kind) -> &'static str {
    match kind {
        Kind::Server => "ec2:DescribeInstances",
        Kind::Member => "elasticloadbalancing:DescribeInstanceHealth",
        Kind::Sizes | Kind::Process | Kind::Launch => "autoscaling:DescribeAutoScalingGroups",
        Kind::Lock => "ssm:GetParametersByPath",
        Kind::Finding => "triage",
        Kind::Other => "recorded",
        _ => "ssh",
    }
}

/// How findings read when they were recorded last, by their keys: also those that stood when recording began, which have not
/// turned since.
fn found(recording: &Recording) -> BTreeMap<String, State> {
    let changes = recording.changes().filter(|change| change.thing.kind == Kind::Finding);
    let turned = changes.filter_map(|change| {
        let state = change.to.as_ref().or(change.from.as_ref())?;
        Some((change.thing.name.clone(), state.clone()))
    });
    let stand = recording.latest().into_iter().filter(|(thing, _)| thing.kind == Kind::Finding);
    turned.chain(stand.map(|(thing, state)| (thing.name, state))).collect()
}

/// What triage remembers and nobody has recorded, and what people said.
fn of_memory(sources: &Sources<'_>, window: &Window, entries: &mut Vec<Entry>) {
    let recorded: BTreeSet<(String, Timestamp)> = sources
        .recording
        .changes()
        .filter(|change| change.thing.kind == Kind::Finding)
        .map(|change| (change.thing.name.clone(), change.at))
        .collect();
    let found = found(sources.recording);
    let base = |key: &str, at, severity, title: String, happening| Entry {
        at,
        after: None,
        until: None,
        happening,
        severity,
        title,
        about: About::Finding(key.to_owned()),
        source: "triage".to_owned(),
        evidence: Vec::new(),
        servers: Vec::new(),
    };
    let apart = scaled(super::WATCHED, window.pace);
    for entry in sources.memory.entries() {
        let key = entry.key.to_string();
        let known = found.get(&key);
        let title = known.map_or(&key, |state| &state.says);
        let near = |at: Timestamp| {
            recorded.iter().any(|(name, other)| *name == key && (at.duration_since(*other)).abs() <= apart)
        };
        // Only what was told is a finding; the rest was watched, and did not last.
        let told = entry.told || entry.last.duration_since(entry.first) >= entry.key.kind.rises_after();
        if told && !near(entry.first) && !recorded.iter().any(|(name, at)| *name == key && *at >= entry.first)
        {
            let severity = known.map_or(Severity::Warn, |state| state.severity);
            let mut began = base(&key, entry.first, severity, title.clone(), Happening::Finding);
            if !entry.turned {
                began.evidence.push("it may have been so before: that is when it was first seen".to_owned());
            }
            entries.push(began);
            if !entry.told && !near(entry.last) {
                entries.push(base(
                    &key,
                    entry.last,
                    Severity::Ok,
                    format!("Over: {title}"),
                    Happening::Finding,
                ));
            }
        }
        if let Some(seen) = &entry.acknowledged {
            let title = format!("{} has seen: {title}", one_line(&seen.by));
            entries.push(base(&key, seen.at, Severity::Idle, title, Happening::Said));
        }
        if let Some(noted) = entry.noted.as_ref().filter(|noted| !noted.words.is_empty()) {
            let title = format!("{} notes: {} (of: {title})", one_line(&noted.by), one_line(&noted.words));
            entries.push(base(&key, noted.at, Severity::Idle, title, Happening::Said));
        }
    }
}

fn of_run(run: &Ran, entries: &mut Vec<Entry>) {
    let base = |at, severity, title: String| Entry {
        at,
        after: None,
        until: None,
        happening: Happening::Run,
        severity,
        title,
        about: About::Run(run.id.clone()),
        source: format!("run {}", run.id),
        evidence: Vec::new(),
        servers: Vec::new(),
    };
    let what = one_line(&run.what);
    let title = format!("{} began {}: {what}", one_line(&run.who), run.operation);
    entries.push(Entry { until: run.finished, ..base(run.at, Severity::Changing, title) });
    if let Some((at, why)) = &run.turned {
        let title = format!("{} goes no further: {}", run.operation, one_line(why));
        entries.push(base(*at, Severity::Warn, title));
    }
    if let Some(at) = run.finished {
        let took = fleet_words::seconds(at.duration_since(run.at).as_secs_f64());
        let mut end = base(at, run.severity, format!("{} {} after {took}", run.operation, run.word));
        end.evidence
            .extend(run.steps.iter().map(|(at, words)| format!("{} {}", clock(*at), one_line(words))));
        end.evidence.extend(run.left.iter().map(|left| format!("left: {}", one_line(left))));
        entries.push(end);
    }
}

fn of_activity(told: &Told) -> Entry {
    let severity = match told.status.as_str() {
        "Successful" => Severity::Ok,
        "Failed" | "Cancelled" => Severity::Warn,
        _ => Severity::Changing,
    };
    let word = match severity {
        Severity::Ok => String::new(),
        _ => format!(" ({})", told.status),
    };
    let mut evidence = vec![told.why.clone()];
    evidence.extend(told.message.clone());
    evidence.retain(|text| !text.is_empty());
    Entry {
        at: told.began,
        after: None,
        until: told.ended,
        happening: Happening::Activity,
        severity,
        title: format!("{}{word}", told.what),
        about: About::Group,
        source: "autoscaling:DescribeScalingActivities".to_owned(),
        evidence,
        servers: Vec::new(),
    }
}

fn of_numbers(sources: &Sources<'_>, window: &Window, entries: &mut Vec<Entry>) {
    for number in Number::ALL {
        let Some(points) = sources.recording.number(number) else { continue };
        for turn in turns::turns(number, points, &window.thresholds) {
            let word = number.word();
            let (shown, worst) = (number.shown(turn.first), number.shown(turn.worst));
            let title = match turn.usual {
                None => format!("{word} over its threshold, {shown}"),
                Some(usual) if turn.first < usual => {
                    format!("{word} fell to {shown} from {}", number.shown(usual))
                }
                Some(usual) => format!("{word} rose to {shown} from {}", number.shown(usual)),
            };
            let entry = Entry {
                at: turn.from,
                after: None,
                until: turn.back,
                happening: Happening::Metric,
                severity: turn.severity,
                title,
                about: About::Environment,
                source: "recorded numbers".to_owned(),
                evidence: vec![format!("{word} went to {worst} at most")],
                servers: Vec::new(),
            };
            if let Some(back) = turn.back {
                let lasted = fleet_words::seconds(back.duration_since(turn.from).as_secs_f64());
                let title = format!("{word} as before after {lasted}");
                let (at, until, severity, evidence) = (back, None, Severity::Ok, Vec::new());
                entries.push(Entry { at, until, severity, title, evidence, ..entry.clone() });
            }
            entries.push(entry);
        }
    }
}

fn of_gaps(sources: &Sources<'_>, window: &Window, entries: &mut Vec<Entry>) {
    let recording = sources.recording;
    let mut gaps = recording.gaps();
    match (recording.first_look(), recording.last_look()) {
        (Some(first), Some(last)) => {
            if first > window.since {
                gaps.push((window.since, first));
            }
            if window.until.duration_since(last) > scaled(super::WATCHED, window.pace) {
                gaps.push((last, window.until));
            }
        }
        _ => gaps.push((window.since, window.until)),
    }
    for (from, to) in gaps {
        let (from, to) = (from.max(window.since), to.min(window.until));
        if from >= to {
            continue;
        }
        let lasted = fleet_words::seconds(to.duration_since(from).as_secs_f64());
        entries.push(Entry {
            at: from,
            after: None,
            until: Some(to),
            happening: Happening::Gap,
            severity: Severity::Unknown,
            title: format!("Nobody looked for {lasted}"),
            about: About::Environment,
            source: "recorded".to_owned(),
            evidence: vec!["what turned in it is told at its end".to_owned()],
            servers: Vec::new(),
        });
    }
}

/// A moment as a clock shows it.
fn clock(at: Timestamp) -> String {
    at.strftime("%H:%M:%S").to_string()
}
