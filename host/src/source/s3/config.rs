//! `[source.s3]` of a job. It never contains credentials.

use std::path::PathBuf;
use std::time::Duration;

use serde::{Deserialize, Deserializer, Serialize};

use crate::source::KeyPattern;
use crate::source::archive::{ArchiveOptions, SPLIT_SIZE};
use crate::source::layout::{LATENESS, Layout};
use crate::units::{ByteSize, duration};

/// `[source.s3]` of a job. Its serialized form has the settings that determine which objects are read, and not those of
/// the connection.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct S3Config {
    /// The bucket, or the ARN of an access point.
    #[serde(deserialize_with = "bucket")]
    pub bucket: String,
    /// The prefix of the archive's keys, such as `raw/clicks/`.
    #[serde(default)]
    pub prefix: String,
    /// The URL of a compatible store. By default it comes from the environment or the profile.
    #[serde(default)]
    pub endpoint: Option<String>,
    /// Whether the bucket is in the path of a URL instead of in the host name. The default is true if there is an endpoint.
    #[serde(default)]
    pub path_style: Option<bool>,
    /// The region, if neither the environment nor the profile sets one and the bucket does not report it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// The profile of the AWS configuration, instead of `AWS_PROFILE`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile: Option<String>,
    /// Whether requests are not signed, for a public bucket.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub anonymous: bool,
    /// Whether the requester pays, which some buckets require.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub requester_pays: bool,
    /// A file with the 32 bytes of a customer key (SSE-C), raw or as base64. The variable `BACKFOLD_SSE_C_KEY` can hold the
    /// base64 instead.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sse_c_key_file: Option<PathBuf>,
    /// A file of PEM certificates that are trusted in addition to those of the system. It replaces the file that
    /// `AWS_CA_BUNDLE` or `ca_bundle` of the profile names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_file: Option<PathBuf>,
    /// Whether the plan records the versions of objects.
    #[serde(default)]
    pub versions: Versions,
    /// Whether objects in an archived storage class are skipped. By default they are an error.
    #[serde(default)]
    pub skip_archived: bool,
    /// The structure of the keys.
    #[serde(default)]
    pub layout: Layout,
    /// The objects to read, by patterns of their keys below `prefix`; empty for all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub include: Vec<KeyPattern>,
    /// The objects to leave out, by patterns of their keys below `prefix`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exclude: Vec<KeyPattern>,
    /// The largest distance between the time of an event and the time in its key.
    #[serde(default = "default_lateness", with = "duration")]
    pub lateness: Duration,
    /// The largest number of bytes in a split. A larger object is a split of its own, and the first splits are smaller
    /// ([`archive`](crate::source::archive)).
    #[serde(default = "default_split_size")]
    pub split_size: ByteSize,
    /// The settings of requests to the store.
    #[serde(default, skip_serializing_if = "RequestOptions::is_default")]
    pub requests: RequestOptions,
}

/// Whether the plan records the versions of objects, so that an overwritten object can still be read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Versions {
    /// Yes, if the bucket keeps versions and allows to list them.
    #[default]
    Auto,
    /// Yes; it is an error if the bucket does not.
    Always,
    /// No: an object that is overwritten after the plan stops the run.
    Never,
}

/// `[source.s3.requests]`: the settings of requests to the store. None of them changes which objects are read.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RequestOptions {
    /// The largest number of concurrent requests. It is reduced for a while if the store asks to slow down.
    #[serde(deserialize_with = "at_least_one")]
    pub concurrency: u32,
    /// The largest number of bytes that are fetched ahead for each worker.
    pub read_ahead: ByteSize,
    /// The largest number of requests per second.
    pub max_per_second: Option<u32>,
    /// The largest number of bytes per second.
    pub max_bytes_per_second: Option<ByteSize>,
    /// The number of attempts at a request before the run stops.
    #[serde(deserialize_with = "at_least_one")]
    pub attempts: u32,
    /// How long a response may deliver almost nothing before the request is repeated.
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
    /// The settings for the archive in `bucket` under `prefix`, with defaults for everything else.
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
            include: Vec::new(),
            exclude: Vec::new(),
            lateness: LATENESS,
            split_size: SPLIT_SIZE,
            requests: RequestOptions::default(),
        }
    }

    /// The settings that determine which objects are read; those of the connection have their defaults.
    pub(in crate::source) fn identity(&self) -> Self {
        S3Config {
            endpoint: self.endpoint.clone(),
            path_style: self.path_style,
            versions: self.versions,
            skip_archived: self.skip_archived,
            layout: self.layout.clone(),
            include: self.include.clone(),
            exclude: self.exclude.clone(),
            lateness: self.lateness,
            split_size: self.split_size,
            ..S3Config::new(self.bucket.clone(), self.prefix.clone())
        }
    }

    /// The archive as a URL.
    pub(super) fn place(&self) -> String {
        format!("s3://{}/{}", self.bucket, self.prefix)
    }

    pub(super) fn archive(&self) -> ArchiveOptions {
        ArchiveOptions {
            prefix: self.prefix.clone(),
            above: String::new(),
            layout: self.layout.clone(),
            include: self.include.clone(),
            exclude: self.exclude.clone(),
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
        "write the name of the bucket only, and put the prefix of the keys into `prefix`"
    } else if name.contains('/') && !name.starts_with("arn:") {
        "a name has no `/`: put the prefix of the keys into `prefix`"
    } else {
        return Ok(name);
    };
    Err(serde::de::Error::custom(format!(
        "`{name}` is not the name of a bucket: {problem}"
    )))
}

fn at_least_one<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u32, D::Error> {
    match u32::deserialize(deserializer)? {
        0 => Err(serde::de::Error::custom("it must be at least 1")),
        number => Ok(number),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_invalid_name_gives_the_reason() {
        let problems: Vec<String> = ["", "s3://clicks/raw", "clicks/raw"]
            .map(|name| toml::from_str::<S3Config>(&format!("bucket = \"{name}\"")))
            .map(|read| read.expect_err("no bucket").message().to_owned())
            .into();
        insta::assert_snapshot!(problems.join("\n"), @r"
        `` is not the name of a bucket: it is empty
        `s3://clicks/raw` is not the name of a bucket: write the name of the bucket only, and put the prefix of the keys into `prefix`
        `clicks/raw` is not the name of a bucket: a name has no `/`: put the prefix of the keys into `prefix`
        ");
        let arn = "arn:aws:s3:eu-west-1:123456789012:accesspoint/clicks";
        assert!(toml::from_str::<S3Config>(&format!("bucket = \"{arn}\"")).is_ok());
        let none = "bucket = \"clicks\"\nrequests.attempts = 0";
        assert!(toml::from_str::<S3Config>(none).is_err());
    }

    #[test]
    fn settings_of_requests_do_not_change_the_identity_of_the_archive() {
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
