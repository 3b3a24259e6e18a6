//! Servers that join and leave classic load balancers, and the certificates that these serve.

use aws_sdk_elasticloadbalancing::types::Instance;

use super::{AwsChange, listed};
use crate::cloud::Answer;
use crate::fleet::{InstanceId, LoadBalancerName};

pub const REGISTER: &str = "elasticloadbalancing:RegisterInstancesWithLoadBalancer";
pub const DEREGISTER: &str = "elasticloadbalancing:DeregisterInstancesFromLoadBalancer";
pub const CERTIFICATE: &str = "elasticloadbalancing:SetLoadBalancerListenerSSLCertificate";

/// `SetLoadBalancerListenerSSLCertificate`.
pub async fn set_certificate(
    change: &AwsChange,
    balancer: &LoadBalancerName,
    port: u16,
    arn: &str,
) -> Answer<()> {
    let request = change.clients().elb.set_load_balancer_listener_ssl_certificate();
    let request = request.load_balancer_name(balancer.as_str()).load_balancer_port(i32::from(port));
    let request = request.ssl_certificate_id(arn);
    let about = format!("certificate {arn} on {port} of load balancer {balancer}");
    change.send(CERTIFICATE, &about, || request.clone().send()).await?;
    Ok(())
}

/// `RegisterInstancesWithLoadBalancer`.
pub async fn register(change: &AwsChange, balancer: &LoadBalancerName, servers: &[InstanceId]) -> Answer<()> {
    if servers.is_empty() {
        return Ok(());
    }
    let request = change.clients().elb.register_instances_with_load_balancer();
    let request = request.load_balancer_name(balancer.as_str()).set_instances(Some(instances(servers)));
    change.send(REGISTER, &about(balancer, servers), || request.clone().send()).await?;
    Ok(())
}

/// `DeregisterInstancesFromLoadBalancer`.
pub async fn deregister(
    change: &AwsChange,
    balancer: &LoadBalancerName,
    servers: &[InstanceId],
) -> Answer<()> {
    if servers.is_empty() {
        return Ok(());
    }
    let request = change.clients().elb.deregister_instances_from_load_balancer();
    let request = request.load_balancer_name(balancer.as_str()).set_instances(Some(instances(servers)));
    change.send(DEREGISTER, &about(balancer, servers), || request.clone().send()).await?;
    Ok(())
}

fn instances(servers: &[InstanceId]) -> Vec<Instance> {
    servers.iter().map(|id| Instance::builder().instance_id(id.as_str()).build()).collect()
}

fn about(balancer: &LoadBalancerName, servers: &[InstanceId]) -> String {
    format!("load balancer {balancer} with {}", listed("server", servers))
}
