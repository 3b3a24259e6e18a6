//! new-server: a cache, a database primary or a replica, from an empty Ubuntu image to a server in use.

mod judge;
mod place;

use super::draft::{Draft, step};
use super::{Facts, Options, Refused};
use crate::fleet::{NewServer, Person, Role, RoomQuestion, SubnetChoice, Zone, words};
use crate::plan::{
    Action, Condition, HostJob, InstanceRef, JobFile, Lasts, Repeat, Slot, Step, StepId, TextOf, Undo,
};
use crate::recipe::build::{self, Part, Plot};

/// The most servers of one plan.
const MOST: u32 = 20;

/// What is asked for.
struct Asked {
    role: Role,
    count: u32,
    /// Those that could not be finished stay.
    keep: bool,
}

pub(super) fn plan(draft: &mut Draft<'_>, facts: &Facts<'_>, options: &Options) -> Result<(), Refused> {
    let asked = asked(options)?;
    facts.current("the servers were", &facts.snapshot.servers)?;
    let primary = judge::is_free(draft, facts, &asked.role)?;
    judge::database(draft, facts, &asked.role)?;
    judge::secrets(facts, &asked.role)?;
    judge::volume(draft, facts, &asked.role)?;
    let people = judge::people(draft, facts)?;
    let zones = place::zones(facts, options, &asked.role, asked.count as usize)?;
    let servers = zones.iter().map(|zone| Ok((place::server(facts, &asked.role, zone)?, &zone.zone)));
    let servers = servers.collect::<Result<Vec<_>, Refused>>()?;
    super::room::check(draft, facts, asked.count, "it is launched")?;
    let role = &asked.role;
    draft.title(match asked.count {
        1 => format!("make a {role} server"),
        count => format!("make {count} {role} servers"),
    });
    if servers.iter().any(|(server, _)| server.key_name.is_none()) {
        draft.note(
            "No server of the environment shows a key pair: the image itself has to let in whoever runs this.",
        );
    }
    if asked.keep {
        draft.note(format!(
            "A server that cannot be finished stays, tagged {role}-PENDING, until it is terminated: `quarterdeck runs \
             undo` does that."
        ));
    }
    let build = Build { facts, asked: &asked, people: &people, primary: primary.as_deref() };
    let several = servers.len() > 1;
    for (number, (server, zone)) in (1_u32..).zip(servers) {
        let lane = if several { format!("{role} {number}") } else { role.to_string() };
        build.server(draft, &lane, server, zone);
    }
    Ok(())
}

/// Where they go, and what they are.
pub(super) fn room(facts: &Facts<'_>, options: &Options) -> Option<RoomQuestion> {
    let asked = asked(options).ok()?;
    let zones = place::zones(facts, options, &asked.role, asked.count as usize).ok()?;
    let instance_type = place::server(facts, &asked.role, zones.first()?).ok()?.instance_type;
    let mut subnets: Vec<String> = zones.iter().filter_map(|zone| zone.subnet.clone()).collect();
    subnets.sort();
    subnets.dedup();
    let subnets = if subnets.is_empty() {
        let mut all: Vec<Zone> = zones.into_iter().map(|place| place.zone).collect();
        all.sort();
        all.dedup();
        SubnetChoice::DefaultOf(all)
    } else {
        SubnetChoice::Named(subnets)
    };
    Some(RoomQuestion { subnets, instance_type: Some(instance_type) })
}

/// Whether there is no server yet that shows what the config does not say.
pub(super) fn is_first(facts: &Facts<'_>, options: &Options) -> bool {
    asked(options).is_ok_and(|asked| place::is_first(facts, &asked.role))
}

fn asked(options: &Options) -> Result<Asked, Refused> {
    let known = build::ROLES.iter().map(Role::word);
    let Some(word) = &options.role else {
        let known: Vec<&str> = known.collect();
        return Err(Refused::Usage(format!(
            "say what the server is for: --role {}",
            known.join(", --role ")
        )));
    };
    let role = Role::parse(word);
    match role {
        Role::Web | Role::Worker | Role::Combo => {
            return Err(Refused::Usage(format!(
                "new-server builds no {role} server: it builds {}. Web servers come from the group, by create-release and \
                 deploy-serial",
                build::ROLES.iter().map(Role::word).collect::<Vec<_>>().join(", ")
            )));
        }
        Role::Other(_) | Role::Untagged => return Err(Refused::unknown("role", word, known)),
        Role::Cache | Role::DbPrimary | Role::DbReplica => {}
    }
    let count = options.count.unwrap_or(1);
    if !(1..=MOST).contains(&count) {
        return Err(Refused::Usage(format!("--count wants a number from 1 to {MOST}, not {count}")));
    }
    if count > 1 && role != Role::DbReplica {
        return Err(Refused::Usage(format!(
            "an environment has one {role} server, and --count asks for {}: leave --count out",
            words::grouped(count.into())
        )));
    }
    Ok(Asked { role, count, keep: options.keep_failed })
}

