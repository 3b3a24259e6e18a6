//! The settings of a server, and the files of its services: written from templates where the project has one of its
//! settings, else those that are there.

use super::deploy::schema_of;
use super::draft::{Draft, step};
use super::refused::some;
use super::services::{origins, services};
use super::{Facts, Options, Refused};
use crate::fleet::{Changeset, Role, Server, ServiceFile};
use crate::plan::{Action, Address, HostJob, InstanceRef, JobFile, Lasts, Site, Step, TextOf, Undo};
use crate::recipe::{code, service_files};
use crate::template::{SiteFacts, Source};

/// The step that leaves a server's settings as they are.
const KEPT: &str = "keep the settings that are there";
/// The step that writes them.
const WRITTEN: &str = "write the settings from the project's template";

/// How a refusal begins to say that secrets have no value.
pub(super) const MISSING: &str = "secrets are missing";

/// Where a server finds itself.
const LOOPBACK: &str = "127.0.0.1";

/// What the settings of all servers of a plan are.
#[derive(Clone, Debug)]
pub(super) enum Settings {
    /// Those that are there.
    Kept,
    /// Made of the template, with the addresses of now.
    Written {
        source: Source,
        site: Box<Site>,
        /// The files of services that are written, too: the ports in both go together.
        services: Vec<(ServiceFile, Source)>,
        /// What the old ones are kept under.
        note: String,
    },
}

impl Settings {
    /// How the settings come to be, once for a plan. Where the template cannot be used it is refused, unless somebody
    /// says that those there will do.
    pub(super) fn of(
        draft: &mut Draft<'_>,
        facts: &Facts<'_>,
        options: &Options,
        changeset: &Changeset,
    ) -> Result<Self, Refused> {
        let Some(known) = facts.site else { return Ok(Self::Kept) };
        if known.settings.is_none() {
            draft.note(
                "The config names no localsettings_template: settings stay as they are on the servers.",
            );
            return Ok(Self::Kept);
        }
        match usable(draft, facts, known, changeset, false) {
            Err(why) => kept(draft, &why),
            Ok((source, site)) => Self::written(draft, facts, options, source, site),
        }
    }

    /// The same for the code that runs.
    pub(super) fn in_use(
        draft: &mut Draft<'_>,
        facts: &Facts<'_>,
        options: &Options,
    ) -> Result<Self, Refused> {
        let Some(changeset) = schema_of(facts) else {
            return Err(Refused::Facts(format!(
                "which code {} runs is not known, and settings are of that: wait until its worker was measured, or refresh",
                facts.place.name
            )));
        };
        Self::of(draft, facts, options, &changeset)
    }

    /// The same for a server that has none yet: what cannot be written is refused, whatever somebody says.
    pub(super) fn anew(
        draft: &mut Draft<'_>,
        facts: &Facts<'_>,
        options: &Options,
        changeset: &Changeset,
        role: &Role,
    ) -> Result<Self, Refused> {
        if options.no_services {
            return Err(Refused::Usage(
                "a server that is built from nothing has no files of services yet: leave --no-services out"
                    .into(),
            ));
        }
        let Some(known) = facts.site else { return Ok(Self::Kept) };
        let services = known.services.iter().filter(|(file, _)| file.is_for(role));
        let bad = services.filter_map(|(_, source)| source.as_ref().err());
        let made = usable(draft, facts, known, changeset, *role == Role::Combo);
        let why: Vec<&String> = made.as_ref().err().into_iter().chain(bad).collect();
        if let (Ok((source, site)), []) = (made.as_ref(), why.as_slice()) {
            return Self::written(draft, facts, options, source, site.clone());
        }
        Err(Refused::State(format!(
            "a new server has no settings and no files of services, and they cannot be written: {}",
            some(why)
        )))
    }

    /// The same for secrets that change: what cannot be written is refused, whatever somebody says.
    pub(super) fn with_new_secrets(
        draft: &mut Draft<'_>,
        facts: &Facts<'_>,
        options: &Options,
        changeset: &Changeset,
    ) -> Result<Self, Refused> {
        let Some(known) = facts.site else { return Ok(Self::Kept) };
        let bad = known.services.iter().filter_map(|(_, source)| source.as_ref().err());
        let made = usable(draft, facts, known, changeset, false);
        let why: Vec<&String> = made.as_ref().err().into_iter().chain(bad).collect();
        if let (Ok((source, site)), []) = (made.as_ref(), why.as_slice()) {
            return Self::written(draft, facts, options, source, site.clone());
        }
        Err(Refused::State(format!("what holds the new secrets cannot be written: {}", some(why))))
    }

    /// The same settings, for servers that run other code.
    pub(super) fn for_code(&self, changeset: &Changeset) -> Self {
        let mut other = self.clone();
        if let Self::Written { site, .. } = &mut other {
            site.changeset = changeset.clone();
        }
        other
    }

