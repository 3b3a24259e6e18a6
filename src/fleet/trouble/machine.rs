//! The machine below a server, as EC2 and CloudWatch tell of it.

use std::cmp::Reverse;

use jiff::{SignedDuration, Timestamp};

use super::{Trouble, TroubleKind};
use crate::fleet::machine::{EventKind, PlannedEvent, StatusCheck};
use crate::fleet::thresholds::{Pair, judge_falling};
use crate::fleet::{Measure, MetricKey, Reading, Server, Severity, Since, Snapshot, Subject, Yardstick};

/// What was read longer ago no longer tells how it is, on a clock that runs as ours does.
const KEEPS: f64 = 300.0;

/// What ends a server within this time is no longer something for another day.
const SOON: SignedDuration = SignedDuration::from_hours(24);

/// What is wrong with the machine below a server.
#[must_use]
pub fn of_machine(snapshot: &Snapshot, server: &Server, yardstick: &Yardstick) -> Vec<Trouble> {
    let mut found = checks(snapshot, server, yardstick);
    let limits = yardstick.thresholds;
    let credits = MetricKey { subject: Subject::Server(server.id.clone()), measure: Measure::Credits };
    found.extend(runs_out(snapshot, &credits, limits.cpu_credits, yardstick, |left| {
        let text = if left < 1.0 {
            "has no CPU credits left: it is held at a part of its cores".to_owned()
        } else {
            format!("has {left:.0} CPU credits left: with none it is held at a part of its cores")
        };
        (TroubleKind::Credits, None, format!("credits {left:.0}"), text)
    }));
    for (device, volume) in &server.volumes {
        let burst = MetricKey { subject: Subject::Volume(volume.clone()), measure: Measure::Burst };
        found.extend(runs_out(snapshot, &burst, limits.burst_balance, yardstick, |left| {
            let text =
                format!("has {left:.0}% of the bursts of its disk {device} left: with none it is slow");
            (TroubleKind::Burst, Some(device.clone()), format!("{device} bursts {left:.0}%"), text)
        }));
    }
    found
}

fn checks(snapshot: &Snapshot, server: &Server, yardstick: &Yardstick) -> Vec<Trouble> {
    let reading = &snapshot.checks;
    let Some(status) = reading.value().and_then(|all| all.get(&server.id)) else { return Vec::new() };
    let mut found = Vec::new();
    let checked = [
        (&status.system, "system", "system", "the hardware below it, or its network, is broken"),
        (&status.instance, "instance", "instance", "its own system does not answer"),
        (&status.disks, "volumes", "attached EBS", "a volume of it cannot be reached"),
    ];
    for (check, about, name, means) in checked {
        // On broken hardware nothing answers: that is one thing.
        let follows = about == "instance" && status.system.fails();
        if check.fails() && !follows {
            found.push(Trouble {
                severity: Severity::Down,
                kind: TroubleKind::StatusCheck,
                topic: None,
                about: Some(about.to_owned()),
                short: format!("{about} check failed"),
                text: format!("fails EC2's {name} status check: {means}"),
                since: since(check),
            });
        }
    }
    let mut open: Vec<&PlannedEvent> =
        status.events.iter().filter(|event| event.is_open(yardstick.now)).collect();
    // Of several the one that ends it counts, then the first.
    open.sort_by_key(|event| (Reverse(event.kind.ends_it()), event.from));
    found.extend(open.first().map(|event| planned(event, yardstick.now)));
    let old = as_of(reading, yardstick);
    for trouble in &mut found {
        if let Some(at) = old {
            trouble.severity = trouble.severity.min(Severity::Unknown);
            trouble.text.push_str(&at.strftime(" (as of %H:%M UTC)").to_string());
        }
    }
    found
}

fn since(check: &StatusCheck) -> Option<Since> {
    check.since.map(|at| Since { at, turned: true })
}

fn planned(event: &PlannedEvent, now: Timestamp) -> Trouble {
    let kind = if event.kind.ends_it() { TroubleKind::Retirement } else { TroubleKind::Planned };
    let does = match event.kind {
        EventKind::Retirement => "is on hardware that AWS takes out of service",
        EventKind::Stop => "is to be stopped by AWS",
        EventKind::Reboot => "is to be rebooted by AWS",
        EventKind::HostReboot => "is on hardware that AWS reboots",
        EventKind::Maintenance => "is on hardware that AWS works on",
        EventKind::Other => "is to be dealt with by AWS",
    };
    let when = event.from.map_or_else(String::new, |from| {
        let began = if from <= now { "since" } else { "from" };
        format!(" {began} {}", from.strftime("%-d %b %Y %H:%M UTC"))
    });
    let short = match (kind, event.from) {
        (TroubleKind::Retirement, Some(from)) => from.strftime("retired %-d %b").to_string(),
        (TroubleKind::Retirement, None) => "retired".to_owned(),
        (_, Some(from)) => from.strftime("AWS works %-d %b").to_string(),
        (_, None) => "AWS works".to_owned(),
    };
    let soon = event.from.is_none_or(|from| from.duration_since(now) <= SOON);
    let severity = if kind == TroubleKind::Retirement && soon { Severity::Down } else { Severity::Warn };
    Trouble { severity, kind, topic: None, about: None, short, text: format!("{does}{when}"), since: None }
}

/// When the checks were read, where that is too long ago.
fn as_of<T>(reading: &Reading<T>, yardstick: &Yardstick) -> Option<Timestamp> {
    let keeps = KEEPS * yardstick.speed.clamp(1.0, 1e6);
    let keeps = SignedDuration::try_from_secs_f64(keeps).unwrap_or(SignedDuration::MAX);
    let old = reading.age(yardstick.now).is_some_and(|age| age > keeps);
    reading.read_at().filter(|_| old)
}

/// Something of which there is less and less. What is not current says nothing: CloudWatch may only be late.
fn runs_out(
    snapshot: &Snapshot,
    key: &MetricKey,
    limits: Pair,
    yardstick: &Yardstick,
    say: impl Fn(f64) -> (TroubleKind, Option<String>, String, String),
) -> Option<Trouble> {
    let series = snapshot.balances.get(key)?.value()?;
    let left = series.current(yardstick.now, yardstick.between_balances())?;
    let severity = judge_falling(left, limits);
    if severity <= Severity::Ok {
        return None;
    }
    let low = series.points.iter().rev().take_while(|(_, value)| *value <= limits.0).count();
    let first = series.points.get(series.points.len() - low)?.0;
    let since = Some(Since { at: first, turned: low < series.points.len() });
    let (kind, about, short, text) = say(left);
    Some(Trouble { severity, kind, topic: None, about, short, text, since })
}
