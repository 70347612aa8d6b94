//! backfold rebuilds a state table from history.
//!
//! The modules stand in the order in which data passes them; each knows only those before it, and [`replay`]
//! alone knows them all.
//!
//! | module | takes | gives |
//! |---|---|---|
//! | [`source`] | an archive or a topic | a frozen plan, then the bytes of one split at a time |
//! | [`decode`] | bytes of records | Arrow columns, and the records it refuses |
//! | [`registry`] | the ID of a schema | the schema |
//! | [`scan`] | a split | its pieces, on their way to a worker; or its events |
//! | [`guest`] | columns | what the user's component makes of them, checked |
//! | [`fold`] | partials | sorted runs, then the table's rows |
//! | [`store`] | sorted rows | a shadow table, and the swap |
//! | [`plan`] | an input and tables | what any process needs to fold them |
//! | [`workdir`] | checkpoints | a build that survives a crash |
//! | [`cutover`] | a shadow table | a verdict, a diff, the swap and the way back |
//! | [`steps`] | a plan's data | runs, a shadow table, a verdict, a live table |
//! | [`job`] | a job file | which of them, with which settings |
//! | [`replay`] | a job | a live table |
//! | [`explain`] | the code of an error | its page |
//!
//! [`schema`], [`keys`], [`row_json`], [`error`], [`units`], [`progress`] and `durable` are the words that they share.

// A module imports only from groups above its own: `tests/sources` checks that.
mod durable;
pub mod error;
pub mod keys;
pub mod row_json;
pub mod schema;
#[cfg(test)]
mod test_server;
mod trust;
pub mod units;

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

pub mod job;

pub mod replay;

pub mod explain;

pub use replay::Error;
