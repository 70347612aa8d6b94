//! The pieces of a split, sent to a worker.

use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio_util::sync::CancellationToken;

use super::{Part, Scan, ScanError};
use crate::decode::{DecodeError, DecodeOptions, Inflating, Piece};
use crate::source::{Chunk, Split};

impl Scan<'_> {
    /// Sends the pieces of `split` into `out`, in the order of the source: of Parquet objects row groups, of all else
    /// the chunks of the driver. `Ok(true)` means that all of them were sent, `Ok(false)` that the receiver of `out` is
    /// gone.
    ///
    /// Chunks of objects are inflated on another thread than the receiver's where `inflates_ahead` says so, which is
    /// called once for objects that the driver delivers in a row.
    ///
    /// # Errors
    /// Where the split cannot be delivered whole; with [`SourceError::Cancelled`](crate::source::SourceError) once
    /// `stop` fires. What was sent until then is of no use.
    pub async fn deliver<T: From<Piece> + Send + 'static>(
        &self,
        split: &Split,
        out: &Sender<T>,
        stop: &CancellationToken,
        inflates_ahead: impl Fn() -> bool,
    ) -> Result<bool, ScanError> {
        for part in self.row_groups.parts(self.driver, split, stop).await? {
            let goes_on = match part {
                Part::Stream(split) => self.stream(&split, out, stop, inflates_ahead()).await?,
                Part::Parquet(object) => {
                    let give = async |group| send(out, group).await;
                    let read = self.row_groups.read(self.driver, object, stop, give);
                    read.await?
                }
            };
            if !goes_on {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Sends the chunks of the driver; `false` where the receiver of `out` is gone.
    async fn stream<T: From<Piece> + Send + 'static>(
        &self,
        split: &Split,
        out: &Sender<T>,
        stop: &CancellationToken,
        inflates_ahead: bool,
    ) -> Result<bool, ScanError> {
        let (send, chunks) = channel(1);
        let forwarded = async {
            // Messages are not compressed as objects are.
            if self.schemas.is_none() && inflates_ahead {
                Ok(forward_inflated(chunks, out, self.options).await?)
            } else {
                self.forward(chunks, out).await
            }
        };
        let replayed = self.driver.replay(split, send, stop.clone());
        let (delivered, goes_on) = futures::join!(replayed, forwarded);
        // Where forwarding ended first, the driver failed for want of a receiver.
        let goes_on = goes_on?;
        if goes_on {
            delivered?;
        }
        Ok(goes_on)
    }

    /// Sends chunks on, each once the schemas of its messages are known; `false` where the receiver of `out` is gone.
    async fn forward<T: From<Piece>>(
        &self,
        mut chunks: Receiver<Chunk>,
        out: &Sender<T>,
    ) -> Result<bool, ScanError> {
        while let Some(chunk) = chunks.recv().await {
            if let Some(schemas) = self.schemas {
                schemas.learn(&chunk).await?;
            }
            if !send(out, chunk).await {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

async fn send<T: From<Piece>>(out: &Sender<T>, piece: impl Into<Piece>) -> bool {
    out.send(T::from(piece.into())).await.is_ok()
}

/// Inflates chunks on a thread that may block and sends them on; `false` where the receiver of `out` is gone.
async fn forward_inflated<T: From<Piece> + Send + 'static>(
    mut chunks: Receiver<Chunk>,
    out: &Sender<T>,
    options: &DecodeOptions,
) -> Result<bool, DecodeError> {
    let (out, mut inflating) = (out.clone(), Inflating::new(options));
    let inflated = tokio::task::spawn_blocking(move || {
        let give = |inflated| {
            out.blocking_send(T::from(Piece::Inflated(inflated)))
                .is_ok()
        };
        while let Some(chunk) = chunks.blocking_recv() {
            if !inflating.push(chunk, give)? {
                return Ok(false);
            }
        }
        Ok(true)
    });
    match inflated.await {
        Ok(goes_on) => goes_on,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The runtime is shutting down.
            Err(_) => Ok(false),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{archive, scan, splits_of};
    use super::*;
    use crate::decode::Counts;

    /// The counts of a split that was delivered and decoded, and the kinds of its pieces in a row.
    async fn delivered(inflates_ahead: bool) -> (Counts, Vec<&'static str>) {
        let driver = archive();
        let (split, stop) = (splits_of(&driver).await.remove(0), CancellationToken::new());
        let (scan, (send, mut pieces)) = (scan(&driver), channel::<Piece>(1));
        let (mut decoding, mut counts) = (scan.decoding().unwrap(), Counts::default());
        let mut kinds = Vec::new();
        let deliver = async {
            let is_whole = scan.deliver(&split, &send, &stop, || inflates_ahead);
            assert!(is_whole.await.unwrap());
            drop(send);
        };
        let receive = async {
            while let Some(piece) = pieces.recv().await {
                kinds.push(match &piece {
                    Piece::Chunk(_) => "chunk",
                    Piece::Inflated(_) => "inflated",
                    Piece::RowGroup(_) => "row group",
                });
                decoding.push(piece).unwrap();
                while let Some(events) = decoding.next().unwrap() {
                    counts += events.counts;
                }
            }
        };
        futures::join!(deliver, receive);
        if let Some(rest) = decoding.finish().unwrap() {
            counts += rest.counts;
        }
        kinds.dedup();
        (counts, kinds)
    }

    #[tokio::test]
    async fn inflated_ahead_or_not_the_same_is_delivered() {
        let (counts, kinds) = delivered(false).await;
        assert_eq!(kinds, ["chunk", "row group", "chunk"]);
        let (ahead, kinds) = delivered(true).await;
        assert_eq!(kinds, ["inflated", "row group", "inflated"]);
        assert_eq!(counts, ahead);
        assert_eq!(counts.events, 29);
    }

    #[tokio::test]
    async fn a_receiver_that_is_gone_ends_the_delivery() {
        let driver = archive();
        let split = splits_of(&driver).await.remove(0);
        for inflates_ahead in [false, true] {
            let (send, receive) = channel::<Piece>(1);
            drop(receive);
            let (scan, stop) = (scan(&driver), CancellationToken::new());
            let delivered = scan.deliver(&split, &send, &stop, || inflates_ahead);
            assert!(matches!(delivered.await, Ok(false)));
        }
    }
}
