//! The settings of a source: where history comes from, and the driver that reads it.

use std::path::{Component, Path, PathBuf};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::files::{FilesConfig, FilesDriver};
use super::kafka::{self, KafkaConfig, KafkaDriver};
use super::range::RangeConfig;
use super::s3::{S3Config, S3Driver};
use super::{EventRange, KeyFields, Parts, ReplayDriver, SourceError};

/// The settings of a source: `[source]` of a job.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SourceConfig {
    /// A folder of files.
    Files(Box<FilesConfig>),
    /// A bucket.
    S3(Box<S3Config>),
    /// Topics of Kafka.
    Kafka(Box<KafkaConfig>),
}

impl SourceConfig {
    /// The name of the driver.
    pub fn driver_name(&self) -> &'static str {
        match self {
            SourceConfig::Files(_) => "files",
            SourceConfig::S3(_) => "s3",
            SourceConfig::Kafka(_) => "kafka",
        }
    }

    /// Whether the source is a log, whose records have offsets and timestamps.
    pub fn is_log(&self) -> bool {
        matches!(self, SourceConfig::Kafka(_))
    }

    /// The most bytes in a second that the settings allow to be read, where they limit it.
    pub(crate) fn max_bytes_per_second(&self) -> Option<u64> {
        let most = match self {
            SourceConfig::Files(_) => None,
            SourceConfig::S3(s3) => s3.requests.max_bytes_per_second,
            SourceConfig::Kafka(kafka) => kafka.max_bytes_per_second,
        };
        most.map(|most| most.0)
    }

    /// The settings that limit what a process asks of the source. Each worker of a staged build keeps them by itself, so that
    /// together they may ask as often as there are workers at once.
    pub(crate) fn limits_per_process(&self) -> Vec<&'static str> {
        let mut limits = Vec::new();
        match self {
            SourceConfig::Files(_) => {}
            SourceConfig::S3(s3) => {
                let requests = &s3.requests;
                if requests.max_per_second.is_some() {
                    limits.push("source.s3.requests.max_per_second");
                }
                if requests.max_bytes_per_second.is_some() {
                    limits.push("source.s3.requests.max_bytes_per_second");
                }
            }
            SourceConfig::Kafka(kafka) => {
                if kafka.max_bytes_per_second.is_some() {
                    limits.push("source.kafka.max_bytes_per_second");
                }
            }
        }
        limits
    }

    /// What the key of an object says of the object's records.
    pub(crate) fn key_fields_of(&self, key: &str) -> Option<KeyFields> {
        match self {
            SourceConfig::Files(files) => files.layout.key_fields(key),
            SourceConfig::S3(s3) => s3.layout.key_fields(key.strip_prefix(s3.prefix.as_str())?),
            SourceConfig::Kafka(_) => None,
        }
    }

    /// The time span in the key of an object, with both bounds, where the layout reads one.
    pub(crate) fn span_of(&self, key: &str) -> Option<EventRange> {
        match self {
            SourceConfig::Files(files) => files.layout.span(key),
            SourceConfig::S3(s3) => s3.layout.span(key.strip_prefix(s3.prefix.as_str())?),
            SourceConfig::Kafka(_) => None,
        }
    }

    /// Makes the driver that reads events within `range`, and `parts` of each record in addition to its value. `written`
    /// is the range as the job states it, of which a log takes the offsets when it is planned.
    ///
    /// # Errors
    /// [`SourceError::NoSuchPath`] and [`SourceError::Pattern`] for files that are not there.
    pub fn driver(
        &self,
        written: &RangeConfig,
        range: EventRange,
        parts: Parts,
    ) -> Result<Box<dyn ReplayDriver>, SourceError> {
        Ok(match self {
            SourceConfig::Files(config) => Box::new(FilesDriver::new(config, range)?),
            SourceConfig::S3(config) => Box::new(S3Driver::new((**config).clone(), range)),
            SourceConfig::Kafka(config) => {
                let (config, written) = ((**config).clone(), written.clone());
                Box::new(KafkaDriver::new(config, written, range, parts))
            }
        })
    }

    /// The settings that decide which records there are, equal for all spellings of the same path. How the source is
    /// accessed is left out: two jobs that differ in nothing else read the same.
    pub(crate) fn identity(&self) -> Value {
        json!(match self {
            SourceConfig::Files(files) => SourceConfig::Files(Box::new(FilesConfig {
                path: resolved(&files.path),
                ..FilesConfig::clone(files)
            })),
            SourceConfig::S3(s3) => SourceConfig::S3(Box::new(s3.identity())),
            SourceConfig::Kafka(kafka) => SourceConfig::Kafka(Box::new(kafka.identity())),
        })
    }

    /// The settings for a process elsewhere: with absolute paths, with the properties of the command line among those of
    /// the job, and without secrets. The names of the secrets that are left out come from [`SourceConfig::secrets`].
    pub fn portable(&self) -> Self {
        let absolute = |path: &mut Option<PathBuf>| *path = path.take().map(|path| resolved(&path));
        let mut portable = self.clone();
        match &mut portable {
            SourceConfig::Files(files) => files.path = resolved(&files.path),
            SourceConfig::S3(s3) => {
                absolute(&mut s3.sse_c_key_file);
                absolute(&mut s3.ca_file);
            }
            SourceConfig::Kafka(kafka) => {
                absolute(&mut kafka.properties_file);
                kafka.properties.append(&mut kafka.overrides);
                kafka.properties.retain(|name, _| !kafka::is_secret(name));
            }
        }
        portable
    }

    /// The names of the secret properties that this process has from its environment or its command line, and that a
    /// process elsewhere must have from its own. Secrets in files are not among them: the settings name the files.
    ///
    /// # Errors
    /// [`SourceError::Kafka`] where a property cannot be set.
    pub fn secrets(&self) -> Result<Vec<String>, SourceError> {
        match self {
            SourceConfig::Files(_) | SourceConfig::S3(_) => Ok(Vec::new()),
            SourceConfig::Kafka(kafka) => Ok(kafka::secrets(kafka)?),
        }
    }

    /// Checks that this process has all `secrets`.
    ///
    /// # Errors
    /// [`SourceError::Kafka`] that names the first which is missing, and the environment variable to set.
    pub fn require(&self, secrets: &[String]) -> Result<(), SourceError> {
        match self {
            SourceConfig::Files(_) | SourceConfig::S3(_) => Ok(()),
            SourceConfig::Kafka(kafka) => Ok(kafka::require(kafka, secrets)?),
        }
    }
}

