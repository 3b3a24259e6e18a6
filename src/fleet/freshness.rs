//! A value together with when and where it was read, and what went wrong since.

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::Topic;

/// Where a value comes from; shown on detail lines.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Source {
    /// STS `GetCallerIdentity`.
    StsGetCallerIdentity,
    /// EC2 `DescribeInstances`.
    Ec2DescribeInstances,
    /// EC2 `GetConsoleOutput`.
    Ec2ConsoleOutput,
    /// EC2 `DescribeInstanceStatus`.
    Ec2InstanceStatus,
    /// EC2 `DescribeInstanceCreditSpecifications`.
    Ec2CreditSpecifications,
    /// EC2 `DescribeImages`.
    Ec2DescribeImages,
    /// Auto Scaling `DescribeAutoScalingGroups`.
    AutoScalingDescribeGroups,
    /// Auto Scaling `DescribeLaunchConfigurations` and EC2 `DescribeLaunchTemplateVersions`.
    LaunchSettings,
    /// Auto Scaling `DescribeScalingActivities`.
    AutoScalingDescribeActivities,
    /// Elastic Load Balancing `DescribeLoadBalancers`.
    ElbDescribeLoadBalancers,
    /// Elastic Load Balancing `DescribeInstanceHealth`.
    ElbDescribeInstanceHealth,
    /// Elastic Load Balancing `DescribeLoadBalancerAttributes`.
    ElbAttributes,
    /// CloudWatch `GetMetricData`.
    CloudWatchGetMetricData,
    /// Systems Manager `GetParametersByPath`.
    SsmGetParametersByPath,
    /// ACM `ListCertificates`, and `DescribeCertificate` of those that our load balancers serve.
    AcmCertificates,
    /// IAM `ListServerCertificates`, and `GetServerCertificate` of those that our load balancers serve.
    IamServerCertificates,
    /// Measured on a server, over ssh.
    Probe(Topic),
}

impl Source {
    /// The AWS action as the documentation names it, or what was measured.
    #[must_use]
    pub const fn action(self) -> &'static str {
        match self {
            Self::StsGetCallerIdentity => "sts:GetCallerIdentity",
            Self::Ec2DescribeInstances => "ec2:DescribeInstances",
            Self::Ec2ConsoleOutput => "ec2:GetConsoleOutput",
            Self::Ec2InstanceStatus => "ec2:DescribeInstanceStatus",
            Self::Ec2CreditSpecifications => "ec2:DescribeInstanceCreditSpecifications",
            Self::Ec2DescribeImages => "ec2:DescribeImages",
            Self::AutoScalingDescribeGroups => "autoscaling:DescribeAutoScalingGroups",
            Self::LaunchSettings => {
                "autoscaling:DescribeLaunchConfigurations, ec2:DescribeLaunchTemplateVersions"
            }
            Self::AutoScalingDescribeActivities => "autoscaling:DescribeScalingActivities",
            Self::ElbDescribeLoadBalancers => "elasticloadbalancing:DescribeLoadBalancers",
            Self::ElbDescribeInstanceHealth => "elasticloadbalancing:DescribeInstanceHealth",
            Self::ElbAttributes => "elasticloadbalancing:DescribeLoadBalancerAttributes",
            Self::CloudWatchGetMetricData => "cloudwatch:GetMetricData",
            Self::SsmGetParametersByPath => "ssm:GetParametersByPath",
            Self::AcmCertificates => "acm:ListCertificates, acm:DescribeCertificate",
            Self::IamServerCertificates => "iam:ListServerCertificates, iam:GetServerCertificate",
            Self::Probe(topic) => topic.word(),
        }
    }
}

/// Since when something is as it is, as far as was seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Since {
    /// When it was first seen so.
    pub at: Timestamp,
    /// Whether it was seen to turn. If not it may have been so before: "for at least".
    pub turned: bool,
}

