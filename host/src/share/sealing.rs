//! `seal`: what is left to fold of a staged build; once nothing is, the attempt of each unit that counts.

use std::collections::BTreeMap;

use serde::Serialize;

use super::documents::{Chosen, FailedUnit, Sealed, SecondRound};
use super::overlap::{Overlaps, repeated};
use super::staged::{Attempts, StagedBuild};
use super::{ShareError, names};
use crate::workdir::now;

/// How far the units of a staged build are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Sealing {
    /// Whether the attempts that count are chosen: nothing is left to fold.
    pub sealed: bool,
    /// The round that is being folded, or was folded last.
    pub round: u32,
    /// The number of units of the build.
    pub units: u64,
    /// How many units have an attempt that counts.
    pub done: u64,
    /// The units of the round that are left to fold.
    pub left: Vec<u64>,
    /// Complete attempts that do not count, since another one of their unit does.
    pub superfluous: u64,
    /// Attempts that are at work or were killed.
    pub incomplete: u64,
    /// The units that fail whenever they are folded.
    pub failed: Vec<FailedUnit>,
    /// The number of ranges that the keys of a sealed build are cut into; 0 where they are not cut.
    pub ranges: u64,
    /// The ranges that are left to merge.
    pub ranges_left: Vec<u64>,
}

impl Sealing {
    /// The first permanent failure as an error, where there is one and the build is not sealed.
    pub fn failure(&self) -> Option<ShareError> {
        let first = self.failed.first().filter(|_| !self.sealed)?;
        Some(first.error())
    }

    /// The units, or else the ranges, that are left as an error, where there are any.
    pub fn unfinished(&self) -> Option<ShareError> {
        if !self.sealed {
            return Some(ShareError::NotFolded {
                left: self.left.len() as u64,
                units: self.units,
                round: self.round,
            });
        }
        (!self.ranges_left.is_empty()).then(|| ShareError::NotMerged {
            left: self.ranges_left.len() as u64,
            ranges: self.ranges,
        })
    }
}

impl FailedUnit {
    pub(super) fn error(&self) -> ShareError {
        ShareError::UnitFailed {
            unit: self.unit,
            host: self.host.clone(),
            code: self.code.clone(),
            message: self.message.clone(),
        }
    }
}

impl StagedBuild {
    /// Looks how far the units are, and changes nothing.
    pub async fn survey(&self) -> Result<Sealing, ShareError> {
        let attempts = self.attempts().await?;
        let again = self.second_round().await?;
        let is_sealed = self.sealed().await?.is_some();
        self.sum_up(&attempts, again.as_ref(), is_sealed).await
    }

    /// Chooses the attempts that count, once each unit has one. Called again, or by several processes at once, it answers the
    /// same: the first choice stays.
    ///
    /// Where earlier units account for offsets of a unit, that unit is folded again in a second round, told which. There is no
    /// third one.
    ///
    /// # Errors
    /// [`ShareError::TooManyRejected`] where the units together rejected more records than the job allows;
    /// [`ShareError::Damaged`] where a file of the share is not what was written.
    pub async fn seal(&self) -> Result<Sealing, ShareError> {
        let attempts = self.attempts().await?;
        let mut again = self.second_round().await?;
        if self.sealed().await?.is_some() {
            return self.sum_up(&attempts, again.as_ref(), true).await;
        }
        if let (None, Some(chosen)) = (&again, self.chosen(&attempts, None)) {
            let (sealed, overlapping) = self.judge(chosen).await?;
            if overlapping.units.is_empty() {
                self.put(names::SEALED, &sealed).await?;
            } else {
                self.put(names::SECOND_ROUND, &overlapping).await?;
                again = self.second_round().await?;
            }
        }
        if let Some(again) = &again
            && let Some(chosen) = self.chosen(&attempts, Some(again))
        {
            let (sealed, overlapping) = self.judge(chosen).await?;
            if let Some(still) = overlapping.units.first() {
                return Err(ShareError::StillOverlaps { unit: still.unit });
            }
            self.put(names::SEALED, &sealed).await?;
        }
        let is_sealed = self.sealed().await?.is_some();
        self.sum_up(&attempts, again.as_ref(), is_sealed).await
    }

    /// The first complete attempt of each unit; `None` where a unit has none. Those of the units in `again` are of the second
    /// round.
    fn chosen(&self, attempts: &Attempts, again: Option<&SecondRound>) -> Option<Vec<Chosen>> {
        let is_again = |unit: u64| again.is_some_and(|again| again.position(unit).is_some());
        let units = 0..self.staged.units;
        units
            .map(|unit| {
                let round = if is_again(unit) { 2 } else { 1 };
                let complete = attempts.of_round(round).get(&unit)?;
                Some(Chosen {
                    unit,
                    round,
                    attempt: complete.first()?.clone(),
                    digest: String::new(),
                    repeated: Vec::new(),
                })
            })
            .collect()
    }

    /// Reads what the chosen attempts did. Gives the document that makes the choice known, and the units that hold offsets of
    /// earlier ones.
    async fn judge(&self, chosen: Vec<Chosen>) -> Result<(Sealed, SecondRound), ShareError> {
        let takes_out = self.staged.manifest.table().descriptor.commutative;
        let limit = self.staged.stop_after;
        let (mut overlaps, mut again) = (Overlaps::default(), SecondRound::default());
        let (mut rejected, mut sealed) = (0, Vec::with_capacity(chosen.len()));
        self.each_done(&chosen, |one, done, digest| {
            let mut one = one.clone();
            let held = overlaps.add(one.unit, &done.checkpoint.offsets);
            match held {
                Some(held) if takes_out => again.units.push(held),
                Some(held) => one.repeated = repeated(&held.folded),
                None => {}
            }
            let splits = done.checkpoint.splits.iter();
            rejected += splits.map(|split| split.rejected()).sum::<u64>();
            one.digest = digest;
            sealed.push(one);
            match rejected > limit {
                true => Err(ShareError::TooManyRejected { rejected, limit }),
                false => Ok(()),
            }
        })
        .await?;
        let sealed = Sealed {
            units: sealed,
            backfold: env!("CARGO_PKG_VERSION").into(),
            at: now(),
        };
        Ok((sealed, again))
    }

    async fn sum_up(
        &self,
        attempts: &Attempts,
        again: Option<&SecondRound>,
        sealed: bool,
    ) -> Result<Sealing, ShareError> {
        let round = if again.is_some() { 2 } else { 1 };
        let of_round: Vec<u64> = match again {
            Some(again) => again.units.iter().map(|one| one.unit).collect(),
            None => (0..self.staged.units).collect(),
        };
        let complete = attempts.of_round(round);
        let left: Vec<u64> = of_round
            .into_iter()
            .filter(|unit| !sealed && !complete.contains_key(unit))
            .collect();
        let done = self.staged.units - left.len() as u64;
        let all: usize = attempts
            .complete
            .iter()
            .flat_map(BTreeMap::values)
            .map(Vec::len)
            .sum();
        // A unit of the second round has an attempt of each round that is of use.
        let of_use = done + again.map_or(0, |again| again.units.len() as u64);
        let mut failed = Vec::new();
        for unit in &attempts.failed {
            failed.extend(self.failure(*unit).await?);
        }
        let ranges = self.ranges().await?.map_or(0, |ranges| ranges.count());
        Ok(Sealing {
            ranges,
            ranges_left: self.ranges_left(ranges).await?,
            sealed,
            round,
            units: self.staged.units,
            done,
            left,
            superfluous: (all as u64).saturating_sub(of_use),
            incomplete: attempts.incomplete,
            failed,
        })
    }
}
