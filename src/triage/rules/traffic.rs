//! Load balancers: whether they are there, who is in service, and what users get.

use jiff::Timestamp;

use super::{Symptom, crossed, earliest, over};
use crate::fleet::overview::{BalancerCount, Traffic};
use crate::fleet::{
    FailureKind, HealthState, LoadBalancerName, Measure, MemberHealth, MetricKey, Reading, Reason, Severity,
    Subject, Topic, words,
};
use crate::triage::finding::Evidence;
use crate::triage::kind::Kind;
use crate::triage::patient::Patient;

/// Load balancers that are not there, or have no members.
pub fn balancers(patient: &Patient<'_>) -> Vec<Symptom> {
    if patient.servers.is_empty() {
        return Vec::new();
    }
    let mut found = Vec::new();
    for balancer in &patient.row.balancers {
        let name = balancer.name.as_str();
        let everybody = "nobody reaches the site through it";
        if balancer.failure == Some(FailureKind::Absent) {
            let read = patient.read(&patient.snapshot.load_balancers, format!("there is no {name}"));
            let title = format!("The load balancer {name} does not exist");
            let symptom = Symptom::new(Kind::NoBalancer, name, Severity::Down, title).users(everybody);
            found.push(symptom.because(read));
        } else if balancer.registered == Some(0) {
            // As if none of them were in service: what takes them all out may have had the group end them.
            let title = format!("The load balancer {name} has no members");
            let symptom = Symptom::new(Kind::NoMember, name, Severity::Down, title).users(everybody);
            found.push(symptom.because(said(patient, balancer, "no instance is registered".into())));
        }
    }
    found
}

/// R26: whether requests end where they began when a server leaves.
pub fn draining(patient: &Patient<'_>) -> Vec<Symptom> {
    let reading = &patient.snapshot.draining;
    let off = |name: &&LoadBalancerName| reading.value().is_some_and(|all| all.get(*name) == Some(&None));
    let names = patient.place.load_balancers.iter().filter(off);
    let found = names.map(|name| {
        let title =
            format!("The load balancer {name} does not drain: servers leave in the middle of requests");
        Symptom::new(Kind::DrainingOff, name.as_str(), Severity::Warn, title)
            .users("requests under way at a server that leaves break off, at each deploy")
            .because(patient.read(reading, "its connection draining is off"))
    });
    found.collect()
}

fn said(patient: &Patient<'_>, balancer: &BalancerCount, text: String) -> Evidence {
    let reading = patient.snapshot.health.get(&balancer.name);
    Evidence {
        text,
        source: crate::fleet::Source::ElbDescribeInstanceHealth.action().to_owned(),
        at: reading.and_then(Reading::read_at),
    }
}

/// Members out of service: none in, or some out.
pub fn members(patient: &Patient<'_>) -> Vec<Symptom> {
    patient.row.balancers.iter().filter_map(|balancer| of_balancer(patient, balancer)).collect()
}

fn of_balancer(patient: &Patient<'_>, balancer: &BalancerCount) -> Option<Symptom> {
    let snapshot = patient.snapshot;
    let members = snapshot.health.get(&balancer.name)?.value().filter(|_| balancer.registered.is_some())?;
    let out: Vec<&MemberHealth> = members.iter().filter(|m| m.severity() == Severity::Down).collect();
    let serving = members.iter().filter(|m| m.state == HealthState::InService).count();
    let coming = members.iter().filter(|m| m.is_changing()).count();
    let (name, all) = (&balancer.name, members.len());
    if members.is_empty() || (out.is_empty() && (serving > 0 || coming == 0)) {
        return None;
    }
    let since = earliest(out.iter().filter_map(|m| snapshot.since(name, &m.instance)));
    let mut symptom = if serving == 0 && coming > 0 && out.is_empty() {
        let title = format!("No web server of {name} is in service yet: {coming} on their way");
        Symptom::new(Kind::NoMember, name.as_str(), Severity::Down, title).users("everybody gets 503")
    } else if serving == 0 {
        let title = format!("No web server is in service at {name}: {}", why(patient, &out));
        Symptom::new(Kind::NoMember, name.as_str(), Severity::Down, title).users("everybody gets 503")
    } else {
        let who = match out.as_slice() {
            [_] => format!("One of {all} web servers"),
            several => format!("{} of {all} web servers", several.len()),
        };
        let verb = why(patient, &out);
        let users = format!("{serving} of {all} still answer; requests under way there may have failed");
        Symptom::new(Kind::WebOut, name.as_str(), Severity::Down, format!("{who} {verb}")).users(users)
    };
    for member in out.iter().take(4) {
        let words = member.description.as_deref().filter(|d| !matches!(*d, "" | "N/A"));
        let words = words.unwrap_or("no reason given");
        let text = format!("{} is out of service at {name}: {words}", member.instance.short());
        symptom = symptom.because(said(patient, balancer, text));
        symptom = own_words(patient, member, symptom);
    }
    let ids = out.iter().map(|m| m.instance.clone());
    Some(symptom.since(since).on(ids).against(healthy(patient, members, serving)))
}