/// Why a read failed, as far as anyone who looks at the value must know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum FailureKind {
    /// The credentials may not do this; the column says so and the rest works.
    Denied,
    /// No credentials, or expired ones.
    Credentials,
    /// AWS asked for fewer requests; the loop backs off.
    Throttled,
    /// No answer: refused, timed out, name not found.
    Unreachable,
    /// The thing asked for does not exist.
    Absent,
    /// An answer that makes no sense, or an error without a better name.
    Other,
}

impl FailureKind {
    /// One word for a narrow column.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Denied => "forbidden",
            Self::Credentials => "no credentials",
            Self::Throttled => "throttled",
            Self::Unreachable => "no answer",
            Self::Absent => "missing",
            Self::Other => "failed",
        }
    }
}

/// The failure of the last attempt, and since when attempts fail.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// The first failed attempt after the last good one.
    pub since: Timestamp,
    /// What kind of failure.
    pub kind: FailureKind,
    /// What happened, to what, and what to do; cleaned of control characters.
    pub message: String,
}

/// A value that is read again and again. A failed read keeps the old value.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Reading<T> {
    source: Source,
    value: Option<T>,
    read_at: Option<Timestamp>,
    failure: Option<Failure>,
}

impl<T> Reading<T> {
    /// Nothing read yet.
    #[must_use]
    pub const fn never(source: Source) -> Self {
        Self { source, value: None, read_at: None, failure: None }
    }

    /// A value just read.
    #[must_use]
    pub const fn taken(source: Source, value: T, at: Timestamp) -> Self {
        Self { source, value: Some(value), read_at: Some(at), failure: None }
    }

    /// Takes in a good read.
    pub fn succeed(&mut self, value: T, at: Timestamp) {
        self.value = Some(value);
        self.read_at = Some(at);
        self.failure = None;
    }

    /// Takes in a failed read: the old value stays, and the first failure's time stays too.
    pub fn fail(&mut self, kind: FailureKind, message: impl Into<String>, at: Timestamp) {
        let since = self.failure.as_ref().map_or(at, |f| f.since);
        self.failure = Some(Failure { since, kind, message: message.into() });
    }

    /// The newest value, however old.
    #[must_use]
    pub const fn value(&self) -> Option<&T> {
        self.value.as_ref()
    }

    /// When the value was read.
    #[must_use]
    pub const fn read_at(&self) -> Option<Timestamp> {
        self.read_at
    }

    /// Where the value comes from.
    #[must_use]
    pub const fn source(&self) -> Source {
        self.source
    }

    /// The failure of the last attempt, if it failed.
    #[must_use]
    pub const fn failure(&self) -> Option<&Failure> {
        self.failure.as_ref()
    }

    /// How old the value is; `None` when there is none. Never negative.
    #[must_use]
    pub fn age(&self, now: Timestamp) -> Option<SignedDuration> {
        self.read_at.map(|at| now.duration_since(at).max(SignedDuration::ZERO))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).unwrap()
    }

    #[test]
    fn a_failed_read_keeps_the_old_value_and_says_since_when() {
        let mut reading = Reading::taken(Source::Ec2DescribeInstances, 3, at(0));
        reading.fail(FailureKind::Throttled, "slow down", at(10));
        reading.fail(FailureKind::Unreachable, "gone", at(20));
        assert_eq!(reading.value(), Some(&3));
        assert_eq!(reading.age(at(25)), Some(SignedDuration::from_secs(25)));
        let failure = reading.failure().unwrap();
        assert_eq!((failure.since, failure.kind), (at(10), FailureKind::Unreachable));
        reading.succeed(4, at(30));
        assert_eq!((reading.value(), reading.failure()), (Some(&4), None));
    }

    #[test]
    fn an_age_is_never_negative() {
        let reading = Reading::taken(Source::Ec2DescribeInstances, 3, at(10));
        assert_eq!(reading.age(at(0)), Some(SignedDuration::ZERO));
    }
}
