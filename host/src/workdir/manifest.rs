//! What a build is made from, frozen when it is planned.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::format::FORMAT;
use crate::plan::{InputPlan, TablePlan};
use crate::store::{BuildInfo, TableColumns};

/// All that decides which rows the tables of a build will hold, and what people may want to know of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// The format of the manifest and of the journal: [`Manifest::FORMAT`] where this release planned the build.
    pub format: u32,
    /// The build's ID, a ULID.
    pub build: String,
    /// The name of the store that the build belongs to, as [`Job::target_id`](crate::job::Job::target_id) has it.
    pub target: String,
    /// When it was planned, RFC 3339 in UTC.
    pub planned_at: String,
    /// The version of backfold that planned it.
    pub backfold: String,
    /// The digest of the job's settings and component, by which a rerun knows its build.
    pub job_digest: String,
    /// The input.
    pub input: InputPlan,
    /// The tables that are folded from the input. The journal and its checkpoints list tables in the same order. For now
    /// a build has exactly one.
    pub tables: Vec<TablePlan>,
}

impl Manifest {
    /// The format that this release writes.
    pub const FORMAT: u32 = FORMAT;

    /// The only table of the build.
    ///
    /// # Panics
    /// Where [`tables`](Manifest::tables) is empty, which no manifest is that was planned or read.
    pub fn table(&self) -> &TablePlan {
        &self.tables[0]
    }

    /// The digest of what the table's rows depend on: equal digests mean equal tables. It is the same in all formats.
    pub fn digest(&self) -> String {
        let (input, table) = (&self.input, self.table());
        let mut decisive = serde_json::json!({
            "component": table.component.digest,
            "params": table.params,
            "range": input.range,
            "decode": input.decode.deciding(),
            "rules": input.rules,
            "limits": table.limits.deciding(),
            "splits": input.splits_digest,
        });
        // The same offsets of a topic that was made anew are of other records.
        let ids = input.frozen.partitions.iter();
        let ids = ids.filter_map(|one| Some((one.topic.as_str(), one.topic_id.as_deref()?)));
        let ids: BTreeMap<_, _> = ids.collect();
        if !ids.is_empty() {
            decisive["topics"] = serde_json::json!(ids);
        }
        if let Some(base) = input.source.based_on() {
            decisive["based_on"] = base.manifest_digest.as_str().into();
        }
        blake3::hash(decisive.to_string().as_bytes())
            .to_hex()
            .to_string()
    }

    /// This build as a store needs to know it.
    pub fn info(&self) -> BuildInfo {
        BuildInfo {
            table: self.table().table.clone(),
            build: self.build.clone(),
            manifest_digest: self.digest(),
        }
    }

    /// The table's columns.
    pub fn columns(&self) -> TableColumns {
        self.table().columns()
    }
}
