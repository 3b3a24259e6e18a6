//! `certificates`: what load balancers could serve, for which names, until when, and which of ours serves it.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Write;

use futures_util::future::join_all;
use jiff::Timestamp;
use serde::Serialize;

use super::columns::align;
use super::describe::{Paint, only};
use super::exit::{Exit, Stop};
use super::target::Target;
use crate::cloud::{Answer, CloudError, CloudRead};
use crate::fleet::{
    Certificate, CertificateSource, EnvironmentPlace, LoadBalancer, LoadBalancerName, Renewal, Severity,
    Thresholds, Topology,
};

/// The shape's version.
const VERSION: u32 = 1;

/// What to print and how.
#[derive(Debug)]
pub(crate) struct Request {
    /// Only what this environment serves, or could serve.
    pub(crate) environment: Option<String>,
    pub(crate) json: bool,
    pub(crate) paint: Paint,
    /// From where on days warn.
    pub(crate) thresholds: Thresholds,
}

#[derive(Debug, Serialize)]
struct Document {
    version: u32,
    deployment: String,
    region: String,
    sandbox: bool,
    time: Timestamp,
    certificates: Vec<CertificateJson>,
    failures: Vec<FailureJson>,
}

#[derive(Debug, Serialize)]
struct CertificateJson {
    #[serde(flatten)]
    certificate: CertificateFacts,
    /// Of ours.
    load_balancers: Vec<String>,
}

/// A certificate as documents tell of it.
#[derive(Debug, Serialize)]
pub(crate) struct CertificateFacts {
    arn: String,
    source: CertificateSource,
    name: String,
    names: Option<Vec<String>>,
    status: Option<String>,
    expires_at: Option<Timestamp>,
    days_left: Option<i64>,
    severity: &'static str,
    in_use: Option<bool>,
    renewal: Option<String>,
}

#[derive(Debug, Serialize)]
struct FailureJson {
    what: String,
    message: String,
}

impl CertificateFacts {
    pub(crate) fn of(certificate: &Certificate, now: Timestamp, thresholds: &Thresholds) -> Self {
        Self {
            arn: certificate.arn.clone(),
            source: certificate.source,
            name: certificate.name.clone(),
            names: certificate.names.clone(),
            status: certificate.status.clone(),
            expires_at: certificate.expires_at,
            days_left: certificate.days_left(now),
            severity: certificate.severity(now, thresholds).word(),
            in_use: certificate.in_use,
            renewal: certificate.renewal.as_ref().map(renewal),
        }
    }
}

/// How it is renewed, in a word.
fn renewal(renewal: &Renewal) -> String {
    match renewal {
        Renewal::Automatic => "automatic".to_owned(),
        Renewal::ByHand => "by-hand".to_owned(),
        Renewal::Stuck(word) => word.to_lowercase().replace('_', "-"),
    }
}

/// Which of our load balancers serve what.
type Serving = BTreeMap<String, BTreeSet<LoadBalancerName>>;

fn serving(balancers: &[LoadBalancer]) -> Serving {
    let mut serving = Serving::new();
    for balancer in balancers {
        for arn in balancer.listeners.iter().filter_map(|listener| listener.certificate.clone()) {
            serving.entry(arn).or_default().insert(balancer.name.clone());
        }
    }
    serving
}

/// Reads what there is and prints it. Ends with [`Exit::Failed`] when something could not be read.
pub(crate) async fn run(target: Target, request: &Request, out: &mut dyn Write) -> Result<Exit, Stop> {
    let chosen = request.environment.as_ref().map(|name| only(&target.topology, name)).transpose()?;
    let cloud = &*target.cloud;
    let mut failures: Vec<FailureJson> = Vec::new();
    let mut failed = |what: String, error: &CloudError| {
        failures.push(FailureJson { what, message: error.to_string() });
    };
    let balancers = balancers(cloud, &target.topology).await.unwrap_or_else(|error| {
        failed("load balancers".to_owned(), &error);
        Vec::new()
    });
    let serving = serving(&balancers);
    let read = CertificateSource::ALL.map(|source| {
        let closely: Vec<String> =
            serving.keys().filter(|arn| CertificateSource::of(arn) == Some(source)).cloned().collect();
        async move { (source, cloud.certificates(source, &closely).await) }
    });
    let mut all: Vec<Certificate> = Vec::new();
    for (source, found) in join_all(read).await {
        match found {
            Ok(found) => all.extend(found),
            Err(error) => failed(format!("certificates of {source}"), &error),
        }
    }
    if let Some(place) = chosen.as_ref().and_then(|topology| topology.environments.first()) {
        all.retain(|one| is_of(one, place, &serving));
    }
    let now = cloud.now();
    let exit = if failures.is_empty() { Exit::Done } else { Exit::Failed };
    if request.json {
        let ours = |arn: &str| serving.get(arn).into_iter().flatten().map(ToString::to_string).collect();
        let certificates = all.iter().map(|one| CertificateJson {
            certificate: CertificateFacts::of(one, now, &request.thresholds),
            load_balancers: ours(&one.arn),
        });
        let document = Document {
            version: VERSION,
            deployment: target.topology.deployment.to_string(),
            region: target.topology.region.clone(),
            sandbox: cloud.endpoint().sandbox,
            time: now,
            certificates: certificates.collect(),
            failures,
        };
        super::text::write_json(out, &document)?;
    } else {
        for line in lines(&all, &serving, now, request) {
            writeln!(out, "{line}")?;
        }
        for FailureJson { what, message } in &failures {
            writeln!(out, "{what}: could not be read: {message}")?;
        }
    }
    out.flush()?;
    Ok(exit)
}

