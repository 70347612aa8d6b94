//! Stores on real servers.

mod postgres;
mod postgres_connection;
