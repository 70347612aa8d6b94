//! What a command knows of the process that it runs in.

use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use backfold::progress::Progress;
use backfold::store::StoreContext;
use indicatif::MultiProgress;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

use super::arguments::Globals;
use super::output::Format;
use super::paint::Paint;
use super::watch::{Display, watching};

/// The exit code of a process that was interrupted and could not wait.
const INTERRUPTED: i32 = 130;

/// How often it is looked whether a command that was asked to stop still moves.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// What a command knows of the process that it runs in.
pub(crate) struct Context {
    /// What standard output gets.
    pub(crate) format: Format,
    /// How results for people are coloured.
    pub(crate) paint: Paint,
    /// Counts what the command does.
    pub(crate) progress: Arc<Progress>,
    /// Fires when somebody asks the command to stop.
    pub(crate) cancel: CancellationToken,
    grace: Duration,
    display: Display,
    bars: MultiProgress,
}

impl Context {
    /// A context as the flags want it.
    pub(crate) fn new(globals: &Globals) -> Self {
        Context {
            format: globals.output,
            paint: Paint::stdout(),
            progress: Arc::default(),
            cancel: CancellationToken::new(),
            grace: globals.grace,
            display: Display::choose(globals),
            bars: MultiProgress::new(),
        }
    }

    /// The bars that log lines must not tear.
    pub(crate) fn bars(&self) -> &MultiProgress {
        &self.bars
    }

    /// What a store needs to know of the command.
    pub(crate) fn store(&self) -> StoreContext {
        StoreContext {
            cancel: self.cancel.clone(),
            progress: self.progress.clone(),
        }
    }

    /// Runs `work` and shows its progress.
    pub(crate) async fn watch<T>(&self, work: impl Future<Output = T>) -> T {
        watching(self.display, &self.bars, &self.progress, work).await
    }

    /// Makes the first Ctrl-C, SIGTERM or SIGHUP ask for a checkpoint. The second ends the process, and so does a
    /// command that stands still for the grace time.
    pub(crate) fn obey_signals(&self) {
        let (Ok(mut interrupt), Ok(mut terminate), Ok(mut hang_up)) = (
            signal(SignalKind::interrupt()),
            signal(SignalKind::terminate()),
            signal(SignalKind::hangup()),
        ) else {
            tracing::warn!(
                "signals cannot be caught: Ctrl-C ends the process without a checkpoint"
            );
            return;
        };
        let (cancel, bars) = (self.cancel.clone(), self.bars.clone());
        let (progress, grace) = (self.progress.clone(), self.grace);
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
                bars.suspend(|| eprintln!("stopping at a checkpoint; once more to stop at once"));
            }
        });
    }

    /// Who is at work, for the table's history: `user@host`.
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
            _ => user,
        }
    }
}

/// Waits until no counter moved for the grace time.
async fn standstill(progress: &Progress, grace: Duration) {
    let (mut moved, mut since) = (progress.moved(), Instant::now());
    while since.elapsed() < grace {
        tokio::time::sleep(LOOK_EVERY).await;
        if progress.moved() != moved {
            (moved, since) = (progress.moved(), Instant::now());
        }
    }
}

/// Who the system says we are, where no variable does, as under cron and in containers.
fn effective_user() -> Option<String> {
    let said = std::process::Command::new("id").arg("-un").output().ok()?;
    let name = String::from_utf8(said.stdout).ok()?;
    Some(name.trim().to_owned()).filter(|name| !name.is_empty())
}
