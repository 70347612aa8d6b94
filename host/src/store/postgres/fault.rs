//! Failures of PostgreSQL, and the errors of a store that they become.

use std::error::Error as _;
use std::io;

use arrow_schema::ArrowError;
use rustls::CertificateError;
use tokio_postgres::error::{DbError, SqlState};

use crate::store::{Cause, StoreError};

/// A failure within a call: an error of the store, or one that becomes one with
/// [`Database::explain`](super::connect::Database::explain).
#[derive(Debug)]
pub(super) enum Fault {
    Store(StoreError),
    Postgres(tokio_postgres::Error),
    Arrow(ArrowError),
    /// A point at which a test lets the connection fail.
    Point(io::Error),
    /// The call was cancelled.
    Cancelled,
}

impl From<StoreError> for Fault {
    fn from(error: StoreError) -> Self {
        Fault::Store(error)
    }
}

impl From<tokio_postgres::Error> for Fault {
    fn from(error: tokio_postgres::Error) -> Self {
        Fault::Postgres(error)
    }
}

impl From<ArrowError> for Fault {
    fn from(error: ArrowError) -> Self {
        Fault::Arrow(error)
    }
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Fault::Point(error)
    }
}

impl Fault {
    /// The SQLSTATE, where the server answered with an error.
    pub(super) fn code(&self) -> Option<&SqlState> {
        match self {
            Fault::Postgres(error) => error.code(),
            _ => None,
        }
    }
}

/// Whether an error means that the connection is gone.
fn is_lost(error: &tokio_postgres::Error) -> bool {
    match error.code() {
        Some(code) => ends_connection(code.code()),
        None => error.is_closed() || io_error(error).is_some(),
    }
}

/// SQLSTATEs with which the server ends a connection, or lets none begin.
pub(super) fn ends_connection(code: &str) -> bool {
    code.starts_with("08") || ["57P01", "57P02", "57P03", "57P05", "25P03", "53300"].contains(&code)
}

/// What a failure is about.
#[derive(Clone, Copy, Debug)]
pub(super) struct About<'a> {
    /// `host:port/dbname`.
    pub(super) database: &'a str,
    pub(super) user: &'a str,
    pub(super) schema: &'a str,
    pub(super) is_cancelled: bool,
    /// Why the last connection was lost, where the server or the system said so.
    pub(super) lost: Option<&'a str>,
}

/// The failure as a caller of the store sees it.
pub(super) fn explain(fault: Fault, doing: String, about: About<'_>) -> StoreError {
    match fault {
        Fault::Store(error) => error,
        Fault::Cancelled => StoreError::Cancelled { doing },
        Fault::Arrow(source) => StoreError::Failed {
            doing,
            source: Box::new(source),
        },
        Fault::Point(source) => StoreError::Connection {
            database: about.database.to_owned(),
            doing,
            source: Box::new(source),
        },
        Fault::Postgres(error) => match error.as_db_error() {
            Some(said) => of_the_server(said, doing, about),
            None if about.is_cancelled && is_lost(&error) => StoreError::Cancelled { doing },
            None if is_lost(&error) => StoreError::Connection {
                database: about.database.to_owned(),
                doing,
                source: match about.lost {
                    Some(reason) if error.is_closed() => reason.into(),
                    _ => with_causes(&error),
                },
            },
            None => StoreError::Failed {
                doing,
                source: with_causes(&error),
            },
        },
    }
}

/// The error that the server's answer means.
pub(super) fn of_the_server(said: &DbError, doing: String, about: About<'_>) -> StoreError {
    let source = text(said);
    let database = || about.database.to_owned();
    match said.code().code() {
        "57014" | "57P01" if about.is_cancelled => StoreError::Cancelled { doing },
        "57014" | "25P04" => StoreError::Stopped { doing, source },
        "55P03" | "55006" | "40001" | "40P01" => StoreError::Busy { doing, source },
        "53100" => StoreError::NoSpace { doing, source },
        "42501" => StoreError::Denied {
            doing,
            user: about.user.to_owned(),
            source,
        },
        "25006" => StoreError::ReadOnly {
            database: database(),
            why: text(said).to_string(),
        },
        "3D000" => StoreError::Missing {
            database: database(),
        },
        "3F000" => StoreError::NoSchema {
            database: database(),
            schema: about.schema.to_owned(),
        },
        "58030" => StoreError::Io { doing, source },
        "XX001" | "XX002" => StoreError::Damaged {
            what: format!("{}, found while {doing}", about.database),
            source: Some(source),
        },
        code if code.starts_with("28") => StoreError::Login {
            database: database(),
            user: about.user.to_owned(),
            source,
        },
        code if ends_connection(code) => StoreError::Connection {
            database: database(),
            doing,
            source,
        },
        _ => StoreError::Failed { doing, source },
    }
}

/// The server's message, with all that it says beside it.
pub(super) fn text(said: &DbError) -> Cause {
    let mut text = format!("{} (SQLSTATE {})", said.message(), said.code().code());
    for more in [said.detail(), said.hint()].into_iter().flatten() {
        text.push_str(": ");
        text.push_str(more);
    }
    text.into()
}

/// An error and its causes, as one: those of this driver say little by themselves.
pub(super) fn with_causes(error: &tokio_postgres::Error) -> Cause {
    match error.source() {
        Some(cause) => format!("{error}: {}", crate::error::WithCauses(cause)).into(),
        None => error.to_string().into(),
    }
}

/// The error of the system among the causes.
pub(super) fn io_error(error: &tokio_postgres::Error) -> Option<&io::Error> {
    let mut cause = error.source();
    while let Some(next) = cause {
        if let Some(error) = next.downcast_ref() {
            return Some(error);
        }
        cause = next.source();
    }
    None
}

/// The error of TLS among the causes: it stands within one of the system.
fn tls_error(error: &tokio_postgres::Error) -> Option<&rustls::Error> {
    io_error(error)?.get_ref()?.downcast_ref()
}

/// The problem with the server's certificate, where that is the cause.
pub(super) fn untrusted(error: &tokio_postgres::Error) -> Option<&CertificateError> {
    match tls_error(error)? {
        rustls::Error::InvalidCertificate(problem) => Some(problem),
        _ => None,
    }
}

/// The answer of the server to the client's certificate, or to the lack of one.
pub(super) fn alert(error: &tokio_postgres::Error) -> Option<&rustls::Error> {
    tls_error(error).filter(|error| matches!(error, rustls::Error::AlertReceived(_)))
}
