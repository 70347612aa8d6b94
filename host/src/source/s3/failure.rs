//! What a failed request means: something that passes, or something to tell a person.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::operation::RequestId;
use aws_smithy_runtime_api::client::dns::ResolveDnsError;
use aws_smithy_runtime_api::http::Response;

use crate::source::SourceError;

pub(super) type BoxError = Box<dyn std::error::Error + Send + Sync>;

/// Why a request failed.
#[derive(Debug)]
pub(super) enum Failure {
    /// It may go well the next time.
    Passing {
        /// What happened.
        cause: BoxError,
        /// Whether the store said that it is asked too much.
        throttled: bool,
    },
    /// It fails again, unless it was bad luck: it is tried once more.
    Doubtful(Box<SourceError>),
    /// It would fail again.
    Final(Box<SourceError>),
    /// It is to be asked for at once in another way, which does not count as an attempt.
    Otherwise,
}

impl Failure {
    /// A failure of the connection or of the store that may pass.
    pub(super) fn passing(cause: impl Into<BoxError>) -> Self {
        Failure::Passing {
            cause: cause.into(),
            throttled: false,
        }
    }

    /// A failure that stays.
    pub(super) fn last(error: SourceError) -> Self {
        Failure::Final(Box::new(error))
    }

    /// Whether the store said that it is asked too much.
    pub(super) fn is_throttled(&self) -> bool {
        matches!(
            self,
            Failure::Passing {
                throttled: true,
                ..
            }
        )
    }
}

/// What the store answered instead of what was asked for.
#[derive(Debug)]
pub(super) enum Answer {
    /// Something that is known to pass or to stay.
    Told(Failure),
    /// There is no such object or version.
    NoSuchKey,
    /// The object is not the one that was asked for.
    NotTheSame,
    /// The object has to be restored first.
    Archived,
    /// The bucket is elsewhere.
    Elsewhere {
        /// Where, if the store says so.
        region: Option<String>,
    },
    /// It does not know something of the request, which may be something that can be left out.
    Unknown(Failure),
}

/// A request, as it is told.
#[derive(Clone, Copy, Debug)]
pub(super) struct Asked<'a> {
    /// What was tried, as a verb.
    pub(super) what: &'static str,
    /// The archive or the object.
    pub(super) place: &'a str,
    /// Where the store is.
    pub(super) endpoint: &'a str,
    /// Whether the store has answered anything yet.
    pub(super) has_answered: &'a AtomicBool,
}

impl Asked<'_> {
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

    /// The bucket is not where it was looked for.
    pub(super) fn elsewhere(self, region: Option<&str>) -> SourceError {
        let region = region.unwrap_or("another region");
        self.not_allowed(format!("the bucket is in {region}"))
    }

    pub(super) fn no_such_bucket(self) -> SourceError {
        SourceError::NoSuchBucket {
            place: self.place.to_owned(),
            endpoint: self.endpoint.to_owned(),
        }
    }

    /// A web page came, of which this is the beginning.
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

    /// The request got no answer.
    fn unanswered(self, error: &(dyn std::error::Error + 'static)) -> Failure {
        let problem = root(error);
        let untrusted = causes(error).find_map(|error| error.downcast_ref::<rustls::Error>());
        if let Some(error @ rustls::Error::InvalidCertificate(_)) = untrusted {
            return Failure::last(SourceError::Untrusted {
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
        // A store that has answered before is only away for a while.
        if (is_refused || is_unknown || is_no_tls) && !self.has_answered.load(Ordering::Relaxed) {
            return Failure::Doubtful(Box::new(SourceError::Unreachable {
                endpoint: self.endpoint.to_owned(),
                place: self.place.to_owned(),
                problem,
            }));
        }
        Failure::passing(problem)
    }
}

/// Reads a failure of what was asked.
pub(super) fn read<E>(error: SdkError<E, Response>, asked: Asked<'_>) -> Answer
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    let told = |failure| Answer::Told(failure);
    let Some(response) = error.raw_response() else {
        if let Some(credentials) = of_credentials(&error) {
            return told(Failure::last(SourceError::Credentials {
                place: asked.place.to_owned(),
                source: tried(credentials).into(),
            }));
        }
        // One that could not even be made is a mistake of ours or of the settings.
        return told(match error {
            SdkError::ConstructionFailure(_) => Failure::last(asked.failed(root(&error))),
            error => asked.unanswered(&error),
        });
    };
    asked.has_answered.store(true, Ordering::Relaxed);
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
        return told(match status {
            // A proxy that cannot reach the store says so on a page.
            429 | 500 | 502..=599 => Failure::Passing {
                cause: format!("HTTP {status}, a web page").into(),
                throttled: matches!(status, 429 | 503),
            },
            _ => Failure::last(asked.web_page(status, body)),
        });
    }
    match (status, code) {
        (_, "NoSuchBucket") => told(Failure::last(asked.no_such_bucket())),
        (404, _) => Answer::NoSuchKey,
        (412, _) => Answer::NotTheSame,
        (_, "InvalidObjectState") => Answer::Archived,
        (301 | 307, _) | (_, "PermanentRedirect" | "AuthorizationHeaderMalformed") => {
            Answer::Elsewhere { region }
        }
        (501, _) | (400, "NotImplemented" | "InvalidArgument" | "UnsupportedOperation") => {
            Answer::Unknown(Failure::last(asked.failed(detail)))
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
        ) => told(Failure::Passing {
            cause: detail.into(),
            throttled: true,
        }),
        (500..=599, _) | (_, "RequestTimeout" | "InternalError" | "OperationAborted") => {
            told(Failure::passing(detail))
        }
        (401 | 403, _) | (400, "ExpiredToken" | "InvalidToken" | "TokenRefreshRequired") => {
            told(Failure::last(asked.not_allowed(detail)))
        }
        (400..=499, _) => told(Failure::last(asked.failed(detail))),
        // A success whose body makes no sense: cut off, or an error in disguise.
        _ => told(Failure::passing(match code {
            "" => format!(
                "HTTP {status}, but the answer makes no sense: {}",
                root(&error)
            ),
            _ => detail,
        })),
    }
}

/// What is at the bottom of an error, on one line: what is above it says in which part of a library it happened.
pub(super) fn root(error: &(dyn std::error::Error + 'static)) -> String {
    let bottom = causes(error).last().unwrap_or(error);
    printable(&bottom.to_string())
}

/// The longest text of somebody else that is told, in characters.
const MOST_CHARS: usize = 300;

/// Another's words on one line, cut where they are long.
fn printable(text: &str) -> String {
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let shown = |one: char| if one.is_control() { '\u{fffd}' } else { one };
    let mut cut: String = words.chars().map(shown).take(MOST_CHARS).collect();
    if cut.len() < words.len() && words.chars().count() > MOST_CHARS {
        cut.push('…');
    }
    cut
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

/// What the store says of itself in an error.
struct Detail<'a> {
    status: u16,
    code: &'a str,
    message: &'a str,
    request_id: Option<&'a str>,
}

impl std::fmt::Display for Detail<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "HTTP {}", self.status)?;
        if !self.code.is_empty() {
            write!(f, ", {}", printable(self.code))?;
        }
        if !self.message.is_empty() {
            write!(f, ": {}", printable(self.message).trim_end_matches('.'))?;
        }
        match self.request_id {
            Some(id) => write!(f, " (request {})", printable(id)),
            None => Ok(()),
        }
    }
}

