//! The client of the AWS SDK: credentials by its default chain, TLS by rustls, proxies by the environment.
//!
//! The SDK neither retries nor watches for stalls here: both have to go on behind the headers of a response, within
//! its body, and are `retry`'s and `get`'s.

use std::time::Duration;

use aws_config::BehaviorVersion;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::config::{Region, SharedHttpClient, StalledStreamProtectionConfig};
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};
use aws_smithy_http_client::{Builder, Connector};

use super::S3Config;

/// How long a connection may take to come about.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// The region that is asked where a bucket is, if nothing else names one.
const ANY_REGION: &str = "us-east-1";

/// A client, and whether the region was set by somebody who knows.
pub(super) struct Connected {
    pub(super) client: Client,
    pub(super) region: Option<String>,
    pub(super) has_endpoint: bool,
}

/// Makes the client for `config`. Sends nothing to the store; the chain may ask a metadata service for the region.
pub(super) async fn connect(config: &S3Config) -> Connected {
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .http_client(http_client())
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
    let has_endpoint = shared.endpoint_url().is_some()
        || ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"]
            .iter()
            .any(|name| std::env::var_os(name).is_some_and(|url| !url.is_empty()));
    let settings = aws_sdk_s3::config::Builder::from(&shared)
        .region(Region::new(
            region.clone().unwrap_or_else(|| ANY_REGION.to_owned()),
        ))
        .force_path_style(config.path_style.unwrap_or(has_endpoint))
        .retry_config(RetryConfig::disabled())
        .stalled_stream_protection(StalledStreamProtectionConfig::disabled())
        .timeout_config(
            TimeoutConfig::builder()
                .connect_timeout(CONNECT_TIMEOUT)
                .read_timeout(config.requests.stall_timeout)
                .build(),
        )
        .build();
    Connected {
        client: Client::from_conf(settings),
        region,
        has_endpoint,
    }
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

fn http_client() -> SharedHttpClient {
    Builder::new().build_with_connector_fn(|settings, components| {
        let mut connector = Connector::builder().proxy_config(ProxyConfig::from_env());
        if let Some(settings) = settings {
            connector = connector.connector_settings(settings.clone());
        }
        if let Some(sleep) = components.and_then(|components| components.sleep_impl()) {
            connector = connector.sleep_impl(sleep);
        }
        connector
            .tls_provider(Provider::Rustls(CryptoMode::Ring))
            .build()
    })
}
