//! What stands in the journal of a run of a plan. Before a mutation its intent is on disk, after it its outcome.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::fleet::{
    DistributionId, ImageId, InstanceId, LaunchSource, LoadBalancerName, Rule, SecurityGroupId, Thing,
};
use crate::plan::{Plan, SecretsTo, Setting, Slot, StepId, Value};

/// A line of the journal.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "entry", rename_all = "kebab-case")]
pub enum Entry {
    /// The plan, as it was agreed to. The first entry.
    Planned {
        /// The plan.
        plan: Box<Plan>,
    },
    /// The run holds the environment's lock under this number, or goes on without one as the operator said.
    Lock {
        /// The number; none is without a lock.
        number: Option<u64>,
        /// When.
        at: Timestamp,
    },
    /// A step begins, or begins again.
    Begun {
        /// Which.
        step: StepId,
        /// When.
        at: Timestamp,
    },
    /// Something is about to be changed. On disk before it is.
    Intent {
        /// Names it within the run.
        id: u32,
        /// For which step.
        step: StepId,
        /// Whether the step is being taken back.
        back: bool,
        /// What.
        mutation: Mutation,
        /// When.
        at: Timestamp,
    },
    /// What came of it.
    Outcome {
        /// The intent's.
        id: u32,
        /// What.
        result: MutationEnd,
        /// When.
        at: Timestamp,
    },
    /// The value of a setting that is not changed yet, so that it can be put back.
    Noted {
        /// By which step.
        step: StepId,
        /// Which.
        #[serde(flatten)]
        setting: Setting,
        /// Its value.
        value: Value,
        /// When.
        at: Timestamp,
    },
    /// A slot has its value.
    Bound {
        /// By which step.
        step: StepId,
        /// Which.
        slot: Slot,
        /// What.
        value: Bound,
        /// When.
        at: Timestamp,
    },
    /// Something the operator should know.
    Said {
        /// Of which step, if it is of one.
        step: Option<StepId>,
        /// Whether it is a warning.
        warning: bool,
        /// What.
        text: String,
        /// When.
        at: Timestamp,
    },
    /// A step is over.
    Ended {
        /// Which.
        step: StepId,
        /// How.
        end: StepEnd,
        /// When.
        at: Timestamp,
    },
    /// A step was taken back, as far as that was possible.
    Undone {
        /// Which.
        step: StepId,
        /// What is not as it was before.
        left: Vec<Left>,
        /// When.
        at: Timestamp,
    },
    /// The run goes another way from here on.
    Turned {
        /// Which way.
        way: Way,
        /// Why.
        why: String,
        /// When.
        at: Timestamp,
    },
    /// Somebody takes the run up again.
    Resumed {
        /// Who.
        who: String,
        /// When.
        at: Timestamp,
    },
}

