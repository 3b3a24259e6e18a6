//! The settings of a server: written from the project's own template where there is one, else those that are there.

use super::draft::{Draft, step};
use super::refused::some;
use super::{Facts, Refused};
use crate::fleet::{Changeset, Role, Server};
use crate::plan::{Action, HostJob, InstanceRef, JobFile, Lasts, Site, Step, TextOf, Undo};
use crate::recipe::code;

/// The step that leaves a server's settings as they are.
const KEPT: &str = "keep the settings that are there";
/// The step that writes them.
const WRITTEN: &str = "write the settings from the project's template";

/// What the settings of all servers of a plan are.
#[derive(Clone, Debug)]
pub(super) enum Settings {
    /// Those that are there.
    Kept,
    /// Made of the template, with the addresses of now.
    Written {
        template: String,
        sources: String,
        site: Box<Site>,
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
        changeset: &Changeset,
    ) -> Result<Self, Refused> {
        let Some(known) = facts.site else { return Ok(Self::Kept) };
        let Some(settings) = &known.settings else {
            draft.note(
                "The config names no localsettings_template: settings stay as they are on the servers.",
            );
            return Ok(Self::Kept);
        };
        let source = match settings {
            Ok(source) => source,
            Err(why) => return kept(draft, why),
        };
        if !known.missing.is_empty() {
            let (names, file) = (some(&known.missing), &known.secrets_file);
            return kept(draft, &format!("secrets are missing: {names}; write them into {file}"));
        }
        let site = match site(facts, changeset) {
            Ok(site) => site,
            Err(why) => return kept(draft, &why),
        };
        if !source.unknown.is_empty() {
            let names = some(&source.unknown);
            draft.note(format!(
                "{} asks for {names}, which nobody knows: nothing will stand there.",
                source.template
            ));
        }
        for role in [Role::DbPrimary, Role::DbReplica, Role::Cache] {
            let ids =
                facts.servers(std::slice::from_ref(&role))?.iter().map(|server| server.id.clone()).collect();
            draft.assume_servers(&role, ids);
        }
        draft.assume_combos()?;
        Ok(Self::Written {
            template: source.template.clone(),
            sources: source.sources.clone(),
            site: Box::new(site),
            note: facts.now.strftime("%Y%m%dT%H%M%S").to_string(),
        })
    }

    /// Whether they are written anew: the addresses in them are those of now.
    pub(super) const fn is_written(&self) -> bool {
        matches!(self, Self::Written { .. })
    }

    /// The step on one server. Where the server is used again after the run, what it changes is taken back when the run
    /// stops.
    pub(super) fn step(&self, facts: &Facts<'_>, lane: &str, on: &On<'_>) -> Step {
        let layout = &facts.place.layout;
        let job = |script, files, back| HostJob {
            server: on.server.clone(),
            name: "settings".into(),
            script,
            user: None,
            files,
            back,
            names_server: false,
        };
        let Self::Written { template, sources, site, note } = self else {
            let action = Action::Job(Box::new(job(code::settings(layout), Vec::new(), None)));
            return step(lane, KEPT, on.target, action);
        };
        let of = TextOf::Template {
            path: template.clone(),
            sources: sources.clone(),
            site: Box::new(Site { role: on.role.to_string(), ..(**site).clone() }),
        };
        let environment = facts.place.name.clone();
        let file = JobFile { of, variable: code::SETTINGS_TEXT.into(), environment };
        let kept = on.stays.then_some(note.as_str());
        let back = kept.map(|note| code::settings_back(layout, note));
        let becomes = format!("{template}: {}", addresses(site));
        let written = step(
            lane,
            WRITTEN,
            on.target,
            Action::Job(Box::new(job(code::settings_written(layout, kept), vec![file], back))),
        );
        if !on.stays {
            return Step { becomes: Some(becomes), ..written };
        }
        Step {
            becomes: Some(becomes),
            lasts: Lasts::UnlessStopped,
            undo: Undo::Reverse("back to the settings from before".into()),
            ..written
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
}

impl<'a> On<'a> {
    /// A server that there is.
    pub(super) fn server(server: &'a Server) -> Self {
        let known = InstanceRef::Known(server.id.clone());
        Self { server: known, target: server.id.as_str(), role: &server.role.role, stays: true }
    }
}

fn kept(draft: &mut Draft<'_>, why: &str) -> Result<Settings, Refused> {
    draft.refuse_unless(
        "old-settings",
        format!("settings cannot be written from the project's template: {why}. Those on the servers would stay as they are"),
    )?;
    Ok(Settings::Kept)
}

/// What a template is told of the servers there are; or why it cannot be.
fn site(facts: &Facts<'_>, changeset: &Changeset) -> Result<Site, String> {
    let of = |roles: &[Role]| facts.servers(roles).map_err(|refused| refused.to_string());
    let address = |server: &Server| {
        let none = || format!("{} {} has no private address", server.role.role, server.id);
        server.private_address.clone().ok_or_else(none)
    };
    let environment = &facts.place.name;
    let one = |found: Vec<&Server>, what: &str| match found.as_slice() {
        [server] => address(server),
        [] => Err(format!("{environment} has no {what}, whose address belongs into them")),
        more => Err(format!(
            "{environment} has {} servers of role {what}: {}",
            more.len(),
            some(more.iter().map(|one| &one.id))
        )),
    };
    let mut replicas = of(&[Role::DbReplica])?;
    // R19: a new replica comes last, so that the others keep their numbers.
    replicas.sort_by_key(|server| (server.launched_at, server.id.clone()));
    Ok(Site {
        role: String::new(),
        changeset: changeset.clone(),
        primary: one(of(&[Role::DbPrimary, Role::Combo])?, "db-primary")?,
        replicas: replicas.into_iter().map(address).collect::<Result<_, _>>()?,
        cache: one(of(&[Role::Cache])?, "cache")?,
    })
}

fn addresses(site: &Site) -> String {
    let replicas = match site.replicas.as_slice() {
        [] => "no replica".to_owned(),
        all => format!("replicas {}", all.join(", ")),
    };
    format!("primary {}, {replicas}, cache {}", site.primary, site.cache)
}
