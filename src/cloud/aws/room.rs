//! Whether there is room for more servers: free addresses in subnets, and vCPUs under the account's quota. Asked when
//! something is planned.

use std::collections::{BTreeMap, BTreeSet};

use aws_sdk_ec2::types::{CpuOptions, Instance, Reservation, Tenancy};
use futures_util::future::try_join;

use super::ec2::filter;
use super::{AwsCloud, translate};
use crate::cloud::{Answer, CloudError};
use crate::fleet::{Source, SubnetChoice, SubnetRoom, VcpuClass, VcpuRoom};

pub const SUBNETS: &str = "ec2:DescribeSubnets";
pub const QUOTA: &str = "servicequotas:GetServiceQuota";
const TYPES: &str = "ec2:DescribeInstanceTypes";

/// The most instances in an answer.
const PAGE: i32 = 1000;
/// The most types in an answer.
const TYPES_PAGE: i32 = 100;

/// `DescribeSubnets` with a filter on the ids: with plain ids one missing subnet fails the whole request.
pub async fn subnets(cloud: &AwsCloud, choice: &SubnetChoice) -> Answer<Vec<SubnetRoom>> {
    let (filters, about) = match choice {
        SubnetChoice::Named(ids) if ids.is_empty() => return Ok(Vec::new()),
        SubnetChoice::DefaultOf(zones) if zones.is_empty() => return Ok(Vec::new()),
        SubnetChoice::Named(ids) => {
            (vec![filter("subnet-id", ids.iter().map(String::as_str))], format!("{} subnets", ids.len()))
        }
        SubnetChoice::DefaultOf(zones) => {
            let zones = filter("availability-zone", zones.iter().map(crate::fleet::Zone::as_str));
            (vec![filter("default-for-az", ["true"]), zones], "default subnets".to_owned())
        }
    };
    let mut found = Vec::new();
    let mut token = None;
    loop {
        let call = cloud.call(SUBNETS, &about);
        let request = cloud.clients().ec2.describe_subnets().set_filters(Some(filters.clone()));
        let page = request.set_next_token(token.clone()).send().await.map_err(|e| call.fail(e))?;
        found.extend(page.subnets().iter().filter_map(translate::subnet));
        let next = page.next_token.filter(|t| !t.is_empty());
        if next.is_none() || next == token {
            found.sort_by(|a: &SubnetRoom, b: &SubnetRoom| (&a.zone, &a.id).cmp(&(&b.zone, &b.id)));
            return Ok(found);
        }
        token = next;
    }
}

/// The quota of a class, what runs of it in the account, and what one server of this type takes.
pub async fn vcpus(cloud: &AwsCloud, class: VcpuClass, instance_type: &str) -> Answer<VcpuRoom> {
    let (limit, running) = try_join(quota(cloud, class), running(cloud, class)).await?;
    let asked: BTreeSet<&str> = running.iter().map(|one| one.kind.as_str()).chain([instance_type]).collect();
    let sizes = sizes(cloud, &asked).await?;
    let Some(each) = sizes.get(instance_type).copied() else {
        return Err(CloudError::Absent(format!(
            "{} has no servers of type {instance_type} ({TYPES} does not name it); check the type",
            cloud.endpoint.region
        )));
    };
    // A type that EC2 does not describe any more still runs, and its servers say what they have.
    let used = running.iter().map(|one| sizes.get(&one.kind).copied().unwrap_or(one.vcpus));
    Ok(VcpuRoom { class, limit, used: used.fold(0, u32::saturating_add), each })
}

/// `GetServiceQuota`: what this account may, not what AWS gives a new one.
async fn quota(cloud: &AwsCloud, class: VcpuClass) -> Answer<u32> {
    let code = class.code();
    let call = cloud.call(QUOTA, &format!("quota {code}"));
    let request = cloud.clients().servicequotas.get_service_quota().service_code("ec2").quota_code(code);
    let found = request.send().await.map_err(|e| call.fail(e))?;
    found.quota().and_then(aws_sdk_servicequotas::types::ServiceQuota::value).map(whole).ok_or_else(|| {
        CloudError::Other(format!(
            "the answer to {QUOTA} for {code} names no value; look into Service Quotas"
        ))
    })
}

/// Quotas are whole numbers that come as fractions.
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is within bounds")]
fn whole(value: f64) -> u32 {
    value.clamp(0.0, f64::from(u32::MAX)) as u32
}

/// A server that counts.
struct Running {
    kind: String,
    vcpus: u32,
}

