//! Whole objects, ranges, and files with the content of objects.

use std::io::Write;
use std::ops::Range;
use std::path::Path;

use aws_sdk_s3::operation::get_object::GetObjectOutput;
use futures::TryStreamExt;
use futures::stream::FuturesOrdered;
use tokio::sync::SemaphorePermit;
use tokio::time::timeout;

use super::super::local::{blocking, failed};
use super::S3Share;
use crate::aws::root;
use crate::durable;
use crate::share::place::PlaceError;
use crate::source::Object;
use crate::source::s3::failure::{self, Answer, Failure};
use crate::source::s3::{get, page};

/// The length of the ranges in which a file is read.
const RANGE_BYTES: u64 = 8 << 20;

/// How many ranges of a file are read at a time.
const RANGES_AHEAD: usize = 4;

/// How many ranges of all files are in memory.
pub(super) const RANGES_IN_MEMORY: usize = 8;

impl S3Share {
    /// The content of an object; `None` if there is none.
    pub(super) async fn read_whole(&self, key: &str) -> Result<Option<Vec<u8>>, PlaceError> {
        self.fetch(key, None).await
    }

    /// Exactly these bytes of an object.
    pub(super) async fn read_part(
        &self,
        key: &str,
        range: Range<u64>,
    ) -> Result<Vec<u8>, PlaceError> {
        let place = self.bucket.place_of(key);
        if range.is_empty() {
            return match self.find(key).await? {
                Some(object) if object.size_bytes < range.end => {
                    Err(PlaceError::too_short(place, &range))
                }
                Some(_) => Ok(Vec::new()),
                None => Err(PlaceError::Missing { file: place }),
            };
        }
        let found = self.fetch(key, Some(&range)).await?;
        let bytes = found.ok_or_else(|| PlaceError::Missing {
            file: place.clone(),
        })?;
        match bytes.len() as u64 == range.end - range.start {
            true => Ok(bytes),
            false => Err(PlaceError::too_short(place, &range)),
        }
    }

    /// Writes an object to a file.
    pub(super) async fn read_to_file(&self, key: &str, to: &Path) -> Result<(), PlaceError> {
        let Some(object) = self.find(key).await? else {
            return Err(PlaceError::Missing {
                file: self.bucket.place_of(key),
            });
        };
        let path = to.to_owned();
        let mut part = blocking(move || {
            durable::Part::create(&path).map_err(|error| failed("write", &path, error))
        })
        .await?;
        let count = object.size_bytes.div_ceil(RANGE_BYTES);
        let (mut ahead, mut next) = (FuturesOrdered::new(), 0);
        loop {
            while next < count && ahead.len() < RANGES_AHEAD {
                // Whoever has no range waits for a permit; others go on with those that they have.
                let permit = match ahead.is_empty() {
                    true => self.ranges.acquire().await.ok(),
                    false => self.ranges.try_acquire().ok(),
                };
                let Some(permit) = permit else {
                    break;
                };
                ahead.push_back(self.read_piece(&object, next, permit));
                next += 1;
            }
            let Some((pieces, _permit)) = ahead.try_next().await? else {
                break;
            };
            part = blocking(move || {
                for piece in pieces {
                    let written = part.file().write_all(&piece);
                    written.map_err(|error| failed("write", part.path(), error))?;
                }
                Ok(part)
            })
            .await?;
        }
        if next < count {
            return Err(PlaceError::Cancelled);
        }
        let path = to.to_owned();
        blocking(move || part.finish().map_err(|error| failed("write", &path, error))).await
    }

