//! Threads that have the stack for a component, and waiting for what runs on them.

use std::pin::pin;

use futures::future::{Either, select};
use tokio::sync::oneshot;
use tokio_util::sync::CancellationToken;

use crate::fold::{FoldError, panic_message};
use crate::guest::{Component, GuestError};

/// Runs `work` on a thread of its own with a stack of `stack_bytes`, and awaits it.
///
/// # Errors
/// That of `work`; [`FoldError::Panicked`] where it panics; [`FoldError::Io`] where there is no thread to be had.
pub(crate) fn on_thread<T: Send + 'static>(
    name: String,
    stack_bytes: usize,
    work: impl FnOnce() -> Result<T, FoldError> + Send + 'static,
) -> Result<impl Future<Output = Result<T, FoldError>>, FoldError> {
    let (send, receive) = oneshot::channel();
    std::thread::Builder::new()
        .name(name)
        .stack_size(stack_bytes)
        .spawn(move || {
            let result = std::panic::catch_unwind(std::panic::AssertUnwindSafe(work))
                .unwrap_or_else(|panic| {
                    Err(FoldError::Panicked {
                        message: panic_message(&*panic),
                    })
                });
            // The result is of no use where the receiver is gone.
            let _ = send.send(result);
        })
        .map_err(FoldError::io("starting", "a thread"))?;
    Ok(async move {
        receive
            .await
            .unwrap_or_else(|_| Err(FoldError::Interrupted))
    })
}

/// `work` that fires `stop` unless it ends well: where it fails, and where it panics.
pub(super) fn stopping<T>(
    stop: CancellationToken,
    work: impl FnOnce() -> Result<T, FoldError>,
) -> impl FnOnce() -> Result<T, FoldError> {
    move || {
        let guard = stop.drop_guard();
        let done = work()?;
        guard.disarm();
        Ok(done)
    }
}

/// Awaits work that calls `component`, but not for longer than a call may take.
///
/// # Errors
/// [`GuestError::OverTime`] where a call takes longer than the component's limits allow.
pub(crate) async fn watched<T>(
    component: &Component,
    work: impl Future<Output = T>,
) -> Result<T, GuestError> {
    let (work, over_time) = (pin!(work), pin!(component.over_time()));
    match select(work, over_time).await {
        Either::Left((done, _)) => Ok(done),
        Either::Right((error, _)) => Err(error),
    }
}

/// Awaits work that may be dropped at any moment; `None` once `cancel` fires.
pub(crate) async fn unless_cancelled<T>(
    cancel: &CancellationToken,
    work: impl Future<Output = T>,
) -> Option<T> {
    tokio::select! {
        biased;
        () = cancel.cancelled() => None,
        done = work => Some(done),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Whether work that ends so stops the others, and what came of it.
    async fn end(
        work: impl FnOnce() -> Result<u8, FoldError> + Send + 'static,
    ) -> (bool, Result<u8, FoldError>) {
        let stop = CancellationToken::new();
        let thread = on_thread("ends".into(), 1 << 20, stopping(stop.clone(), work));
        let result = thread.unwrap().await;
        (stop.is_cancelled(), result)
    }

    #[tokio::test]
    async fn a_worker_that_fails_or_panics_stops_the_others() {
        assert!(matches!(end(|| Ok(7)).await, (false, Ok(7))));
        let (stopped, failed) = end(|| Err(FoldError::Interrupted)).await;
        assert!(stopped && matches!(failed, Err(FoldError::Interrupted)));
        let (stopped, panicked) = end(|| panic!("a bug")).await;
        let said = panicked.unwrap_err().to_string();
        assert!(stopped && said.contains("a bug"), "{said}");
    }

    #[tokio::test]
    async fn cancelled_work_is_let_go() {
        let cancel = CancellationToken::new();
        assert_eq!(unless_cancelled(&cancel, async { 7 }).await, Some(7));
        cancel.cancel();
        let never = std::future::pending::<u8>();
        assert_eq!(unless_cancelled(&cancel, never).await, None);
    }
}
