//! Certificates that load balancers are to serve: whether they exist, and are good for the site.

use std::collections::BTreeSet;

use super::draft::Draft;
use super::refused::some;
use super::{Facts, Options, Refused};
use crate::fleet::text::one_line;
use crate::fleet::{Severity, Thresholds};

/// ARNs that are to be looked at closely: the one that was given, and what the environment's load balancers serve.
pub(super) fn closely(facts: &Facts<'_>, options: &Options) -> Vec<String> {
    let balancers = facts.place.load_balancers.iter();
    let listeners = balancers.filter_map(|name| facts.snapshot.load_balancer(name));
    let served = listeners.flat_map(|balancer| &balancer.listeners).filter_map(|one| one.certificate.clone());
    let all: BTreeSet<String> = served.chain(options.certificate.clone()).collect();
    all.into_iter().collect()
}

/// `arn:aws:acm:REGION:ACCOUNT:certificate/…`, or one of IAM, which has no region.
pub(super) fn form(facts: &Facts<'_>, arn: &str) -> Result<String, Refused> {
    let parts: Vec<&str> = arn.splitn(6, ':').collect();
    let region = &facts.topology.region;
    match parts.as_slice() {
        ["arn", _, "acm", of, _, rest] if rest.starts_with("certificate/") && of == region => {
            Ok(arn.to_owned())
        }
        ["arn", _, "acm", of, _, _] if of != region => Err(Refused::Usage(format!(
            "the certificate is of region {}, and load balancers of {region} serve only its own: ask ACM for one there",
            one_line(of)
        ))),
        ["arn", _, "iam", _, _, rest] if rest.starts_with("server-certificate/") => Ok(arn.to_owned()),
        _ => Err(Refused::Usage(format!(
            "--certificate wants the ARN of a certificate, arn:aws:acm:{region}:ACCOUNT:certificate/ID, not `{}`",
            one_line(arn)
        ))),
    }
}

/// Refuses a certificate that cannot be served, or is not for the environment's domains. What it is, in a few words.
pub(super) fn judge(draft: &mut Draft<'_>, facts: &Facts<'_>, arn: &str) -> Result<String, Refused> {
    let environment = &facts.place.name;
    let unread = "certificates were not read";
    let found = match facts.ground.map_or(Err(unread), |ground| ground.certificate(arn)) {
        Ok(Some(found)) => found,
        Ok(None) => {
            return Err(Refused::State(format!(
                "there is no certificate {arn} in {}: `quarterdeck certificates {environment}` lists those there are",
                facts.topology.region
            )));
        }
        Err(why) => {
            draft.refuse_unless(
                "unread-certificate",
                format!("Whether {arn} can be served, and for which names, is not known: {why}"),
            )?;
            return Ok(arn.to_owned());
        }
    };
    let (label, ends) = (found.label(), found.ends(facts.now));
    if found.is_expired(facts.now) {
        return Err(Refused::State(format!(
            "the certificate of {label} cannot be served: {ends}; name another one, or ask for a new one"
        )));
    }
    if !found.is_issued() {
        let status = found.status.as_deref().unwrap_or("?");
        return Err(Refused::State(format!(
            "the certificate of {label} cannot be served: it is {status}, not ISSUED; see to it that its names are \
             validated"
        )));
    }
    match found.missing(&facts.place.domains) {
        Some(missing) if missing.is_empty() => {}
        Some(missing) => draft.refuse_unless(
            "other-names",
            format!(
                "The certificate is good for {}, and not for {}: browsers would warn whoever goes there",
                some(found.names.iter().flatten()),
                some(missing)
            ),
        )?,
        None => draft.note(format!(
            "For which names {label} is good, {} does not tell: look at it yourself before.",
            found.source
        )),
    }
    match found.severity(facts.now, &Thresholds::default()) {
        Severity::Warn | Severity::Down => draft.note(format!("The certificate of {label} has {ends}.")),
        _ => draft.note(format!("The certificate of {label} is good for now: {ends}.")),
    }
    Ok(label)
}
