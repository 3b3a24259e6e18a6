//! How a request failed, in words that say what happened, to what, and what to do.
//!
//! First the SDK's error is read into a plain [`Fault`]; then a pure function makes the message.

mod fault;

pub use fault::{Fault, is_web_page};

use aws_sdk_ec2::config::http::HttpResponse;
use aws_sdk_ec2::error::{ProvideErrorMetadata, SdkError};

use super::region;
use crate::cloud::CloudError;
use crate::fleet::Endpoint;
use crate::fleet::text::one_line;

/// Names of the errors that ask for fewer requests.
const THROTTLED: [&str; 14] = [
    "BandwidthLimitExceeded",
    "DependencyThrottle",
    "EC2ThrottledException",
    "PriorRequestNotComplete",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "ResourceContention",
    "SlowDown",
    "ThrottledException",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
    "TooManyUpdates",
];

/// Names of the errors of a caller who is known but may not.
const DENIED: [&str; 6] = [
    "AccessDenied",
    "AccessDeniedException",
    "AuthorizationError",
    "Forbidden",
    "UnauthorizedAccess",
    "UnauthorizedOperation",
];

/// Names of the errors of credentials that were good once.
const EXPIRED: [&str; 4] =
    ["ExpiredToken", "ExpiredTokenException", "TokenRefreshRequired", "CredentialsExpired"];

/// Names of the errors of credentials that nobody knows.
const UNKNOWN_KEY: [&str; 8] = [
    "AuthFailure",
    "IncompleteSignature",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidSignatureException",
    "MissingAuthenticationToken",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
];

/// Names of the errors of a clock that is wrong.
const SKEWED: [&str; 2] = ["RequestInTheFuture", "RequestTimeTooSkewed"];

/// The longest piece of AWS's own words that is passed on.
const QUOTE: usize = 120;

/// One request: what it asks, of what, and where.
#[derive(Clone, Debug)]
pub struct Call {
    action: &'static str,
    about: String,
    changes: bool,
    region: String,
    url: Option<String>,
    profile: Option<String>,
}

impl Call {
    /// `action` as IAM names it; `about` is the thing asked for, or empty.
    pub fn new(action: &'static str, about: &str, endpoint: &Endpoint) -> Self {
        Self {
            action,
            about: one_line(about),
            changes: false,
            region: endpoint.region.clone(),
            url: endpoint.url.clone(),
            profile: endpoint.profile.clone(),
        }
    }

    /// The same as a change, which nobody repeats without having looked.
    pub fn changing(self) -> Self {
        Self { changes: true, ..self }
    }

    /// The thing asked for.
    pub fn about(&self) -> &str {
        &self.about
    }

