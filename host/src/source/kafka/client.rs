//! Clients of librdkafka, and what they say when something is wrong.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::client::ClientContext;
use rdkafka::config::{ClientConfig, FromClientConfigAndContext, RDKafkaLogLevel};
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::{KafkaError as WrapperError, RDKafkaErrorCode};

use super::KafkaConfig;
use super::failure::KafkaError;
use super::properties;

/// A client without a group.
pub(super) type Client = BaseConsumer<Listener>;

/// Hears what a client says beside its answers.
#[derive(Debug, Default)]
pub(super) struct Listener {
    last_error: Mutex<Option<Said>>,
}

/// Something that went wrong behind an answer: a connection, a login.
#[derive(Clone, Debug)]
pub(super) struct Said {
    pub(super) code: Option<RDKafkaErrorCode>,
    pub(super) reason: String,
}

impl Listener {
    /// The last thing that went wrong, which is forgotten with it.
    pub(super) fn take_error(&self) -> Option<Said> {
        self.lock().take()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Said>> {
        self.last_error
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl ClientContext for Listener {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, line: &str) {
        // What matters comes as an error too; librdkafka logs each failed connection of each broker.
        match level {
            RDKafkaLogLevel::Debug => tracing::trace!(facility, "{line}"),
            _ => tracing::debug!(facility, "{line}"),
        }
    }

    fn error(&self, error: WrapperError, reason: &str) {
        tracing::debug!(%error, "{reason}");
        let code = error.rdkafka_error_code();
        let mut last = self.lock();
        // That all are down follows from what went wrong with each, such as a login, and says less.
        if code == Some(RDKafkaErrorCode::AllBrokersDown) && last.is_some() {
            return;
        }
        *last = Some(Said {
            code,
            reason: reason.to_owned(),
        });
    }
}

impl ConsumerContext for Listener {}

/// Which records of a transaction a client sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Isolation {
    /// Those of committed transactions, up to the first open one.
    Committed,
    /// All: its end of a log is the high watermark.
    Uncommitted,
}

/// Makes a client. Nothing is sent yet.
///
/// # Errors
/// [`KafkaError::Property`] where a property is unknown, has a wrong value, or does not go with another.
pub(super) fn open(config: &KafkaConfig, isolation: Isolation) -> Result<Client, KafkaError> {
    let mut settings = ClientConfig::new();
    for (name, value) in properties::effective(config)? {
        settings.set(name, value);
    }
    if isolation == Isolation::Uncommitted {
        settings.set("isolation.level", "read_uncommitted");
    }
    Client::from_config_and_context(&settings, Listener::default()).map_err(|error| match error {
        WrapperError::ClientConfig(_, problem, name, value) => {
            let is_secret = properties::is_secret(&name);
            let value = if is_secret { "…".to_owned() } else { value };
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

/// Waits until some broker answers.
///
/// # Errors
/// Where none does within the time for a question; at once where a login is refused, which no waiting mends.
pub(super) fn connect(client: &Client, config: &KafkaConfig) -> Result<(), KafkaError> {
    let began = Instant::now();
    let mut said: Option<Said> = None;
    loop {
        // A topic that nobody has: the answer is short, and is one.
        let answer = client.fetch_metadata(Some("backfold.reaches.brokers"), ASK_AGAIN_AFTER);
        let Err(error) = answer else {
            return Ok(());
        };
        listen(client);
        said = client.context().take_error().or(said);
        let (code, problem) = match &said {
            Some(said) => (said.code, format!("{error}: {}", said.reason)),
            None => (error.rdkafka_error_code(), error.to_string()),
        };
        let failure = KafkaError::of_code("reach", &config.place(), code, problem);
        let is_final = matches!(failure, KafkaError::NotAllowed { .. });
        if is_final || began.elapsed() > config.request_timeout {
            return Err(failure);
        }
    }
}

/// How long a broker may take to answer before it is looked why it does not.
const ASK_AGAIN_AFTER: Duration = Duration::from_secs(1);

/// What a failed question means, with what the client said beside it.
pub(super) fn explain(
    client: &Client,
    what: &'static str,
    place: &str,
    error: &WrapperError,
) -> KafkaError {
    listen(client);
    match client.context().take_error() {
        Some(said) => {
            let code = said.code.or_else(|| error.rdkafka_error_code());
            KafkaError::of_code(what, place, code, format!("{error}: {}", said.reason))
        }
        None => KafkaError::of(what, place, error),
    }
}

/// Lets a client say what it has to say.
pub(super) fn listen(client: &Client) {
    // Records go elsewhere: whatever comes here is told to the listener.
    while client.poll(Duration::ZERO).is_some() {}
}
