//! Requests for one page of a listing, and the check of the answer.

use std::borrow::Cow;
use std::collections::VecDeque;
use std::sync::atomic::Ordering;

use aws_sdk_s3::operation::list_object_versions::ListObjectVersionsOutput;
use aws_sdk_s3::operation::list_objects_v2::ListObjectsV2Output;
use aws_sdk_s3::primitives::DateTime;
use aws_sdk_s3::types::{
    CommonPrefix, EncodingType, ObjectStorageClass, ObjectVersionStorageClass,
    OptionalObjectAttributes, RestoreStatus,
};
use percent_encoding::percent_decode_str;

use super::bucket::Bucket;
use super::complete::Complete;
use super::failure::{self, Answer, Failure, Request};
use super::retry::Attempts;
use crate::source::{Object, SourceError};

/// The scope of a listing.
#[derive(Clone, Debug)]
pub(crate) struct Scope {
    /// The prefix of the keys.
    pub(crate) prefix: String,
    /// Whether keys with another `/` after the prefix are listed as folders.
    pub(crate) by_folder: bool,
    /// Whether versions are listed.
    pub(crate) versions: bool,
}

/// The start of the next page.
#[derive(Clone, Debug)]
pub(crate) enum Next {
    Token(String),
    After {
        key: String,
        version: Option<String>,
    },
}

/// The entries of a page, in ascending order of their keys.
#[derive(Debug)]
pub(crate) struct Page {
    pub(crate) entries: VecDeque<Entry>,
    pub(crate) next: Option<Next>,
}

/// An entry of a listing.
#[derive(Debug)]
pub(crate) enum Entry {
    Object(Listed),
    /// A prefix that ends in `/`, and stands for all keys that start with it.
    Folder(String),
}

/// An object in a listing.
#[derive(Debug)]
pub(crate) struct Listed {
    pub(crate) object: Object,
    /// Whether the object must be restored before it can be read.
    pub(crate) is_archived: bool,
}

impl Entry {
    pub(crate) fn key(&self) -> &str {
        match self {
            Entry::Object(listed) => &listed.object.key,
            Entry::Folder(prefix) => prefix,
        }
    }
}

/// Requests the page at `next`.
pub(crate) async fn list(
    bucket: &Bucket,
    scope: &Scope,
    next: Option<Next>,
) -> Result<Page, SourceError> {
    let place = bucket.place_of(&scope.prefix);
    let request = bucket.request("list", &place);
    let mut attempts = Attempts::new(bucket.retries, request);
    loop {
        let permit = bucket.pace.permit().await;
        let listed = if scope.versions {
            request_versions(bucket, scope, next.clone(), request).await
        } else {
            request_objects(bucket, scope, next.clone(), request).await
        };
        match listed {
            Ok(page) => {
                request.has_answered.store(true, Ordering::Relaxed);
                permit.succeeded();
                return Ok(page);
            }
            Err(failure) => {
                drop(permit);
                if failure.is_throttled() {
                    bucket.pace.slow_down();
                }
                attempts.failed(failure).await?;
            }
        }
    }
}

async fn request_objects(
    bucket: &Bucket,
    scope: &Scope,
    next: Option<Next>,
    described: Request<'_>,
) -> Result<Page, Failure> {
    let wants_status = !bucket.unsupported.restore_status.is_set();
    let mut request = bucket
        .client
        .list_objects_v2()
        .bucket(&bucket.name)
        .prefix(&scope.prefix)
        .encoding_type(EncodingType::Url)
        .set_optional_object_attributes(wants_status.then(restore_status))
        .set_delimiter(scope.by_folder.then(|| "/".to_owned()))
        .set_request_payer(bucket.request_payer());
    if let Some(Next::Token(token)) = next {
        request = request.continuation_token(token);
    }
    let request = request
        .customize()
        .interceptor(Complete("ListBucketResult"));
    match bucket.in_time(request.send()).await? {
        Ok(listed) => page_of_objects(listed),
        Err(error) => Err(match failure::read(error, described) {
            Answer::Unsupported(_) if wants_status => {
                bucket.unsupported.restore_status.set();
                Failure::Modified
            }
            answer => refused(answer, described),
        }),
    }
}

async fn request_versions(
    bucket: &Bucket,
    scope: &Scope,
    next: Option<Next>,
    described: Request<'_>,
) -> Result<Page, Failure> {
    let wants_status = !bucket.unsupported.restore_status.is_set();
    let mut request = bucket
        .client
        .list_object_versions()
        .bucket(&bucket.name)
        .prefix(&scope.prefix)
        .encoding_type(EncodingType::Url)
        .set_optional_object_attributes(wants_status.then(restore_status))
        .set_delimiter(scope.by_folder.then(|| "/".to_owned()))
        .set_request_payer(bucket.request_payer());
    if let Some(Next::After { key, version }) = next {
        request = request.key_marker(key).set_version_id_marker(version);
    }
    let request = request
        .customize()
        .interceptor(Complete("ListVersionsResult"));
    match bucket.in_time(request.send()).await? {
        Ok(listed) => page_of_versions(listed),
        Err(error) => Err(match failure::read(error, described) {
            Answer::Unsupported(_) if wants_status => {
                bucket.unsupported.restore_status.set();
                Failure::Modified
            }
            answer => refused(answer, described),
        }),
    }
}

/// The request to include the restore status of archived objects.
fn restore_status() -> Vec<OptionalObjectAttributes> {
    vec![OptionalObjectAttributes::RestoreStatus]
}

