//! The events of a split or of a piece, decoded on the spot.

use tokio::sync::mpsc::channel;
use tokio_util::sync::CancellationToken;

use super::{Scan, ScanError};
use crate::decode::{DecodeError, Decoding, Events, Piece};
use crate::source::Split;

impl Scan<'_> {
    /// Decodes `split` and hands its batches to `take`, in the order of the source, until `take` returns `false`; the
    /// rest of the split is not read then. `Ok(true)` means that all of it was taken.
    ///
    /// # Errors
    /// Where the split cannot be read or decoded; with [`SourceError::Cancelled`](crate::source::SourceError) once
    /// `stop` fires. Batches that were taken before are those of the split's beginning.
    pub async fn events(
        &self,
        split: &Split,
        stop: &CancellationToken,
        mut take: impl AsyncFnMut(Events) -> bool,
    ) -> Result<bool, ScanError> {
        let mut decoding = self.decoding()?;
        let (send, mut pieces) = channel::<Piece>(1);
        // Fires where no more is wanted: a driver that waits for its store stops, too.
        let enough = stop.child_token();
        let (decoder, taker, ending) = (&mut decoding, &mut take, enough.clone());
        // It owns the receiver, which goes away with it: then the driver, which waits for room, stops.
        let decode = async move {
            let _end = ending.drop_guard();
            while let Some(piece) = pieces.recv().await {
                decoder.push(piece)?;
                while let Some(events) = decoder.next()? {
                    if !taker(events).await {
                        return Ok::<_, DecodeError>(false);
                    }
                }
            }
            Ok(true)
        };
        let deliver = async move { self.deliver(split, &send, &enough, || false).await };
        let (delivered, decoded) = futures::join!(deliver, decode);
        // Where decoding ended first, the driver failed for want of a receiver.
        if !decoded? {
            return Ok(false);
        }
        delivered?;
        match decoding.finish()? {
            Some(events) => Ok(take(events).await),
            None => Ok(true),
        }
    }
}

/// Decodes a piece and hands the batches that become full to `each`.
///
/// # Errors
/// Where the piece cannot be decoded, or `each` fails.
pub fn decode_piece<E: From<DecodeError>>(
    decoding: &mut Decoding,
    piece: impl Into<Piece>,
    mut each: impl FnMut(Events) -> Result<(), E>,
) -> Result<(), E> {
    decoding.push(piece)?;
    while let Some(events) = decoding.next()? {
        each(events)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::tests::{archive, scan, splits_of};
    use super::*;
    use crate::error::Coded;
    use crate::source::SourceError;
    use crate::source::memory::MemoryDriver;
    use crate::units::ByteSize;

    /// The positions of the events of a split, of at most `most` batches.
    async fn positions(driver: &MemoryDriver, most: usize) -> Result<Vec<String>, ScanError> {
        let (split, stop) = (splits_of(driver).await.remove(0), CancellationToken::new());
        let (mut positions, mut batches) = (Vec::new(), 0);
        let take = async |events: Events| {
            let rows = 0..events.provenance.rows();
            positions.extend(rows.map(|row| events.provenance.position(row).to_string()));
            batches += 1;
            batches < most
        };
        let is_whole = scan(driver).events(&split, &stop, take).await?;
        assert_eq!(is_whole, batches < most);
        Ok(positions)
    }

    #[tokio::test]
    async fn the_events_of_objects_of_all_formats_come_in_the_order_of_the_split() {
        let driver = archive();
        let all = positions(&driver, usize::MAX).await.unwrap();
        let mut sources: Vec<_> = all.iter().map(|at| at.split(' ').next()).collect();
        sources.dedup();
        let names = ["a.jsonl", "b.parquet", "c.jsonl.gz", "d.avro", "e.csv"];
        assert_eq!(sources, names.map(Some));
        assert_eq!(all.len(), 3 + 10 + 3 + 10 + 3);
        // A batch has four events at most.
        let some = positions(&driver, 2).await.unwrap();
        assert!(some.len() <= 8 && all.starts_with(&some), "{some:?}");
    }

    #[tokio::test]
    async fn a_split_that_cannot_be_read_or_decoded_is_an_error_and_a_stop_is_too() {
        let driver = archive();
        driver.put("c.jsonl.gz", b"\x1f\x8b no gzip".as_slice());
        let damaged = positions(&driver, usize::MAX).await.unwrap_err();
        assert!(matches!(damaged, ScanError::Decode(_)), "{damaged:?}");
        driver.put("b.parquet", b"PAR1".as_slice());
        let damaged = positions(&driver, usize::MAX).await.unwrap_err();
        assert_eq!(damaged.code().to_string(), "BF0352");

        let (split, stop) = (splits_of(&driver).await.remove(0), CancellationToken::new());
        stop.cancel();
        let take = async |_| true;
        let stopped = scan(&driver).events(&split, &stop, take).await;
        let is_cancelled = matches!(stopped, Err(ScanError::Read(SourceError::Cancelled)));
        assert!(is_cancelled, "{stopped:?}");
    }

    #[tokio::test]
    async fn an_object_that_changed_since_the_plan_gives_no_events() {
        let driver = MemoryDriver::new(ByteSize::mib(1));
        driver.put("a.jsonl", "{\"n\": 1}\n");
        let split = splits_of(&driver).await.remove(0);
        driver.put("a.jsonl", "{\"n\": 2}\n");
        let stop = CancellationToken::new();
        let take = async |_| panic!("events of another object");
        let scanned = scan(&driver).events(&split, &stop, take).await;
        assert!(matches!(scanned, Err(ScanError::Read(_))), "{scanned:?}");
    }
}
