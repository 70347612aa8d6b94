//! What a failed request means: something that passes, or something to tell a person.

use aws_credential_types::provider::error::CredentialsError;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::operation::RequestId;
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
    /// It would fail again.
    Final(Box<SourceError>),
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
}

/// Reads a failure of the operation `what` on `place`.
pub(super) fn read<E>(error: SdkError<E, Response>, what: &'static str, place: &str) -> Answer
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    let told = |failure| Answer::Told(failure);
    let Some(response) = error.raw_response() else {
        if let Some(credentials) = of_credentials(&error) {
            return told(Failure::last(SourceError::Credentials {
                place: place.to_owned(),
                source: tried(credentials).into(),
            }));
        }
        // The request never got an answer; one that could not even be made is a mistake of ours or of the settings.
        return told(match error {
            SdkError::ConstructionFailure(_) => Failure::last(SourceError::Store {
                what,
                place: place.to_owned(),
                attempts: 1,
                source: error.into_source().unwrap_or_else(|error| error.into()),
            }),
            error => Failure::passing(error.into_source().unwrap_or_else(|error| error.into())),
        });
    };
    let status = response.status().as_u16();
    let region = response
        .headers()
        .get("x-amz-bucket-region")
        .map(str::to_owned);
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
    match (status, code) {
        (_, "NoSuchBucket") => told(Failure::last(SourceError::NoSuchBucket {
            place: place.to_owned(),
        })),
        (404, _) => Answer::NoSuchKey,
        (412, _) => Answer::NotTheSame,
        (_, "InvalidObjectState") => Answer::Archived,
        (301 | 307, _) | (_, "PermanentRedirect" | "AuthorizationHeaderMalformed") => {
            Answer::Elsewhere { region }
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
            told(Failure::last(SourceError::NotAllowed {
                what,
                place: place.to_owned(),
                detail,
            }))
        }
        (400..=499, _) => told(Failure::last(SourceError::Store {
            what,
            place: place.to_owned(),
            attempts: 1,
            source: detail.into(),
        })),
        // A success whose body makes no sense: cut off, or an error in disguise.
        _ => told(Failure::passing(
            error.into_source().unwrap_or_else(|_| detail.into()),
        )),
    }
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
            write!(f, ", {}", self.code)?;
        }
        if !self.message.is_empty() {
            write!(f, ": {}", self.message.trim_end_matches('.'))?;
        }
        match self.request_id {
            Some(id) => write!(f, " (request {id})"),
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

fn causes<'a>(
    error: &'a (dyn std::error::Error + 'static),
) -> impl Iterator<Item = &'a (dyn std::error::Error + 'static)> {
    std::iter::successors(Some(error), |error| error.source())
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
    fn what_was_tried_for_credentials_is_told_once_and_on_one_line() {
        let chain = "no credentials found in chain. Attempted:\n  Environment: the credential provider was not enabled: \
                     environment variable not set\n  Profile: the credential provider was not enabled";
        insta::assert_snapshot!(tried(&CredentialsError::not_loaded(chain)), @"Environment: environment variable not set; Profile: the credential provider was not enabled");
        let expired = CredentialsError::provider_error("the SSO token is expired");
        insta::assert_snapshot!(tried(&expired), @"an error occurred while loading credentials: the SSO token is expired");
    }
}
