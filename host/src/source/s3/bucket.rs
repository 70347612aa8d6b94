//! A bucket: its region, requests to it, and the meaning of its refusals.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::operation::get_object::builders::GetObjectFluentBuilder;
use aws_sdk_s3::operation::head_object::builders::HeadObjectFluentBuilder;
use aws_sdk_s3::types::{BucketVersioningStatus, RequestPayer};
use tokio::time::timeout;

use super::config::S3Config;
use super::connect::{Connected, connect, endpoint_of, moved};
use super::etag;
use super::failure::{self, Answer, Failure, Request};
use super::retry::Attempts;
use super::sse::CustomerKey;
use crate::pace::{Pace, Rate, RetryPolicy};
use crate::source::archive::describe;
use crate::source::{Object, SourceError};

/// The bucket, shared by all requests of a driver.
#[derive(Debug)]
pub(crate) struct Bucket {
    pub(crate) client: Client,
    pub(crate) name: String,
    pub(crate) pace: Pace,
    /// The limit for the bytes that are read in a second.
    pub(super) bytes: Option<Rate>,
    pub(crate) retries: RetryPolicy,
    pub(crate) stall_timeout: Duration,
    /// The URL of the store, as messages show it.
    endpoint: String,
    has_answered: AtomicBool,
    /// The options of requests that this store does not support.
    pub(super) unsupported: Unsupported,
    request_payer: Option<RequestPayer>,
    customer_key: Option<CustomerKey>,
}

/// Options that are left out for the rest of the run, because the store does not support them.
#[derive(Debug, Default)]
pub(super) struct Unsupported {
    /// The restore status in listings.
    pub(super) restore_status: Switch,
    /// Checksums in responses.
    pub(super) checksums: Switch,
    /// Conditional requests by ETag. The ETag of each response is checked in any case.
    pub(super) conditions: Switch,
    /// Sending objects as they are stored if the client accepts only `identity`: see [`get`](super::get).
    pub(super) identity: Switch,
}

/// A flag that can be set, but not cleared.
#[derive(Debug, Default)]
pub(super) struct Switch(AtomicBool);

