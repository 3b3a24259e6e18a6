//! Region, credentials and deadlines: everything that is settled before the first request.

use std::sync::Arc;
use std::time::Duration;

use aws_config::default_provider::region::DefaultRegionChain;
use aws_config::profile::ProfileFileCredentialsProvider;
use aws_config::provider_config::ProviderConfig;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{AppName, BehaviorVersion, ConfigLoader, Region, SdkConfig};

use super::clients::Way;
use super::{AwsCloud, region};
use crate::cloud::{Answer, CloudError};
use crate::fleet::Endpoint;
use crate::fleet::text::one_line;

/// What the command line says about the way to AWS; what it leaves open is found as the AWS CLI finds it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Options {
    /// A profile of `~/.aws/config`. When given, credentials in the environment are ignored, as the AWS CLI
    /// does it; `AWS_PROFILE` alone does not have that effect.
    pub profile: Option<String>,
    /// The region, else that of the environment or the profile.
    pub region: Option<String>,
    /// Another address than AWS's own, for all services, else `AWS_ENDPOINT_URL`.
    pub endpoint_url: Option<String>,
}

/// Where profiles are written. By this deprecated name only can it be had without one more dependency.
#[allow(deprecated)]
pub(super) type ProfileFiles = aws_config::profile::profile_file::ProfileFiles;

/// How long each part may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Deadlines {
    /// Until the connection stands.
    pub connect: Duration,
    /// One attempt of one request, its answer included.
    pub attempt: Duration,
    /// One request with its repetitions.
    pub request: Duration,
    /// One read, which may need several requests.
    pub read: Duration,
    /// The least time between two lookups of credentials, once a request failed for want of good ones.
    pub renew: Duration,
}

/// A page of 1,000 instances is some megabytes and may come over a slow line, so that an attempt has time. A
/// read ends before the 30 s after which the refresh gives up: the adapter knows better what to say.
impl Default for Deadlines {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(3),
            attempt: Duration::from_secs(20),
            request: Duration::from_secs(25),
            read: Duration::from_secs(28),
            renew: Duration::from_secs(30),
        }
    }
}

/// Attempts of one request: AWS throttles in the ordinary course of things, and the refresh loop asks again anyway.
const ATTEMPTS: u32 = 3;

/// Prepares the way to AWS. Makes no request to AWS itself, but may read files; credentials are looked for
/// with the first request.
///
/// # Errors
/// No region, a word that cannot be one, or an endpoint that is no URL.
pub async fn connect(options: &Options) -> Answer<AwsCloud> {
    connect_within(options, Deadlines::default(), ProfileFiles::default()).await
}

/// The same with other deadlines and other files of profiles.
///
/// # Errors
/// As [`connect`].
async fn connect_within(options: &Options, deadlines: Deadlines, files: ProfileFiles) -> Answer<AwsCloud> {
    if let Some(url) = &options.endpoint_url {
        check_url(url, "--endpoint-url")?;
    }
    if let Some(name) = &options.region {
        check_region(name)?;
    }
    let config = load(options, deadlines, &files).await;
    let name = config.region().map(|r| r.as_ref().to_owned()).ok_or_else(|| {
        CloudError::Other(
            "no region is known: give --region, set AWS_REGION, or put region in the profile or in \
             fabulaws-config.yml"
                .to_owned(),
        )
    })?;
    check_region(&name)?;
    if let Some(url) = config.endpoint_url() {
        check_url(url, "AWS_ENDPOINT_URL")?;
    }
    let profile =
        options.profile.clone().or_else(|| std::env::var("AWS_PROFILE").ok().filter(|p| !p.is_empty()));
    let endpoint = Endpoint {
        region: name,
        profile: profile.map(|p| one_line(&p)),
        url: config.endpoint_url().map(one_line),
        sandbox: false,
    };
    let way = Way::new(options.clone(), deadlines, files, config);
    Ok(AwsCloud { endpoint, deadlines, way: Arc::new(way) })
}

/// Region, endpoint, deadlines and the way to credentials, as they are found now.
pub(super) async fn load(options: &Options, deadlines: Deadlines, files: &ProfileFiles) -> SdkConfig {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(deadlines.connect)
        .operation_attempt_timeout(deadlines.attempt)
        .operation_timeout(deadlines.request)
        .build();
    let mut loader: ConfigLoader = aws_config::defaults(BehaviorVersion::latest())
        .profile_files(files.clone())
        .timeout_config(timeouts)
        .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS));
    if let Ok(name) = AppName::new("quarterdeck") {
        loader = loader.app_name(name);
    }
    if let Some(name) = &options.region {
        loader = loader.region(Region::new(name.clone()));
    }
    if let Some(url) = &options.endpoint_url {
        loader = loader.endpoint_url(url);
    }
    if let Some(profile) = &options.profile {
        // The SDK would still prefer credentials of the environment; the AWS CLI does not.
        let region = match &options.region {
            Some(name) => Some(Region::new(name.clone())),
            None => DefaultRegionChain::builder().profile_name(profile).build().region().await,
        };
        let place = ProviderConfig::without_region().with_region(region);
        let credentials = ProfileFileCredentialsProvider::builder()
            .configure(&place)
            .profile_files(files.clone())
            .profile_name(profile)
            .build();
        loader = loader.profile_name(profile).credentials_provider(credentials);
    }
    loader.load().await
}

