//! CloudWatch: numbers over time. CloudWatch bills each query of `GetMetricData` (a load balancer takes five,
//! a group or a server one), so that each number is asked for once, whoever needs it.

mod query;

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_cloudwatch::types::{Dimension, Metric, MetricDataQuery, MetricStat, ScanBy, StatusCode};
use jiff::Timestamp;

use super::AwsCloud;
use crate::cloud::Answer;
use crate::fleet::text::one_line;
use crate::fleet::{MetricKey, Series, Source};
use query::{Plan, Query, Raw};

/// The most queries CloudWatch takes in one request.
const QUERIES: usize = 500;
/// The most points kept of one series; a longer window gets longer periods.
const POINTS: u64 = 1_440;

/// `GetMetricData` for all keys.
pub async fn metrics(
    cloud: &AwsCloud,
    keys: &[MetricKey],
    window: Duration,
) -> Answer<BTreeMap<MetricKey, Series>> {
    let plan = Plan::of(keys);
    let range = Range::ending(Timestamp::now(), window);
    let mut raw = Raw::default();
    for some in plan.queries().chunks(QUERIES) {
        read(cloud, some, range, &mut raw).await?;
    }
    Ok(plan.series(&raw, Duration::from_secs(range.period)))
}

/// From when to when, and in what steps; all in whole minutes, as CloudWatch keeps them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Range {
    start: i64,
    end: i64,
    period: u64,
}

impl Range {
    fn ending(now: Timestamp, window: Duration) -> Self {
        let minutes = window.as_secs().div_ceil(60).clamp(1, 15 * 24 * 60);
        let period = minutes.div_ceil(POINTS) * 60;
        let step = i64::try_from(period).unwrap_or(60);
        let end = now.as_second().div_euclid(step) * step + step;
        let start = end - i64::try_from(minutes * 60).unwrap_or(60);
        Self { start: start.div_euclid(step) * step, end, period }
    }
}

async fn read(cloud: &AwsCloud, queries: &[Query], range: Range, raw: &mut Raw) -> Answer<()> {
    let asked: Vec<MetricDataQuery> =
        queries.iter().enumerate().map(|(n, query)| to_sdk(n, query, range.period)).collect();
    let mut token = None;
    loop {
        let call =
            cloud.call(Source::CloudWatchGetMetricData.action(), &format!("{} metrics", queries.len()));
        let request = cloud
            .clients()
            .cloudwatch
            .get_metric_data()
            .set_metric_data_queries(Some(asked.clone()))
            .start_time(aws_smithy_types::DateTime::from_secs(range.start))
            .end_time(aws_smithy_types::DateTime::from_secs(range.end))
            .scan_by(ScanBy::TimestampAscending)
            .set_next_token(token.clone());
        let page = request.send().await.map_err(|e| call.fail(e))?;
        for result in page.metric_data_results() {
            let query = result.id().and_then(|id| id.strip_prefix('q')?.parse::<usize>().ok());
            let Some(query) = query.and_then(|n| queries.get(n)) else { continue };
            if let Some(code @ (StatusCode::InternalError | StatusCode::Forbidden)) = result.status_code() {
                let message = result.messages().first().and_then(|m| m.value()).unwrap_or_default();
                let (code, message) = (code.as_str(), one_line(message));
                tracing::warn!(target: "quarterdeck::aws", ?query, code, message, "CloudWatch left a metric out");
                raw.leave_out(query);
                continue;
            }
            let times = result.timestamps().iter().map(aws_smithy_types::DateTime::secs);
            raw.add(query, times.zip(result.values().iter().copied()));
        }
        let next = page.next_token.filter(|t| !t.is_empty());
        if next.is_none() || next == token {
            return Ok(());
        }
        token = next;
    }
}

fn to_sdk(number: usize, query: &Query, period: u64) -> MetricDataQuery {
    let (dimension, value) = query.dimension();
    let metric = Metric::builder()
        .namespace(query.namespace())
        .metric_name(query.metric)
        .dimensions(Dimension::builder().name(dimension).value(value).build())
        .build();
    let stat = MetricStat::builder()
        .metric(metric)
        .period(i32::try_from(period).unwrap_or(i32::MAX))
        .stat(query.statistic)
        .build();
    MetricDataQuery::builder().id(format!("q{number}")).metric_stat(stat).build()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn range(window: u64) -> Range {
        Range::ending(Timestamp::from_second(1_800_000_037).unwrap(), Duration::from_secs(window))
    }

    #[test]
    fn a_window_is_whole_minutes_and_holds_the_current_one() {
        let hour = range(3_600);
        assert_eq!((hour.period, hour.start % 60, hour.end - hour.start), (60, 0, 3_600));
        assert!(hour.end > 1_800_000_037);
        assert_eq!(range(0).end - range(0).start, 60);
    }

    #[test]
    fn a_long_window_gets_longer_periods_instead_of_more_points() {
        let week = range(7 * 24 * 3_600);
        assert_eq!(week.period, 420);
        assert!((week.end - week.start) / 420 <= 1_441);
    }
}
