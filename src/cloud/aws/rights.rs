//! What whoever asks may do, as IAM says by simulation.

use std::collections::BTreeMap;

use aws_sdk_iam::types::PolicyEvaluationDecisionType;

use super::AwsCloud;
use crate::cloud::{Answer, CloudError};
use crate::fleet::Identity;
use crate::fleet::text::one_line;

pub const SIMULATE: &str = "iam:SimulatePrincipalPolicy";
const ROLE: &str = "iam:GetRole";

/// `SimulatePrincipalPolicy` of these actions. The account's root user has no policy, and may everything.
pub async fn allowed(
    cloud: &AwsCloud,
    identity: &Identity,
    actions: &[&'static str],
    resources: &[String],
) -> Answer<BTreeMap<String, bool>> {
    if identity.arn.ends_with(":root") {
        return Ok(actions.iter().map(|action| ((*action).to_owned(), true)).collect());
    }
    let source = principal(cloud, &identity.arn).await?;
    let mut found = BTreeMap::new();
    let mut marker: Option<String> = None;
    loop {
        let call = cloud.call(SIMULATE, &source);
        let request = cloud.clients().iam.simulate_principal_policy().policy_source_arn(&source);
        let request = request
            .set_action_names(Some(actions.iter().map(|action| (*action).to_owned()).collect()))
            .set_resource_arns(Some(resources.to_vec()).filter(|all| !all.is_empty()))
            .set_marker(marker.clone());
        let page = request.send().await.map_err(|e| call.fail(e))?;
        for result in page.evaluation_results() {
            let may = result.eval_decision() == &PolicyEvaluationDecisionType::Allowed;
            found.insert(one_line(result.eval_action_name()), may);
        }
        let next = page.marker.filter(|marker| !marker.is_empty());
        if !page.is_truncated || next.is_none() || next == marker {
            return Ok(found);
        }
        marker = next;
    }
}

/// Whose policies they are: a user, or the role behind a session, whose path only IAM knows.
async fn principal(cloud: &AwsCloud, arn: &str) -> Answer<String> {
    let Some(role) = role_of(arn) else {
        return if arn.contains(":user/") {
            Ok(arn.to_owned())
        } else {
            Err(CloudError::Other(format!("IAM simulates policies of users and roles, and {arn} is neither")))
        };
    };
    let call = cloud.call(ROLE, &format!("role {role}"));
    let found = cloud.clients().iam.get_role().role_name(role).send().await.map_err(|e| call.fail(e))?;
    let named = found.role().map(|role| one_line(role.arn()));
    named.ok_or_else(|| CloudError::Other(format!("the answer to {ROLE} names no role {role}")))
}

/// `ops` of `arn:aws:sts::123456789012:assumed-role/ops/jane`.
fn role_of(arn: &str) -> Option<&str> {
    arn.split_once(":assumed-role/")?.1.split('/').next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_is_of_a_role() {
        assert_eq!(role_of("arn:aws:sts::123456789012:assumed-role/ops/jane"), Some("ops"));
        assert_eq!(role_of("arn:aws:iam::123456789012:user/ops/jane"), None);
    }
}
