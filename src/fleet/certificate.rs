//! Certificates for TLS as ACM and IAM keep them: for which names they are good, and until when.

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use super::thresholds::judge_falling;
use super::words::count;
use super::{Ground, Severity, Source, Thresholds};

/// Who keeps a certificate for load balancers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum CertificateSource {
    /// AWS Certificate Manager, in the region.
    Acm,
    /// IAM, where certificates were uploaded before there was ACM.
    Iam,
}

impl CertificateSource {
    /// Both.
    pub const ALL: [Self; 2] = [Self::Acm, Self::Iam];

    /// Its name.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Acm => "ACM",
            Self::Iam => "IAM",
        }
    }

    /// Where a list of its certificates comes from.
    #[must_use]
    pub const fn reading(self) -> Source {
        match self {
            Self::Acm => Source::AcmCertificates,
            Self::Iam => Source::IamServerCertificates,
        }
    }

    /// Who keeps the certificate of this ARN.
    #[must_use]
    pub fn of(arn: &str) -> Option<Self> {
        let parts: Vec<&str> = arn.splitn(6, ':').collect();
        match parts.as_slice() {
            ["arn", _, "acm", _, _, rest] if rest.starts_with("certificate/") => Some(Self::Acm),
            ["arn", _, "iam", _, _, rest] if rest.starts_with("server-certificate/") => Some(Self::Iam),
            _ => None,
        }
    }
}

impl fmt::Display for CertificateSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.word())
    }
}

/// How a certificate is renewed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Renewal {
    /// ACM does it in time, as long as the names are validated.
    Automatic,
    /// ACM should, and does not get on: its word for how far it is.
    Stuck(String),
    /// It was imported or uploaded: somebody has to bring a new one.
    ByHand,
}

/// A certificate.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Certificate {
    /// Its ARN.
    pub arn: String,
    /// Who keeps it.
    pub source: CertificateSource,
    /// The domain that it was asked for; with IAM the name that it was uploaded under.
    pub name: String,
    /// Every name that it is good for; none where that was not told: IAM does not look into certificates.
    pub names: Option<Vec<String>>,
    /// ACM's word: `ISSUED`, `PENDING_VALIDATION`, `EXPIRED`, …; IAM has none.
    pub status: Option<String>,
    /// Until when it is good; one that is not issued yet has no end.
    pub expires_at: Option<Timestamp>,
    /// Whether anything of AWS serves it; none where that was not told.
    pub in_use: Option<bool>,
    /// ARNs of what serves it, where that was asked for.
    pub used_by: Vec<String>,
    /// How it is renewed, as far as that was told.
    pub renewal: Option<Renewal>,
}

impl Certificate {
    /// Whole days until it expires; below 0 when it has.
    #[must_use]
    pub fn days_left(&self, now: Timestamp) -> Option<i64> {
        Some(days(self.expires_at?.duration_since(now)))
    }

    /// Whether it has expired, by its time or by ACM's word.
    #[must_use]
    pub fn is_expired(&self, now: Timestamp) -> bool {
        self.expires_at.is_some_and(|at| at <= now) || self.status.as_deref() == Some("EXPIRED")
    }

    /// Whether it can be served: IAM keeps only what can.
    #[must_use]
    pub fn is_issued(&self) -> bool {
        self.status.as_deref().is_none_or(|status| status == "ISSUED")
    }

    /// How bad it is that it expires when it does; unknown where it has no end.
    #[must_use]
    pub fn severity(&self, now: Timestamp, thresholds: &Thresholds) -> Severity {
        if self.is_expired(now) {
            return Severity::Down;
        }
        severity(self.expires_at, now, thresholds)
    }

    /// Which of these domains it is not good for; none where its names are not known.
    #[must_use]
    pub fn missing<'d>(&self, domains: &'d [String]) -> Option<Vec<&'d str>> {
        let names = self.names.as_ref()?;
        Some(uncovered(names, domains))
    }

    /// Its names in a few words: `example.com and 3 more`.
    #[must_use]
    pub fn label(&self) -> String {
        let others = self.names.iter().flatten().filter(|name| **name != self.name).count();
        match others {
            0 => self.name.clone(),
            more => format!("{} and {more} more", self.name),
        }
    }

    /// When it ends, in words: `41 days left`, `expired 3 days ago`.
    #[must_use]
    pub fn ends(&self, now: Timestamp) -> String {
        match self.expires_at {
            Some(at) => ends(at, now),
            None if self.is_expired(now) => "expired".to_owned(),
            None => "no end is told".to_owned(),
        }
    }
}

impl Ground {
    /// The certificate of this ARN: none where there is none.
    ///
    /// # Errors
    /// Why that is not known.
    pub fn certificate(&self, arn: &str) -> Result<Option<&Certificate>, &str> {
        let unread = "certificates were not read";
        let source = CertificateSource::of(arn).ok_or(unread)?;
        let all = self.certificates.get(&source).ok_or(unread)?.as_ref().map_err(String::as_str)?;
        Ok(all.iter().find(|one| one.arn == arn))
    }
}

