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
//! | [`guest`] | columns | what the user's component makes of them, checked |
//! | [`fold`] | partials | sorted runs, then the table's rows |
//! | [`build`] | checkpoints | a build that survives a crash |
//! | [`store`] | sorted rows | a shadow table, and the swap |
//! | [`cutover`] | a shadow table | a verdict, a diff, the swap and the way back |
//!
//! [`job`] says which of them, with which settings. [`schema`], [`keys`], [`json_rows`], [`error`], [`units`],
//! [`progress`] and `durable` are the words that they share.

pub mod build;
pub mod cutover;
pub mod decode;
mod durable;
pub mod error;
pub mod fold;
pub mod guest;
pub mod job;
pub mod json_rows;
pub mod keys;
pub mod progress;
pub mod registry;
pub mod replay;
pub mod schema;
#[cfg(test)]
mod scripted;
pub mod source;
pub mod store;
mod trust;
pub mod units;

pub use replay::Error;