    /// Explains an error of the SDK.
    #[allow(clippy::needless_pass_by_value)]
    pub fn fail<E>(&self, error: SdkError<E, HttpResponse>) -> CloudError
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        let fault = Fault::read(&error);
        tracing::debug!(target: "quarterdeck::aws", action = self.action, about = self.about, ?fault, "failed");
        self.explain(&fault)
    }

    /// The same for a fault already read.
    pub fn explain(&self, fault: &Fault) -> CloudError {
        let (action, place) = (self.action, self.place());
        match fault {
            Fault::NoCredentials => CloudError::Credentials(self.no_credentials()),
            Fault::BadCredentials(why) => self.bad_credentials(why),
            Fault::Timeout => CloudError::Unreachable(format!(
                "no answer in time to {action} from {place}; {}; {}",
                self.afterwards(),
                self.reach_hint()
            )),
            Fault::NotConnected(why) => CloudError::Unreachable(format!(
                "no connection for {action} to {place} ({}); {}",
                quote(why),
                self.reach_hint()
            )),
            Fault::Broken(why) => CloudError::Unreachable(format!(
                "the connection broke off in the middle of {action} from {place} ({}); {}",
                quote(why),
                self.afterwards()
            )),
            Fault::WebPage { status } => CloudError::Other(format!(
                "{place} answered {action} with a web page (HTTP {status}), not as AWS does; {}",
                if self.url.is_some() {
                    "check --endpoint-url"
                } else {
                    "is a proxy or a login page of the network in between?"
                }
            )),
            Fault::Unreadable { status, why } => CloudError::Other(format!(
                "the answer to {action} from {place} makes no sense (HTTP {status}: {}); is it AWS that \
                 answers there?",
                quote(why)
            )),
            Fault::Unsendable(why) => CloudError::Refused(format!(
                "{action} could not be sent to {place} ({}); check region, profile and endpoint",
                quote(why)
            )),
            Fault::Refused { code, message, status } => self.refused(code, message, *status),
        }
    }

    fn refused(&self, code: &str, message: &str, status: u16) -> CloudError {
        let (action, place) = (self.action, self.place());
        let said = if message.is_empty() { String::new() } else { format!("; AWS says: {}", quote(message)) };
        if THROTTLED.contains(&code) || status == 429 {
            return CloudError::Throttled(format!(
                "AWS asks for fewer requests ({} to {action} in {place}); {}; the limit is shared by everybody in \
                 the account",
                or_status(code, status),
                if self.changes { "nothing was changed" } else { "it is tried again more slowly" }
            ));
        }
        if code == "ScalingActivityInProgress" {
            return CloudError::Throttled(format!(
                "{} is in the middle of a scaling activity ({code} to {action} in {place}); nothing was changed; it can be \
                 asked again when that has ended{said}",
                if self.about.is_empty() { "the group" } else { &self.about }
            ));
        }
        // EC2 answers so for temporary credentials that ran out, and for a clock that is slow.
        if code == "RequestExpired" {
            return CloudError::Credentials(format!(
                "the credentials have expired, or this machine's clock is too far from AWS's ({code} to {action} \
                 in {place}); {}; if they are new, set the clock{said}",
                self.renew_hint()
            ));
        }
        if SKEWED.contains(&code)
            || message.contains("Signature expired")
            || message.contains("not yet current")
        {
            return CloudError::Credentials(format!(
                "this machine's clock is too far from AWS's ({} to {action} in {place}); set the clock{said}",
                or_status(code, status)
            ));
        }
        if code == "OptInRequired" {
            return CloudError::Denied(format!(
                "this account has not signed up for the service of {action} in {place}{said}"
            ));
        }
        if EXPIRED.contains(&code) {
            return CloudError::Credentials(format!(
                "the credentials have expired ({code} to {action} in {place}); {}",
                self.renew_hint()
            ));
        }
        if UNKNOWN_KEY.contains(&code) {
            return CloudError::Credentials(format!(
                "AWS does not accept these credentials ({code} to {action} in {place}); check the access key \
                 and profile, and that the region is enabled for the account{said}"
            ));
        }
        if DENIED.contains(&code) || (code.is_empty() && status == 403) {
            return CloudError::Denied(format!(
                "these credentials may not {action} in {place} ({}); ask for this IAM action{said}",
                or_status(code, status)
            ));
        }
        if is_absent(code, message) {
            return CloudError::Absent(format!(
                "{} does not exist in {place} ({code} to {action}); check the name, region and account{said}",
                if self.about.is_empty() { "what was asked for" } else { &self.about }
            ));
        }
        let what = or_status(code, status);
        if is_taken(code) {
            return CloudError::Exists(format!(
                "{} is there already ({what} to {action} in {place}){said}",
                if self.about.is_empty() { "something of this name" } else { &self.about }
            ));
        }
        if code == NO_ROOM {
            // In its own words AWS says where there is room.
            let zones =
                message.split_once("or choosing ").map(|(_, zones)| quote(zones.trim_end_matches('.')));
            let advice = zones.map_or_else(
                || "ask for another zone, or another type in instance_types".to_owned(),
                |zones| {
                    format!("there is room in {zones}: plan again for one of these (--zone, or avail_zones)")
                },
            );
            return CloudError::Refused(format!(
                "AWS has no room for a server of this type in its zone now ({what} to {action} in {place}); nothing was \
                 launched, and {advice}"
            ));
        }
        if is_definite(code, status) {
            return CloudError::Refused(format!("AWS refused {action} in {place} ({what}){said}"));
        }
        CloudError::Other(format!(
            "AWS has trouble of its own ({what} to {action} in {place}); {}{said}",
            self.afterwards()
        ))
    }

    /// What becomes of a request whose outcome is open.
    fn afterwards(&self) -> &'static str {
        if self.changes {
            "it may have happened all the same: look before asking again"
        } else {
            "it is tried again"
        }
    }

    fn no_credentials(&self) -> String {
        let action = self.action;
        match &self.profile {
            Some(p) => format!(
                "no AWS credentials were found for {action} in profile {p}: check its name in ~/.aws/config and \
                 ~/.aws/credentials, or run “aws configure --profile {p}” or “aws sso login --profile {p}”"
            ),
            None => format!(
                "no AWS credentials were found for {action}: give --profile, set AWS_PROFILE, or run “aws \
                 configure” or “aws sso login”"
            ),
        }
    }

    fn bad_credentials(&self, why: &str) -> CloudError {
        let lower = why.to_lowercase();
        let hint = if lower.contains("sso") || lower.contains("expired") || lower.contains("token") {
            self.renew_hint()
        } else if lower.contains("profile") {
            "check the profile's name and ~/.aws/config".to_owned()
        } else {
            "check the profile in ~/.aws/config and that its source can be reached".to_owned()
        };
        CloudError::Credentials(format!(
            "credentials for {} could not be had{}; {hint}; the cause: {}",
            self.action,
            self.profile.as_ref().map_or_else(String::new, |p| format!(" from profile {p}")),
            quote(why)
        ))
    }

    fn renew_hint(&self) -> String {
        self.profile.as_ref().map_or_else(
            || "get new ones; with SSO, run “aws sso login”".to_owned(),
            |p| format!("get new ones; with SSO, run “aws sso login --profile {p}”"),
        )
    }

    fn reach_hint(&self) -> String {
        if self.url.is_some() {
            return "check --endpoint-url and that something listens there".to_owned();
        }
        region::nearest(&self.region).map_or_else(
            || "check the network and the region".to_owned(),
            |near| format!("check the network and the region: did you mean {near}?"),
        )
    }

    fn place(&self) -> String {
        match &self.url {
            Some(url) => format!("{} at {url}", self.region),
            None => self.region.clone(),
        }
    }
}

