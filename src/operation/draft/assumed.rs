//! What a plan takes for granted.

use jiff::Timestamp;

use super::{Draft, members};
use crate::fleet::{Group, InstanceId, LaunchSource, LoadBalancerName, Reading, Role};
use crate::operation::Refused;
use crate::plan::{Assumption, Fact, Setting, Value};

impl Draft<'_> {
    /// Takes a fact for granted; a fact that was taken already is taken once.
    pub(in super::super) fn assume<T>(&mut self, fact: Fact, value: Value, reading: &Reading<T>) {
        let read_at: Timestamp = reading.read_at().unwrap_or(self.facts.now);
        if self.taken.insert(fact.clone()) {
            self.plan.assumes.push(Assumption { fact, value, read_at });
        }
    }

    /// Takes a fact for granted that was read for this plan.
    pub(in super::super) fn assume_now(&mut self, fact: Fact, value: Value) {
        if self.taken.insert(fact.clone()) {
            self.plan.assumes.push(Assumption { fact, value, read_at: self.facts.now });
        }
    }

    /// Takes a group for granted: its sizes, what it launches, its members.
    pub(in super::super) fn assume_group(&mut self, group: &Group) {
        self.assume_sizes_and_launch(group);
        let groups = &self.facts.snapshot.groups;
        self.assume(Fact::Members { group: group.name.clone() }, members(group), groups);
    }

    /// The same without its members: where they come and go during the run, or a converge step looks again.
    pub(in super::super) fn assume_sizes_and_launch(&mut self, group: &Group) {
        let groups = &self.facts.snapshot.groups;
        let name = &group.name;
        self.assume(
            Fact::Setting(Setting::Sizes { group: name.clone() }),
            Value::Sizes(group.sizes()),
            groups,
        );
        self.assume_launch(group);
    }

    /// Takes for granted what a group launches.
    pub(in super::super) fn assume_launch(&mut self, group: &Group) {
        if let Some(launch) = &group.launch {
            let fact = Fact::Setting(Setting::Launch { group: group.name.clone() });
            self.assume(fact, Value::Launch(launch.clone()), &self.facts.snapshot.groups);
        }
    }

    /// Takes for granted which servers of a role are in use.
    pub(in super::super) fn assume_servers(&mut self, role: &Role, servers: Vec<InstanceId>) {
        let fact = Fact::Servers { environment: self.facts.place.name.clone(), role: role.word().to_owned() };
        self.assume(fact, Value::Servers(servers), &self.facts.snapshot.servers);
    }

    /// The same of combo servers, where there are any: they do the work of web servers, workers and the primary (R22).
    pub(in super::super) fn assume_combos(&mut self) -> Result<(), Refused> {
        let combos: Vec<InstanceId> =
            self.facts.servers(&[Role::Combo])?.iter().map(|server| server.id.clone()).collect();
        if !combos.is_empty() {
            self.assume_servers(&Role::Combo, combos);
        }
        Ok(())
    }

    /// Takes for granted that nobody holds the lock of the environment, where this run holds another one.
    pub(in super::super) fn assume_unlocked(&mut self) {
        let environment = self.facts.place.name.clone();
        self.assume(Fact::Lock { environment }, Value::Free, &self.facts.snapshot.locks);
    }

    /// Takes for granted that a release is there.
    pub(in super::super) fn assume_release(&mut self, launch: &LaunchSource) {
        let fact = Fact::Release { launch: launch.clone() };
        self.assume(fact, Value::Exists, &self.facts.snapshot.launch);
    }

    /// Takes for granted whether a server is registered.
    pub(in super::super) fn assume_member(
        &mut self,
        balancer: &LoadBalancerName,
        instance: &InstanceId,
        is: bool,
    ) {
        let setting = Setting::Membership { balancer: balancer.clone(), instance: instance.clone() };
        let value = if is { Value::Registered } else { Value::NotRegistered };
        self.assume(Fact::Setting(setting), value, &self.facts.snapshot.load_balancers);
    }
}
