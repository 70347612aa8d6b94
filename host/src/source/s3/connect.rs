//! The client of the AWS SDK: credentials by its default chain, TLS by rustls, proxies by the environment.
//!
//! The SDK neither retries nor watches for stalls here: both have to go on behind the headers of a response, within
//! its body, and are `retry`'s and `get`'s.

use std::borrow::Cow;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Duration;

use aws_config::BehaviorVersion;
use aws_sdk_s3::Client;
use aws_sdk_s3::config::retry::RetryConfig;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::config::{Region, SharedHttpClient, StalledStreamProtectionConfig};
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore, rustls_provider::CryptoMode};
use aws_smithy_http_client::{Builder, Connector};
use aws_types::os_shim_internal::{Env, Fs};

use super::S3Config;
use crate::source::SourceError;

/// How long a connection may take to come about.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// The region that is asked where a bucket is, if nothing else names one.
const ANY_REGION: &str = "us-east-1";

/// A client, and whether the region was set by somebody who knows.
pub(super) struct Connected {
    pub(super) client: Client,
    pub(super) region: Option<String>,
    /// The endpoint that was set; without one, the store is Amazon's.
    pub(super) endpoint: Option<String>,
}

/// Makes the client for `config`. Sends nothing to the store; the chain may ask a metadata service for the region.
///
/// # Errors
/// [`SourceError::Certificates`] where those that are to be trusted cannot be had.
pub(super) async fn connect(config: &S3Config) -> Result<Connected, SourceError> {
    let mut loader = aws_config::defaults(BehaviorVersion::latest())
        .http_client(http_client(trusted(config).await?))
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
    let named = ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"]
        .iter()
        .filter_map(|name| std::env::var(name).ok())
        .find(|url| !url.is_empty());
    let endpoint = config
        .endpoint
        .clone()
        .or(named)
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

/// The file of certificates, and what names it: the job before the environment before the profile.
fn named_by(
    job: Option<&Path>,
    environment: Option<OsString>,
    profile: Option<&str>,
) -> Option<(PathBuf, &'static str)> {
    let environment = environment.filter(|file| !file.is_empty());
    let profile = profile.filter(|file| !file.is_empty());
    job.map(|file| (file.to_owned(), "`source.s3.ca_file`"))
        .or_else(|| environment.map(|file| (file.into(), "the variable AWS_CA_BUNDLE")))
        .or_else(|| profile.map(|file| (file.into(), "`ca_bundle` of the profile")))
}

/// Where Amazon's store is.
pub(super) fn endpoint_of(region: Option<&str>) -> String {
    format!("https://s3.{}.amazonaws.com", region.unwrap_or(ANY_REGION))
}

/// The certificates that are trusted beside those of the system: of the file that the job names, or the environment, or
/// the profile.
async fn trusted(config: &S3Config) -> Result<TrustStore, SourceError> {
    let of_environment = std::env::var_os("AWS_CA_BUNDLE");
    let mut named = named_by(config.ca_file.as_deref(), of_environment, None);
    if named.is_none() {
        let profile = config.profile.clone().map(Cow::Owned);
        let (fs, env, files) = (Fs::real(), Env::real(), Default::default());
        // Where the files of the AWS tools cannot be read, the search for credentials says so.
        let loaded = aws_config::profile::load(&fs, &env, &files, profile).await;
        let profiles = loaded.ok();
        let of_profile = profiles
            .as_ref()
            .and_then(|profiles| profiles.get("ca_bundle"));
        named = named_by(None, None, of_profile);
    }
    let mut trusted = TrustStore::default();
    if let Some((file, setting)) = named {
        let certificates =
            crate::trust::certificates(&file).map_err(|problem| SourceError::Certificates {
                path: file.display().to_string(),
                setting,
                problem,
            })?;
        trusted.add_pem_certificate(certificates);
    }
    Ok(trusted)
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

fn http_client(trusted: TrustStore) -> SharedHttpClient {
    let context = TlsContext::builder().with_trust_store(trusted).build();
    Builder::new().build_with_connector_fn(move |settings, components| {
        let mut connector = Connector::builder().proxy_config(ProxyConfig::from_env());
        if let Some(settings) = settings {
            connector = connector.connector_settings(settings.clone());
        }
        if let Some(sleep) = components.and_then(|components| components.sleep_impl()) {
            connector = connector.sleep_impl(sleep);
        }
        let connector = connector.tls_provider(Provider::Rustls(CryptoMode::Ring));
        match &context {
            Ok(context) => connector.tls_context(context.clone()).build(),
            // It is made of what was checked before.
            Err(_) => connector.build(),
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn certificates_are_named_by_the_job_before_the_environment_before_the_profile() {
        let job = Some(Path::new("/job.pem"));
        let environment = || Some(OsString::from("/environment.pem"));
        let profile = Some("/profile.pem");
        let found = |named: Option<(PathBuf, &str)>| named.unwrap().0.display().to_string();
        assert_eq!(found(named_by(job, environment(), profile)), "/job.pem");
        assert_eq!(
            found(named_by(None, environment(), profile)),
            "/environment.pem"
        );
        assert_eq!(
            found(named_by(None, Some(OsString::new()), profile)),
            "/profile.pem"
        );
        assert_eq!(named_by(None, None, Some("")), None);
    }
}
