//! The steps that make a server: its launch, its parts, the code on it where it runs the project's, and its tag.

use super::super::Facts;
use super::super::draft::{Draft, step};
use super::super::hooks::BEFORE_RSYSLOG;
use super::app::App;
use jiff::Timestamp;

use crate::fleet::{NewServer, Person, ROLE_TAG, Role, Zone};
use crate::plan::typed::PASSPHRASE;
use crate::plan::{
    Action, Address, Condition, HostJob, InstanceRef, JobFile, Lasts, Repeat, Slot, Step, StepId, TextOf,
    Undo,
};
use crate::recipe::build::{self, AWSLOGS_SECRET, Part, Plot};

/// What a server is made with.
#[derive(Clone, Copy)]
pub(in super::super) struct Build<'a> {
    pub(in super::super) facts: &'a Facts<'a>,
    pub(in super::super) role: &'a Role,
    /// Who works on it.
    pub(in super::super) people: &'a [Person],
    /// The private address of the primary, for a replica.
    pub(in super::super) primary: Option<&'a Address>,
    /// The project's code and its settings, where it runs that.
    pub(in super::super) app: Option<&'a App>,
    /// What the project does itself before logs are shipped.
    pub(in super::super) before_logs: Option<&'a str>,
    /// How long what it leaves beside itself, and it itself, is there.
    pub(in super::super) lasts: Lasts,
}

/// Where steps go: their lane, and the server that they are for.
#[derive(Clone, Copy)]
pub(in super::super) struct Site<'a> {
    pub(in super::super) lane: &'a str,
    pub(in super::super) slot: &'a Slot,
}

/// A server that is built, and not in use yet: its tag says `-PENDING`.
pub(in super::super) struct Built {
    /// Its launch: from then on its address is known.
    pub(in super::super) launched: StepId,
    /// From then on it could be used.
    pub(in super::super) ready: StepId,
    /// Where its id goes.
    pub(in super::super) slot: Slot,
    /// What stays once it is in use.
    settled: Vec<StepId>,
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
    /// One server, from its launch to the tag that puts it to use.
    pub(in super::super) fn server(
        &self,
        draft: &mut Draft<'_>,
        lane: &str,
        server: NewServer,
        zone: &Zone,
    ) -> Made {
        let Built { launched, ready, slot, settled } = self.pending(draft, lane, server, zone, &[]);
        let used = self.used(draft, lane, &slot, settled, &[ready], None);
        Made { launched, used, slot }
    }

    /// One server up to where it could be used.
    pub(in super::super) fn pending(
        &self,
        draft: &mut Draft<'_>,
        lane: &str,
        server: NewServer,
        zone: &Zone,
        after: &[StepId],
    ) -> Built {
        let begun = self.begun(draft, lane, server, zone, after);
        self.completed(draft, lane, begun)
    }

    /// One server up to where what it runs could be started.
    pub(in super::super) fn begun(
        &self,
        draft: &mut Draft<'_>,
        lane: &str,
        server: NewServer,
        zone: &Zone,
        after: &[StepId],
    ) -> Built {
        let slot = Slot(lane.to_owned());
        let site = Site { lane, slot: &slot };
        let volumes = &server.volumes;
        let with =
            volumes.first().map_or_else(String::new, |one| format!(", with a volume of {} GB", one.gb));
        let stays = if volumes.iter().any(|one| one.keeps) { "; its volume stays" } else { "" };
        let launched = draft.add(Step {
            after: after.to_vec(),
            becomes: Some(format!("{} from {} in {zone}{with}", server.instance_type, server.image)),
            lasts: self.lasts,
            undo: Undo::Reverse(format!("the server is terminated, unless it is in use{stays}")),
            ..launching(site, "launch a server", &called(&server).unwrap_or_else(|| self.name()), server)
        });
        let mut settled = vec![launched];
        let reached = draft.add(Step { after: vec![launched], ..reaching(site) });
        let ready = self.ground(draft, site, reached, &mut settled);
        Built { launched, ready, slot, settled }
    }

    /// The same server from there on.
    pub(in super::super) fn completed(&self, draft: &mut Draft<'_>, lane: &str, begun: Built) -> Built {
        let Built { launched, ready, slot, mut settled } = begun;
        let site = Site { lane, slot: &slot };
        let mut ready = self.running(draft, site, ready, &mut settled);
        if !self.people.is_empty() {
            let part = build::image_user(&self.plot());
            ready = self.parts(draft, site, vec![part], ready, &mut settled);
        }
        Built { launched, ready, slot, settled }
    }

    /// The tag by which a server is in use.
    fn used(
        &self,
        draft: &mut Draft<'_>,
        lane: &str,
        slot: &Slot,
        settles: Vec<StepId>,
        after: &[StepId],
        since: Option<Timestamp>,
    ) -> StepId {
        let role = self.role.to_string();
        let since = since.map(|at| (ROLE_TAG.to_owned(), at.to_string()));
        let tags = std::iter::once(("role".to_owned(), role.clone())).chain(since).collect();
        draft.add(Step {
            after: after.to_vec(),
            before: Some(format!("{role}-PENDING")),
            becomes: Some(role.clone()),
            undo: Undo::Cannot("from then on it is in use".into()),
            deadline_s: 300,
            settles,
            ..step(
                lane,
                "put it to use, by its tag",
                self.name(),
                Action::Tag { server: InstanceRef::Later(slot.clone()), tags },
            )
        })
    }

    /// Puts a server to use that was built, with a release that knows it: that is of the time of the plan (R8).
    pub(in super::super) fn put_to_use(
        &self,
        draft: &mut Draft<'_>,
        lane: &str,
        built: &Built,
        after: &[StepId],
    ) -> StepId {
        self.used(draft, lane, &built.slot, built.settled.clone(), after, Some(self.facts.now))
    }

