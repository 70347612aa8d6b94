//! Delivers the objects of a split one after another. Several byte ranges are fetched ahead.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use tokio_util::task::AbortOnDropHandle;

use super::bucket::Bucket;
use super::get::{Pieces, read_range};
use super::list::died;
use crate::source::feed::Feed;
use crate::source::{Chunk, Object, SourceError};

/// The size of a range: large enough that the overhead of a request is small.
pub(super) const RANGE_BYTES: u64 = 8 << 20;

/// The largest number of ranges that are fetched ahead, which matters for small objects.
const RANGES_AHEAD: usize = 64;

/// Delivers `objects` in order, with up to `read_ahead` bytes fetched ahead.
pub(super) async fn deliver(
    bucket: &Arc<Bucket>,
    objects: &[Object],
    read_ahead: u64,
    feed: &Feed<Chunk>,
) -> Result<(), SourceError> {
    let mut to_fetch = objects.iter().flat_map(ranges_of).peekable();
    let mut ahead: VecDeque<Fetched> = VecDeque::new();
    let mut ahead_bytes = 0;
    loop {
        while let Some((object, range)) = to_fetch.next_if(|(_, range)| {
            let fits = ahead_bytes + (range.end - range.start) <= read_ahead;
            ahead.is_empty() || (fits && ahead.len() < RANGES_AHEAD)
        }) {
            ahead_bytes += range.end - range.start;
            ahead.push_back(Fetched::begin(bucket, object, range));
        }
        let Some(Fetched {
            object,
            range,
            pieces,
        }) = ahead.pop_front()
        else {
            return Ok(());
        };
        let pieces = feed.unless_gone(pieces).await?.unwrap_or_else(died)?;
        ahead_bytes -= range.end - range.start;
        if range.start == 0 {
            feed.send(Chunk::Object(object.clone())).await?;
        }
        for piece in pieces {
            feed.send(Chunk::Bytes(piece)).await?;
        }
        if range.end == object.size_bytes {
            feed.send(Chunk::End).await?;
        }
    }
}

/// A range that is being fetched, or was fetched.
struct Fetched {
    object: Arc<Object>,
    range: Range<u64>,
    pieces: AbortOnDropHandle<Result<Pieces, SourceError>>,
}

impl Fetched {
    fn begin(bucket: &Arc<Bucket>, object: Arc<Object>, range: Range<u64>) -> Self {
        let task = {
            let (bucket, object, range) = (bucket.clone(), object.clone(), range.clone());
            async move { read_range(&bucket, &object, range).await }
        };
        Fetched {
            object,
            range,
            pieces: AbortOnDropHandle::new(tokio::spawn(task)),
        }
    }
}

fn ranges_of(object: &Object) -> impl Iterator<Item = (Arc<Object>, Range<u64>)> + use<> {
    let object = Arc::new(object.clone());
    ranges(object.size_bytes).map(move |range| (object.clone(), range))
}

/// Divides an object into ranges. An empty object has one empty range.
fn ranges(size_bytes: u64) -> impl Iterator<Item = Range<u64>> {
    let count = size_bytes.div_ceil(RANGE_BYTES).max(1);
    (0..count).map(move |number| {
        let start = number * RANGE_BYTES;
        start..(start + RANGE_BYTES).min(size_bytes)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_cover_an_object() {
        for size in [
            0,
            1,
            RANGE_BYTES - 1,
            RANGE_BYTES,
            RANGE_BYTES + 1,
            10 * RANGE_BYTES + 7,
        ] {
            let all: Vec<_> = ranges(size).collect();
            assert_eq!(all[0].start, 0);
            assert_eq!(all[all.len() - 1].end, size);
            assert!(
                all.windows(2)
                    .all(|pair| pair[0].end == pair[1].start && pair[1].start < pair[1].end)
            );
        }
    }
}
