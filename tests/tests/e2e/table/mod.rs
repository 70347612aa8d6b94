//! The live table: swaps, rollbacks, and the database that other programs use too.

mod cutover;
mod database;
