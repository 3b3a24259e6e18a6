//! The lane of one server: from its launch to the tag that puts it to use.

use super::super::Facts;
use super::super::draft::{Draft, step};
use crate::fleet::{NewServer, Person, Role, Zone};
use crate::plan::{
    Action, Address, Condition, HostJob, InstanceRef, JobFile, Lasts, Repeat, Slot, Step, StepId, TextOf,
    Undo,
};
use crate::recipe::build::{self, Part, Plot};

/// What is the same for all servers of a plan.
pub(in super::super) struct Build<'a> {
    pub(in super::super) facts: &'a Facts<'a>,
    pub(in super::super) people: &'a [Person],
    /// The private address of the primary, for a replica.
    pub(in super::super) primary: Option<Address>,
    /// For how long what is made lasts where the run is stopped.
    pub(in super::super) lasts: Lasts,
}

/// A server that is made.
pub(in super::super) struct Made {
    /// Its launch: from then on its address is known.
    pub(in super::super) launched: StepId,
    /// The tag that puts it to use.
    pub(in super::super) used: StepId,
    /// Where its id goes.
    pub(in super::super) slot: Slot,
}

impl Build<'_> {
    /// One server. Some parts wait for steps of other lanes, by the parts' names.
    pub(in super::super) fn server(
        &self,
        draft: &mut Draft<'_>,
        lane: &str,
        role: &Role,
        server: NewServer,
        zone: &Zone,
        waits: &[(&str, Vec<StepId>)],
    ) -> Made {
        let name = format!("{}_{}_{role}", self.facts.topology.deployment, self.facts.place.name);
        let slot = Slot(lane.to_owned());
        let volumes = &server.volumes;
        let with =
            volumes.first().map_or_else(String::new, |one| format!(", with a volume of {} GB", one.gb));
        let what = format!("{} from {} in {zone}{with}", server.instance_type, server.image);
        let stays = if volumes.iter().any(|one| one.keeps) { "; its volume stays" } else { "" };
        let launched = draft.add(Step {
            becomes: Some(what),
            lasts: self.lasts,
            undo: Undo::Reverse(format!("the server is terminated, unless it is in use{stays}")),
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
            after: vec![launched],
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
        let mut settled = vec![launched];
        let layout = &self.facts.place.layout;
        let primary = self.primary.as_ref();
        let plot = Plot { layout, build: &self.facts.place.build, people: self.people, primary };
        for part in build::parts(role, &plot) {
            let waits = waits.iter().filter(|(name, _)| *name == part.name).flat_map(|(_, steps)| steps);
            let after = [last].into_iter().chain(waits.copied()).collect();
            last = draft.add(Step { after, ..self.part(lane, &slot, part, draft.next(), &mut settled) });
        }
        let role = role.to_string();
        let used = draft.add(Step {
            after: vec![last],
            before: Some(format!("{role}-PENDING")),
            becomes: Some(role.clone()),
            undo: Undo::Cannot("from then on it is in use".into()),
            deadline_s: 300,
            settles: settled,
            ..step(
                lane,
                "put it to use, by its tag",
                name,
                Action::Tag { server: InstanceRef::Later(slot.clone()), tags: vec![("role".into(), role)] },
            )
        });
        Made { launched, used, slot }
    }

    /// The step of a part; where something beside the server is to be taken back, it is settled with the server.
    fn part(&self, lane: &str, slot: &Slot, part: Part, id: StepId, settled: &mut Vec<StepId>) -> Step {
        let environment = &self.facts.place.name;
        // Without a project there are no secrets: what is simulated asks for none.
        let secrets = if self.facts.site.is_some() { part.secrets } else { &[] };
        let file = |of: TextOf, variable: &str| JobFile {
            of,
            variable: variable.to_owned(),
            environment: environment.clone(),
        };
        let addresses =
            part.addresses.into_iter().map(|(variable, address)| file(TextOf::Address { address }, variable));
        let secrets = secrets.iter().map(|name| file(TextOf::Secret { name: (*name).to_owned() }, name));
        let undo = match &part.back {
            Some(_) => {
                settled.push(id);
                Undo::Reverse("its slot on the primary is dropped".into())
            }
            None => Undo::Nothing,
        };
        let lasts = if part.back.is_some() { self.lasts } else { Lasts::Stays };
        let job = HostJob {
            server: InstanceRef::Later(slot.clone()),
            name: part.name.into(),
            script: part.script,
            user: Some("root".into()),
            files: addresses.chain(secrets).collect(),
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
}
