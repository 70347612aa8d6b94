//! backfold
