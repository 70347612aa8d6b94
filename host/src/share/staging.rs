//! `stage`: a planned build, put where workers find it.

use std::path::Path;

use super::documents::{FORMAT, StagedManifest};
use super::place::{Place, Put, Share};
use super::staged::StagedBuild;
use super::{ShareError, names, units};
use crate::fold::FoldOptions;
use crate::guest::read_wasm;
use crate::scratch::ScratchFolder;
use crate::steps::Unfit;
use crate::workdir::{BuildError, BuildFolder, now};

/// How a build is staged.
#[derive(Clone, Debug)]
pub struct StageSettings {
    /// How many units at most; `None` for as many as the size of the input suggests.
    pub units: Option<u64>,
    /// The `[fold]` section of the job.
    pub fold: FoldOptions,
    /// How many rejected records are too many to go on.
    pub stop_after: u64,
    /// The person or program that stages it.
    pub by: String,
}

impl StagedBuild {
    /// Puts a build that is planned, and of which nothing is folded, into the folder `place` of a share. `component` is the
    /// file that it was planned with.
    ///
    /// `build.json` is written last: before that, there is no staged build. Called again after it was killed, it goes on.
    ///
    /// # Errors
    /// [`Unfit`] where the component is not the one of the plan any more; [`ShareError::Damaged`] where the share holds other
    /// files under the names of this build's; those of the share.
    pub async fn stage(
        build: &BuildFolder,
        component: &Path,
        place: &Place,
        settings: StageSettings,
    ) -> Result<Self, ShareError> {
        let share = place.open().await?;
        let manifest = &build.manifest;
        let wasm = wasm_of_plan(component, build)?;
        let folder = ScratchFolder::create(build.path());
        let folder = folder.map_err(BuildError::io("creating", build.path()))?;
        let file = folder.path().join(names::UNITS);
        let frozen = &manifest.input.frozen;
        let wanted = settings.units;
        let wanted =
            wanted.unwrap_or_else(|| units::default_units(frozen.splits, frozen.size_bytes));
        let (units, units_digest) = units::cut(&build.splits_file(), wanted, &file)?;
        let lines = std::fs::read(&file).map_err(BuildError::io("reading", &file))?;
        put_same(&*share, names::COMPONENT, wasm).await?;
        put_same(&*share, names::UNITS, lines).await?;
        upload_same(&*share, names::SPLITS, &build.splits_file()).await?;
        let staged = StagedManifest {
            format: FORMAT,
            backfold: env!("CARGO_PKG_VERSION").into(),
            manifest: manifest.clone(),
            fold: settings.fold,
            stop_after: settings.stop_after,
            units,
            units_digest,
            staged_at: now(),
            by: settings.by,
        };
        let staged = StagedBuild { share, staged };
        staged.put(names::BUILD, &staged.staged).await?;
        // Another command may have staged it first.
        StagedBuild::open(place).await
    }

    /// Has the units tried again that failed permanently. Says how many.
    pub async fn try_again(&self) -> Result<u64, ShareError> {
        let failed = self.share.list(names::FAILED).await?;
        for mark in &failed {
            self.share.remove(&mark.name).await?;
        }
        Ok(failed.len() as u64)
    }
}

/// The bytes of the component, which must be those that the build was planned with.
fn wasm_of_plan(component: &Path, build: &BuildFolder) -> Result<Vec<u8>, ShareError> {
    let table = build.manifest.table();
    let wasm = read_wasm(component, table.limits.component)?;
    if blake3::hash(&wasm).to_hex().as_str() != table.component.digest {
        let why = format!(
            "`{}` has changed since the build was planned",
            component.display()
        );
        return Err(Unfit { why }.into());
    }
    Ok(wasm)
}

/// Puts a document, which may be there from an earlier try.
async fn put_same(share: &dyn Share, name: &str, bytes: Vec<u8>) -> Result<(), ShareError> {
    if share.put_new(name, bytes.clone()).await? == Put::Taken
        && share.get(name).await?.as_ref() != Some(&bytes)
    {
        return Err(other_content(share, name));
    }
    Ok(())
}

/// Uploads a file, which may be there from an earlier try.
async fn upload_same(share: &dyn Share, name: &str, file: &Path) -> Result<(), ShareError> {
    if share.upload(name, file).await? == Put::New {
        return Ok(());
    }
    let size = std::fs::metadata(file)
        .map_err(BuildError::io("reading", file))?
        .len();
    let there = share.list("").await?;
    let there = there.iter().find(|one| one.name == name);
    match there.is_some_and(|one| one.size_bytes == size) {
        // Workers check the digest of what they read.
        true => Ok(()),
        false => Err(other_content(share, name)),
    }
}

fn other_content(share: &dyn Share, name: &str) -> ShareError {
    ShareError::Damaged {
        place: share.place().join(name).to_string(),
        what: "it was there before with another content".into(),
    }
}
