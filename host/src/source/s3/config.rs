//! `[source.s3]` of a job. Credentials are never part of it.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize};

use crate::source::archive::{ArchiveOptions, SPLIT_SIZE};
use crate::source::layout::{LATENESS, Layout};
use crate::units::{ByteSize, duration};

/// `[source.s3]` of a job.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct S3Config {
    /// The bucket, or the ARN of an access point.
    #[serde(deserialize_with = "bucket")]
    pub bucket: String,
    /// What the keys of the archive begin with, as `raw/clicks/`.
    #[serde(default)]
    pub prefix: String,
    /// The URL of a compatible store, where the environment and the profile do not give one.
    #[serde(default)]
    pub endpoint: Option<String>,
    /// Whether the bucket stands in the path of a URL instead of the host; by default where an endpoint is given.
    #[serde(default)]
    pub path_style: Option<bool>,
    /// The region, where the environment and the profile do not give one and the bucket does not tell.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// The profile of the AWS configuration, instead of `AWS_PROFILE`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    /// Whether requests are not signed, for a public bucket.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub anonymous: bool,
    /// Whether the requester pays, for a bucket that asks for it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub requester_pays: bool,
    /// A file that holds the 32 bytes of a customer's key (SSE-C), as they are or as base64; `BACKFOLD_SSE_C_KEY` can
    /// hold the base64 instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sse_c_key_file: Option<PathBuf>,
    /// A file of certificates in PEM that are trusted beside those of the system, instead of what `AWS_CA_BUNDLE` or
    /// `ca_bundle` of the profile names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<PathBuf>,
    /// Whether the plan freezes the versions of objects.
    #[serde(default)]
    pub versions: Versions,
    /// Whether objects in an archived storage class are passed over instead of refused.
    #[serde(default)]
    pub skip_archived: bool,
    /// What the keys say.
    #[serde(default)]
    pub layout: Layout,
    /// How far an event may lie outside the hour of its key, where the layout finds one.
    #[serde(default = "default_lateness", with = "duration")]
    pub lateness: Duration,
    /// How many bytes a split has at most; a larger object is a split of its own. The first splits are smaller
    /// ([`archive`](crate::source::archive)).
    #[serde(default = "default_split_size")]
    pub split_size: ByteSize,
    /// How the store is asked.
    #[serde(default, skip_serializing_if = "RequestOptions::is_default")]
    pub requests: RequestOptions,
}

/// Whether the plan freezes the versions of objects, so that an overwritten one can still be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Versions {
    /// If the bucket keeps versions and lets them be listed.
    #[default]
    Auto,
    /// Yes; it is an error if the bucket does not.
    Always,
    /// No: an object that is overwritten after the plan stops the run.
    Never,
}

/// `[source.s3.requests]`: how the store is asked. Nothing of it changes what is read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RequestOptions {
    /// The most requests at a time; fewer for a while where the store says that it is too many.
    #[serde(deserialize_with = "at_least_one")]
    pub concurrency: u32,
    /// The most bytes fetched ahead for each worker.
    pub read_ahead: ByteSize,
    /// The most requests in a second.
    pub max_per_second: Option<u32>,
    /// The most bytes in a second.
    pub max_bytes_per_second: Option<ByteSize>,
    /// How often a request is tried before the run stops.
    #[serde(deserialize_with = "at_least_one")]
    pub attempts: u32,
    /// How long a response may bring next to nothing before it is given up and asked for again.
    #[serde(with = "duration")]
    pub stall_timeout: Duration,
}

impl Default for RequestOptions {
    fn default() -> Self {
        RequestOptions {
            concurrency: 64,
            read_ahead: ByteSize::mib(32),
            max_per_second: None,
            max_bytes_per_second: None,
            attempts: 10,
            stall_timeout: Duration::from_secs(20),
        }
    }
}

impl RequestOptions {
    fn is_default(&self) -> bool {
        *self == RequestOptions::default()
    }
}

