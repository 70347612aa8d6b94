//! Rows on their way from a thread that merges to the one that takes them, bounded by their bytes.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

/// A queue bounded in bytes: the items that wait in it take at most `most_bytes` together, or are one larger item.
pub(super) fn ahead<T>(most_bytes: usize) -> (Sender<T>, Receiver<T>) {
    let shared = Arc::new(Shared {
        state: Mutex::new(State {
            waiting: VecDeque::new(),
            bytes: 0,
            is_closed: false,
        }),
        changed: Condvar::new(),
        most_bytes,
    });
    (Sender(shared.clone()), Receiver(shared))
}

/// The sending end. The queue ends when it is dropped.
pub(super) struct Sender<T>(Arc<Shared<T>>);

/// The receiving end.
pub(super) struct Receiver<T>(Arc<Shared<T>>);

/// The receiving end is gone.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Closed;

struct Shared<T> {
    state: Mutex<State<T>>,
    changed: Condvar,
    most_bytes: usize,
}

struct State<T> {
    /// Each with its bytes.
    waiting: VecDeque<(T, usize)>,
    bytes: usize,
    /// Whether one of the ends is gone.
    is_closed: bool,
}

impl<T> Shared<T> {
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&self, state: MutexGuard<'a, State<T>>) -> MutexGuard<'a, State<T>> {
        let waited = self.changed.wait(state);
        waited.unwrap_or_else(PoisonError::into_inner)
    }

    fn close(&self) {
        self.lock().is_closed = true;
        self.changed.notify_all();
    }
}

impl<T> Sender<T> {
    /// Sends `thing`, which takes `bytes`, once there is room for it.
    pub(super) fn send(&self, thing: T, bytes: usize) -> Result<(), Closed> {
        let mut state = self.0.lock();
        while !state.is_closed
            && !state.waiting.is_empty()
            && state.bytes.saturating_add(bytes) > self.0.most_bytes
        {
            state = self.0.wait(state);
        }
        if state.is_closed {
            return Err(Closed);
        }
        state.waiting.push_back((thing, bytes));
        state.bytes += bytes;
        self.0.changed.notify_all();
        Ok(())
    }
}

impl<T> Receiver<T> {
    /// The next thing; `None` once there will be none.
    pub(super) fn receive(&self) -> Option<T> {
        let mut state = self.0.lock();
        loop {
            if let Some((thing, bytes)) = state.waiting.pop_front() {
                state.bytes -= bytes;
                self.0.changed.notify_all();
                return Some(thing);
            }
            if state.is_closed {
                return None;
            }
            state = self.0.wait(state);
        }
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        self.0.close();
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        self.0.close();
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};

    use super::*;

    #[test]
    fn all_arrives_in_order_and_little_waits() {
        let (sender, receiver) = ahead(100);
        let (sent, received) = (AtomicUsize::new(0), AtomicUsize::new(0));
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let sender = sender;
                for thing in 0..1_000 {
                    sender.send(thing, 30).unwrap();
                    let waiting =
                        sent.fetch_add(1, Ordering::SeqCst) + 1 - received.load(Ordering::SeqCst);
                    // One may have been taken that is not counted yet.
                    assert!(waiting <= 4, "{waiting} wait");
                }
            });
            for thing in 0..1_000 {
                assert_eq!(receiver.receive(), Some(thing));
                received.fetch_add(1, Ordering::SeqCst);
            }
            assert_eq!(receiver.receive(), None);
        });
    }

    #[test]
    fn what_is_larger_than_all_that_may_wait_goes_alone() {
        let (sender, receiver) = ahead(10);
        sender.send("large", 1_000).unwrap();
        assert_eq!(receiver.receive(), Some("large"));
        sender.send("small", 4).unwrap();
        sender.send("small", 6).unwrap();
        drop(sender);
        assert_eq!([receiver.receive(), receiver.receive()], [Some("small"); 2]);
        assert_eq!(receiver.receive(), None);
    }

    #[test]
    fn who_waits_for_room_is_told_that_nobody_takes() {
        let (sender, receiver) = ahead(1);
        sender.send(1, 1).unwrap();
        std::thread::scope(|scope| {
            let waiting = scope.spawn(move || sender.send(2, 1));
            drop(receiver);
            assert_eq!(waiting.join().unwrap(), Err(Closed));
        });
    }
}
