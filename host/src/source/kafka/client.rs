//! Clients of librdkafka, and what they say when something is wrong.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rdkafka::client::ClientContext;
use rdkafka::config::{ClientConfig, FromClientConfigAndContext, RDKafkaLogLevel};
use rdkafka::consumer::{BaseConsumer, Consumer, ConsumerContext};
use rdkafka::error::{KafkaError as WrapperError, RDKafkaErrorCode};

use super::KafkaConfig;
use super::failure::KafkaError;
use super::properties;
use super::token;

/// A client without a group.
pub(super) type Client = BaseConsumer<Listener>;

/// Hears what a client says beside its answers.
#[derive(Debug, Default)]
pub(super) struct Listener {
    last_error: Mutex<Option<Said>>,
    /// Whether anything was heard since this was last asked.
    heard: AtomicBool,
}

/// Something that went wrong behind an answer: a connection, a login.
#[derive(Clone, Debug)]
pub(super) struct Said {
    pub(super) code: Option<RDKafkaErrorCode>,
    pub(super) reason: String,
}

impl Said {
    /// That all brokers are down follows from what went wrong with each, such as a login, and says less.
    fn says_little(&self) -> bool {
        self.code == Some(RDKafkaErrorCode::AllBrokersDown)
    }
}

impl Listener {
    /// The last thing that went wrong, which is forgotten with it.
    pub(super) fn take_error(&self) -> Option<Said> {
        self.lock().take()
    }

    /// The last thing that went wrong since that was forgotten.
    fn last_error(&self) -> Option<Said> {
        self.lock().clone()
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Said>> {
        self.last_error
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl ClientContext for Listener {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, line: &str) {
        self.heard.store(true, Ordering::Relaxed);
        // What matters comes as an error too; librdkafka logs each failed connection of each broker.
        match level {
            RDKafkaLogLevel::Debug => tracing::trace!(facility, "{line}"),
            _ => tracing::debug!(facility, "{line}"),
        }
    }

    fn error(&self, error: WrapperError, reason: &str) {
        tracing::debug!(%error, "{reason}");
        let said = Said {
            code: error.rdkafka_error_code(),
            reason: reason.to_owned(),
        };
        let mut last = self.lock();
        if last.is_none() || !said.says_little() {
            *last = Some(said);
        }
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
    let mut patience = FIRST_LOOK_AFTER;
    loop {
        // A topic that nobody has: the answer is short, and is one.
        let answer = client.fetch_metadata(Some("backfold.reaches.brokers"), patience);
        let Err(error) = answer else {
            // It passed.
            client.context().take_error();
            return Ok(());
        };
        listen(client);
        let said = client.context().last_error();
        let failure = meaning("reach", &config.place(), &error, said.as_ref());
        let is_final = matches!(failure, KafkaError::NotAllowed { .. });
        if is_final || began.elapsed() > config.request_timeout {
            return Err(failure);
        }
        patience = (patience * 2).min(LOOK_AFTER);
    }
}

/// How long a broker may take to answer before it is looked why it does not: a login is refused soon, if it is. It
/// doubles up to [`LOOK_AFTER`].
const FIRST_LOOK_AFTER: Duration = Duration::from_millis(100);
const LOOK_AFTER: Duration = Duration::from_secs(1);

/// What a failed question means, with what the client said beside it.
pub(super) fn explain(
    client: &Client,
    what: &'static str,
    place: &str,
    error: &WrapperError,
) -> KafkaError {
    listen(client);
    let said = client.context().take_error();
    meaning(what, place, error, said.as_ref())
}

fn meaning(
    what: &'static str,
    place: &str,
    error: &WrapperError,
    said: Option<&Said>,
) -> KafkaError {
    let Some(Said { code, reason }) = said else {
        return KafkaError::of(what, place, error);
    };
    token::failure(reason, place).unwrap_or_else(|| {
        let code = code.or_else(|| error.rdkafka_error_code());
        KafkaError::of_code(what, place, code, format!("{error}: {reason}"))
    })
}

/// Lets a client say what it has to say.
pub(super) fn listen(client: &Client) {
    // Records go elsewhere: whatever comes here is told to the listener. A line of log ends a poll as silence does.
    let heard = &client.context().heard;
    while client.poll(Duration::ZERO).is_some() || heard.swap(false, Ordering::Relaxed) {}
}
