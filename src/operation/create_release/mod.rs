//! create-release: an image with a branch's newest code, and what the group can launch it from, ahead of time. Nobody is
//! served by it until it is deployed.

mod base;
mod builder;
pub(super) mod from_base;
mod judge;
mod names;
mod pin;

use super::code::{self, Code};
use super::draft::{Draft, step};
use super::new_server::{Site, job, launching, reaching};
use super::settings::{On, Settings};
use super::{Facts, Options, Refused, hooks};
use crate::fleet::{Group, LaunchSource, Layout, NewServer, Role, RoomQuestion, SubnetChoice};
use crate::plan::{Action, InstanceRef, Lasts, NewRelease, Repeat, Slot, Step, StepId, Undo};
use crate::recipe::{bake, code as checkout, manage};

use base::{Base, Ground};
use judge::{addresses, is_new, other_type};
pub(super) use names::Names;

pub(super) fn plan(draft: &mut Draft<'_>, facts: &Facts<'_>, options: &Options) -> Result<(), Refused> {
    let group = facts.group()?;
    facts.current("the groups were", &facts.snapshot.groups)?;
    facts.current("the servers were", &facts.snapshot.servers)?;
    let base = base::of(facts, group, options)?;
    let code = code::meant(facts, options)?;
    is_new(draft, facts, &code)?;
    draft.title(format!("make a release of {}", code.named()));
    match &base.ground {
        Ground::Image(_) => draft.note(format!(
            "It is built upon {}, and nothing is deployed: deploy-serial --release latest does that.",
            base.launch.label()
        )),
        Ground::Empty(why) => draft.note(format!(
            "It is built upon the empty image of the config, {why}. Nothing is deployed: deploy-serial --release \
             latest does that."
        )),
    }
    let made = Made::of(draft, facts, options, group, base, code)?;
    let pinned = pin::pin(draft, facts, group, &made.base.launch)?;
    made.steps(draft, facts, group, pinned, true);
    Ok(())
}

/// A release that can be made, judged before anything begins.
pub(super) struct Made {
    base: Base,
    code: Code,
    names: Names,
    server: NewServer,
    how: How,
    /// For how long the builder is there.
    lasts: Lasts,
}

enum How {
    /// Upon an image that has everything else.
    Upon(Settings),
    /// From the empty image.
    FromBase(Box<from_base::Release>),
}

impl Made {
    /// The code that the group launches already, with the settings of now: what is baked in has changed (R8).
    pub(super) fn anew(
        draft: &mut Draft<'_>,
        facts: &Facts<'_>,
        options: &Options,
        group: &Group,
    ) -> Result<Self, Refused> {
        let base = base::of(facts, group, options)?;
        let Some(changeset) = facts.snapshot.release_of_launch(&base.launch).changeset else {
            return Err(Refused::State(format!(
                "which code {} has is not told by its name, so that it cannot be made anew: deploy a release that \
                 create-release has made first",
                base.launch.label()
            )));
        };
        Self::of(draft, facts, options, group, base, Code::of(facts, changeset))
    }

    fn of(
        draft: &mut Draft<'_>,
        facts: &Facts<'_>,
        options: &Options,
        group: &Group,
        base: Base,
        code: Code,
    ) -> Result<Self, Refused> {
        let names = Names::new(facts, &code)?;
        let (server, how) = match &base.ground {
            Ground::Image(image) => {
                let server = builder::server(facts, group, &base, image)?;
                super::room::check(draft, facts, 1, "the builder is launched")?;
                let settings = Settings::of(draft, facts, options, &code.changeset)?;
                if !settings.is_written() {
                    addresses(draft, facts, &base)?;
                }
                draft.assume_release(&base.launch);
                hooks::done_before(draft, facts);
                (server, How::Upon(settings))
            }
            Ground::Empty(_) => {
                let server = from_base::server(facts, options, &base)?;
                super::room::check(draft, facts, 1, "the builder is launched")?;
                let release = from_base::Release::of(draft, facts, options, code.clone())?;
                (server, How::FromBase(Box::new(release)))
            }
        };
        Ok(Self { base, code, names, server, how, lasts: Lasts::UntilTheEnd })
    }