/// The absolute path without links and `..`, as far as it exists. What does not exist, such as a pattern, stays as it
/// is spelled, but for `.` and `..`.
pub(crate) fn resolved(path: &Path) -> PathBuf {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let exists = path
        .ancestors()
        .find_map(|part| Some((part.canonicalize().ok()?, part)));
    let Some((mut found, part)) = exists else {
        return path;
    };
    for name in path
        .strip_prefix(part)
        .into_iter()
        .flat_map(Path::components)
    {
        match name {
            Component::ParentDir => drop(found.pop()),
            name => found.push(name),
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::units::ByteSize;

    /// The settings in the identity of a source. Digests of builds rest on them: another one would make every build of
    /// an earlier release one of another job.
    fn settings(config: &SourceConfig) -> Vec<String> {
        let identity = config.identity();
        let settings = identity[config.driver_name()].as_object().unwrap();
        let mut names: Vec<_> = settings.keys().cloned().collect();
        names.sort_unstable();
        names
    }

    #[test]
    fn an_identity_has_the_settings_that_decide_what_is_read_and_no_others() {
        let mut s3 = S3Config {
            region: Some("eu-west-1".into()),
            anonymous: true,
            ca_file: Some("ca.pem".into()),
            ..S3Config::new("clicks", "raw/")
        };
        s3.requests.attempts = 3;
        let s3 = SourceConfig::S3(Box::new(s3));
        insta::assert_snapshot!(settings(&s3).join(" "), @"bucket endpoint lateness layout path_style prefix skip_archived split_size versions");
        let mut kafka = KafkaConfig::new("a:1", &["clicks"]);
        kafka.stall_timeout = Duration::from_secs(7);
        kafka.max_bytes_per_second = Some(ByteSize::mib(1));
        kafka.properties.insert("client.id".into(), "us".into());
        let kafka = SourceConfig::Kafka(Box::new(kafka));
        insta::assert_snapshot!(settings(&kafka).join(" "), @"brokers lateness split_size topics");
        let files = SourceConfig::Files(Box::new(FilesConfig::new("archive")));
        insta::assert_snapshot!(settings(&files).join(" "), @"lateness layout path split_size");
    }
}
