//! reload-data: the data of one environment in another, as a rule production's in staging, without anybody getting mail (R14).
//! The copy is loaded beside the database that is in use; from before it is migrated until its name is changed neither Celery
//! nor the site runs, and what the hook of the project or a migration has put into queues is thrown away.

use super::super::draft::Draft;
use super::super::hooks;
use super::super::on_servers::root_job;
use super::super::{Facts, Options, Refused};
use super::relay::{over, taken_off};
use super::restore::load;
use super::source::Source;
use super::swap::Users;
use super::{LONG_S, Names, has_room, primary, servers_of};
use crate::fleet::{EnvironmentPlace, Role, Server};
use crate::plan::{Action, JobFile, Lasts, Step, StepId, TextOf, Undo};
use crate::recipe::database::{self, BACKUPS, Dump};

/// The secret that Django logs in to the primary with.
const PASSWORD: &str = "database_password";

pub(in super::super) fn plan(
    draft: &mut Draft<'_>,
    facts: &Facts<'_>,
    options: &Options,
) -> Result<(), Refused> {
    let from = from(facts, options)?;
    facts.all_current()?;
    let (layout, environment) = (&facts.place.layout, &facts.place.name);
    let primary = primary(facts, facts.place)?;
    let names = Names::of(facts)?;
    let users = Users::of(facts, primary)?;
    let source = Source::of(draft, facts, from, &options.servers)?;
    let at = facts.now.strftime("%Y%m%dT%H%M%S");
    let name = format!("reload-{}-{at}.dump", from.layout.database);
    let file = format!("{BACKUPS}/{name}");
    has_room(draft, facts, source.server, BACKUPS, source.bytes, "a copy")?;
    for server in users.databases() {
        // The file comes to the primary only.
        let twice = if server.id == primary.id { 2 } else { 1 };
        let bytes = source.bytes.map(|bytes| bytes.saturating_mul(twice));
        has_room(draft, facts, server, BACKUPS, bytes, &format!("the data of {}", from.name))?;
    }
    let django = Django::of(facts, &users, primary, &names)?;
    let hook = hooks::after_reload(draft, facts, &from.name)?;
    draft.by_name();
    draft.title(format!("put the data of {} ({}) into {environment}", from.name, source.told()));
    draft.noticed("the maintenance page from before the copy is migrated until it is in use; dumping and loading are not noticed");
    told(draft, facts, from, &source, &names);
    Users::assume(draft, facts)?;

    let tight = options.overrides("little-room");
    let dump = Dump { to: BACKUPS, name: &name, key: "", most_behind: source.most_behind, tight, keep: None };
    let dumped = draft.add(Step {
        lasts: Lasts::UnlessStopped,
        undo: Undo::Reverse("the file is deleted".into()),
        ..root_job(
            source.server,
            &format!("dump the database of {}", from.name),
            "dump",
            database::dump(&from.layout, &dump),
            Some(database::forget(&from.layout, &file)),
            LONG_S,
        )
    });
    let relayed = over(draft, facts, source.server, primary, &file, &[dumped], source.bytes, tight);
    let loaded = load(facts, primary, &file, &names, true, tight);
    let loaded = draft.add(Step { after: vec![relayed], ..loaded });
    // R14: from here on nothing runs that could send mail.
    let closed = users.close(draft, facts, &[loaded])?;
    let migrated = draft.add(Step { after: closed.quiet.clone(), ..django.migrate(facts) });
    let site = database::site(layout, &names.incoming);
    let site =
        root_job(primary, "give the site the first domain of the environment", "site", site, None, 120);
    let mut last = draft.add(Step { after: vec![migrated], ..site });
    if let Some(path) = &hook {
        last = draft.add(Step { after: vec![last], ..django.hook(facts, path) });
    }
    let purged: Vec<StepId> = servers_of(facts, facts.place, &[Role::Cache])?
        .into_iter()
        .map(|cache| draft.add(Step { after: vec![last], ..purge(facts, cache) }))
        .collect();
    if purged.is_empty() {
        draft.note(format!(
            "{environment} has no cache server in use: queues that are elsewhere are emptied by hand before this begins."
        ));
    }
    let ready = if purged.is_empty() { vec![last] } else { purged };
    let swapped = users.swap(draft, facts, &names, &ready);
    users.open(draft, facts, &closed, &swapped);
    for (place, server) in [(from, source.server), (facts.place, primary)] {
        draft.add(Step { after: swapped.clone(), ..taken_off(place, server, &file) });
    }
    Ok(())
}