/// What they have in common, as the end of a sentence.
fn why(patient: &Patient<'_>, out: &[&MemberHealth]) -> String {
    let answers: Vec<u16> = out.iter().filter_map(|m| answer(patient, m)).collect();
    if let Some(first) = answers.first().filter(|first| answers.iter().all(|a| a == *first)) {
        return match (*first, out.len()) {
            (0, 1) => "does not answer its health check".into(),
            (0, _) => "do not answer their health check".into(),
            (status, 1) => format!("answers its health check with {status}"),
            (status, _) => format!("answer their health check with {status}"),
        };
    }
    let one = out.len() == 1;
    let first = out.first().map_or(Reason::Other, |m| m.reason());
    let plain = first.plain().filter(|_| out.iter().all(|m| m.reason() == first));
    match (plain, one) {
        (Some(plain), true) => plain.to_owned(),
        (Some(plain), false) => {
            let plural = [
                ("fails its", "fail their"),
                ("is ", "are "),
                ("has not", "have not"),
                ("does not", "do not"),
            ];
            plural.iter().fold(plain.to_owned(), |text, (is, are)| text.replacen(is, are, 1))
        }
        (None, true) => "is out of service".into(),
        (None, false) => "are out of service".into(),
    }
}

/// What a member answers to its own health check, asked on the server, where that is not 200.
fn answer(patient: &Patient<'_>, member: &MemberHealth) -> Option<u16> {
    let site = patient.measured(&member.instance, Topic::Site)?.site()?;
    let answer = site.nginx.as_ref()?;
    (answer.status != 200).then_some(answer.status)
}

/// What the server itself tells about why.
fn own_words(patient: &Patient<'_>, member: &MemberHealth, mut symptom: Symptom) -> Symptom {
    let id = &member.instance;
    if patient.snapshot.measured(id).is_none() {
        return symptom.unknown(format!("what {} itself says: it was not asked", id.short()));
    }
    for trouble in patient.row.troubles.get(id).into_iter().flatten().take(4) {
        let text = format!("{} {}", id.short(), trouble.text);
        match trouble.topic {
            Some(topic) => symptom = symptom.because(patient.probed(id, topic, text)),
            // EC2 tells that as a finding of its own.
            None if trouble.kind.of_machine() => {}
            None => symptom = symptom.unknown(text),
        }
    }
    symptom
}

/// What the healthy ones tell: whether it can be the release.
fn healthy(patient: &Patient<'_>, members: &[MemberHealth], serving: usize) -> Option<Evidence> {
    let release = |m: &MemberHealth| {
        let server = patient.snapshot.server(&m.instance)?;
        patient.snapshot.release_of_server(server).changeset
    };
    let bad: Vec<_> = members.iter().filter(|m| m.severity() == Severity::Down).map(release).collect();
    let good: Vec<_> = members.iter().filter(|m| m.state == HealthState::InService).map(release).collect();
    let shared = bad.iter().flatten().find(|changeset| good.iter().flatten().any(|g| g == *changeset))?;
    let text = match serving {
        1 => format!("another one runs the same release {} and is healthy", shared.short()),
        n => format!(
            "{n} others are healthy, on the same release {}: the release alone is not the cause",
            shared.short()
        ),
    };
    let at = patient.snapshot.groups.read_at();
    Some(Evidence { text, source: crate::fleet::Source::AutoScalingDescribeGroups.action().into(), at })
}

/// Numbers of the load balancers over their limits, or far from what they were.
pub fn numbers(patient: &Patient<'_>) -> Vec<Symptom> {
    let over = patient.row.traffic.iter().map(|traffic| number(patient, traffic));
    over.collect()
}

fn number(patient: &Patient<'_>, traffic: &Traffic) -> Symptom {
    let (name, value) = (&traffic.name, traffic.value);
    let key = MetricKey { subject: Subject::LoadBalancer(name.clone()), measure: traffic.measure };
    let (kind, title, users) = match traffic.measure {
        Measure::ErrorRate => (
            Kind::Errors,
            format!("{value:.1}% of the answers at {name} are 5xx"),
            format!("about 1 in {:.0} requests fails", (100.0 / value.max(0.1)).max(1.0)),
        ),
        Measure::SurgeQueue => (
            Kind::Surge,
            format!("{value:.0} requests wait at {name} for a web server"),
            "pages are slow; past 1,024 waiting, requests are refused".to_owned(),
        ),
        _ => (Kind::Slow, format!("Answers at {name} take {value:.0} ms"), "pages are slow".to_owned()),
    };
    let reading = patient.snapshot.metrics.get(&key);
    let evidence = Evidence {
        text: format!("{}: {}{}", traffic.measure.word(), shown(value), traffic.measure.unit()),
        source: crate::fleet::Source::CloudWatchGetMetricData.action().to_owned(),
        at: reading.and_then(Reading::read_at),
    };
    let series = reading.and_then(Reading::value);
    let limit = patient.yardstick.thresholds.of_measure(traffic.measure).map_or(f64::MAX, |(warn, _)| warn);
    let since = series.and_then(|series| crossed(&series.points, limit));
    let mut symptom = Symptom::new(kind, name.as_str(), traffic.severity, title)
        .users(users)
        .since(since)
        .because(evidence.clone());
    if let Some(before) = series.and_then(|s| usual(&s.points, limit)) {
        let text = format!("before that it was {}{}", shown(before), traffic.measure.unit());
        symptom = symptom.because(Evidence { text, ..evidence });
    }
    symptom
}

fn shown(value: f64) -> String {
    if value < 10.0 {
        return format!("{value:.1}");
    }
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // what is shown has no fraction
    let whole = value.round() as u64;
    words::grouped(whole)
}

/// What it was before it went over the limit, on the whole.
#[allow(clippy::cast_precision_loss)] // points of an hour
fn usual(points: &[(Timestamp, f64)], limit: f64) -> Option<f64> {
    let before = points.get(..points.len().checked_sub(over(points, limit))?)?;
    (before.len() >= 5).then(|| before.iter().map(|(_, value)| value).sum::<f64>() / before.len() as f64)
}
