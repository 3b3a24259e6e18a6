//! Classic load balancers that are made, shaped and deleted.

use aws_sdk_ec2::error::BuildError;
use aws_sdk_elasticloadbalancing::types as sdk;

use super::AwsChange;
use crate::cloud::{Answer, CloudError};
use crate::fleet::{Listener, LoadBalancerName, NewLoadBalancer};

pub const CREATE: &str = "elasticloadbalancing:CreateLoadBalancer";
pub const CONFIGURE: &str = "elasticloadbalancing:ConfigureHealthCheck";
const ATTRIBUTES: &str = "elasticloadbalancing:ModifyLoadBalancerAttributes";
pub const DELETE: &str = "elasticloadbalancing:DeleteLoadBalancer";

/// `CreateLoadBalancer` with listeners, subnets, security groups and tags.
pub async fn create(change: &AwsChange, new: &NewLoadBalancer) -> Answer<()> {
    let listeners: Result<Vec<_>, BuildError> = new.listeners.iter().map(listener).collect();
    let tags: Result<Vec<_>, BuildError> =
        new.tags.iter().map(|(key, value)| sdk::Tag::builder().key(key).value(value).build()).collect();
    let request = change.clients().elb.create_load_balancer().load_balancer_name(new.name.as_str());
    let request = request
        .set_listeners(Some(listeners.map_err(|e| unbuilt(&e))?))
        .set_subnets(Some(new.subnets.clone()))
        .set_security_groups(Some(new.security_groups.iter().map(ToString::to_string).collect()))
        .set_tags(Some(tags.map_err(|e| unbuilt(&e))?).filter(|tags| !tags.is_empty()));
    change.send(CREATE, &about(&new.name), || request.clone().send()).await?;
    Ok(())
}

fn listener(one: &Listener) -> Result<sdk::Listener, BuildError> {
    sdk::Listener::builder()
        .protocol(&one.protocol)
        .load_balancer_port(i32::from(one.port))
        .instance_protocol(&one.instance_protocol)
        .instance_port(i32::from(one.instance_port))
        .set_ssl_certificate_id(one.certificate.clone())
        .build()
}

/// `ConfigureHealthCheck` and `ModifyLoadBalancerAttributes`: requests go to every zone's servers, and those under way
/// end before a server leaves.
pub async fn configure(change: &AwsChange, new: &NewLoadBalancer) -> Answer<()> {
    let check = &new.health_check;
    let seconds = |time: std::time::Duration| i32::try_from(time.as_secs()).unwrap_or(i32::MAX);
    let number = |n: u32| i32::try_from(n).unwrap_or(i32::MAX);
    let check = sdk::HealthCheck::builder()
        .target(&check.target)
        .interval(seconds(check.interval))
        .timeout(seconds(check.timeout))
        .healthy_threshold(number(check.healthy_threshold))
        .unhealthy_threshold(number(check.unhealthy_threshold))
        .build()
        .map_err(|e| unbuilt(&e))?;
    let request = change.clients().elb.configure_health_check().load_balancer_name(new.name.as_str());
    let request = request.health_check(check);
    change.send(CONFIGURE, &about(&new.name), || request.clone().send()).await?;
    let draining = sdk::ConnectionDraining::builder().enabled(true).timeout(number(new.draining_s)).build();
    let attributes = sdk::LoadBalancerAttributes::builder()
        .cross_zone_load_balancing(sdk::CrossZoneLoadBalancing::builder().enabled(true).build())
        .connection_draining(draining)
        .build();
    let request =
        change.clients().elb.modify_load_balancer_attributes().load_balancer_name(new.name.as_str());
    let request = request.load_balancer_attributes(attributes);
    change.send(ATTRIBUTES, &about(&new.name), || request.clone().send()).await?;
    Ok(())
}

/// `DeleteLoadBalancer`, which says yes to one that is not there.
pub async fn delete(change: &AwsChange, name: &LoadBalancerName) -> Answer<()> {
    let request = change.clients().elb.delete_load_balancer().load_balancer_name(name.as_str());
    match change.send(DELETE, &about(name), || request.clone().send()).await {
        Ok(_) | Err(CloudError::Absent(_)) => Ok(()),
        Err(error) => Err(error),
    }
}

fn about(name: &LoadBalancerName) -> String {
    format!("load balancer {name}")
}

fn unbuilt(error: &BuildError) -> CloudError {
    CloudError::Refused(format!("the load balancer cannot be asked for so, and nothing was made: {error}"))
}