/// Where the data come from. Nothing is ever put into production.
fn from<'f>(facts: &Facts<'f>, options: &Options) -> Result<&'f EnvironmentPlace, Refused> {
    let known = facts.topology.environments.iter().map(|place| place.name.as_str());
    let Some(name) = &options.from else {
        return Err(Refused::Usage(
            "reload-data wants --from: the environment whose data are copied, such as production".into(),
        ));
    };
    let from = facts
        .topology
        .environment(name)
        .ok_or_else(|| Refused::unknown("environment", name.as_str(), known))?;
    let environment = &facts.place.name;
    if facts.place.production {
        return Err(Refused::State(format!(
            "{environment} is production (`production_environments`): nobody's data are put into it. restore-database puts a \
             backup of its own there"
        )));
    }
    if from.name == *environment || from.layout.database.is_empty() {
        return Err(Refused::Usage(format!(
            "{environment} has its own data already: name another one with --from"
        )));
    }
    Ok(from)
}

fn told(
    draft: &mut Draft<'_>,
    facts: &Facts<'_>,
    from: &EnvironmentPlace,
    source: &Source<'_>,
    names: &Names,
) {
    let environment = &facts.place.name;
    draft.note(format!(
        "{} is only read: {} is dumped there, and the file goes over this machine to {environment} and is deleted on both \
         servers in the end. No server gets a key to another.",
        from.name,
        source.told()
    ));
    draft.note(format!(
        "R14: neither Celery nor the site of {environment} runs from before the copy is migrated until queues are empty and it \
         is in use; migrations and the hook run with Django's mail switched off."
    ));
    draft.note(format!(
        "The old database stays as {}. When nobody wants it any more: sudo -u postgres dropdb {}",
        names.before, names.before
    ));
    draft.note("Files that users have uploaded are not copied.");
    draft.cannot_undo(format!(
        "tasks that wait in {environment}, its sessions and its cache are thrown away: everybody logs in anew"
    ));
}

fn purge(facts: &Facts<'_>, cache: &Server) -> Step {
    Step {
        becomes: Some("empty".into()),
        undo: Undo::Cannot("what waited is gone".into()),
        ..root_job(
            cache,
            "empty queues, sessions and cache",
            "purge",
            database::purge(&facts.place.layout),
            None,
            300,
        )
    }
}

/// Where the project's code is run on the copy.
struct Django<'f> {
    server: &'f Server,
    /// The primary, as that server reaches it.
    host: String,
    incoming: String,
    files: Vec<JobFile>,
}

impl<'f> Django<'f> {
    fn of(facts: &Facts<'f>, users: &Users<'f>, primary: &Server, names: &Names) -> Result<Self, Refused> {
        let environment = &facts.place.name;
        if facts.place.layout.settings_module.is_empty() {
            return Err(Refused::State(
                "which settings Django runs by is not known: name them in fabulaws-config.yml as `settings_managepy`".into(),
            ));
        }
        let Some(server) = users.workers.first().copied() else {
            return Err(Refused::State(format!(
                "{environment} has no worker that runs, on which the copy could be migrated: make one with new-server"
            )));
        };
        let host =
            if server.id == primary.id { Some("127.0.0.1") } else { primary.private_address.as_deref() };
        let Some(host) = host else {
            return Err(Refused::Facts(format!(
                "the private address of {} is not known: refresh, and ask again",
                primary.id
            )));
        };
        let mut files = Vec::new();
        if let Some(site) = facts.site {
            if !site.ground.secrets.contains(PASSWORD) {
                return Err(Refused::State(format!(
                    "{PASSWORD} is not in {}: Django logs in to the copy with it",
                    site.secrets_file
                )));
            }
            files.push(JobFile {
                of: TextOf::Secret { name: PASSWORD.into() },
                variable: PASSWORD.into(),
                environment: environment.clone(),
            });
        }
        Ok(Self { server, host: host.to_owned(), incoming: names.incoming.clone(), files })
    }

    fn migrate(&self, facts: &Facts<'_>) -> Step {
        let script = database::migrate(&facts.place.layout, &self.host, &self.incoming);
        self.with(
            root_job(self.server, "migrate the copy to the code that runs", "migrate", script, None, 7_200),
            None,
        )
    }

    fn hook(&self, facts: &Facts<'_>, path: &str) -> Step {
        let layout = &facts.place.layout;
        let script = database::hook(layout, hooks::AFTER_RELOAD, path, &self.host, &self.incoming);
        let text = JobFile {
            of: TextOf::Hook { path: path.to_owned() },
            variable: "hook".into(),
            environment: facts.place.name.clone(),
        };
        let title = format!("run {path} on the copy");
        self.with(root_job(self.server, &title, "hook", script, None, 7_200), Some(text))
    }

    /// What is wrong with the copy goes with it.
    fn with(&self, mut step: Step, hook: Option<JobFile>) -> Step {
        if let Action::Job(job) = &mut step.action {
            job.files = self.files.iter().cloned().chain(hook).collect();
        }
        step
    }
}
