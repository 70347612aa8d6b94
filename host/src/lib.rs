//! backfold rebuilds a state table from history.
//!
//! The modules stand in the order in which data passes them; each knows only those before it, and [`replay`]
//! alone knows them all.
//!
//! | module | takes | gives |
//! |---|---|---|
//! | [`source`] | an archive or a topic | a frozen plan, then the bytes of one split at a time |
//! | [`decode`] | bytes of records | Arrow columns, and the records that are rejected |
//! | [`registry`] | the ID of a schema | the schema |
//! | [`scan`] | a split | its pieces for a worker, or its events |
//! | [`guest`] | columns | partial states, computed by the user's component and validated |
//! | [`fold`] | partials | sorted runs, then the table's rows |
//! | [`store`] | sorted rows | a shadow table, and the swap |
//! | [`plan`] | a frozen input and tables | data from which any process can fold them |
//! | [`workdir`] | checkpoints | a build that survives a crash |
//! | [`cutover`] | a shadow table | a verdict, a diff, the swap and the rollback |
//! | [`steps`] | the data of a plan | runs, a shadow table, a verdict, a live table |
//! | [`share`] | a planned build | its units, folded by workers anywhere |
//! | [`job`] | a job file | the settings of all of these |
//! | [`replay`] | a job | a live table |
//! | [`page`] | the review of a build | an HTML page for the person who decides on its swap |
//! | [`project`] | the source of a pipeline | a component, and the results of its tests |
//! | [`doctor`] | a language or a job | what is missing for it, each with its remedy |
//! | [`explain`] | the code of an error | its page |
//!
//! [`schema`], [`keys`], [`row_json`], [`error`], [`units`], [`human`], [`progress`], `durable`, `process`, `scratch`,
//! `trust`, `pace` and `aws` are shared by the others; `fault_point` is for tests.

// A module imports only from groups above its own: `tests/sources` checks that.
mod fault_point;

mod durable;
pub mod error;
pub mod keys;
#[cfg(not(fuzzing))]
mod pace;
mod process;
pub mod row_json;
pub mod schema;
mod scratch;
#[cfg(test)]
mod test_server;
mod trust;
pub mod units;

#[cfg(not(fuzzing))]
mod aws;
pub mod human;

pub mod source;

pub mod decode;

pub mod progress;
pub mod registry;

pub mod scan;

pub mod guest;

pub mod fold;

pub mod store;

pub mod plan;

pub mod workdir;

pub mod cutover;

pub mod steps;

pub mod share;

pub mod job;

pub mod replay;

pub mod page;

pub mod project;

pub mod doctor;

pub mod explain;

pub use replay::Error;