    /// A range of a file by its number, with the permit to hold it.
    async fn read_piece<'a>(
        &self,
        object: &Object,
        number: u64,
        permit: SemaphorePermit<'a>,
    ) -> Result<(get::Pieces, SemaphorePermit<'a>), PlaceError> {
        let from = number * RANGE_BYTES;
        let until = (from + RANGE_BYTES).min(object.size_bytes);
        let pieces = get::read_range(&self.bucket, object, from..until).await?;
        Ok((pieces, permit))
    }

    /// The object with a key, without its content.
    pub(super) async fn find(&self, key: &str) -> Result<Option<Object>, PlaceError> {
        let place = self.bucket.place_of(key);
        let request = self.bucket.request("read", &place);
        let found = self
            .retried(request, || async {
                let head = self.bucket.client.head_object();
                let head = head.bucket(&self.bucket.name).key(key).send();
                let found = match self.bucket.in_time(head).await? {
                    Ok(found) => found,
                    Err(error) => {
                        return match failure::read(error, request) {
                            Answer::NoSuchKey => Ok(None),
                            answer => Err(page::refused(answer, request)),
                        };
                    }
                };
                let size_bytes = found.content_length.and_then(|size| size.try_into().ok());
                let (Some(size_bytes), Some(etag)) = (size_bytes, found.e_tag) else {
                    return Err(Failure::temporary("the answer lacks a size or an ETag"));
                };
                Ok(Some(Object {
                    key: key.to_owned(),
                    size_bytes,
                    etag,
                    version: None,
                    modified_us: 0,
                    key_fields: None,
                }))
            })
            .await?;
        Ok(found)
    }

    /// The content of an object, or what it has of a range.
    async fn fetch(
        &self,
        key: &str,
        range: Option<&Range<u64>>,
    ) -> Result<Option<Vec<u8>>, PlaceError> {
        let place = self.bucket.place_of(key);
        let request = self.bucket.request("read", &place);
        let header = range.map(|range| format!("bytes={}-{}", range.start, range.end - 1));
        let fetched = self
            .retried(request, || async {
                let get = self.bucket.client.get_object();
                let get = get.bucket(&self.bucket.name).key(key);
                let get = get.set_range(header.clone()).send();
                let error = match self.bucket.in_time(get).await? {
                    Ok(response) => {
                        check(&response, range)?;
                        return self.receive(response).await.map(Some);
                    }
                    Err(error) => error,
                };
                // The range begins after the end.
                if error
                    .raw_response()
                    .is_some_and(|raw| raw.status().as_u16() == 416)
                {
                    return Ok(Some(Vec::new()));
                }
                match failure::read(error, request) {
                    Answer::NoSuchKey => Ok(None),
                    answer => Err(page::refused(answer, request)),
                }
            })
            .await?;
        Ok(fetched)
    }

    /// The body of a response, as long as it announces.
    async fn receive(&self, response: GetObjectOutput) -> Result<Vec<u8>, Failure> {
        let announced = response.content_length;
        let mut body = response.body;
        let mut bytes = Vec::new();
        let limit = self.bucket.stall_timeout;
        loop {
            match timeout(limit, body.next()).await {
                Ok(Some(Ok(piece))) => bytes.extend_from_slice(&piece),
                Ok(Some(Err(error))) => {
                    let cause = root(&error);
                    return Err(Failure::temporary(format!(
                        "the response broke off: {cause}"
                    )));
                }
                Ok(None) => break,
                Err(_) => {
                    return Err(Failure::temporary(format!(
                        "the response delivered nothing within {limit:?}"
                    )));
                }
            }
        }
        let announced = announced.and_then(|length| usize::try_from(length).ok());
        match announced.is_none_or(|length| length == bytes.len()) {
            true => Ok(bytes),
            false => Err(Failure::temporary("the response broke off: it ended early")),
        }
    }
}

/// Checks that a response has the range that was asked for, as far as the object has it.
fn check(response: &GetObjectOutput, range: Option<&Range<u64>>) -> Result<(), Failure> {
    let Some(range) = range else {
        return Ok(());
    };
    let begin = format!("bytes {}-", range.start);
    let found = response.content_range();
    match found.is_some_and(|found| found.starts_with(&begin)) {
        true => Ok(()),
        false => Err(Failure::temporary(format!(
            "the response has the range {found:?}, not one that begins with `{begin}`"
        ))),
    }
}
