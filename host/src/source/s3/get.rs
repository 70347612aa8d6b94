//! One stretch of one object, exactly as it was planned.
//!
//! A response that breaks off is gone on with where it broke off. Every response is checked: it has to be of the
//! ETag, the version and the size that were planned, and of the bytes that were asked for, whatever the store made
//! of the conditions of the request. What a store does not know of a request is left out of the ones that follow.
//!
//! # Objects that are stored compressed
//! Google's store unpacks an object that is marked with `Content-Encoding: gzip`, unless the request says that gzip is
//! accepted; a proxy in front of another store may compress where it does. So objects are asked for as they are
//! (`identity`), and with `gzip` where that turns out to unpack them: both then give what is stored.

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
use super::failure::{self, Answer, Asked, Failure};
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
    let asked = bucket.asked("read", &place);
    let mut attempts = Attempts::new(bucket.patience, asked);
    let mut stretch = Stretch {
        bucket,
        object,
        asked,
        counted: range.start,
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
                if stretch.moved_on() {
                    attempts.renew();
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
    asked: Asked<'a>,
    wanted: Range<u64>,
    left: Range<u64>,
    /// Up to where the attempts before have brought it.
    counted: u64,
    pieces: Pieces,
}

impl Stretch<'_> {
    /// Whether the last attempts have brought enough to have as many again.
    fn moved_on(&mut self) -> bool {
        let has_moved = self.left.start >= self.counted + LEAST_BYTES as u64;
        if has_moved {
            self.counted = self.left.start;
        }
        has_moved
    }

    async fn request(&mut self) -> Result<(), Failure> {
        let turn = self.bucket.pace.turn().await;
        let whole = 0..self.object.size_bytes;
        let left_out = &self.bucket.left_out;
        let has_condition = !left_out.conditions.is_set();
        let has_checksums = !left_out.checksums.is_set();
        let takes_gzip = left_out.identity.is_set();
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
                return Err(match failure::read(error, self.asked) {
                    Answer::Told(failure) => failure,
                    Answer::Unknown(_) if has_checksums => {
                        left_out.checksums.set();
                        Failure::Otherwise
                    }
                    Answer::Unknown(_) if has_condition => {
                        left_out.conditions.set();
                        Failure::Otherwise
                    }
                    answer => self.bucket.planned_otherwise(self.object, answer).await,
                });
            }
        };
        self.asked.has_answered.store(true, Ordering::Relaxed);
        self.check(&response, takes_gzip)?;
        self.receive(response.body).await?;
        turn.went_well();
        Ok(())
    }

    /// Whether the response is what was asked for.
    fn check(&self, response: &GetObjectOutput, takes_gzip: bool) -> Result<(), Failure> {
        let expected_length = self.left.end - self.left.start;
        let Some(etag) = response.e_tag() else {
            return Err(match failure::is_page_type(response.content_type()) {
                true => Failure::last(self.asked.web_page(200, b"")),
                false => Failure::passing("the response has no ETag"),
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
            return Err(Failure::last(self.bucket.changed(self.object, found)));
        }
        let length = response
            .content_length()
            .and_then(|length| u64::try_from(length).ok());
        if length.is_none() {
            let encoding = response.content_encoding();
            // A length that nobody knows is that of something made on the way.
            if encoding.is_none_or(str::is_empty) && !takes_gzip {
                self.bucket.left_out.identity.set();
                return Err(Failure::Otherwise);
            }
            return Err(Failure::last(SourceError::Transcoded {
                object: self.asked.place.to_owned(),
                endpoint: self.asked.endpoint.to_owned(),
                problem: match encoding {
                    Some(encoding) if !takes_gzip => {
                        format!("it is compressed on the way (`Content-Encoding: {encoding}`)")
                    }
                    _ => "the response does not say how long it is, as where it is unpacked on the way"
                        .to_owned(),
                },
            }));
        }
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
                    return Err(self.broke_off(&failure::root(&error)));
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
        Err(self.broke_off("it ended early"))
    }

    fn broke_off(&self, why: &str) -> Failure {
        let brought = match self.left.start >= self.counted + LEAST_BYTES as u64 {
            true => String::new(),
            false => format!(", before it brought {LEAST_BYTES} bytes more"),
        };
        Failure::passing(format!("the response broke off{brought}: {why}"))
    }
}

/// The size of the whole object, by a response that may be of a part.
fn size_of(response: &GetObjectOutput) -> Option<u64> {
    match response.content_range() {
        Some(range) => range.rsplit_once('/')?.1.parse().ok(),
        None => u64::try_from(response.content_length()?).ok(),
    }
}

/// Says how an object may be encoded, after the request is signed: there are proxies that change it.
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
