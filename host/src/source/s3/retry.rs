//! Tries again what may go well the next time: with a pause that doubles, and of which a random part is taken, so that
//! many workers do not come back at the same moment ("full jitter").

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use super::failure::{Asked, BoxError, Failure};
use crate::error::WithCauses;
use crate::source::SourceError;

/// How often, and with which pauses.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Patience {
    /// How often a request is tried.
    pub(super) attempts: u32,
    /// The longest pause before the second attempt; it doubles from attempt to attempt,
    pub(super) first_pause: Duration,
    /// and ends here.
    pub(super) longest_pause: Duration,
}

impl Patience {
    pub(super) fn new(attempts: u32) -> Self {
        Patience {
            attempts,
            first_pause: Duration::from_millis(100),
            longest_pause: Duration::from_secs(20),
        }
    }

    /// The longest pause behind the attempt of this number, from 1.
    fn pause(&self, attempt: u32) -> Duration {
        let doubled = 2u32.saturating_pow(attempt - 1);
        self.first_pause
            .saturating_mul(doubled)
            .min(self.longest_pause)
    }
}

/// The attempts at one thing.
#[derive(Debug)]
pub(super) struct Attempts<'a> {
    patience: Patience,
    /// What is tried, as in "cannot read".
    what: &'static str,
    /// Of which object or archive.
    place: &'a str,
    /// Where the store is.
    endpoint: &'a str,
    failed: u32,
}

/// How often something is tried that hardly ever goes well the next time.
const DOUBTFUL_ATTEMPTS: u32 = 2;

impl<'a> Attempts<'a> {
    pub(super) fn new(patience: Patience, asked: Asked<'a>) -> Self {
        Attempts {
            patience,
            what: asked.what,
            place: asked.place,
            endpoint: asked.endpoint,
            failed: 0,
        }
    }

    /// Has as many attempts again, since the last one brought something.
    pub(super) fn renew(&mut self) {
        self.failed = 0;
    }

    /// Waits until the next attempt; fails where there is none, or where it would be of no use.
    pub(super) async fn failed(&mut self, failure: Failure) -> Result<(), SourceError> {
        self.failed += 1;
        let cause: BoxError = match failure {
            Failure::Otherwise => {
                self.failed -= 1;
                return Ok(());
            }
            Failure::Final(error) => return Err(*error),
            Failure::Doubtful(error)
                if self.failed >= DOUBTFUL_ATTEMPTS.min(self.patience.attempts) =>
            {
                return Err(*error);
            }
            Failure::Doubtful(error) => error,
            Failure::Passing { cause, .. } if self.failed >= self.patience.attempts => {
                return Err(self.give_up(cause));
            }
            Failure::Passing { cause, .. } => cause,
        };
        let pause = self.patience.pause(self.failed).mul_f64(random_fraction());
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

/// From 0 to below 1. Good enough to spread requests, and needs no generator.
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
        let patience = Patience::new(50);
        let pauses: Vec<u128> = [1, 2, 3, 8, 9, 40]
            .map(|attempt| patience.pause(attempt).as_millis())
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
    async fn what_keeps_failing_is_given_up_with_its_last_cause() {
        let patience = Patience {
            first_pause: Duration::from_micros(1),
            ..Patience::new(3)
        };
        let has_answered = AtomicBool::new(true);
        let asked = Asked {
            what: "read",
            place: "s3://b/k",
            endpoint: "http://s",
            has_answered: &has_answered,
        };
        let mut attempts = Attempts::new(patience, asked);
        let mut last = None;
        for number in 1..=3 {
            last = attempts
                .failed(Failure::passing(format!("failure {number}")))
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
