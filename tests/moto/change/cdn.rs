//! What CloudFront is asked to forget.

use quarterdeck::cloud::{CloudChange, CloudError};
use quarterdeck::fleet::DistributionId;
use serde_json::{Value, json};

use super::{Account, account};

/// A distribution that serves a bucket.
fn distribution(a: &Account) -> DistributionId {
    let origin = json!({
        "Id": "static", "DomainName": "static.s3.amazonaws.com", "S3OriginConfig": {"OriginAccessIdentity": ""}
    });
    let config = json!({"DistributionConfig": {
        "CallerReference": "test", "Comment": "static files", "Enabled": true,
        "Origins": {"Quantity": 1, "Items": [origin]},
        "DefaultCacheBehavior": {
            "TargetOriginId": "static", "ViewerProtocolPolicy": "allow-all", "MinTTL": 0,
            "ForwardedValues": {"QueryString": false, "Cookies": {"Forward": "none"}}
        }
    }});
    let made = a.wire.call("cloudfront", "create_distribution", &config);
    made["Distribution"]["Id"].as_str().unwrap().into()
}

/// The invalidations of a distribution, by what others see of them.
fn invalidations(a: &Account, distribution: &DistributionId) -> Vec<Value> {
    let asked = json!({ "DistributionId": distribution.as_str() });
    let all = a.wire.call("cloudfront", "list_invalidations", &asked);
    all["InvalidationList"]["Items"].as_array().cloned().unwrap_or_default()
}

#[test]
fn a_distribution_forgets_once_however_often_it_is_asked_with_one_reference() {
    account(
        "cdn::a_distribution_forgets_once_however_often_it_is_asked_with_one_reference",
        &[],
        async |a| {
            let distribution = distribution(&a);
            let all = ["/*".to_owned()];
            a.wire.faults(&[("CreateInvalidation", "drop", 1)]);
            let lost = a.change.invalidate(&distribution, &all, "run-7-12").await.unwrap_err();
            assert!(lost.is_open(), "{lost:?}");
            let id = a.change.invalidate(&distribution, &all, "run-7-12").await.unwrap();
            assert_eq!(a.change.invalidate(&distribution, &all, "run-7-12").await, Ok(id.clone()));
            let there = invalidations(&a, &distribution);
            assert_eq!(there.len(), 1, "{there:?}");
            assert_eq!(there[0]["Id"], id.as_str());
            let other = a.change.invalidate(&distribution, &all, "run-8-12").await.unwrap();
            assert_ne!(other, id);
            let asked = json!({ "DistributionId": distribution.as_str(), "Id": id });
            let told = a.wire.call("cloudfront", "get_invalidation", &asked);
            let batch = &told["Invalidation"]["InvalidationBatch"];
            assert_eq!(
                (&batch["Paths"]["Items"], &batch["CallerReference"]),
                (&json!(["/*"]), &json!("run-7-12"))
            );
        },
    );
}

#[test]
fn a_distribution_that_is_not_there_is_absent_and_named() {
    account("cdn::a_distribution_that_is_not_there_is_absent_and_named", &[], async |a| {
        let error = a.change.invalidate(&"E0NOBODY".into(), &["/*".to_owned()], "r").await.unwrap_err();
        let CloudError::Absent(said) = &error else { panic!("{error:?}") };
        assert!(said.starts_with("distribution E0NOBODY does not exist"), "{said}");
    });
}
