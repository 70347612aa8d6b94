//! A fake store: a bucket in memory with the API of S3, and with faults.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use async_trait::async_trait;

use crate::pace::RetryPolicy;
use crate::source::conformance::{Damage, Fixture};
use crate::source::s3::{RequestOptions, S3Config, S3Driver};
use crate::source::{EventRange, ReplayDriver};
use crate::test_server::{Reply, Request, Server};
use crate::units::ByteSize;

pub(super) const BUCKET: &str = "clicks";

/// An object, or a version of one.
#[derive(Clone, Debug)]
pub(super) struct Stored {
    pub(super) content: Vec<u8>,
    pub(super) etag: String,
    pub(super) class: &'static str,
    pub(super) version: String,
    /// The restore status in the listing, as XML.
    pub(super) restored: &'static str,
}

/// A function that changes answers: its arguments are the request, the number of the request from 0, and the answer.
type Fault = dyn Fn(&Request, usize, Reply) -> Reply + Send + Sync;

#[derive(Default)]
struct Content {
    /// The versions of each key, the newest one last.
    objects: BTreeMap<String, Vec<Stored>>,
    written: u64,
    asked: usize,
    keeps_versions: bool,
}

/// A bucket with a server.
pub(super) struct FakeBucket {
    content: Arc<Mutex<Content>>,
    pub(super) server: Server,
}

/// The number of keys in a page: small, so that every listing has several pages.
const KEYS_PER_PAGE: usize = 3;

impl FakeBucket {
    pub(super) async fn new() -> Self {
        Self::with(|_, _, reply| reply).await
    }

    pub(super) async fn with(
        fault: impl Fn(&Request, usize, Reply) -> Reply + Send + Sync + 'static,
    ) -> Self {
        let content = Arc::new(Mutex::new(Content::default()));
        let fault: Box<Fault> = Box::new(fault);
        let fake = content.clone();
        let answer = move |request: &Request| {
            let mut content = fake.lock().unwrap();
            let number = content.asked;
            content.asked += 1;
            let reply = content.answer(request);
            drop(content);
            fault(request, number, reply)
        };
        FakeBucket {
            content,
            server: Server::start(Arc::new(answer)).await,
        }
    }

    fn lock(&self) -> MutexGuard<'_, Content> {
        self.content.lock().unwrap()
    }

    pub(super) fn keep_versions(&self) {
        self.lock().keeps_versions = true;
    }

    pub(super) fn put(&self, key: &str, content: &[u8]) {
        self.put_as(key, content, "STANDARD", "");
    }

    pub(super) fn put_as(
        &self,
        key: &str,
        content: &[u8],
        class: &'static str,
        restored: &'static str,
    ) {
        let mut fake = self.lock();
        fake.written += 1;
        let stored = Stored {
            content: content.to_vec(),
            etag: format!("\"{:032x}\"", fake.written),
            class,
            version: format!("v{}", fake.written),
            restored,
        };
        let keeps_versions = fake.keeps_versions;
        let versions = fake.objects.entry(key.to_owned()).or_default();
        if !keeps_versions {
            versions.clear();
        }
        versions.push(stored);
    }

    pub(super) fn remove(&self, key: &str) {
        self.lock().objects.remove(key);
    }

    pub(super) fn config(&self) -> S3Config {
        S3Config {
            endpoint: Some(self.server.url.clone()),
            region: Some("eu-west-1".to_owned()),
            anonymous: true,
            split_size: ByteSize(4096),
            requests: RequestOptions {
                attempts: 5,
                stall_timeout: Duration::from_millis(300),
                ..RequestOptions::default()
            },
            ..S3Config::new(BUCKET, "")
        }
    }

    /// A driver with short timeouts.
    pub(super) fn driver_of(&self, config: S3Config, range: EventRange) -> S3Driver {
        let mut driver = S3Driver::new(config, range);
        driver.retries = RetryPolicy {
            first_pause: Duration::from_millis(1),
            longest_pause: Duration::from_millis(5),
            ..driver.retries
        };
        driver
    }

    pub(super) fn s3_driver(&self) -> S3Driver {
        self.driver_of(self.config(), EventRange::default())
    }
}

#[async_trait]
impl Fixture for FakeBucket {
    async fn put(&mut self, key: &str, content: &[u8]) {
        FakeBucket::put(self, key, content);
    }

    async fn damage(&mut self, key: &str, damage: Damage) -> bool {
        let mut content = self.lock().objects[key][0].content.clone();
        match damage {
            Damage::Changed => content[0] ^= 1,
            Damage::Truncated => content.truncate(content.len() / 2),
            Damage::Removed => {
                self.remove(key);
                return true;
            }
        }
        FakeBucket::put(self, key, &content);
        true
    }

    async fn driver(&self) -> Box<dyn ReplayDriver> {
        Box::new(self.s3_driver())
    }

    fn largest_bytes(&self) -> usize {
        // More than two ranges.
        17 << 20
    }
}

impl Content {
    fn answer(&self, request: &Request) -> Reply {
        let Some(path) = request.path.strip_prefix(&format!("/{BUCKET}")) else {
            return error(404, "NoSuchBucket");
        };
        match path.strip_prefix('/').filter(|key| !key.is_empty()) {
            Some(key) => self.object(key, request),
            None if request.query.contains_key("versioning") => {
                let status = if self.keeps_versions {
                    "<Status>Enabled</Status>"
                } else {
                    ""
                };
                xml(format!(
                    "<VersioningConfiguration>{status}</VersioningConfiguration>"
                ))
            }
            None => self.list(request),
        }
    }

