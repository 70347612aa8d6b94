//! Objects under names that are taken once.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_smithy_runtime_api::http::Response;
use bytes::Bytes;

use super::super::local::{blocking, failed};
use super::S3Share;
use crate::error::WithCauses;
use crate::fault_point::{after, before};
use crate::share::place::{PlaceError, Put};
use crate::source::SourceError;
use crate::source::s3::failure::{self, Answer, Failure, Request};
use crate::source::s3::page;

/// The size of a part, and the largest file that is sent at once.
pub(super) const PART_BYTES: u64 = 8 << 20;

/// The condition that no object has the key.
pub(super) const NONE: &str = "*";

/// The answer to a request with [`NONE`].
pub(super) enum Answered {
    /// The object has its name.
    New,
    /// Another object has the name.
    Taken,
    /// There is nothing that could get the name: an upload in parts has ended.
    Gone,
    /// The store does not know such conditions.
    Unconditional(Box<SourceError>),
}

impl Answered {
    /// The meaning of an answer.
    pub(super) fn read<T, E>(
        answer: Result<T, SdkError<E, Response>>,
        request: Request<'_>,
    ) -> Result<Self, Failure>
    where
        E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
    {
        let error = match answer {
            Ok(_) => return Ok(Answered::New),
            Err(error) => error,
        };
        match failure::read(error, request) {
            Answer::NotTheSame => Ok(Answered::Taken),
            Answer::NoSuchKey => Ok(Answered::Gone),
            Answer::Unsupported(Failure::Final(error)) => Ok(Answered::Unconditional(error)),
            answer => Err(page::refused(answer, request)),
        }
    }
}

impl S3Share {
    /// Puts a document. The first one of a process is put twice: a store that ignores the condition would replace it.
    pub(super) async fn put_document(&self, key: &str, bytes: Bytes) -> Result<Put, PlaceError> {
        let put = self.put_once(key, &bytes).await?;
        if put == Put::New && !self.heeds_conditions.load(Ordering::Relaxed) {
            if self.put_once(key, &bytes).await? == Put::New {
                return Err(self.unconditional("its store ignores `If-None-Match`".to_owned()));
            }
            self.heeds_conditions.store(true, Ordering::Relaxed);
        }
        Ok(put)
    }

    /// Puts a copy of a file.
    pub(super) async fn put_file(&self, key: &str, path: &Path) -> Result<Put, PlaceError> {
        let shown = path.to_owned();
        let (file, small) = blocking(move || {
            let read = || {
                let file = File::open(&shown)?;
                let size_bytes = file.metadata()?.len();
                let small = match size_bytes <= PART_BYTES {
                    true => Ok(Bytes::from(std::fs::read(&shown)?)),
                    false => Err(size_bytes),
                };
                Ok((Arc::new(file), small))
            };
            read().map_err(|error| failed("read", &shown, error))
        })
        .await?;
        match small {
            Ok(bytes) => self.put_once(key, &bytes).await,
            Err(size_bytes) => self.put_parts(key, path, file, size_bytes).await,
        }
    }

    async fn put_once(&self, key: &str, bytes: &Bytes) -> Result<Put, PlaceError> {
        let place = self.bucket.place_of(key);
        let request = self.bucket.request("write", &place);
        let fault = self.fault("write", key);
        before("put an object of a share").map_err(&fault)?;
        let answered = self
            .retried(request, || async {
                let put = self.bucket.client.put_object();
                let put = put.bucket(&self.bucket.name).key(key).if_none_match(NONE);
                let put = put.body(bytes.clone().into()).send();
                match Answered::read(self.bucket.in_time(put).await?, request)? {
                    Answered::Gone => Err(Failure::permanent(request.no_such_bucket())),
                    answered => Ok(answered),
                }
            })
            .await?;
        let put = self.settled(answered)?;
        after("put an object of a share").map_err(&fault)?;
        Ok(put)
    }

    /// The result of an answer about an object that could get its name.
    pub(super) fn settled(&self, answered: Answered) -> Result<Put, PlaceError> {
        match answered {
            Answered::New => Ok(Put::New),
            Answered::Taken | Answered::Gone => Ok(Put::Taken),
            Answered::Unconditional(error) => Err(self.unconditional(format!(
                "its store does not know `If-None-Match`: {}",
                WithCauses(&*error)
            ))),
        }
    }

    fn unconditional(&self, problem: String) -> PlaceError {
        PlaceError::NoConditions {
            place: self.place.to_string(),
            problem,
        }
    }
}
