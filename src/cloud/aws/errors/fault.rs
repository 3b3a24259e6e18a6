//! The SDK's error, read into plain data.

use std::error::Error;

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_ec2::config::http::HttpResponse;
use aws_sdk_ec2::error::{ProvideErrorMetadata, SdkError};

/// What went wrong with one request, after all its repetitions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// Nothing on this machine gave credentials.
    NoCredentials,
    /// A source of credentials is there, but gave none: expired login, unknown profile, ….
    BadCredentials(String),
    /// A deadline passed.
    Timeout,
    /// There was no connection: refused, no such host, TLS failed.
    NotConnected(String),
    /// The connection was there and broke off.
    Broken(String),
    /// HTML came where an answer of AWS should be.
    WebPage {
        /// The HTTP status.
        status: u16,
    },
    /// An answer that cannot be read.
    Unreadable {
        /// The HTTP status.
        status: u16,
        /// What the reader says.
        why: String,
    },
    /// The request could not be made.
    Unsendable(String),
    /// AWS said no.
    Refused {
        /// AWS's name of the error; empty when it gave none.
        code: String,
        /// AWS's words; may be empty.
        message: String,
        /// The HTTP status.
        status: u16,
    },
}

impl Fault {
    /// Reads the error of any operation.
    pub fn read<E>(error: &SdkError<E, HttpResponse>) -> Self
    where
        E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    {
        let status = error.raw_response().map_or(0, |r| r.status().as_u16());
        if error.raw_response().is_some_and(is_web_page) {
            return Self::WebPage { status };
        }
        if let Some(credentials) = credentials_error(error) {
            return Self::of_credentials(credentials);
        }
        match error {
            SdkError::TimeoutError(_) => Self::Timeout,
            SdkError::DispatchFailure(failure) => match failure.as_connector_error() {
                Some(e) if e.is_timeout() => Self::Timeout,
                Some(e) if was_connected(e) => Self::Broken(innermost(e)),
                Some(e) => Self::NotConnected(innermost(e)),
                None => Self::NotConnected(innermost(error)),
            },
            SdkError::ServiceError(refusal) if refusal.err().code().is_some() || status >= 300 => {
                Self::Refused {
                    code: refusal.err().code().unwrap_or_default().to_owned(),
                    message: refusal.err().message().unwrap_or_default().to_owned(),
                    status,
                }
            }
            SdkError::ServiceError(_) => Self::Unreadable { status, why: innermost(error) },
            SdkError::ResponseError(_) => {
                let why = innermost(error);
                if is_cut_short(&why) { Self::Broken(why) } else { Self::Unreadable { status, why } }
            }
            _ => Self::Unsendable(innermost(error)),
        }
    }

    fn of_credentials(error: &CredentialsError) -> Self {
        match error {
            CredentialsError::CredentialsNotLoaded(_)
                if error.source().is_none_or(|s| s.source().is_none()) =>
            {
                Self::NoCredentials
            }
            _ => Self::BadCredentials(innermost(error)),
        }
    }
}

/// The error of the credentials among the causes.
fn credentials_error<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a CredentialsError> {
    causes(error).find_map(|e| e.downcast_ref::<CredentialsError>())
}

/// An error and its causes, outermost first. Bounded, for a cause may be anything.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |e| (**e).source()).take(32)
}

/// What the innermost cause says: the outer ones only say which layer failed.
fn innermost(error: &(dyn Error + 'static)) -> String {
    causes(error).last().map_or_else(String::new, ToString::to_string)
}

/// Whether the connection stood before it failed: then the failure is not one of connecting.
fn was_connected(error: &(dyn Error + 'static)) -> bool {
    let all: Vec<String> = causes(error).map(|e| e.to_string().to_lowercase()).collect();
    let any = |words: &[&str]| all.iter().any(|said| words.iter().any(|w| said.contains(w)));
    !any(&["connect error", "dns error", "tcp connect", "refused"])
        && any(&["closed", "reset", "incomplete", "broken pipe", "end of file", "eof"])
}

fn is_cut_short(why: &str) -> bool {
    let why = why.to_lowercase();
    ["closed before", "end of file before", "incompletebody", "reset by peer", "unexpected eof"]
        .iter()
        .any(|w| why.contains(w))
}

/// Whether this is HTML, by its type or its beginning, and so comes from a proxy or a login page in between.
pub fn is_web_page(response: &HttpResponse) -> bool {
    let html_type =
        response.headers().get("content-type").is_some_and(|t| t.to_ascii_lowercase().contains("text/html"));
    let start = response.body().bytes().unwrap_or_default();
    let start = String::from_utf8_lossy(&start[..start.len().min(256)]).trim_start().to_ascii_lowercase();
    html_type || start.starts_with("<!doctype html") || start.starts_with("<html")
}
