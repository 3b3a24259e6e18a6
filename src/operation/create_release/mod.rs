//! create-release: an image with a branch's newest code, and what the group can launch it from, ahead of time. Nobody is
//! served by it until it is deployed.

mod builder;
mod pin;

use jiff::Timestamp;

use super::code::{self, Code};
use super::deploy;
use super::draft::{Draft, step};
use super::refused::some;
use super::release::{prefix, releases};
use super::settings::{On, Settings};
use super::{Facts, Options, Refused, hooks};
use crate::fleet::{Group, ImageId, LaunchSource, Layout, NewServer, Role, RoomQuestion, SubnetChoice};
use crate::plan::{
    Action, Condition, HostJob, InstanceRef, Lasts, NewRelease, Repeat, Slot, Step, StepId, Undo,
};
use crate::recipe::{bake, code as checkout, manage};

/// The longest name that an image may have.
const LONGEST: usize = 128;

/// What is built upon.
struct Base {
    /// What the group launches now, as a numbered version.
    launch: LaunchSource,
    /// When that was made, as far as it is known.
    made_at: Option<Timestamp>,
    /// The image that it boots.
    image: ImageId,
    /// The type of server that it boots.
    instance_type: Option<String>,
    /// The instance profile that its servers have.
    instance_profile: Option<String>,
    /// Whether their metadata want a token.
    tokens_required: Option<bool>,
}

pub(super) fn plan(draft: &mut Draft<'_>, facts: &Facts<'_>, options: &Options) -> Result<(), Refused> {
    if options.branch.is_some() && options.changeset.is_some() {
        return Err(Refused::Usage(
            "--branch and --changeset both say which code is meant: leave one of them out".into(),
        ));
    }
    let group = facts.group()?;
    facts.current("the groups were", &facts.snapshot.groups)?;
    facts.current("the servers were", &facts.snapshot.servers)?;
    let base = base(facts, group)?;
    let code = meant(facts, options)?;
    is_new(draft, facts, &code)?;
    let names = Names::new(facts, &code)?;
    let server = builder::server(facts, group, &base)?;
    super::room::check(draft, facts, 1, "the builder is launched")?;
    let settings = Settings::of(draft, facts, options, &code.changeset)?;
    if !settings.is_written() {
        addresses(draft, facts, &base)?;
    }
    draft.assume_release(&base.launch);
    draft.title(format!("make a release of {}", code.named()));
    draft.note(format!(
        "It is built upon {}, and nothing is deployed: deploy-serial --release latest does that.",
        base.launch.label()
    ));
    hooks::done_before(draft, facts);
    let pinned = pin::pin(draft, facts, group, &base.launch)?;
    let built = build(draft, facts, &code, &settings, server, pinned);
    bake_it(draft, group, &base, &code, names, built);
    Ok(())
}

/// Where the builder goes, and what it is.
pub(super) fn room(facts: &Facts<'_>, _: &Options) -> Option<RoomQuestion> {
    let group = facts.group().ok()?;
    let server = builder::server(facts, group, &base(facts, group).ok()?).ok()?;
    let subnets = match server.subnet {
        Some(subnet) => SubnetChoice::Named(vec![subnet]),
        None => SubnetChoice::DefaultOf(server.zone.into_iter().collect()),
    };
    Some(RoomQuestion { subnets, instance_type: Some(server.instance_type) })
}

/// The code that is meant: the changeset that was named, or the head of the branch.
fn meant(facts: &Facts<'_>, options: &Options) -> Result<Code, Refused> {
    if let Some(changeset) = &options.changeset {
        return Ok(Code::of(facts, changeset.clone()));
    }
    let Some(branch) = options.branch.as_deref().or(facts.place.branch.as_deref()) else {
        let (deployment, environment) = (&facts.topology.deployment, &facts.place.name);
        return Err(Refused::Usage(format!(
            "the config names no branch for {environment}: say --branch or --changeset, or name it in \
             fabulaws-config.yml under `branches`, `{deployment}`, `{environment}`"
        )));
    };
    code::head(facts, branch, "name the changeset with --changeset")
}

