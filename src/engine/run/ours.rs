//! What differs from what a plan takes for granted because of the run itself.

use super::entry::{Bound, Mutation};
use super::story::{IntentStory, Story};
use crate::fleet::{InstanceId, Role};
use crate::plan::{Action, Assignment, Fact, Setting, Value};

impl Story {
    /// Whether a fact differs from what the plan assumes because of this run.
    #[must_use]
    pub fn has_made(&self, fact: &Fact, found: &Value) -> bool {
        match fact {
            Fact::Setting(setting) => self.ours(setting).contains(&found),
            // A run that replaces members changes them all the time; its steps look at each one.
            Fact::Members { .. } => !self.intents.is_empty(),
            Fact::Servers { role, .. } => {
                (role == Role::Web.word() && self.replaces_members()) || self.has_launched(fact, found)
            }
            Fact::Thing { thing } => self
                .intents
                .iter()
                .any(|intent| matches!(&intent.mutation, Mutation::Make { thing: made } if made == thing)),
            Fact::Release { .. } | Fact::Lock { .. } => false,
        }
    }

    /// What its steps have made so and later ones rest on: processes, termination policies and what the group launches, with
    /// the values given last. Not what a step has begun to put back.
    #[must_use]
    pub fn made_so(&self) -> Vec<(Setting, Value)> {
        let mut made: Vec<(Setting, Value)> = Vec::new();
        for (step, told) in self.each() {
            let Action::Set { settings } = &step.action else { continue };
            let is_done = told.ended.as_ref().is_some_and(|(_, end)| end.is_good());
            if !is_done || told.undone.is_some() || self.is_put_back_by_the_plan(step.id) {
                continue;
            }
            for Assignment { setting, .. } in settings {
                let counts = matches!(
                    setting,
                    Setting::Process { .. } | Setting::Policies { .. } | Setting::Launch { .. }
                );
                if let Some(last) = self.ours(setting).last().filter(|_| counts)
                    && !made.iter().any(|(known, _)| known == setting)
                {
                    made.push((setting.clone(), (*last).clone()));
                }
            }
        }
        made
    }

    /// Whether it has begun to replace members of a group, which are web servers.
    fn replaces_members(&self) -> bool {
        self.each().any(|(step, told)| told.began.is_some() && matches!(step.action, Action::Converge(_)))
    }

    /// Whether the servers found are those that the plan assumes, but for those that this run has launched, or given
    /// another role.
    fn has_launched(&self, fact: &Fact, found: &Value) -> bool {
        let tagged = |id: &InstanceId, intent: &IntentStory| match &intent.mutation {
            Mutation::Tag { instance, tags } => instance == id && tags.iter().any(|(key, _)| key == "role"),
            _ => false,
        };
        let ours = |id: &InstanceId| {
            self.slots.values().any(|bound| matches!(bound, Bound::Instance(known) if known == id))
                || self.intents.iter().any(|intent| tagged(id, intent))
        };
        let assumed = self.plan.assumes.iter().find(|one| one.fact == *fact).map(|one| &one.value);
        match (assumed, found) {
            (Some(Value::Servers(assumed)), Value::Servers(found)) => {
                found.iter().filter(|id| !ours(id)).eq(assumed.iter().filter(|id| !ours(id)))
            }
            _ => false,
        }
    }
}
