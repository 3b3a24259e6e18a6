//! Numbers over time: a daily curve, noise, and what is wrong.
//!
//! A number is a function of seed, subject and minute, so history needs no rows and never changes.

use std::collections::BTreeMap;
use std::time::Duration;

use rusqlite::OptionalExtension;

use super::clock::timestamp;
use super::dice::Dice;
use super::read::View;
use super::waves::{daily, grown, noise};
use crate::fleet::{InstanceId, Measure, MetricKey, Series, Subject};

const MINUTE: i64 = 60_000;
/// The most points of one series: a day.
const MOST: i64 = 1_440;
/// CloudWatch has a minute's number this long after the minute is over, in minutes.
const DELAY: i64 = 1;

/// Something wrong, for the time it lasts.
#[derive(Clone, Debug)]
struct Trouble {
    kind: String,
    since: i64,
    until: Option<i64>,
    amount: f64,
}

/// What the numbers of a subject depend on.
#[derive(Clone, Debug, Default)]
struct Nature {
    /// Requests per second at the busiest hour.
    load: f64,
    /// CPU in percent at the busiest hour.
    cpu: f64,
    /// Nothing is known before and after.
    from: i64,
    until: Option<i64>,
    troubles: Vec<Trouble>,
}

/// The numbers of these keys over the last `window`. A key that nothing is known about gives no points.
pub(super) fn read(
    view: &View<'_>,
    keys: &[MetricKey],
    window: Duration,
) -> rusqlite::Result<BTreeMap<MetricKey, Series>> {
    let (slow, keys): (Vec<&MetricKey>, Vec<&MetricKey>) =
        keys.iter().partition(|key| matches!(key.measure, Measure::Credits | Measure::Burst));
    let mut answer = view.balances(&slow, window)?;
    let newest = view.now.div_euclid(MINUTE) - DELAY - 1;
    let count = i64::try_from(window.as_secs() / 60).unwrap_or(MOST).clamp(0, MOST);
    let mut natures: BTreeMap<&Subject, Option<Nature>> = BTreeMap::new();
    for key in keys {
        if !natures.contains_key(&key.subject) {
            natures.insert(&key.subject, nature(view, &key.subject)?);
        }
        let mut series = Series { period: Duration::from_secs(60), points: Vec::new() };
        if let Some(Some(nature)) = natures.get(&key.subject) {
            let name = subject_name(&key.subject);
            for minute in (newest + 1 - count)..=newest {
                let at = minute * MINUTE;
                let alive = at >= nature.from && nature.until.is_none_or(|until| at < until);
                if let (true, Some(value)) = (alive, value(view.dice, name, key.measure, nature, minute)) {
                    series.points.push((timestamp(at), value));
                }
            }
        }
        answer.insert(key.clone(), series);
    }
    Ok(answer)
}

fn subject_name(subject: &Subject) -> &str {
    match subject {
        Subject::LoadBalancer(name) => name.as_str(),
        Subject::Group(name) => name.as_str(),
        Subject::Server(id) => id.as_str(),
        Subject::Volume(id) => id,
    }
}

fn nature(view: &View<'_>, subject: &Subject) -> rusqlite::Result<Option<Nature>> {
    let sql = match subject {
        Subject::Volume(_) => return Ok(None),
        Subject::LoadBalancer(_) => {
            "SELECT e.load, 0.0, b.created_at, NULL FROM balancers b
             JOIN environments e ON e.name = b.environment WHERE b.name = ?1"
        }
        Subject::Group(_) => {
            "SELECT e.load, 46.0, g.created_at, NULL FROM groups g
             JOIN environments e ON e.name = g.environment WHERE g.name = ?1"
        }
        Subject::Server(_) => {
            "SELECT 0.0, CASE
                 WHEN role = 'web' THEN 46.0 WHEN role = 'worker' THEN 38.0 WHEN role = 'cache' THEN 14.0
                 WHEN role = 'db-primary' THEN 41.0 WHEN role = 'db-replica' THEN 19.0 ELSE 3.0 END,
             launched_at + 60000,
             CASE WHEN power IN ('stopped', 'terminated') THEN launched_at END
             FROM instances WHERE id = ?1"
        }
    };
    let name = subject_name(subject);
    let found = view
        .c
        .prepare_cached(sql)?
        .query_row([name], |row| {
            Ok(Nature {
                load: row.get(0)?,
                cpu: row.get(1)?,
                from: row.get(2)?,
                until: row.get(3)?,
                troubles: Vec::new(),
            })
        })
        .optional()?;
    let Some(mut nature) = found else { return Ok(None) };
    nature.troubles = view
        .c
        .prepare_cached("SELECT kind, since, until, amount FROM troubles WHERE subject = ?1 ORDER BY since")?
        .query_map([name], |row| {
            Ok(Trouble { kind: row.get(0)?, since: row.get(1)?, until: row.get(2)?, amount: row.get(3)? })
        })?
        .collect::<Result<_, _>>()?;
    Ok(Some(nature))
}

