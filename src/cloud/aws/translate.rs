//! From the SDK's types to the fleet's. Pure, and kind to whatever stands in the fields: what has no id is
//! left out, what is missing is `?`, and every text but a note's becomes one printable line.

mod balancer;
mod certificate;
mod ground;
mod group;
mod launch;
mod machine;
mod note;
mod server;
mod subnet;

pub use balancer::{load_balancer, member_health};
pub use certificate::{described_certificate, listed_certificate, server_certificate};
pub use ground::{key_pair, security_group, vpc};
pub use group::{activity, group};
pub use launch::{image, launch_configuration, numbered_version, template_version};
pub use machine::{credit_mode, machine_status};
pub use note::note;
pub use server::server;
pub use subnet::subnet;

use aws_smithy_types::DateTime;
use jiff::Timestamp;

use crate::fleet::text::one_line;

/// What stands where AWS said nothing and the fleet needs a word.
const UNKNOWN: &str = "?";

/// A text, if there is one that is not empty.
fn text(value: Option<&str>) -> Option<String> {
    value.map(str::trim).filter(|t| !t.is_empty()).map(one_line)
}

/// The same for other parts of the adapter.
pub fn word(value: Option<&str>) -> Option<String> {
    text(value)
}

/// A text that has to be there.
fn text_or_unknown(value: Option<&str>) -> String {
    text(value).unwrap_or_else(|| UNKNOWN.to_owned())
}

/// A point in time; one outside of what can be told is none.
fn time(value: Option<&DateTime>) -> Option<Timestamp> {
    let value = value?;
    Timestamp::new(value.secs(), i32::try_from(value.subsec_nanos()).ok()?).ok()
}

/// A count, which is never negative.
fn count(value: Option<i32>) -> u32 {
    value.and_then(|n| u32::try_from(n).ok()).unwrap_or(0)
}

/// Seconds, never negative.
fn seconds(value: i32) -> std::time::Duration {
    std::time::Duration::from_secs(u64::from(count(Some(value))))
}