    fn written(
        draft: &mut Draft<'_>,
        facts: &Facts<'_>,
        options: &Options,
        source: &Source,
        site: Site,
    ) -> Result<Self, Refused> {
        if !source.unknown.is_empty() {
            let names = some(&source.unknown);
            draft.note(format!(
                "{} asks for {names}, which nobody knows: nothing will stand there.",
                source.template
            ));
        }
        drifted(draft, facts);
        for role in [Role::DbPrimary, Role::DbReplica, Role::Cache] {
            let ids =
                facts.servers(std::slice::from_ref(&role))?.iter().map(|server| server.id.clone()).collect();
            draft.assume_servers(&role, ids);
        }
        draft.assume_combos()?;
        Ok(Self::Written {
            source: source.clone(),
            services: services(draft, facts, options)?,
            site: Box::new(site),
            note: facts.now.strftime("%Y%m%dT%H%M%S").to_string(),
        })
    }

    /// Whether they are written anew: the addresses in them are those of now.
    pub(super) const fn is_written(&self) -> bool {
        matches!(self, Self::Written { .. })
    }

    /// What the old ones are kept under.
    pub(super) fn note(&self) -> &str {
        if let Self::Written { note, .. } = self { note } else { "" }
    }

    /// The same where there is no way back: what they change stays, whatever stops the run.
    pub(super) fn for_good(&self, facts: &Facts<'_>, lane: &str, on: &On<'_>, why: &str) -> Vec<Step> {
        let stay = |mut step: Step| {
            if let Action::Job(job) = &mut step.action {
                job.back = None;
            }
            let undo = if step.undo == Undo::Nothing { Undo::Nothing } else { Undo::Cannot(why.to_owned()) };
            Step { lasts: Lasts::Stays, undo, ..step }
        };
        self.steps(facts, lane, on).into_iter().map(stay).collect()
    }

    /// The steps on one server, one after the other. Where the server is used again after the run, what they change is
    /// taken back when the run stops.
    pub(super) fn steps(&self, facts: &Facts<'_>, lane: &str, on: &On<'_>) -> Vec<Step> {
        let layout = &facts.place.layout;
        let Self::Written { source, site, services, note } = self else {
            let action = Action::Job(Box::new(job(on, "settings", code::settings(layout), Vec::new(), None)));
            return vec![step(lane, KEPT, on.target, action)];
        };
        let file = |source: &Source, service: Option<ServiceFile>, variable: &str| JobFile {
            of: TextOf::Template {
                path: source.template.clone(),
                ours: source.ours,
                service,
                sources: source.sources.clone(),
                site: Box::new(Site { role: on.role.to_string(), ..(**site).clone() }),
            },
            variable: variable.into(),
            environment: facts.place.name.clone(),
        };
        let kept = on.stays.then_some(note.as_str());
        let settings = self::written(
            step(
                lane,
                WRITTEN,
                on.target,
                Action::Job(Box::new(job(
                    on,
                    "settings",
                    code::settings_written(layout, kept),
                    vec![file(source, None, code::SETTINGS_TEXT)],
                    kept.map(|note| code::settings_back(layout, note)),
                ))),
            ),
            format!("{}: {}", source.template, addresses(site)),
            kept.map(|_| "back to the settings from before"),
        );
        let mine: Vec<&(ServiceFile, Source)> =
            services.iter().filter(|(file, _)| file.is_for(on.role)).collect();
        if mine.is_empty() {
            return vec![settings];
        }
        let files: Vec<ServiceFile> = mine.iter().map(|(file, _)| *file).collect();
        let server = service_files::On { role: on.role, beat: on.beat, note: kept };
        let texts = mine.iter().map(|(of, source)| file(source, Some(*of), of.variable())).collect();
        let script = service_files::written(layout, &server, &files);
        let back = kept.map(|_| service_files::back(layout, &server, &files));
        let nginx = files.contains(&ServiceFile::Nginx);
        let title = if nginx {
            "write the files of Supervisor, PgBouncer, Stunnel and Nginx"
        } else {
            "write the files of Supervisor, PgBouncer and Stunnel"
        };
        let configured = self::written(
            Step {
                deadline_s: 300,
                ..step(
                    lane,
                    title,
                    on.target,
                    Action::Job(Box::new(job(on, "services", script, texts, back))),
                )
            },
            origins(&mine),
            kept.map(|_| "back to the files from before"),
        );
        vec![settings, configured]
    }
}

/// R16: whoever reads the plan knows that other secrets come to the servers than they have.
fn drifted(draft: &mut Draft<'_>, facts: &Facts<'_>) {
    let Some((site, words)) = facts.site.and_then(|site| Some((site, site.drift.as_ref()?.words()?))) else {
        return;
    };
    draft.note(format!(
        "R16: secrets here differ from those in settings of servers: {words}. What is written has those of {}. Where the servers are right, fetch theirs first: quarterdeck secrets pull {}",
        site.secrets_file, facts.place.name
    ));
}