/// One number, or `None` where the subject has no such measure.
fn value(dice: Dice, name: &str, measure: Measure, nature: &Nature, minute: i64) -> Option<f64> {
    let is_balancer = nature.cpu <= 0.0;
    if is_balancer == (measure == Measure::Cpu) {
        return None;
    }
    let day = daily(minute);
    let wave = noise(dice, &format!("{} {name}", measure.word()), minute);
    let at = minute * MINUTE;
    let trouble = |kind: &str| {
        nature
            .troubles
            .iter()
            .filter(|t| t.kind == kind && at >= t.since && t.until.is_none_or(|until| at < until))
            .map(|t| t.amount * grown(at - t.since))
            .fold(0.0, f64::max)
    };
    Some(match measure {
        Measure::Requests => nature.load * day * (0.92 + 0.16 * wave),
        Measure::Latency => 70.0 + 45.0 * day + 25.0 * wave + trouble("errors") * (38.0 + 30.0 * wave),
        Measure::ErrorRate => {
            let usual = if wave > 0.9 { 0.04 } else { 0.0 };
            usual + trouble("errors") * (0.75 + 0.5 * wave)
        }
        Measure::SurgeQueue => (trouble("errors") * 3.0 * wave).round(),
        // These are no function of the minute alone.
        Measure::Credits | Measure::Burst => return None,
        Measure::Cpu => {
            let usual = nature.cpu * (0.35 + 0.65 * day) * (0.85 + 0.3 * wave);
            let lagging = if trouble("replica-lagging") > 0.0 { 0.97 } else { 0.0 };
            let high = trouble("busy").max(trouble("unhealthy") * 0.9).max(lagging).min(1.0);
            (usual * (1.0 - high) + (94.0 + 5.0 * wave) * high).clamp(0.0, 100.0)
        }
    })
}

/// A server's CPU in percent at this moment, between the numbers of the minutes around it.
pub(super) fn cpu(view: &View<'_>, instance: &InstanceId) -> rusqlite::Result<f64> {
    let subject = Subject::Server(instance.clone());
    let Some(nature) = nature(view, &subject)? else { return Ok(0.0) };
    let minute = view.now.div_euclid(MINUTE);
    let at = |minute| value(view.dice, instance.as_str(), Measure::Cpu, &nature, minute).unwrap_or(0.0);
    let share = f64::from(i32::try_from(view.now.rem_euclid(MINUTE)).unwrap_or(0)) / 60_000.0;
    Ok(at(minute - 1) * (1.0 - share) + at(minute) * share)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn nature(troubles: Vec<Trouble>) -> Nature {
        Nature { load: 400.0, cpu: 0.0, from: 0, until: None, troubles }
    }

    #[test]
    fn a_number_of_the_past_never_changes() {
        let dice = Dice::new(3);
        let once = value(dice, "lb", Measure::Requests, &nature(Vec::new()), 29_000_000).unwrap();
        let again = value(dice, "lb", Measure::Requests, &nature(Vec::new()), 29_000_000).unwrap();
        assert_eq!(once.to_bits(), again.to_bits());
        let next = value(dice, "lb", Measure::Requests, &nature(Vec::new()), 29_000_001).unwrap();
        assert_ne!(once.to_bits(), next.to_bits());
    }

    #[test]
    fn errors_and_latency_rise_only_while_something_is_wrong() {
        let dice = Dice::new(3);
        let trouble = Trouble {
            kind: "errors".to_owned(),
            since: 100 * MINUTE,
            until: Some(130 * MINUTE),
            amount: 4.0,
        };
        let ill = nature(vec![trouble]);
        let errors = |minute| value(dice, "lb", Measure::ErrorRate, &ill, minute).unwrap();
        assert!(errors(90) < 0.1 && errors(140) < 0.1);
        assert!((120..130).all(|m| errors(m) > 2.5));
        let latency = |minute| value(dice, "lb", Measure::Latency, &ill, minute).unwrap();
        assert!(latency(125) > latency(90) + 80.0);
    }

    #[test]
    fn only_servers_and_groups_have_a_cpu() {
        let dice = Dice::new(3);
        assert_eq!(value(dice, "lb", Measure::Cpu, &nature(Vec::new()), 5), None);
        let server = Nature { cpu: 40.0, ..nature(Vec::new()) };
        assert_eq!(value(dice, "i", Measure::Requests, &server, 5), None);
        assert!(
            (0..3_000)
                .all(|m| { (0.0..=100.0).contains(&value(dice, "i", Measure::Cpu, &server, m).unwrap()) })
        );
    }
}
