//! Reads one byte range of one object, exactly as it was planned.
//!
//! A response that breaks off is continued at that position. Every response is checked: it must have the planned ETag,
//! version and size, and the requested bytes, whether or not the store honours the conditions of the request. Options
//! that the store does not support are left out of later requests.
//!
//! # Objects with a content encoding
//! Google's store decompresses objects with `Content-Encoding: gzip`, unless the request accepts gzip. A proxy in front
//! of another store may compress objects if the request accepts gzip. So requests accept only `identity`, until a
//! response shows that objects are decompressed; from then on they accept `gzip`. Both ways deliver the bytes as
//! stored.

use std::ops::Range;
use std::sync::atomic::Ordering;

use aws_sdk_s3::Config;
use aws_sdk_s3::config::interceptors::BeforeTransmitInterceptorContextMut;
use aws_sdk_s3::config::{ConfigBag, Intercept, ResponseChecksumValidation, RuntimeComponents};
use aws_sdk_s3::error::BoxError;
use aws_sdk_s3::operation::get_object::GetObjectOutput;
use aws_sdk_s3::primitives::ByteStream;
use bytes::Bytes;
use tokio::time::{Instant, timeout_at};

use super::bucket::{Bucket, Found};
use super::etag;
use super::failure::{self, Answer, Failure, Request};
use super::retry::Attempts;
use crate::aws::root;
use crate::source::{Object, SourceError};

/// The smallest number of bytes that a response must deliver within `stall_timeout`.
const LEAST_BYTES: usize = 64 << 10;

/// The bytes of a range, in pieces.
pub(crate) type Pieces = Vec<Bytes>;

/// Reads the bytes `range` of `object`. For an empty object, it checks that the object still exists.
pub(crate) async fn read_range(
    bucket: &Bucket,
    object: &Object,
    range: Range<u64>,
) -> Result<Pieces, SourceError> {
    if range.is_empty() && object.size_bytes > 0 {
        return Ok(Vec::new());
    }
    let place = bucket.place_of(&object.key);
    let request = bucket.request("read", &place);
    let mut attempts = Attempts::new(bucket.retries, request);
    let mut reading = RangeReading {
        bucket,
        object,
        request,
        counted: range.start,
        left: range.clone(),
        wanted: range,
        pieces: Vec::new(),
    };
    loop {
        match reading.attempt().await {
            Ok(()) => return Ok(reading.pieces),
            Err(failure) => {
                if failure.is_throttled() {
                    bucket.pace.slow_down();
                }
                if reading.made_progress() {
                    attempts.renew();
                }
                attempts.failed(failure).await?;
            }
        }
    }
}

/// The state of reading a range.
struct RangeReading<'a> {
    bucket: &'a Bucket,
    object: &'a Object,
    request: Request<'a>,
    wanted: Range<u64>,
    left: Range<u64>,
    /// The position that counts as progress of earlier attempts.
    counted: u64,
    pieces: Pieces,
}