/// What the group launches now, if an image can be built upon it.
fn base(facts: &Facts<'_>, group: &Group) -> Result<Base, Refused> {
    let (name, environment) = (&group.name, &facts.place.name);
    let point = "point it at a release that is there first, with the AWS console";
    let Some(launch) = &group.launch else {
        return Err(Refused::State(format!(
            "{name} launches nothing, for what it launched was deleted or never made: there is no image to build \
             upon. Where {environment} has none at all the environment has to be created first; otherwise {point}"
        )));
    };
    let snapshot = facts.snapshot;
    let all = facts.known("what the groups launch is", &snapshot.launch)?;
    let label = launch.label();
    let Some(settings) = all.get(launch) else {
        return Err(Refused::State(format!("{label}, which {name} launches, was deleted: {point}")));
    };
    if settings.resolved.is_floating() {
        return Err(Refused::Facts(format!(
            "{name} follows {label}, and which version that is now is not known: refresh and ask again"
        )));
    }
    let Some(image) = &settings.image else {
        return Err(Refused::State(format!(
            "{label} names no image: there is nothing to build upon. The environment has to be created first"
        )));
    };
    let images = facts.known("the images are", &snapshot.images)?;
    match images.get(image).map(|image| image.state.as_str()) {
        Some("available") => {}
        Some(state) => {
            return Err(Refused::State(format!(
                "image {image}, which {label} boots, is {state}: wait until it is available, or {point}"
            )));
        }
        None => {
            return Err(Refused::State(format!("image {image}, which {label} boots, was deleted: {point}")));
        }
    }
    Ok(Base {
        launch: settings.resolved.clone(),
        made_at: snapshot.release_of_launch(launch).made_at,
        image: image.clone(),
        instance_type: settings.instance_type.clone(),
        instance_profile: settings.instance_profile.clone(),
        tokens_required: settings.tokens_required,
    })
}

/// A release of the same code is made anew only when somebody says so.
fn is_new(draft: &mut Draft<'_>, facts: &Facts<'_>, code: &Code) -> Result<(), Refused> {
    let all = releases(facts);
    let Some(there) = all.iter().find(|one| one.changeset.is_same(&code.changeset)) else { return Ok(()) };
    draft.refuse_unless(
        "again",
        format!(
            "{} has a release of {} already, {}: nothing to do. Deploy it with --release {}",
            facts.place.name,
            code.named(),
            there.launch.label(),
            there.changeset.short()
        ),
    )
}

/// R8: the settings on the image stay as they are, with the addresses in them. A release made today would look new.
fn addresses(draft: &mut Draft<'_>, facts: &Facts<'_>, base: &Base) -> Result<(), Refused> {
    let Some(made_at) = base.made_at else {
        draft.note(
            "When the image that it is built upon was made is not known: the settings on it stay as they are, with the \
             addresses of their time.",
        );
        return Ok(());
    };
    let (replicas, vital) = deploy::newer_than(facts, made_at)?;
    if !replicas.is_empty() {
        let list = some(replicas.iter().map(|server| &server.id));
        draft.note(format!(
            "The image that it is built upon is older than replica {list}, and may not know its address."
        ));
    }
    if vital.is_empty() {
        return Ok(());
    }
    let list = some(vital.iter().map(|server| format!("{} {}", server.role.role, server.id)));
    draft.refuse_unless(
        "old-addresses",
        format!(
            "The image that it is built upon is older than {list}, and the settings on it stay as they are: the \
             addresses in them may be those of a server that is gone. See that the settings of the web servers name \
             the servers there are"
        ),
    )
}

/// Names with the time and the code in them: unique, and read again by everybody.
struct Names {
    image: String,
    release: String,
}

