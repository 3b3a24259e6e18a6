//! A plan while it is made.

mod assumed;

use std::collections::{BTreeMap, BTreeSet};

use super::facts::stays;
use super::{Facts, Operation, Opt, Options, Refused};
use crate::fleet::{Group, InstanceId, Process, Role, Server};
use crate::plan::{
    Action, Address, Assignment, Fact, Lasts, Plan, Repeat, Setting, Slot, Step, StepId, Undo, VERSION, Value,
};

/// A plan while it is made.
pub(super) struct Draft<'f> {
    facts: &'f Facts<'f>,
    options: &'f Options,
    plan: Plan,
    /// What is taken for granted already.
    taken: BTreeSet<Fact>,
    /// Servers that this plan launches, by role: where their ids go, and from which step on their addresses are known.
    arriving: Vec<(Role, Slot, StepId)>,
    /// The replica that this plan makes the primary.
    promoted: Option<InstanceId>,
    /// Servers that this plan takes out of use for those that it launches.
    replaced: BTreeSet<InstanceId>,
    /// Replicas that this plan has read again, or no longer.
    turned: BTreeMap<InstanceId, bool>,
}

/// A step with nothing special about it.
pub(super) fn step(lane: &str, title: impl Into<String>, target: impl Into<String>, action: Action) -> Step {
    Step {
        id: StepId(0),
        after: Vec::new(),
        lane: lane.to_owned(),
        title: title.into(),
        target: target.into(),
        action,
        before: None,
        becomes: None,
        lasts: Lasts::Stays,
        undo: Undo::Nothing,
        repeat: Repeat::Repeatable,
        deadline_s: 120,
        noticed: None,
        destructive: false,
        soft: false,
        settles: Vec::new(),
        seals: false,
    }
}

impl<'f> Draft<'f> {
    pub(super) fn new(operation: &Operation, facts: &'f Facts<'f>, options: &'f Options) -> Self {
        let environment = &facts.place.name;
        let written = options.written();
        let plan = Plan {
            version: VERSION,
            operation: operation.name.into(),
            deployment: facts.topology.deployment.clone(),
            environment: environment.clone(),
            production: facts.place.production,
            by_name: false,
            title: operation.summary.into(),
            command: format!("quarterdeck apply {} {environment}{written}", operation.name),
            made_at: facts.now,
            lock: operation.lock,
            noticed: None,
            cannot_undo: Vec::new(),
            notes: Vec::new(),
            overrides: Vec::new(),
            assumes: Vec::new(),
            steps: Vec::new(),
            goes_on: false,
            redoes: false,
        };
        Self {
            facts,
            options,
            plan,
            taken: BTreeSet::new(),
            arriving: Vec::new(),
            promoted: None,
            replaced: BTreeSet::new(),
            turned: BTreeMap::new(),
        }
    }

    /// The plan, if it makes sense in itself.
    pub(super) fn finish(self) -> Result<Plan, Refused> {
        self.plan.check().map_err(Refused::Broken)?;
        Ok(self.plan)
    }

    /// A server of this role is launched by this plan.
    pub(super) fn arrives(&mut self, role: &Role, slot: Slot, launched: StepId) {
        self.arriving.push((role.clone(), slot, launched));
    }

    /// The addresses of servers of these roles that this plan launches.
    pub(super) fn arriving(&self, roles: &[Role]) -> Vec<Address> {
        let of = self.arriving.iter().filter(|(role, ..)| roles.contains(role));
        of.map(|(_, slot, _)| Address::later(slot.clone())).collect()
    }

    /// This replica becomes the primary.
    pub(super) fn promotes(&mut self, replica: &InstanceId) {
        self.promoted = Some(replica.clone());
    }

    /// The replica that becomes the primary.
    pub(super) const fn promoted(&self) -> Option<&InstanceId> {
        self.promoted.as_ref()
    }

    /// This server goes out of use for one that is launched.
    pub(super) fn replaces(&mut self, server: &InstanceId) {
        self.replaced.insert(server.clone());
    }

    /// Whether this server goes out of use for one that is launched.
    pub(super) fn is_replaced(&self, server: &InstanceId) -> bool {
        self.replaced.contains(server)
    }