    /// What the group launches now, as a numbered version.
    pub(super) const fn like(&self) -> &LaunchSource {
        &self.base.launch
    }

    /// The code in it.
    pub(super) const fn code(&self) -> &Code {
        &self.code
    }

    /// The same for a plan that goes on after a failure: a builder that was let go could not be gone on with.
    pub(super) fn gone_on_with(mut self) -> Self {
        self.lasts = Lasts::UnlessStopped;
        if let How::FromBase(release) = &mut self.how {
            release.lasts = Lasts::UnlessStopped;
        }
        self
    }

    /// The steps that make it; gives the one that ends it. Where it `stays`, it does so whatever stops the run afterwards.
    pub(super) fn steps(
        self,
        draft: &mut Draft<'_>,
        facts: &Facts<'_>,
        group: &Group,
        after: Option<StepId>,
        stays: bool,
    ) -> StepId {
        let built = match &self.how {
            How::Upon(settings) => {
                build(draft, facts, &self.code, settings, self.server, (after, self.lasts))
            }
            How::FromBase(release) => {
                let site = Site { lane: BUILDER, slot: &slot() };
                release.build(draft, facts, site, self.server, after)
            }
        };
        let kind = other_type(draft, facts, &self.base);
        bake_it(draft, group, (&self.base, kind), &self.code, self.names, built, stays)
    }
}

/// Where what the group can launch goes.
pub(super) fn made() -> Slot {
    Slot("release".into())
}

/// Where the builder goes, and what it is.
pub(super) fn room(facts: &Facts<'_>, options: &Options) -> Option<RoomQuestion> {
    let group = facts.group().ok()?;
    let base = base::of(facts, group, options).ok()?;
    let server = match &base.ground {
        Ground::Image(image) => builder::server(facts, group, &base, image),
        Ground::Empty(_) => from_base::server(facts, options, &base),
    };
    let server = server.ok()?;
    let subnets = match server.subnet {
        Some(subnet) => SubnetChoice::Named(vec![subnet]),
        None => SubnetChoice::DefaultOf(server.zone.into_iter().collect()),
    };
    Some(RoomQuestion { subnets, instance_type: Some(server.instance_type) })
}

/// The builder, as long as it is not launched.
fn slot() -> Slot {
    Slot("builder".into())
}

/// Launches the builder and brings the new code to it. Gives the last step.
fn build(
    draft: &mut Draft<'_>,
    facts: &Facts<'_>,
    code: &Code,
    settings: &Settings,
    server: NewServer,
    (pinned, lasts): (Option<StepId>, Lasts),
) -> StepId {
    let what = what_it_is(&server);
    let site = Site { lane: BUILDER, slot: &slot() };
    let name = format!("{}_{}_{}", facts.topology.deployment, facts.place.name, builder::ROLE);
    let launch = draft.add(Step {
        after: pinned.into_iter().collect(),
        becomes: Some(what),
        lasts,
        ..launched(site, "launch a builder from the last release's image", &name, server)
    });
    let reached = draft.add(Step { after: vec![launch], ..reaching(site) });
    let mut last = reached;
    for job in jobs(facts, code, settings) {
        last = draft.add(Step { after: vec![last], ..job });
    }
    last
}

/// A builder in words.
fn what_it_is(server: &NewServer) -> String {
    let mut what = format!("{} from {}", server.instance_type, server.image);
    if server.public_address {
        what.push_str(", with a public address");
    }
    if let Some(profile) = &server.instance_profile {
        what = format!("{what}, with instance profile {}", crate::fleet::text::one_line(profile));
    }
    what
}

