//! The clients of the services, built anew when credentials fail: the SDK reads profiles and keys once and
//! keeps what it found, even that there is nothing, and would never notice a login.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use aws_config::SdkConfig;
use aws_config::retry::RetryConfig;

use super::clean_xml::CleanXml;
use super::connect::{self, Deadlines, Options, ProfileFiles};
use crate::fleet::Endpoint;

/// A client of a service that answers in XML.
macro_rules! clean_client {
    ($service:ident, $config:expr) => {
        $service::Client::from_conf($service::config::Builder::from($config).interceptor(CleanXml).build())
    };
}

/// One client per service, all with the same credentials.
#[derive(Debug)]
pub struct Clients {
    pub acm: aws_sdk_acm::Client,
    pub autoscaling: aws_sdk_autoscaling::Client,
    pub cloudfront: aws_sdk_cloudfront::Client,
    pub cloudwatch: aws_sdk_cloudwatch::Client,
    pub ec2: aws_sdk_ec2::Client,
    pub elb: aws_sdk_elasticloadbalancing::Client,
    pub iam: aws_sdk_iam::Client,
    pub servicequotas: aws_sdk_servicequotas::Client,
    pub ssm: aws_sdk_ssm::Client,
    pub sts: aws_sdk_sts::Client,
}

impl Clients {
    fn new(config: &SdkConfig) -> Arc<Self> {
        Arc::new(Self {
            acm: aws_sdk_acm::Client::new(config),
            autoscaling: clean_client!(aws_sdk_autoscaling, config),
            cloudfront: clean_client!(aws_sdk_cloudfront, config),
            cloudwatch: aws_sdk_cloudwatch::Client::new(config),
            ec2: clean_client!(aws_sdk_ec2, config),
            elb: clean_client!(aws_sdk_elasticloadbalancing, config),
            iam: clean_client!(aws_sdk_iam, config),
            servicequotas: aws_sdk_servicequotas::Client::new(config),
            ssm: aws_sdk_ssm::Client::new(config),
            sts: clean_client!(aws_sdk_sts, config),
        })
    }
}

/// The clients of the moment and what it takes to build others.
#[derive(Debug)]
pub struct Way {
    options: Options,
    repeats: Repeats,
    deadlines: Deadlines,
    files: ProfileFiles,
    state: Mutex<State>,
}

/// Whether the SDK sends a request again by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Repeats {
    /// As the configuration says: what reads may be repeated at any time.
    AsConfigured,
    /// Never: what changes something is not repeated after an answer that leaves open whether it happened.
    Never,
}

impl Repeats {
    fn clients(self, config: &SdkConfig) -> Arc<Clients> {
        match self {
            Self::AsConfigured => Clients::new(config),
            Self::Never => Clients::new(&config.to_builder().retry_config(RetryConfig::disabled()).build()),
        }
    }
}

#[derive(Debug)]
struct State {
    config: SdkConfig,
    clients: Arc<Clients>,
    looked_at: Instant,
    doubted: bool,
}

impl Way {
    /// With the clients of `config`, which was loaded just now.
    pub fn new(options: Options, deadlines: Deadlines, files: ProfileFiles, config: SdkConfig) -> Self {
        Self::with(options, Repeats::AsConfigured, deadlines, files, config)
    }

    fn with(
        options: Options,
        repeats: Repeats,
        deadlines: Deadlines,
        files: ProfileFiles,
        config: SdkConfig,
    ) -> Self {
        let clients = repeats.clients(&config);
        let state = State { config, clients, looked_at: Instant::now(), doubted: false };
        Self { options, repeats, deadlines, files, state: Mutex::new(state) }
    }

    /// The same way, on which nothing is sent twice.
    pub fn once(&self) -> Self {
        let config = self.state().config.clone();
        Self::with(self.options.clone(), Repeats::Never, self.deadlines, self.files.clone(), config)
    }

    /// The clients of the moment.
    pub fn clients(&self) -> Arc<Clients> {
        Arc::clone(&self.state().clients)
    }

    /// Credentials failed: they are looked for anew when their time has come.
    pub fn doubt(&self) {
        self.state().doubted = true;
    }

    /// Builds other clients when the credentials are in doubt, and not more often than the deadlines say.
    /// Region and endpoint stay those of `endpoint`, which are on the screen.
    pub async fn renew(&self, endpoint: &Endpoint) {
        {
            let mut state = self.state();
            if !state.doubted || state.looked_at.elapsed() < self.deadlines.renew {
                return;
            }
            state.doubted = false;
            state.looked_at = Instant::now();
        }
        tracing::debug!(target: "quarterdeck::aws", "credentials failed and are looked for anew");
        let options = Options { region: Some(endpoint.region.clone()), ..self.options.clone() };
        let mut config = Box::pin(connect::load(&options, self.deadlines, &self.files)).await;
        if config.endpoint_url() != endpoint.url.as_deref() {
            let mut builder = config.into_builder();
            builder.set_endpoint_url(endpoint.url.clone());
            config = builder.build();
        }
        let clients = self.repeats.clients(&config);
        let mut state = self.state();
        state.config = config;
        state.clients = clients;
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
