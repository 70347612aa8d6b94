//! Log lines, on standard error, above whatever bar is drawn there.

use std::io::{self, Write};

use indicatif::MultiProgress;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

use super::arguments::{Globals, LogFormat};
use super::paint::Paint;

/// Begins to write log lines, of the levels that the flags or `RUST_LOG` ask for.
pub(crate) fn start(globals: &Globals, bars: &MultiProgress) {
    let level = match (globals.quiet, globals.verbose) {
        (true, _) => "error",
        (false, 0) => "warn",
        (false, 1) => "warn,backfold=info",
        (false, 2) => "warn,backfold=debug",
        (false, _) => "info,backfold=trace",
    };
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new(level));
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(BesideBars(bars.clone()));
    // A subscriber is set at most once a process, here: the error cannot happen.
    let _ = match globals.log_format {
        LogFormat::Text => subscriber
            .with_ansi(Paint::stderr().is_on())
            .with_target(false)
            .try_init(),
        LogFormat::Json => subscriber.json().try_init(),
    };
}

/// Writes lines to standard error while no bar is drawn.
#[derive(Clone)]
struct BesideBars(MultiProgress);

impl Write for BesideBars {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.suspend(|| io::stderr().write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

impl<'a> MakeWriter<'a> for BesideBars {
    type Writer = BesideBars;

    fn make_writer(&'a self) -> Self::Writer {
        self.clone()
    }
}
