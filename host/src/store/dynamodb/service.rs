//! Requests to the service: repeated after temporary errors, given up once the call is cancelled.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::http::Response;

use super::config::DynamoConfig;
use super::connect::Connected;
use super::fault::{self, Fault};
use crate::pace::{Pace, Rate, RetryPolicy};
use crate::store::{Access, StoreContext, StoreError};

/// The most requests of a load at a time. The number adapts to the table's throughput.
const WRITES_AT_A_TIME: u32 = 64;

/// The attempts at a request that fails with a temporary error.
const ATTEMPTS: u32 = 10;

/// The time for which a request is repeated while the service asks to slow down. A table on demand that grows beyond its
/// earlier peak splits its partitions within minutes.
const THROTTLED_FOR: Duration = Duration::from_secs(15 * 60);

/// How patiently requests are repeated.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    pub(super) retries: RetryPolicy,
    /// The longest time without any success for a request that the service throttles.
    pub(super) throttled_for: Duration,
}

impl Default for Patience {
    fn default() -> Self {
        Patience {
            retries: RetryPolicy::new(ATTEMPTS),
            throttled_for: THROTTLED_FOR,
        }
    }
}

/// The service with the settings of a store, shared by all its calls.
#[derive(Debug)]
pub(super) struct Service {
    pub(super) client: Client,
    pub(super) config: DynamoConfig,
    pub(super) access: Access,
    pub(super) context: StoreContext,
    /// The limits of a load.
    pub(super) pace: Pace,
    /// Write units in a second.
    pub(super) units: Option<Rate>,
    pub(super) patience: Patience,
    /// The service, as messages show it.
    endpoint: String,
    has_answered: AtomicBool,
}

impl Service {
    /// The service behind a client, with the settings of `config` that are not of the connection.
    pub(super) fn new(
        Connected { client, endpoint }: Connected,
        config: &DynamoConfig,
        access: Access,
        context: StoreContext,
        patience: Patience,
    ) -> Arc<Self> {
        let units = config.max_write_units_per_second;
        Arc::new(Service {
            client,
            access,
            context,
            pace: Pace::new(WRITES_AT_A_TIME, None),
            units: units.map(|most| Rate::new(f64::from(most))),
            patience,
            endpoint,
            has_answered: AtomicBool::new(false),
            config: config.clone(),
        })
    }

    /// The beginning of the names of all tables.
    pub(super) fn prefix(&self) -> &str {
        &self.config.table_prefix
    }

    /// Runs a call of the store; `doing` names it in errors.
    pub(super) async fn run<T>(
        &self,
        doing: impl FnOnce() -> String,
        call: impl Future<Output = Result<T, Fault>>,
    ) -> Result<T, StoreError> {
        let result = match self.check_cancelled() {
            Ok(()) => call.await,
            Err(cancelled) => Err(cancelled),
        };
        result.map_err(|fault| fault.explain(&self.endpoint, doing()))
    }

    /// Refuses a call that writes in a store that was opened to read.
    pub(super) fn check_writable(&self) -> Result<(), Fault> {
        match self.access {
            Access::Read => Err(Fault::Refused("the store was opened to read".to_owned())),
            Access::Build | Access::Change => Ok(()),
        }
    }

    pub(super) fn check_cancelled(&self) -> Result<(), Fault> {
        match self.context.cancel.is_cancelled() {
            true => Err(Fault::Cancelled),
            false => Ok(()),
        }
    }

    /// Waits for `work`, and gives it up once the call is cancelled.
    pub(super) async fn unless_cancelled<T>(
        &self,
        work: impl Future<Output = T>,
    ) -> Result<T, Fault> {
        let done = self.context.cancel.run_until_cancelled(work).await;
        done.ok_or(Fault::Cancelled)
    }