/// What an error says of credentials, where it is about them.
fn of_credentials<'a>(
    error: &'a (dyn std::error::Error + 'static),
) -> Option<&'a CredentialsError> {
    causes(error).find_map(|error| error.downcast_ref())
}

/// An error and what it was caused by. What an I/O error holds is its cause, too.
fn causes<'a>(
    error: &'a (dyn std::error::Error + 'static),
) -> impl Iterator<Item = &'a (dyn std::error::Error + 'static)> {
    std::iter::successors(Some(error), |error| {
        match error.downcast_ref::<io::Error>() {
            Some(error) => error
                .get_ref()
                .map(|inner| inner as &(dyn std::error::Error + 'static)),
            None => error.source(),
        }
    })
}

/// What was tried to find credentials, each thing once and on one line.
fn tried(error: &CredentialsError) -> String {
    let messages: Vec<String> = causes(error).map(ToString::to_string).collect();
    // A chain of providers lists what each of them said, a line each below a title.
    let listed = messages.iter().rev().find(|message| message.contains('\n'));
    if let Some(listed) = listed {
        let each = listed.lines().skip(1);
        let each = each.map(|line| {
            line.trim()
                .replace("the credential provider was not enabled: ", "")
        });
        return each.collect::<Vec<_>>().join("; ");
    }
    let mut told = String::new();
    for message in messages.iter().filter(|message| !message.is_empty()) {
        if !told.contains(message) {
            told += if told.is_empty() { "" } else { ": " };
            told += message;
        }
    }
    told
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_that_is_not_trusted_is_told_at_once() {
        let untrusted = rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer);
        let error = io::Error::other(io::Error::other(untrusted));
        let has_answered = AtomicBool::new(false);
        let asked = Asked {
            what: "list",
            place: "s3://b/",
            endpoint: "https://s",
            has_answered: &has_answered,
        };
        let Failure::Final(error) = asked.unanswered(&error) else {
            panic!("it would fail again");
        };
        insta::assert_snapshot!(error, @"the certificate of the store at https://s is not trusted: invalid peer certificate: UnknownIssuer");
        let away = io::Error::from(io::ErrorKind::ConnectionRefused);
        assert!(matches!(asked.unanswered(&away), Failure::Doubtful(_)));
        // A store that has answered before is restarted, say.
        has_answered.store(true, Ordering::Relaxed);
        assert!(matches!(asked.unanswered(&away), Failure::Passing { .. }));
    }

    #[test]
    fn anothers_words_are_shown_on_one_line_and_cut() {
        assert_eq!(printable("a\n  b\u{7}c"), "a b\u{fffd}c");
        let long = printable(&"ö".repeat(1000));
        assert_eq!(long.chars().count(), MOST_CHARS + 1);
        let page = b"  <!DOCTYPE HTML><html><head><Title> Console\n | Sign in </title>";
        assert!(is_page(page) && !is_page(b"<Error>"));
        assert_eq!(title(page).as_deref(), Some("Console | Sign in"));
        assert_eq!(title(b"<html>"), None);
    }

    #[test]
    fn what_was_tried_for_credentials_is_told_once_and_on_one_line() {
        let chain = "no credentials found in chain. Attempted:\n  Environment: the credential provider was not enabled: \
                     environment variable not set\n  Profile: the credential provider was not enabled";
        insta::assert_snapshot!(tried(&CredentialsError::not_loaded(chain)), @"Environment: environment variable not set; Profile: the credential provider was not enabled");
        let expired = CredentialsError::provider_error("the SSO token is expired");
        insta::assert_snapshot!(tried(&expired), @"an error occurred while loading credentials: the SSO token is expired");
    }
}
