//! Certificates: what load balancers are told to serve, and what they really do.

use super::{Examined, Finding, FindingSeverity, known};
use crate::fleet::certificate::{ends, severity, uncovered};
use crate::fleet::{Certificate, CertificateSource, LoadBalancerName, Renewal, Severity};

/// Where a certificate is replaced.
fn replace(examined: &Examined<'_>) -> String {
    let environment = &examined.patient.place.name;
    format!(
        "Ask ACM for one, and have it served: quarterdeck plan replace-certificate {environment} --certificate ARN"
    )
}

/// What the listeners name: it exists, is issued, does not end soon, and is good for the site's domains.
pub(super) fn certificates(examined: &Examined<'_>) -> Vec<Finding> {
    let (patient, mut found) = (examined.patient, Vec::new());
    for name in &patient.place.load_balancers {
        let listeners = patient.snapshot.load_balancer(name).map_or(&[][..], |one| &one.listeners);
        for listener in listeners {
            if let Some(arn) = &listener.certificate {
                found.extend(one(examined, name, listener.port, arn));
            }
        }
    }
    found
}

fn one(examined: &Examined<'_>, balancer: &LoadBalancerName, port: u16, arn: &str) -> Vec<Finding> {
    let (patient, on) = (examined.patient, format!("{balancer} on {port}"));
    let Some(source) = CertificateSource::of(arn) else {
        let what = format!("What {on} serves is no certificate of ACM or IAM");
        return vec![Finding::unknown(what, "Look at it with: aws elb describe-load-balancers").seen(arn)];
    };
    let Some(reading) = patient.snapshot.certificates.get(&source) else {
        let action = source.reading().action();
        let what = format!("What {on} serves is not known: {action} was not read");
        return vec![Finding::unknown(what, "Ask the doctor again").seen(arn)];
    };
    let all = match known(&format!("What {on} serves is"), reading) {
        Ok(all) => all,
        Err(unknown) => return vec![unknown.seen(arn)],
    };
    let Some(certificate) = all.get(arn) else {
        let what = format!("The certificate that {on} serves does not exist any more");
        return vec![Finding::bad(what, replace(examined)).seen(arn)];
    };
    let mut found = vec![end(examined, &on, certificate)];
    found.extend(names(examined, &on, certificate));
    if let Some(Renewal::Stuck(word)) = &certificate.renewal {
        let what = format!("ACM does not get on with renewing the certificate that {on} serves");
        let cure = "Look at its names' validation in ACM: the records that it asks for have to stay in DNS";
        found.push(Finding::warning(what, cure).seen(word).seen(arn));
    }
    if found.iter().all(|finding| finding.severity == FindingSeverity::Good) {
        found.truncate(1);
    }
    found
}

/// Until when it is good.
fn end(examined: &Examined<'_>, on: &str, certificate: &Certificate) -> Finding {
    let (now, thresholds) = (examined.now(), &examined.patient.yardstick.thresholds);
    let (label, ends) = (certificate.label(), certificate.ends(now));
    if !certificate.is_issued() && !certificate.is_expired(now) {
        let status = certificate.status.as_deref().unwrap_or("?");
        let what = format!("The certificate that {on} serves is {status}, not ISSUED");
        return Finding::bad(what, replace(examined)).seen(&certificate.arn);
    }
    let by_hand = certificate.renewal != Some(Renewal::Automatic);
    match certificate.severity(now, thresholds) {
        Severity::Down | Severity::Warn => {
            let what = format!("The certificate that {on} serves, for {label}: {ends}");
            let cure = if by_hand {
                replace(examined)
            } else {
                "ACM should have renewed it by now: look at its names' validation there".to_owned()
            };
            let is_down = certificate.severity(now, thresholds) == Severity::Down;
            let finding = if is_down { Finding::bad(what, cure) } else { Finding::warning(what, cure) };
            finding.seen(&certificate.arn)
        }
        Severity::Unknown => Finding::unknown(
            format!("When the certificate that {on} serves ends is not known"),
            "Look at it in ACM",
        )
        .seen(&certificate.arn),
        _ => Finding::good(format!("{on} serves a certificate for {label}, {ends}")),
    }
}

/// For which domains it is good.
fn names(examined: &Examined<'_>, on: &str, certificate: &Certificate) -> Option<Finding> {
    let domains = &examined.patient.place.domains;
    Some(match certificate.missing(domains) {
        Some(missing) if missing.is_empty() => return None,
        Some(missing) => {
            let what = format!("The certificate that {on} serves is not good for {}", missing.join(", "));
            Finding::bad(what, replace(examined))
                .seen(format!(
                    "it is good for {}",
                    certificate.names.as_deref().unwrap_or_default().join(", ")
                ))
                .seen(&certificate.arn)
        }
        None => {
            let what = format!("For which names the certificate is good that {on} serves is not known");
            let cure = match certificate.source {
                CertificateSource::Acm => {
                    "Allow acm:DescribeCertificate to whoever asks: README has the policy"
                }
                CertificateSource::Iam => {
                    "Look at it yourself, or keep certificates in ACM: IAM does not tell"
                }
            };
            Finding::unknown(what, cure).seen(&certificate.arn)
        }
    })
}

/// What whoever connects is really shown.
pub(super) fn served(examined: &Examined<'_>) -> Vec<Finding> {
    let Some(all) = examined.patient.served else { return Vec::new() };
    let (now, thresholds) = (examined.now(), &examined.patient.yardstick.thresholds);
    let judged = all.iter().map(|served| {
        let (domain, by) = (&served.domain, &served.by);
        let shown = match &served.told {
            Ok(shown) => shown,
            Err(why) => {
                return Finding::unknown(
                    format!("What {by} shows whoever asks for {domain} is not known"),
                    format!("Look yourself: openssl s_client -connect {by}:443 -servername {domain}"),
                )
                .seen(why);
            }
        };
        let names = shown.names.join(", ");
        let evidence = |finding: Finding| finding.seen(format!("it is for {names}"));
        if !uncovered(&shown.names, std::slice::from_ref(domain)).is_empty() {
            let what = format!("{by} shows whoever asks for {domain} a certificate for other names");
            return evidence(Finding::bad(what, replace(examined)));
        }
        let ends = shown.expires_at.map_or_else(|| "no end is told".to_owned(), |at| ends(at, now));
        let what = format!("{by} shows whoever asks for {domain} its certificate, {ends}");
        match severity(shown.expires_at, now, thresholds) {
            Severity::Down => evidence(Finding::bad(what, replace(examined))),
            Severity::Warn => evidence(Finding::warning(what, replace(examined))),
            Severity::Unknown => evidence(Finding::unknown(what, "Look at the certificate yourself")),
            _ => Finding::good(what),
        }
    });
    judged.collect()
}
