//! What a step does. The engine knows these, and no operation.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::{
    Assignment, JobFile, NewThing, Opening, Page, SecretsChange, SecurityGroupRef, Setting, StepId, Value,
};
use crate::fleet::{
    Changeset, DistributionId, GroupName, ImageId, InstanceId, LaunchSource, LoadBalancerName, NewServer,
};

/// Names a value that an earlier step makes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Slot(pub String);

impl fmt::Display for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

/// A server that is known now, or will be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum InstanceRef {
    /// This one.
    Known(InstanceId),
    /// The one that an earlier step launches.
    Later(Slot),
}

/// What a step does.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "action", rename_all = "kebab-case")]
pub enum Action {
    /// Gives settings values. What already has its value is not touched.
    Set {
        /// Which, and to what.
        settings: Vec<Assignment>,
    },
    /// Notes the values of settings that later steps change by themselves, so that they can be put back.
    Keep {
        /// Which.
        settings: Vec<Setting>,
    },
    /// Puts back what earlier steps changed for the time being, latest first. What somebody else changed meanwhile is
    /// left alone and told.
    Restore {
        /// Which.
        steps: Vec<StepId>,
    },
    /// Waits until something is so.
    Await {
        /// What.
        condition: Condition,
    },
    /// Brings many servers to where they should be, a few at a time, however many there turn out to be.
    Converge(Box<Converge>),
    /// Runs a script on a server as a durable job.
    Job(Box<HostJob>),
    /// Brings a file of one server to another, over the operator's machine: piece by piece, so that it is gone on with where
    /// it was left, and compared in the end.
    Relay(Box<Relay>),
    /// Launches a server (EC2 `RunInstances`, with a client token).
    Launch {
        /// Where its id goes.
        slot: Slot,
        /// What it is.
        server: Box<NewServer>,
    },
    /// Gives a server tags (EC2 `CreateTags`). With the tag of its role it is in use: from then on the run that launched it
    /// takes it away no more.
    Tag {
        /// Which.
        server: InstanceRef,
        /// The tags.
        tags: Vec<(String, String)>,
    },
    /// Makes an image of a server (EC2 `CreateImage`) and waits until it is available. Its name is unique.
    Image {
        /// Where its id goes.
        slot: Slot,
        /// Of which server.
        of: InstanceRef,
        /// Its name.
        name: String,
    },
    /// Makes what a group can launch: a launch configuration, or a version of a launch template.
    Release {
        /// Where it goes.
        slot: Slot,
        /// What it is.
        release: Box<NewRelease>,
    },
    /// Makes a thing that environments stand on, once: its name is nobody else's.
    Make {
        /// Where its id goes, or its name where it has no id.
        slot: Slot,
        /// What it is.
        thing: Box<NewThing>,
    },
    /// Lets security groups' servers be reached (EC2 `AuthorizeSecurityGroupIngress`). What gets in already is not
    /// touched, and nothing is closed.
    Open {
        /// Into which security group.
        group: SecurityGroupRef,
        /// What.
        openings: Vec<Opening>,
    },
    /// Boots a server again (EC2 `RebootInstances`), and waits until it answers as one that has: its kernel names each boot
    /// by an id of its own.
    Reboot {
        /// Which.
        server: InstanceRef,
    },
    /// Stops a server (EC2 `StopInstances`), whether it answers or not, and waits until EC2 says that it is `stopped`:
    /// from then on nothing runs on it.
    Stop {
        /// Which.
        server: InstanceRef,
    },
    /// Terminates servers that belong to no group (EC2 `TerminateInstances`).
    Terminate {
        /// Which.
        servers: Vec<InstanceRef>,
    },
    /// Asks CloudFront to forget what it has kept of these paths (`CreateInvalidation`), and does not wait for it.
    Invalidate {
        /// Of which distribution.
        distribution: DistributionId,
        /// The paths, `/*` for all.
        paths: Vec<String>,
    },
    /// Changes secrets of the project where they are kept on the operator's machine.
    Secrets(SecretsChange),
    /// Deletes a release that nothing uses: its launch configuration or template version, its image, the image's
    /// snapshots.
    Forget {
        /// The launch configuration or template version.
        launch: Option<LaunchSource>,
        /// The image.
        image: Option<ImageId>,
    },
}

