//! Rate limits.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::time::Instant;

/// A token bucket that holds the tokens of one second.
#[derive(Debug)]
pub(crate) struct Rate(Mutex<Tokens>);

#[derive(Debug)]
struct Tokens {
    per_second: f64,
    /// Negative while takers wait.
    left: f64,
    at: Instant,
}

impl Rate {
    /// A limit of `per_second` tokens.
    pub(crate) fn new(per_second: f64) -> Self {
        Rate(Mutex::new(Tokens {
            per_second,
            left: per_second,
            at: Instant::now(),
        }))
    }

    /// Takes tokens, and waits until the missing ones have been refilled.
    pub(crate) async fn take(&self, tokens: f64) {
        let wait = self
            .0
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take(tokens, Instant::now());
        if !wait.is_zero() {
            tokio::time::sleep(wait).await;
        }
    }

    /// Corrects what was taken by `tokens`, which may be negative: later takers wait for more or less.
    pub(crate) fn settle(&self, tokens: f64) {
        let mut left = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let _ = left.take(tokens, Instant::now());
    }
}

impl Tokens {
    /// Takes tokens, and returns how long the taker has to wait.
    fn take(&mut self, tokens: f64, now: Instant) -> Duration {
        let refilled = (now - self.at).as_secs_f64() * self.per_second;
        self.at = now;
        self.left = ((self.left + refilled).min(self.per_second) - tokens).min(self.per_second);
        Duration::from_secs_f64((-self.left / self.per_second).max(0.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rate_holds_over_any_period() {
        let began = Instant::now();
        let mut tokens = Tokens {
            per_second: 10.0,
            left: 10.0,
            at: began,
        };
        let waits: Vec<u128> = (0..30)
            .map(|_| tokens.take(1.0, began).as_millis())
            .collect();
        // The bucket is full at the start.
        assert_eq!(&waits[..11], [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 100]);
        assert_eq!(waits[29], 2000);
        let later = began + Duration::from_secs(60);
        assert_eq!(tokens.take(10.0, later), Duration::ZERO);
        assert_eq!(tokens.take(5.0, later).as_millis(), 500);
    }
}