    /// Sends a request until it succeeds or fails for good. It is given up once the call is cancelled, so it must be one
    /// that only reads, or whose repetition changes nothing.
    pub(super) async fn ask<T, E, F>(&self, request: impl Fn() -> F) -> Result<T, Fault>
    where
        F: Future<Output = Result<T, SdkError<E, Response>>>,
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        let mut attempts = Attempts::new(self.patience);
        loop {
            let answer = self.unless_cancelled(request()).await?;
            match self.judge(answer) {
                Ok(answer) => return Ok(answer),
                Err(fault) => {
                    let pause = attempts.failed(fault)?;
                    self.unless_cancelled(tokio::time::sleep(pause)).await?;
                }
            }
        }
    }

    /// As [`ask`](Self::ask), for a write that is completed once it has begun. Its repetition must change nothing.
    pub(super) async fn commit<T, E, F>(
        &self,
        request: impl Fn() -> F,
        read: impl Fn(&E) -> Option<Fault>,
    ) -> Result<T, Fault>
    where
        F: Future<Output = Result<T, SdkError<E, Response>>>,
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        self.check_cancelled()?;
        let mut attempts = Attempts::new(self.patience);
        loop {
            let answer = request().await;
            let own = answer.as_ref().err().and_then(SdkError::as_service_error);
            let answer = match own.and_then(&read) {
                Some(fault) => Err(fault),
                None => self.judge(answer),
            };
            match answer {
                Ok(answer) => return Ok(answer),
                // The outcome is not known, and a cancelled call has no time to find it out.
                Err(fault) if self.check_cancelled().is_err() => return Err(fault),
                Err(fault) => tokio::time::sleep(attempts.failed(fault)?).await,
            }
        }
    }

    /// The meaning of an answer.
    pub(super) fn judge<T, E>(&self, answer: Result<T, SdkError<E, Response>>) -> Result<T, Fault>
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        let has_response = match &answer {
            Ok(_) => true,
            Err(error) => error.raw_response().is_some(),
        };
        let answered_before = match has_response {
            true => self.has_answered.swap(true, Ordering::Relaxed),
            false => self.has_answered.load(Ordering::Relaxed),
        };
        answer.map_err(|error| fault::read(error, answered_before))
    }
}

/// The attempts at one request.
#[derive(Debug)]
pub(super) struct Attempts {
    patience: Patience,
    failed: u32,
    /// The first of the failures since the last success.
    since: Option<std::time::Instant>,
}

impl Attempts {
    pub(super) fn new(patience: Patience) -> Self {
        Attempts {
            patience,
            failed: 0,
            since: None,
        }
    }

    /// Begins anew, because the last attempt did a part of the work.
    pub(super) fn renew(&mut self) {
        (self.failed, self.since) = (0, None);
    }

    /// The pause before the next attempt.
    ///
    /// # Errors
    /// The failure, if it is permanent or there was no success for long enough.
    pub(super) fn failed(&mut self, fault: Fault) -> Result<Duration, Fault> {
        self.failed += 1;
        let since = *self.since.get_or_insert_with(std::time::Instant::now);
        let cause = match fault {
            Fault::Throttled(cause) if since.elapsed() < self.patience.throttled_for => cause,
            Fault::Temporary(cause) if self.failed < self.patience.retries.attempts => cause,
            fault => return Err(fault),
        };
        let pause = self.patience.retries.pause(self.failed);
        tracing::debug!(attempt = self.failed, ?pause, cause, "trying again");
        Ok(pause)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_throttled_request_is_repeated_for_longer_than_one_that_fails() {
        let patience = Patience {
            throttled_for: Duration::from_secs(3600),
            ..Patience::default()
        };
        let mut attempts = Attempts::new(patience);
        for _ in 0..100 {
            assert!(attempts.failed(Fault::Throttled(String::new())).is_ok());
        }
        assert!(attempts.failed(Fault::Temporary(String::new())).is_err());
        attempts.renew();
        assert!(attempts.failed(Fault::Temporary(String::new())).is_ok());
        assert!(attempts.failed(Fault::Condition).is_err());
    }
}
