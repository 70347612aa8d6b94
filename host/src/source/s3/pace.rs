//! Limits for concurrent requests, requests per second and bytes per second.
//!
//! The number of concurrent requests adapts to the store: it is halved when the store asks to slow down, and grows by
//! one for every round of successful requests (additive increase, multiplicative decrease, as in TCP; D. Chiu and R.
//! Jain, 1989).

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

use super::RequestOptions;
use crate::source::rate::Rate;

/// The limits for all requests of a driver.
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

/// The shortest time between two halvings: replies to requests that were sent before a halving say nothing about the
/// new limit.
const HALVE_AT_MOST_EVERY: Duration = Duration::from_secs(1);

/// The permit for one request; dropped when the request has been answered.
#[derive(Debug)]
pub(super) struct Permit<'a> {
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
    pub(super) async fn permit(&self) -> Permit<'_> {
        loop {
            let freed = self.freed.notified();
            if self.lock().enter() {
                break;
            }
            freed.await;
        }
        let permit = Permit { pace: self };
        if let Some(rate) = &self.requests {
            rate.take(1.0).await;
        }
        permit
    }

    /// Waits until `bytes` more bytes may be read.
    pub(super) async fn read(&self, bytes: usize) {
        if let Some(rate) = &self.bytes {
            rate.take(bytes as f64).await;
        }
    }

    /// Whether [`read`](Pace::read) may wait.
    pub(super) fn limits_bytes(&self) -> bool {
        self.bytes.is_some()
    }

    /// Reduces the number of concurrent requests, because the store asks to slow down.
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

impl Permit<'_> {
    /// Reports that the request was successful.
    pub(super) fn succeeded(self) {
        self.pace.lock().grow();
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        self.pace.lock().at_a_time -= 1;
        // All waiters are woken, since more than one may fit after the limit has grown.
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
        let mut permits = Vec::new();
        for _ in 0..3 {
            permits.push(pace.permit().await);
        }
        let mut fourth = std::pin::pin!(pace.permit());
        assert!(futures::poll!(&mut fourth).is_pending(), "a fourth request");
        permits.pop();
        assert!(futures::poll!(&mut fourth).is_ready(), "a place was free");
    }
}
