//! The keys of objects, as writers of archives name them.

use chrono::DateTime;

use super::{Part, TOPIC};

/// Who writes an archive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Writer {
    /// Names that say nothing.
    Anybody,
    /// Amazon Data Firehose.
    Firehose,
    /// Confluent's S3 sink with its default partitioner.
    Confluent,
    /// The same with its time-based partitioner.
    ConfluentByTime,
    /// Aiven's S3 sink with its default template.
    Aiven,
    /// The same with a template of its own.
    AivenByTime,
    /// The data delivery of Amazon MSK.
    Msk,
    /// Spark, into a table partitioned by `dt` and `hour`.
    Spark,
    /// Somebody with names that only a template describes.
    Template,
}

impl Writer {
    /// The `layout` of a job, as TOML.
    pub fn layout(self) -> &'static str {
        match self {
            Writer::Anybody => r#""none""#,
            Writer::Firehose => r#""firehose""#,
            Writer::Confluent | Writer::ConfluentByTime => r#""confluent""#,
            Writer::Aiven => r#""aiven""#,
            Writer::AivenByTime => {
                "{ aiven = { template = \"{{topic}}/{{timestamp:unit=yyyy}}/{{timestamp:unit=MM}}/\
                 {{timestamp:unit=dd}}/{{timestamp:unit=HH}}/\
                 {{partition:padding=true}}-{{start_offset:padding=true}}\" } }"
            }
            Writer::Msk => r#""msk""#,
            Writer::Spark => r#""hive""#,
            Writer::Template => {
                r#"{ template = "{topic}/{yyyy}-{MM}-{dd}T{HH}/p{partition}_o{offset}.{*}" }"#
            }
        }
    }

    /// Whether keys tell the hour of the records.
    pub fn tells_time(self) -> bool {
        !matches!(self, Writer::Anybody | Writer::Confluent | Writer::Aiven)
    }

    /// The key of an object whose name ends so.
    pub fn key(self, part: &Part, ending: &str) -> String {
        let (number, partition, offset) = (part.number, part.partition, part.offset);
        let last = part.visits.last().map_or(0, |visit| visit.at_ms);
        let at = DateTime::from_timestamp_millis(last).unwrap_or_default();
        let time = |format: &str| at.format(format).to_string();
        let uuid = format!("{number:08x}-6f0e-4a54-9d43-0c5c2b1f7a90");
        match self {
            Writer::Anybody => format!("part-{number:05}{ending}"),
            Writer::Firehose => {
                let folders = time("raw/%Y/%m/%d/%H");
                let at = time("%Y-%m-%d-%H-%M-%S");
                format!("{folders}/clicks-1-{at}-{uuid}{ending}")
            }
            Writer::Confluent => format!(
                "topics/{TOPIC}/partition={partition}/{TOPIC}+{partition}+{offset:010}{ending}"
            ),
            Writer::ConfluentByTime => {
                let folders = time("year=%Y/month=%m/day=%d/hour=%H");
                format!("topics/{TOPIC}/{folders}/{TOPIC}+{partition}+{offset:010}{ending}")
            }
            Writer::Aiven => format!("archive/{TOPIC}-{partition}-{offset}{ending}"),
            Writer::AivenByTime => {
                let folders = time("%Y/%m/%d/%H");
                format!("archive/{TOPIC}/{folders}/{partition:010}-{offset:020}{ending}")
            }
            Writer::Msk => {
                let folders = time("year=%Y/month=%m/day=%d/hour=%H");
                let name = format!("{TOPIC}+{partition}+{offset:018}-000000-105a4e6efaa{ending}");
                format!("mine/8309b825-8a2c-4120-9367-6ce96fbd2537-2/{TOPIC}/{folders}/{name}")
            }
            Writer::Spark => {
                let folders = time("dt=%Y-%m-%d/hour=%-H");
                format!("{folders}/part-00000-{uuid}.c000{ending}")
            }
            Writer::Template => {
                let folder = time("%Y-%m-%dT%H");
                format!("{TOPIC}/{folder}/p{partition}_o{offset}{ending}")
            }
        }
    }
}
