//! Waiting for other processes that use the database: bounded by `busy_timeout`, reported, ended by a cancellation.
//!
//! SQLite calls a function that has no state to learn whether to try again. A connection is used on the thread that
//! opened it, so the state of the wait is kept by thread.

use std::cell::RefCell;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::store::StoreContext;

thread_local! {
    static CURRENT: RefCell<Option<Patience>> = const { RefCell::new(None) };
}

/// A wait that takes longer than this is reported.
const REPORT_AFTER: Duration = Duration::from_millis(500);
/// The longest time between two attempts, and so between a cancellation and the end of the wait.
const LONGEST_PAUSE: Duration = Duration::from_millis(20);

/// The waiting of a thread's connection for locks of other processes.
struct Patience {
    database: PathBuf,
    timeout: Duration,
    context: StoreContext,
    began: Instant,
    is_reported: bool,
}

/// While this lives, SQLite on this thread waits as [`begin`] set it.
#[derive(Debug)]
pub(super) struct Patient(());

impl Drop for Patient {
    fn drop(&mut self) {
        CURRENT.set(None);
    }
}

/// Lets this thread wait for as long as `timeout`, or until the context's token fires.
pub(super) fn begin(database: PathBuf, timeout: Duration, context: StoreContext) -> Patient {
    CURRENT.set(Some(Patience {
        database,
        timeout,
        context,
        began: Instant::now(),
        is_reported: false,
    }));
    Patient(())
}

/// SQLite's busy handler: waits a moment and says whether to try again. `attempts` were made for the same lock.
pub(super) fn try_again(attempts: i32) -> bool {
    CURRENT.with_borrow_mut(|patience| {
        patience
            .as_mut()
            .is_some_and(|patience| patience.wait(attempts))
    })
}

impl Patience {
    fn wait(&mut self, attempts: i32) -> bool {
        if attempts == 0 {
            self.began = Instant::now();
            self.is_reported = false;
        }
        let waited = self.began.elapsed();
        if self.context.cancel.is_cancelled() || waited >= self.timeout {
            return false;
        }
        if waited >= REPORT_AFTER {
            let what = format!(
                "the database {}, which another process is using",
                self.database.display()
            );
            if !self.is_reported {
                tracing::warn!("waiting for {what}");
                self.is_reported = true;
            }
            self.context.progress.waits_for(what);
        }
        let pause = Duration::from_millis(1) * 2_u32.saturating_pow(attempts.clamp(0, 10) as u32);
        std::thread::sleep(pause.min(LONGEST_PAUSE).min(self.timeout - waited));
        true
    }
}
