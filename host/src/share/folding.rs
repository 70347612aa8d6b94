//! `worker`: one unit of a staged build, folded into one run.

use serde::Serialize;
use ulid::Ulid;

use super::attempt::Attempt;
use super::documents::{Done, FailedUnit, Unit};
use super::options::{UnitChoice, WorkerOptions};
use super::staged::{StagedBuild, host};
use super::{ROUNDS, ShareError, names};
use crate::error::{Class, Coded, WithCauses};
use crate::fold::FoldedOffsets;
use crate::source::Split;
use crate::steps::Context;
use crate::workdir::now;

/// What a worker did.
#[derive(Clone, Debug, Serialize)]
pub struct FoldedUnit {
    /// The unit.
    pub unit: u64,
    /// The round.
    pub round: u32,
    /// The attempt; of a unit that was done before, the first complete one.
    pub attempt: String,
    /// Whether this worker folded it.
    pub state: UnitState,
    /// The splits of the unit.
    pub splits: u64,
    /// Records that were read.
    pub records: u64,
    /// Records that were rejected.
    pub rejected: u64,
    /// The keys of the run.
    pub rows: u64,
    /// The bytes of the run.
    pub run_bytes: u64,
}

/// Whether a worker had something to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum UnitState {
    /// It folded the unit.
    Folded,
    /// Another attempt had been complete before.
    DoneBefore,
}

impl StagedBuild {
    /// Folds a unit, and puts what came of it into the share. Where the unit was done before, nothing is done.
    ///
    /// Any number of workers may fold the same unit at once: each has files of its own.
    ///
    /// # Errors
    /// [`ShareError::UnitFailed`] where a unit of the build failed permanently before; [`ShareError::Unfit`] where this is
    /// another version of backfold than staged the build, or the component is another one. A permanent failure is noted in the
    /// share, so that workers that begin later end at once.
    pub async fn fold_unit(
        &self,
        options: &WorkerOptions,
        context: &Context,
    ) -> Result<FoldedUnit, ShareError> {
        self.check_version()?;
        let (unit, folded) = self.unit_of(options).await?;
        let before = self.share.list(names::FAILED).await?;
        if let Some(failed) = before.iter().find_map(|one| names::failed_unit(&one.name))
            && let Some(failure) = self.failure(failed).await?
        {
            return Err(failure.error());
        }
        if let Some(done) = self.done_before(&unit, options.round).await? {
            return Ok(done);
        }
        let id = Ulid::new().to_string();
        let attempt = Attempt {
            build: self,
            options,
            context,
            splits: self.splits(&unit).await?,
            unit: &unit,
            id: id.clone(),
            began: now(),
        };
        match attempt.fold(folded).await {
            Ok(done) => Ok(outcome(&done, &id, UnitState::Folded)),
            Err(error) => {
                if error.code().class == Class::Permanent {
                    self.note_failure(&unit, &error).await;
                }
                Err(error)
            }
        }
    }

    /// The unit, and the offsets that earlier units account for.
    async fn unit_of(&self, options: &WorkerOptions) -> Result<(Unit, FoldedOffsets), ShareError> {
        let round = options.round;
        let all = self.units().await?;
        let none = |index, units| ShareError::NoUnit {
            index,
            round,
            units,
        };
        let find = |number: u64| all.get(number as usize).cloned();
        if round == 1 {
            let (UnitChoice::Number(number) | UnitChoice::Place(number)) = options.unit;
            let unit = find(number).ok_or_else(|| none(number, all.len() as u64))?;
            return Ok((unit, FoldedOffsets::default()));
        }
        let again = match round <= ROUNDS {
            true => self.second_round().await?,
            false => None,
        };
        let again = again.ok_or(ShareError::NoRound { round })?;
        let (index, place) = match options.unit {
            UnitChoice::Number(number) => (number, again.position(number)),
            UnitChoice::Place(place) => (place, Some(place as usize)),
        };
        let one = place.and_then(|place| again.units.get(place));
        let one = one.ok_or_else(|| none(index, again.units.len() as u64))?;
        let unit = find(one.unit).ok_or_else(|| none(one.unit, all.len() as u64))?;
        Ok((unit, one.folded.clone()))
    }

    /// The first complete attempt at a unit, where there is one.
    async fn done_before(&self, unit: &Unit, round: u32) -> Result<Option<FoldedUnit>, ShareError> {
        let files = self.share.list(&names::unit(round, unit.unit)).await?;
        let parts = files
            .iter()
            .filter_map(|file| names::AttemptFile::parse(round, &file.name));
        let Some(complete) = parts.into_iter().find(|parts| parts.file == names::DONE) else {
            return Ok(None);
        };
        let (done, _) = self.done(round, unit.unit, complete.attempt).await?;
        Ok(Some(outcome(
            &done,
            complete.attempt,
            UnitState::DoneBefore,
        )))
    }

    /// The splits of a unit.
    async fn splits(&self, unit: &Unit) -> Result<Vec<Split>, ShareError> {
        let [from, until] = unit.bytes;
        let lines = self.share.get_range(names::SPLITS, from..until).await?;
        if blake3::hash(&lines).to_hex().as_str() != unit.digest {
            let what = format!("the lines of unit {} are other ones", unit.unit);
            return Err(self.damaged(names::SPLITS, &what));
        }
        let lines = lines.split_inclusive(|byte| *byte == b'\n');
        lines
            .map(|line| {
                serde_json::from_slice(line)
                    .map_err(|error| self.damaged(names::SPLITS, &error.to_string()))
            })
            .collect()
    }

    /// Has workers that begin later end at once. Where that fails, they find out by themselves.
    async fn note_failure(&self, unit: &Unit, error: &ShareError) {
        let failed = FailedUnit {
            unit: unit.unit,
            code: error.code().to_string(),
            message: WithCauses(error).to_string(),
            host: host(),
            at: now(),
        };
        if let Err(error) = self.put(&names::failed(unit.unit), &failed).await {
            tracing::warn!(%error, unit = unit.unit, "the failure is not noted in the share");
        }
    }
}

fn outcome(done: &Done, attempt: &str, state: UnitState) -> FoldedUnit {
    let splits = &done.checkpoint.splits;
    let counts = || splits.iter().flat_map(|split| &split.tables);
    let runs = || done.checkpoint.tables.iter().flat_map(|table| &table.runs);
    FoldedUnit {
        unit: done.unit,
        round: done.round,
        attempt: attempt.to_owned(),
        state,
        splits: splits.len() as u64,
        records: counts().map(|one| one.counts.records).sum(),
        rejected: counts().map(|one| one.rejected()).sum(),
        rows: runs().map(|run| run.rows).sum(),
        run_bytes: runs().map(|run| run.size_bytes).sum(),
    }
}
