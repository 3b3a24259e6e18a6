//! The project's code on a new server: which it is, whether it can be had, and how it comes to serve.

use super::super::code::{self, Code};
use super::super::deploy::schema_of;
use super::super::draft::{Draft, step};
use super::super::refused::some;
use super::super::settings::{On, Settings};
use super::super::{Facts, Options, Refused, hooks};
use super::build::{Build, Site};
use crate::fleet::text::one_line;
use crate::fleet::{Changeset, Role};
use crate::plan::{Action, HostJob, InstanceRef, Lasts, Step, StepId, Undo};
use crate::recipe::build::{Access, REPOSITORY_KEY, access};
use crate::recipe::{celery, code as checkout, health, manage, services};
use crate::template::KNOWN_HOSTS;

/// `PostgreSQL`'s port.
const DATABASE_PORT: u16 = 5432;

/// The code that a server runs, and what goes with it.
pub(in super::super) struct App {
    pub(in super::super) code: Code,
    settings: Settings,
    /// It is the first that runs tasks: it migrates and makes the static files, and beat runs on it (R17).
    is_first: bool,
    migrates: bool,
    /// What the project does itself before anything starts.
    hook: Option<String>,
    /// Another worker stops its work before this one begins.
    hand_over: Option<HandOver>,
    /// Whether there is a key that may read the repository.
    pub(super) has_key: bool,
    /// Keys of the repository's host.
    pub(super) known_hosts: String,
}

/// What a worker leaves to the one that takes its place.
pub(in super::super) struct HandOver {
    /// Stops Celery on the old one, where that still runs.
    pub(in super::super) stop: Option<Step>,
    /// Whether beat and the camera run there, and then on the new one (R17).
    pub(in super::super) beat: bool,
}

/// The changeset that an environment runs: that of its database, else that of its web servers. None where none runs yet.
pub(super) fn in_use(facts: &Facts<'_>) -> Option<Changeset> {
    schema_of(facts).or_else(|| {
        let web = facts.web().ok()?;
        let measured = web.iter().find_map(|server| facts.snapshot.measured(&server.id)?.code());
        measured.map(|code| Changeset::new(&code.changeset))
    })
}

/// The code of a new server: what the environment runs, else what was named, else the head of its branch.
pub(in super::super) fn chosen(facts: &Facts<'_>, options: &Options) -> Result<Code, Refused> {
    let is_named = options.branch.is_some() || options.changeset.is_some();
    let Some(runs) = in_use(facts) else {
        let others = facts.servers(&[Role::Web, Role::Worker, Role::Combo])?;
        if !is_named && !others.is_empty() {
            return Err(Refused::State(format!(
                "which code {} runs is not known: name what {} has with --changeset, and a new server has the same",
                facts.place.name,
                some(others.iter().map(|server| &server.id))
            )));
        }
        return code::meant(facts, options);
    };
    if is_named {
        let named = code::meant(facts, options)?;
        if !named.changeset.is_same(&runs) {
            return Err(Refused::State(format!(
                "{} runs {}, and so does a new server, not {}: leave --branch and --changeset out, and deploy afterwards",
                facts.place.name,
                Code::of(facts, runs).named(),
                named.named()
            )));
        }
    }
    Ok(Code::of(facts, runs))
}

impl App {
    /// What a new server of a role runs; refused where it could not.
    pub(in super::super) fn of(
        draft: &mut Draft<'_>,
        facts: &Facts<'_>,
        options: &Options,
        role: &Role,
        count: u32,
    ) -> Result<Self, Refused> {
        let code = chosen(facts, options)?;
        let works = matches!(role, Role::Worker | Role::Combo);
        let others = facts.servers(&[Role::Worker, Role::Combo])?;
        let is_first = works && others.is_empty();
        if is_first && count > 1 {
            return Err(Refused::Usage(
                "the first worker of an environment migrates the database, and beat runs on it: make it without --count, \
                 and the others afterwards"
                    .into(),
            ));
        }
        let migrates = is_first && !options.no_migrate;
        let app = Self { is_first, migrates, ..Self::to_serve(draft, facts, options, role, code)? };
        if migrates {
            draft.cannot_undo("migrations that the database has not had: the schema stays as migrated");
        } else {
            draft.note("The database is not migrated: deploy-worker does that.");
        }
        if works && !is_first && options.replaces.is_none() {
            draft.note(format!(
                "R17: beat and the camera stay on one of the workers in use, {}. Where one is gone for good, name it with \
                 --replaces, and beat comes to the new one.",
                some(others.iter().map(|server| &server.id))
            ));
        }
        if matches!(role, Role::Web | Role::Combo) && !facts.place.load_balancers.is_empty() {
            draft.note(format!(
                "It is registered with no load balancer: `quarterdeck apply add-to-load-balancer {}` does that.",
                facts.place.name
            ));
        }
        Ok(app)
    }

