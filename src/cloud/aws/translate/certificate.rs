//! Certificates of ACM and IAM.

use aws_sdk_acm::types::{
    CertificateDetail, CertificateStatus, CertificateSummary, CertificateType, RenewalStatus, RenewalSummary,
};
use aws_sdk_iam::types::ServerCertificateMetadata;

use super::{text, time};
use crate::fleet::text::one_line;
use crate::fleet::{Certificate, CertificateSource, Renewal};

/// A certificate as ACM lists it: up to a hundred of its names.
pub fn listed_certificate(found: &CertificateSummary) -> Option<Certificate> {
    let names = found.subject_alternative_name_summaries();
    let is_whole = found.has_additional_subject_alternative_names() != Some(true) && !names.is_empty();
    let names = is_whole.then(|| names.iter().map(|name| one_line(name)).collect());
    Some(Certificate {
        arn: text(found.certificate_arn())?,
        source: CertificateSource::Acm,
        name: text(found.domain_name()).unwrap_or_else(|| "?".to_owned()),
        names,
        status: text(found.status().map(CertificateStatus::as_str)),
        expires_at: time(found.not_after()),
        in_use: found.in_use(),
        used_by: Vec::new(),
        renewal: found.r#type().map(of_kind),
    })
}

/// A certificate as ACM describes it.
pub fn described_certificate(found: &CertificateDetail) -> Option<Certificate> {
    let names = found.subject_alternative_names();
    let used_by: Vec<String> = found.in_use_by().iter().map(|arn| one_line(arn)).collect();
    let renewal = found.renewal_summary().map(RenewalSummary::renewal_status);
    let renewal = match renewal {
        Some(RenewalStatus::Success | RenewalStatus::PendingAutoRenewal) | None => {
            found.r#type().map(of_kind)
        }
        Some(stuck) => Some(Renewal::Stuck(one_line(stuck.as_str()))),
    };
    Some(Certificate {
        arn: text(found.certificate_arn())?,
        source: CertificateSource::Acm,
        name: text(found.domain_name()).unwrap_or_else(|| "?".to_owned()),
        names: (!names.is_empty()).then(|| names.iter().map(|name| one_line(name)).collect()),
        status: text(found.status().map(CertificateStatus::as_str)),
        expires_at: time(found.not_after()),
        in_use: Some(!used_by.is_empty()),
        used_by,
        renewal,
    })
}

fn of_kind(kind: &CertificateType) -> Renewal {
    if *kind == CertificateType::Imported { Renewal::ByHand } else { Renewal::Automatic }
}

/// A certificate that was uploaded to IAM, which knows neither its names nor who serves it.
pub fn server_certificate(found: &ServerCertificateMetadata) -> Option<Certificate> {
    Some(Certificate {
        arn: text(Some(found.arn()))?,
        source: CertificateSource::Iam,
        name: one_line(found.server_certificate_name()),
        names: None,
        status: None,
        expires_at: time(found.expiration()),
        in_use: None,
        used_by: Vec::new(),
        renewal: Some(Renewal::ByHand),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ARN: &str = "arn:aws:acm:us-east-1:1:certificate/a";

    #[test]
    fn names_that_a_list_leaves_out_are_not_known_rather_than_missing() {
        let summary = CertificateSummary::builder().certificate_arn(ARN).domain_name("example.com");
        assert_eq!(listed_certificate(&summary.clone().build()).unwrap().names, None);
        let summary = summary.subject_alternative_name_summaries("example.com");
        let whole = listed_certificate(&summary.clone().build()).unwrap();
        assert_eq!(whole.names.as_deref(), Some(&["example.com".to_owned()][..]));
        let cut = summary.has_additional_subject_alternative_names(true).build();
        assert_eq!(listed_certificate(&cut).unwrap().names, None);
        assert_eq!(listed_certificate(&CertificateSummary::builder().build()), None, "no ARN");
    }

    #[test]
    fn a_certificate_that_waits_for_its_names_has_no_end() {
        let detail = CertificateDetail::builder().certificate_arn(ARN).domain_name("example.com");
        let detail =
            detail.status(CertificateStatus::PendingValidation).r#type(CertificateType::AmazonIssued);
        let found = described_certificate(&detail.build()).unwrap();
        assert_eq!((found.status.as_deref(), found.expires_at), (Some("PENDING_VALIDATION"), None));
        assert!(!found.is_issued() && found.renewal == Some(Renewal::Automatic));
    }
}