impl RangeReading<'_> {
    /// Whether the last attempts delivered enough to reset the number of attempts.
    fn made_progress(&mut self) -> bool {
        let has_moved = self.left.start >= self.counted + LEAST_BYTES as u64;
        if has_moved {
            self.counted = self.left.start;
        }
        has_moved
    }

    async fn attempt(&mut self) -> Result<(), Failure> {
        let permit = self.bucket.pace.permit().await;
        let whole = 0..self.object.size_bytes;
        let unsupported = &self.bucket.unsupported;
        let has_condition = !unsupported.conditions.is_set();
        let has_checksums = !unsupported.checksums.is_set();
        let takes_gzip = unsupported.identity.is_set();
        let mut request = self
            .bucket
            .get_object(&self.object.key)
            .set_version_id(self.object.version.clone())
            .set_if_match(has_condition.then(|| self.object.etag.clone()));
        if self.left != whole {
            request = request.range(format!("bytes={}-{}", self.left.start, self.left.end - 1));
        }
        let mut request =
            request
                .customize()
                .interceptor(Accepts(if takes_gzip { "gzip" } else { "identity" }));
        if !has_checksums {
            request = request.config_override(
                Config::builder()
                    .response_checksum_validation(ResponseChecksumValidation::WhenRequired),
            );
        }
        let response = match request.send().await {
            Ok(response) => response,
            Err(error) => {
                return Err(match failure::read(error, self.request) {
                    Answer::Failed(failure) => failure,
                    Answer::Unsupported(_) if has_checksums => {
                        unsupported.checksums.set();
                        Failure::Modified
                    }
                    Answer::Unsupported(_) if has_condition => {
                        unsupported.conditions.set();
                        Failure::Modified
                    }
                    answer => self.bucket.not_as_planned(self.object, answer).await,
                });
            }
        };
        self.request.has_answered.store(true, Ordering::Relaxed);
        self.check(&response, takes_gzip)?;
        self.receive(response.body).await?;
        permit.succeeded();
        Ok(())
    }

    /// Checks that the response has the planned object and the requested bytes.
    fn check(&self, response: &GetObjectOutput, takes_gzip: bool) -> Result<(), Failure> {
        let expected_length = self.left.end - self.left.start;
        let Some(etag) = response.e_tag() else {
            return Err(match failure::is_page_type(response.content_type()) {
                true => Failure::permanent(self.request.web_page(200, b"")),
                false => Failure::temporary("the response has no ETag"),
            });
        };
        let found = Found {
            etag: Some(etag),
            size_bytes: size_of(response),
            version: response.version_id(),
        };
        let planned = self.object.version.as_deref();
        let is_version = planned
            .zip(found.version)
            .is_none_or(|(one, other)| one == other);
        if !etag::is_same(etag, &self.object.etag) || !is_version {
            return Err(Failure::permanent(self.bucket.changed(self.object, found)));
        }
        let length = response
            .content_length()
            .and_then(|length| u64::try_from(length).ok());
        if length.is_none() {
            let encoding = response.content_encoding();
            // A response without a length was generated on the way, by compression or decompression.
            if encoding.is_none_or(str::is_empty) && !takes_gzip {
                self.bucket.unsupported.identity.set();
                return Err(Failure::Modified);
            }
            return Err(Failure::permanent(SourceError::Transcoded {
                object: self.request.place.to_owned(),
                endpoint: self.request.endpoint.to_owned(),
                problem: match encoding {
                    Some(encoding) if !takes_gzip => {
                        format!("it is compressed on the way (`Content-Encoding: {encoding}`)")
                    }
                    _ => {
                        "the response has no length, which happens if it is decompressed on the way"
                            .to_owned()
                    }
                },
            }));
        }
        if length != Some(expected_length) {
            return Err(Failure::temporary(format!(
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
                return Err(Failure::temporary(format!(
                    "the response has the range {:?}, not `{expected}`",
                    response.content_range()
                )));
            }
        }
        Ok(())
    }

    /// Receives the body. If it breaks off, the bytes so far are kept.
    async fn receive(&mut self, mut body: ByteStream) -> Result<(), Failure> {
        let mut watch = Watch::new(self.bucket);
        loop {
            let piece = match timeout_at(watch.deadline, body.next()).await {
                Err(_) => {
                    return Err(Failure::temporary(format!(
                        "the response delivered fewer than {LEAST_BYTES} bytes within {:?}",
                        self.bucket.stall_timeout
                    )));
                }
                Ok(None) => break,
                Ok(Some(Ok(piece))) => piece,
                Ok(Some(Err(error))) => {
                    if self.left.is_empty() {
                        // All bytes have arrived, so the error is a wrong checksum.
                        self.left = self.wanted.clone();
                        self.pieces.clear();
                    }
                    return Err(self.broke_off(&root(&error)));
                }
            };
            let length = piece.len() as u64;
            if length > self.left.end - self.left.start {
                return Err(Failure::temporary("the response is longer than announced"));
            }
            if length == 0 {
                continue;
            }
            self.left.start += length;
            if let Some(rate) = &self.bucket.bytes {
                rate.take(piece.len() as f64).await;
            }
            watch.received(self.bucket, piece.len());
            self.pieces.push(piece);
        }
        if self.left.is_empty() {
            return Ok(());
        }
        Err(self.broke_off("it ended early"))
    }

    fn broke_off(&self, why: &str) -> Failure {
        let progress = match self.left.start >= self.counted + LEAST_BYTES as u64 {
            true => String::new(),
            false => format!(" before it delivered {LEAST_BYTES} more bytes"),
        };
        Failure::temporary(format!("the response broke off{progress}: {why}"))
    }
}

/// The size of the whole object, according to a response that may have a part of it.
fn size_of(response: &GetObjectOutput) -> Option<u64> {
    match response.content_range() {
        Some(range) => range.rsplit_once('/')?.1.parse().ok(),
        None => u64::try_from(response.content_length()?).ok(),
    }
}

/// Sets the accepted encoding after the request is signed, since some proxies change this header.
#[derive(Debug)]
struct Accepts(&'static str);

impl Intercept for Accepts {
    fn name(&self) -> &'static str {
        "Accepts"
    }

    fn modify_before_transmit(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _components: &RuntimeComponents,
        _settings: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let headers = context.request_mut().headers_mut();
        headers.insert("accept-encoding", self.0);
        Ok(())
    }
}

/// Detects a response that has stalled.
struct Watch {
    deadline: Instant,
    /// The number of bytes since the deadline was set.
    bytes: usize,
}

impl Watch {
    fn new(bucket: &Bucket) -> Self {
        Watch {
            deadline: Instant::now() + bucket.stall_timeout,
            bytes: 0,
        }
    }

    fn received(&mut self, bucket: &Bucket, bytes: usize) {
        self.bytes += bytes;
        // If the rate limit delays the reading, the time does not count against the store.
        if self.bytes >= LEAST_BYTES || bucket.bytes.is_some() {
            *self = Watch::new(bucket);
        }
    }
}