    /// The same where the code is known, nothing is migrated, and beat runs elsewhere.
    pub(in super::super) fn to_serve(
        draft: &mut Draft<'_>,
        facts: &Facts<'_>,
        options: &Options,
        role: &Role,
        code: Code,
    ) -> Result<Self, Refused> {
        words(facts, role)?;
        let hook = hooks::of_new(draft, facts, hooks::POST_BOOTSTRAP)?;
        let (has_key, known_hosts) = repository(draft, facts)?;
        let settings = Settings::anew(draft, facts, options, &code.changeset, role)?;
        Ok(Self {
            code,
            settings,
            is_first: false,
            migrates: false,
            hand_over: None,
            hook,
            has_key,
            known_hosts,
        })
    }

    /// It takes the place of another one.
    pub(in super::super) fn in_place_of(self, hand_over: HandOver) -> Self {
        Self { hand_over: Some(hand_over), ..self }
    }

    /// Whether beat and the camera run on it.
    fn has_beat(&self) -> bool {
        self.is_first || self.hand_over.as_ref().is_some_and(|hand_over| hand_over.beat)
    }

    /// Brings code, packages, settings and files of services. Gives the last step.
    pub(super) fn code(
        &self,
        draft: &mut Draft<'_>,
        build: &Build<'_>,
        site: Site<'_>,
        after: StepId,
    ) -> StepId {
        let layout = &build.facts.place.layout;
        let on = On {
            server: InstanceRef::Later(site.slot.clone()),
            target: site.lane,
            role: build.role,
            stays: false,
            beat: self.has_beat(),
        };
        let script = checkout::checkout(layout, &self.code.changeset);
        let named = Some(self.code.named());
        let mut steps = vec![
            Step { becomes: named, ..job(site, "check out the code", "code", script, 900) },
            job(site, "install its requirements", "requirements", checkout::requirements(layout), 1_800),
        ];
        steps.extend(self.settings.steps(build.facts, site.lane, &on));
        let last = draft.chain(after, steps).last().copied().unwrap_or(after);
        self.hook.as_ref().map_or(last, |path| build.hook(draft, site, hooks::POST_BOOTSTRAP, path, last))
    }

    /// Migrates and makes static files where it is the one that does, and starts what runs the code.
    pub(super) fn start(
        &self,
        draft: &mut Draft<'_>,
        build: &Build<'_>,
        site: Site<'_>,
        after: StepId,
        settled: &mut Vec<StepId>,
    ) -> StepId {
        let layout = &build.facts.place.layout;
        let mut last = after;
        if self.migrates {
            let undo = Undo::Cannot("the schema stays as migrated".into());
            let migrate = job(site, "migrate the database", "migrate", manage::migrate(layout), 7_200);
            last = draft.add(Step { after: vec![last], undo, ..migrate });
        }
        if self.is_first || layout.code.static_local {
            // R21: without the manifest every page would be a 500.
            let collect =
                job(site, "collect static files", "collectstatic", manage::collectstatic(layout), 1_800);
            let compress = job(site, "compress static files", "compress", manage::compress(layout), 1_800);
            last = draft.chain(last, vec![collect, compress]).last().copied().unwrap_or(last);
        }
        if matches!(build.role, Role::Worker | Role::Combo) {
            let mut after = vec![last];
            if let Some(stop) = self.hand_over.as_ref().and_then(|hand_over| hand_over.stop.clone()) {
                // R17: the old beat stops before the new one starts.
                let goes_back = stop.lasts == Lasts::UnlessStopped;
                let stopped = draft.add(Step { after: vec![last], ..stop });
                settled.extend(goes_back.then_some(stopped));
                after.push(stopped);
            }
            let celery = self.celery(build, site);
            let started = draft.add(Step { after, ..celery });
            settled.push(started);
            last = started;
        }
        if matches!(build.role, Role::Web | Role::Combo) {
            let restart = services::restart(layout, services::Group::Web);
            let steps = vec![
                job(site, "start Gunicorn", "gunicorn-start", restart, 180),
                // R2: by Django's own word, past Nginx.
                job(
                    site,
                    "wait until Django answers its own check",
                    "health",
                    health::wait(layout, 120),
                    240,
                ),
            ];
            last = draft.chain(last, steps).last().copied().unwrap_or(last);
        }
        last
    }

