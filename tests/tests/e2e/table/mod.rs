//! The live table: swaps, rollbacks, and the database that other programs use too.

mod compare;
mod cutover;
mod database;
mod gate;
