//! Classic Elastic Load Balancing: load balancers and the health of their members.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_elasticloadbalancing::types::{ConnectionDraining, LoadBalancerDescription};

use super::{AwsCloud, translate};
use crate::cloud::{Answer, CloudError};
use crate::fleet::{LoadBalancer, LoadBalancerName, MemberHealth, Source};

/// The most names in a request.
const NAMES: usize = 100;
/// The most load balancers in an answer.
const PAGE: i32 = 400;

/// `DescribeLoadBalancers` by names. When one of them does not exist AWS refuses all: then every load
/// balancer is listed, in pages of 400, and the named ones are kept.
pub async fn load_balancers(cloud: &AwsCloud, names: &[LoadBalancerName]) -> Answer<Vec<LoadBalancer>> {
    let mut found = Vec::new();
    for some in names.chunks(NAMES) {
        match list(cloud, some).await {
            Err(CloudError::Absent(_)) => {
                let wanted: BTreeSet<&str> = names.iter().map(LoadBalancerName::as_str).collect();
                let mut all = list(cloud, &[]).await?;
                all.retain(|lb| wanted.contains(lb.name.as_str()));
                return Ok(all);
            }
            some => found.extend(some?),
        }
    }
    Ok(found)
}

/// `DescribeLoadBalancerAttributes`, which takes one name. One that is gone meanwhile is left out.
pub async fn draining(
    cloud: &AwsCloud,
    names: &[LoadBalancerName],
) -> Answer<BTreeMap<LoadBalancerName, Option<u32>>> {
    let mut all = BTreeMap::new();
    for name in names {
        let call = cloud.call(Source::ElbAttributes.action(), &format!("load balancer {name}"));
        let request = cloud.clients().elb.describe_load_balancer_attributes();
        let found = request.load_balancer_name(name.as_str()).send().await;
        let found = match found.map_err(|e| call.fail(e)) {
            Err(CloudError::Absent(_)) => continue,
            found => found?,
        };
        let told = found.load_balancer_attributes().and_then(|all| all.connection_draining());
        let lasts = told.filter(|draining| draining.enabled()).and_then(ConnectionDraining::timeout);
        all.insert(name.clone(), lasts.and_then(|seconds| u32::try_from(seconds).ok()).filter(|s| *s > 0));
    }
    Ok(all)
}

/// These load balancers, or all when none is named.
async fn list(cloud: &AwsCloud, names: &[LoadBalancerName]) -> Answer<Vec<LoadBalancer>> {
    let about = match names {
        [] => "all load balancers".to_owned(),
        [one] => format!("load balancer {one}"),
        many => format!("{} load balancers", many.len()),
    };
    let mut found: Vec<LoadBalancerDescription> = Vec::new();
    let mut marker = None;
    loop {
        let call = cloud.call(Source::ElbDescribeLoadBalancers.action(), &about);
        let mut request = cloud.clients().elb.describe_load_balancers().set_marker(marker.clone());
        request = if names.is_empty() {
            request.page_size(PAGE)
        } else {
            request.set_load_balancer_names(Some(names.iter().map(ToString::to_string).collect()))
        };
        let page = request.send().await.map_err(|e| call.fail(e))?;
        found.extend(page.load_balancer_descriptions.unwrap_or_default());
        let next = page.next_marker.filter(|m| !m.is_empty());
        if next.is_none() || next == marker {
            return Ok(found.iter().filter_map(translate::load_balancer).collect());
        }
        marker = next;
    }
}

/// `DescribeInstanceHealth` of every member, in one request.
pub async fn member_health(cloud: &AwsCloud, balancer: &LoadBalancerName) -> Answer<Vec<MemberHealth>> {
    let call = cloud.call(Source::ElbDescribeInstanceHealth.action(), &format!("load balancer {balancer}"));
    let request = cloud.clients().elb.describe_instance_health().load_balancer_name(balancer.as_str());
    let found = request.send().await.map_err(|e| call.fail(e))?;
    Ok(found.instance_states().iter().filter_map(translate::member_health).collect())
}
