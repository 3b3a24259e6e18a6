//! An environment to plan for, and a plan as text.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::super::*;
use crate::fleet::sample::{self, Parts};
use crate::fleet::{
    AddressChoice, Changeset, CodeLayout, EnvironmentPlace, Fact, Ground, LaunchSettings, LaunchSource,
    Layout, Lock, Measured, Reading, Room, Snapshot, Source, SubnetRoom, SuspendedProcess, Topic, Topology,
    VcpuClass, VcpuRoom, measured,
};
use crate::plan::Plan;
use crate::repo::{Between, Commit, Danger, Head, Migration, Question, RepoFacts, Untold};
use crate::template::SiteFacts;

/// The code that runs.
const RUNS: &str = "a1b2c3d4e5f60718293a4b5c6d7e8f9012345678";

/// What a planner is told, owned.
pub(super) struct World {
    pub(super) parts: Parts,
    pub(super) place: EnvironmentPlace,
    pub(super) releases: Vec<LaunchSettings>,
    pub(super) repo: Option<RepoFacts>,
    pub(super) site: Option<SiteFacts>,
    pub(super) room: Option<Room>,
    pub(super) ground: Option<Ground>,
    /// Locks of the environment; none where they cannot be read.
    pub(super) locks: Option<Vec<Lock>>,
    /// Other environments of the deployment.
    pub(super) others: Vec<EnvironmentPlace>,
    /// Which address ssh goes to.
    pub(super) ssh: AddressChoice,
    /// How old everything is.
    pub(super) age: SignedDuration,
    measured: Vec<(String, Fact)>,
}

impl World {
    pub(super) fn new(web: usize) -> Self {
        let mut parts = Parts::default();
        let mut place = parts.add("staging", web);
        place.layout = Arc::new(layout());
        let age = SignedDuration::from_secs(4);
        Self {
            parts,
            place,
            releases: Vec::new(),
            repo: None,
            site: None,
            room: Some(room(4_000, 8_000)),
            ground: None,
            locks: Some(Vec::new()),
            others: Vec::new(),
            ssh: AddressChoice::Private,
            age,
            measured: Vec::new(),
        }
    }

    /// With three releases: one newer than what runs, and one older. What runs was measured on the worker.
    pub(super) fn with_releases(web: usize) -> Self {
        let mut world = Self::new(web);
        for (changeset, time, image) in [
            ("77aa01cd", "2026.11.21-10.00.00", "ami-2"),
            ("a1b2c3d4", "2026.11.20-08.30.05", "ami-1"),
            ("9f8e7d6c", "2026.11.20-07.00.00", "ami-0"),
        ] {
            world.release(changeset, time, image);
        }
        world.code("i-staging-worker", RUNS);
        world
    }

    /// A world that launches from a template.
    pub(super) fn templated(follows: &str) -> Self {
        let mut world = Self::with_releases(2);
        world.group().launch = Some(template(follows));
        world.group().members.iter_mut().for_each(|member| member.launch = Some(template("41")));
        let settings = |source: &str, version: &str, name: &str| LaunchSettings {
            source: template(source),
            resolved: template(version),
            image: Some("ami-1".into()),
            instance_type: None,
            instance_profile: None,
            tokens_required: None,
            description: Some(name.into()),
            created_at: None,
        };
        let names = [
            "myproject_staging_lc_2026.11.21-10.00.00_77aa01cd",
            "myproject_staging_lc_2026.11.20-08.30.05_a1b2c3d4",
        ];
        world.releases = vec![settings("42", "42", names[0]), settings("41", "41", names[1])];
        world.parts.launch = vec![settings("$Latest", "42", names[0]), settings("41", "41", names[1])];
        world
    }

    pub(super) fn release(&mut self, changeset: &str, time: &str, image: &str) {
        let launch = LaunchSource::Configuration { name: format!("myproject_staging_lc_{time}_{changeset}") };
        self.releases.push(LaunchSettings {
            source: launch.clone(),
            resolved: launch,
            image: Some(image.into()),
            instance_type: None,
            instance_profile: None,
            tokens_required: None,
            description: None,
            created_at: None,
        });
    }

    /// What is checked out on a server.
    pub(super) fn code(&mut self, server: &str, changeset: &str) {
        self.measure(server, Fact::Code(measured::Code { changeset: changeset.into(), branch: None }));
    }

    /// What the repository tells of the way from what runs to a release.
    pub(super) fn between(&mut self, to: &str, gained: Vec<Migration>, lost: Vec<Migration>) {
        let commit = |changeset: &str, subject: &str| Commit {
            changeset: changeset.into(),
            subject: subject.into(),
            author: "ana".into(),
            at: None,
        };
        let commits = vec![commit("77aa01cd", "Faster export"), commit("a1b2c3d4", "Fix export")];
        let between = Between { from: RUNS.into(), to: to.into(), commits: Vec::new(), gained, lost };
        let heads = self.repo.take().unwrap_or_default().heads;
        self.repo = Some(RepoFacts { heads, commits, between: vec![between], untold: Vec::new() });
    }