/// The step that launches a builder.
fn launched(site: Site<'_>, title: &str, name: &str, server: NewServer) -> Step {
    Step {
        lasts: Lasts::UntilTheEnd,
        undo: Undo::Reverse("the builder is terminated, whatever way this ends".into()),
        ..launching(site, title, name, server)
    }
}

/// What is done on the builder, in its order.
fn jobs(facts: &Facts<'_>, code: &Code, settings: &Settings) -> Vec<Step> {
    let layout = &facts.place.layout;
    let on = On {
        server: InstanceRef::Later(slot()),
        target: BUILDER,
        role: &Role::Web,
        stays: false,
        beat: false,
    };
    let slot = slot();
    let site = Site { lane: BUILDER, slot: &slot };
    let code_script = checkout::checkout(layout, &code.changeset);
    let mut all = vec![
        Step { becomes: Some(code.named()), ..job(site, "check out the code", "code", code_script, 900) },
        job(site, "install its requirements", "requirements", checkout::requirements(layout), 1_800),
    ];
    all.extend(settings.steps(facts, BUILDER, &on));
    if layout.code.static_local {
        // R21: without the manifest every page would be a 500.
        all.push(job(site, "collect static files", "collectstatic", manage::collectstatic(layout), 1_800));
        all.push(job(site, "compress static files", "compress", manage::compress(layout), 1_800));
    }
    all.push(clean(site, layout));
    all
}

/// R9. The one script that must not run anywhere else: it is told which server is meant.
fn clean(site: Site<'_>, layout: &Layout) -> Step {
    let title = "remove host keys, machine-id, pid files, history, temporary secrets";
    let mut step = job(site, title, "clean", bake::clean(layout), 300);
    if let Action::Job(job) = &mut step.action {
        job.names_server = true;
    }
    step
}

/// The lane of the builder's steps, and what it is called.
const BUILDER: &str = "builder";

/// Makes the image and what the group can launch, and lets the builder go.
fn bake_it(
    draft: &mut Draft<'_>,
    group: &Group,
    (base, kind): (&Base, Option<String>),
    code: &Code,
    names: Names,
    built: StepId,
    stays: bool,
) -> StepId {
    let baked = Slot("image".into());
    let image = draft.add(Step {
        after: vec![built],
        becomes: Some(names.image.clone()),
        // Without a release of it nobody would know it; with one it stays.
        lasts: Lasts::UnlessStopped,
        undo: Undo::Reverse("the image and its snapshots are deleted".into()),
        repeat: Repeat::Check,
        deadline_s: 7_200,
        ..step(
            BUILDER,
            "make an image of it",
            BUILDER,
            Action::Image { slot: baked.clone(), of: InstanceRef::Later(slot()), name: names.image },
        )
    });
    let own = draft.next();
    let release = draft.add(Step {
        after: vec![image],
        becomes: Some(match &kind {
            Some(kind) => format!("{}, of type {kind}", names.release),
            None => names.release.clone(),
        }),
        lasts: Lasts::UnlessStopped,
        undo: Undo::Reverse("it is deleted, unless the group launches it by then".into()),
        repeat: Repeat::Check,
        deadline_s: 300,
        settles: if stays { vec![image, own] } else { Vec::new() },
        ..step(
            "release",
            match &base.launch {
                LaunchSource::Configuration { .. } => "make a launch configuration like the last one",
                LaunchSource::Template { .. } => "make a version of the launch template like the last one",
            },
            base.launch.label(),
            Action::Release {
                slot: made(),
                release: Box::new(NewRelease {
                    like: base.launch.clone(),
                    image: baked,
                    instance_type: kind,
                    name: names.release,
                    changeset: code.changeset.clone(),
                    group: Some(group.name.clone()),
                }),
            },
        )
    });
    draft.add(Step {
        after: vec![release],
        becomes: Some("terminated".into()),
        deadline_s: 900,
        ..step(
            BUILDER,
            "terminate the builder",
            BUILDER,
            Action::Terminate { servers: vec![InstanceRef::Later(slot())] },
        )
    });
    release
}
