//! Classification of failed requests: temporary errors, which are retried, and permanent ones, which are reported.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};

use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::operation::RequestId;
use aws_smithy_runtime_api::client::dns::ResolveDnsError;
use aws_smithy_runtime_api::http::Response;

use crate::aws::{BoxError, Detail, causes, of_credentials, printable, root, tried};
use crate::source::SourceError;

/// The failure of a request, by its consequence.
#[derive(Debug)]
pub(crate) enum Failure {
    /// A temporary error: a retry may succeed.
    Temporary {
        /// The error.
        cause: BoxError,
        /// Whether the store asks to slow down.
        throttled: bool,
    },
    /// An error that a retry rarely resolves: the request is tried once more.
    Doubtful(Box<SourceError>),
    /// A permanent error: a retry would fail, too.
    Final(Box<SourceError>),
    /// The request is to be repeated at once without an option that the store does not support. This does not count as
    /// an attempt.
    Modified,
}

impl Failure {
    /// A temporary error of the connection or the store.
    pub(crate) fn temporary(cause: impl Into<BoxError>) -> Self {
        Failure::Temporary {
            cause: cause.into(),
            throttled: false,
        }
    }

    /// A permanent error.
    pub(crate) fn permanent(error: SourceError) -> Self {
        Failure::Final(Box::new(error))
    }

    /// Whether the store asks to slow down.
    pub(crate) fn is_throttled(&self) -> bool {
        matches!(
            self,
            Failure::Temporary {
                throttled: true,
                ..
            }
        )
    }
}

/// The meaning of an unsuccessful answer.
#[derive(Debug)]
pub(crate) enum Answer {
    /// An error that is known to be temporary or permanent.
    Failed(Failure),
    /// The object or the version does not exist.
    NoSuchKey,
    /// The object is not what the condition of the request says.
    NotTheSame,
    /// The object is archived and has to be restored first.
    Archived,
    /// The bucket is in another region.
    Elsewhere {
        /// The region, if the store names it.
        region: Option<String>,
    },
    /// The store does not support a part of the request. It may be an option that can be left out.
    Unsupported(Failure),
}

/// A request, as messages show it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request<'a> {
    /// The action, as a verb.
    pub(super) what: &'static str,
    /// The archive or the object.
    pub(super) place: &'a str,
    /// The URL of the store.
    pub(super) endpoint: &'a str,
    /// Whether the store has answered any request yet.
    pub(super) has_answered: &'a AtomicBool,
}

impl Request<'_> {
    fn failed(self, cause: impl Into<BoxError>) -> SourceError {
        SourceError::Store {
            what: self.what,
            place: self.place.to_owned(),
            endpoint: self.endpoint.to_owned(),
            attempts: 1,
            source: cause.into(),
        }
    }

    pub(super) fn not_allowed(self, detail: String) -> SourceError {
        SourceError::NotAllowed {
            what: self.what,
            place: self.place.to_owned(),
            endpoint: self.endpoint.to_owned(),
            detail,
        }
    }

    /// The error for a bucket in another region.
    pub(crate) fn elsewhere(self, region: Option<&str>) -> SourceError {
        let region = region.unwrap_or("another region");
        self.not_allowed(format!("the bucket is in {region}"))
    }

    pub(crate) fn no_such_bucket(self) -> SourceError {
        SourceError::NoSuchBucket {
            place: self.place.to_owned(),
            endpoint: self.endpoint.to_owned(),
        }
    }

    /// The error for an answer that is a web page, which starts with `page`.
    pub(super) fn web_page(self, status: u16, page: &[u8]) -> SourceError {
        SourceError::NotAStore {
            endpoint: self.endpoint.to_owned(),
            place: self.place.to_owned(),
            detail: match title(page) {
                Some(title) => format!("HTTP {status}, `{title}`"),
                None => format!("HTTP {status}"),
            },
        }
    }

    /// Classifies an error that came without an answer.
    fn unanswered(self, error: &(dyn std::error::Error + 'static)) -> Failure {
        let problem = root(error);
        let untrusted = causes(error).find_map(|error| error.downcast_ref::<rustls::Error>());
        if let Some(error @ rustls::Error::InvalidCertificate(_)) = untrusted {
            return Failure::permanent(SourceError::Untrusted {
                endpoint: self.endpoint.to_owned(),
                problem: printable(&error.to_string()),
            });
        }
        let is_refused = causes(error).any(|error| {
            error
                .downcast_ref::<io::Error>()
                .is_some_and(|error| error.kind() == io::ErrorKind::ConnectionRefused)
        });
        let is_unknown = causes(error)
            .any(|error| error.downcast_ref::<ResolveDnsError>().is_some())
            || problem.contains("failed to lookup address");
        let is_no_tls = untrusted.is_some() || problem == "tls handshake eof";
        // A store that has answered before is probably unavailable for a short time only.
        if (is_refused || is_unknown || is_no_tls) && !self.has_answered.load(Ordering::Relaxed) {
            return Failure::Doubtful(Box::new(SourceError::Unreachable {
                endpoint: self.endpoint.to_owned(),
                place: self.place.to_owned(),
                problem,
            }));
        }
        Failure::temporary(problem)
    }
}

