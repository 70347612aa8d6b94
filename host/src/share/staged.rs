//! A staged build, opened: its documents, its units, and what is there of its attempts.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use futures::StreamExt;
use futures::stream;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::documents::{
    Chosen, Done, FORMAT, FailedUnit, KeptFile, Sealed, SecondRound, StagedManifest, Unit,
};
use super::names;
use super::place::{Place, Put, Share};
use super::{ROUNDS, ShareError};
use crate::guest::{Cache, Component};
use crate::steps::{self, Context, Unfit};

/// How many documents of a share are read at a time.
pub(super) const READS_AT_ONCE: usize = 64;

/// A build whose units are folded by workers anywhere.
#[derive(Debug)]
pub struct StagedBuild {
    pub(super) share: Box<dyn Share>,
    /// What it is made from.
    pub staged: StagedManifest,
}

/// The attempts at the units of a build, by the names of their files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Attempts {
    /// The complete attempts of each round: by unit, in rising order.
    pub(super) complete: [BTreeMap<u64, Vec<String>>; ROUNDS as usize],
    /// Attempts without `done.json`: they are at work, or were killed.
    pub(super) incomplete: u64,
    /// The units that failed permanently.
    pub(super) failed: BTreeSet<u64>,
    /// All files of attempts, with their round, unit and attempt.
    pub(super) files: Vec<(u32, u64, String, String)>,
}

impl Attempts {
    /// The complete attempts of a round.
    pub(super) fn of_round(&self, round: u32) -> &BTreeMap<u64, Vec<String>> {
        &self.complete[round as usize - 1]
    }
}

impl StagedBuild {
    /// Opens the build that `stage` printed.
    ///
    /// # Errors
    /// [`ShareError::NotStaged`] where there is none, [`ShareError::OtherFormat`] where another release made it, and those
    /// of the share.
    pub async fn open(place: &Place) -> Result<Self, ShareError> {
        let share = place.open().await?;
        let not_staged = || ShareError::NotStaged {
            place: place.to_string(),
        };
        let json = share.get(names::BUILD).await?.ok_or_else(not_staged)?;
        #[derive(serde::Deserialize)]
        struct Formatted {
            format: u32,
        }
        let place = || place.join(names::BUILD).to_string();
        let Formatted { format } = parse(&json, place)?;
        if format != FORMAT {
            return Err(ShareError::OtherFormat {
                place: place(),
                found: format,
                expected: FORMAT,
            });
        }
        Ok(StagedBuild {
            staged: parse(&json, place)?,
            share,
        })
    }

    /// Where it is, as `stage` prints it.
    pub fn place(&self) -> &Place {
        self.share.place()
    }

    /// The component, fetched to `path`. Compiled code is kept in `cache`.
    ///
    /// # Errors
    /// [`ShareError::Damaged`] where it is not the one that was staged.
    pub(super) async fn component(
        &self,
        path: &Path,
        cache: Option<&Cache>,
        context: &Context,
    ) -> Result<Component, ShareError> {
        let table = self.staged.manifest.table();
        self.share.download(names::COMPONENT, path).await?;
        let (limits, params) = (&table.limits, table.component_params());
        let loaded = steps::load_component(path, limits, &params, cache, &context.progress);
        let (component, _) = loaded.await?;
        match component.digest() == table.component.digest {
            true => Ok(component),
            false => Err(self.damaged(names::COMPONENT, "it is not the one that was staged")),
        }
    }

    /// Workers decode and fold as the process that staged the build would have done.
    pub(super) fn check_version(&self) -> Result<(), Unfit> {
        let (theirs, ours) = (&self.staged.backfold, env!("CARGO_PKG_VERSION"));
        match theirs == ours {
            true => Ok(()),
            false => Err(Unfit {
                why: format!("the build was staged by backfold {theirs}, and this is {ours}"),
            }),
        }
    }

    /// Fetches the frozen input into the folder of a build.
    ///
    /// # Errors
    /// [`ShareError::Damaged`] where it is not the one that the build was planned with.
    pub async fn fetch_plan(&self, folder: &Path) -> Result<(), ShareError> {
        let path = folder.join(names::SPLITS);
        if !path.exists() {
            self.share.download(names::SPLITS, &path).await?;
        }
        match KeptFile::of(&path)?.digest == self.staged.manifest.input.splits_digest {
            true => Ok(()),
            false => Err(self.damaged(names::SPLITS, "it is not the plan of the build")),
        }
    }

    /// All units, in order.
    pub(super) async fn units(&self) -> Result<Vec<Unit>, ShareError> {
        let text = self.needed(names::UNITS).await?;
        if blake3::hash(&text).to_hex().as_str() != self.staged.units_digest {
            return Err(self.damaged(names::UNITS, "its digest is another one"));
        }
        let lines = text.split_inclusive(|byte| *byte == b'\n');
        lines
            .map(|line| parse(line, || self.name(names::UNITS)))
            .collect()
    }

    /// The units of the second round, where there is one.
    pub(super) async fn second_round(&self) -> Result<Option<SecondRound>, ShareError> {
        self.read(names::SECOND_ROUND).await
    }

    /// The chosen attempts, where they were chosen.
    pub async fn sealed(&self) -> Result<Option<Sealed>, ShareError> {
        self.read(names::SEALED).await
    }

