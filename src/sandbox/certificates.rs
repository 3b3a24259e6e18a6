//! Certificates of a world. They follow from its seed and the time that it was made, so that there is no table of them:
//! what a load balancer serves is its listeners'.

use rusqlite::params;

use super::Scenario;
use super::clock::timestamp;
use super::dice::Dice;
use super::places::{ACCOUNT, Place, REGION, places};
use super::read::View;
use crate::fleet::{Certificate, CertificateSource, Renewal};

const DAY: i64 = 24 * 60 * 60_000;

/// One for every name of the deployment, that nothing serves yet.
const WILDCARD: &str = "0f6d0a3a-90ab-4cde-8f01-23456789abcd";

fn acm(digits: &str) -> String {
    format!("arn:aws:acm:{REGION}:{ACCOUNT}:certificate/{digits}")
}

/// The certificate that an environment's load balancer serves in a new world (1), or one to replace it by (2).
pub(super) fn arn(dice: Dice, place: &Place, which: u64) -> String {
    let digits = dice.hex(&place.balancer(), which, 32);
    let part = |from: usize, to: usize| digits.get(from..to).unwrap_or_default();
    acm(&format!("{}-{}-{}-{}-{}", part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)))
}

impl View<'_> {
    /// Everything that a source keeps.
    pub(super) fn certificates(&self, source: CertificateSource) -> rusqlite::Result<Vec<Certificate>> {
        let (scenario, made_at): (String, i64) =
            self.c
                .query_row("SELECT scenario, made_at FROM world", [], |row| Ok((row.get(0)?, row.get(1)?)))?;
        let scenario: Scenario = scenario.parse().unwrap_or_default();
        let mut all = match source {
            CertificateSource::Acm => of_acm(self.dice, scenario, made_at),
            CertificateSource::Iam => vec![Certificate {
                names: None,
                status: None,
                ..certificate(
                    format!("arn:aws:iam::{ACCOUNT}:server-certificate/example-com-2024"),
                    &["example-com-2024".to_owned()],
                    made_at + 76 * DAY,
                    Renewal::ByHand,
                )
            }],
        };
        for one in &mut all {
            let mut serving =
                self.c.prepare_cached("SELECT DISTINCT balancer FROM listeners WHERE certificate = ?1")?;
            let serving = serving.query_map(params![one.arn], |row| row.get::<_, String>(0))?;
            let serving = serving.collect::<Result<Vec<_>, _>>()?.into_iter();
            one.used_by = serving
                .map(|name| format!("arn:aws:elasticloadbalancing:{REGION}:{ACCOUNT}:loadbalancer/{name}"))
                .collect();
            one.in_use = Some(!one.used_by.is_empty());
            if one.status.is_some() && one.expires_at.is_some_and(|at| at <= timestamp(self.now)) {
                one.status = Some("EXPIRED".to_owned());
            }
        }
        all.sort_by(|a, b| (&a.name, &a.arn).cmp(&(&b.name, &b.arn)));
        Ok(all)
    }
}

fn of_acm(dice: Dice, scenario: Scenario, made_at: i64) -> Vec<Certificate> {
    let wildcard = ["example.com".to_owned(), "*.example.com".to_owned()];
    let legacy = acm("7c2e1b90-11aa-4f3e-9d20-5b6c7d8e9f00");
    let mut all = vec![
        certificate(acm(WILDCARD), &wildcard, made_at + 300 * DAY, Renewal::Automatic),
        certificate(legacy, &["legacy.example.com".to_owned()], made_at - 20 * DAY, Renewal::ByHand),
    ];
    if scenario == Scenario::Empty {
        return all;
    }
    for place in places(scenario) {
        let domains = place.domains();
        // What nobody looked at while everything else went wrong.
        let (left, renewal) = if scenario == Scenario::Incident && place.name == "staging" {
            (12, Renewal::ByHand)
        } else {
            (dice.between(&place.balancer(), 3, 90, 330), Renewal::Automatic)
        };
        all.push(certificate(arn(dice, &place, 1), &domains, made_at + left * DAY, renewal));
        all.push(certificate(arn(dice, &place, 2), &domains, made_at + 380 * DAY, Renewal::ByHand));
    }
    all
}

fn certificate(arn: String, names: &[String], expires_at: i64, renewal: Renewal) -> Certificate {
    Certificate {
        source: CertificateSource::of(&arn).unwrap_or(CertificateSource::Acm),
        arn,
        name: names.first().cloned().unwrap_or_default(),
        names: Some(names.to_vec()),
        status: Some("ISSUED".to_owned()),
        expires_at: Some(timestamp(expires_at)),
        in_use: None,
        used_by: Vec::new(),
        renewal: Some(renewal),
    }
}