    /// What steps have made stays when the run stops, and it is gone on with: from the first step on there is no safer
    /// place to be than half way. What they have set is still put back in the end, or by undoing.
    pub(super) fn stays_half_way(&mut self) {
        self.goes_on();
        for step in &mut self.plan.steps {
            match (step.lasts, &step.undo) {
                (Lasts::Stays, _) => {}
                (_, Undo::Restore) => {
                    step.lasts = Lasts::UnlessStopped;
                    step.settles.push(step.id);
                }
                _ => step.lasts = Lasts::Stays,
            }
        }
    }

    /// Web servers and workers read from this replica once the plan is done, or do not.
    pub(super) fn turns(&mut self, replica: &InstanceId, to: bool) {
        self.turned.insert(replica.clone(), to);
    }

    /// Whether they do.
    pub(super) fn reads(&self, replica: &Server) -> bool {
        self.turned.get(&replica.id).copied().unwrap_or_else(|| replica.left().is_none())
    }

    /// The launches of servers of this plan.
    pub(super) fn launches(&self) -> Vec<StepId> {
        self.arriving.iter().map(|(.., launched)| *launched).collect()
    }

    /// The job of this name in a lane, if there is one.
    pub(super) fn job(&self, lane: &str, job: &str) -> Option<StepId> {
        let is_it = |step: &&Step| {
            step.lane == lane && matches!(&step.action, Action::Job(known) if known.name == job)
        };
        self.plan.steps.iter().find(is_it).map(|step| step.id)
    }

    /// The job of this name in a lane waits for earlier steps as well.
    pub(super) fn wait(&mut self, lane: &str, job: &str, steps: impl IntoIterator<Item = StepId>) {
        let found = self.job(lane, job).and_then(|id| self.plan.steps.get_mut(id.place()));
        if let Some(step) = found {
            let new: Vec<StepId> = steps.into_iter().filter(|id| !step.after.contains(id)).collect();
            step.after.extend(new);
        }
    }

    /// A step waits for earlier ones as well.
    pub(super) fn after(&mut self, step: StepId, earlier: &[StepId]) {
        if let Some(step) = self.plan.steps.get_mut(step.place()) {
            step.after.extend(earlier);
        }
    }

    /// The steps so far that stay unless the run stops.
    pub(super) fn unless_stopped(&self) -> Vec<StepId> {
        let lasting = self.plan.steps.iter().filter(|step| step.lasts == Lasts::UnlessStopped);
        lasting.map(|step| step.id).collect()
    }

    /// The same without those of some lanes.
    pub(super) fn unless_stopped_outside(&self, lanes: &[String]) -> Vec<StepId> {
        let mine = |id: &StepId| self.plan.step(*id).is_some_and(|step| !lanes.contains(&step.lane));
        self.unless_stopped().into_iter().filter(mine).collect()
    }

    /// The name of the step that is added next.
    pub(super) fn next(&self) -> StepId {
        StepId(u16::try_from(self.plan.steps.len() + 1).unwrap_or(u16::MAX))
    }

    /// Whether the operation can be told this.
    pub(super) fn takes(&self, opt: Opt) -> bool {
        super::find(&self.plan.operation).is_ok_and(|operation| operation.takes.contains(&opt))
    }

    /// Whoever wants this types the environment's name, whatever environment it is.
    pub(super) const fn by_name(&mut self) {
        self.plan.by_name = true;
    }

    /// A step that failed is done once more when the run is taken up: every step of this plan says what is so already.
    pub(super) const fn goes_on(&mut self) {
        self.plan.goes_on = true;
    }

    /// What is put back when the run stops is done once more when it is taken up again.
    pub(super) const fn redoes(&mut self) {
        self.plan.redoes = true;
    }

    /// Adds steps, each after the one before it, and gives them their names.
    pub(super) fn chain(&mut self, after: StepId, steps: Vec<Step>) -> Vec<StepId> {
        let mut last = after;
        let mut added = Vec::with_capacity(steps.len());
        for step in steps {
            last = self.add(Step { after: vec![last], ..step });
            added.push(last);
        }
        added
    }