/// Classifies the error of a request.
pub(crate) fn read<E>(error: SdkError<E, Response>, request: Request<'_>) -> Answer
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    let failed = |failure| Answer::Failed(failure);
    let Some(response) = error.raw_response() else {
        if let Some(credentials) = of_credentials(&error) {
            return failed(Failure::permanent(SourceError::Credentials {
                place: request.place.to_owned(),
                source: tried(credentials).into(),
            }));
        }
        // A request that could not be built is an error in backfold or in the settings.
        return failed(match error {
            SdkError::ConstructionFailure(_) => Failure::permanent(request.failed(root(&error))),
            error => request.unanswered(&error),
        });
    };
    request.has_answered.store(true, Ordering::Relaxed);
    let status = response.status().as_u16();
    let headers = response.headers();
    let region = headers.get("x-amz-bucket-region").map(str::to_owned);
    let body = response.body().bytes().unwrap_or_default();
    let meta = error.as_service_error().map(ProvideErrorMetadata::meta);
    let code = meta.and_then(|meta| meta.code()).unwrap_or_default();
    let message = meta.and_then(|meta| meta.message()).unwrap_or_default();
    let detail = Detail {
        status,
        code,
        message,
        request_id: error.request_id(),
    }
    .to_string();
    if is_page(body) || (code.is_empty() && is_page_type(headers.get("content-type"))) {
        return failed(match status {
            // A proxy that cannot reach the store answers with a page.
            429 | 500 | 502..=599 => Failure::Temporary {
                cause: format!("HTTP {status}, a web page").into(),
                throttled: matches!(status, 429 | 503),
            },
            _ => Failure::permanent(request.web_page(status, body)),
        });
    }
    classify(status, code, region, detail, &root(&error), request)
}

/// Classifies an answer by its status and its error code. `region` is where the bucket is, if the store says so;
/// `detail` describes the answer, and `cause` is the innermost error.
fn classify(
    status: u16,
    code: &str,
    region: Option<String>,
    detail: String,
    cause: &str,
    request: Request<'_>,
) -> Answer {
    let failed = |failure| Answer::Failed(failure);
    match (status, code) {
        (_, "NoSuchBucket") => failed(Failure::permanent(request.no_such_bucket())),
        (404, _) => Answer::NoSuchKey,
        (412, _) | (_, "PreconditionFailed") => Answer::NotTheSame,
        (_, "InvalidObjectState") => Answer::Archived,
        (301 | 307, _) | (_, "PermanentRedirect" | "AuthorizationHeaderMalformed") => {
            Answer::Elsewhere { region }
        }
        (501, _) | (400, "NotImplemented" | "InvalidArgument" | "UnsupportedOperation") => {
            Answer::Unsupported(Failure::permanent(request.failed(detail)))
        }
        (503 | 429, _)
        | (
            _,
            "SlowDown"
            | "Throttling"
            | "ThrottlingException"
            | "RequestLimitExceeded"
            | "TooManyRequests"
            | "RequestThrottled",
        ) => failed(Failure::Temporary {
            cause: detail.into(),
            throttled: true,
        }),
        (500..=599, _)
        | (
            _,
            "RequestTimeout" | "InternalError" | "OperationAborted" | "ConditionalRequestConflict",
        ) => failed(Failure::temporary(detail)),
        (401 | 403, _) | (400, "ExpiredToken" | "InvalidToken" | "TokenRefreshRequired") => {
            failed(Failure::permanent(request.not_allowed(detail)))
        }
        (400..=499, _) => failed(Failure::permanent(request.failed(detail))),
        // A success with an invalid body: it was cut off, or it contains an error.
        _ => failed(Failure::temporary(match code {
            "" => format!("HTTP {status}, but the answer is not valid: {cause}"),
            _ => detail,
        })),
    }
}

/// Whether a body is a web page.
fn is_page(body: &[u8]) -> bool {
    let begin = body.trim_ascii_start();
    ["<!doctype html", "<html"].iter().any(|tag| {
        begin
            .get(..tag.len())
            .is_some_and(|begin| begin.eq_ignore_ascii_case(tag.as_bytes()))
    })
}

pub(super) fn is_page_type(content_type: Option<&str>) -> bool {
    content_type.is_some_and(|content_type| content_type.starts_with("text/html"))
}

/// The title of a web page.
fn title(page: &[u8]) -> Option<String> {
    let page = String::from_utf8_lossy(&page[..page.len().min(64 << 10)]);
    let begin = page.to_ascii_lowercase().find("<title>")? + "<title>".len();
    let (title, _) = page[begin..].split_once("</")?;
    let title = printable(title);
    (!title.is_empty()).then_some(title)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_that_is_not_trusted_is_a_permanent_error() {
        let untrusted = rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer);
        let error = io::Error::other(io::Error::other(untrusted));
        let has_answered = AtomicBool::new(false);
        let request = Request {
            what: "list",
            place: "s3://b/",
            endpoint: "https://s",
            has_answered: &has_answered,
        };
        let Failure::Final(error) = request.unanswered(&error) else {
            panic!("not permanent");
        };
        insta::assert_snapshot!(error, @"the certificate of the store at https://s is not trusted: invalid peer certificate: UnknownIssuer");
        let away = io::Error::from(io::ErrorKind::ConnectionRefused);
        assert!(matches!(request.unanswered(&away), Failure::Doubtful(_)));
        // A store that has answered before may be restarting.
        has_answered.store(true, Ordering::Relaxed);
        assert!(matches!(
            request.unanswered(&away),
            Failure::Temporary { .. }
        ));
    }

    #[test]
    fn web_pages_are_known_by_their_first_tag() {
        let page = b"  <!DOCTYPE HTML><html><head><Title> Console\n | Sign in </title>";
        assert!(is_page(page) && !is_page(b"<Error>"));
        assert_eq!(title(page).as_deref(), Some("Console | Sign in"));
        assert_eq!(title(b"<html>"), None);
    }
}