    /// Why the repository does not tell of the way from what runs to a release.
    pub(super) fn untold(&mut self, to: &str, why: &str) {
        let untold = Untold { from: RUNS.into(), to: to.into(), why: why.into() };
        self.repo.get_or_insert_default().untold.push(untold);
    }

    /// What the repository tells of a branch's head; a changeset with a subject, or why it tells nothing.
    pub(super) fn head(&mut self, branch: &str, told: Result<&str, &str>) {
        let repo = self.repo.get_or_insert_default();
        let changeset = told.map(Changeset::new).map_err(ToOwned::to_owned);
        repo.heads.push(Head { branch: branch.into(), changeset });
        repo.commits.extend(told.ok().map(|changeset| Commit {
            changeset: changeset.into(),
            subject: "Faster import".into(),
            author: "ana".into(),
            at: None,
        }));
    }

    pub(super) fn group(&mut self) -> &mut crate::fleet::Group {
        &mut self.parts.groups[0]
    }

    pub(super) fn suspend(&mut self, processes: &[&str]) {
        self.group().suspended.extend(processes.iter().map(|process| SuspendedProcess {
            process: (*process).into(),
            reason: "User suspended at 2026-11-21T12:00:00Z".into(),
        }));
    }

    /// Nothing was measured on any server.
    pub(super) fn forget_measured(&mut self) {
        self.measured.clear();
    }

    /// Something measured on a server.
    pub(super) fn measure(&mut self, server: &str, fact: Fact) {
        self.measured.push((server.into(), fact));
    }

    /// A server's maintenance page, and whether it answers the health check by a file.
    pub(super) fn page(&mut self, server: &str, maintenance: bool, health_override: bool) {
        let site = measured::Site { maintenance, health_override, ..measured::Site::default() };
        self.measure(server, Fact::Site(site));
    }

    pub(super) fn snapshot(&self) -> Snapshot {
        let mut snapshot = self.parts.snapshot();
        if let Some(locks) = &self.locks {
            let all = BTreeMap::from([(self.place.name.clone(), locks.clone())]);
            snapshot.locks = Reading::taken(Source::SsmGetParametersByPath, all, sample::epoch());
        }
        for (server, fact) in &self.measured {
            let entry = snapshot.measured.entry(server.as_str().into()).or_default();
            let mut one: Measured = (**entry).clone();
            let topic: Topic = fact.topic();
            one.facts.insert(topic, Reading::taken(Source::Probe(topic), fact.clone(), sample::epoch()));
            *entry = Arc::new(one);
        }
        snapshot
    }

    pub(super) fn plan(&self, operation: &str, options: &[(Opt, &str)]) -> Result<Plan, Refused> {
        self.plan_from(&self.snapshot(), operation, options)
    }

    pub(super) fn plan_from(
        &self,
        snapshot: &Snapshot,
        operation: &str,
        options: &[(Opt, &str)],
    ) -> Result<Plan, Refused> {
        let mut told = Options::default();
        for (opt, value) in options {
            told.set(*opt, value).unwrap();
        }
        let topology = self.topology();
        find(operation).unwrap().plan(&self.facts(snapshot, &topology), &told)
    }

    /// What a planner is told.
    pub(super) fn facts<'a>(&'a self, snapshot: &'a Snapshot, topology: &'a Topology) -> Facts<'a> {
        Facts {
            snapshot,
            topology,
            place: &self.place,
            releases: &self.releases,
            now: self.now(),
            fresh: FRESH,
            room: self.room.as_ref(),
            ground: self.ground.as_ref(),
            repo: self.repo.as_ref(),
            site: self.site.as_ref(),
        }
    }

    /// What the repository is to be asked next.
    pub(super) fn asks(&self, operation: &str, options: &[(Opt, &str)]) -> Vec<Question> {
        let mut told = Options::default();
        for (opt, value) in options {
            told.set(*opt, value).unwrap();
        }
        let (topology, snapshot) = (self.topology(), self.snapshot());
        find(operation).unwrap().asks(&self.facts(&snapshot, &topology), &told)
    }

    /// Why it is refused.
    /// What has to be known of the ground for it.
    pub(super) fn ground_question(&self, operation: &str, options: &[(Opt, &str)]) -> Option<GroundQuestion> {
        let mut told = Options::default();
        for (opt, value) in options {
            told.set(*opt, value).unwrap();
        }
        let topology = self.topology();
        find(operation).unwrap().ground(&self.facts(&self.snapshot(), &topology), &told)
    }

    pub(super) fn refused(&self, operation: &str, options: &[(Opt, &str)]) -> String {
        self.plan(operation, options).unwrap_err().to_string()
    }

    pub(super) fn now(&self) -> Timestamp {
        sample::epoch() + self.age
    }

    pub(super) fn topology(&self) -> Topology {
        Topology {
            deployment: "myproject".into(),
            region: "us-east-1".into(),
            environments: std::iter::once(&self.place).chain(&self.others).cloned().collect(),
            ssh_address: self.ssh,
        }
    }
}