    /// Adds a step and gives it its name.
    pub(super) fn add(&mut self, step: Step) -> StepId {
        // More steps than fit are refused by the plan's own check, by their number.
        let id = self.next();
        self.plan.steps.push(Step { id, ..step });
        id
    }

    pub(super) fn title(&mut self, title: impl Into<String>) {
        self.plan.title = title.into();
    }

    pub(super) fn noticed(&mut self, noticed: impl Into<String>) {
        self.plan.noticed = Some(noticed.into());
    }

    /// Says a thing once, whoever of several has to say it.
    pub(super) fn note(&mut self, note: impl Into<String>) {
        let note = note.into();
        if !self.plan.notes.contains(&note) {
            self.plan.notes.push(note);
        }
    }

    pub(super) fn cannot_undo(&mut self, what: impl Into<String>) {
        self.plan.cannot_undo.push(what.into());
    }

    /// Refuses, unless the word was given; then the plan wants it typed.
    pub(super) fn refuse_unless(&mut self, word: &'static str, message: String) -> Result<(), Refused> {
        if !self.options.overrides(word) {
            return Err(Refused::Unless { word, message });
        }
        let told = format!("{word}: {message}");
        if !self.plan.overrides.contains(&told) {
            self.plan.overrides.push(told);
        }
        Ok(())
    }

    /// Once this step has ended well these stay, whatever stops the run.
    pub(super) fn settle(&mut self, step: StepId, settled: &[StepId]) {
        if let Some(step) = self.plan.steps.get_mut(step.place()) {
            step.settles.extend(settled);
        }
    }

    /// What the plan takes for granted is read again right before this step, too.
    pub(super) fn look_again_before(&mut self, step: StepId) {
        if let Some(step) = self.plan.steps.get_mut(step.place()) {
            step.destructive = true;
        }
    }

    /// Suspends or resumes those of the processes that are not so already, and takes for granted how they are.
    pub(super) fn set_processes(
        &mut self,
        group: &Group,
        processes: &[Process],
        suspend: bool,
        lasts: Lasts,
        after: &[StepId],
    ) -> Option<StepId> {
        let (before, to) =
            if suspend { (Value::Active, Value::Suspended) } else { (Value::Suspended, Value::Active) };
        let mut changed = Vec::new();
        for process in processes {
            let is_suspended = group.is_suspended(process.word());
            let setting = Setting::Process { group: group.name.clone(), process: *process };
            let now = if is_suspended { Value::Suspended } else { Value::Active };
            self.assume(Fact::Setting(setting.clone()), now, &self.facts.snapshot.groups);
            if is_suspended != suspend {
                changed.push((process.word(), Assignment { setting, to: to.clone() }));
            }
        }
        let names: Vec<&str> = changed.iter().map(|(name, _)| *name).collect();
        let title = format!("{} {}", if suspend { "suspend" } else { "resume" }, names.join(", "));
        if names.is_empty() {
            return None;
        }
        let settings = changed.into_iter().map(|(_, assignment)| assignment).collect();
        Some(self.add(Step {
            after: after.to_vec(),
            before: Some(before.to_string()),
            becomes: Some(to.to_string()),
            lasts,
            undo: Undo::Restore,
            ..step("group", title, group.name.as_str(), Action::Set { settings })
        }))
    }

    /// Puts back what these steps changed.
    pub(super) fn restore(
        &mut self,
        lane: &str,
        title: &str,
        target: &str,
        steps: Vec<StepId>,
        after: &[StepId],
    ) -> Option<StepId> {
        if steps.is_empty() {
            return None;
        }
        Some(self.add(Step {
            after: after.to_vec(),
            becomes: Some("as found before".into()),
            ..step(lane, title, target, Action::Restore { steps })
        }))
    }
}

/// The members of a group that are not on their way out.
pub(super) fn members(group: &Group) -> Value {
    let mut ids: Vec<InstanceId> =
        group.members.iter().filter(|member| stays(member)).map(|member| member.instance.clone()).collect();
    ids.sort();
    Value::Servers(ids)
}
