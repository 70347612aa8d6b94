//! Limits for concurrent requests to a service, rates, and pauses between attempts.
//!
//! The number of concurrent requests adapts to the service: it is halved when the service asks to slow down, and grows by
//! one for every round of successful requests (additive increase, multiplicative decrease, as in TCP; D. Chiu and R.
//! Jain, 1989).

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::Instant;

mod rate;
mod retry;

pub(crate) use rate::Rate;
pub(crate) use retry::RetryPolicy;

/// The limits for all requests to a service.
#[derive(Debug)]
pub(crate) struct Pace {
    concurrency: Mutex<Concurrency>,
    freed: Notify,
    requests: Option<Rate>,
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
pub(crate) struct Permit<'a> {
    pace: &'a Pace,
}

impl Pace {
    /// Limits to `concurrency` requests at a time and `per_second` requests per second.
    pub(crate) fn new(concurrency: u32, per_second: Option<u32>) -> Self {
        let most = f64::from(concurrency.max(1));
        Pace {
            concurrency: Mutex::new(Concurrency {
                most,
                limit: most,
                at_a_time: 0,
                halved_at: None,
            }),
            freed: Notify::new(),
            requests: per_second.map(|most| Rate::new(f64::from(most.max(1)))),
        }
    }

    /// Waits until another request may be sent.
    pub(crate) async fn permit(&self) -> Permit<'_> {
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

    /// Reduces the number of concurrent requests, because the service asks to slow down.
    pub(crate) fn slow_down(&self) {
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
            "the service asks to slow down"
        );
    }

    fn grow(&mut self) {
        self.limit = (self.limit + 1.0 / self.limit).min(self.most);
    }
}

impl Permit<'_> {
    /// Reports that the request was successful.
    pub(crate) fn succeeded(self) {
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
        Pace::new(concurrency, None)
    }

    #[test]
    fn the_service_halves_the_requests_and_success_brings_them_back() {
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
