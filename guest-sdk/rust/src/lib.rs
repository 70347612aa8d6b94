//! backfold

pub mod sketch;
