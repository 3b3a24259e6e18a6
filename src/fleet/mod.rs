//! What is known about the fleet: plain data and pure functions.
//!
//! Nothing here imports anything else of ours, and nothing here waits. Every value that was read from
//! somewhere sits in a [`Reading`], which knows its age, its source and whether the last attempt failed.

pub mod build;
pub mod certificate;
pub mod endpoint;
pub mod freshness;
pub mod ground;
pub mod group;
pub mod held;
pub mod ids;
pub mod interest;
pub mod layout;
pub mod load_balancer;
pub mod lock;
pub mod machine;
pub mod measured;
pub mod metric;
pub mod offers;
pub mod overview;
pub mod process;
pub mod reach;
pub mod region;
pub mod release;
pub mod role;
pub mod room;
pub mod server;
pub mod service_file;
pub mod severity;
pub mod snapshot;
pub mod text;
pub mod thresholds;
pub mod topology;
pub mod trouble;
pub mod words;

#[cfg(test)]
pub(crate) mod sample;

pub use build::{AppPlace, BuildPlace, DatabasePlace, LogFilePlace, LogsPlace, Person, RolePlace, ZonePlace};
pub use certificate::{Certificate, CertificateSource, Renewal};
pub use endpoint::Endpoint;
pub use freshness::{Failure, FailureKind, Reading, Since, Source};
pub use ground::{
    FoundThing, Ground, GroundQuestion, KeyPair, NewGroup, NewKeyPair, NewLoadBalancer, NewSecurityGroup,
    NewTemplate, Origin, Protocol, Rule, SecurityGroup, Thing, Vpc, is_network, is_within,
};
pub use group::{Activity, Group, LaunchSource, Member, Sizes, SuspendedProcess};
pub use held::{Gap, Held, Hit, Pattern};
pub use ids::{
    Changeset, DeploymentName, DistributionId, EnvironmentName, GroupName, ImageId, InstanceId,
    LoadBalancerName, SecurityGroupId, Zone,
};
pub use interest::{Interest, Pulse};
pub use layout::{AddressChoice, CodeLayout, Layout};
pub use load_balancer::{HealthCheck, HealthState, Listener, LoadBalancer, MemberHealth, Reason};
pub use lock::{Lock, LockKind};
pub use machine::{CheckState, CreditMode, EventKind, MachineStatus, PlannedEvent, StatusCheck};
pub use measured::{Fact, Gauge, HostKeyQuestion, Measured, Topic};
pub use metric::{Measure, MetricKey, Newest, Series, Subject};
pub use offers::{ImageOffer, RegionOffers, SubnetOffer, VpcOffer};
pub use overview::{Note, Overview};
pub use process::Process;
pub use release::{Image, LaunchSettings, Release};
pub use role::{Role, RoleTag, Standing};
pub use room::{Room, RoomQuestion, SubnetChoice, SubnetRoom, VcpuClass, VcpuRoom};
pub use server::{LEFT_TAG, LeftReplica, NewServer, NewVolume, Power, ROLE_TAG, SECRETS_TAG, Server};
pub use service_file::{FileAccess, ServiceFile};
pub use severity::Severity;
pub use snapshot::{Identity, Snapshot};
pub use thresholds::{Thresholds, Yardstick};
pub use topology::{EnvironmentPlace, Topology, WebPlace};
pub use trouble::{Trouble, TroubleKind};