/// One change in the world.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "mutation", rename_all = "kebab-case")]
pub enum Mutation {
    /// A setting gets a value.
    Set {
        /// Which.
        #[serde(flatten)]
        setting: Setting,
        /// The value found before.
        from: Value,
        /// The value after.
        to: Value,
    },
    /// A member of a group is terminated.
    TerminateMember {
        /// Which.
        instance: InstanceId,
        /// The group's sizes after it, when it wants one less.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sizes: Option<(Setting, Value)>,
    },
    /// A durable job is started on a server.
    Job {
        /// Where.
        instance: InstanceId,
        /// Its name there.
        job: String,
    },
    /// A file goes from one server to another.
    Relay {
        /// Where it is.
        from: InstanceId,
        /// Where it goes.
        to: InstanceId,
        /// Its path.
        file: String,
    },
    /// Secrets of the project change on the operator's machine.
    Secrets {
        /// Which.
        names: Vec<String>,
        /// What becomes of them.
        to: SecretsTo,
    },
    /// A server is launched.
    Launch {
        /// The client token.
        token: String,
    },
    /// A server gets tags.
    Tag {
        /// Which.
        instance: InstanceId,
        /// The tags.
        tags: Vec<(String, String)>,
    },
    /// An image is begun.
    Image {
        /// Its name.
        name: String,
    },
    /// A launch configuration or template version is made.
    Release {
        /// Its name.
        name: String,
    },
    /// Servers are terminated.
    Terminate {
        /// Which.
        instances: Vec<InstanceId>,
    },
    /// A server is booted again.
    Reboot {
        /// Which.
        instance: InstanceId,
        /// The id of the boot before.
        boot: String,
    },
    /// A server is stopped.
    Stop {
        /// Which.
        instance: InstanceId,
    },
    /// A launch configuration or template version is deleted.
    DeleteLaunch {
        /// Which.
        launch: LaunchSource,
    },
    /// CloudFront is asked to forget what it has kept.
    Invalidate {
        /// Of which distribution.
        distribution: DistributionId,
        /// What makes asking again find the first.
        reference: String,
    },
    /// An image is deleted.
    DeleteImage {
        /// Which.
        image: ImageId,
    },
    /// A thing that environments stand on is made.
    Make {
        /// By what it is found.
        #[serde(flatten)]
        thing: Thing,
    },
    /// Such a thing is deleted.
    Unmake {
        /// By what it was found.
        #[serde(flatten)]
        thing: Thing,
    },
    /// A load balancer gets its health check.
    Configure {
        /// Which.
        balancer: LoadBalancerName,
    },
    /// A security group lets more in.
    Authorize {
        /// Which.
        group: SecurityGroupId,
        /// What.
        rules: Vec<Rule>,
    },
    /// A security group lets that in no more.
    Revoke {
        /// Which.
        group: SecurityGroupId,
        /// What.
        rules: Vec<Rule>,
    },
}

/// What came of a mutation.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "result", content = "why", rename_all = "kebab-case")]
pub enum MutationEnd {
    /// It happened.
    Done,
    /// It did not.
    NotDone(String),
    /// Nobody knows.
    Unknown(String),
}

/// How a step ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "how", content = "why", rename_all = "kebab-case")]
pub enum StepEnd {
    /// Well.
    Done,
    /// There was nothing to do.
    AlreadySo,
    /// Not well; the run goes on, for the step is not needed for the rest.
    Warned(String),
    /// Not well.
    Failed(String),
    /// It was ended on the way because the run stops.
    Stopped(String),
    /// Nobody knows, and only a person can tell.
    Unknown(String),
}

impl StepEnd {
    /// Whether the steps after it may begin.
    #[must_use]
    pub const fn is_good(&self) -> bool {
        matches!(self, Self::Done | Self::AlreadySo | Self::Warned(_))
    }

    /// Why it did not end well.
    #[must_use]
    pub fn why(&self) -> Option<&str> {
        match self {
            Self::Done | Self::AlreadySo => None,
            Self::Warned(why) | Self::Failed(why) | Self::Stopped(why) | Self::Unknown(why) => Some(why),
        }
    }
}

/// What a slot holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", content = "value", rename_all = "kebab-case")]
pub enum Bound {
    /// A server.
    Instance(InstanceId),
    /// An image.
    Image(ImageId),
    /// What a group can launch.
    Launch(LaunchSource),
    /// A security group.
    SecurityGroup(SecurityGroupId),
    /// A thing that goes by its name.
    Named(String),
}

/// Something that is not as it was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Left {
    /// What, as people read it.
    pub what: String,
    /// How it should be.
    pub wanted: String,
    /// How it is, as far as that is known.
    pub found: Option<String>,
    /// Why it was left.
    pub why: String,
    /// How to put it right.
    pub cure: String,
    /// Whether somebody else changed it meanwhile, so that it was left on purpose.
    pub foreign: bool,
}

/// Which way a run goes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Way {
    /// To the end of the plan.
    #[default]
    Forward,
    /// What is temporary is put back, what would be a trap is taken back, what is done stays.
    Stop,
    /// All that can be taken back is.
    Undo,
}

/// A run's slots.
pub type Slots = BTreeMap<Slot, Bound>;
