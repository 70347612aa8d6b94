//! From partials to the table's rows: the state table of a worker, its runs, and their merge.
//!
//! A [`Worker`] folds splits into a [`StateTable`] and writes it as sorted runs; [`merge_rows`] merges the
//! runs of all workers into the rows of the table. States are combined, never inspected. Which worker folded
//! what, where batches, windows and runs were cut, and in which order they were merged does not show in the
//! rows: `combine` is associative, and commutative unless the component says otherwise, in which case each
//! split is a run of its own and runs are merged in the order of the source. For that to hold byte for byte
//! a component's states must be exact: a plain sum of floats is not associative, an exact one is.

mod ahead;
mod algebra;
mod checkpoint;
mod claims;
mod column;
mod cursor;
mod digest;
mod drain;
mod error;
mod heap;
mod index;
mod lane;
mod merge;
mod merge_plan;
mod offsets;
mod options;
mod paged;
mod passes;
mod quarantine;
mod reader;
mod rows;
mod run;
mod shape;
mod sort;
mod table;
mod worker;

#[cfg(test)]
mod tests;

pub use algebra::Algebra;
pub use checkpoint::{
    Checkpoint, CheckpointSink, FoldedSplit, SplitCounts, StageTimes, TableCheckpoint,
};
pub use claims::{Claims, SplitClaims};
pub use digest::RowsDigest;
pub use drain::drain;
pub use error::FoldError;
pub(crate) use error::codes;
pub use lane::{Lane, LaneSettings};
pub use merge_plan::MergePlan;
pub use offsets::{FoldedOffsets, PartitionOffsets};
pub use options::{FoldOptions, QuarantineOptions};
pub use quarantine::{MessageParts, Quarantined, RejectedBy, Written, join_quarantine};
pub(crate) use rows::panic_message;
pub(crate) use rows::sorted_rows;
pub use rows::{MergedRows, OpenAlgebra, merge_rows};
pub use run::RunFile;
pub(crate) use run::{verify_run, write_run};
pub use table::StateTable;
pub use worker::{Feed, Worker, WorkerSettings};
