//! Classic load balancers and the health of their members.

use aws_sdk_elasticloadbalancing::types as sdk;

use super::{count, seconds, text, text_or_unknown, time};
use crate::fleet::text::one_line;
use crate::fleet::{
    HealthCheck, HealthState, InstanceId, Listener, LoadBalancer, LoadBalancerName, MemberHealth,
    SecurityGroupId, Zone,
};

/// The load balancer; none when it has no name.
pub fn load_balancer(lb: &sdk::LoadBalancerDescription) -> Option<LoadBalancer> {
    let mut listeners: Vec<Listener> =
        lb.listener_descriptions().iter().filter_map(|d| d.listener().map(listener)).collect();
    listeners.sort_by_key(|l| l.port);
    Some(LoadBalancer {
        name: LoadBalancerName::new(text(lb.load_balancer_name())?),
        dns_name: text(lb.dns_name()),
        scheme: text(lb.scheme()),
        listeners,
        health_check: lb.health_check().map(|c| HealthCheck {
            target: text_or_unknown(Some(c.target())),
            interval: seconds(c.interval()),
            timeout: seconds(c.timeout()),
            healthy_threshold: count(Some(c.healthy_threshold())),
            unhealthy_threshold: count(Some(c.unhealthy_threshold())),
        }),
        zones: lb.availability_zones().iter().map(|z| Zone::new(one_line(z))).collect(),
        security_groups: lb.security_groups().iter().map(|id| SecurityGroupId::new(one_line(id))).collect(),
        members: lb.instances().iter().filter_map(|i| text(i.instance_id()).map(InstanceId::new)).collect(),
        created_at: time(lb.created_time()),
    })
}

fn listener(listener: &sdk::Listener) -> Listener {
    let port = |n: i32| u16::try_from(n).unwrap_or(0);
    let protocol = text_or_unknown(Some(listener.protocol())).to_ascii_uppercase();
    Listener {
        instance_protocol: text(listener.instance_protocol())
            .map_or_else(|| protocol.clone(), |p| p.to_ascii_uppercase()),
        protocol,
        port: port(listener.load_balancer_port()),
        instance_port: port(listener.instance_port()),
        certificate: text(listener.ssl_certificate_id()),
    }
}

/// What the load balancer says of one member; none when it does not say of which.
/// A state we do not know is unknown, never out of service.
pub fn member_health(state: &sdk::InstanceState) -> Option<MemberHealth> {
    Some(MemberHealth {
        instance: InstanceId::new(text(state.instance_id())?),
        state: match state.state() {
            Some("InService") => HealthState::InService,
            Some("OutOfService") => HealthState::OutOfService,
            _ => HealthState::Unknown,
        },
        reason_code: text(state.reason_code()),
        description: text(state.description()).filter(|d| d != "N/A"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::Severity;

    fn said(state: Option<&str>) -> MemberHealth {
        let state = sdk::InstanceState::builder().instance_id("i-1").set_state(state.map(Into::into));
        member_health(&state.reason_code("N/A").description("N/A").build()).unwrap()
    }

    #[test]
    fn only_out_of_service_is_down_and_other_words_are_unknown() {
        assert_eq!(said(Some("InService")).severity(), Severity::Ok);
        assert_eq!(said(Some("OutOfService")).severity(), Severity::Down);
        for word in [None, Some("Unknown"), Some("inservice?"), Some("")] {
            assert_eq!(said(word).severity(), Severity::Unknown, "{word:?}");
        }
        assert_eq!(said(Some("InService")).description, None);
    }

    #[test]
    fn listeners_stand_in_port_order_and_impossible_ports_are_zero() {
        let one = |port: i32| {
            let listener =
                sdk::Listener::builder().protocol("http").load_balancer_port(port).instance_port(80);
            sdk::ListenerDescription::builder().listener(listener.build().unwrap()).build()
        };
        let lb = sdk::LoadBalancerDescription::builder()
            .load_balancer_name("shop-lb")
            .listener_descriptions(one(443))
            .listener_descriptions(one(80))
            .listener_descriptions(one(-1))
            .build();
        let found = load_balancer(&lb).unwrap();
        assert_eq!(found.listeners.iter().map(|l| l.port).collect::<Vec<_>>(), [0, 80, 443]);
        assert_eq!((&*found.listeners[1].protocol, &*found.listeners[1].instance_protocol), ("HTTP", "HTTP"));
        assert_eq!(load_balancer(&sdk::LoadBalancerDescription::builder().build()), None);
    }
}