    fn object(&self, key: &str, request: &Request) -> Reply {
        let versions = self.objects.get(key).map(Vec::as_slice).unwrap_or_default();
        let wanted = request.query.get("versionId");
        let stored = match wanted {
            None => versions.last(),
            Some(wanted) => versions.iter().find(|stored| stored.version == *wanted),
        };
        let Some(stored) = stored else {
            return error(404, "NoSuchKey");
        };
        if stored.class == "GLACIER" && stored.restored.is_empty() {
            return error(403, "InvalidObjectState");
        }
        if request
            .headers
            .get("if-match")
            .is_some_and(|etag| *etag != stored.etag)
        {
            return error(412, "PreconditionFailed");
        }
        let length = stored.content.len();
        let reply = match request.headers.get("range") {
            None => Reply::new(200, stored.content.clone()),
            Some(range) => {
                let (start, end) = range
                    .strip_prefix("bytes=")
                    .and_then(|range| range.split_once('-'))
                    .unwrap();
                let (start, end): (usize, usize) = (start.parse().unwrap(), end.parse().unwrap());
                Reply::new(206, &stored.content[start..=end.min(length - 1)])
                    .with("content-range", format!("bytes {start}-{end}/{length}"))
            }
        };
        let reply = reply
            .with("etag", stored.etag.clone())
            .with("last-modified", "Sat, 31 Jan 2026 05:00:00 GMT");
        if self.keeps_versions {
            reply.with("x-amz-version-id", stored.version.clone())
        } else {
            reply
        }
    }

    /// A listing with or without versions. A page starts after the key in its token.
    fn list(&self, request: &Request) -> Reply {
        let of_versions = request.query.contains_key("versions");
        let text = |name: &str| request.query.get(name).cloned().unwrap_or_default();
        let (prefix, delimiter) = (text("prefix"), text("delimiter"));
        let after = text(if of_versions {
            "key-marker"
        } else {
            "continuation-token"
        });
        let mut lines: Vec<String> = Vec::new();
        let mut last = String::new();
        let mut is_truncated = false;
        for (key, versions) in self.objects.range(prefix.clone()..) {
            let Some(rest) = key.strip_prefix(&prefix) else {
                break;
            };
            let folder = (!delimiter.is_empty())
                .then(|| rest.split_once('/'))
                .flatten()
                .map(|(name, _)| format!("{prefix}{name}/"));
            let shown = folder.as_deref().unwrap_or(key);
            if shown <= after.as_str() || shown == last {
                continue;
            }
            if lines.len() == KEYS_PER_PAGE {
                is_truncated = true;
                break;
            }
            last = shown.to_owned();
            lines.push(match folder {
                Some(folder) => format!(
                    "<CommonPrefixes><Prefix>{}</Prefix></CommonPrefixes>",
                    encoded(&folder)
                ),
                None => versions
                    .iter()
                    .rev()
                    .take(if of_versions { usize::MAX } else { 1 })
                    .enumerate()
                    .map(|(age, stored)| line(key, stored, of_versions, age == 0))
                    .collect(),
            });
        }
        let (root, count) = if of_versions {
            ("ListVersionsResult", String::new())
        } else {
            (
                "ListBucketResult",
                format!("<KeyCount>{}</KeyCount>", lines.len()),
            )
        };
        let next = match (is_truncated, of_versions) {
            (false, _) => String::new(),
            (true, false) => format!("<NextContinuationToken>{last}</NextContinuationToken>"),
            (true, true) => format!("<NextKeyMarker>{}</NextKeyMarker>", encoded(&last)),
        };
        xml(format!(
            "<{root}><IsTruncated>{is_truncated}</IsTruncated>{count}{next}\
             <EncodingType>url</EncodingType>{}</{root}>",
            lines.concat()
        ))
    }
}

fn line(key: &str, stored: &Stored, of_versions: bool, is_latest: bool) -> String {
    let (tag, version) = if of_versions {
        (
            "Version",
            format!(
                "<VersionId>{}</VersionId><IsLatest>{is_latest}</IsLatest>",
                stored.version
            ),
        )
    } else {
        ("Contents", String::new())
    };
    format!(
        "<{tag}><Key>{}</Key>{version}<Size>{}</Size><ETag>{}</ETag><StorageClass>{}</StorageClass>{}\
         <LastModified>2026-01-31T05:00:00.000Z</LastModified></{tag}>",
        encoded(key),
        stored.content.len(),
        stored.etag.replace('"', "&quot;"),
        stored.class,
        stored.restored,
    )
}

/// Encodes a key as S3 does in listings: like an HTML form, with `+` for a space.
fn encoded(key: &str) -> String {
    const KEPT: &percent_encoding::AsciiSet = &percent_encoding::NON_ALPHANUMERIC
        .remove(b'/')
        .remove(b'-')
        .remove(b'.')
        .remove(b'_')
        .remove(b'*')
        .remove(b' ');
    percent_encoding::utf8_percent_encode(key, KEPT)
        .to_string()
        .replace(' ', "+")
}

pub(super) fn xml(body: String) -> Reply {
    Reply::new(200, format!("<?xml version=\"1.0\"?>{body}"))
        .with("content-type", "application/xml")
}

pub(super) fn error(status: u16, code: &str) -> Reply {
    let body = format!("<Error><Code>{code}</Code><Message>As the script says.</Message></Error>");
    Reply {
        status,
        ..xml(body)
    }
}
