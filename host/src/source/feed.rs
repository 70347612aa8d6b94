//! Sending from a driver. It ends when the receiver is dropped or the run is cancelled, even while it waits for room.

use tokio::runtime::Handle;
use tokio::sync::mpsc::Sender;
use tokio::sync::mpsc::error::TrySendError;
use tokio_util::sync::CancellationToken;

use crate::source::SourceError;

/// The sending end of a channel, with the cancellation of the run.
#[derive(Debug)]
pub(crate) struct Feed<T> {
    out: Sender<T>,
    cancel: CancellationToken,
}

impl<T> Feed<T> {
    /// Sends into `out` until `cancel` fires.
    pub(crate) fn new(out: Sender<T>, cancel: CancellationToken) -> Self {
        Feed { out, cancel }
    }

    /// Sends `item`; waits until the channel has room.
    ///
    /// # Errors
    /// [`SourceError::Cancelled`] on cancellation, or if the receiver was dropped.
    pub(crate) async fn send(&self, item: T) -> Result<(), SourceError> {
        tokio::select! {
            biased;
            () = self.cancel.cancelled() => Err(SourceError::Cancelled),
            sent = self.out.send(item) => sent.map_err(|_| SourceError::Cancelled),
        }
    }

    /// [`send`](Feed::send) for a thread of [`run_blocking`].
    pub(crate) fn send_blocking(&self, item: T) -> Result<(), SourceError> {
        self.check()?;
        match self.out.try_send(item) {
            Ok(()) => Ok(()),
            Err(TrySendError::Full(item)) => Handle::current().block_on(self.send(item)),
            Err(TrySendError::Closed(_)) => Err(SourceError::Cancelled),
        }
    }

    /// Runs `work`, but stops it on cancellation or when the receiver is dropped.
    pub(crate) async fn unless_gone<R>(
        &self,
        work: impl Future<Output = R>,
    ) -> Result<R, SourceError> {
        tokio::select! {
            biased;
            () = self.cancel.cancelled() => Err(SourceError::Cancelled),
            () = self.out.closed() => Err(SourceError::Cancelled),
            done = work => Ok(done),
        }
    }

    /// Returns [`SourceError::Cancelled`] after cancellation, or if the receiver was dropped.
    pub(crate) fn check(&self) -> Result<(), SourceError> {
        if self.cancel.is_cancelled() || self.out.is_closed() {
            return Err(SourceError::Cancelled);
        }
        Ok(())
    }
}

/// Runs `work` on a thread that may block. If the caller drops the future, the feed of `work` is cancelled.
pub(crate) async fn run_blocking<T, R, W>(
    out: Sender<T>,
    cancel: &CancellationToken,
    work: W,
) -> Result<R, SourceError>
where
    T: Send + 'static,
    R: Send + 'static,
    W: FnOnce(Feed<T>) -> Result<R, SourceError> + Send + 'static,
{
    let cancel = cancel.child_token();
    let feed = Feed::new(out, cancel.clone());
    let _cancel_when_dropped = cancel.drop_guard();
    off_runtime(move || work(feed)).await
}

/// Runs `work` on a thread that may block.
pub(crate) async fn off_runtime<R: Send + 'static>(
    work: impl FnOnce() -> Result<R, SourceError> + Send + 'static,
) -> Result<R, SourceError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The runtime is shutting down.
            Err(_) => Err(SourceError::Cancelled),
        },
    }
}
