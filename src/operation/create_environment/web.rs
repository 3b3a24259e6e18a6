//! The first release, and the group that launches it. Its servers are in service before the run ends.

use super::super::code::Code;
use super::super::create_release::Names;
use super::super::create_release::from_base::Release;
use super::super::draft::{Draft, step};
use super::super::new_server::Site;
use super::super::{Facts, Options, Refused};
use crate::fleet::{
    GroupName, LoadBalancerName, NewGroup, NewServer, NewTemplate, SecurityGroupId, Sizes, words,
};
use crate::plan::{
    Action, Condition, Converge, Fact, InstanceRef, Kind, Lasts, NewThing, Repeat, Slot, Step, StepId, Undo,
    Value,
};
use crate::recipe::health;

/// The lane of the builder's steps, and what it is called.
const BUILDER: &str = "builder";
/// The lane of the group.
const LANE: &str = "web";
/// So many servers where nobody says.
const SERVERS: u32 = 2;
/// For so long a new member's health is not judged, in seconds: it boots, and learns its addresses first.
const GRACE_S: u32 = 600;

/// What is made.
pub(super) struct Web {
    builder: NewServer,
    group: GroupName,
    groups: Vec<SecurityGroupId>,
    balancers: Vec<LoadBalancerName>,
    subnets: Vec<String>,
    sizes: Sizes,
}

impl Web {
    /// Refused where it could not be.
    pub(super) fn of(facts: &Facts<'_>, options: &Options, builder: NewServer) -> Result<Self, Refused> {
        let environment = &facts.place.name;
        let Some(group) = facts.place.group.clone() else {
            return Err(Refused::State(format!(
                "{environment} has no group: name it under `auto_scaling_groups` in fabulaws-config.yml"
            )));
        };
        let balancers = match facts.balancers() {
            Ok(all) => all.into_iter().map(|one| one.name.clone()).collect(),
            Err(refused) => {
                return Err(Refused::State(format!(
                    "{refused}. `quarterdeck apply create-foundation {environment}` makes what is missing"
                )));
            }
        };
        let groups = security_groups(facts, &builder)?;
        Ok(Self { builder, group, groups, balancers, subnets: subnets(facts)?, sizes: sizes(options)? })
    }

    /// How many servers that launches.
    pub(super) fn servers(&self) -> usize {
        1 + self.sizes.desired as usize
    }

    /// Builds the release, and scales the group.
    pub(super) fn lane(
        self,
        draft: &mut Draft<'_>,
        facts: &Facts<'_>,
        options: &Options,
        code: Code,
    ) -> Result<(), Refused> {
        let names = Names::new(facts, &code)?;
        let template = self.template(facts, &names);
        let mut release = Release::of(draft, facts, options, code)?;
        release.lasts = Lasts::Stays;
        let slot = Slot(BUILDER.into());
        let site = Site { lane: BUILDER, slot: &slot };
        let ready = release.build(draft, facts, site, self.builder.clone(), None);
        let launched = draft.launches();
        draft.wait(BUILDER, "settings", launched);
        // Django's own check reads the database: there has to be a schema first (R2).
        let migrated = draft.job("worker", "migrate");
        draft.wait(BUILDER, "gunicorn-start", migrated);
        let image = Self::image(draft, &slot, &names, ready);
        let release = self.release(draft, template, image);
        let group = self.make(draft, facts, release);
        self.serve(draft, facts, group);
        draft.add(Step {
            after: vec![image],
            becomes: Some("terminated".into()),
            deadline_s: 900,
            ..step(
                BUILDER,
                "terminate the builder",
                BUILDER,
                Action::Terminate { servers: vec![InstanceRef::Later(slot)] },
            )
        });
        Ok(())
    }