    /// The permanent failure of a unit, where it has one.
    pub(super) async fn failure(&self, unit: u64) -> Result<Option<FailedUnit>, ShareError> {
        self.read(&names::failed(unit)).await
    }

    /// What an attempt did, with the digest of the document.
    pub(super) async fn done(
        &self,
        round: u32,
        unit: u64,
        attempt: &str,
    ) -> Result<(Done, String), ShareError> {
        let name = names::of_attempt(round, unit, attempt, names::DONE);
        let json = self.needed(&name).await?;
        let done: Done = parse(&json, || self.name(&name))?;
        if (done.round, done.unit) != (round, unit) || done.checkpoint.tables.len() != 1 {
            return Err(self.damaged(&name, "it is not that of this unit"));
        }
        Ok((done, blake3::hash(&json).to_hex().to_string()))
    }

    /// What a chosen attempt did, with the digest of the document.
    ///
    /// # Errors
    /// [`ShareError::Damaged`] where it is gone or, of an attempt that was sealed, another one.
    pub(super) async fn chosen_done(&self, one: &Chosen) -> Result<(Done, String), ShareError> {
        let (done, digest) = self.done(one.round, one.unit, &one.attempt).await?;
        if !one.digest.is_empty() && one.digest != digest {
            let name = names::of_attempt(one.round, one.unit, &one.attempt, names::DONE);
            return Err(self.damaged(&name, "its digest is another one than `sealed.json` has"));
        }
        Ok((done, digest))
    }

    /// Gives `take` what each chosen attempt did, in their order, with the digest of the document. A few documents are in
    /// memory at a time.
    ///
    /// # Errors
    /// Those of `take`; [`ShareError::Damaged`] where a document is gone or, of attempts that were sealed, another one.
    pub(super) async fn each_done(
        &self,
        chosen: &[Chosen],
        mut take: impl FnMut(&Chosen, Done, String) -> Result<(), ShareError>,
    ) -> Result<(), ShareError> {
        let read = |one: Chosen| async move {
            let (done, digest) = self.chosen_done(&one).await?;
            Ok::<_, ShareError>((one, done, digest))
        };
        let mut reads = stream::iter(chosen.iter().cloned().map(read)).buffered(READS_AT_ONCE);
        while let Some(done) = reads.next().await {
            let (one, done, digest) = done?;
            take(&one, done, digest)?;
        }
        Ok(())
    }

    /// Looks which attempts there are.
    pub(super) async fn attempts(&self) -> Result<Attempts, ShareError> {
        let mut attempts = Attempts::default();
        let failed = self.share.list(names::FAILED).await?;
        let failed = failed
            .iter()
            .filter_map(|one| names::failed_unit(&one.name));
        attempts.failed.extend(failed);
        for round in 1..=ROUNDS {
            let files = self.share.list(&names::round(round)).await?;
            let mut begun = BTreeSet::new();
            for file in files {
                let Some(parts) = names::AttemptFile::parse(round, &file.name) else {
                    continue;
                };
                let (unit, attempt) = (parts.unit, parts.attempt.to_owned());
                if parts.file == names::DONE {
                    let complete = &mut attempts.complete[round as usize - 1];
                    complete.entry(unit).or_default().push(attempt.clone());
                }
                begun.insert((unit, attempt.clone()));
                attempts.files.push((round, unit, attempt, file.name));
            }
            let complete = attempts.complete[round as usize - 1].values();
            attempts.incomplete += (begun.len() - complete.map(Vec::len).sum::<usize>()) as u64;
        }
        Ok(attempts)
    }

    /// Puts a document under a name that is not taken; says whether it was taken.
    pub(super) async fn put(
        &self,
        name: &str,
        document: &impl Serialize,
    ) -> Result<Put, ShareError> {
        let json = serde_json::to_vec(document).map_err(|error| ShareError::Damaged {
            place: self.name(name),
            what: error.to_string(),
        })?;
        Ok(self.share.put_new(name, json).await?)
    }

    pub(super) async fn read<T: DeserializeOwned>(
        &self,
        name: &str,
    ) -> Result<Option<T>, ShareError> {
        let json = self.share.get(name).await?;
        json.map(|json| parse(&json, || self.name(name)))
            .transpose()
    }

    async fn needed(&self, name: &str) -> Result<Vec<u8>, ShareError> {
        let bytes = self.share.get(name).await?;
        bytes.ok_or_else(|| self.damaged(name, "it is gone"))
    }

    /// A file, as messages show it.
    pub(super) fn name(&self, name: &str) -> String {
        self.place().join(name).to_string()
    }

    pub(super) fn damaged(&self, name: &str, what: &str) -> ShareError {
        ShareError::Damaged {
            place: self.name(name),
            what: what.into(),
        }
    }
}

fn parse<T: DeserializeOwned>(json: &[u8], place: impl Fn() -> String) -> Result<T, ShareError> {
    serde_json::from_slice(json).map_err(|error| ShareError::Damaged {
        place: place(),
        what: error.to_string(),
    })
}

/// The name of this machine, for people.
pub(super) fn host() -> String {
    let name = std::env::var("HOSTNAME").ok();
    let name = name.or_else(|| fs::read_to_string("/etc/hostname").ok());
    name.map_or_else(|| "unknown".into(), |name| name.trim().to_owned())
}
