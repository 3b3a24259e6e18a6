//! The changing half of the cloud.

use async_trait::async_trait;

use super::{Answer, CloudError};
use crate::fleet::{
    DistributionId, GroupName, ImageId, InstanceId, LaunchSource, LoadBalancerName, NewGroup, NewKeyPair,
    NewLoadBalancer, NewSecurityGroup, NewServer, NewTemplate, Process, Rule, SecurityGroupId, Sizes,
};

/// A server to launch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServerSpec {
    /// Makes asking twice launch once (EC2 `ClientToken`, at most 64 ASCII characters).
    pub token: String,
    /// What it is.
    pub server: NewServer,
}

/// A launch configuration or template version to make: a copy of another one, every field that is not named here
/// included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LaunchSpec {
    /// What is copied. With `$Latest` or `$Default`, whatever that is now.
    pub like: LaunchSource,
    /// The image it boots.
    pub image: ImageId,
    /// The type of its servers, where that is to be another one.
    pub instance_type: Option<String>,
    /// A configuration's name, a version's description. Unique: asking twice makes one.
    pub name: String,
}

/// Something that EC2 is asked whether it would do it (`DryRun`): nothing comes of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Rehearsal {
    /// A server of this image and type, in this subnet (`RunInstances`).
    Launch {
        /// The image.
        image: ImageId,
        /// The type.
        instance_type: String,
        /// The subnet, where servers have one.
        subnet: Option<String>,
    },
    /// A tag on a server (`CreateTags`).
    Tag {
        /// The server.
        server: InstanceId,
        /// The tag, with the value that it has.
        tag: (String, String),
    },
    /// A security group in a VPC (`CreateSecurityGroup`).
    SecurityGroup {
        /// The VPC.
        vpc: String,
    },
}

/// The changing half. A change that ends with [`CloudError::Unreachable`] or
/// [`Other`](super::CloudError::Other) may have happened; one that ends with `Throttled`, `Denied`, `Credentials`,
/// `Absent`, `Exists` or `Refused` has not. `Absent` says that what is to be changed is not there, `Refused` that AWS
/// will not do it as it was asked: sizes that contradict each other, a server that is not running, a member below the
/// group's minimum. No call is repeated by the adapter after an answer that leaves that open.
#[async_trait]
pub trait CloudChange: Send + Sync {
    /// Whether EC2 would do this, as far as permissions go. Nothing happens.
    async fn rehearse(&self, rehearsal: &Rehearsal) -> Answer<bool> {
        let _ = rehearsal;
        Err(CloudError::Other("nothing can be tried here".into()))
    }

    /// Suspends processes of a group (`SuspendProcesses`). Those that are suspended stay so.
    async fn suspend(&self, group: &GroupName, processes: &[Process]) -> Answer<()>;

    /// Resumes processes of a group (`ResumeProcesses`), those only.
    async fn resume(&self, group: &GroupName, processes: &[Process]) -> Answer<()>;

    /// Sets a group's sizes (`UpdateAutoScalingGroup`).
    async fn set_sizes(&self, group: &GroupName, sizes: Sizes) -> Answer<()>;

    /// Sets a group's termination policies, in order (`UpdateAutoScalingGroup`).
    async fn set_policies(&self, group: &GroupName, policies: &[String]) -> Answer<()>;

    /// Sets what a group launches from now on (`UpdateAutoScalingGroup`).
    async fn set_launch(&self, group: &GroupName, launch: &LaunchSource) -> Answer<()>;

    /// Registers servers with a load balancer (`RegisterInstancesWithLoadBalancer`). Doing it again does nothing.
    async fn register(&self, balancer: &LoadBalancerName, servers: &[InstanceId]) -> Answer<()>;

    /// Takes servers out of a load balancer (`DeregisterInstancesFromLoadBalancer`), which first lets requests under
    /// way end.
    async fn deregister(&self, balancer: &LoadBalancerName, servers: &[InstanceId]) -> Answer<()>;

    /// Terminates a member of a group (`TerminateInstanceInAutoScalingGroup`); with `shrink` the group wants one less,
    /// otherwise it launches another one.
    async fn terminate_member(&self, server: &InstanceId, shrink: bool) -> Answer<()>;

    /// Launches a server (`RunInstances`). The same token gives the same server.
    async fn launch(&self, server: &ServerSpec) -> Answer<InstanceId>;

    /// Gives a server tags (EC2 `CreateTags`), in the place of those of the same names. Doing it again does nothing.
    async fn tag(&self, server: &InstanceId, tags: &[(String, String)]) -> Answer<()>;

    /// Terminates servers that belong to no group (`TerminateInstances`). Those that are gone stay gone.
    async fn terminate(&self, servers: &[InstanceId]) -> Answer<()>;

    /// Boots servers again (`RebootInstances`). EC2 only says that it was asked: that it has happened is seen on the server.
    /// One that does not shut down within minutes is switched off and on.
    async fn reboot(&self, servers: &[InstanceId]) -> Answer<()>;

