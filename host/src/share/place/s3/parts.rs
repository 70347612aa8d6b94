//! A large file as an object, in parts that are sent several at a time.

use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::sync::Arc;

use aws_sdk_s3::types::{ChecksumAlgorithm, CompletedMultipartUpload, CompletedPart};
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};

use super::super::local::{blocking, failed};
use super::S3Share;
use super::put::{Answered, NONE, PART_BYTES};
use crate::fault_point::{after, before};
use crate::share::place::{PlaceError, Put};
use crate::source::s3::failure::{self, Failure};
use crate::source::s3::page;

/// The checksum of each part, which the last request repeats.
const CHECKSUM: ChecksumAlgorithm = ChecksumAlgorithm::Crc32;

/// The most parts of an object.
const MOST_PARTS: u64 = 10_000;

/// The most bytes of parts in memory, but for a file whose single part is larger.
const MOST_BYTES_AHEAD: u64 = 32 << 20;

/// An upload in parts.
struct Upload<'a> {
    share: &'a S3Share,
    key: &'a str,
    id: String,
    path: &'a Path,
    file: Arc<File>,
    size_bytes: u64,
    part_bytes: u64,
}

impl S3Share {
    /// Puts a copy of a file of more than one part.
    pub(super) async fn put_parts(
        &self,
        key: &str,
        path: &Path,
        file: Arc<File>,
        size_bytes: u64,
    ) -> Result<Put, PlaceError> {
        let place = self.bucket.place_of(key);
        let request = self.bucket.request("write", &place);
        let fault = self.fault("write", key);
        before("begin an object of a share").map_err(&fault)?;
        let id = self
            .retried(request, || async {
                let begin = self.bucket.client.create_multipart_upload();
                let begin = begin.bucket(&self.bucket.name).key(key);
                let begin = begin.checksum_algorithm(CHECKSUM).send();
                match self.bucket.in_time(begin).await? {
                    Ok(begun) => begun
                        .upload_id
                        .ok_or_else(|| Failure::temporary("the answer lacks the ID of the upload")),
                    Err(error) => Err(page::refused(failure::read(error, request), request)),
                }
            })
            .await?;
        let upload = Upload {
            share: self,
            key,
            id,
            path,
            file,
            size_bytes,
            part_bytes: part_bytes(size_bytes),
        };
        let put = upload.send_all().await;
        if !matches!(put, Ok(Put::New)) {
            upload.abort().await;
        }
        put
    }
}

impl Upload<'_> {
    async fn send_all(&self) -> Result<Put, PlaceError> {
        let fault = self.share.fault("write", self.key);
        let count = self.size_bytes.div_ceil(self.part_bytes);
        let at_a_time = (MOST_BYTES_AHEAD / self.part_bytes).max(1) as usize;
        let parts = stream::iter(0..count)
            .map(|number| self.send(number))
            .buffered(at_a_time);
        let parts: Vec<CompletedPart> = parts.try_collect().await?;
        before("complete an object of a share").map_err(&fault)?;
        let put = self.complete(parts).await?;
        after("complete an object of a share").map_err(&fault)?;
        Ok(put)
    }

    /// Sends the part with this number, from 0.
    async fn send(&self, number: u64) -> Result<CompletedPart, PlaceError> {
        let from = number * self.part_bytes;
        let length = self.part_bytes.min(self.size_bytes - from);
        let (file, path) = (Arc::clone(&self.file), self.path.to_owned());
        let bytes = blocking(move || {
            let mut bytes = vec![0; length as usize];
            file.read_exact_at(&mut bytes, from)
                .map_err(|error| failed("read", &path, error))?;
            Ok(Bytes::from(bytes))
        })
        .await?;
        let bucket = &self.share.bucket;
        let number = number as i32 + 1;
        let place = bucket.place_of(self.key);
        let request = bucket.request("write", &place);
        let send = || async {
            let part = bucket.client.upload_part();
            let part = part.bucket(&bucket.name).key(self.key);
            let part = part.upload_id(&self.id).part_number(number);
            let part = part.checksum_algorithm(CHECKSUM);
            let part = part.body(bytes.clone().into()).send();
            match bucket.in_time(part).await? {
                Ok(part) => Ok(CompletedPart::builder()
                    .part_number(number)
                    .set_e_tag(part.e_tag)
                    .set_checksum_crc32(part.checksum_crc32)
                    .build()),
                Err(error) => Err(page::refused(failure::read(error, request), request)),
            }
        };
        Ok(self.share.retried(request, send).await?)
    }

    /// Has the parts become an object.
    async fn complete(&self, parts: Vec<CompletedPart>) -> Result<Put, PlaceError> {
        let bucket = &self.share.bucket;
        let place = bucket.place_of(self.key);
        let request = bucket.request("write", &place);
        let parts = CompletedMultipartUpload::builder().set_parts(Some(parts));
        let parts = parts.build();
        let send = || async {
            let complete = bucket.client.complete_multipart_upload();
            let complete = complete.bucket(&bucket.name).key(self.key);
            let complete = complete.upload_id(&self.id).if_none_match(NONE);
            let complete = complete.multipart_upload(parts.clone()).send();
            Answered::read(bucket.in_time(complete).await?, request)
        };
        let answered = self.share.retried(request, send).await;
        // An earlier try may have completed it, or another writer was first while the store dropped these parts.
        if matches!(answered, Ok(Answered::Gone) | Err(_))
            && let Ok(Some(_)) = self.share.find(self.key).await
        {
            return Ok(Put::Taken);
        }
        let answered = answered?;
        if matches!(answered, Answered::Gone) {
            return Err(PlaceError::Io {
                what: "write",
                file: place,
                source: std::io::Error::other("the store has dropped the parts of the upload"),
            });
        }
        self.share.settled(answered)
    }

    /// Has the store drop the parts. Those that it keeps do no harm but cost.
    async fn abort(&self) {
        let bucket = &self.share.bucket;
        let abort = bucket.client.abort_multipart_upload();
        let abort = abort.bucket(&bucket.name).key(self.key);
        let aborted = bucket.in_time(abort.upload_id(&self.id).send()).await;
        if !matches!(aborted, Ok(Ok(_))) {
            tracing::debug!(
                key = self.key,
                upload = self.id,
                "parts are left in the bucket"
            );
        }
    }
}

/// The size of the parts of a file.
fn part_bytes(size_bytes: u64) -> u64 {
    let least = size_bytes.div_ceil(MOST_PARTS);
    least.next_multiple_of(1 << 20).max(PART_BYTES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_file_has_too_many_parts() {
        assert_eq!(part_bytes(PART_BYTES + 1), PART_BYTES);
        for size_bytes in [1u64 << 30, 80 << 30, 5 << 40, (5 << 40) - 1] {
            assert!(size_bytes.div_ceil(part_bytes(size_bytes)) <= MOST_PARTS);
        }
    }
}