impl S3Config {
    /// The archive in `bucket` under `prefix`, all else by default.
    pub fn new(bucket: impl Into<String>, prefix: impl Into<String>) -> Self {
        S3Config {
            bucket: bucket.into(),
            prefix: prefix.into(),
            endpoint: None,
            path_style: None,
            region: None,
            profile: None,
            anonymous: false,
            requester_pays: false,
            sse_c_key_file: None,
            ca_file: None,
            versions: Versions::default(),
            skip_archived: false,
            layout: Layout::default(),
            lateness: LATENESS,
            split_size: SPLIT_SIZE,
            requests: RequestOptions::default(),
        }
    }

    /// The settings that decide what is read, with those that say how the store is asked for it left to their defaults.
    pub(in crate::source) fn identity(&self) -> Self {
        S3Config {
            endpoint: self.endpoint.clone(),
            path_style: self.path_style,
            versions: self.versions,
            skip_archived: self.skip_archived,
            layout: self.layout.clone(),
            lateness: self.lateness,
            split_size: self.split_size,
            ..S3Config::new(self.bucket.clone(), self.prefix.clone())
        }
    }

    /// The archive as people write it.
    pub(super) fn place(&self) -> String {
        format!("s3://{}/{}", self.bucket, self.prefix)
    }

    pub(super) fn archive(&self) -> ArchiveOptions {
        ArchiveOptions {
            prefix: self.prefix.clone(),
            layout: self.layout.clone(),
            lateness: self.lateness,
            split_size: self.split_size,
        }
    }
}

fn default_lateness() -> Duration {
    LATENESS
}

fn default_split_size() -> ByteSize {
    SPLIT_SIZE
}

fn bucket<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let name = String::deserialize(deserializer)?;
    let problem = if name.is_empty() {
        "it is empty"
    } else if name.contains("://") {
        "write the name alone, and what the keys begin with as `prefix`"
    } else if name.contains('/') && !name.starts_with("arn:") {
        "a name has no `/`: what the keys begin with belongs into `prefix`"
    } else {
        return Ok(name);
    };
    Err(serde::de::Error::custom(format!(
        "`{name}` is not the name of a bucket: {problem}"
    )))
}

fn at_least_one<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    match u32::deserialize(deserializer)? {
        0 => Err(serde::de::Error::custom("it is at least 1")),
        number => Ok(number),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_bucket_says_why() {
        let problems: Vec<String> = ["", "s3://clicks/raw", "clicks/raw"]
            .map(|name| toml::from_str::<S3Config>(&format!("bucket = \"{name}\"")))
            .map(|read| read.expect_err("no bucket").message().to_owned())
            .into();
        insta::assert_snapshot!(problems.join("\n"), @r"
        `` is not the name of a bucket: it is empty
        `s3://clicks/raw` is not the name of a bucket: write the name alone, and what the keys begin with as `prefix`
        `clicks/raw` is not the name of a bucket: a name has no `/`: what the keys begin with belongs into `prefix`
        ");
        let arn = "arn:aws:s3:eu-west-1:123456789012:accesspoint/clicks";
        assert!(toml::from_str::<S3Config>(&format!("bucket = \"{arn}\"")).is_ok());
        let none = "bucket = \"clicks\"\nrequests.attempts = 0";
        assert!(toml::from_str::<S3Config>(none).is_err());
    }

    #[test]
    fn how_the_store_is_asked_does_not_name_another_archive() {
        let plain: S3Config = toml::from_str("bucket = \"clicks\"").expect("valid");
        let tuned: S3Config = toml::from_str(
            "bucket = \"clicks\"\nprofile = \"ops\"\nregion = \"eu-west-1\"\nrequester_pays = true\n\
             requests = { concurrency = 2, max_bytes_per_second = \"5 MiB\", stall_timeout = \"1m\" }",
        )
        .expect("valid");
        assert_ne!(plain, tuned);
        let name =
            |config: &S3Config| serde_json::to_string(&config.identity()).expect("serializable");
        assert_eq!(name(&plain), name(&tuned));
    }
}
