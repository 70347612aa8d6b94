//! The client of the AWS SDK: credentials from its default chain, TLS by rustls, proxies from the environment.
//!
//! Retries and stall detection of the SDK are switched off: both have to cover the body of a response too, so `retry`
//! and `get` implement them.

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

use super::config::S3Config;
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
    let from_environment = ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"]
        .iter()
        .filter_map(|name| std::env::var(name).ok())
        .find(|url| !url.is_empty());
    let endpoint = config
        .endpoint
        .clone()
        .or(from_environment)
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

/// The file of trusted certificates, and the setting that names it. The job takes precedence over the environment, and
/// the environment over the profile.
fn certificate_file(
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

/// The URL of Amazon's store.
pub(super) fn endpoint_of(region: Option<&str>) -> String {
    format!("https://s3.{}.amazonaws.com", region.unwrap_or(ANY_REGION))
}

/// The certificates that are trusted in addition to those of the system. Their file is named by the job, the
/// environment or the profile.
async fn trusted(config: &S3Config) -> Result<TrustStore, SourceError> {
    let of_environment = std::env::var_os("AWS_CA_BUNDLE");
    let mut named = certificate_file(config.ca_file.as_deref(), of_environment, None);
    if named.is_none() {
        let profile = config.profile.clone().map(Cow::Owned);
        let (fs, env, files) = (Fs::real(), Env::real(), Default::default());
        // If the files of the AWS tools cannot be read, the search for credentials reports it.
        let loaded = aws_config::profile::load(&fs, &env, &files, profile).await;
        let profiles = loaded.ok();
        let of_profile = profiles
            .as_ref()
            .and_then(|profiles| profiles.get("ca_bundle"));
        named = certificate_file(None, None, of_profile);
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
            // The certificates have been checked before, so this does not happen.
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
        assert_eq!(
            found(certificate_file(job, environment(), profile)),
            "/job.pem"
        );
        assert_eq!(
            found(certificate_file(None, environment(), profile)),
            "/environment.pem"
        );
        assert_eq!(
            found(certificate_file(None, Some(OsString::new()), profile)),
            "/profile.pem"
        );
        assert_eq!(certificate_file(None, None, Some("")), None);
    }
}