/// What EC2 calls it when a zone is full.
const NO_ROOM: &str = "InsufficientInstanceCapacity";

/// Whether an error says that the named thing does not exist.
fn is_absent(code: &str, message: &str) -> bool {
    code.contains("NotFound")
        || code.starts_with("NoSuch")
        || (code == "ValidationError" && message.to_lowercase().contains("not found"))
}

/// Whether an error says that the name is taken.
fn is_taken(code: &str) -> bool {
    code.contains("AlreadyExists") || code.ends_with(".Duplicate") || code.starts_with("Duplicate")
}

/// Whether a refusal leaves no doubt that nothing happened. It bears AWS's name and blames the request; EC2 also
/// says with a status of 500 that it has no room (`InsufficientInstanceCapacity`). Without a name it may come from
/// something in between that does not know.
fn is_definite(code: &str, status: u16) -> bool {
    code.starts_with("Insufficient") || (!code.is_empty() && (400..500).contains(&status))
}

fn or_status(code: &str, status: u16) -> String {
    if code.is_empty() { format!("HTTP {status}") } else { one_line(code) }
}

/// Somebody else's words, short and printable.
fn quote(words: &str) -> String {
    let line = one_line(words.trim());
    match line.char_indices().nth(QUOTE) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}

#[cfg(test)]
mod tests;
