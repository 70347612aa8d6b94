//! Requests to a registry. A request that failed for a passing cause is tried again until a deadline, after a pause: a random
//! part of a time that doubles from attempt to attempt.

use std::fmt;
use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use aws_sdk_s3::primitives::{ByteStream, SdkBody};
use aws_smithy_http_client::Connector;
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::tls::{Provider, TlsContext, TrustStore};
use aws_smithy_runtime_api::client::http::{HttpConnector, HttpConnectorSettings};
use aws_smithy_runtime_api::http::Request;
use bytes::{Bytes, BytesMut};
use serde::Deserialize;
use tokio::time::{Instant, timeout};

use super::{RegistryError, secrets};
use crate::decode::RegistryConfig;

/// How long it may take to connect.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// The most bytes of an answer: far more than any schema has.
const MOST_BYTES: usize = 16 << 20;

/// The most characters of an answer that an error quotes.
const QUOTED_CHARACTERS: usize = 200;

/// How often a request is tried, and how long.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    pub(super) attempts: u32,
    /// The longest pause before the second attempt; it doubles from attempt to attempt.
    pub(super) first_pause: Duration,
    /// How long one attempt may take.
    pub(super) attempt: Duration,
    /// No attempt begins later than this after the first.
    pub(super) deadline: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Patience {
            attempts: 7,
            first_pause: Duration::from_millis(200),
            attempt: Duration::from_secs(15),
            deadline: Duration::from_secs(60),
        }
    }
}

/// An HTTP client for one registry.
pub(super) struct Client {
    connector: Connector,
    base: String,
    authorization: Option<String>,
    patience: Patience,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // Not the authorization.
        f.debug_struct("Client").field("base", &self.base).finish()
    }
}

type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Why an attempt has no answer.
enum Failure {
    Passing(BoxError),
    Final(RegistryError),
}

/// The body of an answer that is an error.
#[derive(Deserialize)]
struct Complaint {
    error_code: Option<u32>,
    message: Option<String>,
}

impl Client {
    pub(super) fn new(config: &RegistryConfig) -> Result<Self, RegistryError> {
        let settings = HttpConnectorSettings::builder()
            .connect_timeout(CONNECT_TIMEOUT)
            .build();
        let mut roots = TrustStore::default();
        if let Some(path) = &config.ca_file {
            roots.add_pem_certificate(certificates(path)?);
        }
        let context = TlsContext::builder().with_trust_store(roots).build();
        let context = context.map_err(|error| RegistryError::Setting {
            setting: "ca_file",
            detail: error.to_string(),
        })?;
        let connector = Connector::builder()
            .proxy_config(ProxyConfig::from_env())
            .connector_settings(settings)
            .tls_provider(Provider::Rustls(CryptoMode::Ring))
            .tls_context(context)
            .build();
        Ok(Client {
            connector,
            base: config.url.trim_end_matches('/').to_owned(),
            authorization: secrets::authorization(config)?,
            patience: Patience::default(),
        })
    }

    #[cfg(test)]
    pub(super) fn with_patience(self, patience: Patience) -> Self {
        Client { patience, ..self }
    }

    /// The URL of a path of the registry.
    pub(super) fn url(&self, path: &str) -> String {
        format!("{}/{path}", self.base)
    }

    /// The body of the answer for a path; `None` where the registry answers that it has nothing there.
    ///
    /// # Errors
    /// Where the registry does not answer in time, or with another failure.
    pub(super) async fn get(&self, path: &str) -> Result<Option<Bytes>, RegistryError> {
        let (url, patience) = (self.url(path), self.patience);
        let began = Instant::now();
        let mut attempts = 0;
        loop {
            let attempt = timeout(patience.attempt, self.attempt(&url)).await;
            let cause = match attempt {
                Ok(Ok(found)) => return Ok(found),
                Ok(Err(Failure::Final(error))) => return Err(error),
                Ok(Err(Failure::Passing(cause))) => cause,
                Err(_) => format!("no answer within {:?}", patience.attempt).into(),
            };
            attempts += 1;
            let doubled = patience.first_pause * 2u32.saturating_pow(attempts - 1);
            let pause = doubled.mul_f64(random_fraction());
            if attempts >= patience.attempts || began.elapsed() + pause > patience.deadline {
                return Err(RegistryError::Unanswered {
                    url,
                    attempts,
                    source: cause,
                });
            }
            tracing::debug!(url, attempts, ?pause, %cause, "trying again");
            tokio::time::sleep(pause).await;
        }
    }

