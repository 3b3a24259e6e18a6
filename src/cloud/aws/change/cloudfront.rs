//! What CloudFront is asked to forget. It is one service for the whole world: the SDK sends there whatever the region is.

use aws_sdk_cloudfront::error::BuildError;
use aws_sdk_cloudfront::types::{InvalidationBatch, Paths};

use super::{AwsChange, incomplete};
use crate::cloud::{Answer, CloudError};
use crate::fleet::DistributionId;

pub const INVALIDATE: &str = "cloudfront:CreateInvalidation";

/// `CreateInvalidation`. CloudFront knows the reference again and gives the invalidation that it has.
pub async fn invalidate(
    change: &AwsChange,
    distribution: &DistributionId,
    paths: &[String],
    reference: &str,
) -> Answer<String> {
    let about = format!("distribution {distribution}");
    let batch = batch(paths, reference).map_err(|why| {
        CloudError::Refused(format!("{INVALIDATE} of {about} was not sent, as it would make no sense: {why}"))
    })?;
    let request = change.clients().cloudfront.create_invalidation();
    let request = request.distribution_id(distribution.as_str()).invalidation_batch(batch);
    let made = change.send(INVALIDATE, &about, || request.clone().send()).await?;
    let id = made.invalidation().map(|made| crate::fleet::text::one_line(made.id()));
    id.ok_or_else(|| incomplete(INVALIDATE, "invalidation"))
}

fn batch(paths: &[String], reference: &str) -> Result<InvalidationBatch, BuildError> {
    let quantity = i32::try_from(paths.len()).unwrap_or(i32::MAX);
    let paths = Paths::builder().quantity(quantity).set_items(Some(paths.to_vec())).build()?;
    InvalidationBatch::builder().paths(paths).caller_reference(reference).build()
}

#[cfg(test)]
mod tests {
    use aws_sdk_cloudfront::config::endpoint::{DefaultResolver, Params, ResolveEndpoint};

    /// Where requests of a region go, and the region that they are signed for.
    async fn place(region: &str, url: Option<&str>) -> (String, Option<String>) {
        let params = Params::builder().region(region).set_endpoint(url.map(str::to_owned)).build().unwrap();
        let found = DefaultResolver::new().resolve_endpoint(&params).await.unwrap();
        let signed = found.auth_schemes().first().and_then(|scheme| scheme.get("signingRegion"));
        let signed = signed.and_then(|region| region.as_string()).map(str::to_owned);
        (found.url().to_owned(), signed)
    }

    #[tokio::test]
    async fn the_one_service_is_asked_whatever_the_region_is_unless_another_address_is_given() {
        for region in ["us-east-1", "eu-west-1", "ap-southeast-2"] {
            let global = ("https://cloudfront.amazonaws.com".to_owned(), Some("us-east-1".to_owned()));
            assert_eq!(place(region, None).await, global, "{region}");
            assert_eq!(place(region, Some("http://127.0.0.1:5000")).await.0, "http://127.0.0.1:5000");
        }
    }
}
