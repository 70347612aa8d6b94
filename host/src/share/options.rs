//! What a worker is told.

use std::path::PathBuf;

use crate::guest::Cache;

/// What a worker folds, and with which means.
#[derive(Clone, Debug)]
pub struct WorkerOptions {
    /// The unit.
    pub unit: UnitChoice,
    /// The round, from 1.
    pub round: u32,
    /// The number of threads; `None` for that of the job, or of the cores.
    pub workers: Option<usize>,
    /// The folder of this machine for files that are needed meanwhile.
    pub scratch: PathBuf,
    /// Where compiled components are kept on this machine.
    pub cache: Option<Cache>,
}

/// Which unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnitChoice {
    /// The one of this number.
    Number(u64),
    /// The one at this place among those of the round, from 0. In the first round it is that of the same number.
    Place(u64),
}
