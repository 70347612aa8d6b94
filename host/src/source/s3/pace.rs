//! How fast the store is asked: the most requests at a time, in a second, and bytes in a second.
//!
//! The number of requests at a time follows the store: it is halved when the store says that it is asked too much,
//! and grows by one for every round of requests that went well (additive increase, multiplicative decrease, as
//! TCP has it; D. Chiu and R. Jain, 1989).

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::RequestOptions;
use crate::source::rate::Rate;

/// All requests of a driver pass through it.
#[derive(Debug)]
pub(super) struct Pace {
    concurrency: Mutex<Concurrency>,
    freed: Notify,
    requests: Option<Rate>,
    bytes: Option<Rate>,
}

#[derive(Debug)]
struct Concurrency {
    most: f64,
    limit: f64,
    at_a_time: u32,
    halved_at: Option<Instant>,
}

/// Replies to requests that were sent before the limit was halved say nothing about the new one.
const HALVE_AT_MOST_EVERY: Duration = Duration::from_secs(1);

/// A request that is being answered.
#[derive(Debug)]
pub(super) struct Turn<'a> {
    pace: &'a Pace,
}

impl Pace {
    pub(super) fn new(options: &RequestOptions) -> Self {
        let most = f64::from(options.concurrency.max(1));
        Pace {
            concurrency: Mutex::new(Concurrency {
                most,
                limit: most,
                at_a_time: 0,
                halved_at: None,
            }),
            freed: Notify::new(),
            requests: options
                .max_per_second
                .map(|most| Rate::new(f64::from(most.max(1)))),
            bytes: options
                .max_bytes_per_second
                .map(|most| Rate::new((most.0 as f64).max(1.0))),
        }
    }

    /// Waits until another request may be sent.
    pub(super) async fn turn(&self) -> Turn<'_> {
        loop {
            let freed = self.freed.notified();
            if self.lock().enter() {
                break;
            }
            freed.await;
        }
        let turn = Turn { pace: self };
        if let Some(rate) = &self.requests {
            rate.take(1.0).await;
        }
        turn
    }

    /// Waits until so many bytes more may be read.
    pub(super) async fn read(&self, bytes: usize) {
        if let Some(rate) = &self.bytes {
            rate.take(bytes as f64).await;
        }
    }

    /// Whether [`read`](Pace::read) may wait.
    pub(super) fn limits_bytes(&self) -> bool {
        self.bytes.is_some()
    }

    /// The store says that it is asked too much.
    pub(super) fn slow_down(&self) {
        self.lock().halve(Instant::now());
    }

    fn lock(&self) -> MutexGuard<'_, Concurrency> {
        self.concurrency
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

impl Concurrency {
    fn enter(&mut self) -> bool {
        let may = f64::from(self.at_a_time) < self.limit.floor();
        self.at_a_time += u32::from(may);
        may
    }

    fn halve(&mut self, now: Instant) {
        if self
            .halved_at
            .is_some_and(|at| now - at < HALVE_AT_MOST_EVERY)
        {
            return;
        }
        self.halved_at = Some(now);
        self.limit = (self.limit / 2.0).max(1.0);
        tracing::info!(
            requests_at_a_time = self.limit as u32,
            "the store asks to slow down"
        );
    }

    fn grow(&mut self) {
        self.limit = (self.limit + 1.0 / self.limit).min(self.most);
    }
}

impl Turn<'_> {
    /// The request was answered as it should be.
    pub(super) fn went_well(self) {
        self.pace.lock().grow();
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.pace.lock().at_a_time -= 1;
        // More than one may fit where the limit has grown; each that is let in wakes no other.
        self.pace.freed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pace(concurrency: u32) -> Pace {
        Pace::new(&RequestOptions {
            concurrency,
            ..RequestOptions::default()
        })
    }

    #[test]
    fn the_store_halves_the_requests_and_success_brings_them_back() {
        let pace = pace(8);
        let mut concurrency = pace.lock();
        let mut now = Instant::now();
        for expected in [4.0, 2.0, 1.0, 1.0] {
            concurrency.halve(now);
            concurrency.halve(now);
            assert_eq!(concurrency.limit, expected, "once within a second");
            now += HALVE_AT_MOST_EVERY;
        }
        for _ in 0..100 {
            concurrency.grow();
        }
        assert_eq!(concurrency.limit, 8.0);
    }

    #[tokio::test]
    async fn no_more_requests_at_a_time_than_the_limit() {
        let pace = pace(3);
        let mut turns = Vec::new();
        for _ in 0..3 {
            turns.push(pace.turn().await);
        }
        let mut fourth = std::pin::pin!(pace.turn());
        assert!(futures::poll!(&mut fourth).is_pending(), "a fourth request");
        turns.pop();
        assert!(futures::poll!(&mut fourth).is_ready(), "a place was free");
    }
}
