//! Certificates of an environment's load balancers that expire soon, or cannot be what users are shown.

use std::collections::BTreeSet;

use super::super::Note;
use crate::fleet::{EnvironmentPlace, Severity, Snapshot, Yardstick};

/// A line for each that somebody has to do something about. What is not known is not told here: how it was not read is
/// on the load balancers' page, and the doctor says it.
pub(in crate::fleet::overview) fn notes(
    snapshot: &Snapshot,
    place: &EnvironmentPlace,
    yardstick: &Yardstick,
) -> Vec<Note> {
    let mut notes = Vec::new();
    let note = |severity, text| Note { severity, text, since: None, lock: None };
    for name in &place.load_balancers {
        let listeners = snapshot.load_balancer(name).map_or(&[][..], |balancer| &balancer.listeners);
        let served: BTreeSet<&str> = listeners.iter().filter_map(|one| one.certificate.as_deref()).collect();
        for arn in served {
            match snapshot.certificate(arn) {
                None => {}
                Some(None) => {
                    let text = format!("The certificate that {name} serves does not exist any more");
                    notes.push(note(Severity::Down, text));
                }
                Some(Some(certificate)) => {
                    let severity = certificate.severity(yardstick.now, &yardstick.thresholds);
                    if severity >= Severity::Warn {
                        let (label, ends) = (certificate.label(), certificate.ends(yardstick.now));
                        notes.push(note(severity, format!("Certificate of {name} for {label}: {ends}")));
                    }
                }
            }
        }
    }
    notes
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;
    use crate::fleet::sample::{Parts, certificate, epoch};
    use crate::fleet::{FailureKind, Listener, Source};

    const ARN: &str = "arn:aws:acm:us-east-1:1:certificate/a";

    fn told(spoil: impl FnOnce(&mut Parts), after: impl FnOnce(&mut Snapshot)) -> Vec<(Severity, String)> {
        let mut parts = Parts::default();
        let place = parts.add("production", 1);
        let (protocol, instance_protocol) = ("HTTPS".to_owned(), "HTTPS".to_owned());
        let certificate = certificate(ARN, &["example.com", "www.example.com"]);
        let arn = Some(certificate.arn.clone());
        parts.load_balancers[0].listeners =
            vec![Listener { protocol, port: 443, instance_protocol, instance_port: 443, certificate: arn }];
        parts.certificates.push(certificate);
        spoil(&mut parts);
        let mut snapshot = parts.snapshot();
        after(&mut snapshot);
        let all = notes(&snapshot, &place, &Yardstick::at(epoch()));
        all.into_iter().map(|note| (note.severity, note.text)).collect()
    }

    fn ends_in(parts: &mut Parts, days: i64) {
        parts.certificates[0].expires_at = Some(epoch() + SignedDuration::from_hours(24 * days));
    }

    #[test]
    fn a_certificate_is_told_of_at_thirty_days_and_again_at_seven() {
        assert_eq!(told(|_| {}, |_| {}), []);
        let said = |days, severity, ends: &str| {
            let text = format!("Certificate of production-lb for example.com and 1 more: {ends}");
            assert_eq!(told(|parts| ends_in(parts, days), |_| {}), [(severity, text)]);
        };
        said(29, Severity::Warn, "29 days left");
        said(6, Severity::Down, "6 days left");
        said(-2, Severity::Down, "expired 2 days ago");
    }

    #[test]
    fn one_that_is_gone_is_told_of_and_one_that_was_not_read_is_not() {
        let gone = told(|parts| parts.certificates[0].arn.push('b'), |_| {});
        assert_eq!(gone[0].1, "The certificate that production-lb serves does not exist any more");
        let denied = told(
            |parts| parts.certificates.clear(),
            |snapshot| {
                let source = crate::fleet::CertificateSource::Acm;
                let mut reading = crate::fleet::Reading::never(Source::AcmCertificates);
                reading.fail(FailureKind::Denied, "ask for acm:ListCertificates", epoch());
                snapshot.certificates.insert(source, reading);
            },
        );
        assert_eq!(denied, []);
    }
}
