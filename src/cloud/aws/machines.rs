//! EC2: what it says of the machines below servers.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ec2::types::InstanceStatus;

use super::{AwsCloud, translate};
use crate::cloud::{Answer, CloudError};
use crate::fleet::{CreditMode, InstanceId, MachineStatus, Source};

/// The most ids that EC2 takes in one request about status.
const IDS: usize = 100;
/// The most instances EC2 puts in one answer.
const PAGE: i32 = 1000;
/// The most ids that EC2 takes in one request about credits.
const CREDIT_IDS: usize = 1000;

/// `DescribeInstanceStatus`. It knows no filter on tags: up to a hundred servers are named, of more everything that runs in
/// the account is read in pages, and what is not ours is dropped. Where one of them is gone meanwhile, EC2 refuses to
/// tell of any by name.
pub async fn status(cloud: &AwsCloud, ids: &[InstanceId]) -> Answer<BTreeMap<InstanceId, MachineStatus>> {
    let wanted: BTreeSet<&str> = ids.iter().map(InstanceId::as_str).collect();
    if wanted.is_empty() {
        return Ok(BTreeMap::new());
    }
    let found = if wanted.len() > IDS {
        in_pages(cloud).await?
    } else {
        match named(cloud, &wanted).await {
            Err(CloudError::Absent(_)) => in_pages(cloud).await?,
            found => found?,
        }
    };
    let ours = found.iter().filter_map(translate::machine_status);
    Ok(ours.filter(|(id, _)| wanted.contains(id.as_str())).collect())
}

async fn named(cloud: &AwsCloud, ids: &BTreeSet<&str>) -> Answer<Vec<InstanceStatus>> {
    let call = cloud.call(Source::Ec2InstanceStatus.action(), &format!("{} instances", ids.len()));
    let ids = ids.iter().map(|id| (*id).to_owned()).collect();
    let request = cloud.clients().ec2.describe_instance_status().set_instance_ids(Some(ids));
    let found = request.send().await.map_err(|e| call.fail(e))?;
    Ok(found.instance_statuses.unwrap_or_default())
}

async fn in_pages(cloud: &AwsCloud) -> Answer<Vec<InstanceStatus>> {
    let mut all = Vec::new();
    let mut token = None;
    loop {
        let call = cloud.call(Source::Ec2InstanceStatus.action(), "all instances that run");
        let request = cloud.clients().ec2.describe_instance_status().max_results(PAGE);
        let page = request.set_next_token(token.clone()).send().await.map_err(|e| call.fail(e))?;
        all.extend(page.instance_statuses.unwrap_or_default());
        let next = page.next_token.filter(|t| !t.is_empty());
        if next.is_none() || next == token {
            return Ok(all);
        }
        token = next;
    }
}

/// `DescribeInstanceCreditSpecifications`. Where one of the servers is gone meanwhile EC2 tells of none: they are asked about
/// again once that is known.
pub async fn credit_modes(cloud: &AwsCloud, ids: &[InstanceId]) -> Answer<BTreeMap<InstanceId, CreditMode>> {
    let mut modes = BTreeMap::new();
    for some in ids.chunks(CREDIT_IDS) {
        let call = cloud.call(Source::Ec2CreditSpecifications.action(), &format!("{} instances", some.len()));
        let names = some.iter().map(|id| id.as_str().to_owned()).collect();
        let request = cloud.clients().ec2.describe_instance_credit_specifications();
        let found = request.set_instance_ids(Some(names)).send().await;
        let found = match found.map_err(|e| call.fail(e)) {
            Err(CloudError::Absent(_)) => continue,
            found => found?,
        };
        modes.extend(found.instance_credit_specifications().iter().filter_map(translate::credit_mode));
    }
    Ok(modes)
}