    /// As the server is called.
    fn name(&self) -> String {
        format!("{}_{}_{}", self.facts.topology.deployment, self.facts.place.name, self.role)
    }

    /// What makes a bare server that can be reached what its role wants, and shows that it is. Gives the last step; what
    /// is to be settled once the server is in use is added.
    pub(in super::super) fn steps(
        &self,
        draft: &mut Draft<'_>,
        site: Site<'_>,
        reached: StepId,
        settled: &mut Vec<StepId>,
    ) -> StepId {
        let ground = self.ground(draft, site, reached, settled);
        self.running(draft, site, ground, settled)
    }

    /// Everything that is there before what it runs is started.
    fn ground(
        &self,
        draft: &mut Draft<'_>,
        site: Site<'_>,
        reached: StepId,
        settled: &mut Vec<StepId>,
    ) -> StepId {
        let plot = self.plot();
        let last = self.parts(draft, site, build::parts(self.role, &plot), reached, settled);
        let Some(app) = self.app else { return last };
        let last = app.code(draft, self, site, last);
        self.parts(draft, site, vec![build::for_code(&plot)], last, settled)
    }

    /// What it runs is started, and shown to run.
    fn running(
        &self,
        draft: &mut Draft<'_>,
        site: Site<'_>,
        ground: StepId,
        settled: &mut Vec<StepId>,
    ) -> StepId {
        let plot = self.plot();
        let mut last = ground;
        if let Some(app) = self.app {
            last = app.start(draft, self, site, last, settled);
            last = self.parts(draft, site, build::serving(self.role, &plot), last, settled);
        }
        if let Some(path) = self.before_logs {
            last = self.hook(draft, site, BEFORE_RSYSLOG, path, last);
        }
        self.parts(draft, site, build::logs(self.role, &plot), last, settled)
    }

    /// The step of a hook of the project, whose text comes along as it is then.
    pub(super) fn hook(
        &self,
        draft: &mut Draft<'_>,
        site: Site<'_>,
        name: &'static str,
        path: &str,
        after: StepId,
    ) -> StepId {
        let part = build::hook(name, path, self.role, &self.plot());
        let mut step = self.part(site, part, draft.next(), &mut Vec::new());
        if let Action::Job(job) = &mut step.action {
            job.files.push(JobFile {
                of: TextOf::Hook { path: path.to_owned() },
                variable: "hook".into(),
                environment: self.facts.place.name.clone(),
            });
        }
        draft.add(Step { after: vec![after], title: format!("run {path}"), ..step })
    }

    fn plot(&self) -> Plot<'_> {
        let place = self.facts.place;
        Plot {
            layout: &place.layout,
            build: &place.build,
            people: self.people,
            primary: self.primary,
            known_hosts: self.app.map_or("", |app| &app.known_hosts),
            has_key: self.app.is_some_and(|app| app.has_key),
        }
    }

    fn parts(
        &self,
        draft: &mut Draft<'_>,
        site: Site<'_>,
        parts: Vec<Part>,
        after: StepId,
        settled: &mut Vec<StepId>,
    ) -> StepId {
        parts.into_iter().fold(after, |last, part| {
            let step = self.part(site, part, draft.next(), settled);
            draft.add(Step { after: vec![last], ..step })
        })
    }

    /// The step of a part; where something beside the server is to be taken back, it is settled with the server.
    fn part(&self, site: Site<'_>, part: Part, id: StepId, settled: &mut Vec<StepId>) -> Step {
        let environment = &self.facts.place.name;
        // Without a project there are no secrets: what is simulated asks for none.
        let secrets = if self.facts.site.is_some() { part.secrets } else { &[] };
        let known = self.facts.site.map(|site| &site.ground.secrets);
        let of = |name: &str| match known {
            // Nobody has to write it down: it is asked for.
            Some(known) if [PASSPHRASE, AWSLOGS_SECRET].contains(&name) && !known.contains(name) => {
                TextOf::Typed { name: name.to_owned(), anew: name == PASSPHRASE }
            }
            _ => TextOf::Secret { name: name.to_owned() },
        };
        let file = |of: TextOf, variable: &str| JobFile {
            of,
            variable: variable.to_owned(),
            environment: environment.clone(),
        };
        let addresses =
            part.addresses.into_iter().map(|(variable, address)| file(TextOf::Address { address }, variable));
        let secrets = secrets.iter().map(|name| file(of(name), name));
        let undo = match &part.back {
            Some(_) => {
                settled.push(id);
                Undo::Reverse("its slot on the primary is dropped".into())
            }
            None => Undo::Nothing,
        };
        let lasts = if part.back.is_some() { self.lasts } else { Lasts::Stays };
        let job = HostJob {
            server: InstanceRef::Later(site.slot.clone()),
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
            ..step(site.lane, part.title, site.lane, Action::Job(Box::new(job)))
        }
    }
}

/// As a new server is called by its tag.
fn called(server: &NewServer) -> Option<String> {
    server.tags.iter().find(|(key, _)| key == "Name").map(|(_, name)| name.clone())
}

/// The step that launches a server.
pub(in super::super) fn launching(site: Site<'_>, title: &str, name: &str, server: NewServer) -> Step {
    let action = Action::Launch { slot: site.slot.clone(), server: Box::new(server) };
    Step { repeat: Repeat::Check, deadline_s: 900, ..step(site.lane, title, name, action) }
}

/// The step that waits for it.
pub(in super::super) fn reaching(site: Site<'_>) -> Step {
    let condition = Condition::Reachable { instance: InstanceRef::Later(site.slot.clone()) };
    Step {
        deadline_s: 1_200,
        ..step(site.lane, "wait until it can be reached", site.lane, Action::Await { condition })
    }
}
