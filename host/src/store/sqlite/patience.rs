//! Waiting for others who use the database: for how long, told to whom, ended by whom.
//!
//! SQLite asks a function without a state whether to try again. A connection is used on the thread that opened it, so
//! what the function needs to know is kept by thread.

use std::cell::RefCell;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::store::StoreContext;

thread_local! {
    static CURRENT: RefCell<Option<Patience>> = const { RefCell::new(None) };
}

/// After so long people hear what is waited for.
const TELL_AFTER: Duration = Duration::from_millis(500);
/// The longest time between two attempts: also that after which a cancellation is seen.
const LONGEST_PAUSE: Duration = Duration::from_millis(20);

/// How long this thread waits for others.
struct Patience {
    database: PathBuf,
    timeout: Duration,
    context: StoreContext,
    began: Instant,
    is_told: bool,
}

/// While this lives, SQLite on this thread waits as it was told to.
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
        is_told: false,
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
            self.is_told = false;
        }
        let waited = self.began.elapsed();
        if self.context.cancel.is_cancelled() || waited >= self.timeout {
            return false;
        }
        if waited >= TELL_AFTER {
            let what = format!(
                "the database {}, which another process is using",
                self.database.display()
            );
            if !self.is_told {
                tracing::warn!("waiting for {what}");
                self.is_told = true;
            }
            self.context.progress.waits_for(what);
        }
        let pause = Duration::from_millis(1) * 2_u32.saturating_pow(attempts.clamp(0, 10) as u32);
        std::thread::sleep(pause.min(LONGEST_PAUSE).min(self.timeout - waited));
        true
    }
}