fn check_region(name: &str) -> Answer<()> {
    match region::complaint(name) {
        None => Ok(()),
        Some(why) => Err(CloudError::Other(format!("“{}” is not a region: {why}", one_line(name)))),
    }
}

/// The SDK takes any text and fails at the first request, with less to say.
fn check_url(url: &str, origin: &str) -> Answer<()> {
    let host = url.strip_prefix("http://").or_else(|| url.strip_prefix("https://"));
    if host.is_some_and(|h| h.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '['))
        && url.chars().all(|c| c.is_ascii_graphic())
    {
        return Ok(());
    }
    Err(CloudError::Other(format!(
        "{origin} “{}” is not an address: write http://host:port or https://host",
        one_line(url)
    )))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(options: &Options) -> String {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(connect(options)).unwrap_err().to_string()
    }

    #[test]
    fn a_zone_as_region_is_refused_before_any_request() {
        let said = refusal(&Options { region: Some("us-east-1c".into()), ..Options::default() });
        assert_eq!(said, "“us-east-1c” is not a region: it is an availability zone; its region is us-east-1");
    }

    #[test]
    fn an_endpoint_that_is_no_address_is_refused_with_its_right_form() {
        for url in ["localhost:5000", "http://", "http://a b", "ftp://x", "http://x\u{1b}[31m"] {
            let said = refusal(&Options { endpoint_url: Some(url.into()), ..Options::default() });
            assert!(said.contains("write http://host:port"), "{said}");
            assert!(said.chars().all(crate::fleet::text::is_printable), "{said:?}");
        }
    }

    /// Answers every request as STS does when it knows the caller.
    fn answering() -> String {
        use std::io::{Read, Write};
        let body = "<GetCallerIdentityResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><GetCallerIdentityResult><Arn>arn:aws:iam::1:user/jane</Arn><UserId>U</UserId><Account>1</Account></GetCallerIdentityResult><ResponseMetadata><RequestId>r</RequestId></ResponseMetadata></GetCallerIdentityResponse>";
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        std::thread::spawn(move || {
            for mut stream in listener.incoming().flatten() {
                let mut request = Vec::new();
                let mut some = [0; 4096];
                while !String::from_utf8_lossy(&request).contains("Action=GetCallerIdentity") {
                    match stream.read(&mut some) {
                        Ok(n @ 1..) => request.extend(&some[..n]),
                        _ => break,
                    }
                }
                let head = "HTTP/1.1 200 OK\r\ncontent-type: text/xml\r\nconnection: close";
                let _ = write!(stream, "{head}\r\ncontent-length: {}\r\n\r\n{body}", body.len());
            }
        });
        format!("http://{address}")
    }

    /// Asks who we are before and after the keys of the profile are written.
    #[allow(deprecated)]
    async fn identity_before_and_after_login(renew: Duration) -> [Answer<String>; 2] {
        use crate::cloud::CloudRead;
        use aws_config::profile::profile_file::ProfileFileKind;
        let dir = tempfile::tempdir().unwrap();
        let keys = dir.path().join("credentials");
        std::fs::write(&keys, "[other]\n").unwrap();
        let files = ProfileFiles::builder().with_file(ProfileFileKind::Credentials, &keys).build();
        let options = Options {
            profile: Some("ops".into()),
            region: Some("us-east-1".into()),
            endpoint_url: Some(answering()),
        };
        let deadlines = Deadlines { renew, ..Deadlines::default() };
        let cloud = connect_within(&options, deadlines, files).await.unwrap();
        let before = cloud.identity().await;
        std::fs::write(&keys, "[ops]\naws_access_key_id = AKIAEXAMPLE\naws_secret_access_key = x\n").unwrap();
        [before, cloud.identity().await].map(|answer| answer.map(|who| who.arn))
    }

    #[tokio::test]
    async fn a_login_during_the_session_is_noticed() {
        let [before, after] = identity_before_and_after_login(Duration::ZERO).await;
        assert!(matches!(before, Err(CloudError::Credentials(_))), "{before:?}");
        assert_eq!(after, Ok("arn:aws:iam::1:user/jane".to_owned()));
    }

    #[tokio::test]
    async fn credentials_are_not_looked_for_with_every_read() {
        let [before, after] = identity_before_and_after_login(Duration::from_secs(3_600)).await;
        assert!(matches!(before, Err(CloudError::Credentials(_))), "{before:?}");
        assert!(matches!(after, Err(CloudError::Credentials(_))), "{after:?}");
    }
}