/// What is the same for all servers of a plan.
struct Build<'a> {
    facts: &'a Facts<'a>,
    asked: &'a Asked,
    people: &'a [Person],
    primary: Option<&'a str>,
}

impl Build<'_> {
    /// One server, from its launch to the tag that puts it to use.
    fn server(&self, draft: &mut Draft<'_>, lane: &str, server: NewServer, zone: &Zone) {
        let name =
            format!("{}_{}_{}", self.facts.topology.deployment, self.facts.place.name, self.asked.role);
        let slot = Slot(lane.to_owned());
        let what = format!("{} from {} in {zone}", server.instance_type, server.image);
        let launch = draft.add(Step {
            becomes: Some(what),
            lasts: self.lasts(),
            undo: Undo::Reverse("the server is terminated, unless it is in use".into()),
            repeat: Repeat::Check,
            deadline_s: 900,
            ..step(
                lane,
                "launch a server",
                name.as_str(),
                Action::Launch { slot: slot.clone(), server: Box::new(server) },
            )
        });
        let mut last = draft.add(Step {
            after: vec![launch],
            deadline_s: 1_200,
            ..step(
                lane,
                "wait until it can be reached",
                lane,
                Action::Await {
                    condition: Condition::Reachable { instance: InstanceRef::Later(slot.clone()) },
                },
            )
        });
        let mut settled = vec![launch];
        let layout = &self.facts.place.layout;
        let plot =
            Plot { layout, build: &self.facts.place.build, people: self.people, primary: self.primary };
        for part in build::parts(&self.asked.role, &plot) {
            last = draft
                .add(Step { after: vec![last], ..self.part(lane, &slot, part, draft.next(), &mut settled) });
        }
        let role = self.asked.role.to_string();
        draft.add(Step {
            after: vec![last],
            before: Some(format!("{role}-PENDING")),
            becomes: Some(role.clone()),
            undo: Undo::Cannot("from then on it is in use".into()),
            deadline_s: 300,
            // What stays anyway needs nobody to settle it.
            settles: if self.asked.keep { Vec::new() } else { settled },
            ..step(
                lane,
                "put it to use, by its tag",
                name,
                Action::Tag { server: InstanceRef::Later(slot), tags: vec![("role".into(), role)] },
            )
        });
    }

    /// The step of a part; where something beside the server is to be taken back, it is settled with the server.
    fn part(&self, lane: &str, slot: &Slot, part: Part, id: StepId, settled: &mut Vec<StepId>) -> Step {
        let environment = &self.facts.place.name;
        // Without a project there are no secrets: what is simulated asks for none.
        let secrets = if self.facts.site.is_some() { part.secrets } else { &[] };
        let files = secrets.iter().map(|name| JobFile {
            of: TextOf::Secret { name: (*name).to_owned() },
            variable: (*name).to_owned(),
            environment: environment.clone(),
        });
        let undo = match &part.back {
            Some(_) => {
                settled.push(id);
                Undo::Reverse("its slot on the primary is dropped".into())
            }
            None => Undo::Nothing,
        };
        let lasts = if part.back.is_some() { self.lasts() } else { Lasts::Stays };
        let job = HostJob {
            server: InstanceRef::Later(slot.clone()),
            name: part.name.into(),
            script: part.script,
            user: Some("root".into()),
            files: files.collect(),
            back: part.back,
            names_server: true,
        };
        Step {
            lasts,
            undo,
            deadline_s: part.deadline_s,
            ..step(lane, part.title, lane, Action::Job(Box::new(job)))
        }
    }

    fn lasts(&self) -> Lasts {
        if self.asked.keep { Lasts::Stays } else { Lasts::UnlessStopped }
    }
}