    async fn attempt(&self, url: &str) -> Result<Option<Bytes>, Failure> {
        let setting =
            |setting, detail: String| Failure::Final(RegistryError::Setting { setting, detail });
        let mut request = Request::get(url).map_err(|error| setting("url", error.to_string()))?;
        let headers = request.headers_mut();
        headers.insert(
            "accept",
            "application/vnd.schemaregistry.v1+json, application/json",
        );
        if let Some(authorization) = &self.authorization {
            let inserted = headers.try_insert("authorization", authorization.clone());
            inserted.map_err(|_| {
                let detail = "it has characters that no header may have";
                setting("token_file", detail.to_owned())
            })?;
        }
        let response = self.connector.call(request).await;
        let response = response.map_err(|error| match distrust(&error) {
            Some(detail) => Failure::Final(RegistryError::Untrusted {
                url: url.to_owned(),
                detail,
            }),
            None => Failure::Passing(error.into()),
        })?;
        let status = response.status().as_u16();
        let body = read(response.into_body()).await?;
        let complaint: Option<Complaint> = serde_json::from_slice(&body).ok();
        let code = complaint.as_ref().and_then(|body| body.error_code);
        let detail = match complaint.and_then(|body| body.message) {
            Some(message) => message,
            None => String::from_utf8_lossy(&body).into_owned(),
        };
        let detail = detail.chars().take(QUOTED_CHARACTERS).collect();
        match status {
            200 => Ok(Some(body)),
            // Any server says 404; a registry says of what with five digits.
            404 if code.is_some_and(|code| code / 100 == 404) => Ok(None),
            401 | 403 => Err(Failure::Final(RegistryError::Refused {
                url: url.to_owned(),
                status,
                detail,
            })),
            408 | 429 | 500.. => Err(Failure::Passing(format!("{status}, {detail}").into())),
            _ => Err(Failure::Final(RegistryError::Answer {
                url: url.to_owned(),
                detail: format!("{status}, {detail}"),
            })),
        }
    }
}

/// The problem with the certificate of the server, where that is the cause of `error`.
fn distrust(error: &(dyn std::error::Error + 'static)) -> Option<String> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(rustls::Error::InvalidCertificate(problem)) = error.downcast_ref() {
            return Some(problem.to_string());
        }
        // The error within an I/O error is not among its sources.
        let wrapped = error
            .downcast_ref::<std::io::Error>()
            .and_then(|io| io.get_ref());
        next = match wrapped {
            Some(wrapped) => Some(wrapped),
            None => error.source(),
        };
    }
    None
}

/// The body of an answer, within the limit.
async fn read(body: SdkBody) -> Result<Bytes, Failure> {
    let (mut stream, mut whole) = (ByteStream::new(body), BytesMut::new());
    while let Some(part) = stream.next().await {
        let part = part.map_err(|error| Failure::Passing(error.into()))?;
        if whole.len() + part.len() > MOST_BYTES {
            let detail = format!("an answer of more than {MOST_BYTES} bytes");
            return Err(Failure::Passing(detail.into()));
        }
        whole.extend_from_slice(&part);
    }
    Ok(whole.freeze())
}

/// Certificates in PEM.
fn certificates(path: &std::path::Path) -> Result<Vec<u8>, RegistryError> {
    let unfit = |detail: String| RegistryError::File {
        setting: "ca_file",
        path: path.to_owned(),
        detail,
    };
    crate::trust::certificates(path).map_err(unfit)
}

/// From 0 to below 1. Good enough to spread requests, and needs no generator.
fn random_fraction() -> f64 {
    let random = RandomState::new().hash_one(());
    (random >> 11) as f64 / (1u64 << 53) as f64
}