/// A job on the server.
fn job(on: &On<'_>, name: &str, script: String, files: Vec<JobFile>, back: Option<String>) -> HostJob {
    HostJob {
        server: on.server.clone(),
        name: name.into(),
        script,
        user: None,
        files,
        back,
        names_server: false,
    }
}

/// What such a step makes of the server, and what takes it back where the server stays.
fn written(step: Step, becomes: String, back: Option<&str>) -> Step {
    let becomes = Some(becomes);
    match back {
        None => Step { becomes, ..step },
        Some(back) => {
            Step { becomes, lasts: Lasts::UnlessStopped, undo: Undo::Reverse(back.to_owned()), ..step }
        }
    }
}

/// The server that settings are for.
pub(super) struct On<'a> {
    pub(super) server: InstanceRef,
    /// As it is called.
    pub(super) target: &'a str,
    pub(super) role: &'a Role,
    /// Whether it is used on after the run, whatever way that ends.
    pub(super) stays: bool,
    /// Whether beat and the camera run on it (R17).
    pub(super) beat: bool,
}

impl<'a> On<'a> {
    /// A server that there is.
    pub(super) fn server(server: &'a Server, beat: bool) -> Self {
        let known = InstanceRef::Known(server.id.clone());
        Self { server: known, target: server.id.as_str(), role: &server.role.role, stays: true, beat }
    }
}

fn kept(draft: &mut Draft<'_>, why: &str) -> Result<Settings, Refused> {
    draft.refuse_unless(
        "old-settings",
        format!("settings cannot be written from the project's template: {why}. Those on the servers would stay as they are"),
    )?;
    Ok(Settings::Kept)
}

/// Template and addresses of the settings; or why they cannot be used.
fn usable<'f>(
    draft: &Draft<'_>,
    facts: &Facts<'f>,
    known: &'f SiteFacts,
    changeset: &Changeset,
    own_primary: bool,
) -> Result<(&'f Source, Site), String> {
    let source = match &known.settings {
        Some(Ok(source)) => source,
        Some(Err(why)) => return Err(why.clone()),
        None => return Err("the config names no localsettings_template".into()),
    };
    if !known.missing.is_empty() {
        let (names, file) = (some(&known.missing), &known.secrets_file);
        return Err(format!("{MISSING}: {names}; write them into {file}"));
    }
    Ok((source, site(draft, facts, changeset, own_primary)?))
}

/// What a template is told of the servers there are and of those that the plan launches, or of one that is the primary
/// itself; or why it cannot be.
fn site(
    draft: &Draft<'_>,
    facts: &Facts<'_>,
    changeset: &Changeset,
    own_primary: bool,
) -> Result<Site, String> {
    let of = |roles: &[Role]| {
        let all = facts.servers(roles).map_err(|refused| refused.to_string())?;
        // Those that the plan replaces are out of use by then.
        let stay = all.into_iter().filter(|server| !draft.is_replaced(&server.id));
        Ok::<_, String>(stay.collect::<Vec<_>>())
    };
    let address = |server: &Server| {
        let none = || format!("{} {} has no private address", server.role.role, server.id);
        server.private_address.clone().map(Address::Known).ok_or_else(none)
    };
    let environment = &facts.place.name;
    let one = |roles: &[Role], what: &str| match (of(roles)?.as_slice(), draft.arriving(roles).as_slice()) {
        ([server], []) => address(server),
        ([], [arrives]) => Ok(arrives.clone()),
        ([], _) => Err(format!("{environment} has no {what}, whose address belongs into them")),
        (more, _) => Err(format!(
            "{environment} has {} servers of role {what}: {}",
            more.len(),
            some(more.iter().map(|one| &one.id))
        )),
    };
    let mut replicas = of(&[Role::DbReplica])?;
    // One that the plan promotes is the primary by then.
    let place = replicas.iter().position(|server| draft.promoted() == Some(&server.id));
    let promoted = place.map(|place| replicas.remove(place));
    replicas.retain(|server| draft.reads(server));
    // R19: a new replica comes last, so that the others keep their numbers.
    replicas.sort_by_key(|server| (server.launched_at, server.id.clone()));
    let mut replicas = replicas.into_iter().map(address).collect::<Result<Vec<_>, _>>()?;
    replicas.extend(draft.arriving(&[Role::DbReplica]));
    Ok(Site {
        role: String::new(),
        changeset: changeset.clone(),
        primary: match promoted {
            Some(server) => address(server)?,
            None if own_primary => LOOPBACK.into(),
            None => one(&[Role::DbPrimary, Role::Combo], "db-primary")?,
        },
        replicas,
        cache: one(&[Role::Cache], "cache")?,
    })
}

fn addresses(site: &Site) -> String {
    let replicas = match site.replicas.as_slice() {
        [] => "no replica".to_owned(),
        all => format!("replicas {}", super::refused::some(all)),
    };
    format!("primary {}, {replicas}, cache {}", site.primary, site.cache)
}
