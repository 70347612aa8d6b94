//! Failures of requests, and the errors of a store that they become.

use std::io;

use arrow_schema::ArrowError;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::RequestId;
use aws_smithy_runtime_api::client::dns::ResolveDnsError;
use aws_smithy_runtime_api::http::Response;

use crate::aws::{Detail, causes, of_credentials, printable, root, tried};
use crate::store::StoreError;

/// A failure within a call: an error of the store, or one that becomes one with [`Fault::explain`].
#[derive(Debug)]
pub(super) enum Fault {
    Store(StoreError),
    Arrow(ArrowError),
    /// The call was cancelled.
    Cancelled,
    /// The condition of a write does not hold.
    Condition,
    /// There is no such table.
    NoTable(String),
    /// The table is being made, changed or deleted.
    TableInUse(String),
    /// The service asks to slow down.
    Throttled(String),
    /// A failure of the connection or the service.
    Temporary(String),
    /// The service cannot be reached, and has not answered before.
    Unreachable(String),
    /// The credentials do not allow the request, or are not valid.
    Denied(String),
    /// There are no credentials.
    NoCredentials(String),
    /// Anything else that the service refuses.
    Refused(String),
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Fault::Store(error)
    }
}

impl From<ArrowError> for Fault {
    fn from(error: ArrowError) -> Self {
        Fault::Arrow(error)
    }
}

/// A failure that a test wants.
impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Fault::Temporary(error.to_string())
    }
}

impl Fault {
    /// The failure as a caller of the store sees it; `doing` names the call, `endpoint` the service.
    pub(super) fn explain(self, endpoint: &str, doing: String) -> StoreError {
        let endpoint = endpoint.to_owned();
        match self {
            Fault::Store(error) => error,
            Fault::Cancelled => StoreError::Cancelled { doing },
            Fault::Arrow(source) => StoreError::Failed {
                doing,
                source: Box::new(source),
            },
            Fault::Condition => StoreError::Contended { doing },
            Fault::Throttled(cause) => StoreError::Throttled {
                doing,
                source: cause.into(),
            },
            Fault::Temporary(cause) | Fault::TableInUse(cause) => StoreError::Service {
                doing,
                endpoint,
                source: cause.into(),
            },
            Fault::Unreachable(problem) => StoreError::Service {
                doing,
                endpoint,
                source: problem.into(),
            },
            Fault::Denied(detail) => StoreError::NotAllowed {
                doing,
                endpoint,
                detail,
            },
            Fault::NoCredentials(detail) => StoreError::NotAllowed {
                doing,
                endpoint,
                detail: format!("no credentials were found: {detail}"),
            },
            Fault::NoTable(cause) | Fault::Refused(cause) => StoreError::Failed {
                doing,
                source: cause.into(),
            },
        }
    }
}

/// Classifies the error of a request.
pub(super) fn read<E>(error: SdkError<E, Response>, has_answered: bool) -> Fault
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    let Some(response) = error.raw_response() else {
        if let Some(credentials) = of_credentials(&error) {
            return Fault::NoCredentials(tried(credentials));
        }
        return match error {
            SdkError::ConstructionFailure(_) => Fault::Refused(root(&error)),
            error => unanswered(&error, has_answered),
        };
    };
    let status = response.status().as_u16();
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
    classify(status, code, detail)
}

/// Classifies an answer by its status and its error code.
fn classify(status: u16, code: &str, detail: String) -> Fault {
    match (status, code) {
        (_, "ConditionalCheckFailedException") => Fault::Condition,
        (_, "ResourceNotFoundException" | "TableNotFoundException") => Fault::NoTable(detail),
        (_, "ResourceInUseException" | "TableInUseException" | "TableAlreadyExistsException") => {
            Fault::TableInUse(detail)
        }
        (
            _,
            "ProvisionedThroughputExceededException"
            | "ThrottlingException"
            | "Throttling"
            | "RequestLimitExceeded"
            | "LimitExceededException"
            | "TooManyRequestsException",
        )
        | (429, _) => Fault::Throttled(detail),
        (
            _,
            "TransactionConflictException"
            | "TransactionInProgressException"
            | "InternalServerError"
            | "InternalServerErrorException"
            | "ServiceUnavailable"
            | "RequestTimeout"
            | "RequestTimeoutException",
        )
        | (500..=599, _) => Fault::Temporary(detail),
        (
            _,
            "AccessDeniedException"
            | "UnrecognizedClientException"
            | "InvalidSignatureException"
            | "IncompleteSignatureException"
            | "MissingAuthenticationTokenException"
            | "MissingAuthenticationToken"
            | "ExpiredTokenException"
            | "SignatureDoesNotMatch"
            | "OptInRequired",
        )
        | (401 | 403, _) => Fault::Denied(detail),
        (400..=499, _) => Fault::Refused(detail),
        _ => Fault::Temporary(detail),
    }
}

/// Classifies an error that came without an answer.
fn unanswered(error: &(dyn std::error::Error + 'static), has_answered: bool) -> Fault {
    let problem = root(error);
    let untrusted = causes(error).find_map(|error| error.downcast_ref::<rustls::Error>());
    if let Some(error @ rustls::Error::InvalidCertificate(_)) = untrusted {
        let problem = format!(
            "its certificate is not trusted: {}",
            printable(&error.to_string())
        );
        return Fault::Unreachable(problem);
    }
    let is_refused = causes(error).any(|error| {
        error
            .downcast_ref::<io::Error>()
            .is_some_and(|error| error.kind() == io::ErrorKind::ConnectionRefused)
    });
    let is_unknown = causes(error).any(|error| error.downcast_ref::<ResolveDnsError>().is_some())
        || problem.contains("failed to lookup address");
    // A service that has answered before is probably unavailable for a short time only.
    match (is_refused || is_unknown) && !has_answered {
        true => Fault::Unreachable(problem),
        false => Fault::Temporary(problem),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_are_told_apart_by_their_codes() {
        let of = |status, code: &str| classify(status, code, String::new());
        assert!(matches!(
            of(400, "ThrottlingException"),
            Fault::Throttled(_)
        ));
        assert!(matches!(
            of(400, "ResourceNotFoundException"),
            Fault::NoTable(_)
        ));
        assert!(matches!(
            of(400, "ResourceInUseException"),
            Fault::TableInUse(_)
        ));
        assert!(matches!(of(400, "ValidationException"), Fault::Refused(_)));
        assert!(matches!(of(400, "AccessDeniedException"), Fault::Denied(_)));
        assert!(matches!(of(503, ""), Fault::Temporary(_)));
        assert!(matches!(of(200, ""), Fault::Temporary(_)));
    }

    #[test]
    fn a_service_that_has_answered_is_only_away_for_a_while() {
        let away = io::Error::from(io::ErrorKind::ConnectionRefused);
        assert!(matches!(unanswered(&away, false), Fault::Unreachable(_)));
        assert!(matches!(unanswered(&away, true), Fault::Temporary(_)));
        let untrusted = rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer);
        let error = io::Error::other(untrusted);
        assert!(matches!(unanswered(&error, true), Fault::Unreachable(_)));
    }
}