/// Every load balancer of the deployment: the same certificate may be served by several environments.
async fn balancers(cloud: &dyn CloudRead, topology: &Topology) -> Answer<Vec<LoadBalancer>> {
    let names = topology.load_balancers();
    if names.is_empty() { Ok(Vec::new()) } else { cloud.load_balancers(&names).await }
}

/// Whether an environment serves a certificate, or could: it is good for some of its domains, or nobody knows.
fn is_of(certificate: &Certificate, place: &EnvironmentPlace, serving: &Serving) -> bool {
    let serves = serving.get(&certificate.arn).into_iter().flatten();
    let mut serves = serves.filter(|name| place.load_balancers.contains(name));
    let missing = certificate.missing(&place.domains);
    serves.next().is_some() || missing.is_none_or(|missing| missing.len() < place.domains.len().max(1))
}

/// A line for each, its names and its ARN below: ARNs are what operations are told.
fn lines(all: &[Certificate], serving: &Serving, now: Timestamp, request: &Request) -> Vec<String> {
    if all.is_empty() {
        return vec!["There is no certificate.".to_owned()];
    }
    let rows: Vec<[String; 5]> = all
        .iter()
        .map(|one| {
            let ours: Vec<&str> =
                serving.get(&one.arn).into_iter().flatten().map(LoadBalancerName::as_str).collect();
            let used = match (ours.is_empty(), one.in_use) {
                (false, _) => ours.join(", "),
                (true, Some(true)) => "others".to_owned(),
                (true, Some(false)) => "–".to_owned(),
                (true, None) => "?".to_owned(),
            };
            let status = one.status.clone().unwrap_or_else(|| "–".to_owned());
            [one.name.clone(), one.source.to_string(), one.ends(now), status, used]
        })
        .collect();
    let mut table = align(["NAME", "FROM", "ENDS", "STATUS", "SERVED BY"], &rows).into_iter();
    let mut lines: Vec<String> = table.next().into_iter().collect();
    for (line, one) in table.zip(all) {
        let severity = one.severity(now, &request.thresholds);
        lines.push(if severity >= Severity::Warn { request.paint.severity(severity, &line) } else { line });
        let names = match &one.names {
            Some(names) => names.join(", "),
            None => "for which names it is good, the list does not tell".to_owned(),
        };
        lines.push(format!("    {names}"));
        lines.push(format!("    {}", one.arn));
    }
    lines
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::sandbox::{Fault, FaultKind, SandboxCloud, Scenario};

    async fn printed(cloud: &SandboxCloud, environment: Option<&str>, json: bool) -> (Exit, String) {
        let target = Target {
            topology: Arc::new(cloud.topology()),
            remote: None,
            speed: 1.0,
            cloud: Arc::new(cloud.clone()),
            cloud_change: None,
            change: None,
            no_remote: None,
            clone: None,
            templates: None,
            problems: Vec::new(),
        };
        let environment = environment.map(str::to_owned);
        let (paint, thresholds) = (Paint { colours: false }, Thresholds::default());
        let mut out = Vec::new();
        let exit = run(target, &Request { environment, json, paint, thresholds }, &mut out).await.unwrap();
        (exit, String::from_utf8(out).unwrap())
    }

    #[tokio::test]
    async fn certificates_are_listed_with_their_names_days_and_who_serves_them() {
        let cloud = SandboxCloud::in_memory(Scenario::Incident, 7).unwrap();
        let (exit, text) = printed(&cloud, Some("staging"), false).await;
        assert_eq!(exit, Exit::Done);
        insta::assert_snapshot!("of_staging", text);
    }

    #[tokio::test]
    async fn the_document_tells_the_same_and_what_could_not_be_read() {
        let cloud = SandboxCloud::in_memory(Scenario::Incident, 7).unwrap();
        cloud.inject(Fault { action: Some("iam:ListServerCertificates"), kind: FaultKind::Deny });
        let (exit, text) = printed(&cloud, Some("production"), true).await;
        assert_eq!(exit, Exit::Failed);
        let document: serde_json::Value = serde_json::from_str(&text).unwrap();
        let all = document["certificates"].as_array().unwrap();
        assert!(all.iter().any(|one| one["load_balancers"][0] == "myproject-production-lb"), "{text}");
        assert!(all.iter().all(|one| one["source"] == "acm"), "{text}");
        assert_eq!(document["failures"][0]["what"], "certificates of IAM");
    }

    #[tokio::test]
    async fn without_an_environment_everything_is_listed() {
        let cloud = SandboxCloud::in_memory(Scenario::Calm, 7).unwrap();
        let (_, text) = printed(&cloud, None, false).await;
        assert!(text.contains("legacy.example.com") && text.contains("expired 20 days ago"), "{text}");
        assert!(text.contains("example-com-2024") && text.contains("does not tell"), "{text}");
    }
}
