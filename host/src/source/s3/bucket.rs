//! A bucket: where it is, how it is asked, and what its refusals mean.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::operation::get_object::builders::GetObjectFluentBuilder;
use aws_sdk_s3::operation::head_object::builders::HeadObjectFluentBuilder;
use aws_sdk_s3::types::{BucketVersioningStatus, RequestPayer};
use tokio::time::timeout;

use super::S3Config;
use super::connect::{Connected, connect, endpoint_of, moved};
use super::etag;
use super::failure::{self, Answer, Asked, Failure};
use super::pace::Pace;
use super::retry::{Attempts, Patience};
use super::sse::CustomerKey;
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
    /// Where the store is, for people.
    endpoint: String,
    has_answered: AtomicBool,
    /// What of a request this store turned out not to know.
    pub(super) left_out: LeftOut,
    request_payer: Option<RequestPayer>,
    customer_key: Option<CustomerKey>,
}

/// What requests do without, for the rest of the run: a store that speaks the protocol need not know all of it.
#[derive(Debug, Default)]
pub(super) struct LeftOut {
    /// That a listing tells which objects were restored.
    pub(super) restore_status: Switch,
    /// That checksums come with responses.
    pub(super) checksums: Switch,
    /// That an object is given only if it is of an ETag. Each response is held to it all the same.
    pub(super) conditions: Switch,
    /// That objects come as they are even where the client could take them compressed: see [`get`](super::get).
    pub(super) identity: Switch,
}

/// Is set once.
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
            endpoint,
        } = connect(config).await?;
        let has_endpoint = endpoint.is_some();
        let mut bucket = Bucket {
            client,
            name: config.bucket.clone(),
            pace: Pace::new(&config.requests),
            patience,
            stall_timeout: config.requests.stall_timeout,
            endpoint: endpoint.unwrap_or_else(|| endpoint_of(region.as_deref())),
            has_answered: AtomicBool::new(false),
            left_out: LeftOut::default(),
            request_payer: config.requester_pays.then_some(RequestPayer::Requester),
            customer_key,
        };
        // Google's unpacks what is marked as packed, unless it is told that the client could.
        if bucket.endpoint.contains("storage.googleapis.com") {
            bucket.left_out.identity.set();
        }
        // A compatible store has one region, whatever it calls it.
        if !has_endpoint && let Some(found) = bucket.region(&config.place()).await? {
            if region.as_deref() != Some(found.as_str()) {
                tracing::debug!(bucket = bucket.name, region = found, "found the bucket");
            }
            bucket.endpoint = endpoint_of(Some(&found));
            bucket.client = moved(&bucket.client, found);
        }
        Ok(bucket)
    }

    /// A request, as it is told.
    pub(super) fn asked<'a>(&'a self, what: &'static str, place: &'a str) -> Asked<'a> {
        Asked {
            what,
            place,
            endpoint: &self.endpoint,
            has_answered: &self.has_answered,
        }
    }

    /// Waits for an answer that is not streamed, and not for ever for its end.
    pub(super) async fn in_time<T>(&self, answer: impl Future<Output = T>) -> Result<T, Failure> {
        let patience = self.stall_timeout.saturating_mul(3);
        timeout(patience, answer)
            .await
            .map_err(|_| Failure::passing(format!("no whole answer came within {patience:?}")))
    }

    /// Where the bucket says that it is.
    async fn region(&self, place: &str) -> Result<Option<String>, SourceError> {
        let asked = self.asked("find", place);
        let mut attempts = Attempts::new(self.patience, asked);
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
                Err(error) => match failure::read(error, asked) {
                    Answer::Elsewhere { region } => return Ok(region),
                    Answer::NoSuchKey => {
                        return Err(asked.no_such_bucket());
                    }
                    Answer::Told(Failure::Final(error))
                        if matches!(*error, SourceError::NotAllowed { .. }) =>
                    {
                        // Who may list and get need not be allowed to look at the bucket.
                        return Ok(None);
                    }
                    Answer::Told(failure) => failure,
                    Answer::Unknown(_) => return Ok(None),
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
        let asking = self.asked("look at the versioning of", place);
        let mut attempts = Attempts::new(self.patience, asking);
        loop {
            let asked = self.client.get_bucket_versioning().bucket(&self.name);
            let error = match self.in_time(asked.send()).await {
                Ok(Ok(found)) => return Ok(found.status),
                Ok(Err(error)) => error,
                Err(failure) => {
                    attempts.failed(failure).await?;
                    continue;
                }
            };
            match failure::read(error, asking) {
                Answer::Told(failure) | Answer::Unknown(failure) => {
                    attempts.failed(failure).await?;
                }
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
            Answer::Elsewhere { region } => self.asked("read", &place).elsewhere(region.as_deref()),
            Answer::NotTheSame => {
                let head = self.in_time(self.head_object(object).send()).await;
                let Ok(Ok(head)) = head else {
                    return Failure::last(SourceError::Changed {
                        object: place,
                        planned: format!("the ETag {}", object.etag),
                        found: "another one, by the store's answer".to_owned(),
                    });
                };
                let length = head.content_length();
                let found = Found {
                    etag: head.e_tag(),
                    size_bytes: length.and_then(|length| length.try_into().ok()),
                    version: head.version_id(),
                };
                match found.is_planned(object) && !self.left_out.conditions.is_set() {
                    // It spells the ETag otherwise in its listing than where it compares it.
                    true => {
                        self.left_out.conditions.set();
                        return Failure::Otherwise;
                    }
                    false => self.changed(object, found),
                }
            }
            Answer::Told(failure) | Answer::Unknown(failure) => return failure,
        })
    }

    /// Says that an object is not the one that was planned, and in what it differs.
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
            is.push("another one, by the store's answer".to_owned());
        }
        SourceError::Changed {
            object: self.place_of(&object.key),
            planned: was.join(", "),
            found: is.join(", "),
        }
    }
}

/// What the store says of an object now, as far as it does.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Found<'a> {
    pub(super) etag: Option<&'a str>,
    pub(super) size_bytes: Option<u64>,
    pub(super) version: Option<&'a str>,
}

impl Found<'_> {
    /// Whether it is surely the planned object.
    fn is_planned(&self, object: &Object) -> bool {
        let planned = object.version.as_deref();
        self.etag
            .is_some_and(|etag| etag::is_same(etag, &object.etag))
            && self.size_bytes == Some(object.size_bytes)
            && planned.is_none_or(|version| self.version == Some(version))
    }
}