    /// Stops servers (`StopInstances`), also those that do not answer; it takes minutes. Those that are stopped stay so.
    async fn stop(&self, servers: &[InstanceId]) -> Answer<()>;

    /// Begins an image of a server (`CreateImage`); it is pending for minutes. A name that is taken is
    /// [`CloudError::Exists`].
    async fn create_image(&self, server: &InstanceId, name: &str) -> Answer<ImageId>;

    /// Makes a launch configuration (`CreateLaunchConfiguration`) or a template version
    /// (`CreateLaunchTemplateVersion`), whichever `like` is, and gives it with its number. Of an unknown outcome:
    /// [`CloudRead::releases`](super::CloudRead::releases) tells.
    async fn create_launch(&self, launch: &LaunchSpec) -> Answer<LaunchSource>;

    /// Deletes a launch configuration (`DeleteLaunchConfiguration`) or template version
    /// (`DeleteLaunchTemplateVersions`). One that is gone is no error.
    async fn delete_launch(&self, launch: &LaunchSource) -> Answer<()>;

    /// Deletes an image and the snapshots behind it (`DeregisterImage`, `DeleteSnapshot`). One that is gone is no
    /// error.
    async fn delete_image(&self, image: &ImageId) -> Answer<()>;

    /// Makes a security group that lets nothing in (`CreateSecurityGroup`). A name that its VPC has already is
    /// [`CloudError::Exists`].
    async fn create_security_group(&self, group: &NewSecurityGroup) -> Answer<SecurityGroupId>;

    /// Lets in what these rules say (`AuthorizeSecurityGroupIngress`). Doing it again does nothing.
    async fn authorize(&self, group: &SecurityGroupId, rules: &[Rule]) -> Answer<()>;

    /// Takes these rules away, and no others (`RevokeSecurityGroupIngress`). Those that are gone are no error.
    async fn revoke(&self, group: &SecurityGroupId, rules: &[Rule]) -> Answer<()>;

    /// Deletes a security group that nothing uses (`DeleteSecurityGroup`). One that is gone is no error.
    async fn delete_security_group(&self, group: &SecurityGroupId) -> Answer<()>;

    /// Makes a public key known under a name (`ImportKeyPair`). A name that is taken is
    /// [`CloudError::Exists`].
    async fn import_key_pair(&self, key: &NewKeyPair) -> Answer<()>;

    /// Forgets a key pair (`DeleteKeyPair`). One that is gone is no error.
    async fn delete_key_pair(&self, name: &str) -> Answer<()>;

    /// Makes a classic load balancer (`CreateLoadBalancer`). A name that is taken is
    /// [`CloudError::Exists`].
    async fn create_load_balancer(&self, balancer: &NewLoadBalancer) -> Answer<()>;

    /// Gives a load balancer its health check, and lets it spread requests over zones and let those under way end
    /// (`ConfigureHealthCheck`, `ModifyLoadBalancerAttributes`). Doing it again does nothing.
    async fn configure_load_balancer(&self, balancer: &NewLoadBalancer) -> Answer<()>;

    /// Has a listener of a load balancer serve another certificate (`SetLoadBalancerListenerSSLCertificate`). Doing it
    /// again does nothing.
    async fn set_certificate(&self, balancer: &LoadBalancerName, port: u16, arn: &str) -> Answer<()>;

    /// Deletes a load balancer (`DeleteLoadBalancer`). One that is gone is no error.
    async fn delete_load_balancer(&self, name: &LoadBalancerName) -> Answer<()>;

    /// Makes a launch template with its first version (`CreateLaunchTemplate`). A name that is taken is
    /// [`CloudError::Exists`].
    async fn create_template(&self, template: &NewTemplate) -> Answer<LaunchSource>;

    /// Deletes a launch template with all its versions (`DeleteLaunchTemplate`). One that is gone is no error.
    async fn delete_template(&self, name: &str) -> Answer<()>;

    /// Makes an Auto Scaling group (`CreateAutoScalingGroup`). A name that is taken is
    /// [`CloudError::Exists`].
    async fn create_group(&self, group: &NewGroup) -> Answer<()>;

    /// Deletes a group without members (`DeleteAutoScalingGroup`, never by force). One that is gone is no error.
    async fn delete_group(&self, group: &GroupName) -> Answer<()>;

    /// Asks CloudFront to forget what it has kept of these paths (`CreateInvalidation`), and gives the id of the
    /// invalidation. The same reference with the same paths gives the same one.
    async fn invalidate(
        &self,
        distribution: &DistributionId,
        paths: &[String],
        reference: &str,
    ) -> Answer<String>;

    /// Writes a note (SSM `PutParameter`): at most 4 KB. Without `replace`, one that is there is
    /// [`CloudError::Exists`], and nothing is written.
    async fn put_note(&self, name: &str, text: &str, replace: bool) -> Answer<()>;

    /// Deletes notes (SSM `DeleteParameters`). Those that are gone are no error.
    async fn delete_notes(&self, names: &[String]) -> Answer<()>;
}
