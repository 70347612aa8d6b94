//! The WASI 0.2 of a component, the same in every run: no files, no network, no environment, clocks that advance
//! with each call, randomness from a constant.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use wasmtime::component::{HasData, Resource, ResourceTable};
use wasmtime_wasi::p2::bindings::clocks::monotonic_clock;
use wasmtime_wasi::p2::{DynPollable, Pollable, subscribe};
use wasmtime_wasi::{Deterministic, HostMonotonicClock, HostWallClock, WasiCtx, WasiCtxBuilder};

use super::outputs::Outputs;

/// The most WASI resources (streams, pollables) of an instance at a time.
pub(super) const MAX_RESOURCES: usize = 10_000;

/// The WASI context of an instance.
pub(super) fn context(outputs: &Outputs, ticks: &Ticks) -> WasiCtx {
    let [secure, insecure] = &*RANDOM;
    WasiCtxBuilder::new()
        .stdout(outputs.stdout.clone())
        .stderr(outputs.stderr.clone())
        .wall_clock(ticks.clone())
        .monotonic_clock(ticks.clone())
        .secure_random(Deterministic::new(secure.clone()))
        .insecure_random(Deterministic::new(insecure.clone()))
        .insecure_random_seed(0x6261_636b_666f_6c64)
        .max_random_size(1 << 20)
        .allow_tcp(false)
        .allow_udp(false)
        .allow_ip_name_lookup(false)
        .build()
}

/// Bytes that look random, which a generator repeats. They are few, since each instance has a copy.
static RANDOM: LazyLock<[Vec<u8>; 2]> = LazyLock::new(|| {
    [&b"secure"[..], b"insecure"].map(|name| {
        let mut bytes = vec![0; 4 << 10];
        blake3::Hasher::new_derive_key("backfold component randomness")
            .update(name)
            .finalize_xof()
            .fill(&mut bytes);
        bytes
    })
});

/// Clocks that begin at 2000-01-01T00:00:00Z and advance by a microsecond each time they are read, so that code that
/// waits for time to pass goes on.
#[derive(Clone, Default)]
pub(super) struct Ticks(Arc<AtomicU64>);

impl Ticks {
    fn next_ns(&self) -> u64 {
        self.pass(1_000)
    }

    /// Advances the clock; returns the time before.
    fn pass(&self, ns: u64) -> u64 {
        let pass = |now: u64| Some(now.saturating_add(ns));
        self.0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, pass)
            .unwrap_or_else(|now| now)
    }
}

/// A monotonic clock on which a sleep ends at once and advances the time.
pub(super) struct SkippingClock<'a> {
    pub(super) ticks: &'a Ticks,
    pub(super) resources: &'a mut ResourceTable,
}

impl HasData for SkippingClock<'static> {
    type Data<'a> = SkippingClock<'a>;
}

impl monotonic_clock::Host for SkippingClock<'_> {
    fn now(&mut self) -> wasmtime::Result<u64> {
        Ok(self.ticks.next_ns())
    }

    fn resolution(&mut self) -> wasmtime::Result<u64> {
        Ok(HostMonotonicClock::resolution(self.ticks))
    }

    fn subscribe_instant(&mut self, when: u64) -> wasmtime::Result<Resource<DynPollable>> {
        let now = self.ticks.next_ns();
        self.subscribe_duration(when.saturating_sub(now))
    }

    fn subscribe_duration(&mut self, duration: u64) -> wasmtime::Result<Resource<DynPollable>> {
        self.ticks.pass(duration);
        let elapsed = self.resources.push(Elapsed)?;
        subscribe(self.resources, elapsed)
    }
}

/// A time that has been reached.
struct Elapsed;

#[async_trait::async_trait]
impl Pollable for Elapsed {
    async fn ready(&mut self) {}
}

impl HostWallClock for Ticks {
    fn resolution(&self) -> Duration {
        Duration::from_micros(1)
    }

    fn now(&self) -> Duration {
        Duration::from_secs(946_684_800) + Duration::from_nanos(self.next_ns())
    }
}

impl HostMonotonicClock for Ticks {
    fn resolution(&self) -> u64 {
        1_000
    }

    fn now(&self) -> u64 {
        self.next_ns()
    }
}

#[cfg(test)]
mod tests {
    use wasmtime_wasi::p2::bindings::clocks::monotonic_clock::Host as _;

    use super::*;

    #[test]
    fn clocks_go_on_and_repeat() {
        let read = || {
            let ticks = Ticks::default();
            [
                HostMonotonicClock::now(&ticks),
                HostMonotonicClock::now(&ticks),
            ]
        };
        assert_eq!(read(), [0, 1_000]);
        assert_eq!(read(), read());
    }

    #[test]
    fn a_sleep_ends_at_once_and_advances_the_clock() {
        let (ticks, mut resources) = (Ticks::default(), ResourceTable::new());
        let mut clock = SkippingClock {
            ticks: &ticks,
            resources: &mut resources,
        };
        clock.subscribe_duration(3_600_000_000_000).unwrap();
        assert_eq!(ticks.next_ns(), 3_600_000_000_000);
        let mut clock = SkippingClock {
            ticks: &ticks,
            resources: &mut resources,
        };
        clock.subscribe_instant(u64::MAX).unwrap();
        assert_eq!(ticks.next_ns(), u64::MAX);
        assert_eq!(ticks.next_ns(), u64::MAX, "the end of time");
    }
}
