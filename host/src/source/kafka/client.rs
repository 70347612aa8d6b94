//! Clients of librdkafka, and the errors that they report in callbacks.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::client::ClientContext;
use rdkafka::config::{ClientConfig, FromClientConfigAndContext, RDKafkaLogLevel};
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::{KafkaError as WrapperError, RDKafkaErrorCode};

use super::config::KafkaConfig;
use super::error::KafkaError;
use super::properties::is_secret;
use super::settings;
use super::token;

/// A client that is in no group.
pub(super) type Client = BaseConsumer<Listener>;

/// Receives the log and the errors that a client reports outside of its answers.
#[derive(Debug, Default)]
pub(super) struct Listener {
    last_error: Mutex<Option<ReportedError>>,
    /// Whether a line of log has arrived since this was last read.
    has_logged: AtomicBool,
}

/// An error that is not the answer to a request: of a connection or a login.
#[derive(Clone, Debug)]
pub(super) struct ReportedError {
    pub(super) code: Option<RDKafkaErrorCode>,
    pub(super) reason: String,
}

impl ReportedError {
    /// Whether the error is that all brokers are down. It follows from the errors of each broker, such as a failed
    /// login, which say more.
    fn is_generic(&self) -> bool {
        self.code == Some(RDKafkaErrorCode::AllBrokersDown)
    }
}

impl Listener {
    /// Takes the last error.
    pub(super) fn take_error(&self) -> Option<ReportedError> {
        self.lock().take()
    }

    /// The last error since [`take_error`](Listener::take_error).
    fn last_error(&self) -> Option<ReportedError> {
        self.lock().clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<ReportedError>> {
        self.last_error
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl ClientContext for Listener {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, line: &str) {
        self.has_logged.store(true, Ordering::Relaxed);
        // Important messages also arrive as errors. librdkafka logs each failed connection of each broker.
        match level {
            RDKafkaLogLevel::Debug => tracing::trace!(facility, "{line}"),
            _ => tracing::debug!(facility, "{line}"),
        }
    }

    fn error(&self, error: WrapperError, reason: &str) {
        tracing::debug!(%error, "{reason}");
        let reported = ReportedError {
            code: error.rdkafka_error_code(),
            reason: reason.to_owned(),
        };
        let mut last = self.lock();
        if last.is_none() || !reported.is_generic() {
            *last = Some(reported);
        }
    }
}

impl ConsumerContext for Listener {}

/// The isolation level of a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Isolation {
    /// The client sees records of committed transactions, up to the first open one.
    Committed,
    /// The client sees all records: the end of a log is its high watermark.
    Uncommitted,
}

/// Creates a client. Nothing is sent yet.
///
/// # Errors
/// [`KafkaError::Property`] if a property is unknown, has an invalid value, or conflicts with another one.
pub(super) fn open(config: &KafkaConfig, isolation: Isolation) -> Result<Client, KafkaError> {
    let mut client = ClientConfig::new();
    for (name, value) in settings::effective(config)? {
        client.set(name, value);
    }
    if isolation == Isolation::Uncommitted {
        client.set("isolation.level", "read_uncommitted");
    }
    Client::from_config_and_context(&client, Listener::default()).map_err(|error| match error {
        WrapperError::ClientConfig(_, problem, name, value) => {
            let value = if is_secret(&name) {
                "…".to_owned()
            } else {
                value
            };
            KafkaError::Property {
                property: name,
                problem: format!("cannot be `{value}`: {problem}"),
            }
        }
        WrapperError::ClientCreation(problem) => KafkaError::Client { problem },
        other => KafkaError::Client {
            problem: other.to_string(),
        },
    })
}

/// Waits until a broker answers.
///
/// # Errors
/// If no broker answers within `request_timeout`; immediately if a login is refused, since that is permanent.
pub(super) fn connect(client: &Client, config: &KafkaConfig) -> Result<(), KafkaError> {
    let began = Instant::now();
    let mut timeout = FIRST_CHECK_AFTER;
    loop {
        // A topic that does not exist: the answer is short.
        let answer = client.fetch_metadata(Some("backfold.reaches.brokers"), timeout);
        let Err(error) = answer else {
            // Earlier errors are over.
            client.context().take_error();
            return Ok(());
        };
        listen(client);
        let reported = client.context().last_error();
        let failure = error_of("reach", &config.place(), &error, reported.as_ref());
        let is_final = matches!(failure, KafkaError::NotAllowed { .. });
        if is_final || began.elapsed() > config.request_timeout {
            return Err(failure);
        }
        timeout = (timeout * 2).min(CHECK_AFTER);
    }
}

/// How long to wait for an answer before the reported errors are checked the first time: a login is refused quickly.
/// The time doubles up to [`CHECK_AFTER`].
const FIRST_CHECK_AFTER: Duration = Duration::from_millis(100);
const CHECK_AFTER: Duration = Duration::from_secs(1);

/// The error for a failed request. It takes the last reported error into account.
pub(super) fn explain(
    client: &Client,
    what: &'static str,
    place: &str,
    error: &WrapperError,
) -> KafkaError {
    listen(client);
    let reported = client.context().take_error();
    error_of(what, place, error, reported.as_ref())
}

fn error_of(
    what: &'static str,
    place: &str,
    error: &WrapperError,
    reported: Option<&ReportedError>,
) -> KafkaError {
    let Some(ReportedError { code, reason }) = reported else {
        return KafkaError::of(what, place, error);
    };
    token::failure(reason, place).unwrap_or_else(|| {
        let code = code.or_else(|| error.rdkafka_error_code());
        KafkaError::of_code(what, place, code, format!("{error}: {reason}"))
    })
}

/// Runs the callbacks for the log and the errors that a client has queued.
pub(super) fn listen(client: &Client) {
    // Records go to other queues. A poll that only runs the callback of the log returns `None`, like one that finds
    // nothing.
    let has_logged = &client.context().has_logged;
    while client.poll(Duration::ZERO).is_some() || has_logged.swap(false, Ordering::Relaxed) {}
}
