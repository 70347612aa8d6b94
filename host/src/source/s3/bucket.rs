//! A bucket: where it is, how it is asked, and what its refusals mean.

use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::operation::get_object::builders::GetObjectFluentBuilder;
use aws_sdk_s3::operation::head_object::builders::HeadObjectFluentBuilder;
use aws_sdk_s3::types::{BucketVersioningStatus, RequestPayer};

use super::connect::{Connected, connect, moved};
use super::failure::{self, Answer, Failure};
use super::pace::Pace;
use super::retry::{Attempts, Patience};
use super::sse::CustomerKey;
use super::{S3Config, instant};
use crate::source::archive::describe;
use crate::source::{Object, SourceError};

/// Shared by all requests of a driver.
#[derive(Debug)]
pub(super) struct Bucket {
    pub(super) client: Client,
    pub(super) name: String,
    pub(super) pace: Pace,
    pub(super) patience: Patience,
    pub(super) stall_timeout: Duration,
    request_payer: Option<RequestPayer>,
    customer_key: Option<CustomerKey>,
}

impl Bucket {
    /// Finds the bucket of `config`, in the region where it is.
    ///
    /// # Errors
    /// [`SourceError::NoSuchBucket`], [`SourceError::NotAllowed`] and [`SourceError::Credentials`] where the bucket
    /// cannot be had, [`SourceError::CustomerKey`] for a key that is none, [`SourceError::Store`] where the store
    /// cannot be reached.
    pub(super) async fn open(config: &S3Config, patience: Patience) -> Result<Self, SourceError> {
        let customer_key = CustomerKey::of(config.sse_c_key_file.as_deref())?;
        let Connected {
            client,
            region,
            has_endpoint,
        } = connect(config).await;
        let mut bucket = Bucket {
            client,
            name: config.bucket.clone(),
            pace: Pace::new(&config.requests),
            patience,
            stall_timeout: config.requests.stall_timeout,
            request_payer: config.requester_pays.then_some(RequestPayer::Requester),
            customer_key,
        };
        // A compatible store has one region, whatever it calls it.
        if !has_endpoint && let Some(found) = bucket.region(&config.place()).await? {
            if region.as_deref() != Some(found.as_str()) {
                tracing::debug!(bucket = bucket.name, region = found, "found the bucket");
            }
            bucket.client = moved(&bucket.client, found);
        }
        Ok(bucket)
    }

    /// Where the bucket says that it is.
    async fn region(&self, place: &str) -> Result<Option<String>, SourceError> {
        let mut attempts = Attempts::new(self.patience, "find", place);
        loop {
            let found = self.client.head_bucket().bucket(&self.name).send().await;
            let failure = match found {
                Ok(found) => return Ok(found.bucket_region().map(str::to_owned)),
                Err(error) => match failure::read(error, "find", place) {
                    Answer::Elsewhere { region } => return Ok(region),
                    Answer::NoSuchKey => {
                        return Err(SourceError::NoSuchBucket {
                            place: place.to_owned(),
                        });
                    }
                    Answer::Told(Failure::Final(error))
                        if matches!(*error, SourceError::NotAllowed { .. }) =>
                    {
                        // Who may list and get need not be allowed to look at the bucket.
                        return Ok(None);
                    }
                    Answer::Told(failure) => failure,
                    Answer::NotTheSame | Answer::Archived => return Ok(None),
                },
            };
            attempts.failed(failure).await?;
        }
    }

    /// Whether the bucket keeps versions.
    pub(super) async fn versioning(
        &self,
        place: &str,
    ) -> Result<Option<BucketVersioningStatus>, SourceError> {
        let mut attempts = Attempts::new(self.patience, "look at the versioning of", place);
        loop {
            let asked = self.client.get_bucket_versioning().bucket(&self.name);
            let error = match asked.send().await {
                Ok(found) => return Ok(found.status),
                Err(error) => error,
            };
            match failure::read(error, "look at the versioning of", place) {
                Answer::Told(failure) => attempts.failed(failure).await?,
                _ => return Ok(None),
            }
        }
    }

    /// An object as people write it.
    pub(super) fn place_of(&self, key: &str) -> String {
        format!("s3://{}/{key}", self.name)
    }

    pub(super) fn request_payer(&self) -> Option<RequestPayer> {
        self.request_payer.clone()
    }

    pub(super) fn get_object(&self, key: &str) -> GetObjectFluentBuilder {
        let request = self
            .client
            .get_object()
            .bucket(&self.name)
            .key(key)
            .set_request_payer(self.request_payer());
        match &self.customer_key {
            None => request,
            Some(key) => request
                .sse_customer_algorithm(CustomerKey::ALGORITHM)
                .sse_customer_key(key.base64())
                .sse_customer_key_md5(key.md5()),
        }
    }

    fn head_object(&self, object: &Object) -> HeadObjectFluentBuilder {
        let request = self
            .client
            .head_object()
            .bucket(&self.name)
            .key(&object.key)
            .set_request_payer(self.request_payer());
        match &self.customer_key {
            None => request,
            Some(key) => request
                .sse_customer_algorithm(CustomerKey::ALGORITHM)
                .sse_customer_key(key.base64())
                .sse_customer_key_md5(key.md5()),
        }
    }

    /// Says what happened to an object that could not be had as it was planned.
    pub(super) async fn planned_otherwise(&self, object: &Object, answer: Answer) -> Failure {
        let place = self.place_of(&object.key);
        Failure::last(match answer {
            Answer::NoSuchKey => SourceError::Vanished {
                object: place,
                planned: describe(object),
            },
            Answer::Archived => SourceError::Archived {
                place,
                objects: 1,
                size_bytes: object.size_bytes,
                examples: Vec::new(),
            },
            Answer::Elsewhere { region } => SourceError::NotAllowed {
                what: "read",
                detail: format!(
                    "the bucket is in {}",
                    region.as_deref().unwrap_or("another region")
                ),
                place,
            },
            Answer::NotTheSame => {
                let found = match self.head_object(object).send().await {
                    Ok(head) => describe(&Object {
                        key: String::new(),
                        size_bytes: head
                            .content_length()
                            .and_then(|length| length.try_into().ok())
                            .unwrap_or(0),
                        etag: head.e_tag().unwrap_or_default().to_owned(),
                        modified_us: instant(head.last_modified()),
                        ..object.clone()
                    }),
                    Err(_) => "another ETag".to_owned(),
                };
                self.changed(object, found)
            }
            Answer::Told(failure) => return failure,
        })
    }

    /// Says that an object is not the one that was planned.
    pub(super) fn changed(&self, object: &Object, found: String) -> SourceError {
        SourceError::Changed {
            object: self.place_of(&object.key),
            planned: describe(object),
            found,
        }
    }
}
