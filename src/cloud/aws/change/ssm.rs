//! Notes that are written and deleted.

use aws_sdk_ssm::types::{ParameterTier, ParameterType};

use super::{AwsChange, listed};
use crate::cloud::Answer;

pub const PUT: &str = "ssm:PutParameter";
pub const DELETE: &str = "ssm:DeleteParameters";

/// The most names in a request.
const NAMES: usize = 10;

/// `PutParameter`. Without `replace` AWS itself refuses a name that is taken, so that of two who write at the same
/// time one learns it.
pub async fn put(change: &AwsChange, name: &str, text: &str, replace: bool) -> Answer<()> {
    let request = change
        .clients()
        .ssm
        .put_parameter()
        .name(name)
        .value(text)
        .r#type(ParameterType::String)
        // A setting of the account could make large ones cost money.
        .tier(ParameterTier::Standard)
        .overwrite(replace);
    change.send(PUT, &format!("note {name}"), || request.clone().send()).await?;
    Ok(())
}

/// `DeleteParameters`. Those that are gone are named in the answer and are no error.
pub async fn delete(change: &AwsChange, names: &[String]) -> Answer<()> {
    for some in names.chunks(NAMES) {
        let request = change.clients().ssm.delete_parameters().set_names(Some(some.to_vec()));
        change.send(DELETE, &listed("note", some), || request.clone().send()).await?;
    }
    Ok(())
}
