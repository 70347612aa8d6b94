//! A piece of a build's work.

use serde::{Deserialize, Serialize};

use super::{InputPlan, TablePlan};
use crate::fold::FoldedOffsets;
use crate::source::Split;

/// Some splits of an input, to be folded into some tables by whichever process has the components.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Task {
    /// The input that the splits belong to.
    pub input: InputPlan,
    /// The tables, each with its component.
    pub tables: Vec<TablePlan>,
    /// The splits to fold, in the order of the source.
    pub splits: Vec<Split>,
    /// The offsets of topics that other tasks of the build have folded: records that carry one of them are taken out.
    #[serde(default, skip_serializing_if = "FoldedOffsets::is_empty")]
    pub folded: FoldedOffsets,
}