impl Switch {
    pub(super) fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }

    pub(super) fn set(&self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

impl Bucket {
    /// Connects to the bucket of `config`, in its region.
    ///
    /// # Errors
    /// [`SourceError::NoSuchBucket`], [`SourceError::NotAllowed`] and [`SourceError::Credentials`] if the bucket cannot
    /// be accessed, [`SourceError::CustomerKey`] for an invalid key, [`SourceError::Unreachable`] and
    /// [`SourceError::Store`] if the store cannot be reached.
    pub(super) async fn open(config: &S3Config, retries: RetryPolicy) -> Result<Self, SourceError> {
        let customer_key = CustomerKey::of(config.sse_c_key_file.as_deref())?;
        let mut bucket = Bucket::open_without_key(config, retries).await?;
        bucket.customer_key = customer_key;
        Ok(bucket)
    }

    /// The same for objects that are not encrypted with a customer key.
    pub(crate) async fn open_without_key(
        config: &S3Config,
        retries: RetryPolicy,
    ) -> Result<Self, SourceError> {
        let Connected {
            client,
            region,
            endpoint,
        } = connect(config).await?;
        let has_endpoint = endpoint.is_some();
        let mut bucket = Bucket {
            client,
            name: config.bucket.clone(),
            pace: Pace::new(config.requests.concurrency, config.requests.max_per_second),
            bytes: config
                .requests
                .max_bytes_per_second
                .map(|most| Rate::new((most.0 as f64).max(1.0))),
            retries,
            stall_timeout: config.requests.stall_timeout,
            endpoint: endpoint.unwrap_or_else(|| endpoint_of(region.as_deref())),
            has_answered: AtomicBool::new(false),
            unsupported: Unsupported::default(),
            request_payer: config.requester_pays.then_some(RequestPayer::Requester),
            customer_key: None,
        };
        // Google's store decompresses objects with `Content-Encoding: gzip`, unless the client accepts gzip.
        if bucket.endpoint.contains("storage.googleapis.com") {
            bucket.unsupported.identity.set();
        }
        // A compatible store has one region, and its name does not matter.
        if !has_endpoint && let Some(found) = bucket.region(&config.place()).await? {
            if region.as_deref() != Some(found.as_str()) {
                tracing::debug!(bucket = bucket.name, region = found, "found the bucket");
            }
            bucket.endpoint = endpoint_of(Some(&found));
            bucket.client = moved(&bucket.client, found);
        }
        Ok(bucket)
    }

    /// The description of a request for messages.
    pub(crate) fn request<'a>(&'a self, what: &'static str, place: &'a str) -> Request<'a> {
        Request {
            what,
            place,
            endpoint: &self.endpoint,
            has_answered: &self.has_answered,
        }
    }

    /// Waits for a complete answer, up to a timeout.
    pub(crate) async fn in_time<T>(&self, answer: impl Future<Output = T>) -> Result<T, Failure> {
        let limit = self.stall_timeout.saturating_mul(3);
        timeout(limit, answer)
            .await
            .map_err(|_| Failure::temporary(format!("no complete answer arrived within {limit:?}")))
    }

    /// The region of the bucket; `None` if the store does not report it.
    async fn region(&self, place: &str) -> Result<Option<String>, SourceError> {
        let request = self.request("find", place);
        let mut attempts = Attempts::new(self.retries, request);
        loop {
            let found = self.client.head_bucket().bucket(&self.name).send();
            let found = match self.in_time(found).await {
                Ok(found) => found,
                Err(failure) => {
                    attempts.failed(failure).await?;
                    continue;
                }
            };
            let failure = match found {
                Ok(found) => return Ok(found.bucket_region().map(str::to_owned)),
                Err(error) => match failure::read(error, request) {
                    Answer::Elsewhere { region } => return Ok(region),
                    Answer::NoSuchKey => {
                        return Err(request.no_such_bucket());
                    }
                    Answer::Failed(Failure::Final(error))
                        if matches!(*error, SourceError::NotAllowed { .. }) =>
                    {
                        // The permissions to list and read objects do not include this request.
                        return Ok(None);
                    }
                    Answer::Failed(failure) => failure,
                    Answer::Unsupported(_) => return Ok(None),
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
        let request = self.request("get the versioning of", place);
        let mut attempts = Attempts::new(self.retries, request);
        loop {
            let answer = self.client.get_bucket_versioning().bucket(&self.name);
            let error = match self.in_time(answer.send()).await {
                Ok(Ok(found)) => return Ok(found.status),
                Ok(Err(error)) => error,
                Err(failure) => {
                    attempts.failed(failure).await?;
                    continue;
                }
            };
            match failure::read(error, request) {
                Answer::Failed(failure) | Answer::Unsupported(failure) => {
                    attempts.failed(failure).await?;
                }
                _ => return Ok(None),
            }
        }
    }

    /// An object as a URL.
    pub(crate) fn place_of(&self, key: &str) -> String {
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

    /// The error for an object that could not be read as it was planned.
    pub(super) async fn not_as_planned(&self, object: &Object, answer: Answer) -> Failure {
        let place = self.place_of(&object.key);
        Failure::permanent(match answer {
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
            Answer::Elsewhere { region } => {
                self.request("read", &place).elsewhere(region.as_deref())
            }
            Answer::NotTheSame => {
                let head = self.in_time(self.head_object(object).send()).await;
                let Ok(Ok(head)) = head else {
                    return Failure::permanent(SourceError::Changed {
                        object: place,
                        planned: format!("the ETag {}", object.etag),
                        found: "another one, according to the store".to_owned(),
                    });
                };
                let length = head.content_length();
                let found = Found {
                    etag: head.e_tag(),
                    size_bytes: length.and_then(|length| length.try_into().ok()),
                    version: head.version_id(),
                };
                match found.is_planned(object) && !self.unsupported.conditions.is_set() {
                    // The store writes the ETag in its listing in another way than it compares it.
                    true => {
                        self.unsupported.conditions.set();
                        return Failure::Modified;
                    }
                    false => self.changed(object, found),
                }
            }
            Answer::Failed(failure) | Answer::Unsupported(failure) => return failure,
        })
    }

    /// The error for an object that differs from the planned one, with the differences.
    pub(super) fn changed(&self, object: &Object, found: Found<'_>) -> SourceError {
        let (mut was, mut is) = (Vec::new(), Vec::new());
        if let Some(etag) = found.etag.filter(|etag| !etag::is_same(etag, &object.etag)) {
            was.push(format!("the ETag {}", object.etag));
            is.push(format!("the ETag {etag}"));
        }
        if let Some(size_bytes) = found.size_bytes.filter(|size| *size != object.size_bytes) {
            was.push(format!("{} bytes", object.size_bytes));
            is.push(format!("{size_bytes} bytes"));
        }
        if let Some((planned, version)) = object.version.as_deref().zip(found.version)
            && planned != version
        {
            was.push(format!("the version {planned}"));
            is.push(format!("the version {version}"));
        }
        if was.is_empty() {
            was.push(describe(object));
            is.push("another one, according to the store".to_owned());
        }
        SourceError::Changed {
            object: self.place_of(&object.key),
            planned: was.join(", "),
            found: is.join(", "),
        }
    }
}

/// The properties of an object in an answer of the store, as far as they are present.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Found<'a> {
    pub(super) etag: Option<&'a str>,
    pub(super) size_bytes: Option<u64>,
    pub(super) version: Option<&'a str>,
}

impl Found<'_> {
    /// Whether the properties prove that it is the planned object.
    fn is_planned(&self, object: &Object) -> bool {
        let planned = object.version.as_deref();
        self.etag
            .is_some_and(|etag| etag::is_same(etag, &object.etag))
            && self.size_bytes == Some(object.size_bytes)
            && planned.is_none_or(|version| self.version == Some(version))
    }
}
