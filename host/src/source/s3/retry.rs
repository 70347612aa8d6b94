//! Retries of requests with temporary errors.

use super::failure::{Failure, Request};
use crate::aws::BoxError;
use crate::error::WithCauses;
use crate::pace::RetryPolicy;
use crate::source::SourceError;

/// The attempts at one request.
#[derive(Debug)]
pub(crate) struct Attempts<'a> {
    policy: RetryPolicy,
    /// The action, as in "cannot read".
    what: &'static str,
    /// The object or the archive.
    place: &'a str,
    /// The URL of the store.
    endpoint: &'a str,
    failed: u32,
}

/// The number of attempts after an error that a retry rarely resolves.
const DOUBTFUL_ATTEMPTS: u32 = 2;

impl<'a> Attempts<'a> {
    pub(crate) fn new(policy: RetryPolicy, request: Request<'a>) -> Self {
        Attempts {
            policy,
            what: request.what,
            place: request.place,
            endpoint: request.endpoint,
            failed: 0,
        }
    }

    /// Resets the number of attempts, because the last one made progress.
    pub(super) fn renew(&mut self) {
        self.failed = 0;
    }

    /// Waits until the next attempt.
    ///
    /// # Errors
    /// The error to report if there are no attempts left, or if the failure is permanent.
    pub(crate) async fn failed(&mut self, failure: Failure) -> Result<(), SourceError> {
        self.failed += 1;
        let cause: BoxError = match failure {
            Failure::Modified => {
                self.failed -= 1;
                return Ok(());
            }
            Failure::Final(error) => return Err(*error),
            Failure::Doubtful(error)
                if self.failed >= DOUBTFUL_ATTEMPTS.min(self.policy.attempts) =>
            {
                return Err(*error);
            }
            Failure::Doubtful(error) => error,
            Failure::Temporary { cause, .. } if self.failed >= self.policy.attempts => {
                return Err(self.give_up(cause));
            }
            Failure::Temporary { cause, .. } => cause,
        };
        let pause = self.policy.pause(self.failed);
        tracing::debug!(
            what = self.what,
            place = self.place,
            attempt = self.failed,
            ?pause,
            cause = %WithCauses(&*cause),
            "trying again"
        );
        tokio::time::sleep(pause).await;
        Ok(())
    }

    fn give_up(&self, cause: BoxError) -> SourceError {
        SourceError::Store {
            what: self.what,
            place: self.place.to_owned(),
            endpoint: self.endpoint.to_owned(),
            attempts: self.failed,
            source: cause,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn the_last_cause_is_reported_after_all_attempts() {
        let policy = RetryPolicy {
            first_pause: Duration::from_micros(1),
            ..RetryPolicy::new(3)
        };
        let has_answered = AtomicBool::new(true);
        let request = Request {
            what: "read",
            place: "s3://b/k",
            endpoint: "http://s",
            has_answered: &has_answered,
        };
        let mut attempts = Attempts::new(policy, request);
        let mut last = None;
        for number in 1..=3 {
            last = attempts
                .failed(Failure::temporary(format!("failure {number}")))
                .await
                .err();
            assert_eq!(last.is_some(), number == 3);
        }
        let error = last.expect("given up");
        assert_eq!(
            error.to_string(),
            "cannot read `s3://b/k` at http://s, tried 3 times"
        );
        let cause = std::error::Error::source(&error).expect("a cause");
        assert_eq!(cause.to_string(), "failure 3");
    }
}
