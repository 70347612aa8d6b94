//! From partials to the table's rows: the state table of a lane, its runs, and their merge.
//!
//! A [`Worker`] folds splits by its [`Lane`]s, one for each table. A lane keeps states in a [`StateTable`] and writes them
//! as sorted runs; [`merge_rows`] merges the runs of all workers into the rows of the table. States are combined, never
//! inspected. The rows do not depend on which worker folded which split, on where batches, windows and runs were cut, or
//! on the order of merging: `combine` is associative, and commutative unless the component says otherwise, in which case
//! each split is a run of its own and runs are merged in the order of the source. For that to hold byte for byte the
//! states of a component must be exact: a plain sum of floats is not associative, an exact one is.
//!
//! | file | idea |
//! |---|---|
//! | `worker` | the feed of a worker, shared by its lanes; one checkpoint for all of them |
//! | `lane` | the fold of one table: decoding, window, state table, quarantine, counts |
//! | `claims`, `offsets` | each offset of a topic counts once, also where two objects hold it |
//! | `checkpoint` | which splits are folded, and the runs that hold their states |
//! | `quarantine` | rejected records, a file a split, joined in the end |
//! | `table`, `heap`, `column`, `paged` | states by key, in memory |
//! | `sort` | the keys of a table in order |
//! | `slice` | the part of a run that lies elsewhere, for a range of keys |
//! | `run`, `index`, `checksum`, `reader` | a run on disk, written, read and checked |
//! | `chain`, `chain_reader` | runs that do not overlap, read as one |
//! | `merge_plan`, `shape` | the runs to merge, and how many at a time in how much memory |
//! | `key_range`, `cursor`, `merge`, `passes` | runs merged by key, in passes where they are many |
//! | `rows`, `ahead` | merged ranges of keys from several threads, as the table's rows |
//! | `algebra` | combining and presenting states, and the row that a failure is about |
//! | `digest` | the digest of a table's rows |
//! | `drain` | a window drained on the spot, for a fold that keeps no runs |
//! | `options`, `error` | the settings of a fold, and its failures |

mod ahead;
mod algebra;
mod chain;
mod chain_reader;
mod checkpoint;
mod checksum;
mod claims;
mod column;
mod cursor;
mod digest;
mod drain;
mod error;
mod heap;
mod index;
mod key_range;
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
mod slice;
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
pub use key_range::KeyRange;
pub(crate) use lane::run_name;
pub use lane::{Lane, LaneSettings};
pub use merge_plan::MergePlan;
pub use offsets::{FoldedOffsets, PartitionOffsets};
pub use options::{FoldOptions, QuarantineOptions};
pub(crate) use passes::merge_to_one;
pub(crate) use quarantine::part_quarantine;
pub use quarantine::{MessageParts, Quarantined, RejectedBy, Written, join_quarantine};
pub(crate) use reader::{verify_bytes, verify_run};
pub(crate) use rows::panic_message;
pub(crate) use rows::sorted_rows;
pub use rows::{MergedRows, OpenAlgebra, merge_rows};
pub use run::RunFile;
pub(crate) use run::write_run;
pub(crate) use slice::{RunSlice, cut_ranges, range_between};
pub use table::StateTable;
pub use worker::{Feed, Worker, WorkerSettings};
