//! Components that are invalid or break a law, and `backfold test`.

mod aggregate;
mod bad_component;
mod file_test;
mod laws;
