//! Log lines on standard error, above the progress bar.

use std::io::{self, Write};

use indicatif::MultiProgress;
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::MakeWriter;

use super::arguments::{Globals, LogFormat};
use super::paint::Paint;

/// Starts the log, with the levels of the flags or of `RUST_LOG`.
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
        .with_writer(AboveBars(bars.clone()));
    // The subscriber of the process is set here only, so this does not fail.
    let _ = match globals.log_format {
        LogFormat::Text => subscriber
            .with_ansi(Paint::stderr().is_on())
            .with_target(false)
            .try_init(),
        LogFormat::Json => subscriber.json().try_init(),
    };
}

/// Writes to standard error while the progress bar is hidden.
#[derive(Clone)]
struct AboveBars(MultiProgress);

impl Write for AboveBars {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.suspend(|| io::stderr().write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        io::stderr().flush()
    }
}

impl<'a> MakeWriter<'a> for AboveBars {
    type Writer = AboveBars;

    fn make_writer(&'a self) -> Self::Writer {
        self.clone()
    }
}