/// Something to wait for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "condition", rename_all = "kebab-case")]
pub enum Condition {
    /// These servers are in service at a load balancer.
    InService {
        /// The load balancer.
        balancer: LoadBalancerName,
        /// The servers.
        instances: Vec<InstanceId>,
    },
    /// A load balancer has let these servers go, requests under way included.
    Drained {
        /// The load balancer.
        balancer: LoadBalancerName,
        /// The servers.
        instances: Vec<InstanceId>,
    },
    /// A group has as many members as it wants, and none comes or goes.
    Settled {
        /// The group.
        group: GroupName,
    },
    /// EC2 says of a server that it is `stopped` or gone: nothing runs on it.
    Stopped {
        /// The server.
        instance: InstanceRef,
    },
    /// A server runs and can be asked.
    Reachable {
        /// The server.
        instance: InstanceRef,
    },
}

/// Work whose size is not known beforehand: what is selected is looked at again and again until nothing is left to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Converge {
    /// What is done.
    pub kind: Kind,
    /// The group whose members are meant.
    pub group: GroupName,
    /// Load balancers that all count.
    pub balancers: Vec<LoadBalancerName>,
    /// What members are to be launched from: those that are not are the old ones. [`Value::Launch`] or
    /// [`Value::Later`].
    pub to: Value,
    /// How many at a time.
    pub batch: u32,
    /// So many members are in service at any time; less stops it before anything is taken away.
    pub at_least: u32,
    /// How many members there are to be in the end.
    pub count: u32,
    /// How long a new member may take until it is in service, in seconds.
    pub patience_s: u32,
    /// What each new member must answer on its own port, past Nginx, before it counts: a script that ends with 0.
    pub check: Option<String>,
    /// What members were launched from before: where taking it back leads.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub back: Option<Value>,
}

/// What a converge step does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// New members in service at every load balancer before old ones go.
    Replace,
    /// New members beside the old ones, running and answering for themselves, outside the load balancers.
    Grow,
    /// New members registered with every load balancer, and in service.
    Join,
    /// Old members out of the load balancers, drained and terminated.
    Shrink,
    /// The maintenance page of every member.
    Page(Page),
}

/// A script that runs on a server as a durable job: a lost connection does not touch it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HostJob {
    /// The server.
    pub server: InstanceRef,
    /// Its name within the run: letters, digits, dashes.
    pub name: String,
    /// What it runs, for `sh`. It holds no secret.
    pub script: String,
    /// As whom; none is whoever logs in, who may use sudo.
    pub user: Option<String>,
    /// Texts that its script finds in variables: written as it begins, from templates of the project.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<JobFile>,
    /// What takes it back, for `sh`, on the same server as the same user. It may find the script done, half done or not
    /// begun.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub back: Option<String>,
    /// Whether the script is told, before its first line, which server it is meant for: `QUARTERDECK_SERVER` holds its
    /// instance id. One that would do harm anywhere else compares that with where it is.
    #[serde(default, skip_serializing_if = "is_false")]
    pub names_server: bool,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
const fn is_false(flag: &bool) -> bool {
    !*flag
}

/// A file that goes from one server to another. Its scripts, for `sh`, are short and run as root; they are told which server
/// is meant, and find what they need in variables: `QUARTERDECK_OFFSET`, `QUARTERDECK_LENGTH`, `QUARTERDECK_SHA256`,
/// `QUARTERDECK_ABOUT`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Relay {
    /// Where it is.
    pub from: InstanceRef,
    /// Where it goes.
    pub to: InstanceRef,
    /// Its path, the same on both.
    pub file: String,
    /// Prints `bytes=`, `sha256=` and `about=` of the file.
    pub told: String,
    /// Prints a piece of it as base64; with `QUARTERDECK_APART=yes` with blanks in between.
    pub read: String,
    /// Prints as `bytes=` how much of it has come.
    pub have: String,
    /// Writes the piece on its standard input, and prints how much has come then.
    pub write: String,
    /// Compares what has come, gives it its name, and prints `sha256=`.
    pub whole: String,
    /// Deletes what has come.
    pub back: String,
}

/// The value of a tag that is the time at which it is written.
pub const WHEN_IT_IS_SO: &str = "when it is so";

/// A release to make: a copy of what a group launches now, but for the image and the name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NewRelease {
    /// Every field that is not named here is copied from this one.
    pub like: LaunchSource,
    /// The slot that holds its image, or an image that is known.
    pub image: Slot,
    /// The type of its servers, where that is to be another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub instance_type: Option<String>,
    /// `<deployment>_<env>_lc_<time>_<changeset>`: a configuration's name, a version's description.
    pub name: String,
    /// The code in it.
    pub changeset: Changeset,
    /// The group that it is made for: while that launches it, or a member runs it, it is not taken back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub group: Option<GroupName>,
}
