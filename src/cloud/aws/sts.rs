//! Who we are.

use super::AwsCloud;
use crate::cloud::Answer;
use crate::fleet::text::one_line;
use crate::fleet::{Identity, Source};

/// STS `GetCallerIdentity`, which needs no permission.
pub async fn identity(cloud: &AwsCloud) -> Answer<Identity> {
    let call = cloud.call(Source::StsGetCallerIdentity.action(), "");
    let found = cloud.clients().sts.get_caller_identity().send().await.map_err(|e| call.fail(e))?;
    Ok(Identity {
        account: one_line(found.account().unwrap_or("?")),
        arn: one_line(found.arn().unwrap_or("?")),
    })
}