    fn image(draft: &mut Draft<'_>, of: &Slot, names: &Names, after: StepId) -> StepId {
        draft.add(Step {
            after: vec![after],
            becomes: Some(names.image.clone()),
            undo: Undo::Reverse("the image and its snapshots are deleted".into()),
            repeat: Repeat::Check,
            deadline_s: 7_200,
            ..step(
                BUILDER,
                "make an image of it",
                BUILDER,
                Action::Image {
                    slot: image_slot(),
                    of: InstanceRef::Later(of.clone()),
                    name: names.image.clone(),
                },
            )
        })
    }

    fn template(&self, facts: &Facts<'_>, names: &Names) -> NewTemplate {
        let server = &self.builder;
        NewTemplate {
            name: self.group.to_string(),
            description: names.release.clone(),
            image: None,
            instance_type: server.instance_type.clone(),
            security_groups: self.groups.clone(),
            // The group launches into subnets by their ids, whoever named them.
            public_address: facts.topology.ssh_address.is_public(),
            key_name: server.key_name.clone(),
            instance_profile: server.instance_profile.clone(),
            tags: own_tags(facts, self.group.as_str()),
        }
    }

    fn release(&self, draft: &mut Draft<'_>, template: NewTemplate, after: StepId) -> StepId {
        let name = template.name.clone();
        let thing = NewThing::Template {
            template,
            image: Some(image_slot()),
            later: Vec::new(),
            group: Some(self.group.clone()),
        };
        draft.assume_now(Fact::Thing { thing: thing.thing() }, Value::Absent);
        draft.add(Step {
            after: vec![after],
            before: Some("not there".into()),
            becomes: Some("its first version is the release".into()),
            undo: Undo::Reverse("it is deleted, unless the group launches it by then".into()),
            repeat: Repeat::Check,
            deadline_s: 300,
            ..step(
                LANE,
                "make a launch template of the image",
                name,
                Action::Make { slot: release_slot(), thing: Box::new(thing) },
            )
        })
    }

    fn make(&self, draft: &mut Draft<'_>, facts: &Facts<'_>, after: StepId) -> StepId {
        let (deployment, environment) = (&facts.topology.deployment, &facts.place.name);
        let name = format!("{deployment}_{environment}_web");
        let mut member_tags = own_tags(facts, &name);
        member_tags.push(("role".into(), "web".into()));
        let group = NewGroup {
            name: self.group.clone(),
            launch: None,
            sizes: self.sizes,
            subnets: self.subnets.clone(),
            balancers: self.balancers.clone(),
            grace_s: GRACE_S,
            member_tags,
            tags: Vec::new(),
        };
        let thing = NewThing::Group { group, launch: Some(release_slot()) };
        draft.assume_now(Fact::Thing { thing: thing.thing() }, Value::Absent);
        draft.add(Step {
            after: vec![after],
            before: Some("not there".into()),
            becomes: Some(format!("{}: its servers boot the release", self.sizes)),
            undo: Undo::Cannot("its servers are in use; terminate-environment lets them go".into()),
            repeat: Repeat::Check,
            deadline_s: 300,
            ..step(
                LANE,
                "make the group, which launches its servers",
                self.group.as_str(),
                Action::Make { slot: Slot(format!("group {}", self.group)), thing: Box::new(thing) },
            )
        })
    }

    /// Every member answers for itself, and is in service at every load balancer.
    fn serve(&self, draft: &mut Draft<'_>, facts: &Facts<'_>, group: StepId) {
        let count = words::count(self.sizes.desired.into(), "server");
        let settled = draft.add(Step {
            after: vec![group],
            becomes: Some(count.clone()),
            deadline_s: 1_800,
            ..step(
                LANE,
                "wait until the group has what it wants",
                self.group.as_str(),
                Action::Await { condition: Condition::Settled { group: self.group.clone() } },
            )
        });
        let converge = Converge {
            kind: Kind::Join,
            group: self.group.clone(),
            balancers: self.balancers.clone(),
            to: Value::Later(release_slot()),
            batch: self.sizes.desired,
            at_least: 0,
            count: self.sizes.desired,
            patience_s: 900,
            check: Some(health::ask(&facts.place.layout)),
            back: None,
        };
        draft.add(Step {
            after: vec![settled],
            becomes: Some(format!("{count} in service")),
            deadline_s: 1_800,
            ..step(
                LANE,
                "wait until every server answers, and is in service at every load balancer",
                self.group.as_str(),
                Action::Converge(Box::new(converge)),
            )
        });
    }
}

