//! Builds past one machine: a share, through which the runs of workers come back.

pub mod place;

pub use place::{Place, Share};
