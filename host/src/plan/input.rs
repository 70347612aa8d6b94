//! The frozen input of a build.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::decode::{DecodeOptions, EventRange};
use crate::fold::FoldedOffsets;
use crate::source::range::RangeConfig;
use crate::source::{Frozen, Handoff, Parts, ReplayDriver, SourceConfig, SourceError};

/// The frozen input of a build: where its records come from, which of them are wanted, and how they are decoded.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct InputPlan {
    /// Where the records come from.
    pub source: InputSource,
    /// The range of event time.
    pub range: EventRange,
    /// How records are decoded.
    pub decode: DecodeOptions,
    /// The version of the decoder's rules: [`decode::RULES`](crate::decode::RULES).
    pub rules: u32,
    /// What the driver said of the whole input.
    pub frozen: Frozen,
    /// BLAKE3 of `splits.jsonl`, in hexadecimal.
    pub splits_digest: String,
    /// The schemas of the messages, by their IDs in the registry, as far as they were known. They are the registry's for
    /// ever, so they decide nothing that `decode` and the splits do not.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub schemas: BTreeMap<u32, String>,
}

/// Where the records of a build come from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InputSource {
    /// An archive or a log.
    History {
        /// The settings of the source, as [`SourceConfig::portable`] has them.
        settings: SourceConfig,
        /// The names of the secret properties that the driver needs, which stand in no plan.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        secrets: Vec<String>,
    },
    /// The rejected records of another build, folded on top of that build's states.
    Rejected(BasedOn),
    /// A source of which only the driver's name is known: releases before plans held settings wrote no more.
    Unknown {
        /// The driver's name.
        driver: String,
    },
}

/// The build that another one goes on from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BasedOn {
    /// Its ID.
    pub build: String,
    /// The digest of its manifest.
    pub manifest_digest: String,
}

impl InputSource {
    /// The source of these settings, without secrets and with the names of those that it needs.
    ///
    /// # Errors
    /// [`SourceError::Kafka`] where a property of Kafka cannot be set.
    pub fn history(settings: &SourceConfig) -> Result<Self, SourceError> {
        Ok(InputSource::History {
            settings: settings.portable(),
            secrets: settings.secrets()?,
        })
    }

    /// The driver's name.
    pub fn driver_name(&self) -> &str {
        match self {
            InputSource::History { settings, .. } => settings.driver_name(),
            InputSource::Rejected(_) => "rejected records",
            InputSource::Unknown { driver } => driver,
        }
    }

    /// The build whose rejected records are the input, where they are.
    pub fn based_on(&self) -> Option<&BasedOn> {
        match self {
            InputSource::Rejected(base) => Some(base),
            InputSource::History { .. } | InputSource::Unknown { .. } => None,
        }
    }
}

impl InputPlan {
    /// The positions from which a live consumer continues once `folded` has been read of the input.
    pub fn handoff(&self, folded: &FoldedOffsets) -> Handoff {
        let planned = self.frozen.handoff.clone();
        planned.after(|partition| folded.end_of(partition))
    }

    /// Makes the driver of an archive or a log, which reads `parts` of each record in addition to its value; `None`
    /// where the input is another build's rejected records, which only that build's folder has, or where the plan does
    /// not hold the settings.
    ///
    /// # Errors
    /// [`SourceError::Kafka`] where this process lacks a secret that the plan names, and those of
    /// [`SourceConfig::driver`].
    pub fn driver(&self, parts: Parts) -> Result<Option<Box<dyn ReplayDriver>>, SourceError> {
        let InputSource::History { settings, secrets } = &self.source else {
            return Ok(None);
        };
        settings.require(secrets)?;
        // The splits are frozen: no driver looks at the range as it was written.
        let written = RangeConfig::default();
        settings.driver(&written, self.range, parts).map(Some)
    }
}
