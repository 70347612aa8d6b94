//! The client of the AWS SDK: credentials from its default chain, TLS by rustls, proxies from the environment.
//!
//! Retries of the SDK are switched off: those of a load adapt to the table's throughput, so `service` and `write` implement
//! them.

use std::time::Duration;

use aws_config::BehaviorVersion;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::Region;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;

use super::config::DynamoConfig;
use crate::aws::{BadCertificates, endpoint_from_environment, http_client, trusted};
use crate::store::StoreError;

/// The timeout for a new connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// The timeout for the answer to a request.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

/// A client, and the service that it reaches, as messages show it.
pub(super) struct Connected {
    pub(super) client: Client,
    pub(super) endpoint: String,
}

/// Creates the client for `config`. Nothing is sent to the service, but the default chain may ask a metadata service for the
/// region.
///
/// # Errors
/// [`StoreError::NotConfigured`] if no region is set, or the file of trusted certificates cannot be used.
pub(super) async fn connect(config: &DynamoConfig) -> Result<Connected, StoreError> {
    let (ca_file, profile) = (config.ca_file.as_deref(), config.profile.as_deref());
    let trusted = trusted(ca_file, "`target.dynamodb.ca_file`", profile).await;
    let trusted = trusted.map_err(|bad| not_configured(certificates(&bad)))?;
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .http_client(http_client(trusted))
        .retry_config(RetryConfig::standard());
    if let Some(profile) = &config.profile {
        loader = loader.profile_name(profile);
    }
    if let Some(endpoint) = &config.endpoint {
        loader = loader.endpoint_url(endpoint);
    }
    let shared = loader.load().await;
    let region = shared.region().map(ToString::to_string);
    let region = region.or_else(|| config.region.clone());
    let endpoint = config
        .endpoint
        .clone()
        .or_else(|| endpoint_from_environment("AWS_ENDPOINT_URL_DYNAMODB"))
        .or_else(|| shared.endpoint_url().map(str::to_owned));
    let (region, endpoint) = match (region, endpoint) {
        (Some(region), Some(endpoint)) => (region, endpoint),
        (Some(region), None) => {
            let endpoint = format!("DynamoDB in {region}");
            (region, endpoint)
        }
        // A compatible service has one region, and its name does not matter.
        (None, Some(endpoint)) => ("us-east-1".to_owned(), endpoint),
        (None, None) => {
            let why = "no region is set: set `target.dynamodb.region` or AWS_REGION";
            return Err(not_configured(why.to_owned()));
        }
    };
    let settings = aws_sdk_dynamodb::config::Builder::from(&shared)
        .region(Region::new(region))
        .retry_config(RetryConfig::disabled())
        .timeout_config(timeouts())
        .build();
    Ok(Connected {
        client: Client::from_conf(settings),
        endpoint,
    })
}

/// A client of the caller, with the retries and timeouts of this store.
pub(super) fn adopt(client: &Client) -> Connected {
    let settings = client.config().to_builder();
    let settings = settings
        .retry_config(RetryConfig::disabled())
        .timeout_config(timeouts())
        .build();
    Connected {
        client: Client::from_conf(settings),
        endpoint: "DynamoDB".to_owned(),
    }
}

fn timeouts() -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .read_timeout(ANSWER_TIMEOUT)
        .operation_attempt_timeout(ANSWER_TIMEOUT)
        .build()
}

fn certificates(bad: &BadCertificates) -> String {
    format!(
        "the certificates in {}, which {} names, cannot be used: {}",
        bad.path, bad.setting, bad.problem
    )
}

fn not_configured(problem: String) -> StoreError {
    StoreError::NotConfigured {
        service: "DynamoDB",
        problem,
    }
}
