//! The client of the AWS SDK: credentials from its default chain, TLS by rustls, proxies from the environment.
//!
//! Retries and stall detection of the SDK are switched off: both have to cover the body of a response too, so `retry`
//! and `get` implement them.

use std::time::Duration;

use aws_config::BehaviorVersion;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::config::{Region, StalledStreamProtectionConfig};

use super::config::S3Config;
use crate::aws::{BadCertificates, endpoint_from_environment, http_client, trusted};
use crate::source::SourceError;

/// The timeout for a new connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// The region to which the request for the bucket's region is sent, if no region is set.
const ANY_REGION: &str = "us-east-1";

/// A client, with the settings that it was made from.
pub(super) struct Connected {
    pub(super) client: Client,
    /// The region that was set, if any.
    pub(super) region: Option<String>,
    /// The endpoint that was set; `None` for Amazon's store.
    pub(super) endpoint: Option<String>,
}

/// Creates the client for `config`. Nothing is sent to the store, but the default chain may request the region from a
/// metadata service.
///
/// # Errors
/// [`SourceError::Certificates`] if the file of trusted certificates cannot be read.
pub(super) async fn connect(config: &S3Config) -> Result<Connected, SourceError> {
    let (ca_file, profile) = (config.ca_file.as_deref(), config.profile.as_deref());
    let trusted = trusted(ca_file, "`source.s3.ca_file`", profile).await;
    let trusted = trusted.map_err(
        |BadCertificates {
             path,
             setting,
             problem,
         }| SourceError::Certificates {
            path,
            setting,
            problem,
        },
    )?;
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .http_client(http_client(trusted))
        .retry_config(RetryConfig::standard());
    if let Some(profile) = &config.profile {
        loader = loader.profile_name(profile);
    }
    if let Some(endpoint) = &config.endpoint {
        loader = loader.endpoint_url(endpoint);
    }
    if config.anonymous {
        loader = loader.no_credentials();
    }
    let shared = loader.load().await;
    let region = shared
        .region()
        .map(ToString::to_string)
        .or_else(|| config.region.clone());
    let endpoint = config
        .endpoint
        .clone()
        .or_else(|| endpoint_from_environment("AWS_ENDPOINT_URL_S3"))
        .or_else(|| shared.endpoint_url().map(str::to_owned));
    let settings = aws_sdk_s3::config::Builder::from(&shared)
        .region(Region::new(
            region.clone().unwrap_or_else(|| ANY_REGION.to_owned()),
        ))
        .force_path_style(config.path_style.unwrap_or(endpoint.is_some()))
        .retry_config(RetryConfig::disabled())
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .timeout_config(
            TimeoutConfig::builder()
                .connect_timeout(CONNECT_TIMEOUT)
                .read_timeout(config.requests.stall_timeout)
                .build(),
        )
        .build();
    Ok(Connected {
        client: Client::from_conf(settings),
        region,
        endpoint,
    })
}

/// The URL of Amazon's store.
pub(super) fn endpoint_of(region: Option<&str>) -> String {
    format!("https://s3.{}.amazonaws.com", region.unwrap_or(ANY_REGION))
}

/// The same client in another region.
pub(super) fn moved(client: &Client, region: String) -> Client {
    Client::from_conf(
        client
            .config()
            .to_builder()
            .region(Region::new(region))
            .build(),
    )
}
