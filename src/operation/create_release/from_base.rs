//! A builder that becomes a web server from the empty image of the config, up to the image that is made of it.

use super::super::code::Code;
use super::super::draft::Draft;
use super::super::new_server::{App, Build, Site, judge, place, reaching, volume};
use super::super::{Facts, Options, Refused};
use super::builder::ROLE;
use super::{Base, clean, launched, what_it_is};
use crate::fleet::{NewServer, Person, Role, ZonePlace};
use crate::plan::{Lasts, Step, StepId, Undo};

/// What is built, judged before anything begins.
pub(in super::super) struct Release {
    app: App,
    people: Vec<Person>,
    before_logs: Option<String>,
    /// For how long the builder lasts.
    pub(in super::super) lasts: Lasts,
}

impl Release {
    /// Refused where it could not be built.
    pub(in super::super) fn of(
        draft: &mut Draft<'_>,
        facts: &Facts<'_>,
        options: &Options,
        code: Code,
    ) -> Result<Self, Refused> {
        let app = App::to_serve(draft, facts, options, &Role::Web, code)?;
        volume::judge_of_group(draft, facts, &Role::Web)?;
        let before_logs = judge::logs(draft, facts)?;
        Ok(Self { app, people: judge::people(draft, facts)?, before_logs, lasts: Lasts::UntilTheEnd })
    }

    /// Everything up to the image: the builder's launch, its parts, the code, the answers of Gunicorn and Nginx, and what no
    /// image may hold removed. Gives the last step, after which the server of the slot can be baked.
    pub(in super::super) fn build(
        &self,
        draft: &mut Draft<'_>,
        facts: &Facts<'_>,
        site: Site<'_>,
        server: NewServer,
        after: Option<StepId>,
    ) -> StepId {
        let name = format!("{}_{}_{ROLE}", facts.topology.deployment, facts.place.name);
        let launch = draft.add(Step {
            after: after.into_iter().collect(),
            becomes: Some(what_it_is(&server)),
            lasts: self.lasts,
            undo: Undo::Reverse(match self.lasts {
                Lasts::Stays => "the builder is terminated".into(),
                Lasts::UnlessStopped | Lasts::UntilTheEnd => {
                    "the builder is terminated, whatever way this ends".into()
                }
            }),
            ..launched(site, "launch a builder from the empty image", &name, server)
        });
        let reached = draft.add(Step { after: vec![launch], ..reaching(site) });
        let build = Build {
            facts,
            role: &Role::Web,
            people: &self.people,
            primary: None,
            app: Some(&self.app),
            before_logs: self.before_logs.as_deref(),
            lasts: Lasts::Stays,
        };
        let last = build.steps(draft, site, reached, &mut Vec::new());
        draft.add(Step { after: vec![last], ..clean(site, &facts.place.layout) })
    }
}

/// The builder to launch: as the config has web servers, with the rights of those that the group launches.
pub(super) fn server(facts: &Facts<'_>, options: &Options, base: &Base) -> Result<NewServer, Refused> {
    let zones = place::zones(facts, options, &Role::Web, 1)?;
    let Some(zone) = zones.first() else {
        return Err(Refused::State("there is no zone for the builder".into()));
    };
    let server = builder(facts, zone)?;
    Ok(NewServer {
        instance_profile: base.instance_profile.clone().or_else(|| server.instance_profile.clone()),
        ..server
    })
}

/// The builder in this zone, as the config has web servers.
pub(in super::super) fn builder(facts: &Facts<'_>, zone: &ZonePlace) -> Result<NewServer, Refused> {
    let server = place::server(facts, &Role::Web, zone)?;
    let name = format!("{}_{}_{ROLE}", facts.topology.deployment, facts.place.name);
    let tags = server
        .tags
        .iter()
        .map(|(key, value)| (key.clone(), if key == "Name" { name.clone() } else { value.clone() }));
    Ok(NewServer { tags: tags.collect(), ..server })
}
