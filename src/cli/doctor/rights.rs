//! What whoever asks may change.

use std::collections::BTreeMap;

use crate::cli::target::Target;
use crate::cloud::{Answer, Rehearsal};
use crate::doctor::{RIGHTS, RightsFacts};
use crate::fleet::{EnvironmentPlace, Identity, Power, Snapshot};

/// Asks IAM; where it does not say, EC2 for what it would do. Only whoever may change anything tries that.
pub(super) async fn ask(target: &Target, snapshot: &Snapshot, place: &EnvironmentPlace) -> RightsFacts {
    let simulated = match snapshot.identity.value() {
        Some(identity) => simulated(target, identity).await.map_err(|error| error.to_string()),
        None => Err("who asks is not known".to_owned()),
    };
    let mut tried = BTreeMap::new();
    if let (Err(_), Some(change)) = (&simulated, &target.cloud_change) {
        for (action, rehearsal) in rehearsals(snapshot, place) {
            match change.rehearse(&rehearsal).await {
                Ok(would) => drop(tried.insert(action.to_owned(), would)),
                Err(error) => tracing::info!(action, %error, "whether it is allowed could not be tried"),
            }
        }
    }
    RightsFacts { simulated, tried }
}

/// What can be asked for without harm: a server as the group launches them, a tag that is there already, a group.
fn rehearsals(snapshot: &Snapshot, place: &EnvironmentPlace) -> Vec<(&'static str, Rehearsal)> {
    let mut all = Vec::new();
    let group = place.group.as_ref().and_then(|name| snapshot.group(name));
    let launch = group.and_then(|group| snapshot.launch.value()?.get(group.launch.as_ref()?));
    if let Some((image, kind)) = launch.and_then(|one| Some((one.image.clone()?, one.instance_type.clone()?)))
    {
        let subnet = group.and_then(|group| group.subnets.first().cloned());
        all.push(("ec2:RunInstances", Rehearsal::Launch { image, instance_type: kind, subnet }));
    }
    let servers = snapshot.servers_of(&place.name);
    if let Some((server, role)) = servers.iter().find_map(|one| Some((one, one.tags.get("role")?))) {
        let tag = ("role".to_owned(), role.clone());
        all.push(("ec2:CreateTags", Rehearsal::Tag { server: server.id.clone(), tag }));
    }
    if let Some(vpc) = servers.iter().find_map(|server| server.vpc.clone()) {
        all.push(("ec2:CreateSecurityGroup", Rehearsal::SecurityGroup { vpc }));
    }
    all
}

/// Whether the console of a server can be read; none where none runs.
pub(super) async fn console(
    target: &Target,
    snapshot: &Snapshot,
    place: &EnvironmentPlace,
) -> Option<Result<(), String>> {
    let servers = snapshot.servers_of(&place.name);
    let server = servers.iter().find(|server| server.is_target() && server.power == Power::Running)?;
    let read = target.cloud.console_output(&server.id).await;
    Some(read.map(|_| ()).map_err(|error| error.to_string()))
}

/// Notes are only ever written below one path, and a policy may name it.
async fn simulated(target: &Target, identity: &Identity) -> Answer<BTreeMap<String, bool>> {
    let all = RIGHTS.iter().map(|right| right.action);
    let (notes, others): (Vec<&str>, Vec<&str>) = all.partition(|action| action.starts_with("ssm:"));
    let region = &target.cloud.endpoint().region;
    let notes_at = format!(
        "arn:aws:ssm:{region}:{}:parameter/quarterdeck/{}",
        identity.account, target.topology.deployment
    );
    let mut found = target.cloud.allowed(identity, &others, &[]).await?;
    found.extend(target.cloud.allowed(identity, &notes, &[notes_at]).await?);
    Ok(found)
}
