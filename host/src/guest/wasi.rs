//! A WASI 0.2 that gives a component nothing, and the same nothing in every run: no files, no network, no
//! environment, clocks that tick by the call, randomness from a constant. What it prints is kept.

use std::io;
use std::pin::Pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use tokio::io::AsyncWrite;
use wasmtime::component::{HasData, Linker, Resource, ResourceTable};
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::bindings::clocks::monotonic_clock;
use wasmtime_wasi::p2::{DynPollable, OutputStream, Pollable, StreamError, subscribe};
use wasmtime_wasi::{Deterministic, HostMonotonicClock, HostWallClock, WasiCtx, WasiCtxBuilder};

use super::sandbox::Sandbox;
use super::text::printable;

/// How many resources of WASI (streams, pollables) an instance may hold at once.
pub(super) const MAX_RESOURCES: usize = 10_000;

/// How long a line of a component's output may be in the log.
const LINE_BYTES: usize = 4 << 10;

/// How much of its standard error a trap quotes.
const QUOTE_BYTES: usize = 1 << 10;

/// Adds WASI to a linker.
pub(super) fn add_to_linker(linker: &mut Linker<Sandbox>) -> wasmtime::Result<()> {
    wasmtime_wasi::p2::add_to_linker_sync(linker)?;
    // Its own clock would let a component sleep for as long as it likes.
    linker.allow_shadowing(true);
    monotonic_clock::add_to_linker::<_, Sleepless>(linker, |sandbox| sandbox.sleepless())?;
    linker.allow_shadowing(false);
    Ok(())
}

/// What a component sees of the world.
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

/// Bytes that look random, for a generator to repeat: few, for every instance has its own.
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

/// Clocks that tell how often they were asked: a microsecond passes with each look, from
/// 2000-01-01T00:00:00Z, so that code which waits for time to pass goes on.
#[derive(Clone, Default)]
pub(super) struct Ticks(Arc<AtomicU64>);

impl Ticks {
    fn next_ns(&self) -> u64 {
        self.pass(1_000)
    }

    /// Lets time pass; gives the time before.
    fn pass(&self, ns: u64) -> u64 {
        let pass = |now: u64| Some(now.saturating_add(ns));
        self.0
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, pass)
            .unwrap_or_else(|now| now)
    }
}

/// A monotonic clock by which whoever sleeps wakes at once, later.
pub(super) struct Sleepless<'a> {
    pub(super) ticks: &'a Ticks,
    pub(super) resources: &'a mut ResourceTable,
}

impl HasData for Sleepless<'static> {
    type Data<'a> = Sleepless<'a>;
}

impl monotonic_clock::Host for Sleepless<'_> {
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

/// A time to wait for that has come.
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

/// Both streams of an instance.
pub(super) struct Outputs {
    stdout: Captured,
    stderr: Captured,
}

impl Outputs {
    /// Each stream takes `cap_bytes` in the instance's whole life.
    pub(super) fn new(cap_bytes: usize) -> Self {
        Outputs {
            stdout: Captured::new(cap_bytes),
            stderr: Captured::new(cap_bytes),
        }
    }

    /// Writes to the log what was printed since the last time, line by line and escaped. The end of the
    /// standard error, for an error to quote.
    pub(super) fn forward(&self, component: &str) -> String {
        let (out, _) = self.stdout.take();
        for line in String::from_utf8_lossy(&out).lines() {
            tracing::info!(
                component,
                stream = "stdout",
                "{}",
                printable(line, LINE_BYTES)
            );
        }
        let (err, full) = self.stderr.take();
        let err = String::from_utf8_lossy(&err);
        for line in err.lines() {
            tracing::warn!(
                component,
                stream = "stderr",
                "{}",
                printable(line, LINE_BYTES)
            );
        }
        if full {
            tracing::warn!(
                component,
                "the rest of its standard error is dropped: limits.output is reached"
            );
        }
        let err = err.trim();
        let mut from = err.len().saturating_sub(QUOTE_BYTES);
        while !err.is_char_boundary(from) {
            from += 1;
        }
        printable(&err[from..], 2 * QUOTE_BYTES)
    }
}

/// A stream that keeps what is written until it is taken, and forgets what passes its cap. A writer never
/// sees a difference.
#[derive(Clone)]
struct Captured(Arc<Mutex<Buffer>>);

struct Buffer {
    bytes: Vec<u8>,
    left: usize,
    overflowed: bool,
}

impl Captured {
    fn new(cap_bytes: usize) -> Self {
        Captured(Arc::new(Mutex::new(Buffer {
            bytes: Vec::new(),
            left: cap_bytes,
            overflowed: false,
        })))
    }

    fn push(&self, bytes: &[u8]) {
        let mut buffer = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let kept = bytes.len().min(buffer.left);
        buffer.bytes.extend_from_slice(&bytes[..kept]);
        buffer.left -= kept;
        buffer.overflowed |= kept < bytes.len();
    }

    /// What was written since the last time, and whether anything was dropped since.
    fn take(&self) -> (Vec<u8>, bool) {
        let mut buffer = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        (
            std::mem::take(&mut buffer.bytes),
            std::mem::take(&mut buffer.overflowed),
        )
    }
}

impl IsTerminal for Captured {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Captured {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

impl AsyncWrite for Captured {
    fn poll_write(
        self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.push(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

impl OutputStream for Captured {
    fn write(&mut self, bytes: Bytes) -> Result<(), StreamError> {
        self.push(&bytes);
        Ok(())
    }

    fn flush(&mut self) -> Result<(), StreamError> {
        Ok(())
    }

    fn check_write(&mut self) -> Result<usize, StreamError> {
        Ok(64 << 10)
    }
}

#[async_trait::async_trait]
impl Pollable for Captured {
    async fn ready(&mut self) {}
}

#[cfg(test)]
mod tests {
    use wasmtime_wasi::p2::bindings::clocks::monotonic_clock::Host as _;

    use super::*;

    #[test]
    fn a_flood_is_swallowed() {
        let outputs = Outputs::new(10);
        for _ in 0..1_000 {
            outputs.stderr.push(b"0123456789abcdef");
        }
        assert_eq!(outputs.stderr.take(), (b"0123456789".to_vec(), true));
        outputs.stderr.push(b"more");
        assert_eq!(outputs.stderr.take(), (Vec::new(), true));
    }

    #[test]
    fn an_error_quotes_the_end_of_stderr_escaped() {
        let outputs = Outputs::new(1 << 20);
        outputs.stderr.push("é".repeat(4_000).as_bytes());
        outputs.stderr.push(b"\x1b[31mpanicked\n");
        let quote = outputs.forward("test");
        assert!(quote.ends_with("\\u{1b}[31mpanicked"), "{quote}");
        assert!(quote.len() <= 2 * QUOTE_BYTES);
        assert_eq!(outputs.forward("test"), "");
    }

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
    fn who_sleeps_wakes_at_once_and_later() {
        let (ticks, mut resources) = (Ticks::default(), ResourceTable::new());
        let mut clock = Sleepless {
            ticks: &ticks,
            resources: &mut resources,
        };
        clock.subscribe_duration(3_600_000_000_000).unwrap();
        assert_eq!(ticks.next_ns(), 3_600_000_000_000);
        let mut clock = Sleepless {
            ticks: &ticks,
            resources: &mut resources,
        };
        clock.subscribe_instant(u64::MAX).unwrap();
        assert_eq!(ticks.next_ns(), u64::MAX);
        assert_eq!(ticks.next_ns(), u64::MAX, "the end of time");
    }
}
