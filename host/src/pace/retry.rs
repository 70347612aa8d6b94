//! The pauses between attempts. The longest pause doubles after each attempt, and a random fraction of it is used, so that
//! many workers do not retry at the same moment ("full jitter").

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

/// The number of attempts and the pauses between them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct RetryPolicy {
    /// The number of attempts at a request.
    pub(crate) attempts: u32,
    /// The longest pause before the second attempt. It doubles with each further attempt.
    pub(crate) first_pause: Duration,
    /// The upper limit of the pause.
    pub(crate) longest_pause: Duration,
}

impl RetryPolicy {
    /// A policy of N attempts, with pauses from 100 ms to 20 s between them.
    pub(crate) fn new(attempts: u32) -> Self {
        RetryPolicy {
            attempts,
            first_pause: Duration::from_millis(100),
            longest_pause: Duration::from_secs(20),
        }
    }

    /// A pause after the attempt with this number, from 1.
    pub(crate) fn pause(&self, attempt: u32) -> Duration {
        self.longest_after(attempt).mul_f64(random_fraction())
    }

    fn longest_after(&self, attempt: u32) -> Duration {
        let doubled = 2u32.saturating_pow(attempt.saturating_sub(1));
        self.first_pause
            .saturating_mul(doubled)
            .min(self.longest_pause)
    }
}

/// A random number from 0 to below 1. It is good enough to spread requests, and needs no generator.
fn random_fraction() -> f64 {
    let random = RandomState::new().hash_one(());
    (random >> 11) as f64 / (1u64 << 53) as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest() {
        let policy = RetryPolicy::new(50);
        let pauses: Vec<u128> = [1, 2, 3, 8, 9, 40]
            .map(|attempt| policy.longest_after(attempt).as_millis())
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
}
