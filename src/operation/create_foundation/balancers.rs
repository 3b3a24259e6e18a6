//! The load balancers of an environment, and those that are to be made.

use std::collections::BTreeSet;
use std::time::Duration;

use super::super::certificates::{form, judge};
use super::super::draft::Draft;
use super::super::refused::some;
use super::super::{Facts, Options, Refused};
use super::groups::{Made, slot};
use super::{Site, make, read, tags};
use crate::fleet::{
    HealthCheck, Listener, LoadBalancer, LoadBalancerName, NewLoadBalancer, SecurityGroup, SecurityGroupId,
};
use crate::plan::{NewThing, SecurityGroupRef, StepId};

/// Requests under way may go on for so long, in seconds.
const DRAINING_S: u32 = 60;

/// A load balancer that is to be made.
pub(super) struct New {
    pub(super) name: LoadBalancerName,
    certificate: String,
    /// Its security group, and its id where that is there already.
    pub(super) group: String,
    known: Option<SecurityGroupId>,
}

/// The load balancers of an environment.
pub(super) struct Balancers<'g> {
    /// Those there are, with their security groups.
    pub(super) known: Vec<(&'g LoadBalancer, Vec<&'g SecurityGroup>)>,
    new: Vec<New>,
    found: Vec<&'g SecurityGroup>,
}

impl<'g> Balancers<'g> {
    pub(super) fn of(
        draft: &mut Draft<'_>,
        facts: &Facts<'_>,
        site: &Site<'g>,
        options: &Options,
    ) -> Result<Self, Refused> {
        let all = read("the load balancers are", &site.ground.balancers)?;
        let groups = read("the security groups are", &site.ground.security_groups)?;
        let names = &facts.place.load_balancers;
        if names.is_empty() {
            draft.note(format!(
                "The config names no load balancer of {}: name it under `load_balancers`, and it is made.",
                facts.place.name
            ));
        }
        let (mut known, mut new, mut found) = (Vec::new(), Vec::new(), Vec::new());
        for name in names {
            if let Some(balancer) = all.iter().find(|one| one.name == *name) {
                let of: Vec<&SecurityGroup> =
                    groups.iter().filter(|group| balancer.security_groups.contains(&group.id)).collect();
                known.push((balancer, of));
                continue;
            }
            let group = format!("{name}-sg");
            let is_there = site.ground.security_group(&site.vpc.id, &group);
            found.extend(is_there);
            new.push(New {
                name: name.clone(),
                certificate: certificate(draft, facts, all, name, options)?,
                group,
                known: is_there.map(|group| group.id.clone()),
            });
        }
        if new.is_empty() && options.certificate.is_some() {
            draft.note("No load balancer is made: the certificate that was given is not used.");
        }
        Ok(Self { known, new, found })
    }

    /// Those that are to be made.
    pub(super) fn missing(&self) -> &[New] {
        &self.new
    }

    /// Every security group of theirs that there is.
    pub(super) fn groups(&self) -> impl Iterator<Item = &'g SecurityGroup> {
        let known = self.known.iter().flat_map(|(_, groups)| groups.iter().copied());
        known.chain(self.found.iter().copied())
    }

    /// Names of security groups that are to be made for them.
    pub(super) fn new_groups(&self) -> Vec<String> {
        self.new.iter().filter(|new| new.known.is_none()).map(|new| new.group.clone()).collect()
    }

    /// Adds the steps that make what is missing.
    pub(super) fn steps(
        &self,
        draft: &mut Draft<'_>,
        facts: &Facts<'_>,
        site: &Site<'_>,
        made: &Made,
        opened: &Made,
    ) {
        for new in &self.new {
            let listener = |protocol: &str, port, certificate: Option<&String>| Listener {
                protocol: protocol.to_owned(),
                port,
                instance_protocol: protocol.to_owned(),
                instance_port: port,
                certificate: certificate.cloned(),
            };
            let balancer = NewLoadBalancer {
                name: new.name.clone(),
                listeners: vec![listener("HTTP", 80, None), listener("HTTPS", 443, Some(&new.certificate))],
                health_check: HealthCheck {
                    target: format!("HTTPS:443{}", facts.place.layout.health_path),
                    interval: Duration::from_secs(10),
                    timeout: Duration::from_secs(5),
                    healthy_threshold: 2,
                    unhealthy_threshold: 2,
                },
                subnets: site.subnets.iter().map(|subnet| subnet.id.clone()).collect(),
                security_groups: new.known.iter().cloned().collect(),
                draining_s: DRAINING_S,
                tags: tags(facts, new.name.as_str(), false),
            };
            let later = if new.known.is_none() { vec![slot(&new.group)] } else { Vec::new() };
            let after: Vec<StepId> =
                made.get(&new.group).into_iter().chain(opened.get(&new.group)).copied().collect();
            let thing = NewThing::LoadBalancer { balancer, later };
            make(draft, "load balancers", "make a classic load balancer", thing, &after);
        }
    }
}

impl New {
    /// How a rule names its security group.
    pub(super) fn reference(&self) -> SecurityGroupRef {
        match &self.known {
            Some(id) => SecurityGroupRef::Known(id.clone()),
            None => SecurityGroupRef::Later(slot(&self.group)),
        }
    }
}

/// The certificate that was given, or the one that the deployment's other load balancers serve.
fn certificate(
    draft: &mut Draft<'_>,
    facts: &Facts<'_>,
    all: &[LoadBalancer],
    name: &LoadBalancerName,
    options: &Options,
) -> Result<String, Refused> {
    if let Some(given) = &options.certificate {
        let arn = form(facts, given)?;
        judge(draft, facts, &arn)?;
        return Ok(arn);
    }
    let listeners = all.iter().flat_map(|balancer| &balancer.listeners);
    let served: BTreeSet<&String> = listeners.filter_map(|listener| listener.certificate.as_ref()).collect();
    let served: Vec<&String> = served.into_iter().collect();
    match served.as_slice() {
        [one] => {
            draft.note(format!(
                "{name} serves the certificate that the deployment's other load balancers serve: {one}."
            ));
            Ok((*one).clone())
        }
        [] => Err(Refused::Usage(format!(
            "the load balancer {name} serves HTTPS, and no other one of the deployment shows with which certificate: \
             give one by --certificate ARN (`quarterdeck certificates {}` lists them)",
            facts.place.name
        ))),
        several => Err(Refused::Usage(format!(
            "the load balancer {name} serves HTTPS, and others of the deployment serve several certificates: choose one \
             by --certificate ARN; there are {}",
            some(several)
        ))),
    }
}
