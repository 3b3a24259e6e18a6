//! What Quarterdeck changes AWS by, and whether whoever asks may do it.

use std::collections::BTreeMap;

use super::{Examined, Finding};

/// An action of IAM, and the operations that cannot be done without it.
#[derive(Clone, Copy, Debug)]
pub struct Right {
    /// `ec2:RunInstances`.
    pub action: &'static str,
    /// Operations, by their names.
    pub operations: &'static [&'static str],
}

const fn right(action: &'static str, operations: &'static [&'static str]) -> Right {
    Right { action, operations }
}

/// Every operation: all of them hold a lock while they are at work.
pub const EVERY: &str = "every operation";

/// Deploys that have the group launch and let go servers.
const DEPLOYS: &[&str] = &["deploy-serial", "deploy-full", "rollback", "recreate-environment"];
/// What makes a release.
const RELEASES: &[&str] = &[
    "create-release",
    "create-environment",
    "recreate-environment",
    "replace-cache-server",
    "rotate-secret",
    "push-secrets",
];
/// What makes servers of its own.
const SERVERS: &[&str] = &[
    "new-server",
    "create-release",
    "create-environment",
    "recreate-environment",
    "replace-cache-server",
    "rotate-secret",
    "push-secrets",
];
/// What gives servers tags.
const TAGGED: &[&str] = &[
    "new-server",
    "create-release",
    "create-environment",
    "recreate-environment",
    "replace-cache-server",
    "rotate-secret",
    "push-secrets",
    "promote-replica",
    "leave-replicas",
    "use-replicas",
];
/// What holds a group still while it is at work.
const HOLDING: &[&str] = &[
    "suspend-processes",
    "resume-processes",
    "begin-upgrade",
    "deploy-serial",
    "deploy-full",
    "rollback",
    "reboot-server",
    "reboot-environment",
    "promote-replica",
    "recreate-environment",
    "replace-cache-server",
    "resync-replica",
    "leave-replicas",
    "use-replicas",
    "restore-database",
    "reload-data",
    "rotate-secret",
    "push-secrets",
];
const FOUNDATION: &[&str] = &["create-foundation"];

/// Everything that is changed, in the order of the policy in the README.
pub const RIGHTS: &[Right] = &[
    right("autoscaling:CreateAutoScalingGroup", &["create-environment"]),
    right("autoscaling:CreateLaunchConfiguration", &["create-release"]),
    right("autoscaling:CreateOrUpdateTags", &["create-environment"]),
    right("autoscaling:DeleteAutoScalingGroup", &["create-environment"]),
    right("autoscaling:DeleteLaunchConfiguration", &["create-release", "forget-releases"]),
    right("autoscaling:ResumeProcesses", HOLDING),
    right("autoscaling:SuspendProcesses", HOLDING),
    right("autoscaling:TerminateInstanceInAutoScalingGroup", DEPLOYS),
    right(
        "autoscaling:UpdateAutoScalingGroup",
        &[
            "set-sizes",
            "deploy-serial",
            "deploy-full",
            "rollback",
            "recreate-environment",
            "terminate-environment",
        ],
    ),
    right("cloudfront:CreateInvalidation", &["deploy-serial", "deploy-full", "deploy-web", "rollback"]),
    right("ec2:AuthorizeSecurityGroupIngress", FOUNDATION),
    right(
        "ec2:CreateImage",
        &["create-release", "create-environment", "terminate-server", "terminate-environment"],
    ),
    right("ec2:CreateLaunchTemplate", &["create-environment"]),
    right("ec2:CreateLaunchTemplateVersion", &["create-release"]),
    right("ec2:CreateSecurityGroup", FOUNDATION),
    right("ec2:CreateTags", TAGGED),
    right("ec2:DeleteKeyPair", FOUNDATION),
    right("ec2:DeleteLaunchTemplate", &["create-environment"]),
    right("ec2:DeleteLaunchTemplateVersions", &["create-release", "forget-releases"]),
    right("ec2:DeleteSecurityGroup", FOUNDATION),
    right("ec2:DeleteSnapshot", &["forget-releases"]),
    right("ec2:DeregisterImage", &["create-release", "forget-releases"]),
    right("ec2:DescribeSnapshots", RELEASES),
    right("ec2:ImportKeyPair", FOUNDATION),
    right("ec2:RebootInstances", &["reboot-server", "reboot-environment"]),
    right("ec2:RevokeSecurityGroupIngress", FOUNDATION),
    right("ec2:RunInstances", SERVERS),
    right("ec2:StopInstances", &["promote-replica", "new-server"]),
    right(
        "ec2:TerminateInstances",
        &[
            "terminate-server",
            "terminate-environment",
            "new-server",
            "create-release",
            "create-environment",
            "recreate-environment",
        ],
    ),
    right("elasticloadbalancing:AddTags", FOUNDATION),
    right("elasticloadbalancing:ConfigureHealthCheck", FOUNDATION),
    right("elasticloadbalancing:CreateLoadBalancer", FOUNDATION),
    right("elasticloadbalancing:DeleteLoadBalancer", FOUNDATION),
    right(
        "elasticloadbalancing:DeregisterInstancesFromLoadBalancer",
        &["remove-from-load-balancer", "deploy-web", "deploy-full", "terminate-server"],
    ),
    right("elasticloadbalancing:ModifyLoadBalancerAttributes", FOUNDATION),
    right(
        "elasticloadbalancing:RegisterInstancesWithLoadBalancer",
        &["add-to-load-balancer", "deploy-web", "deploy-full"],
    ),
    right("elasticloadbalancing:SetLoadBalancerListenerSSLCertificate", &["replace-certificate"]),
    right("ssm:DeleteParameters", &[EVERY]),
    right("ssm:PutParameter", &[EVERY]),
];

/// What is known of these rights.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RightsFacts {
    /// What IAM says by simulation, by action; or why it does not.
    pub simulated: Result<BTreeMap<String, bool>, String>,
    /// What EC2 says where it is asked whether it would (`DryRun`); only where IAM says nothing.
    pub tried: BTreeMap<String, bool>,
}