/// `DescribeInstances` of everything in the account that runs or is about to.
async fn running(cloud: &AwsCloud, class: VcpuClass) -> Answer<Vec<Running>> {
    let states = filter("instance-state-name", ["pending", "running"]);
    let mut running = Vec::new();
    let mut token = None;
    loop {
        let call = cloud.call(Source::Ec2DescribeInstances.action(), "all that runs");
        let request = cloud.clients().ec2.describe_instances().filters(states.clone()).max_results(PAGE);
        let page = request.set_next_token(token.clone()).send().await.map_err(|e| call.fail(e))?;
        let instances = page.reservations().iter().flat_map(Reservation::instances);
        running.extend(instances.filter_map(|instance| counted(instance, class)));
        let next = page.next_token.filter(|t| !t.is_empty());
        if next.is_none() || next == token {
            return Ok(running);
        }
        token = next;
    }
}

/// Spot instances, blocks of capacity and those on hosts of one's own count against other quotas.
fn counted(instance: &Instance, class: VcpuClass) -> Option<Running> {
    let kind = instance.instance_type()?.as_str();
    let on_demand = instance.instance_lifecycle().is_none();
    let own_host = instance.placement().and_then(|placement| placement.tenancy()) == Some(&Tenancy::Host);
    if !on_demand || own_host || VcpuClass::of(kind) != Some(class) {
        return None;
    }
    let cpu = instance.cpu_options();
    let cores = cpu.and_then(CpuOptions::core_count).unwrap_or(0);
    let vcpus = cores.saturating_mul(cpu.and_then(CpuOptions::threads_per_core).unwrap_or(1));
    Some(Running { kind: kind.to_owned(), vcpus: u32::try_from(vcpus).unwrap_or(0) })
}

/// `DescribeInstanceTypes` with a filter: with plain names one that is unknown fails the whole request.
async fn sizes(cloud: &AwsCloud, types: &BTreeSet<&str>) -> Answer<BTreeMap<String, u32>> {
    let mut sizes = BTreeMap::new();
    let types: Vec<&str> = types.iter().copied().collect();
    for some in types.chunks(usize::try_from(TYPES_PAGE).unwrap_or(100)) {
        let call = cloud.call(TYPES, &format!("{} types", some.len()));
        let request = cloud.clients().ec2.describe_instance_types().max_results(TYPES_PAGE);
        let request = request.filters(filter("instance-type", some.iter().copied()));
        let found = request.send().await.map_err(|e| call.fail(e))?;
        sizes.extend(found.instance_types().iter().filter_map(|one| {
            let vcpus = u32::try_from(one.v_cpu_info()?.default_v_cpus()?).ok()?;
            Some((one.instance_type()?.as_str().to_owned(), vcpus))
        }));
    }
    Ok(sizes)
}

#[cfg(test)]
mod tests {
    use aws_sdk_ec2::types::{InstanceLifecycleType, InstanceType, Placement};

    use super::*;

    fn instance(kind: &str) -> aws_sdk_ec2::types::builders::InstanceBuilder {
        let cpu = CpuOptions::builder().core_count(2).threads_per_core(2).build();
        Instance::builder().instance_type(InstanceType::from(kind)).cpu_options(cpu)
    }

    fn vcpus(instance: &Instance) -> Option<u32> {
        counted(instance, VcpuClass::Standard).map(|one| one.vcpus)
    }

    #[test]
    fn only_what_runs_on_demand_and_is_of_the_class_counts_against_its_quota() {
        assert_eq!(vcpus(&instance("m5.xlarge").build()), Some(4));
        assert_eq!(vcpus(&instance("p4d.24xlarge").build()), None);
        assert_eq!(
            vcpus(&instance("m5.xlarge").instance_lifecycle(InstanceLifecycleType::Spot).build()),
            None
        );
        let own_host = Placement::builder().tenancy(Tenancy::Host).build();
        assert_eq!(vcpus(&instance("m5.xlarge").placement(own_host).build()), None);
        let dedicated = Placement::builder().tenancy(Tenancy::Dedicated).build();
        assert_eq!(vcpus(&instance("m5.xlarge").placement(dedicated).build()), Some(4));
        assert_eq!(vcpus(&Instance::builder().build()), None);
    }

    #[test]
    fn a_quota_is_a_whole_number_whatever_comes() {
        for (value, wanted) in [(32.0, 32), (0.0, 0), (-1.0, 0), (f64::NAN, 0), (1e300, u32::MAX)] {
            assert_eq!(whole(value), wanted, "{value}");
        }
    }
}