/// The error for a request that was refused, whose answer cannot be about an object.
pub(crate) fn refused(answer: Answer, request: Request<'_>) -> Failure {
    Failure::permanent(match answer {
        Answer::Failed(failure) | Answer::Unsupported(failure) => return failure,
        Answer::Elsewhere { region } => request.elsewhere(region.as_deref()),
        Answer::NoSuchKey | Answer::NotTheSame | Answer::Archived => request.no_such_bucket(),
    })
}

fn page_of_objects(listed: ListObjectsV2Output) -> Result<Page, Failure> {
    let is_encoded = listed.encoding_type == Some(EncodingType::Url);
    let next = match (listed.is_truncated, listed.next_continuation_token) {
        (Some(true), None) => {
            return Err(contradiction(
                "it is incomplete, but does not say where the next page starts",
            ));
        }
        (Some(true), Some(token)) => Some(Next::Token(token)),
        _ => None,
    };
    let objects = listed.contents.unwrap_or_default();
    let folders = listed.common_prefixes.unwrap_or_default();
    let announced = listed
        .key_count
        .and_then(|count| usize::try_from(count).ok());
    if let Some(announced) = announced.filter(|count| *count != objects.len() + folders.len()) {
        return Err(contradiction(format!(
            "it announces {announced} keys, but contains {}",
            objects.len() + folders.len()
        )));
    }
    let objects = objects.into_iter().map(|object| {
        Ok(Listed {
            is_archived: is_archived(
                object
                    .storage_class
                    .as_ref()
                    .map(ObjectStorageClass::as_str),
                object.restore_status.as_ref(),
            ),
            object: Object {
                key: decoded(required(object.key, "a key")?, is_encoded)?,
                size_bytes: size(object.size)?,
                etag: required(object.e_tag, "an ETag")?,
                version: None,
                modified_us: moment_us(object.last_modified.as_ref()),
                key_fields: None,
            },
        })
    });
    page(objects, folders, is_encoded, next)
}

fn page_of_versions(listed: ListObjectVersionsOutput) -> Result<Page, Failure> {
    let is_encoded = listed.encoding_type == Some(EncodingType::Url);
    let next = match (listed.is_truncated, listed.next_key_marker) {
        (Some(true), None) => {
            return Err(contradiction(
                "it is incomplete, but does not say where the next page starts",
            ));
        }
        (Some(true), Some(key)) => Some(Next::After {
            key: decoded(key, is_encoded)?,
            version: listed.next_version_id_marker,
        }),
        _ => None,
    };
    let latest = listed
        .versions
        .unwrap_or_default()
        .into_iter()
        .filter(|version| version.is_latest == Some(true));
    let objects = latest.map(|version| {
        Ok(Listed {
            is_archived: is_archived(
                version
                    .storage_class
                    .as_ref()
                    .map(ObjectVersionStorageClass::as_str),
                version.restore_status.as_ref(),
            ),
            object: Object {
                key: decoded(required(version.key, "a key")?, is_encoded)?,
                size_bytes: size(version.size)?,
                etag: required(version.e_tag, "an ETag")?,
                version: version.version_id,
                modified_us: moment_us(version.last_modified.as_ref()),
                key_fields: None,
            },
        })
    });
    page(
        objects,
        listed.common_prefixes.unwrap_or_default(),
        is_encoded,
        next,
    )
}

/// Merges objects and folders, each in ascending order, into one page.
fn page(
    objects: impl Iterator<Item = Result<Listed, Failure>>,
    folders: Vec<CommonPrefix>,
    is_encoded: bool,
    next: Option<Next>,
) -> Result<Page, Failure> {
    let mut entries: Vec<Entry> = objects
        .map(|listed| listed.map(Entry::Object))
        .collect::<Result<_, _>>()?;
    if !folders.is_empty() {
        for folder in folders {
            let prefix = decoded(required(folder.prefix, "a prefix")?, is_encoded)?;
            entries.push(Entry::Folder(prefix));
        }
        // Folders come after the objects in an answer, so the two are merged.
        entries.sort_by(|left, right| left.key().cmp(right.key()));
    }
    Ok(Page {
        entries: entries.into(),
        next,
    })
}

fn is_archived(storage_class: Option<&str>, restored: Option<&RestoreStatus>) -> bool {
    let needs_restoring = matches!(storage_class, Some("GLACIER" | "DEEP_ARCHIVE"));
    // A restored copy has an expiry date.
    let has_copy = restored.is_some_and(|status| {
        status.is_restore_in_progress != Some(true) && status.restore_expiry_date.is_some()
    });
    needs_restoring && !has_copy
}

fn contradiction(problem: impl Into<Cow<'static, str>>) -> Failure {
    Failure::temporary(format!(
        "the listing contradicts itself: {}",
        problem.into()
    ))
}

fn required(value: Option<String>, what: &str) -> Result<String, Failure> {
    value.ok_or_else(|| contradiction(format!("an entry lacks {what}")))
}

fn size(size: Option<i64>) -> Result<u64, Failure> {
    size.and_then(|size| u64::try_from(size).ok())
        .ok_or_else(|| contradiction("an entry lacks a size"))
}

/// Decodes a key. Keys are requested with URL encoding, since XML cannot represent every character of a key.
fn decoded(text: String, is_encoded: bool) -> Result<String, Failure> {
    if !is_encoded {
        return Ok(text);
    }
    let spaced = text.replace('+', " ");
    match percent_decode_str(&spaced).decode_utf8() {
        Ok(decoded) => Ok(decoded.into_owned()),
        Err(_) => Err(contradiction(format!("the key `{text}` is not UTF-8"))),
    }
}

/// A moment in microseconds since 1970-01-01T00:00:00Z; 0 if the store does not send it.
fn moment_us(at: Option<&DateTime>) -> i64 {
    at.and_then(|at| i64::try_from(at.as_nanos().div_euclid(1000)).ok())
        .unwrap_or(0)
}
