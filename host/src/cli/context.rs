//! The process of a command: signals, progress, output, operator.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use backfold::progress::Progress;
use backfold::steps;
use backfold::store::{Pointer, StoreContext};
use indicatif::MultiProgress;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::arguments::Globals;
use super::output::Format;
use super::paint::Paint;
use super::watch::{Display, Shown, watching};

/// The exit code after an interruption without a checkpoint.
const INTERRUPTED: i32 = 130;

/// The interval at which the progress of a stopping command is checked.
const CHECK_EVERY: Duration = Duration::from_millis(100);

/// The process of a command.
pub(crate) struct Context {
    /// The format of standard output.
    pub(crate) format: Format,
    /// The colours of text on standard output.
    pub(crate) paint: Paint,
    /// The counters of the command.
    pub(crate) progress: Arc<Progress>,
    /// Is cancelled by the first signal.
    pub(crate) cancel: CancellationToken,
    command: &'static str,
    grace: Duration,
    display: Display,
    bars: MultiProgress,
}

impl Context {
    /// A context of the command with this name, for these flags.
    pub(crate) fn new(command: &'static str, globals: &Globals) -> Self {
        Context {
            format: globals.output,
            paint: Paint::stdout(),
            progress: Arc::default(),
            cancel: CancellationToken::new(),
            command,
            grace: globals.grace,
            display: Display::choose(globals),
            bars: MultiProgress::new(),
        }
    }

    /// The progress bars; log lines are printed above them.
    pub(crate) fn bars(&self) -> &MultiProgress {
        &self.bars
    }

    /// The cancellation, the counters and the command, for a store.
    pub(crate) fn store(&self) -> StoreContext {
        StoreContext {
            cancel: self.cancel.clone(),
            progress: self.progress.clone(),
            command: self.command,
        }
    }

    /// The cancellation and the counters, for a step.
    pub(crate) fn steps(&self) -> steps::Context {
        steps::Context {
            progress: self.progress.clone(),
            cancel: self.cancel.clone(),
            ..steps::Context::default()
        }
    }

    /// Runs `work` and shows its progress.
    pub(crate) async fn watch<T>(&self, work: impl Future<Output = T>) -> T {
        watching(self.display, &self.bars, &self.progress, Shown::All, work).await
    }

    /// Runs `work`, which has no stages, and shows that it compiles a component as long as it does.
    pub(crate) async fn watch_compiling<T>(&self, work: impl Future<Output = T>) -> T {
        let shown = Shown::Compiling;
        watching(self.display, &self.bars, &self.progress, shown, work).await
    }

    /// Handles Ctrl-C, SIGTERM and SIGHUP: the first signal requests a checkpoint, the second one ends the process. The
    /// process also ends if the command makes no progress for the grace time after the first signal.
    pub(crate) fn handle_signals(&self) {
        let (Ok(mut interrupt), Ok(mut terminate), Ok(mut hang_up)) = (
            signal(SignalKind::interrupt()),
            signal(SignalKind::terminate()),
            signal(SignalKind::hangup()),
        ) else {
            tracing::warn!(
                "signals cannot be handled: Ctrl-C ends the process without a checkpoint"
            );
            return;
        };
        let (cancel, bars) = (self.cancel.clone(), self.bars.clone());
        let (progress, grace) = (self.progress.clone(), self.grace);
        let stopping = match self.command {
            "new" | "build" | "test" | "doctor" | "diff" | "gc" | "abort" => "stopping",
            "swap" | "rollback" | "rehearse" => "stopping; a swap that has begun is completed",
            _ => "stopping after a checkpoint",
        };
        tokio::spawn(async move {
            loop {
                tokio::select! {
                    Some(()) = interrupt.recv() => {}
                    Some(()) = terminate.recv() => {}
                    Some(()) = hang_up.recv() => {}
                    () = standstill(&progress, grace), if cancel.is_cancelled() => {
                        bars.suspend(|| eprintln!("nothing moved for {grace:?}: stopping without a checkpoint"));
                        std::process::exit(INTERRUPTED);
                    }
                    else => return,
                }
                if cancel.is_cancelled() {
                    std::process::exit(INTERRUPTED);
                }
                cancel.cancel();
                bars.suspend(|| eprintln!("{stopping}; press Ctrl-C again to stop at once"));
            }
        });
    }

    /// The author of swaps in the history of the table: `user@host`.
    pub(crate) fn operator(&self) -> String {
        let name = |variables: &[&str]| {
            variables
                .iter()
                .find_map(|v| std::env::var(v).ok())
                .filter(|n| !n.is_empty())
        };
        let user = name(&["BACKFOLD_BY", "USER", "LOGNAME"])
            .or_else(effective_user)
            .unwrap_or_else(|| "unknown".into());
        match name(&["HOSTNAME"]).or_else(|| std::fs::read_to_string("/etc/hostname").ok()) {
            Some(host) if !user.contains('@') => format!("{user}@{}", host.trim()),
            // The mark of a rehearsal is not for others.
            _ => Pointer::not_rehearsed_by(&user).to_owned(),
        }
    }
}

/// Waits until no counter has changed for the grace time.
async fn standstill(progress: &Progress, grace: Duration) {
    let (mut moved, mut since) = (progress.moved(), Instant::now());
    while since.elapsed() < grace {
        tokio::time::sleep(CHECK_EVERY).await;
        if progress.moved() != moved {
            (moved, since) = (progress.moved(), Instant::now());
        }
    }
}

/// The name of the user according to the system, for cron and containers, where no variable has it.
fn effective_user() -> Option<String> {
    let output = std::process::Command::new("id").arg("-un").output().ok()?;
    let name = String::from_utf8(output.stdout).ok()?;
    Some(name.trim().to_owned()).filter(|name| !name.is_empty())
}