    fn celery(&self, build: &Build<'_>, site: Site<'_>) -> Step {
        let layout = &build.facts.place.layout;
        let title =
            if self.has_beat() { "start Celery, beat and the camera" } else { "start Celery, without beat" };
        let job = HostJob {
            back: Some(celery::stop(layout)),
            ..host_job(site, "celery-start", celery::start(layout, self.has_beat()))
        };
        Step {
            becomes: Some("running".into()),
            lasts: build.lasts,
            undo: Undo::Reverse("Celery is stopped, and its tasks waited for".into()),
            deadline_s: celery::STOP_WAIT_S + 120,
            ..step(site.lane, title, site.lane, Action::Job(Box::new(job)))
        }
    }
}

fn host_job(site: Site<'_>, name: &str, script: String) -> HostJob {
    HostJob {
        server: InstanceRef::Later(site.slot.clone()),
        name: name.into(),
        script,
        user: None,
        back: None,
        files: Vec::new(),
        names_server: false,
    }
}

/// A step of code on a server that does not exist yet.
pub(in super::super) fn job(
    site: Site<'_>,
    title: &str,
    name: &str,
    script: String,
    deadline_s: u32,
) -> Step {
    let action = Action::Job(Box::new(host_job(site, name, script)));
    Step { deadline_s, lasts: Lasts::Stays, ..step(site.lane, title, site.lane, action) }
}

/// What the config says of Python, packages, Node and Celery can be used.
fn words(facts: &Facts<'_>, role: &Role) -> Result<(), Refused> {
    if facts.site.is_none() {
        return Ok(());
    }
    let (layout, app) = (&facts.place.layout, &facts.place.build.app);
    let wrong = |key: &str, value: &str, what: &str| {
        Refused::State(format!("`{}` is {what}: mend `{key}` in fabulaws-config.yml", one_line(value)))
    };
    if let Some(python) = &app.python {
        let name = python.rsplit('/').next().unwrap_or_default();
        let version = name.strip_prefix("python").filter(|rest| {
            rest.starts_with('3') && rest.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.')
        });
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"/._-".contains(&byte);
        if version.is_none()
            || !python.bytes().all(fits)
            || (python.contains('/') && !python.starts_with('/'))
        {
            return Err(wrong("python", python, "no Python 3, such as python3 or /usr/bin/python3.12"));
        }
    }
    if let Some(package) = app.packages.iter().find(|package| !super::judge::is_package(package)) {
        return Err(wrong("app_server_packages", package, "no name of a package"));
    }
    for (key, value) in [("node_version", &app.node), ("less_version", &app.less)] {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || b".-".contains(&byte);
        if let Some(value) = value.as_ref().filter(|value| !value.bytes().all(fits)) {
            return Err(wrong(key, value, "no version"));
        }
    }
    if *role != Role::Web && layout.celery_app.is_empty() {
        return Err(Refused::State(format!(
            "the config names no Celery application, which a {role} server would run: write it into fabulaws-config.yml as \
             `celery_application`"
        )));
    }
    if *role == Role::Combo && layout.pgbouncer_port == DATABASE_PORT {
        return Err(Refused::State(
            "on a combo server PostgreSQL has port 5432, and PgBouncer would want it, too: give `pgbouncer_port` in \
             fabulaws-config.yml another one"
                .into(),
        ));
    }
    Ok(())
}

/// Whether the code's owner can clone the repository: whether there is a key for it, and the keys of its host.
fn repository(draft: &mut Draft<'_>, facts: &Facts<'_>) -> Result<(bool, String), Refused> {
    let Some(site) = facts.site else { return Ok((true, String::new())) };
    let Some(repo) = &facts.place.build.app.repo else {
        return Err(Refused::State(
            "the config names no repository, of which a new server would get its code: write its address into \
             fabulaws-config.yml as `repo`"
                .into(),
        ));
    };
    let access = access(repo).map_err(|why| {
        Refused::State(format!("the address of the repository {why}: mend `repo` in fabulaws-config.yml"))
    })?;
    let Access::Key { host } = access else { return Ok((false, String::new())) };
    let user = &facts.place.layout.deploy_user;
    let has_key = site.ground.secrets.contains(REPOSITORY_KEY);
    if !has_key {
        draft.refuse_unless(
            "no-key",
            format!(
                "a new server has no key that may read the repository on {host}, and nobody's agent goes along: let a new \
                 key without a passphrase read it (ssh-keygen -t ed25519 -N '' makes one), and write the private half \
                 into {} as {REPOSITORY_KEY}. An image whose {user} has such a key needs none",
                site.secrets_file
            ),
        )?;
    }
    let known_hosts = match &site.ground.known_hosts {
        Some(Ok(lines)) => lines.clone(),
        Some(Err(why)) => return Err(Refused::State(why.clone())),
        None => {
            draft.note(format!(
                "The new server believes the first host key that {host} shows it: lines for it in {KNOWN_HOSTS}, as \
                 ssh-keyscan prints them, have it compared."
            ));
            String::new()
        }
    };
    Ok((has_key, known_hosts))
}
