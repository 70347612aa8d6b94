//! Stores on real servers.

#![expect(clippy::unwrap_used, reason = "a failed unwrap fails the test")]

mod dynamodb;
mod fire;
mod hostile;
mod library;
mod network;
mod postgres;
mod postgres_connection;
mod rehearsal;
mod roles;
mod same_table;
pub(crate) mod target;