/// Two subnets with so many free addresses each, and so many vCPUs left for servers of two.
pub(super) fn room(free: u32, left: u32) -> Room {
    let subnet = |id: &str, zone: &str| SubnetRoom {
        id: id.into(),
        zone: zone.into(),
        vpc: Some("vpc-1".into()),
        free,
    };
    let vcpus = VcpuRoom { class: VcpuClass::Standard, limit: 8_192, used: 8_192 - left, each: 2 };
    Room {
        subnets: Ok(vec![subnet("subnet-1", "us-east-1a"), subnet("subnet-2", "us-east-1b")]),
        vcpus: Ok(vcpus),
    }
}

/// A version of the one launch template.
pub(super) fn template(version: &str) -> LaunchSource {
    LaunchSource::Template { id: "lt-1".into(), name: "web".into(), version: version.into() }
}

/// Where things are on the servers.
pub(super) fn layout() -> Layout {
    Layout {
        deploy_user: "myproject".into(),
        webserver_user: "myproject-web".into(),
        settings_module: "myproject.local_settings".into(),
        home: "/home/myproject".into(),
        root: "/home/myproject/www/staging".into(),
        log_dir: "/home/myproject/www/staging/log".into(),
        code_root: "/home/myproject/www/staging/code_root".into(),
        virtualenv: "/home/myproject/www/staging/env".into(),
        services: "/home/myproject/services".into(),
        vcs: "git".into(),
        celery_app: "myproject.celery".into(),
        celery_workers: vec!["main".into(), "exports".into()],
        pgbouncer_port: 5432,
        gunicorn_port: 8000,
        site: "staging.example.com".into(),
        health_path: "/healthcheck.html".into(),
        code: CodeLayout {
            environment: "staging".into(),
            project: "myproject".into(),
            gunicorn_multiplier: 4,
            requirements: "requirements/production.txt".into(),
            local_settings: "/home/myproject/www/staging/code_root/myproject/local_settings.py".into(),
            ..CodeLayout::default()
        },
        ..Layout::default()
    }
}

/// A plan as text, everything that an operator sees and what the engine goes by.
pub(super) fn show(plan: &Plan) -> String {
    let mut text = format!("{} → {}: {}\n{}\n", plan.operation, plan.environment, plan.title, plan.command);
    let mut line = |head: &str, what: &str| {
        let _ = writeln!(text, "{head}: {what}");
    };
    line("noticed", plan.noticed.as_deref().unwrap_or("nothing"));
    plan.cannot_undo.iter().for_each(|what| line("cannot be undone", what));
    plan.notes.iter().for_each(|what| line("note", what));
    plan.overrides.iter().for_each(|what| line("typed", what));
    for one in &plan.assumes {
        line("assumes", &format!("{} = {}", one.fact, one.value));
    }
    for step in &plan.steps {
        let after: Vec<String> = step.after.iter().map(ToString::to_string).collect();
        let after = if after.is_empty() { String::new() } else { format!(" after {}", after.join(", ")) };
        let _ = writeln!(text, "{:>2} {:<6} {}: {}{after}", step.id.0, step.lane, step.target, step.title);
        let _ = writeln!(text, "          {}", step.change().unwrap_or_default());
        let mut traits = vec![format!("{:?}", step.lasts), format!("{:?}", step.repeat)];
        traits.push(format!("{} s", step.deadline_s));
        traits.extend(step.destructive.then(|| "destructive".to_owned()));
        traits.extend(step.soft.then(|| "soft".to_owned()));
        traits.extend(step.noticed.iter().map(|noticed| format!("noticed: {noticed}")));
        let back = step.way_back();
        traits.extend((!back.is_empty()).then(|| format!("↩ {back}")));
        let _ = writeln!(text, "          {}", traits.join(" · "));
    }
    text.lines().map(str::trim_end).collect::<Vec<_>>().join("\n")
}

/// A migration.
pub(super) fn migration(name: &str, dangers: &[Danger]) -> Migration {
    Migration { name: name.into(), dangers: dangers.to_vec(), unclear: false }
}

/// The steps whose titles begin so.
pub(super) fn steps<'p>(plan: &'p Plan, title: &str) -> Vec<&'p crate::plan::Step> {
    plan.steps.iter().filter(|step| step.title.starts_with(title)).collect()
}

/// The one step whose title begins so.
pub(super) fn the<'p>(plan: &'p Plan, title: &str) -> &'p crate::plan::Step {
    let found = steps(plan, title);
    assert_eq!(found.len(), 1, "{title}: {}", show(plan));
    found[0]
}

/// Whether a step cannot begin before another one has ended.
pub(super) fn waits_for(plan: &Plan, later: &crate::plan::Step, earlier: &crate::plan::Step) -> bool {
    later.after.iter().any(|id| *id == earlier.id || waits_for(plan, plan.step(*id).unwrap(), earlier))
}
