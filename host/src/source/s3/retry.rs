//! Retries of requests with temporary errors. The pause doubles after each attempt, and a random fraction of it is
//! used, so that many workers do not retry at the same moment ("full jitter").

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use super::failure::{BoxError, Failure, Request};
use crate::error::WithCauses;
use crate::source::SourceError;

/// The number of attempts and the pauses between them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct RetryPolicy {
    /// The number of attempts at a request.
    pub(super) attempts: u32,
    /// The longest pause before the second attempt. It doubles with each further attempt.
    pub(super) first_pause: Duration,
    /// The upper limit of the pause.
    pub(super) longest_pause: Duration,
}

impl RetryPolicy {
    pub(super) fn new(attempts: u32) -> Self {
        RetryPolicy {
            attempts,
            first_pause: Duration::from_millis(100),
            longest_pause: Duration::from_secs(20),
        }
    }

    /// The longest pause after the attempt with this number, from 1.
    fn pause(&self, attempt: u32) -> Duration {
        let doubled = 2u32.saturating_pow(attempt - 1);
        self.first_pause
            .saturating_mul(doubled)
            .min(self.longest_pause)
    }
}

/// The attempts at one request.
#[derive(Debug)]
pub(super) struct Attempts<'a> {
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
    pub(super) fn new(policy: RetryPolicy, request: Request<'a>) -> Self {
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
    pub(super) async fn failed(&mut self, failure: Failure) -> Result<(), SourceError> {
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
        let pause = self.policy.pause(self.failed).mul_f64(random_fraction());
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

/// A random number from 0 to below 1. It is good enough to spread requests, and needs no generator.
fn random_fraction() -> f64 {
    let random = RandomState::new().hash_one(());
    (random >> 11) as f64 / (1u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;

    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest() {
        let policy = RetryPolicy::new(50);
        let pauses: Vec<u128> = [1, 2, 3, 8, 9, 40]
            .map(|attempt| policy.pause(attempt).as_millis())
            .into();
        assert_eq!(pauses, [100, 200, 400, 12_800, 20_000, 20_000]);
    }

    #[test]
    fn pauses_are_spread() {
        let fractions: Vec<f64> = std::iter::repeat_with(random_fraction).take(1000).collect();
        assert!(
            fractions
                .iter()
                .all(|fraction| (0.0..1.0).contains(fraction))
        );
        let mean = fractions.iter().sum::<f64>() / 1000.0;
        assert!((0.4..0.6).contains(&mean), "{mean}");
    }

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
