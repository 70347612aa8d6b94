//! The parts that all clients of the AWS SDK share: TLS by rustls, trusted certificates, proxies from the environment, and
//! the texts of errors.

use std::borrow::Cow;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore, rustls_provider::CryptoMode};
use aws_smithy_http_client::{Builder, Connector};
use aws_smithy_runtime_api::client::http::SharedHttpClient;
use aws_types::os_shim_internal::{Env, Fs};

mod causes;
mod look;

pub(crate) use causes::{BoxError, Detail, causes, of_credentials, printable, root, tried};
pub(crate) use look::{Look, look};

/// A file of certificates that cannot be used.
#[derive(Debug)]
pub(crate) struct BadCertificates {
    pub(crate) path: String,
    /// The setting that names it.
    pub(crate) setting: &'static str,
    pub(crate) problem: String,
}

/// The endpoint for a service that the environment sets, by its own variable or by that of all services.
pub(crate) fn endpoint_from_environment(of_service: &str) -> Option<String> {
    [of_service, "AWS_ENDPOINT_URL"]
        .iter()
        .filter_map(|name| std::env::var(name).ok())
        .find(|url| !url.is_empty())
}

/// The file of trusted certificates, and the setting that names it. The job takes precedence over the environment, and
/// the environment over the profile.
fn certificate_file(
    job: Option<(&Path, &'static str)>,
    environment: Option<OsString>,
    profile: Option<&str>,
) -> Option<(PathBuf, &'static str)> {
    let environment = environment.filter(|file| !file.is_empty());
    let profile = profile.filter(|file| !file.is_empty());
    job.map(|(file, setting)| (file.to_owned(), setting))
        .or_else(|| environment.map(|file| (file.into(), "the variable AWS_CA_BUNDLE")))
        .or_else(|| profile.map(|file| (file.into(), "`ca_bundle` of the profile")))
}

/// The certificates that are trusted in addition to those of the system. Their file is named by the job (`setting` is its
/// key there), the environment or the profile.
///
/// # Errors
/// Where the file cannot be read, or holds no certificate.
pub(crate) async fn trusted(
    ca_file: Option<&Path>,
    setting: &'static str,
    profile: Option<&str>,
) -> Result<TrustStore, BadCertificates> {
    let of_environment = std::env::var_os("AWS_CA_BUNDLE");
    let of_job = ca_file.map(|file| (file, setting));
    let mut named = certificate_file(of_job, of_environment, None);
    if named.is_none() {
        let profile = profile.map(|name| Cow::Owned(name.to_owned()));
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
            crate::trust::certificates(&file).map_err(|problem| BadCertificates {
                path: file.display().to_string(),
                setting,
                problem,
            })?;
        trusted.add_pem_certificate(certificates);
    }
    Ok(trusted)
}

/// An HTTP client that trusts these certificates and those of the system.
pub(crate) fn http_client(trusted: TrustStore) -> SharedHttpClient {
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
        let job = Some((Path::new("/job.pem"), "`ca_file`"));
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
