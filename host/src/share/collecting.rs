//! `gc --share`: files of a share that are of no use any more.

use std::collections::HashSet;

use serde::Serialize;

use super::place::Place;
use super::staged::StagedBuild;
use super::{ShareError, names};

/// What was removed from a share, or would be.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct SharedGarbage {
    /// Attempts of sealed builds that do not count.
    pub attempts: u64,
    /// Staged builds, by ID.
    pub builds: Vec<String>,
    /// The bytes of all files.
    pub size_bytes: u64,
}

impl StagedBuild {
    /// Removes the attempts that do not count, once it is known which ones do: none of a build that is not sealed. With
    /// `dry_run`, it only says which.
    ///
    /// A worker that is late may add files afterwards; they are removed the next time.
    pub async fn collect(&self, dry_run: bool) -> Result<SharedGarbage, ShareError> {
        let mut garbage = SharedGarbage::default();
        let Some(sealed) = self.sealed().await? else {
            return Ok(garbage);
        };
        let counts: HashSet<(u32, u64, &str)> = sealed
            .units
            .iter()
            .map(|one| (one.round, one.unit, one.attempt.as_str()))
            .collect();
        let mut attempts = HashSet::new();
        for round in 1..=super::ROUNDS {
            for file in self.share.list(&names::round(round)).await? {
                let Some(parts) = names::AttemptFile::parse(round, &file.name) else {
                    continue;
                };
                if counts.contains(&(round, parts.unit, parts.attempt)) {
                    continue;
                }
                attempts.insert((round, parts.unit, parts.attempt.to_owned()));
                garbage.size_bytes += file.size_bytes;
                if !dry_run {
                    self.share.remove(&file.name).await?;
                }
            }
        }
        garbage.attempts = attempts.len() as u64;
        Ok(garbage)
    }
}

/// Removes the build `build` of those that are staged at `table`. With `dry_run`, it only says what that frees, in bytes.
///
/// # Errors
/// Those of the share.
pub async fn remove_staged(table: &Place, build: &str, dry_run: bool) -> Result<u64, ShareError> {
    let share = table.open().await?;
    let files = share.list(build).await?;
    let freed = files.iter().map(|file| file.size_bytes).sum();
    if dry_run {
        return Ok(freed);
    }
    // First what makes it a staged build: half of one must not look like one.
    share.remove(&format!("{build}/{}", names::BUILD)).await?;
    for file in files {
        share.remove(&file.name).await?;
    }
    Ok(freed)
}
