//! One stretch of one object, exactly as it was planned.
//!
//! A response that breaks off is gone on with where it broke off. Every response is checked: it has to be of the
//! ETag, the version and the size that were planned, and of the bytes that were asked for, whatever the store made
//! of the conditions of the request.

use std::ops::Range;

use aws_sdk_s3::operation::get_object::GetObjectOutput;
use aws_sdk_s3::primitives::ByteStream;
use bytes::Bytes;
use tokio::time::{Instant, timeout_at};

use super::bucket::Bucket;
use super::failure::{self, Answer, Failure};
use super::retry::Attempts;
use crate::source::{Object, SourceError};

/// The least bytes that have to come within the time in which a response may bring next to nothing.
const LEAST_BYTES: usize = 64 << 10;

/// The pieces of a stretch, in order.
pub(super) type Pieces = Vec<Bytes>;

/// Reads the bytes `range` of `object`, all of them. Of an empty object, it finds out whether it is still there.
pub(super) async fn stretch(
    bucket: &Bucket,
    object: &Object,
    range: Range<u64>,
) -> Result<Pieces, SourceError> {
    if range.is_empty() && object.size_bytes > 0 {
        return Ok(Vec::new());
    }
    let place = bucket.place_of(&object.key);
    let mut attempts = Attempts::new(bucket.patience, "read", &place);
    let mut stretch = Stretch {
        bucket,
        object,
        place: &place,
        left: range.clone(),
        wanted: range,
        pieces: Vec::new(),
    };
    loop {
        match stretch.request().await {
            Ok(()) => return Ok(stretch.pieces),
            Err(failure) => {
                if failure.is_throttled() {
                    bucket.pace.slow_down();
                }
                attempts.failed(failure).await?;
            }
        }
    }
}

/// A stretch of which a part has come.
struct Stretch<'a> {
    bucket: &'a Bucket,
    object: &'a Object,
    place: &'a str,
    wanted: Range<u64>,
    left: Range<u64>,
    pieces: Pieces,
}

impl Stretch<'_> {
    async fn request(&mut self) -> Result<(), Failure> {
        let turn = self.bucket.pace.turn().await;
        let whole = 0..self.object.size_bytes;
        let mut request = self
            .bucket
            .get_object(&self.object.key)
            .set_version_id(self.object.version.clone())
            .if_match(&self.object.etag);
        if self.left != whole {
            request = request.range(format!("bytes={}-{}", self.left.start, self.left.end - 1));
        }
        let response = match request.send().await {
            Ok(response) => response,
            Err(error) => {
                return Err(match failure::read(error, "read", self.place) {
                    Answer::Told(failure) => failure,
                    answer => self.bucket.planned_otherwise(self.object, answer).await,
                });
            }
        };
        self.check(&response)?;
        self.receive(response.body).await?;
        turn.went_well();
        Ok(())
    }

    /// Whether the response is what was asked for.
    fn check(&self, response: &GetObjectOutput) -> Result<(), Failure> {
        let expected_length = self.left.end - self.left.start;
        if response.e_tag() != Some(self.object.etag.as_str()) {
            return Err(match response.e_tag() {
                Some(found) => Failure::last(
                    self.bucket
                        .changed(self.object, format!("the ETag {found} in a response")),
                ),
                None => Failure::passing("the response has no ETag"),
            });
        }
        if let (Some(planned), Some(found)) = (&self.object.version, response.version_id())
            && planned != found
        {
            return Err(Failure::last(self.bucket.changed(
                self.object,
                format!("the version {found} in a response"),
            )));
        }
        let length = response
            .content_length()
            .and_then(|length| u64::try_from(length).ok());
        if length != Some(expected_length) {
            return Err(Failure::passing(format!(
                "the response announces {length:?} bytes, not {expected_length}"
            )));
        }
        if self.left != (0..self.object.size_bytes) {
            let expected = format!(
                "bytes {}-{}/{}",
                self.left.start,
                self.left.end - 1,
                self.object.size_bytes
            );
            if response.content_range() != Some(expected.as_str()) {
                return Err(Failure::passing(format!(
                    "the response is of {:?}, not of `{expected}`",
                    response.content_range()
                )));
            }
        }
        Ok(())
    }

    /// Takes in the body. What has come by the time that it breaks off is kept.
    async fn receive(&mut self, mut body: ByteStream) -> Result<(), Failure> {
        let mut watch = Watch::new(self.bucket);
        loop {
            let piece = match timeout_at(watch.deadline, body.next()).await {
                Err(_) => {
                    return Err(Failure::passing(format!(
                        "the response brought fewer than {LEAST_BYTES} bytes within {:?}",
                        self.bucket.stall_timeout
                    )));
                }
                Ok(None) => break,
                Ok(Some(Ok(piece))) => piece,
                Ok(Some(Err(error))) => {
                    if self.left.is_empty() {
                        // All has come, and it is its checksum that is wrong.
                        self.left = self.wanted.clone();
                        self.pieces.clear();
                    }
                    return Err(Failure::passing(error));
                }
            };
            let length = piece.len() as u64;
            if length > self.left.end - self.left.start {
                return Err(Failure::passing("the response is longer than announced"));
            }
            if length == 0 {
                continue;
            }
            self.left.start += length;
            self.bucket.pace.read(piece.len()).await;
            watch.saw(self.bucket, piece.len());
            self.pieces.push(piece);
        }
        if self.left.is_empty() {
            return Ok(());
        }
        Err(Failure::passing(format!(
            "the response ended {} bytes early",
            self.left.end - self.left.start
        )))
    }
}

/// Tells a response that goes on from one that does not.
struct Watch {
    deadline: Instant,
    /// Bytes since the deadline was set.
    bytes: usize,
}

impl Watch {
    fn new(bucket: &Bucket) -> Self {
        Watch {
            deadline: Instant::now() + bucket.stall_timeout,
            bytes: 0,
        }
    }

    fn saw(&mut self, bucket: &Bucket, bytes: usize) {
        self.bytes += bytes;
        // Where the pace held it back, the time is not the store's.
        if self.bytes >= LEAST_BYTES || bucket.pace.limits_bytes() {
            *self = Watch::new(bucket);
        }
    }
}
