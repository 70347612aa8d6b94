//! Objects that writers put beside those of the events: keys and headers of records, failed records, markers.

use super::Layout;
use super::key::Key;

/// What an object holds instead of events, by its key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Beside {
    /// The keys of the records in another object, as Confluent's S3 sink writes them with `store.kafka.keys`.
    RecordKeys,
    /// The headers of the records in another object, as Confluent's S3 sink writes them with `store.kafka.headers`.
    RecordHeaders,
    /// Records that Firehose could not deliver, each wrapped in the error.
    Failed,
    /// Digests of the objects of CloudTrail.
    Digest,
    /// The marker of a folder, without content.
    FolderMarker,
    /// An object that is being written, or was never finished.
    Unfinished,
}

impl Beside {
    /// The reason for which such objects are not read.
    pub(in crate::source) fn reason(self) -> &'static str {
        match self {
            Beside::RecordKeys => "they hold the keys of records and not their values (`.keys.`)",
            Beside::RecordHeaders => {
                "they hold the headers of records and not their values (`.headers.`)"
            }
            Beside::Failed => "Firehose writes failed records there, wrapped in the error",
            Beside::Digest => "they hold digests of other objects (`CloudTrail-Digest`)",
            Beside::FolderMarker => "they mark folders (`$folder$`)",
            Beside::Unfinished => "their names are those of unfinished files (`.tmp`)",
        }
    }
}

/// Endings of the folders in which Firehose puts what it could not deliver. An error prefix may stand before them.
const FAILED: [&str; 9] = [
    "processing-failed",
    "format-conversion-failed",
    "http-endpoint-failed",
    "splunk-failed",
    "elasticsearch-failed",
    "AmazonOpenSearchService-failed",
    "AmazonOpenSearchService_failed",
    "snowflake-failed",
    "iceberg-failed",
];

impl Layout {
    /// What the object with this key, without the prefix of the archive, holds instead of events; `None` if it holds
    /// events as far as its key shows. Under [`Layout::None`], anything but the marker of a folder may hold events all
    /// the same.
    pub fn beside(&self, key: &str) -> Option<Beside> {
        let key = Key::new(key);
        let name = key.name.unwrap_or_default();
        if name.ends_with("$folder$") {
            return Some(Beside::FolderMarker);
        }
        let is_failed = || {
            let mut folders = key.folders.iter();
            folders.any(|folder| FAILED.iter().any(|failed| folder.ends_with(failed)))
        };
        let is_digest = || key.folders.contains(&"CloudTrail-Digest");
        let of_delivery = || match (is_failed(), is_digest()) {
            (true, _) => Some(Beside::Failed),
            (false, true) => Some(Beside::Digest),
            (false, false) => None,
        };
        let beside = match self {
            Layout::None => sidecar(name, "+").or_else(of_delivery),
            Layout::Confluent(confluent) => sidecar(name, confluent.delimiter()),
            Layout::Firehose(_) | Layout::Hive(_) => of_delivery(),
            // A template may name such a folder itself.
            Layout::Template(template) if template.pattern().key_fields(&key).is_some() => None,
            Layout::Template(_) => of_delivery(),
            Layout::Aiven(_) | Layout::Msk(_) => None,
        };
        beside.or_else(|| name.ends_with(".tmp").then_some(Beside::Unfinished))
    }
}

/// Whether `name` is that of a sidecar: `<topic>+<partition>+<offset>.keys.<ext>`.
fn sidecar(name: &str, delimiter: &str) -> Option<Beside> {
    let (_, last) = name.rsplit_once(delimiter)?;
    let ending = last.trim_start_matches(|c: char| c.is_ascii_digit());
    if ending.len() == last.len() {
        return None;
    }
    match ending.strip_prefix('.')?.split_once('.')?.0 {
        "keys" => Some(Beside::RecordKeys),
        "headers" => Some(Beside::RecordHeaders),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::source::layout::tests::layout;

    fn assert_all(layout: &Layout, cases: &[(&str, Option<Beside>)]) {
        for (key, expected) in cases {
            assert_eq!(layout.beside(key), *expected, "{key}");
        }
    }

    #[test]
    fn sidecars_are_known_by_the_text_after_the_offset() {
        let (keys, headers) = (Some(Beside::RecordKeys), Some(Beside::RecordHeaders));
        let plus = [
            ("topics/t/partition=0/t+0+0000000000.keys.avro", keys),
            ("topics/t/partition=0/t+0+00.headers.json.gz", headers),
            ("topics/t/partition=0/t+0+0000000000.json", None),
            ("topics/t/partition=0/t+0+00.snappy.parquet", None),
            // The topic is called so.
            ("topics/t.keys.a/partition=0/t.keys.a+0+00.avro", None),
            (
                "processing-failed/partition=0/processing-failed+0+0.json",
                None,
            ),
        ];
        assert_all(&layout(json!("confluent")), &plus);
        let minus = layout(json!({ "confluent": { "delimiter": "-" } }));
        assert_all(
            &minus,
            &[("topics/a-b/partition=0/a-b-0-00.keys.json", keys)],
        );
        assert_all(&Layout::None, &[("t+0+0000000000.headers.avro", headers)]);
        assert_all(&layout(json!("aiven")), &[("t-0-0.keys.gz", None)]);
    }

    #[test]
    fn failed_deliveries_are_known_by_their_folder() {
        let failed = Some(Beside::Failed);
        let firehose = [
            ("processing-failed/2026/01/31/10/s-1-b", failed),
            ("clicksformat-conversion-failed/2026/01/31/10/s", failed),
            ("2026/01/31/10/s-1-2026-01-31-10-00-00-a", None),
            ("2026/01/31/10/processing-failed", None),
            (
                "1/CloudTrail-Digest/eu/2026/01/31/x.json.gz",
                Some(Beside::Digest),
            ),
        ];
        assert_all(&Layout::firehose(), &firehose);
        let hive = [
            ("error=splunk-failed/dt=2026-01-31/s", failed),
            ("dt=2026-01-31_$folder$", Some(Beside::FolderMarker)),
            ("dt=2026-01-31/part-0.json.tmp", Some(Beside::Unfinished)),
        ];
        assert_all(&layout(json!("hive")), &hive);
        let template = [
            ("processing-failed/2026/01/31/x.json", None),
            ("2026/01/processing-failed/x.json", failed),
        ];
        let written = json!({ "template": "processing-failed/{yyyy}/{MM}/{dd}/{*}" });
        assert_all(&layout(written), &template);
    }
}
