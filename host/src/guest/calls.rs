//! The calls that run now, and the time that each has taken.
//!
//! Fuel ends a call that runs for too long, at the same instruction on every machine. A call back into the host burns no
//! fuel, so calls have a time limit as well. A call cannot be stopped from outside: the run ends with an error while the
//! call goes on in its thread.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::{Duration, Instant};

use super::{Call, GuestError};

/// The calls of all instances of a component.
pub(super) struct Calls {
    epoch: Instant,
    slots: Mutex<Vec<Weak<Slot>>>,
}

/// The current call of one instance, or of the instance that replaced it.
pub(super) struct Slot {
    epoch: Instant,
    /// The beginning of the current call, in microseconds since the epoch, with the number of the call in the bits
    /// above [`CALL_SHIFT`]; 0 if there is none.
    began: AtomicU64,
}

const CALL_SHIFT: u32 = 60;

const CALLS: [Call; 7] = [
    Call::Start,
    Call::Open,
    Call::Fold,
    Call::Drain,
    Call::Identity,
    Call::Combine,
    Call::Present,
];

impl Calls {
    pub(super) fn new() -> Self {
        Calls {
            epoch: Instant::now(),
            slots: Mutex::default(),
        }
    }

    /// A slot for the calls of another instance.
    pub(super) fn slot(&self) -> Arc<Slot> {
        let slot = Arc::new(Slot {
            epoch: self.epoch,
            began: AtomicU64::new(0),
        });
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        slots.retain(|slot| slot.strong_count() > 0);
        slots.push(Arc::downgrade(&slot));
        slot
    }

    /// The error for a call that takes longer than `limit`, if there is one.
    pub(super) fn overdue(&self, limit: Duration) -> Option<GuestError> {
        let now = micros(self.epoch);
        let slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        slots.iter().filter_map(Weak::upgrade).find_map(|slot| {
            let entry = slot.began.load(Ordering::Relaxed);
            let began = entry & ((1 << CALL_SHIFT) - 1);
            let took = Duration::from_micros(now.saturating_sub(began));
            let call = CALLS.get((entry >> CALL_SHIFT) as usize);
            (entry != 0 && took > limit).then(|| GuestError::OverTime {
                call: call.copied().unwrap_or(Call::Start),
                limit,
            })
        })
    }
}

impl Slot {
    /// Runs `run` as the current call.
    pub(super) fn during<T>(&self, call: Call, run: impl FnOnce() -> T) -> T {
        let index = CALLS.iter().position(|known| *known == call).unwrap_or(0) as u64;
        // One microsecond more, so that it is never 0.
        let entry = index << CALL_SHIFT | (micros(self.epoch) + 1);
        self.began.store(entry, Ordering::Relaxed);
        let result = run();
        self.began.store(0, Ordering::Relaxed);
        result
    }
}

fn micros(epoch: Instant) -> u64 {
    epoch.elapsed().as_micros() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_call_under_way_is_over_time() {
        let calls = Calls::new();
        let (slot, other) = (calls.slot(), calls.slot());
        slot.during(Call::Fold, || {});
        assert!(calls.overdue(Duration::ZERO).is_none());
        other.during(Call::Combine, || {
            assert!(calls.overdue(Duration::from_secs(60)).is_none());
            let began = Instant::now();
            while began.elapsed() < Duration::from_micros(10) {}
            let error = calls.overdue(Duration::from_micros(1)).unwrap();
            assert!(
                matches!(
                    error,
                    GuestError::OverTime {
                        call: Call::Combine,
                        ..
                    }
                ),
                "{error}"
            );
        });
        drop(other);
        assert!(calls.overdue(Duration::ZERO).is_none());
    }
}
