//! What a build is made from, frozen when it is planned.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::decode::{DecodeOptions, EventRange};
use crate::schema::Descriptor;
use crate::source::Frozen;
use crate::store::{BuildInfo, TableColumns};

/// All that decides what the table will hold, and what a reader of it may want to know.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// The build's ID, a ULID.
    pub build: String,
    /// The table's public name.
    pub table: String,
    /// The name of the store that the build belongs to, as [`Job::target_id`](crate::job::Job::target_id) has it.
    pub target: String,
    /// When it was planned, RFC 3339 in UTC.
    pub planned_at: String,
    /// The version of backfold that planned it.
    pub backfold: String,
    /// The digest of the job's settings and component, by which a rerun knows its build.
    pub job_digest: String,
    /// The component.
    pub component: ComponentIdentity,
    /// What the component said of itself.
    pub descriptor: Descriptor,
    /// The parameters that it was opened with.
    pub params: BTreeMap<String, String>,
    /// The range of event time.
    pub range: EventRange,
    /// How records are decoded.
    pub decode: DecodeOptions,
    /// The version of the decoder's rules: [`decode::RULES`](crate::decode::RULES).
    pub rules: u32,
    /// The limits that decide which records are rejected: [`Limits::deciding`](crate::guest::Limits::deciding).
    pub limits: BTreeMap<String, u64>,
    /// The driver's name.
    pub source: String,
    /// What the driver said of the whole input.
    pub frozen: Frozen,
    /// BLAKE3 of `splits.jsonl`, in hexadecimal.
    pub splits_digest: String,
    /// The schemas of the messages, by their IDs in the registry, as far as they were known. They are the registry's for
    /// ever, so they decide nothing that `decode` and the splits do not.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub schemas: BTreeMap<u32, String>,
    /// The build whose rejected records this one folds, and whose runs it goes on from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub based_on: Option<BasedOn>,
}

/// The build that another one goes on from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BasedOn {
    /// Its ID.
    pub build: String,
    /// Its [digest](Manifest::digest).
    pub manifest_digest: String,
}

/// Which component.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComponentIdentity {
    /// Where it was read from.
    pub path: String,
    /// BLAKE3 of the `.wasm`, in hexadecimal.
    pub digest: String,
}

impl Manifest {
    /// The digest of what the table's rows depend on: equal digests mean equal tables.
    pub fn digest(&self) -> String {
        let mut decisive = serde_json::json!({
            "component": self.component.digest,
            "params": self.params,
            "range": self.range,
            "decode": self.decode.deciding(),
            "rules": self.rules,
            "limits": self.limits,
            "splits": self.splits_digest,
        });
        // The same offsets of a topic that was made anew are of other records.
        let ids = self.frozen.partitions.iter();
        let ids = ids.filter_map(|one| Some((one.topic.as_str(), one.topic_id.as_deref()?)));
        let ids: BTreeMap<_, _> = ids.collect();
        if !ids.is_empty() {
            decisive["topics"] = serde_json::json!(ids);
        }
        if let Some(base) = &self.based_on {
            decisive["based_on"] = base.manifest_digest.as_str().into();
        }
        blake3::hash(decisive.to_string().as_bytes())
            .to_hex()
            .to_string()
    }

    /// This build as a store needs to know it.
    pub fn info(&self) -> BuildInfo {
        BuildInfo {
            table: self.table.clone(),
            build: self.build.clone(),
            manifest_digest: self.digest(),
        }
    }

    /// The table's columns.
    pub fn columns(&self) -> TableColumns {
        TableColumns::of(&self.descriptor)
    }
}