pub(super) fn changes(examined: &Examined<'_>) -> Vec<Finding> {
    let Some(facts) = examined.patient.rights else { return Vec::new() };
    let (known, why) = match &facts.simulated {
        Ok(simulated) => (simulated, None),
        Err(why) => (&facts.tried, Some(why)),
    };
    let denied: Vec<&Right> = RIGHTS.iter().filter(|right| known.get(right.action) == Some(&false)).collect();
    let mut found = Vec::new();
    if why.is_none() && denied.len() == RIGHTS.len() {
        let what = "These credentials may look, and change nothing";
        let cure = "If they should, give whoever asks the second policy of README";
        return vec![
            Finding::warning(what, cure).seen("iam:SimulatePrincipalPolicy says so of every action"),
        ];
    }
    for right in denied {
        let what =
            format!("{} is not allowed: {} will not be possible", right.action, right.operations.join(", "));
        let cure = format!("Allow {} to whoever asks: README has the policy", right.action);
        // Where a policy names single resources, the simulation asks about others.
        let evidence = if why.is_none() {
            "by IAM's simulation, on any resource; a policy that names single ones may allow it there"
        } else {
            "EC2 was asked whether it would (DryRun)"
        };
        found.push(Finding::warning(what, cure).seen(evidence));
    }
    let unknown = RIGHTS.iter().filter(|right| !known.contains_key(right.action)).count();
    if let Some(why) = why {
        found.push(unsimulated(examined, unknown, why));
    } else if unknown > 0 {
        let names: Vec<&str> = RIGHTS
            .iter()
            .filter(|right| !known.contains_key(right.action))
            .map(|right| right.action)
            .collect();
        let what = format!("Whether {} is allowed is not known: IAM does not say", names.join(", "));
        found.push(Finding::unknown(what, "Ask the doctor again in a minute"));
    }
    if found.is_empty() {
        found.push(Finding::good("everything that operations change may be changed"));
    }
    found
}

/// Nobody is told that something is denied because nobody can tell.
fn unsimulated(examined: &Examined<'_>, unknown: usize, why: &str) -> Finding {
    let who = examined.patient.snapshot.identity.value();
    let who = who.map_or("ARN", |identity| identity.arn.as_str());
    let what = format!("Which of {unknown} actions that operations change AWS by are allowed is not known");
    let cure = format!(
        "Allow iam:SimulatePrincipalPolicy and iam:GetRole to {who}, or compare its policies with README's second one"
    );
    Finding::unknown(what, cure).seen(why)
}