fn days(left: SignedDuration) -> i64 {
    left.as_hours().div_euclid(24)
}

/// How bad it is that something expires at a time.
#[must_use]
pub fn severity(expires_at: Option<Timestamp>, now: Timestamp, thresholds: &Thresholds) -> Severity {
    let Some(at) = expires_at else { return Severity::Unknown };
    let left = at.duration_since(now).as_secs_f64() / 86_400.0;
    if left <= 0.0 { Severity::Down } else { judge_falling(left, thresholds.certificate_days) }
}

/// When something ends, in words: `41 days left`, `expired 3 days ago`.
#[must_use]
pub fn ends(at: Timestamp, now: Timestamp) -> String {
    let left = at.duration_since(now);
    let whole = |days: i64| count(days.unsigned_abs(), "day");
    match days(left) {
        left if left > 0 => format!("{} left", whole(left)),
        0 => "expires within a day".to_owned(),
        _ => match days(now.duration_since(at)) {
            0 => "expired today".to_owned(),
            ago => format!("expired {} ago", whole(ago)),
        },
    }
}

/// Which of these domains none of the names of a certificate is good for. A wildcard is good for one label, and a domain
/// with a wildcard wants a name with one: `*.example.com` or `.example.com`.
#[must_use]
pub fn uncovered<'d>(names: &[String], domains: &'d [String]) -> Vec<&'d str> {
    let is_covered = |domain: &str| names.iter().any(|name| covers(name, domain));
    domains.iter().map(String::as_str).filter(|domain| !is_covered(domain)).collect()
}

fn covers(name: &str, domain: &str) -> bool {
    let same = |a: &str, b: &str| a.eq_ignore_ascii_case(b);
    let wanted = domain.strip_prefix('.').map(|rest| format!("*.{rest}"));
    let wanted = wanted.as_deref().unwrap_or(domain).trim_end_matches('.');
    same(name, wanted)
        || name.strip_prefix("*.").is_some_and(|parent| {
            wanted.split_once('.').is_some_and(|(label, rest)| label != "*" && same(rest, parent))
        })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::sample::{certificate, epoch};

    fn ends_in(days: i64) -> Certificate {
        Certificate {
            expires_at: Some(epoch() + SignedDuration::from_hours(24 * days)),
            ..certificate("arn:aws:acm:us-east-1:1:certificate/a", &["example.com"])
        }
    }

    #[test]
    fn a_certificate_warns_at_thirty_days_and_is_down_at_seven() {
        let thresholds = Thresholds::default();
        let severity = |days| ends_in(days).severity(epoch(), &thresholds);
        let found = [31, 30, 8, 7, 0, -1].map(severity);
        let (ok, warn, down) = (Severity::Ok, Severity::Warn, Severity::Down);
        assert_eq!(found, [ok, warn, warn, down, down, down]);
        let pending = Certificate { expires_at: None, ..ends_in(0) };
        assert_eq!(pending.severity(epoch(), &thresholds), Severity::Unknown, "no end is not an end");
        let expired = Certificate { status: Some("EXPIRED".into()), ..ends_in(90) };
        assert_eq!(expired.severity(epoch(), &thresholds), Severity::Down);
    }

    #[test]
    fn days_are_said_as_people_do() {
        let said = |days| ends_in(days).ends(epoch());
        assert_eq!(
            [41, 1, 0, -3].map(said),
            ["41 days left", "1 day left", "expires within a day", "expired 3 days ago"]
        );
    }

    #[test]
    fn a_wildcard_is_good_for_one_label_and_a_domain_with_one_wants_it() {
        let missing = |names: &[&str], domains: &[&str]| {
            let owned = |all: &[&str]| all.iter().map(|one| (*one).to_owned()).collect::<Vec<_>>();
            let domains = owned(domains);
            uncovered(&owned(names), &domains).join(" ")
        };
        assert_eq!(missing(&["example.com", "*.example.com"], &["example.com", "WWW.example.com"]), "");
        assert_eq!(
            missing(&["*.example.com"], &["example.com", "a.b.example.com"]),
            "example.com a.b.example.com"
        );
        assert_eq!(
            missing(&["www.example.com"], &["*.example.com", ".example.com"]),
            "*.example.com .example.com"
        );
        assert_eq!(missing(&["*.example.com"], &["*.example.com", ".example.com"]), "");
    }

    #[test]
    fn an_arn_says_who_keeps_the_certificate() {
        let of = CertificateSource::of;
        assert_eq!(of("arn:aws:acm:eu-west-1:1:certificate/a"), Some(CertificateSource::Acm));
        assert_eq!(of("arn:aws:iam::1:server-certificate/site"), Some(CertificateSource::Iam));
        assert_eq!((of("arn:aws:acm:1"), of("mine")), (None, None));
    }
}
