//! The objects of a split, one behind another, of which several stretches are fetched ahead.

use std::collections::VecDeque;
use std::ops::Range;
use std::sync::Arc;

use tokio_util::task::AbortOnDropHandle;

use super::bucket::Bucket;
use super::get::{Pieces, stretch};
use super::list::died;
use crate::source::feed::Feed;
use crate::source::{Chunk, Object, SourceError};

/// How much of an object is asked for at a time: enough that a request's own cost is small.
pub(super) const STRETCH_BYTES: u64 = 8 << 20;

/// How many stretches are fetched ahead at most, however small their objects are.
const STRETCHES_AHEAD: usize = 64;

/// Delivers `objects` in order, with up to `read_ahead` bytes fetched ahead.
pub(super) async fn deliver(
    bucket: &Arc<Bucket>,
    objects: &[Object],
    read_ahead: u64,
    feed: &Feed<Chunk>,
) -> Result<(), SourceError> {
    let mut to_fetch = objects.iter().flat_map(stretches_of).peekable();
    let mut ahead: VecDeque<Fetched> = VecDeque::new();
    let mut ahead_bytes = 0;
    loop {
        while let Some((object, range)) = to_fetch.next_if(|(_, range)| {
            let fits = ahead_bytes + (range.end - range.start) <= read_ahead;
            ahead.is_empty() || (fits && ahead.len() < STRETCHES_AHEAD)
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

/// A stretch that is being fetched, or was.
struct Fetched {
    object: Arc<Object>,
    range: Range<u64>,
    pieces: AbortOnDropHandle<Result<Pieces, SourceError>>,
}

impl Fetched {
    fn begin(bucket: &Arc<Bucket>, object: Arc<Object>, range: Range<u64>) -> Self {
        let task = {
            let (bucket, object, range) = (bucket.clone(), object.clone(), range.clone());
            async move { stretch(&bucket, &object, range).await }
        };
        Fetched {
            object,
            range,
            pieces: AbortOnDropHandle::new(tokio::spawn(task)),
        }
    }
}

fn stretches_of(object: &Object) -> impl Iterator<Item = (Arc<Object>, Range<u64>)> + use<> {
    let object = Arc::new(object.clone());
    stretches(object.size_bytes).map(move |range| (object.clone(), range))
}

/// Cuts an object into stretches; an empty one has one.
fn stretches(size_bytes: u64) -> impl Iterator<Item = Range<u64>> {
    let count = size_bytes.div_ceil(STRETCH_BYTES).max(1);
    (0..count).map(move |number| {
        let start = number * STRETCH_BYTES;
        start..(start + STRETCH_BYTES).min(size_bytes)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stretches_cover_an_object() {
        for size in [
            0,
            1,
            STRETCH_BYTES - 1,
            STRETCH_BYTES,
            STRETCH_BYTES + 1,
            10 * STRETCH_BYTES + 7,
        ] {
            let all: Vec<_> = stretches(size).collect();
            assert_eq!(all[0].start, 0);
            assert_eq!(all[all.len() - 1].end, size);
            assert!(
                all.windows(2)
                    .all(|pair| pair[0].end == pair[1].start && pair[1].start < pair[1].end)
            );
        }
    }
}