impl Names {
    fn new(facts: &Facts<'_>, code: &Code) -> Result<Self, Refused> {
        let time = facts.now.strftime("%Y.%m.%d-%H.%M.%S");
        let rest = format!("{time}_{}", code.changeset);
        let image = format!("{}_{}_web_{rest}", facts.topology.deployment, facts.place.name);
        let fits = |c: char| c.is_ascii_alphanumeric() || "()[] ./-'@_".contains(c);
        if image.chars().count() > LONGEST || !image.chars().all(fits) {
            return Err(Refused::State(format!(
                "EC2 takes no image named `{}`: a name has at most {LONGEST} letters, digits and ()[] ./-'@_. Give a \
                 shorter --changeset, or other names to deployment and environment",
                crate::fleet::text::one_line(&image)
            )));
        }
        Ok(Self { image, release: format!("{}{rest}", prefix(facts)) })
    }
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
    pinned: Option<StepId>,
) -> StepId {
    let mut what = format!("{} from {}", server.instance_type, server.image);
    if server.public_address {
        what.push_str(", with a public address");
    }
    if let Some(profile) = &server.instance_profile {
        what = format!("{what}, with instance profile {}", crate::fleet::text::one_line(profile));
    }
    let launch = draft.add(Step {
        after: pinned.into_iter().collect(),
        becomes: Some(what),
        lasts: Lasts::UntilTheEnd,
        undo: Undo::Reverse("the builder is terminated, whatever way this ends".into()),
        repeat: Repeat::Check,
        deadline_s: 900,
        ..step(
            BUILDER,
            "launch a builder from the last release's image",
            format!("{}_{}_{}", facts.topology.deployment, facts.place.name, builder::ROLE),
            Action::Launch { slot: slot(), server: Box::new(server) },
        )
    });
    let reached = draft.add(Step {
        after: vec![launch],
        deadline_s: 1_200,
        ..step(
            BUILDER,
            "wait until it can be reached",
            BUILDER,
            Action::Await { condition: Condition::Reachable { instance: InstanceRef::Later(slot()) } },
        )
    });
    let mut last = reached;
    for job in jobs(facts, code, settings) {
        last = draft.add(Step { after: vec![last], ..job });
    }
    last
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
    let code_script = checkout::checkout(layout, &code.changeset);
    let mut all = vec![
        Step { becomes: Some(code.named()), ..job("check out the code", "code", code_script, 900) },
        job("install its requirements", "requirements", checkout::requirements(layout), 1_800),
    ];
    all.extend(settings.steps(facts, BUILDER, &on));
    if layout.code.static_local {
        // R21: without the manifest every page would be a 500.
        all.push(job("collect static files", "collectstatic", manage::collectstatic(layout), 1_800));
        all.push(job("compress static files", "compress", manage::compress(layout), 1_800));
    }
    all.push(clean(layout));
    all
}

/// R9. The one script that must not run anywhere else: it is told which server is meant.
fn clean(layout: &Layout) -> Step {
    let title = "remove host keys, machine-id, pid files, history, temporary secrets";
    let mut step = job(title, "clean", bake::clean(layout), 300);
    if let Action::Job(job) = &mut step.action {
        job.names_server = true;
    }
    step
}

/// The lane of the builder's steps, and what it is called.
const BUILDER: &str = "builder";

fn job(title: &str, name: &str, script: String, deadline_s: u32) -> Step {
    let job = HostJob {
        server: InstanceRef::Later(slot()),
        name: name.into(),
        script,
        user: None,
        back: None,
        files: Vec::new(),
        names_server: false,
    };
    Step { deadline_s, ..step(BUILDER, title, BUILDER, Action::Job(Box::new(job))) }
}

/// Makes the image and what the group can launch, and lets the builder go.
fn bake_it(draft: &mut Draft<'_>, group: &Group, base: &Base, code: &Code, names: Names, built: StepId) {
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
    let made = draft.next();
    let release = draft.add(Step {
        after: vec![image],
        becomes: Some(names.release.clone()),
        lasts: Lasts::UnlessStopped,
        undo: Undo::Reverse("it is deleted, unless the group launches it by then".into()),
        repeat: Repeat::Check,
        deadline_s: 300,
        settles: vec![image, made],
        ..step(
            "release",
            match &base.launch {
                LaunchSource::Configuration { .. } => "make a launch configuration like the last one",
                LaunchSource::Template { .. } => "make a version of the launch template like the last one",
            },
            base.launch.label(),
            Action::Release {
                slot: Slot("release".into()),
                release: Box::new(NewRelease {
                    like: base.launch.clone(),
                    image: baked,
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
}
