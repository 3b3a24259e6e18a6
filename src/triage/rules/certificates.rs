//! Certificates that load balancers serve: gone, ending, or for other names than the site's.

use std::collections::BTreeSet;

use super::Symptom;
use crate::fleet::{Certificate, CertificateSource, LoadBalancerName, Severity};
use crate::triage::finding::Evidence;
use crate::triage::kind::Kind;
use crate::triage::patient::Patient;

/// What is wrong with the certificate of each HTTPS listener. What was not read is not told.
pub fn certificates(patient: &Patient<'_>) -> Vec<Symptom> {
    let mut found = Vec::new();
    for name in &patient.place.load_balancers {
        let listeners = patient.snapshot.load_balancer(name).map_or(&[][..], |balancer| &balancer.listeners);
        let served: BTreeSet<&str> = listeners.iter().filter_map(|one| one.certificate.as_deref()).collect();
        for arn in served {
            match patient.snapshot.certificate(arn) {
                None => {}
                Some(None) => {
                    let title = format!("The certificate that {name} serves does not exist any more");
                    let symptom = Symptom::new(Kind::Certificate, name.as_str(), Severity::Down, title);
                    let users = "nothing until the load balancer forgets it; then nobody gets in by HTTPS";
                    found.push(symptom.users(users).because(read(
                        patient,
                        arn,
                        format!("there is no {arn}"),
                    )));
                }
                Some(Some(certificate)) => found.extend(of_one(patient, name, certificate)),
            }
        }
    }
    found
}

fn read(patient: &Patient<'_>, arn: &str, text: String) -> Evidence {
    let reading = CertificateSource::of(arn).and_then(|source| patient.snapshot.certificates.get(&source));
    match reading {
        Some(reading) => patient.read(reading, text),
        None => Evidence { text, source: "certificates".into(), at: None },
    }
}

fn of_one(patient: &Patient<'_>, name: &LoadBalancerName, certificate: &Certificate) -> Option<Symptom> {
    let (now, label) = (patient.yardstick.now, certificate.label());
    let ends = certificate.ends(now);
    let severity = certificate.severity(now, &patient.yardstick.thresholds);
    if severity >= Severity::Warn {
        let expired = certificate.is_expired(now);
        let title = format!("The certificate of {name} for {label}: {ends}");
        let users =
            if expired { "every browser warns, and most people turn back" } else { "nothing until it ends" };
        let symptom = Symptom::new(Kind::Certificate, name.as_str(), severity, title).users(users);
        return Some(symptom.because(read(
            patient,
            &certificate.arn,
            format!("{}: {ends}", certificate.arn),
        )));
    }
    // A name with a wildcard in it is a pattern, and other names may be served elsewhere: the first is the site's.
    let first = patient.place.domains.first().filter(|domain| !domain.contains('*'))?;
    let missing = certificate.missing(std::slice::from_ref(first))?;
    if missing.is_empty() {
        return None;
    }
    let title = format!("The certificate of {name} is not good for {first}, but for {label}");
    let symptom = Symptom::new(Kind::Certificate, name.as_str(), Severity::Warn, title);
    let symptom = symptom.users(format!("browsers warn whoever comes by {first} through this load balancer"));
    Some(symptom.because(read(patient, &certificate.arn, format!("{} names {label}", certificate.arn))))
}
