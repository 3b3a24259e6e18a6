//! Certificates for load balancers: those of ACM in the region, and those that were uploaded to IAM.

use std::collections::BTreeMap;

use aws_sdk_acm::types::{Filters, KeyAlgorithm};
use aws_sdk_iam::types::ServerCertificate;

use super::{AwsCloud, translate, x509};
use crate::cloud::{Answer, CloudError};
use crate::fleet::{Certificate, CertificateSource};

const LIST: &str = "acm:ListCertificates";
const DESCRIBE: &str = "acm:DescribeCertificate";
const OF_IAM: &str = "iam:ListServerCertificates";
const ONE_OF_IAM: &str = "iam:GetServerCertificate";

/// The most certificates in an answer.
const PAGE: i32 = 1000;

/// The certificates of a source, in order of their names.
pub async fn certificates(
    cloud: &AwsCloud,
    source: CertificateSource,
    closely: &[String],
) -> Answer<Vec<Certificate>> {
    let mut found = match source {
        CertificateSource::Acm => of_acm(cloud, closely).await?,
        CertificateSource::Iam => of_iam(cloud, closely).await?,
    };
    found.sort_by(|a, b| (&a.name, &a.arn).cmp(&(&b.name, &b.arn)));
    Ok(found)
}

/// `ListCertificates`, and `DescribeCertificate` of each that is looked at closely.
async fn of_acm(cloud: &AwsCloud, closely: &[String]) -> Answer<Vec<Certificate>> {
    // Without them ACM lists RSA keys of 2048 bits only, and says nothing of the others.
    let every_key = KeyAlgorithm::values().iter().map(|name| KeyAlgorithm::from(*name)).collect();
    let every_key = Filters::builder().set_key_types(Some(every_key)).build();
    let mut found: BTreeMap<String, Certificate> = BTreeMap::new();
    let mut token = None;
    loop {
        let call = cloud.call(LIST, "all certificates");
        let request = cloud.clients().acm.list_certificates().max_items(PAGE).includes(every_key.clone());
        let page = request.set_next_token(token.clone()).send().await.map_err(|e| call.fail(e))?;
        let listed = page.certificate_summary_list().iter().filter_map(translate::listed_certificate);
        found.extend(listed.map(|one| (one.arn.clone(), one)));
        let next = page.next_token.filter(|t| !t.is_empty());
        if next.is_none() || next == token {
            break;
        }
        token = next;
    }
    for arn in closely {
        let call = cloud.call(DESCRIBE, &format!("certificate {arn}"));
        let request = cloud.clients().acm.describe_certificate().certificate_arn(arn);
        match request.send().await.map_err(|e| call.fail(e)) {
            Ok(told) => {
                let told = told.certificate().and_then(translate::described_certificate);
                found.extend(told.map(|one| (one.arn.clone(), one)));
            }
            Err(CloudError::Absent(_)) => drop(found.remove(arn)),
            // The list tells the most important things as well.
            Err(CloudError::Denied(_)) if found.contains_key(arn) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(found.into_values().collect())
}

/// IAM `ListServerCertificates`, and `GetServerCertificate` of each that is looked at closely: only the certificate itself tells
/// for which names it is good.
async fn of_iam(cloud: &AwsCloud, closely: &[String]) -> Answer<Vec<Certificate>> {
    let mut found = Vec::new();
    let mut marker: Option<String> = None;
    loop {
        let call = cloud.call(OF_IAM, "all server certificates");
        let request = cloud.clients().iam.list_server_certificates().max_items(PAGE);
        let page = request.set_marker(marker.clone()).send().await.map_err(|e| call.fail(e))?;
        found
            .extend(page.server_certificate_metadata_list().iter().filter_map(translate::server_certificate));
        let next = page.marker.filter(|m| !m.is_empty());
        if !page.is_truncated || next.is_none() || next == marker {
            break;
        }
        marker = next;
    }
    for one in found.iter_mut().filter(|one| closely.contains(&one.arn)) {
        let call = cloud.call(ONE_OF_IAM, &format!("server certificate {}", one.name));
        let request = cloud.clients().iam.get_server_certificate().server_certificate_name(&one.name);
        match request.send().await.map_err(|e| call.fail(e)) {
            Ok(told) => {
                let text = told.server_certificate().map(ServerCertificate::certificate_body);
                one.names = text.and_then(x509::names_in_pem);
            }
            // The list tells the most important things as well.
            Err(CloudError::Absent(_) | CloudError::Denied(_)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(found)
}