fn image_slot() -> Slot {
    Slot("image".into())
}

fn release_slot() -> Slot {
    Slot("release".into())
}

/// The ids of the security groups of web servers: a template takes nothing else. Outside subnets that the config names,
/// servers have them by their names.
fn security_groups(facts: &Facts<'_>, server: &NewServer) -> Result<Vec<SecurityGroupId>, Refused> {
    let ground = facts.ground;
    let vpcs = ground.and_then(|ground| ground.subnets.as_ref().ok()).into_iter().flatten();
    let vpcs: Vec<&str> = vpcs.filter_map(|room| room.vpc.as_deref()).collect();
    let id = |name: &String| {
        if name.starts_with("sg-") {
            return Ok(SecurityGroupId::new(name));
        }
        let found = vpcs.iter().find_map(|vpc| ground?.security_group(vpc, name));
        found.map(|group| group.id.clone()).ok_or_else(|| {
            Refused::State(format!(
                "the id of security group {} is not known: make it by create-foundation, or write the id of another one \
                 (sg-…) in fabulaws-config.yml under `security_groups`",
                crate::fleet::text::one_line(name)
            ))
        })
    };
    server.security_groups.iter().map(id).collect()
}

fn own_tags(facts: &Facts<'_>, name: &str) -> Vec<(String, String)> {
    vec![
        ("Name".into(), name.to_owned()),
        ("deployment".into(), facts.topology.deployment.to_string()),
        ("environment".into(), facts.place.name.to_string()),
    ]
}

/// How many servers the group may have and wants.
fn sizes(options: &Options) -> Result<Sizes, Refused> {
    let desired = options.desired.or(options.min).unwrap_or(SERVERS);
    let min = options.min.unwrap_or(desired);
    // A serial deploy launches a new server before an old one goes.
    let max = options.max.unwrap_or_else(|| desired.saturating_mul(2).max(min));
    if desired == 0 || min > desired || desired > max {
        return Err(Refused::Usage(format!(
            "a group of {min}–{max} servers that wants {desired} makes no sense: give --min, --desired and --max so that \
             it wants at least one, and as many as it may have"
        )));
    }
    Ok(Sizes { min, desired, max })
}

/// The subnets that the group launches into: those of the config, else the default ones of its zones.
fn subnets(facts: &Facts<'_>) -> Result<Vec<String>, Refused> {
    let zones = &facts.place.build.zones;
    let named: Vec<String> = zones.iter().filter_map(|zone| zone.subnet.clone()).collect();
    if named.len() == zones.len() && !named.is_empty() {
        return Ok(named);
    }
    let found = facts.ground.map(|ground| &ground.subnets);
    let Some(Ok(found)) = found else {
        let why =
            found.and_then(|read| read.as_ref().err()).map_or("they were not looked at", String::as_str);
        return Err(Refused::Facts(format!(
            "the subnets of the zones are not known: {why}; mend that first"
        )));
    };
    let of_zones = zones.iter().filter_map(|zone| {
        zone.subnet
            .clone()
            .or_else(|| found.iter().find(|room| room.zone == zone.zone).map(|room| room.id.clone()))
    });
    let all: Vec<String> = of_zones.collect();
    if all.len() < zones.len() {
        return Err(Refused::State(
            "not every zone has a default subnet: name one for each in fabulaws-config.yml under `subnets`"
                .into(),
        ));
    }
    Ok(all)
}
