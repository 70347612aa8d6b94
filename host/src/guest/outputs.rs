//! The standard output and standard error of an instance: captured, capped, and written to the log.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};

use bytes::Bytes;
use tokio::io::AsyncWrite;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamError};

use super::text::printable;

/// The longest line of a component's output in the log, in bytes.
const LINE_BYTES: usize = 4 << 10;

/// The bytes of standard error that an error may quote: the last ones.
const QUOTE_BYTES: usize = 8 << 10;

/// The standard output and standard error of an instance.
pub(super) struct Outputs {
    pub(super) stdout: Captured,
    pub(super) stderr: Captured,
}

impl Outputs {
    /// Streams that keep `cap_bytes` each in the instance's whole life.
    pub(super) fn new(cap_bytes: usize) -> Self {
        Outputs {
            stdout: Captured::new(cap_bytes),
            stderr: Captured::new(cap_bytes),
        }
    }

    /// Writes the lines printed since the last time to the log, escaped. Returns the end of the standard error, for an
    /// error to quote. If the call has failed, the lines of standard error are for debugging only, since a record that
    /// fails is folded again until it is found.
    pub(super) fn forward(&self, component: &str, has_failed: bool) -> String {
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
            let line = printable(line, LINE_BYTES);
            match has_failed {
                true => tracing::debug!(component, stream = "stderr", "{line}"),
                false => tracing::warn!(component, stream = "stderr", "{line}"),
            }
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
        err[from..].to_owned()
    }
}

/// A stream that keeps written bytes until they are taken, and drops bytes beyond its cap. A writer sees no
/// difference.
#[derive(Clone)]
pub(super) struct Captured(Arc<Mutex<Buffer>>);

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

    /// The bytes written since the last time, and whether any were dropped since.
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
    fn an_error_quotes_the_end_of_stderr() {
        let outputs = Outputs::new(1 << 20);
        outputs.stderr.push("é".repeat(QUOTE_BYTES).as_bytes());
        outputs.stderr.push(b"\npanicked\n");
        let quote = outputs.forward("test", true);
        assert!(quote.ends_with("é\npanicked"), "{quote}");
        assert!(quote.len() <= QUOTE_BYTES);
        assert_eq!(outputs.forward("test", true), "");
    }
}
