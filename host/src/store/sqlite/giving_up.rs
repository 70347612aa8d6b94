//! Giving up on work that SQLite cannot interrupt, such as dropping a large table: it is certain then that the work is
//! never committed.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};

use super::fault::Fault;

const AT_WORK: u8 = 0;
const COMMITTING: u8 = 1;
const GIVEN_UP: u8 = 2;

/// Whether a call is committed or given up: decided once, by the thread that works on the database or by the task that
/// waits for it.
#[derive(Clone, Debug, Default)]
pub(super) struct Decision(Arc<AtomicU8>);

impl Decision {
    /// Calls `commit`, unless the work was given up: then it fails, and nothing is ever committed.
    pub(super) fn commit<T>(&self, commit: impl FnOnce() -> Result<T, Fault>) -> Result<T, Fault> {
        if !self.go(AT_WORK, COMMITTING) {
            return Err(Fault::Cancelled);
        }
        let committed = commit();
        self.go(COMMITTING, AT_WORK);
        committed
    }

    /// Gives the work up, unless it is being committed. Says whether it was given up.
    pub(super) fn give_up(&self) -> bool {
        self.go(AT_WORK, GIVEN_UP)
    }

    fn go(&self, from: u8, to: u8) -> bool {
        self.0
            .compare_exchange(from, to, Ordering::AcqRel, Ordering::Acquire)
            .is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_being_committed_is_not_given_up() {
        let decision = Decision::default();
        decision
            .commit(|| {
                assert!(!decision.give_up());
                Ok(())
            })
            .unwrap();
        assert!(decision.give_up());
        let refused = decision.commit(|| -> Result<(), Fault> { panic!("it was given up") });
        assert!(matches!(refused, Err(Fault::Cancelled)));
    }
}
