//! The changing half of the adapter, over the wire: what each change does, and what an answer that goes missing leaves.

mod cdn;
mod ground;
mod groups;
mod images;
mod launches;
mod notes;
mod outcomes;
mod reads;
mod servers;

use std::time::{Duration, Instant};

use quarterdeck::cloud::CloudRead;
use quarterdeck::cloud::aws::{AwsChange, AwsCloud};
use quarterdeck::fleet::{Group, GroupName, InstanceId, LoadBalancerName};
use serde_json::Value;

use crate::kit::{Wire, with_credentials};
use crate::library::{run, seeded};

/// One environment, seeded, with both halves of the adapter and the way to the endpoint behind them.
struct Account {
    cloud: AwsCloud,
    change: AwsChange,
    wire: Wire,
    /// What `seed.py` says it made of it.
    staging: Value,
}

/// Runs the body of the test `change::<name>` on such an account.
fn account(name: &str, seed: &'static [&'static str], body: impl AsyncFnOnce(Account)) {
    with_credentials(&format!("change::{name}"), seeded(seed), |url, made| {
        let wire = Wire::to(url);
        run(async |cloud| {
            let change = cloud.change();
            body(Account { cloud, change, wire, staging: made["envs"]["staging"].clone() }).await;
        });
    });
}

impl Account {
    fn group(&self) -> GroupName {
        self.staging["group"].as_str().unwrap().into()
    }

    fn balancer(&self) -> LoadBalancerName {
        self.staging["load_balancer"].as_str().unwrap().into()
    }

    fn servers(&self, role: &str) -> Vec<InstanceId> {
        let ids = self.staging["servers"][role].as_array().unwrap().iter();
        ids.map(|id| InstanceId::new(id.as_str().unwrap())).collect()
    }

    async fn read_group(&self) -> Group {
        self.cloud.groups(&[self.group()]).await.unwrap().remove(0)
    }

    /// The group as soon as it is so.
    async fn group_when(&self, what: &str, is_so: impl Fn(&Group) -> bool) -> Group {
        let end = Instant::now() + Duration::from_secs(20);
        loop {
            let group = self.read_group().await;
            if is_so(&group) {
                return group;
            }
            assert!(Instant::now() < end, "{what}: {group:?}");
            self.cloud.pause(Duration::from_millis(50)).await;
        }
    }

    /// The load balancer's word for a server, as soon as it is this one.
    async fn health_when(&self, server: &InstanceId, wanted: &str) {
        let end = Instant::now() + Duration::from_secs(20);
        loop {
            let health = self.health_of(server).await;
            if health.as_deref() == Some(wanted) {
                return;
            }
            assert!(Instant::now() < end, "{server}: {health:?}, not {wanted}");
            self.cloud.pause(Duration::from_millis(50)).await;
        }
    }

    /// The load balancer's word for a server; none when it is not registered.
    async fn health_of(&self, server: &InstanceId) -> Option<String> {
        let health = self.cloud.member_health(&self.balancer()).await.unwrap();
        health
            .into_iter()
            .find(|member| member.instance == *server)
            .map(|member| member.state.word().to_owned())
    }

    /// How many requests for this action there have been.
    fn count(&self, action: &str) -> usize {
        self.wire.requests().get(action).copied().unwrap_or(0)
    }
}

/// Those that serve.
fn in_service(group: &Group) -> usize {
    group.members.iter().filter(|member| member.lifecycle == "InService").count()
}
